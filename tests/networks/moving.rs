//! From one network to another: off the train, out of the tunnel, away from the Wi-Fi.

use crate::echo::Visits;
use crate::phone::{Event, Phone};
use crate::ways::{MOBILE, SERVER, SYN_AGAIN, WIFI, host_of, url, wait};
use crate::world::{being_tried, inside_moving, questions};
use crate::{AT_ONCE, PORT, ROUNDS};
use ::egret_ws::*;
use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use test_support::client::DRIVERS;

const PROBE: Duration = Duration::from_millis(250);

/// Tries again at once, and again and again.
fn tenacious(options: &mut egret_ws_options) {
    options.probe_timeout_ms = PROBE.as_millis() as u32;
    options.retry_attempts = u32::MAX;
    (options.retry_floor_ms, options.retry_first_ms, options.retry_ceiling_ms) = (1, 1, 50);
}

#[test]
fn a_phone_that_leaves_the_wifi_goes_on_over_mobile() {
    if !inside_moving("moving::a_phone_that_leaves_the_wifi_goes_on_over_mobile") {
        return;
    }
    let visits = Visits::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), tenacious);
        phone.wait_connect(1);
        phone.greet();
        assert_eq!(visits.last().from, WIFI.address);
        WIFI.leave();
        let told = Instant::now();
        phone.network_changed();
        let (lost, report) = phone.wait_retry(1);
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(lost - told >= PROBE, "{:?}", lost - told);
        let back = phone.wait_connect(2) - told;
        println!("{driver:?}: back after {back:?}");
        assert!(back < PROBE + SYN_AGAIN, "{back:?}");
        phone.greet();
        let stats = phone.stats();
        assert_eq!((host_of(&stats), stats.connections, stats.retries), (SERVER.to_string(), 2, 1));
        assert_eq!(phone.generation(), 2);
        let visit = visits.last();
        assert_eq!(visit.from, MOBILE.address);
        assert_eq!(visit.messages, [b"greeting 2"]);
        assert!(matches!(phone.summary()[..], [Event::Connect, Event::Retry(_), Event::Connect]));
        WIFI.join();
    }
    assert_eq!(visits.count(), 2 * DRIVERS.len());
}

/// A host that passes on each notice of the system's: none of them gives a dead connection more time.
#[test]
fn a_storm_of_changes_delays_nothing() {
    if !inside_moving("moving::a_storm_of_changes_delays_nothing") {
        return;
    }
    let visits = Visits::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), tenacious);
        phone.wait_connect(1);
        phone.greet();
        WIFI.leave();
        let told = Instant::now();
        while phone.summary().len() < 2 {
            phone.network_changed();
            phone.poll(20);
            assert!(told.elapsed() < PROBE + SYN_AGAIN, "it is not found dead: {:?}", phone.summary());
        }
        phone.wait_retry(1);
        phone.wait_connect(2);
        phone.greet();
        assert_eq!(visits.last().from, MOBILE.address);
        WIFI.join();
    }
}

/// More is sent than the kernel takes, while the way is dead. What it took is lost with the connection, and counts as sent.
#[test]
fn what_was_unsent_arrives_once_over_the_next_way() {
    if !inside_moving("moving::what_was_unsent_arrives_once_over_the_next_way") {
        return;
    }
    const SIZE: usize = 64 * 1024;
    let numbered = |number: u32| number.to_be_bytes().repeat(SIZE / 4);
    let number_of = |message: &Vec<u8>| u32::from_be_bytes(message[..4].try_into().expect("a number"));
    let visits = Visits::begin();
    for driver in DRIVERS {
        for resends in [true, false] {
            let phone = Phone::connect(driver, &url(), |options| {
                tenacious(options);
                options.flags = EGRET_WS_NO_DEFLATE | if resends { EGRET_WS_RESEND } else { 0 };
                options.max_send_buffer_bytes = 64 << 20;
            });
            phone.wait_connect(1);
            phone.greet();
            let before = phone.stats().messages_sent;
            WIFI.leave();
            let mut count = 0;
            while phone.buffered_amount() < 10 * SIZE as u64 {
                assert!(count < 500, "the kernel takes all of it");
                assert_eq!(phone.send(&numbered(count)), EGRET_WS_OK);
                count += 1;
                phone.poll(0);
            }
            phone.network_changed();
            let (_, report) = phone.wait_retry(1);
            let handed_over = (phone.stats().messages_sent - before) as u32;
            println!("{driver:?}: {count} messages, of which the kernel took {handed_over}");
            assert!(report.unsent_messages >= 1 && report.unsent_messages < count, "{report:#?}");
            assert_eq!(report.unsent_bytes, u64::from(report.unsent_messages) * SIZE as u64);
            assert_eq!(handed_over + report.unsent_messages, count, "each is either handed over or unsent");
            phone.wait_connect(2);
            let last = b"the last".to_vec();
            assert_eq!(phone.send(&last), EGRET_WS_OK);
            let resent = if resends { handed_over..count } else { 0..0 };
            let echoes = phone.wait_messages(1 + resent.len() + 1);
            let visit = visits.last();
            assert_eq!(visit.from, MOBILE.address);
            assert_eq!(visit.messages.last(), Some(&last), "nothing comes after");
            let (_, received) = visit.messages.split_last().expect("the last");
            assert_eq!(received.iter().map(number_of).collect::<Vec<_>>(), resent.collect::<Vec<_>>());
            assert!(received.iter().all(|message| *message == numbered(number_of(message))), "each is whole");
            assert_eq!(echoes[1..], visit.messages, "and is answered once");
            WIFI.join();
        }
    }
}

#[test]
fn another_way_that_opens_changes_nothing() {
    if !inside_moving("moving::another_way_that_opens_changes_nothing") {
        return;
    }
    let visits = Visits::begin();
    for driver in DRIVERS {
        MOBILE.leave();
        let phone = Phone::connect(driver, &url(), |options| {
            tenacious(options);
            options.probe_timeout_ms = 1000;
        });
        phone.wait_connect(1);
        phone.greet();
        assert_eq!(visits.last().pings, 0);
        let visit = visits.count();
        MOBILE.join();
        phone.network_changed();
        visits.wait_pings(1);
        // For longer than the probe would stand.
        phone.expect_nothing_for(Duration::from_millis(1200));
        phone.greet();
        assert_eq!((visits.last().pings, visits.count()), (1, visit), "one ping, on the connection that there is");
        assert_eq!((phone.generation(), phone.stats().retries), (1, 0));
        assert!(phone.stats().rtt_us > 0, "the ping was answered");
    }
}

/// Meanwhile, while the process may be frozen, nothing is sent and nothing given up.
#[test]
fn a_phone_that_moved_in_its_sleep_goes_on_at_resume() {
    if !inside_moving("moving::a_phone_that_moved_in_its_sleep_goes_on_at_resume") {
        return;
    }
    const INTERVAL: Duration = Duration::from_millis(50);
    let visits = Visits::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), |options| {
            tenacious(options);
            options.ping_interval_ms = INTERVAL.as_millis() as u32;
        });
        phone.wait_connect(1);
        phone.greet();
        phone.suspend();
        WIFI.leave();
        phone.network_changed();
        // A ping may have been on its way out.
        phone.expect_nothing_for(INTERVAL);
        let sent = phone.stats().wire_bytes_sent;
        phone.expect_nothing_for(10 * INTERVAL);
        assert_eq!(phone.stats().wire_bytes_sent, sent, "it pings in its sleep");
        let resumed = Instant::now();
        phone.resume();
        let (lost, _) = phone.wait_retry(1);
        assert!(lost - resumed >= PROBE, "{:?}", lost - resumed);
        let back = phone.wait_connect(2) - resumed;
        println!("{driver:?}: back after {back:?}");
        assert!(back < PROBE + SYN_AGAIN, "{back:?}");
        phone.greet();
        assert_eq!(visits.last().from, MOBILE.address);
        WIFI.join();
    }
}

/// TCP would send its SYN again after a second, from the old address.
#[test]
fn a_connection_being_made_begins_anew_on_the_next_network() {
    if !inside_moving("moving::a_connection_being_made_begins_anew_on_the_next_network") {
        return;
    }
    let visits = Visits::begin();
    for driver in DRIVERS {
        let times = [(); ROUNDS].map(|()| {
            WIFI.lose(1.0);
            let phone = Phone::connect(driver, &url(), |_| {});
            wait("a try", || {
                phone.poll(0);
                being_tried() == [IpAddr::from(SERVER)]
            });
            WIFI.leave();
            let told = Instant::now();
            phone.network_changed();
            let took = phone.wait_connect(1) - told;
            assert_eq!(being_tried(), [] as [IpAddr; 0], "the first try is still made");
            phone.greet();
            assert_eq!(visits.last().from, MOBILE.address);
            assert_eq!(phone.stats().retries, 0, "it does not count as another try");
            WIFI.lose_nothing();
            WIFI.join();
            took
        });
        println!("{driver:?}: {times:?}");
        assert!(times.iter().min() < Some(&AT_ONCE), "{times:?}");
    }
}

#[test]
fn a_look_up_that_hangs_on_the_old_network_delays_none_on_the_next() {
    if !inside_moving("moving::a_look_up_that_hangs_on_the_old_network_delays_none_on_the_next") {
        return;
    }
    let visits = Visits::begin();
    let names = fs::read("/etc/hosts").expect("the file of hosts");
    let mut hanging = 0;
    for driver in DRIVERS {
        let times = [(); ROUNDS].map(|()| {
            WIFI.lose(1.0);
            let phone = Phone::connect(driver, &format!("ws://game.test:{PORT}/"), |_| {});
            // One for each family; they wait for half a minute.
            hanging += 2;
            wait("the look-ups to hang", || {
                phone.poll(0);
                questions() == hanging
            });
            assert_eq!(phone.summary().len(), 0);
            WIFI.leave();
            fs::write("/etc/hosts", [&names[..], format!("\n{SERVER} game.test\n").as_bytes()].concat())
                .expect("a file of hosts that can be written");
            let told = Instant::now();
            phone.network_changed();
            let took = phone.wait_connect(1) - told;
            assert_eq!(questions(), hanging, "the look-ups on the old network hang no more: this proves nothing");
            phone.greet();
            assert_eq!(visits.last().from, MOBILE.address);
            fs::write("/etc/hosts", &names).expect("a file of hosts that can be written");
            WIFI.lose_nothing();
            WIFI.join();
            took
        });
        println!("{driver:?}: {times:?}");
        assert!(times.iter().min() < Some(&AT_ONCE), "{times:?}");
    }
}

#[test]
fn a_wait_of_reconnecting_ends_with_the_tunnel() {
    if !inside_moving("moving::a_wait_of_reconnecting_ends_with_the_tunnel") {
        return;
    }
    let visits = Visits::begin();
    for driver in DRIVERS {
        MOBILE.leave();
        let phone = Phone::connect(driver, &url(), |options| {
            options.probe_timeout_ms = PROBE.as_millis() as u32;
            options.retry_attempts = 5;
            options.retry_floor_ms = 60_000;
        });
        phone.wait_connect(1);
        phone.greet();
        WIFI.leave();
        phone.network_changed();
        phone.wait_retry(1);
        // Still in the tunnel: there is no route.
        phone.network_changed();
        let (_, report) = phone.wait_retry(2);
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ENETUNREACH, "{report:#?}");
        assert_eq!(phone.state(), EGRET_WS_STATE_CONNECTING);
        MOBILE.join();
        let told = Instant::now();
        phone.network_changed();
        let back = phone.wait_connect(2) - told;
        println!("{driver:?}: back after {back:?}");
        assert!(back < SYN_AGAIN, "{back:?}");
        phone.greet();
        assert_eq!(visits.last().from, MOBILE.address);
        WIFI.join();
    }
}

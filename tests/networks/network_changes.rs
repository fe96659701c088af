//! Changes of the network: Wi-Fi is lost, a mobile network is found, a tunnel is entered and left.

use crate::echo_server::ServerLog;
use crate::interfaces::{MOBILE, SERVER, SYN_RETRANSMISSION, WIFI, host_of, url, wait};
use crate::namespace::{connecting_addresses, in_namespace_with_two_networks, open_dns_queries};
use crate::phone::{Event, Phone};
use crate::{AT_ONCE, PORT, ROUNDS};
use ::egret_ws::*;
use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, set_retry_waits};

const PROBE: Duration = Duration::from_millis(250);

/// Sets options with which the library tries again at once, without a limit.
fn tenacious(options: &mut egret_ws_options) {
    options.probe_timeout_ms = PROBE.as_millis() as u32;
    options.retry_attempts = u32::MAX;
    set_retry_waits(options, 1, 1, 50);
}

#[test]
fn connection_moves_from_wifi_to_mobile() {
    if !in_namespace_with_two_networks("network_changes::connection_moves_from_wifi_to_mobile") {
        return;
    }
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), tenacious);
        phone.wait_connect(1);
        phone.exchange_message();
        assert_eq!(server_log.last().from, WIFI.address);
        WIFI.take_down();
        let notified = Instant::now();
        phone.network_changed();
        let (lost, report) = phone.wait_retry(1);
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(lost - notified >= PROBE, "{:?}", lost - notified);
        let back = phone.wait_connect(2) - notified;
        println!("{driver:?}: back after {back:?}");
        assert!(back < PROBE + SYN_RETRANSMISSION, "{back:?}");
        phone.exchange_message();
        let stats = phone.stats();
        assert_eq!((host_of(&stats), stats.connections, stats.retries), (SERVER.to_string(), 2, 1));
        assert_eq!(phone.generation(), 2);
        let served = server_log.last();
        assert_eq!(served.from, MOBILE.address);
        assert_eq!(served.messages, [b"greeting 2"]);
        assert!(matches!(phone.summary()[..], [Event::Connect, Event::Retry(_), Event::Connect]));
        WIFI.bring_up();
    }
    assert_eq!(server_log.count(), 2 * DRIVERS.len());
}

/// The host passes on each notification of the system. None of them extends the time of a dead connection.
#[test]
fn many_network_changes_delay_nothing() {
    if !in_namespace_with_two_networks("network_changes::many_network_changes_delay_nothing") {
        return;
    }
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), tenacious);
        phone.wait_connect(1);
        phone.exchange_message();
        WIFI.take_down();
        let notified = Instant::now();
        while phone.summary().len() < 2 {
            phone.network_changed();
            phone.poll(20);
            assert!(notified.elapsed() < PROBE + SYN_RETRANSMISSION, "the loss is not noticed: {:?}", phone.summary());
        }
        phone.wait_retry(1);
        phone.wait_connect(2);
        phone.exchange_message();
        assert_eq!(server_log.last().from, MOBILE.address);
        WIFI.bring_up();
    }
}

/// While the route is dead, the host sends more than the kernel takes. Bytes that the kernel took are lost with the connection
/// and count as sent.
#[test]
fn unsent_messages_arrive_once_over_the_new_network() {
    if !in_namespace_with_two_networks("network_changes::unsent_messages_arrive_once_over_the_new_network") {
        return;
    }
    const SIZE: usize = 64 * 1024;
    let numbered = |number: u32| number.to_be_bytes().repeat(SIZE / 4);
    let number_of = |message: &Vec<u8>| u32::from_be_bytes(message[..4].try_into().expect("a number"));
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        for resends in [true, false] {
            let phone = Phone::connect(driver, &url(), |options| {
                tenacious(options);
                options.flags = EGRET_WS_DISABLE_DEFLATE | if resends { EGRET_WS_RESEND } else { 0 };
                options.max_send_buffer_bytes = 64 << 20;
            });
            phone.wait_connect(1);
            phone.exchange_message();
            let before = phone.stats().messages_sent;
            WIFI.take_down();
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
            let served = server_log.last();
            assert_eq!(served.from, MOBILE.address);
            assert_eq!(served.messages.last(), Some(&last), "nothing comes after that");
            let (_, received) = served.messages.split_last().expect("the last");
            assert_eq!(received.iter().map(number_of).collect::<Vec<_>>(), resent.collect::<Vec<_>>());
            assert!(received.iter().all(|message| *message == numbered(number_of(message))), "each is complete");
            assert_eq!(echoes[1..], served.messages, "each is answered once");
            WIFI.bring_up();
        }
    }
}

#[test]
fn second_interface_does_not_move_the_connection() {
    if !in_namespace_with_two_networks("network_changes::second_interface_does_not_move_the_connection") {
        return;
    }
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        MOBILE.take_down();
        let phone = Phone::connect(driver, &url(), |options| {
            tenacious(options);
            options.probe_timeout_ms = 1000;
        });
        phone.wait_connect(1);
        phone.exchange_message();
        assert_eq!(server_log.last().pings, 0);
        let served = server_log.count();
        MOBILE.bring_up();
        phone.network_changed();
        server_log.wait_pings(1);
        // This is longer than the deadline of the probe.
        phone.expect_nothing_for(Duration::from_millis(1200));
        phone.exchange_message();
        assert_eq!(
            (server_log.last().pings, server_log.count()),
            (1, served),
            "one ping, on the connection that there is"
        );
        assert_eq!((phone.generation(), phone.stats().retries), (1, 0));
        assert!(phone.stats().rtt_us > 0, "the ping was answered");
    }
}

/// While the process may be frozen, the library sends nothing and gives up nothing.
#[test]
fn connection_moves_at_resume() {
    if !in_namespace_with_two_networks("network_changes::connection_moves_at_resume") {
        return;
    }
    const INTERVAL: Duration = Duration::from_millis(50);
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), |options| {
            tenacious(options);
            options.ping_interval_ms = INTERVAL.as_millis() as u32;
        });
        phone.wait_connect(1);
        phone.exchange_message();
        phone.suspend();
        WIFI.take_down();
        phone.network_changed();
        // A ping may have been in transit.
        phone.expect_nothing_for(INTERVAL);
        let sent = phone.stats().wire_bytes_sent;
        phone.expect_nothing_for(10 * INTERVAL);
        assert_eq!(phone.stats().wire_bytes_sent, sent, "it sends a ping while it is suspended");
        let resumed = Instant::now();
        phone.resume();
        let (lost, _) = phone.wait_retry(1);
        assert!(lost - resumed >= PROBE, "{:?}", lost - resumed);
        let back = phone.wait_connect(2) - resumed;
        println!("{driver:?}: back after {back:?}");
        assert!(back < PROBE + SYN_RETRANSMISSION, "{back:?}");
        phone.exchange_message();
        assert_eq!(server_log.last().from, MOBILE.address);
        WIFI.bring_up();
    }
}

/// TCP would send its SYN again after a second, from the old address.
#[test]
fn connecting_socket_starts_again_on_the_new_network() {
    if !in_namespace_with_two_networks("network_changes::connecting_socket_starts_again_on_the_new_network") {
        return;
    }
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        let times = [(); ROUNDS].map(|()| {
            WIFI.drop_packets(1.0);
            let phone = Phone::connect(driver, &url(), |_| {});
            wait("a try", || {
                phone.poll(0);
                connecting_addresses() == [IpAddr::from(SERVER)]
            });
            WIFI.take_down();
            let notified = Instant::now();
            phone.network_changed();
            let took = phone.wait_connect(1) - notified;
            assert_eq!(connecting_addresses(), [] as [IpAddr; 0], "the first try is still made");
            phone.exchange_message();
            assert_eq!(server_log.last().from, MOBILE.address);
            assert_eq!(phone.stats().retries, 0, "it does not count as another try");
            WIFI.drop_nothing();
            WIFI.bring_up();
            took
        });
        println!("{driver:?}: {times:?}");
        assert!(times.iter().min() < Some(&AT_ONCE), "{times:?}");
    }
}

#[test]
fn hanging_look_up_does_not_delay_the_new_network() {
    if !in_namespace_with_two_networks("network_changes::hanging_look_up_does_not_delay_the_new_network") {
        return;
    }
    let server_log = ServerLog::begin();
    let names = fs::read("/etc/hosts").expect("the file of hosts");
    let mut hanging = 0;
    for driver in DRIVERS {
        let times = [(); ROUNDS].map(|()| {
            WIFI.drop_packets(1.0);
            let phone = Phone::connect(driver, &format!("ws://game.test:{PORT}/"), |_| {});
            // There is one for each family. They wait for half a minute.
            hanging += 2;
            wait("the look-ups to hang", || {
                phone.poll(0);
                open_dns_queries() == hanging
            });
            assert_eq!(phone.summary().len(), 0);
            WIFI.take_down();
            fs::write("/etc/hosts", [&names[..], format!("\n{SERVER} game.test\n").as_bytes()].concat())
                .expect("a file of hosts that can be written");
            let notified = Instant::now();
            phone.network_changed();
            let took = phone.wait_connect(1) - notified;
            assert_eq!(
                open_dns_queries(),
                hanging,
                "the look-ups on the old network do not hang any more, so this proves nothing"
            );
            phone.exchange_message();
            assert_eq!(server_log.last().from, MOBILE.address);
            fs::write("/etc/hosts", &names).expect("a file of hosts that can be written");
            WIFI.drop_nothing();
            WIFI.bring_up();
            took
        });
        println!("{driver:?}: {times:?}");
        assert!(times.iter().min() < Some(&AT_ONCE), "{times:?}");
    }
}

#[test]
fn network_change_ends_the_wait_before_a_retry() {
    if !in_namespace_with_two_networks("network_changes::network_change_ends_the_wait_before_a_retry") {
        return;
    }
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        MOBILE.take_down();
        let phone = Phone::connect(driver, &url(), |options| {
            options.probe_timeout_ms = PROBE.as_millis() as u32;
            options.retry_attempts = 5;
            set_retry_waits(options, 60_000, 0, 0);
        });
        phone.wait_connect(1);
        phone.exchange_message();
        WIFI.take_down();
        phone.network_changed();
        phone.wait_retry(1);
        // The tunnel was not left yet, so there is no route.
        phone.network_changed();
        let (_, report) = phone.wait_retry(2);
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ENETUNREACH, "{report:#?}");
        assert_eq!(phone.state(), EGRET_WS_STATE_CONNECTING);
        MOBILE.bring_up();
        let notified = Instant::now();
        phone.network_changed();
        let back = phone.wait_connect(2) - notified;
        println!("{driver:?}: back after {back:?}");
        assert!(back < SYN_RETRANSMISSION, "{back:?}");
        phone.exchange_message();
        assert_eq!(server_log.last().from, MOBILE.address);
        WIFI.bring_up();
    }
}

//! A dead route to the server that no error reports: packets are sent and no answers come. TCP alone would try for a quarter of
//! an hour.

use crate::ROUNDS;
use crate::echo_server::ServerLog;
use crate::interfaces::{MOBILE, SERVER, SYN_RETRANSMISSION, WIFI, listen, timers_of_the_connection, url, wait};
use crate::namespace::{established, in_namespace_with_two_networks};
use crate::phone::Phone;
use ::egret_ws::*;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Driver, set_retry_waits};
use test_support::frame::Frame;
use test_support::scripted_server::Server;

const PROBE: Duration = Duration::from_millis(250);
const INTERVAL: Duration = Duration::from_millis(300);
/// This is enough time for a server on a busy machine to answer.
const PONG: Duration = Duration::from_millis(900);
/// The library may be 50 ms late, and a busy machine may add the same time. Usually it is 1 ms late.
const LATE: Duration = Duration::from_millis(100);

/// Opens connections, drops all packets, calls `notify`, and checks that the end of each connection is reported after `after`, by
/// `on_close` or, with `retry_attempts`, by `on_retry`.
#[track_caller]
fn expect_dead_route_reported(test: &str, after: Duration, set: fn(&mut egret_ws_options), notify: fn(&Phone)) {
    if !in_namespace_with_two_networks(test) {
        return;
    }
    let _server = ServerLog::begin();
    let kinds = DRIVERS.into_iter().flat_map(|driver| [(driver, 0), (driver, 1)]);
    let rounds = [(); ROUNDS].map(|()| {
        // All kinds run in parallel, because each takes some time.
        let asked = Instant::now();
        let phones = kinds.clone().map(|(driver, retries)| {
            Phone::connect(driver, &url(), |options| {
                set(options);
                options.retry_attempts = retries;
                // When the retry begins, packets pass again.
                set_retry_waits(options, 200, 200, 0);
            })
        });
        let phones: Vec<Phone> = phones.collect();
        for phone in &phones {
            phone.wait_connect(1);
            phone.exchange_message();
        }
        WIFI.drop_packets(1.0);
        let dead = Instant::now();
        phones.iter().for_each(notify);
        wait("the ends", || {
            phones.iter().for_each(|phone| {
                phone.poll(0);
            });
            phones.iter().all(|phone| phone.summary().len() > 1)
        });
        WIFI.drop_nothing();
        let times = kinds.clone().zip(&phones).map(|((_, retries), phone)| {
            let (at, report) = if retries > 0 { phone.wait_retry(1) } else { phone.wait_close() };
            report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
            assert_eq!((report.code, report.sent_code, report.os_error), (1006, 0, 0), "{report:#?}");
            assert!(at - asked >= after, "after {:?}, which is too early", at - asked);
            if retries > 0 {
                phone.wait_connect(2);
                phone.exchange_message();
            }
            at - dead
        });
        times.collect::<Vec<_>>()
    });
    println!("{rounds:?}");
    for (kind, retries) in kinds.enumerate() {
        let fastest = rounds.iter().map(|times| times[kind]).min();
        assert!(fastest <= Some(after + LATE), "{retries:?}: {fastest:?}");
    }
}

/// With the default, the heartbeat would take half a minute.
fn short_probe(options: &mut egret_ws_options) {
    options.probe_timeout_ms = PROBE.as_millis() as u32;
}

#[test]
fn network_change_detects_a_dead_route() {
    expect_dead_route_reported(
        "dead_routes::network_change_detects_a_dead_route",
        PROBE,
        short_probe,
        Phone::network_changed,
    );
}

#[test]
fn resume_detects_a_dead_route() {
    expect_dead_route_reported("dead_routes::resume_detects_a_dead_route", PROBE, short_probe, Phone::resume);
}

#[test]
fn heartbeat_detects_a_dead_route() {
    let set = |options: &mut egret_ws_options| {
        options.ping_interval_ms = INTERVAL.as_millis() as u32;
        options.pong_timeout_ms = PONG.as_millis() as u32;
    };
    expect_dead_route_reported("dead_routes::heartbeat_detects_a_dead_route", INTERVAL + PONG, set, |_| {});
}

/// The interface goes down and there is no other one: the kernel has no route, and reports nothing to the connection.
#[test]
fn missing_interface_is_detected() {
    if !in_namespace_with_two_networks("dead_routes::missing_interface_is_detected") {
        return;
    }
    let _server = ServerLog::begin();
    MOBILE.take_down();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), short_probe);
        phone.wait_connect(1);
        phone.exchange_message();
        WIFI.take_down();
        let notified = Instant::now();
        phone.network_changed();
        let (at, report) = phone.wait_close();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(at - notified >= PROBE && at - notified < PROBE + SYN_RETRANSMISSION, "{:?}", at - notified);
        WIFI.bring_up();
    }
}

/// The receive queue is full and the host does not poll, so the heartbeat expects no pong. The peer does not acknowledge sent data, which
/// the kernel notices.
#[test]
fn kernel_ends_connections_that_the_heartbeat_cannot_check() {
    if !in_namespace_with_two_networks("dead_routes::kernel_ends_connections_that_the_heartbeat_cannot_check") {
        return;
    }
    // Together they are one second, which is enough for the server to start on a busy machine.
    let (interval, pong) = (300, 700);
    let user_timeout = Duration::from_millis(4 * (interval + pong));
    let flood = Arc::new(Frame::binary(vec![0; 1000]).bytes().repeat(64 * 1024));
    // Both drivers run in parallel, because the test takes seconds.
    let phones = DRIVERS.map(|driver| {
        let (stalled, is_stalled) = mpsc::channel();
        let (done, is_done) = mpsc::channel::<()>();
        let flood = Arc::clone(&flood);
        let server = Server::on(listen(0), move |mut peer| {
            peer.upgrade();
            let written = peer.write_until_stalled(&flood);
            stalled.send(written < flood.len()).expect("the test waits");
            let _ = is_done.recv();
        });
        let phone = Phone::connect(driver, &format!("ws://{SERVER}:{}/", server.port()), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (interval as u32, pong as u32);
            options.max_receive_queue_bytes = 64 * 1024;
        });
        phone.wait_connect(1);
        (driver, phone, is_stalled, done, server)
    });
    for (driver, phone, is_stalled, ..) in &phones {
        let is_stalled = is_stalled.recv();
        assert_eq!(is_stalled, Ok(true), "it is not stalled: {driver:?}, {}", phone.state());
        assert_eq!(phone.state(), EGRET_WS_STATE_OPEN, "{driver:?}");
    }
    WIFI.drop_packets(1.0);
    for (_, phone, ..) in &phones {
        assert_eq!(phone.send(b"is anybody there?"), EGRET_WS_OK);
    }
    let sent = Instant::now();
    wait("the kernel to give up", || phones.iter().all(|(.., server)| !established().contains(&server.port())));
    // The kernel checks the time-out at each retransmission, and measures from the first one. With the default time-out this
    // would take a quarter of an hour.
    println!("ended by the kernel after {:?}", sent.elapsed());
    assert!(sent.elapsed() >= user_timeout - LATE, "{:?}", sent.elapsed());
    for (driver, phone, ..) in &phones {
        let (_, report) = phone.wait_close();
        println!("{driver:?}: after {} messages: {}", phone.messages().len(), report.message);
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ETIMEDOUT, "{report:#?}");
        assert!(phone.messages().len() > 64, "what came before is delivered: {}", phone.messages().len());
    }
    WIFI.drop_nothing();
}

/// Checks the options TCP_USER_TIMEOUT and keep-alive.
#[test]
fn keep_alive_and_the_user_timeout_follow_the_heartbeat() {
    if !in_namespace_with_two_networks("dead_routes::keep_alive_and_the_user_timeout_follow_the_heartbeat") {
        return;
    }
    let _server = ServerLog::begin();
    let user_timeout = |interval: u32, pong: u32| {
        let phone = Phone::connect(Driver::Threaded, &url(), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (interval, pong);
        });
        phone.wait_connect(1);
        let (user_timeout, kept_alive) = timers_of_the_connection();
        assert!(kept_alive, "keep-alive is off");
        user_timeout.expect("there is one").as_millis()
    };
    assert_eq!(user_timeout(0, 0), 4 * (20_000 + 10_000), "the defaults");
    assert_eq!(user_timeout(300, 700), 4 * (300 + 700));
    // Without an interval, the default value is used.
    assert_eq!(user_timeout(u32::MAX, 700), 4 * (20_000 + 700));
    assert_eq!(user_timeout(300, u32::MAX), 4 * (300 + 10_000));
}

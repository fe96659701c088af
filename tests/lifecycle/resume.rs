//! `egret_ws_loop_resume` and `egret_ws_loop_network_changed`: open connections are probed, and waits before retries end.

use crate::heartbeat::{answer_ping, expect_heartbeat_timeout, read_ping};
use crate::reconnect_server::{expect_no_data, serve};
use ::egret_ws::*;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Loop, on_both_drivers, set_retry_waits};
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::scripted_server::Server;
use test_support::timing;

/// A call that reports that connections may be dead.
type Call = fn(&Loop);

/// All of these calls must have equal effects.
const CALLS: [(&str, Call); 3] = [
    ("resume after suspend", |host| {
        host.suspend();
        host.resume();
    }),
    ("resume", Loop::resume),
    ("network_changed", Loop::network_changed),
];

#[track_caller]
fn with_each_call(test: impl Fn(&Loop, Call)) {
    for (name, call) in CALLS {
        println!("{name}");
        on_both_drivers(|host| test(host, call));
    }
}

#[test]
fn live_peer_is_probed_at_once_and_stays_connected() {
    with_each_call(|host, call| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            for _ in 0..3 {
                answer_ping(&mut peer); // long before the interval of 20 s
                peer.send(&Frame::text("here"));
            }
            expect_no_data(&mut peer, Duration::from_millis(600)); // longer than the probe's deadline
            peer.close(4000);
        });
        let socket = host.connect_with(server.port(), |options| options.probe_timeout_ms = 400);
        socket.wait_open();
        // The pongs must come within the time-out of the probe, so the polls must be frequent.
        for count in 1..=3 {
            call(host);
            socket.wait_messages(count);
        }
        assert!(socket.stats().rtt_us > 0);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        server.finish();
    });
}

#[test]
fn a_dead_peer_is_reported_within_the_probes_deadline() {
    for ((name, call), driver) in CALLS.into_iter().flat_map(|call| DRIVERS.map(|driver| (call, driver))) {
        println!("{name} {driver:?}");
        timing::assert_duration(Duration::from_millis(150), || {
            let host = Loop::new(driver);
            let server = Server::start(|mut peer| {
                peer.upgrade();
                read_ping(&mut peer);
                peer.expect_end();
            });
            // The heartbeat alone would take half a minute.
            let socket = host.connect_with(server.port(), |options| options.probe_timeout_ms = 150);
            socket.wait_open();
            let begun = Instant::now();
            call(&host);
            let report = socket.wait_closed();
            let took = begun.elapsed();
            expect_heartbeat_timeout(&report);
            server.finish();
            took
        });
    }
}

#[test]
fn dead_connection_is_replaced() {
    with_each_call(|host, call| {
        let server = serve(|mut connections| {
            let mut dead = connections.open();
            read_ping(&mut dead);
            let mut alive = connections.open();
            dead.expect_end();
            alive.send(&Frame::text("alive"));
            alive.close(1008);
        });
        let socket = host.connect_with(server.port(), |options| {
            options.probe_timeout_ms = 50;
            options.retry_attempts = 1;
            set_retry_waits(options, 1, 1, 1);
        });
        socket.wait_open();
        call(host);
        expect_heartbeat_timeout(&socket.wait_retry(1).report);
        assert_eq!(socket.wait_messages(1), [Event::Text("alive".into())]);
        assert_eq!(socket.generation(), 2);
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
    });
}

#[test]
fn probes_can_be_switched_off() {
    with_each_call(|host, call| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            read_ping(&mut peer);
            expect_no_data(&mut peer, Duration::from_millis(300));
            peer.close(4000);
        });
        let socket = host.connect_with(server.port(), |options| {
            (options.pong_timeout_ms, options.probe_timeout_ms) = (u32::MAX, 50);
        });
        socket.wait_open();
        call(host);
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn wait_before_a_retry_ends() {
    with_each_call(|host, call| {
        let server = serve(|mut connections| {
            connections.open().finish_writing();
            connections.open().close(1008);
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 1;
            set_retry_waits(options, 60_000, 0, 0);
        });
        assert!(socket.wait_retry(1).delay_ms >= 60_000);
        call(host);
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
    });
}

#[test]
fn connecting_socket_starts_again() {
    with_each_call(|host, call| {
        let (asked, was_asked) = mpsc::channel();
        let server = serve(move |mut connections| {
            let mut first = connections.next();
            first.read_request();
            asked.send(()).expect("the client waits for this");
            let mut second = connections.open();
            first.expect_end();
            second.send(&Frame::text("second"));
            second.close(4000);
        });
        let socket = host.connect(server.port()); // without retries: it is still the first try
        host.wait_until("the request", || was_asked.try_recv().is_ok());
        call(host);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!(socket.events()[..2], [Event::Connect, Event::Text("second".into())]);
        let stats = socket.stats();
        assert_eq!((stats.connections, stats.retries, socket.generation()), (1, 0, 1));
        server.finish();
    });
}

#[test]
fn a_network_that_changes_during_a_suspend_is_left_for_the_resume() {
    on_both_drivers(|host| {
        let (quiet, was_quiet) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            expect_no_data(&mut peer, Duration::from_millis(300));
            quiet.send(()).expect("the client waits for this");
            answer_ping(&mut peer);
            expect_no_data(&mut peer, Duration::from_millis(100)); // one ping, for both
            peer.close(4000);
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        host.suspend();
        host.network_changed();
        host.wait_until("some time", || was_quiet.try_recv().is_ok());
        host.resume();
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn closing_sockets_are_not_probed() {
    with_each_call(|host, call| {
        let (go, gone) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            assert_eq!(peer.read_close(), 1000);
            gone.recv().expect("the client has called");
            peer.send(&Frame::close(1000, ""));
            peer.expect_silence(); // no ping, and no second Close frame
        });
        let socket = host.connect_with(server.port(), |options| options.retry_attempts = 3);
        socket.wait_open();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        call(host);
        host.poll(0); // inline, the engine has handled the call
        go.send(()).expect("the server waits for this");
        socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        server.finish();
    });
}

#[test]
fn calls_succeed_without_sockets() {
    on_both_drivers(|host| {
        for (_, call) in CALLS {
            call(host);
        }
        host.poll(0);
        host.suspend(); // a suspended loop can be freed
    });
}

//! `egret_ws_loop_suspend`: the clock of the loop stops, or connections are closed with a closing handshake.

use crate::heartbeat::read_ping;
use crate::reconnect_server::{expect_no_data, finish, serve};
use ::egret_ws::*;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use test_support::client::{DRIVERS, Loop, on_both_drivers, set_retry_waits};
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};

const INTERVAL: Duration = Duration::from_millis(250);
/// This time contains several intervals, time-outs and delays.
const LONG: Duration = Duration::from_millis(900);

fn heartbeat(options: &mut egret_ws_options) {
    (options.ping_interval_ms, options.pong_timeout_ms) = (INTERVAL.as_millis() as u32, 50);
}

/// Suspends the loop, and waits until the engine has done that: it handles calls in their order, and a later socket is open.
fn suspend_and_wait(host: &Loop) {
    host.suspend();
    let server = Server::start(|mut peer| {
        peer.upgrade();
        peer.read_close();
    });
    host.connect(server.port()).wait_open();
    finish(host, server);
}

#[test]
fn no_ping_is_sent_and_messages_are_delivered_during_a_suspend() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            expect_no_data(&mut peer, LONG);
            peer.send(&Frame::text("meanwhile"));
            // The host still polls and sends.
            assert_eq!(peer.read(), Frame::text("during the suspend"));
            expect_no_data(&mut peer, LONG);
            peer.close(4000);
        });
        let socket = host.connect_with(server.port(), heartbeat);
        socket.wait_open();
        host.suspend();
        host.suspend(); // a second suspend has no effect
        assert_eq!(socket.wait_messages(1), [Event::Text("meanwhile".into())]);
        assert_eq!(socket.send_text("during the suspend"), EGRET_WS_OK);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        server.finish();
    });
}

#[test]
fn pong_timeout_does_not_pass_during_a_suspend() {
    on_both_drivers(|host| {
        let (asked, was_asked) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            read_ping(&mut peer);
            asked.send(()).expect("the client waits for this");
            expect_no_data(&mut peer, LONG);
            peer.close(4000);
        });
        let socket = host.connect_with(server.port(), |options| {
            // Only the test decides the time between the ping and the suspend.
            (options.ping_interval_ms, options.pong_timeout_ms) = (20, 700);
        });
        host.wait_until("the ping", || was_asked.try_recv().is_ok());
        host.suspend();
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        server.finish();
    });
}

#[test]
fn connect_timeouts_and_retries_do_not_pass_during_a_suspend() {
    on_both_drivers(|host| {
        let waiting = serve(|mut connections| {
            connections.open().finish_writing();
            connections.expect_no_connection(LONG);
            connections
        });
        let again = host.connect_with(waiting.port(), |options| {
            options.retry_attempts = 1;
            // Only the test decides the time between the loss and the suspend.
            set_retry_waits(options, 400, 400, 400);
        });
        let unanswered = Server::start(|mut peer| {
            peer.read_request();
            peer.read_to_end();
        });
        let slow = host.connect_with(unanswered.port(), |options| options.handshake_timeout_ms = 400);
        assert_eq!(again.wait_retry(1).delay_ms, 400);
        host.suspend();
        let mut connections = finish(host, waiting); // no connection has come
        assert_eq!(slow.events(), [], "its deadline has not passed");
        assert_eq!(slow.close(1000, ""), EGRET_WS_OK);
        slow.wait_closed().expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL);
        finish(host, unanswered);
        host.resume();
        let open = thread::spawn(move || connections.open().close(4000));
        assert_eq!(again.wait_closed().code, 4000);
        open.join().expect("it was tried again at once");
    });
}

#[test]
fn connections_that_end_during_a_suspend_are_reported() {
    on_both_drivers(|host| {
        let (go, gone) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            gone.recv().expect("the client is suspended");
            peer.finish_writing();
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), heartbeat);
        socket.wait_open();
        suspend_and_wait(host);
        go.send(()).expect("the server waits for this");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        server.finish();
    });
}

/// The server ends the connection while the time of the loop is stopped. The delay is then `UINT32_MAX`.
#[test]
fn connections_lost_during_a_suspend_wait_for_the_resume() {
    on_both_drivers(|host| {
        let (sender, receiver) = mpsc::channel::<()>();
        let server = serve(move |mut connections| {
            let peer = connections.open();
            receiver.recv().expect("the loop is suspended");
            drop(peer);
            connections.open().close(1008); // so that no further try follows
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 5;
            set_retry_waits(options, 1, 1, 1);
        });
        socket.wait_open();
        suspend_and_wait(host);
        sender.send(()).expect("the server waits");
        let retry = socket.wait_retry(1);
        assert_eq!((retry.attempt, retry.delay_ms), (1, u32::MAX), "it lasts until the resume");
        host.resume();
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
    });
}

// These loops have EGRET_WS_LOOP_CLOSE_ON_SUSPEND.

/// Runs a test on both drivers, with loops that close on suspend.
fn on_closing_loops(test: impl Fn(&Loop)) {
    for driver in DRIVERS {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&Loop::with(driver, |options| options.flags |= EGRET_WS_LOOP_CLOSE_ON_SUSPEND));
    }
}

fn goes_away(mut peer: Peer) {
    assert_eq!(peer.read_close(), 1001);
    peer.send(&Frame::close(1001, ""));
    peer.expect_silence();
}

#[test]
fn close_on_suspend_sends_close_frames_and_abandons_connecting_sockets() {
    on_closing_loops(|host| {
        let opened = Server::start(|mut peer| {
            peer.upgrade();
            goes_away(peer);
        });
        let unanswered = Server::start(|mut peer| {
            peer.read_request();
            peer.expect_end();
        });
        let (open, connecting) = (host.connect(opened.port()), host.connect(unanswered.port()));
        open.wait_open();
        host.suspend();
        let report = open.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.code, report.sent_code), (1001, 1001), "{report:#?}");
        let report = connecting.wait_closed();
        assert_eq!((report.error, report.initiator), (EGRET_WS_ERR_ABORTED, EGRET_WS_INITIATOR_LOCAL), "{report:#?}");
        opened.finish();
        drop(unanswered); // its client may have gone before it was accepted
        host.resume();
    });
}

#[test]
fn socket_closed_by_suspend_reconnects_at_resume() {
    on_closing_loops(|host| {
        let (shut, has_shut) = mpsc::channel();
        let server = serve(move |mut connections| {
            goes_away(connections.open());
            connections.expect_no_connection(LONG);
            shut.send(()).expect("the client waits for this");
            connections.open().close(1008); // so that no further try follows
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 5;
            set_retry_waits(options, 1, 1, 1);
        });
        socket.wait_open();
        host.suspend();
        let retry = socket.wait_retry(1);
        assert_eq!((retry.attempt, retry.delay_ms), (1, u32::MAX), "it lasts until the resume");
        retry.report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((retry.report.code, retry.report.sent_code), (1001, 1001), "{retry:#?}");
        assert_eq!(socket.state(), EGRET_WS_STATE_CONNECTING);
        host.wait_until("some time", || has_shut.try_recv().is_ok());
        host.resume();
        assert_eq!(socket.wait_closed().code, 1008);
        assert_eq!(socket.generation(), 2);
        server.finish();
    });
}

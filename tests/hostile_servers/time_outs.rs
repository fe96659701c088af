//! Servers that make the client wait. Every stage has a time-out.

use ::egret_ws::*;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::{Driver, Loop, on_both_drivers};
use test_support::frame::{Frame, wire};
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};

const LIMIT: Duration = Duration::from_millis(150);
/// This is far below every default, so only the limit of the test can have ended the connection.
const SOON: Duration = Duration::from_secs(4);

/// The server runs `script` instead of a handshake. The deadline of the handshake must end it.
#[track_caller]
fn handshake_times_out(script: impl Fn(Peer) + Clone + Send + 'static) {
    on_both_drivers(|host| {
        let server = Server::start(script.clone());
        let begun = Instant::now();
        let socket =
            host.connect_with(server.port(), |options| options.handshake_timeout_ms = LIMIT.as_millis() as u32);
        let report = socket.wait_closed();
        let took = begun.elapsed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.http_status, report.code, report.sent_code), (0, 1006, 0), "{report:#?}");
        assert!(took >= LIMIT && took < SOON, "after {took:?}");
        assert_eq!(socket.events().len(), 1, "nothing but on_close: {:?}", socket.events());
        server.finish();
    });
}

#[test]
fn silent_server_times_out() {
    handshake_times_out(|mut peer| {
        peer.read_request();
        peer.expect_end();
    });
}

#[test]
fn server_that_never_reads_times_out() {
    handshake_times_out(|mut peer| {
        assert!(peer.read_to_end().starts_with(b"GET / HTTP/1.1\r\n"));
    });
}

#[test]
fn incomplete_head_times_out() {
    handshake_times_out(|mut peer| {
        let answer = peer.read_request().answer();
        peer.write(&answer[..answer.len() / 2]);
        peer.expect_end();
    });
}

#[test]
fn endless_slow_head_times_out() {
    handshake_times_out(|mut peer| {
        peer.read_request();
        peer.write("HTTP/1.1 101 Switching Protocols\r\nX-Drip: ");
        // Each byte comes long before the deadline, but no byte may extend the deadline.
        while peer.try_write(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
}

/// The client closes. The server runs `script` instead of answering with a Close frame.
#[track_caller]
fn closing_times_out(script: impl Fn(Peer) + Clone + Send + 'static) {
    on_both_drivers(|host| {
        let script = script.clone();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            assert_eq!(peer.read_close(), 3210);
            script(peer);
        });
        let socket = host.connect_with(server.port(), |options| options.close_timeout_ms = LIMIT.as_millis() as u32);
        socket.wait_open();
        let begun = Instant::now();
        assert_eq!(socket.close(3210, "bye"), EGRET_WS_OK);
        let report = socket.wait_closed();
        let took = begun.elapsed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code), (1006, 3210), "{report:#?}");
        assert!(took >= LIMIT && took < SOON, "after {took:?}");
        server.finish();
    });
}

#[test]
fn ignored_close_frame_times_out() {
    closing_times_out(|mut peer| peer.expect_end());
}

#[test]
fn server_that_sends_on_instead_of_closing_times_out() {
    closing_times_out(|mut peer| while peer.try_write(&Frame::text("and another thing").bytes()).is_ok() {});
}

#[test]
fn server_that_keeps_tcp_open_after_both_close_frames_times_out() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            assert_eq!(peer.read_close(), 1000);
            peer.send(&Frame::close(1000, ""));
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), |options| options.close_timeout_ms = LIMIT.as_millis() as u32);
        socket.wait_open();
        let begun = Instant::now();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.code, report.sent_code), (1000, 1000), "{report:#?}");
        assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
        server.finish();
    });
}

#[test]
fn io_thread_sends_the_close_frame_while_the_host_does_not_poll() {
    let host = Loop::new(Driver::Threaded);
    let server = Server::start(|mut peer| {
        peer.upgrade();
        peer.write(wire(&[Frame::text("before"), Frame::text("x").rsv(7)]));
        assert_eq!(peer.read_close(), 1002);
        peer.expect_end();
    });
    let socket = host.connect_with(server.port(), |options| options.close_timeout_ms = LIMIT.as_millis() as u32);
    server.finish(); // the host has not polled
    let report = socket.wait_closed();
    report.expect(EGRET_WS_ERR_PROTOCOL, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
    assert_eq!(socket.events()[..2], [Event::Connect, Event::Text("before".into())]);
}

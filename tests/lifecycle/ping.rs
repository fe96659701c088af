//! `egret_ws_ping` measures the round trip.

use crate::heartbeat::{answer_ping, expect_heartbeat_timeout, read_ping};
use crate::reconnect_server::{expect_no_data, finish};
use ::egret_ws::*;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::{Loop, Socket, on_both_drivers};
use test_support::frame::{Frame, TEXT};
use test_support::scripted_server::Server;

const DELAY: Duration = Duration::from_millis(60);

/// No pings but those that are asked for.
fn connect<'a>(host: &'a Loop, port: u16, timeout: u32) -> Socket<'a> {
    host.connect_with(port, |options| (options.ping_interval_ms, options.pong_timeout_ms) = (u32::MAX, timeout))
}

/// Pings and waits for the pong; returns the round trip and the smoothed one, in microseconds.
#[track_caller]
fn measure(host: &Loop, socket: &Socket<'_>) -> (u64, u64) {
    let before = socket.stats().rtt_us;
    assert_eq!(socket.ping(), EGRET_WS_OK);
    host.wait_until("the pong", || socket.stats().rtt_us != before);
    let stats = socket.stats();
    (stats.rtt_us, stats.rtt_smoothed_us)
}

#[test]
fn the_round_trip_is_measured_and_smoothed() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.send(&Frame::pong("unasked"));
            let ping = read_ping(&mut peer);
            peer.send(&Frame::pong("not what was asked"));
            thread::sleep(DELAY); // the round trip to be measured
            peer.send(&Frame::pong(ping.payload));
            answer_ping(&mut peer);
            peer.close(4000);
        });
        let socket = connect(host, server.port(), 0);
        socket.wait_open();
        assert_eq!(socket.stats().rtt_us, 0);
        let begun = Instant::now();
        let (first, smoothed) = measure(host, &socket);
        let most = begun.elapsed().as_micros() as u64;
        assert!(first >= DELAY.as_micros() as u64 && first <= most, "{first} µs of {most} µs");
        assert_eq!(smoothed, first, "the first one stands for itself (RFC 6298 section 2.2)");
        let (second, smoothed) = measure(host, &socket);
        assert!(second > 0 && second < 10_000_000, "{second} µs");
        let expected = (7 * first + second) / 8;
        assert!(smoothed.abs_diff(expected) <= 8, "{smoothed} µs, not {expected} µs, of {first} µs and {second} µs");
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn only_one_ping_is_in_flight() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let ping = read_ping(&mut peer);
            // Nothing but the text: four pings were left out.
            assert_eq!(peer.read().opcode, TEXT);
            expect_no_data(&mut peer, Duration::from_millis(50));
            peer.send(&Frame::pong(ping.payload));
            answer_ping(&mut peer);
            peer.close(4000);
        });
        let socket = connect(host, server.port(), 0);
        socket.wait_open();
        for _ in 0..5 {
            assert_eq!(socket.ping(), EGRET_WS_OK);
        }
        assert_eq!(socket.send_text("after the pings"), EGRET_WS_OK);
        host.wait_until("the pong", || socket.stats().rtt_us > 0);
        assert_eq!(socket.ping(), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn ping_uses_the_pong_timeout_of_the_heartbeat() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            read_ping(&mut peer);
            peer.expect_end();
        });
        let socket = connect(host, server.port(), 100);
        socket.wait_open();
        let begun = Instant::now();
        assert_eq!(socket.ping(), EGRET_WS_OK);
        let report = socket.wait_closed();
        expect_heartbeat_timeout(&report);
        assert!(begun.elapsed() >= Duration::from_millis(100), "after {:?}", begun.elapsed());
        server.finish();
    });
}

#[test]
fn ping_needs_an_open_socket() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.close(1000);
        });
        let socket = connect(host, server.port(), 0);
        assert_eq!(socket.ping(), EGRET_WS_ERR_NOT_OPEN, "on_connect has not been called");
        socket.wait_closed();
        assert_eq!(socket.ping(), EGRET_WS_ERR_NOT_OPEN, "on_close was called");
        finish(host, server);
    });
}

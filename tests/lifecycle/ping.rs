//! `egret_ws_ping` sends a payload and measures the round trip. `on_pong` gets the answer.

use crate::heartbeat::{answer_ping, expect_heartbeat_timeout, read_ping};
use crate::reconnect_server::finish;
use ::egret_ws::*;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{self, DRIVERS, Loop, Socket, on_both_drivers};
use test_support::frame::{CLOSE, Frame, PING, TEXT};
use test_support::recorder::{Event, on_pong};
use test_support::scripted_server::Server;

const DELAY: Duration = Duration::from_millis(60);

/// Connects. Only requested pings are sent.
fn connect<'a>(host: &'a Loop, port: u16, timeout: u32) -> Socket<'a> {
    host.connect_with(port, |options| (options.ping_interval_ms, options.pong_timeout_ms) = (u32::MAX, timeout))
}

/// Pings and waits for the pong. Returns the round trip and the smoothed one, in microseconds.
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
        assert_eq!(smoothed, first, "the first one is also the smoothed one (RFC 6298 section 2.2)");
        let (second, smoothed) = measure(host, &socket);
        assert!(second > 0 && second < 10_000_000, "{second} µs");
        let expected = (7 * first + second) / 8;
        assert!(smoothed.abs_diff(expected) <= 8, "{smoothed} µs, not {expected} µs, of {first} µs and {second} µs");
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn each_ping_is_sent_before_messages_and_one_at_a_time_is_measured() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let pings = Vec::from_iter((0..3).map(|_| read_ping(&mut peer).payload));
            assert_eq!(&pings[1..], [b"two".to_vec(), b"three".to_vec()]);
            assert_eq!(peer.read().opcode, TEXT);
            // A peer may answer only the last ping, and no answer measures another ping.
            peer.send(&Frame::pong("three"));
            peer.send(&Frame::text("answered"));
            peer.read();
            peer.send(&Frame::pong(pings[0].clone()));
            peer.close(4000);
        });
        let socket = host.connect_with(server.port(), |options| {
            options.ping_interval_ms = EGRET_WS_UNLIMITED;
            options.on_pong = Some(on_pong);
        });
        socket.react(|ws, event| {
            if *event == Event::Connect {
                for payload in [&b""[..], b"two", b"three"] {
                    assert_eq!(client::ping(ws, payload), EGRET_WS_OK);
                }
                assert_eq!(client::send_text(ws, "after the pings"), EGRET_WS_OK);
            }
        });
        socket.wait_messages(1);
        assert_eq!(socket.stats().rtt_us, 0);
        assert_eq!(socket.send_text("go on"), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().code, 4000);
        assert!(socket.stats().rtt_us > 0);
        let pongs = [Event::Pong(b"three".to_vec()), Event::Text("answered".into()), Event::Pong(Vec::new())];
        assert_eq!(socket.events()[1..4], pongs);
        server.finish();
    });
}

/// Pings wait for a message that is partly written. If too many wait, further ones are refused, and none is dropped.
#[test]
fn pings_that_wait_are_bounded() {
    on_both_drivers(|host| {
        let (go, start) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            start.recv_timeout(WAIT_LIMIT).expect("the test starts the server");
            let mut pings = 0;
            loop {
                match peer.read() {
                    Frame { opcode: CLOSE, .. } => break,
                    Frame { opcode: PING, payload, .. } if payload == b"waits" => pings += 1,
                    _ => {}
                }
            }
            peer.send(&Frame::close(1000, ""));
            pings
        });
        let socket = connect(host, server.port(), EGRET_WS_UNLIMITED);
        socket.wait_open();
        // Messages are sent until the buffers of the system are full, too.
        let message = vec![0; 100_000];
        let mut refused = 0;
        while refused < 10 {
            match socket.send_binary(&message) {
                EGRET_WS_OK => refused = 0,
                result => {
                    assert_eq!(result, EGRET_WS_ERR_BACKPRESSURE);
                    refused += 1;
                    host.poll(10);
                }
            }
        }
        // The system may still take a few bytes.
        let mut accepted = 0;
        while socket.ping_with(b"waits") == EGRET_WS_OK {
            accepted += 1;
            assert!(accepted < 100_000, "pings are not bounded");
        }
        assert!(accepted >= 16, "{accepted} pings were accepted");
        go.send(()).expect("the server waits");
        host.wait_until("a ping is accepted again", || socket.ping_with(b"another") == EGRET_WS_OK);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(server.finish(), accepted);
    });
}

/// The receive queue limits the pongs of a hostile server, and TCP slows the server down.
#[test]
fn a_flood_of_pongs_is_bounded_and_in_order() {
    const PONG: usize = 125;
    const COUNT: usize = (16 << 20) / (PONG + 2);
    const QUEUE: u64 = 64 << 10;
    for driver in DRIVERS {
        println!("{driver:?}");
        // The host takes one pong in the time in which many arrive.
        let host = Loop::with(driver, |options| options.poll_max_callbacks = 1);
        let (stalled, stall) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            let flood: Vec<u8> = (0..COUNT).flat_map(|n| Frame::pong(vec![n as u8; PONG]).bytes()).collect();
            peer.upgrade();
            let written = peer.write_until_stalled(&flood);
            stalled.send(written < flood.len()).expect("the test waits");
            peer.try_write(&flood[written..]).expect_err("the client frees the socket");
        });
        let socket = host.connect_with(server.port(), |options| {
            options.max_receive_queue_bytes = QUEUE as u32;
            options.on_pong = Some(on_pong);
        });
        socket.wait_for("the first 500 pongs", |events| events.len() > 500);
        assert!(stall.recv_timeout(WAIT_LIMIT).expect("the server stalls"), "the client took the whole flood");
        // The limit may be exceeded by one pong and one read.
        let peak = socket.stats().receive_queue_peak_bytes;
        assert!((QUEUE..=QUEUE + 2 * 65_536).contains(&peak), "{peak} bytes wait");
        for (number, event) in socket.events()[1..].iter().enumerate() {
            assert_eq!(*event, Event::Pong(vec![number as u8; PONG]));
        }
        drop(socket);
        drop(host);
        server.finish();
    }
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

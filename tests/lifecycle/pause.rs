//! `egret_ws_pause_receive`: which events it holds back, which it does not, and how it affects the server.

use crate::heartbeat::answer_ping;
use crate::reconnect::retry_fast;
use crate::reconnect_server::serve;
use ::egret_ws::*;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{Loop, Socket, on_both_drivers};
use test_support::frame::{CLOSE, Frame, PING, PONG};
use test_support::recorder::Event;
use test_support::scripted_server::Server;

const MESSAGE: usize = 4096;
const COUNT: usize = (16 << 20) / MESSAGE;
const QUEUE: usize = 256 << 10;

fn connect_paused<'a>(host: &'a Loop, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> Socket<'a> {
    let socket = host.connect_with(port, set);
    socket.pause_receive();
    socket.wait_open();
    socket
}

/// Polls until this many messages of `MESSAGE` bytes wait.
fn wait_for_held(host: &Loop, socket: &Socket<'_>, bytes: usize) {
    host.wait_until("the messages", || socket.stats().receive_queue_bytes >= bytes as u64);
}

fn numbered(number: usize) -> Vec<u8> {
    let mut bytes = vec![number as u8; MESSAGE];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

/// The receive queue fills, then TCP slows the server down. During this, no answer to a ping of the heartbeat is expected.
#[test]
fn a_full_queue_slows_the_server_and_the_heartbeat_waits() {
    on_both_drivers(|host| {
        let (stalled, stall) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            let flood: Vec<u8> = (0..COUNT).flat_map(|n| Frame::binary(numbered(n)).bytes()).collect();
            peer.upgrade();
            let written = peer.write_until_stalled(&flood);
            stalled.send(written).expect("the test waits");
            peer.write(&flood[written..]);
            peer.send(&Frame::close(4000, ""));
            while peer.read().opcode == PING {}
        });
        let socket = connect_paused(host, server.port(), |options| {
            options.max_receive_queue_bytes = QUEUE as u32;
            (options.ping_interval_ms, options.pong_timeout_ms) = (200, 200);
        });
        let mut written = None;
        host.wait_until("the server stalls", || {
            written = written.or(stall.try_recv().ok());
            written.is_some()
        });
        assert!(written.is_some_and(|written| written < COUNT * MESSAGE), "the client took the whole flood");
        // The limit may be exceeded by one message and one read.
        let held = socket.stats().receive_queue_bytes as usize;
        assert!((QUEUE..=QUEUE + MESSAGE + 32 + 65_536).contains(&held), "{held} bytes wait");
        // This is longer than the interval and the time-out of the heartbeat.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(600) {
            assert_eq!(host.poll(20), 0);
        }
        assert_eq!((socket.state(), socket.events()), (EGRET_WS_STATE_OPEN, vec![Event::Connect]));
        socket.resume_receive();
        assert_eq!(socket.wait_closed().code, 4000);
        let messages = socket.messages();
        assert_eq!(messages.len(), COUNT);
        assert!((0..COUNT).all(|n| messages[n] == Event::Binary(numbered(n))), "another order");
        server.finish();
    });
}

/// While the queue is not full, pings of both sides are answered.
#[test]
fn pings_are_answered_while_messages_wait() {
    on_both_drivers(|host| {
        let (answered, answer) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            peer.send(&Frame::text("waits"));
            answer_ping(&mut peer); // a ping of the heartbeat
            peer.send(&Frame::ping("theirs"));
            loop {
                let frame = peer.read();
                match frame.opcode {
                    PING => peer.send(&Frame::pong(frame.payload)),
                    PONG => break assert_eq!(frame.payload, b"theirs"),
                    other => panic!("a frame with the opcode {other}"),
                }
            }
            answered.send(()).expect("the test waits");
            peer.send(&Frame::close(4000, ""));
            while peer.read().opcode == PING {}
        });
        let socket = connect_paused(host, server.port(), |options| options.ping_interval_ms = 20);
        host.wait_until("the pong", || answer.try_recv().is_ok());
        assert_eq!(socket.events(), [Event::Connect]);
        assert!(socket.stats().rtt_us > 0, "the heartbeat measures");
        socket.resume_receive();
        assert_eq!(socket.wait_closed().code, 4000);
        assert_eq!(socket.messages(), [Event::Text("waits".into())]);
        server.finish();
    });
}

/// `on_retry` is called after the messages before it, and `on_connect` after `on_retry`.
#[test]
fn the_loss_of_a_connection_waits_for_its_messages() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            for text in ["first", "second"] {
                let mut peer = connections.open();
                peer.send(&Frame::text(text));
                // The first connection ends without a Close frame.
                if text == "second" {
                    peer.send(&Frame::close(1008, ""));
                    peer.read_to_end();
                }
            }
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
        socket.pause_receive();
        wait_for_held(host, &socket, 2 * 32 + "firstsecond".len());
        assert_eq!(socket.events(), [Event::Connect]);
        socket.resume_receive();
        assert_eq!(socket.wait_closed().code, 1008);
        let events = socket.events();
        let [Event::Connect, Event::Text(first), Event::Retry(_), Event::Connect, Event::Text(second), Event::Close(_)] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((first.as_str(), second.as_str()), ("first", "second"));
        server.finish();
    });
}

/// If no message is before them, `on_retry` and `on_connect` are called at once. The pause continues after them.
#[test]
fn a_pause_outlasts_reconnecting() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            drop(connections.open()); // without a Close frame
            let mut peer = connections.open();
            peer.send(&Frame::text("second"));
            peer.close(1008); // is not tried again
        });
        let socket = connect_paused(host, server.port(), |options| retry_fast(options, 3));
        socket.wait_connected(2);
        wait_for_held(host, &socket, 32 + "second".len());
        assert_eq!(socket.messages(), []);
        socket.resume_receive();
        assert_eq!(socket.wait_closed().code, 1008);
        assert_eq!(socket.messages(), [Event::Text("second".into())]);
        server.finish();
    });
}

#[test]
fn on_drain_comes_while_messages_wait() {
    on_both_drivers(|host| {
        let (go, start) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            peer.send(&Frame::text("waits"));
            start.recv_timeout(WAIT_LIMIT).expect("the test starts the server");
            while peer.read().opcode != CLOSE {}
            peer.send(&Frame::close(1000, ""));
        });
        let socket = connect_paused(host, server.port(), |_| ());
        wait_for_held(host, &socket, 32 + "waits".len());
        while socket.send_binary(&[0; 100_000]) == EGRET_WS_OK {}
        go.send(()).expect("the server waits");
        socket.wait_for("on_drain", |events| events.contains(&Event::Drain));
        assert_eq!(socket.messages(), []);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        socket.resume_receive();
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}

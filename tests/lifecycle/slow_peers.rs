//! The heartbeat while one side sends faster than the other side reads: a slow peer must not be treated as lost.

use crate::heartbeat::{close, expect_heartbeat_timeout};
use crate::reconnect_server::finish;
use ::egret_ws::*;
use socket2::SockRef;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::on_both_drivers;
use test_support::frame::{BINARY, Frame, PING, wire};
use test_support::scripted_server::Server;

#[test]
fn slow_host_reports_no_dead_peer() {
    const MESSAGES: usize = 4000;
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            // The client stops reading before the pong.
            let flood = wire(&vec![Frame::binary([7; 1024]); MESSAGES]);
            peer.upgrade();
            let written = peer.write_until_stalled(&flood);
            peer.write(&flood[written..]);
            close(peer);
        });
        let socket = host.connect_with(server.port(), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (50, 300);
            options.max_receive_queue_bytes = 256 * 1024;
        });
        // Nothing is read until half of the queue is dispatched. That takes 600 ms, longer than a heartbeat.
        socket.work_in_on_data(Duration::from_millis(5));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1500) {
            host.poll(1);
        }
        let peak = socket.stats().receive_queue_peak_bytes;
        assert!(peak >= 256 * 1024, "the queue was never full: {peak} bytes");
        socket.work_in_on_data(Duration::ZERO);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!(socket.count_messages(), MESSAGES);
        server.finish();
    });
}

#[test]
fn host_that_does_not_poll_reports_no_dead_peer() {
    const MESSAGES: usize = 20_000;
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let flood = wire(&vec![Frame::binary([7; 1024]); MESSAGES]);
            peer.upgrade();
            let written = peer.write_until_stalled(&flood);
            assert!(written < flood.len(), "all of it fits into the kernel");
            peer.write(&flood[written..]);
            close(peer);
        });
        let socket = host.connect_with(server.port(), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (50, 300);
            options.max_receive_queue_bytes = 4096;
        });
        socket.wait_open();
        // There are no polls for several intervals and time-outs.
        thread::sleep(Duration::from_millis(1000));
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!(socket.count_messages(), MESSAGES);
        server.finish();
    });
}

/// A listener whose connections buffer little data.
fn narrow() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    SockRef::from(&listener).set_recv_buffer_size(32 * 1024).expect("a smaller buffer");
    listener
}

/// This is more than the buffers of the kernel have room for, so the rest waits before a ping.
const BACKLOG: usize = 1024;

#[test]
fn peer_that_reads_slowly_is_not_reported() {
    const TIMEOUT: Duration = Duration::from_secs(1);
    on_both_drivers(|host| {
        let server = Server::on(narrow(), |mut peer| {
            peer.upgrade();
            let begun = Instant::now();
            let mut messages = 0;
            let ping = loop {
                let frame = peer.read();
                match frame.opcode {
                    PING => break frame,
                    _ => messages += 1,
                }
                if messages % 8 == 0 {
                    thread::sleep(Duration::from_millis(20)); // reads slowly
                }
            };
            let took = begun.elapsed();
            assert!(took > 2 * TIMEOUT, "the ping came after {took:?} and {messages} messages: nothing was shown");
            peer.send(&Frame::pong(ping.payload));
            while messages < BACKLOG {
                let frame = peer.read();
                match frame.opcode {
                    BINARY => messages += 1,
                    _ => peer.send(&Frame::pong(frame.payload)),
                }
            }
            close(peer);
        });
        let socket = host.connect_with(server.port(), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (50, TIMEOUT.as_millis() as u32);
            options.max_send_buffer_bytes = 2 * 1024 * 1024;
        });
        socket.wait_open();
        for _ in 0..BACKLOG {
            assert_eq!(socket.send_binary(&[7; 1024]), EGRET_WS_OK);
        }
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!((report.unsent_messages, socket.stats().messages_sent), (0, BACKLOG as u64));
        finish(host, server);
    });
}

#[test]
fn peer_that_stops_reading_is_reported() {
    on_both_drivers(|host| {
        let server = Server::on(narrow(), |mut peer| {
            peer.upgrade();
            peer.stream().peek(&mut [0]).expect("the backlog begins");
            peer
        });
        let socket = host.connect_with(server.port(), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (50, 100);
            options.max_send_buffer_bytes = 8 * 1024 * 1024;
        });
        socket.wait_open();
        for _ in 0..7 * 1024 {
            assert_eq!(socket.send_binary(&[7; 1024]), EGRET_WS_OK);
        }
        let report = socket.wait_closed();
        expect_heartbeat_timeout(&report);
        assert!(report.unsent_messages > 0, "{report:#?}");
        assert_eq!(report.unsent_bytes, u64::from(report.unsent_messages) * 1024, "{report:#?}");
        drop(server.finish());
    });
}

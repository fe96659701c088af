//! The heartbeat: a silent peer is reported after the time-out, and not before. A peer that answers is not reported.

use crate::reconnect_server::{finish, serve};
use ::egret_ws::*;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Loop, Socket, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::frame::{Frame, PING, TEXT};
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};
use test_support::timing;

/// Connects with a ping interval and a pong time-out, in milliseconds.
fn connect<'a>(host: &'a Loop, port: u16, interval: u32, timeout: u32) -> Socket<'a> {
    host.connect_with(port, |options| (options.ping_interval_ms, options.pong_timeout_ms) = (interval, timeout))
}

#[track_caller]
pub fn expect_heartbeat_timeout(report: &CloseReport) {
    report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
    assert_eq!((report.http_status, report.code, report.sent_code), (101, 1006, 0), "{report:#?}");
}

#[track_caller]
pub fn read_ping(peer: &mut Peer) -> Frame {
    let ping = peer.read(); // `read` checks that the frame is masked
    assert!(ping.opcode == PING && ping.fin && ping.payload.len() <= 125, "{ping:?}");
    ping
}

#[track_caller]
pub fn answer_ping(peer: &mut Peer) {
    let ping = read_ping(peer);
    peer.send(&Frame::pong(ping.payload));
}

/// Makes the closing handshake from the server's side. A ping may already be in transit.
#[track_caller]
pub fn close(mut peer: Peer) {
    peer.send(&Frame::close(4000, ""));
    while peer.read().opcode == PING {}
    peer.expect_silence();
}

#[test]
fn a_silent_peer_is_reported_in_time() {
    for driver in DRIVERS {
        println!("{driver:?}");
        timing::assert_duration(Duration::from_millis(250), || {
            let host = Loop::new(driver);
            let server = Server::start(|mut peer| {
                peer.upgrade();
                read_ping(&mut peer);
                peer.expect_end(); // one ping, then no Close frame, which the peer would not read
            });
            // Before this moment, the client has received something.
            let begun = Instant::now();
            let socket = connect(&host, server.port(), 100, 150);
            let report = socket.wait_closed();
            let took = begun.elapsed();
            expect_heartbeat_timeout(&report);
            assert_eq!(socket.events().len(), 2, "{:?}", socket.events());
            server.finish();
            took
        });
    }
}

#[test]
fn peer_that_answers_pings_is_not_reported() {
    const INTERVAL: Duration = Duration::from_millis(30);
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let mut before = Instant::now();
            peer.upgrade();
            for _ in 0..12 {
                let ping = read_ping(&mut peer);
                assert!(before.elapsed() >= INTERVAL, "a ping came {:?} after received bytes", before.elapsed());
                before = Instant::now();
                peer.send(&Frame::pong(ping.payload));
            }
            close(peer);
        });
        let socket = connect(host, server.port(), INTERVAL.as_millis() as u32, 2000);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        server.finish();
    });
}

#[test]
fn any_byte_received_resets_the_heartbeat() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let text = Frame::text("slow").bytes();
            for byte in text {
                read_ping(&mut peer); // there is another one only if the client has received the byte before
                peer.write([byte]);
            }
            read_ping(&mut peer);
            peer.send(&Frame::ping("a ping of the server"));
            assert_eq!(peer.read().payload, b"a ping of the server");
            read_ping(&mut peer);
            close(peer);
        });
        let socket = connect(host, server.port(), 30, 2000);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!(socket.messages(), [Event::Text("slow".into())]);
        server.finish();
    });
}

#[test]
fn no_ping_while_data_flows() {
    const INTERVAL: Duration = Duration::from_millis(250);
    // If the server was delayed for that long, the client must send a ping, and the round proves nothing.
    let flowed = |host: &Loop| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let (begun, mut before, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
            while begun.elapsed() < 3 * INTERVAL {
                peer.send(&Frame::text("tick"));
                thread::sleep(Duration::from_millis(20)); // between two pieces of data
                longest = longest.max(before.elapsed());
                before = Instant::now();
            }
            peer.send(&Frame::close(1000, ""));
            (peer.read().opcode, longest)
        });
        let socket = connect(host, server.port(), INTERVAL.as_millis() as u32, 2000);
        socket.wait_closed();
        let (opcode, longest) = server.finish();
        assert!(opcode != PING || longest >= INTERVAL / 2, "a ping came although data came every {longest:?}");
        opcode != PING
    };
    on_both_drivers(|host| assert!((0..8).any(|_| flowed(host)), "the server was held up each time"));
}

#[test]
fn the_interval_begins_with_the_last_byte() {
    const INTERVAL: Duration = Duration::from_millis(300);
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let mut received_at = Instant::now();
            peer.upgrade();
            loop {
                thread::sleep(INTERVAL * 3 / 10); // the idleness before the byte
                let begun = Instant::now();
                peer.send(&Frame::text("tick"));
                let was_in_time = received_at.elapsed() < INTERVAL; // otherwise a ping may already be in transit
                let ping = read_ping(&mut peer);
                if was_in_time {
                    assert!(begun.elapsed() >= INTERVAL, "a ping {:?} after a byte", begun.elapsed());
                    return close(peer);
                }
                received_at = Instant::now();
                peer.send(&Frame::pong(ping.payload));
            }
        });
        let socket = connect(host, server.port(), INTERVAL.as_millis() as u32, 2000);
        assert_eq!(socket.wait_closed().code, 4000);
        server.finish();
    });
}

#[test]
fn sent_data_does_not_reset_the_heartbeat() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            while peer.read().opcode == TEXT {} // until the ping
            peer.read_to_end();
        });
        let socket = connect(host, server.port(), 50, 50);
        socket.wait_open();
        // A send is refused after the end.
        host.wait_until("the end", || {
            socket.send_text("is anybody there?");
            matches!(socket.events().last(), Some(Event::Close(_)))
        });
        expect_heartbeat_timeout(&socket.wait_closed());
        server.finish();
    });
}

#[test]
fn without_a_pong_timeout_pings_continue_and_no_connection_ends() {
    const INTERVAL: Duration = Duration::from_millis(30);
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let begun = Instant::now();
            for _ in 0..6 {
                read_ping(&mut peer);
            }
            assert!(begun.elapsed() >= 5 * INTERVAL, "six pings in {:?}", begun.elapsed());
            peer.send(&Frame::text("I answer no pings"));
            for _ in 0..3 {
                read_ping(&mut peer);
            }
            close(peer);
        });
        let socket = connect(host, server.port(), INTERVAL.as_millis() as u32, u32::MAX);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        assert_eq!(socket.messages(), [Event::Text("I answer no pings".into())]);
        assert_eq!(socket.stats().rtt_us, 0, "no pong has come");
        server.finish();
    });
}

#[test]
fn without_an_interval_no_ping_is_sent() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            let mut peer = connections.open();
            crate::reconnect_server::expect_no_data(&mut peer, Duration::from_millis(300));
            peer.close(4000);
        });
        // The deadline is short: if a ping was sent and not answered, the deadline would end the connection.
        let socket = connect(host, server.port(), u32::MAX, 30);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.code), (EGRET_WS_OK, 4000), "{report:#?}");
        finish(host, server);
    });
}

//! Faults of the network that a relay injects. The host gets a report of each fault, and the socket connects again.
#![cfg(unix)]

mod client;
mod resend;
mod stalls;

use ::egret_ws::*;
use client::{CEILING_MS, Client, Event, FIRST_MS, FLOOR_MS};
use std::sync::mpsc;
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver};
use test_support::close_report::CloseReport;
use test_support::fingerprint::Fingerprint;
use test_support::frame::Frame;
use test_support::listener_client::EventLoop;
use test_support::recording_server::{ECHOING, Server};
use test_support::relay::{BOTH_DIRECTIONS, Direction, Fault, Relay};
use test_support::scripted_server::Server as RawServer;

/// Runs a test once on each driver, each time with a fresh loop.
fn on_both_drivers(test: impl Fn(&EventLoop)) {
    for driver in DRIVERS {
        println!("driver: {driver:?}"); // shown when the test fails
        test(&EventLoop::new(driver, |_| {}));
    }
}

/// Checks that after a fault on_retry is called once, the socket connects, and its messages pass.
#[track_caller]
fn expect_reconnect(client: &Client) -> CloseReport {
    let (report, attempt, delay_ms) = client.wait_retry(1);
    assert_eq!(attempt, 1);
    assert!((FLOOR_MS..=FIRST_MS).contains(&delay_ms), "{delay_ms} ms");
    client.wait_connected(2);
    let stats = client.ws.stats();
    assert_eq!((client.ws.generation(), stats.connections, stats.retries), (2, 2, 1));
    client.send("back");
    client.wait("the echo", |history| history.messages().last() == Some(&Fingerprint::text("back")));
    client.close();
    assert_eq!(client.history().retries().len(), 1);
    report
}

/// Injects one fault into a connection that is open and idle.
#[track_caller]
fn expect_loss_by(fault: Fault) -> Vec<CloseReport> {
    let reports = DRIVERS.map(|driver| {
        println!("{fault:?}, driver: {driver:?}");
        let host = EventLoop::new(driver, |_| {});
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        let client = Client::open(&host, relay.port(), |_| {});
        assert!(relay.inject(1, fault));
        let report = expect_reconnect(&client);
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code, report.unsent_messages), (1006, 0, 0), "{report:#?}");
        assert_eq!((relay.accepted(), server.upgraded()), (2, 2));
        client.wait("the end of the first connection", |_| !relay.alive().contains(&1));
        report
    });
    reports.into()
}

#[test]
fn a_cut() {
    for report in expect_loss_by(Fault::Cut) {
        assert_eq!(report.os_error, 0, "{report:#?}");
    }
}

#[test]
fn a_reset() {
    for report in expect_loss_by(Fault::Reset) {
        assert_eq!(report.os_error, libc::ECONNRESET, "{report:#?}");
    }
}

#[test]
fn a_half_close_is_an_end_without_a_close_frame() {
    for direction in BOTH_DIRECTIONS {
        for report in expect_loss_by(Fault::HalfClose(direction)) {
            assert!(report.message.contains("without a Close frame"), "{report:#?}");
        }
    }
}

#[test]
fn cut_within_the_upgrade_response() {
    for at in [0, 1, 12, 100] {
        on_both_drivers(|host| {
            let server = Server::start(ECHOING);
            let relay = Relay::start(server.port());
            relay.inject_in_next(&[Fault::CutAt(Direction::ToClient, at)]);
            let client = Client::begin(host, relay.port(), |_| {});
            let (report, attempt, _) = client.wait_retry(1);
            report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
            assert_eq!((attempt, report.http_status), (1, 0), "{report:#?}");
            client.wait_connected(1);
            assert_eq!(client.ws.stats().connections, 1, "the first was never made");
            client.close();
            assert_eq!(client.history().retries().len(), 1);
        });
    }
}

#[test]
fn frame_of_the_server_that_is_cut_is_not_delivered() {
    const PAYLOAD: [u8; 300] = [7; 300];
    const FRAME: u64 = 304;
    for at in [1, 2, 3, 4, 5, 150, FRAME - 1, FRAME] {
        on_both_drivers(|host| {
            let server = Server::start(ECHOING);
            let relay = Relay::start(server.port());
            let client = Client::open(host, relay.port(), |options| options.flags = EGRET_WS_DISABLE_DEFLATE);
            assert!(relay.inject(1, Fault::CutAt(Direction::ToClient, relay.forwarded(1, Direction::ToClient) + at)));
            assert_eq!(client.ws.send(EGRET_WS_BINARY as u8, &PAYLOAD), EGRET_WS_OK);
            let (report, ..) = client.wait_retry(1);
            report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
            let whole: &[Fingerprint] = if at == FRAME { &[Fingerprint::binary(&PAYLOAD)] } else { &[] };
            assert_eq!(client.history().messages(), whole, "cut after {at} bytes");
            assert_eq!((report.unsent_messages, report.unsent_bytes), (0, 0), "it was handed over: {report:#?}");
            expect_reconnect(&client);
        });
    }
}

#[test]
fn frame_of_the_client_that_is_cut_is_not_delivered() {
    const FRAME: u64 = 308;
    for at in [1, 4, 8, 9, FRAME - 1] {
        on_both_drivers(|host| {
            let server = Server::start(ECHOING);
            let relay = Relay::start(server.port());
            let client = Client::open(host, relay.port(), |options| options.flags = EGRET_WS_DISABLE_DEFLATE);
            assert!(relay.inject(1, Fault::CutAt(Direction::ToServer, relay.forwarded(1, Direction::ToServer) + at)));
            assert_eq!(client.ws.send(EGRET_WS_BINARY as u8, &[7; 300]), EGRET_WS_OK);
            expect_reconnect(&client);
            assert!(server.take_ended(1).expect("it has ended").messages.is_empty(), "cut after {at} bytes");
            assert_eq!(client.history().messages(), [Fingerprint::text("back")]);
        });
    }
}

#[test]
fn data_in_single_bytes_is_delivered() {
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        relay.inject_in_next(&BOTH_DIRECTIONS.map(|direction| Fault::Bytewise(direction, u64::MAX)));
        let client = Client::open(host, relay.port(), |_| {});
        let texts = ["", "ü", &"a longer one, to be deflated; ".repeat(60)];
        for text in texts {
            client.send(text);
        }
        client.wait("the echoes", |history| history.messages().len() == texts.len());
        assert_eq!(client.history().messages(), texts.map(Fingerprint::text));
        client.close();
        assert_eq!(client.history().retries(), []);
    });
}

#[test]
fn refusing_server_is_retried_until_it_accepts() {
    const REFUSALS: usize = 6;
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        let client = Client::open(host, relay.port(), |_| {});
        relay.refuse(true);
        assert!(relay.inject(1, Fault::Cut));
        client.wait_retry(1 + REFUSALS);
        relay.refuse(false);
        client.wait_connected(2);
        for (at, (report, attempt, delay_ms)) in client.history().retries().iter().enumerate() {
            let error = if at == 0 { EGRET_WS_ERR_CONNECTION_LOST } else { EGRET_WS_ERR_CONNECT };
            let phase = if at == 0 { EGRET_WS_PHASE_OPEN } else { EGRET_WS_PHASE_CONNECT };
            report.expect(error, phase, EGRET_WS_INITIATOR_TRANSPORT);
            assert_eq!(report.os_error, if at == 0 { 0 } else { libc::ECONNREFUSED }, "{report:#?}");
            assert_eq!(*attempt as usize, at + 1, "each try in a row counts");
            let most = (FIRST_MS << at.min(8)).min(CEILING_MS);
            assert!((FLOOR_MS..=most).contains(delay_ms), "try {attempt}: {delay_ms} ms");
        }
        let stats = client.ws.stats();
        let retries = client.history().retries().len();
        assert_eq!((stats.connections, stats.retries as usize), (2, retries));
        client.close();
    });
}

#[test]
fn the_attempts_are_counted_and_the_last_one_is_reported() {
    const ATTEMPTS: u32 = 3;
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        let client = Client::open(host, relay.port(), |options| options.retry_attempts = ATTEMPTS);
        relay.refuse(true);
        assert!(relay.inject(1, Fault::Reset));
        let report = client.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        let attempts: Vec<_> = client.history().retries().iter().map(|(_, attempt, _)| *attempt).collect();
        assert_eq!(attempts, [1, 2, 3]);
        assert_eq!(client.ws.stats().retries, ATTEMPTS);
    });
}

/// Connections that were begun one after the other are served in another order.
#[test]
fn connections_are_served_out_of_order() {
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        relay.hold(true);
        let first = Client::begin(host, relay.port(), |_| {});
        first.wait("the first to be held", |_| relay.held() == [1]);
        let second = Client::begin(host, relay.port(), |_| {});
        second.wait("the second to be held", |_| relay.held() == [1, 2]);
        for (client, number, served) in [(&second, 2, "1"), (&first, 1, "2")] {
            assert!(client.history().events.is_empty());
            relay.serve(number);
            client.wait_connected(1);
            assert_eq!(client.ws.header(test_support::recording_server::NUMBER).as_deref(), Some(served));
            client.send(served);
            client.wait("the echo", |history| history.messages() == [Fingerprint::text(served)]);
        }
        first.close();
        second.close();
    });
}

/// Several faults, one after the other, of connecting and connected sockets.
#[test]
fn consecutive_faults() {
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        for fault in [
            Fault::CutAt(Direction::ToServer, 0),
            Fault::CutAt(Direction::ToClient, 40),
            Fault::CutAt(Direction::ToServer, 60),
        ] {
            relay.inject_in_next(&[fault]);
        }
        let client = Client::begin(host, relay.port(), |_| {});
        client.wait_connected(1);
        assert!(relay.inject(4, Fault::Reset));
        client.wait_connected(2);
        let history: Vec<_> = client.history().events.iter().map(|(_, event)| event.clone()).collect();
        assert!(matches!(
            &history[..],
            [
                Event::Retry { attempt: 1, .. },
                Event::Retry { attempt: 2, .. },
                Event::Retry { attempt: 3, .. },
                Event::Connect(1),
                Event::Retry { attempt: 4, .. },
                Event::Connect(2)
            ]
        ));
        client.close();
    });
}

/// Until on_connect, the socket is connecting for the host, whatever the server has sent. (This is tested only with an I/O
/// thread, because without one the library reads only in a poll.)
#[test]
fn close_frame_before_on_connect() {
    let host = EventLoop::new(Driver::Threaded, |_| {});
    let (closing, is_closing) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let server = RawServer::start(move |mut peer| {
        let answer = peer.read_request().answer().into_bytes();
        peer.write([answer, Frame::close(1012, "").bytes()].concat());
        assert_eq!(peer.read_close(), 1012);
        closing.send(()).expect("the test waits");
        goes_on.recv_timeout(WAIT_LIMIT).expect("the test continues the server");
        peer.expect_silence();
    });
    let client = Client::begin(&host, server.port(), |_| {});
    is_closing.recv_timeout(WAIT_LIMIT).expect("the client's Close"); // without a single poll
    assert_eq!(client.ws.state(), EGRET_WS_STATE_CONNECTING);
    go_on.send(()).expect("the server waits");
    let (report, ..) = client.wait_retry(1);
    report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
    assert_eq!((report.code, report.sent_code), (1012, 1012));
    let first = client.history().events[0].1.clone();
    assert_eq!(first, Event::Connect(1));
    server.finish();
}

//! Reconnecting: which errors are retried, and which are not, because a retry would fail in the same way.

use crate::reconnect_server::{finish, serve};
use ::egret_ws::*;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::ffi::CString;
use std::io::Read;
use test_support::certificates::{Certificate, EXPIRED, RIGHT, ROOT, SELF_SIGNED, UNKNOWN_ISSUER, WRONG_HOST};
use test_support::client::{Socket, on_both_drivers, set_retry_waits};
use test_support::close_report::CloseReport;
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Request, Server};

/// Sets options with which the library tries again at once, this many times.
pub fn retry_fast(options: &mut egret_ws_options, attempts: u32) {
    options.retry_attempts = attempts;
    set_retry_waits(options, 1, 1, 1);
}

/// An end of a connection: the behaviour of the server, and the expected report: error, phase, initiator, HTTP status, the
/// peer's code and ours.
type End = (&'static str, fn(Peer), (i32, i32, i32, i32, u16, u16));

/// Runs each end, and passes the socket to `check` after the first `on_retry` or `on_close`.
#[track_caller]
fn each(ends: &[End], is_retried: bool) {
    for (what, end, expected) in ends {
        println!("{what}");
        on_both_drivers(|host| {
            let end = *end;
            let server = serve(move |mut connections| {
                end(connections.next());
                if is_retried {
                    connections.open().close(1008); // this is the end, because 1008 is not retried
                }
                connections
            });
            let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
            let report = if is_retried { is_retried_once(&socket) } else { is_not_retried(&socket) };
            report.expect(expected.0, expected.1, expected.2);
            assert_eq!((report.http_status, report.code, report.sent_code), (expected.3, expected.4, expected.5));
            assert_eq!((report.unsent_messages, report.unsent_bytes), (0, 0));
            drop(finish(host, server));
        });
    }
}

/// There is one `on_retry`, and its report is returned. Then the second connection is made.
#[track_caller]
fn is_retried_once(socket: &Socket<'_>) -> CloseReport {
    let report = socket.wait_closed();
    assert_eq!((report.error, report.code), (EGRET_WS_OK, 1008), "{report:#?}");
    let mut events = socket.events();
    if events[0] == Event::Connect {
        events.remove(0);
    }
    let [Event::Retry(retry), Event::Connect, Event::Close(_)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((retry.attempt, retry.delay_ms), (1, 1));
    assert_eq!(socket.stats().retries, 1);
    assert!(!retry.report.message.contains("given up"), "{retry:?}");
    assert!(retry.report.is_retryable() && !report.is_retryable(), "the rule of the header does not agree: {events:?}");
    retry.report.clone()
}

/// There is `on_close` and no `on_retry`.
#[track_caller]
pub fn is_not_retried(socket: &Socket<'_>) -> CloseReport {
    let report = socket.wait_closed();
    let events = socket.events();
    assert!(matches!(&events[..], [Event::Close(_)] | [Event::Connect, Event::Close(_)]), "{events:?}");
    assert_eq!((socket.stats().retries, socket.stats().connections), (0, events.len() as u32 - 1));
    assert!(!report.message.contains("given up"), "there was nothing to give up: {report:?}");
    assert!(!report.is_retryable(), "the rule of the header does not agree: {report:?}");
    report
}

const OK: i32 = EGRET_WS_OK;
const LOST: i32 = EGRET_WS_ERR_CONNECTION_LOST;
const REFUSED: i32 = EGRET_WS_ERR_HTTP_STATUS;
const HANDSHAKE: i32 = EGRET_WS_PHASE_HANDSHAKE;
const OPEN: i32 = EGRET_WS_PHASE_OPEN;
const CLOSING: i32 = EGRET_WS_PHASE_CLOSING;
const LOCAL: i32 = EGRET_WS_INITIATOR_LOCAL;
const PEER: i32 = EGRET_WS_INITIATOR_PEER;
const TRANSPORT: i32 = EGRET_WS_INITIATOR_TRANSPORT;

fn closes(mut peer: Peer, code: u16) {
    peer.upgrade();
    peer.close(code);
}

fn answers(mut peer: Peer, status: &str) {
    peer.read_request();
    peer.write(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
    peer.expect_end();
}

/// Violates the protocol, and gets the Close frame with the code.
fn offends(mut peer: Peer, frame: &Frame, code: u16) {
    peer.upgrade();
    peer.send(frame);
    assert_eq!(peer.read_close(), code);
    peer.expect_silence();
}

#[test]
fn temporary_failures_are_retried() {
    each(
        &[
            ("end of the stream", |mut peer| drop(peer.upgrade()), (LOST, OPEN, TRANSPORT, 101, 1006, 0)),
            ("1000", |peer| closes(peer, 1000), (OK, CLOSING, PEER, 101, 1000, 1000)),
            ("1001", |peer| closes(peer, 1001), (OK, CLOSING, PEER, 101, 1001, 1001)),
            ("1011", |peer| closes(peer, 1011), (OK, CLOSING, PEER, 101, 1011, 1011)),
            ("1012", |peer| closes(peer, 1012), (OK, CLOSING, PEER, 101, 1012, 1012)),
            ("1013", |peer| closes(peer, 1013), (OK, CLOSING, PEER, 101, 1013, 1013)),
            ("4000", |peer| closes(peer, 4000), (OK, CLOSING, PEER, 101, 4000, 4000)),
            ("end during the upgrade", |mut peer| drop(peer.read_request()), (LOST, HANDSHAKE, TRANSPORT, 0, 1006, 0)),
            ("500", |peer| answers(peer, "500 Oh"), (REFUSED, HANDSHAKE, PEER, 500, 1006, 0)),
            ("503", |peer| answers(peer, "503 Busy"), (REFUSED, HANDSHAKE, PEER, 503, 1006, 0)),
            ("429", |peer| answers(peer, "429 Slow down"), (REFUSED, HANDSHAKE, PEER, 429, 1006, 0)),
            ("502", |peer| answers(peer, "502 Bad"), (REFUSED, HANDSHAKE, PEER, 502, 1006, 0)),
            ("200", |peer| answers(peer, "200 Fine"), (REFUSED, HANDSHAKE, PEER, 200, 1006, 0)),
        ],
        true,
    );
}

#[test]
fn reset_is_retried() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            let mut peer = connections.open();
            peer.send(&Frame::text("send me something"));
            peer.reset();
            connections.open().close(1008);
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
        socket.wait_messages(1);
        assert_eq!(socket.send_text("here"), EGRET_WS_OK);
        let report = socket.wait_retry(1).report;
        report.expect(LOST, OPEN, TRANSPORT);
        assert!(report.is_retryable());
        assert_ne!(report.os_error, 0, "{report:#?}");
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
    });
}

#[test]
fn timeout_is_retried() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            let mut silent = connections.next();
            silent.read_request();
            silent.expect_end();
            connections.open().close(1008);
        });
        let socket = host.connect_with(server.port(), |options| {
            retry_fast(options, 3);
            options.handshake_timeout_ms = 500;
        });
        let report = socket.wait_retry(1).report;
        report.expect(EGRET_WS_ERR_TIMEOUT, HANDSHAKE, TRANSPORT);
        assert!(report.is_retryable());
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
    });
}

#[test]
fn permanent_failures_are_not_retried() {
    each(
        &[
            ("401", |peer| answers(peer, "401 Who"), (REFUSED, HANDSHAKE, PEER, 401, 1006, 0)),
            ("403", |peer| answers(peer, "403 No"), (REFUSED, HANDSHAKE, PEER, 403, 1006, 0)),
            ("404", |peer| answers(peer, "404 Where"), (REFUSED, HANDSHAKE, PEER, 404, 1006, 0)),
            ("407", |peer| answers(peer, "407 Who"), (REFUSED, HANDSHAKE, PEER, 407, 1006, 0)),
            ("410", |peer| answers(peer, "410 Gone"), (REFUSED, HANDSHAKE, PEER, 410, 1006, 0)),
            ("1002", |peer| closes(peer, 1002), (OK, CLOSING, PEER, 101, 1002, 1002)),
            ("1007", |peer| closes(peer, 1007), (OK, CLOSING, PEER, 101, 1007, 1007)),
            ("1008", |peer| closes(peer, 1008), (OK, CLOSING, PEER, 101, 1008, 1008)),
            ("1009", |peer| closes(peer, 1009), (OK, CLOSING, PEER, 101, 1009, 1009)),
            (
                "ours: 1002",
                |peer| offends(peer, &Frame::text("x").rsv(7), 1002),
                (EGRET_WS_ERR_PROTOCOL, OPEN, LOCAL, 101, 1006, 1002),
            ),
            (
                "ours: 1007",
                |peer| offends(peer, &Frame::text([0xff]), 1007),
                (EGRET_WS_ERR_INVALID_UTF8, OPEN, LOCAL, 101, 1006, 1007),
            ),
            (
                "ours: 1009",
                |peer| offends(peer, &Frame::binary(vec![0; EGRET_WS_MAX_MESSAGE_BYTES as usize + 1]), 1009),
                (EGRET_WS_ERR_MESSAGE_TOO_BIG, OPEN, LOCAL, 101, 1006, 1009),
            ),
        ],
        false,
    );
}

#[test]
fn proxy_that_refuses_the_password_is_not_retried() {
    on_both_drivers(|host| {
        let proxy = Server::start(|mut peer| {
            Request::read(peer.stream());
            peer.write("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n");
            peer.expect_end();
        });
        let url = CString::new(format!("http://127.0.0.1:{}", proxy.port())).expect("no NUL");
        let socket = host.open_url("ws://echo.test/", |options| {
            retry_fast(options, 3);
            options.proxy = url.as_ptr();
        });
        let report = is_not_retried(&socket.expect("the connect call succeeds"));
        report.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, PEER);
        assert_eq!(report.http_status, 407);
        proxy.finish();
    });
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn unmatched_pin_is_not_retried_but_a_broken_tls_handshake_is() {
    let pins = CString::new(EXPIRED.pin()).expect("no NUL");
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            drop(connections.next()); // instead of TLS
            refused_by_tls(connections.next(), &RIGHT);
        });
        let socket = host.open_url(format!("wss://127.0.0.1:{}/", server.port()), |options| {
            retry_fast(options, 3);
            options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE; // pins are checked nevertheless
            options.tls_pins = pins.as_ptr();
        });
        let socket = socket.expect("the connect call succeeds");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_TLS_PIN, EGRET_WS_PHASE_TLS, LOCAL);
        let events = socket.events();
        let [Event::Retry(first), Event::Close(_)] = &events[..] else { panic!("{events:?}") };
        first.report.expect(LOST, EGRET_WS_PHASE_TLS, TRANSPORT);
        assert!(first.report.is_retryable() && !report.is_retryable());
        finish(host, server);
    });
}

/// The server's side of a TLS connection that the client refuses.
fn refused_by_tls(mut peer: Peer, certificate: &Certificate) {
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).expect("an acceptor");
    acceptor.set_certificate_chain_file(certificate.chain()).expect("a certificate");
    acceptor.set_private_key_file(certificate.key(), SslFiletype::PEM).expect("its key");
    // No bytes come after the handshake, whether it succeeds or not.
    if let Ok(mut stream) = acceptor.build().accept(&mut *peer.stream()) {
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "a request was sent");
    }
}

/// The clock of a machine may be wrong for some time, and a server renews its certificate. The name and the issuer do not change.
#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn certificates_are_retried_if_time_can_make_them_right() {
    let roots = CString::new(ROOT.pem()).expect("no NUL");
    let rows: [(&Certificate, i32, bool); 4] = [
        (&WRONG_HOST, EGRET_WS_ERR_TLS_HOST, false),
        (&UNKNOWN_ISSUER, EGRET_WS_ERR_TLS_ISSUER, false),
        (&SELF_SIGNED, EGRET_WS_ERR_TLS_ISSUER, false),
        (&EXPIRED, EGRET_WS_ERR_TLS_EXPIRED, true),
    ];
    for (certificate, error, is_retried) in rows {
        on_both_drivers(|host| {
            let server = serve(move |mut connections| {
                for _ in 0..=u32::from(is_retried) {
                    refused_by_tls(connections.next(), certificate);
                }
            });
            let socket = host.open_url(format!("wss://127.0.0.1:{}/", server.port()), |options| {
                retry_fast(options, 1);
                options.flags = EGRET_WS_ONLY_THESE_ROOTS;
                (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
            });
            let socket = socket.expect("the connect call succeeds");
            let report = socket.wait_closed();
            report.expect(error, EGRET_WS_PHASE_TLS, LOCAL);
            assert_eq!((socket.stats().retries > 0, report.is_retryable()), (is_retried, is_retried), "{report:?}");
            finish(host, server);
        });
    }
}

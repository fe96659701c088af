//! Servers without TLS, with incomplete handshakes, or with handshakes in pieces.

use crate::LIBRARY;
use crate::hosts::{TlsLibrary, on_both_drivers, words};
use crate::relay::{Damage, relay};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::certificates::RIGHT;
use test_support::close_report::CloseReport;
use test_support::recorder::Event;
use test_support::response::address;
use test_support::scripted_server::{Peer, Server};

/// Connects with TLS to this server. The connection fails, and `check` gets the report.
#[track_caller]
fn meets(server: impl Fn(Peer) + Clone + Send + 'static, check: impl Fn(&CloseReport)) {
    on_both_drivers(|host| {
        let server = Server::start(server.clone());
        let report = host.connect_port(server.port(), &Settings::trusting()).wait_closed();
        check(&report);
        assert_eq!((report.code, report.sent_code, report.http_status), (1006, 0, 0));
        server.finish();
    });
}

fn not_tls(report: &CloseReport) {
    report.expect(EGRET_WS_ERR_TLS, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
    assert!(report.message.starts_with("the TLS handshake failed: "), "{}", report.message);
}

fn broken_off(report: &CloseReport) {
    report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
    assert!(report.message.starts_with("the connection broke during the TLS handshake: "), "{}", report.message);
}

/// Waits for at least a part of the ClientHello.
fn wait_for_hello(peer: &mut Peer) {
    let count = peer.stream().read(&mut [0; 4096]).expect("the client's hello");
    assert!(count > 0, "the client disconnected");
}

#[test]
fn a_server_without_tls() {
    meets(
        |mut peer| {
            wait_for_hello(&mut peer);
            peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            peer.read_to_end();
        },
        |report| {
            not_tls(report);
            let why = if crate::LIBRARY.is_provider() { "not a TLS record" } else { "wrong version number" };
            assert!(report.message.contains(why), "{}", report.message);
            assert!(report.message.contains("does not speak TLS on this port, is ws:// meant?"), "{}", report.message);
            assert!(report.message.contains("`HTTP/1.1 400 Bad Request`"), "{}", report.message);
        },
    );
    // One server sends a few bytes first, and another one closes.
    meets(
        |mut peer| {
            peer.write("+OK\n");
            peer.read_to_end();
        },
        |report| {
            not_tls(report);
            assert!(report.message.contains("is ws:// meant? It sent `+OK`"), "{}", report.message);
        },
    );
    meets(
        |mut peer| {
            wait_for_hello(&mut peer);
            peer.finish_writing();
            peer.read_to_end();
        },
        |report| {
            broken_off(report);
            assert!(report.message.contains("if it does not speak TLS on this port, use ws://"), "{}", report.message);
        },
    );
}

#[test]
fn garbage() {
    for garbage in [&[0; 64][..], &[0xff; 64], b"SSH-2.0-OpenSSH_9.2\r\n", &[0x16, 3, 3, 0xff, 0xff, 1, 2, 3, 4, 5]] {
        meets(
            move |mut peer| {
                wait_for_hello(&mut peer);
                peer.write(garbage);
                peer.read_to_end();
            },
            not_tls,
        );
    }
}

/// The server sends the fatal alert `handshake_failure` instead of a hello.
#[test]
fn an_alert() {
    meets(
        |mut peer| {
            wait_for_hello(&mut peer);
            peer.write([0x15, 3, 3, 0, 2, 2, 40]);
            peer.read_to_end();
        },
        |report| {
            not_tls(report);
            assert!(report.message.contains(words("handshake failure")), "{}", report.message);
        },
    );
}

/// The server sends a close_notify instead of a hello, and does not end the stream.
#[test]
fn a_close_notify() {
    if LIBRARY == TlsLibrary::Rustls {
        return; // it ignores an unauthenticated close_notify, so the time-out ends the handshake
    }
    meets(
        |mut peer| {
            wait_for_hello(&mut peer);
            peer.write([0x15, 3, 3, 0, 2, 1, 0]);
            peer.read_to_end();
        },
        not_tls,
    );
}

#[test]
fn connection_closed_during_the_handshake() {
    meets(|mut peer| wait_for_hello(&mut peer), broken_off);
    meets(Peer::reset, |report| {
        broken_off(report);
        assert_eq!(report.os_error, libc::ECONNRESET);
    });
}

/// The bytes of the server end at each position of its part of the handshake.
#[test]
fn a_handshake_that_breaks_off() {
    let server = servers::haproxy(&RIGHT, "");
    for count in [1, 5, 100, 400, 800] {
        let port = relay(server.port(), Damage::End(count));
        on_both_drivers(|host| {
            let report = host.connect_port(port, &Settings::trusting()).wait_closed();
            println!("after {count} bytes");
            broken_off(&report);
        });
    }
}

#[test]
fn a_handshake_in_pieces() {
    let server = servers::haproxy(&RIGHT, "");
    let port = relay(server.port(), Damage::Pieces);
    on_both_drivers(|host| {
        let socket = host.connect_port(port, &Settings::trusting());
        socket.wait_open();
        assert_eq!(socket.send_binary(&[7; 5000]), EGRET_WS_OK);
        assert_eq!(socket.wait_messages(1), [Event::Binary(vec![7; 5000])]);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
    });
}

#[test]
fn silent_server_times_out() {
    let never_accepts = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = servers::haproxy(&RIGHT, "");
    let silent = [
        (never_accepts.local_addr().expect("the port").port(), 0),
        (relay(server.port(), Damage::Silence(3)), 0),
        // The version is known if the first bytes of the server have arrived in time.
        (relay(server.port(), Damage::Silence(500)), EGRET_WS_TLS_1_3),
    ];
    on_both_drivers(|host| {
        for (port, version) in silent {
            let begun = Instant::now();
            let socket = host.connect_port(port, &Settings::trusting().timeout_ms(150));
            let report = socket.wait_closed();
            report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
            assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
            let stats = socket.stats();
            assert_eq!(address(&stats), format!("127.0.0.1:{port}"));
            assert!([0, version].contains(&stats.tls_version) && stats.handshake_us == 0, "{:#x}", stats.tls_version);
            assert!(stats.tls_us >= 100_000, "{} microseconds", stats.tls_us);
        }
    });
}

#[test]
fn close_and_free_during_the_handshake() {
    for how in ["close", "free"] {
        on_both_drivers(|host| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("the port").port();
            listener.set_nonblocking(true).expect("a listener");
            let socket = host.connect_port(port, &Settings::trusting());
            let mut accepted = None;
            host.wait_until("the client's hello", || {
                accepted = accepted.take().or_else(|| listener.accept().ok().map(|(stream, _)| stream));
                accepted.as_ref().is_some_and(|stream| {
                    stream.set_nonblocking(true).expect("a stream");
                    stream.peek(&mut [0]).is_ok_and(|count| count > 0)
                })
            });
            let begun = Instant::now();
            if how == "close" {
                assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
                let report = socket.wait_closed();
                report.expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
            }
            drop(socket);
            let mut stream = accepted.expect("a connection");
            host.wait_until("the end of the stream", || match stream.read(&mut [0; 4096]) {
                Ok(count) => count == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            });
            assert!(begun.elapsed() < WAIT_LIMIT / 2, "{how} took {:?}", begun.elapsed());
        });
    }
}

/// The trusted roots are still being read, and TCP is not connected yet.
#[test]
fn close_and_free_before_the_handshake() {
    let server = servers::haproxy(&RIGHT, "");
    on_both_drivers(|host| {
        drop(host.connect_port(server.port(), &Settings::trusting()));
        let socket = host.connect_port(server.port(), &Settings::trusting());
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_ABORTED);
    });
}

/// The client does not use TLS, but the server does.
#[test]
fn a_url_without_tls() {
    let nginx = servers::nginx(&RIGHT, "");
    on_both_drivers(|host| {
        let report = host.connect_url(&format!("ws://127.0.0.1:{}/", nginx.port()), &Settings::default()).wait_closed();
        report.expect(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_PEER);
        assert_eq!(report.http_status, 400);

        // Other servers answer by an alert, `protocol_version` or `unexpected_message`.
        for alert in [70, 10] {
            let server = Server::start(move |mut peer| {
                peer.read_request();
                peer.write([0x15, 3, 3, 0, 2, 2, alert]);
                peer.read_to_end();
            });
            let report =
                host.connect_url(&format!("ws://127.0.0.1:{}/", server.port()), &Settings::default()).wait_closed();
            report.expect(EGRET_WS_ERR_HANDSHAKE, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL);
            assert!(report.message.contains("TLS"), "{}", report.message);
            server.finish();
        }
    });
}

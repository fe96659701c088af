//! The server's certificate: which certificates are accepted or refused, and with which error.

use crate::hosts::{TlsLibrary, new_loop, on_both_drivers};
use crate::python_server::{BOTH_VERSIONS, Peer};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use test_support::certificates::*;
use test_support::client::{Driver, Socket};
use test_support::response::address;
use test_support::scripted_server::Server;

/// Checks that the certificate is refused with this text of the platform.
#[track_caller]
pub fn refused(socket: &Socket<'_>, error: i32, words: &str) {
    let report = socket.wait_closed();
    report.expect(error, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
    assert!(report.message.starts_with("the server's certificate is not accepted: "), "{}", report.message);
    assert!(report.message.contains(crate::hosts::words(words)), "{}", report.message);
    assert_eq!((report.code, report.sent_code, report.http_status), (1006, 0, 0));
    let stats = socket.stats();
    assert!(!address(&stats).is_empty(), "TCP was connected");
    assert_eq!((stats.handshake_us, stats.http_status), (0, 0), "the stages after TLS did not begin");
}

/// Clients that trust `ROOT` refuse it in every way, and send no request. `EGRET_WS_ACCEPT_ANY_CERTIFICATE` accepts it, and this
/// is logged.
#[track_caller]
fn is_bad(certificate: &Certificate, host_name: &str, error: i32, words: &str, alert: &str) {
    let start = |script| BOTH_VERSIONS.map(|version| Peer::start(certificate, version, script));
    let (listening, closing) = (start("listen"), start("upgrade send 880203e8 frame end"));
    on_both_drivers(|host| {
        let connect = |port, settings: &Settings| host.connect_url(&format!("wss://{host_name}:{port}/"), settings);
        for server in &listening {
            refused(&connect(server.port(), &Settings::trusting()), error, words);
            let client = server.next_report_while_polling(host);
            assert_eq!((client.end.as_str(), client.received.len()), (alert, 0), "{client:?}");
        }
        host.take_log();
        for server in closing.iter().chain(&closing) {
            let report =
                connect(server.port(), &Settings::default().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE)).wait_closed();
            assert_eq!(report.error, EGRET_WS_OK, "{report:#?}");
            let log = host.take_log();
            assert!(
                matches!(&log[..], [line] if line.contains("EGRET_WS_ACCEPT_ANY_CERTIFICATE")),
                "a warning, not {log:?}"
            );
        }
    });
}

#[test]
fn expired() {
    let words = "certificate has expired";
    is_bad(&EXPIRED, "127.0.0.1", EGRET_WS_ERR_TLS_EXPIRED, words, "SSLV3_ALERT_CERTIFICATE_EXPIRED");
}

#[test]
fn not_yet_valid() {
    let words = "certificate is not yet valid";
    let alert = match crate::LIBRARY {
        TlsLibrary::Rustls => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        _ => "SSLV3_ALERT_BAD_CERTIFICATE",
    };
    is_bad(&NOT_YET_VALID, "127.0.0.1", EGRET_WS_ERR_TLS_EXPIRED, words, alert);
}

#[test]
fn another_host() {
    is_bad(&WRONG_HOST, "localhost", EGRET_WS_ERR_TLS_HOST, "hostname mismatch", "SSLV3_ALERT_BAD_CERTIFICATE");
}

#[test]
fn another_address() {
    is_bad(&WRONG_HOST, "127.0.0.1", EGRET_WS_ERR_TLS_HOST, "IP address mismatch", "SSLV3_ALERT_BAD_CERTIFICATE");
}

#[test]
fn with_the_address_as_a_name_only() {
    is_bad(&NAMES_ONLY, "127.0.0.1", EGRET_WS_ERR_TLS_HOST, "IP address mismatch", "SSLV3_ALERT_BAD_CERTIFICATE");
}

#[test]
fn unknown_issuer() {
    let words = "unable to get local issuer certificate";
    is_bad(&UNKNOWN_ISSUER, "127.0.0.1", EGRET_WS_ERR_TLS_ISSUER, words, "TLSV1_ALERT_UNKNOWN_CA");
}

#[test]
fn without_its_intermediate() {
    let words = "unable to get local issuer certificate";
    is_bad(&BROKEN_CHAIN, "127.0.0.1", EGRET_WS_ERR_TLS_ISSUER, words, "TLSV1_ALERT_UNKNOWN_CA");
}

#[test]
fn self_signed() {
    let words = "self-signed certificate";
    is_bad(&SELF_SIGNED, "127.0.0.1", EGRET_WS_ERR_TLS_ISSUER, words, "TLSV1_ALERT_UNKNOWN_CA");
}

/// The certificate is for clients only, and has no name.
#[test]
fn another_purpose() {
    let words = "unsuitable certificate purpose";
    is_bad(&CLIENT, "127.0.0.1", EGRET_WS_ERR_TLS_ISSUER, words, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE");
}

#[test]
fn with_its_intermediate() {
    let server = servers::haproxy(&CHAINED, "");
    on_both_drivers(|host| host.connect_port(server.port(), &Settings::trusting()).wait_open());
}

/// The host of the URL must match the certificate. If `tls_server_name` is set, that name must match instead.
#[test]
fn hosts() {
    let (right, names_only) = (servers::haproxy(&RIGHT, ""), servers::haproxy(&NAMES_ONLY, ""));
    let wrong_host = servers::haproxy(&WRONG_HOST, "");
    on_both_drivers(|host| {
        for name in ["localhost", "LOCALHOST", "127.0.0.1"] {
            host.connect_url(&format!("wss://{name}:{}/", right.port()), &Settings::trusting()).wait_open();
        }
        host.connect_url(&format!("wss://localhost:{}/", names_only.port()), &Settings::trusting()).wait_open();

        let as_if = |port, name: &str| host.connect_port(port, &Settings::trusting().server_name(name));
        for name in ["localhost", "LocalHost", "127.0.0.1", "::1", "0:0::1"] {
            as_if(right.port(), name).wait_open();
        }
        for name in ["localhost.example", "example", "other.example"] {
            refused(&as_if(right.port(), name), EGRET_WS_ERR_TLS_HOST, "hostname mismatch");
        }
        for name in ["127.0.0.2", "::2", "192.0.2.1"] {
            refused(&as_if(right.port(), name), EGRET_WS_ERR_TLS_HOST, "IP address mismatch");
        }
        as_if(names_only.port(), "any.wild.example").wait_open();
        // RFC 9525 section 6.3: a wildcard replaces exactly one label.
        for name in ["wild.example", "too.many.wild.example"] {
            refused(&as_if(names_only.port(), name), EGRET_WS_ERR_TLS_HOST, "hostname mismatch");
        }
        for name in ["other.example", "192.0.2.1"] {
            as_if(wrong_host.port(), name).wait_open();
        }
    });
}

#[test]
fn ipv6_addresses() {
    let listener = match TcpListener::bind("[::1]:0") {
        Err(error) if matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported) => {
            println!("this machine has no IPv6; see `hosts` for how its addresses are compared");
            return;
        }
        listener => listener.expect("a free port"),
    };
    let server = servers::haproxy_on(listener, &RIGHT, "");
    on_both_drivers(|host| {
        let socket = host.connect_url(&format!("wss://[::1]:{}/", server.port()), &Settings::trusting());
        socket.wait_open();
        assert_eq!(address(&socket.stats()), format!("[::1]:{}", server.port()));
    });
}

#[test]
fn invalid_server_names_are_refused_at_once() {
    on_both_drivers(|host| {
        for name in
            ["", "[::1]", ".example", "other..example", "*.example", "other example", "other.example:443", "größe"]
        {
            let made = host.open_url("wss://127.0.0.1:9/", Settings::trusting().server_name(name).set());
            assert_eq!(made.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT), "{name:?}");
            let log = host.take_log();
            assert!(matches!(&log[..], [line] if line.contains("tls_server_name")), "{name:?}: {log:?}");
        }
    });
}

/// The client sends the server name unencrypted. It sends names, but not addresses (RFC 6066 section 3).
#[test]
fn server_name_is_sent() {
    let hello = |host_name: &str, settings: &Settings| {
        let server = Server::start(|mut peer| {
            let mut header = [0; 5];
            peer.stream().read_exact(&mut header).expect("the head of a record");
            let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
            peer.stream().read_exact(&mut hello).expect("the client's hello");
            hello
        });
        let client = new_loop(Driver::Threaded);
        let socket = client.connect_url(&format!("wss://{host_name}:{}/", server.port()), settings);
        assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_CONNECTION_LOST);
        server.finish()
    };
    let has = |hello: &[u8], name: &str| hello.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has(&hello("localhost", &Settings::default()), "localhost"));
    assert!(!has(&hello("127.0.0.1", &Settings::default()), "127.0.0.1"));
    let overridden = hello("localhost", &Settings::default().server_name("other.example"));
    assert!(has(&overridden, "other.example") && !has(&overridden, "localhost"));
}

#[test]
fn the_server_name_is_not_the_host_header() {
    let server = Peer::start(&WRONG_HOST, BOTH_VERSIONS[1], "upgrade send 880203e8 frame end");
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), &Settings::trusting().server_name("other.example"));
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        let received = server.next_report_while_polling(host).received;
        let head = String::from_utf8_lossy(&received);
        assert!(head.contains(&format!("\r\nHost: 127.0.0.1:{}\r\n", server.port())), "{head}");
    });
}

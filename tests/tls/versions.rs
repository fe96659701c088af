//! The versions of TLS.

use crate::hosts::{on_both_drivers, words};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::process::{Command, Stdio};
use test_support::certificates::RIGHT;
use test_support::daemon::Daemon;

#[track_caller]
fn expect_version(server: &Daemon, settings: &Settings, version: u32) {
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), settings);
        socket.wait_open();
        assert_eq!(socket.stats().tls_version, version);
    });
}

#[track_caller]
fn finds_no_common_version(server: &Daemon, settings: &Settings) {
    on_both_drivers(|host| {
        let report = host.connect_port(server.port(), settings).wait_closed();
        report.expect(EGRET_WS_ERR_TLS, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(report.message.starts_with("the TLS handshake failed: "), "{}", report.message);
        assert!(report.message.contains(words("protocol")), "{}", report.message);
    });
}

#[test]
fn tls_1_2_only() {
    let server = servers::nginx(&RIGHT, "ssl_protocols TLSv1.2;");
    expect_version(&server, &Settings::trusting(), EGRET_WS_TLS_1_2);
    expect_version(&server, &Settings::trusting().min_version(EGRET_WS_TLS_1_2), EGRET_WS_TLS_1_2);
    finds_no_common_version(&server, &Settings::trusting().min_version(EGRET_WS_TLS_1_3));
}

#[test]
fn tls_1_3_only() {
    let server = servers::nginx(&RIGHT, "ssl_protocols TLSv1.3;");
    expect_version(&server, &Settings::trusting(), EGRET_WS_TLS_1_3);
    expect_version(&server, &Settings::trusting().min_version(EGRET_WS_TLS_1_2), EGRET_WS_TLS_1_3);
    expect_version(&server, &Settings::trusting().min_version(EGRET_WS_TLS_1_3), EGRET_WS_TLS_1_3);
}

/// The server asks the client for a new ClientHello with another curve: the first one had no key for it (RFC 8446 section 4.1.4).
#[test]
fn hello_retry_request() {
    let server = servers::nginx(&RIGHT, "ssl_protocols TLSv1.3; ssl_ecdh_curve secp384r1;");
    expect_version(&server, &Settings::trusting(), EGRET_WS_TLS_1_3);
}

#[test]
fn tls_1_1_is_refused() {
    let server = servers::nginx(&RIGHT, "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;");
    // Another client can use TLS 1.1 with this server, so the library is the side that refuses it.
    let mut other = Command::new("timeout");
    other.args(["10", "openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", "-connect"]);
    let other = other.arg(format!("127.0.0.1:{}", server.port())).stdin(Stdio::null()).output().expect("openssl runs");
    let printed = String::from_utf8_lossy(&other.stdout);
    assert!(printed.contains("Protocol  : TLSv1.1") && !printed.contains("Cipher is (NONE)"), "{printed}");

    finds_no_common_version(&server, &Settings::trusting());
    finds_no_common_version(&server, &Settings::trusting().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE));
}

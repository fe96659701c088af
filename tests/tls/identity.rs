//! Servers that require the client's certificate, and options that cannot be used.

use crate::hosts::{on_both_drivers, words};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::net::TcpListener;
use test_support::certificates::{CLIENT, RIGHT, ROOT, UNACCEPTED_CLIENT};

/// nginx accepts the TLS handshake without a certificate, and refuses by HTTP.
#[test]
fn required_client_certificate_checked_by_http() {
    let server = servers::nginx(&RIGHT, &servers::nginx_asks_clients());
    on_both_drivers(|host| {
        let known = host.connect_port(server.port(), &Settings::trusting().identity(&CLIENT));
        known.wait_open();
        for settings in [Settings::trusting(), Settings::trusting().identity(&UNACCEPTED_CLIENT)] {
            let report = host.connect_port(server.port(), &settings).wait_closed();
            report.expect(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_PEER);
            assert_eq!(report.http_status, 400);
        }
    });
}

/// HAProxy ends the handshake. With TLS 1.3, the client has already ended its own part then (RFC 8446 section 4.4.2.4).
#[test]
fn required_client_certificate_checked_by_tls() {
    for (version, phase, alerts) in [
        ("TLSv1.2", EGRET_WS_PHASE_TLS, ["handshake failure", "unknown ca"]),
        ("TLSv1.3", EGRET_WS_PHASE_HANDSHAKE, ["certificate required", "unknown ca"]),
    ] {
        let parameters = format!("{} ssl-min-ver {version} ssl-max-ver {version}", servers::haproxy_asks_clients());
        let server = servers::haproxy(&RIGHT, &parameters);
        on_both_drivers(|host| {
            let known = host.connect_port(server.port(), &Settings::trusting().identity(&CLIENT));
            known.wait_open();
            let refused_clients = [Settings::trusting(), Settings::trusting().identity(&UNACCEPTED_CLIENT)];
            for (settings, alert) in refused_clients.iter().zip(alerts) {
                let report = host.connect_port(server.port(), settings).wait_closed();
                report.expect(EGRET_WS_ERR_TLS, phase, EGRET_WS_INITIATOR_TRANSPORT);
                assert!(report.message.contains(words(alert)), "{version}: {}", report.message);
            }
        });
    }
}

#[test]
fn invalid_identities_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the port").port();
    let pkcs12 = CLIENT.pkcs12("open sesame");
    let cut = pkcs12[..pkcs12.len() / 2].to_vec();
    let pem = ROOT.pem();
    let bad = [
        (Settings::default().roots("no certificate at all"), "`tls_roots` cannot be used"),
        (Settings::default().roots([0, 0xff, 0x30, 0x82]), "`tls_roots` cannot be used"),
        (Settings::default().roots(&pem.as_bytes()[..pem.len() / 2]), "`tls_roots` cannot be used"),
        (Settings::default().roots(pem.replacen('M', "N", 1)), "`tls_roots` cannot be used"),
        (
            Settings::trusting().pkcs12(pkcs12, "close sesame"),
            "`tls_identity_password` is not the password of `tls_identity`",
        ),
        (Settings::trusting().pkcs12(cut, "open sesame"), "`tls_identity` cannot be used"),
        (Settings::trusting().pkcs12(b"garbage".to_vec(), ""), "`tls_identity` cannot be used"),
    ];
    on_both_drivers(|host| {
        for (settings, reason) in &bad {
            let report = host.connect_port(port, settings).wait_closed();
            report.expect(EGRET_WS_ERR_TLS_OPTIONS, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
            let subject =
                if crate::LIBRARY.is_provider() { "the TLS provider cannot use the TLS options: " } else { "" };
            assert!(report.message.starts_with(&format!("{subject}{reason}")), "{}", report.message);
            assert!(!report.message.contains("sesame"), "{}", report.message);
        }
        let trusts_nothing =
            host.open_url("wss://127.0.0.1:9/", Settings::default().flags(EGRET_WS_ONLY_THESE_ROOTS).set());
        assert_eq!(trusts_nothing.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT), "nothing would be trusted");
    });
}

//! The details of TLS that the host can read: the certificates of the server, the cipher and the protocol of ALPN.

use crate::hosts::on_both_drivers;
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use native_tls::Certificate as Parsed;
use std::sync::{Arc, Mutex};
use test_support::certificates::*;
use test_support::recorder::Event;
use test_support::response::{self, TlsDetails};

/// Returns the certificates that a server with this certificate sends, in DER.
fn sent_by(certificate: &Certificate) -> Vec<Vec<u8>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let pem = certificate.pem();
    let parse = |rest: &str| {
        let parsed = Parsed::from_pem(format!("{BEGIN}{rest}").as_bytes()).expect("a certificate");
        parsed.to_der().expect("a certificate in DER")
    };
    pem.split(BEGIN).skip(1).map(parse).collect()
}

#[test]
fn chain_cipher_and_protocol_of_a_connection() {
    for (parameters, version, cipher) in [
        ("alpn http/1.1 ciphersuites TLS_AES_256_GCM_SHA384", EGRET_WS_TLS_1_3, "TLS_AES_256_GCM_SHA384"),
        ("ssl-max-ver TLSv1.2 ciphers ECDHE+AES128", EGRET_WS_TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    ] {
        let server = servers::haproxy(&CHAINED, parameters);
        on_both_drivers(|host| {
            for flags in [0, EGRET_WS_DISABLE_ALPN] {
                let socket = host.connect_port(server.port(), &Settings::trusting().flags(flags));
                socket.wait_open();
                let chain = sent_by(&CHAINED);
                assert_eq!(chain.len(), 2);
                let alpn = if flags == 0 && version == EGRET_WS_TLS_1_3 { "http/1.1" } else { "" };
                let is_resumed = false;
                let expected = TlsDetails { version, is_resumed, cipher: cipher.into(), alpn: alpn.into(), chain };
                let found = socket.tls();
                // The key of the tests' certificates may be of another type.
                let expected =
                    TlsDetails { cipher: expected.cipher.replace("RSA", key_type(&found.cipher)), ..expected };
                assert_eq!(found, expected);
                assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
                socket.wait_closed();
                assert_eq!(socket.tls(), expected, "also after the end");
            }
        });
    }
}

fn key_type(cipher: &str) -> &'static str {
    if cipher.contains("ECDSA") { "ECDSA" } else { "RSA" }
}

/// Checks the chain of the server, in `on_close` and after it, for each reason to refuse it.
#[test]
fn the_chain_of_a_server_that_is_refused() {
    let rows: [(&Certificate, i32); 6] = [
        (&EXPIRED, EGRET_WS_ERR_TLS_EXPIRED),
        (&NOT_YET_VALID, EGRET_WS_ERR_TLS_EXPIRED),
        (&WRONG_HOST, EGRET_WS_ERR_TLS_HOST),
        (&UNKNOWN_ISSUER, EGRET_WS_ERR_TLS_ISSUER),
        (&SELF_SIGNED, EGRET_WS_ERR_TLS_ISSUER),
        (&BROKEN_CHAIN, EGRET_WS_ERR_TLS_ISSUER),
    ];
    for (certificate, error) in rows {
        let server = servers::haproxy(certificate, "");
        on_both_drivers(|host| {
            let socket = host.connect_port(server.port(), &Settings::trusting());
            let in_on_close = Arc::new(Mutex::new(None));
            let seen = Arc::clone(&in_on_close);
            socket.react(move |ws, event| {
                if matches!(event, Event::Close(_)) {
                    *seen.lock().expect("no panic") = Some(response::tls(ws));
                }
            });
            assert_eq!(socket.wait_closed().error, error);
            let details = socket.tls();
            assert_eq!(details.chain, sent_by(certificate));
            assert_eq!((details.version, details.is_resumed), (EGRET_WS_TLS_1_3, false));
            assert!(details.cipher.starts_with("TLS_"), "{details:?}");
            assert_eq!(*in_on_close.lock().expect("no panic"), Some(details));
        });
    }
}

#[test]
fn the_chain_of_a_server_whose_key_is_not_pinned_or_that_is_not_checked() {
    let server = servers::haproxy(&CHAINED, "");
    let other = EXPIRED.pin();
    on_both_drivers(|host| {
        for flags in [0, EGRET_WS_ACCEPT_ANY_CERTIFICATE] {
            let socket = host.connect_port(server.port(), &Settings::trusting().flags(flags).pins(&other));
            assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_TLS_PIN);
            assert_eq!(socket.tls().chain, sent_by(&CHAINED));
        }
    });
    let server = servers::haproxy(&SELF_SIGNED, "");
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), &Settings::default().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE));
        socket.wait_open();
        assert_eq!(socket.tls().chain, sent_by(&SELF_SIGNED));
    });
}

/// The server refuses this side. The certificates of the server were accepted.
#[test]
fn the_chain_of_a_server_that_refuses_this_side() {
    for version in ["ssl-max-ver TLSv1.2", ""] {
        let server = servers::haproxy(&CHAINED, &format!("{version} {}", servers::haproxy_asks_clients()));
        on_both_drivers(|host| {
            let socket = host.connect_port(server.port(), &Settings::trusting());
            assert_ne!(socket.wait_closed().error, EGRET_WS_OK);
            assert_eq!(socket.tls().chain, sent_by(&CHAINED), "{version:?}");
        });
    }
}

#[test]
fn nothing_is_known_without_tls() {
    let server = servers::nginx(&RIGHT, "");
    on_both_drivers(|host| {
        let url = format!("ws://127.0.0.1:{}/", server.port());
        let socket = host.connect_url(&url, &Settings::default());
        assert_eq!(socket.tls(), TlsDetails::default(), "before");
        socket.wait_closed();
        assert_eq!(socket.tls(), TlsDetails::default(), "after");
    });
}

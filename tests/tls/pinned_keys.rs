//! Pinned public keys, with and without a trusted authority.

use crate::hosts::on_both_drivers;
use crate::python_server::{BOTH_VERSIONS, Peer};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use test_support::certificates::{EXPIRED, RIGHT, ROOT, SELF_SIGNED};
use test_support::close_report::CloseReport;

#[track_caller]
fn not_pinned(report: &CloseReport) {
    report.expect(EGRET_WS_ERR_TLS_PIN, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
    assert_eq!((report.code, report.sent_code, report.http_status), (1006, 0, 0));
    // The author of the game can compare this pin with the next key of the server.
    assert!(report.message.contains(&RIGHT.pin()), "{}", report.message);
}

#[test]
fn one_of_the_pins_must_match() {
    let server = servers::haproxy(&RIGHT, "");
    let (right, other) = (RIGHT.pin(), EXPIRED.pin());
    on_both_drivers(|host| {
        let with = |pins: &str| host.connect_port(server.port(), &Settings::trusting().pins(pins));
        with(&right).wait_open();
        with(&format!("{other},{right}")).wait_open();
        with(&format!("{right}, {other}")).wait_open();
        not_pinned(&with(&other).wait_closed());
        not_pinned(&with(&format!("{other},{}", SELF_SIGNED.pin())).wait_closed());
        // The key of the issuer differs from the key of the server.
        not_pinned(&with(&ROOT.pin()).wait_closed());
    });
}

#[test]
fn no_request_is_sent_to_a_wrong_key() {
    let servers = BOTH_VERSIONS.map(|version| Peer::start(&RIGHT, version, "listen"));
    let other = EXPIRED.pin();
    on_both_drivers(|host| {
        for server in &servers {
            for settings in [Settings::trusting(), Settings::default().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE)] {
                not_pinned(&host.connect_port(server.port(), &settings.pins(&other)).wait_closed());
                let client = server.next_report_while_polling(host);
                // A provider has no alert for this.
                let end = if crate::LIBRARY.is_provider() { "cut" } else { "SSLV3_ALERT_HANDSHAKE_FAILURE" };
                assert_eq!((client.end.as_str(), client.received.len()), (end, 0), "{client:?}");
            }
        }
    });
}

#[test]
fn pin_does_not_replace_trust_unless_asked_for() {
    let (expired, self_signed) = (servers::haproxy(&EXPIRED, ""), servers::haproxy(&SELF_SIGNED, ""));
    on_both_drivers(|host| {
        let report = host.connect_port(expired.port(), &Settings::trusting().pins(&EXPIRED.pin())).wait_closed();
        report.expect(EGRET_WS_ERR_TLS_EXPIRED, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
        let insecure = Settings::default().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE).pins(&SELF_SIGNED.pin());
        host.connect_port(self_signed.port(), &insecure).wait_open();
    });
}

#[test]
fn invalid_pins_are_refused_at_once() {
    let right = RIGHT.pin();
    let base64 = right.strip_prefix("sha256/").expect("the connection begins");
    on_both_drivers(|host| {
        for pins in [
            "",
            "sha256/",
            base64,
            &format!("sha1/{base64}"),
            &format!("pin-sha256=\"{base64}\""),
            &right[..right.len() - 1],
            &right[..right.len() - 4],
            &format!("{right}AAAA"),
            &format!("{right},"),
            &format!("{right};{right}"),
            &format!("{right},sha256/***"),
        ] {
            let made = host.open_url("wss://127.0.0.1:9/", Settings::trusting().pins(pins).set());
            assert_eq!(made.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT), "{pins:?}");
            let log = host.take_log();
            assert!(matches!(&log[..], [line] if line.contains("tls_pins")), "{pins:?}: {log:?}");
        }
    });
}

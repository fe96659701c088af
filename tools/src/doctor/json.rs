//! The results as one JSON object. docs/doctor.md lists its fields. Their names do not change.

use crate::abi;
use crate::check::Check;
use crate::diagnosis::Diagnosis;
use crate::words::date;
use ::egret_ws::*;
use serde_json::{Value, json};

/// Returns the name of a phase, as in `EGRET_WS_PHASE_…`.
pub fn phase(phase: i32) -> &'static str {
    match phase {
        EGRET_WS_PHASE_REQUEST => "REQUEST",
        EGRET_WS_PHASE_RESOLVE => "RESOLVE",
        EGRET_WS_PHASE_CONNECT => "CONNECT",
        EGRET_WS_PHASE_PROXY => "PROXY",
        EGRET_WS_PHASE_TLS => "TLS",
        EGRET_WS_PHASE_HANDSHAKE => "HANDSHAKE",
        EGRET_WS_PHASE_OPEN => "OPEN",
        EGRET_WS_PHASE_FLUSH => "FLUSH",
        EGRET_WS_PHASE_CLOSING => "CLOSING",
        _ => "?",
    }
}

fn initiator(initiator: i32) -> &'static str {
    match initiator {
        EGRET_WS_INITIATOR_LOCAL => "LOCAL",
        EGRET_WS_INITIATOR_PEER => "PEER",
        _ => "TRANSPORT",
    }
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn pairs(pairs: &[(String, String)], names: [&str; 2]) -> Value {
    pairs.iter().map(|(one, other)| json!({ names[0]: one, names[1]: other })).collect()
}

/// Makes the object for a check that has ended.
pub fn object(check: &Check, diagnosis: &Diagnosis, notes: &[String]) -> Value {
    let opening = &check.opening;
    let tls = opening.tls.as_ref().map(|tls| {
        let certificates: Value = tls
            .certificates
            .iter()
            .map(|certificate| {
                certificate.as_ref().map(|certificate| {
                    json!({
                        "subject": certificate.subject,
                        "issuer": certificate.issuer,
                        "not_before": date(certificate.not_before),
                        "not_after": date(certificate.not_after),
                        "hosts": certificate.hosts,
                        "pin": certificate.pin,
                    })
                })
            })
            .collect();
        json!({
            "version": tls.version,
            "cipher": or_null(&tls.cipher),
            "alpn": or_null(&tls.alpn),
            "resumed": tls.is_resumed,
            "certificates": certificates,
        })
    });
    let http = (opening.http_status != 0).then(|| {
        json!({
            "status": opening.http_status,
            "headers": pairs(&opening.headers, ["name", "value"]),
            "cookies": opening.cookies,
            "body": or_null(&check.url.conceal(&String::from_utf8_lossy(&opening.body))),
            "redirects": opening.redirects,
        })
    });
    let close = check.report.as_ref().map(|report| {
        json!({
            "error": abi::error_name(report.error),
            "phase": phase(report.phase),
            "initiator": initiator(report.initiator),
            "message": report.message,
            "http_status": report.http_status,
            "os_error": report.os_error,
            "code": report.code,
            "sent_code": report.sent_code,
            "reason": report.reason,
            "unsent_messages": report.unsent_messages,
            "retryable": report.is_retryable,
        })
    });
    json!({
        "doctor": env!("CARGO_PKG_VERSION"),
        "library": abi::version(),
        "url": check.url.shown(),
        "ok": diagnosis.exit as u8 == 0,
        "exit_code": diagnosis.exit as u8,
        "summary": diagnosis.summary,
        "advice": diagnosis.advice,
        "notes": notes,
        "opened": check.is_open,
        "stages_us": {
            "resolve": opening.resolve_us,
            "connect": opening.connect_us,
            "proxy": opening.proxy_us,
            "tls": opening.tls_us,
            "handshake": opening.handshake_us,
        },
        "addresses": pairs(&opening.tried, ["address", "result"]),
        "remote_address": or_null(&opening.remote_address),
        "local_address": or_null(&opening.local_address),
        "proxy": or_null(&opening.proxy),
        "tls": tls,
        "http": http,
        "subprotocol": or_null(&opening.subprotocol),
        "extensions": or_null(&opening.extensions),
        "pings": { "sent": check.round_trips.sent, "round_trips_us": check.round_trips.times_us },
        "messages_received": check.messages,
        "close": close,
    })
}

/// Makes the object for a call that the library refused.
pub fn refused(error: &str, summary: &str, exit_code: u8) -> Value {
    json!({
        "doctor": env!("CARGO_PKG_VERSION"),
        "library": abi::version(),
        "ok": false,
        "exit_code": exit_code,
        "summary": summary,
        "error": error,
    })
}

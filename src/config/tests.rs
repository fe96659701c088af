//! Tests of defaults, ranges and rules between options.

use super::*;
use crate::error::Error;
use crate::transport::tls::{Capabilities, NO_TLS};
use std::time::Duration;

type Change = fn(&mut SocketOptions<'static>);

fn config_of(url: &str, change: Change) -> Result<ConnectConfig, DetailedError> {
    let mut options = SocketOptions::default();
    change(&mut options);
    ConnectConfig::new(Url::from_url(url).unwrap(), &options, LoopTls::Library)
}

fn config(change: Change) -> ConnectConfig {
    config_of("ws://user:pass@h/", change).unwrap_or_else(|error| panic!("{error:?}"))
}

const fn milliseconds(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[test]
fn options_that_are_not_given_have_defaults() {
    let config = config(|_| {});
    let limits = Limits {
        resolve: milliseconds(15_000),
        connect: milliseconds(15_000),
        proxy: milliseconds(10_000),
        tls: milliseconds(10_000),
        handshake: milliseconds(10_000),
        open: milliseconds(60_000),
        flush: Some(milliseconds(10_000)),
        close: Some(milliseconds(5_000)),
        max_message: 131_072,
        max_send_buffer: 1 << 20,
        max_receive_queue: 1 << 20,
        max_refusal_body: 16_384,
        attempt_delay: milliseconds(250),
    };
    assert_eq!(config.limits, limits);
    let seconds = |value| Some(Duration::from_secs(value));
    let heartbeat = HeartbeatOptions { interval: seconds(20), timeout: seconds(10), probe: seconds(3) };
    assert_eq!((config.heartbeat, config.retry), (heartbeat, None));
    assert_eq!((config.proxies, config.pins, config.server_name), (Proxies::Unset, vec![], None));
    assert_eq!((config.max_redirects, config.redirects_to_private), (0, false));
    let tls = &*config.tls;
    assert!(tls.roots.is_empty() && !tls.only_these_roots && tls.identity.is_none() && !tls.insecure && tls.alpn);
    assert_eq!(tls.min_version, EGRET_WS_TLS_1_2);
    let RequestOptions { origin, user_agent, credentials, subprotocols, deflate, headers } = config.request;
    assert_eq!((origin, user_agent), (None, Some(format!("egret-ws/{}", env!("CARGO_PKG_VERSION")))));
    assert_eq!(credentials, Some(("user".into(), "pass".into())), "the credentials of the URL");
    assert!(subprotocols.is_empty() && headers.is_empty());
    assert_eq!(deflate.is_some(), cfg!(feature = "deflate"));
}

#[test]
fn values_out_of_range_and_rules_between_options_are_refused() {
    let rows: &[(Change, &str)] = &[
        (|o| o.flags = FLAGS | 1 << 15, "flags has an unknown bit"),
        (|o| o.flags = 1 << 31, "flags"),
        (|o| o.max_redirects = 21, "max_redirects is above 20"),
        (|o| o.addresses = Some(b""), "addresses is empty"),
        (|o| o.addresses = Some(b"example.com"), "addresses: `example.com` is not an IP address"),
        #[cfg(feature = "proxies")]
        (
            |o| (o.addresses, o.proxy) = (Some(&b"192.0.2.1"[..]), Some(&b"http://p/"[..])),
            "addresses and proxy are both set",
        ),
        (|o| o.local_address = Some(b"192.0.2.1:80"), "local_address is not an IP address"),
        (|o| o.local_interface = Some(b""), "local_interface is empty"),
        (|o| o.local_interface = Some(&[b'a'; 65]), "local_interface is longer than 64 bytes"),
        (|o| o.max_refusal_body_bytes = 131_073, "max_refusal_body_bytes is above 131072"),
        (|o| o.max_refusal_body_bytes = EGRET_WS_UNLIMITED, "max_refusal_body_bytes cannot be EGRET_WS_UNLIMITED"),
        (|o| o.attempt_delay_ms = 9, "attempt_delay_ms is not between 10 and 2000"),
        (|o| o.attempt_delay_ms = 2001, "attempt_delay_ms is not between 10 and 2000"),
        (|o| o.max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 1, "max_message_bytes"),
        (|o| o.max_send_buffer_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 13, "max_send_buffer_bytes"),
        (|o| (o.max_message_bytes, o.max_send_buffer_bytes) = (100, 113), "max_send_buffer_bytes"),
        (|o| o.tls_min_version = EGRET_WS_TLS_1_2 - 1, "tls_min_version"),
        (|o| o.tls_min_version = EGRET_WS_TLS_1_3 + 1, "tls_min_version"),
        (|o| o.flags = EGRET_WS_ONLY_THESE_ROOTS, "EGRET_WS_ONLY_THESE_ROOTS is set without tls_roots"),
        (|o| o.tls_pins = Some(b"sha256/short"), "tls_pins: "),
        (|o| o.tls_pins = Some(b""), "tls_pins is empty: pass NULL"),
        (|o| o.tls_pins = Some(b" \t"), "tls_pins is empty: pass NULL"),
        (|o| o.tls_server_name = Some(b"[::1]"), "tls_server_name"),
        (|o| o.tls_server_name = Some(&[b'x'; 254]), "tls_server_name is longer than 253 bytes"),
        #[cfg(feature = "proxies")]
        (|o| o.proxy = Some(b"ftp://h"), "proxy"),
        (|o| o.proxy = Some(&[b'x'; input_limits::TEXT + 1]), "proxy is longer than 8192 bytes"),
        (|o| o.origin = Some(b"a\nb"), "origin or user_agent has a control character"),
        (|o| o.user_agent = Some(b"a\x7f"), "origin or user_agent has a control character"),
        (|o| o.origin = Some(b"\xff"), "origin is not UTF-8"),
        (|o| o.password = Some(b"secret"), "password is given without username"),
        (|o| o.username = Some(b"a:b"), "username or password cannot be sent"),
        (|o| o.subprotocols = Some(b"a,a"), "subprotocols: a subprotocol is listed twice"),
        (|o| o.headers = vec![Header { name: None, value: Some(b"") }], "headers[0]: its name or value is NULL"),
        (|o| o.headers = vec![Header { name: Some(b"A"), value: None }], "headers[0]: its name or value is NULL"),
        (|o| o.headers = vec![Header { name: Some(b"A"), value: Some(b"\xff") }], "headers[0]: its value is not UTF-8"),
        (
            |o| o.headers = vec![Header { name: Some(b"Host"), value: Some(b"x") }],
            "headers[0], Host: the library sets it",
        ),
        (|o| o.headers = vec![Header { name: Some(b"A\n"), value: Some(b"x") }], "headers[0]: its name is not a token"),
        (
            |o| o.headers = vec![Header { name: Some(b"A"), value: Some(&[b'x'; 8191]) }; 2],
            "headers are longer than 8192",
        ),
        (
            |o| o.headers = vec![Header { name: Some(b"AUTHORIZATION"), value: Some(b"x") }],
            "headers contains Authorization, but a user name is set too",
        ),
        (|o| (o.retry.min_wait_ms, o.retry.max_wait_ms) = (11, 10), "retry.min_wait_ms <= retry.first_wait_ms"),
        (|o| (o.retry.min_wait_ms, o.retry.first_wait_ms) = (11, 10), "retry.min_wait_ms <= retry.first_wait_ms"),
        (|o| (o.retry.first_wait_ms, o.retry.max_wait_ms) = (11, 10), "retry.first_wait_ms <= retry.max_wait_ms"),
        #[cfg(feature = "deflate")]
        (|o| o.deflate.level = 10, "deflate.level is above 9"),
        #[cfg(feature = "deflate")]
        (|o| o.deflate.client_window_bits = 8, "deflate.client_window_bits is not 9 to 15"),
        #[cfg(feature = "deflate")]
        (|o| o.deflate.server_window_bits = 16, "deflate.server_window_bits is not 9 to 15"),
        #[cfg(feature = "deflate")]
        (|o| o.deflate.server_window_bits = 256 + 9, "deflate.server_window_bits is not 9 to 15"),
    ];
    for (row, (change, detail)) in rows.iter().enumerate() {
        let refused = config_of("ws://user@h/", *change).expect_err(detail);
        assert!(refused.detail.contains(detail), "row {row}: {detail}: {refused:?}");
        assert_eq!(refused.error, Error::InvalidArgument, "row {row}: {detail}");
    }
}

/// Sets one number of the options.
type SetNumber = fn(&mut SocketOptions<'static>, u32);

/// Each number, and whether it accepts `EGRET_WS_UNLIMITED` and `EGRET_WS_AT_ONCE`. The header contains an equal table.
const NUMBERS: &[(&str, bool, bool, SetNumber)] = &[
    ("resolve_timeout_ms", true, false, |o, value| o.resolve_timeout_ms = value),
    ("connect_timeout_ms", true, false, |o, value| o.connect_timeout_ms = value),
    ("proxy_timeout_ms", true, false, |o, value| o.proxy_timeout_ms = value),
    ("tls_timeout_ms", true, false, |o, value| o.tls_timeout_ms = value),
    ("handshake_timeout_ms", true, false, |o, value| o.handshake_timeout_ms = value),
    ("open_timeout_ms", true, false, |o, value| o.open_timeout_ms = value),
    ("flush_timeout_ms", true, true, |o, value| o.flush_timeout_ms = value),
    ("close_timeout_ms", true, true, |o, value| o.close_timeout_ms = value),
    ("max_message_bytes", false, false, |o, value| o.max_message_bytes = value),
    ("max_send_buffer_bytes", false, false, |o, value| o.max_send_buffer_bytes = value),
    ("max_receive_queue_bytes", false, false, |o, value| o.max_receive_queue_bytes = value),
    ("max_redirects", false, false, |o, value| o.max_redirects = value),
    ("max_refusal_body_bytes", false, true, |o, value| o.max_refusal_body_bytes = value),
    ("attempt_delay_ms", false, true, |o, value| o.attempt_delay_ms = value),
    ("tls_min_version", false, false, |o, value| o.tls_min_version = value),
    ("ping_interval_ms", true, false, |o, value| o.ping_interval_ms = value),
    ("pong_timeout_ms", true, false, |o, value| o.pong_timeout_ms = value),
    ("probe_timeout_ms", true, false, |o, value| o.probe_timeout_ms = value),
    ("retry_attempts", true, false, |o, value| o.retry_attempts = value),
    ("retry.min_wait_ms", false, true, |o, value| o.retry.min_wait_ms = value),
    ("retry.first_wait_ms", false, true, |o, value| {
        (o.retry.min_wait_ms, o.retry.first_wait_ms) = (EGRET_WS_AT_ONCE, value)
    }),
    ("retry.max_wait_ms", false, false, |o, value| o.retry.max_wait_ms = value),
    ("retry.total_ms", true, false, |o, value| o.retry.total_ms = value),
    #[cfg(feature = "deflate")]
    ("deflate.level", false, false, |o, value| o.deflate.level = value),
    #[cfg(feature = "deflate")]
    ("deflate.threshold_bytes", true, true, |o, value| o.deflate.threshold_bytes = value),
    #[cfg(feature = "deflate")]
    ("deflate.client_window_bits", false, false, |o, value| o.deflate.client_window_bits = value),
    #[cfg(feature = "deflate")]
    ("deflate.server_window_bits", false, false, |o, value| o.deflate.server_window_bits = value),
    #[cfg(feature = "deflate")]
    ("deflate.client_no_context_takeover", false, false, |o, value| o.deflate.client_no_context_takeover = value),
    #[cfg(feature = "deflate")]
    ("deflate.server_no_context_takeover", false, false, |o, value| o.deflate.server_no_context_takeover = value),
];

#[test]
fn negative_and_special_numbers_are_refused_by_name_where_they_make_no_sense() {
    for (name, unlimited, at_once, set) in NUMBERS {
        for (value, is_accepted) in [
            (EGRET_WS_UNLIMITED, *unlimited),
            (EGRET_WS_AT_ONCE, *at_once),
            (i32::MIN as u32, false),
            (-5i32 as u32, false),
            (0, true),
        ] {
            let mut options = SocketOptions::default();
            set(&mut options, value);
            let made = ConnectConfig::new(Url::from_url("ws://h/").unwrap(), &options, LoopTls::Library);
            let refused = made.err().map(|refused| refused.detail);
            assert_eq!(refused.is_none(), is_accepted, "{name} = {value}: {refused:?}");
            assert!(refused.is_none_or(|detail| detail.contains(name)), "{name} = {value}");
        }
    }
}

/// The rows of the table NUMBERS in the header: each field, and whether it accepts `EGRET_WS_UNLIMITED` and `EGRET_WS_AT_ONCE`.
fn numbers_of_the_header() -> Vec<(String, bool, bool)> {
    let header = include_str!("../../include/egret_ws.h");
    let (_, section) = header.split_once("\n * ## NUMBERS\n").expect("the section is there");
    let (_, table) = section.split_once("\n * | field ").expect("the section has a table");
    let (title, table) = table.split_once('\n').expect("the table has rows");
    let (rows, _) = table.split_once("\n * | all others ").expect("it ends");
    let columns =
        |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect();
    let titles: Vec<String> = columns(title);
    assert_eq!(titles, ["`EGRET_WS_UNLIMITED`", "`EGRET_WS_AT_ONCE`"]);
    let mut fields = Vec::new();
    // The first line is below the titles.
    for row in rows.lines().skip(1).map(|row| row.trim_start_matches(" *")) {
        let cells: Vec<String> = columns(row);
        let [names, unlimited, at_once] = cells.as_slice() else { panic!("the row does not have three cells: {row}") };
        fields.extend(names.split(", ").map(|name| (name.to_owned(), unlimited != "refused", at_once != "refused")));
    }
    fields
}

#[test]
fn the_header_has_the_numbers_of_this_table() {
    type SetLoopNumber = fn(&mut LoopOptions, u32);
    let of_loops: [(&str, SetLoopNumber); 3] = [
        ("linger_ms", |o, value| o.linger_ms = value),
        ("poll_max_callbacks", |o, value| o.poll_max_callbacks = value),
        ("poll_max_us", |o, value| o.poll_max_us = value),
    ];
    let listed = numbers_of_the_header();
    let of_header = |name: &str| {
        let row = listed.iter().find(|(listed, ..)| listed == name);
        row.map_or((false, false), |(_, unlimited, at_once)| (*unlimited, *at_once))
    };
    for (name, unlimited, at_once, _) in NUMBERS {
        assert_eq!(of_header(name), (*unlimited, *at_once), "{name}");
    }
    for (name, set) in of_loops {
        let accepts = |value| {
            let mut options = LoopOptions::default();
            set(&mut options, value);
            LoopConfig::new(&options).is_ok()
        };
        assert_eq!(of_header(name), (accepts(EGRET_WS_UNLIMITED), accepts(EGRET_WS_AT_ONCE)), "{name}");
    }
    let known = |name: &str| NUMBERS.iter().any(|row| row.0 == name) || of_loops.iter().any(|row| row.0 == name);
    for (name, ..) in &listed {
        assert!(known(name) || name.starts_with("deflate."), "{name} is not a number of the options");
    }
}

#[test]
fn a_flag_of_the_other_struct_is_refused_and_named() {
    for flag in (0..32).map(|bit| 1 << bit).filter(|flag| LOOP_FLAGS & flag != 0) {
        let refused = ConnectConfig::new(
            Url::from_url("ws://h/").unwrap(),
            &SocketOptions { flags: flag, ..SocketOptions::default() },
            LoopTls::Library,
        );
        assert!(refused.unwrap_err().detail.contains("a flag of a loop"), "{flag}");
    }
    for flag in (0..32).map(|bit| 1 << bit).filter(|flag| FLAGS & flag != 0) {
        let refused = LoopConfig::new(&LoopOptions { flags: flag, ..LoopOptions::default() });
        assert!(refused.unwrap_err().detail.contains("a flag of a socket"), "{flag}");
    }
}

#[test]
fn the_largest_and_smallest_values_are_accepted() {
    let rows: &[Change] = &[
        |o| o.flags = FLAGS & !EGRET_WS_ONLY_THESE_ROOTS & !EGRET_WS_PROXY_FROM_ENVIRONMENT,
        |o| (o.flags, o.tls_roots) = (EGRET_WS_ONLY_THESE_ROOTS, b"x"),
        |o| o.max_redirects = 20,
        |o| {
            (o.max_message_bytes, o.max_send_buffer_bytes) =
                (EGRET_WS_MAX_MESSAGE_BYTES, EGRET_WS_MAX_MESSAGE_BYTES + 14)
        },
        |o| (o.max_message_bytes, o.max_send_buffer_bytes) = (1, 15),
        |o| o.tls_min_version = EGRET_WS_TLS_1_3,
        |o| o.tls_server_name = Some(b"::1"),
        |o| o.proxy = Some(b""),
        |o| o.origin = Some(&[b'x'; input_limits::TEXT]),
        |o| o.username = Some(b""),
        |o| (o.retry.min_wait_ms, o.retry.first_wait_ms, o.retry.max_wait_ms) = (10, 10, 10),
        |o| (o.deflate.level, o.deflate.client_window_bits, o.flags) = (9, 9, EGRET_WS_DISABLE_DEFLATE),
    ];
    for (row, change) in rows.iter().enumerate() {
        assert!(config_of("ws://h/", *change).is_ok(), "row {row}");
    }
}

#[test]
fn empty_texts_are_not_sent() {
    let request = config(|o| [o.origin, o.user_agent] = [Some("".as_bytes()); 2]).request;
    assert_eq!((request.origin, request.user_agent), (None, None));
}

#[test]
fn credentials_of_the_options_replace_those_of_the_url() {
    let credentials = |change| config(change).request.credentials;
    assert_eq!(credentials(|o| o.username = Some(b"other")), Some(("other".into(), "".into())));
    assert_eq!(
        credentials(|o| [o.username, o.password] = ["other", "words"].map(|text| Some(text.as_bytes()))),
        Some(("other".into(), "words".into()))
    );
}

#[test]
fn the_look_up_uses_the_time_limit_of_the_connect() {
    let times = |change| {
        let Limits { resolve, connect, .. } = config(change).limits;
        [resolve, connect].map(|time| time.as_millis())
    };
    assert_eq!(times(|o| o.connect_timeout_ms = 7), [7, 7]);
    assert_eq!(times(|o| o.resolve_timeout_ms = 7), [7, 15_000]);
}

#[test]
fn the_time_out_of_a_probe_depends_on_that_of_a_pong() {
    const NONE: u32 = u32::MAX;
    let rows: &[(Change, [Option<u64>; 3])] = &[
        (|o| o.ping_interval_ms = NONE, [None, Some(10_000), Some(3_000)]),
        (|o| o.pong_timeout_ms = 2_000, [Some(20_000), Some(2_000), Some(2_000)]),
        (|o| o.pong_timeout_ms = NONE, [Some(20_000), None, None]),
        (|o| (o.pong_timeout_ms, o.probe_timeout_ms) = (NONE, 5), [Some(20_000), None, None]),
        (|o| o.probe_timeout_ms = NONE, [Some(20_000), Some(10_000), Some(10_000)]),
        (|o| o.probe_timeout_ms = 50_000, [Some(20_000), Some(10_000), Some(50_000)]),
    ];
    for (row, (change, expected)) in rows.iter().enumerate() {
        let HeartbeatOptions { interval, timeout, probe } = config(*change).heartbeat;
        assert_eq!([interval, timeout, probe], expected.map(|time| time.map(milliseconds)), "row {row}");
    }
}

#[test]
fn default_waits_of_a_retry_adapt_to_the_waits_that_are_given() {
    let rows: &[(Change, [u64; 3])] = &[
        (|_| {}, [250, 4_000, 30_000]),
        (|o| o.retry.first_wait_ms = 100, [100, 100, 30_000]),
        (|o| o.retry.first_wait_ms = 50_000, [250, 50_000, 50_000]),
        (|o| o.retry.max_wait_ms = 1_000, [250, 1_000, 1_000]),
        (|o| o.retry.max_wait_ms = 100, [100, 100, 100]),
        (|o| o.retry.min_wait_ms = 5_000, [5_000, 5_000, 30_000]),
        (|o| o.retry.min_wait_ms = 40_000, [40_000, 40_000, 40_000]),
    ];
    for (row, (change, expected)) in rows.iter().enumerate() {
        let mut options = SocketOptions::default();
        change(&mut options);
        assert_eq!(retry::read(&options), Ok(None), "row {row}: no attempts");
        options.retry_attempts = 3;
        let RetryOptions { attempts, floor, first, ceiling, total, resend } = retry::read(&options).unwrap().unwrap();
        assert_eq!([floor, first, ceiling], expected.map(milliseconds), "row {row}");
        assert_eq!((attempts, total, resend), (3, Some(milliseconds(600_000)), false));
        (options.retry.total_ms, options.flags) = (u32::MAX, EGRET_WS_RESEND);
        let RetryOptions { total, resend, .. } = retry::read(&options).unwrap().unwrap();
        assert_eq!((total, resend), (None, true));
    }
}

#[test]
fn a_connection_can_need_tls_by_its_url_or_by_a_redirect() {
    for (url, max_redirects, expected) in [("ws://h/", 0, false), ("ws://h/", 1, true), ("wss://h/", 0, true)] {
        let options = SocketOptions { max_redirects, ..SocketOptions::default() };
        let config = ConnectConfig::new(Url::from_url(url).unwrap(), &options, LoopTls::Library).unwrap();
        assert_eq!(config.may_use_tls(), expected, "{url}");
    }
}

#[test]
fn options_that_the_provider_of_the_loop_does_not_honour_are_refused_by_name() {
    let all = Capabilities::ALL.0;
    let make = |capabilities, change: Change| {
        let mut options = SocketOptions::default();
        change(&mut options);
        let tls = LoopTls::Host(Capabilities(capabilities));
        ConnectConfig::new(Url::from_url("wss://h/").unwrap(), &options, tls)
    };
    let table: [(u32, Change, &str); 6] = [
        (EGRET_WS_TLS_CAN_ROOTS, |o| o.tls_roots = b"PEM", "tls_roots"),
        (EGRET_WS_TLS_CAN_ROOTS, |o| (o.tls_roots, o.flags) = (b"PEM", EGRET_WS_ONLY_THESE_ROOTS), "tls_roots"),
        (EGRET_WS_TLS_CAN_IDENTITY, |o| o.tls_identity = b"PKCS#12", "tls_identity"),
        (EGRET_WS_TLS_CAN_ANY_CERTIFICATE, |o| o.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE, "ACCEPT_ANY_CERTIFICATE"),
        (EGRET_WS_TLS_CAN_MIN_VERSION, |o| o.tls_min_version = EGRET_WS_TLS_1_3, "tls_min_version"),
        (
            EGRET_WS_TLS_CAN_CHAIN,
            |o| o.tls_pins = Some(b"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            "tls_pins",
        ),
    ];
    for (capability, change, name) in table {
        assert!(make(all, change).is_ok() && make(capability, change).is_ok(), "{name}");
        for capabilities in [0, all & !capability] {
            let refused = make(capabilities, change).unwrap_err();
            assert!(refused.error == Error::Unsupported && refused.detail.contains(name), "{name}: {}", refused.detail);
        }
    }
    for (capabilities, resumes) in [(all, true), (0, false)] {
        assert_eq!(make(capabilities, |_| {}).unwrap().resumes_tls, resumes);
        assert!(make(capabilities, |o| o.flags = EGRET_WS_DISABLE_TLS_RESUMPTION | EGRET_WS_DISABLE_ALPN).is_ok());
    }
    let options = LoopOptions { tls_provider: Some(Capabilities(5)), ..LoopOptions::default() };
    assert_eq!(LoopConfig::new(&options).unwrap().tls, LoopTls::Host(Capabilities(5)));
}

#[test]
fn without_tls_options_that_need_it_are_refused() {
    let make = |url: &str, proxy: Option<&'static str>, loop_tls| {
        let options = SocketOptions { proxy: proxy.map(str::as_bytes), max_redirects: 5, ..SocketOptions::default() };
        ConnectConfig::new(Url::from_url(url).unwrap(), &options, loop_tls)
    };
    let refused = DetailedError::new(Error::Unsupported, NO_TLS);
    let secure_proxy = Some("https://p").filter(|_| cfg!(feature = "proxies"));
    for (url, proxy, needs_tls) in [
        ("ws://h/", None, false),
        ("ws://h/", Some(""), false),
        ("wss://h/", None, true),
        ("wss://h/", Some(""), true),
        ("ws://h/", secure_proxy, secure_proxy.is_some()),
        ("ws://h/", Some("http://p").filter(|_| cfg!(feature = "proxies")), false),
    ] {
        assert!(make(url, proxy, LoopTls::Library).is_ok(), "{url} {proxy:?}");
        let made = make(url, proxy, LoopTls::None);
        assert_eq!(made.as_ref().err(), Some(&refused).filter(|_| needs_tls), "{url} {proxy:?}");
        if let Ok(mut config) = made {
            let before = config.target.clone();
            assert_eq!(config.set_url(Some(b"wss://h/")), Err(refused.clone()));
            assert_eq!(config.target, before);
            assert_eq!(config.set_url(Some(b"ws://other/")), Ok(()));
        }
    }
    assert_eq!(found_proxies(b"direct", LoopTls::None), Ok(vec![None]));
    if cfg!(feature = "proxies") {
        for (list, needs_tls) in [("http://p,direct", false), ("socks5://p,https://p", true)] {
            assert!(found_proxies(list.as_bytes(), LoopTls::Library).is_ok(), "{list}");
            let found = found_proxies(list.as_bytes(), LoopTls::None);
            assert_eq!(found.err().as_ref(), Some(&refused).filter(|_| needs_tls), "{list}");
        }
    }
    let named = if cfg!(feature = "tls") { LoopTls::Library } else { LoopTls::None };
    assert_eq!(LoopConfig::new(&LoopOptions::default()).unwrap().tls, named);
}

/// An environment variable is used only for its scheme. If its proxy needs TLS, the call fails, as with the option `proxy`.
#[cfg(feature = "proxies")]
#[test]
fn without_tls_a_secure_proxy_of_the_environment_is_refused_where_it_is_used() {
    let variable = |name: &str| (name == "http_proxy").then(|| "https://p".to_owned());
    let proxies = Proxies::read(None, true, variable).unwrap();
    let check = |url| check_route(&proxies, &Url::from_url(url).unwrap(), LoopTls::None);
    assert_eq!(check("ws://h/"), Err(DetailedError::new(Error::Unsupported, NO_TLS)));
    assert_eq!(check("ws://127.0.0.1/"), Ok(()));
}

#[test]
fn options_of_a_loop_have_defaults_and_ranges() {
    let config = |options: LoopOptions| LoopConfig::new(&options);
    let defaults = LoopConfig {
        inline: false,
        close_on_suspend: false,
        forget_tls_sessions: false,
        poll_max_callbacks: 4096,
        poll_max_time: Some(Duration::from_micros(4000)),
        linger: Duration::ZERO,
        hook_threads: 32,
        tls: LoopTls::of_library(),
    };
    let none = LoopOptions::default();
    assert_eq!(config(none), Ok(defaults));
    assert_eq!(none.log_level(), EGRET_WS_LOG_WARN);
    assert_eq!(
        config(LoopOptions {
            flags: LOOP_FLAGS,
            poll_max_callbacks: 1,
            poll_max_us: u32::MAX,
            linger_ms: 9,
            hook_threads: 64,
            ..none
        }),
        Ok(LoopConfig {
            inline: true,
            close_on_suspend: true,
            forget_tls_sessions: true,
            poll_max_callbacks: 1,
            poll_max_time: None,
            linger: milliseconds(9),
            hook_threads: 64,
            tls: LoopTls::of_library(),
        })
    );
    for level in EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG {
        assert!(config(LoopOptions { log_level: level, ..none }).is_ok());
    }
    for (options, detail) in [
        (LoopOptions { flags: 1 << 31, ..none }, "flags has an unknown bit"),
        (LoopOptions { linger_ms: EGRET_WS_UNLIMITED, ..none }, "linger_ms cannot be EGRET_WS_UNLIMITED"),
        (LoopOptions { poll_max_us: EGRET_WS_AT_ONCE, ..none }, "poll_max_us cannot be EGRET_WS_AT_ONCE"),
        (LoopOptions { hook_threads: 65, ..none }, "max_threads of the hooks is above 64"),
        (LoopOptions { hook_threads: EGRET_WS_UNLIMITED, ..none }, "max_threads cannot be EGRET_WS_UNLIMITED"),
        (LoopOptions { hook_threads: EGRET_WS_AT_ONCE, ..none }, "max_threads cannot be EGRET_WS_AT_ONCE"),
        (LoopOptions { log_level: -1, ..none }, "log_level is not one of EGRET_WS_LOG_*"),
        (LoopOptions { log_level: 5, ..none }, "log_level is not one of EGRET_WS_LOG_*"),
    ] {
        assert_eq!(config(options), Err(DetailedError::invalid(detail)));
    }
}

#[cfg(not(feature = "deflate"))]
#[test]
fn options_of_permessage_deflate_are_refused_in_a_library_without_it() {
    assert!(config_of("ws://h/", |_| {}).is_ok());
    let rows: [Change; 5] = [
        |o| o.deflate.level = 9,
        |o| o.deflate.threshold_bytes = 1,
        |o| o.deflate.client_window_bits = 15,
        |o| o.deflate.server_window_bits = 15,
        |o| o.deflate.client_no_context_takeover = 1,
    ];
    for change in rows {
        let DetailedError { error, detail } = config_of("ws://h/", change).unwrap_err();
        assert!(error == Error::Unsupported && detail.contains("`deflate`"), "{error:?}: {detail}");
        let mut options = SocketOptions::default();
        change(&mut options);
        options.flags |= EGRET_WS_DISABLE_DEFLATE;
        assert!(ConnectConfig::new(Url::from_url("ws://h/").unwrap(), &options, LoopTls::Library).is_ok());
    }
}

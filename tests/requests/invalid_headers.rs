//! The connect call refuses headers that would break the request or contradict it.

use crate::site::nobody_waits;
use ::egret_ws::*;
use std::ffi::CString;
use std::net::TcpListener;
use test_support::client::{header, set_headers};
use test_support::connection::expect_connect_error;

/// The connect call refuses these options with `INVALID_ARGUMENT` and one line that contains the `word` but not the secret, and
/// makes no connection.
#[track_caller]
fn not_sent(what: &str, word: &str, set: impl FnOnce(&mut egret_ws_options)) {
    not_sent_to("", what, word, set);
}

#[track_caller]
fn not_sent_to(user_info: &str, what: &str, word: &str, set: impl FnOnce(&mut egret_ws_options)) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    let refused = expect_connect_error(format!("ws://{user_info}127.0.0.1:{port}/"), set);
    assert_eq!(refused.error, EGRET_WS_ERR_INVALID_ARGUMENT, "{what}");
    assert_eq!(refused.log.len(), 1, "{what}: {:?}", refused.log);
    let line = &refused.log[0];
    assert!(line.contains(word), "{what}: no {word} in {line:?}");
    assert!(!line.contains(SECRET), "{what}: {line:?}");
    nobody_waits(&listener);
}

/// A part of values that must not be in any log line.
const SECRET: &str = "s3cret";

#[test]
fn header_values_with_line_breaks_are_refused() {
    for value in [
        c"s3cret\r\nX-Injected: 1",
        c"s3cret\nX-Injected: 1",
        c"s3cret\rX-Injected: 1",
        c"\r\ns3cret",
        c"s3cret\r\n",
        c"s3cret\x01",
        c"s3cret\x08",
        c"s3cret\x1b[31m",
        c"s3cret\x7f",
    ] {
        let headers = [header(c"X-Fine", c"fine"), header(c"X-Token", value)];
        not_sent(&format!("{value:?}"), "headers[1]", |options| set_headers(options, &headers));
        not_sent(&format!("origin {value:?}"), "origin", |options| options.origin = value.as_ptr());
        not_sent(&format!("user agent {value:?}"), "user_agent", |options| options.user_agent = value.as_ptr());
    }
}

#[test]
fn header_names_that_are_not_tokens_are_refused() {
    for name in [
        c"",
        c" ",
        c"X Y",
        c" X",
        c"X ",
        c"X:",
        c":",
        c"X\r\nY",
        c"X\n",
        c"X\x01",
        c"X\x7f",
        c"X\t",
        c"(X)",
        c"X/Y",
        c"X=Y",
        c"\"X\"",
        c"{X}",
        c"X@",
        c"X,Y",
        c"X;",
        c"X\xc3\xbc",
        c"X\xff",
    ] {
        let headers = [header(name, c"s3cret")];
        not_sent(&format!("{name:?}"), "headers[0]", |options| set_headers(options, &headers));
    }
}

#[test]
fn headers_that_are_the_librarys_own_are_refused_in_any_letter_case() {
    for name in [
        "Host",
        "Connection",
        "Upgrade",
        "Origin",
        "User-Agent",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Anything",
        "Content-Length",
        "Transfer-Encoding",
    ] {
        for name in [name.to_owned(), name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
            let text = CString::new(name.as_str()).unwrap();
            let headers = [egret_ws_header { name: text.as_ptr(), value: c"s3cret".as_ptr() }];
            not_sent(&name, "headers[0]", |options| set_headers(options, &headers));
        }
    }
}

#[test]
fn headers_of_more_than_8_kib_are_refused() {
    let long = CString::new("x".repeat(8193)).unwrap();
    let headers = [egret_ws_header { name: long.as_ptr(), value: c"".as_ptr() }];
    not_sent("one long name", "8192", |options| set_headers(options, &headers));
    let headers = [egret_ws_header { name: c"X".as_ptr(), value: long.as_ptr() }];
    not_sent("one long value", "8192", |options| set_headers(options, &headers));
    let part = CString::new("x".repeat(76)).unwrap();
    let mut headers = vec![egret_ws_header { name: c"X-Part".as_ptr(), value: part.as_ptr() }; 100];
    not_sent("many headers", "8192", |options| set_headers(options, &headers));
    headers = vec![header(c"X", c""); 8193];
    not_sent("more headers than can be", "header_count", |options| set_headers(options, &headers));
}

#[test]
fn two_authorizations_are_refused() {
    for name in [c"Authorization", c"authorization", c"AUTHORIZATION"] {
        let headers = [header(name, c"Bearer s3cret")];
        not_sent("with a user name of the options", "Authorization", |options| {
            set_headers(options, &headers);
            options.username = c"user".as_ptr();
        });
        for user_info in ["user:s3cret@", "user@", ":s3cret@"] {
            not_sent_to(user_info, user_info, "Authorization", |options| set_headers(options, &headers));
        }
    }
}

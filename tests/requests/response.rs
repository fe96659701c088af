//! The response of the server and the statistics, as the host reads them.
#![allow(unsafe_code)] // the C ABI is called as a host would

use crate::site::{ACCEPT, Site};
use ::egret_ws::*;
use std::ffi::c_char;
use std::net::TcpListener;
use std::ptr;
use test_support::client::{DRIVERS, Driver, Loop, Socket};
use test_support::connection::run_connection;
use test_support::response::address;
use test_support::scripted_server::Server;

#[test]
fn the_reasons_of_a_refusal_can_be_read() {
    for (answer, status, name, value) in [
        (
            "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"game\", charset=\"UTF-8\"\n\n",
            401,
            "WWW-Authenticate",
            "Basic realm=\"game\", charset=\"UTF-8\"",
        ),
        ("HTTP/1.1 403 Forbidden\nX-Reason: banned\nContent-Length: 6\n\nbanned", 403, "X-Reason", "banned"),
        ("HTTP/1.1 404 Not Found\nContent-Type: text/html\n\n<html>", 404, "Content-Type", "text/html"),
        ("HTTP/1.1 429 Too Many Requests\nRetry-After: 120\n\n", 429, "Retry-After", "120"),
        (
            "HTTP/1.1 503 Service Unavailable\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\n\n",
            503,
            "Retry-After",
            "Fri, 31 Dec 1999 23:59:59 GMT",
        ),
    ] {
        for driver in DRIVERS {
            let site = Site::start([answer]);
            let outcome = run_connection(driver, site.url(), |_| {});
            let read = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, status);
            assert_eq!(read.header(name), value);
            assert_eq!(read.stats.http_status, status as u32);
            assert!(outcome.report.message.contains(&status.to_string()), "{:#?}", outcome.report);
            site.finish_one();
        }
    }
}

#[test]
fn a_refusal_keeps_all_its_headers_in_their_order() {
    let site = Site::start(["HTTP/1.1 403 Forbidden\nB:  2 \nA: 1\nx-empty:\nB: 3\n\n"]);
    let outcome = run_connection(Driver::Threaded, site.url(), |_| {});
    let read = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 403);
    assert_eq!(read.headers, "B: 2\nA: 1\nx-empty: \nB: 3\n");
    assert_eq!(read.header("B"), "2, 3");
    site.finish_one();
}

#[test]
fn the_headers_of_an_acceptance_can_be_read_from_on_connect_on() {
    for driver in DRIVERS {
        let site = Site::start([ACCEPT.replacen('\n', "\nX-Server: eu-1\nSet-Cookie: a=1\nSet-Cookie: b=2\n", 1)]);
        let outcome = run_connection(driver, site.url(), |_| {});
        let opened = outcome.expect_open();
        assert!(opened.headers.starts_with("X-Server: eu-1\nSet-Cookie: a=1\nSet-Cookie: b=2\nUpgrade: websocket\n"));
        assert_eq!((opened.header("X-Server"), opened.header("Set-Cookie")), ("eu-1", "a=1, b=2"));
        assert_eq!(opened.stats.http_status, 101);
        assert_eq!(outcome.closed.headers, opened.headers, "equal headers in on_close");
        assert_eq!(outcome.closed.stats.http_status, 101);
        site.finish_one();
    }
}

#[test]
fn statistics_contain_address_and_times() {
    let site = Site::start([ACCEPT]);
    let outcome = run_connection(Driver::Threaded, site.url(), |_| {});
    let stats = &outcome.expect_open().stats;
    assert_eq!(address(stats), format!("127.0.0.1:{}", site.port));
    let (connect_us, handshake_us) = (stats.connect_us, stats.handshake_us);
    assert!(connect_us > 0 && handshake_us > 0, "both stages took time: {connect_us} and {handshake_us} microseconds");
    assert_eq!((stats.resolve_us, stats.proxy_us, stats.tls_us), (0, 0, 0), "the others took none");
    assert_eq!((stats.tls_version, stats.redirects), (0, 0));
    site.finish_one();
}

/// Makes a connection that is refused with `answer`. Returns it after its end, before it is freed.
#[track_caller]
fn at_its_end<'a>(host: &'a Loop, answer: &str) -> Socket<'a> {
    let site = Site::start([answer]);
    let socket = host.try_connect_url(site.url()).expect("the connect call succeeds");
    socket.wait_closed();
    site.finish_one();
    socket
}

#[test]
fn header_names_ignore_letter_case() {
    let host = Loop::new(Driver::Inline);
    let socket = at_its_end(&host, "HTTP/1.1 429 Too Many Requests\nretry-AFTER: 7\nX-Empty:\n\n");
    for name in ["Retry-After", "retry-after", "RETRY-AFTER"] {
        assert_eq!(socket.response_header(name).as_deref(), Ok("7"));
    }
    assert_eq!(socket.response_header("X-Empty").as_deref(), Ok(""));
    for name in ["Retry-Afte", "Retry-After:", "Retry-After ", "etry-After", "", "X-None", "7"] {
        assert_eq!(socket.response_header(name), Err(EGRET_WS_ERR_NOT_FOUND), "{name:?}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_come_as_replacement_characters() {
    // `Site` writes text, so this test writes the byte itself.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::on(listener, |mut peer| {
        peer.read_request();
        peer.write(b"HTTP/1.1 403 Forbidden\r\nX-Latin: gr\xfc\xdfe\r\nX-Utf: gr\xc3\xbc\xc3\x9fe\r\n\r\n");
        peer.finish_writing();
        peer.expect_end();
    });
    let url = format!("ws://127.0.0.1:{}/", server.port());
    let outcome = run_connection(Driver::Threaded, url, |_| {});
    let read = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 403);
    assert_eq!((read.header("X-Latin"), read.header("X-Utf")), ("gr\u{fffd}\u{fffd}e", "grüße"));
    server.finish();
}

/// Checks that `call` writes `value` if there is room for it and its NUL, and otherwise writes nothing.
#[track_caller]
fn keeps_to_its_room(value: &str, call: impl Fn(*mut c_char, usize) -> i32) {
    let mut out = [b'?'; 64];
    assert_eq!(call(ptr::null_mut(), 0), value.len() as i32);
    assert_eq!(call(ptr::null_mut(), 64), EGRET_WS_ERR_INVALID_ARGUMENT);
    assert_eq!(call(out.as_mut_ptr().cast(), 0), value.len() as i32);
    for capacity in 1..=value.len() {
        assert_eq!(call(out.as_mut_ptr().cast(), capacity), EGRET_WS_ERR_INVALID_ARGUMENT, "{capacity}");
    }
    assert_eq!(out, [b'?'; 64]);
    assert_eq!(call(out.as_mut_ptr().cast(), value.len() + 1), value.len() as i32);
    let (written, rest) = out.split_at(value.len() + 1);
    assert_eq!(written, [value.as_bytes(), b"\0"].concat());
    assert!(rest.iter().all(|byte| *byte == b'?'));
}

#[test]
fn small_buffers_are_not_written() {
    let host = Loop::new(Driver::Inline);
    let socket = at_its_end(&host, "HTTP/1.1 429 Too Many Requests\nRetry-After: 120\n\n");
    let name = c"Retry-After".as_ptr();
    // SAFETY: the name is a C string. `out` has `capacity` bytes, or is NULL.
    keeps_to_its_room("120", |out, capacity| unsafe { egret_ws_response_header(socket.handle(), name, out, capacity) });
    // SAFETY: `out` has `capacity` bytes, or is NULL.
    keeps_to_its_room("Retry-After: 120\n", |out, capacity| unsafe {
        egret_ws_response_headers(socket.handle(), out, capacity)
    });
    // SAFETY: NULL is allowed to be refused.
    let no_name = unsafe { egret_ws_response_header(socket.handle(), ptr::null(), ptr::null_mut(), 0) };
    assert_eq!(no_name, EGRET_WS_ERR_INVALID_ARGUMENT);
}

#[test]
fn no_response_can_be_read_before_it_has_come() {
    for driver in DRIVERS {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("a bound listener"));
        let host = Loop::new(driver);
        let socket = host.try_connect_url(url).expect("the connect call succeeds");
        let expect_none = || {
            assert_eq!(socket.response_headers(), "");
            assert_eq!(socket.response_header("Upgrade"), Err(EGRET_WS_ERR_NOT_FOUND));
            assert_eq!(socket.stats().http_status, 0);
        };
        expect_none();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_ERR_ABORTED);
        expect_none();
    }
}

//! Values of the option `proxy` that the connect call refuses.

use crate::exchange::try_open;
use ::egret_ws::*;
use std::ffi::CString;
use test_support::client::{Driver, Loop};

/// The call fails with `error`, makes no callback, and logs the reason, but no text that may be a password.
#[track_caller]
fn refused(host: &Loop, url: &str, proxy: &str, error: i32) {
    assert_eq!(try_open(host, url, proxy, |_| {}).err(), Some(error), "{proxy:?}");
    assert_eq!(host.poll(0), 0, "a callback for {proxy:?}");
    let log = host.take_log();
    assert!(log.len() == 1 && log[0].contains("proxy"), "{proxy:?} is refused with one line in the log, not {log:?}");
    assert!(!log[0].contains("s3cret"), "{log:?}");
}

#[test]
fn proxies_that_cannot_be_used_are_refused() {
    let host = Loop::new(Driver::Threaded);
    let long = "s3cret".repeat(43); // 258 bytes, where SOCKS5 has room for 255
    for proxy in [
        " ",
        "http://",
        "socks5://",
        "http://:8080",
        "http://user:s3cret@",
        "http://user:s3cret@:8080",
        "http://user:s3cret@127.0.0.1:0",
        "http://user:s3cret@127.0.0.1:65536",
        "http://user:s3cret@127.0.0.1:port",
        "http://user:s3cret@127.0.0.256:8080",
        "http://user:s3cret@[::1:8080",
        "http://user:s3cret@127.0.0.1:8080/path",
        "http://user:s3cret@127.0.0.1:8080?query",
        "http://user:s3cret@127.0.0.1:8080#fragment",
        "http://user:s3cret@exa mple:8080",
        "http://us\ner:s3cret@127.0.0.1:8080/%0D%0A",
        "https://user:s3cret@127.0.0.1:0",
        "https://us%3Aer:s3cret@127.0.0.1",
        "https://user:s3cret@127.0.0.1:8080/path",
        "socks5://user:s3cret@127.0.0.1:0",
        "socks5://user:s3cret@127.0.0.1:1080/path",
        "socks5://user:s3cret@exa mple:1080",
        "ftp://user:s3cret@127.0.0.1:21",
        "ws://user:s3cret@127.0.0.1:80",
        "file:///s3cret",
        "user:s3cret@/",
        "http:127.0.0.1:8080",
        "http:/127.0.0.1:8080",
        "http://user:s3cret%0d%0aX-Injected:%20yes@127.0.0.1:8080/x",
        &format!("socks5://{long}:x@127.0.0.1:1080"),
        &format!("socks5://x:{long}@127.0.0.1:1080"),
    ] {
        refused(&host, "ws://echo.test/", proxy, EGRET_WS_ERR_INVALID_ARGUMENT);
        refused(&host, "wss://echo.test/", proxy, EGRET_WS_ERR_INVALID_ARGUMENT);
    }
}

#[test]
fn a_proxy_that_is_not_utf8_is_refused() {
    let host = Loop::new(Driver::Threaded);
    let proxy = CString::new(b"http://\xff:8080").expect("no NUL");
    let outcome = host.open_url("ws://echo.test/", |options| options.proxy = proxy.as_ptr());
    assert!(matches!(outcome.err(), Some(EGRET_WS_ERR_INVALID_ARGUMENT | EGRET_WS_ERR_INVALID_UTF8)));
    assert_eq!(host.take_log().len(), 1);
}

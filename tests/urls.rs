//! Hosts and URLs: the connect calls refuse some of them; the others arrive at the server as expected.

use ::egret_ws::*;
use std::io::ErrorKind;
use std::net::TcpListener;
use test_support::client::{Driver, Loop, Socket, on_both_drivers};
use test_support::scripted_server::{Request, Server};

/// Checks that the call fails with `error`, makes no callback, and logs the reason.
#[track_caller]
fn refused(host: &Loop, what: &str, outcome: Result<Socket<'_>, i32>, error: i32) {
    assert_eq!(outcome.err(), Some(error), "{what:?}");
    assert_eq!(host.poll(0), 0, "a callback for {what:?}");
    let log = host.take_log();
    assert!(log.len() == 1 && !log[0].is_empty(), "{what:?} is refused with one line in the log, not {log:?}");
}

#[test]
fn urls_that_cannot_be_used_are_refused() {
    let host = Loop::new(Driver::Threaded);
    for url in [
        "",
        "127.0.0.1",
        "127.0.0.1:9000",
        "/chat",
        "http://127.0.0.1/",
        "ftp://127.0.0.1/",
        "ws:",
        "ws://",
        "ws://:9000/",
        "ws://?x",
        "ws://127.0.0.1:65536/",
        "ws://127.0.0.1:-1/",
        "ws://127.0.0.1:http/",
        "ws://127.0.0.1:0/",
        "ws://127.0.0.256/",
        "ws://exa mple/",
        "ws://exa<mple/",
        "ws://exa%00mple/",
        "ws://[::1/",
        "ws://[::g]/",
        "ws://127.0.0.1/#there",
        "ws://127.0.0.1/#",
        "wss://127.0.0.1/#there",
        "wss://",
        "wss://127.0.0.1:0/",
        "wss//127.0.0.1/",
        "https://127.0.0.1/",
        "ws://user:password@/",
        "ws://user:password@127.0.0.1:http/",
        "ws://us%ffer@127.0.0.1/",
        "ws://[fe80::1%25]/",
        "ws://[fe80::1%]/",
        "ws://[fe80::1%25eth0%0d%0a]/",
        "ws://[fe80::1%25eth0/x]/",
        "ws://127.0.0.1%25lo/",
        "ws://0x100000000/",
        "ws://1.2.3.4.0/",
        "ws://1.09/",
        "ws://[::1.2.3]/",
        "ws://[::1]x/",
        "ws://xn--a-/",
    ] {
        refused(&host, url, host.try_connect_url(url), EGRET_WS_ERR_INVALID_URL);
    }
    let not_utf8 = b"ws://127.0.0.1/\xff";
    refused(&host, "bytes that are not UTF-8", host.try_connect_url(not_utf8), EGRET_WS_ERR_INVALID_URL);
}

#[test]
fn hosts_that_cannot_be_used_are_refused() {
    let host = Loop::new(Driver::Threaded);
    for name in [
        "",
        " ",
        "127.0.0.1/",
        "127.0.0.1/chat",
        "127.0.0.1?x",
        "127.0.0.1#x",
        "127.0.0.1:9000",
        "user@127.0.0.1",
        "ws://127.0.0.1",
        "exa mple",
        "127.0.0.1\r\nX-Injected: yes",
        "127.0.0.1\\chat",
        "127.0.0.256",
        "[::1",
        "::1]",
        "[127.0.0.1]",
        "::g",
        "::g%eth0",
        "fe80::1%",
        "fe80::1%eth0\r\nX-Injected: yes",
        "127.0.0.1%lo",
    ] {
        refused(&host, name, host.try_connect(name, 9000), EGRET_WS_ERR_INVALID_URL);
    }
    refused(&host, "port 0", host.try_connect("127.0.0.1", 0), EGRET_WS_ERR_INVALID_ARGUMENT);
}

/// Returns the request that arrives at a server. `connect` gets the server's port.
#[track_caller]
fn request(connect: impl for<'a> Fn(&'a Loop, u16) -> Result<Socket<'a>, i32>) -> (Request, u16) {
    let host = Loop::new(Driver::Threaded);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    request_on(listener, &host, connect)
}

#[track_caller]
fn request_on<'a>(
    listener: TcpListener,
    host: &'a Loop,
    connect: impl FnOnce(&'a Loop, u16) -> Result<Socket<'a>, i32>,
) -> (Request, u16) {
    let server = Server::on(listener, |mut peer| {
        let request = peer.upgrade();
        peer.close(1000);
        request
    });
    let port = server.port();
    let socket = connect(host, port).expect("the connect call succeeds");
    assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
    (server.finish(), port)
}

#[test]
fn path_and_query_arrive_unchanged() {
    for (given, arriving) in [
        ("", "/"),
        ("/", "/"),
        ("/chat", "/chat"),
        ("/a/b/?room=1&name=x%20y", "/a/b/?room=1&name=x%20y"),
        ("?x=1", "/?x=1"),
        ("/?", "/?"),
        ("/%7Euser/~user;v=1,2", "/%7Euser/~user;v=1,2"),
        // Browsers do this too.
        ("/größe?q=ü", "/gr%C3%B6%C3%9Fe?q=%C3%BC"),
        ("/a b", "/a%20b"),
        ("/a/../b/./c", "/b/c"),
        ("/line\r\nX-Injected: yes", "/lineX-Injected:%20yes"),
    ] {
        let (request, _) = request(|host, port| host.try_connect_url(format!("ws://127.0.0.1:{port}{given}")));
        assert_eq!(request.line, format!("GET {arriving} HTTP/1.1"), "given {given:?}");
    }
}

#[test]
fn the_host_header_names_host_and_port() {
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (request, port) = request_on(listener, host, |host, port| host.try_connect("127.0.0.1", port));
        assert_eq!(request.line, "GET / HTTP/1.1");
        assert_eq!(request.header("Host"), format!("127.0.0.1:{port}"));
    });
    let (request, port) = request(|host, port| host.try_connect_url(format!("WS://LocalHost:{port}/")));
    assert_eq!(request.header("Host"), format!("localhost:{port}"));
}

#[test]
fn localhost_is_found() {
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (request, port) = request_on(listener, host, |host, port| host.try_connect("localhost", port));
        assert_eq!(request.header("Host"), format!("localhost:{port}"));
    });
}

/// Checks that `connect` reaches the port of `::1` that it gets. If the machine has no IPv6, the literal must still be read as an address.
#[track_caller]
fn reaches_ipv6<'a>(host: &'a Loop, connect: impl FnOnce(&'a Loop, u16) -> Result<Socket<'a>, i32>) {
    match TcpListener::bind("[::1]:0") {
        Ok(listener) => {
            let (request, port) = request_on(listener, host, connect);
            assert_eq!(request.header("Host"), format!("[::1]:{port}"));
        }
        Err(error) if matches!(error.kind(), ErrorKind::AddrNotAvailable | ErrorKind::Unsupported) => {
            let report = connect(host, 9).expect("the connect call succeeds").wait_closed();
            report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        }
        Err(error) => panic!("::1 cannot be bound: {error}"),
    }
}

#[test]
fn ipv6_literals_connect_with_and_without_brackets() {
    on_both_drivers(|host| {
        reaches_ipv6(host, |host, port| host.try_connect("::1", port));
        reaches_ipv6(host, |host, port| host.try_connect("[::1]", port));
        reaches_ipv6(host, |host, port| host.try_connect_url(format!("ws://[0:0::0:1]:{port}/")));
    });
}

#[test]
fn a_host_that_is_not_ascii_needs_the_feature() {
    let host = Loop::new(Driver::Inline);
    let (url, name) = ("ws://b\u{fc}cher.invalid/", "b\u{fc}cher.invalid");
    if cfg!(feature = "idn") {
        let (by_url, by_name) = (host.try_connect_url(url), host.try_connect(name, 80));
        assert!(by_url.is_ok() && by_name.is_ok());
    } else {
        refused(&host, url, host.try_connect_url(url), EGRET_WS_ERR_UNSUPPORTED);
        refused(&host, name, host.try_connect(name, 80), EGRET_WS_ERR_UNSUPPORTED);
    }
    assert!(host.try_connect_url("ws://xn--bcher-kva.invalid/").is_ok());
}

#[test]
fn every_request_has_a_different_key() {
    let keys: Vec<String> = (0..5)
        .map(|_| request(|host, port| host.try_connect("127.0.0.1", port)).0.header("Sec-WebSocket-Key").to_owned())
        .collect();
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{keys:?}");
    }
}

//! The requests to proxies, byte by byte. The proxy looks up names: no resolver knows `echo.test`.

use crate::exchange::{fails, open, open_with, opens};
use crate::scripted_proxy::{self, ESTABLISHED, GRANTED, NO_AUTHENTICATION, PASSWORD};
use ::egret_ws::*;
use std::net::TcpListener;
use test_support::client::{header, on_both_drivers, set_headers};
use test_support::scripted_server::{Peer, Request, Server};

#[test]
fn connect_names_host_and_port() {
    for (url, destination, authority) in [
        ("ws://echo.test/", "echo.test:80", "echo.test"),
        ("ws://ECHO.test:9000/", "echo.test:9000", "echo.test:9000"),
        ("ws://bücher.test/", "xn--bcher-kva.test:80", "xn--bcher-kva.test"),
        ("ws://192.0.2.1:9000/", "192.0.2.1:9000", "192.0.2.1:9000"),
        ("ws://[2001:db8::1]:9000/", "[2001:db8::1]:9000", "[2001:db8::1]:9000"),
        // The name is looked up at the proxy, not here.
        ("ws://localhost:9000/", "localhost:9000", "localhost:9000"),
    ] {
        opens("http://", url, authority, move |peer| {
            let connect = Request::read(peer.stream());
            assert_eq!(connect.line, format!("CONNECT {destination} HTTP/1.1"));
            assert_eq!(connect.get("Host"), Some(destination));
            assert_eq!(connect.get("User-Agent"), Some(concat!("egret-ws/", env!("CARGO_PKG_VERSION"))));
            assert_eq!(connect.get("Proxy-Authorization"), None);
            peer.write(ESTABLISHED);
        });
    }
}

#[test]
fn connect_carries_the_password() {
    for (proxy, credentials) in [
        ("http://user:secret@", "dXNlcjpzZWNyZXQ="),
        ("http://user@", "dXNlcjo="),
        ("http://:secret@", "OnNlY3JldA=="),
        ("http://us%20er:p%C3%A4%3Ass%40word@", "dXMgZXI6cMOkOnNzQHdvcmQ="),
    ] {
        opens(proxy, "ws://echo.test/", "echo.test", move |peer| {
            let connect = Request::read(peer.stream());
            assert_eq!(connect.get("Proxy-Authorization"), Some(format!("Basic {credentials}").as_str()));
            peer.write(ESTABLISHED);
        });
    }
}

#[test]
fn headers_for_the_server_are_not_sent_to_the_proxy() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let connect = Request::read(peer.stream());
            peer.write("HTTP/1.1 403 Forbidden\r\n\r\n");
            connect
        });
        let headers = [header(c"X-Token", c"s3cret")];
        let proxy = format!("http://127.0.0.1:{}", server.port());
        let socket = open_with(host, "ws://player:s3cret@echo.test/path?token=s3cret", &proxy, |options| {
            set_headers(options, &headers);
            options.origin = c"https://game.test".as_ptr();
        });
        fails(&socket).expect_proxy_refusal(403, &["403 Forbidden"]);
        let connect = server.finish();
        assert_eq!(connect.line, "CONNECT echo.test:80 HTTP/1.1");
        let names: Vec<&str> = connect.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Host", "User-Agent"]);
    });
}

#[test]
fn socks_names_host_and_port() {
    let longest = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
    for (host, destination) in [
        ("echo.test", "\"echo.test\""),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("localhost", "\"localhost\""),
        (&longest, &format!("{longest:?}")),
    ] {
        let destination = format!("{destination}:9000");
        for scheme in ["socks5://", "socks5h://"] {
            let destination = destination.clone();
            opens(scheme, &format!("ws://{host}:9000/"), &format!("{host}:9000"), move |peer| {
                assert_eq!(scripted_proxy::read_socks(peer.stream()), destination);
                peer.write(GRANTED);
            });
        }
    }
}

#[test]
fn socks_carries_the_password() {
    let longest = "x".repeat(255);
    for (proxy, user, password) in [
        ("socks5://user:secret@", "user", "secret"),
        ("socks5://us%20er:p%C3%A4%3Ass%40word@", "us er", "pä:ss@word"),
        (&format!("socks5://{longest}:{longest}@"), &longest, &longest),
    ] {
        let expected = (user.to_owned(), password.to_owned());
        opens(proxy, "ws://echo.test/", "echo.test", move |peer| {
            let methods = scripted_proxy::read_methods(peer.stream());
            assert!(
                methods == [NO_AUTHENTICATION, PASSWORD] || methods == [PASSWORD, NO_AUTHENTICATION],
                "{methods:?}"
            );
            peer.write([5, PASSWORD]);
            assert_eq!(scripted_proxy::read_credentials(peer.stream()), expected);
            peer.write([1, 0]);
            assert_eq!(scripted_proxy::read_destination(peer.stream()), "\"echo.test\":80");
            peer.write(GRANTED);
        });
    }
}

#[test]
fn socks_does_not_send_an_unrequested_password() {
    opens("socks5://user:secret@", "ws://echo.test/", "echo.test", |peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, NO_AUTHENTICATION]);
        assert_eq!(scripted_proxy::read_destination(peer.stream()), "\"echo.test\":80");
        peer.write(GRANTED);
    });
}

#[test]
fn a_redirect_is_followed_through_the_proxy() {
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let again = listener.try_clone().expect("a clone");
        let server = Server::on(listener, move |mut peer| {
            let first = Request::read(peer.stream()).line;
            peer.write(ESTABLISHED);
            peer.read_request();
            peer.write("HTTP/1.1 302 Found\r\nLocation: ws://other.test/\r\n\r\n");
            let mut peer = Peer::new(again.accept().expect("a second connection").0);
            let second = Request::read(peer.stream()).line;
            peer.write(ESTABLISHED);
            peer.upgrade();
            peer.close(1000);
            [first, second]
        });
        let proxy = format!("http://127.0.0.1:{}", server.port());
        let socket = open_with(host, "ws://echo.test/", &proxy, |options| options.max_redirects = 1);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(server.finish(), ["CONNECT echo.test:80 HTTP/1.1", "CONNECT other.test:80 HTTP/1.1"]);
    });
}

#[test]
fn proxy_may_be_given_by_name() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            Request::read(peer.stream());
            peer.write(ESTABLISHED);
            peer.upgrade();
            peer.close(1000);
        });
        let socket = open(host, "ws://echo.test/", &format!("http://localhost:{}/", server.port()));
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
    });
}

//! Proxies that cannot be reached or do not answer, and sockets that are closed while they wait for such a proxy.

use crate::exchange::{fails, open, open_with};
use crate::scripted_proxy::{self, NO_AUTHENTICATION, PASSWORD};
use crate::servers::closed_port;
use ::egret_ws::*;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::{Loop, Socket, on_both_drivers};
use test_support::response::address;
use test_support::scripted_server::{Peer, Request, Server};

const LIMIT: Duration = Duration::from_millis(150);
/// This is far below every default, so the limit or the call of the test must have ended the connection.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn unreachable_proxy_is_named() {
    for (scheme, url) in [("http", "ws"), ("http", "wss"), ("socks5", "ws"), ("socks5", "wss")] {
        on_both_drivers(|host| {
            let proxy = format!("127.0.0.1:{}", closed_port());
            let socket = open(host, &format!("{url}://echo.test/"), &format!("{scheme}://user:secret@{proxy}"));
            let report = fails(&socket);
            report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
            report.expect_message(&["proxy", &proxy]);
            assert_eq!((report.os_error, report.http_status), (libc::ECONNREFUSED, 0));
            let stats = socket.stats();
            assert_eq!((stats.proxy_us, stats.tls_us, stats.handshake_us), (0, 0, 0));
            assert_eq!(address(&stats), "");
        });
    }
}

/// The proxy runs `script` and does not answer any more. The deadline must end the connection.
#[track_caller]
fn times_out(proxy: &str, script: impl Fn(Peer) + Clone + Send + 'static) {
    println!("{proxy}");
    on_both_drivers(|host| {
        let server = Server::start(script.clone());
        let begun = Instant::now();
        let proxy = format!("{proxy}127.0.0.1:{}", server.port());
        let socket =
            open_with(host, "wss://echo.test/", &proxy, |options| options.proxy_timeout_ms = LIMIT.as_millis() as u32);
        let report = fails(&socket);
        let took = begun.elapsed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
        report.expect_message(&["proxy"]);
        assert!(took >= LIMIT && took < SOON, "after {took:?}");
        assert!(socket.stats().proxy_us >= LIMIT.as_micros() as u64);
        server.finish();
    });
}

#[test]
fn silent_proxy_times_out() {
    times_out("http://", |mut peer| {
        Request::read(peer.stream());
        peer.expect_end();
    });
    times_out("http://", |mut peer| {
        Request::read(peer.stream());
        peer.write("HTTP/1.1 200 OK\r\n");
        peer.expect_end();
    });
    times_out("socks5://", |mut peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.expect_end();
    });
    times_out("socks5://user:secret@", |mut peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, PASSWORD]);
        scripted_proxy::read_credentials(peer.stream());
        peer.expect_end();
    });
    times_out("socks5://", |mut peer| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, NO_AUTHENTICATION]);
        scripted_proxy::read_destination(peer.stream());
        peer.expect_end();
    });
}

#[test]
fn endless_slow_response_times_out() {
    times_out("http://", |mut peer| {
        Request::read(peer.stream());
        peer.write("HTTP/1.1 200 OK\r\nX-Drip: ");
        // Each byte comes long before the deadline, and no byte may extend the deadline.
        while peer.try_write(b"x").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
}

/// `leave` is called while the proxy processes the request. The proxy must notice the end at once.
#[track_caller]
fn left(proxy: &str, ask: fn(&mut Peer), leave: impl Fn(&Loop, Socket<'_>)) {
    println!("{proxy}");
    on_both_drivers(|host| {
        let (asked, was_asked) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            ask(&mut peer);
            asked.send(()).expect("the test waits");
            peer.expect_end();
        });
        let socket = open(host, "wss://echo.test/", &format!("{proxy}127.0.0.1:{}", server.port()));
        host.wait_until("the proxy is asked", || was_asked.try_recv().is_ok());
        assert_eq!(socket.state(), EGRET_WS_STATE_CONNECTING);
        let begun = Instant::now();
        leave(host, socket);
        server.finish();
        assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
    });
}

const ASK_HTTP: fn(&mut Peer) = |peer| {
    Request::read(peer.stream());
    peer.write("HTTP/1.1 2");
};

const ASK_SOCKS: fn(&mut Peer) = |peer| {
    scripted_proxy::read_socks(peer.stream());
    peer.write([5]);
};

#[test]
fn close_during_the_proxy_handshake_ends_at_once() {
    let close = |_: &Loop, socket: Socket<'_>| {
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = fails(&socket);
        report.expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_LOCAL);
    };
    left("http://", ASK_HTTP, close);
    left("socks5://", ASK_SOCKS, close);
}

#[test]
fn free_during_the_proxy_handshake_ends_at_once() {
    let free = |host: &Loop, socket: Socket<'_>| {
        drop(socket);
        host.poll(0); // without a thread, the poll ends it; the release of `user` is checked when the loop is freed
    };
    left("http://", ASK_HTTP, free);
    left("socks5://", ASK_SOCKS, free);
}

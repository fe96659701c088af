//! No log line and no message contains the password of the proxy, at any log level and after any error.

use crate::exchange::{open_with, try_open};
use crate::scripted_proxy::{self, ESTABLISHED, GRANTED, PASSWORD};
use crate::servers::closed_port;
use ::egret_ws::*;
use test_support::client::{DRIVERS, Loop};
use test_support::scripted_server::{Peer, Request, Server};

/// `user:pass-w0rd` in the form that `Proxy-Authorization` contains.
const ENCODED: &str = "dXNlcjpwYXNzLXcwcmQ=";

#[track_caller]
fn keeps_it(what: &str, text: &str) {
    for secret in ["pass-w0rd", "pass%2Dw0rd", ENCODED] {
        assert!(!text.contains(secret), "{what}: {text}");
    }
}

/// Connects with both drivers through a proxy that runs `script`. `proxy` is its URL up to the host.
#[track_caller]
fn keeps_quiet(proxy: &str, timeout_ms: u32, script: impl Fn(Peer) + Clone + Send + 'static, error: i32) {
    for driver in DRIVERS {
        let host = Loop::with(driver, |options| options.log_level = EGRET_WS_LOG_DEBUG);
        let server = Server::start(script.clone());
        let proxy = format!("{proxy}127.0.0.1:{}", server.port());
        let socket = open_with(&host, "ws://echo.test/", &proxy, |options| options.proxy_timeout_ms = timeout_ms);
        let report = socket.wait_closed();
        assert_eq!(report.error, error, "{report:#?}");
        keeps_it("the message", &report.message);
        let log = host.take_log();
        assert!(log.iter().any(|line| line.contains("proxy")), "the log mentions the proxy: {log:?}");
        log.iter().for_each(|line| keeps_it("the log", line));
        server.finish();
    }
}

fn answers(head: &'static str) -> impl Fn(Peer) + Clone + Send + 'static {
    move |mut peer| {
        let connect = Request::read(peer.stream());
        assert_eq!(connect.get("Proxy-Authorization"), Some(format!("Basic {ENCODED}").as_str()));
        peer.write(head);
        peer.expect_end();
    }
}

#[test]
fn log_of_an_http_proxy_contains_no_password() {
    for user in ["user:pass-w0rd", "user:pass%2Dw0rd"] {
        let proxy = format!("http://{user}@");
        for head in [
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "nonsense\r\n\r\n",
        ] {
            keeps_quiet(&proxy, 0, answers(head), EGRET_WS_ERR_PROXY);
        }
        keeps_quiet(&proxy, 150, answers(""), EGRET_WS_ERR_TIMEOUT);
        let hang_up = |mut peer: Peer| drop(Request::read(peer.stream()));
        keeps_quiet(&proxy, 0, hang_up, EGRET_WS_ERR_PROXY);
        let connect = |mut peer: Peer| {
            Request::read(peer.stream());
            peer.write(ESTABLISHED);
            peer.upgrade();
            peer.close(1000);
        };
        keeps_quiet(&proxy, 0, connect, EGRET_WS_OK);
    }
}

#[test]
fn log_of_a_socks_proxy_contains_no_password() {
    let authenticate = |peer: &mut Peer, answer: [u8; 2]| {
        scripted_proxy::read_methods(peer.stream());
        peer.write([5, PASSWORD]);
        assert_eq!(scripted_proxy::read_credentials(peer.stream()), ("user".into(), "pass-w0rd".into()));
        peer.write(answer);
    };
    let proxy = "socks5://user:pass-w0rd@";
    let wrong = move |mut peer: Peer| {
        authenticate(&mut peer, [1, 1]);
        peer.expect_end();
    };
    keeps_quiet(proxy, 0, wrong, EGRET_WS_ERR_PROXY);
    let connect = move |mut peer: Peer| {
        authenticate(&mut peer, [1, 0]);
        scripted_proxy::read_destination(peer.stream());
        peer.write(GRANTED);
        peer.upgrade();
        peer.close(1000);
    };
    keeps_quiet(proxy, 0, connect, EGRET_WS_OK);
}

#[test]
fn log_of_an_unusable_proxy_contains_no_password() {
    for driver in DRIVERS {
        let host = Loop::with(driver, |options| options.log_level = EGRET_WS_LOG_DEBUG);
        for scheme in ["http", "socks5"] {
            let proxy = format!("{scheme}://user:pass-w0rd@127.0.0.1:{}", closed_port());
            let report = open_with(&host, "ws://echo.test/", &proxy, |_| {}).wait_closed();
            assert_eq!(report.error, EGRET_WS_ERR_CONNECT);
            keeps_it("the message", &report.message);
            assert!(try_open(&host, "ws://echo.test/", &format!("{proxy}/path"), |_| {}).is_err());
        }
        let log = host.take_log();
        assert!(log.len() >= 4, "two connections and two calls that failed: {log:?}");
        log.iter().for_each(|line| keeps_it("the log", line));
    }
}

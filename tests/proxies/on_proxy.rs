//! `on_proxy`: the application finds the proxies for a URL.

use crate::exchange::{echoes, fails};
use crate::scripted_proxy::Relay;
use crate::servers::closed_port;
use ::egret_ws::*;
use std::ptr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Driver, Loop, Socket};
use test_support::echo_server::echo_port;
use test_support::hooks::{Hooks, Query};
use test_support::response::{self, address};
use test_support::scripted_server::{Request, Server};

/// A name that no name server has, so a proxy must look it up.
const NAME: &str = "chat.invalid";

/// Makes a loop with this `on_proxy`.
fn finding(driver: Driver, on_proxy: impl Fn(&str, Query) + Send + Sync + 'static) -> Loop {
    let hooks = Hooks { on_proxy: Some(Box::new(on_proxy)), ..Hooks::default() };
    Loop::with(driver, |options| hooks.listen_by(options))
}

/// Makes a loop with an `on_proxy` that answers with this list.
fn answering(driver: Driver, list: String) -> Loop {
    finding(driver, move |_, query| assert_eq!(query.proxy_found(Some(&list)), EGRET_WS_OK))
}

/// Makes a loop with an `on_proxy` that only passes the URL and the query on.
fn collecting(driver: Driver) -> (Loop, Receiver<(String, Query)>) {
    let (sender, asked) = channel();
    (finding(driver, move |url, query| sender.send((url.to_owned(), query)).expect("the test waits")), asked)
}

fn open<'a>(host: &'a Loop, name: &str) -> Socket<'a> {
    host.open_host(name, echo_port(), |_| {}).expect("the connect call succeeds")
}

/// Polls until the hook was called.
#[track_caller]
fn next(host: &Loop, asked: &Receiver<(String, Query)>) -> (String, Query) {
    let mut found = None;
    host.wait_until("the hook", || {
        found = found.take().or_else(|| asked.try_recv().ok());
        found.is_some()
    });
    found.expect("it was found")
}

#[test]
fn the_first_proxy_that_can_be_connected_to_is_used() {
    for driver in DRIVERS {
        let relay = Relay::start();
        for scheme in ["http", "socks5"] {
            let (closed, port) = (closed_port(), relay.port());
            let list = format!("http://127.0.0.1:{closed}, {scheme}://user:s3cret@127.0.0.1:{port}, direct");
            // The relay of this test does not support SOCKS5 with a password.
            let host = answering(driver, list.replace(if scheme == "http" { "" } else { "user:s3cret@" }, ""));
            let socket = open(&host, NAME);
            echoes(&socket);
            assert_eq!(address(&socket.stats()), format!("127.0.0.1:{port}"));
            assert_eq!(response::proxy(socket.handle()), format!("{scheme}://127.0.0.1:{port}"));
            let asked = relay.take_asked();
            assert!(asked.len() == 1 && asked[0].contains(NAME), "{asked:?}");
            let log = host.take_log();
            let lost = format!("connecting to the proxy 127.0.0.1:{closed}");
            assert!(
                log.iter().any(|line| line.contains(&lost) && line.ends_with("; trying the next proxy")),
                "{log:?}"
            );
            assert!(!log.iter().any(|line| line.contains("s3cret")), "{log:?}");
        }
    }
}

#[test]
fn the_hook_gets_the_origin_and_its_answer_may_come_later_from_another_thread() {
    for driver in DRIVERS {
        let (host, asked) = collecting(driver);
        let url = format!("ws://user:s3cret@LOCALHOST:{}/path?query", echo_port());
        let socket = host.open_url(url, |_| {}).expect("the connect call succeeds");
        let (url, query) = next(&host, &asked);
        assert_eq!(url, format!("ws://localhost:{}/", echo_port()));
        assert_eq!(response::proxy(socket.handle()), "");
        let answer = thread::spawn(move || [query.proxy_found(Some("direct")), query.proxy_found(None)]);
        echoes(&socket);
        assert_eq!(answer.join().expect("no panic"), [EGRET_WS_OK, EGRET_WS_ERR_BAD_HANDLE], "it is answered once");
        assert_eq!(response::proxy(socket.handle()), "");
    }
}

#[test]
fn an_empty_answer_is_a_direct_connection_and_null_fails() {
    for driver in DRIVERS {
        let host = answering(driver, String::new());
        echoes(&open(&host, "localhost"));
        let (host, asked) = collecting(driver);
        let socket = open(&host, "localhost");
        assert_eq!(next(&host, &asked).1.proxy_found(None), EGRET_WS_OK);
        let report = fails(&socket);
        report.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(report.message, "on_proxy could not find the proxies");
    }
}

#[test]
fn a_wrong_answer_is_refused_and_the_question_stays_open() {
    let long = format!("http://{}", "h".repeat(8192));
    let nine = "direct,".repeat(8) + "direct";
    for driver in DRIVERS {
        let (host, asked) = collecting(driver);
        let socket = open(&host, "localhost");
        let (_, query) = next(&host, &asked);
        host.take_log();
        let wrong =
            ["ftp://user:s3cret@h", "direct,", "DIRECT://", "http://h/s3cret", "http://u:s3cret@h:0", &nine, &long];
        for list in wrong {
            assert_eq!(query.proxy_found(Some(list)), EGRET_WS_ERR_INVALID_ARGUMENT, "{list:.40}");
        }
        let log = host.take_log();
        assert_eq!(log.len(), wrong.len(), "{log:?}");
        for line in log {
            assert!(line.contains("egret_ws_proxy_found refused: ") && !line.contains("s3cret"), "{line}");
        }
        assert_eq!(query.resolved(None), EGRET_WS_ERR_BAD_HANDLE, "a question of on_proxy");
        assert_eq!(query.proxy_found(Some(&nine["direct,".len()..])), EGRET_WS_OK, "eight");
        echoes(&socket);
    }
}

#[test]
fn no_answer_runs_into_the_time_out_of_the_proxy() {
    const LIMIT: Duration = Duration::from_millis(150);
    for driver in DRIVERS {
        let (host, asked) = collecting(driver);
        let begun = Instant::now();
        let set = |options: &mut egret_ws_options| options.proxy_timeout_ms = LIMIT.as_millis() as u32;
        let socket = host.open_host(NAME, 1, set).expect("the connect call succeeds");
        let report = fails(&socket);
        assert!(begun.elapsed() >= LIMIT && begun.elapsed() < 20 * LIMIT, "after {:?}", begun.elapsed());
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
        report.expect_message(&["on_proxy"]);
        assert!(socket.stats().proxy_us >= LIMIT.as_micros() as u64);
        let (_, query) = asked.try_recv().expect("the hook was called");
        assert_eq!(query.proxy_found(Some("direct")), EGRET_WS_ERR_BAD_HANDLE, "too late");
    }
}

#[test]
fn close_and_abort_withdraw_the_question() {
    for driver in DRIVERS {
        for is_abort in [false, true] {
            let (host, asked) = collecting(driver);
            let socket = open(&host, NAME);
            let (_, query) = next(&host, &asked);
            assert_eq!(if is_abort { socket.abort() } else { socket.close(1000, "") }, EGRET_WS_OK);
            fails(&socket).expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_LOCAL);
            assert_eq!(query.proxy_found(Some("direct")), EGRET_WS_ERR_BAD_HANDLE);
        }
    }
}

#[test]
fn sockets_with_a_proxy_option_do_not_ask() {
    for driver in DRIVERS {
        let (host, asked) = collecting(driver);
        let relay = Relay::start();
        let proxy = std::ffi::CString::new(format!("http://127.0.0.1:{}", relay.port())).expect("no NUL");
        for (flags, proxy) in [(0, c"".as_ptr()), (0, proxy.as_ptr()), (EGRET_WS_PROXY_FROM_ENVIRONMENT, ptr::null())] {
            let set = |options: &mut egret_ws_options| (options.flags, options.proxy) = (flags, proxy);
            echoes(&host.open_host("127.0.0.1", echo_port(), set).expect("the connect call succeeds"));
        }
        assert!(asked.try_recv().is_err());
    }
}

#[test]
fn each_attempt_asks_and_a_refusal_is_not_followed_by_the_next_proxy() {
    for driver in DRIVERS {
        let server = Server::start(|mut peer| {
            Request::read(peer.stream());
            peer.write("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
            peer.read_to_end();
        });
        let (host, asked) = collecting(driver);
        let set = |options: &mut egret_ws_options| {
            options.retry_attempts = 1;
            test_support::client::set_retry_waits(options, 1, 1, 1);
        };
        let socket = host.open_host(NAME, echo_port(), set).expect("the connect call succeeds");
        let closed = format!("http://127.0.0.1:{}", closed_port());
        assert_eq!(next(&host, &asked).1.proxy_found(Some(&closed)), EGRET_WS_OK);
        socket.wait_retry(1);
        let list = format!("http://127.0.0.1:{},direct", server.port());
        assert_eq!(next(&host, &asked).1.proxy_found(Some(&list)), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect_proxy_refusal(407, &["requires a user name and a password"]);
        assert_eq!(socket.response_header("proxy-authenticate").as_deref(), Ok("Basic"));
        server.finish();
    }
}

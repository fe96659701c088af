//! Redirects: they are followed only on request, up to a limit, and never from `wss` to `ws`.

use crate::site::{ACCEPT, Site, nobody_waits};
use ::egret_ws::*;
use std::ffi::CString;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};
use test_support::certificates::ROOT;
use test_support::client::{DRIVERS, Driver};
use test_support::connection::{Outcome, expect_connect_error, run_connection};
use test_support::scripted_server::Peer;

/// Returns an answer that redirects to `location`.
pub fn redirect_to(location: impl AsRef<str>) -> String {
    format!("HTTP/1.1 302 Found\nLocation: {}\nContent-Length: 0\n\n", location.as_ref())
}

#[test]
fn a_redirect_is_a_refusal_unless_asked_for() {
    for driver in DRIVERS {
        let site = Site::start([redirect_to("/elsewhere")]);
        let outcome = run_connection(driver, site.url(), |_| {});
        let answer = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 302);
        assert_eq!(answer.header("Location"), "/elsewhere");
        assert_eq!((answer.stats.http_status, answer.stats.redirects), (302, 0));
        site.finish_one();
    }
}

#[test]
fn all_redirects_are_followed_if_asked_for() {
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent"] {
        for driver in DRIVERS {
            let target = Site::start([ACCEPT.replacen('\n', "\nX-Hop: last\n", 1)]);
            let answer =
                format!("HTTP/1.1 {status}\nLocation: {}game\nX-Hop: first\nContent-Length: 4\n\nmove", target.url());
            let first = Site::start([answer]);
            let outcome = run_connection(driver, format!("{}lobby", first.url()), |options| options.max_redirects = 1);
            let opened = outcome.expect_open();
            assert_eq!((opened.stats.http_status, opened.stats.redirects), (101, 1), "{status}");
            assert_eq!(opened.header("X-Hop"), "last", "the answer is that of the last hop");
            assert_eq!(first.finish_one().line, "GET /lobby HTTP/1.1");
            let port = target.port;
            let head = target.finish_one();
            assert_eq!(head.line, "GET /game HTTP/1.1");
            assert_eq!(head.get("Host"), Some(&*format!("127.0.0.1:{port}")));
        }
    }
}

#[test]
fn other_answers_with_a_location_are_refusals() {
    for status in [200, 201, 300, 304, 305, 306, 399, 400, 404, 503] {
        let site = Site::start([format!("HTTP/1.1 {status} Other\nLocation: /elsewhere\n\n")]);
        let outcome = run_connection(Driver::Inline, site.url(), |options| options.max_redirects = 20);
        let answer = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, status);
        assert_eq!(answer.stats.redirects, 0);
        site.finish_one();
    }
}

#[test]
fn a_location_is_read_as_browsers_read_it() {
    for (location, line) in [
        ("/next", "GET /next HTTP/1.1"),
        ("next", "GET /rooms/next HTTP/1.1"),
        ("./next?x=1", "GET /rooms/next?x=1 HTTP/1.1"),
        ("../up", "GET /up HTTP/1.1"),
        ("?page=2", "GET /rooms/here?page=2 HTTP/1.1"),
        ("//127.0.0.1:{port}/abs", "GET /abs HTTP/1.1"),
        ("ws://127.0.0.1:{port}", "GET / HTTP/1.1"),
        ("WS://127.0.0.1:{port}/a%20b", "GET /a%20b HTTP/1.1"),
        ("http://127.0.0.1:{port}/web", "GET /web HTTP/1.1"),
        ("HTTP://0x7f.1:{port}/x", "GET /x HTTP/1.1"),
        ("/größe", "GET /gr%C3%B6%C3%9Fe HTTP/1.1"),
        // RFC 9110 section 10.2.2: a fragment is for the client, and a WebSocket does not use it.
        ("/next#top", "GET /next HTTP/1.1"),
    ] {
        let site = Site::start([redirect_to(location), ACCEPT.into()]);
        let url = format!("{}rooms/here?page=1", site.url());
        let outcome = run_connection(Driver::Inline, url, |options| options.max_redirects = 1);
        outcome.expect_open();
        let port = site.port;
        let heads = site.finish();
        assert_eq!(heads[1].line, line, "{location}");
        assert_eq!(heads[1].get("Host"), Some(&*format!("127.0.0.1:{port}")), "{location}");
    }
}

/// Checks that the last answer was a redirect, and that it was not followed.
#[track_caller]
fn not_followed(outcome: &Outcome, redirects: u32, why: &str) {
    let answer = outcome.expect_refusal(EGRET_WS_ERR_REDIRECT, EGRET_WS_INITIATOR_LOCAL, 302);
    assert_eq!((answer.stats.http_status, answer.stats.redirects), (302, redirects));
    assert!(outcome.report.message.contains(why), "no {why:?} in {:?}", outcome.report.message);
}

#[test]
fn a_location_that_is_missing_or_leads_nowhere_is_not_followed() {
    for location in [
        "",
        "Location: ws://\n",
        "Location: ws://[::1\n",
        "Location: ws://127.0.0.1:99999/\n",
        "Location: ws://127.0.0.1:0/\n",
        "Location: ftp://127.0.0.1/\n",
        "Location: mailto:a@b\n",
        "Location: javascript:alert(1)\n",
    ] {
        for driver in DRIVERS {
            let site = Site::start([format!("HTTP/1.1 302 Found\n{location}\n")]);
            let outcome = run_connection(driver, site.url(), |options| options.max_redirects = 20);
            not_followed(&outcome, 0, "redirect");
            site.finish_one();
        }
    }
}

#[test]
fn as_many_redirects_are_followed_as_were_allowed() {
    for allowed in [1, 2, 20] {
        let hops = || (1..=allowed).map(|hop| redirect_to(format!("/{hop}")));
        let site = Site::start(hops().chain([ACCEPT.to_owned()]));
        let outcome = run_connection(Driver::Threaded, site.url(), |options| options.max_redirects = allowed);
        assert_eq!(outcome.expect_open().stats.redirects, allowed);
        let lines: Vec<String> = site.finish().into_iter().map(|head| head.line).collect();
        let expected = (1..=allowed).map(|hop| format!("GET /{hop} HTTP/1.1"));
        assert!(lines.iter().skip(1).eq(&expected.collect::<Vec<_>>()), "{lines:?}");

        let site = Site::start(hops().chain([redirect_to("/one-too-many")]));
        let outcome = run_connection(Driver::Inline, site.url(), |options| options.max_redirects = allowed);
        not_followed(&outcome, allowed, "redirect");
        assert_eq!(outcome.closed.header("Location"), "/one-too-many");
        assert_eq!(site.finish().len(), allowed as usize + 1);
    }
}

#[test]
fn a_loop_of_redirects_comes_to_an_end() {
    for driver in DRIVERS {
        let itself = Site::start(vec![redirect_to("/"); 6]);
        not_followed(&run_connection(driver, itself.url(), |options| options.max_redirects = 5), 5, "redirect");
        itself.finish();

        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let there = Site::start(vec![redirect_to(format!("ws://{}/", listener.local_addr().unwrap())); 3]);
        let here = Site::on(listener, false, vec![redirect_to(there.url()); 3]);
        not_followed(&run_connection(driver, here.url(), |options| options.max_redirects = 5), 5, "redirect");
        here.finish();
        there.finish();
    }
}

#[test]
fn more_than_20_redirects_cannot_be_asked_for() {
    for max_redirects in [21, u32::MAX] {
        let refused = expect_connect_error("ws://127.0.0.1:9/", |options| options.max_redirects = max_redirects);
        assert_eq!(refused.error, EGRET_WS_ERR_INVALID_ARGUMENT);
        assert!(refused.log[0].contains("max_redirects"), "{:?}", refused.log);
    }
}

/// A connection that trusts the sites' certificate and follows redirects.
#[track_caller]
fn visit_by_tls(driver: Driver, url: &str) -> Outcome {
    let roots = CString::new(ROOT.pem()).unwrap();
    run_connection(driver, url, |options| {
        (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
        options.flags = EGRET_WS_ONLY_THESE_ROOTS;
        options.max_redirects = 3;
    })
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn a_redirect_from_wss_to_ws_is_never_followed() {
    for driver in DRIVERS {
        for scheme in ["ws", "http"] {
            let plain = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = plain.local_addr().expect("a bound listener");
            let secure = Site::start_tls([redirect_to(format!("{scheme}://{address}/"))]);
            let outcome = visit_by_tls(driver, &format!("wss://localhost:{}/", secure.port));
            not_followed(&outcome, 0, "wss");
            secure.finish_one();
            nobody_waits(&plain);
        }
    }
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn redirects_from_ws_to_wss_and_from_wss_to_wss_are_followed() {
    for driver in DRIVERS {
        for scheme in ["wss", "https"] {
            let last = Site::start_tls([ACCEPT]);
            let middle = Site::start_tls([redirect_to(format!("{scheme}://localhost:{}/last", last.port))]);
            let first = Site::start([redirect_to(format!("{scheme}://localhost:{}/middle", middle.port))]);
            let outcome = visit_by_tls(driver, &first.url());
            let stats = &outcome.expect_open().stats;
            assert_eq!(stats.redirects, 2);
            assert!([EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3].contains(&stats.tls_version));
            first.finish_one();
            assert_eq!(middle.finish_one().line, "GET /middle HTTP/1.1");
            assert_eq!(last.finish_one().line, "GET /last HTTP/1.1");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn a_relative_location_stays_in_wss() {
    let site = Site::start_tls([redirect_to("/next"), ACCEPT.into()]);
    let outcome = visit_by_tls(Driver::Threaded, &format!("wss://localhost:{}/", site.port));
    assert!(outcome.expect_open().stats.tls_version != 0);
    assert_eq!(site.finish()[1].line, "GET /next HTTP/1.1");
}

#[test]
fn failure_after_a_redirect_is_reported() {
    for driver in DRIVERS {
        let other = Site::start(["HTTP/1.1 403 Forbidden\nX-Hop: last\n\n"]);
        let own = Site::start([redirect_to(other.url())]);
        let outcome = run_connection(driver, own.url(), |options| options.max_redirects = 1);
        let answer = outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 403);
        assert_eq!((answer.header("X-Hop"), answer.stats.redirects), ("last", 1));
        own.finish_one();
        other.finish_one();

        let own = Site::start([redirect_to("ws://127.0.0.1:1/")]); // no server listens there
        let outcome = run_connection(driver, own.url(), |options| options.max_redirects = 1);
        outcome.report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(outcome.closed.stats.redirects, 1);
        own.finish_one();
    }
}

/// The second hop alone takes less time than the deadline.
#[test]
fn one_timeout_covers_all_redirects() {
    const LIMIT: Duration = Duration::from_millis(600);
    for driver in DRIVERS {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("a bound listener"));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut peer = Peer::new(stream.expect("a connection"));
                peer.read_request();
                thread::sleep(LIMIT * 3 / 5); // the pause makes all hops together too long
                let _ = peer.try_write(redirect_to("/").replace('\n', "\r\n").as_bytes());
            }
        });
        let begun = Instant::now();
        let outcome = run_connection(driver, url, |options| {
            options.max_redirects = 2;
            options.open_timeout_ms = LIMIT.as_millis() as u32;
        });
        assert!(begun.elapsed() >= LIMIT, "after {:?}", begun.elapsed());
        outcome.report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(outcome.closed.stats.redirects, 1);
    }
}

/// Servers for browsers often accept a token as a subprotocol. The token belongs to one origin.
#[test]
fn redirects_to_another_origin_are_not_followed_with_subprotocols() {
    for driver in DRIVERS {
        let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = Site::start([redirect_to(format!("ws://{}/", other.local_addr().expect("a bound listener")))]);
        let outcome = run_connection(driver, own.url(), |options| {
            options.max_redirects = 1;
            options.subprotocols = c"chat, token-1234".as_ptr();
        });
        not_followed(&outcome, 0, "subprotocols");
        assert_eq!(own.finish_one().get("Sec-WebSocket-Protocol"), Some("chat, token-1234"));
        nobody_waits(&other);

        let chosen = ACCEPT.replacen('\n', "\nSec-WebSocket-Protocol: chat\n", 1);
        let own = Site::start([redirect_to("/else"), chosen]);
        let outcome = run_connection(driver, own.url(), |options| {
            options.max_redirects = 1;
            options.subprotocols = c"chat, token-1234".as_ptr();
        });
        outcome.expect_open();
        assert_eq!(own.finish()[1].get("Sec-WebSocket-Protocol"), Some("chat, token-1234"));
    }
}

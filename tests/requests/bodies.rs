//! The body of a refusal, as the host reads it: from servers of other projects and from scripted ones. The report waits for the
//! body, within the time limit of the handshake.

use crate::redirects::redirect_to;
use crate::site::{ACCEPT, Site};
use ::egret_ws::*;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};
use test_support::certificates::ROOT;
use test_support::client::{DRIVERS, Driver, header, set_headers};
use test_support::connection::{Outcome, run_connection};
use test_support::daemon::{self, Daemon};
use test_support::scripted_server::{Request, Server};

#[track_caller]
fn refused(outcome: &Outcome, status: i32) -> &[u8] {
    &outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, status).body
}

fn chunked(body: &str) -> String {
    format!("Transfer-Encoding: chunked\n\n{:x};note=\"a;b\"\n{body}\n0\nTrailer: x\n\n", body.len())
}

#[test]
fn each_way_to_end_a_body_is_understood() {
    let body = "{\"why\": \"banned\"}";
    let with_length = format!("Content-Length: {}\n\n{body}", body.len());
    for rest in [with_length, chunked(body), format!("\n{body}")] {
        for driver in DRIVERS {
            let site = Site::start([format!("HTTP/1.1 403 Forbidden\n{rest}")]);
            let outcome = run_connection(driver, site.url(), |_| {});
            assert_eq!(String::from_utf8_lossy(refused(&outcome, 403)), body, "{rest:?}");
            site.finish_one();
        }
    }
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn a_body_comes_through_tls_too() {
    let roots = std::ffi::CString::new(ROOT.pem()).expect("no NUL");
    for rest in [chunked("by TLS"), "Content-Length: 6\n\nby TLS".into(), "\nby TLS".into()] {
        let site = Site::start_tls([format!("HTTP/1.1 503 Busy\n{rest}")]);
        let outcome = run_connection(Driver::Threaded, format!("wss://127.0.0.1:{}/", site.port), |options| {
            (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
        });
        assert_eq!(refused(&outcome, 503), b"by TLS");
        site.finish_one();
    }
}

#[test]
fn a_body_may_have_any_bytes() {
    let body: Vec<u8> = (0..=255).collect();
    let sent = body.clone();
    let server = Server::start(move |mut peer| {
        peer.read_request();
        peer.write(b"HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\nContent-Length: 256\r\n\r\n");
        peer.write(sent);
        peer.expect_end();
    });
    let outcome = run_connection(Driver::Inline, format!("ws://127.0.0.1:{}/", server.port()), |_| {});
    assert_eq!(refused(&outcome, 403), body);
    server.finish();
}

#[test]
fn no_more_than_the_limit_is_read() {
    let long = "x".repeat(200_000);
    for (option, kept) in
        [(EGRET_WS_AT_ONCE, 0), (1, 1), (0, 16_384), (16_384, 16_384), (16_385, 16_385), (131_072, 131_072)]
    {
        // The server does not end the body.
        for head in ["HTTP/1.1 403 No\r\n\r\n", "HTTP/1.1 403 No\r\nContent-Length: 999999\r\n\r\n"] {
            let body = long.clone();
            let server = Server::start(move |mut peer| {
                peer.read_request();
                peer.write(head);
                let _ = peer.try_write(body.as_bytes()); // the client may have disconnected after enough bytes
                peer.ends_with_reset();
            });
            let outcome = run_connection(Driver::Inline, format!("ws://127.0.0.1:{}/", server.port()), |options| {
                options.max_refusal_body_bytes = option;
            });
            assert_eq!(refused(&outcome, 403).len(), kept, "{option}");
            server.finish();
        }
    }
}

/// The report comes at the time-out of the handshake, with the part of the body that has arrived.
#[test]
fn a_body_that_stalls_does_not_delay_the_report() {
    const LIMIT: Duration = Duration::from_millis(300);
    for head in ["HTTP/1.1 403 No\r\n\r\npart", "HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\npart"] {
        for driver in DRIVERS {
            let server = Server::start(move |mut peer| {
                peer.read_request();
                peer.write(head);
                peer.expect_end();
            });
            let begun = Instant::now();
            let outcome = run_connection(driver, format!("ws://127.0.0.1:{}/", server.port()), |options| {
                options.handshake_timeout_ms = LIMIT.as_millis() as u32;
            });
            assert!(begun.elapsed() >= LIMIT);
            assert_eq!(refused(&outcome, 403), b"part");
            assert_eq!(outcome.report.message, "the server answered the upgrade with 403 No");
            server.finish();
        }
    }
}

#[test]
fn a_connection_that_opens_has_no_body() {
    let site = Site::start(["HTTP/1.1 302 Found\nLocation: /next\nContent-Length: 4\n\nbody", ACCEPT]);
    let outcome = run_connection(Driver::Threaded, site.url(), |options| options.max_redirects = 1);
    assert_eq!(outcome.expect_open().body, b"");
    assert_eq!(outcome.closed.body, b"");
    site.finish();
}

// These are servers of other projects.

#[track_caller]
fn asks(server: &Daemon, path: &str, status: i32) -> Vec<u8> {
    let begun = Instant::now();
    let url = format!("ws://127.0.0.1:{}{path}", server.port());
    let accept = [header(c"Accept-Encoding", c"gzip")];
    let outcome = run_connection(Driver::Threaded, url, |options| {
        set_headers(options, &accept);
        options.handshake_timeout_ms = 60_000;
    });
    let body = refused(&outcome, status).to_vec();
    assert!(begun.elapsed() < Duration::from_secs(60), "the whole body ends the wait");
    body
}

#[test]
fn nginx() {
    let directives = "location /401 { add_header WWW-Authenticate Basic always; return 401 \"log in\"; }\n\
                      location /403 { return 403; }\n\
                      location /503 { return 503 \"full\"; }\n\
                      location /zip { gzip on; gzip_min_length 1; gzip_types *; return 403 \"a a a a a a a a a a\"; }";
    let nginx = daemon::nginx("nginx-refuses", "", directives, 1);
    assert_eq!(asks(&nginx, "/401", 401), b"log in");
    assert_eq!(asks(&nginx, "/503", 503), b"full");
    assert!(String::from_utf8(asks(&nginx, "/403", 403)).unwrap().contains("<h1>403 Forbidden</h1>"));
    // Nothing listens on port 1.
    assert!(String::from_utf8(asks(&nginx, "/", 502)).unwrap().contains("<h1>502 Bad Gateway</h1>"));
    // A compressed body stays compressed. nginx sends it in chunks.
    assert!(asks(&nginx, "/zip", 403).starts_with(&[0x1f, 0x8b]));
}

#[test]
fn node() {
    let script = "require('http').createServer((request, response) => {\n\
                    response.statusCode = Number(request.url.slice(1));\n\
                    response.write('first, ');\n\
                    setTimeout(() => response.end('second'), 20);\n\
                  }).listen({fd: 3});";
    let node = Daemon::start("node-refuses", |_, folder| {
        let path = folder.join("server.js");
        fs::write(&path, script).expect("a script");
        let mut node = Command::new("node");
        node.arg(path);
        node
    });
    for status in [401, 403, 503] {
        assert_eq!(asks(&node, &format!("/{status}"), status), b"first, second");
    }
}

#[test]
fn haproxy() {
    let haproxy = Daemon::start("haproxy-refuses", |_, folder| {
        let path = folder.join("configuration");
        let configuration = "defaults\nmode http\ntimeout connect 10s\ntimeout client 10s\ntimeout server 10s\n\
                             frontend front\nbind fd@3\nhttp-request deny if { path /403 }\n\
                             http-request auth realm Game if { path /401 }\n";
        fs::write(&path, configuration).expect("a configuration file");
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(path);
        haproxy
    });
    for (status, text) in [(401, "valid user and password"), (403, "403 Forbidden"), (503, "503 Service Unavailable")] {
        let body = String::from_utf8(asks(&haproxy, &format!("/{status}"), status)).unwrap();
        assert!(body.contains(text), "{body}");
    }
}

// These are tests of cookies.

#[test]
fn cookies_of_redirects_and_refusals_can_be_read() {
    for driver in DRIVERS {
        let redirect = |to: &str, cookie: &str| redirect_to(to).replacen('\n', &format!("\nSet-Cookie: {cookie}\n"), 1);
        for last in ["HTTP/1.1 403 No\n\n", ACCEPT] {
            let site = Site::start([redirect("/b?c", "a=1; Path=/"), last.replacen('\n', "\nSet-Cookie: b=2\n", 1)]);
            let url = site.url();
            let outcome = run_connection(driver, &url, |options| options.max_redirects = 1);
            let expected = format!("{url} a=1; Path=/\n{url}b?c b=2\n");
            assert_eq!(outcome.closed.cookies, expected);
            if let Some(opened) = &outcome.opened {
                assert_eq!(opened.cookies, expected);
            }
            site.finish();
        }
    }
}

/// It is not sent again when another server redirects back to the first one.
#[test]
fn a_cookie_of_the_host_stays_within_its_origin() {
    let cookie = [header(c"Cookie", c"session=first")];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let back = format!("ws://{}/back", listener.local_addr().expect("a bound listener"));
    let other = Site::start([redirect_to("/again"), redirect_to(&back)]);
    let own = Site::on(listener, false, [redirect_to("/own?x"), redirect_to(other.url()), ACCEPT.into()]);
    let outcome = run_connection(Driver::Threaded, own.url(), |options| {
        set_headers(options, &cookie);
        options.max_redirects = 4;
    });
    outcome.expect_open();
    let sent = |heads: Vec<Request>| heads.iter().map(|head| head.get("Cookie").map(String::from)).collect::<Vec<_>>();
    let kept = Some("session=first".to_owned());
    assert_eq!(sent(own.finish()), [kept.clone(), kept, None]);
    assert_eq!(sent(other.finish()), [None, None]);
}

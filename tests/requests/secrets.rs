//! No password, token or key is in a log line, even at the lowest level, or in the message of a close report, however the
//! connection ends. The reason is that users send log files to other people.

use crate::site::{ACCEPT, Site, TUNNEL};
use ::egret_ws::*;
use std::ffi::CString;
use std::net::TcpListener;
use std::ptr;
use test_support::certificates::{CLIENT, ROOT};
use test_support::client::{DRIVERS, Driver, header, set_headers};
use test_support::connection::{ConnectError, Outcome, expect_connect_error, run_connection};
use test_support::scripted_server::Request;

/// A part of every secret in these tests.
const SECRET: &str = "s3cret";

/// The user information, path and query of a URL, with a secret in each place where a secret is possible.
const USER_INFO: &str = "user:s3cret-url-password@";
const QUERY: &str = "?token=s3cret-query&room=1";

const HEADERS: &[egret_ws_header] =
    &[header(c"X-Token", c"s3cret-header"), header(c"Cookie", c"session=s3cret-cookie")];

/// Sets a secret in each option that can contain one.
fn with_secrets(options: &mut egret_ws_options) {
    set_headers(options, HEADERS);
    (options.username, options.password) = (c"user".as_ptr(), c"s3cret-password".as_ptr());
}

/// Checks that no line and no message contains the secrets, or another form of them that was sent.
#[track_caller]
fn keeps(what: &str, heads: &[Request], log: &[String], message: &str) {
    assert!(!log.is_empty(), "{what}: nothing was logged, so nothing was tested");
    let encoded: Vec<&str> = heads
        .iter()
        .flat_map(|head| [head.get("Authorization"), head.get("Proxy-Authorization"), head.get("Sec-WebSocket-Key")])
        .flatten()
        .map(|value| value.trim_start_matches("Basic "))
        .collect();
    for line in log.iter().map(String::as_str).chain([message]) {
        assert!(!line.contains(SECRET), "{what}: {line:?}");
        for secret in &encoded {
            assert!(!line.contains(secret), "{what}: {line:?} has {secret}");
        }
    }
}

/// Checks that the connection ended with `error`, and that logs and report contain no secret.
#[track_caller]
fn ends(what: &str, outcome: &Outcome, heads: &[Request], error: i32) {
    assert_eq!(outcome.report.error, error, "{what}: {:#?}", outcome.report);
    keeps(what, heads, &outcome.log, &outcome.report.message);
}

#[test]
fn log_of_a_connection_contains_no_secret() {
    for driver in DRIVERS {
        let site = Site::start([ACCEPT]);
        let url = format!("ws://127.0.0.1:{}/chat{QUERY}", site.port);
        let outcome = run_connection(driver, url, with_secrets);
        let heads = site.finish();
        assert!(format!("{heads:?}").contains("s3cret-query"), "the secrets were sent");
        assert!(outcome.log.len() >= 3, "each step is logged: {:?}", outcome.log);
        ends("by options", &outcome, &heads, EGRET_WS_OK);

        let site = Site::start([ACCEPT]);
        let url = format!("ws://{USER_INFO}127.0.0.1:{}/chat{QUERY}", site.port);
        let outcome = run_connection(driver, url, |options| set_headers(options, HEADERS));
        let heads = site.finish();
        assert!(heads[0].get("Authorization").is_some());
        ends("by the URL", &outcome, &heads, EGRET_WS_OK);
    }
}

#[test]
fn log_of_a_refused_connection_contains_no_secret() {
    for answer in [
        "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"s3cret-realm\"\nSet-Cookie: session=s3cret-answer\n\n",
        "HTTP/1.1 403 Forbidden\nX-Token: s3cret-answer\n\ns3cret-body",
        "HTTP/1.1 503 Service Unavailable\n\n",
    ] {
        for driver in DRIVERS {
            let site = Site::start([answer]);
            let outcome =
                run_connection(driver, format!("ws://{USER_INFO}127.0.0.1:{}/{QUERY}", site.port), with_secrets);
            ends(answer, &outcome, &site.finish(), EGRET_WS_ERR_HTTP_STATUS);
        }
    }
}

#[test]
fn log_of_an_invalid_response_contains_no_secret() {
    let no_key = ACCEPT.replace("{accept}", "s3cret-accept");
    for answer in ["s3cret-banner\n\n", "HTTP/1.1 101 s3cret\ns3cret without a colon\n\n", &no_key] {
        let site = Site::start([answer]);
        let outcome = run_connection(Driver::Inline, format!("ws://127.0.0.1:{}/{QUERY}", site.port), with_secrets);
        ends(answer, &outcome, &site.finish(), EGRET_WS_ERR_HANDSHAKE);
    }
}

#[test]
fn log_of_redirects_contains_no_secret() {
    let other = Site::start([ACCEPT]);
    let port = other.port;
    let location = |to: &str| format!("HTTP/1.1 302 Found\nLocation: {to}\n\n");
    let own = Site::start([
        location("/elsewhere?token=s3cret-location"),
        location(&format!("ws://user:s3cret-location@127.0.0.1:{port}/?token=s3cret-location#s3cret-fragment")),
    ]);
    let outcome = run_connection(Driver::Threaded, format!("ws://127.0.0.1:{}/{QUERY}", own.port), |options| {
        with_secrets(options);
        options.max_redirects = 2;
    });
    let heads: Vec<Request> = own.finish().into_iter().chain(other.finish()).collect();
    assert!(heads[2].line.contains("s3cret-location"));
    ends("followed", &outcome, &heads, EGRET_WS_OK);

    for to in [
        "/?token=s3cret-location",
        "ws://user:s3cret-location@:99999/?token=s3cret-location",
        "ftp://user:s3cret-location@127.0.0.1/?token=s3cret-location",
        "http://s3cret-location\u{1f4a9}^/?token=s3cret-location",
    ] {
        let site = Site::start(vec![location(to); if to.starts_with('/') { 2 } else { 1 }]);
        let outcome = run_connection(Driver::Inline, format!("ws://127.0.0.1:{}/{QUERY}", site.port), |options| {
            with_secrets(options);
            options.max_redirects = 1;
        });
        ends(to, &outcome, &site.finish(), EGRET_WS_ERR_REDIRECT);
    }
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn log_of_a_failed_connection_contains_no_secret() {
    for driver in DRIVERS {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let outcome = run_connection(driver, format!("ws://{USER_INFO}{address}/{QUERY}"), |options| {
            with_secrets(options);
            options.handshake_timeout_ms = 50;
        });
        ends("no answer", &outcome, &[], EGRET_WS_ERR_TIMEOUT);
        let outcome = run_connection(driver, format!("wss://{USER_INFO}{address}/{QUERY}"), |options| {
            with_secrets(options);
            options.tls_timeout_ms = 50;
        });
        ends("no TLS", &outcome, &[], EGRET_WS_ERR_TIMEOUT);
        let outcome = run_connection(driver, format!("ws://{USER_INFO}127.0.0.1:1/{QUERY}"), with_secrets);
        ends("no server listens", &outcome, &[], EGRET_WS_ERR_CONNECT);
    }
}

/// With TLS, the key of the client certificate has a password too.
#[track_caller]
fn visit_by_tls(driver: Driver, port: u16, identity: &[u8], password: &str, roots: &str) -> Outcome {
    let (password, roots) = (CString::new(password).unwrap(), CString::new(roots).unwrap());
    run_connection(driver, format!("wss://{USER_INFO}localhost:{port}/{QUERY}"), |options| {
        with_secrets(options);
        (options.tls_identity, options.tls_identity_len) = (identity.as_ptr(), identity.len());
        options.tls_identity_password = password.as_ptr();
        (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
        options.flags = EGRET_WS_ONLY_THESE_ROOTS;
    })
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn log_of_tls_contains_no_secret() {
    let identity = CLIENT.pkcs12("s3cret-pkcs12");
    for driver in DRIVERS {
        let site = Site::start_tls([ACCEPT]);
        let outcome = visit_by_tls(driver, site.port, &identity, "s3cret-pkcs12", &ROOT.pem());
        ends("right", &outcome, &site.finish(), EGRET_WS_OK);

        let bound = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = bound.local_addr().expect("a bound listener").port();
        let outcome = visit_by_tls(driver, port, &identity, "s3cret-wrong", &ROOT.pem());
        ends("a wrong password", &outcome, &[], EGRET_WS_ERR_TLS_OPTIONS);
        let outcome = visit_by_tls(driver, port, b"s3cret-key", "s3cret-pkcs12", &ROOT.pem());
        ends("not PKCS#12", &outcome, &[], EGRET_WS_ERR_TLS_OPTIONS);
        let outcome = visit_by_tls(driver, port, &identity, "s3cret-pkcs12", "s3cret, and no PEM");
        ends("not PEM", &outcome, &[], EGRET_WS_ERR_TLS_OPTIONS);
    }
}

fn proxy(scheme: &str, port: u16) -> CString {
    CString::new(format!("{scheme}://user:s3cret-proxy@127.0.0.1:{port}")).unwrap()
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn log_of_a_proxy_contains_no_secret() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\nProxy-Authenticate: Basic realm=\"s3cret-realm\"\n\n";
    for driver in DRIVERS {
        for (answers, error) in [(vec![TUNNEL, ACCEPT], EGRET_WS_OK), (vec![refusal], EGRET_WS_ERR_PROXY)] {
            let site = Site::start(answers);
            let proxy = proxy("http", site.port);
            let outcome = run_connection(driver, format!("ws://{USER_INFO}game.test/{QUERY}"), |options| {
                with_secrets(options);
                options.proxy = proxy.as_ptr();
            });
            let heads = site.finish();
            assert!(heads[0].get("Proxy-Authorization").is_some());
            ends("HTTP", &outcome, &heads, error);
        }
        let bound = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = bound.local_addr().expect("a bound listener").port();
        for scheme in ["http", "https", "socks5"] {
            let proxy = proxy(scheme, port);
            let outcome = run_connection(driver, format!("ws://game.test/{QUERY}"), |options| {
                with_secrets(options);
                options.proxy = proxy.as_ptr();
                options.proxy_timeout_ms = 50;
            });
            ends("a silent proxy", &outcome, &[], EGRET_WS_ERR_TIMEOUT);
        }
        for scheme in ["https", "socks5"] {
            let proxy = proxy(scheme, 1);
            let outcome =
                run_connection(driver, format!("ws://game.test/{QUERY}"), |options| options.proxy = proxy.as_ptr());
            ends("no proxy", &outcome, &[], EGRET_WS_ERR_CONNECT);
        }
    }
}

/// Checks that the connect call fails, and that its log contains no secret.
#[track_caller]
fn keeps_refused(what: &str, refused: &ConnectError, error: i32) {
    assert_eq!(refused.error, error, "{what}: {:?}", refused.log);
    keeps(what, &[], &refused.log, "");
}

#[test]
fn log_of_refused_calls_contains_no_secret() {
    for place in ["[::1/", "127.0.0.1:99999/", "exa<mple/", "127.0.0.1:0/", "127.0.0.1/#s3cret-fragment", ""] {
        let url = format!("ws://{USER_INFO}{place}{QUERY}");
        keeps_refused(place, &expect_connect_error(url, with_secrets), EGRET_WS_ERR_INVALID_URL);
    }
    for scheme in ["http", "ftp"] {
        let url = format!("{scheme}://{USER_INFO}127.0.0.1/{QUERY}");
        keeps_refused(scheme, &expect_connect_error(url, with_secrets), EGRET_WS_ERR_INVALID_URL);
    }
    keeps_refused("no scheme", &expect_connect_error("s3cret-token", with_secrets), EGRET_WS_ERR_INVALID_URL);

    let url = "ws://127.0.0.1:9/";
    for value in [c"s3cret\r\n", c"\x01s3cret"] {
        let headers = [header(c"X-Token", value)];
        let call = expect_connect_error(url, |options| set_headers(options, &headers));
        keeps_refused("a header", &call, EGRET_WS_ERR_INVALID_ARGUMENT);
    }
    for proxy in [
        "ftp://user:s3cret-proxy@127.0.0.1/",
        "http://user:s3cret-proxy@/",
        "http://user:s3cret-proxy@127.0.0.1:99999/",
        "https://user:s3cret-proxy@127.0.0.1:0/",
        "http://user:s3cret-proxy@127.0.0.1/path?token=s3cret-query",
        "user:s3cret-proxy@127.0.0.1:port",
    ] {
        let text = CString::new(proxy).unwrap();
        let call = expect_connect_error(url, |options| options.proxy = text.as_ptr());
        keeps_refused(proxy, &call, EGRET_WS_ERR_INVALID_ARGUMENT);
    }
    let call = expect_connect_error(url, |options| {
        with_secrets(options);
        options.tls_pins = c"sha256/s3cret".as_ptr();
    });
    keeps_refused("pins", &call, EGRET_WS_ERR_INVALID_ARGUMENT);
    let call = expect_connect_error(url, |options| {
        with_secrets(options);
        options.tls_identity = ptr::null();
        (options.tls_identity_len, options.tls_identity_password) = (1, c"s3cret-pkcs12".as_ptr());
    });
    keeps_refused("no identity", &call, EGRET_WS_ERR_INVALID_ARGUMENT);
}

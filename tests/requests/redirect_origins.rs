//! Headers that are sent to another origin after a redirect, and headers that are sent only to their origin.

use crate::redirects::redirect_to;
use crate::site::{ACCEPT, Site};
use ::egret_ws::*;
use std::ffi::CString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use test_support::certificates::{CLIENT, RIGHT, ROOT};
use test_support::client::{DRIVERS, Driver, header, set_headers};
use test_support::connection::run_connection;
use test_support::scripted_server::Request;

/// The headers that no other origin may receive.
const SECRETS: &[egret_ws_header] =
    &[header(c"X-Token", c"for the first origin only"), header(c"Cookie", c"session=first")];

#[track_caller]
fn is_stripped(head: &Request) {
    for name in ["Authorization", "Cookie", "X-Token", "Proxy-Authorization"] {
        assert_eq!(head.get(name), None, "another origin received {name}: {head:#?}");
    }
    assert!(!format!("{head:?}").contains("first"), "{head:#?}");
}

#[track_caller]
fn has_secrets(head: &Request) {
    assert_eq!(head.get("Authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="), "{head:#?}"); // user:password
    assert_eq!(head.get("X-Token"), Some("for the first origin only"), "{head:#?}");
    assert_eq!(head.get("Cookie"), Some("session=first"), "{head:#?}");
}

#[test]
fn secrets_are_not_sent_to_another_origin() {
    for in_url in [false, true] {
        for driver in DRIVERS {
            let other = Site::start([redirect_to("/again"), ACCEPT.into()]);
            let own = Site::start([redirect_to("/own"), redirect_to(other.url())]);
            let user_info = if in_url { "user:password@" } else { "" };
            let outcome = run_connection(driver, format!("ws://{user_info}127.0.0.1:{}/", own.port), |options| {
                if !in_url {
                    (options.username, options.password) = (c"user".as_ptr(), c"password".as_ptr());
                }
                set_headers(options, SECRETS);
                options.max_redirects = 3;
            });
            assert_eq!(outcome.expect_open().stats.redirects, 3);
            own.finish().iter().for_each(has_secrets);
            other.finish().iter().for_each(is_stripped);
        }
    }
}

#[test]
fn authorization_header_is_not_sent_to_another_origin() {
    let other = Site::start([ACCEPT]);
    let own = Site::start([redirect_to("/own"), redirect_to(other.url())]);
    let headers = [header(c"authorization", c"Bearer first")];
    let outcome = run_connection(Driver::Threaded, own.url(), |options| {
        set_headers(options, &headers);
        options.max_redirects = 2;
    });
    outcome.expect_open();
    for head in own.finish() {
        assert_eq!(head.get("Authorization"), Some("Bearer first"));
    }
    is_stripped(&other.finish_one());
}

/// The other origin differs in the port, in the name of the machine, or in the scheme.
#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn an_origin_is_scheme_host_and_port() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let here = || listener.try_clone().expect("a second handle");
    let port = listener.local_addr().expect("a bound listener").port();
    let site = Site::on(here(), false, [redirect_to(format!("ws://localhost:{port}/")), ACCEPT.into()]);
    let with_secrets = |url: &str| {
        run_connection(Driver::Inline, url, |options| {
            set_headers(options, SECRETS);
            options.max_redirects = 1;
        })
    };
    with_secrets(&site.url()).expect_open();
    is_stripped(&site.finish()[1]);

    let secure = Site::start_tls([ACCEPT]);
    let plain = Site::start([redirect_to(format!("wss://127.0.0.1:{}/", secure.port))]);
    let roots = CString::new(ROOT.pem()).unwrap();
    let outcome = run_connection(Driver::Inline, plain.url(), |options| {
        (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
        options.flags = EGRET_WS_ONLY_THESE_ROOTS; // otherwise the roots do not apply to another origin
        set_headers(options, SECRETS);
        options.max_redirects = 1;
    });
    outcome.expect_open();
    plain.finish_one();
    is_stripped(&secure.finish_one());
}

/// If they were used, one server could choose the user for the next server.
#[test]
fn user_information_of_a_location_is_ignored() {
    let other = Site::start([ACCEPT]);
    let port = other.port;
    let own = Site::start([
        redirect_to("http://first:first@127.0.0.1:{port}/"),
        redirect_to(format!("ws://first:first@127.0.0.1:{port}/")),
    ]);
    let outcome = run_connection(Driver::Inline, format!("ws://user:password@127.0.0.1:{}/", own.port), |options| {
        set_headers(options, SECRETS);
        options.max_redirects = 2;
    });
    outcome.expect_open();
    own.finish().iter().for_each(has_secrets);
    let head = other.finish_one();
    is_stripped(&head);
    assert_eq!((head.line.as_str(), head.get("Host")), ("GET / HTTP/1.1", Some(&*format!("127.0.0.1:{port}"))));
}

#[test]
fn other_headers_are_sent_to_another_origin() {
    let other = Site::start([ACCEPT]);
    let own = Site::start([redirect_to(other.url())]);
    let outcome = run_connection(Driver::Threaded, own.url(), |options| {
        options.origin = c"https://game.test".as_ptr();
        options.user_agent = c"agent/1".as_ptr();
        options.max_redirects = 1;
    });
    outcome.expect_open();
    let keys = [own.finish_one(), other.finish_one()].map(|head| {
        assert_eq!(head.get("Origin"), Some("https://game.test"));
        assert_eq!(head.get("User-Agent"), Some("agent/1"));
        assert_eq!(head.get("Sec-WebSocket-Protocol"), None); // with subprotocols, this redirect is not followed
        head.get("Sec-WebSocket-Key").map(String::from)
    });
    assert_ne!(keys[0], keys[1], "each request has another key");
}

/// `openssl s_server`: it serves one client, and requests a client certificate.
struct CertificateServer {
    child: Child,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl CertificateServer {
    fn start() -> CertificateServer {
        let mut command = Command::new("timeout");
        command.args(["20", "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-www", "-verify", "1"]);
        command.arg("-cert").arg(RIGHT.chain()).arg("-key").arg(RIGHT.key()).arg("-CAfile").arg(ROOT.chain());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("openssl is installed");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let port = loop {
            let mut line = String::new();
            assert!(output.read_line(&mut line).expect("a line of openssl") > 0, "openssl s_server has ended");
            if let Some((_, port)) = line.trim_end().split_once("ACCEPT 127.0.0.1:") {
                break port.parse().expect("a port");
            }
        };
        CertificateServer { child, output, port }
    }

    fn was_shown_a_certificate(mut self) -> bool {
        self.output.read_to_end(&mut Vec::new()).expect("the end of openssl");
        let output = self.child.wait_with_output().expect("the end of openssl");
        assert!(output.status.success(), "openssl s_server: {}", output.status);
        String::from_utf8_lossy(&output.stderr).contains("CN = client")
    }
}

#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn client_certificate_is_not_sent_to_another_origin() {
    let (identity, roots) = (CLIENT.pkcs12("password"), CString::new(ROOT.pem()).unwrap());
    let visit_with_identity = |port: u16| {
        let outcome = run_connection(Driver::Threaded, format!("wss://localhost:{port}/"), |options| {
            (options.tls_identity, options.tls_identity_len) = (identity.as_ptr(), identity.len());
            options.tls_identity_password = c"password".as_ptr();
            (options.tls_roots, options.tls_roots_len) = (roots.as_ptr(), EGRET_WS_NUL_TERMINATED);
            options.flags = EGRET_WS_ONLY_THESE_ROOTS; // as above
            options.max_redirects = 1;
        });
        // This is the answer of openssl.
        outcome.expect_refusal(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 200);
    };
    let server = CertificateServer::start();
    visit_with_identity(server.port);
    assert!(server.was_shown_a_certificate(), "the origin itself gets it");

    let server = CertificateServer::start();
    let own = Site::start_tls([redirect_to(format!("wss://localhost:{}/", server.port))]);
    visit_with_identity(own.port);
    own.finish_one();
    assert!(!server.was_shown_a_certificate(), "another origin does not");
}

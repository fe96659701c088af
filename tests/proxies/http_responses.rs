//! Unusual and invalid responses to CONNECT.

use crate::exchange::{fails, open, opens};
use crate::scripted_proxy::{ESTABLISHED, drip};
use ::egret_ws::*;
use std::net::Shutdown;
use test_support::client::on_both_drivers;
use test_support::close_report::CloseReport;
use test_support::scripted_server::{Peer, Request, Server};

/// The proxy reads the request and runs `script`. Returns the report of a connection that fails.
#[track_caller]
fn answered(what: &str, script: impl Fn(Peer) + Clone + Send + 'static, check: impl Fn(&CloseReport)) {
    println!("{what}");
    on_both_drivers(|host| {
        let script = script.clone();
        let server = Server::start(move |mut peer| {
            Request::read(peer.stream());
            script(peer);
        });
        let socket = open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", server.port()));
        check(&fails(&socket));
        assert!(!host.take_log().is_empty(), "a connection that failed is logged");
        server.finish();
    });
}

/// The proxy answers with `head`, in which a line feed stands for CR LF, and the client disconnects.
#[track_caller]
fn refuses(head: &str, http_status: i32, reasons: &[&str]) {
    let bytes = head.replace('\n', "\r\n");
    let script = move |mut peer: Peer| {
        peer.write(&bytes);
        peer.finish_writing(); // this ends the body of a refusal
        peer.expect_end();
    };
    answered(head, script, |report| report.expect_proxy_refusal(http_status, reasons));
}

/// The proxy reads the request, and `write` writes the answer that opens the tunnel.
#[track_caller]
fn accepts(what: &str, write: impl Fn(&mut Peer) + Clone + Send + 'static) {
    println!("{what}");
    opens("http://", "ws://echo.test/", "echo.test", move |peer| {
        Request::read(peer.stream());
        write(peer);
    });
}

#[test]
fn any_2xx_opens_the_tunnel() {
    for head in [
        "HTTP/1.1 200 OK\n\n",
        "HTTP/1.0 200 Connection established\nProxy-agent: tinyproxy/1.11.1\n\n",
        "HTTP/1.1 200\n\n",
        "HTTP/1.1 200 \n\n",
        "HTTP/1.1 204 No Content\n\n",
        "HTTP/1.1 299 Why not\n\n",
        // The response to CONNECT has no content, even if its headers announce some (RFC 9110 section 9.3.6).
        "HTTP/1.1 200 OK\nContent-Length: 5\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
        "HTTP/1.1 200 OK\nConnection: close\n\n",
    ] {
        let bytes = head.replace('\n', "\r\n");
        accepts(head, move |peer| peer.write(&bytes));
    }
}

#[test]
fn the_answer_may_come_byte_by_byte() {
    accepts("drip", |peer| drip(peer, ESTABLISHED.as_bytes()));
}

#[test]
fn long_head_is_accepted() {
    let head = format!("HTTP/1.1 200 OK\r\nVia: {}\r\n\r\n", "x".repeat(15_000));
    accepts("15,000 bytes", move |peer| peer.write(&head));
}

#[test]
fn interim_responses_are_skipped() {
    accepts("100", |peer| {
        peer.write(format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n{ESTABLISHED}"))
    });
}

#[test]
fn another_status_is_a_refusal() {
    for (head, status, reason) in [
        ("HTTP/1.1 101 Switching Protocols\n\n", 101, "101 Switching Protocols"),
        ("HTTP/1.1 302 Found\nLocation: http://login.test/\n\n", 302, "302 Found"),
        ("HTTP/1.1 400 Bad Request\n\n", 400, "400 Bad Request"),
        ("HTTP/1.1 403 Forbidden\nContent-Length: 9\n\nForbidden", 403, "403 Forbidden"),
        ("HTTP/1.1 405 Method Not Allowed\n\n", 405, "405 Method Not Allowed"),
        ("HTTP/1.0 502 Bad Gateway\n\n", 502, "502 Bad Gateway"),
        ("HTTP/1.1 503 Service Unavailable\nRetry-After: 5\n\n", 503, "503 Service Unavailable"),
        ("HTTP/1.1 503\n\n", 503, "503"),
        ("HTTP/1.1 999 Beyond\n\n", 999, "999 Beyond"),
    ] {
        refuses(head, status, &[reason]);
    }
}

#[test]
fn status_407_reports_the_requested_scheme() {
    refuses("HTTP/1.1 407 Proxy Authentication Required\n\n", 407, &["requires a user name", "407 Proxy"]);
    refuses(
        "HTTP/1.1 407 Who are you\nProxy-Authenticate: Basic realm=\"x\"\n\n",
        407,
        &["requires a user name", "407 Who are you (Basic)"],
    );
    refuses(
        "HTTP/1.1 407 No\nProxy-Authenticate: Negotiate\nProxy-Authenticate: NTLM\n\n",
        407,
        &["Negotiate", "NTLM"],
    );
}

/// The text of a proxy is written into messages and logs.
#[test]
fn unusual_reason_phrase_is_escaped_in_the_message() {
    let script = |mut peer: Peer| {
        peer.write(b"HTTP/1.1 403 \x80\xffForbidden\r\nContent-Length: 0\r\n\r\n");
        peer.expect_end();
    };
    answered("not UTF-8", script, |report| {
        report.expect_proxy_refusal(403, &["403"]);
        assert!(!report.message.contains(char::is_control), "{report:?}");
    });
}

#[test]
fn invalid_http_is_reported() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2p1 Debian-2\n",
        "ICY 200 OK\n\n",
        "HTTP/2 200 OK\n\n",
        "HTTP/1.1 OK\n\n",
        "HTTP/1.1 20 OK\n\n",
        "\x05\0\0\x01\0\0\0\0\0\0",
        "\x15\x03\x03\0\x02\x02\x28",
    ] {
        refuses(answer, 0, &["HTTP"]);
    }
}

/// A tunnel needs a correct answer. A refusal is reported even if its head is malformed.
#[test]
fn malformed_heads_are_reported_with_their_status() {
    for line in ["no colon", "X Foo: bar", "X: a\u{1}b"] {
        refuses(&format!("HTTP/1.1 200 OK\n{line}\n\n"), 200, &["cannot be used"]);
        refuses(&format!("HTTP/1.1 403 Forbidden\n{line}\n\n"), 403, &["403 Forbidden"]);
    }
    refuses("HTTP/1.1 407 No\nX: a\n b\nProxy-Authenticate: Digest a,\n\tNTLM\n\n", 407, &["(Digest, NTLM)"]);
}

#[test]
fn endless_head_is_refused() {
    for line in ["X-Noise: and more of it\r\n", "x"] {
        let script = move |mut peer: Peer| {
            peer.write("HTTP/1.1 200 OK\r\nX-Begin: x");
            let noise = line.repeat(500);
            while peer.try_write(noise.as_bytes()).is_ok() {}
        };
        answered(line, script, |report| report.expect_proxy_refusal(200, &["64 KiB"]));
    }
}

/// A server sends nothing before the request, so these bytes come from the proxy.
#[test]
fn bytes_after_the_head_are_refused() {
    refuses("HTTP/1.1 200 OK\n\nand a body", 200, &["more than its answer"]);
    refuses("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, &["more than its answer"]);
}

#[test]
fn an_end_instead_of_an_answer_is_reported() {
    for part in ["", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r"] {
        let script = move |mut peer: Peer| {
            peer.write(part);
            peer.stream().shutdown(Shutdown::Write).expect("the connection is open");
            peer.expect_end();
        };
        answered(part, script, |report| {
            report.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
            report.expect_message(&["proxy"]);
            assert_eq!((report.http_status, report.os_error), (0, 0));
        });
    }
}

#[test]
fn a_reset_instead_of_an_answer_is_reported() {
    on_both_drivers(|host| {
        let server = Server::start(Peer::reset);
        let report = fails(&open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", server.port())));
        report.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.os_error, libc::ECONNRESET);
        server.finish();
    });
}

/// In an open tunnel, the server answers. Later failures are not reported as failures of the proxy.
#[test]
fn refusal_through_the_tunnel_is_reported_as_the_servers() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            Request::read(peer.stream());
            peer.write(ESTABLISHED);
            peer.read_request();
            peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            peer.expect_end();
        });
        let report = fails(&open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", server.port())));
        report.expect(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_PEER);
        assert_eq!(report.http_status, 404);
        server.finish();
    });
}

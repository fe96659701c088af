//! Responses to the upgrade: responses that RFC 6455 section 4.1 forbids, and unusual ones that it allows.

use ::egret_ws::*;
use test_support::client::on_both_drivers;
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::scripted_server::{Request, Server};

/// Returns a head. In the template, `{accept}` stands for the correct accept key, and a line feed for CR LF.
fn head(template: &str, request: &Request) -> String {
    template.replace("{accept}", &request.accept_key()).replace('\n', "\r\n")
}

/// The server answers with `template`. The client must disconnect without a frame, and report these values.
#[track_caller]
fn ends(what: &str, template: &'static str, error: i32, initiator: i32, http_status: i32) {
    println!("{what}");
    on_both_drivers(|host| {
        let server = Server::start(move |mut peer| {
            let request = peer.read_request();
            peer.write(head(template, &request));
            peer.expect_end();
        });
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        report.expect(error, EGRET_WS_PHASE_HANDSHAKE, initiator);
        assert_eq!((report.http_status, report.code, report.sent_code), (http_status, 1006, 0), "{report:#?}");
        assert_eq!(socket.events().len(), 1, "nothing but on_close: {:?}", socket.events());
        assert!(!host.take_log().is_empty(), "a connection that failed is logged");
        server.finish();
    });
}

/// The server writes the pieces of `answer`, sends "hello" and closes. The client must accept it.
#[track_caller]
fn connects(what: &str, answer: impl Fn(&Request) -> Vec<Vec<u8>> + Clone + Send + 'static) {
    println!("{what}");
    on_both_drivers(|host| {
        let answer = answer.clone();
        let server = Server::start(move |mut peer| {
            let request = peer.read_request();
            for piece in answer(&request) {
                peer.write(piece);
            }
            peer.send(&Frame::text("hello"));
            peer.close(1000);
        });
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        assert_eq!((report.error, report.http_status), (EGRET_WS_OK, 101), "{report:#?}");
        assert_eq!(socket.events()[..2], [Event::Connect, Event::Text("hello".into())]);
        server.finish();
    });
}

#[test]
fn another_http_status_is_a_refusal_by_the_peer() {
    for (head, status) in [
        ("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200),
        ("HTTP/1.1 301 Moved Permanently\nLocation: ws://127.0.0.1:1/\nContent-Length: 0\n\n", 301),
        ("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n", 400),
        ("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic\nContent-Length: 0\n\n", 401),
        ("HTTP/1.1 404 Not Found\nTransfer-Encoding: chunked\n\n0\n\n", 404),
        ("HTTP/1.1 426 Upgrade Required\nSec-WebSocket-Version: 14\nContent-Length: 0\n\n", 426),
        ("HTTP/1.0 503 Service Unavailable\nContent-Length: 0\n\n", 503),
        // The status decides, not the headers.
        (
            "HTTP/1.1 200 OK\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\nContent-Length: 0\n\n",
            200,
        ),
    ] {
        ends(head, head, EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, status);
    }
}

#[test]
fn a_wrong_101_is_refused() {
    for (what, head) in [
        (
            "HTTP/1.0",
            "HTTP/1.0 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        ("no Upgrade", "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n"),
        (
            "another Upgrade",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: h2c\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        ("no Connection", "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nSec-WebSocket-Accept: {accept}\n\n"),
        (
            "Connection without upgrade",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: keep-alive\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "Connection with upgrade as a part of a word",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: upgraded\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        ("no accept key", "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\n"),
        (
            "the accept key of another request",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n",
        ),
        (
            "an accept key and more",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}x\n\n",
        ),
        (
            "the accept key twice",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "two accept keys, the second one wrong",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n",
        ),
        (
            "a subprotocol that was not offered",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\
             Sec-WebSocket-Protocol: chat\n\n",
        ),
        (
            "two Upgrade lines",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "Upgrade with more tokens",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: foo, websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "an extension that was not offered",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\
             Sec-WebSocket-Extensions: x-not-offered\n\n",
        ),
    ] {
        ends(what, head, EGRET_WS_ERR_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL, 101);
    }
}

#[test]
fn an_answer_that_is_not_http_is_refused() {
    for head in [
        "hello\n\n",
        "SSH-2.0-OpenSSH_9.9\n",
        "\0\0\0\u{15}\0\0\0\0",
        "HTTP/2 101 Switching Protocols\n\n",
        "HTTP/1.1 abc Switching Protocols\n\n",
    ] {
        ends(head, head, EGRET_WS_ERR_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL, 0);
    }
}

#[test]
fn a_malformed_line_in_a_101_is_refused() {
    for line in ["no colon here", "Upgrade : websocket", " folded: onto nothing", "X: a\u{1}b", "X Y: 1"] {
        let template = format!(
            "HTTP/1.1 101 Switching Protocols\n{line}\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: {{accept}}\n\n"
        );
        ends(line, template.leak(), EGRET_WS_ERR_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL, 101);
    }
}

#[test]
fn malformed_lines_do_not_hide_a_refusal() {
    for line in
        ["Content-Security-Policy: default-src 'self';\n  child-src 'self'", "garbage", "X Foo: bar", "X: a\u{1}b"]
    {
        let template = format!("HTTP/1.1 403 Forbidden\n{line}\nContent-Length: 0\n\n");
        ends(line, template.leak(), EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_INITIATOR_PEER, 403);
    }
}

#[test]
fn a_legal_answer_connects_in_whatever_form() {
    for (what, template) in [
        (
            "Connection with more tokens",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: keep-alive, Upgrade\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "Connection in two lines",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: keep-alive\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "Upgrade: WebSocket",
            "HTTP/1.1 101 Switching Protocols\nUpgrade: WebSocket\nConnection: UPGRADE\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "names in lower case",
            "HTTP/1.1 101 Switching Protocols\nupgrade: websocket\nconnection: upgrade\nsec-websocket-accept: {accept}\n\n",
        ),
        (
            "names in upper case",
            "HTTP/1.1 101 Switching Protocols\nUPGRADE: websocket\nCONNECTION: upgrade\nSEC-WEBSOCKET-ACCEPT: {accept}\n\n",
        ),
        (
            "spaces around values, or none",
            "HTTP/1.1 101 Switching Protocols\nUpgrade:websocket\nConnection: \t Upgrade \t\n\
             Sec-WebSocket-Accept:   {accept}  \n\n",
        ),
        (
            "another reason phrase",
            "HTTP/1.1 101 Web Socket Protocol Handshake\nUpgrade: websocket\nConnection: Upgrade\n\
             Sec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "no reason phrase",
            "HTTP/1.1 101 \nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n",
        ),
        (
            "more headers",
            "HTTP/1.1 101 Switching Protocols\nServer: nginx\nDate: Thu, 01 Jan 1970 00:00:00 GMT\nX-Empty:\n\
             Set-Cookie: a=1\nSet-Cookie: b=2\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n",
        ),
    ] {
        connects(what, move |request| vec![head(template, request).into()]);
    }
}

#[test]
fn heads_with_folded_lines_connect() {
    connects("a folded header, and a folded value that counts", |request| {
        let folded =
            "\r\nContent-Security-Policy: default-src 'self';\r\n\tchild-src 'self'\r\nUpgrade:\r\n websocket\r\n";
        vec![request.answer().replacen("\r\nUpgrade: websocket\r\n", folded, 1).into()]
    });
}

#[test]
fn a_head_of_256_lines_and_64_kib_connects() {
    connects("both at once", |request| {
        let filler: String = (0..252).map(|n| format!("X-Filler-{n}: {n}\r\n")).collect();
        let answer = request.answer().replacen("\r\n", &format!("\r\n{filler}Set-Cookie: \r\n"), 1);
        let missing = "c".repeat(65_536 - answer.len());
        vec![answer.replacen("Set-Cookie: ", &format!("Set-Cookie: {missing}"), 1).into()]
    });
}

#[test]
fn a_head_of_many_headers_connects() {
    connects("60 headers and a cookie of 4 KiB", |request| {
        let filler: String = (0..60).map(|n| format!("X-Filler-{n}: {n}\r\n")).collect();
        let cookie = format!("Set-Cookie: c={}\r\n", "c".repeat(4096));
        vec![request.answer().replacen("\r\n", &format!("\r\n{filler}{cookie}"), 1).into()]
    });
}

#[test]
fn a_head_that_comes_byte_by_byte_connects() {
    connects("one write for each byte", |request| request.answer().bytes().map(|byte| vec![byte]).collect());
}

#[test]
fn a_frame_that_comes_with_the_head_is_not_lost() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let answer = peer.read_request().answer();
            peer.write([answer.as_bytes(), &Frame::text("first").bytes()].concat());
            peer.close(1000);
        });
        let socket = host.connect(server.port());
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(socket.messages(), [Event::Text("first".into())]);
        server.finish();
    });
}

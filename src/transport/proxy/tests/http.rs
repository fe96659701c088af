//! The CONNECT method of HTTP.

use super::super::http::{Connect, challenges};
use super::super::{Proxy, TunnelError};
use super::{negotiate, refused};
use crate::protocol::http_head::MAX_HEAD;
use crate::web_url::Host;

const OPEN: &str = "http://n4me:s3cret@proxy";
const SERVER: &str = "game.example:443";

fn request(proxy: &str, server: &str) -> String {
    String::from_utf8(negotiate(proxy, server, &[]).0.concat()).unwrap()
}

#[test]
fn the_request_has_the_form_of_the_rfc() {
    let agent = concat!("User-Agent: egret-ws/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert_eq!(request("http://proxy", SERVER), format!("CONNECT {SERVER} HTTP/1.1\r\nHost: {SERVER}\r\n{agent}\r\n"));
    assert!(
        request("proxy", "[2001:db8::1]:80")
            .starts_with("CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n")
    );
    // The example of RFC 7617 section 2.
    assert_eq!(
        request("http://Aladdin:open%20sesame@proxy", SERVER),
        format!(
            "CONNECT {SERVER} HTTP/1.1\r\nHost: {SERVER}\r\n{agent}\
             Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
        )
    );
    assert!(request("http://:s3cret@proxy", SERVER).contains(": Basic OnMzY3JldA==\r\n"));
}

#[test]
fn any_2xx_establishes_the_tunnel() {
    let answers = [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\nProxy-Agent: tinyproxy/1.11.1\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 204 No Content\nVia: x\n\n",
        "HTTP/1.1 200 OK\r\nVia: a,\r\n b\r\n\tc\r\n\r\n",
        "HTTP/1.1 299 OK\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ];
    for answer in answers {
        assert_eq!(negotiate(OPEN, SERVER, &[answer.as_bytes()]).1, Ok(true), "{answer}");
        let unfinished = &answer.as_bytes()[..answer.len() - 1];
        assert_eq!(negotiate(OPEN, SERVER, &[unfinished]).1, Ok(false), "{answer}");
    }
}

#[test]
fn other_statuses_are_errors_that_say_what_to_do() {
    let rows = [
        (443, "403 Forbidden", "the proxy allows no connection to game.example:443: 403 Forbidden"),
        (
            80,
            "403 Forbidden",
            "the proxy allows no connection to game.example:80 (many allow only port 443): 403 Forbidden",
        ),
        (
            80,
            "405 Method Not Allowed",
            "the proxy made no connection to game.example:80; is it a proxy, and does it allow CONNECT? \
             405 Method Not Allowed",
        ),
        (443, "502 Bad Gateway", "the proxy could not reach game.example:443: 502 Bad Gateway"),
        (443, "504", "the proxy could not reach game.example:443: 504"),
        (
            443,
            "302 Found",
            "the proxy redirects instead of connecting to game.example:443 (to a sign-in page?): 302 Found",
        ),
        (443, "401 Unauthorized", "the proxy did not accept the user name and password of its URL: 401 Unauthorized"),
        (443, "429 Too Many Requests", "the proxy made no connection to game.example:443: 429 Too Many Requests"),
        (443, "101 Switching Protocols", "the proxy made no connection to game.example:443: 101 Switching Protocols"),
    ];
    for (port, said, message) in rows {
        let answer = format!("HTTP/1.1 {said}\r\nContent-Length: 4\r\n\r\n");
        let status = said[..3].parse().unwrap();
        assert_eq!(refused(OPEN, &format!("game.example:{port}"), &[answer.as_bytes()]), (status, message.to_owned()));
    }
    let endless = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(10_000));
    assert!(refused(OPEN, SERVER, &[endless.as_bytes()]).1.len() < 200);
}

#[test]
fn the_error_of_a_407_depends_on_the_credentials() {
    let refused = |proxy, challenge: &str| {
        let answer = format!("HTTP/1.1 407 Proxy Authentication Required\r\n{challenge}\r\n");
        let (status, message) = refused(proxy, SERVER, &[answer.as_bytes()]);
        assert_eq!(status, 407);
        message
    };
    let basic = "Proxy-Authenticate: Basic realm=\"x\"\r\nPROXY-AUTHENTICATE: NTLM\r\n";
    assert_eq!(
        refused("http://proxy", basic),
        "the proxy requires a user name and a password: put them before the host in its URL, http://user:password@host:port: \
         407 Proxy Authentication Required (Basic, NTLM)"
    );
    assert_eq!(
        refused(OPEN, basic),
        "the proxy did not accept the user name and password of its URL: \
         407 Proxy Authentication Required (Basic, NTLM)"
    );
    assert!(refused(OPEN, "").ends_with("407 Proxy Authentication Required"));
    assert_eq!(
        refused(OPEN, "Proxy-Authenticate: Negotiate, Digest realm=\"Basic\", nonce=\"a\"\r\n"),
        "the proxy requires an authentication other than Basic, but only Basic is supported: \
         407 Proxy Authentication Required (Negotiate, Digest)"
    );
}

#[test]
fn authentication_schemes_are_found_in_challenges() {
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("Basic", &["Basic"]),
        ("Basic realm=\"a, Fake b\", charset=\"UTF-8\"", &["Basic"]),
        ("Basic realm=\"a \\\", Fake\", Digest realm = \"b\" , nonce=c,qop=\"auth,auth-int\"", &["Basic", "Digest"]),
        ("Basic realm=\"\\\\\", NTLM", &["Basic", "NTLM"]),
        ("Negotiate YWJj==, , NTLM", &["Negotiate", "NTLM"]),
        ("\u{fc}, \"x\", =y", &[]),
        ("Basic realm=\"unfinished, Fake", &["Basic"]),
    ];
    for (value, schemes) in rows {
        assert_eq!(challenges(value).collect::<Vec<_>>(), *schemes, "{value}");
    }
}

#[test]
fn other_protocols_and_malformed_heads_are_refused() {
    let rows: &[(&[u8], u16, &str)] = &[
        (b"SSH-2.0-OpenSSH_9.2\r\n", 0, "the proxy's answer is not HTTP/1"),
        (b"HTTP/2 200 OK\r\n\r\n", 0, "the proxy's answer is not HTTP/1"),
        (b"\x05\xff", 0, "the proxy's answer is SOCKS5, not HTTP/1: use socks5:// in its URL"),
        (b"\x15\x03\x01", 0, "the proxy's answer is TLS, not HTTP/1: use https:// in its URL"),
        (b"HTTP/1.1 abc\r\n\r\n", 0, "the head of the proxy's answer is not HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            200,
            "the proxy's answer cannot be used: a header line of the answer has no colon",
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTPS\r\n\r\n", 0, "the proxy's answer is not HTTP/1"),
    ];
    for (answer, status, message) in rows {
        assert_eq!(refused(OPEN, SERVER, &[*answer]), (*status, (*message).to_owned()));
    }
    let many = |lines| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(lines));
    assert_eq!(negotiate(OPEN, SERVER, &[many(256).as_bytes()]).1, Ok(true));
    assert!(refused(OPEN, SERVER, &[many(257).as_bytes()]).1.contains("256 lines"));
}

#[test]
fn heads_have_at_most_64_kib() {
    let sized = |size: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(size - 24));
    assert_eq!(sized(MAX_HEAD).len(), MAX_HEAD);
    assert_eq!(negotiate(OPEN, SERVER, &[sized(MAX_HEAD).as_bytes()]).1, Ok(true));
    let interims = "HTTP/1.1 100\r\n\r\n".repeat(MAX_HEAD);
    for answer in [sized(MAX_HEAD + 1), "HTTP/1.1 200 ".to_owned() + &"x".repeat(MAX_HEAD), interims] {
        assert!(refused(OPEN, SERVER, &[answer.as_bytes()]).1.contains(&format!("{} KiB", MAX_HEAD >> 10)));
    }
}

#[test]
fn bytes_after_the_response_are_refused() {
    let mut connect = Connect::new(&Proxy::from_url(OPEN).unwrap(), &Host::Domain("h".into()), 1, &mut Vec::new());
    let refusal = connect.feed(&mut &b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"[..]).unwrap_err();
    assert_eq!(refusal, TunnelError::trailing_bytes(200));
    assert!(refusal.message.contains("more than its answer"));
}

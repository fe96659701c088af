//! Responses of servers.

use super::*;
use crate::protocol::http_head::{Head, MAX_HEAD, header};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // the example of the RFC

/// Returns the subprotocols of a list. An empty list has none.
fn list(subprotocols: &str) -> Vec<String> {
    subprotocols.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn feed(answer: &str, size: usize) -> Result<Option<Vec<u8>>, UpgradeError> {
    Ok(feed_with(answer, size, "")?.map(|(_, rest)| rest))
}

fn feed_with(answer: &str, size: usize, offered: &str) -> Result<Option<(String, Vec<u8>)>, UpgradeError> {
    let offered = list(offered);
    let mut reader = ResponseReader::new(KEY, &RequestOptions { subprotocols: offered, ..RequestOptions::default() });
    let mut pieces = answer.as_bytes().chunks(size);
    while let Some(piece) = pieces.next() {
        let mut rest = piece;
        if let Some(Upgraded { subprotocol, .. }) = reader.feed(&mut rest)? {
            return Ok(Some((subprotocol, [rest, &pieces.collect::<Vec<_>>().concat()].concat())));
        }
    }
    Ok(None)
}

fn status(status: u16, reason: &str) -> UpgradeError {
    UpgradeError::Status { status, reason: reason.into(), flaw: None, is_whole: true }
}

fn response(extra: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n{extra}\r\n"
    )
}

fn detail(answer: &str) -> &'static str {
    let whole = feed(answer, usize::MAX).unwrap_err();
    assert_eq!(feed(answer, 1).unwrap_err(), whole, "in single bytes");
    match whole {
        UpgradeError::Malformed { detail, .. } => detail,
        UpgradeError::Status { .. } => "status",
        UpgradeError::NoMemory => "no memory",
    }
}

#[test]
fn a_valid_response_accepts_the_upgrade_and_returns_the_bytes_after_it() {
    for size in [1, 2, 3, 50, usize::MAX] {
        assert_eq!(feed(&(response("") + "\u{1}\u{2}"), size), Ok(Some(vec![1, 2])));
    }
    assert_eq!(feed(&response("")[..100], usize::MAX), Ok(None));
}

#[test]
fn all_valid_spellings_are_accepted() {
    let spellings = [
        response("").replace("Upgrade: websocket", "UPGRADE:WebSocket"),
        response("").replace("Connection: Upgrade", "connection: keep-alive, upgrade"),
        response("").replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"),
        response("").replace(" Switching Protocols", ""),
        response("").replace("\r\n", "\n"),
        response("Sec-WebSocket-Extensions: \r\nServer: x\r\n"),
    ];
    for answer in spellings {
        assert_eq!(feed(&answer, 7), Ok(Some(vec![])), "{answer}");
    }
}

#[test]
fn invalid_responses_are_refused_with_the_broken_rule() {
    assert!(detail(&response("").replace("Upgrade: websocket", "Upgrade: h2c")).contains("Upgrade: websocket"));
    assert!(detail(&response("").replace("Connection: Upgrade", "Connection: close")).contains("Connection"));
    assert!(detail(&response("").replace("s3pP", "S3pP")).contains("Sec-WebSocket-Accept"));
    assert!(detail(&response(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n"))).contains("Sec-WebSocket-Accept"));
    assert!(detail(&response("Sec-WebSocket-Extensions: permessage-deflate\r\n")).contains("extension"));
    assert!(detail(&response("Sec-WebSocket-Protocol: chat\r\n")).contains("subprotocol"));
    assert!(detail(&response("").replace("HTTP/1.1", "HTTP/1.0")).contains("HTTP/1.0"));
    assert!(detail("\u{15}\u{3}\u{3}").contains("wss"));
    assert!(detail("SSH-2.0-OpenSSH_9.2\r\n").contains("not HTTP"));
    assert!(detail(&response(&"a: b\r\n".repeat(254))).contains("256 lines"));
    assert_eq!(feed(&response(&"a: b\r\n".repeat(253)), 1), Ok(Some(vec![])));
    assert!(detail(&response(&format!("a: {}\r\n", "b".repeat(MAX_HEAD)))).contains("64 KiB"));
    assert!(detail(&response("no colon\r\n")).contains("no colon"));
    assert!(detail("HTTP/1.1 abc\r\n\r\n").contains("not HTTP"));
}

/// Headers that may occur once, and headers that are lists, as Chrome accepts them.
#[test]
fn single_headers_and_lists_are_checked_as_in_chrome() {
    let accept = format!("Sec-WebSocket-Accept: {ACCEPT}\r\n");
    let rows: &[(&str, &str, &[&str], &[&str])] = &[
        (
            "Upgrade: websocket\r\n",
            "Upgrade",
            &["websocket", "WebSocket", "\twebsocket \t", "\r\n websocket"],
            &[
                "",
                "foo, websocket",
                "websocket, foo",
                "websocket,",
                "websocket/13",
                "websocket\r\nUpgrade: websocket",
                "h2c\r\nUpgrade: websocket",
                "websocket\r\nupgrade: h2c",
                "websocket\r\nUpgrade:",
            ],
        ),
        (
            "Connection: Upgrade\r\n",
            "Connection",
            &[
                "upgrade",
                "UPGRADE",
                "keep-alive, Upgrade",
                "Upgrade,close",
                ", Upgrade",
                "a\r\nConnection: upgrade",
                "Upgrade\r\nConnection: Upgrade",
                "a,\r\n Upgrade",
            ],
            &["", "close", "upgraded", "Upgrade/1", "Up, grade"],
        ),
        (
            &accept,
            "Sec-WebSocket-Accept",
            &[ACCEPT],
            &[
                "",
                &ACCEPT.to_lowercase(),
                &format!("{ACCEPT}, {ACCEPT}"),
                &format!("{ACCEPT}\r\nSec-WebSocket-Accept: {ACCEPT}"),
                &format!("{ACCEPT}\r\nSec-WebSocket-Accept:"),
            ],
        ),
    ];
    for (line, name, right, wrong) in rows {
        let with = |value: &str| response("").replace(line, &format!("{name}: {value}\r\n"));
        for value in *right {
            assert_eq!(feed(&with(value), 1), Ok(Some(vec![])), "{name}: {value}");
        }
        for value in *wrong {
            assert!(detail(&with(value)).contains(name), "{name}: {value}");
        }
        assert!(detail(&response("").replace(line, "")).contains(name));
    }
}

#[test]
fn other_statuses_are_refusals_with_their_reason() {
    let not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(feed(not_found, 5), Err(status(404, "Not Found")));
    assert_eq!(feed("HTTP/1.1 503\r\n\r\n", 5), Err(status(503, "")));
}

#[test]
fn interim_responses_are_skipped() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    for size in [1, 2, 3, 30, usize::MAX] {
        assert_eq!(feed(&format!("{interim}{}\u{1}", response("")), size), Ok(Some(vec![1])), "{size}");
        assert_eq!(feed(&format!("{interim}HTTP/1.1 404\r\n\r\n"), size), Err(status(404, "")));
    }
    assert!(detail(&"HTTP/1.1 100\r\n\r\n".repeat(8000)).contains("64 KiB"));
}

#[test]
fn the_headers_of_a_refusal_are_returned() {
    let mut reader = ResponseReader::new(KEY, &RequestOptions::default());
    let mut rest: &[u8] = b"HTTP/1.1 429 Slow down\r\nRetry-After:  3 \r\nA: 1\r\na: \xff\r\nB:\r\n\r\nbody";
    assert_eq!(reader.feed(&mut rest), Err(status(429, "Slow down")));
    assert_eq!(rest, b"body");
    let Head { status: code, headers, .. } = reader.into_head().unwrap();
    assert_eq!((code, headers.as_str()), (429, "Retry-After: 3\nA: 1\na: \u{fffd}\nB: \n"));
    assert_eq!(header(&headers, "retry-after").as_deref(), Some("3"));
    assert_eq!(header(&headers, "A").as_deref(), Some("1, \u{fffd}"));
    assert_eq!(header(&headers, "b").as_deref(), Some(""));
    assert_eq!(header(&headers, "c"), None);
}

#[test]
fn the_server_must_select_one_of_the_offered_subprotocols() {
    let offered = "chat.v2, chat.v1";
    let options = RequestOptions { subprotocols: list(offered), ..RequestOptions::default() };
    let request = String::from_utf8(request("h", "/", KEY, &options)).unwrap();
    assert!(request.ends_with("\r\nSec-WebSocket-Protocol: chat.v2, chat.v1\r\n\r\n"));
    let choice = |extra: &str| feed_with(&response(extra), 50, offered).map(|agreed| agreed.unwrap().0);
    assert!(choice("").is_err());
    assert_eq!(choice("Sec-WebSocket-Protocol: chat.v1\r\n"), Ok("chat.v1".into()));
    for extra in ["chat.v3", "CHAT.V1", "chat.v1, chat.v2", "", "chat.v1\r\nSec-WebSocket-Protocol: chat.v1"] {
        assert!(choice(&format!("Sec-WebSocket-Protocol: {extra}\r\n")).is_err(), "{extra}");
    }
}

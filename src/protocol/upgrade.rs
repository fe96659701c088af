//! The opening handshake, the client's side of it: RFC 6455 section 4.1.

use tungstenite::handshake::derive_accept_key;

/// The most bytes of a response's head. Real ones have some hundreds.
pub const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// The request. `authority` is the URL's host, with its port unless that is the scheme's own; `target` the path with the
/// query; `key` the `Sec-WebSocket-Key`.
pub fn request(authority: &str, target: &str, key: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\n\
         Host: {authority}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {key}\r\n\
         \r\n"
    )
    .into_bytes()
}

/// Why an answer does not open the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A well-formed answer with another status than 101.
    Status {
        /// The status.
        status: u16,
        /// The reason phrase, perhaps empty.
        reason: String,
    },
    /// Not an answer that a WebSocket server may give.
    Malformed {
        /// The status, if it could be read.
        status: u16,
        /// What is wrong with it.
        detail: &'static str,
    },
}

fn malformed(status: u16, detail: &'static str) -> Refusal {
    Refusal::Malformed { status, detail }
}

/// Collects the head of the answer and checks it.
#[derive(Debug)]
pub struct Answer {
    accept: String,
    head: Vec<u8>,
}

impl Answer {
    /// Expects the answer to the request with this key.
    pub fn new(key: &str) -> Answer {
        Answer { accept: derive_accept_key(key.as_bytes()), head: Vec::new() }
    }

    /// Takes the next bytes. `Some` when the head is whole and right: the bytes after it, which belong to the first frame.
    pub fn feed<'i>(&mut self, input: &'i [u8]) -> Result<Option<&'i [u8]>, Refusal> {
        const START: &[u8] = b"HTTP/1.";
        let known = self.head.len();
        let room = MAX_HEAD - known;
        self.head.extend_from_slice(&input[..input.len().min(room)]);
        let begun = self.head.len().min(START.len());
        if self.head[..begun] != START[..begun] {
            return Err(malformed(0, "the answer is not HTTP/1"));
        }
        // Only the new bytes, and the two before them, are searched: a head that trickles in costs no quadratic time.
        match end_of_head(&self.head, known.saturating_sub(2)) {
            Some(end) => {
                check(&self.head[..end], &self.accept)?;
                Ok(Some(&input[end - known..]))
            }
            None if self.head.len() == MAX_HEAD => Err(malformed(0, "the head of the answer is longer than 16 KiB")),
            None => Ok(None),
        }
    }
}

/// The index after the empty line that ends a head, looked for from `from` on. Bare line feeds end lines too, as
/// RFC 9112 section 2.2 allows a recipient to read them.
fn end_of_head(head: &[u8], from: usize) -> Option<usize> {
    head[from..].iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| {
        match &head[from + at + 1..] {
            [b'\n', ..] => Some(from + at + 2),
            [b'\r', b'\n', ..] => Some(from + at + 3),
            _ => None,
        }
    })
}

fn check(head: &[u8], accept: &str) -> Result<(), Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(malformed(0, "the answer has more than 100 headers")),
        Ok(httparse::Status::Partial) | Err(_) => return Err(malformed(0, "the head of the answer is not HTTP")),
    }
    let status = response.code.unwrap_or(0);
    if status != 101 {
        return Err(Refusal::Status { status, reason: response.reason.unwrap_or("").to_owned() });
    }
    if response.version != Some(1) {
        return Err(malformed(status, "the answer is HTTP/1.0, which cannot upgrade"));
    }
    let values = |name: &'static str| {
        response.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
    };
    let has_token = |name, token: &str| {
        values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    if !has_token("upgrade", "websocket") {
        return Err(malformed(status, "the answer has no `Upgrade: websocket`"));
    }
    if !has_token("connection", "upgrade") {
        return Err(malformed(status, "the answer has no `Connection: Upgrade`"));
    }
    let mut accepts = values("sec-websocket-accept");
    if accepts.next().map(<[u8]>::trim_ascii) != Some(accept.as_bytes()) || accepts.next().is_some() {
        return Err(malformed(status, "`Sec-WebSocket-Accept` of the answer does not fit the request's key"));
    }
    if values("sec-websocket-extensions").any(|value| !value.trim_ascii().is_empty()) {
        return Err(malformed(status, "the answer has an extension that was not asked for"));
    }
    if values("sec-websocket-protocol").next().is_some() {
        return Err(malformed(status, "the answer has a subprotocol that was not asked for"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // the RFC's own example

    fn feed(answer: &str, size: usize) -> Result<Option<Vec<u8>>, Refusal> {
        let mut reader = Answer::new(KEY);
        let mut pieces = answer.as_bytes().chunks(size);
        while let Some(piece) = pieces.next() {
            if let Some(rest) = reader.feed(piece)? {
                return Ok(Some([rest, &pieces.collect::<Vec<_>>().concat()].concat()));
            }
        }
        Ok(None)
    }

    fn good(extra: &str) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {ACCEPT}\r\n{extra}\r\n"
        )
    }

    fn detail(answer: &str) -> &'static str {
        let whole = feed(answer, usize::MAX).unwrap_err();
        assert_eq!(feed(answer, 1).unwrap_err(), whole, "cut to single bytes");
        match whole {
            Refusal::Malformed { detail, .. } => detail,
            Refusal::Status { .. } => "status",
        }
    }

    #[test]
    fn the_request_is_the_rfcs() {
        let request = String::from_utf8(request("example.com:9000", "/chat?x=1", KEY)).unwrap();
        assert!(request.starts_with("GET /chat?x=1 HTTP/1.1\r\nHost: example.com:9000\r\n"));
        assert!(request.ends_with(&format!("Sec-WebSocket-Key: {KEY}\r\n\r\n")));
    }

    #[test]
    fn a_right_answer_opens_and_leaves_the_bytes_of_the_first_frame() {
        for size in [1, 2, 3, 50, usize::MAX] {
            assert_eq!(feed(&(good("") + "\u{1}\u{2}"), size), Ok(Some(vec![1, 2])));
        }
        assert_eq!(feed(&good("")[..100], usize::MAX), Ok(None));
    }

    #[test]
    fn legal_spellings_are_accepted() {
        let spellings = [
            good("").replace("Upgrade: websocket", "UPGRADE:WebSocket"),
            good("").replace("Connection: Upgrade", "connection: keep-alive, upgrade"),
            good("").replace("Connection: Upgrade", "Connection: keep-alive\r\nConnection: Upgrade"),
            good("").replace(" Switching Protocols", ""),
            good("").replace("\r\n", "\n"),
            good("Sec-WebSocket-Extensions: \r\nServer: x\r\n"),
        ];
        for answer in spellings {
            assert_eq!(feed(&answer, 7), Ok(Some(vec![])), "{answer}");
        }
    }

    #[test]
    fn everything_else_is_refused_and_named() {
        assert!(detail(&good("").replace("Upgrade: websocket", "Upgrade: h2c")).contains("Upgrade: websocket"));
        assert!(detail(&good("").replace("Connection: Upgrade", "Connection: close")).contains("Connection"));
        assert!(detail(&good("").replace("s3pP", "S3pP")).contains("Sec-WebSocket-Accept"));
        assert!(detail(&good(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n"))).contains("Sec-WebSocket-Accept"));
        assert!(detail(&good("Sec-WebSocket-Extensions: permessage-deflate\r\n")).contains("extension"));
        assert!(detail(&good("Sec-WebSocket-Protocol: chat\r\n")).contains("subprotocol"));
        assert!(detail(&good("").replace("HTTP/1.1", "HTTP/1.0")).contains("HTTP/1.0"));
        assert!(detail("SSH-2.0-OpenSSH_9.2\r\n").contains("not HTTP"));
        assert!(detail(&good(&"a: b\r\n".repeat(101))).contains("100 headers"));
        assert!(detail(&good(&format!("a: {}\r\n", "b".repeat(MAX_HEAD)))).contains("16 KiB"));
        assert!(detail(&good("no colon\r\n")).contains("not HTTP"));
    }

    #[test]
    fn another_status_is_a_refusal_with_its_reason() {
        let refused = Refusal::Status { status: 404, reason: "Not Found".into() };
        assert_eq!(feed("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 5), Err(refused));
        let refused = Refusal::Status { status: 503, reason: String::new() };
        assert_eq!(feed("HTTP/1.1 503\r\n\r\n", 5), Err(refused));
    }
}

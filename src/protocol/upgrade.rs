//! The opening handshake, the client's side of it: RFC 6455 section 4.1.

use super::deflate::{Agreement, Offer};
use crate::limits;
use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};
use std::collections::HashSet;
use std::mem::MaybeUninit;

/// The most bytes of a response's head. Real ones have some hundreds.
pub const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// The `Sec-WebSocket-Key` of a nonce. (tungstenite takes its nonces from a generator of the thread's, which is gone when a
/// process ends and its exit handlers run.)
pub fn key(nonce: [u8; 16]) -> String {
    Base64::encode_string(&nonce)
}

/// What the server makes of a `Sec-WebSocket-Key`: section 4.2.2, step 5.4.
fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    Base64::encode_string(&hash)
}

/// What the request says beside the handshake itself.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Extras {
    pub origin: Option<String>,
    pub user_agent: Option<String>,
    /// User name and password for basic authentication.
    pub credentials: Option<(String, String)>,
    /// Those the server may choose from.
    pub subprotocols: Vec<String>,
    /// permessage-deflate, unless it is not wanted.
    pub deflate: Option<Offer>,
    pub headers: Vec<(String, String)>,
}

/// Names and values are the host's, and may be secrets: only their numbers are shown.
impl std::fmt::Debug for Extras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Extras({} headers, {} subprotocols)", self.headers.len(), self.subprotocols.len())
    }
}

/// The request. `authority` is the URL's host, with its port unless it is the scheme's own; `target` the path with the
/// query; `key` the `Sec-WebSocket-Key`.
pub fn request(authority: &str, target: &str, key: &str, extras: &Extras) -> Vec<u8> {
    let mut request = String::with_capacity(512);
    request.extend(["GET ", target, " HTTP/1.1\r\n"]);
    let mut add = |name: &str, value: &str| request.extend([name, ": ", value, "\r\n"]);
    add("Host", authority);
    add("Connection", "Upgrade");
    add("Upgrade", "websocket");
    add("Sec-WebSocket-Version", "13");
    add("Sec-WebSocket-Key", key);
    if let Some(origin) = &extras.origin {
        add("Origin", origin);
    }
    if let Some(user_agent) = &extras.user_agent {
        add("User-Agent", user_agent);
    }
    if let Some((user, password)) = &extras.credentials {
        let pair = format!("{user}:{password}");
        add("Authorization", &format!("Basic {}", Base64::encode_string(pair.as_bytes())));
    }
    if !extras.subprotocols.is_empty() {
        add("Sec-WebSocket-Protocol", &extras.subprotocols.join(", "));
    }
    if let Some(offer) = &extras.deflate {
        add("Sec-WebSocket-Extensions", &offer.to_string());
    }
    for (name, value) in &extras.headers {
        add(name, value);
    }
    request.push_str("\r\n");
    request.into_bytes()
}

fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

/// May this be a header's value? Control characters could end the header and begin another.
pub fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || byte >= b' ' && byte != 0x7f)
}

/// May these be a user name and password for basic authentication (RFC 7617 section 2)? The error says why not.
pub fn check_credentials(user: &str, password: &str) -> Result<(), &'static str> {
    let is_control = |byte: u8| byte < b' ' || byte == 0x7f;
    if user.contains(':') {
        return Err("the user name has a colon, where it would end");
    }
    if user.bytes().chain(password.bytes()).any(is_control) {
        return Err("it has a control character");
    }
    Ok(())
}

/// May the host add a header of this name and value? The error says why not.
pub fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    const OURS: [&str; 9] =
        ["Host", "Connection", "Upgrade", "Origin", "User-Agent", "Transfer-Encoding", "Trailer", "TE", "Expect"];
    const PREFIXES: [&str; 2] = ["Sec-WebSocket-", "Content-"];
    if !is_token(name) {
        return Err("its name is not a token of ASCII letters, digits and !#$%&'*+-.^_`|~");
    }
    let begins_with = |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if PREFIXES.iter().any(begins_with) || OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
        return Err("the library sets it itself, or it has an option of its own, or a request for an upgrade has none");
    }
    if !is_header_value(value) {
        return Err("its value has a control character");
    }
    Ok(())
}

/// Reads a comma-separated list of subprotocols: tokens, each once (RFC 6455 section 4.1, 10.).
pub fn subprotocols(list: &str) -> Result<Vec<String>, &'static str> {
    let (mut subprotocols, mut known) = (Vec::new(), HashSet::new());
    for name in list.split(',').map(|name| name.trim_matches([' ', '\t'])) {
        if subprotocols.len() == limits::SUBPROTOCOLS {
            return Err("more than 128 subprotocols");
        }
        if !is_token(name) {
            return Err("a subprotocol is not a token of ASCII letters, digits and !#$%&'*+-.^_`|~");
        }
        if !known.insert(name) {
            return Err("a subprotocol is named twice");
        }
        subprotocols.push(name.to_owned());
    }
    Ok(subprotocols)
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

/// What a right answer says.
#[derive(Debug, PartialEq, Eq)]
pub struct Agreed<'i> {
    /// The subprotocol that the server chose; empty if none.
    pub subprotocol: String,
    /// What was agreed on of permessage-deflate; `None` if the server does without.
    pub deflate: Option<Agreement>,
    /// The bytes after the answer, which belong to the first frame.
    pub rest: &'i [u8],
}

/// Collects the head of the answer and checks it.
#[derive(Debug)]
pub struct Answer {
    accept: String,
    subprotocols: Vec<String>,
    deflate: Option<Offer>,
    head: Vec<u8>,
    /// Bytes of interim answers that came before it.
    interim: usize,
    /// Of the whole head, once it is there.
    status: u16,
    headers: String,
}

impl Answer {
    /// Expects the answer to the request with this key and these extras.
    pub fn new(key: &str, extras: &Extras) -> Answer {
        Answer {
            accept: accept_key(key),
            subprotocols: extras.subprotocols.clone(),
            deflate: extras.deflate,
            head: Vec::new(),
            interim: 0,
            status: 0,
            headers: String::new(),
        }
    }

    /// The status of the answer, 0 as long as there is none; and its headers, each as `Name: value` and a line feed.
    pub fn into_head(self) -> (u16, String) {
        (self.status, self.headers)
    }

    /// Takes the next bytes. `Some` when the head is whole and right.
    pub fn feed<'i>(&mut self, input: &'i [u8]) -> Result<Option<Agreed<'i>>, Refusal> {
        const START: &[u8] = b"HTTP/1.";
        let mut rest = input;
        loop {
            let known = self.head.len();
            let room = MAX_HEAD - self.interim - known;
            self.head.extend_from_slice(&rest[..rest.len().min(room)]);
            let begun = self.head.len().min(START.len());
            if self.head[..begun] != START[..begun] {
                // The first byte of an alert or a handshake of TLS.
                let is_tls = matches!(self.head[0], 0x15 | 0x16);
                let detail =
                    if is_tls { "the answer is TLS, not HTTP/1: is wss meant?" } else { "the answer is not HTTP/1" };
                return Err(malformed(0, detail));
            }
            // Only the new bytes, and the two before them, are searched: a head that trickles in costs no quadratic time.
            let Some(end) = end_of_head(&self.head, known.saturating_sub(2)) else {
                return match self.head.len() + self.interim {
                    MAX_HEAD => Err(malformed(0, "the head of the answer is longer than 16 KiB")),
                    _ => Ok(None),
                };
            };
            let head = std::mem::take(&mut self.head);
            rest = &rest[end - known..];
            if let Some((subprotocol, deflate)) = self.check(&head[..end])? {
                return Ok(Some(Agreed { subprotocol, deflate, rest }));
            }
            self.interim += end;
        }
    }

    /// What a right answer chose. `None`: it is an interim answer, before the one that counts.
    fn check(&mut self, head: &[u8]) -> Result<Option<(String, Option<Agreement>)>, Refusal> {
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut []);
        match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, head, &mut headers) {
            Ok(httparse::Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(malformed(0, "the answer has more than 100 headers")),
            Ok(httparse::Status::Partial) | Err(_) => return Err(malformed(0, "the head of the answer is not HTTP")),
        }
        let status = response.code.unwrap_or(0);
        // RFC 9110 section 15.2: a client must be able to read them, whether it expects any or not.
        if (100..200).contains(&status) && status != 101 {
            return Ok(None);
        }
        self.status = status;
        self.headers.reserve(head.len());
        for header in &*response.headers {
            let value = String::from_utf8_lossy(header.value.trim_ascii());
            self.headers.extend([header.name, ": ", &value, "\n"]);
        }
        if status != 101 {
            // Text of the server's, for a log line.
            let reason = response.reason.unwrap_or("").chars().take(100).collect();
            return Err(Refusal::Status { status, reason });
        }
        if response.version != Some(1) {
            return Err(malformed(status, "the answer is HTTP/1.0, which cannot upgrade"));
        }
        let values = |name: &'static str| {
            response
                .headers
                .iter()
                .filter(move |header| header.name.eq_ignore_ascii_case(name))
                .map(|header| header.value)
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
        if accepts.next().map(<[u8]>::trim_ascii) != Some(self.accept.as_bytes()) || accepts.next().is_some() {
            return Err(malformed(status, "`Sec-WebSocket-Accept` of the answer does not fit the request's key"));
        }
        let mut extensions = values("sec-websocket-extensions");
        let deflate = match &self.deflate {
            Some(offer) => offer.read_answer(extensions).map_err(|detail| malformed(status, detail))?,
            None if extensions.all(|value| value.trim_ascii().is_empty()) => None,
            None => return Err(malformed(status, "the answer has an extension that was not asked for")),
        };
        let mut chosen = values("sec-websocket-protocol").map(<[u8]>::trim_ascii);
        let Some(subprotocol) = chosen.next() else {
            // The RFC allows it; browsers do not, and a game expects what they do.
            return match self.subprotocols.as_slice() {
                [] => Ok(Some((String::new(), deflate))),
                _ => Err(malformed(status, "the answer chose none of the subprotocols offered")),
            };
        };
        match self.subprotocols.iter().find(|offered| offered.as_bytes() == subprotocol) {
            Some(offered) if chosen.next().is_none() => Ok(Some((offered.clone(), deflate))),
            _ => Err(malformed(status, "the answer has a subprotocol that was not asked for")),
        }
    }
}

/// The value of a header among `headers`, as [`Answer::into_head`] writes them; several of one name are joined by `, `.
pub fn header(headers: &str, name: &str) -> Option<String> {
    let mut values = headers
        .lines()
        .filter_map(|line| line.split_once(": ").filter(|(other, _)| other.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value);
    let mut joined = values.next()?.to_owned();
    for value in values {
        joined.extend([", ", value]);
    }
    Some(joined)
}

/// The index after the empty line that ends a head, looked for from `from` on. Bare line feeds end lines too, as
/// RFC 9112 section 2.2 allows a recipient to read them.
pub fn end_of_head(head: &[u8], from: usize) -> Option<usize> {
    let mut next = from;
    loop {
        next += head[next..].iter().position(|byte| *byte == b'\n')? + 1;
        match &head[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // the RFC's own example

    fn feed(answer: &str, size: usize) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(feed_with(answer, size, "")?.map(|(_, rest)| rest))
    }

    fn feed_with(answer: &str, size: usize, offered: &str) -> Result<Option<(String, Vec<u8>)>, Refusal> {
        let offered = if offered.is_empty() { Vec::new() } else { subprotocols(offered).unwrap() };
        let mut reader = Answer::new(KEY, &Extras { subprotocols: offered, ..Extras::default() });
        let mut pieces = answer.as_bytes().chunks(size);
        while let Some(piece) = pieces.next() {
            if let Some(Agreed { subprotocol, rest, .. }) = reader.feed(piece)? {
                return Ok(Some((subprotocol, [rest, &pieces.collect::<Vec<_>>().concat()].concat())));
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
        let request = String::from_utf8(request("example.com:9000", "/chat?x=1", KEY, &Extras::default())).unwrap();
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
        assert!(detail("\u{15}\u{3}\u{3}").contains("wss"));
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

    #[test]
    fn interim_answers_are_passed_over() {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        for size in [1, 2, 3, 30, usize::MAX] {
            assert_eq!(feed(&format!("{interim}{}\u{1}", good("")), size), Ok(Some(vec![1])), "{size}");
            let refused = Refusal::Status { status: 404, reason: String::new() };
            assert_eq!(feed(&format!("{interim}HTTP/1.1 404\r\n\r\n"), size), Err(refused));
        }
        assert!(detail(&"HTTP/1.1 100\r\n\r\n".repeat(2000)).contains("16 KiB"));
    }

    #[test]
    fn the_request_says_what_the_host_adds() {
        let extras = Extras {
            origin: Some("https://game.example".into()),
            user_agent: Some("shell/1".into()),
            credentials: Some(("Aladdin".into(), "open sesame".into())), // RFC 7617 section 2
            subprotocols: Vec::new(),
            deflate: None,
            headers: vec![("X-Level".into(), "7".into()), ("X-Empty".into(), String::new())],
        };
        let request = String::from_utf8(request("h", "/", KEY, &extras)).unwrap();
        assert!(request.ends_with(
            "\r\nOrigin: https://game.example\r\nUser-Agent: shell/1\r\n\
             Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nX-Level: 7\r\nX-Empty: \r\n\r\n"
        ));
    }

    #[test]
    fn headers_that_would_change_the_request_are_refused() {
        for (name, value) in [("X-A", "b"), ("authorization", "Bearer x"), ("X", "a\tb"), ("X", "\u{fc}"), ("X", "")] {
            assert_eq!(check_header(name, value), Ok(()), "{name}: {value}");
        }
        for (name, value) in [
            ("", "x"),
            ("A b", ""),
            ("A:", ""),
            ("A\r\nB", ""),
            ("X", "a\r\nB: c"),
            ("X", "\n"),
            ("X", "\0"),
            ("X", "\x7f"),
        ] {
            assert!(check_header(name, value).is_err(), "{name}: {value}");
        }
        for name in ["host", "CONNECTION", "sec-websocket-key", "Sec-WebSocket-", "origin", "te", "\u{e4}bc"] {
            assert!(check_header(name, "x").is_err(), "{name}");
        }
    }

    #[test]
    fn the_headers_of_an_answer_can_be_read() {
        let mut answer = Answer::new(KEY, &Extras::default());
        let refusal = answer.feed(b"HTTP/1.1 429 Slow down\r\nRetry-After:  3 \r\nA: 1\r\na: \xff\r\nB:\r\n\r\nbody");
        assert_eq!(refusal, Err(Refusal::Status { status: 429, reason: "Slow down".into() }));
        let (status, headers) = answer.into_head();
        assert_eq!((status, headers.as_str()), (429, "Retry-After: 3\nA: 1\na: \u{fffd}\nB: \n"));
        assert_eq!(header(&headers, "retry-after").as_deref(), Some("3"));
        assert_eq!(header(&headers, "A").as_deref(), Some("1, \u{fffd}"));
        assert_eq!(header(&headers, "b").as_deref(), Some(""));
        assert_eq!(header(&headers, "c"), None);
    }

    #[test]
    fn a_subprotocol_is_one_of_those_offered() {
        let offered = "chat.v2, chat.v1";
        let list = subprotocols(offered).unwrap();
        let extras = Extras { subprotocols: list, ..Extras::default() };
        let request = String::from_utf8(request("h", "/", KEY, &extras)).unwrap();
        assert!(request.ends_with("\r\nSec-WebSocket-Protocol: chat.v2, chat.v1\r\n\r\n"));
        let choice = |extra: &str| feed_with(&good(extra), 50, offered).map(|agreed| agreed.unwrap().0);
        assert!(choice("").is_err());
        assert_eq!(choice("Sec-WebSocket-Protocol: chat.v1\r\n"), Ok("chat.v1".into()));
        for extra in ["chat.v3", "CHAT.V1", "chat.v1, chat.v2", "", "chat.v1\r\nSec-WebSocket-Protocol: chat.v1"] {
            assert!(choice(&format!("Sec-WebSocket-Protocol: {extra}\r\n")).is_err(), "{extra}");
        }
        for list in ["", "a,,b", "a b", "a,a", "\u{fc}", "a\r\nb: c"] {
            assert!(subprotocols(list).is_err(), "{list}");
        }
    }
}

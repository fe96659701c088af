//! The opening handshake, the client's side of it: RFC 6455 section 4.1.

use super::deflate::{Agreement, Offer};
use super::head::{BROKEN_OFF, Collected, Collector, Head, NO_MEMORY, TOO_LONG, is_header_value, is_token, pairs};
use crate::limits;
use crate::secret::Secret;
use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};
use std::collections::HashSet;
use zeroize::Zeroizing;

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
pub struct RequestOptions {
    pub origin: Option<String>,
    pub user_agent: Option<String>,
    /// User name and password for basic authentication.
    pub credentials: Option<(Secret<String>, Secret<String>)>,
    /// Those the server may choose from.
    pub subprotocols: Vec<String>,
    /// permessage-deflate, unless it is not wanted.
    pub deflate: Option<Offer>,
    pub headers: Vec<(String, Secret<String>)>,
}

impl RequestOptions {
    /// The bytes of all texts in a request, or a few more.
    fn text_len(&self) -> usize {
        let optional = [&self.origin, &self.user_agent].into_iter().flatten().map(String::len);
        let credentials = self.credentials.iter().map(|(user, password)| (user.len() + password.len()) * 2);
        let subprotocols = self.subprotocols.iter().map(|name| name.len() + 2);
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
        optional.chain(credentials).chain(subprotocols).chain(headers).sum()
    }
}

/// Names and values are the host's, and may be secrets: only their numbers are shown.
impl std::fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RequestOptions({} headers, {} subprotocols)", self.headers.len(), self.subprotocols.len())
    }
}

/// The request. `authority` is the URL's host, with its port unless it is the scheme's own; `target` the path with the
/// query; `key` the `Sec-WebSocket-Key`.
pub fn request(authority: &str, target: &str, key: &str, options: &RequestOptions) -> Vec<u8> {
    // The request contains secrets. It gets its full size at once, because growing would leave a copy in freed memory.
    let mut request = String::with_capacity(1024 + authority.len() + target.len() + options.text_len());
    request.extend(["GET ", target, " HTTP/1.1\r\n"]);
    let mut add = |name: &str, value: &str| request.extend([name, ": ", value, "\r\n"]);
    add("Host", authority);
    add("Connection", "Upgrade");
    add("Upgrade", "websocket");
    add("Sec-WebSocket-Version", "13");
    add("Sec-WebSocket-Key", key);
    if let Some(origin) = &options.origin {
        add("Origin", origin);
    }
    if let Some(user_agent) = &options.user_agent {
        add("User-Agent", user_agent);
    }
    if let Some((user, password)) = &options.credentials {
        let pair = Zeroizing::new([user.as_str(), ":", password.as_str()].concat());
        let digits = Zeroizing::new(Base64::encode_string(pair.as_bytes()));
        add("Authorization", &Zeroizing::new(["Basic ", digits.as_str()].concat()));
    }
    if !options.subprotocols.is_empty() {
        add("Sec-WebSocket-Protocol", &Zeroizing::new(options.subprotocols.join(", ")));
    }
    if let Some(offer) = &options.deflate {
        add("Sec-WebSocket-Extensions", &offer.to_string());
    }
    for (name, value) in &options.headers {
        add(name, value);
    }
    request.push_str("\r\n");
    request.into_bytes()
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
    /// An answer with another status than 101.
    Status {
        /// The status.
        status: u16,
        /// The reason phrase, perhaps empty.
        reason: String,
        /// The first flaw of its head, if there is one. It does not change the refusal.
        flaw: Option<&'static str>,
        /// The head is complete.
        is_whole: bool,
    },
    /// There is no memory for it.
    NoMemory,
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

/// A header that may be there once.
#[derive(Clone, Copy, Default)]
struct Once<'a> {
    value: Option<&'a str>,
    again: bool,
}

impl<'a> Once<'a> {
    fn add(&mut self, value: &'a str) {
        self.again |= self.value.replace(value).is_some();
    }

    fn only(self) -> Option<&'a str> {
        self.value.filter(|_| !self.again)
    }
}

/// Collects the head of the answer and checks it.
#[derive(Debug)]
pub struct Answer {
    accept: String,
    subprotocols: Vec<String>,
    deflate: Option<Offer>,
    collector: Collector,
    /// The final answer, once it was read.
    status: u16,
    headers: String,
}

impl Answer {
    /// Expects the answer to the request with this key and these options.
    pub fn new(key: &str, options: &RequestOptions) -> Answer {
        Answer {
            accept: accept_key(key),
            subprotocols: options.subprotocols.clone(),
            deflate: options.deflate,
            collector: Collector::default(),
            status: 0,
            headers: String::new(),
        }
    }

    /// The status of the answer, 0 as long as there is none; and its headers, as [`Head::headers`] has them.
    pub fn into_head(self) -> (u16, String) {
        (self.status, self.headers)
    }

    /// Takes the next bytes. `Some` when the head is whole and right.
    pub fn feed<'i>(&mut self, input: &'i [u8]) -> Result<Option<Agreed<'i>>, Refusal> {
        let mut rest = input;
        loop {
            let head = match self.collector.feed(&mut rest) {
                Collected::More => return Ok(None),
                Collected::NotHttp => {
                    // The first byte of an alert or a handshake of TLS.
                    let is_tls = matches!(self.collector.bytes(), [0x15 | 0x16, ..]);
                    let detail = if is_tls {
                        "the answer is TLS, not HTTP/1: is wss meant?"
                    } else {
                        "the answer is not HTTP/1"
                    };
                    return Err(malformed(0, detail));
                }
                Collected::NoMemory => return Err(Refusal::NoMemory),
                Collected::TooLong => {
                    let agrees = Head::read(self.collector.bytes()).is_some_and(|head| head.status == 101);
                    let refusal = self.unfinished(TOO_LONG);
                    return Err(refusal.unwrap_or(malformed(if agrees { 101 } else { 0 }, TOO_LONG)));
                }
                Collected::Whole(head) => head,
            };
            let head = Head::read(&head).ok_or(malformed(0, "the head of the answer is not HTTP"))?;
            // RFC 9110 section 15.2: a client must accept interim answers, even if it does not expect them.
            if (100..200).contains(&head.status) && head.status != 101 {
                continue;
            }
            let agreed = self.check(&head);
            (self.status, self.headers) = (head.status, head.headers);
            let (subprotocol, deflate) = agreed?;
            return Ok(Some(Agreed { subprotocol, deflate, rest }));
        }
    }

    /// Called when no more bytes will come. `Some` if the status line of a refusal was read.
    pub fn broken_off(&mut self) -> Option<Refusal> {
        self.unfinished(BROKEN_OFF)
    }

    /// The refusal in an incomplete head. An interim answer is not a refusal, and an incomplete 101 does not accept the upgrade.
    fn unfinished(&mut self, flaw: &'static str) -> Option<Refusal> {
        let head = Head::read(self.collector.bytes()).filter(|head| head.status >= 200)?;
        (self.status, self.headers) = (head.status, head.headers);
        Some(Refusal::Status { status: head.status, reason: head.reason, flaw: Some(flaw), is_whole: false })
    }

    /// Checks the answer, and returns what the server chose.
    ///
    /// It is as strict as Chrome, which is stricter than Firefox with lists. RFC 6455 section 4.1 requires an `Upgrade` whose value is
    /// `websocket`, so a second one or a list is refused; a `Connection` with the token `Upgrade`, which is a list and may be in
    /// several lines (RFC 9110 section 7.6.1); one `Sec-WebSocket-Accept` and at most one `Sec-WebSocket-Protocol` (sections 11.3.3
    /// and 11.3.4). `Sec-WebSocket-Extensions` is a list again (section 9.1).
    fn check(&self, head: &Head) -> Result<(String, Option<Agreement>), Refusal> {
        let status = head.status;
        if status != 101 {
            return Err(Refusal::Status { status, reason: head.reason.clone(), flaw: head.flaw, is_whole: true });
        }
        if let Some(flaw) = head.flaw {
            return Err(if flaw == NO_MEMORY { Refusal::NoMemory } else { malformed(status, flaw) });
        }
        if head.is_http_1_0 {
            return Err(malformed(status, "the answer is HTTP/1.0, which cannot upgrade"));
        }
        let (mut upgrade, mut accept, mut subprotocol) = (Once::default(), Once::default(), Once::default());
        let (mut is_upgraded, mut extensions) = (false, Vec::new());
        for (name, value) in pairs(&head.headers) {
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            if is("upgrade") {
                upgrade.add(value);
            } else if is("connection") {
                is_upgraded |= value.split(',').any(|token| token.trim_ascii().eq_ignore_ascii_case("upgrade"));
            } else if is("sec-websocket-accept") {
                accept.add(value);
            } else if is("sec-websocket-protocol") {
                subprotocol.add(value);
            } else if is("sec-websocket-extensions") {
                extensions.push(value);
            }
        }
        if !upgrade.only().is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
            return Err(malformed(status, "the answer must have exactly one `Upgrade: websocket` header"));
        }
        if !is_upgraded {
            return Err(malformed(status, "the answer has no `Connection: Upgrade`"));
        }
        if accept.only() != Some(&self.accept) {
            return Err(malformed(status, "`Sec-WebSocket-Accept` of the answer does not fit the request's key"));
        }
        let deflate = match &self.deflate {
            Some(offer) => offer
                .read_answer(extensions.into_iter().map(str::as_bytes))
                .map_err(|detail| malformed(status, detail))?,
            None if extensions.iter().all(|value| value.is_empty()) => None,
            None => return Err(malformed(status, "the answer has an extension that was not asked for")),
        };
        let Some(chosen) = subprotocol.value else {
            // The RFC allows it; browsers do not, and a game expects what they do.
            return match self.subprotocols.as_slice() {
                [] => Ok((String::new(), deflate)),
                _ => Err(malformed(status, "the answer chose none of the subprotocols offered")),
            };
        };
        match self.subprotocols.iter().find(|offered| *offered == chosen) {
            Some(offered) if !subprotocol.again => Ok((offered.clone(), deflate)),
            _ => Err(malformed(status, "the answer has a subprotocol that was not asked for")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::{MAX_HEAD, header};
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // the RFC's own example

    fn feed(answer: &str, size: usize) -> Result<Option<Vec<u8>>, Refusal> {
        Ok(feed_with(answer, size, "")?.map(|(_, rest)| rest))
    }

    fn feed_with(answer: &str, size: usize, offered: &str) -> Result<Option<(String, Vec<u8>)>, Refusal> {
        let offered = if offered.is_empty() { Vec::new() } else { subprotocols(offered).unwrap() };
        let mut reader = Answer::new(KEY, &RequestOptions { subprotocols: offered, ..RequestOptions::default() });
        let mut pieces = answer.as_bytes().chunks(size);
        while let Some(piece) = pieces.next() {
            if let Some(Agreed { subprotocol, rest, .. }) = reader.feed(piece)? {
                return Ok(Some((subprotocol, [rest, &pieces.collect::<Vec<_>>().concat()].concat())));
            }
        }
        Ok(None)
    }

    fn status(status: u16, reason: &str) -> Refusal {
        Refusal::Status { status, reason: reason.into(), flaw: None, is_whole: true }
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
            Refusal::NoMemory => "no memory",
        }
    }

    #[test]
    fn the_request_is_the_rfcs() {
        let request =
            String::from_utf8(request("example.com:9000", "/chat?x=1", KEY, &RequestOptions::default())).unwrap();
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
        assert!(detail(&good(&"a: b\r\n".repeat(254))).contains("256 lines"));
        assert_eq!(feed(&good(&"a: b\r\n".repeat(253)), 1), Ok(Some(vec![])));
        assert!(detail(&good(&format!("a: {}\r\n", "b".repeat(MAX_HEAD)))).contains("64 KiB"));
        assert!(detail(&good("no colon\r\n")).contains("no colon"));
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
            let with = |value: &str| good("").replace(line, &format!("{name}: {value}\r\n"));
            for value in *right {
                assert_eq!(feed(&with(value), 1), Ok(Some(vec![])), "{name}: {value}");
            }
            for value in *wrong {
                assert!(detail(&with(value)).contains(name), "{name}: {value}");
            }
            assert!(detail(&good("").replace(line, "")).contains(name));
        }
    }

    #[test]
    fn another_status_is_a_refusal_with_its_reason() {
        let not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(feed(not_found, 5), Err(status(404, "Not Found")));
        assert_eq!(feed("HTTP/1.1 503\r\n\r\n", 5), Err(status(503, "")));
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        for size in [1, 2, 3, 30, usize::MAX] {
            assert_eq!(feed(&format!("{interim}{}\u{1}", good("")), size), Ok(Some(vec![1])), "{size}");
            assert_eq!(feed(&format!("{interim}HTTP/1.1 404\r\n\r\n"), size), Err(status(404, "")));
        }
        assert!(detail(&"HTTP/1.1 100\r\n\r\n".repeat(8000)).contains("64 KiB"));
    }

    #[test]
    fn the_request_says_what_the_host_adds() {
        let options = RequestOptions {
            origin: Some("https://game.example".into()),
            user_agent: Some("shell/1".into()),
            credentials: Some(("Aladdin".into(), "open sesame".into())), // RFC 7617 section 2
            subprotocols: Vec::new(),
            deflate: None,
            headers: vec![("X-Level".into(), "7".into()), ("X-Empty".into(), "".into())],
        };
        let request = String::from_utf8(request("h", "/", KEY, &options)).unwrap();
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
        let mut answer = Answer::new(KEY, &RequestOptions::default());
        let refusal = answer.feed(b"HTTP/1.1 429 Slow down\r\nRetry-After:  3 \r\nA: 1\r\na: \xff\r\nB:\r\n\r\nbody");
        assert_eq!(refusal, Err(status(429, "Slow down")));
        let (code, headers) = answer.into_head();
        assert_eq!((code, headers.as_str()), (429, "Retry-After: 3\nA: 1\na: \u{fffd}\nB: \n"));
        assert_eq!(header(&headers, "retry-after").as_deref(), Some("3"));
        assert_eq!(header(&headers, "A").as_deref(), Some("1, \u{fffd}"));
        assert_eq!(header(&headers, "b").as_deref(), Some(""));
        assert_eq!(header(&headers, "c"), None);
    }

    #[test]
    fn a_subprotocol_is_one_of_those_offered() {
        let offered = "chat.v2, chat.v1";
        let list = subprotocols(offered).unwrap();
        let options = RequestOptions { subprotocols: list, ..RequestOptions::default() };
        let request = String::from_utf8(request("h", "/", KEY, &options)).unwrap();
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

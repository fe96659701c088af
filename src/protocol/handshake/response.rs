//! The response to the upgrade request, and its check (RFC 6455 section 4.1).

use super::request::RequestOptions;
use crate::protocol::deflate::{Agreement, Offer};
use crate::protocol::http_head::{FLAW_INCOMPLETE, FLAW_NO_MEMORY, FLAW_TOO_LONG, Head, HeadError, HeadReader, pairs};
use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

/// Returns the `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (section 4.2.2, step 5.4).
fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").finalize();
    Base64::encode_string(&hash)
}

/// The reason why a response does not open the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpgradeError {
    /// The status is not 101.
    Status {
        /// The status.
        status: u16,
        /// The reason phrase, which may be empty.
        reason: String,
        /// The first flaw of the head, if there is one. It is used only in the close report.
        flaw: Option<&'static str>,
        /// The head is complete.
        is_whole: bool,
    },
    /// There is no memory for the response.
    NoMemory,
    /// The response violates a rule of HTTP or WebSocket.
    Malformed {
        /// The status. 0 if it could not be read.
        status: u16,
        /// The violated rule.
        detail: &'static str,
    },
}

fn malformed(status: u16, detail: &'static str) -> UpgradeError {
    UpgradeError::Malformed { status, detail }
}

/// The content of a response that accepts the upgrade.
#[derive(Debug, PartialEq, Eq)]
pub struct Upgraded {
    /// The subprotocol that the server selected. Empty if it selected none.
    pub subprotocol: String,
    /// The negotiated parameters of permessage-deflate. `None` if the server did not accept the offer.
    pub deflate: Option<Agreement>,
}

/// A header that may occur only once.
#[derive(Clone, Copy, Default)]
struct SingleHeader<'a> {
    value: Option<&'a str>,
    is_repeated: bool,
}

impl<'a> SingleHeader<'a> {
    fn add(&mut self, value: &'a str) {
        self.is_repeated |= self.value.replace(value).is_some();
    }

    fn only(self) -> Option<&'a str> {
        self.value.filter(|_| !self.is_repeated)
    }
}

/// Reads the response and checks it.
#[derive(Debug)]
pub struct ResponseReader {
    accept: String,
    subprotocols: Vec<String>,
    deflate: Option<Offer>,
    head_reader: HeadReader,
    /// The head of the final response, after it was read.
    head: Option<Head>,
}

impl ResponseReader {
    /// Makes a reader for the response to a request with this key and these options.
    pub fn new(key: &str, options: &RequestOptions) -> ResponseReader {
        ResponseReader {
            accept: accept_key(key),
            subprotocols: options.subprotocols.clone(),
            deflate: options.deflate,
            head_reader: HeadReader::default(),
            head: None,
        }
    }

    /// Returns the head of the final response. `None` if it was not read, or is not HTTP.
    pub fn into_head(self) -> Option<Head> {
        self.head
    }

    /// Takes the next bytes from the front of `input`. Returns `Some` when the head is complete and accepts the upgrade. In this
    /// case, and after the refusal of a complete head, `input` contains the bytes after the head.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Upgraded>, UpgradeError> {
        loop {
            let head = match self.head_reader.feed(input) {
                Ok(Some(head)) => head,
                Ok(None) => return Ok(None),
                Err(HeadError::NotHttp) => {
                    // The content type of a TLS alert or of a TLS handshake message.
                    let is_tls = matches!(self.head_reader.bytes(), [0x15 | 0x16, ..]);
                    let detail = if is_tls {
                        "the answer is TLS, not HTTP/1: use a wss:// URL for this server"
                    } else {
                        "the answer is not HTTP/1"
                    };
                    return Err(malformed(0, detail));
                }
                Err(HeadError::NoMemory) => return Err(UpgradeError::NoMemory),
                Err(HeadError::TooLong) => {
                    let accepts = Head::read(self.head_reader.bytes()).is_some_and(|head| head.status == 101);
                    let refusal = self.incomplete(FLAW_TOO_LONG);
                    return Err(refusal.unwrap_or(malformed(if accepts { 101 } else { 0 }, FLAW_TOO_LONG)));
                }
            };
            let head = Head::read(&head).ok_or(malformed(0, "the head of the answer is not HTTP"))?;
            // RFC 9110 section 15.2: a client must accept interim responses, even if it does not expect them.
            if (100..200).contains(&head.status) && head.status != 101 {
                continue;
            }
            let result = self.check(&head);
            self.head = Some(head);
            return result.map(Some);
        }
    }

    /// Ends the response early, because no more bytes will come. Returns an error if the status line of a refusal was read.
    pub fn broken_off(&mut self) -> Option<UpgradeError> {
        self.incomplete(FLAW_INCOMPLETE)
    }

    /// Returns the error of an incomplete head that refuses the upgrade. Interim responses and 101 do not refuse it.
    fn incomplete(&mut self, flaw: &'static str) -> Option<UpgradeError> {
        let head = self.head.insert(Head::read(self.head_reader.bytes()).filter(|head| head.status >= 200)?);
        let reason = head.reason.clone();
        Some(UpgradeError::Status { status: head.status, reason, flaw: Some(flaw), is_whole: false })
    }

    /// Checks the response. Returns the subprotocol and the permessage-deflate parameters that the server selected.
    ///
    /// The check is as strict as Chrome, which is stricter than Firefox with lists. RFC 6455 section 4.1 requires:
    /// - an `Upgrade` with the value `websocket`, so a second one or a list is refused;
    /// - a `Connection` with the token `Upgrade`. It is a list and may be in several lines (RFC 9110 section 7.6.1);
    /// - one `Sec-WebSocket-Accept` and at most one `Sec-WebSocket-Protocol` (sections 11.3.3 and 11.3.4).
    ///
    /// `Sec-WebSocket-Extensions` is a list again (section 9.1).
    fn check(&self, head: &Head) -> Result<Upgraded, UpgradeError> {
        let status = head.status;
        if status != 101 {
            return Err(UpgradeError::Status { status, reason: head.reason.clone(), flaw: head.flaw, is_whole: true });
        }
        if let Some(flaw) = head.flaw {
            return Err(if flaw == FLAW_NO_MEMORY { UpgradeError::NoMemory } else { malformed(status, flaw) });
        }
        if head.is_http_1_0 {
            return Err(malformed(status, "the answer is HTTP/1.0, which cannot upgrade"));
        }
        let (mut upgrade, mut accept, mut subprotocol) =
            (SingleHeader::default(), SingleHeader::default(), SingleHeader::default());
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
            return Err(malformed(
                status,
                "`Sec-WebSocket-Accept` of the answer does not match the key of the request",
            ));
        }
        let deflate = match &self.deflate {
            Some(offer) => offer
                .read_response(extensions.into_iter().map(str::as_bytes))
                .map_err(|detail| malformed(status, detail))?,
            None if extensions.iter().all(|value| value.is_empty()) => None,
            None => return Err(malformed(status, "the answer has an extension that was not asked for")),
        };
        let Some(selected) = subprotocol.value else {
            // The RFC allows a server to select none. Browsers refuse that, and games expect this behaviour here too.
            return match self.subprotocols.as_slice() {
                [] => Ok(Upgraded { subprotocol: String::new(), deflate }),
                _ => Err(malformed(status, "the answer chose none of the subprotocols offered")),
            };
        };
        match self.subprotocols.iter().find(|offered| *offered == selected) {
            Some(offered) if !subprotocol.is_repeated => Ok(Upgraded { subprotocol: offered.clone(), deflate }),
            _ => Err(malformed(status, "the answer has a subprotocol that was not asked for")),
        }
    }
}

//! The CONNECT method of HTTP (RFC 9110 section 9.3.6), with basic authentication (RFC 7617).

use super::proxy_url::Proxy;
use super::tunnel_error::TunnelError;
use crate::protocol::http_head::{FLAW_NO_MEMORY, Head, HeadError, HeadReader, values};
use crate::web_url::Host;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// The error for a head of more than [`crate::protocol::http_head::MAX_HEAD`] bytes.
const HEAD_TOO_LONG: &str = "the head of the proxy's answer is longer than 64 KiB";

/// A request, and its incomplete response.
pub(super) struct Connect {
    /// The host and port of the server, as in the request.
    server: String,
    has_credentials: bool,
    response: HeadReader,
}

impl Connect {
    pub(super) fn new(proxy: &Proxy, host: &Host, port: u16, output: &mut Vec<u8>) -> Connect {
        let server = format!("{host}:{port}");
        let authorization = match &proxy.credentials {
            Some(credentials) => {
                let pair = Zeroizing::new([credentials.user.as_slice(), b":", &credentials.password].concat());
                let digits = Zeroizing::new(Base64::encode_string(&pair));
                ["Proxy-Authorization: Basic ", digits.as_str(), "\r\n"].concat()
            }
            None => String::new(),
        };
        let authorization = Zeroizing::new(authorization);
        let head = format!(
            "CONNECT {server} HTTP/1.1\r\n\
             Host: {server}\r\n\
             User-Agent: egret-ws/{}\r\n",
            env!("CARGO_PKG_VERSION")
        );
        for part in [head.as_str(), authorization.as_str(), "\r\n"] {
            output.extend_from_slice(part.as_bytes());
        }
        Connect { server, has_credentials: proxy.credentials.is_some(), response: HeadReader::default() }
    }

    /// Takes the next bytes. After the refusal of a complete head, `input` contains the bytes after the head.
    pub(super) fn feed(&mut self, input: &mut &[u8]) -> Result<bool, TunnelError> {
        loop {
            let head = match self.response.feed(input) {
                Ok(Some(head)) => head,
                Ok(None) => return Ok(false),
                Err(HeadError::NotHttp) => return Err(not_http(self.response.bytes())),
                Err(HeadError::NoMemory) => return Err(TunnelError::no_memory()),
                Err(HeadError::TooLong) => {
                    let refused = self.broken_off();
                    let status = Head::read(self.response.bytes()).map_or(0, |head| head.status);
                    let status = if is_final(status) { status } else { 0 };
                    return Err(refused.unwrap_or(TunnelError::new(status, HEAD_TOO_LONG)));
                }
            };
            let Some(head) = Head::read(&head) else {
                return Err(TunnelError::new(0, "the head of the proxy's answer is not HTTP"));
            };
            match (head.status, head.flaw) {
                (200..=299, Some(FLAW_NO_MEMORY)) => return Err(TunnelError::no_memory()),
                (status @ 200..=299, Some(flaw)) => {
                    return Err(TunnelError::new(status, format!("the proxy's answer cannot be used: {flaw}")));
                }
                // Such a response has no body, even if its headers announce one.
                (200..=299, None) if input.is_empty() => return Ok(true),
                (status @ 200..=299, None) => return Err(TunnelError::trailing_bytes(status)),
                // RFC 9110 section 15.2: unexpected interim responses are skipped.
                (100 | 102..=199, _) => {}
                _ => return Err(TunnelError { is_whole: true, ..self.refused(head) }),
            }
        }
    }

    /// Ends the negotiation early, because no more bytes will come. Returns an error if the status line of a refusal was read.
    pub(super) fn broken_off(&self) -> Option<TunnelError> {
        let head = Head::read(self.response.bytes())?;
        (is_final(head.status) && !(200..=299).contains(&head.status)).then(|| self.refused(head))
    }

    /// Makes the error for a response with this head.
    fn refused(&self, head: Head) -> TunnelError {
        let said = format!("{} {}", head.status, head.reason);
        let said = said.trim_end();
        let server = &self.server;
        let message = match head.status {
            // tinyproxy answers a wrong password with 401.
            401 | 407 => self.authentication(said, &head.headers),
            403 if !server.ends_with(":443") => {
                format!("the proxy allows no connection to {server} (many allow only port 443): {said}")
            }
            403 => format!("the proxy allows no connection to {server}: {said}"),
            400 | 404 | 405 | 501 => {
                format!("the proxy made no connection to {server}; is it a proxy, and does it allow CONNECT? {said}")
            }
            502..=504 => format!("the proxy could not reach {server}: {said}"),
            300..=399 => {
                format!("the proxy redirects instead of connecting to {server} (to a sign-in page?): {said}")
            }
            _ => format!("the proxy made no connection to {server}: {said}"),
        };
        let refused = TunnelError::new(head.status, message);
        TunnelError { head: Some(head), ..refused }
    }

    fn authentication(&self, said: &str, headers: &str) -> String {
        let mut schemes: Vec<&str> = Vec::new();
        for value in values(headers, "proxy-authenticate") {
            for scheme in challenges(value) {
                if schemes.len() < 8 && !schemes.iter().any(|other| other.eq_ignore_ascii_case(scheme)) {
                    schemes.push(scheme);
                }
            }
        }
        let list = schemes.join(", ");
        let said = if list.is_empty() { said.to_owned() } else { format!("{said} ({list})") };
        if !schemes.is_empty() && !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic")) {
            format!("the proxy requires an authentication other than Basic, but only Basic is supported: {said}")
        } else if self.has_credentials {
            format!("the proxy did not accept the user name and password of its URL: {said}")
        } else {
            format!(
                "the proxy requires a user name and a password: put them before the host in its URL, \
                 http://user:password@host:port: {said}"
            )
        }
    }
}

/// Returns true if this is the status of a final response. 101 counts as final. The other interim responses do not.
fn is_final(status: u16) -> bool {
    status == 101 || status >= 200
}

/// Makes the error for a response that is not HTTP/1.
fn not_http(answer: &[u8]) -> TunnelError {
    const SOCKS5: u8 = 5;
    const TLS_ALERT: u8 = 0x15;
    let message = match answer.first() {
        Some(&SOCKS5) => "the proxy's answer is SOCKS5, not HTTP/1: use socks5:// in its URL",
        Some(&TLS_ALERT) => "the proxy's answer is TLS, not HTTP/1: use https:// in its URL",
        _ => "the proxy's answer is not HTTP/1",
    };
    TunnelError::new(0, message)
}

/// Returns the authentication schemes in a list of challenges (RFC 9110 section 11.6.1). The list has commas between challenges
/// and between their parameters. A parameter has a `=` after its first token.
pub(super) fn challenges(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    let is_comma = move |c: char| {
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        c == ',' && !quoted
    };
    value.split(is_comma).filter_map(|part| {
        let part = part.trim();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let end = part.find(|c| !is_token(c)).unwrap_or(part.len());
        let (scheme, rest) = part.split_at(end);
        (!scheme.is_empty() && scheme.len() <= 32 && !rest.trim_start().starts_with('=')).then_some(scheme)
    })
}

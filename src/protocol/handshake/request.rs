//! The upgrade request (RFC 6455 section 4.1).

use crate::limits;
use crate::protocol::deflate::Offer;
use crate::protocol::http_head::{is_header_value, is_token};
use crate::secret::Secret;
use base64ct::{Base64, Encoding};
use std::collections::HashSet;
use zeroize::Zeroizing;

/// Makes the `Sec-WebSocket-Key` from a nonce. The nonce is a parameter, because tungstenite's generator uses thread-local storage,
/// which does not exist any more when a process runs its exit handlers.
pub fn key(nonce: [u8; 16]) -> String {
    Base64::encode_string(&nonce)
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

/// Writes the request. `authority` is the host of the URL, with the port unless it is the default of the scheme. `target` is the path
/// with the query. `key` is the `Sec-WebSocket-Key`.
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    #[test]
    fn the_request_has_the_form_of_the_rfc() {
        let request =
            String::from_utf8(request("example.com:9000", "/chat?x=1", KEY, &RequestOptions::default())).unwrap();
        assert!(request.starts_with("GET /chat?x=1 HTTP/1.1\r\nHost: example.com:9000\r\n"));
        assert!(request.ends_with(&format!("Sec-WebSocket-Key: {KEY}\r\n\r\n")));
    }

    #[test]
    fn headers_and_credentials_of_the_host_are_in_the_request() {
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
}

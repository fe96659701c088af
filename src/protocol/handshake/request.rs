//! The upgrade request (RFC 6455 section 4.1).

use crate::protocol::deflate::Offer;
use crate::secret::Secret;
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// Makes the `Sec-WebSocket-Key` from a nonce. The nonce is a parameter, because tungstenite's generator uses thread-local
/// storage, which no longer exists when a process runs its exit handlers.
pub fn key(nonce: [u8; 16]) -> String {
    Base64::encode_string(&nonce)
}

/// The parts of the request that are not required by the handshake.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RequestOptions {
    pub origin: Option<String>,
    pub user_agent: Option<String>,
    /// User name and password for basic authentication.
    pub credentials: Option<(Secret<String>, Secret<String>)>,
    /// The subprotocols from which the server may choose.
    pub subprotocols: Vec<String>,
    /// The offer of permessage-deflate, unless it is disabled.
    pub deflate: Option<Offer>,
    pub headers: Vec<(String, Secret<String>)>,
}

impl RequestOptions {
    /// Returns the size of all texts in a request in bytes, or slightly more.
    fn text_len(&self) -> usize {
        let optional = [&self.origin, &self.user_agent].into_iter().flatten().map(String::len);
        let credentials = self.credentials.iter().map(|(user, password)| (user.len() + password.len()) * 2);
        let subprotocols = self.subprotocols.iter().map(|name| name.len() + 2);
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
        optional.chain(credentials).chain(subprotocols).chain(headers).sum()
    }
}

/// Names and values come from the host and may be secrets, so only their numbers are shown.
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
}

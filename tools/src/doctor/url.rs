//! The parts of a URL that the report shows. These do not include a user name, a password and a query: they are often secret, and
//! reports are sent to other people.

use crate::abi::{self, Refused};

#[derive(Debug, PartialEq)]
pub struct Url {
    pub is_secure: bool,
    /// The host: a name, or an address. IPv6 addresses have brackets.
    pub host: String,
    pub port: u16,
    /// The path with its first slash. A query is shown as `?…`.
    pub path: String,
    /// The query with its question mark, if there is one. It is not shown.
    query: String,
}

impl Url {
    /// Reads a URL in the way of the library.
    pub fn read(url: &str) -> Result<Url, Refused> {
        Ok(Url::of_normalized(&abi::normalize_url(url)?))
    }

    /// Reads a URL that the library has written.
    pub fn of_normalized(url: &str) -> Url {
        let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (_, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_secure = scheme == "wss";
        let default = if is_secure { 443 } else { 80 };
        // If a colon belongs to an IPv6 address, a bracket follows later.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
            _ => (place, default),
        };
        let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        let path = if query.is_empty() { path.to_owned() } else { format!("{path}?…") };
        Url { is_secure, host: host.to_owned(), port, path, query: query.to_owned() }
    }

    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "wss" } else { "ws" }
    }

    /// Returns the host and the port as in the Host header: without the default port of the scheme.
    pub fn authority(&self) -> String {
        let default = if self.is_secure { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Returns the URL in the form that is shown to people.
    pub fn shown(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.path)
    }

    /// Returns a text of the server without the query of this URL. Servers often repeat the query, for example in a redirect to
    /// https.
    pub fn conceal(&self, text: &str) -> String {
        if self.query.len() > 1 { text.replace(&self.query, "?…") } else { text.to_owned() }
    }

    /// Returns the root URL of this host and port with the other scheme: with TLS instead of none, or without TLS.
    pub fn with_other_scheme(&self) -> String {
        let scheme = if self.is_secure { "ws" } else { "wss" };
        format!("{scheme}://{}:{}/", self.host, self.port)
    }

    /// Returns whether the host is an address.
    pub fn is_literal(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_url() {
        for (text, scheme, host, port, path) in [
            ("ws://a.example", "ws", "a.example", 80, "/"),
            ("WSS://A.example/x", "wss", "a.example", 443, "/x"),
            ("wss://user:secret@a.example:9000/x?token=secret", "wss", "a.example", 9000, "/x?…"),
            ("ws://[::1]/", "ws", "[::1]", 80, "/"),
            ("ws://[::1]:9000/", "ws", "[::1]", 9000, "/"),
        ] {
            let url = Url::read(text).expect("a valid URL");
            assert_eq!((url.scheme(), &*url.host, url.port, &*url.path), (scheme, host, port, path), "{text}");
            assert!(!url.shown().contains("secret"));
        }
    }

    #[test]
    fn its_query_is_concealed() {
        let url = Url::read("ws://a.example/x?token=secret").expect("a valid URL");
        assert_eq!(url.conceal("https://b/x?token=secret&c d?token=secret"), "https://b/x?…&c d?…");
        for without in ["ws://a.example/", "ws://a.example/?"] {
            assert_eq!(Url::read(without).expect("a valid URL").conceal("Why?"), "Why?");
        }
    }
}

//! The parts of a URL that the report names. A user name, a password and a query are none of them: they are often secret, and
//! reports are sent to others.

use crate::abi::{self, Refused};

#[derive(Debug, PartialEq)]
pub struct Url {
    pub is_secure: bool,
    /// A name, or an address; IPv6 in brackets.
    pub host: String,
    pub port: u16,
    /// With its first slash. A query is shown as `?…`.
    pub path: String,
    /// With its question mark, if there is one. It is not shown.
    query: String,
}

impl Url {
    /// Reads it as the library does.
    pub fn read(url: &str) -> Result<Url, Refused> {
        Ok(Url::of_normalized(&abi::normalize_url(url)?))
    }

    /// Reads one that the library has written.
    pub fn of_normalized(url: &str) -> Url {
        let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (_, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_secure = scheme == "wss";
        let default = if is_secure { 443 } else { 80 };
        // Colons of an IPv6 address are followed by its bracket.
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

    /// As in the Host header: without the port of the scheme.
    pub fn authority(&self) -> String {
        let default = if self.is_secure { 443 } else { 80 };
        if self.port == default { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// For people.
    pub fn shown(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.path)
    }

    /// A text of the server without the query of this URL. Servers often repeat it, for example in a redirect from http to https.
    pub fn conceal(&self, text: &str) -> String {
        if self.query.len() > 1 { text.replace(&self.query, "?…") } else { text.to_owned() }
    }

    /// The root of this host and port, with TLS instead of none, or the other way round.
    pub fn with_other_scheme(&self) -> String {
        let scheme = if self.is_secure { "ws" } else { "wss" };
        format!("{scheme}://{}:{}/", self.host, self.port)
    }

    /// Is the host an address?
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

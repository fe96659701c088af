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
}

impl Url {
    /// Reads it as the library does.
    pub fn read(url: &str) -> Result<Url, Refused> {
        Ok(Url::of_normalized(&abi::normalize_url(url)?))
    }

    fn of_normalized(url: &str) -> Url {
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
        let path = match path.split_once('?') {
            Some((path, _)) => format!("{path}?…"),
            None => path.to_owned(),
        };
        Url { is_secure, host: host.to_owned(), port, path }
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
}

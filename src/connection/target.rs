//! Where a connection goes: a URL, read and checked.

use crate::error::Error;
use std::net::Ipv6Addr;
use url::{Host, Url};

/// What the connection and the request need to know of the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host: a name to look up or an address.
    pub host: Host<String>,
    /// The TCP port.
    pub port: u16,
    /// The `Host` header: the host, and the port unless it is the scheme's own.
    pub authority: String,
    /// The request target: path and query.
    pub target: String,
}

type Refused = (Error, String);

/// What the constructor of a browser's `WebSocket` makes of a URL: `http` and `https` stand for `ws` and `wss`, and what
/// it refuses is refused.
pub fn normalize_url(text: &str) -> Result<String, Refused> {
    let mut url = parse(text)?;
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        other => return Err((Error::InvalidUrl, format!("the URL's scheme is {other}, not ws or wss"))),
    };
    // Fails only between schemes of different sorts.
    url.set_scheme(scheme).map_err(|()| (Error::InvalidUrl, "the URL's scheme cannot be changed".to_owned()))?;
    Ok(url.into())
}

fn parse(text: &str) -> Result<Url, Refused> {
    let invalid = |why: String| (Error::InvalidUrl, why);
    let url = Url::parse(text).map_err(|error| invalid(format!("the URL cannot be read: {error}")))?;
    match url.fragment() {
        Some(_) => Err(invalid("the URL has a fragment (#), which RFC 6455 section 3 forbids".to_owned())),
        None => Ok(url),
    }
}

impl Target {
    /// Reads a `ws` URL. The error comes with what is wrong, for the log.
    pub fn from_url(text: &str) -> Result<Target, Refused> {
        let invalid = |why: &str| (Error::InvalidUrl, why.to_owned());
        let url = parse(text)?;
        match url.scheme() {
            "ws" => {}
            "wss" => return Err((Error::Unsupported, "wss: this build has no TLS".to_owned())),
            other => return Err(invalid(&format!("the URL's scheme is {other}, not ws"))),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err((Error::Unsupported, "user name and password in the URL are not supported".to_owned()));
        }
        let host = url.host().ok_or_else(|| invalid("the URL has no host"))?.to_owned();
        let port =
            url.port_or_known_default().filter(|port| *port != 0).ok_or_else(|| invalid("the URL's port is 0"))?;
        Ok(Target {
            authority: match url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_string(),
            },
            target: match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            },
            host,
            port,
        })
    }

    /// `ws://host:port/`, as `egret.WebSocket.connect` makes it. An IPv6 address may come without its brackets.
    pub fn from_host_and_port(host: &str, port: u16) -> Result<Target, Refused> {
        if port == 0 {
            return Err((Error::InvalidArgument, "the port is 0".to_owned()));
        }
        // Anything that would end the host in a URL would silently become a path, a user name or another port.
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || host.contains(['/', '\\', '?', '#', '@', '\t', '\r', '\n', ' ']) {
            return Err((
                Error::InvalidUrl,
                "the host is empty, or not only a host: use egret_ws_connect_url".to_owned(),
            ));
        }
        if host.parse::<Ipv6Addr>().is_ok() {
            return Target::from_url(&format!("ws://[{host}]:{port}/"));
        }
        if host.contains(':') && !bracketed {
            return Err((
                Error::InvalidUrl,
                "the host contains a colon: the port is an argument of its own".to_owned(),
            ));
        }
        Target::from_url(&format!("ws://{host}:{port}/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Target {
        Target::from_url(text).unwrap()
    }

    #[test]
    fn reads_urls_as_browsers_do() {
        let target = url("ws://Example.COM:9000/chat?room=1");
        assert_eq!((target.host, target.port), (Host::Domain("example.com".into()), 9000));
        assert_eq!((target.authority.as_str(), target.target.as_str()), ("example.com:9000", "/chat?room=1"));
        assert_eq!(url("ws://h?x=1").target, "/?x=1");
        assert_eq!(url("ws://h:80/").authority, "h");
        assert_eq!(url("ws://h").port, 80);
        assert_eq!(url("ws://[::1]:9/").authority, "[::1]:9");
        assert_eq!(url("ws://h/ü?ü").target, "/%C3%BC?%C3%BC");
        assert_eq!(url("ws://bücher.example/").authority, "xn--bcher-kva.example");
    }

    #[test]
    fn refuses_what_cannot_be_used_and_says_why() {
        let refused = [
            ("http://h/", Error::InvalidUrl, "scheme"),
            ("h:9000", Error::InvalidUrl, "scheme"),
            ("", Error::InvalidUrl, "cannot be read"),
            ("ws://", Error::InvalidUrl, "cannot be read"),
            ("ws://h:99999/", Error::InvalidUrl, "cannot be read"),
            ("ws://h:0/", Error::InvalidUrl, "port"),
            ("ws://h/#top", Error::InvalidUrl, "fragment"),
            ("ws://u:p@h/", Error::Unsupported, "user"),
            ("wss://h/", Error::Unsupported, "TLS"),
        ];
        for (text, error, why) in refused {
            let (got, said) = Target::from_url(text).unwrap_err();
            assert_eq!(got, error, "{text}");
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_url_is_normalised_as_browsers_do() {
        let normal = |text| normalize_url(text).unwrap();
        assert_eq!(normal("ws://h:1?x=1"), "ws://h:1/?x=1");
        assert_eq!(normal("http://h"), "ws://h/");
        assert_eq!(normal("HTTPS://H:443/A b"), "wss://h/A%20b");
        assert_eq!(normal("http://h:80/"), "ws://h/");
        for text in ["", "/path", "ftp://h/", "ws://h/#x", "ws://h/#", "ws://"] {
            assert_eq!(normalize_url(text).unwrap_err().0, Error::InvalidUrl, "{text}");
        }
    }

    #[test]
    fn host_and_port_are_only_that() {
        let target = |host, port| Target::from_host_and_port(host, port);
        assert_eq!(target("127.0.0.1", 9000).unwrap(), url("ws://127.0.0.1:9000/"));
        assert_eq!(target("::1", 9000).unwrap(), url("ws://[::1]:9000/"));
        assert_eq!(target("[::1]", 9000).unwrap(), url("ws://[::1]:9000/"));
        for host in ["", "h/path", "h?x", "h#x", "u@h", "h:1", "ws://h", "a b", "h\\x", "[::1]:7"] {
            assert_eq!(target(host, 9000).unwrap_err().0, Error::InvalidUrl, "{host}");
        }
        assert_eq!(target("h", 0).unwrap_err().0, Error::InvalidArgument);
    }
}

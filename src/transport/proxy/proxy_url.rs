//! The URL of a proxy.

use crate::error::{DetailedError, Error};
use crate::input_limits;
use crate::secret::Secret;
use crate::web_url::{self, Host, Unreadable};
use percent_encoding::percent_decode_str;
use std::fmt;

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// The CONNECT method of HTTP (RFC 9110 section 9.3.6).
    Http,
    /// The CONNECT method of HTTP, with TLS to the proxy.
    Https,
    /// SOCKS5 (RFC 1928 and 1929).
    Socks5,
}

/// A proxy. It gets the name of the server and resolves it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its protocol.
    pub scheme: ProxyScheme,
    /// Its host: a name to resolve, or an address.
    pub host: Host,
    /// Its TCP port.
    pub port: u16,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Secret<Vec<u8>>,
    pub(super) password: Secret<Vec<u8>>,
}

/// Shows neither the user name nor the password, because with some services the user name is the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(..)")
    }
}

impl Proxy {
    /// Parses `http://[user[:password]@]host[:port]`, or such a URL with `https`, `socks5` or `socks5h`. Without a scheme it is
    /// `http`, as in curl's environment variables. The error text never contains a part of the URL, except a character
    /// that its host must not contain.
    ///
    /// The default ports of `http` and `https` are 80 and 443, as in other URLs of these schemes, and in Go, Python and Node.
    /// (curl uses 1080 for `http`.) The default port of SOCKS is 1080, which IANA has assigned. `socks5h` means that the proxy
    /// resolves names, and `socks5` has this meaning too.
    pub fn from_url(text: &str) -> Result<Proxy, DetailedError> {
        let invalid = |why: &str| DetailedError::invalid(format!("the proxy's URL {why}"));
        let unreadable = |why: Unreadable| match why {
            Unreadable::Scheme(_) => invalid("does not begin with http://, https://, socks5:// or socks5h://"),
            why => {
                let detail = format!("the proxy's URL cannot be read: {why}");
                DetailedError::new(why.error(Error::InvalidArgument), detail)
            }
        };
        if text.len() > input_limits::TEXT {
            return Err(invalid(&format!("is longer than {} bytes", input_limits::TEXT)));
        }
        let text = text.trim();
        // The URL parser would read the `host:` of `host:3128` as a scheme.
        let parsed = match text.contains("://") {
            true => web_url::parse(text),
            false => web_url::parse(&format!("http://{text}")),
        }
        .map_err(unreadable)?;
        let url = &parsed.url;
        let scheme = match url.scheme() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            "socks5" | "socks5h" => ProxyScheme::Socks5,
            other => return Err(unreadable(Unreadable::Scheme(other.to_owned()))),
        };
        if url.path_and_query() != "/" || parsed.has_fragment {
            return Err(invalid(
                "has a path, a query or a fragment; in a password, write %2F for /, %3F for ?, and %23 for #",
            ));
        }
        let port = match url.port() {
            Some(0) => return Err(invalid("has port 0")),
            port => port.unwrap_or(1080),
        };
        let credentials = Credentials::decode(&parsed.user, &parsed.password);
        if let Some(credentials) = &credentials {
            credentials.check(scheme).map_err(invalid)?;
        }
        Ok(Proxy { scheme, host: url.host().clone(), port, credentials })
    }

    /// Returns whether TLS is used between this side and the proxy.
    pub fn is_secure(&self) -> bool {
        self.scheme == ProxyScheme::Https
    }

    /// Returns the host as a certificate names it: an IPv6 address without brackets.
    pub fn server_name(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }
}

/// Writes the URL, without credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
            ProxyScheme::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Credentials {
    fn decode(user: &str, password: &str) -> Option<Credentials> {
        let decode = |text| Secret::from(percent_decode_str(text).collect::<Vec<u8>>());
        let any = !user.is_empty() || !password.is_empty();
        any.then(|| Credentials { user: decode(user), password: decode(password) })
    }

    /// Checks that these credentials can be transmitted to a proxy of this protocol.
    fn check(&self, scheme: ProxyScheme) -> Result<(), &'static str> {
        let controls = |text: &[u8]| text.iter().any(u8::is_ascii_control);
        match scheme {
            // RFC 7617 section 2.
            ProxyScheme::Http | ProxyScheme::Https if self.user.contains(&b':') => {
                Err("has a colon in the user name, which HTTP cannot transmit")
            }
            ProxyScheme::Http | ProxyScheme::Https if controls(&self.user) || controls(&self.password) => {
                Err("has a control character in the user name or password, which HTTP forbids")
            }
            // RFC 1929 section 2. It also requires a password, but empty passwords are common.
            ProxyScheme::Socks5 if self.user.is_empty() => {
                Err("has a password without a user name, which SOCKS5 cannot transmit")
            }
            ProxyScheme::Socks5 if self.user.len() > 255 || self.password.len() > 255 => {
                Err("has a user name or password of more than 255 bytes, which SOCKS5 cannot transmit")
            }
            ProxyScheme::Http | ProxyScheme::Https | ProxyScheme::Socks5 => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn proxy(text: &str) -> Proxy {
        Proxy::from_url(text).unwrap_or_else(|DetailedError { detail: why, .. }| panic!("{text}: {why}"))
    }

    #[test]
    fn urls_are_parsed_as_in_curl() {
        let name = |name: &str| Host::Domain(name.to_owned());
        let rows = [
            ("http://proxy.example:3128", ProxyScheme::Http, name("proxy.example"), 3128),
            ("http://proxy.example:3128/", ProxyScheme::Http, name("proxy.example"), 3128),
            ("HTTP://Proxy.Example", ProxyScheme::Http, name("proxy.example"), 80),
            ("https://Proxy.Example", ProxyScheme::Https, name("proxy.example"), 443),
            ("https://u:p@[::1]:3129/", ProxyScheme::Https, Host::Ipv6(Ipv6Addr::LOCALHOST), 3129),
            ("proxy.example:3128", ProxyScheme::Http, name("proxy.example"), 3128),
            (" proxy\n", ProxyScheme::Http, name("proxy"), 80),
            ("u:p@proxy:81", ProxyScheme::Http, name("proxy"), 81),
            ("127.0.0.1:3128", ProxyScheme::Http, Host::Ipv4(Ipv4Addr::LOCALHOST), 3128),
            ("[::1]:3128", ProxyScheme::Http, Host::Ipv6(Ipv6Addr::LOCALHOST), 3128),
            ("socks5://Proxy", ProxyScheme::Socks5, name("proxy"), 1080),
            ("socks5h://proxy:80/", ProxyScheme::Socks5, name("proxy"), 80),
            ("socks5://127.0.0.1:9050", ProxyScheme::Socks5, Host::Ipv4(Ipv4Addr::LOCALHOST), 9050),
            ("socks5://u:p@[::1]", ProxyScheme::Socks5, Host::Ipv6(Ipv6Addr::LOCALHOST), 1080),
            #[cfg(feature = "idn")]
            ("socks5://b\u{fc}cher.example", ProxyScheme::Socks5, name("xn--bcher-kva.example"), 1080),
        ];
        for (text, scheme, host, port) in rows {
            let read = proxy(text);
            assert_eq!((read.scheme, read.host, read.port), (scheme, host, port), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let credentials = |text: &str| proxy(text).credentials.map(|c| (c.user, c.password));
        let some = |user: &[u8], password: &[u8]| Some((user.to_vec().into(), password.to_vec().into()));
        for scheme in ["http", "https", "socks5"] {
            let credentials = |rest: &str| credentials(&format!("{scheme}://{rest}"));
            assert_eq!(credentials("h"), None);
            assert_eq!(credentials("@h"), None);
            assert_eq!(credentials("user@h"), some(b"user", b""));
            assert_eq!(credentials("user:pass@h"), some(b"user", b"pass"));
            assert_eq!(credentials("us%40er:p%3Aa%2Fs%ff@h"), some(b"us@er", b"p:a/s\xff"));
            assert_eq!(credentials("\u{fc}:\u{fc}@h"), some("\u{fc}".as_bytes(), "\u{fc}".as_bytes()));
        }
        assert_eq!(credentials("http://:token@h"), some(b"", b"token"));
        assert_eq!(credentials("http://token:@h"), some(b"token", b""));
    }

    #[test]
    fn invalid_urls_are_refused_and_not_repeated_in_the_error() {
        let long = |scheme: &str, user: usize, password: usize| {
            format!("{scheme}://{}:{}@h", "s3cret".repeat(user), "s3cret".repeat(password))
        };
        proxy(&long("http", 50, 50));
        let rows = [
            ("", Error::InvalidArgument, "cannot be read"),
            ("http://", Error::InvalidArgument, "cannot be read"),
            ("socks5://", Error::InvalidArgument, "cannot be read"),
            ("socks5://s3cret:s3cret@", Error::InvalidArgument, "cannot be read"),
            ("s3cret:s3cret", Error::InvalidArgument, "cannot be read"),
            ("http://u:s3cret@h:99999", Error::InvalidArgument, "cannot be read"),
            ("http://u:s3cret@a b", Error::InvalidArgument, "cannot be read"),
            ("socks5://u:s3cret@999.1.1.1", Error::InvalidArgument, "cannot be read"),
            ("https://u:s3cret@h:0", Error::InvalidArgument, "port 0"),
            ("https://u:s3cret@h/x", Error::InvalidArgument, "path"),
            ("https://a%3As3cret:s3cret@h", Error::InvalidArgument, "colon"),
            ("https://u:s3cret%0d%0a@h", Error::InvalidArgument, "control"),
            (
                "socks4://u:s3cret@h",
                Error::InvalidArgument,
                "does not begin with http://, https://, socks5:// or socks5h://",
            ),
            ("socks://h", Error::InvalidArgument, "does not begin with"),
            ("s3cret://u:s3cret@h", Error::InvalidArgument, "does not begin with"),
            ("u:s3cret://@h", Error::InvalidArgument, "does not begin with"),
            ("http://u:s3cret@h/s3cret", Error::InvalidArgument, "path"),
            ("http://u:12/s3cret@h", Error::InvalidArgument, "%2F"),
            ("http://u:12#s3cret@h", Error::InvalidArgument, "%23"),
            ("socks5://u:s3cret@h/x", Error::InvalidArgument, "path"),
            ("http://h?s3cret", Error::InvalidArgument, "query"),
            ("socks5://h#s3cret", Error::InvalidArgument, "fragment"),
            ("http://u:s3cret@h:0", Error::InvalidArgument, "port 0"),
            ("socks5://h:0", Error::InvalidArgument, "port 0"),
            ("http://a%3As3cret:s3cret@h", Error::InvalidArgument, "colon"),
            ("http://u:s3cret%0d%0a@h", Error::InvalidArgument, "control"),
            ("socks5://:s3cret@h", Error::InvalidArgument, "without a user name"),
            (&long("socks5", 43, 1), Error::InvalidArgument, "255 bytes"),
            (&long("socks5h", 1, 43), Error::InvalidArgument, "255 bytes"),
        ];
        for (text, error, why) in rows {
            let DetailedError { error: got, detail: said } = Proxy::from_url(text).expect_err(text);
            assert_eq!(got, error, "{text}");
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains("s3cret"), "{text}: {said}");
        }
    }

    #[test]
    fn the_url_is_shown_without_credentials_and_with_its_port() {
        for (text, shown) in [
            ("proxy.example", "http://proxy.example:80"),
            ("https://u:p@Proxy.Example", "https://proxy.example:443"),
            ("https://[::1]:3129", "https://[::1]:3129"),
            ("socks5h://u:p@127.0.0.1", "socks5://127.0.0.1:1080"),
        ] {
            assert_eq!(proxy(text).to_string(), shown);
        }
        for (text, name) in [("https://[::1]", "::1"), ("https://127.0.0.1", "127.0.0.1"), ("https://A.b", "a.b")] {
            assert_eq!((proxy(text).server_name().as_str(), proxy(text).is_secure()), (name, true));
        }
        assert!(!proxy("http://h").is_secure() && !proxy("socks5://h").is_secure());
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", proxy("http://n4me:s3cret@h:3128"));
        assert!(shown.contains("3128") && !shown.contains("s3cret") && !shown.contains("n4me"), "{shown}");
        // They are not shown as a list of bytes either.
        assert!(!shown.contains(&format!("{:?}", b"s3cret").replace(['[', ']'], "")), "{shown}");
    }
}

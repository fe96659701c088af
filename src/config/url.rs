//! Reads and checks the URL of a connection.

use super::request::check_credentials;
use crate::error::{DetailedError, Error};
use crate::input_limits;
use crate::secret::Secret;
use crate::web_url::{self, Host, Parsed, Unreadable, WebUrl};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;

/// A URL to connect to.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    url: WebUrl,
    /// The zone of an IPv6 address (RFC 6874). A URL of the WHATWG standard cannot contain it.
    zone: Option<String>,
    credentials: Option<(Secret<String>, Secret<String>)>,
}

fn invalid(detail: impl Into<Cow<'static, str>>) -> DetailedError {
    DetailedError::new(Error::InvalidUrl, detail)
}

/// Checks the length of a host or a URL, and that it is UTF-8. It has no NUL.
pub fn text(bytes: &[u8]) -> Result<&str, DetailedError> {
    if bytes.len() > input_limits::URL {
        return Err(invalid(format!("the host or URL is longer than {} bytes", input_limits::URL)));
    }
    str::from_utf8(bytes).map_err(|_| invalid("the host or URL is not UTF-8"))
}

/// Normalizes a URL as the constructor of a browser's `WebSocket` does: `http` becomes `ws`, and `https` becomes `wss`. A URL
/// that the constructor refuses is an error.
pub fn normalize_url(text: &str) -> Result<String, DetailedError> {
    let Parsed { url, user, password, .. } = parse(text)?;
    Ok(url.into_websocket().map_err(refused)?.with_userinfo(&user, &password))
}

fn refused(unreadable: Unreadable) -> DetailedError {
    let error = unreadable.error(Error::InvalidUrl);
    match unreadable {
        Unreadable::NoScheme => invalid("the URL has no scheme: it must begin with ws:// or wss://"),
        // The host of `host:9000` looks like a scheme.
        Unreadable::Scheme(other) => {
            invalid(format!("the URL must begin with ws:// or wss://; this one begins with `{other:.40}:`"))
        }
        other => DetailedError::new(error, format!("the URL cannot be read: {other}")),
    }
}

/// Removes the zone from `scheme://[address%25zone]:port/…` and returns it. A bare `%` before the zone is accepted too (RFC 6874
/// section 3).
fn take_zone(text: &str) -> Result<(Cow<'_, str>, Option<String>), DetailedError> {
    let whole = Ok((Cow::Borrowed(text), None));
    if !text.contains('[') {
        return whole;
    }
    let Some(authority) = text.find(':').filter(|at| text[*at..].starts_with("://")).map(|at| at + 3) else {
        return whole;
    };
    let end = text[authority..].find(['/', '\\', '?', '#']).map_or(text.len(), |at| authority + at);
    let bracket = text[authority..end].rfind('@').map_or(authority, |at| authority + at + 1);
    if !text[bracket..end].starts_with('[') {
        return whole;
    }
    let Some(end) = text[bracket..end].find(']').map(|at| bracket + at) else { return whole };
    let Some((address, zone)) = text[bracket..end].split_once('%') else { return whole };
    let zone = percent_decode_str(zone.strip_prefix("25").unwrap_or(zone)).decode_utf8_lossy().into_owned();
    if !is_zone(&zone) {
        return Err(invalid("the zone of the URL's IPv6 address is not the name or number of an interface"));
    }
    Ok((Cow::Owned(format!("{}{address}{}", &text[..bracket], &text[end..])), Some(zone)))
}

fn is_zone(zone: &str) -> bool {
    !zone.is_empty()
        && zone.len() <= 64
        && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~ ".contains(&byte))
}

fn parse(text: &str) -> Result<Parsed, DetailedError> {
    match web_url::parse(text).map_err(refused)? {
        parsed if parsed.has_fragment => Err(invalid("the URL has a fragment (#), which RFC 6455 section 3 forbids")),
        parsed => Ok(parsed),
    }
}

/// This is the text for logs. It does not contain the query, because a query may contain a token.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = if self.url.has_query() { "?..." } else { "" };
        write!(f, "{}://{}{}{query}", self.url.scheme(), self.authority(), self.url.path())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Url {
    /// Reads a `ws` or `wss` URL.
    pub fn from_url(text: &str) -> Result<Url, DetailedError> {
        let (text, zone) = take_zone(text)?;
        let Parsed { url, user, password, .. } = parse(&text)?;
        let mut url = Url::new(url, zone)?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8().map(|text| Secret::from(text.into_owned()));
        if !user.is_empty() || !password.is_empty() {
            let (Ok(user), Ok(password)) = (decode(&user), decode(&password)) else {
                return Err(invalid("the user name or password of the URL is not UTF-8"));
            };
            check_credentials(&user, &password)
                .map_err(|why| invalid(format!("the user name or password of the URL cannot be sent: {why}")))?;
            url.credentials = Some((user, password));
        }
        Ok(url)
    }

    fn new(url: WebUrl, zone: Option<String>) -> Result<Url, DetailedError> {
        match (url.scheme(), url.port()) {
            ("ws" | "wss", Some(0)) => Err(invalid("the URL's port is 0")),
            ("ws" | "wss", _) => Ok(Url { url, zone, credentials: None }),
            (other, _) => Err(refused(Unreadable::Scheme(other.to_owned()))),
        }
    }

    /// Returns the target of a redirect from this URL. A user name and a password in `location` are ignored.
    pub fn redirected(&self, location: &str) -> Result<Url, DetailedError> {
        // RFC 3986 resolves relative references with `ws` and `wss` in the same way as with `http` and `https`.
        let target = self.url.join(location).and_then(|parsed| parsed.url.into_websocket());
        let target = target.map_err(|unreadable| match unreadable {
            Unreadable::Scheme(other) => invalid(format!("it leads to a URL that begins with `{other:.40}:`")),
            other => refused(other),
        });
        let mut target = Url::new(target?, None)?;
        if target.url.host() == self.url.host() {
            target.zone.clone_from(&self.zone);
        }
        Ok(target)
    }

    /// Returns whether the connection uses TLS.
    pub fn is_secure(&self) -> bool {
        self.url.scheme() == "wss"
    }

    /// Returns the host: a name to look up or an address.
    pub fn host(&self) -> &Host {
        self.url.host()
    }

    /// Returns the host as a certificate names it: an IPv6 address without brackets.
    pub fn server_name(&self) -> String {
        match self.host() {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// Returns the zone of an IPv6 address.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Returns the TCP port.
    pub fn port(&self) -> u16 {
        // `new` refuses schemes without a default port.
        self.url.port().unwrap_or(0)
    }

    /// Returns the host as it is written in the URL.
    pub fn host_text(&self) -> &str {
        self.url.host_text()
    }

    /// Returns the URL of the origin: scheme, host and port, without a user name, path and query.
    pub fn origin(&self) -> String {
        format!("{}://{}:{}/", self.url.scheme(), self.host_text(), self.port())
    }

    /// Returns the value of the `Host` header: the host, and the port unless it is the default port of the scheme.
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Returns the URL, without the zone of an IPv6 address.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the request target: path and query.
    pub fn path_and_query(&self) -> &str {
        self.url.path_and_query()
    }

    /// Returns the user name and the password of the URL.
    pub fn credentials(&self) -> Option<&(Secret<String>, Secret<String>)> {
        self.credentials.as_ref()
    }

    /// Returns whether both URLs have equal schemes, hosts and ports.
    pub fn is_same_origin(&self, other: &Url) -> bool {
        self.url.scheme() == other.url.scheme() && self.host() == other.host() && self.port() == other.port()
    }

    /// Makes the URL `ws://host:port/`, as `egret.WebSocket.connect` does. The brackets of an IPv6 address are optional.
    pub fn from_host_and_port(host: &str, port: u16) -> Result<Url, DetailedError> {
        if port == 0 {
            return Err(DetailedError::invalid("the port is 0"));
        }
        // A character that ends the host in a URL would silently begin a path, a user name or another port.
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || host.contains(['/', '\\', '?', '#', '@', '\t', '\r', '\n']) {
            return Err(invalid("the host is empty, or contains more than a host: pass a URL to egret_ws_connect"));
        }
        if let Some((address, zone)) = host.split_once('%')
            && address.parse::<Ipv6Addr>().is_ok()
        {
            return Url::from_url(&format!("ws://[{address}%25{zone}]:{port}/"));
        }
        if host.parse::<Ipv6Addr>().is_ok() {
            return Url::from_url(&format!("ws://[{host}]:{port}/"));
        }
        if host.contains(':') && !bracketed {
            return Err(invalid("the host contains a colon: pass the port as the argument `port`"));
        }
        Url::from_url(&format!("ws://{host}:{port}/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::from_url(text).unwrap()
    }

    #[test]
    fn urls_are_read_as_in_browsers() {
        let target = url("ws://Example.COM:9000/chat?room=1");
        assert_eq!((target.host(), target.port()), (&Host::Domain("example.com".into()), 9000));
        assert_eq!((target.authority(), target.path_and_query()), ("example.com:9000", "/chat?room=1"));
        assert_eq!(url("ws://h?x=1").path_and_query(), "/?x=1");
        assert_eq!(url("ws://h:80/").authority(), "h");
        assert_eq!(url("ws://h").port(), 80);
        assert_eq!((url("WSS://h").port(), url("wss://h:443").authority()), (443, "h"));
        assert_eq!(url("wss://h:80").authority(), "h:80");
        assert!(url("wss://h").is_secure() && !url("ws://h").is_secure());
        assert_eq!(url("ws://[::1]:9/").authority(), "[::1]:9");
        assert_eq!(url("wss://[::1]/").server_name(), "::1");
        assert_eq!(url("ws://h/ü?ü").path_and_query(), "/%C3%BC?%C3%BC");
        #[cfg(feature = "idn")]
        assert_eq!(url("ws://bücher.example/").authority(), "xn--bcher-kva.example");
    }

    #[test]
    #[cfg(not(feature = "idn"))]
    fn hosts_that_are_not_ascii_are_refused_without_the_feature() {
        for result in [
            Url::from_url("ws://bücher.example/").map(drop),
            Url::from_host_and_port("bücher.example", 1).map(drop),
            url("ws://h/").redirected("//bücher.example/").map(drop),
            normalize_url("ws://b%C3%BCcher.example").map(drop),
        ] {
            let DetailedError { error, detail } = result.unwrap_err();
            assert!(error == Error::Unsupported && detail.contains("`idn`"), "{error:?}: {detail}");
        }
        assert_eq!(url("ws://XN--Bcher-kva.example/").authority(), "xn--bcher-kva.example");
    }

    #[test]
    fn unusable_urls_are_refused_with_a_reason() {
        let refused = [
            ("http://h/", Error::InvalidUrl, "must begin with ws:// or wss://; this one begins with `http:`"),
            ("LocalHost:9000", Error::InvalidUrl, "must begin with ws:// or wss://; this one begins with `localhost:`"),
            ("ws://a b/", Error::InvalidUrl, "cannot be read: the host contains a space"),
            ("ws://a<b/", Error::InvalidUrl, "cannot be read: the host contains the character `<`"),
            ("ws://a%00b/", Error::InvalidUrl, "cannot be read: the host contains the character U+0000"),
            ("ws://a%7fb/", Error::InvalidUrl, "cannot be read: the host contains the character U+007F"),
            ("ws://a%ffb/", Error::InvalidUrl, "cannot be read: the host is not UTF-8"),
            ("", Error::InvalidUrl, "no scheme: it must begin with ws:// or wss://"),
            ("/chat", Error::InvalidUrl, "no scheme"),
            ("127.0.0.1:9000", Error::InvalidUrl, "no scheme"),
            ("ws://", Error::InvalidUrl, "cannot be read"),
            ("ws://h:99999/", Error::InvalidUrl, "cannot be read"),
            ("ws://h:0/", Error::InvalidUrl, "port"),
            ("ws://h/#top", Error::InvalidUrl, "fragment"),
            ("ws://%ff@h/", Error::InvalidUrl, "UTF-8"),
            ("ws://a%3Ab:c@h/", Error::InvalidUrl, "user name"),
            ("ws://a:b%0A@h/", Error::InvalidUrl, "user name"),
            ("ws://[fe80::1%25]/", Error::InvalidUrl, "zone"),
            ("ws://[fe80::1%25a%2fb]/", Error::InvalidUrl, "zone"),
            ("ws://[fe80::g%25eth0]/", Error::InvalidUrl, "cannot be read"),
        ];
        for (text, error, why) in refused {
            let DetailedError { error: got, detail: said } = Url::from_url(text).unwrap_err();
            assert_eq!(got, error, "{text}");
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_user_name_and_a_password_are_separated_and_not_shown() {
        let target = url("ws://us%40er:p%C3%A4ss@h/chat?token=abc");
        assert_eq!(target.credentials(), Some(&("us@er".into(), "p\u{e4}ss".into())));
        assert_eq!(target.authority(), "h");
        assert_eq!(format!("{target} {target:?}"), "ws://h/chat?... ws://h/chat?...");
        assert_eq!(url("ws://user@h/").credentials(), Some(&("user".into(), "".into())));
        assert_eq!(url("ws://h/").credentials(), None);
    }

    #[test]
    fn an_ipv6_address_may_have_a_zone() {
        let target = url("ws://[fe80::1%25eth0]:9000/chat");
        assert_eq!((target.zone(), target.authority()), (Some("eth0"), "[fe80::1]:9000"));
        assert_eq!(url("ws://[fe80::1%2]/").zone(), Some("2"));
        assert_eq!(url("ws://us%25er@[fe80::1%25eth0]/[%5d]@").zone(), Some("eth0"));
        assert_eq!(url("ws://h/[fe80::1%25eth0]").zone(), None);
        assert_eq!(Url::from_host_and_port("fe80::1%eth0", 9000).unwrap(), url("ws://[fe80::1%25eth0]:9000/"));
    }

    #[test]
    fn redirects_are_resolved_against_the_url() {
        let from = url("wss://user:pass@h/a/b?c");
        let to = |location| from.redirected(location).unwrap().to_string();
        assert_eq!(to("/x?y"), "wss://h/x?...");
        assert_eq!(to("x#fragment"), "wss://h/a/x");
        assert_eq!(to("//other:1/"), "wss://other:1/");
        assert_eq!(to("https://h/z"), "wss://h/z");
        assert_eq!(to("http://h/z"), "ws://h/z");
        for location in ["https://u:p@h/", "https://a%3Ab:%ff@h/"] {
            assert_eq!(from.redirected(location).unwrap().credentials(), None);
        }
        let ftp = from.redirected("ftp://h/").unwrap_err().detail;
        assert_eq!(ftp, "it leads to a URL that begins with `ftp:`");
        for location in ["ftp://h/", "http://", "ws://h:0/"] {
            assert_eq!(from.redirected(location).unwrap_err().error, Error::InvalidUrl, "{location}");
        }
        assert!(from.is_same_origin(&url("wss://H:443/else")));
        for other in ["ws://h/", "wss://h:444/", "wss://i/"] {
            assert!(!from.is_same_origin(&url(other)), "{other}");
        }
    }

    #[test]
    fn urls_are_normalized_as_in_browsers() {
        let normal = |text| normalize_url(text).unwrap();
        assert_eq!(normal("ws://h:1?x=1"), "ws://h:1/?x=1");
        assert_eq!(normal("http://h"), "ws://h/");
        assert_eq!(normal("HTTPS://H:443/A b"), "wss://h/A%20b");
        assert_eq!(normal("http://h:80/"), "ws://h/");
        for text in ["", "/path", "ftp://h/", "ws://h/#x", "ws://h/#", "ws://"] {
            assert_eq!(normalize_url(text).unwrap_err().error, Error::InvalidUrl, "{text}");
        }
    }

    #[test]
    fn a_host_with_more_than_a_host_is_refused() {
        let target = |host, port| Url::from_host_and_port(host, port);
        assert_eq!(target("127.0.0.1", 9000).unwrap(), url("ws://127.0.0.1:9000/"));
        assert_eq!(target("::1", 9000).unwrap(), url("ws://[::1]:9000/"));
        assert_eq!(target("[::1]", 9000).unwrap(), url("ws://[::1]:9000/"));
        for host in ["", "h/path", "h?x", "h#x", "u@h", "h:1", "ws://h", "a b", "h\\x", "[::1]:7"] {
            assert_eq!(target(host, 9000).unwrap_err().error, Error::InvalidUrl, "{host}");
        }
        assert_eq!(target("h", 0).unwrap_err().error, Error::InvalidArgument);
    }
}

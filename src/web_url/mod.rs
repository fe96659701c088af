//! Reads URLs as browsers do (<https://url.spec.whatwg.org>): the URLs of WebSockets, of redirects and of proxies.
//!
//! The crate `url` does this too, but for every scheme, with setters, and always with the tables of Unicode. A test compares
//! both, except for two cases in which the crate differs from the standard.

mod host;
#[cfg(test)]
mod tests;

pub use host::Host;

use crate::error::Error;
use crate::secret::Secret;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt::{self, Write};

// The ASCII characters that are percent-encoded in a part of a URL. Other characters are always percent-encoded.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'\'');
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');
const USERINFO: &AsciiSet =
    &PATH.add(b'/').add(b':').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'^').add(b'|');

/// A scheme and its rules.
#[derive(Debug, PartialEq, Eq)]
struct Scheme {
    name: &'static str,
    /// `None` for schemes that browsers do not know. In URLs with other schemes, browsers read `\` as `/`.
    default_port: Option<u16>,
}

impl Scheme {
    const fn new(name: &'static str, default_port: Option<u16>) -> Scheme {
        Scheme { name, default_port }
    }

    fn is_of_browsers(&self) -> bool {
        self.default_port.is_some()
    }

    fn is_slash(&self, byte: u8) -> bool {
        byte == b'/' || byte == b'\\' && self.is_of_browsers()
    }

    fn slashes(&self, text: &str) -> usize {
        text.bytes().take_while(|byte| self.is_slash(*byte)).count()
    }

    /// Returns whether this byte ends a host or a segment of a path.
    fn is_end(&self, byte: u8) -> bool {
        self.is_slash(byte) || matches!(byte, b'?' | b'#')
    }
}

/// Splits a text before the first byte for which `is_end` is true. A character must begin there.
fn split(text: &str, is_end: impl FnMut(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(is_end).unwrap_or(text.len()))
}

static WS: Scheme = Scheme::new("ws", Some(80));
static WSS: Scheme = Scheme::new("wss", Some(443));
static HTTP: Scheme = Scheme::new("http", Some(80));
static HTTPS: Scheme = Scheme::new("https", Some(443));
static SOCKS5: Scheme = Scheme::new("socks5", None);
static SOCKS5H: Scheme = Scheme::new("socks5h", None);
static SCHEMES: [&Scheme; 6] = [&WS, &WSS, &HTTP, &HTTPS, &SOCKS5, &SOCKS5H];

/// The reason why a text is not a URL, or not one that this module reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The text has no scheme.
    NoScheme,
    /// The text has this scheme, which is not known.
    Scheme(String),
    /// The text is not a URL.
    Invalid(&'static str),
    /// The host contains this ASCII character, which is not allowed there.
    InHost(u8),
    /// The host has characters that are not ASCII, and the feature `idn` is off.
    NoIdn,
}

impl Unreadable {
    /// Returns the error: [`Error::Unsupported`] if a library with the feature `idn` would read the URL, otherwise `invalid`.
    pub fn error(&self, invalid: Error) -> Error {
        match self {
            Unreadable::NoIdn => Error::Unsupported,
            _ => invalid,
        }
    }
}

/// The text contains no part of the URL except its scheme, or a character that the host must not contain.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NoScheme => f.write_str("it has no scheme"),
            Unreadable::Scheme(scheme) => write!(f, "its scheme is {scheme}"),
            Unreadable::Invalid(why) => f.write_str(why),
            Unreadable::InHost(b' ') => f.write_str("the host contains a space"),
            Unreadable::InHost(byte @ b'!'..=b'~') => {
                write!(f, "the host contains the character `{}`", char::from(*byte))
            }
            Unreadable::InHost(byte) => write!(f, "the host contains the character U+{byte:04X}"),
            Unreadable::NoIdn => f.write_str(
                "this library was built without host names that are not ASCII (its feature `idn`); write them with xn--",
            ),
        }
    }
}

/// A URL without a user name, a password and a fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl {
    /// `scheme://host[:port]/path[?query]`.
    text: String,
    scheme: &'static Scheme,
    host: Host,
    host_end: usize,
    /// The port of the URL, or the default port of its scheme.
    port: Option<u16>,
    path_start: usize,
}

/// A URL that was read, and the parts that are not in a [`WebUrl`].
pub struct Parsed {
    /// The URL.
    pub url: WebUrl,
    /// The user name as it was written, percent-encoded or not. Empty if there is none.
    pub user: Secret<String>,
    /// The password, in the form of `user`.
    pub password: Secret<String>,
    /// The URL contains a `#`.
    pub has_fragment: bool,
}

/// Reads an absolute URL.
pub fn parse(text: &str) -> Result<Parsed, Unreadable> {
    read(text, None)
}

fn read(text: &str, base: Option<&WebUrl>) -> Result<Parsed, Unreadable> {
    let text = text.trim_matches(|c| c <= ' ');
    let text = match text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
        true => Cow::Owned(text.replace(['\t', '\n', '\r'], "")),
        false => Cow::Borrowed(text),
    };
    let Some((scheme, rest)) = split_scheme(&text) else {
        return base.ok_or(Unreadable::NoScheme)?.relative(&text);
    };
    let Some(scheme) = SCHEMES.into_iter().find(|known| known.name.eq_ignore_ascii_case(scheme)) else {
        return Err(Unreadable::Scheme(scheme.to_ascii_lowercase()));
    };
    if !scheme.is_of_browsers() {
        return authority(scheme, rest.strip_prefix("//").ok_or(Unreadable::Invalid("empty host"))?);
    }
    match (base, scheme.slashes(rest)) {
        (Some(base), 0 | 1) if base.scheme == scheme => base.relative(rest),
        (_, slashes) => authority(scheme, &rest[slashes..]),
    }
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

/// Reads the part after the slashes.
fn authority(scheme: &'static Scheme, text: &str) -> Result<Parsed, Unreadable> {
    // The last `@` counts, because a password may contain others.
    let (userinfo, rest) = match split(text, |byte| scheme.is_end(byte)).0.rfind('@') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => ("", text),
    };
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let mut in_brackets = false;
    let (host, rest) = split(rest, |byte| {
        in_brackets = byte == b'[' || in_brackets && byte != b']';
        byte == b':' && !in_brackets || scheme.is_end(byte)
    });
    let host = Host::parse(host)?;
    let (port, rest) = match rest.strip_prefix(':') {
        Some(rest) => split_port(rest)?,
        None => (None, rest),
    };

    let mut url = String::with_capacity(scheme.name.len() + text.len() + 4);
    url.push_str(scheme.name);
    url.push_str("://");
    match &host {
        Host::Domain(name) => url.push_str(name),
        address => {
            // Writing to a string does not fail.
            let _ = write!(url, "{address}");
        }
    }
    let host_end = url.len();
    if let Some(port) = port.filter(|_| port != scheme.default_port) {
        let _ = write!(url, ":{port}");
    }
    let path_start = url.len();
    url.push('/');
    let url = WebUrl { text: url, scheme, host, host_end, port: port.or(scheme.default_port), path_start };
    let parsed = url.followed_by(&rest[scheme.slashes(rest).min(1)..]);
    Ok(Parsed { user: user.into(), password: password.into(), ..parsed })
}

/// Splits off the port. The text after the colon may be empty.
fn split_port(text: &str) -> Result<(Option<u16>, &str), Unreadable> {
    const INVALID: Unreadable = Unreadable::Invalid("invalid port number");
    let (digits, rest) = split(text, |byte| !byte.is_ascii_digit());
    match digits {
        _ if !rest.is_empty() && !rest.starts_with(['/', '\\', '?', '#']) => Err(INVALID),
        "" => Ok((None, rest)),
        _ => digits.parse().map(|port| (Some(port), rest)).map_err(|_| INVALID),
    }
}

/// If a segment of a path consists only of dots, returns their number, otherwise 0. A dot may be percent-encoded.
fn dots(mut segment: &str) -> usize {
    let mut count = 0;
    while !segment.is_empty() {
        segment = match segment.as_bytes() {
            [b'.', ..] => &segment[1..],
            [b'%', b'2', b'e' | b'E', ..] => &segment[3..],
            _ => return 0,
        };
        count += 1;
    }
    count
}

impl WebUrl {
    /// Reads a URL that may be relative to this one.
    pub fn join(&self, text: &str) -> Result<Parsed, Unreadable> {
        read(text, Some(self))
    }

    fn relative(&self, text: &str) -> Result<Parsed, Unreadable> {
        let path_end = self.path_start + self.path().len();
        let (kept, rest) = match self.scheme.slashes(text) {
            0 if text.is_empty() || text.starts_with('#') => (self.text.len(), text),
            0 if text.starts_with('?') => (path_end, text),
            0 => (self.text[..path_end].rfind('/').map_or(path_end, |at| at + 1), text),
            1 => (self.path_start + 1, &text[1..]),
            slashes => return authority(self.scheme, &text[slashes..]),
        };
        let mut url = self.clone();
        url.text.truncate(kept);
        Ok(url.followed_by(rest))
    }

    /// Adds a path, a query and a fragment to a URL that ends with a slash. If there is no path, the URL may also end
    /// differently.
    fn followed_by(mut self, rest: &str) -> Parsed {
        let rest = self.add_path(rest);
        let (query, has_fragment) = match rest.split_once('#') {
            Some((query, _)) => (query, true),
            None => (rest, false),
        };
        if let Some(query) = query.strip_prefix('?') {
            self.text.push('?');
            self.text.extend(utf8_percent_encode(query, QUERY));
        }
        Parsed { url: self, user: "".into(), password: "".into(), has_fragment }
    }

    /// Adds the path, and returns the text after it.
    fn add_path<'a>(&mut self, mut rest: &'a str) -> &'a str {
        loop {
            let (segment, after) = split(rest, |byte| self.scheme.is_end(byte));
            let is_folder = self.scheme.slashes(after) > 0;
            match dots(segment) {
                1 => {}
                2 => self.leave_folder(),
                _ => {
                    self.text.extend(utf8_percent_encode(segment, PATH));
                    if is_folder {
                        self.text.push('/');
                    }
                }
            }
            if !is_folder {
                return after;
            }
            rest = &after[1..];
        }
    }

    /// Removes the last folder of a path that ends with a slash.
    fn leave_folder(&mut self) {
        let path = &self.text[self.path_start..self.text.len() - 1];
        if let Some(slash) = path.rfind('/') {
            self.text.truncate(self.path_start + slash + 1);
        }
    }

    /// Changes `http` to `ws`, and `https` to `wss`. Other schemes are an error.
    pub fn into_websocket(mut self) -> Result<WebUrl, Unreadable> {
        let scheme = match self.scheme.name {
            "ws" | "wss" => return Ok(self),
            "http" => &WS,
            "https" => &WSS,
            other => return Err(Unreadable::Scheme(other.to_owned())),
        };
        let shorter = self.scheme.name.len() - scheme.name.len();
        self.text = [scheme.name, &self.text[self.scheme.name.len()..]].concat();
        self.host_end -= shorter;
        self.path_start -= shorter;
        self.scheme = scheme;
        Ok(self)
    }

    /// Returns the URL with a user name and a password. Empty ones are left out.
    pub fn with_userinfo(self, user: &str, password: &str) -> String {
        let encode = |text| utf8_percent_encode(text, USERINFO);
        let (scheme, rest) = self.text.split_at(self.host_start());
        match (user, password) {
            ("", "") => self.text,
            (user, "") => format!("{scheme}{}@{rest}", encode(user)),
            (user, password) => format!("{scheme}{}:{}@{rest}", encode(user), encode(password)),
        }
    }

    /// Returns the whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the scheme in lower case.
    pub fn scheme(&self) -> &'static str {
        self.scheme.name
    }

    /// Returns the host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    fn host_start(&self) -> usize {
        self.scheme.name.len() + "://".len()
    }

    /// Returns the host as it is written in the URL.
    pub fn host_text(&self) -> &str {
        &self.text[self.host_start()..self.host_end]
    }

    /// Returns the port of the URL, or the default port of its scheme if there is one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the host, and the port unless it is the default port of the scheme.
    pub fn authority(&self) -> &str {
        &self.text[self.host_start()..self.path_start]
    }

    /// Returns the path, and the query with its `?`.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path_start..]
    }

    /// Returns the path, which begins with a slash.
    pub fn path(&self) -> &str {
        // A `?` in a path is percent-encoded.
        self.path_and_query().split('?').next().unwrap_or("")
    }

    /// Returns whether there is a query, which may be empty.
    pub fn has_query(&self) -> bool {
        self.path_and_query().contains('?')
    }
}

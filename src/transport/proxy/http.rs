//! HTTP's CONNECT: RFC 9110 section 9.3.6; user name and password by RFC 7617.

use super::Proxy;
use super::refusal::Refusal;
use crate::protocol::head::{Collected, Collector, Head, NO_MEMORY, values};
use base64ct::{Base64, Encoding};
use url::Host;
use zeroize::Zeroizing;

/// A request that was sent, and the answer as far as it came.
pub(super) struct Connect {
    /// The server, as the request named it.
    server: String,
    has_credentials: bool,
    answer: Collector,
}

impl Connect {
    pub(super) fn new(proxy: &Proxy, host: &Host<String>, port: u16, output: &mut Vec<u8>) -> Connect {
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
        Connect { server, has_credentials: proxy.credentials.is_some(), answer: Collector::default() }
    }

    pub(super) fn feed(&mut self, mut input: &[u8]) -> Result<bool, Refusal> {
        loop {
            let head = match self.answer.feed(&mut input) {
                Collected::More => return Ok(false),
                Collected::NotHttp => return Err(not_http(self.answer.bytes())),
                Collected::NoMemory => return Err(Refusal::no_memory()),
                Collected::TooLong => {
                    const WHY: &str = "the head of the proxy's answer is longer than 64 KiB";
                    let refused = self.broken_off();
                    let status = Head::read(self.answer.bytes()).map_or(0, |head| head.status);
                    return Err(refused.unwrap_or(Refusal::new(if is_final(status) { status } else { 0 }, WHY)));
                }
                Collected::Whole(head) => head,
            };
            let Some(head) = Head::read(&head) else {
                return Err(Refusal::new(0, "the head of the proxy's answer is not HTTP"));
            };
            match (head.status, head.flaw) {
                (200..=299, Some(NO_MEMORY)) => return Err(Refusal::no_memory()),
                (status @ 200..=299, Some(flaw)) => {
                    return Err(Refusal::new(status, format!("the proxy's answer cannot be used: {flaw}")));
                }
                // What such an answer says of a body does not count.
                (200..=299, None) if input.is_empty() => return Ok(true),
                (status @ 200..=299, None) => return Err(Refusal::trailing_bytes(status)),
                // RFC 9110 section 15.2: one that nobody asked for is skipped.
                (100 | 102..=199, _) => {}
                _ => return Err(self.refused(&head)),
            }
        }
    }

    /// Called when no more bytes will come. `Some` if the status line of a refusal was read.
    pub(super) fn broken_off(&self) -> Option<Refusal> {
        let head = Head::read(self.answer.bytes())?;
        (is_final(head.status) && !(200..=299).contains(&head.status)).then(|| self.refused(&head))
    }

    /// Makes the refusal for an answer with this head.
    fn refused(&self, head: &Head) -> Refusal {
        let said = format!("{} {}", head.status, head.reason);
        let said = said.trim_end();
        let server = &self.server;
        let message = match head.status {
            // tinyproxy says 401 to a wrong password.
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
                format!("the proxy sends elsewhere instead of connecting to {server} (a sign-in page?): {said}")
            }
            _ => format!("the proxy made no connection to {server}: {said}"),
        };
        Refusal::new(head.status, message)
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
            format!("the proxy wants another authentication than Basic, which alone is supported: {said}")
        } else if self.has_credentials {
            format!("the proxy wants another user name and password than those of its URL: {said}")
        } else {
            format!(
                "the proxy wants a user name and a password, before the host in its URL, \
                 http://user:password@host:port: {said}"
            )
        }
    }
}

/// Does this status end the exchange? All but interim answers do, and 101 does.
fn is_final(status: u16) -> bool {
    status == 101 || status >= 200
}

/// The text for an answer that is not HTTP/1.
fn not_http(answer: &[u8]) -> Refusal {
    const SOCKS5: u8 = 5;
    const TLS_ALERT: u8 = 0x15;
    let message = match answer.first() {
        Some(&SOCKS5) => "the proxy's answer is SOCKS5, not HTTP/1: use socks5:// in its URL",
        Some(&TLS_ALERT) => "the proxy's answer is TLS, not HTTP/1; proxies that need TLS are not supported",
        _ => "the proxy's answer is not HTTP/1",
    };
    Refusal::new(0, message)
}

/// The schemes of a list of challenges (RFC 9110 section 11.6.1), which has commas between schemes and between their
/// parameters alike. A parameter has a `=` after its first token.
fn challenges(value: &str) -> impl Iterator<Item = &str> {
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

#[cfg(test)]
mod tests {
    use super::super::tunnel::tests::{ask, refused};
    use super::*;
    use crate::protocol::head::MAX_HEAD;

    const OPEN: &str = "http://n4me:s3cret@proxy";
    const SERVER: &str = "game.example:443";

    fn request(proxy: &str, server: &str) -> String {
        String::from_utf8(ask(proxy, server, &[]).0.concat()).unwrap()
    }

    #[test]
    fn the_request_is_the_rfcs() {
        let agent = concat!("User-Agent: egret-ws/", env!("CARGO_PKG_VERSION"), "\r\n");
        assert_eq!(
            request("http://proxy", SERVER),
            format!("CONNECT {SERVER} HTTP/1.1\r\nHost: {SERVER}\r\n{agent}\r\n")
        );
        assert!(
            request("proxy", "[2001:db8::1]:80")
                .starts_with("CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n")
        );
        // RFC 7617 section 2's own example.
        assert_eq!(
            request("http://Aladdin:open%20sesame@proxy", SERVER),
            format!(
                "CONNECT {SERVER} HTTP/1.1\r\nHost: {SERVER}\r\n{agent}\
                 Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
            )
        );
        assert!(request("http://:s3cret@proxy", SERVER).contains(": Basic OnMzY3JldA==\r\n"));
    }

    #[test]
    fn any_2xx_opens_the_tunnel() {
        let answers = [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200 OK\r\nProxy-Agent: tinyproxy/1.11.1\r\n\r\n",
            "HTTP/1.1 200\r\n\r\n",
            "HTTP/1.1 204 No Content\nVia: x\n\n",
            "HTTP/1.1 200 OK\r\nVia: a,\r\n b\r\n\tc\r\n\r\n",
            "HTTP/1.1 299 OK\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ];
        for answer in answers {
            assert_eq!(ask(OPEN, SERVER, &[answer.as_bytes()]).1, Ok(true), "{answer}");
            let unfinished = &answer.as_bytes()[..answer.len() - 1];
            assert_eq!(ask(OPEN, SERVER, &[unfinished]).1, Ok(false), "{answer}");
        }
    }

    #[test]
    fn another_status_is_a_refusal_that_says_what_to_do() {
        let rows = [
            (443, "403 Forbidden", "the proxy allows no connection to game.example:443: 403 Forbidden"),
            (
                80,
                "403 Forbidden",
                "the proxy allows no connection to game.example:80 (many allow only port 443): 403 Forbidden",
            ),
            (
                80,
                "405 Method Not Allowed",
                "the proxy made no connection to game.example:80; is it a proxy, and does it allow CONNECT? \
                 405 Method Not Allowed",
            ),
            (443, "502 Bad Gateway", "the proxy could not reach game.example:443: 502 Bad Gateway"),
            (443, "504", "the proxy could not reach game.example:443: 504"),
            (
                443,
                "302 Found",
                "the proxy sends elsewhere instead of connecting to game.example:443 (a sign-in page?): 302 Found",
            ),
            (
                443,
                "401 Unauthorized",
                "the proxy wants another user name and password than those of its URL: 401 Unauthorized",
            ),
            (443, "429 Too Many Requests", "the proxy made no connection to game.example:443: 429 Too Many Requests"),
            (
                443,
                "101 Switching Protocols",
                "the proxy made no connection to game.example:443: 101 Switching Protocols",
            ),
        ];
        for (port, said, message) in rows {
            let answer = format!("HTTP/1.1 {said}\r\nContent-Length: 4\r\n\r\n");
            let status = said[..3].parse().unwrap();
            assert_eq!(
                refused(OPEN, &format!("game.example:{port}"), &[answer.as_bytes()]),
                (status, message.to_owned())
            );
        }
        let endless = format!("HTTP/1.1 500 {}\r\n\r\n", "x".repeat(10_000));
        assert!(refused(OPEN, SERVER, &[endless.as_bytes()]).1.len() < 200);
    }

    #[test]
    fn a_407_says_whether_no_or_other_credentials_are_wanted() {
        let refused = |proxy, challenge: &str| {
            let answer = format!("HTTP/1.1 407 Proxy Authentication Required\r\n{challenge}\r\n");
            let (status, message) = refused(proxy, SERVER, &[answer.as_bytes()]);
            assert_eq!(status, 407);
            message
        };
        let basic = "Proxy-Authenticate: Basic realm=\"x\"\r\nPROXY-AUTHENTICATE: NTLM\r\n";
        assert_eq!(
            refused("http://proxy", basic),
            "the proxy wants a user name and a password, before the host in its URL, http://user:password@host:port: \
             407 Proxy Authentication Required (Basic, NTLM)"
        );
        assert_eq!(
            refused(OPEN, basic),
            "the proxy wants another user name and password than those of its URL: \
             407 Proxy Authentication Required (Basic, NTLM)"
        );
        assert!(refused(OPEN, "").ends_with("407 Proxy Authentication Required"));
        assert_eq!(
            refused(OPEN, "Proxy-Authenticate: Negotiate, Digest realm=\"Basic\", nonce=\"a\"\r\n"),
            "the proxy wants another authentication than Basic, which alone is supported: \
             407 Proxy Authentication Required (Negotiate, Digest)"
        );
    }

    #[test]
    fn the_schemes_of_challenges_are_found() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("Basic", &["Basic"]),
            ("Basic realm=\"a, Fake b\", charset=\"UTF-8\"", &["Basic"]),
            (
                "Basic realm=\"a \\\", Fake\", Digest realm = \"b\" , nonce=c,qop=\"auth,auth-int\"",
                &["Basic", "Digest"],
            ),
            ("Basic realm=\"\\\\\", NTLM", &["Basic", "NTLM"]),
            ("Negotiate YWJj==, , NTLM", &["Negotiate", "NTLM"]),
            ("\u{fc}, \"x\", =y", &[]),
            ("Basic realm=\"unfinished, Fake", &["Basic"]),
        ];
        for (value, schemes) in rows {
            assert_eq!(challenges(value).collect::<Vec<_>>(), *schemes, "{value}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_and_named() {
        let rows: &[(&[u8], u16, &str)] = &[
            (b"SSH-2.0-OpenSSH_9.2\r\n", 0, "the proxy's answer is not HTTP/1"),
            (b"HTTP/2 200 OK\r\n\r\n", 0, "the proxy's answer is not HTTP/1"),
            (b"\x05\xff", 0, "the proxy's answer is SOCKS5, not HTTP/1: use socks5:// in its URL"),
            (b"\x15\x03\x01", 0, "the proxy's answer is TLS, not HTTP/1; proxies that need TLS are not supported"),
            (b"HTTP/1.1 abc\r\n\r\n", 0, "the head of the proxy's answer is not HTTP"),
            (
                b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                200,
                "the proxy's answer cannot be used: a header line of the answer has no colon",
            ),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTPS\r\n\r\n", 0, "the proxy's answer is not HTTP/1"),
        ];
        for (answer, status, message) in rows {
            assert_eq!(refused(OPEN, SERVER, &[*answer]), (*status, (*message).to_owned()));
        }
        let many = |lines| format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(lines));
        assert_eq!(ask(OPEN, SERVER, &[many(256).as_bytes()]).1, Ok(true));
        assert!(refused(OPEN, SERVER, &[many(257).as_bytes()]).1.contains("256 lines"));
    }

    #[test]
    fn heads_are_bounded_at_64_kib() {
        let sized = |size: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(size - 24));
        assert_eq!(sized(MAX_HEAD).len(), MAX_HEAD);
        assert_eq!(ask(OPEN, SERVER, &[sized(MAX_HEAD).as_bytes()]).1, Ok(true));
        let interims = "HTTP/1.1 100\r\n\r\n".repeat(MAX_HEAD);
        for answer in [sized(MAX_HEAD + 1), "HTTP/1.1 200 ".to_owned() + &"x".repeat(MAX_HEAD), interims] {
            assert!(refused(OPEN, SERVER, &[answer.as_bytes()]).1.contains("64 KiB"));
        }
    }

    #[test]
    fn bytes_after_the_answer_are_refused() {
        let mut connect = Connect::new(&Proxy::from_url(OPEN).unwrap(), &Host::Domain("h".into()), 1, &mut Vec::new());
        let refusal = connect.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx").unwrap_err();
        assert_eq!(refusal, Refusal::trailing_bytes(200));
        assert!(refusal.message.contains("more than its answer"));
    }
}

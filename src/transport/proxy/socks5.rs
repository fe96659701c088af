//! SOCKS5: RFC 1928; user name and password by RFC 1929.

use super::refusal::Refusal;
use super::{Credentials, Proxy};
use url::Host;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const DOMAIN: u8 = 3;
const IPV6: u8 = 4;

/// A negotiation with the proxy, and its present answer as far as it came.
pub(super) struct Negotiation {
    host: Host<String>,
    port: u16,
    credentials: Option<Credentials>,
    stage: Stage,
    answer: Vec<u8>,
}

/// Which answer is awaited.
#[derive(Clone, Copy)]
enum Stage {
    /// To the methods offered: which one.
    Method,
    /// To the user name and password.
    Authentication,
    /// To the request.
    Reply,
}

impl Negotiation {
    pub(super) fn new(proxy: &Proxy, host: &Host<String>, port: u16, output: &mut Vec<u8>) -> Negotiation {
        match proxy.credentials {
            Some(_) => output.extend_from_slice(&[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD]),
            None => output.extend_from_slice(&[VERSION, 1, NO_AUTHENTICATION]),
        }
        Negotiation {
            host: host.clone(),
            port,
            credentials: proxy.credentials.clone(),
            stage: Stage::Method,
            answer: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<bool, Refusal> {
        self.answer.extend_from_slice(input);
        loop {
            match (self.stage, self.answer.as_slice()) {
                (_, []) | (Stage::Authentication, [_]) => return Ok(false),
                // Only here is the version not looked at, as in curl: some proxies give 5 where RFC 1929 says 1.
                (Stage::Authentication, [_, 0, ..]) => self.request(output)?,
                (Stage::Authentication, _) => {
                    return Err(refusal("the SOCKS5 proxy did not accept the user name and password of its URL"));
                }
                (Stage::Method | Stage::Reply, [version, ..]) if *version != VERSION => {
                    return Err(refusal(match version {
                        b'H' => "the proxy's answer is HTTP, not SOCKS5: use http:// in its URL",
                        _ => "the proxy's answer is not SOCKS5",
                    }));
                }
                (Stage::Method | Stage::Reply, [_]) => return Ok(false),
                (Stage::Method, [_, method, ..]) => self.chosen(*method, output)?,
                (Stage::Reply, [_, 0, rest @ ..]) => return is_whole(rest),
                (Stage::Reply, [_, code, ..]) => return Err(self.failed(*code)),
            }
            // An answer of two bytes was dealt with.
            self.answer.drain(..2);
        }
    }

    /// The proxy chose how it is told who asks.
    fn chosen(&mut self, method: u8, output: &mut Vec<u8>) -> Result<(), Refusal> {
        match (method, self.credentials.take()) {
            (NO_AUTHENTICATION, _) => self.request(output),
            (USER_AND_PASSWORD, Some(Credentials { user, password })) => {
                const VERSION: u8 = 1;
                output.push(VERSION);
                for text in [user, password] {
                    output.push(u8::try_from(text.len()).expect("checked when the proxy's URL was read"));
                    output.extend_from_slice(&text);
                }
                self.stage = Stage::Authentication;
                Ok(())
            }
            (NO_ACCEPTABLE_METHOD, None) => Err(refusal(
                "the SOCKS5 proxy wants authentication: put a user name and a password before the host in its URL, \
                 socks5://user:password@host:port",
            )),
            (NO_ACCEPTABLE_METHOD, Some(_)) => {
                Err(refusal("the SOCKS5 proxy wants another authentication than by user name and password"))
            }
            _ => Err(refusal(&format!("the SOCKS5 proxy chose authentication method {method}, which was not offered"))),
        }
    }

    /// Asks for the connection.
    fn request(&mut self, output: &mut Vec<u8>) -> Result<(), Refusal> {
        output.extend_from_slice(&[VERSION, CONNECT, 0]);
        match &self.host {
            Host::Ipv4(address) => {
                output.push(IPV4);
                output.extend_from_slice(&address.octets());
            }
            Host::Ipv6(address) => {
                output.push(IPV6);
                output.extend_from_slice(&address.octets());
            }
            Host::Domain(name) => {
                let Ok(length) = u8::try_from(name.len()) else {
                    return Err(refusal("the server's name has more than 255 bytes, which SOCKS5 cannot tell"));
                };
                output.extend_from_slice(&[DOMAIN, length]);
                output.extend_from_slice(name.as_bytes());
            }
        }
        output.extend_from_slice(&self.port.to_be_bytes());
        self.stage = Stage::Reply;
        Ok(())
    }

    fn failed(&self, code: u8) -> Refusal {
        let why = match code {
            1 => "general failure",
            2 => "its rules do not allow it",
            3 => "the network is unreachable",
            4 => "the host is unreachable, or its name was not found",
            5 => "the host refused the connection",
            6 => "the time to live expired",
            7 => "it does not support CONNECT",
            8 => "it does not support this type of address",
            _ => "an unknown reason",
        };
        refusal(&format!("the SOCKS5 proxy made no connection to {}:{}: {why} (reply {code})", self.host, self.port))
    }
}

/// Whether this is all of a reply after its code: a reserved byte, then the address that the proxy connected from, which
/// nobody needs.
fn is_whole(rest: &[u8]) -> Result<bool, Refusal> {
    let address = match rest {
        [] | [_] | [_, DOMAIN] => return Ok(false),
        [_, IPV4, ..] => 4,
        [_, IPV6, ..] => 16,
        [_, DOMAIN, length, ..] => 1 + usize::from(*length),
        [_, kind, ..] => {
            return Err(refusal(&format!("the SOCKS5 proxy's reply has an address of unknown type {kind}")));
        }
    };
    match rest.len().cmp(&(2 + address + 2)) {
        std::cmp::Ordering::Less => Ok(false),
        std::cmp::Ordering::Equal => Ok(true),
        std::cmp::Ordering::Greater => Err(Refusal::trailing_bytes(0)),
    }
}

fn refusal(message: &str) -> Refusal {
    Refusal::new(0, message)
}

#[cfg(test)]
mod tests {
    use super::super::tunnel::tests::{ask, refused};
    use super::*;

    const PLAIN: &str = "socks5://proxy";
    const OPEN: &str = "socks5://n4me:s3cret@proxy";
    const SERVER: &str = "game.example:443";
    const REPLY: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 4, 56];

    #[test]
    fn a_tunnel_without_authentication() {
        let request = [&[5, 1, 0, 3, 12], &b"game.example"[..], &[1, 187]].concat();
        let (sent, result) = ask(PLAIN, SERVER, &[&[5, 0], REPLY]);
        assert_eq!((sent, result), (vec![vec![5, 1, 0], request.clone(), vec![]], Ok(true)));
        // Credentials are not told to a proxy that wants none.
        let (sent, result) = ask(OPEN, SERVER, &[&[5, 0], REPLY]);
        assert_eq!((sent, result), (vec![vec![5, 2, 0, 2], request, vec![]], Ok(true)));
    }

    #[test]
    fn a_tunnel_with_user_name_and_password() {
        for status_version in [1, 5] {
            let (sent, result) = ask(OPEN, SERVER, &[&[5, 2], &[status_version, 0], REPLY]);
            assert_eq!(sent[0], [5, 2, 0, 2]);
            assert_eq!(sent[1], b"\x01\x04n4me\x06s3cret");
            assert_eq!(sent[2][..5], [5, 1, 0, 3, 12]);
            assert_eq!(result, Ok(true));
        }
        let longest = "x".repeat(255);
        let (sent, _) = ask(&format!("socks5h://{longest}:@proxy"), SERVER, &[&[5, 2]]);
        assert_eq!(sent[1], [&[1, 255], longest.as_bytes(), &[0]].concat());
    }

    #[test]
    fn each_type_of_address_is_asked_for() {
        let request = |server: &str| ask(PLAIN, server, &[&[5, 0]]).0.remove(1);
        assert_eq!(request("192.0.2.7:80"), [5, 1, 0, 1, 192, 0, 2, 7, 0, 80]);
        let address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(request("[2001:db8::9]:65535"), [&[5, 1, 0, 4], &address[..], &[255, 255]].concat());
        let longest = ["x"; 128].join("."); // 255 bytes
        assert_eq!(request(&format!("{longest}:1"))[3..5], [3, 255]);
        let (status, message) = refused(PLAIN, &format!("{longest}x:1"), &[&[5, 0]]);
        assert_eq!((status, &*message), (0, "the server's name has more than 255 bytes, which SOCKS5 cannot tell"));
    }

    #[test]
    fn the_bound_address_of_a_reply_is_skipped_exactly() {
        let replies: [&[u8]; 5] = [
            REPLY,
            &[5, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0],
            &[5, 0, 9, 3, 3, b'a', b'.', b'b', 0, 0],
            &[5, 0, 0, 3, 0, 0, 0],
            &[&[5, 0, 0, 3, 255], &[b'x'; 257][..]].concat(),
        ];
        for reply in replies {
            assert_eq!(ask(PLAIN, SERVER, &[&[5, 0], reply]).1, Ok(true), "{reply:?}");
            assert_eq!(ask(PLAIN, SERVER, &[&[5, 0], &reply[..reply.len() - 1]]).1, Ok(false), "{reply:?}");
            let proxy = Proxy::from_url(PLAIN).unwrap();
            let mut negotiation = Negotiation::new(&proxy, &Host::Domain("h".into()), 1, &mut Vec::new());
            assert_eq!(negotiation.feed(&[5, 0], &mut Vec::new()), Ok(false));
            let trailing = negotiation.feed(&[reply, b"x"].concat(), &mut Vec::new());
            assert_eq!(trailing, Err(Refusal::trailing_bytes(0)), "{reply:?}");
        }
    }

    #[test]
    fn every_refusal_is_named() {
        let made_none = "the SOCKS5 proxy made no connection to game.example:443: ";
        let not_socks = "the proxy's answer is not SOCKS5";
        let rows: &[(&str, &[&[u8]], &str)] = &[
            (PLAIN, &[&[5, 0], &[5, 1]], &format!("{made_none}general failure (reply 1)")),
            (PLAIN, &[&[5, 0], &[5, 2]], &format!("{made_none}its rules do not allow it (reply 2)")),
            (PLAIN, &[&[5, 0], &[5, 3]], &format!("{made_none}the network is unreachable (reply 3)")),
            (
                PLAIN,
                &[&[5, 0], &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0]],
                &format!("{made_none}the host is unreachable, or its name was not found (reply 4)"),
            ),
            (PLAIN, &[&[5, 0], &[5, 5]], &format!("{made_none}the host refused the connection (reply 5)")),
            (PLAIN, &[&[5, 0], &[5, 6]], &format!("{made_none}the time to live expired (reply 6)")),
            (PLAIN, &[&[5, 0], &[5, 7]], &format!("{made_none}it does not support CONNECT (reply 7)")),
            (PLAIN, &[&[5, 0], &[5, 8]], &format!("{made_none}it does not support this type of address (reply 8)")),
            (PLAIN, &[&[5, 0], &[5, 9]], &format!("{made_none}an unknown reason (reply 9)")),
            (PLAIN, &[&[5, 0], &[5, 0, 0, 2]], "the SOCKS5 proxy's reply has an address of unknown type 2"),
            (PLAIN, &[&[5, 0], &[4]], not_socks),
            (PLAIN, &[&[4, 0]], not_socks),
            (PLAIN, &[&[0, 91, 0, 0]], not_socks), // SOCKS4's refusal
            (
                PLAIN,
                &[b"HTTP/1.1 400 Bad Request\r\n\r\n"],
                "the proxy's answer is HTTP, not SOCKS5: use http:// in its URL",
            ),
            (
                PLAIN,
                &[&[5, 0xff]],
                "the SOCKS5 proxy wants authentication: put a user name and a password before the host in its URL, \
                 socks5://user:password@host:port",
            ),
            (OPEN, &[&[5, 0xff]], "the SOCKS5 proxy wants another authentication than by user name and password"),
            (PLAIN, &[&[5, 2]], "the SOCKS5 proxy chose authentication method 2, which was not offered"),
            (OPEN, &[&[5, 1]], "the SOCKS5 proxy chose authentication method 1, which was not offered"),
            (OPEN, &[&[5, 2], &[1, 1]], "the SOCKS5 proxy did not accept the user name and password of its URL"),
            (OPEN, &[&[5, 2], &[5, 255]], "the SOCKS5 proxy did not accept the user name and password of its URL"),
        ];
        for (proxy, answers, message) in rows {
            assert_eq!(refused(proxy, SERVER, answers), (0, (*message).to_owned()));
        }
    }
}

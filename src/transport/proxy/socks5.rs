//! SOCKS5 (RFC 1928), with user name and password (RFC 1929).

use super::proxy_url::{Credentials, Proxy};
use super::tunnel_error::TunnelError;
use crate::web_url::Host;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const DOMAIN: u8 = 3;
const IPV6: u8 = 4;

/// A negotiation, with the incomplete reply of the proxy.
pub(super) struct Negotiation {
    host: Host,
    port: u16,
    credentials: Option<Credentials>,
    stage: Stage,
    reply: Vec<u8>,
}

/// The reply that is awaited.
#[derive(Clone, Copy)]
enum Stage {
    /// The authentication method that the proxy selects.
    Method,
    /// The result of the authentication.
    Authentication,
    /// The reply to the request for a connection.
    Reply,
}

impl Negotiation {
    pub(super) fn new(proxy: &Proxy, host: &Host, port: u16, output: &mut Vec<u8>) -> Negotiation {
        match proxy.credentials {
            Some(_) => output.extend_from_slice(&[VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD]),
            None => output.extend_from_slice(&[VERSION, 1, NO_AUTHENTICATION]),
        }
        Negotiation {
            host: host.clone(),
            port,
            credentials: proxy.credentials.clone(),
            stage: Stage::Method,
            reply: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<bool, TunnelError> {
        self.reply.extend_from_slice(input);
        loop {
            match (self.stage, self.reply.as_slice()) {
                (_, []) | (Stage::Authentication, [_]) => return Ok(false),
                // As in curl, the version is not checked here, because some proxies send 5 although RFC 1929 requires 1.
                (Stage::Authentication, [_, 0, ..]) => self.request(output)?,
                (Stage::Authentication, _) => {
                    return Err(error("the SOCKS5 proxy did not accept the user name and password of its URL"));
                }
                (Stage::Method | Stage::Reply, [version, ..]) if *version != VERSION => {
                    return Err(error(match version {
                        b'H' => "the proxy's answer is HTTP, not SOCKS5: use http:// in its URL",
                        _ => "the proxy's answer is not SOCKS5",
                    }));
                }
                (Stage::Method | Stage::Reply, [_]) => return Ok(false),
                (Stage::Method, [_, method, ..]) => self.authenticate(*method, output)?,
                (Stage::Reply, [_, 0, rest @ ..]) => return is_complete(rest),
                (Stage::Reply, [_, code, ..]) => return Err(self.failed(*code)),
            }
            // A reply of two bytes was handled, so it is removed.
            self.reply.drain(..2);
        }
    }

    /// The proxy has selected an authentication method.
    fn authenticate(&mut self, method: u8, output: &mut Vec<u8>) -> Result<(), TunnelError> {
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
            (NO_ACCEPTABLE_METHOD, None) => Err(error(
                "the SOCKS5 proxy requires authentication: put a user name and a password before the host in its URL, \
                 socks5://user:password@host:port",
            )),
            (NO_ACCEPTABLE_METHOD, Some(_)) => {
                Err(error("the SOCKS5 proxy requires an authentication other than user name and password"))
            }
            _ => Err(error(&format!("the SOCKS5 proxy chose authentication method {method}, which was not offered"))),
        }
    }

    /// Writes the request for the connection.
    fn request(&mut self, output: &mut Vec<u8>) -> Result<(), TunnelError> {
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
                    return Err(error("the server's name has more than 255 bytes, which SOCKS5 cannot transmit"));
                };
                output.extend_from_slice(&[DOMAIN, length]);
                output.extend_from_slice(name.as_bytes());
            }
        }
        output.extend_from_slice(&self.port.to_be_bytes());
        self.stage = Stage::Reply;
        Ok(())
    }

    fn failed(&self, code: u8) -> TunnelError {
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
        error(&format!("the SOCKS5 proxy made no connection to {}:{}: {why} (reply {code})", self.host, self.port))
    }
}

/// Returns true if this is the complete rest of a reply after its code: a reserved byte, then the address and port from which the
/// proxy has connected. The address and the port are not used.
fn is_complete(rest: &[u8]) -> Result<bool, TunnelError> {
    let address = match rest {
        [] | [_] | [_, DOMAIN] => return Ok(false),
        [_, IPV4, ..] => 4,
        [_, IPV6, ..] => 16,
        [_, DOMAIN, length, ..] => 1 + usize::from(*length),
        [_, address_type, ..] => {
            return Err(error(&format!("the SOCKS5 proxy's reply has an address of unknown type {address_type}")));
        }
    };
    match rest.len().cmp(&(2 + address + 2)) {
        std::cmp::Ordering::Less => Ok(false),
        std::cmp::Ordering::Equal => Ok(true),
        std::cmp::Ordering::Greater => Err(TunnelError::trailing_bytes(0)),
    }
}

fn error(message: &str) -> TunnelError {
    TunnelError::new(0, message)
}

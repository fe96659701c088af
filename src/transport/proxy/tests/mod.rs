//! Negotiations with proxies.

mod http;
mod socks5;
mod tunnel;

use super::{Proxy, Tunnel, TunnelError};
use crate::web_url::Host;

/// Negotiates with a proxy that sends these answers. It takes the output before each answer and after the last one. Returns the
/// outputs and the result. A second negotiation, in single bytes, must have an equal result.
pub(super) fn negotiate(proxy: &str, server: &str, answers: &[&[u8]]) -> (Vec<Vec<u8>>, Result<bool, TunnelError>) {
    let whole = negotiate_in_pieces(proxy, server, answers, usize::MAX);
    assert_eq!(negotiate_in_pieces(proxy, server, answers, 1), whole, "in single bytes");
    whole
}

fn negotiate_in_pieces(
    proxy: &str,
    server: &str,
    answers: &[&[u8]],
    size: usize,
) -> (Vec<Vec<u8>>, Result<bool, TunnelError>) {
    let (host, port) = server.rsplit_once(':').unwrap();
    let proxy = Proxy::from_url(proxy).unwrap();
    let mut tunnel = Tunnel::new(&proxy, &Host::parse(host).unwrap(), port.parse().unwrap());
    let mut sent = vec![read(&mut tunnel, size)];
    let mut result = Ok(false);
    for answer in answers {
        for piece in answer.chunks(size) {
            assert_eq!(result, Ok(false), "the negotiation ends before the last answer");
            result = tunnel.feed(&mut &*piece);
            if result.is_err() {
                return (sent, result);
            }
        }
        sent.push(read(&mut tunnel, size));
    }
    (sent, result)
}

fn read(tunnel: &mut Tunnel, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !tunnel.output().is_empty() {
        let count = tunnel.output().len().min(size);
        bytes.extend_from_slice(&tunnel.output()[..count]);
        tunnel.written(count);
    }
    bytes
}

/// Returns the HTTP status and the text of the error.
pub(super) fn refused(proxy: &str, server: &str, answers: &[&[u8]]) -> (u16, String) {
    let refusal = negotiate(proxy, server, answers).1.expect_err("refused");
    assert!(!refusal.message.contains("s3cret"), "{}", refusal.message);
    (refusal.http_status, refusal.message)
}

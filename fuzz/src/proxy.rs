//! The responses of a proxy to the request for a tunnel, with HTTP and with SOCKS5.

use super::source::{PieceSizes, Source};
use egret_ws::transport::proxy::{Proxy, ProxyScheme, Tunnel, TunnelError};
use egret_ws::web_url::Host;

/// The result of the negotiation, the number of bytes that were fed, and the bytes that were sent.
type Outcome = (Result<bool, TunnelError>, usize, Vec<u8>);

/// Feeds the fuzz input to a tunnel of either protocol, with or without a password.
pub fn proxy(data: &[u8]) {
    let mut source = Source(data);
    let urls = ["http://proxy", "http://n4me:s3cret@proxy", "socks5://proxy", "socks5://n4me:s3cret@proxy"];
    let proxy = Proxy::from_url(urls[source.below(4)]).expect("a URL of a proxy");
    let hosts = ["game.example", "192.0.2.7", "[2001:db8::9]"];
    let host = Host::parse(hosts[source.below(3)]).expect("a host");
    let port = [80, 443][source.below(2)];
    let sizes = PieceSizes::read(&mut source);
    let outcomes = sizes.each_ref().map(|sizes| negotiate(Tunnel::new(&proxy, &host, port), source.0, sizes));
    for outcome in &outcomes {
        let context = format!("{outcome:?}, {proxy:?}, {}", source.0.escape_ascii());
        if let Err(error) = &outcome.0 {
            assert!(!error.message.contains("s3cret"), "{context}");
        }
        compare(&outcomes[1], outcome, proxy.scheme, &context);
    }
}

/// Feeds the response in these pieces. Takes the output before each piece.
fn negotiate(mut tunnel: Tunnel, answer: &[u8], sizes: &PieceSizes) -> Outcome {
    let (mut sent, mut fed) = (Vec::new(), 0);
    for piece in sizes.pieces(answer) {
        sent.extend_from_slice(tunnel.output());
        tunnel.written(tunnel.output().len());
        fed += piece.len();
        let result = tunnel.feed(&mut &*piece);
        if result != Ok(false) {
            return (result, fed, sent);
        }
    }
    sent.extend_from_slice(tunnel.output());
    (Ok(false), fed, sent)
}

/// Compares two outcomes. Single bytes never come too early. In a larger piece, the response may come before the request was
/// sent, or bytes may follow the response. In all other cases, the pieces must not change the result.
fn compare(single: &Outcome, other: &Outcome, scheme: ProxyScheme, context: &str) {
    let too_early = "the proxy answered before the request was sent";
    let too_much = "the proxy sent more than its answer";
    match (&single.0, &other.0) {
        (Ok(true), Ok(true)) => assert_eq!(single, other, "{context}"),
        (_, Err(error)) if error.message == too_early => assert_eq!(scheme, ProxyScheme::Socks5, "{context}"),
        (Ok(true), Err(error)) => {
            assert!(error.message.starts_with(too_much) && single.1 < other.1, "{context}");
        }
        (Err(single), Err(other)) => assert_eq!(single, other, "{context}"),
        _ => assert_eq!(single, other, "{context}"),
    }
}

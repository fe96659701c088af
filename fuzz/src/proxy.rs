//! What a proxy says while it is asked for a tunnel, in HTTP and in SOCKS5.

use super::source::{Cuts, Source};
use egret_ws::transport::proxy::{Kind, Proxy, Refusal, Tunnel};
use url::Host;

/// How the asking ended, after how many bytes of the answer, and what was sent.
type Outcome = (Result<bool, Refusal>, usize, Vec<u8>);

/// Feeds the input to a tunnel, in one of the languages, with and without a password.
pub fn proxy(data: &[u8]) {
    let mut source = Source(data);
    let urls = ["http://proxy", "http://n4me:s3cret@proxy", "socks5://proxy", "socks5://n4me:s3cret@proxy"];
    let proxy = Proxy::from_url(urls[source.below(4)]).expect("a URL of a proxy");
    let hosts = ["game.example", "192.0.2.7", "[2001:db8::9]"];
    let host = Host::parse(hosts[source.below(3)]).expect("a host");
    let port = [80, 443][source.below(2)];
    let cuts = Cuts::read(&mut source);
    let outcomes = cuts.each_ref().map(|cuts| ask(Tunnel::new(&proxy, &host, port), source.0, cuts));
    for outcome in &outcomes {
        let context = format!("{outcome:?}, {proxy:?}, {}", source.0.escape_ascii());
        if let Err(refusal) = &outcome.0 {
            assert!(!refusal.message.contains("s3cret"), "{context}");
        }
        compare(&outcomes[1], outcome, proxy.kind, &context);
    }
}

/// Reads what is sent to the proxy as soon as it is there.
fn ask(mut tunnel: Tunnel, answer: &[u8], cuts: &Cuts) -> Outcome {
    let (mut sent, mut fed) = (Vec::new(), 0);
    for piece in cuts.pieces(answer) {
        sent.extend_from_slice(tunnel.output());
        tunnel.written(tunnel.output().len());
        fed += piece.len();
        let result = tunnel.feed(piece);
        if result != Ok(false) {
            return (result, fed, sent);
        }
    }
    sent.extend_from_slice(tunnel.output());
    (Ok(false), fed, sent)
}

/// In single bytes nothing comes too early. In larger pieces the proxy may answer before it was asked, or go on after
/// its answer; otherwise they change nothing.
fn compare(single: &Outcome, other: &Outcome, kind: Kind, context: &str) {
    let too_early = "the proxy answered before it was asked";
    let too_much = "the proxy sent more than its answer";
    match (&single.0, &other.0) {
        (Ok(true), Ok(true)) => assert_eq!(single, other, "{context}"),
        (_, Err(refusal)) if refusal.message == too_early => assert_eq!(kind, Kind::Socks5, "{context}"),
        (Ok(true), Err(refusal)) => {
            assert!(refusal.message.starts_with(too_much) && single.1 < other.1, "{context}");
        }
        (Err(single), Err(other)) => assert_eq!(single, other, "{context}"),
        _ => assert_eq!(single, other, "{context}"),
    }
}

//! Tests for both protocols.

use super::super::{Proxy, ProxyScheme, Tunnel};
use crate::web_url::Host;

#[test]
fn answers_before_the_request_are_refused() {
    let answers: [(&str, &[u8]); 2] =
        [("http://h", b"HTTP/1.1 200 OK\r\n\r\n"), ("socks5://h", &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])];
    for (proxy, answer) in answers {
        let mut tunnel = Tunnel::new(&Proxy::from_url(proxy).unwrap(), &Host::Domain("server".into()), 80);
        assert!(!tunnel.output().is_empty());
        assert_eq!(tunnel.feed(&mut &*answer).unwrap_err().message, "the proxy answered before the request was sent");
    }
}

#[test]
fn no_secret_is_shown() {
    for proxy in ["http://n4me:s3cret@h", "socks5://n4me:s3cret@h"] {
        let proxy = Proxy::from_url(proxy).unwrap();
        let mut tunnel = Tunnel::new(&proxy, &Host::Domain("server".into()), 80);
        if proxy.scheme == ProxyScheme::Socks5 {
            assert_eq!(tunnel.feed(&mut &[5, 2][..]), Ok(false));
            assert!(tunnel.output().ends_with(b"s3cret"));
        }
        assert_eq!(format!("{tunnel:?}"), "Tunnel { .. }");
    }
}

//! SOCKS5.

use super::super::socks5::Negotiation;
use super::super::{Proxy, TunnelError};
use super::{negotiate, refused};
use crate::web_url::Host;

const PLAIN: &str = "socks5://proxy";
const OPEN: &str = "socks5://n4me:s3cret@proxy";
const SERVER: &str = "game.example:443";
const REPLY: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 4, 56];

#[test]
fn a_tunnel_without_authentication() {
    let request = [&[5, 1, 0, 3, 12], &b"game.example"[..], &[1, 187]].concat();
    let (sent, result) = negotiate(PLAIN, SERVER, &[&[5, 0], REPLY]);
    assert_eq!((sent, result), (vec![vec![5, 1, 0], request.clone(), vec![]], Ok(true)));
    // A proxy that requires no authentication does not get the credentials.
    let (sent, result) = negotiate(OPEN, SERVER, &[&[5, 0], REPLY]);
    assert_eq!((sent, result), (vec![vec![5, 2, 0, 2], request, vec![]], Ok(true)));
}

#[test]
fn a_tunnel_with_user_name_and_password() {
    for status_version in [1, 5] {
        let (sent, result) = negotiate(OPEN, SERVER, &[&[5, 2], &[status_version, 0], REPLY]);
        assert_eq!(sent[0], [5, 2, 0, 2]);
        assert_eq!(sent[1], b"\x01\x04n4me\x06s3cret");
        assert_eq!(sent[2][..5], [5, 1, 0, 3, 12]);
        assert_eq!(result, Ok(true));
    }
    let longest = "x".repeat(255);
    let (sent, _) = negotiate(&format!("socks5h://{longest}:@proxy"), SERVER, &[&[5, 2]]);
    assert_eq!(sent[1], [&[1, 255], longest.as_bytes(), &[0]].concat());
}

#[test]
fn each_type_of_address_can_be_requested() {
    let request = |server: &str| negotiate(PLAIN, server, &[&[5, 0]]).0.remove(1);
    assert_eq!(request("192.0.2.7:80"), [5, 1, 0, 1, 192, 0, 2, 7, 0, 80]);
    let address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    assert_eq!(request("[2001:db8::9]:65535"), [&[5, 1, 0, 4], &address[..], &[255, 255]].concat());
    let longest = ["x"; 128].join("."); // 255 bytes
    assert_eq!(request(&format!("{longest}:1"))[3..5], [3, 255]);
    let (status, message) = refused(PLAIN, &format!("{longest}x:1"), &[&[5, 0]]);
    assert_eq!((status, &*message), (0, "the server's name has more than 255 bytes, which SOCKS5 cannot transmit"));
}

#[test]
fn replies_end_after_the_bound_address() {
    let replies: [&[u8]; 5] = [
        REPLY,
        &[5, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0],
        &[5, 0, 9, 3, 3, b'a', b'.', b'b', 0, 0],
        &[5, 0, 0, 3, 0, 0, 0],
        &[&[5, 0, 0, 3, 255], &[b'x'; 257][..]].concat(),
    ];
    for reply in replies {
        assert_eq!(negotiate(PLAIN, SERVER, &[&[5, 0], reply]).1, Ok(true), "{reply:?}");
        assert_eq!(negotiate(PLAIN, SERVER, &[&[5, 0], &reply[..reply.len() - 1]]).1, Ok(false), "{reply:?}");
        let proxy = Proxy::from_url(PLAIN).unwrap();
        let mut negotiation = Negotiation::new(&proxy, &Host::Domain("h".into()), 1, &mut Vec::new());
        assert_eq!(negotiation.feed(&[5, 0], &mut Vec::new()), Ok(false));
        let trailing = negotiation.feed(&[reply, b"x"].concat(), &mut Vec::new());
        assert_eq!(trailing, Err(TunnelError::trailing_bytes(0)), "{reply:?}");
    }
}

#[test]
fn every_refusal_has_its_text() {
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
        (PLAIN, &[&[0, 91, 0, 0]], not_socks), // a refusal of SOCKS4
        (
            PLAIN,
            &[b"HTTP/1.1 400 Bad Request\r\n\r\n"],
            "the proxy's answer is HTTP, not SOCKS5: use http:// in its URL",
        ),
        (
            PLAIN,
            &[&[5, 0xff]],
            "the SOCKS5 proxy requires authentication: put a user name and a password before the host in its URL, \
             socks5://user:password@host:port",
        ),
        (OPEN, &[&[5, 0xff]], "the SOCKS5 proxy requires an authentication other than user name and password"),
        (PLAIN, &[&[5, 2]], "the SOCKS5 proxy chose authentication method 2, which was not offered"),
        (OPEN, &[&[5, 1]], "the SOCKS5 proxy chose authentication method 1, which was not offered"),
        (OPEN, &[&[5, 2], &[1, 1]], "the SOCKS5 proxy did not accept the user name and password of its URL"),
        (OPEN, &[&[5, 2], &[5, 255]], "the SOCKS5 proxy did not accept the user name and password of its URL"),
    ];
    for (proxy, answers, message) in rows {
        assert_eq!(refused(proxy, SERVER, answers), (0, (*message).to_owned()));
    }
}

//! Certificates that are unsuitable, certificates that are trusted because the roots contain them, pins, ALPN, and servers without TLS.

use super::authority::{Issued, Traits, only, self_signed, trusting};
use super::pair::{IDEAL, PROFILES, Pair, acceptor, acceptor_for_clients};
use super::trust::{pin_of, refusal, try_to};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::openssl::error_code;
use crate::transport::tls::{Connector, Settings, read_pins};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{AlpnError, SslVersion};
use openssl::x509::X509VerifyResult;

const NAME: &str = "example.com";
const NAMES: &str = "DNS:example.com";

fn extension(kind: Nid, value: &'static str) -> Traits {
    Traits { extensions: vec![(kind, value)], ..Traits::default() }
}

fn authority(kind: Nid, value: &'static str) -> Traits {
    Traits { is_authority: true, ..extension(kind, value) }
}

/// The certificate of the server, or one of its issuers, is weak or is not intended for this use.
#[test]
fn unsuitable_certificates_are_refused_with_a_certificate_error() {
    let root = Issued::root("root");
    let under = |traits: Traits| root.odd("", &traits).server(NAMES);
    let constrained = |value| under(authority(Nid::NAME_CONSTRAINTS, value));
    let no_authority = |value| under(authority(Nid::BASIC_CONSTRAINTS, value));
    let short = root.odd("", &authority(Nid::BASIC_CONSTRAINTS, "critical,CA:TRUE,pathlen:0"));
    let weak_key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let weak = Traits { key: weak_key, ..Traits::default() };
    let sha1 = Traits { digest: MessageDigest::sha1(), ..Traits::default() };
    let sha1_authority = Traits { digest: MessageDigest::sha1(), is_authority: true, ..Traits::default() };
    let unknown_critical = extension(Nid::ISSUER_ALT_NAME, "critical,DNS:example.com");
    let cases = [
        (root.odd(NAMES, &extension(Nid::EXT_KEY_USAGE, "clientAuth")), "unsuitable certificate purpose"),
        (
            root.odd(NAMES, &extension(Nid::EXT_KEY_USAGE, "codeSigning,emailProtection")),
            "unsuitable certificate purpose",
        ),
        (under(authority(Nid::EXT_KEY_USAGE, "clientAuth")), "unsuitable certificate purpose"),
        (constrained("critical,permitted;DNS:example.org"), "permitted subtree violation"),
        (constrained("critical,excluded;DNS:example.com"), "excluded subtree violation"),
        (no_authority("critical,CA:FALSE"), "invalid CA certificate"),
        (under(authority(Nid::KEY_USAGE, "critical,digitalSignature")), "invalid CA certificate"),
        (short.intermediate("too far").server(NAMES), "path length constraint exceeded"),
        (root.odd(NAMES, &weak), "EE certificate key too weak"),
        (under(Traits { is_authority: true, ..weak.clone() }), "CA certificate key too weak"),
        (root.odd(NAMES, &sha1), "CA signature digest algorithm too weak"),
        (under(sha1_authority), "CA signature digest algorithm too weak"),
        (root.odd(NAMES, &unknown_critical), "unhandled critical extension"),
    ];
    for (server, words) in &cases {
        assert_eq!(error_with_lax_server(&root, server, words), Error::TlsIssuer, "{words}");
    }
}

/// Runs a handshake with a server that accepts its own weak certificate.
fn error_with_lax_server(root: &Issued, server: &Issued, words: &str) -> Error {
    let mut acceptor = openssl::ssl::SslAcceptor::mozilla_intermediate_v5(openssl::ssl::SslMethod::tls()).unwrap();
    acceptor.set_security_level(0);
    acceptor.set_private_key(&server.key).unwrap();
    acceptor.set_certificate(&server.certificate).unwrap();
    server.chain.iter().for_each(|above| acceptor.add_extra_chain_cert(above.clone()).unwrap());
    let failure = Pair::new(&trusting(&[root]), NAME, acceptor, IDEAL).complete_handshake().map(|_| ()).unwrap_err();
    assert!(failure.message.starts_with("the server's certificate is not accepted: "), "{}", failure.message);
    assert!(failure.message.contains(words), "{words}: {}", failure.message);
    failure.error
}

/// Checks every result for which OpenSSL has a text.
#[test]
#[allow(unsafe_code)] // to make a result from a number
fn every_verification_result_is_a_certificate_error() {
    let mut named = 0;
    for number in 1..=200 {
        // SAFETY: the crate only passes the number to OpenSSL, which has a text for any number.
        let text = unsafe { X509VerifyResult::from_raw(number) }.error_string();
        if text.contains("unknown certificate verification error") {
            continue;
        }
        named += 1;
        let expected = match text {
            // OpenSSL 3.6 adds "or the system clock is incorrect".
            text if text.starts_with("certificate has expired") || text.starts_with("certificate is not yet valid") => {
                Error::TlsExpired
            }
            "hostname mismatch" | "IP address mismatch" => Error::TlsHost,
            "unspecified certificate verification error" | "out of memory" => Error::Tls,
            text if text.contains("invalid certificate verification context")
                || text.contains("issuer certificate lookup error") =>
            {
                Error::Tls
            }
            _ => Error::TlsIssuer,
        };
        assert_eq!(error_code(number), expected, "{number}: {text}");
    }
    assert!(named > 60, "{named}");
}

#[test]
fn every_certificate_in_the_roots_is_trusted() {
    let root = Issued::root("root");
    let middle = root.intermediate("middle");
    let server = middle.server(NAMES);
    let bare = Issued { chain: Vec::new(), ..server.clone() };
    // The cases: an intermediate authority without its root; the server's own certificate, self-signed or not.
    assert_eq!(try_to(&trusting(&[&middle]), NAME, &server), Ok(0x0304));
    assert_eq!(try_to(&trusting(&[&middle]), NAME, &bare), Ok(0x0304));
    assert_eq!(try_to(&trusting(&[&server]), NAME, &bare), Ok(0x0304));
    assert_eq!(try_to(&trusting(&[&server]), NAME, &server), Ok(0x0304));
    let myself = self_signed(NAMES);
    assert_eq!(try_to(&trusting(&[&myself]), NAME, &myself), Ok(0x0304));
    let beside = Connector::build(&Settings { only_these_roots: false, ..only(&[&server]) }).unwrap();
    assert_eq!(try_to(&beside, NAME, &bare), Ok(0x0304));
    // All other rules still apply, and no other server of that authority is trusted.
    assert_eq!(refusal(&trusting(&[&server]), "example.org", &bare, "hostname mismatch"), Error::TlsHost);
    let old = middle.server_of_days(NAMES, -10..-2);
    assert_eq!(refusal(&trusting(&[&old]), NAME, &old, "certificate has expired"), Error::TlsExpired);
    let another = middle.server(NAMES);
    assert_eq!(refusal(&trusting(&[&server]), NAME, &another, "unable to"), Error::TlsIssuer);
}

#[test]
fn the_subject_is_not_a_name_of_the_server() {
    let root = Issued::root("root");
    let server = root.odd("", &Traits { common_name: NAME, ..Traits::default() });
    assert_eq!(refusal(&trusting(&[&root]), NAME, &server, "hostname mismatch"), Error::TlsHost);
    let server = root.odd("IP:192.0.2.1", &Traits { common_name: NAME, ..Traits::default() });
    assert_eq!(refusal(&trusting(&[&root]), NAME, &server, "hostname mismatch"), Error::TlsHost);
}

/// A client that has a certificate, and has pinned another key.
#[test]
fn pins_are_checked_before_the_client_certificate_is_sent() {
    let (root, clients) = (Issued::root("root"), Issued::root("clients"));
    let server = root.server(NAMES);
    let identity = Some((clients.server("DNS:player").pkcs12("sesame").into(), "sesame".into()));
    let asking = |max| acceptor_for_clients(&server, &clients, max);
    let right = read_pins(&pin_of(&server)).unwrap();
    for insecure in [false, true] {
        let settings = Settings { identity: identity.clone(), insecure, ..only(&[&root]) };
        let connector = Connector::build(&settings).unwrap();
        for max in [Some(SslVersion::TLS1_2), None] {
            let mut pair = Pair::pinned(&connector, NAME, &[[7; 32]], asking(max), IDEAL);
            let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
            assert_eq!(failure.error, Error::TlsPin, "{}", failure.message);
            assert!(failure.message.contains(&pin_of(&server)), "{}", failure.message);
            assert!(pair.server.accept().is_err());
            assert!(pair.server.ssl().peer_certificate().is_none(), "insecure: {insecure}");
            let mut pair = Pair::pinned(&connector, NAME, &right, asking(max), IDEAL);
            pair.complete_handshake().unwrap();
            assert!(pair.server.ssl().peer_certificate().is_some());
        }
    }
    // A matching pin does not make a certificate trusted.
    let strange = self_signed(NAMES);
    let right = read_pins(&pin_of(&strange)).unwrap();
    let mut pair = Pair::pinned(&trusting(&[&root]), NAME, &right, acceptor(&strange), IDEAL);
    assert_eq!(pair.complete_handshake().map(|_| ()).unwrap_err().error, Error::TlsIssuer);
}

#[test]
fn alpn_offers_http_1_1_unless_it_is_off() {
    let root = Issued::root("root");
    let server = root.server(NAMES);
    let silent = Connector::build(&Settings { alpn: false, ..only(&[&root]) }).unwrap();
    for profile in PROFILES {
        let selecting = |protocol: &'static [u8]| {
            let mut acceptor = acceptor(&server);
            acceptor.set_alpn_select_callback(move |_, offered| {
                assert_eq!(offered, b"\x08http/1.1");
                match protocol {
                    b"" => Err(AlpnError::ALERT_FATAL),
                    _ => Ok(protocol),
                }
            });
            acceptor
        };
        let mut pair = Pair::new(&trusting(&[&root]), NAME, selecting(b"http/1.1"), profile);
        pair.complete_handshake().unwrap();
        assert_eq!(pair.server.ssl().selected_alpn_protocol(), Some(&b"http/1.1"[..]));
        let mut pair = Pair::new(&trusting(&[&root]), NAME, selecting(b"h2"), profile);
        let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
        assert_eq!(failure.error, Error::Tls, "{}", failure.message);
        assert!(failure.message.starts_with("the TLS handshake failed: "), "{}", failure.message);
        let mut pair = Pair::new(&trusting(&[&root]), NAME, selecting(b""), profile);
        let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
        assert!(failure.message.contains("no application protocol"), "{}", failure.message);
        // The client does not use ALPN.
        let mut pair = Pair::new(&silent, NAME, selecting(b""), profile);
        pair.complete_handshake().unwrap();
        // The server does not use ALPN.
        let mut pair = Pair::new(&trusting(&[&root]), NAME, acceptor(&server), profile);
        pair.complete_handshake().unwrap();
        assert_eq!(pair.server.ssl().selected_alpn_protocol(), None);
    }
}

#[test]
fn servers_without_tls_are_reported_whatever_they_send() {
    let connector = Connector::build(&Settings::plain()).unwrap();
    let fails = |sent: &[u8], ends: bool| {
        let mut pair = Pair::new(&connector, NAME, acceptor(&self_signed(NAMES)), IDEAL);
        pair.inject(sent);
        if ends {
            pair.network.borrow_mut().end();
            pair.handshake.stream().unwrap().note_hangup();
        }
        pair.handshake.advance().map(|_| ()).unwrap_err()
    };
    for sent in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"220 mail.example\r\n",
        b"SSH-2.0-x\r\n",
        &[0; 9],
        &[0xff; 300],
        b"\x16\x01\x02xxxxx",
    ] {
        for ends in [false, true] {
            let failure = fails(sent, ends);
            assert_eq!(failure.error, Error::Tls, "{}", failure.message);
            assert!(failure.message.starts_with("the TLS handshake failed: "), "{}", failure.message);
            assert!(
                failure.message.contains("the server does not speak TLS on this port, is ws:// meant?"),
                "{}",
                failure.message
            );
        }
    }
    assert!(fails(b"220 mail.example\r\n", false).message.ends_with(" It sent `220 mail.example`"));
    // These are fewer bytes than the header of a record.
    for (sent, ends) in [(&b"no\n"[..], true), (b"\n", true), (b"no\n", false), (b"\n", false)] {
        let failure = fails(sent, ends);
        assert!(failure.error == Error::Tls && failure.message.contains("is ws:// meant?"), "{}", failure.message);
    }
    let failure = fails(b"", true);
    assert_eq!(failure.error, Error::ConnectionLost);
    assert!(failure.message.contains("if it does not speak TLS on this port, use ws://"), "{}", failure.message);
    // These are incomplete TLS records, and an alert.
    for sent in [&[22][..], &[22, 3], &[22, 3, 3, 0, 100, 2]] {
        let failure = fails(sent, true);
        assert_eq!(failure.error, Error::ConnectionLost);
        assert!(!failure.message.contains("ws://"), "{}", failure.message);
    }
    assert!(!fails(&[21, 3, 3, 0, 2, 2, 40], true).message.contains("ws://"));
    let mut pair = Pair::new(&connector, NAME, acceptor(&self_signed(NAMES)), IDEAL);
    pair.network.borrow_mut().operations_until_failure = Some(1);
    assert_eq!(pair.handshake.advance().map(|_| ()).unwrap_err().error, Error::ConnectionLost);
}

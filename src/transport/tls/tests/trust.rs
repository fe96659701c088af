//! Tests which certificates are trusted, and the errors of those that are not.

use super::authority::{Issued, only, self_signed, trusting};
use super::pair::{IDEAL, PROFILES, Pair, acceptor, acceptor_for_clients};
use crate::error::Error;
use crate::transport::tls::{Connector, Settings, TlsError, read_pins};
use base64ct::{Base64, Encoding};
use openssl::hash::{MessageDigest, hash};
use openssl::ssl::SslVersion;
use std::process::Command;

/// Makes a handshake with a server that has this certificate. Returns the version, or the failure.
pub fn try_to(connector: &Connector, name: &str, server: &Issued) -> Result<u32, TlsError> {
    Pair::new(connector, name, acceptor(server), IDEAL).complete_handshake().map(|tls| tls.version())
}

pub fn refusal(connector: &Connector, name: &str, server: &Issued, text: &str) -> Error {
    let failure = try_to(connector, name, server).unwrap_err();
    assert!(failure.message.contains(text) && !failure.message.contains(".c:"), "{}", failure.message);
    assert_eq!(failure.os_error, 0);
    failure.error
}

#[test]
fn a_valid_certificate_is_accepted_over_every_network() {
    let root = Issued::root("root");
    let server = root.server("DNS:example.com");
    let connector = trusting(&[&root]);
    for profile in PROFILES {
        let mut pair = Pair::new(&connector, "example.com", acceptor(&server), profile);
        assert!(pair.handshake.stream().is_some());
        assert_eq!(pair.complete_handshake().map(|tls| tls.version()), Ok(0x0304), "{profile:?}");
        assert!(pair.handshake.stream().is_none());
        assert_eq!(pair.handshake.advance().map(|_| ()).unwrap_err().error, Error::Internal, "the handshake is over");
    }
}

#[test]
fn the_version_is_returned() {
    let root = Issued::root("root");
    let server = root.server("DNS:example.com");
    let connector = trusting(&[&root]);
    let with = |connector: &Connector, max, groups: &str| {
        let mut acceptor = acceptor(&server);
        acceptor.set_max_proto_version(max).unwrap();
        acceptor.set_groups_list(groups).unwrap();
        Pair::new(connector, "example.com", acceptor, IDEAL).complete_handshake().map(|tls| tls.version())
    };
    assert_eq!(with(&connector, Some(SslVersion::TLS1_2), "P-256"), Ok(0x0303));
    assert_eq!(with(&connector, None, "X25519"), Ok(0x0304));
    assert_eq!(with(&connector, None, "P-521"), Ok(0x0304), "after a HelloRetryRequest");
    let new_only = Connector::build(&Settings { min_version: 0x0304, ..only(&[&root]) }).unwrap();
    assert_eq!(with(&new_only, None, "P-256"), Ok(0x0304));
    assert_eq!(with(&new_only, Some(SslVersion::TLS1_2), "P-256").unwrap_err().error, Error::Tls);
}

#[test]
fn dates_are_checked() {
    let root = Issued::root("root");
    let connector = trusting(&[&root]);
    let expired = root.server_of_days("DNS:example.com", -10..-2);
    assert_eq!(refusal(&connector, "example.com", &expired, "certificate has expired"), Error::TlsExpired);
    let early = root.server_of_days("DNS:example.com", 2..10);
    assert_eq!(refusal(&connector, "example.com", &early, "certificate is not yet valid"), Error::TlsExpired);
}

#[test]
fn names_and_addresses_are_checked() {
    let root = Issued::root("root");
    let connector = trusting(&[&root]);
    let server = root.server("DNS:example.com, DNS:*.wild.example, IP:127.0.0.1, IP:fe80::1, DNS:10.0.0.1");
    for name in
        ["example.com", "EXAMPLE.com", "example.com.", "a.wild.example", "127.0.0.1", "fe80::1", "fe80:0::1%eth0"]
    {
        assert_eq!(try_to(&connector, name, &server), Ok(0x0304), "{name}");
    }
    for name in ["www.example.com", "com", "example.org", "wild.example", "a.b.wild.example"] {
        assert_eq!(refusal(&connector, name, &server, "hostname mismatch"), Error::TlsHost, "{name}");
    }
    // An address in the form of a DNS name does not match an address.
    for name in ["127.0.0.2", "::1", "10.0.0.1", "fe80::2%eth0"] {
        assert_eq!(refusal(&connector, name, &server, "IP address mismatch"), Error::TlsHost, "{name}");
    }
    let anonymous = root.server("");
    assert_eq!(refusal(&connector, "example.com", &anonymous, "hostname mismatch"), Error::TlsHost);
}

#[test]
fn names_that_would_disable_the_check_do_not_reach_the_platform() {
    let root = Issued::root("root");
    let server = root.server("DNS:example.com");
    let long = "a".repeat(254);
    let connector = trusting(&[&root]);
    for name in ["", ".", ".com", "example..com", "a\0b", "b\u{fc}cher.example", "*.com", "[::1]", "a%b", &long] {
        let error = refusal(&connector, name, &server, "not a name that a server's certificate can have");
        assert_eq!(error, Error::Tls, "{name}");
    }
}

#[test]
fn an_unknown_issuer_is_refused() {
    let (root, other) = (Issued::root("root"), Issued::root("other"));
    let server = root.server("DNS:example.com");
    let unknown = "unable to get local issuer certificate";
    let system = Connector::build(&Settings::plain()).unwrap();
    assert_eq!(refusal(&trusting(&[&other]), "example.com", &server, unknown), Error::TlsIssuer);
    assert_eq!(refusal(&system, "example.com", &server, unknown), Error::TlsIssuer, "the system does not trust it");
    let myself = self_signed("DNS:example.com");
    assert_eq!(refusal(&trusting(&[&root]), "example.com", &myself, "signed certificate"), Error::TlsIssuer);
    let impostor = Issued::root("root").server("DNS:example.com");
    assert_eq!(refusal(&trusting(&[&root]), "example.com", &impostor, "signature"), Error::TlsIssuer);
}

#[test]
fn extra_roots_are_trusted_in_addition_to_those_of_the_system() {
    let (root, other) = (Issued::root("root"), Issued::root("other"));
    let server = root.server("DNS:example.com");
    let extra = Connector::build(&Settings { only_these_roots: false, ..only(&[&other, &root]) }).unwrap();
    assert_eq!(try_to(&extra, "example.com", &server), Ok(0x0304));
    assert_eq!(try_to(&trusting(&[&other, &root]), "example.com", &server), Ok(0x0304));
    let myself = self_signed("DNS:example.com");
    assert_eq!(try_to(&trusting(&[&myself]), "example.com", &myself), Ok(0x0304));
}

/// The roots of the system come from the file in `SSL_CERT_FILE`, which must be set before the process starts. So this test runs
/// itself again in a child process.
#[test]
fn roots_of_the_system_are_trusted_unless_they_are_excluded() {
    const CHILD: &str = "EGRET_WS_TEST_SYSTEM_ROOT";
    let Some(pkcs12) = std::env::var_os(CHILD) else {
        let root = Issued::root("system");
        let scratch = |name| std::env::temp_dir().join(format!("egret-ws-{}-{name}", std::process::id()));
        let (pem, pkcs12) = (scratch("root.pem"), scratch("root.p12"));
        std::fs::write(&pem, root.pem()).unwrap();
        std::fs::write(&pkcs12, root.pkcs12("")).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "transport::tls::tests::trust::roots_of_the_system_are_trusted_unless_they_are_excluded"])
            .envs([(CHILD, &pkcs12), ("SSL_CERT_FILE", &pem)])
            .output()
            .unwrap();
        for file in [pem, pkcs12] {
            std::fs::remove_file(file).unwrap();
        }
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && output.contains("1 passed"),
            "{output}{}",
            String::from_utf8_lossy(&child.stderr)
        );
        return;
    };
    let root = Issued::from_pkcs12(&std::fs::read(pkcs12).unwrap(), "");
    let server = root.server("DNS:example.com");
    let other = Issued::root("other");
    let unknown = "unable to get local issuer certificate";
    assert_eq!(try_to(&Connector::build(&Settings::plain()).unwrap(), "example.com", &server), Ok(0x0304));
    let beside = Settings { only_these_roots: false, ..only(&[&other]) };
    assert_eq!(try_to(&Connector::build(&beside).unwrap(), "example.com", &server), Ok(0x0304));
    assert_eq!(refusal(&trusting(&[&other]), "example.com", &server, unknown), Error::TlsIssuer);
    let identity = Some((other.pkcs12("").into(), "".into()));
    let known = Connector::build(&Settings { identity, ..only(&[&other]) }).unwrap();
    assert_eq!(refusal(&known, "example.com", &server, unknown), Error::TlsIssuer, "also with an identity");
}

#[test]
fn the_server_must_send_intermediate_certificates() {
    let root = Issued::root("root");
    let server = root.intermediate("middle").server("DNS:example.com");
    assert_eq!(try_to(&trusting(&[&root]), "example.com", &server), Ok(0x0304));
    let alone = Issued { chain: Vec::new(), ..server };
    let unknown = "unable to get local issuer certificate";
    assert_eq!(refusal(&trusting(&[&root]), "example.com", &alone, unknown), Error::TlsIssuer);
}

#[test]
fn insecure_accepts_any_certificate_but_pins_are_checked() {
    let insecure = Connector::build(&Settings { insecure: true, ..Settings::plain() }).unwrap();
    for server in [self_signed("DNS:other"), Issued::root("root").server_of_days("IP:::1", -10..-2)] {
        for name in ["example.com", "127.0.0.1"] {
            let mut pair = Pair::new(&insecure, name, acceptor(&server), IDEAL);
            let tls = pair.complete_handshake().unwrap();
            assert_eq!(tls.check_pins(&read_pins(&pin_of(&server)).unwrap()), Ok(()));
            assert_eq!(tls.check_pins(&[[0; 32]]).unwrap_err().error, Error::TlsPin);
        }
    }
}

/// Returns the pin of a certificate, calculated with other functions.
pub fn pin_of(issued: &Issued) -> String {
    let key = issued.certificate.public_key().unwrap().public_key_to_der().unwrap();
    format!("sha256/{}", Base64::encode_string(&hash(MessageDigest::sha256(), &key).unwrap()))
}

#[test]
fn the_key_must_match_one_of_the_pins() {
    let root = Issued::root("root");
    let server = root.intermediate("middle").server("DNS:example.com");
    let tls = Pair::new(&trusting(&[&root]), "example.com", acceptor(&server), IDEAL).complete_handshake().unwrap();
    let other = pin_of(&self_signed("DNS:example.com"));
    let check = |list: &str| tls.check_pins(&read_pins(list).unwrap());
    assert_eq!(tls.check_pins(&[]), Ok(()));
    assert_eq!(check(&pin_of(&server)), Ok(()));
    assert_eq!(check(&format!("{other},{}", pin_of(&server))), Ok(()));
    let failure = check(&format!("{other}, {}", pin_of(&root))).unwrap_err();
    assert_eq!(failure.error, Error::TlsPin);
    assert!(failure.message.contains(&pin_of(&server)), "the text has the pin of the server: {}", failure.message);
}

#[test]
fn a_client_certificate_is_sent_with_its_chain() {
    let (root, clients) = (Issued::root("root"), Issued::root("clients"));
    let server = root.server("DNS:example.com");
    let client = clients.intermediate("department").server("DNS:player");
    let asking = |max| acceptor_for_clients(&server, &clients, max);
    let identity = Some((client.pkcs12("s\u{e9}same").into(), "s\u{e9}same".into()));
    let known = Connector::build(&Settings { identity, ..only(&[&root]) }).unwrap();
    let unknown = trusting(&[&root]);
    for max in [Some(SslVersion::TLS1_2), None] {
        let mut pair = Pair::new(&known, "example.com", asking(max), IDEAL);
        pair.complete_handshake().unwrap();
        let shown = pair.server.ssl().peer_certificate().expect("the client shows its certificate");
        assert_eq!(shown.to_der().unwrap(), client.certificate.to_der().unwrap());
    }
    // Without a certificate, TLS 1.2 fails in the handshake. In TLS 1.3 the handshake of the client is complete before the server
    // refuses.
    let mut pair = Pair::new(&unknown, "example.com", asking(Some(SslVersion::TLS1_2)), IDEAL);
    let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::Tls);
    assert!(failure.message.contains("alert handshake failure"), "{}", failure.message);
    let mut pair = Pair::new(&unknown, "example.com", asking(None), IDEAL);
    let mut tls = pair.complete_handshake().unwrap();
    let error = pair.read(&mut tls, 1, &mut [0; 100]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("alert certificate required"), "{error}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let root = Issued::root("root");
    let fails = |settings: Settings, text: &str| {
        let error = Connector::build(&settings).map(|_| ()).unwrap_err();
        assert!(error.message.contains(text), "{error:?}");
    };
    let roots = |roots: &[u8]| Settings { roots: roots.to_vec(), ..Settings::plain() };
    fails(Settings { only_these_roots: true, ..Settings::plain() }, "`tls_roots` are trusted, but it is empty");
    fails(roots(b"x"), "`tls_roots` cannot be used: it has no `-----BEGIN CERTIFICATE-----`");
    fails(roots(&root.key.private_key_to_pem_pkcs8().unwrap()), "it has no `-----BEGIN CERTIFICATE-----`");
    let garbage = [&root.pem()[..], b"-----BEGIN CERTIFICATE-----AQID-----END CERTIFICATE-----"].concat();
    fails(roots(&garbage), "`tls_roots` cannot be used: certificate 2 is invalid: ");
    let identity = |pkcs12: &[u8], password: &str| {
        let identity = Some((pkcs12.to_vec().into(), password.into()));
        let settings = Settings { identity, ..Settings::plain() };
        assert!(!format!("{settings:?}").contains("sesame"), "the password is not shown");
        settings
    };
    let right = root.pkcs12("sesame");
    assert!(Connector::build(&identity(&right, "sesame")).is_ok());
    fails(identity(&right, "Sesame"), "`tls_identity_password` is not the password of `tls_identity`");
    fails(identity(&right, ""), "`tls_identity_password` is not the password of `tls_identity`");
    fails(identity(&right, "a\0b"), "`tls_identity_password` contains a NUL");
    fails(identity(&root.pem(), "sesame"), "`tls_identity` cannot be used");
    fails(identity(&right[..right.len() / 2], "sesame"), "`tls_identity` cannot be used");
    let mut keyless = openssl::pkcs12::Pkcs12::builder();
    let keyless = keyless.cert(&root.certificate).build2("sesame").unwrap().to_der().unwrap();
    fails(identity(&keyless, "sesame"), "`tls_identity` cannot be used");
}

#[test]
fn connectors_and_settings_are_send_and_sync() {
    fn is_shared<T: Clone + Send + Sync>() {}
    is_shared::<Connector>();
    is_shared::<Settings>();
}

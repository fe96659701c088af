//! The check of certificates by the operating system. A [`Judge`] of the tests replaces the system. The judge decides, not
//! OpenSSL.

use super::authority::{Issued, only, self_signed, trusting};
use super::pair::{IDEAL, PROFILES, Pair, acceptor, acceptor_for_clients, server};
use super::trust::pin_of;
use crate::error::Error;
use crate::transport::tls::openssl::backend;
use crate::transport::tls::openssl::system_trust::{Judge, SystemTrust};
use crate::transport::tls::{Connector, Settings, TlsError, backends, pem, read_pins};
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslVersion};
use parking_lot::Mutex;
use std::sync::Arc;

const NAME: &str = "example.com";

type Verdict = Result<Vec<Vec<u8>>, TlsError>;
/// The certificates and the name of each check.
type Asked = Mutex<Vec<(Vec<Vec<u8>>, String)>>;

struct Fake<F> {
    asked: Arc<Asked>,
    verdict: F,
}

impl<F: Fn(&[Vec<u8>]) -> Verdict + Send + Sync> Judge for Fake<F> {
    fn check(&self, chain: &[Vec<u8>], name: &str) -> Verdict {
        self.asked.lock().push((chain.to_vec(), name.to_owned()));
        (self.verdict)(chain)
    }
}

/// Makes a connector whose certificates are checked by `verdict`, and a list of the calls of `verdict`.
fn judged_with(
    settings: &Settings,
    verdict: impl Fn(&[Vec<u8>]) -> Verdict + Send + Sync + 'static,
) -> (Connector, Arc<Asked>) {
    let asked = Arc::<Asked>::default();
    let trust = SystemTrust(Arc::new(Fake { asked: Arc::clone(&asked), verdict }));
    let roots = if settings.roots.is_empty() { Vec::new() } else { pem::certificates(&settings.roots).unwrap() };
    let sources = backend::Sources::read(settings);
    let library = backend::Connector::checked_by(Some(trust), settings, &roots, &sources, &|| true).unwrap();
    (Connector { backend: backends::Connector::Library(library), infos: Arc::default() }, asked)
}

fn judged(verdict: impl Fn(&[Vec<u8>]) -> Verdict + Send + Sync + 'static) -> (Connector, Arc<Asked>) {
    judged_with(&Settings::plain(), verdict)
}

fn accept(chain: &[Vec<u8>]) -> Verdict {
    Ok(chain.to_vec())
}

fn refuse(error: Error, os_error: i32) -> impl Fn(&[Vec<u8>]) -> Verdict + Send + Sync {
    move |_| Err(TlsError { error, os_error, message: "no".into() })
}

fn der(issued: &Issued) -> Vec<Vec<u8>> {
    let chain = [std::slice::from_ref(&issued.certificate), &issued.chain].concat();
    chain.iter().map(|certificate| certificate.to_der().unwrap()).collect()
}

fn with_max(issued: &Issued, max: Option<SslVersion>) -> SslAcceptorBuilder {
    let mut acceptor = acceptor(issued);
    acceptor.set_max_proto_version(max).unwrap();
    acceptor.set_session_id_context(b"test").unwrap();
    acceptor
}

#[test]
fn certificates_that_openssl_would_refuse_are_accepted() {
    let root = Issued::root("root");
    let servers = [
        self_signed("DNS:example.com"),
        root.intermediate("between").server("DNS:example.com"),
        root.server("DNS:other.example"),
        root.server_of_days("DNS:example.com", -10..-2),
    ];
    for issued in &servers {
        assert!(
            super::trust::try_to(&trusting(&[&Issued::root("other")]), NAME, issued).is_err(),
            "OpenSSL refuses the certificate"
        );
        for max in [Some(SslVersion::TLS1_2), None] {
            for (name, checked) in [(NAME, NAME), ("example.com.", NAME), ("127.0.0.1", "127.0.0.1")] {
                let (connector, asked) = judged(accept);
                let mut pair = Pair::new(&connector, name, with_max(issued, max), IDEAL);
                pair.complete_handshake().unwrap();
                assert_eq!(
                    *asked.lock(),
                    [(der(issued), checked.to_owned())],
                    "the judge is asked once, about all certificates"
                );
            }
        }
    }
}

#[test]
fn certificates_that_openssl_would_accept_are_refused() {
    let root = Issued::root("root");
    let issued = root.server("DNS:example.com");
    for (error, os_error, text, alert) in [
        (Error::TlsExpired, -67818, "the server's certificate is not accepted: no", "certificate expired"),
        (Error::TlsHost, -67602, "the server's certificate is not accepted: no", "bad certificate"),
        (Error::TlsIssuer, -67843, "the server's certificate is not accepted: no", "unknown ca"),
        (Error::Tls, -108, "the TLS handshake failed: no", "handshake failure"),
    ] {
        for profile in PROFILES {
            for max in [Some(SslVersion::TLS1_2), None] {
                let settings = only(&[&root]);
                let (connector, asked) = judged_with(&settings, refuse(error, os_error));
                let mut pair = Pair::new(&connector, NAME, with_max(&issued, max), profile);
                let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
                assert_eq!(failure, TlsError { error, os_error, message: text.into() });
                assert_eq!(asked.lock().len(), 1);
                let info = pair.handshake.info().unwrap();
                assert_eq!(info.chain.to_vec(), der(&issued), "the host can read the refused certificates");
                // Over other networks, parts of the alert may still wait in the output buffer.
                if profile.max_transfer == IDEAL.max_transfer {
                    let seen = pair.server.accept().unwrap_err().to_string();
                    assert!(seen.contains(alert), "{error:?}: the server sees {seen}");
                }
            }
        }
    }
}

/// A server that asks for the certificate of this side does not get it before the server's own certificate was accepted.
#[test]
fn a_refused_server_gets_no_certificate_of_this_side() {
    let (root, clients) = (Issued::root("root"), Issued::root("clients"));
    let issued = root.server("DNS:example.com");
    let identity = Some((clients.server("DNS:player").pkcs12("").into(), "".into()));
    let settings = Settings { identity, ..Settings::plain() };
    for max in [Some(SslVersion::TLS1_2), None] {
        for (is_accepted, verdict) in [(true, Error::Tls), (false, Error::TlsIssuer)] {
            let (connector, _) =
                judged_with(
                    &settings,
                    move |chain| if is_accepted { accept(chain) } else { refuse(verdict, 0)(chain) },
                );
            let mut pair = Pair::new(&connector, NAME, acceptor_for_clients(&issued, &clients, max), IDEAL);
            assert_eq!(pair.complete_handshake().is_ok(), is_accepted);
            assert_eq!(pair.server.ssl().peer_certificate().is_some(), is_accepted);
        }
    }
}

#[test]
fn pins_are_checked_too() {
    let issued = self_signed("DNS:example.com");
    let pin = read_pins(&pin_of(&issued)).unwrap();
    let outcome = |verdict: fn(&[Vec<u8>]) -> Verdict, pins: &[[u8; 32]]| {
        let (connector, _) = judged(verdict);
        let mut pair = Pair::pinned(&connector, NAME, pins, acceptor(&issued), IDEAL);
        pair.complete_handshake().map(|_| ()).map_err(|failure| (failure.error, failure.message))
    };
    assert_eq!(outcome(accept, &pin), Ok(()));
    assert_eq!(outcome(accept, &[[0; 32], pin[0]]), Ok(()));
    let (error, message) = outcome(accept, &[[0; 32]]).unwrap_err();
    assert!(error == Error::TlsPin && message.contains(&pin_of(&issued)), "{message}");
    assert_eq!(outcome(|chain| refuse(Error::TlsHost, 0)(chain), &pin).unwrap_err().0, Error::TlsHost);
}

/// A judge that panics trusts nothing, and does not end the process.
#[test]
fn a_panic_of_the_judge_refuses_the_server() {
    let issued = self_signed("DNS:example.com");
    let (connector, _) = judged(|_| panic!("the judge panics"));
    let failure = Pair::new(&connector, NAME, acceptor(&issued), IDEAL).complete_handshake().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::TlsIssuer);
}

fn is_resumed(connector: &Connector, acceptor: &SslAcceptor) -> bool {
    let mut pair = Pair::with(connector, &server(NAME), acceptor, IDEAL);
    let mut tls = pair.complete_handshake().unwrap();
    pair.server.ssl_write(b"x").unwrap();
    pair.read(&mut tls, 1, &mut [0; 100]).unwrap();
    let _ = pair.server.shutdown();
    tls.info().is_resumed
}

#[test]
fn sessions_are_resumed_without_another_check() {
    let issued = self_signed("DNS:example.com");
    for max in [Some(SslVersion::TLS1_2), None] {
        let acceptor = with_max(&issued, max).build();
        let (connector, asked) = judged(accept);
        assert!(!is_resumed(&connector, &acceptor));
        for _ in 0..3 {
            assert!(is_resumed(&connector, &acceptor));
        }
        assert_eq!(asked.lock().len(), 1);
    }
}

/// The certificates that the check has used decide, not those that the server has sent.
#[test]
fn a_session_ends_with_the_first_certificate_of_the_trusted_chain() {
    let issued = self_signed("DNS:example.com");
    let root = Issued::root("root");
    // A judge may use a better certificate, but this one uses a certificate that has ended.
    let ended = root.server_of_days("DNS:between", -2..0);
    let is_kept = |chain: Vec<Vec<u8>>| {
        let acceptor = with_max(&issued, None).build();
        let (connector, _) = judged(move |_| Ok(chain.clone()));
        assert!(!is_resumed(&connector, &acceptor));
        is_resumed(&connector, &acceptor)
    };
    assert!(is_kept(der(&issued)));
    assert!(is_kept(vec![b"no certificate".to_vec()]), "only the server's own certificate is known");
    assert!(is_kept([der(&issued), der(&root)].concat()));
    assert!(!is_kept([der(&issued), der(&ended)].concat()));
}

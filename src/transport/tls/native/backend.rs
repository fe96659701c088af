//! TLS with native-tls.

use super::super::buffered_stream::BufferedStream;
use super::super::destination::Destination;
use super::super::handshake_step::HandshakeStep;
use super::super::pins::Pin;
use super::super::settings::{IdentityProblem, Settings, bad_identity, bad_root, unusable};
use super::super::tls_info::{Chain, TlsInfo, bounded_chain};
use super::error_code;
use crate::transport::Transport;
use native_tls::{Certificate, HandshakeError, Identity, MidHandshakeTlsStream, Protocol, TlsConnector, TlsStream};
use std::io::{self, Read, Write};

/// There is nothing to read, because the platform reads its certificates itself.
pub struct Sources;

impl Sources {
    pub fn read(_: &Settings) -> Sources {
        Sources
    }
}

/// Does nothing: the platform keeps no data of a thread that must be freed.
pub fn leave_thread() {}

/// Does nothing: the platform does not clean up when the process ends.
pub fn watch_exit() {}

/// The platform reads all available bytes, which may include the next record.
pub const READS_SINGLE_RECORDS: bool = false;

type Step<S> = HandshakeStep<Stream<S>, MidHandshake<S>>;

/// There is nothing to store, because native-tls resumes no sessions: it has a new identity for each connection.
pub struct Resumption;

impl Resumption {
    pub fn fail(&mut self) {}
}

#[derive(Clone)]
pub struct Connector(TlsConnector);

impl Connector {
    /// Makes a connector. `roots` are the certificates of the settings, in DER.
    pub fn build(
        settings: &Settings,
        roots: &[Vec<u8>],
        _: &Sources,
        _: &dyn Fn() -> bool,
    ) -> Result<Connector, String> {
        let mut builder = TlsConnector::builder();
        for (at, root) in roots.iter().enumerate() {
            builder.add_root_certificate(Certificate::from_der(root).map_err(|error| bad_root(at, error))?);
        }
        if let Some((pkcs12, password)) = &settings.identity {
            builder.identity(read_identity(pkcs12, password)?);
        }
        builder
            .disable_built_in_roots(settings.only_these_roots)
            .min_protocol_version(Some(if settings.needs_tls_1_3() { Protocol::Tlsv13 } else { Protocol::Tlsv12 }))
            .danger_accept_invalid_certs(settings.insecure)
            .danger_accept_invalid_hostnames(settings.insecure);
        if settings.alpn {
            builder.request_alpns(&["http/1.1"]);
        }
        builder.build().map(Connector).map_err(unusable)
    }

    /// Returns this connector itself, because it keeps no sessions.
    pub fn without_sessions(&self) -> Connector {
        self.clone()
    }

    pub fn resumption(&self, _: &Destination<'_>) -> Resumption {
        Resumption
    }

    /// Ignores the pins, because native-tls has no callback for them. The caller checks them after the handshake.
    pub fn connect<S: Read + Write>(&self, name: &str, _: &[Pin], _: &mut Resumption, stream: S) -> Step<S> {
        step(self.0.connect(name, stream))
    }
}

#[cfg(not(target_vendor = "apple"))]
fn read_identity(pkcs12: &[u8], password: &str) -> Result<Identity, String> {
    Identity::from_pkcs12(pkcs12, password).map_err(identity_error)
}

/// On Apple systems native-tls panics if the PKCS#12 file has no key.
#[cfg(target_vendor = "apple")]
fn read_identity(pkcs12: &[u8], password: &str) -> Result<Identity, String> {
    match std::panic::catch_unwind(|| Identity::from_pkcs12(pkcs12, password)) {
        Ok(result) => result.map_err(identity_error),
        Err(_) => Err(bad_identity(IdentityProblem::Other, "it contains no private key with a certificate")),
    }
}

/// Describes an error. It is classified by its text, because native-tls has no public error number: `errSecAuthFailed` and
/// `errSecPkcs12VerifyFailure` on Apple systems, `ERROR_INVALID_PASSWORD` on Windows.
fn identity_error(error: native_tls::Error) -> String {
    let text = error.to_string();
    let is_password = ["passphrase", "MAC verification", "(os error 86)"].iter().any(|part| text.contains(part));
    let problem = match is_password {
        true => IdentityProblem::WrongPassword,
        false if text.contains("unsupported") => IdentityProblem::Unsupported,
        false => IdentityProblem::Other,
    };
    bad_identity(problem, text)
}

fn step<S>(result: Result<TlsStream<S>, HandshakeError<S>>) -> Step<S> {
    match result {
        Ok(stream) => HandshakeStep::Done(Stream(stream)),
        Err(HandshakeError::WouldBlock(mid)) => HandshakeStep::Waiting(MidHandshake(mid)),
        Err(HandshakeError::Failure(error)) => {
            HandshakeStep::Failed(error_code::handshake_error(&error), TlsInfo::default())
        }
    }
}

pub struct MidHandshake<S>(MidHandshakeTlsStream<S>);

impl<S: Read + Write> MidHandshake<S> {
    pub fn advance(self, _: &Resumption) -> Step<S> {
        step(self.0.handshake())
    }

    /// Returns no facts, because native-tls reports nothing before the end of the handshake.
    pub fn info(&self, _: &Resumption) -> TlsInfo {
        TlsInfo::default()
    }

    pub fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }
}

pub struct Stream<S>(TlsStream<S>);

impl<S> Stream<S> {
    pub fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub fn get_ref(&self) -> &S {
        self.0.get_ref()
    }
}

impl<S: Transport> Stream<BufferedStream<S>> {
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Sends close_notify.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown()
    }

    /// Returns the server's certificate, in DER.
    fn certificate(&self) -> Option<Vec<u8>> {
        self.0.peer_certificate().ok()??.to_der().ok()
    }

    /// Returns how TLS was set up. native-tls does not report the cipher, and reports only the server's own certificate.
    pub fn info(&self, _: &Resumption) -> TlsInfo {
        let alpn = self.0.negotiated_alpn().ok().flatten().unwrap_or_default();
        TlsInfo {
            version: self.get_ref().version(),
            is_resumed: false,
            cipher: String::new(),
            alpn: String::from_utf8_lossy(&alpn).into_owned(),
            chain: bounded_chain(self.certificate().into_iter()),
        }
    }

    /// Does nothing, because there are no sessions.
    pub fn fail_after_handshake(&self) {}

    /// Does nothing, because no sessions are kept.
    pub fn accept(&self, _: &mut Resumption, _: &Chain) {}
}

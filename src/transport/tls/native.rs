//! TLS by native-tls: Secure Transport on Apple's systems, Schannel on Windows.

use super::adapter::Adapter;
use super::failure::TlsError;
use super::handshake::Step;
use super::pins::Pin;
use super::{Settings, bad_identity, bad_root, unusable};
use crate::transport::Transport;
use native_tls::{Certificate, HandshakeError, Identity, MidHandshakeTlsStream, Protocol, TlsConnector, TlsStream};
use std::io::{self, Read, Write};

/// Empty: the platform reads its certificates itself.
pub(super) struct Sources;

impl Sources {
    pub(super) fn read(_: &Settings) -> Sources {
        Sources
    }
}

/// Does nothing: the platform keeps no data of a thread that must be freed.
pub(super) fn leave_thread() {}

/// Does nothing: the platform does not clean up when the process ends.
pub(super) fn watch_exit() {}

#[derive(Clone)]
pub(super) struct Connector(TlsConnector);

impl Connector {
    /// `roots` are the settings' own, in DER.
    pub(super) fn build(
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

    /// Ignores the pins, because native-tls has no callback for them. The caller checks them after the handshake.
    pub(super) fn connect<S: Read + Write>(&self, name: &str, _: &[Pin], stream: S) -> Step<S> {
        step(self.0.connect(name, stream))
    }
}

#[cfg(not(target_vendor = "apple"))]
fn read_identity(pkcs12: &[u8], password: &str) -> Result<Identity, String> {
    Identity::from_pkcs12(pkcs12, password).map_err(bad_identity)
}

/// native-tls panics there at a PKCS#12 file without a key.
#[cfg(target_vendor = "apple")]
fn read_identity(pkcs12: &[u8], password: &str) -> Result<Identity, String> {
    match std::panic::catch_unwind(|| Identity::from_pkcs12(pkcs12, password)) {
        Ok(result) => result.map_err(bad_identity),
        Err(_) => Err(bad_identity("it contains no private key with a certificate")),
    }
}

fn step<S>(result: Result<TlsStream<S>, HandshakeError<S>>) -> Step<S> {
    match result {
        Ok(stream) => Step::Done(Stream(stream)),
        Err(HandshakeError::WouldBlock(mid)) => Step::Waiting(MidHandshake(mid)),
        Err(HandshakeError::Failure(error)) => Step::Failed(TlsError::of_platform(&error)),
    }
}

pub(super) struct MidHandshake<S>(MidHandshakeTlsStream<S>);

impl<S: Read + Write> MidHandshake<S> {
    pub(super) fn advance(self) -> Step<S> {
        step(self.0.handshake())
    }

    pub(super) fn adapter(&mut self) -> &mut S {
        self.0.get_mut()
    }
}

pub(super) struct Stream<S>(TlsStream<S>);

impl<S> Stream<S> {
    pub(super) fn adapter(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub(super) fn adapter_ref(&self) -> &S {
        self.0.get_ref()
    }
}

impl<S: Transport> Stream<Adapter<S>> {
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Sends close_notify.
    pub(super) fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown()
    }

    /// The server's certificate, in DER.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        self.0.peer_certificate().ok()??.to_der().ok()
    }

    /// The protocol that the server selected by ALPN, if it did.
    pub(super) fn protocol(&self) -> Option<Vec<u8>> {
        self.0.negotiated_alpn().ok().flatten()
    }

    /// The version of TLS, such as 0x0304; 0 if it is not known.
    pub(super) fn version(&self) -> u32 {
        self.adapter_ref().version()
    }
}

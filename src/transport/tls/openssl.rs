//! TLS by OpenSSL itself, on Android. native-tls, which is OpenSSL there too, adds the system's roots after all options
//! were read, also where they are not wanted; it reads them anew for each connector, and not where Android 14 has them.

use super::failure::Failure;
use super::handshake::Step;
use super::roots;
use super::{Settings, bad_identity, bad_root, unusable};
use ::openssl::error::ErrorStack;
use ::openssl::pkcs12::Pkcs12;
use ::openssl::ssl::{
    HandshakeError, MidHandshakeSslStream, SslConnector, SslConnectorBuilder, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use ::openssl::x509::store::X509StoreBuilder;
use ::openssl::x509::{X509, X509VerifyResult};
use std::io::{self, Read, Write};

#[derive(Clone)]
pub(super) struct Connector {
    connector: SslConnector,
    insecure: bool,
}

impl Connector {
    /// `roots` are the settings' own, in DER.
    pub(super) fn build(settings: &Settings, roots: &[Vec<u8>]) -> Result<Connector, String> {
        let mut builder = SslConnector::builder(SslMethod::tls()).map_err(unusable)?;
        if settings.only_these_roots {
            builder.set_cert_store(X509StoreBuilder::new().map_err(unusable)?.build());
        } else {
            for root in roots::of_android() {
                builder.cert_store_mut().add_cert(root.clone()).map_err(unusable)?;
            }
        }
        for (at, root) in roots.iter().enumerate() {
            let root = X509::from_der(root).map_err(|error| bad_root(at, error))?;
            builder.cert_store_mut().add_cert(root).map_err(|error| bad_root(at, error))?;
        }
        if let Some((pkcs12, password)) = &settings.identity {
            set_identity(&mut builder, pkcs12, password).map_err(bad_identity)?;
        }
        let min_version = if settings.needs_tls_1_3() { SslVersion::TLS1_3 } else { SslVersion::TLS1_2 };
        builder.set_min_proto_version(Some(min_version)).map_err(unusable)?;
        Ok(Connector { connector: builder.build(), insecure: settings.insecure })
    }

    pub(super) fn connect<S: Read + Write>(&self, name: &str, stream: S) -> Step<S> {
        let mut configuration = match self.connector.configure() {
            Ok(configuration) => configuration.verify_hostname(!self.insecure),
            Err(error) => return Step::Failed(Failure::of_platform(&error)),
        };
        if self.insecure {
            configuration.set_verify(SslVerifyMode::NONE);
        }
        step(configuration.connect(name, stream))
    }
}

/// The certificate, its key, and the certificates between it and its root, the nearest first: PKCS12_parse has them the
/// other way round.
fn set_identity(builder: &mut SslConnectorBuilder, pkcs12: &[u8], password: &str) -> Result<(), String> {
    let text = |error: ErrorStack| error.to_string();
    let parsed = Pkcs12::from_der(pkcs12).and_then(|pkcs12| pkcs12.parse2(password)).map_err(text)?;
    let (Some(certificate), Some(key)) = (parsed.cert, parsed.pkey) else {
        return Err("it has no key with a certificate".into());
    };
    builder.set_certificate(&certificate).map_err(text)?;
    builder.set_private_key(&key).map_err(text)?;
    for certificate in parsed.ca.into_iter().flatten().rev() {
        builder.add_extra_chain_cert(certificate).map_err(text)?;
    }
    Ok(())
}

fn step<S>(result: Result<SslStream<S>, HandshakeError<S>>) -> Step<S> {
    match result {
        Ok(stream) => Step::Done(Stream(stream)),
        Err(HandshakeError::WouldBlock(mid)) => Step::Waiting(MidHandshake(mid)),
        Err(HandshakeError::SetupFailure(error)) => Step::Failed(Failure::of_platform(&error)),
        Err(HandshakeError::Failure(mid)) => {
            // As native-tls spells it.
            Step::Failed(match mid.ssl().verify_result() {
                X509VerifyResult::OK => Failure::of_platform(mid.error()),
                reason => Failure::of_platform(&format!("{} ({reason})", mid.error())),
            })
        }
    }
}

pub(super) struct MidHandshake<S>(MidHandshakeSslStream<S>);

impl<S: Read + Write> MidHandshake<S> {
    pub(super) fn advance(self) -> Step<S> {
        step(self.0.handshake())
    }

    pub(super) fn adapter(&mut self) -> &mut S {
        self.0.get_mut()
    }
}

pub(super) struct Stream<S>(SslStream<S>);

impl<S> Stream<S> {
    pub(super) fn adapter(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub(super) fn adapter_ref(&self) -> &S {
        self.0.get_ref()
    }
}

impl<S: Read + Write> Stream<S> {
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
        match self.0.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }

    /// The server's certificate, in DER.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        self.0.ssl().peer_certificate()?.to_der().ok()
    }
}

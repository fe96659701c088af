//! TLS by OpenSSL: on Linux, Android and the BSDs.

mod gate;
mod roots;
mod verify;

pub(super) use gate::{leave_thread, watch_exit};
#[cfg(test)]
pub(super) use verify::kind as kind_of_refusal;

use super::adapter::Adapter;
use super::failure::TlsError;
use super::handshake::Step;
use super::pins::Pin;
use super::{Settings, bad_identity, bad_root, unusable};
use crate::error::Error;
use crate::transport::Transport;
use ::openssl::error::ErrorStack;
use ::openssl::pkcs12::Pkcs12;
use ::openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslStream, SslVerifyMode, SslVersion,
};
use ::openssl::x509::X509;
use ::openssl::x509::store::X509StoreBuilder;
use gate::{Guarded, Inside};
use roots::Systems;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;
use verify::OtherKey;

/// The cipher suites of TLS 1.2: those of the crate's `SslConnector`, which it took from Python. TLS 1.3 has suites of its own.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// The process is ending, or the loop of the connector was freed.
#[derive(Debug)]
pub(super) struct Stopped;

const STOPPED: &str = "TLS is not available: the process is ending, or the loop was freed";

impl From<Stopped> for String {
    fn from(_: Stopped) -> String {
        STOPPED.into()
    }
}

impl From<Stopped> for io::Error {
    fn from(_: Stopped) -> io::Error {
        io::Error::other(STOPPED)
    }
}

/// Enters OpenSSL, unless the process is ending.
fn enter() -> Result<Inside, Stopped> {
    gate::enter().ok_or(Stopped)
}

/// The system's certificates for a connector.
pub(super) struct Sources {
    systems: Option<Systems>,
}

impl Sources {
    /// Reads the certificates. May block. Does not call OpenSSL.
    pub(super) fn read(settings: &Settings) -> Sources {
        Sources { systems: (!settings.only_these_roots).then(Systems::read) }
    }
}

#[derive(Clone)]
pub(super) struct Connector {
    context: Arc<Guarded<SslContext>>,
    insecure: bool,
}

impl Connector {
    /// `roots` are the settings' own, in DER.
    pub(super) fn build(
        settings: &Settings,
        roots: &[Vec<u8>],
        sources: &Sources,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Connector, String> {
        let _inside = enter()?;
        gate::init();
        let goes_on = &|| goes_on() && !gate::is_closed();
        // Not an `SslConnector`, because that always reads the system's roots.
        let mut builder = SslContextBuilder::new(SslMethod::tls_client()).map_err(unusable)?;
        builder.set_options(SslOptions::ALL | SslOptions::NO_COMPRESSION);
        builder.set_mode(
            SslMode::AUTO_RETRY
                | SslMode::ACCEPT_MOVING_WRITE_BUFFER
                | SslMode::ENABLE_PARTIAL_WRITE
                | SslMode::RELEASE_BUFFERS,
        );
        builder.set_cipher_list(CIPHERS).map_err(unusable)?;
        let min_version = if settings.needs_tls_1_3() { SslVersion::TLS1_3 } else { SslVersion::TLS1_2 };
        builder.set_min_proto_version(Some(min_version)).map_err(unusable)?;
        builder.set_verify(if settings.insecure { SslVerifyMode::NONE } else { SslVerifyMode::PEER });
        if settings.alpn {
            builder.set_alpn_protos(b"\x08http/1.1").map_err(unusable)?;
        }

        let mut store = X509StoreBuilder::new().map_err(unusable)?;
        if let Some(systems) = &sources.systems {
            systems.add_to(&mut store, goes_on)?;
        }
        for (at, root) in roots.iter().enumerate() {
            if !goes_on() {
                return Err(Stopped.into());
            }
            let root = X509::from_der(root).map_err(|error| bad_root(at, error))?;
            store.add_cert(root).map_err(|error| bad_root(at, error))?;
        }
        builder.set_cert_store(store.build());
        if let Some((pkcs12, password)) = &settings.identity {
            set_identity(&mut builder, pkcs12, password).map_err(bad_identity)?;
        }
        Ok(Connector { context: Arc::new(Guarded::new(builder.build())), insecure: settings.insecure })
    }

    pub(super) fn connect<S: Read + Write>(&self, name: &str, pins: &[Pin], stream: S) -> Step<S> {
        let Ok(_inside) = enter() else { return Step::Failed(stopped()) };
        match self.begin(name, pins, stream) {
            Ok(mid) => mid.advance(),
            Err(error) => Step::Failed(TlsError::of_handshake(&error)),
        }
    }

    fn begin<S: Read + Write>(&self, name: &str, pins: &[Pin], stream: S) -> Result<MidHandshake<S>, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        let address = name.parse::<IpAddr>().ok();
        if address.is_none() {
            ssl.set_hostname(name)?;
        }
        let other_key = verify::set_rules(&mut ssl, name, address, self.insecure, pins)?;
        ssl.set_connect_state();
        Ok(MidHandshake { stream: Guarded::new(SslStream::new(ssl, stream)?), other_key })
    }
}

fn stopped() -> TlsError {
    TlsError::new(Error::Tls, Stopped.into())
}

/// Sets the certificate, its key, and the intermediate certificates, the nearest first: PKCS12_parse returns them in the opposite
/// order.
fn set_identity(builder: &mut SslContextBuilder, pkcs12: &[u8], password: &str) -> Result<(), String> {
    let text = |error: ErrorStack| error.to_string();
    let parsed = Pkcs12::from_der(pkcs12).and_then(|pkcs12| pkcs12.parse2(password)).map_err(text)?;
    let (Some(certificate), Some(key)) = (parsed.cert, parsed.pkey) else {
        return Err("it contains no private key with a certificate".into());
    };
    builder.set_certificate(&certificate).map_err(text)?;
    builder.set_private_key(&key).map_err(text)?;
    for certificate in parsed.ca.into_iter().flatten().rev() {
        builder.add_extra_chain_cert(certificate).map_err(text)?;
    }
    Ok(())
}

pub(super) struct MidHandshake<S> {
    stream: Guarded<SslStream<S>>,
    other_key: OtherKey,
}

impl<S: Read + Write> MidHandshake<S> {
    pub(super) fn advance(mut self) -> Step<S> {
        let Ok(_inside) = enter() else { return Step::Failed(stopped()) };
        let error = match self.stream.do_handshake() {
            Ok(()) => return Step::Done(Stream(self.stream)),
            Err(error) => error,
        };
        match error.code() {
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Step::Waiting(self),
            _ => Step::Failed(verify::failure(&error, self.stream.ssl(), &self.other_key)),
        }
    }

    pub(super) fn adapter(&mut self) -> &mut S {
        self.stream.get_mut()
    }
}

pub(super) struct Stream<S>(Guarded<SslStream<S>>);

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
        let _inside = enter()?;
        self.0.read(buffer)
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _inside = enter()?;
        self.0.write(bytes)
    }

    /// Sends close_notify.
    pub(super) fn shutdown(&mut self) -> io::Result<()> {
        let _inside = enter()?;
        match self.0.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }

    /// The server's certificate, in DER.
    pub(super) fn certificate(&self) -> Option<Vec<u8>> {
        let _inside = enter().ok()?;
        self.0.ssl().peer_certificate()?.to_der().ok()
    }

    /// The protocol that the server selected by ALPN, if it did.
    pub(super) fn protocol(&self) -> Option<Vec<u8>> {
        let _inside = enter().ok()?;
        self.0.ssl().selected_alpn_protocol().map(<[u8]>::to_vec)
    }

    /// The version of TLS, such as 0x0304.
    pub(super) fn version(&self) -> u32 {
        let Ok(_inside) = enter() else { return 0 };
        match self.0.ssl().version2() {
            Some(SslVersion::TLS1_3) => 0x0304,
            Some(SslVersion::TLS1_2) => 0x0303,
            _ => 0,
        }
    }
}

//! The connector, the handshake and the stream of OpenSSL.

pub(in super::super) use super::exit_guard::{leave_thread, watch_exit};
#[cfg(feature = "keylog")]
pub(in super::super) use super::keylog::warning as keylog_warning;
pub(in super::super) use super::resumption::Resumption;

use super::super::buffered_stream::BufferedStream;
use super::super::destination::Destination;
use super::super::handshake_step::HandshakeStep;
use super::super::pins::Pin;
use super::super::settings::{IdentityProblem, Settings, bad_identity, bad_root, unusable};
use super::super::tls_error::TlsError;
use super::super::tls_info::{Chain, TlsInfo};
use super::exit_guard::{self, Cancelled, ExitSafe, enter};
use super::info;
#[cfg(feature = "keylog")]
use super::keylog;
use super::resumption;
use super::sessions::Sessions;
use super::system_roots::SystemRoots;
use super::system_trust::SystemTrust;
use super::verify::{self, Refusal};
use crate::error::Error;
use crate::transport::Transport;
use ::openssl::error::ErrorStack;
use ::openssl::pkcs12::Pkcs12;
use ::openssl::ssl::{
    ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslRef, SslStream, SslVerifyMode,
    SslVersion,
};
use ::openssl::x509::X509;
use ::openssl::x509::store::X509StoreBuilder;
use foreign_types::ForeignTypeRef;
use std::ffi::CStr;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

#[allow(unsafe_code)] // the crate does not have them
unsafe extern "C" {
    fn SSL_free_buffers(ssl: *mut openssl_sys::SSL) -> libc::c_int;
    fn SSL_has_pending(ssl: *const openssl_sys::SSL) -> libc::c_int;
    fn SSL_rstate_string(ssl: *const openssl_sys::SSL) -> *const libc::c_char;
}

/// The cipher suites of TLS 1.2. They are those of `SslConnector` in the crate, which come from Python. TLS 1.3 has its own
/// suites.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// OpenSSL reads the bytes of one record at a time.
pub const READS_SINGLE_RECORDS: bool = true;

type Step<S> = HandshakeStep<Stream<S>, MidHandshake<S>>;

/// The certificates of the system for a connector. Apple's systems check certificates themselves.
pub struct Sources {
    system_roots: Option<SystemRoots>,
}

impl Sources {
    /// Reads the certificates. It may block. It does not call OpenSSL.
    pub fn read(settings: &Settings) -> Sources {
        let needs_them = !settings.only_these_roots && !cfg!(target_vendor = "apple");
        Sources { system_roots: needs_them.then(SystemRoots::read) }
    }
}

#[derive(Clone)]
pub struct Connector {
    context: Arc<ExitSafe<SslContext>>,
    sessions: Arc<Sessions>,
    insecure: bool,
    trust: Option<SystemTrust>,
}

impl Connector {
    /// Makes a connector. `roots` are the certificates of the settings, in DER.
    pub fn build(
        settings: &Settings,
        roots: &[Vec<u8>],
        sources: &Sources,
        may_continue: &dyn Fn() -> bool,
    ) -> Result<Connector, String> {
        Connector::checked_by(SystemTrust::of(settings, roots)?, settings, roots, sources, may_continue)
    }

    /// Like [`Connector::build`], but if there is such a check of certificates, it is used instead of OpenSSL's check.
    pub(in super::super) fn checked_by(
        trust: Option<SystemTrust>,
        settings: &Settings,
        roots: &[Vec<u8>],
        sources: &Sources,
        may_continue: &dyn Fn() -> bool,
    ) -> Result<Connector, String> {
        let _entered = enter()?;
        exit_guard::init();
        let may_continue = &|| may_continue() && !exit_guard::is_closed();
        // An `SslConnector` is not used, because it always reads the certificates of the system.
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
        if let Some(system_roots) = &sources.system_roots {
            system_roots.add_to(&mut store, may_continue)?;
        }
        for (at, root) in roots.iter().enumerate() {
            if !may_continue() {
                return Err(Cancelled.into());
            }
            let root = X509::from_der(root).map_err(|error| bad_root(at, error))?;
            store.add_cert(root).map_err(|error| bad_root(at, error))?;
        }
        builder.set_cert_store(store.build());
        if let Some(trust) = &trust {
            trust.prepare(&mut builder);
        }
        resumption::prepare(&mut builder);
        #[cfg(feature = "keylog")]
        keylog::prepare(&mut builder);
        if let Some((pkcs12, password)) = &settings.identity {
            set_identity(&mut builder, pkcs12, password)?;
        }
        let context = Arc::new(ExitSafe::new(builder.build()));
        Ok(Connector { context, sessions: Arc::default(), insecure: settings.insecure, trust })
    }

    /// Returns this connector without its sessions.
    pub fn without_sessions(&self) -> Connector {
        Connector { sessions: Arc::default(), ..self.clone() }
    }

    #[cfg(test)]
    pub fn kept_sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Prepares the resumption of a session with this peer, for one connection.
    pub fn resumption(&self, peer: &Destination<'_>) -> Resumption {
        Resumption::begin(&self.sessions, peer)
    }

    /// Begins a handshake with the server `name`. If there are `pins`, the key of the server must be one of them.
    pub fn connect<S: Read + Write>(
        &self,
        name: &str,
        pins: &[Pin],
        resumption: &mut Resumption,
        stream: S,
    ) -> Step<S> {
        let Ok(_entered) = enter() else { return Step::Failed(cancelled(), TlsInfo::default()) };
        match self.begin(name, pins, resumption, stream) {
            Ok(mid) => mid.advance(resumption),
            Err(error) => Step::Failed(TlsError::of_handshake(&error), TlsInfo::default()),
        }
    }

    fn begin<S: Read + Write>(
        &self,
        name: &str,
        pins: &[Pin],
        resumption: &mut Resumption,
        stream: S,
    ) -> Result<MidHandshake<S>, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        let address = name.parse::<IpAddr>().ok();
        if address.is_none() {
            ssl.set_hostname(name)?;
        }
        let refusal = verify::set_rules(&mut ssl, name, address, self.insecure, self.trust.as_ref(), pins)?;
        resumption.offer(&mut ssl);
        ssl.set_connect_state();
        Ok(MidHandshake { stream: ExitSafe::new(SslStream::new(ssl, stream)?), refusal })
    }
}

fn cancelled() -> TlsError {
    TlsError::new(Error::Tls, Cancelled.into())
}

/// `ERR_LIB_PKCS12` and `PKCS12_R_MAC_VERIFY_FAILURE`: the password is wrong.
const WRONG_PASSWORD: (i32, i32) = (35, 113);

/// Describes an error of PKCS#12. OpenSSL has many numbers for unsupported algorithms, and they differ between versions. Only one
/// word in their texts is always equal.
fn identity_error(error: ErrorStack) -> String {
    let text = error.to_string();
    let is_password = error.errors().iter().any(|error| (error.library_code(), error.reason_code()) == WRONG_PASSWORD);
    let problem = match is_password {
        true => IdentityProblem::WrongPassword,
        false if text.contains("unsupported") => IdentityProblem::Unsupported,
        false => IdentityProblem::Other,
    };
    bad_identity(problem, text)
}

/// Sets the certificate, its key, and the intermediate certificates, with the nearest first. PKCS12_parse returns them in the
/// opposite order.
fn set_identity(builder: &mut SslContextBuilder, pkcs12: &[u8], password: &str) -> Result<(), String> {
    let parsed = Pkcs12::from_der(pkcs12).and_then(|pkcs12| pkcs12.parse2(password)).map_err(identity_error)?;
    let (Some(certificate), Some(key)) = (parsed.cert, parsed.pkey) else {
        return Err(bad_identity(IdentityProblem::Other, "it contains no private key with a certificate"));
    };
    builder.set_certificate(&certificate).map_err(identity_error)?;
    builder.set_private_key(&key).map_err(identity_error)?;
    for certificate in parsed.ca.into_iter().flatten().rev() {
        builder.add_extra_chain_cert(certificate).map_err(identity_error)?;
    }
    Ok(())
}

/// Returns whether OpenSSL has received no part of a record that is not complete, not even of its header.
#[allow(unsafe_code)] // the crate does not have this function
fn is_between_records(ssl: &SslRef) -> bool {
    // SAFETY: the pointer belongs to a live `Ssl`, which no other thread uses. The text is static.
    unsafe {
        let reads_header = CStr::from_ptr(SSL_rstate_string(ssl.as_ptr())) == c"RH";
        reads_header && SSL_has_pending(ssl.as_ptr()) == 0
    }
}

pub struct MidHandshake<S> {
    stream: ExitSafe<SslStream<S>>,
    refusal: Refusal,
}

impl<S: Read + Write> MidHandshake<S> {
    pub fn advance(mut self, resumption: &Resumption) -> Step<S> {
        let Ok(_entered) = enter() else { return Step::Failed(cancelled(), TlsInfo::default()) };
        let error = match self.stream.do_handshake() {
            Ok(()) => return Step::Done(Stream(self.stream)),
            Err(error) => error,
        };
        match error.code() {
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => Step::Waiting(self),
            _ => {
                let failure = verify::failure(&error, self.stream.ssl(), &self.refusal);
                Step::Failed(failure, info::read(self.stream.ssl(), resumption, self.refusal.chain()))
            }
        }
    }

    /// Returns the known facts about the handshake.
    pub fn info(&self, resumption: &Resumption) -> TlsInfo {
        let Ok(_entered) = enter() else { return TlsInfo::default() };
        info::read(self.stream.ssl(), resumption, None)
    }

    pub fn get_mut(&mut self) -> &mut S {
        self.stream.get_mut()
    }
}

pub struct Stream<S>(ExitSafe<SslStream<S>>);

impl<S> Stream<S> {
    pub fn get_mut(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub fn get_ref(&self) -> &S {
        self.0.get_ref()
    }

    #[cfg(test)]
    pub fn is_between_records(&self) -> bool {
        is_between_records(self.0.ssl())
    }
}

impl<S: Transport> Stream<BufferedStream<S>> {
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let _entered = enter()?;
        let result = self.0.read(buffer);
        if self.0.get_ref().is_drained() {
            self.free_buffers();
        }
        result
    }

    /// Frees the buffers of OpenSSL. OpenSSL itself does this after a read and a write, but not after the tickets of a server,
    /// for which it allocates a buffer to write.
    #[inline]
    #[allow(unsafe_code)] // the crate does not have this function
    fn free_buffers(&mut self) {
        if !is_between_records(self.0.ssl()) {
            return;
        }
        // SAFETY: the pointer belongs to a live `Ssl`, which no other thread uses. OpenSSL keeps a buffer with bytes to write.
        // Older versions free a buffer that still contains a part of a record (CVE-2024-4741). Between records there is no such
        // buffer.
        unsafe { SSL_free_buffers(self.0.ssl().as_ptr()) };
    }

    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _entered = enter()?;
        self.0.write(bytes)
    }

    /// Sends close_notify.
    pub fn shutdown(&mut self) -> io::Result<()> {
        let _entered = enter()?;
        match self.0.shutdown() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.into_io_error().unwrap_or_else(io::Error::other)),
        }
    }

    /// Returns how TLS was set up.
    pub fn info(&self, resumption: &Resumption) -> TlsInfo {
        let Ok(_entered) = enter() else { return TlsInfo::default() };
        info::read(self.0.ssl(), resumption, None)
    }

    /// Must be called if the connection was accepted, and has failed before an answer.
    pub fn fail_after_handshake(&self) {
        if let Ok(_entered) = enter() {
            resumption::fail_after_handshake(self.0.ssl());
        }
    }

    /// Must be called when the result of the handshake was accepted: sessions of the server may be kept. `chain` are its
    /// certificates.
    pub fn accept(&self, resumption: &mut Resumption, chain: &Chain) {
        if let Ok(_entered) = enter() {
            resumption.accept(self.0.ssl(), chain);
        }
    }
}

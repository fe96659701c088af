//! A TLS provider over rustls.

use ::egret_ws::*;
use openssl::pkcs12::Pkcs12;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, NamedGroup,
    ProtocolVersion, RootCertStore, SignatureScheme,
};
use std::collections::HashMap;
use std::ffi::CString;
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use test_support::tls_provider::{self, Call, Destination, Facts, Failure, Settings};

pub struct Provider;

impl tls_provider::Provider for Provider {
    fn new_context(&self, settings: &Settings) -> Result<Box<dyn tls_provider::Context>, Failure> {
        Context::new(settings)
            .map(|context| Box::new(context) as Box<_>)
            .map_err(|reason| (EGRET_WS_ERR_TLS_OPTIONS, reason))
    }
}

struct Context {
    config: ClientConfig,
    verifier: Arc<Verifier>,
    kept: Arc<Mutex<Kept>>,
}

impl Context {
    fn new(settings: &Settings) -> Result<Context, String> {
        let crypto = Arc::new(ring::default_provider());
        let only_1_3 = settings.min_version == EGRET_WS_TLS_1_3;
        let versions = if only_1_3 { &[&TLS13][..] } else { &[&TLS13, &TLS12] };
        let mut roots = RootCertStore::empty();
        if !settings.only_these_roots {
            // The places where OpenSSL finds them.
            let path = std::env::var_os("SSL_CERT_FILE").unwrap_or("/etc/ssl/certs/ca-certificates.crt".into());
            let pem = std::fs::read(path).unwrap_or_default();
            let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
            roots.add_parsable_certificates(certificates);
        }
        if !settings.roots.is_empty() {
            let unusable = |why: &dyn std::fmt::Display| format!("`tls_roots` cannot be used: {why}");
            let mut count = 0;
            for root in CertificateDer::pem_slice_iter(&settings.roots) {
                roots.add(root.map_err(|why| unusable(&why))?).map_err(|why| unusable(&why))?;
                count += 1;
            }
            if count == 0 {
                return Err(unusable(&"no certificates"));
            }
        }
        let webpki = match settings.any_certificate {
            true => None,
            false => Some(
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto))
                    .build()
                    .map_err(|why| why.to_string())?,
            ),
        };
        let verifier = Arc::new(Verifier { webpki, crypto: Arc::clone(&crypto), last: Mutex::default() });
        let builder = ClientConfig::builder_with_provider(crypto)
            .with_protocol_versions(versions)
            .map_err(|why| why.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _);
        let mut config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some((pkcs12, password)) => {
                let (chain, key) = identity(pkcs12, password)?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|why| format!("`tls_identity` cannot be used: {why}"))?
            }
        };
        config.alpn_protocols = settings.alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect();
        Ok(Context { config, verifier, kept: Arc::default() })
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// rustls cannot read PKCS#12.
fn identity(pkcs12: &[u8], password: &str) -> Result<Identity, String> {
    let unusable = |why: &dyn std::fmt::Display| format!("`tls_identity` cannot be used: {why}");
    let parsed = Pkcs12::from_der(pkcs12).map_err(|why| unusable(&why))?.parse2(password).map_err(|why| {
        match why.to_string().contains("mac verify failure") {
            true => "`tls_identity_password` is not the password of `tls_identity`".to_owned(),
            false => unusable(&why),
        }
    })?;
    let (Some(own), Some(key)) = (parsed.cert, parsed.pkey) else { return Err(unusable(&"it has no key")) };
    let others = parsed.ca.iter().flatten().map(|certificate| certificate.to_der());
    let chain: Result<Vec<_>, _> = std::iter::once(own.to_der()).chain(others).collect();
    let chain = chain.map_err(|why| unusable(&why))?.into_iter().map(CertificateDer::from).collect();
    let key = key.private_key_to_pkcs8().map_err(|why| unusable(&why))?;
    Ok((chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key))))
}

impl tls_provider::Context for Context {
    fn open(&self, destination: &Destination) -> Result<Box<dyn tls_provider::Session>, Failure> {
        let Destination { host, port, name, is_proxy, .. } = destination;
        let keeper = Arc::new(Keeper {
            kept: Arc::clone(&self.kept),
            peer: format!("{host} {port} {name} {is_proxy}"),
            has_offered: AtomicBool::new(false),
        });
        let mut config = self.config.clone();
        config.resumption = match destination.resumes {
            true => Resumption::store(Arc::clone(&keeper) as _),
            false => Resumption::disabled(),
        };
        let failed = |why: &dyn std::fmt::Display| (EGRET_WS_ERR_TLS, why.to_string());
        let name = ServerName::try_from(name.clone()).map_err(|why| failed(&why))?;
        let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|why| failed(&why))?;
        connection.set_buffer_limit(None);
        let verifier = Arc::clone(&self.verifier);
        Ok(Box::new(Session {
            connection,
            verifier,
            keeper,
            chain: Vec::new(),
            output: Vec::new(),
            has_data: false,
            is_peer_closed: false,
        }))
    }
}

struct Session {
    connection: ClientConnection,
    verifier: Arc<Verifier>,
    keeper: Arc<Keeper>,
    /// The certificates of a full handshake, in DER.
    chain: Vec<u8>,
    /// Records that the library had no room for.
    output: Vec<u8>,
    has_data: bool,
    is_peer_closed: bool,
}

fn failure(error: &Error) -> Failure {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
    };
    let number = match error {
        Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }) => {
            EGRET_WS_ERR_TLS_EXPIRED
        }
        Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => EGRET_WS_ERR_TLS_HOST,
        Error::InvalidCertificate(_) => EGRET_WS_ERR_TLS_ISSUER,
        _ => EGRET_WS_ERR_TLS,
    };
    (number, error.to_string())
}

impl Session {
    fn put_output(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.output).expect("a vector takes everything");
        }
        call.put(&mut self.output);
        self.put_state(call);
        Ok(())
    }

    fn put_state(&self, call: &mut Call<'_>) {
        let has_output = self.connection.wants_write() || !self.output.is_empty();
        call.state |= if self.connection.is_handshaking() { 0 } else { EGRET_WS_TLS_ESTABLISHED };
        call.state |= if has_output { EGRET_WS_TLS_HAS_OUTPUT } else { 0 };
        call.state |= if self.is_peer_closed { EGRET_WS_TLS_PEER_CLOSED } else { 0 };
    }
}

impl tls_provider::Session for Session {
    fn receive(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        let mut input = call.input;
        while !input.is_empty() {
            self.connection.read_tls(&mut input).map_err(|why| (EGRET_WS_ERR_TLS, why.to_string()))?;
        }
        let processed = self.connection.process_new_packets();
        let seen = std::mem::take(&mut *self.verifier.last.lock().expect("no panic"));
        if !seen.is_empty() {
            self.chain = seen;
        }
        self.is_peer_closed |= processed.map_err(|error| failure(&error))?.peer_has_closed();
        match self.connection.reader().read(call.output) {
            Ok(count) => call.output_len = count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        self.has_data |= call.output_len > 0;
        self.put_state(call);
        Ok(())
    }

    fn send(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        self.connection.writer().write_all(call.input).expect("it has no limit");
        self.put_output(call)
    }

    fn close_notify(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        self.connection.send_close_notify();
        self.put_output(call)
    }

    fn facts(&mut self) -> Facts {
        let Some(suite) = self.connection.negotiated_cipher_suite() else { return Facts::default() };
        let is_resumed = self.connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let own = self.connection.peer_certificates().unwrap_or_default().iter().flat_map(|der| der.to_vec());
        let name = suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_");
        Facts {
            version: match self.connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => EGRET_WS_TLS_1_3,
                Some(ProtocolVersion::TLSv1_2) => EGRET_WS_TLS_1_2,
                _ => 0,
            },
            is_resumed: is_resumed.into(),
            cipher: CString::new(name).ok(),
            alpn: self.connection.alpn_protocol().and_then(|protocol| CString::new(protocol).ok()),
            chain: if is_resumed { own.collect() } else { self.chain.clone() },
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The peer may be unable to resume its sessions.
        if self.keeper.has_offered.load(SeqCst) && !self.has_data {
            self.keeper.all().remove(&self.keeper.peer);
        }
    }
}

/// Verifies with webpki, or accepts every certificate, and keeps the certificates of the last peer. Calls of a loop never overlap.
#[derive(Debug)]
struct Verifier {
    webpki: Option<Arc<WebPkiServerVerifier>>,
    crypto: Arc<CryptoProvider>,
    last: Mutex<Vec<u8>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.last.lock().expect("no panic") =
            std::iter::once(own).chain(others).flat_map(|der| der.to_vec()).collect();
        match &self.webpki {
            Some(webpki) => webpki.verify_server_cert(own, others, name, ocsp, now),
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

/// The sessions of a context, for each peer.
type Kept = HashMap<String, KeptOfPeer>;

#[derive(Default)]
struct KeptOfPeer {
    tls12: Option<Tls12ClientSessionValue>,
    tls13: Vec<Tls13ClientSessionValue>,
}

/// The sessions of one peer. rustls distinguishes peers by their names only.
struct Keeper {
    kept: Arc<Mutex<Kept>>,
    peer: String,
    has_offered: AtomicBool,
}

impl Keeper {
    fn all(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no panic")
    }

    fn offered<T>(&self, session: Option<T>) -> Option<T> {
        self.has_offered.fetch_or(session.is_some(), SeqCst);
        session
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.peer)
    }
}

impl ClientSessionStore for Keeper {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.all().entry(self.peer.clone()).or_default().tls12 = Some(session);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.offered(self.all().get(&self.peer).and_then(|kept| kept.tls12.clone()))
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.all().entry(self.peer.clone()).or_default().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, session: Tls13ClientSessionValue) {
        let mut all = self.all();
        let kept = &mut all.entry(self.peer.clone()).or_default().tls13;
        kept.push(session);
        if kept.len() > 8 {
            kept.remove(0);
        }
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.offered(self.all().get_mut(&self.peer).and_then(|kept| kept.tls13.pop()))
    }
}

//! The certificates that the server makes, and its side of TLS.

use super::keys::Keys;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{AlpnError, SslAcceptor, SslMethod, select_next_proto};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 24 * 60 * 60;

/// The certificate of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Valid for a month, for `localhost`, the loopback addresses and the names of the command line.
    Good,
    /// Its dates ended yesterday.
    Expired,
    /// Its only name is `other.example`.
    WrongHost,
    /// It is its own issuer, and the certificate of the authority is this certificate.
    SelfSigned,
}

/// The server's side of TLS.
pub struct Server {
    /// The acceptor for [`super::serve_tls`].
    pub acceptor: SslAcceptor,
    /// The certificate that clients must trust, in PEM.
    pub authority_pem: Vec<u8>,
}

/// Makes keys, an authority, and a certificate that it signs, for the loopback addresses and other names. The keys are never
/// written, so the authority can sign no other certificate.
pub fn server(kind: Kind, names: &[String]) -> Result<Server, ErrorStack> {
    server_with(&Keys::new()?, kind, names)
}

/// Makes a certificate for the server's key, as [`server`] does. The authority of these keys signs it.
pub fn server_with(keys: &Keys, kind: Kind, names: &[String]) -> Result<Server, ErrorStack> {
    let Keys { authority_key, authority, server_key } = keys;
    let is_self_signed = kind == Kind::SelfSigned;
    let (issuer, signing_key) = if is_self_signed { (None, server_key) } else { (Some(authority), authority_key) };
    let certificate = certificate(kind, names, server_key, issuer, signing_key)?;

    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_private_key(server_key)?;
    acceptor.set_certificate(&certificate)?;
    if !is_self_signed {
        acceptor.add_extra_chain_cert(authority.clone())?;
    }
    acceptor.set_alpn_select_callback(|_, offered| select_next_proto(b"\x08http/1.1", offered).ok_or(AlpnError::NOACK));
    let trusted = if is_self_signed { &certificate } else { authority };
    Ok(Server { acceptor: acceptor.build(), authority_pem: trusted.to_pem()? })
}

pub(super) fn key() -> Result<PKey<Private>, ErrorStack> {
    PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)
}

fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

/// Begins a certificate with the parts that all certificates have: a random serial number, names, a key, and dates as days from
/// now.
fn builder(
    subject: &X509Name,
    issuer: &X509Name,
    key: &PKey<Private>,
    days: [i64; 2],
) -> Result<X509Builder, ErrorStack> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64);
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(subject)?;
    builder.set_issuer_name(issuer)?;
    builder.set_pubkey(key)?;
    // A time has 32 bits on some systems.
    builder.set_not_before(&*Asn1Time::from_unix((now + days[0] * DAY) as _)?)?;
    builder.set_not_after(&*Asn1Time::from_unix((now + days[1] * DAY) as _)?)?;
    Ok(builder)
}

pub(super) fn authority(key: &PKey<Private>, days: [i64; 2]) -> Result<X509, ErrorStack> {
    let name = name("egret-ws-echo test authority")?;
    let mut builder = builder(&name, &name, key, days)?;
    builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
    builder.append_extension(identifier)?;
    builder.sign(key, MessageDigest::sha256())?;
    Ok(builder.build())
}

fn certificate(
    kind: Kind,
    names: &[String],
    key: &PKey<Private>,
    issuer: Option<&X509>,
    signing_key: &PKey<Private>,
) -> Result<X509, ErrorStack> {
    let subject = name(if kind == Kind::WrongHost { "other.example" } else { "localhost" })?;
    let days = if kind == Kind::Expired { [-31, -1] } else { [-1, 30] };
    let issuer_name = issuer.map_or(&*subject, |issuer| issuer.subject_name()).to_owned()?;
    let mut builder = builder(&subject, &issuer_name, key, days)?;
    builder.append_extension(BasicConstraints::new().build()?)?;
    builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
    let mut hosts = SubjectAlternativeName::new();
    if kind == Kind::WrongHost {
        hosts.dns("other.example");
    } else {
        hosts.dns("localhost").ip("127.0.0.1").ip("::1");
        for name in names {
            if name.parse::<std::net::IpAddr>().is_ok() {
                hosts.ip(name)
            } else {
                hosts.dns(name)
            };
        }
    }
    let context = builder.x509v3_context(issuer.map(|issuer| &**issuer), None);
    let hosts = hosts.build(&context)?;
    let own_identifier = SubjectKeyIdentifier::new().build(&context)?;
    let identifier = match issuer {
        Some(_) => Some(AuthorityKeyIdentifier::new().keyid(true).build(&context)?),
        None => None,
    };
    builder.append_extension(hosts)?;
    builder.append_extension(own_identifier)?;
    if let Some(identifier) = identifier {
        builder.append_extension(identifier)?;
    }
    builder.sign(signing_key, MessageDigest::sha256())?;
    Ok(builder.build())
}

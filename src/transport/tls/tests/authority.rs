//! An authority that issues certificates for tests.

use crate::transport::tls::{Connector, Settings};
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Extension, X509Name};
use std::ops::Range;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

const DAY: i64 = 24 * 60 * 60;

/// A key with its certificate, and the certificates between it and its root.
#[derive(Clone)]
pub struct Issued {
    pub key: PKey<Private>,
    pub certificate: X509,
    pub chain: Vec<X509>,
}

impl Issued {
    pub fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().unwrap()
    }

    pub fn pkcs12(&self, password: &str) -> Vec<u8> {
        let mut chain = Stack::new().unwrap();
        self.chain.iter().for_each(|certificate| chain.push(certificate.clone()).unwrap());
        let mut builder = Pkcs12::builder();
        builder.pkey(&self.key).cert(&self.certificate).ca(chain);
        builder.build2(password).unwrap().to_der().unwrap()
    }

    pub fn from_pkcs12(der: &[u8], password: &str) -> Issued {
        let parsed = Pkcs12::from_der(der).unwrap().parse2(password).unwrap();
        Issued { key: parsed.pkey.unwrap(), certificate: parsed.cert.unwrap(), chain: Vec::new() }
    }

    /// Makes a root authority.
    pub fn root(name: &str) -> Issued {
        make(name, "", -1..365, None, true)
    }

    /// Makes an authority that this one has issued.
    pub fn intermediate(&self, name: &str) -> Issued {
        make(name, "", -1..365, Some(self), true)
    }

    /// Makes a server's certificate for names such as `DNS:localhost, IP:127.0.0.1`.
    pub fn server(&self, names: &str) -> Issued {
        self.server_of_days(names, -1..30)
    }

    /// Makes a certificate with unusual traits, signed by this authority.
    pub fn odd(&self, names: &str, traits: &Traits) -> Issued {
        make_odd("odd", names, -1..30, Some(self), traits)
    }

    /// Makes a certificate of a server that is valid in this range of days from now.
    pub fn server_of_days(&self, names: &str, days: Range<i64>) -> Issued {
        make("server", names, days, Some(self), false)
    }
}

/// Makes a self-signed certificate of a server.
pub fn self_signed(names: &str) -> Issued {
    make("self", names, -1..30, None, false)
}

/// Traits of a certificate other than names and dates.
#[derive(Clone)]
pub struct Traits {
    pub is_authority: bool,
    /// Extensions, in the syntax of OpenSSL's configuration.
    pub extensions: Vec<(Nid, &'static str)>,
    pub digest: MessageDigest,
    pub key: PKey<Private>,
    pub common_name: &'static str,
}

impl Default for Traits {
    fn default() -> Traits {
        Traits {
            is_authority: false,
            extensions: Vec::new(),
            digest: MessageDigest::sha256(),
            key: curve_key(),
            common_name: "",
        }
    }
}

fn curve_key() -> PKey<Private> {
    let key = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap();
    PKey::from_ec_key(key).unwrap()
}

fn make(name: &str, names: &str, days: Range<i64>, issuer: Option<&Issued>, is_authority: bool) -> Issued {
    make_odd(name, names, days, issuer, &Traits { is_authority, ..Traits::default() })
}

fn make_odd(name: &str, names: &str, days: Range<i64>, issuer: Option<&Issued>, traits: &Traits) -> Issued {
    static SERIAL: AtomicU32 = AtomicU32::new(1);
    let serial = BigNum::from_u32(SERIAL.fetch_add(1, Ordering::Relaxed)).unwrap();
    let key = traits.key.clone();
    let name = if traits.common_name.is_empty() { name } else { traits.common_name };
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let day = |day: i64| Asn1Time::from_unix(now + day * DAY).unwrap();

    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name())).unwrap();
    builder.set_not_before(&day(days.start.min(days.end - 1))).unwrap();
    builder.set_not_after(&day(days.end)).unwrap();
    builder.set_pubkey(&key).unwrap();
    if traits.is_authority && !traits.extensions.iter().any(|(kind, _)| *kind == Nid::BASIC_CONSTRAINTS) {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    let mut alternatives = SubjectAlternativeName::new();
    let entries: Vec<_> = names.split(", ").filter_map(|entry| entry.split_once(':')).collect();
    for (kind, value) in &entries {
        match *kind {
            "IP" => alternatives.ip(value),
            _ => alternatives.dns(value),
        };
    }
    if !entries.is_empty() {
        let context = builder.x509v3_context(None, None);
        let alternatives = alternatives.build(&context).unwrap();
        builder.append_extension(alternatives).unwrap();
    }
    for (kind, value) in &traits.extensions {
        #[allow(deprecated)] // the crate has no other way for all of them
        let extension = X509Extension::new_nid(None, None, *kind, value).unwrap();
        builder.append_extension(extension).unwrap();
    }
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), traits.digest).unwrap();
    let chain = match issuer {
        // A root is not sent, because a client that trusts it already has it.
        Some(issuer)
            if issuer.certificate.issuer_name().try_cmp(issuer.certificate.subject_name()).unwrap().is_ne() =>
        {
            [slice::from_ref(&issuer.certificate), &issuer.chain].concat()
        }
        _ => Vec::new(),
    };
    Issued { key, certificate: builder.build(), chain }
}

/// Makes a connector that trusts only these roots.
pub fn trusting(roots: &[&Issued]) -> Connector {
    Connector::build(&only(roots)).unwrap()
}

pub fn only(roots: &[&Issued]) -> Settings {
    Settings { roots: roots.iter().flat_map(|root| root.pem()).collect(), only_these_roots: true, ..Settings::plain() }
}

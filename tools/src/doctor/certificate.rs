//! The fields of a certificate (X.509, RFC 5280), read from its DER.
//!
//! The fields are only displayed. The library has checked the certificate, and nothing here decides whether it is trusted. So
//! unknown parts are skipped, and the result is `None` if the bytes are not a certificate.

use crate::words::days;
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The parts of a certificate that are useful for a person.
#[derive(Debug, PartialEq)]
pub struct Certificate {
    /// The subject, such as `CN=example.com, O=Example`.
    pub subject: String,
    pub issuer: String,
    /// The times of validity, in seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    /// Names and addresses of hosts (subjectAltName).
    pub hosts: Vec<String>,
    /// The pin of its public key, for `tls_pins`.
    pub pin: String,
}

impl Certificate {
    /// Returns whether it names itself as its issuer. This is the case for roots, and for certificates without an authority.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub fn read(der: &[u8]) -> Option<Certificate> {
        let mut certificate = Der(Der(der).expect(SEQUENCE)?);
        let mut fields = Der(certificate.expect(SEQUENCE)?);
        if fields.peek() == Some(VERSION) {
            fields.next()?;
        }
        fields.next()?; // serial number
        fields.next()?; // algorithm of the signature
        let issuer = name(fields.expect(SEQUENCE)?)?;
        let mut validity = Der(fields.expect(SEQUENCE)?);
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = name(fields.expect(SEQUENCE)?)?;
        let key = fields.next()?.whole;
        let pin = format!("sha256/{}", Base64::encode_string(&Sha256::digest(key)));
        let mut hosts = vec![];
        while let Some(field) = fields.next() {
            if field.tag == EXTENSIONS {
                hosts = alternative_names(field.content).unwrap_or_default();
            }
        }
        Some(Certificate { subject, issuer, not_before, not_after, hosts, pin })
    }
}

const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// The tags of the alternatives in a GeneralName.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// Values of DER that were not yet read.
struct Der<'a>(&'a [u8]);

struct Value<'a> {
    tag: u8,
    content: &'a [u8],
    /// The bytes with tag and length.
    whole: &'a [u8],
}

impl<'a> Der<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = after;
            if bytes.len() > 4 {
                return None;
            }
            bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte))
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Value { tag, content, whole })
    }

    /// Returns the content of the next value, which must have this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|value| value.tag == tag).map(|value| value.content)
    }
}

/// Returns a distinguished name, in the order of the certificate.
fn name(der: &[u8]) -> Option<String> {
    let mut parts = vec![];
    let mut sets = Der(der);
    while sets.peek().is_some() {
        let mut set = Der(sets.expect(SET)?);
        while set.peek().is_some() {
            let mut pair = Der(set.expect(SEQUENCE)?);
            let kind = attribute(pair.expect(OBJECT_IDENTIFIER)?);
            let value = pair.next()?;
            parts.push(format!("{kind}={}", string(&value)));
        }
    }
    Some(if parts.is_empty() { "(no name)".to_owned() } else { parts.join(", ") })
}

/// Returns the short name of an attribute, or its number.
fn attribute(identifier: &[u8]) -> String {
    let short = match identifier {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        _ => return dotted(identifier),
    };
    short.to_owned()
}

fn dotted(identifier: &[u8]) -> String {
    let mut numbers = vec![];
    let mut number: u64 = 0;
    for byte in identifier {
        number = number.saturating_mul(128).saturating_add(u64::from(byte & 0x7f));
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    if let Some(first) = numbers.first().copied() {
        let root = (first / 40).min(2);
        numbers.splice(..1, [root, first - root * 40]);
    }
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn string(value: &Value) -> String {
    if value.tag == BMP_STRING {
        let units: Vec<u16> =
            value.content.chunks(2).map(|unit| unit.iter().fold(0, |c, &b| c << 8 | u16::from(b))).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.content).into_owned()
}

/// Reads a time in the form `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn time(der: &mut Der) -> Option<i64> {
    let value = der.next()?;
    let text = str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match value.tag {
        UTC_TIME => text.split_at_checked(2)?,
        GENERALIZED_TIME => text.split_at_checked(4)?,
        _ => return None,
    };
    let mut year: i64 = year.parse().ok()?;
    if value.tag == UTC_TIME {
        year += if year < 50 { 2000 } else { 1900 }; // RFC 5280 section 4.1.2.5.1
    }
    if rest.len() != 10 {
        return None;
    }
    let mut parts = (0..5).map(|at| rest[2 * at..2 * at + 2].parse::<i64>().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    let (month, day) = (part(), part());
    (1..=12).contains(&month).then(|| days(year, month, day) * 86_400 + part() * 3600 + part() * 60 + part())
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut extensions = Der(Der(extensions).expect(SEQUENCE)?);
    while extensions.peek().is_some() {
        let mut extension = Der(extensions.expect(SEQUENCE)?);
        let is_names = extension.expect(OBJECT_IDENTIFIER)? == [0x55, 0x1d, 17];
        let mut value = extension.next()?;
        if value.tag != OCTET_STRING {
            value = extension.next()?; // the value before was `critical`
        }
        if is_names {
            let mut names = Der(Der(value.content).expect(SEQUENCE)?);
            let mut hosts = vec![];
            while let Some(name) = names.next() {
                match name.tag {
                    DNS_NAME => hosts.push(String::from_utf8_lossy(name.content).into_owned()),
                    IP_ADDRESS => hosts.extend(address(name.content).map(|address| address.to_string())),
                    _ => {}
                }
            }
            return Some(hosts);
        }
    }
    None
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use openssl::x509::X509;
    use test_support::certificates::{EXPIRED, RIGHT, ROOT};

    fn der(pem: &str) -> Vec<u8> {
        X509::from_pem(pem.as_bytes()).and_then(|certificate| certificate.to_der()).expect("a certificate")
    }

    #[test]
    fn a_certificate_is_read() {
        let right = Certificate::read(&der(&RIGHT.pem())).expect("a certificate");
        assert_eq!((&*right.subject, &*right.issuer), ("CN=right", "CN=root"));
        assert_eq!(right.hosts, ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(right.pin, RIGHT.pin());
        assert_eq!(right.not_after - right.not_before, 30 * 86_400);
        assert!(!right.is_self_issued());
        let root = Certificate::read(&der(&ROOT.pem())).expect("a certificate");
        assert!(root.is_self_issued());
        let expired = Certificate::read(&der(&EXPIRED.pem())).expect("a certificate");
        assert_eq!(crate::words::date(expired.not_before), "2020-01-01T00:00:00Z");
        assert_eq!(crate::words::date(expired.not_after), "2021-01-01T00:00:00Z");
    }

    /// Tests each prefix, and each byte replaced. There must be no panic, and no endless loop.
    #[test]
    fn other_bytes_are_not_a_certificate() {
        let good = der(&RIGHT.pem());
        for length in 0..good.len() {
            assert_eq!(Certificate::read(&good[..length]), None, "{length}");
        }
        for at in 0..good.len() {
            for byte in [0, 1, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                Certificate::read(&bad);
            }
        }
    }

    #[test]
    fn numbers_of_attributes_are_dotted() {
        assert_eq!(attribute(&[0x55, 4, 97]), "2.5.4.97");
        assert_eq!(attribute(&[0x2b, 6, 1, 4, 1, 0x82, 0x37]), "1.3.6.1.4.1.311");
        assert_eq!(attribute(&[]), "");
    }
}

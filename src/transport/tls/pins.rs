//! Pins: each is the SHA-256 of the SubjectPublicKeyInfo in a certificate (RFC 7469 section 2.4).

use super::TlsError;
use crate::input_limits;
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

const PREFIX: &str = "sha256/";

/// The SHA-256 of a SubjectPublicKeyInfo.
pub type Pin = [u8; 32];

/// Parses a list such as `sha256/<base64>, sha256/<base64>`.
pub fn read_pins(list: &str) -> Result<Vec<Pin>, &'static str> {
    let read = |pin: &str| {
        let digits = pin.trim_matches([' ', '\t']).strip_prefix(PREFIX).ok_or("a pin does not begin with `sha256/`")?;
        let hash = Base64::decode_vec(digits).map_err(|_| "a pin is not base64 with padding")?;
        Pin::try_from(hash).map_err(|_| "a pin is not a SHA-256 of 32 bytes")
    };
    if list.split(',').count() > input_limits::PINS {
        return Err("more than 64 pins");
    }
    list.split(',').map(read).collect()
}

/// Writes a pin in the form of the list.
pub(super) fn format_pin(pin: &Pin) -> String {
    format!("{PREFIX}{}", Base64::encode_string(pin))
}

/// Returns the pin of a certificate. `None` if the bytes are not a certificate in DER.
pub(super) fn of_certificate(der: &[u8]) -> Option<Pin> {
    Some(Sha256::digest(public_key_info(der)?).into())
}

/// Checks that the key of a certificate in DER is one of these pins. If there are no pins, every key is accepted.
pub(super) fn check(pins: &[Pin], certificate: Option<&[u8]>) -> Result<(), TlsError> {
    if pins.is_empty() {
        return Ok(());
    }
    match certificate.and_then(of_certificate) {
        Some(pin) if pins.contains(&pin) => Ok(()),
        Some(pin) => Err(TlsError::pin(&pin)),
        None => Err(TlsError::unreadable_key()),
    }
}

/// The tags of a SEQUENCE and of the optional version, `[0]`.
pub(super) const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Finds the SubjectPublicKeyInfo of a certificate, with its header (RFC 5280 section 4.1).
fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let mut rest = certificate;
    let mut rest = element(&mut rest, Some(SEQUENCE))?.content; // Certificate
    let mut rest = element(&mut rest, Some(SEQUENCE))?.content; // TBSCertificate
    if rest.first() == Some(&VERSION) {
        element(&mut rest, None)?;
    }
    for _ in ["serialNumber", "signature", "issuer", "validity", "subject"] {
        element(&mut rest, None)?;
    }
    Some(element(&mut rest, Some(SEQUENCE))?.whole)
}

pub(super) struct Element<'a> {
    pub(super) whole: &'a [u8],
    pub(super) content: &'a [u8],
}

/// Takes one DER element from the front: tag, length, content. Fails if its tag differs from `expected`.
pub(super) fn element<'a>(rest: &mut &'a [u8], expected: Option<u8>) -> Option<Element<'a>> {
    let whole = *rest;
    let tag = *rest.split_off_first()?;
    if expected.is_some_and(|expected| tag != expected) {
        return None;
    }
    let len = match *rest.split_off_first()? {
        short @ 0..=0x7f => usize::from(short),
        // The number of length bytes. Four are enough, and DER has no indefinite length.
        long @ 0x81..=0x84 => {
            let bytes = rest.split_off(..usize::from(long & 0x7f))?;
            bytes.iter().try_fold(0usize, |len, byte| len.checked_mul(256)?.checked_add(usize::from(*byte)))?
        }
        _ => return None,
    };
    let content = rest.split_off(..len)?;
    Some(Element { whole: &whole[..whole.len() - rest.len()], content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_pins_are_parsed() {
        let (one, other) = ([7; 32], [0xff; 32]);
        assert_eq!(read_pins(&format_pin(&one)), Ok(vec![one]));
        assert_eq!(read_pins(&format!(" {},\t{} ", format_pin(&one), format_pin(&other))), Ok(vec![one, other]));
    }

    #[test]
    fn other_lists_are_refused() {
        let right = format_pin(&[7; 32]);
        for list in [
            "".into(),
            format!("{right},"),
            right.replace('/', "//"),
            right.replace("sha256", "SHA256"),
            right.replace("sha256/", "pin-sha256="),
            right.replace("sha256/", ""),
            right.replace("sha256", "sha1"),
            right.replace('=', ""),
            format!("{right}\n"),
            format!("sha256/{}", Base64::encode_string(&[7; 31])),
            format!("sha256/{}", Base64::encode_string(&[7; 33])),
            "sha256/".into(),
            format!("{right};{right}"),
        ] {
            assert!(read_pins(&list).is_err(), "{list}");
        }
    }

    /// Makes a DER element, with the long form of its length if `long` is set.
    fn der(tag: u8, content: &[u8], long: bool) -> Vec<u8> {
        let len = content.len() as u16;
        let header = if long { vec![tag, 0x82, (len >> 8) as u8, len as u8] } else { vec![tag, len as u8] };
        [header, content.to_vec()].concat()
    }

    #[test]
    fn the_key_is_found_and_broken_certificates_do_not_panic() {
        let key = der(SEQUENCE, b"key", false);
        let fields = [der(2, &[1], false), der(SEQUENCE, b"", false)].concat();
        let names = der(SEQUENCE, b"a", true).repeat(3);
        let version = der(VERSION, &[2, 1, 2], false);
        for version in [version, Vec::new()] {
            let tbs = der(SEQUENCE, &[version, fields.clone(), names.clone(), key.clone(), vec![9]].concat(), true);
            let certificate = der(SEQUENCE, &tbs, true);
            assert_eq!(public_key_info(&certificate), Some(&*key));
            for end in 0..certificate.len() {
                assert_eq!(public_key_info(&certificate[..end]), None);
            }
            for at in 0..certificate.len() {
                for wrong in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                    let mut broken = certificate.clone();
                    broken[at] = wrong;
                    public_key_info(&broken);
                }
            }
        }
    }

    #[test]
    fn the_text_of_the_limit_has_its_number() {
        let error = read_pins(&",".repeat(input_limits::PINS)).unwrap_err();
        assert_eq!(error, format!("more than {} pins", input_limits::PINS));
    }
}

//! The host of a URL: a name, or an address in one of the forms that browsers read.

use super::Unreadable;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The host of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name in ASCII and lower case.
    Domain(String),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address; in a URL it has brackets.
    Ipv6(Ipv6Addr),
}

/// Writes the host as in a URL.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(name) => f.write_str(name),
            Host::Ipv4(address) => write!(f, "{address}"),
            // The standard library writes the end of these addresses as an IPv4 address, but browsers do not.
            Host::Ipv6(address) => match address.segments() {
                [0, 0, 0, 0, 0, 0xffff, high, low] => write!(f, "[::ffff:{high:x}:{low:x}]"),
                _ => write!(f, "[{address}]"),
            },
        }
    }
}

impl Host {
    /// Reads the host of a URL.
    pub fn parse(text: &str) -> Result<Host, Unreadable> {
        if let Some(address) = text.strip_prefix('[') {
            let address = address.strip_suffix(']').and_then(|address| address.parse().ok());
            return address.map(Host::Ipv6).ok_or(Unreadable::Invalid("invalid IPv6 address"));
        }
        let name = percent_decode_str(text).decode_utf8();
        let mut name = name.map_err(|_| Unreadable::Invalid("the host is not UTF-8"))?.to_ascii_lowercase();
        if let Some(byte) = name.bytes().find(|byte| is_forbidden(*byte)) {
            return Err(Unreadable::InHost(byte));
        }
        if !name.is_ascii() || name.as_bytes().split(|byte| *byte == b'.').any(|label| label.starts_with(b"xn--")) {
            name = international(&name)?;
        }
        if name.is_empty() {
            return Err(Unreadable::Invalid("empty host"));
        }
        // The dot of the root is not a label.
        let labels = name.strip_suffix('.').unwrap_or(&name).as_bytes();
        if !ends_in_a_number(labels) {
            return Ok(Host::Domain(name));
        }
        ipv4(labels).map(Host::Ipv4).ok_or(Unreadable::Invalid("invalid IPv4 address"))
    }
}

/// Returns whether the byte is a forbidden domain code point of the standard. Those that are not ASCII are in the tables of
/// Unicode.
fn is_forbidden(byte: u8) -> bool {
    matches!(
        byte,
        0..=b' ' | b'#' | b'%' | b'/' | b':' | b'<' | b'>' | b'?' | b'@' | b'[' | b'\\' | b']' | b'^' | b'|' | 0x7f
    )
}

/// Converts a name to ASCII, and checks labels that are already converted.
#[cfg(feature = "idn")]
#[cold]
fn international(name: &str) -> Result<String, Unreadable> {
    idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL)
        .map(Into::into)
        .map_err(|_| Unreadable::Invalid("invalid international domain name"))
}

/// Without the tables of Unicode, labels that are already converted are only checked for their characters. A name server knows
/// which of them exist.
#[cfg(not(feature = "idn"))]
#[cold]
fn international(name: &str) -> Result<String, Unreadable> {
    let is_converted =
        |label: &str| !label.ends_with('-') && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match name.is_ascii() {
        false => Err(Unreadable::NoIdn),
        true if name.split('.').all(|label| !label.starts_with("xn--") || is_converted(label)) => Ok(name.to_owned()),
        true => Err(Unreadable::Invalid("invalid international domain name")),
    }
}

/// Returns whether the name ends in a number. Such a name is an IPv4 address, or it is invalid.
fn ends_in_a_number(labels: &[u8]) -> bool {
    let last = labels.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    !last.is_empty() && last.iter().all(u8::is_ascii_digit) || number(last).is_some()
}

/// Reads up to four numbers. The last one stands for all remaining bytes.
fn ipv4(labels: &[u8]) -> Option<Ipv4Addr> {
    let numbers = labels.split(|byte| *byte == b'.');
    let count = numbers.clone().count();
    if count > 4 {
        return None;
    }
    let mut address = 0;
    for (at, text) in numbers.enumerate() {
        let bytes = if at + 1 == count { 5 - count } else { 1 };
        let number = number(text).filter(|number| number >> (8 * bytes) == 0)?;
        address = address << (8 * bytes) | number;
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// Reads a number: decimal, octal (`0...`) or hexadecimal (`0x...`). A number that is too large for 64 bits becomes
/// the largest one.
#[inline(never)]
fn number(text: &[u8]) -> Option<u64> {
    let (digits, radix) = match text {
        [] => return None,
        [b'0', b'x', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] if !digits.is_empty() => (digits, 8),
        digits => (digits, 10),
    };
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        Some(number.saturating_mul(radix.into()).saturating_add(digit.into()))
    })
}

//! Single values: the defaults of numbers, and the texts of the host, which are checked and copied. These functions are called
//! once for each connect call, so only the defaults of numbers are inlined.

use crate::constants::{EGRET_WS_AT_ONCE, EGRET_WS_UNLIMITED};
use crate::error::{DetailedError, Error};
use std::collections::TryReserveError;
use std::fmt::Display;
use std::time::Duration;

/// A time that never ends, for an unlimited time-out: a century, which can be added to any time of the system's clock.
pub(super) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The special numbers that an option accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    Neither,
    /// `EGRET_WS_UNLIMITED`
    Unlimited,
    /// `EGRET_WS_AT_ONCE`
    AtOnce,
    Both,
}

/// A number of the options, with its name for error messages.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub name: &'static str,
    pub value: u32,
}

/// Makes a [`Number`] of a field.
macro_rules! number {
    ($options:ident.$field:ident) => {
        Number { name: stringify!($field), value: $options.$field }
    };
    ($options:ident.$group:ident.$field:ident) => {
        Number { name: concat!(stringify!($group), ".", stringify!($field)), value: $options.$group.$field }
    };
}
pub(super) use number;

/// Reads numbers, and stores the first error until [`Numbers::check`], so that many numbers need only one check.
#[derive(Default)]
pub(super) struct Numbers {
    mistake: Option<DetailedError>,
}

impl Numbers {
    /// Returns the number. `EGRET_WS_UNLIMITED` becomes `None`, `EGRET_WS_AT_ONCE` becomes 0, and 0 becomes `default`.
    #[inline]
    pub(super) fn or_unlimited(&mut self, number: Number, default: u32, special: Special) -> Option<u32> {
        // Most options are 0, and their defaults are constants.
        if number.value == 0 { Some(default) } else { self.given(number, special) }
    }

    /// Like [`Numbers::or_unlimited`], for a number that is not 0.
    #[inline(never)]
    fn given(&mut self, Number { name, value }: Number, special: Special) -> Option<u32> {
        let mistake = match value {
            EGRET_WS_UNLIMITED if matches!(special, Special::Unlimited | Special::Both) => return None,
            EGRET_WS_AT_ONCE if matches!(special, Special::AtOnce | Special::Both) => return Some(0),
            EGRET_WS_UNLIMITED => format!("{name} cannot be EGRET_WS_UNLIMITED"),
            EGRET_WS_AT_ONCE => format!("{name} cannot be EGRET_WS_AT_ONCE"),
            0..=MOST => return Some(value),
            _ => format!("{name} is {value}, above {MOST}: it may be a negative number"),
        };
        self.mistake.get_or_insert_with(|| DetailedError::invalid(mistake));
        Some(0)
    }

    /// Returns the number, which cannot be unlimited. 0 means its default.
    #[inline]
    pub(super) fn or(&mut self, number: Number, default: u32) -> u32 {
        self.or_unlimited(number, default, Special::Neither).unwrap_or(default)
    }

    /// Returns a time in milliseconds. An unlimited time is [`FOREVER`].
    #[inline]
    pub(super) fn milliseconds(&mut self, number: Number, default: u32, special: Special) -> Duration {
        self.milliseconds_or_none(number, default, special).unwrap_or(FOREVER)
    }

    /// Returns a time in milliseconds, or `None` if it is unlimited.
    #[inline]
    pub(super) fn milliseconds_or_none(&mut self, number: Number, default: u32, special: Special) -> Option<Duration> {
        self.or_unlimited(number, default, special).map(|value| Duration::from_millis(value.into()))
    }

    /// Returns the first error. The numbers may be used only if there is none.
    pub(super) fn check(self) -> Result<(), DetailedError> {
        self.mistake.map_or(Ok(()), Err)
    }
}

/// The largest number that is not special. A larger number was negative in the host, and C has converted it.
const MOST: u32 = i32::MAX as u32;

/// Checks the length of a text and that it is UTF-8.
#[inline(never)]
pub(super) fn text<'a>(
    name: &dyn Display,
    text: Option<&'a [u8]>,
    most_bytes: usize,
) -> Result<Option<&'a str>, DetailedError> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > most_bytes {
        return Err(DetailedError::invalid(format!("{name} is longer than {most_bytes} bytes")));
    }
    match str::from_utf8(text) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(DetailedError::invalid(format!("{name} is not UTF-8"))),
    }
}

/// Copies a text of the host.
#[inline(never)]
pub(super) fn copy(text: &str) -> Result<String, DetailedError> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(no_memory)?;
    copy.push_str(text);
    Ok(copy)
}

/// Copies bytes of the host.
#[inline(never)]
pub(super) fn copy_bytes(bytes: &[u8]) -> Result<Vec<u8>, DetailedError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(no_memory)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

fn no_memory(_: TryReserveError) -> DetailedError {
    DetailedError::new(Error::NoResources, "there is no memory for a copy of the options")
}

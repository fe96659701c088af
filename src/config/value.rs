//! Single values: defaults of numbers, and texts of the host, which are checked and copied. All of it is called once for each
//! connect call, so the functions are not inlined.

use crate::error::{DetailedError, Error};
use std::collections::TryReserveError;
use std::fmt::Display;
use std::time::Duration;

/// A number of the options: 0 means its default.
pub(super) fn or(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}

/// A time in milliseconds: 0 means its default.
#[inline(never)]
pub(super) fn milliseconds(value: u32, default: u32) -> Duration {
    Duration::from_millis(or(value, default).into())
}

/// A time in milliseconds: 0 means its default, `u32::MAX` no limit.
pub(super) fn milliseconds_or_none(value: u32, default: u32) -> Option<Duration> {
    (value != u32::MAX).then(|| milliseconds(value, default))
}

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

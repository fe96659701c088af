//! The exports that need no handle: names, versions, and the reason of a refusal.

use super::last_error;
use super::types::egret_ws_error_t;
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use std::ffi::c_char;

/// The version of the header: major × 65536 + minor × 256 + patch. Compare with `egret_ws_version_number`.
pub const EGRET_WS_VERSION_NUMBER: u32 = 0x000200;

/// Returns the name of an error, such as `"EGRET_WS_ERR_NOT_OPEN"`; `"EGRET_WS_OK"` for 0; for all other numbers, positive numbers
/// included, `"EGRET_WS_ERR_?"`. A static string: it is never NULL, and must not be freed. Any thread.
///
/// Errors: none.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_error_name(error: egret_ws_error_t) -> *const c_char {
    let name = match Error::from_code(error) {
        _ if error == EGRET_WS_OK => c"EGRET_WS_OK",
        Some(error) => error.name(),
        None => c"EGRET_WS_ERR_?",
    };
    name.as_ptr()
}

/// Returns the version of the library: major × 65536 + minor × 256 + patch. See VERSIONS at the head of
/// this file for the headers that it works with. Any thread.
///
/// Errors: none.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_version_number() -> u32 {
    EGRET_WS_VERSION_NUMBER
}

/// Returns the version of the library as text, such as `"0.1.0"`. A static string: it is never NULL, and must not be freed. Any
/// thread.
///
/// Errors: none.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_version_string() -> *const c_char {
    const TEXT: &[u8] = concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes();
    TEXT.as_ptr().cast()
}

/// Returns why the last refused call of the calling thread was refused, in English: its cause and, where it is not obvious, the remedy,
/// such as `"the send buffer is full: send again in on_drain"`. It is the text that `on_log` gets, without the name of the function.
/// `""` if no call of this thread was refused yet; a call that succeeds does not change it. UTF-8, at most 511 bytes (a longer text is
/// cut), without a line break; never NULL. Valid until this thread calls a function of this library again, so copy it if you keep it.
/// Any thread.
///
/// The text is for logs and exceptions. It changes from version to version: an application decides by the error.
///
/// Errors: none.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_last_error_message() -> *const c_char {
    last_error::get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_number_is_the_package_version() {
        let part = |text: &str| text.parse::<u32>().unwrap();
        let number = part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
            | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
            | part(env!("CARGO_PKG_VERSION_PATCH"));
        assert_eq!(EGRET_WS_VERSION_NUMBER, number);
    }
}

//! The exports that need no handle: names, versions, and the reason of a refusal.

use super::last_error;
use super::types::egret_ws_error_t;
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use std::ffi::c_char;

/// The version of the header: major × 65536 + minor × 256 + patch. Compare it with `egret_ws_version_number`.
pub const EGRET_WS_VERSION_NUMBER: u32 = 0x000200;

/// Returns the name of an error.
///
/// - `error`: Any number.
/// - Returns: A name such as `"EGRET_WS_ERR_NOT_OPEN"`, `"EGRET_WS_OK"` for 0, or `"EGRET_WS_ERR_?"` for all other
///   numbers, positive ones included. It is a static string: it is never NULL and must not be freed.
/// - Errors: none.
/// - Threads: Any thread.
/// - Since: 0.2
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

/// Returns the version of the library as a number.
///
/// VERSIONS at the head of this file says with which headers the library works.
///
/// - Returns: Major × 65536 + minor × 256 + patch.
/// - Errors: none.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_version_number() -> u32 {
    EGRET_WS_VERSION_NUMBER
}

/// Returns the version of the library as text.
///
/// - Returns: A text such as `"0.2.0"`. It is a static string: it is never NULL and must not be freed.
/// - Errors: none.
/// - Threads: Any thread.
/// - Since: 0.2
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn egret_ws_version_string() -> *const c_char {
    const TEXT: &[u8] = concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes();
    TEXT.as_ptr().cast()
}

/// Returns the reason of the last refused call of the calling thread.
///
/// The text is in English. It names the cause and, if that is not obvious, the remedy:
/// `"the send queue is full: send again in on_drain"`. `on_log` gets the same text after the name of the function. A
/// call that succeeds does not change the text.
///
/// The text is for logs and exceptions. It changes from version to version. Make decisions by the error that the call
/// returned, not by this text.
///
/// - Returns: UTF-8 text without a line break, at most 511 bytes (a longer text is cut). It is never NULL; it is `""`
///   if no call of this thread was refused yet. It is valid until this thread calls a function of this library again:
///   copy it to keep it.
/// - Errors: none.
/// - Threads: Any thread. Each thread has its own text.
/// - Since: 0.2
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

//! The export of the rule of `retry_attempts`.

use super::guard::{NoHandle, guard};
use super::sized;
use super::types::egret_ws_close_info;
use crate::constants::*;
use crate::error::{DetailedError, Error};
use crate::socket::{End, Initiator, Outlook};

/// Returns whether a new connection attempt is worthwhile after this end.
///
/// It is not worthwhile if the attempt would end in the same way, or if the application has ended the connection.
/// `retry_attempts` uses this rule. The function is for applications that connect again by themselves.
///
/// | error                                                          | result | remark                                            |
/// |----------------------------------------------------------------|--------|---------------------------------------------------|
/// | RESOLVE, CONNECT, PROXY, HANDSHAKE, HTTP_STATUS, REDIRECT      | 1      |                                                   |
/// | TIMEOUT, CONNECTION_LOST, NO_RESOURCES                         | 1      |                                                   |
/// | TLS, TLS_EXPIRED                                               | 1      | a clock or a certificate may be corrected         |
/// | OK, closed by the server                                       | 1      | also with 1000                                    |
/// | TLS_HOST, TLS_ISSUER, TLS_PIN, TLS_OPTIONS                     | 0      |                                                   |
/// | PROTOCOL, INVALID_UTF8, MESSAGE_TOO_BIG                        | 0      |                                                   |
/// | INTERNAL, and errors that only calls return                    | 0      |                                                   |
/// | ABORTED; OK, closed by this side                               | 0      | the application has ended the connection          |
/// | any in the phases FLUSH and CLOSING, if this side closed first | 0      | that is: `initiator` is LOCAL, or `code` is 1006  |
/// | any, if `code` or `sent_code` is 1002, 1007, 1008 or 1009      | 0      |                                                   |
/// | any, if `http_status` is 401, 403, 404, 407 or 410             | 0      | it needs another request: see `on_request`        |
///
/// There is one exception. A connection that a suspend has ended (`EGRET_WS_LOOP_CLOSE_ON_SUSPEND`) has the report of a
/// connection that the application has closed. This function therefore returns 0, but with `retry_attempts` the library
/// connects again when the loop is resumed.
///
/// - `info`: The report of the end. The struct has `info->struct_size` bytes.
/// - Returns: 1 if a new attempt is worthwhile, 0 if not, or a negative error.
/// - Errors: `INVALID_ARGUMENT` (`info` is NULL), `BAD_STRUCT` (no release has this `struct_size`), `FORKED`,
///   `INTERNAL`.
/// - Threads: Any thread.
/// - Since: 0.2
///
/// # Safety
/// The pointers are as the list above says.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egret_ws_is_retryable(info: *const egret_ws_close_info) -> i32 {
    guard("egret_ws_is_retryable", NoHandle, |()| {
        if info.is_null() {
            return Err(DetailedError::invalid("info is NULL"));
        }
        // SAFETY: the caller's promise, passed on.
        let info = unsafe { sized::read(info) }?;
        let error = match info.error {
            EGRET_WS_OK => None,
            // A number that is no error is not retried either.
            code => Some(Error::from_code(code).unwrap_or(Error::Internal)),
        };
        let is_local = info.initiator == EGRET_WS_INITIATOR_LOCAL;
        let end = End {
            error,
            phase: info.phase,
            // The rule asks for this side only.
            initiator: if is_local { Initiator::Local } else { Initiator::Transport },
            http_status: u16::try_from(info.http_status).unwrap_or(0),
            code: info.code,
            sent_code: info.sent_code,
        };
        Ok(i32::from(end.outlook() == Outlook::Good))
    })
}

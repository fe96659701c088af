//! The errors of the ABI, with their numbers in the header.

use crate::constants::*;
use std::borrow::Cow;
use std::ffi::CStr;

macro_rules! errors {
    ($($variant:ident = $constant:ident, $text:literal;)*) => {
        /// Every error of the ABI. Its constant in [`crate::constants`] documents its meaning for a caller.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        #[allow(missing_docs)]
        pub enum Error {
            $($variant = $constant,)*
        }

        impl Error {
            /// Returns the error with this number.
            pub fn from_code(code: i32) -> Option<Error> {
                match code {
                    $($constant => Some(Error::$variant),)*
                    _ => None,
                }
            }

            /// Returns the name of its constant.
            pub fn name(self) -> &'static CStr {
                const fn c_str(name: &str) -> &CStr {
                    match CStr::from_bytes_with_nul(name.as_bytes()) {
                        Ok(name) => name,
                        Err(_) => unreachable!(),
                    }
                }
                match self {
                    $(Error::$variant => const { c_str(concat!(stringify!($constant), "\0")) },)*
                }
            }

            /// Describes the error in a few words for a log line. If there is a remedy, the text contains it.
            pub fn text(self) -> &'static str {
                match self {
                    $(Error::$variant => $text,)*
                }
            }
        }
    };
}

errors! {
    InvalidArgument = EGRET_WS_ERR_INVALID_ARGUMENT, "an argument is not allowed";
    BadHandle = EGRET_WS_ERR_BAD_HANDLE, "the handle is not valid: it is NULL, was freed, or is of another kind";
    BadStruct = EGRET_WS_ERR_BAD_STRUCT, "struct_size is unknown: set it with the init function of the struct";
    Reentrant = EGRET_WS_ERR_REENTRANT, "not allowed inside a callback: call it after the callback has returned";
    Busy = EGRET_WS_ERR_BUSY, "another thread polls this loop: only one thread at a time may poll or free it";
    Forked = EGRET_WS_ERR_FORKED, "not usable in a forked child: only the process that made the first loop can use the library";
    NoResources = EGRET_WS_ERR_NO_RESOURCES, "no memory, descriptor, thread or handle is left: free some, then try again";
    Internal = EGRET_WS_ERR_INTERNAL, "the library has a fault: report it with the line that on_log got at the level EGRET_WS_LOG_ERROR";
    Unsupported = EGRET_WS_ERR_UNSUPPORTED, "not supported";
    NotOpen = EGRET_WS_ERR_NOT_OPEN, "the socket is not open: send after on_connect, and before a close";
    MessageTooBig = EGRET_WS_ERR_MESSAGE_TOO_BIG, "the message is longer than max_message_bytes";
    InvalidUtf8 = EGRET_WS_ERR_INVALID_UTF8, "the text is not UTF-8";
    Backpressure = EGRET_WS_ERR_BACKPRESSURE, "the send queue is full: send again in on_drain";
    InvalidUrl = EGRET_WS_ERR_INVALID_URL, "the URL cannot be used";
    InvalidClose = EGRET_WS_ERR_INVALID_CLOSE, "the close code or reason must not be sent";
    NotFound = EGRET_WS_ERR_NOT_FOUND, "the answer has no such header, or there was no answer yet";
    Resolve = EGRET_WS_ERR_RESOLVE, "the host's name was not found";
    Connect = EGRET_WS_ERR_CONNECT, "no TCP connection could be made";
    Proxy = EGRET_WS_ERR_PROXY, "the proxy did not make the connection";
    Handshake = EGRET_WS_ERR_HANDSHAKE, "the answer to the upgrade does not come from a WebSocket server";
    Refused = EGRET_WS_ERR_HTTP_STATUS, "the server refused the upgrade";
    Redirect = EGRET_WS_ERR_REDIRECT, "the redirect was not followed";
    Timeout = EGRET_WS_ERR_TIMEOUT, "a deadline passed";
    ConnectionLost = EGRET_WS_ERR_CONNECTION_LOST, "the connection broke";
    Protocol = EGRET_WS_ERR_PROTOCOL, "the peer violated the protocol";
    Aborted = EGRET_WS_ERR_ABORTED, "closed before the connection was made";
    Tls = EGRET_WS_ERR_TLS, "TLS failed";
    TlsExpired = EGRET_WS_ERR_TLS_EXPIRED, "the server's certificate has expired";
    TlsHost = EGRET_WS_ERR_TLS_HOST, "the server's certificate is for another host";
    TlsIssuer = EGRET_WS_ERR_TLS_ISSUER, "the server's certificate, or its issuer, is not trusted";
    TlsPin = EGRET_WS_ERR_TLS_PIN, "the server's key is not one of the pinned keys";
    TlsOptions = EGRET_WS_ERR_TLS_OPTIONS, "the TLS options cannot be used";
}

impl Error {
    /// Returns its number in the header.
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// The error of a call or an option, with a detail for the log and for `egret_ws_last_error_message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailedError {
    /// The error that the call returns.
    pub error: Error,
    /// The cause, and the remedy if it is not obvious. It names an option, never its value, which may be a secret.
    pub detail: Cow<'static, str>,
}

impl From<Error> for DetailedError {
    #[cold]
    #[inline(never)]
    fn from(error: Error) -> DetailedError {
        DetailedError { error, detail: Cow::Borrowed(error.text()) }
    }
}

impl DetailedError {
    /// An error with its detail.
    #[cold]
    #[inline(never)]
    pub fn new(error: Error, detail: impl Into<Cow<'static, str>>) -> DetailedError {
        DetailedError { error, detail: detail.into() }
    }

    /// [`Error::BadHandle`] of a query.
    #[cold]
    #[inline(never)]
    pub fn bad_query() -> DetailedError {
        let detail = "the handle of the query is not valid: it is NULL or of another kind, the query was answered, \
                      or no connection waits for it any more";
        DetailedError::new(Error::BadHandle, detail)
    }

    /// [`Error::InvalidArgument`] with its detail.
    #[cold]
    #[inline(never)]
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> DetailedError {
        DetailedError::new(Error::InvalidArgument, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_the_error() {
        for code in -100..0 {
            if let Some(error) = Error::from_code(code) {
                assert_eq!(error.code(), code);
                assert!(error.name().to_str().unwrap().starts_with("EGRET_WS_ERR_"));
            }
        }
        assert_eq!(Error::from_code(-1), Some(Error::InvalidArgument));
        assert_eq!(Error::from_code(0), None);
    }
}

//! `egret_ws_close_info` as a Rust value.
#![allow(unsafe_code)] // reads a struct of the C ABI

use ::egret_ws::*;
use std::ffi::CStr;

/// A copy of `egret_ws_close_info`.
#[derive(Clone, Debug, PartialEq)]
pub struct CloseReport {
    pub error: i32,
    pub phase: i32,
    pub initiator: i32,
    pub http_status: i32,
    pub os_error: i32,
    pub code: u16,
    pub sent_code: u16,
    pub unsent_messages: u32,
    pub unsent_bytes: u64,
    pub reason: String,
    pub message: String,
}

impl CloseReport {
    /// Copies the report of a callback. Panics if it violates the contract of the header: a struct of another size, or a reason
    /// without a NUL.
    ///
    /// # Safety
    /// `info` must be the argument of `on_close` or `on_retry`, during that call.
    pub unsafe fn read(info: *const egret_ws_close_info) -> CloseReport {
        // SAFETY: according to the header, the struct is readable.
        let info = unsafe { &*info };
        assert_eq!(info.struct_size as usize, size_of::<egret_ws_close_info>(), "a close report of another size");
        // SAFETY: according to the header, there are `reason_len` bytes and then a NUL.
        let reason = unsafe { std::slice::from_raw_parts(info.reason.cast::<u8>(), info.reason_len + 1) };
        let (&nul, reason) = reason.split_last().expect("the NUL");
        assert_eq!(nul, 0, "a reason without a NUL after it");
        // SAFETY: according to the header, the text is not NULL and ends in a NUL.
        let message = unsafe { CStr::from_ptr(info.message) };
        CloseReport {
            error: info.error,
            phase: info.phase,
            initiator: info.initiator,
            http_status: info.http_status,
            os_error: info.os_error,
            code: info.code,
            sent_code: info.sent_code,
            unsent_messages: info.unsent_messages,
            unsent_bytes: info.unsent_bytes,
            reason: String::from_utf8_lossy(reason).into_owned(),
            message: message.to_string_lossy().into_owned(),
        }
    }

    /// Returns the answer of `egret_ws_is_retryable`.
    pub fn is_retryable(&self) -> bool {
        // SAFETY: a struct of numbers and pointers may be all zeros. The call does not read the texts.
        let mut info: egret_ws_close_info = unsafe { std::mem::zeroed() };
        info.struct_size = size_of::<egret_ws_close_info>() as u32;
        (info.error, info.phase, info.initiator) = (self.error, self.phase, self.initiator);
        (info.http_status, info.os_error) = (self.http_status, self.os_error);
        (info.code, info.sent_code) = (self.code, self.sent_code);
        // SAFETY: the info contains its size.
        match unsafe { egret_ws_is_retryable(&info) } {
            0 => false,
            1 => true,
            error => panic!("egret_ws_is_retryable failed with {error}"),
        }
    }

    #[track_caller]
    pub fn expect(&self, error: i32, phase: i32, initiator: i32) {
        assert_eq!((self.error, self.phase, self.initiator), (error, phase, initiator), "{self:#?}");
        assert!(!self.message.is_empty(), "{self:#?}");
    }

    /// Checks that the message contains each of these texts.
    #[track_caller]
    pub fn expect_message(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.message.contains(text), "the message does not contain {text:?}: {self:#?}");
        }
    }

    /// Checks that the proxy has refused, by an HTTP status unless that is 0, and that the message contains each of these texts.
    #[track_caller]
    pub fn expect_proxy_refusal(&self, http_status: i32, texts: &[&str]) {
        self.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_PEER);
        assert_eq!((self.http_status, self.os_error), (http_status, 0), "{self:#?}");
        self.expect_message(texts);
    }

    /// Returns whether the peer's Close frame has come.
    pub fn has_close_frame(&self) -> bool {
        self.code != 1006
    }
}

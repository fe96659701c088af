//! Close reports, and what the header promises of each by itself.

use crate::contract;
use crate::watch::{breach, promise};
use ::egret_ws::*;
use std::ffi::CStr;

/// `egret_ws_close_info`, owned.
#[derive(Clone, Debug)]
pub struct Report {
    pub error: i32,
    pub phase: i32,
    pub initiator: i32,
    pub http_status: i32,
    pub os_error: i32,
    pub code: u16,
    pub sent_code: u16,
    pub unsent_messages: u64,
    pub unsent_bytes: u64,
}

/// Reads a report and holds it against the header.
pub fn read(info: *const egret_ws_close_info) -> Report {
    promise!(!info.is_null(), "a close report is NULL");
    // SAFETY: the header promises a readable struct.
    let info = unsafe { &*info };
    let size = size_of::<egret_ws_close_info>();
    promise!(info.struct_size as usize == size, "a close report of {} bytes, not {size}", info.struct_size);
    promise!(!info.reason.is_null() && !info.message.is_null(), "reason or message of a close report is NULL");
    promise!(info.reason_len <= 123, "a reason of {} bytes", info.reason_len);
    // SAFETY: the header promises `reason_len` bytes and then a NUL.
    let reason = unsafe { std::slice::from_raw_parts(info.reason.cast::<u8>(), info.reason_len + 1) };
    promise!(reason.last() == Some(&0), "a reason without a NUL after it");
    promise!(str::from_utf8(&reason[..info.reason_len]).is_ok(), "a reason that is not UTF-8");
    // SAFETY: the header promises text that is not NULL and ends in a NUL.
    let message = unsafe { CStr::from_ptr(info.message) };
    promise!(message.to_str().is_ok_and(|text| !text.is_empty()), "no readable message: {message:?}");
    let report = Report {
        error: info.error,
        phase: info.phase,
        initiator: info.initiator,
        http_status: info.http_status,
        os_error: info.os_error,
        code: info.code,
        sent_code: info.sent_code,
        unsent_messages: info.unsent_messages.into(),
        unsent_bytes: info.unsent_bytes,
    };
    report.check(info.reason_len);
    report
}

impl Report {
    /// The peer's Close frame came.
    pub fn was_told(&self) -> bool {
        self.code != 1006
    }

    fn check(&self, reason_len: usize) {
        use EGRET_WS_INITIATOR_LOCAL as LOCAL;
        use EGRET_WS_INITIATOR_PEER as PEER;
        use EGRET_WS_INITIATOR_TRANSPORT as TRANSPORT;
        let wrong = |why: &str| -> ! { breach!("a close report contradicts the header: {why}: {self:?}") };
        let check = |holds: bool, why: &str| {
            if !holds {
                wrong(why)
            }
        };

        check(self.error == 0 || contract::ERRORS.contains_key(&self.error.into()), "error is no error");
        check((EGRET_WS_PHASE_RESOLVE..=EGRET_WS_PHASE_CLOSING).contains(&self.phase), "phase is no phase");
        check((LOCAL..=TRANSPORT).contains(&self.initiator), "initiator is none");
        check(self.http_status == 0 || (100..=999).contains(&self.http_status), "http_status is no status");
        let is_sendable = |code: u16| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        check(is_sendable(self.code) || matches!(self.code, 1005 | 1006), "code may not be in a Close frame");
        check(is_sendable(self.sent_code) || matches!(self.sent_code, 0 | 1005), "sent_code may not be sent");
        check(is_sendable(self.code) || reason_len == 0, "a reason without a code");
        check(self.unsent_messages > 0 || self.unsent_bytes == 0, "unsent_bytes without unsent_messages");

        let was_open = self.phase >= EGRET_WS_PHASE_OPEN;
        check(!was_open || self.http_status == 101, "an open connection without a 101");
        // A socket that is closed between the server's 101 and on_connect is abandoned, with a Close frame.
        let has_frames = was_open || self.error == EGRET_WS_ERR_ABORTED && self.http_status == 101;
        check(has_frames || self.code == 1006, "a Close frame on a connection that was not open");
        check(has_frames || self.sent_code == 0, "a Close frame was sent on a connection that was not open");
        match self.error {
            EGRET_WS_OK => {
                check(self.code != 1006 && self.sent_code != 0, "clean, but not both Close frames were exchanged");
                check(self.phase == EGRET_WS_PHASE_CLOSING, "clean, but not in the phase of closing");
                check(self.initiator != TRANSPORT, "clean, but the network ended it");
            }
            EGRET_WS_ERR_RESOLVE => {
                check(self.phase == EGRET_WS_PHASE_RESOLVE && self.initiator == TRANSPORT, "not found, but elsewhere");
            }
            EGRET_WS_ERR_CONNECT => {
                check(self.phase == EGRET_WS_PHASE_CONNECT && self.initiator == TRANSPORT, "no TCP, but elsewhere");
            }
            EGRET_WS_ERR_PROXY => check(self.phase == EGRET_WS_PHASE_PROXY, "the proxy's error, but elsewhere"),
            EGRET_WS_ERR_HANDSHAKE => {
                check(self.phase == EGRET_WS_PHASE_HANDSHAKE, "a wrong answer, but elsewhere");
                check(self.initiator == LOCAL, "a wrong answer is refused by this side");
            }
            EGRET_WS_ERR_REFUSED => {
                check(self.phase == EGRET_WS_PHASE_HANDSHAKE && self.initiator == PEER, "a refusal is the server's");
                check(self.http_status != 0 && self.http_status != 101, "a refusal without its status");
            }
            EGRET_WS_ERR_REDIRECT => {
                check(self.phase == EGRET_WS_PHASE_HANDSHAKE, "a redirect, but elsewhere");
                check((300..400).contains(&self.http_status), "a redirect without its status");
            }
            EGRET_WS_ERR_ABORTED => {
                check(!was_open && self.initiator == LOCAL, "abandoned, but not by this side while connecting");
            }
            EGRET_WS_ERR_PROTOCOL | EGRET_WS_ERR_INVALID_UTF8 | EGRET_WS_ERR_MESSAGE_TOO_BIG => {
                check(was_open && self.initiator == LOCAL, "a breach of the protocol is refused by this side");
            }
            EGRET_WS_ERR_CONNECTION_LOST => {
                // A close of this side came first, and the peer's Close frame came before the connection broke.
                let closing = self.phase == EGRET_WS_PHASE_CLOSING && self.was_told();
                check(self.initiator != LOCAL || closing, "the connection broke, but this side ended it");
            }
            EGRET_WS_ERR_TIMEOUT => {
                let closing = self.phase == EGRET_WS_PHASE_CLOSING && self.was_told();
                check(self.initiator != LOCAL || closing, "a deadline passed, but this side ended it");
            }
            EGRET_WS_ERR_TLS_OPTIONS..=EGRET_WS_ERR_TLS => {}
            EGRET_WS_ERR_NO_RESOURCES => {}
            _ => wrong("this error is no close report's"),
        }
        if self.initiator == PEER {
            let refused = [EGRET_WS_ERR_REFUSED, EGRET_WS_ERR_REDIRECT, EGRET_WS_ERR_PROXY, EGRET_WS_ERR_HANDSHAKE];
            check(self.was_told() || refused.contains(&self.error), "the peer ended it, but without a Close frame");
        }
    }
}

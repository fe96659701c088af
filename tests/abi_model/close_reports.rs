//! Close reports, and the properties that the header promises for each report.

use crate::contract;
use crate::trace::{breach, promise};
use ::egret_ws::*;
use std::ffi::CStr;
use test_support::close_report::CloseReport;

/// Reads a report and checks it against the header.
pub fn read(info: *const egret_ws_close_info) -> CloseReport {
    promise!(!info.is_null(), "a close report is NULL");
    // SAFETY: according to the header, the struct is readable.
    let info = unsafe { &*info };
    let size = size_of::<egret_ws_close_info>();
    promise!(info.struct_size as usize == size, "a close report of {} bytes, not {size}", info.struct_size);
    promise!(!info.reason.is_null() && !info.message.is_null(), "reason or message of a close report is NULL");
    promise!(info.reason_len <= 123, "a reason of {} bytes", info.reason_len);
    // SAFETY: according to the header, there are `reason_len` bytes and then a NUL.
    let reason = unsafe { std::slice::from_raw_parts(info.reason.cast::<u8>(), info.reason_len + 1) };
    promise!(reason.last() == Some(&0), "a reason without a NUL after it");
    promise!(str::from_utf8(&reason[..info.reason_len]).is_ok(), "a reason that is not UTF-8");
    // SAFETY: according to the header, the text is not NULL and ends in a NUL.
    let message = unsafe { CStr::from_ptr(info.message) };
    promise!(message.to_str().is_ok_and(|text| !text.is_empty()), "no readable message: {message:?}");
    // SAFETY: it is the argument of the callback.
    let report = unsafe { CloseReport::read(info) };
    check(&report);
    report
}

/// Checks the properties that the header promises for a report.
fn check(report: &CloseReport) {
    use EGRET_WS_INITIATOR_LOCAL as LOCAL;
    use EGRET_WS_INITIATOR_PEER as PEER;
    use EGRET_WS_INITIATOR_TRANSPORT as TRANSPORT;
    let wrong = |why: &str| -> ! { breach!("a close report contradicts the header: {why}: {report:?}") };
    let check = |holds: bool, why: &str| {
        if !holds {
            wrong(why)
        }
    };

    check(report.error == 0 || contract::ERRORS.contains_key(&report.error.into()), "error is no error");
    check((EGRET_WS_PHASE_REQUEST..=EGRET_WS_PHASE_CLOSING).contains(&report.phase), "phase is no phase");
    check((LOCAL..=TRANSPORT).contains(&report.initiator), "initiator is none");
    check(report.http_status == 0 || (100..=999).contains(&report.http_status), "http_status is no status");
    let is_sendable = |code: u16| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    check(is_sendable(report.code) || matches!(report.code, 1005 | 1006), "code may not be in a Close frame");
    check(is_sendable(report.sent_code) || matches!(report.sent_code, 0 | 1005), "sent_code may not be sent");
    check(is_sendable(report.code) || report.reason.is_empty(), "a reason without a code");
    check(report.unsent_messages > 0 || report.unsent_bytes == 0, "unsent_bytes without unsent_messages");

    let was_open = report.phase >= EGRET_WS_PHASE_OPEN;
    check(!was_open || report.http_status == 101, "an open connection without a 101");
    // A socket that is closed between the server's 101 and on_connect is abandoned, with a Close frame.
    let has_frames = was_open || report.error == EGRET_WS_ERR_ABORTED && report.http_status == 101;
    check(has_frames || report.code == 1006, "a Close frame on a connection that was not open");
    check(has_frames || report.sent_code == 0, "a Close frame was sent on a connection that was not open");
    if report.phase == EGRET_WS_PHASE_FLUSH {
        check(report.sent_code == 0, "the Close frame was sent, so nothing was left to flush");
    }
    if report.phase == EGRET_WS_PHASE_REQUEST {
        let possible = [EGRET_WS_ERR_ABORTED, EGRET_WS_ERR_TIMEOUT];
        check(possible.contains(&report.error) && report.initiator == LOCAL, "no such end can come before an attempt");
        check(report.http_status == 0 && report.os_error == 0, "a status or number before an attempt");
    }
    match report.error {
        EGRET_WS_OK => {
            check(report.code != 1006 && report.sent_code != 0, "clean, but not both Close frames were exchanged");
            check(report.phase == EGRET_WS_PHASE_CLOSING, "clean, but not in the phase of closing");
            check(report.initiator != TRANSPORT, "clean, but the network ended it");
        }
        EGRET_WS_ERR_RESOLVE => {
            check(report.phase == EGRET_WS_PHASE_RESOLVE && report.initiator == TRANSPORT, "not found, but elsewhere");
        }
        EGRET_WS_ERR_CONNECT => {
            check(report.phase == EGRET_WS_PHASE_CONNECT && report.initiator == TRANSPORT, "no TCP, but elsewhere");
        }
        EGRET_WS_ERR_PROXY => check(report.phase == EGRET_WS_PHASE_PROXY, "the proxy's error, but elsewhere"),
        EGRET_WS_ERR_HANDSHAKE => {
            check(report.phase == EGRET_WS_PHASE_HANDSHAKE, "a wrong answer, but elsewhere");
            check(report.initiator == LOCAL, "a wrong answer is refused by this side");
        }
        EGRET_WS_ERR_HTTP_STATUS => {
            check(report.phase == EGRET_WS_PHASE_HANDSHAKE && report.initiator == PEER, "a refusal is the server's");
            check(report.http_status != 0 && report.http_status != 101, "a refusal without its status");
        }
        EGRET_WS_ERR_REDIRECT => {
            check(report.phase == EGRET_WS_PHASE_HANDSHAKE, "a redirect, but elsewhere");
            check((300..400).contains(&report.http_status), "a redirect without its status");
        }
        EGRET_WS_ERR_ABORTED => {
            check(report.initiator == LOCAL, "abandoned or aborted, but not by this side");
        }
        EGRET_WS_ERR_PROTOCOL | EGRET_WS_ERR_INVALID_UTF8 | EGRET_WS_ERR_MESSAGE_TOO_BIG => {
            check(was_open && report.initiator == LOCAL, "a breach of the protocol is refused by this side");
        }
        EGRET_WS_ERR_CONNECTION_LOST => {
            // A close of this side came first, and the peer's Close frame came before the connection broke.
            let closing = report.phase >= EGRET_WS_PHASE_FLUSH && report.has_close_frame();
            check(report.initiator != LOCAL || closing, "the connection broke, but this side ended it");
        }
        EGRET_WS_ERR_TIMEOUT => {
            let closing = report.phase >= EGRET_WS_PHASE_FLUSH && report.has_close_frame();
            let asked = report.phase == EGRET_WS_PHASE_REQUEST;
            check(report.initiator != LOCAL || closing || asked, "a deadline passed, but this side ended it");
        }
        EGRET_WS_ERR_TLS_OPTIONS..=EGRET_WS_ERR_TLS => {}
        EGRET_WS_ERR_NO_RESOURCES => {}
        _ => wrong("a close report cannot have this error"),
    }
    if report.initiator == PEER {
        let refused = [EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_ERR_REDIRECT, EGRET_WS_ERR_PROXY, EGRET_WS_ERR_HANDSHAKE];
        check(
            report.has_close_frame() || refused.contains(&report.error),
            "the peer ended it, but without a Close frame",
        );
    }
}

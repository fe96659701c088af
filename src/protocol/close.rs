//! Close frames: codes and reasons (RFC 6455 sections 5.5.1 and 7.4).

use super::frame::MAX_CONTROL_PAYLOAD;
use super::{Violation, ViolationKind};
use crate::error::{DetailedError, Error};
use tungstenite::protocol::frame::coding::CloseCode;

/// Going away: the loop was freed or suspended, or the host has freed the socket.
pub const GOING_AWAY: u16 = 1001;
/// No status: the code that a report has if the Close frame had no code.
pub const NO_STATUS: u16 = 1005;
/// Abnormal closure: the code that a report has if there was no Close frame.
pub const ABNORMAL: u16 = 1006;

/// The largest size of a reason, in bytes.
pub const MAX_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// Returns true if this code may be in a Close frame, in either direction: 1000 to 1003, 1007 to 1014, and 3000 to 4999
/// (RFC 6455 section 7.4, and the registry of IANA for 1012 to 1014).
pub fn is_allowed(code: u16) -> bool {
    // 1014 (bad gateway) is newer than tungstenite's list.
    CloseCode::from(code).is_allowed() || code == 1014
}

/// Reads the payload of a Close frame: the code, if there is one, and the reason.
pub fn parse(payload: &[u8]) -> Result<(Option<u16>, &str), Violation> {
    match payload {
        [] => Ok((None, "")),
        [_] => Err(Violation::protocol("a Close frame has one byte of payload")),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_allowed(code) {
                return Err(Violation::protocol("a Close frame has a code that may not be sent"));
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Violation {
                kind: ViolationKind::InvalidUtf8,
                detail: "the reason of a Close frame is not UTF-8",
            })?;
            Ok((Some(code), reason))
        }
    }
}

/// Checks the arguments of `egret_ws_close`, and makes the payload of a Close frame from them. Code 0 means no code.
pub fn checked_payload(code: u16, reason: &[u8]) -> Result<Vec<u8>, DetailedError> {
    let refuse = |why: String| Err(DetailedError::new(Error::InvalidClose, why));
    if code == 0 && reason.is_empty() {
        return Ok(Vec::new());
    }
    if code == 0 {
        return refuse("reason must be empty if code is 0: give a code, for example 1000".to_owned());
    }
    if !is_allowed(code) {
        return refuse(format!("the code {code} may not be sent: use 1000, or one of 3000 to 4999"));
    }
    if reason.len() > MAX_REASON {
        return refuse(format!("reason has {} bytes, and at most {MAX_REASON} are allowed", reason.len()));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(DetailedError::new(Error::InvalidUtf8, "reason is not UTF-8"));
    }
    Ok([&code.to_be_bytes(), reason].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_codes_are_those_of_the_registry() {
        let allowed = |code| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        for code in 0..=u16::MAX {
            assert_eq!(is_allowed(code), allowed(code), "{code}");
        }
    }

    #[test]
    fn payloads_are_read_and_invalid_ones_are_refused() {
        assert_eq!(parse(b""), Ok((None, "")));
        assert_eq!(parse(b"\x03\xe8"), Ok((Some(1000), "")));
        assert_eq!(parse(b"\x03\xe8bye"), Ok((Some(1000), "bye")));
        assert_eq!(parse(b"\x03").unwrap_err().close_code(), 1002);
        assert_eq!(parse(b"\x03\xed").unwrap_err().close_code(), 1002); // 1005
        assert_eq!(parse(b"\x03\xe8\xff").unwrap_err().close_code(), 1007);
    }

    #[test]
    fn only_valid_payloads_are_written() {
        assert_eq!(checked_payload(0, b""), Ok(vec![]));
        assert_eq!(checked_payload(0, b"why").unwrap_err().error, Error::InvalidClose);
        assert_eq!(checked_payload(1000, b"bye"), Ok(b"\x03\xe8bye".to_vec()));
        assert_eq!(checked_payload(1006, b"").unwrap_err().error, Error::InvalidClose);
        assert_eq!(checked_payload(1000, &[b'x'; 123]).map(|payload| payload.len()), Ok(125));
        assert_eq!(checked_payload(1000, &[b'x'; 124]).unwrap_err().error, Error::InvalidClose);
        assert_eq!(checked_payload(1000, b"\xff").unwrap_err().error, Error::InvalidUtf8);
    }
}

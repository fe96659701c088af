//! Faults of the library that are known and not mended yet. A fault that is listed here switches off the calls, or the
//! check, that would find it. Empty the list when they are mended; then delete this file.

/// A fault that this fuzzer finds, and that is being mended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code, reason = "the list below may be empty")]
pub enum Fault {
    /// `tls_roots` with `tls_roots_len` 0 is accepted and ignored.
    RootsWithoutLength,
    /// A refusal with an odd header line is reported as `EGRET_WS_ERR_HANDSHAKE`, without its status.
    OddRefusal,
    /// `initiator` says TRANSPORT though the peer's Close frame was received.
    InitiatorAfterClose,
    /// `egret_ws_connect` returns `UNSUPPORTED` for an `https://` proxy; its list of errors lacks it.
    ConnectListsNoUnsupported,
}

/// The known faults.
pub const KNOWN_FAULTS: &[Fault] =
    &[Fault::RootsWithoutLength, Fault::OddRefusal, Fault::InitiatorAfterClose, Fault::ConnectListsNoUnsupported];

pub fn is_known(fault: Fault) -> bool {
    KNOWN_FAULTS.contains(&fault)
}

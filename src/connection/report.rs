//! The report of a connection's end: when, how and why it ended.

use crate::constants::*;
use crate::error::Error;
use crate::protocol::close::ABNORMAL;
use crate::protocol::handshake::UpgradeError;
use crate::protocol::http_head::header;
use crate::protocol::{Violation, ViolationKind};
use crate::transport;
use std::io;

/// The phase in which a connection ended. The numbers match the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Phase {
    Request = EGRET_WS_PHASE_REQUEST,
    Resolve = EGRET_WS_PHASE_RESOLVE,
    Connect = EGRET_WS_PHASE_CONNECT,
    Proxy = EGRET_WS_PHASE_PROXY,
    Tls = EGRET_WS_PHASE_TLS,
    Handshake = EGRET_WS_PHASE_HANDSHAKE,
    Open = EGRET_WS_PHASE_OPEN,
    Flush = EGRET_WS_PHASE_FLUSH,
    Closing = EGRET_WS_PHASE_CLOSING,
}

impl Phase {
    /// Returns the name of its constant, for a log line.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Request => "EGRET_WS_PHASE_REQUEST",
            Phase::Resolve => "EGRET_WS_PHASE_RESOLVE",
            Phase::Connect => "EGRET_WS_PHASE_CONNECT",
            Phase::Proxy => "EGRET_WS_PHASE_PROXY",
            Phase::Tls => "EGRET_WS_PHASE_TLS",
            Phase::Handshake => "EGRET_WS_PHASE_HANDSHAKE",
            Phase::Open => "EGRET_WS_PHASE_OPEN",
            Phase::Flush => "EGRET_WS_PHASE_FLUSH",
            Phase::Closing => "EGRET_WS_PHASE_CLOSING",
        }
    }
}

/// The side that ended a connection. The numbers match the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Initiator {
    Local = EGRET_WS_INITIATOR_LOCAL,
    Peer = EGRET_WS_INITIATOR_PEER,
    Transport = EGRET_WS_INITIATOR_TRANSPORT,
}

/// The close report. The header documents the fields, at `egret_ws_close_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Report {
    pub error: Option<Error>,
    pub phase: Phase,
    pub initiator: Initiator,
    pub http_status: u16,
    pub os_error: i32,
    pub code: u16,
    pub sent_code: u16,
    pub reason: String,
    pub message: String,
    pub unsent_messages: u32,
    pub unsent_bytes: u64,
}

impl Report {
    /// The report of a connection that has neither received nor sent a Close frame.
    pub fn new(ending: Ending, phase: Phase) -> Report {
        Report {
            error: ending.error,
            phase,
            initiator: ending.initiator,
            http_status: ending.http_status,
            os_error: ending.os_error,
            code: ABNORMAL,
            sent_code: 0,
            reason: String::new(),
            message: ending.message,
            unsent_messages: 0,
            unsent_bytes: 0,
        }
    }

    /// Like [`Report::new`], with the messages that were accepted and not sent, and their payload bytes.
    pub fn unsent(ending: Ending, phase: Phase, (unsent_messages, unsent_bytes): (u32, u64)) -> Report {
        Report { unsent_messages, unsent_bytes, ..Report::new(ending, phase) }
    }

    /// Adds messages that were dropped at earlier losses, and that were not yet reported to the host.
    #[must_use]
    pub fn with_unreported(mut self, (messages, bytes): (u32, u64)) -> Report {
        self.unsent_messages = self.unsent_messages.saturating_add(messages);
        self.unsent_bytes += bytes;
        self
    }
}

/// The reason why a connection ended. [`Report`] adds the numbers of what was sent and received.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ending {
    pub error: Option<Error>,
    pub initiator: Initiator,
    pub http_status: u16,
    pub os_error: i32,
    pub message: String,
}

impl Ending {
    /// Makes an ending with an error.
    pub fn new(error: Error, initiator: Initiator, message: impl Into<String>) -> Ending {
        Ending { error: Some(error), initiator, http_status: 0, os_error: 0, message: message.into() }
    }

    /// The closing handshake is complete.
    pub fn clean(initiator: Initiator) -> Ending {
        let who = if initiator == Initiator::Local { "this side" } else { "the peer" };
        let message = format!("closed by {who}, with the closing handshake");
        Ending { error: None, initiator, http_status: 0, os_error: 0, message }
    }

    /// The transport failed with an error of the operating system.
    pub fn io(error: Error, doing: &str, cause: &io::Error) -> Ending {
        let os_error = transport::os_error(cause);
        Ending { os_error, ..Ending::new(error, Initiator::Transport, format!("{doing}: {cause}")) }
    }

    /// A stage took longer than its time-out.
    pub fn timeout(what: &str) -> Ending {
        Ending::deadline(format!("{what} took longer than its time-out"))
    }

    /// A deadline passed. The message names it.
    pub fn deadline(message: String) -> Ending {
        Ending::new(Error::Timeout, Initiator::Transport, message)
    }

    /// The host has dropped the connection.
    pub fn dropped_by_host() -> Ending {
        Ending::new(Error::Aborted, Initiator::Local, "dropped by this side (egret_ws_abort)")
    }

    /// Returns whether this side has ended the connection without a closing handshake.
    pub fn is_abort(&self) -> bool {
        self.error == Some(Error::Aborted)
    }

    /// This side has closed before the connection was made.
    pub fn aborted() -> Ending {
        Ending::closed_by_this_side("before the connection was made")
    }

    /// This side has closed while there was no connection.
    pub fn closed_by_this_side(when: &str) -> Ending {
        Ending::new(Error::Aborted, Initiator::Local, format!("closed by this side {when}"))
    }

    /// The loop was freed.
    pub fn freed() -> Ending {
        Ending::new(Error::Aborted, Initiator::Local, "ended with its loop")
    }

    /// A fault in this library.
    pub fn internal() -> Ending {
        Ending::new(Error::Internal, Initiator::Local, "a fault in the library was caught; please report it")
    }

    /// There was no memory for bytes that must be kept.
    pub fn no_memory(what: &str) -> Ending {
        Ending::new(Error::NoResources, Initiator::Local, what)
    }

    /// The peer violated the protocol, or there is no memory for its message.
    pub fn violation(violation: Violation) -> Ending {
        let error = match violation.kind {
            ViolationKind::Protocol => Error::Protocol,
            ViolationKind::InvalidUtf8 => Error::InvalidUtf8,
            ViolationKind::TooBig => Error::MessageTooBig,
            ViolationKind::NoMemory => return Ending::no_memory(violation.detail),
        };
        Ending::new(error, Initiator::Local, format!("the peer was refused: {}", violation.detail))
    }

    /// The server has refused the upgrade. `headers` are those of its response.
    pub fn refusal(refusal: UpgradeError, headers: &str) -> Ending {
        match refusal {
            UpgradeError::Status { status, reason, flaw, .. } => {
                let message = format!("the server answered the upgrade with {status} {reason}");
                let mut message = message.trim_end().to_owned();
                if let Some(flaw) = flaw {
                    message += &format!("; {flaw}");
                }
                if let Some(when) = header(headers, "retry-after") {
                    message += &format!(" (Retry-After: {when:.40})");
                }
                Ending { http_status: status, ..Ending::new(Error::Refused, Initiator::Peer, message) }
            }
            UpgradeError::NoMemory => Ending::no_memory("there is no memory for the server's answer"),
            UpgradeError::Malformed { status, detail } => {
                Ending { http_status: status, ..Ending::new(Error::Handshake, Initiator::Local, detail) }
            }
        }
    }
}

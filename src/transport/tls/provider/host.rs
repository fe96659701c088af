//! The TLS of the host, in the form that this module uses. `ffi` implements it with the callbacks of a TLS provider.

use super::super::peer::Peer;
use super::super::settings::Settings;
use super::super::tls_info::TlsInfo;
use crate::constants::*;
use crate::error::Error;
use std::fmt;

/// The options that a TLS provider supports: bits of `EGRET_WS_TLS_CAN_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// All options.
    pub const ALL: Capabilities = Capabilities(
        EGRET_WS_TLS_CAN_ROOTS
            | EGRET_WS_TLS_CAN_IDENTITY
            | EGRET_WS_TLS_CAN_ANY_CERTIFICATE
            | EGRET_WS_TLS_CAN_MIN_VERSION
            | EGRET_WS_TLS_CAN_CHAIN
            | EGRET_WS_TLS_CAN_RESUME,
    );

    /// Returns whether this option is supported.
    pub fn has(self, capability: u32) -> bool {
        self.0 & capability != 0
    }
}

/// A TLS provider.
pub trait HostTls: fmt::Debug + Send + Sync {
    /// Returns the options that it supports.
    fn capabilities(&self) -> Capabilities;

    /// Makes a context for these settings. It may block.
    fn new_context(&self, settings: &Settings) -> Result<Box<dyn HostContext>, Failure>;
}

/// The certificates and rules for any number of sessions.
pub trait HostContext: Send + Sync {
    /// Begins a session. This sends nothing.
    fn open(&self, request: &Request) -> Result<Box<dyn HostSession>, Failure>;
}

/// A session with a peer. It is freed when it is dropped.
pub trait HostSession: Send {
    /// Makes a step with `input`, and writes its result to `output`.
    fn step(&mut self, step: Step, input: &[u8], output: &mut [u8]) -> Reply;

    /// Returns the facts about the session. Their chain contains the bytes of the host.
    fn facts(&mut self) -> Facts;
}

/// The steps of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Decrypts a record.
    Receive,
    /// Encrypts bytes, and takes the output of the handshake.
    Send,
    /// Makes a close_notify.
    CloseNotify,
}

/// The result of a step, not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// `EGRET_WS_OK` or an error.
    pub code: i32,
    /// Bits such as `EGRET_WS_TLS_ESTABLISHED`.
    pub state: u32,
    /// The number of bytes that were written.
    pub len: usize,
    /// The reason of the error.
    pub message: String,
}

/// An error of a host, not checked: its number, and the reason as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number.
    pub code: i32,
    /// The reason, which may be empty.
    pub message: String,
}

impl Failure {
    /// Returns the error for a close report. Numbers that are not in the list count as `fallback`. The text has no subject.
    pub(super) fn classify(self, fallback: Error) -> (Error, String) {
        let Failure { code, message } = self;
        let message = if message.is_empty() { "the TLS provider gives no reason".to_owned() } else { message };
        match Error::from_code(code) {
            Some(
                error @ (Error::Tls
                | Error::TlsExpired
                | Error::TlsHost
                | Error::TlsIssuer
                | Error::TlsOptions
                | Error::NoResources),
            ) => (error, message),
            _ => (
                fallback,
                format!("{message} (the TLS provider returned the number {code}, which is not an error of TLS)"),
            ),
        }
    }
}

/// The peer of a session.
#[derive(Clone, Debug)]
pub struct Request {
    /// The kind of peer.
    pub peer: Peer,
    /// The name that the peer's certificate must have.
    pub name: String,
    /// The host in the peer's URL.
    pub host: String,
    /// The port in the peer's URL.
    pub port: u16,
    /// Sessions may be kept and resumed.
    pub resumes: bool,
    /// The number of the socket's handle.
    pub socket: usize,
}

impl Request {
    /// Returns whether the peer is a proxy.
    pub fn is_proxy(&self) -> bool {
        self.peer == Peer::Proxy
    }
}

/// The facts about a session, not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// All facts except the chain.
    pub info: TlsInfo,
    /// The certificates in DER, one directly after the other.
    pub chain: Vec<u8>,
}

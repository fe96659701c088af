//! A session of the host. All results of the host are checked.

use super::super::pins::{Pin, SEQUENCE};
use super::super::tls_info::{TlsInfo, bounded_chain};
use super::super::{TlsError, pins};
use super::host::{Facts, Failure, HostSession, Reply, Step};
use crate::constants::*;
use crate::error::Error;
use std::io::Write;

/// The room for the records of a step, in addition to their plaintext.
const ROOM: usize = 2048;
/// The largest number of calls for the output of one step. This is enough for the certificates of this side.
const MAX_OUTPUT_CALLS: usize = 256;
const ALL_STATES: u32 =
    EGRET_WS_TLS_ESTABLISHED | EGRET_WS_TLS_HAS_OUTPUT | EGRET_WS_TLS_PEER_CLOSED | EGRET_WS_TLS_BUSY;

/// The largest number of output bytes of a busy session that wait for the comparison with the pins.
const MAX_HELD: usize = 64 * 1024;
const TOO_MUCH: &str = "the TLS provider returns output endlessly";

/// A session, until it fails.
pub(super) struct Session {
    host: Option<Box<dyn HostSession>>,
    state: u32,
    /// The pins that the key of the peer must be compared with. Empty: the comparison was successful, or there are no pins.
    pins: Vec<Pin>,
    /// The output of a busy session. Its peer cannot yet be compared with the pins.
    held: Vec<u8>,
    /// The facts of a session that has failed, and its first failure.
    last: Option<(TlsInfo, TlsError)>,
}

/// The result of a step. The text of the error has no subject.
type Stepped<T> = Result<T, TlsError>;

impl Session {
    /// Makes a session at the beginning of its handshake. Its first output waits.
    pub(super) fn new(host: Box<dyn HostSession>, pins: &[Pin]) -> Session {
        Session { host: Some(host), state: EGRET_WS_TLS_HAS_OUTPUT, pins: pins.to_vec(), held: Vec::new(), last: None }
    }

    pub(super) fn is_established(&self) -> bool {
        self.has(EGRET_WS_TLS_ESTABLISHED)
    }

    pub(super) fn is_peer_closed(&self) -> bool {
        self.has(EGRET_WS_TLS_PEER_CLOSED)
    }

    /// Continues a session that works on another thread, and writes the output that waits. It is called at the beginning of a
    /// turn.
    pub(super) fn resume(&mut self, stream: &mut dyn Write) -> Stepped<()> {
        if self.is_busy() { self.send(&[], stream) } else { self.flush(stream) }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.has(EGRET_WS_TLS_BUSY)
    }

    fn has(&self, state: u32) -> bool {
        self.state & state != 0
    }

    /// Decrypts a record to `output`, which has room for 16 KiB. Returns the number of bytes. If this fails, writes an alert to
    /// `stream`.
    pub(super) fn receive(&mut self, record: &[u8], output: &mut [u8], stream: &mut dyn Write) -> Stepped<usize> {
        let was_established = self.is_established();
        match self.step(Step::Receive, record, output) {
            Ok(0) => Ok(0),
            Ok(_) if !was_established => {
                Err(self.fail("the TLS provider returned data before the handshake was complete"))
            }
            Err(failure) => {
                self.write_alert(stream);
                Err(self.end(failure))
            }
            received => received,
        }
    }

    /// Encrypts plaintext, at most 16 KiB, and writes it to `stream`, together with the output that waits.
    pub(super) fn send(&mut self, plaintext: &[u8], stream: &mut dyn Write) -> Stepped<()> {
        self.step_out(Step::Send, plaintext, stream)?;
        self.flush(stream)
    }

    /// Writes a close_notify, unless another thread works on the session.
    pub(super) fn close_notify(&mut self, stream: &mut dyn Write) -> Stepped<()> {
        if self.is_busy() {
            return Ok(());
        }
        self.step_out(Step::CloseNotify, &[], stream)?;
        self.flush(stream)
    }

    /// Writes all output that waits.
    pub(super) fn flush(&mut self, stream: &mut dyn Write) -> Stepped<()> {
        for _ in 0..MAX_OUTPUT_CALLS {
            if !self.has(EGRET_WS_TLS_HAS_OUTPUT) {
                return Ok(());
            }
            let len = self.step_out(Step::Send, &[], stream)?;
            if len == 0 && self.is_busy() {
                return Ok(());
            }
            if len == 0 && self.has(EGRET_WS_TLS_HAS_OUTPUT) {
                return Err(self.fail("the TLS provider has output, but returns none"));
            }
        }
        Err(self.fail(TOO_MUCH))
    }

    /// Writes the alert for the peer, if the host has one. This is called after an error of [`Step::Receive`], or of the work on
    /// another thread.
    fn write_alert(&mut self, stream: &mut dyn Write) {
        let (Some(host), mut output) = (&mut self.host, [0; ROOM]) else { return };
        // The step fails again, with or without an alert, so only the bytes are used.
        let Reply { len, .. } = host.step(Step::Send, &[], &mut output);
        if let Some(alert) = output.get(..len).filter(|_| self.check_pins().is_ok()) {
            let _ = stream.write(alert); // the connection ends in any case
        }
    }

    /// Makes a step, and writes its result to the stream. Returns the number of bytes.
    fn step_out(&mut self, step: Step, input: &[u8], stream: &mut dyn Write) -> Stepped<usize> {
        let was_busy = self.is_busy();
        // The buffer contains zeros, so that a host that returns a wrong number sends nothing of this process's memory to the
        // peer.
        let mut output = vec![0; input.len() + ROOM];
        let len = match self.step(step, input, &mut output) {
            Ok(len) => len,
            Err(failure) => {
                if was_busy {
                    self.write_alert(stream);
                }
                return Err(self.end(failure));
            }
        };
        output.truncate(len);
        if self.is_busy() && !self.pins.is_empty() {
            self.held.append(&mut output);
            return if self.held.len() <= MAX_HELD { Ok(len) } else { Err(self.fail(TOO_MUCH)) };
        }
        if let Err(other_key) = self.check_pins() {
            return Err(self.refuse(other_key));
        }
        if !self.held.is_empty() {
            let rest = std::mem::replace(&mut output, std::mem::take(&mut self.held));
            output.extend(rest);
        }
        match stream.write_all(&output) {
            Ok(()) => Ok(len),
            Err(_) => Err(self.fail("the peer does not read any more, so there is no room for the output of TLS")),
        }
    }

    /// Compares the key of the peer with the pins when the host knows the key. A peer with another key gets nothing, not even the
    /// certificate of this side, which may be a part of the handshake's output.
    fn check_pins(&mut self) -> Stepped<()> {
        if self.pins.is_empty() {
            return Ok(());
        }
        let chain = self.info().chain;
        if chain.is_empty() && !self.is_established() {
            return Ok(());
        }
        pins::check(&self.pins, chain.first().map(|certificate| &certificate[..]))?;
        self.pins = Vec::new();
        Ok(())
    }

    /// The key of the peer is not one of the pins. If this output is the alert of a session that has already failed, that failure
    /// is the reason.
    fn refuse(&mut self, other_key: TlsError) -> TlsError {
        let mut output = [0; ROOM];
        for _ in 0..MAX_OUTPUT_CALLS {
            if !self.has(EGRET_WS_TLS_HAS_OUTPUT) {
                break;
            }
            if let Err(failure) = self.step(Step::Send, &[], &mut output) {
                return self.end(failure);
            }
        }
        self.end(other_key)
    }

    fn step(&mut self, step: Step, input: &[u8], output: &mut [u8]) -> Stepped<usize> {
        let Some(host) = &mut self.host else {
            let first = self.last.as_ref().map(|(_, failure)| failure.clone());
            return Err(first.unwrap_or_else(|| TlsError::new(Error::Tls, "the TLS session has ended".into())));
        };
        let Reply { code, state, len, message } = host.step(step, input, output);
        if code != EGRET_WS_OK {
            self.state &= !EGRET_WS_TLS_BUSY; // its work has ended, too
            let (error, message) = Failure { code, message }.classify(Error::Tls);
            return Err(TlsError::new(error, message));
        }
        let wrong = if len > output.len() {
            "the TLS provider returned more bytes than there was room for"
        } else if state & !ALL_STATES != 0 {
            "the TLS provider returned an unknown state"
        } else if self.state & !state & (EGRET_WS_TLS_ESTABLISHED | EGRET_WS_TLS_PEER_CLOSED) != 0 {
            "the TLS provider returned an earlier state"
        } else {
            self.state = state;
            return Ok(len);
        };
        Err(TlsError::new(Error::Tls, wrong.into()))
    }

    #[cold]
    fn fail(&mut self, why: &str) -> TlsError {
        self.end(TlsError::new(Error::Tls, why.to_owned()))
    }

    /// Records that the session has failed. The host frees it. Later steps also fail for this reason, because a connection that
    /// cannot write still reads the bytes that the peer has sent.
    fn end(&mut self, failure: TlsError) -> TlsError {
        if self.host.is_some() {
            self.last = Some((self.info(), failure.clone()));
            self.host = None;
        }
        failure
    }

    /// Returns how far TLS was set up. While another thread works on the session, nothing is known.
    pub(super) fn info(&mut self) -> TlsInfo {
        if self.is_busy() {
            return TlsInfo::default();
        }
        let Some(host) = &mut self.host else {
            return self.last.as_ref().map(|(info, _)| info.clone()).unwrap_or_default();
        };
        let Facts { info, chain } = host.facts();
        let version = if [EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3].contains(&info.version) { info.version } else { 0 };
        TlsInfo { version, chain: bounded_chain(certificates(&chain)), ..info }
    }
}

/// Returns the certificates of a chain, up to the first that is not DER.
fn certificates(mut chain: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || Some(pins::element(&mut chain, Some(SEQUENCE))?.whole.to_vec()))
}

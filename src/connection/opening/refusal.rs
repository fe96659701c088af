//! The body of a response that refuses the connection. The refusal is known already; the host can read the body, to see why.

use super::outcome::{Outcome, READS_A_TURN};
use crate::connection::report::{Ending, Phase};
use crate::protocol::http_body::BodyReader;
use crate::transport::Transport;
use std::io::ErrorKind;

/// A stream whose peer has refused the connection, and the body that is being read.
pub(super) struct Refusal<S> {
    pub(super) stream: S,
    body: BodyReader,
    ending: Ending,
    /// The phase of the stage that was refused.
    pub(super) phase: Phase,
}

impl<S: Transport> Refusal<S> {
    pub(super) fn new(stream: S, body: BodyReader, ending: Ending, phase: Phase) -> Refusal<S> {
        Refusal { stream, body, ending, phase }
    }

    /// Takes bytes that were read with the head. Returns true if the body needs no more.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        self.body.feed(bytes)
    }

    /// Reads as far as possible now, within the budget of a turn. An end or an error of the stream ends the body.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Outcome<()> {
        for _ in 0..READS_A_TURN {
            match self.stream.read(buffer) {
                Ok(0) => return Outcome::Done(()),
                Ok(count) if self.feed(&buffer[..count]) => return Outcome::Done(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => return Outcome::Again,
                Err(_) => return Outcome::Done(()),
            }
        }
        Outcome::Again
    }

    /// Ends the stream. Returns the body, or the part of it that was read, and the ending.
    pub(super) fn end(mut self) -> (Vec<u8>, Ending, Phase) {
        self.stream.close_notify();
        (self.body.into_body(), self.ending, self.phase)
    }
}

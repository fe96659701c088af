//! The body of a response that refuses the connection. The refusal is already known. The host can read the body to learn the
//! reason.

use super::outcome::{Outcome, READS_A_TURN};
use super::proxy_handshake::ProxyRefused;
use super::stage::HopStage;
use super::upgrade::Refused;
use super::{Opened, Opening, redirect};
use crate::connection::ports::{Context, Events, Ports};
use crate::connection::report::{Ending, Phase};
use crate::protocol::handshake::UpgradeError;
use crate::protocol::http_body::BodyReader;
use crate::protocol::http_head::Head;
use crate::transport::Transport;
use crate::transport::stream::Stream;
use std::io::ErrorKind;
use std::ops::Range;
use std::time::{Duration, Instant};

/// If no byte of a body comes for this time, the body ends: its server may not announce its length, and may keep the connection.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(1);

/// A stream whose peer has refused the connection, and the body that is being read.
pub(super) struct Refusal<S> {
    pub(super) stream: S,
    body: BodyReader,
    /// The time at which the last bytes came.
    fed_at: Instant,
    ending: Ending,
    /// The phase of the stage that was refused.
    pub(super) phase: Phase,
}

impl<S: Transport> Refusal<S> {
    /// Reads as much as possible now, within the budget of a turn. If the stream ends or fails, the body ends.
    fn advance(&mut self, buffer: &mut [u8], now: Instant) -> Outcome<()> {
        for _ in 0..READS_A_TURN {
            match self.stream.read(buffer) {
                Ok(0) => return Outcome::Done(()),
                Ok(count) if self.body.feed(&buffer[..count]) => return Outcome::Done(()),
                Ok(_) => self.fed_at = now,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => return Outcome::Again,
                Err(_) => return Outcome::Done(()),
            }
        }
        Outcome::Again
    }

    /// Returns the time at which the body ends if no byte of it comes.
    pub(super) fn deadline(&self) -> Instant {
        self.fed_at + MAX_SILENCE
    }

    /// Ends the stream. Returns the body or the part of it that was read, and the ending.
    pub(super) fn end(mut self) -> (Vec<u8>, Ending, Phase) {
        self.stream.close_notify();
        (self.body.into_body(), self.ending, self.phase)
    }
}

impl<S: Transport> Opening<S> {
    /// The proxy has answered, and there is no tunnel.
    #[cold]
    #[inline(never)]
    pub(super) fn refused_by_proxy<P: Ports<Stream = S>>(
        &mut self,
        ProxyRefused { ending, head, is_whole, after_head }: ProxyRefused,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let HopStage::Proxy(handshake) = self.leave_stage(context.now) else { return None };
        let body = self.body(head.as_ref().filter(|_| is_whole));
        self.info.headers = head.map(|head| head.headers).unwrap_or_default();
        let refusal = Refusal { stream: handshake.stream, body, fed_at: context.now, ending, phase: Phase::Proxy };
        self.begin_refusal(refusal, after_head, context)
    }

    /// The server has refused the upgrade, or redirects the connection.
    #[cold]
    #[inline(never)]
    pub(super) fn refused<P: Ports<Stream = S>>(
        &mut self,
        Refused { why, after_head }: Refused,
        mut stream: Stream<S>,
        head: Option<Head>,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let is_whole = matches!(why, UpgradeError::Status { is_whole: true, .. });
        let body = self.body(head.as_ref().filter(|_| is_whole));
        self.note_head(head);
        let ending = match why {
            UpgradeError::Status { status, .. } if self.config.max_redirects > 0 && redirect::is_redirect(status) => {
                match self.redirected(status, is_whole) {
                    Ok(()) => {
                        stream.close_notify();
                        drop(stream);
                        context.events.debug(format_args!("redirected to {}", self.config.target));
                        // One turn begins at most one hop.
                        return Some(self.begin_hop(context).unwrap_or(Outcome::Again));
                    }
                    Err(ending) => ending,
                }
            }
            why => Ending::refusal(why, &self.info.headers),
        };
        let refusal = Refusal { stream, body, fed_at: context.now, ending, phase: Phase::Handshake };
        self.begin_refusal(refusal, after_head, context)
    }

    /// Returns the reader of the body after this head. Without a complete head there is no body.
    fn body(&self, head: Option<&Head>) -> BodyReader {
        BodyReader::new(head, self.config.limits.max_refusal_body)
    }

    /// Begins with the bytes that came with the head. The deadline is the one of the refused stage, or the time after a silence.
    fn begin_refusal<P: Ports>(
        &mut self,
        mut refusal: Refusal<Stream<S>>,
        after_head: Range<usize>,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let is_read = refusal.body.feed(&context.buffer[after_head]);
        self.continue_stage(HopStage::Refused(Box::new(refusal)), context.now);
        is_read.then(|| self.end_refusal(context.now))
    }

    pub(super) fn read_refusal<P: Ports<Stream = S>>(
        &mut self,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let HopStage::Refused(refusal) = &mut self.stage else { return None };
        Some(match refusal.advance(context.buffer, context.now) {
            Outcome::Wait => Outcome::Wait,
            Outcome::Again => Outcome::Again,
            Outcome::Failed(ending, phase) => Outcome::Failed(ending, phase),
            Outcome::Done(()) => self.end_refusal(context.now),
        })
    }

    /// The time limit has been reached. Bytes that came since the last turn are read first, because turns may be rare.
    #[cold]
    pub(super) fn expire_refusal<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Outcome<Opened<S>> {
        match self.read_refusal(context) {
            Some(outcome @ Outcome::Failed(..)) => outcome,
            Some(outcome) if context.now < self.time_limit() => outcome,
            _ => self.end_refusal(context.now),
        }
    }

    /// Ends the attempt that was refused, with the body or the part of it that was read.
    pub(super) fn end_refusal(&mut self, now: Instant) -> Outcome<Opened<S>> {
        let HopStage::Refused(refusal) = self.leave_stage(now) else { return Outcome::Wait };
        let (body, ending, phase) = refusal.end();
        self.info.body = body;
        Outcome::Failed(ending, phase)
    }
}

//! The state of the end of a session (RFC 6455 section 7): the flush of the queued messages, and the closing handshake.
//!
//! ```text
//!        close by host or suspend, Close of the peer                our Close written
//!   Open ───────────────────────────────────────────► Flushing ───────────────────────► Closing ──► end
//!    │                                                   ▲                                 ▲
//!    │           host has dispatched, or deadline, or    │                                 │
//!    └─violation─► Refusing ─────────close by host───────┘                                 │
//!                     └────────our Close written (the host's, before the engine knew)──────┘
//! ```
//!
//! `Flushing` and `Closing` also store what has come from the peer ([`Peer`]): nothing, its Close frame, or a violation. After a
//! Close frame or a violation, the bytes of the peer are ignored.
//!
//! | State | Its deadline | The end if the deadline passes |
//! |---|---|---|
//! | `Open` | the deadline of the heartbeat | |
//! | `Refusing` | `close_timeout_ms` after the violation | none: continues with `Flushing` |
//! | `Flushing` | `flush_timeout_ms` after the last progress | a time-out in the phase `Flush`, or the violation |
//! | `Closing`, the peer was silent | `close_timeout_ms` after our Close frame was written | a time-out in the phase `Closing` |
//! | `Closing`, otherwise | as in the line above, but at most [`LINGER`] | clean, or the violation |
//!
//! No heartbeat runs in `Flushing`, because a lost peer makes no progress. When the loop is being freed,
//! [`Closing::lift_deadlines`] removes the deadlines of the flush and of the handshake, because the loop has its own deadline.

use crate::connection::report::{Ending, Initiator, Phase, Report};
use crate::protocol::{Violation, close};
use std::time::{Duration, Instant};

/// How long the server may take to end the stream, which it should do first (section 7.1.1), when nothing else remains to be
/// done.
const LINGER: Duration = Duration::from_secs(1);
/// If this many bytes, or all remaining bytes if they are fewer, are written, the flush has made progress. So a peer that takes
/// one byte at a time cannot prolong a flush without limit.
pub(super) const PROGRESS: usize = 4096;

#[derive(Debug)]
pub(super) struct Closing {
    state: State,
    /// `None`: no limit. Zero: bytes that the network does not take at once are dropped.
    flush_timeout: Option<Duration>,
    /// `None`: no limit. Zero: the connection ends when our Close frame is written.
    close_timeout: Option<Duration>,
}

#[derive(Debug)]
enum State {
    Open,
    /// The peer has violated the protocol, or there is no memory for its message. Our Close frame, with this code, waits for the
    /// host, because the host may first answer earlier messages.
    Refusing {
        failure: Failure,
        code: u16,
        until: Option<Instant>,
    },
    /// Our Close frame is queued and not written.
    Flushing {
        cause: Cause,
        peer: Peer,
        stall: Stall,
    },
    /// Our Close frame is written.
    Closing {
        cause: Cause,
        peer: Peer,
        until: Option<Instant>,
    },
}

/// The reason why the closing handshake began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The host has closed or freed the socket.
    Host,
    /// The loop is suspended.
    Suspend,
    /// The Close frame of the peer was the first one, or the peer has violated the protocol.
    Peer,
}

impl Cause {
    fn initiator(self) -> Initiator {
        match self {
            Cause::Host | Cause::Suspend => Initiator::Local,
            Cause::Peer => Initiator::Peer,
        }
    }
}

/// The last relevant thing that was received from the peer.
#[derive(Debug)]
enum Peer {
    /// The peer has sent neither a Close frame nor a violation.
    Silent,
    Closed(PeerClose),
    Failed(Failure),
}

/// The Close frame of the peer. `protocol::close::parse` has checked its code.
#[derive(Debug)]
struct PeerClose {
    code: Option<u16>,
    reason: String,
}

/// A violation, and the phase in which it happened.
#[derive(Debug)]
struct Failure {
    ending: Ending,
    phase: Phase,
}

/// The deadline of a flush.
#[derive(Debug)]
struct Stall {
    /// The bytes that were left at the last progress. [`usize::MAX`] before the first check, which always counts as progress.
    left: usize,
    until: Option<Instant>,
}

impl Closing {
    pub(super) fn new(flush_timeout: Option<Duration>, close_timeout: Option<Duration>) -> Closing {
        Closing { state: State::Open, flush_timeout, close_timeout }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Returns whether bytes of the peer are still decoded. They are not after its Close frame or a violation.
    #[inline]
    pub(super) fn accepts_input(&self) -> bool {
        matches!(
            self.state,
            State::Open | State::Flushing { peer: Peer::Silent, .. } | State::Closing { peer: Peer::Silent, .. }
        )
    }

    pub(super) fn is_flushing(&self) -> bool {
        matches!(self.state, State::Flushing { .. })
    }

    pub(super) fn is_failing(&self) -> bool {
        matches!(self.state, State::Refusing { .. }) || matches!(self.peer(), Some(Peer::Failed(_)))
    }

    pub(super) fn has_peer_close(&self) -> bool {
        matches!(self.peer(), Some(Peer::Closed(_)))
    }

    pub(super) fn is_for_suspend(&self) -> bool {
        matches!(
            self.state,
            State::Flushing { cause: Cause::Suspend, .. } | State::Closing { cause: Cause::Suspend, .. }
        )
    }

    fn peer(&self) -> Option<&Peer> {
        match &self.state {
            State::Open | State::Refusing { .. } => None,
            State::Flushing { peer, .. } | State::Closing { peer, .. } => Some(peer),
        }
    }

    /// Returns the phase of an end that happens now.
    pub(super) fn phase(&self) -> Phase {
        match &self.state {
            State::Refusing { failure, .. }
            | State::Flushing { peer: Peer::Failed(failure), .. }
            | State::Closing { peer: Peer::Failed(failure), .. } => failure.phase,
            State::Open => Phase::Open,
            State::Flushing { .. } => Phase::Flush,
            State::Closing { .. } => Phase::Closing,
        }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Open => None,
            State::Refusing { until, .. } | State::Closing { until, .. } => *until,
            State::Flushing { stall, .. } => stall.until,
        }
    }

    fn stall(&self, now: Instant) -> Stall {
        Stall { left: usize::MAX, until: after(now, self.flush_timeout) }
    }

    // Transitions.

    /// This side closes, and its Close frame is queued. Does nothing if one was already queued.
    pub(super) fn close(&mut self, cause: Cause, now: Instant) {
        let stall = self.stall(now);
        self.state = match std::mem::replace(&mut self.state, State::Open) {
            State::Open => State::Flushing { cause, peer: Peer::Silent, stall },
            State::Refusing { failure, .. } => State::Flushing { cause, peer: Peer::Failed(failure), stall },
            other @ (State::Flushing { .. } | State::Closing { .. }) => other,
        };
    }

    /// The peer's Close frame was received. `host_has_closed`: the request of the host has not yet reached the engine.
    pub(super) fn peer_close(&mut self, code: Option<u16>, reason: String, host_has_closed: bool, now: Instant) {
        let cause = if host_has_closed { Cause::Host } else { Cause::Peer };
        self.close(cause, now);
        self.hear(Peer::Closed(PeerClose { code, reason }), now);
    }

    /// The peer has violated the protocol (section 7.1.7), or there is no memory for its message.
    pub(super) fn fail(&mut self, violation: Violation, now: Instant) {
        let failure = Failure { phase: self.phase(), ending: Ending::violation(violation) };
        if self.is_open() {
            let until = after(now, self.close_timeout);
            self.state = State::Refusing { failure, code: violation.close_code(), until };
        } else {
            self.hear(Peer::Failed(failure), now);
        }
    }

    /// Records what has come from the peer while our Close frame is queued.
    fn hear(&mut self, from_peer: Peer, now: Instant) {
        match &mut self.state {
            State::Open | State::Refusing { .. } => {}
            State::Flushing { peer, .. } => *peer = from_peer,
            State::Closing { peer, until, .. } => {
                *peer = from_peer;
                *until = Some(at_most(*until, now + LINGER));
            }
        }
    }

    /// Returns whether a Close frame waits for the host.
    #[inline]
    pub(super) fn has_pending_code(&self) -> bool {
        matches!(self.state, State::Refusing { .. })
    }

    /// Takes the code of the Close frame that waits for the host. The caller queues the frame now.
    pub(super) fn take_pending_code(&mut self, now: Instant) -> Option<u16> {
        let State::Refusing { code, .. } = self.state else { return None };
        self.close(Cause::Peer, now);
        Some(code)
    }

    /// Records how many bytes of the send queue are left, our Close frame included.
    pub(super) fn note_left(&mut self, left: usize, now: Instant) {
        let renewed = Stall { left, ..self.stall(now) };
        if let State::Flushing { stall, .. } = &mut self.state
            && (stall.left - stall.left.min(left) >= PROGRESS || left == 0)
        {
            *stall = renewed;
        }
    }

    /// Our Close frame is written. If nothing more is expected from the peer, only the end of the stream is missing.
    pub(super) fn close_written(&mut self, now: Instant) {
        let (cause, peer) = match std::mem::replace(&mut self.state, State::Open) {
            State::Refusing { failure, .. } => (Cause::Host, Peer::Failed(failure)),
            State::Flushing { cause, peer, .. } => (cause, peer),
            // In `Open`, the engine will soon get the request of the host to close.
            other @ (State::Open | State::Closing { .. }) => {
                self.state = other;
                return;
            }
        };
        let mut until = after(now, self.close_timeout);
        if !matches!(peer, Peer::Silent) {
            until = Some(at_most(until, now + LINGER));
        }
        self.state = State::Closing { cause, peer, until };
    }

    /// The loop is being freed, and only its own deadline limits the flush and the closing handshake.
    pub(super) fn lift_deadlines(&mut self) {
        // Zero is not a deadline. It means that the host does not want to wait.
        let (flush, close) = (&mut self.flush_timeout, &mut self.close_timeout);
        (*flush, *close) = (flush.filter(Duration::is_zero), close.filter(Duration::is_zero));
        match &mut self.state {
            State::Flushing { stall, .. } if flush.is_none() => stall.until = None,
            State::Closing { peer: Peer::Silent, until, .. } if close.is_none() => *until = None,
            // The end of the stream is not part of the handshake. `Refusing` ends, because no host dispatches any more.
            State::Flushing { .. } | State::Closing { .. } | State::Refusing { .. } | State::Open => {}
        }
    }

    // The end.

    /// Returns the ending if the stream ends now. `None` if the closing handshake is not complete.
    pub(super) fn ending(&self) -> Option<Ending> {
        match &self.state {
            State::Refusing { failure, .. }
            | State::Flushing { peer: Peer::Failed(failure), .. }
            | State::Closing { peer: Peer::Failed(failure), .. } => Some(failure.ending.clone()),
            State::Closing { cause, peer: Peer::Closed(_), .. } => Some(Ending::clean(cause.initiator())),
            State::Open
            | State::Flushing { peer: Peer::Silent | Peer::Closed(_), .. }
            | State::Closing { peer: Peer::Silent, .. } => None,
        }
    }

    /// Returns the ending after the deadline.
    pub(super) fn expired(&self) -> Ending {
        let milliseconds = |timeout: Option<Duration>| timeout.unwrap_or_default().as_millis();
        self.ending().unwrap_or_else(|| {
            Ending::deadline(match self.state {
                State::Flushing { .. } if self.flush_timeout == Some(Duration::ZERO) => {
                    "the network did not take the queued messages at once, and flush_timeout_ms is EGRET_WS_AT_ONCE"
                        .to_owned()
                }
                State::Flushing { .. } => format!(
                    "the queued messages could not be sent before the Close frame: the network took neither {PROGRESS} \
                     bytes nor all that were left within flush_timeout_ms ({})",
                    milliseconds(self.flush_timeout)
                ),
                _ if self.close_timeout == Some(Duration::ZERO) => {
                    "ended without the peer's Close frame, because close_timeout_ms is EGRET_WS_AT_ONCE".to_owned()
                }
                _ => format!(
                    "the closing handshake: the peer's Close frame did not come within close_timeout_ms ({})",
                    milliseconds(self.close_timeout)
                ),
            })
        })
    }

    /// Returns the report of a connection that ends now. If a Close frame was received, the initiator is the side that closed
    /// first, even if the closing handshake fails. But if this side ends the connection, it remains the initiator.
    pub(super) fn report(&mut self, mut ending: Ending, phase: Phase, unsent: (u32, u64)) -> Report {
        let (mut code, mut reason) = (close::ABNORMAL, String::new());
        if let State::Flushing { cause, peer: Peer::Closed(peer), .. }
        | State::Closing { cause, peer: Peer::Closed(peer), .. } = &mut self.state
        {
            (code, reason) = (peer.code.unwrap_or(close::NO_STATUS), std::mem::take(&mut peer.reason));
            if !ending.is_abort() {
                ending.initiator = cause.initiator();
            }
            if *cause == Cause::Peer && ending.error.is_some() {
                ending.message = format!("after the Close frame of the peer: {}", ending.message);
            }
        }
        Report { http_status: 101, code, reason, ..Report::unsent(ending, phase, unsent) }
    }
}

/// Returns the time after this time-out. `None`: never.
fn after(now: Instant, timeout: Option<Duration>) -> Option<Instant> {
    timeout.map(|timeout| now + timeout)
}

/// Returns the earlier of a deadline, if there is one, and `limit`.
fn at_most(deadline: Option<Instant>, limit: Instant) -> Instant {
    deadline.map_or(limit, |deadline| deadline.min(limit))
}

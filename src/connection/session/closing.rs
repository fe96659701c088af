//! The state of the closing handshake (RFC 6455 section 7).
//!
//! ```text
//!   Open ──close by host or suspend──► Closing ──Close of the peer──► Closing, `peer` known ──┐
//!    │                                                                                         ├─► Close sent too: clean
//!    ├──Close of the peer──────────────► Closing, `peer` known, cause Peer ──our Close sent────┘
//!    │
//!    └──violation, also while closing──► Failing ──host has dispatched, our Close sent──► end with the violation
//! ```
//!
//! Each state but `Open` has a deadline. After it the connection ends, whatever is missing.

use crate::connection::report::{Ending, Initiator, Phase, Report};
use crate::protocol::{Violation, close};
use std::time::{Duration, Instant};

/// How long the server may take to end the stream, as it should (section 7.1.1), when nothing else remains to be done.
const LINGER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Closing {
    state: State,
    /// `None` in [`State::Open`].
    deadline: Option<Instant>,
    /// The time-out of the closing handshake.
    timeout: Duration,
}

#[derive(Debug)]
enum State {
    Open,
    /// A Close frame of this side is queued, or one of the peer was received. `peer` is that of the peer, once received.
    Closing {
        cause: Cause,
        peer: Option<PeerClose>,
    },
    /// The peer has broken a rule, or there is no memory for its message: its bytes are ignored from now on.
    Failing {
        ending: Ending,
        /// The code of our Close frame, until that is queued. It waits for the host, which may answer earlier messages first.
        pending_code: Option<u16>,
        /// A closing handshake had begun before.
        cause: Option<Cause>,
    },
}

/// Why the closing handshake began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The host has closed or freed the socket.
    Host,
    /// The loop is suspended.
    Suspend,
    /// The Close frame of the peer was the first.
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

/// The Close frame of the peer. `protocol::close::parse` has checked its code.
#[derive(Debug)]
struct PeerClose {
    code: Option<u16>,
    reason: String,
}

impl Closing {
    pub(super) fn new(timeout: Duration) -> Closing {
        Closing { state: State::Open, deadline: None, timeout }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Are bytes of the peer still decoded? Not after its Close frame or a violation.
    #[inline]
    pub(super) fn accepts_input(&self) -> bool {
        matches!(self.state, State::Open | State::Closing { peer: None, .. })
    }

    pub(super) fn is_failing(&self) -> bool {
        matches!(self.state, State::Failing { .. })
    }

    pub(super) fn has_peer_close(&self) -> bool {
        matches!(self.state, State::Closing { peer: Some(_), .. })
    }

    pub(super) fn is_for_suspend(&self) -> bool {
        self.cause() == Some(Cause::Suspend)
    }

    fn cause(&self) -> Option<Cause> {
        match self.state {
            State::Open => None,
            State::Closing { cause, .. } => Some(cause),
            State::Failing { cause, .. } => cause,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        if self.cause().is_some() { Phase::Closing } else { Phase::Open }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    // Transitions.

    /// This side closes. Does nothing unless the state is `Open`.
    pub(super) fn close(&mut self, cause: Cause, now: Instant) {
        if self.is_open() {
            self.state = State::Closing { cause, peer: None };
            self.deadline = Some(now + self.timeout);
        }
    }

    /// The peer's Close frame was received. `host_has_closed`: its request is on the way to the engine.
    pub(super) fn peer_close(&mut self, code: Option<u16>, reason: String, host_has_closed: bool, now: Instant) {
        let cause = self.cause().unwrap_or(if host_has_closed { Cause::Host } else { Cause::Peer });
        self.state = State::Closing { cause, peer: Some(PeerClose { code, reason }) };
        self.deadline.get_or_insert(now + self.timeout);
    }

    /// The peer has broken a rule (section 7.1.7), or there is no memory for its message.
    pub(super) fn fail(&mut self, violation: Violation, now: Instant) {
        let (ending, pending_code) = (Ending::violation(violation), Some(violation.close_code()));
        self.state = State::Failing { ending, pending_code, cause: self.cause() };
        self.deadline = Some(now + self.timeout);
    }

    /// Is there a Close frame that waits for the host?
    #[inline]
    pub(super) fn has_pending_code(&self) -> bool {
        matches!(self.state, State::Failing { pending_code: Some(_), .. })
    }

    /// Takes the code of the Close frame that waits for the host.
    pub(super) fn take_pending_code(&mut self) -> Option<u16> {
        match &mut self.state {
            State::Failing { pending_code, .. } => pending_code.take(),
            _ => None,
        }
    }

    /// Our Close frame is written: if nothing more is expected of the peer either, only the end of the stream is missing.
    pub(super) fn close_written(&mut self, now: Instant) {
        if !self.accepts_input() {
            let linger = now + LINGER;
            self.deadline = Some(self.deadline.map_or(linger, |deadline| deadline.min(linger)));
        }
    }

    /// Our Close frame was queued although the host does not poll: sets a last deadline for it.
    pub(super) fn extend(&mut self, now: Instant) {
        self.deadline = Some(now + LINGER);
    }

    // The end.

    /// The ending if the stream ends now; `None` if the closing handshake is not complete. `close_sent`: our Close frame is written.
    pub(super) fn ending(&self, close_sent: bool) -> Option<Ending> {
        match &self.state {
            State::Failing { ending, .. } => Some(ending.clone()),
            State::Closing { cause, peer: Some(_) } if close_sent => Some(Ending::clean(cause.initiator())),
            _ => None,
        }
    }

    /// The report of a connection that ends now. A received Close frame decides the initiator, even if the closing handshake fails:
    /// it is the side that closed first.
    pub(super) fn report(&mut self, mut ending: Ending, phase: Phase, unsent: (u32, u64)) -> Report {
        let (mut code, mut reason) = (close::ABNORMAL, String::new());
        if let State::Closing { cause, peer: Some(peer) } = &mut self.state {
            (code, reason) = (peer.code.unwrap_or(close::NO_STATUS), std::mem::take(&mut peer.reason));
            ending.initiator = cause.initiator();
            if *cause == Cause::Peer && ending.error.is_some() {
                ending.message = format!("after the Close frame of the peer: {}", ending.message);
            }
        }
        Report { http_status: 101, code, reason, ..Report::unsent(ending, phase, unsent) }
    }
}

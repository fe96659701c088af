//! Whether the host may send, and which events of the connection it was notified of.
//!
//! The engine makes, loses and ends connections at once. The host is notified of that when it polls, perhaps much later. So
//! each lasting state contains the last event that the host was notified of (`Notified`), and each state that ends a
//! connection contains whether the host has closed it (`HostClose`). Messages are accepted only in `Open`.
//!
//! ```text
//!                                                     on_connect of the
//!                      connect                        newest connection
//!   ┌─► Connecting ───────────────────► Connected ─────────────────────► Open
//!   │       │  ▲                          │   │                          │  │
//!   │       │  └─────────── lose ─────────┴───┼──────────────────────────┘  │
//!   │       │                                 │                             │
//!   │       └─ close, free, abort by the host ┴─► Closing ◄─ close by any, abort ┘
//!   │        (of Connected, also close by the library)│
//!   └── retry, if the host has not closed ───────────┤
//!                                                    ▼
//!   every state but Closed ───────── end ────────► Ended ── on_close ──► Closed
//! ```
//!
//! The gate is a part of the send queue, so that no message can be queued after a Close frame. It is read and changed
//! only under the lock of the queue. The threads of the host call send, close, state, …; the thread that dispatches events
//! calls `notify_…`; the thread that runs the engine calls the other functions. [`super::send_queue`] describes the order of the
//! locks.

use crate::constants::*;
use crate::error::Error;

/// The state of a socket, as its host sees it. The numbers match the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum State {
    Connecting = EGRET_WS_STATE_CONNECTING,
    Open = EGRET_WS_STATE_OPEN,
    Closing = EGRET_WS_STATE_CLOSING,
    Closed = EGRET_WS_STATE_CLOSED,
}

/// The last event of the connection that the host was notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notified {
    Nothing,
    /// `on_connect`.
    Connect,
    /// `on_retry`.
    Retry,
    /// The host has aborted. Of all earlier events, it is notified only of the end.
    Aborted,
}

/// Whether the host has closed the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostClose {
    No,
    /// The host has closed before `on_connect` of the newest connection. Neither `on_connect` nor `on_retry` is called after
    /// that.
    Early,
    /// The host has closed later, or has freed the socket.
    Yes,
}

impl HostClose {
    /// The state after the host closes. `lags`: the host was not notified of the newest connection.
    fn close(self, lags: bool) -> HostClose {
        if lags || self == HostClose::Early { HostClose::Early } else { HostClose::Yes }
    }

    /// The state after the host frees the socket.
    fn free(self) -> HostClose {
        if self == HostClose::No { HostClose::Yes } else { self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GateState {
    /// There is no connection. One is being made, or the next try waits.
    Connecting(Notified),
    /// There is a connection, and the host was not notified of it.
    Connected(Notified),
    /// There is a connection, and the host was notified of it.
    Open,
    /// A Close frame is the last frame of the queue, or the host has aborted.
    Closing(HostClose, Notified),
    /// There is no connection, and no other one will be made.
    Ended(HostClose, Notified),
    /// The host was notified of the end.
    Closed,
}

/// A change of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transition {
    /// A connection was made.
    Connect,
    /// The connection is lost.
    Lose,
    /// Another connection will be made after a lost one.
    Retry,
    CloseByLibrary,
    CloseByHost,
    /// The host drops the connection, and wants no more of its messages.
    Abort,
    /// The host has freed the socket.
    Free,
    /// No other connection will be made.
    End,
    // The host is notified.
    NotifyConnect,
    NotifyRetry,
    NotifyClose,
}

impl GateState {
    /// Returns the state after a transition, or `None` if the transition is not allowed in this state. `lags`: the host was not
    /// notified of the newest connection (with `NotifyConnect`: it lags after this transition).
    fn after(self, transition: Transition, lags: bool) -> Option<GateState> {
        use GateState::{Closed, Closing, Connected, Connecting, Ended, Open};
        use HostClose::{Early, No, Yes};
        use Transition::*;
        Some(match (transition, self) {
            (Connect, Connecting(notified)) => Connected(notified),
            // The connection was made before the engine noticed that the host closes.
            (Connect, Closing(Early | Yes, _)) => self,

            (Lose, Connecting(_) | Closing(..) | Ended(..) | Closed) => self,
            (Lose, Connected(notified)) => Connecting(notified),
            (Lose, Open) => Connecting(Notified::Connect),

            (Retry, Connecting(_)) => self,
            (Retry, Closing(No, notified)) => Connecting(notified),

            (CloseByLibrary, Connected(notified)) => Closing(No, notified),
            (CloseByLibrary, Open) => Closing(No, Notified::Connect),
            (CloseByLibrary, Closing(..)) => self,

            (CloseByHost, Connecting(notified) | Connected(notified)) => Closing(Early, notified),
            (CloseByHost, Open) => Closing(Yes, Notified::Connect),
            (CloseByHost, Closing(by_host, notified)) => Closing(by_host.close(lags), notified),
            (CloseByHost, Ended(by_host, notified)) => Ended(by_host.close(lags), notified),
            (CloseByHost | Abort, Closed) => Closed,

            (Abort, Connecting(_) | Connected(_)) => Closing(Early, Notified::Aborted),
            (Abort, Open) => Closing(Yes, Notified::Aborted),
            (Abort, Closing(by_host, _)) => Closing(by_host.close(lags), Notified::Aborted),
            (Abort, Ended(by_host, _)) => Ended(by_host.close(lags), Notified::Aborted),

            (Free, Connecting(notified) | Connected(notified)) => Closing(Yes, notified),
            (Free, Open) => Closing(Yes, Notified::Connect),
            (Free, Closing(by_host, notified)) => Closing(by_host.free(), notified),
            (Free, Ended(by_host, notified)) => Ended(by_host.free(), notified),
            (Free, Closed) => Closed,

            (End, Connecting(notified) | Connected(notified)) => Ended(No, notified),
            (End, Open) => Ended(No, Notified::Connect),
            (End, Closing(by_host, notified)) => Ended(by_host, notified),
            (End, Ended(..) | Closed) => self,

            (NotifyConnect, Connected(_)) if !lags => Open,
            (NotifyConnect | NotifyRetry, Connecting(_)) => Connecting(transition.notified()),
            (NotifyConnect | NotifyRetry, Connected(_)) => Connected(transition.notified()),
            (NotifyConnect, Closing(Early, _) | Ended(Early, _)) => self,
            (NotifyConnect | NotifyRetry, Closing(_, Notified::Aborted) | Ended(_, Notified::Aborted)) => self,
            (NotifyConnect | NotifyRetry, Closing(by_host, _)) => Closing(by_host, transition.notified()),
            (NotifyConnect | NotifyRetry, Ended(by_host, _)) => Ended(by_host, transition.notified()),

            (NotifyClose, Ended(..)) => Closed,

            (Connect, Connected(_) | Open | Closing(No, _) | Ended(..) | Closed)
            | (Retry, Connected(_) | Open | Closing(Early | Yes, _) | Ended(..) | Closed)
            | (CloseByLibrary, Connecting(_) | Ended(..) | Closed)
            | (NotifyConnect | NotifyRetry, Open | Closed)
            | (NotifyClose, Connecting(_) | Connected(_) | Open | Closing(..) | Closed) => return None,
        })
    }

    /// Returns the state that the host sees.
    fn seen_by_host(self, lags: bool) -> State {
        match self {
            GateState::Connecting(_) | GateState::Connected(_) => State::Connecting,
            GateState::Open => State::Open,
            GateState::Closing(HostClose::No, notified) | GateState::Ended(HostClose::No, notified) => match notified {
                Notified::Connect if !lags => State::Closing,
                // No connection was open, and none will be open.
                Notified::Nothing if matches!(self, GateState::Ended(..)) => State::Closing,
                // The host expects a connection until `on_close`, even if the last try has already failed.
                _ => State::Connecting,
            },
            GateState::Closing(..) | GateState::Ended(..) => State::Closing,
            GateState::Closed => State::Closed,
        }
    }
}

impl Transition {
    /// Returns the last event that the host was notified of.
    fn notified(self) -> Notified {
        if self == Transition::NotifyRetry { Notified::Retry } else { Notified::Connect }
    }
}

/// Whether the host may send, and which events it was notified of.
#[derive(Debug)]
pub struct Gate {
    state: GateState,
    /// How many connections were made.
    connections: u32,
    /// How many of the last connections the host was not notified of.
    unnotified: u32,
    /// How many times `on_connect` was called.
    generation: u32,
}

impl Gate {
    /// Makes the gate of a socket without a connection.
    pub(super) fn new() -> Gate {
        Gate { state: GateState::Connecting(Notified::Nothing), connections: 0, unnotified: 0, generation: 0 }
    }

    /// Returns whether the host may send.
    #[inline]
    pub fn is_open(&self) -> bool {
        matches!(self.state, GateState::Open)
    }

    /// Returns whether a Close frame is queued, the host has aborted, or the connection has ended permanently.
    pub fn is_closing(&self) -> bool {
        matches!(self.state, GateState::Closing(..) | GateState::Ended(..) | GateState::Closed)
    }

    /// Returns the state of the socket, as its host sees it.
    pub fn state(&self) -> State {
        self.state.seen_by_host(self.lags())
    }

    /// Returns how many times the host was notified that the socket is open.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Returns how many connections were made.
    pub fn connections(&self) -> u32 {
        self.connections
    }

    /// Returns whether messages go to `on_message`. They do if `on_connect` is the last event that the host was notified of.
    pub fn delivers_messages(&self) -> bool {
        self.notified() == Notified::Connect
    }

    /// Returns the last event that the host was notified of; `Nothing` after the end.
    fn notified(&self) -> Notified {
        match self.state {
            GateState::Open => Notified::Connect,
            GateState::Closed => Notified::Nothing,
            GateState::Connecting(notified)
            | GateState::Connected(notified)
            | GateState::Closing(_, notified)
            | GateState::Ended(_, notified) => notified,
        }
    }

    /// Describes why the host may not send in this state.
    #[cold]
    pub(super) fn why_not_open(&self) -> &'static str {
        match self.state() {
            State::Connecting if self.notified() == Notified::Nothing => {
                "the socket is still connecting: send after on_connect"
            }
            State::Connecting => {
                "the socket waits to connect again, or is connecting again: send after the next on_connect"
            }
            State::Closing => "the socket is closing: nothing more can be sent",
            State::Closed => "the socket is closed: make a new one to connect again",
            // Another thread has dispatched `on_connect` since.
            State::Open => Error::NotOpen.text(),
        }
    }

    /// Returns whether the host has closed or freed the socket.
    pub fn is_closed_by_host(&self) -> bool {
        self.host_close() != HostClose::No
    }

    /// Returns whether the host has closed the socket before it was notified of the newest connection. If so, the host is
    /// notified only of the end.
    pub fn is_closed_early(&self) -> bool {
        self.host_close() == HostClose::Early
    }

    /// Returns whether `on_connect` and `on_retry` may be called. They may not after an early close or an abort.
    fn notifies(&self) -> bool {
        let aborted =
            matches!(self.state, GateState::Closing(_, Notified::Aborted) | GateState::Ended(_, Notified::Aborted));
        !aborted && !self.is_closed_early()
    }

    fn host_close(&self) -> HostClose {
        match self.state {
            GateState::Closing(by_host, _) | GateState::Ended(by_host, _) => by_host,
            GateState::Connecting(_) | GateState::Connected(_) | GateState::Open | GateState::Closed => HostClose::No,
        }
    }

    /// Returns whether there is a connection that the host was not notified of.
    pub(super) fn lags(&self) -> bool {
        self.unnotified > 0
    }

    /// Changes the state. If the transition is not allowed in this state, nothing changes and the result is false.
    fn apply(&mut self, transition: Transition) -> bool {
        let after = self.state.after(transition, self.lags());
        self.state = after.unwrap_or(self.state);
        after.is_some()
    }

    /// Changes the state by a transition that is always allowed where this is called. A debug build checks that.
    fn expect(&mut self, transition: Transition) {
        let before = self.state;
        let is_allowed = self.apply(transition);
        debug_assert!(is_allowed, "{transition:?} in {before:?}");
    }

    // The engine.

    /// A connection was made.
    pub(super) fn connect(&mut self) {
        self.expect(Transition::Connect);
        self.connections += 1;
        self.unnotified += 1;
    }

    /// The connection is lost.
    pub(super) fn lose(&mut self) {
        self.expect(Transition::Lose);
    }

    /// Another connection will be made after a lost one. False if this is not allowed, because the host has closed.
    #[must_use]
    pub(super) fn retry(&mut self) -> bool {
        self.apply(Transition::Retry)
    }

    /// The library closes.
    pub(super) fn close_by_library(&mut self) {
        self.expect(Transition::CloseByLibrary);
    }

    /// The host has freed the socket.
    pub(super) fn free(&mut self) {
        self.expect(Transition::Free);
    }

    /// No other connection will be made.
    pub(super) fn end(&mut self) {
        self.expect(Transition::End);
    }

    // The host.

    /// The host closes.
    pub(super) fn close_by_host(&mut self) {
        self.expect(Transition::CloseByHost);
    }

    /// The host drops the connection.
    pub(super) fn abort(&mut self) {
        self.expect(Transition::Abort);
    }

    /// `on_connect` is about to be called for the oldest connection that the host was not notified of. False if it must not
    /// be called, because the host has closed early.
    #[must_use]
    pub fn notify_connect(&mut self) -> bool {
        debug_assert!(self.lags(), "the host was notified of all connections");
        self.unnotified = self.unnotified.saturating_sub(1);
        self.expect(Transition::NotifyConnect);
        let notifies = self.notifies();
        self.generation += u32::from(notifies);
        notifies
    }

    /// `on_retry` is about to be called. False if it must not be called, because the host has closed early or aborted.
    #[must_use]
    pub(super) fn notify_retry(&mut self) -> bool {
        self.expect(Transition::NotifyRetry);
        self.notifies()
    }

    /// `on_close` is about to be called, unless the socket was freed.
    pub fn notify_close(&mut self) {
        self.expect(Transition::NotifyClose);
    }
}

#[cfg(test)]
mod tests;

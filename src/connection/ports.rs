//! Ports: the network and the receiver of events, which a connection gets with each call. The engine implements them for the
//! operating system (`engine::ports`), and tests implement them for a simulated network.

use super::connect_info::ConnectInfo;
use super::counters::Counters;
use super::query::{Query, QuerySubject};
use super::report::{Ending, Initiator, Report};
use super::send_queue::SendQueue;
use crate::constants::{EGRET_WS_FRAME_LOST, EGRET_WS_FRAME_RECEIVED, EGRET_WS_FRAME_SENT};
use crate::error::Error;
use crate::protocol::frame_trace::FrameHead;
use crate::protocol::mask::KeySource;
use crate::protocol::message::{MessageKind, Payload};
use crate::protocol::ping::PingPayload;
use crate::transport::Transport;
use crate::transport::local_side::LocalSide;
use crate::transport::tls;
use parking_lot::Mutex;
use std::fmt::Arguments;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// The types behind the ports. The code of a connection is generic over this trait and is compiled for these types, without
/// dynamic calls.
pub trait Ports {
    /// The byte streams of the network.
    type Stream: Transport;
    /// The network.
    type Network: Network<Stream = Self::Stream>;
    /// The receiver of events.
    type Events: Events;
}

/// The parameters of each call to a connection.
#[allow(missing_docs)]
pub struct Context<'a, P: Ports> {
    pub now: Instant,
    /// All connections of an engine read into this memory. Each read makes the slice shorter, because messages that were passed
    /// to [`Events::message`] remain in place until the call returns.
    pub buffer: &'a mut [u8],
    pub network: &'a mut P::Network,
    pub events: &'a mut P::Events,
    pub send_queue: &'a Mutex<SendQueue>,
    /// The masking keys of the frames that the connection writes, and its nonces.
    pub keys: &'a mut KeySource,
}

/// The network of a connection.
pub trait Network {
    /// The result of [`Network::dial`].
    type Stream: Transport;

    /// Begins to look up a name. [`Connection::resolved`](super::Connection::resolved) gets the answer.
    fn resolve(&mut self, name: &str, family: Family) -> Lookup;

    /// Asks the host, if it has a hook for this subject. [`Connection::query_answered`](super::Connection::query_answered) gets the answer.
    /// `text` makes the text of the question, and is called only if there is a hook.
    /// Fails if this machine has no thread or handle left for the query.
    fn ask_host(&mut self, subject: QuerySubject, text: impl FnOnce() -> String) -> Option<io::Result<Query>>;

    /// Returns the TLS connector for these settings, or the reason why there is none. `None`: a worker makes it, and
    /// [`Connection::prepared`](super::Connection::prepared) gets it.
    fn tls_connector(&mut self, settings: &Arc<tls::Settings>) -> Option<Prepared>;

    /// Returns the number of the socket's handle, for the host.
    fn socket_number(&self) -> usize;

    /// Reads the clock again, after a stage that took a long time within one turn.
    fn now(&self) -> Instant;

    /// Returns a random number.
    fn random(&mut self) -> u32;

    /// Returns whether the loop is suspended. If so, no connection is retried until it is resumed.
    fn is_suspended(&self) -> bool;

    /// Returns whether this machine has a route to the address. Nothing is sent to the address.
    fn has_route(&self, address: IpAddr) -> bool;

    /// Returns whether [`Network::resolve`] returns the IPv6 addresses of NAT64 if it gets an IPv4 address instead of a name.
    fn makes_nat64_addresses(&self) -> bool;

    /// Begins to connect to an address, or asks the host first. In that case [`Connection::turn`](super::Connection::turn) is
    /// called after its answer.
    fn dial(&mut self, address: SocketAddr, local: &LocalSide) -> io::Result<Self::Stream>;

    /// Returns true if the stream is connected, false if that is in progress, and an error if it has failed.
    fn poll_connected(&mut self, stream: &mut Self::Stream) -> io::Result<bool>;
}

/// The receiver of a connection's events.
pub trait Events {
    /// The connection is open. `host` is for a log line: the host, and the port unless it is the default port.
    fn connected(&mut self, host: &str, info: ConnectInfo);

    /// A message was received. Returns the number of bytes that it takes from the budget of a turn: the length of its payload. If
    /// there is no memory for it, returns [`NO_ROOM`]. Then neither this message nor a later one may be delivered.
    #[must_use]
    fn message(&mut self, kind: MessageKind, body: Payload<'_>) -> usize;

    /// The connection has ended. This is the last event. `info` is given if the connection was never open.
    fn closed(&mut self, report: Report, info: Option<ConnectInfo>);

    /// The connection was lost or could not be made, and is retried after a delay (`None`: when the loop is resumed).
    /// `info` is given if the connection was never open.
    fn retrying(&mut self, report: Report, info: Option<ConnectInfo>, attempt: u32, delay: Option<Duration>);

    /// The host is asked before an attempt. `last` is the previous end. The implementation calls
    /// [`Connection::answered`](super::Connection::answered) once with the answer, unless the question is withdrawn.
    fn asked(&mut self, attempt: u32, last: Option<&Report>);

    /// The last question is void, because its attempt has ended.
    fn question_withdrawn(&mut self);

    /// A retry begins. `host` is for a log line, as in [`Events::connected`].
    fn retry_started(&mut self, host: &str);

    /// The send queue has room again after it has refused a message.
    fn drained(&mut self);

    /// Adds the numbers of what was sent and received since the last call.
    fn count(&mut self, counters: &Counters);

    /// A ping was answered.
    fn round_trip(&mut self, took: Duration);

    /// Takes the oldest ping that the host wants to send. If the payload is empty, the connection chooses one.
    fn take_ping(&mut self) -> Option<PingPayload>;

    /// This many pings of the host do not wait any more, because the stream gets their bytes next.
    fn pings_written(&mut self, count: usize);

    /// A pong was received that does not answer a ping of the heartbeat. The result, which may be [`NO_ROOM`], has the meaning of
    /// the result of [`Events::message`].
    #[must_use]
    fn pong(&mut self, payload: &[u8]) -> usize;

    /// Returns whether the host traces frames. This is called when a connection is open.
    fn traces_frames(&mut self) -> bool;

    /// A frame was sent or received, and the host traces frames. The event is queued like a message.
    fn frame(&mut self, direction: Direction, frame: FrameHead);

    /// Returns whether the receive queue is full. If so, the connection stops reading. The implementation calls
    /// [`Connection::turn`](super::Connection::turn) when the queue has room again.
    fn is_full(&mut self) -> bool;

    /// Returns whether the next retry must wait, because the host has too many undispatched connect and retry events of this
    /// socket. If so, the implementation calls [`Connection::events_dispatched`](super::Connection::events_dispatched) when the
    /// host has dispatched them.
    fn must_delay_retry(&mut self) -> bool;

    /// Returns whether the host has undispatched messages of this connection. If so, the implementation calls
    /// [`Connection::turn`](super::Connection::turn) when the host has dispatched them.
    fn has_undispatched_messages(&mut self) -> bool;

    /// Logs a step at the debug level.
    fn debug(&mut self, text: Arguments<'_>);

    /// Logs a warning.
    fn warn(&mut self, text: Arguments<'_>);
}

/// The direction of a frame. The numbers match the C header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Direction {
    Sent = EGRET_WS_FRAME_SENT as u8,
    Received = EGRET_WS_FRAME_RECEIVED as u8,
    /// No direction: some sent frames could not be recorded. The length is their number.
    Lost = EGRET_WS_FRAME_LOST as u8,
}

/// See [`Events::message`]. The value is so large that it ends the turn, so messages need no separate check for it.
pub const NO_ROOM: usize = usize::MAX / 2;

/// An address family. Each family is looked up separately, so that a name server that is slow with one family does not delay the
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &SocketAddr) -> Family {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }
}

/// The TLS connector for some settings, or the reason why there is none.
pub type Prepared = Result<tls::Connector, Ending>;

/// The error of a name look-up.
#[derive(Clone, Debug)]
pub struct Unresolved {
    error: Error,
    os_error: i32,
    text: String,
}

impl Unresolved {
    /// Makes the error from an error of the operating system.
    pub fn io(error: &io::Error) -> Unresolved {
        Unresolved { error: Error::Resolve, os_error: error.raw_os_error().unwrap_or(0), text: error.to_string() }
    }

    /// Makes the error for a look-up for which no thread was left.
    pub fn no_thread(error: &io::Error) -> Unresolved {
        Unresolved { error: Error::NoResources, ..Unresolved::io(error) }
    }

    /// Makes the error for a hook of the host for which no thread or handle was left.
    pub(super) fn no_hook(error: &io::Error) -> Unresolved {
        Unresolved { text: format!("on_resolve cannot be called: {error}"), ..Unresolved::no_thread(error) }
    }

    /// Makes the error for a fault in this library.
    pub fn internal() -> Unresolved {
        Unresolved { error: Error::Internal, os_error: 0, text: Ending::internal().message }
    }

    /// Makes the error for a hook of the host that has answered without an address.
    pub(super) fn by_hook() -> Unresolved {
        Unresolved { error: Error::Resolve, os_error: 0, text: "on_resolve found no address".to_owned() }
    }

    /// Makes the error for a name that has no addresses.
    pub(super) fn no_addresses() -> Unresolved {
        Unresolved { error: Error::Resolve, os_error: 0, text: "the name has no addresses".to_owned() }
    }

    pub(super) fn ending(&self, destination: &str) -> Ending {
        let message = format!("no address for {destination}: {}", self.text);
        Ending { os_error: self.os_error, ..Ending::new(self.error, Initiator::Transport, message) }
    }
}

/// A name look-up in progress. A connection drops it when it no longer needs the answer.
#[derive(Debug, Default)]
pub struct Lookup(Arc<()>);

/// Shows whether a connection still waits for a look-up.
#[derive(Clone, Debug)]
pub struct LookupWatch(Weak<()>);

impl Lookup {
    /// Returns the observer, for the resolver.
    pub fn watch(&self) -> LookupWatch {
        LookupWatch(Arc::downgrade(&self.0))
    }
}

impl LookupWatch {
    /// Returns whether the connection still waits.
    pub fn is_wanted(&self) -> bool {
        self.0.strong_count() > 0
    }
}

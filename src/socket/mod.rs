//! What the handles stand for: a loop, its sockets, and the dispatch of events to the host's callbacks.

mod budget;
mod dispatch;
mod host_loop;

pub use crate::connection::details::Details;
pub use crate::connection::outbox::Queues;
pub use crate::connection::passed::{Passed, RoundTrip};
pub use crate::connection::report::Report;
pub use crate::connection::target::{Target, normalize_url};
pub use crate::connection::{Limits, Plan, heartbeat, retry};
pub use crate::engine::Wakeup;
pub use crate::protocol::head::{header_values, is_header_value};
pub use crate::protocol::message::Kind;
pub use crate::protocol::upgrade::{Extras, check_credentials, check_header, subprotocols};
pub use crate::transport::proxy::Proxies;
pub use crate::transport::tls::{Settings as TlsSettings, is_server_name, read_pins, watch_exit};
pub use host_loop::{Loop, LoopOptions};

use crate::connection::outbox::Pushed;
use crate::constants::*;
use crate::engine::{Ask, Link};
use crate::error::Error;
use crate::protocol::close;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

/// Who hears of a socket's events. Called by the poll only, and never with a lock held; `release` last, once.
#[allow(missing_docs)]
pub trait Listener: Send + Sync {
    fn connected(&self);
    /// If `kind` is text, a NUL follows `data` in memory.
    fn data(&self, kind: Kind, data: &[u8]);
    fn closed(&self, report: &Report);
    /// It is tried again after so many milliseconds; `u32::MAX`: when the loop is resumed.
    fn retrying(&self, report: &Report, attempt: u32, delay_ms: u32);
    fn drained(&self);
    fn release(&self);
}

/// The state of a socket, as its host sees it. The numbers are the header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum State {
    Connecting = EGRET_WS_STATE_CONNECTING,
    Open = EGRET_WS_STATE_OPEN,
    Closing = EGRET_WS_STATE_CLOSING,
    Closed = EGRET_WS_STATE_CLOSED,
}

/// How far the host has been told of the connection.
const TOLD_NOTHING: u8 = 0;
const TOLD_CONNECTED: u8 = 1;
const TOLD_CLOSED: u8 = 2;
/// `on_retry` said that another connection follows.
const TOLD_LOST: u8 = 3;

/// What a socket has measured.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Stats {
    /// Of the last connection made or tried.
    pub details: Details,
    pub passed: Passed,
    pub queues: Queues,
    pub receive_queue: usize,
    pub receive_queue_peak: usize,
    pub round_trip: RoundTrip,
    pub connections: u32,
    pub retries: u32,
}

/// A socket.
pub struct Socket {
    link: Arc<Link>,
    /// Its loop, which holds it too; freeing the loop lets go of it.
    host_loop: Arc<Loop>,
    listener: Box<dyn Listener>,
    told: AtomicU8,
    released: AtomicBool,
    /// What [`Socket::start`] begins with.
    plan: Mutex<Option<Box<Plan>>>,
}

impl Socket {
    /// Begins to connect.
    pub fn start(self: &Arc<Socket>) -> Result<(), Error> {
        let plan = self.plan.lock().take();
        match plan {
            Some(plan) => self.host_loop.begin(self, plan),
            None => Err(Error::Internal), // begun already
        }
    }

    /// Queues a message.
    pub fn send(&self, kind: Kind, payload: &[u8]) -> Result<(), Error> {
        let pushed = self.link.outbox.lock().push(kind, payload);
        match pushed {
            Ok(Pushed::First) => self.host_loop.flush_soon(&self.link),
            Ok(Pushed::Known) => {}
            Ok(Pushed::Behind) => self.host_loop.hurry(&self.link),
            Ok(Pushed::Much) => self.host_loop.flush_now(&self.link),
            Err(error) => {
                self.refused("send", error);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Closes with a code, or without if it is 0.
    pub fn close(&self, code: u16, reason: &[u8]) -> Result<(), Error> {
        let payload = close::payload(code, reason).inspect_err(|error| self.refused("close", *error))?;
        if self.link.outbox.lock().end(&payload) {
            self.host_loop.ask(&self.link, Ask::Close);
        }
        Ok(())
    }

    /// The handle is gone: no callback but `release` begins any more.
    pub fn free(self: &Arc<Socket>) {
        if self.link.free() {
            self.host_loop.freed(self);
            self.host_loop.ask(&self.link, Ask::Free);
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        let told = self.told.load(SeqCst);
        let outbox = self.link.outbox.lock();
        match told {
            TOLD_CLOSED => State::Closed,
            _ if outbox.is_open() => State::Open,
            // The host expects another connection until `on_close` says otherwise, even if the last try has failed already.
            TOLD_LOST if !outbox.is_ended() => State::Connecting,
            _ if outbox.is_closing(told == TOLD_CONNECTED) => State::Closing,
            _ => State::Connecting,
        }
    }

    /// Does not wait for the next try.
    pub fn retry_now(&self) {
        self.host_loop.ask(&self.link, Ask::RetryNow);
    }

    /// Measures the round trip.
    pub fn ping(&self) -> Result<(), Error> {
        if !self.can_send() {
            self.refused("ping", Error::NotOpen);
            return Err(Error::NotOpen);
        }
        self.host_loop.ask(&self.link, Ask::Ping);
        Ok(())
    }

    /// How many times the host was told that it is open.
    pub fn generation(&self) -> u32 {
        self.link.outbox.lock().generation()
    }

    /// Payload bytes accepted and not written.
    pub fn buffered_amount(&self) -> usize {
        self.link.outbox.lock().payload_bytes()
    }

    /// Reads the details of the connection that the host knows of, under their lock: the server's texts may be long, so they are not
    /// copied first.
    pub fn read_details<T>(&self, read: impl FnOnce(&Details) -> T) -> T {
        read(&self.link.details.lock())
    }

    /// What was measured. The details are without the texts.
    pub fn stats(&self) -> Stats {
        let details = {
            let details = self.link.details.lock();
            Details { headers: String::new(), subprotocol: String::new(), extensions: String::new(), ..*details }
        };
        let outbox = self.link.outbox.lock();
        let (connections, queues) = (outbox.made(), outbox.queues());
        drop(outbox);
        let (receive_queue, receive_queue_peak) = self.link.receive_queue();
        Stats {
            details,
            passed: self.link.passed(),
            queues,
            receive_queue,
            receive_queue_peak,
            round_trip: *self.link.round_trip.lock(),
            connections,
            retries: self.link.retries.load(SeqCst),
        }
    }

    /// Does it belong to this loop?
    pub fn is_of(&self, host_loop: &Arc<Loop>) -> bool {
        Arc::ptr_eq(&self.host_loop, host_loop)
    }

    /// Logs a call that was refused.
    pub fn refused(&self, call: &str, error: Error) {
        self.host_loop.log().warn(self.link.id, format_args!("{call} refused: {}", error.text()));
    }

    /// Returns its loop and its own number, for log lines.
    pub fn owner(&self) -> (Arc<Loop>, usize) {
        (Arc::clone(&self.host_loop), self.link.id)
    }

    /// The host is about to be told that the connection is open. False if it must not be: it has closed already.
    fn tell_connected(&self) -> bool {
        let mut outbox = self.link.outbox.lock();
        let open = outbox.open();
        if open {
            self.told.store(TOLD_CONNECTED, SeqCst);
        }
        open
    }

    /// The host is about to be told that the connection is lost and will be tried again. False if it must not be: it has
    /// closed meanwhile.
    fn tell_lost(&self) -> bool {
        self.told.store(TOLD_LOST, SeqCst);
        self.link.outbox.lock().lose()
    }

    fn can_send(&self) -> bool {
        self.link.outbox.lock().is_open()
    }

    fn was_told_connected(&self) -> bool {
        self.told.load(SeqCst) == TOLD_CONNECTED
    }

    /// Tells that the user data can go. False if that was told before.
    fn release(&self) -> bool {
        let first = !self.released.swap(true, SeqCst);
        if first {
            self.listener.release();
        }
        first
    }
}

//! What the handles stand for: a loop, its sockets, and the dispatch of events to the host's callbacks.

mod budget;
mod deadline;
mod dispatch;
mod event_loop;
mod scheduling;

pub use crate::connection::connect_info::ConnectInfo;
pub use crate::connection::counters::{Counters, RoundTrip};
pub use crate::connection::outbox::Queues;
pub use crate::connection::report::Report;
pub use crate::engine::Wakeup;
pub use crate::protocol::http_head::header_values;
pub use crate::protocol::message::MessageKind;
pub use event_loop::Loop;

use crate::connection::outbox::Pushed;
use crate::constants::*;
use crate::engine::{SocketRequest, SocketShared};
use crate::error::Error;
use crate::protocol::close;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

/// Who hears of a socket's events. Called by the poll only, and never with a lock held; `release` last, once.
#[allow(missing_docs)]
pub trait Listener: Send + Sync {
    fn connected(&self);
    /// If `kind` is text, a NUL follows `data` in memory.
    fn data(&self, kind: MessageKind, data: &[u8]);
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
    pub info: ConnectInfo,
    pub counters: Counters,
    pub queues: Queues,
    pub receive_queue: usize,
    pub receive_queue_peak: usize,
    pub round_trip: RoundTrip,
    pub connections: u32,
    pub retries: u32,
}

/// A socket.
pub struct Socket {
    shared: Arc<SocketShared>,
    /// Its loop, which holds it too; freeing the loop lets go of it.
    host_loop: Arc<Loop>,
    listener: Box<dyn Listener>,
    told: AtomicU8,
    released: AtomicBool,
}

impl Socket {
    /// Queues a message.
    pub fn send(&self, kind: MessageKind, payload: &[u8]) -> Result<(), Error> {
        let pushed = self.shared.outbox.lock().push(kind, payload);
        match pushed {
            Ok(Pushed::First) => self.host_loop.scheduler.flush(&self.shared),
            Ok(Pushed::Known) => {}
            Ok(Pushed::Behind) => self.host_loop.scheduler.flush_behind(&self.shared),
            Ok(Pushed::Much) => self.host_loop.scheduler.flush_large(&self.shared),
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
        if self.shared.outbox.lock().end(&payload) {
            self.host_loop.scheduler.request(&self.shared, SocketRequest::Close);
        }
        Ok(())
    }

    /// The handle is gone: no callback but `release` begins any more.
    pub fn free(self: &Arc<Socket>) {
        if self.shared.free() {
            self.host_loop.freed(self);
            self.host_loop.scheduler.request(&self.shared, SocketRequest::Free);
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        let told = self.told.load(SeqCst);
        let outbox = self.shared.outbox.lock();
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
        self.host_loop.scheduler.retry_now(&self.shared);
    }

    /// Measures the round trip.
    pub fn ping(&self) -> Result<(), Error> {
        if !self.can_send() {
            self.refused("ping", Error::NotOpen);
            return Err(Error::NotOpen);
        }
        self.host_loop.scheduler.request(&self.shared, SocketRequest::Ping);
        Ok(())
    }

    /// How many times the host was told that it is open.
    pub fn generation(&self) -> u32 {
        self.shared.outbox.lock().generation()
    }

    /// Payload bytes accepted and not written.
    pub fn buffered_amount(&self) -> usize {
        self.shared.outbox.lock().payload_bytes()
    }

    /// Reads the info of the connection that the host knows of, under their lock: the server's texts may be long, so they are not
    /// copied first.
    pub fn read_connect_info<T>(&self, read: impl FnOnce(&ConnectInfo) -> T) -> T {
        read(&self.shared.info.lock())
    }

    /// What was measured. The result has no texts.
    pub fn stats(&self) -> Stats {
        let info = {
            let info = self.shared.info.lock();
            ConnectInfo { headers: String::new(), subprotocol: String::new(), extensions: String::new(), ..*info }
        };
        let outbox = self.shared.outbox.lock();
        let (connections, queues) = (outbox.made(), outbox.queues());
        drop(outbox);
        let (receive_queue, receive_queue_peak) = self.shared.receive_queue();
        Stats {
            info,
            counters: self.shared.counters(),
            queues,
            receive_queue,
            receive_queue_peak,
            round_trip: *self.shared.round_trip.lock(),
            connections,
            retries: self.shared.retries.load(SeqCst),
        }
    }

    /// Does it belong to this loop?
    pub fn is_of(&self, host_loop: &Arc<Loop>) -> bool {
        Arc::ptr_eq(&self.host_loop, host_loop)
    }

    /// Logs a call that was refused.
    pub fn refused(&self, call: &str, error: Error) {
        self.host_loop.log().warn(self.shared.id, format_args!("{call} refused: {}", error.text()));
    }

    /// Returns its loop and its own number, for log lines.
    pub fn owner(&self) -> (Arc<Loop>, usize) {
        (Arc::clone(&self.host_loop), self.shared.id)
    }

    /// The host is about to be told that the connection is open. False if it must not be: it has closed already.
    fn tell_connected(&self) -> bool {
        let mut outbox = self.shared.outbox.lock();
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
        self.shared.outbox.lock().lose()
    }

    fn can_send(&self) -> bool {
        self.shared.outbox.lock().is_open()
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

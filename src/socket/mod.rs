//! The objects behind the handles of the ABI: loops and sockets, and the dispatch of events to the callbacks of the host.

mod budget;
mod deadline;
mod dispatch;
mod event_loop;
mod held;
mod request;
mod scheduling;
mod try_lock;

pub use crate::connection::connect_info::ConnectInfo;
pub use crate::connection::counters::{Counters, RoundTrip};
pub use crate::connection::gate::State;
pub use crate::connection::report::{Initiator, Report};
pub use crate::connection::retry::{End, Outlook};
pub use crate::connection::send_queue::SendStats;
pub use crate::connection::{Direction, QueryAnswer, QuerySubject};
pub use crate::engine::hooks::{HostHooks, OpenQuery, Reply};
pub use crate::engine::{Wakeup, Wants};
pub use crate::protocol::frame_trace::FrameHead;
pub use crate::protocol::http_head::header_values;
pub use crate::protocol::message::MessageKind;
pub use crate::transport::tls::{
    Capabilities, Facts, Failure, HostContext, HostSession, HostTls, Reply as TlsReply, Request, Settings, Step,
    TlsInfo,
};
pub use event_loop::{Loop, LoopParts};
pub use request::RequestAnswer;

use crate::config::ConnectConfig;
use crate::connection::send_queue::{Flush, Lost, SendQueue};
use crate::engine::{MAX_PINGS, SocketRequest, SocketShared};
use crate::error::{DetailedError, Error};
use crate::log::Log;
use crate::protocol::close;
use crate::protocol::ping::{MAX_PING_BYTES, PingPayload};
use parking_lot::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::{Arc, Weak};

/// The callbacks of a socket. Only the thread that polls calls them. It holds no lock except the dispatcher's. `release` is
/// called once, as the last callback.
#[allow(missing_docs)]
pub trait Listener: Send + Sync {
    fn connected(&self);
    /// If `kind` is text, a NUL follows `data` in memory.
    fn data(&self, kind: MessageKind, data: &[u8]);
    fn closed(&self, report: Report);
    /// The next try follows after `delay_ms`, or, if that is `u32::MAX`, when the loop is resumed.
    fn retrying(&self, report: Report, attempt: u32, delay_ms: u32);
    /// Called before an attempt: the host may change the request of `socket`. `last` is the end of the previous attempt.
    fn asked(&self, socket: &Arc<Socket>, attempt: u32, last: Option<Report>) -> RequestAnswer;
    fn drained(&self);
    fn pong(&self, payload: &[u8]);
    /// A frame was sent or received, or frames were lost. Then the length is their number.
    fn frame(&self, direction: Direction, frame: FrameHead);
    /// Returns whether [`Listener::pong`] and [`Listener::frame`] must be called.
    fn wants(&self) -> Wants;
    fn release(&self);
}

/// The statistics of a socket.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Stats {
    /// The info of the last connection that was made or tried.
    pub info: ConnectInfo,
    pub counters: Counters,
    pub sent: SendStats,
    pub receive_queue: usize,
    pub receive_queue_peak: usize,
    pub round_trip: RoundTrip,
    pub connections: u32,
    pub retries: u32,
}

/// Lost messages of the sockets of a loop, except those that `closed` or `retrying` has reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FreeReport {
    /// Sockets that have lost messages.
    pub sockets: u32,
    pub messages: u64,
    /// The payload bytes of these messages.
    pub bytes: u64,
}

impl FreeReport {
    /// Adds the messages that a socket has lost, and logs them. `why` is the end of its connection.
    fn add(&mut self, log: &Log, id: usize, lost: Lost, why: &str) {
        let Lost { messages, bytes } = lost;
        if messages > 0 {
            self.sockets += 1;
            self.messages += messages;
            self.bytes += bytes;
            log.warn(
                id,
                format_args!("socket freed; {messages} accepted messages ({bytes} bytes) were not sent: {why}"),
            );
        }
    }
}

/// A socket.
pub struct Socket {
    shared: Arc<SocketShared>,
    /// The loop of the socket. The loop also has a reference to the socket until the socket is freed.
    host_loop: Arc<Loop>,
    listener: Arc<dyn Listener>,
    /// The longest message that the send queue accepts.
    max_message: usize,
    /// The configuration of the next attempt, if the host is asked before each attempt.
    request: Option<Mutex<Box<ConnectConfig>>>,
    /// Messages go to `on_message`: a copy of [`crate::connection::gate::Gate::delivers_messages`] that needs no lock. It is
    /// written while the send queue is locked, so that it is never older than the gate. The thread that polls reads it.
    delivers_messages: AtomicBool,
    /// `release` was called.
    released: AtomicBool,
}

/// See [`Socket::tls_continuation`]. It does not keep the socket or its loop alive.
#[derive(Clone)]
pub struct TlsContinuation {
    shared: Arc<SocketShared>,
    host_loop: Weak<Loop>,
}

impl TlsContinuation {
    /// Reports that the host's TLS has finished its work. After the end of the loop this has no effect.
    pub fn call(&self) {
        if let Some(host_loop) = self.host_loop.upgrade() {
            host_loop.scheduler.continue_tls(&self.shared);
        }
    }
}

impl Socket {
    /// Queues a message. [`Socket::explain`] explains a refusal.
    pub fn send(&self, kind: MessageKind, payload: &[u8]) -> Result<(), Error> {
        // These are checked before the queue is locked. A text that is too long is not read at all.
        let is_bad_text = kind == MessageKind::Text
            && payload.len() <= self.max_message
            && simdutf8::basic::from_utf8(payload).is_err();
        let mut send_queue = self.shared.send_queue.lock();
        let pushed =
            if is_bad_text { Err(send_queue.refuse_text(payload.len())) } else { send_queue.push(kind, payload) };
        drop(send_queue);
        match pushed? {
            Flush::Soon => self.host_loop.scheduler.flush(&self.shared),
            Flush::NotNeeded => {}
            Flush::Requested => self.host_loop.scheduler.flush_behind(&self.shared),
            Flush::Now => self.host_loop.scheduler.flush_large(&self.shared),
        }
        Ok(())
    }

    /// Explains why a message of this length was refused.
    #[cold]
    #[inline(never)]
    pub fn explain(&self, error: Error, len: usize) -> DetailedError {
        self.shared.send_queue.lock().explain(error, len)
    }

    /// Closes with a code. 0: without a code.
    pub fn close(&self, code: u16, reason: &[u8]) -> Result<(), DetailedError> {
        let payload = close::checked_payload(code, reason)?;
        if self.shared.send_queue.lock().close_by_host(&payload) {
            self.host_loop.scheduler.request(&self.shared, SocketRequest::Close);
        }
        Ok(())
    }

    /// Drops the connection, with a reset. After this only the callbacks `closed` and `release` of the socket are called.
    pub fn abort(self: &Arc<Socket>) {
        self.notify(SendQueue::abort);
        self.resume_receive(); // held messages are dropped, and the end is reported
        self.host_loop.scheduler.request(&self.shared, SocketRequest::Abort);
    }

    /// The handle was freed. After this only the callback `release` is called.
    pub fn free(self: &Arc<Socket>) {
        if self.shared.free() {
            self.host_loop.freed(self);
            self.host_loop.scheduler.request(&self.shared, SocketRequest::Free);
        }
    }

    /// Returns the state.
    pub fn state(&self) -> State {
        self.shared.send_queue.lock().gate().state()
    }

    /// Returns the object with which the host reports that its TLS has finished work for this socket. It also works after the
    /// socket is freed: then the connection sends its queued messages, and closes.
    pub fn tls_continuation(&self) -> TlsContinuation {
        TlsContinuation { shared: Arc::clone(&self.shared), host_loop: Arc::downgrade(&self.host_loop) }
    }

    /// Begins the next try now.
    pub fn retry_now(&self) {
        self.host_loop.scheduler.retry_now(&self.shared);
    }

    /// Sends a ping. If the payload is empty, the library chooses one.
    pub fn ping(&self, payload: &[u8]) -> Result<(), DetailedError> {
        let Some(given) = PingPayload::new(payload) else {
            let detail = format!("a ping has {} bytes, more than the limit of {MAX_PING_BYTES}", payload.len());
            return Err(DetailedError::invalid(detail));
        };
        if !self.is_open() {
            return Err(self.explain(Error::NotOpen, payload.len()));
        }
        self.shared.pings.lock().push(given).map_err(|error| match error {
            Error::Backpressure => DetailedError::new(error, format!("{MAX_PINGS} pings already wait to be written")),
            error => error.into(),
        })?;
        self.host_loop.scheduler.request(&self.shared, SocketRequest::Ping);
        Ok(())
    }

    /// Passes no message to the host until [`Socket::resume_receive`].
    pub fn pause_receive(&self) {
        self.shared.pause();
    }

    /// Passes messages to the host again.
    pub fn resume_receive(self: &Arc<Socket>) {
        if self.shared.resume() {
            self.host_loop.resumed(self);
            // This ends a poll that waits.
            self.host_loop.scheduler.request(&self.shared, SocketRequest::Read);
        }
    }

    /// Returns how many times the host was notified that the socket is open.
    pub fn generation(&self) -> u32 {
        self.shared.send_queue.lock().gate().generation()
    }

    /// Returns the payload bytes that are accepted and not yet written.
    pub fn buffered_amount(&self) -> usize {
        self.shared.send_queue.lock().payload_bytes()
    }

    /// Calls `read` with the info of the connection that the host was notified of, under its lock. The info is not copied,
    /// because the texts of the server may be long.
    pub fn read_connect_info<T>(&self, read: impl FnOnce(&ConnectInfo) -> T) -> T {
        read(&self.shared.info.lock())
    }

    /// Returns the statistics. Their texts are empty.
    pub fn stats(&self) -> Stats {
        let info = self.shared.info.lock().numbers();
        let send_queue = self.shared.send_queue.lock();
        let (connections, sent) = (send_queue.gate().connections(), send_queue.stats());
        drop(send_queue);
        let (receive_queue, receive_queue_peak) = self.shared.receive_queue();
        Stats {
            info,
            counters: self.shared.counters(),
            sent,
            receive_queue,
            receive_queue_peak,
            round_trip: *self.shared.round_trip.lock(),
            connections,
            retries: self.shared.retries.load(SeqCst),
        }
    }

    /// Returns whether the socket belongs to this loop.
    pub fn is_of(&self, host_loop: &Arc<Loop>) -> bool {
        Arc::ptr_eq(&self.host_loop, host_loop)
    }

    /// Returns the log of its loop, and the number of the socket, for log lines.
    pub fn log(&self) -> (&Arc<Log>, usize) {
        (self.host_loop.log(), self.shared.id)
    }

    /// Changes the gate, because the host is about to be notified of an event or aborts. Returns the result of `change`.
    fn notify<T>(&self, change: impl FnOnce(&mut SendQueue) -> T) -> T {
        let mut send_queue = self.shared.send_queue.lock();
        let result = change(&mut send_queue);
        self.delivers_messages.store(send_queue.gate().delivers_messages(), Relaxed);
        result
    }

    fn is_open(&self) -> bool {
        self.shared.send_queue.lock().gate().is_open()
    }

    fn delivers_messages(&self) -> bool {
        self.delivers_messages.load(Relaxed)
    }

    /// Returns whether `release` was called or is running.
    pub fn is_released(&self) -> bool {
        self.released.load(SeqCst)
    }

    /// Calls `release`, so that the host can free its user data. Returns false if it was called before.
    fn release(&self) -> bool {
        let first = !self.released.swap(true, SeqCst);
        if first {
            self.listener.release();
        }
        first
    }
}

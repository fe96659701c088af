//! The engine's implementation of the ports of one connection: its network and the receiver of its events.

use super::batch::Batch;
use super::clock::Clock;
use super::dns::Dns;
use super::hooks::Hooks;
use super::socket_shared::PingQueue;
use super::tls_cache::TlsCache;
use super::{READ_BUFFER, SocketShared};
use crate::buffer_pool::NoMemory;
use crate::connection::connect_info::ConnectInfo;
use crate::connection::counters::{Counters, RoundTrip};
use crate::connection::report::Report;
use crate::connection::{
    Context, Direction, Events, Family, Lookup, NO_ROOM, Network, Ports, Prepared, Query, QuerySubject,
};
use crate::error::Error;
use crate::log::Log;
use crate::protocol::frame_trace::FrameHead;
use crate::protocol::mask::KeySource;
use crate::protocol::message::{MessageKind, Payload};
use crate::protocol::ping::PingPayload;
use crate::transport::Transport;
use crate::transport::local_side::LocalSide;
use crate::transport::tcp::{self, Tcp};
use crate::transport::tls::Settings;
use mio::{Interest, Registry, Token};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// The ports of the engine.
pub(super) struct EnginePorts<'a>(PhantomData<&'a ()>);

impl<'a> Ports for EnginePorts<'a> {
    type Stream = Tcp;
    type Network = Net<'a>;
    type Events = Delivery<'a>;
}

/// The parts of the engine that a connection uses.
pub(super) struct Parts<'a> {
    pub(super) now: Instant,
    pub(super) registry: &'a Registry,
    pub(super) clock: &'a Clock,
    pub(super) dns: &'a mut Dns,
    pub(super) hooks: &'a mut Option<Hooks>,
    pub(super) tls_cache: &'a mut TlsCache,
    pub(super) batch: &'a mut Batch,
    pub(super) keys: &'a mut KeySource,
    pub(super) buffer: &'a mut [u8],
    pub(super) log: &'a Log,
    pub(super) suspended: bool,
}

impl Parts<'_> {
    /// Calls `act` with the context of this socket's connection. Sets `close_reported` when the close event is added.
    #[inline(always)]
    pub(super) fn with_context<R>(
        self,
        socket: &Arc<SocketShared>,
        close_reported: &mut bool,
        act: impl FnOnce(&mut Context<'_, EnginePorts<'_>>) -> R,
    ) -> R {
        let Parts { now, registry, clock, dns, hooks, tls_cache, batch, keys, buffer, log, suspended } = self;
        let mut network = Net { registry, clock, dns, hooks, tls_cache, socket, suspended };
        let mut events = Delivery { batch, buffer: buffer.as_ptr().addr(), socket, log, close_reported };
        let send_queue = &socket.send_queue;
        act(&mut Context { now, buffer, network: &mut network, events: &mut events, send_queue, keys })
    }
}

/// The network, for one connection.
pub(super) struct Net<'a> {
    pub(super) registry: &'a Registry,
    pub(super) clock: &'a Clock,
    pub(super) dns: &'a mut Dns,
    pub(super) hooks: &'a mut Option<Hooks>,
    pub(super) tls_cache: &'a mut TlsCache,
    pub(super) socket: &'a Arc<SocketShared>,
    pub(super) suspended: bool,
}

impl Net<'_> {
    fn register(&self, stream: &mut Tcp) -> io::Result<()> {
        self.registry.register(stream.source(), Token(self.socket.key), Interest::READABLE | Interest::WRITABLE)
    }
}

impl Network for Net<'_> {
    type Stream = Tcp;

    fn resolve(&mut self, name: &str, family: Family) -> Lookup {
        self.dns.look_up(name, family, self.socket)
    }

    fn ask_host(&mut self, subject: QuerySubject, text: impl FnOnce() -> String) -> Option<io::Result<Query>> {
        self.hooks.as_mut()?.ask(subject, &text(), self.socket)
    }

    fn tls_connector(&mut self, settings: &Arc<Settings>) -> Option<Prepared> {
        self.tls_cache.connector(settings, self.socket)
    }

    fn socket_number(&self) -> usize {
        self.socket.id
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn random(&mut self) -> u32 {
        // The number is used for jitter, so it need not be secret. Each hasher of the standard library has its own random keys.
        RandomState::new().build_hasher().finish() as u32
    }

    fn is_suspended(&self) -> bool {
        self.suspended
    }

    fn has_route(&self, address: IpAddr) -> bool {
        tcp::has_route(address)
    }

    fn makes_nat64_addresses(&self) -> bool {
        super::dns::MAKES_NAT64_ADDRESSES
    }

    fn dial(&mut self, address: SocketAddr, local: &LocalSide) -> io::Result<Tcp> {
        if let Some(hooks) = self.hooks.as_mut().filter(|hooks| hooks.change_sockets()) {
            let (stream, lent) = Tcp::hold(address, local)?;
            hooks.lend(lent, self.socket)?;
            return Ok(stream);
        }
        let mut stream = Tcp::connect(address, local)?;
        self.register(&mut stream)?;
        Ok(stream)
    }

    fn poll_connected(&mut self, stream: &mut Tcp) -> io::Result<bool> {
        if stream.continue_connecting()? {
            self.register(stream)?;
        }
        stream.poll_connected()
    }
}

/// The receiver of events, for one connection.
pub(super) struct Delivery<'a> {
    pub(super) batch: &'a mut Batch,
    /// The address of the read buffer. Messages in it are not copied.
    pub(super) buffer: usize,
    pub(super) socket: &'a SocketShared,
    pub(super) log: &'a Log,
    /// Set to true when the close event is added.
    pub(super) close_reported: &'a mut bool,
}

impl Events for Delivery<'_> {
    fn connected(&mut self, host: &str, info: ConnectInfo) {
        self.log.info(self.socket.id, format_args!("connected to {host}"));
        *self.socket.round_trip.lock() = RoundTrip::default();
        *self.socket.pings.lock() = PingQueue::default(); // pings of the previous connection
        self.socket.event_queued();
        self.batch.connected(self.socket.key, info);
    }

    #[inline(always)]
    fn message(&mut self, kind: MessageKind, body: Payload<'_>) -> usize {
        let len = body.len();
        if self.socket.is_freed() {
            return len;
        }
        let added = match body {
            Payload::InPlace(payload) if payload.as_ptr().addr().wrapping_sub(self.buffer) < READ_BUFFER => {
                self.batch.in_place(self.socket.key, kind, payload.as_ptr().addr() - self.buffer, len)
            }
            _ => self.batch.message(self.socket.key, kind, body),
        };
        if added.is_err() {
            return NO_ROOM;
        }
        self.socket.enqueued(len);
        len
    }

    fn closed(&mut self, report: Report, info: Option<ConnectInfo>) {
        match report.error {
            None => self.log.info(self.socket.id, format_args!("{} (code {})", report.message, report.code)),
            Some(Error::Aborted) => self.log.info(self.socket.id, format_args!("{}", report.message)),
            Some(error) => self.log.warn(
                self.socket.id,
                format_args!(
                    "closed: {} ({}, {}); {} messages unsent",
                    report.message,
                    error.name().to_string_lossy(),
                    report.phase.name(),
                    report.unsent_messages
                ),
            ),
        }
        *self.close_reported = true;
        self.report_lost_frames();
        self.batch.closed(self.socket.key, report, info);
    }

    fn retrying(&mut self, report: Report, info: Option<ConnectInfo>, attempt: u32, delay: Option<Duration>) {
        let delay_ms = delay.map_or(u32::MAX, |delay| u32::try_from(delay.as_millis()).unwrap_or(u32::MAX - 1));
        let (lost, phase) = (&report.message, report.phase.name());
        match delay {
            Some(_) => self.log.warn(
                self.socket.id,
                format_args!("lost: {lost} ({phase}); attempt {attempt} begins in {delay_ms} ms"),
            ),
            None => self.log.warn(
                self.socket.id,
                format_args!("lost: {lost} ({phase}); attempt {attempt} begins when the loop is resumed"),
            ),
        }
        self.report_lost_frames();
        self.socket.event_queued();
        self.batch.retrying(self.socket.key, report, info, attempt, delay_ms);
    }

    fn asked(&mut self, attempt: u32, last: Option<&Report>) {
        self.log.debug(self.socket.id, format_args!("asking on_request before attempt {attempt}"));
        self.socket.event_queued();
        self.batch.asked(self.socket.key, self.socket.ask(), attempt, last.cloned());
    }

    fn question_withdrawn(&mut self) {
        self.socket.withdraw_question();
    }

    fn retry_started(&mut self, host: &str) {
        self.socket.retries.fetch_add(1, Relaxed);
        self.log.info(self.socket.id, format_args!("connecting again to {host}"));
    }

    fn drained(&mut self) {
        if self.socket.queue_drain() {
            self.batch.drained(self.socket.key);
        }
    }

    #[inline]
    fn count(&mut self, counters: &Counters) {
        self.socket.count(counters);
    }

    fn round_trip(&mut self, took: Duration) {
        self.socket.round_trip.lock().add(took);
    }

    fn take_ping(&mut self) -> Option<PingPayload> {
        self.socket.pings.lock().take()
    }

    fn pings_written(&mut self, count: usize) {
        self.socket.pings.lock().written(count);
    }

    /// A pong counts as a message in the receive queue, so a peer cannot send pongs faster than the host takes them.
    fn pong(&mut self, payload: &[u8]) -> usize {
        if !self.socket.wants.pongs || self.socket.is_freed() {
            return 0;
        }
        if self.batch.pong(self.socket.key, payload).is_err() {
            return NO_ROOM;
        }
        self.socket.enqueued(payload.len());
        payload.len()
    }

    fn traces_frames(&mut self) -> bool {
        self.socket.wants.frames
    }

    /// A frame counts in the receive queue. When the queue is full, the connection stops reading but continues sending. Frames
    /// that are sent then are only counted.
    fn frame(&mut self, direction: Direction, frame: FrameHead) {
        if self.socket.is_freed() {
            return;
        }
        let has_room = direction != Direction::Sent || self.socket.has_room();
        if !has_room || self.record_frame(direction, frame).is_err() {
            self.socket.lose_frame();
        }
    }

    #[inline]
    fn is_full(&mut self) -> bool {
        self.socket.is_full()
    }

    fn must_delay_retry(&mut self) -> bool {
        self.socket.must_delay_retry()
    }

    fn has_undispatched_messages(&mut self) -> bool {
        self.socket.has_undispatched()
    }

    fn debug(&mut self, text: std::fmt::Arguments<'_>) {
        self.log.debug(self.socket.id, text);
    }

    fn warn(&mut self, text: std::fmt::Arguments<'_>) {
        self.log.warn(self.socket.id, text);
    }
}

impl Delivery<'_> {
    fn record_frame(&mut self, direction: Direction, frame: FrameHead) -> Result<(), NoMemory> {
        let length = self.socket.lost_frames();
        if length > 0 {
            self.batch.frame(self.socket.key, Direction::Lost, FrameHead { length, ..FrameHead::default() })?;
            self.socket.enqueued(0);
            self.socket.forget_lost_frames();
        }
        self.batch.frame(self.socket.key, direction, frame)?;
        self.socket.enqueued(0);
        Ok(())
    }

    /// Called when the connection ends. Reports the frames that were not recorded since the last report.
    fn report_lost_frames(&mut self) {
        let count = self.socket.lost_frames();
        if count > 0 && !self.socket.is_freed() {
            self.batch.lost_frames(self.socket.key, count);
            self.socket.enqueued(0);
        }
        self.socket.forget_lost_frames();
    }
}

//! What the engine hands to one connection: the network, and a place for its events.

use super::clock::Clock;
use super::connectors::Connectors;
use super::inbox::Batch;
use super::lookup::Lookups;
use super::{Link, READ_BUFFER};
use crate::connection::details::Details;
use crate::connection::passed::{Passed, RoundTrip};
use crate::connection::report::Report;
use crate::connection::{Events, Family, Inquiry, NO_ROOM, Network, Prepared};
use crate::error::Error;
use crate::log::Log;
use crate::protocol::message::{Body, Kind};
use crate::transport::tcp::Tcp;
use crate::transport::tls::Settings;
use mio::{Interest, Registry, Token};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// The network, for one connection.
pub(super) struct Net<'a> {
    pub(super) registry: &'a Registry,
    pub(super) clock: &'a Clock,
    pub(super) lookups: &'a mut Lookups,
    pub(super) connectors: &'a mut Connectors,
    pub(super) link: &'a Arc<Link>,
    pub(super) suspended: bool,
}

impl Network for Net<'_> {
    type Stream = Tcp;

    fn resolve(&mut self, name: &str, family: Family) -> Inquiry {
        self.lookups.ask(name, family, self.link)
    }

    fn prepare(&mut self, settings: &Arc<Settings>) -> Option<Prepared> {
        self.connectors.ask(settings, self.link)
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn random(&mut self) -> u32 {
        u32::from_ne_bytes(self.link.outbox.lock().next_key())
    }

    fn is_suspended(&self) -> bool {
        self.suspended
    }

    fn dial(&mut self, address: SocketAddr) -> io::Result<Tcp> {
        let mut stream = Tcp::connect(address)?;
        self.registry.register(stream.source(), Token(self.link.key), Interest::READABLE | Interest::WRITABLE)?;
        Ok(stream)
    }
}

/// The place for events, for one connection.
pub(super) struct Delivery<'a> {
    pub(super) batch: &'a mut Batch,
    /// Where in memory the read buffer begins: what lies in it stays there.
    pub(super) buffer: usize,
    pub(super) link: &'a Link,
    pub(super) log: &'a Log,
    /// Set when the last event is told.
    pub(super) told_closed: &'a mut bool,
}

impl Events for Delivery<'_> {
    fn connected(&mut self, details: Details) {
        self.log.info(self.link.id, format_args!("connected"));
        *self.link.round_trip.lock() = RoundTrip::default();
        self.link.leave_untold();
        self.batch.connected(self.link.key, details);
    }

    #[inline(always)]
    fn message(&mut self, kind: Kind, body: Body<'_>) -> usize {
        let len = body.len();
        if self.link.is_freed() {
            return len;
        }
        let added = match body {
            Body::Input(payload) if payload.as_ptr().addr().wrapping_sub(self.buffer) < READ_BUFFER => {
                self.batch.in_place(self.link.key, kind, payload.as_ptr().addr() - self.buffer, len)
            }
            _ => self.batch.message(self.link.key, kind, body),
        };
        if added.is_err() {
            return NO_ROOM;
        }
        self.link.enqueued(len);
        len
    }

    fn closed(&mut self, report: Report, details: Option<Details>) {
        match report.error {
            None => self.log.info(self.link.id, format_args!("{} (code {})", report.message, report.code)),
            Some(Error::Aborted) => self.log.info(self.link.id, format_args!("{}", report.message)),
            Some(error) => self.log.warn(
                self.link.id,
                format_args!(
                    "closed: {} ({}, {:?}); {} messages unsent",
                    report.message,
                    error.name().to_string_lossy(),
                    report.phase,
                    report.unsent_messages
                ),
            ),
        }
        *self.told_closed = true;
        self.batch.closed(self.link.key, report, details);
    }

    fn retrying(&mut self, report: Report, details: Option<Details>, attempt: u32, delay: Option<Duration>) {
        let delay_ms = delay.map_or(u32::MAX, |delay| u32::try_from(delay.as_millis()).unwrap_or(u32::MAX - 1));
        let (lost, phase) = (&report.message, report.phase);
        match delay {
            Some(_) => self
                .log
                .warn(self.link.id, format_args!("lost: {lost} ({phase:?}); try {attempt} follows in {delay_ms} ms")),
            None => self.log.warn(
                self.link.id,
                format_args!("lost: {lost} ({phase:?}); try {attempt} follows when the loop is resumed"),
            ),
        }
        self.link.leave_untold();
        self.batch.retrying(self.link.key, report, details, attempt, delay_ms);
    }

    fn trying_again(&mut self) {
        self.link.retries.fetch_add(1, Relaxed);
        self.log.info(self.link.id, format_args!("connecting again"));
    }

    fn drained(&mut self) {
        if self.link.leave_drain_untold() {
            self.batch.drained(self.link.key);
        }
    }

    #[inline]
    fn passed(&mut self, passed: &Passed) {
        self.link.count(passed);
    }

    fn round_trip(&mut self, took: Duration) {
        self.link.round_trip.lock().add(took);
    }

    #[inline]
    fn is_full(&mut self) -> bool {
        self.link.is_full()
    }

    fn holds_try(&mut self) -> bool {
        self.link.holds_try()
    }

    fn is_behind(&mut self) -> bool {
        self.link.is_behind()
    }

    fn step(&mut self, what: std::fmt::Arguments<'_>) {
        self.log.debug(self.link.id, what);
    }

    fn warn(&mut self, what: std::fmt::Arguments<'_>) {
        self.log.warn(self.link.id, what);
    }
}

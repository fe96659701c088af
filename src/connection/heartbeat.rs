//! The heartbeat checks whether a silent peer is still there. After an interval in which no bytes of it arrive, a ping is sent.
//!
//! ```text
//!   listening ──nothing received for an interval──► pinged ──nothing received until the deadline──► lost
//!       ▲                                             │
//!       └────────────── bytes received ◄──────────────┘
//! ```
//!
//! Bytes that arrived before a probe, and are read after it, do not answer it. A pong with the number of the probe always answers
//! it.
//!
//! A ping may be sent slightly before its time when a timer has woken the loop. So heartbeats that are due at similar times share
//! a wake-up, because each wake-up of a phone uses energy. A ping is never delayed for others, so a lost peer is not noticed
//! later.
//!
//! If many bytes are waiting to be sent, a ping may be delayed longer than its deadline. So the deadline is extended as long as
//! the peer acknowledges bytes that were sent before the ping.
//!
//! A ping of the heartbeat has a number as its payload, in 4 bytes. A ping of the host without a payload has such a number and
//! one more byte. The first number is random, so that payloads of the host are not mistaken for these numbers.

use crate::config::HeartbeatOptions;
use crate::protocol::ping::PingPayload;
use std::time::{Duration, Instant};

/// Used to compute values from the options if the heartbeat has no interval or no time-out.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(20);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A ping may be sent this long before its interval is over. If the part of the interval below is shorter, it applies instead.
pub(super) const MAX_SLACK: Duration = Duration::from_secs(1);
const SLACK_PART: u32 = 8;

/// The last byte of a ping that the host has requested without a payload.
const ASKED: u8 = b'?';

/// The heartbeat of one connection.
#[derive(Debug)]
pub(super) struct Heartbeat {
    options: HeartbeatOptions,
    /// The time at which bytes were last received.
    last_received: Instant,
    /// The time at which [`Heartbeat::expire`] must be called. While the heartbeat listens, it may be too early but never too
    /// late, because received bytes set no timer.
    deadline: Option<Instant>,
    /// The ping that the peer must answer.
    pending: Option<PendingPing>,
    /// The number before the first used one, and the last number that was used.
    first: u32,
    number: u32,
    /// The ping whose round trip is measured, and the time at which it was sent.
    measured: Option<Box<(PingPayload, Instant)>>,
}

/// A pong of the peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pong<'a> {
    /// The payload for the host. `None` if this answers a ping of the heartbeat.
    pub(super) payload: Option<&'a [u8]>,
    /// The round trip, if it was measured.
    pub(super) took: Option<Duration>,
}

#[derive(Debug)]
struct PendingPing {
    /// The position of the ping in the stream of our bytes.
    position: u64,
    /// How many bytes of that stream the peer had acknowledged at the last check.
    acked: u64,
    /// The deadline passed while this process did not run, and the ping was repeated.
    repeated: bool,
    /// Bytes that arrived before the ping are still unread, so received bytes do not answer it.
    unread: bool,
}

/// How many of our bytes were sent and acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendProgress {
    /// The position of the next control frame.
    pub(super) next_frame: u64,
    /// How many bytes the peer has acknowledged. It is `next_frame` if the system does not report it.
    pub(super) acked: u64,
}

/// The action that the session must take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Send a ping with this payload.
    Ping(PingPayload),
    /// End the connection: the peer is lost.
    End,
}

impl Heartbeat {
    /// Makes a heartbeat. `first` is a random number.
    pub(super) fn new(options: HeartbeatOptions, first: u32, now: Instant) -> Heartbeat {
        let deadline = options.interval.map(|interval| now + interval);
        Heartbeat { options, last_received: now, deadline, pending: None, first, number: first, measured: None }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Returns how long before the deadline [`Heartbeat::expire`] may be called. A time-out is never shortened.
    pub(super) fn slack(&self) -> Duration {
        match self.options.interval {
            Some(interval) if self.pending.is_none() || self.options.timeout.is_none() => {
                MAX_SLACK.min(interval / SLACK_PART)
            }
            _ => Duration::ZERO,
        }
    }

    /// Bytes were received.
    #[inline]
    pub(super) fn received(&mut self, now: Instant) {
        if self.pending.as_ref().is_none_or(|pending| !pending.unread) {
            self.is_alive(now);
        }
    }

    /// The host's receive queue is full, so nothing is read. The peer counts as alive.
    pub(super) fn not_reading(&mut self, now: Instant) {
        self.is_alive(now);
    }

    /// All bytes that have arrived are read.
    pub(super) fn input_read(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.unread = false;
        }
    }

    #[inline]
    fn is_alive(&mut self, now: Instant) {
        self.last_received = now;
        if self.pending.take().is_some() {
            self.deadline = self.options.interval.map(|interval| now + interval);
        }
    }

    /// A pong was received. The result has the round trip if the pong answers the measured ping, unless the clock stood still or
    /// jumped since the ping.
    pub(super) fn pong<'a>(&mut self, payload: &'a [u8], now: Instant) -> Pong<'a> {
        let mut took = None;
        if let Some(measured) = self.measured.take_if(|measured| *measured.0 == *payload) {
            let sent_at = measured.1;
            self.is_alive(now);
            let round_trip = now.saturating_duration_since(sent_at);
            took = (!round_trip.is_zero() && round_trip <= self.longest_round_trip()).then_some(round_trip);
        }
        Pong { payload: self.payload_for_host(payload), took }
    }

    /// Returns the payload for the host, see [`Pong::payload`].
    fn payload_for_host<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        let Some((number, rest)) = payload.split_first_chunk() else { return Some(payload) };
        let used = self.number.wrapping_sub(self.first);
        let was_used = u32::from_be_bytes(*number).wrapping_sub(self.first).wrapping_sub(1) < used;
        match rest {
            [] if was_used => None,
            [ASKED] if was_used => Some(&[]),
            _ => Some(payload),
        }
    }

    /// Returns how long an answer may take.
    fn longest_round_trip(&self) -> Duration {
        self.options.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Returns the longest time in which a peer that is still there may be silent.
    pub(super) fn longest_silence(&self) -> Duration {
        self.options.interval.unwrap_or(DEFAULT_INTERVAL) + self.options.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Must be called at the time of [`Heartbeat::deadline`], and may be called up to [`Heartbeat::slack`] before it.
    pub(super) fn expire(&mut self, now: Instant, progress: impl FnOnce() -> SendProgress) -> Action {
        let due = now + self.slack();
        if self.deadline.is_none_or(|deadline| due < deadline) {
            return Action::Nothing;
        }
        match (&mut self.pending, self.options.interval, self.options.timeout) {
            (None, Some(interval), _) if due < self.last_received + interval => {
                self.deadline = Some(self.last_received + interval);
                Action::Nothing
            }
            (Some(pending), _, Some(timeout)) => {
                let acked = progress().acked;
                if pending.acked >= pending.position || acked <= pending.acked {
                    return Action::End;
                }
                pending.acked = acked;
                self.deadline = Some(now + timeout);
                Action::Nothing
            }
            _ => self.send_ping(now, self.options.timeout, progress()),
        }
    }

    /// The host sends a ping. Returns the payload of the ping. The peer must answer it in time, unless it must answer an earlier
    /// ping. The round trip is measured, unless another measurement is in progress.
    pub(super) fn ping(
        &mut self,
        given: &PingPayload,
        now: Instant,
        progress: impl FnOnce() -> SendProgress,
    ) -> PingPayload {
        let payload = if given.is_empty() { self.next_payload(true) } else { *given };
        if self.measured.as_ref().is_none_or(|measured| now >= measured.1 + self.longest_round_trip()) {
            self.measured = Some(Box::new((payload, now)));
        }
        if self.pending.is_none() {
            self.wait_for_answer(now, self.options.timeout, progress());
        }
        payload
    }

    /// Sends a ping at once. `likely_lost`: with the shorter time-out. `unread`: bytes that have already arrived are unread.
    pub(super) fn probe(&mut self, now: Instant, likely_lost: bool, unread: bool, progress: SendProgress) -> Action {
        let earlier = self.deadline.filter(|_| self.pending.is_some() && likely_lost && self.options.timeout.is_some());
        let timeout = if likely_lost { self.options.timeout.and(self.options.probe) } else { self.options.timeout };
        let ping = self.send_ping(now, timeout, progress);
        self.deadline = self.deadline.into_iter().chain(earlier).min();
        if let Some(pending) = &mut self.pending {
            pending.unread = unread;
        }
        ping
    }

    /// This process did not run for some time. The bytes that have arrived since were read before this call. The answer to a
    /// pending ping may have been lost, so the ping is repeated once.
    pub(super) fn slept(&mut self, now: Instant, progress: impl FnOnce() -> SendProgress) -> Action {
        let is_due = self.deadline.is_some_and(|deadline| deadline <= now);
        match &self.pending {
            Some(pending) if is_due && !pending.repeated => {
                let ping = self.send_ping(now, self.options.timeout, progress());
                if let Some(pending) = &mut self.pending {
                    pending.repeated = true;
                }
                ping
            }
            _ => Action::Nothing,
        }
    }

    fn send_ping(&mut self, now: Instant, timeout: Option<Duration>, progress: SendProgress) -> Action {
        self.wait_for_answer(now, timeout, progress);
        let payload = self.next_payload(false);
        self.measured = Some(Box::new((payload, now)));
        Action::Ping(payload)
    }

    fn wait_for_answer(&mut self, now: Instant, timeout: Option<Duration>, progress: SendProgress) {
        let SendProgress { next_frame, acked } = progress;
        self.pending = Some(PendingPing { position: next_frame, acked, repeated: false, unread: false });
        self.deadline = timeout.or(self.options.interval).map(|wait| now + wait);
    }

    /// Returns a payload of this library. `asked`: it is for a ping of the host.
    fn next_payload(&mut self, asked: bool) -> PingPayload {
        self.number = self.number.wrapping_add(1);
        let [a, b, c, d] = self.number.to_be_bytes();
        if asked { PingPayload::of([a, b, c, d, ASKED]) } else { PingPayload::of([a, b, c, d]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(20);
    const TIMEOUT: Duration = Duration::from_secs(10);
    const PROBE: Duration = Duration::from_secs(3);
    const OPTIONS: HeartbeatOptions =
        HeartbeatOptions { interval: Some(INTERVAL), timeout: Some(TIMEOUT), probe: Some(PROBE) };

    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// The deadline has come.
        Due,
        /// It may expire now, before the deadline.
        Early,
        /// A second passes.
        Wait,
        Received,
        Pong,
        Ping,
        Probe,
        /// A probe, with unread bytes that arrived before it.
        ProbeUnread,
        /// All bytes were read.
        InputRead,
        Slept,
        MachineSlept,
        /// The peer has acknowledged bytes of the backlog.
        Acked,
    }
    const EVENTS: [Event; 12] = [
        Event::Due,
        Event::Early,
        Event::Wait,
        Event::Received,
        Event::Pong,
        Event::Ping,
        Event::Probe,
        Event::ProbeUnread,
        Event::InputRead,
        Event::Slept,
        Event::MachineSlept,
        Event::Acked,
    ];

    /// A heartbeat, and a model of what it must do.
    struct Model {
        heartbeat: Heartbeat,
        now: Instant,
        /// The time at which bytes were last received, and the time of the last other event that extends the deadline.
        received: Instant,
        extended: Instant,
        /// The first ping after these times, and the last ping if it is not answered.
        first_ping: Option<Instant>,
        last_ping: Option<(Instant, PingPayload)>,
        acked: u64,
        /// Bytes were acknowledged since the last ping.
        progressed: bool,
        unread: bool,
    }

    impl Model {
        fn progress(&self) -> SendProgress {
            SendProgress { next_frame: 1_000, acked: self.acked }
        }

        fn is_alive(&mut self) {
            (self.received, self.extended, self.first_ping, self.unread) = (self.now, self.now, None, false);
        }

        fn expire(&mut self) -> Action {
            let due = self.now + self.heartbeat.slack();
            let is_due = self.heartbeat.deadline().is_some_and(|deadline| deadline <= due);
            let progress = self.progress();
            let action = self.heartbeat.expire(self.now, || progress);
            if is_due && self.first_ping.is_some() && std::mem::take(&mut self.progressed) {
                (self.extended, self.first_ping) = (self.now, None);
                assert_eq!(action, Action::Nothing, "the peer acknowledges bytes");
            }
            action
        }

        fn apply(&mut self, event: Event) -> Action {
            let (now, progress) = (self.now, self.progress());
            match event {
                Event::Due | Event::Early | Event::Wait => {
                    let due = self.heartbeat.deadline().expect("with an interval there is always a deadline");
                    assert!(now < due, "the engine would be busy endlessly");
                    self.now = match event {
                        Event::Due => due,
                        Event::Early => now.max(due - self.heartbeat.slack()),
                        _ => due.min(now + Duration::from_secs(1)),
                    };
                    let has_slack = !self.heartbeat.slack().is_zero();
                    let action = self.expire();
                    let acted = self.heartbeat.deadline() != Some(due);
                    assert!(acted || !has_slack || matches!(event, Event::Wait), "the engine would be busy");
                    action
                }
                Event::Received => {
                    self.heartbeat.received(now);
                    if !self.unread {
                        self.is_alive();
                    }
                    Action::Nothing
                }
                Event::Pong => {
                    let Some((at, payload)) = self.last_ping.take() else { return Action::Nothing };
                    let asked_for = (payload.len() == 5).then_some(&[][..]);
                    assert_eq!(self.heartbeat.pong(&[9; 4], now), Pong { payload: Some(&[9; 4]), took: None });
                    let took = Some(now - at).filter(|took| !took.is_zero() && *took <= TIMEOUT);
                    assert_eq!(self.heartbeat.pong(&payload, now), Pong { payload: asked_for, took });
                    assert_eq!(self.heartbeat.pong(&payload, now), Pong { payload: asked_for, took: None }, "once");
                    self.is_alive();
                    Action::Nothing
                }
                Event::Ping => {
                    let is_first = self.heartbeat.pending.is_none();
                    let payload = self.heartbeat.ping(&PingPayload::of([]), now, || progress);
                    if self.last_ping.is_none_or(|(at, _)| now >= at + TIMEOUT) {
                        self.last_ping = Some((now, payload)); // it is measured
                    }
                    if is_first {
                        self.first_ping.get_or_insert(now);
                        (self.progressed, self.unread) = (false, false);
                    }
                    Action::Nothing
                }
                Event::Probe => self.heartbeat.probe(now, true, false, progress),
                Event::ProbeUnread => self.heartbeat.probe(now, true, true, progress),
                Event::InputRead => {
                    self.heartbeat.input_read();
                    self.unread = false;
                    Action::Nothing
                }
                Event::MachineSlept => {
                    self.extended = now;
                    self.heartbeat.probe(now, false, false, progress)
                }
                Event::Slept => {
                    self.now += TIMEOUT;
                    // The deadline is extended if the heartbeat sends a ping.
                    let action = self.heartbeat.slept(self.now, || progress);
                    self.extended = if action == Action::Nothing { self.extended } else { self.now };
                    match action {
                        Action::Nothing => self.expire(),
                        action => action,
                    }
                }
                Event::Acked => {
                    self.acked += 100;
                    self.progressed = true;
                    Action::Nothing
                }
            }
        }

        /// Checks an action. Returns true after the end.
        fn check(&mut self, event: Event, action: Action) -> bool {
            match action {
                Action::Nothing => {}
                Action::Ping(payload) => {
                    self.first_ping.get_or_insert(self.now);
                    self.last_ping = Some((self.now, payload));
                    self.progressed = false;
                    self.unread = matches!(event, Event::ProbeUnread);
                }
                Action::End => {
                    assert!(self.now - self.received >= PROBE, "too soon");
                    let first_ping = self.first_ping.unwrap_or(self.extended);
                    assert!(self.now - first_ping >= PROBE, "the peer had no time to answer");
                    return true;
                }
            }
            let latest = self.extended.max(self.received) + INTERVAL + TIMEOUT + TIMEOUT;
            assert!(self.now < latest, "too late");
            let due = self.heartbeat.deadline();
            assert!(due.is_some_and(|due| due > self.now || matches!(event, Event::Slept)), "{due:?}");
            false
        }
    }

    #[test]
    fn exploration_of_six_events_detects_lost_peers_in_time() {
        let mut ended = 0;
        for number in 0..EVENTS.len().pow(6) {
            let now = Instant::now();
            let heartbeat = Heartbeat::new(OPTIONS, u32::MAX - 1, now);
            let mut model = Model {
                heartbeat,
                now,
                received: now,
                extended: now,
                first_ping: None,
                last_ping: None,
                acked: 0,
                progressed: false,
                unread: false,
            };
            let mut rest = number;
            for _ in 0..6 {
                let event = EVENTS[rest % EVENTS.len()];
                rest /= EVENTS.len();
                let action = model.apply(event);
                if model.check(event, action) {
                    ended += 1;
                    break;
                }
            }
        }
        assert!(ended > 1000, "{ended}");
    }
}

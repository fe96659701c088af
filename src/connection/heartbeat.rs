//! The heartbeat: finds out whether a silent peer is still there. After an interval without any bytes of it, it gets a ping.
//!
//! ```text
//!   listening ──nothing received for an interval──► pinged ──nothing received until the deadline──► lost
//!       ▲                                             │
//!       └────────────── bytes received ◄──────────────┘
//! ```
//!
//! Bytes that arrived before a probe, and are read after it, do not answer it. A pong with its number always does.
//!
//! A large backlog may delay a ping for longer than its deadline. So the deadline is extended as long as the peer acknowledges
//! bytes before the ping.

use crate::config::HeartbeatOptions;
use std::time::{Duration, Instant};

/// The longest round trip that a ping measures if the heartbeat has no time-out.
const DEFAULT_LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);

/// The heartbeat of one connection.
#[derive(Debug)]
pub(super) struct Heartbeat {
    options: HeartbeatOptions,
    /// When bytes were last received.
    last_received: Instant,
    /// When [`Heartbeat::expire`] must be called. While listening this may be too early, never too late: received bytes set no
    /// timer.
    deadline: Option<Instant>,
    /// The ping whose answer decides whether the peer is there.
    pending: Option<PendingPing>,
    /// The number of the last ping, which is its payload.
    number: u32,
    /// When that ping was sent, until it is answered.
    sent_at: Option<Instant>,
}

#[derive(Debug)]
struct PendingPing {
    /// The position of the ping in the stream of our bytes.
    position: u64,
    /// How many bytes of that stream the peer had acknowledged at the last look.
    acked: u64,
    /// The deadline passed while this process did not run, and the ping was repeated.
    repeated: bool,
    /// Bytes that arrived before the ping are still unread, so received bytes do not answer it.
    unread: bool,
}

/// How far the stream of our bytes is.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendProgress {
    /// The position of the next control frame.
    pub(super) next_frame: u64,
    /// How many bytes the peer has acknowledged; `next_frame` if the system does not say.
    pub(super) acked: u64,
}

/// The action that the session must take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Send a ping with this payload.
    Ping([u8; 4]),
    /// End the connection: the peer is lost.
    End,
}

impl Heartbeat {
    pub(super) fn new(options: HeartbeatOptions, now: Instant) -> Heartbeat {
        let deadline = options.interval.map(|interval| now + interval);
        Heartbeat { options, last_received: now, deadline, pending: None, number: 0, sent_at: None }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Bytes were received.
    #[inline]
    pub(super) fn received(&mut self, now: Instant) {
        if self.pending.as_ref().is_none_or(|pending| !pending.unread) {
            self.is_alive(now);
        }
    }

    /// The host's queue is full, so nothing is read: the peer counts as alive.
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

    /// A pong was received. Returns the round trip if it answers the last ping, unless the clock stood still or jumped since.
    pub(super) fn pong(&mut self, payload: &[u8], now: Instant) -> Option<Duration> {
        let sent_at = self.sent_at.take_if(|_| payload == self.number.to_be_bytes())?;
        self.is_alive(now);
        let took = now.saturating_duration_since(sent_at);
        (!took.is_zero() && took <= self.longest_round_trip()).then_some(took)
    }

    /// How long an answer may take.
    fn longest_round_trip(&self) -> Duration {
        self.options.timeout.unwrap_or(DEFAULT_LONGEST_ROUND_TRIP)
    }

    /// The time of [`Heartbeat::deadline`] may have come.
    pub(super) fn expire(&mut self, now: Instant, progress: impl FnOnce() -> SendProgress) -> Action {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Action::Nothing;
        }
        match (&mut self.pending, self.options.interval, self.options.timeout) {
            (None, Some(interval), _) if now < self.last_received + interval => {
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

    /// Sends a ping to measure the round trip, unless a measurement is in progress.
    pub(super) fn ping(&mut self, now: Instant, progress: impl FnOnce() -> SendProgress) -> Action {
        let measures = self.sent_at.is_some_and(|sent_at| now < sent_at + self.longest_round_trip());
        if self.pending.is_some() || measures {
            Action::Nothing
        } else {
            self.send_ping(now, self.options.timeout, progress())
        }
    }

    /// Sends a ping at once. `likely_lost`: with the shorter time-out. `unread`: bytes that have arrived are unread.
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

    /// This process did not run for a while. The bytes that have arrived since were read before this call. The answer to a pending
    /// ping may have been lost, so the ping is repeated once.
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
        let SendProgress { next_frame, acked } = progress;
        self.pending = Some(PendingPing { position: next_frame, acked, repeated: false, unread: false });
        self.deadline = timeout.or(self.options.interval).map(|wait| now + wait);
        self.number = self.number.wrapping_add(1);
        self.sent_at = Some(now);
        Action::Ping(self.number.to_be_bytes())
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
        /// A second passes.
        Wait,
        Received,
        Pong,
        Ping,
        Probe,
        /// With unread bytes that arrived before it.
        ProbeUnread,
        /// They are all read.
        InputRead,
        Slept,
        MachineSlept,
        /// The peer has acknowledged bytes of the backlog.
        Acked,
    }
    const EVENTS: [Event; 11] = [
        Event::Due,
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
        /// When bytes were last received; and the last other event that extends the deadline.
        received: Instant,
        extended: Instant,
        /// The first ping since then, and the last one, if that is not answered.
        first_ping: Option<Instant>,
        last_ping: Option<(Instant, [u8; 4])>,
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
            let is_due = self.heartbeat.deadline().is_some_and(|due| due <= self.now);
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
                Event::Due | Event::Wait => {
                    let due = self.heartbeat.deadline().expect("with an interval there is always one");
                    assert!(now < due, "the engine would be busy for ever");
                    self.now = if matches!(event, Event::Due) { due } else { due.min(now + Duration::from_secs(1)) };
                    self.expire()
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
                    assert_eq!(self.heartbeat.pong(&[9; 4], now), None);
                    let took = Some(now - at).filter(|took| !took.is_zero() && *took <= TIMEOUT);
                    assert_eq!(self.heartbeat.pong(&payload, now), took);
                    assert_eq!(self.heartbeat.pong(&payload, now), None, "a pong counts once");
                    self.is_alive();
                    Action::Nothing
                }
                Event::Ping => {
                    let action = self.heartbeat.ping(now, || progress);
                    let waits = self.last_ping.is_some_and(|(at, _)| now < at + TIMEOUT);
                    assert!(action == Action::Nothing || !waits, "one ping at a time");
                    action
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
    fn lost_peers_are_detected_in_time_in_every_order_of_six_events() {
        let mut ended = 0;
        for number in 0..EVENTS.len().pow(6) {
            let now = Instant::now();
            let heartbeat = Heartbeat::new(OPTIONS, now);
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

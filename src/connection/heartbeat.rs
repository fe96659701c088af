//! Is the peer still there? Any byte it sends says so; after a while without one it is asked, by a ping.
//!
//! ```text
//!   listening ──nothing heard for an interval──► asked ──nothing heard until the deadline──► dead
//!       ▲                                          │
//!       └────────────── anything heard ◄───────────┘
//! ```
//!
//! What had come before a probe is no answer to it, though it is read after; a pong of the right number is.
//!
//! A large backlog may keep a ping from getting through for longer than its deadline. As long as the network is seen to take
//! of what is before the ping, there is somebody.

use crate::config::HeartbeatOptions;
use std::time::{Duration, Instant};

/// A ping without an answer is not waited for longer than this, to measure the round trip, where there is no time-out.
const UNANSWERED: Duration = Duration::from_secs(10);

/// The heartbeat of one connection.
#[derive(Debug)]
pub(super) struct Heartbeat {
    options: HeartbeatOptions,
    /// When something was last received.
    heard: Instant,
    /// When [`Heartbeat::expire`] has something to look at. While listening it may be too early, never too late: what is
    /// heard sets no timer.
    next: Option<Instant>,
    asked: Option<Asked>,
    number: u32,
    /// When the ping with that number was sent, until it is answered.
    sent: Option<Instant>,
}

#[derive(Debug)]
struct Asked {
    /// Where in the stream the ping begins.
    ping_at: u64,
    /// How much of the stream had reached the peer when that was last looked at.
    delivered: u64,
    /// The deadline passed while this process did not run, and was set anew.
    reprieved: bool,
    /// What is read may have come before it was asked, until the stream was empty once.
    stale: bool,
}

/// How far the stream of our bytes is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// Where the next control frame begins.
    pub(super) next: u64,
    /// What has reached the peer; `next` if that cannot be told.
    pub(super) delivered: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Nothing,
    /// Send a ping with this payload.
    Ping([u8; 4]),
    Dead,
}

impl Heartbeat {
    pub(super) fn new(options: HeartbeatOptions, now: Instant) -> Heartbeat {
        let next = options.interval.map(|interval| now + interval);
        Heartbeat { options, heard: now, next, asked: None, number: 0, sent: None }
    }

    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Something was received.
    #[inline]
    pub(super) fn heard(&mut self, now: Instant) {
        if self.asked.as_ref().is_none_or(|asked| !asked.stale) {
            self.is_alive(now);
        }
    }

    /// The host does not let us receive: nothing can be expected of the peer.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.is_alive(now);
    }

    /// All that had come was read.
    pub(super) fn caught_up(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.stale = false;
        }
    }

    #[inline]
    fn is_alive(&mut self, now: Instant) {
        self.heard = now;
        if self.asked.take().is_some() {
            self.next = self.options.interval.map(|interval| now + interval);
        }
    }

    /// A pong came. How long it took, if it answers the last ping, and the clock has neither stood since nor run on while this
    /// process did not.
    pub(super) fn pong(&mut self, payload: &[u8], now: Instant) -> Option<Duration> {
        let sent = self.sent.take_if(|_| payload == self.number.to_be_bytes())?;
        self.is_alive(now);
        let took = now.saturating_duration_since(sent);
        (!took.is_zero() && took <= self.patience()).then_some(took)
    }

    /// How long an answer may take.
    fn patience(&self) -> Duration {
        self.options.timeout.unwrap_or(UNANSWERED)
    }

    /// The time of [`Heartbeat::deadline`] may have come.
    pub(super) fn expire(&mut self, now: Instant, flow: impl FnOnce() -> Flow) -> Beat {
        if self.next.is_none_or(|next| now < next) {
            return Beat::Nothing;
        }
        match (&mut self.asked, self.options.interval, self.options.timeout) {
            (None, Some(interval), _) if now < self.heard + interval => {
                self.next = Some(self.heard + interval);
                Beat::Nothing
            }
            (Some(asked), _, Some(timeout)) => {
                let delivered = flow().delivered;
                if asked.delivered >= asked.ping_at || delivered <= asked.delivered {
                    return Beat::Dead;
                }
                asked.delivered = delivered;
                self.next = Some(now + timeout);
                Beat::Nothing
            }
            _ => self.ask(now, self.options.timeout, flow()),
        }
    }

    /// Asks now, to measure the round trip, unless that is being measured.
    pub(super) fn ping(&mut self, now: Instant, flow: impl FnOnce() -> Flow) -> Beat {
        let measures = self.sent.is_some_and(|sent| now < sent + self.patience());
        if self.asked.is_some() || measures { Beat::Nothing } else { self.ask(now, self.options.timeout, flow()) }
    }

    /// Asks now. `likely_gone`: the connection is, so there is less time for an answer. `stale`: not all that has come is
    /// read.
    pub(super) fn probe(&mut self, now: Instant, likely_gone: bool, stale: bool, flow: Flow) -> Beat {
        let before = self.next.filter(|_| self.asked.is_some() && likely_gone && self.options.timeout.is_some());
        let timeout = if likely_gone { self.options.timeout.and(self.options.probe) } else { self.options.timeout };
        let ping = self.ask(now, timeout, flow);
        self.next = self.next.into_iter().chain(before).min();
        if let Some(asked) = &mut self.asked {
            asked.stale = stale;
        }
        ping
    }

    /// This process did not run for a while. What the peer has answered was read before this; but if it was asked just
    /// before, the answer may not have got through: it is asked once more.
    pub(super) fn slept(&mut self, now: Instant, flow: impl FnOnce() -> Flow) -> Beat {
        let passed = self.next.is_some_and(|next| next <= now);
        match &self.asked {
            Some(asked) if passed && !asked.reprieved => {
                let ping = self.ask(now, self.options.timeout, flow());
                if let Some(asked) = &mut self.asked {
                    asked.reprieved = true;
                }
                ping
            }
            _ => Beat::Nothing,
        }
    }

    fn ask(&mut self, now: Instant, timeout: Option<Duration>, flow: Flow) -> Beat {
        self.asked = Some(Asked { ping_at: flow.next, delivered: flow.delivered, reprieved: false, stale: false });
        self.next = timeout.or(self.options.interval).map(|wait| now + wait);
        self.number = self.number.wrapping_add(1);
        self.sent = Some(now);
        Beat::Ping(self.number.to_be_bytes())
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
    enum Step {
        /// The time of the deadline comes.
        Due,
        /// A second passes.
        Wait,
        Heard,
        Answered,
        Ping,
        Probe,
        /// With bytes on the way that came before it.
        StaleProbe,
        /// They are all read.
        CaughtUp,
        Slept,
        MachineSlept,
        /// The network has taken of the backlog.
        Progress,
    }
    const STEPS: [Step; 11] = [
        Step::Due,
        Step::Wait,
        Step::Heard,
        Step::Answered,
        Step::Ping,
        Step::Probe,
        Step::StaleProbe,
        Step::CaughtUp,
        Step::Slept,
        Step::MachineSlept,
        Step::Progress,
    ];

    /// What was promised of a heartbeat, and when it was last kept.
    struct Watched {
        heartbeat: Heartbeat,
        now: Instant,
        /// The last sign of life; and of what else puts death off.
        heard: Instant,
        spared: Instant,
        /// The first ping since then, and the last one, if that is not answered.
        asked: Option<Instant>,
        pinged: Option<(Instant, [u8; 4])>,
        delivered: u64,
        /// Some of it since the last ping.
        progressed: bool,
        stale: bool,
    }

    impl Watched {
        fn flow(&self) -> Flow {
            Flow { next: 1_000, delivered: self.delivered }
        }

        fn is_alive(&mut self) {
            (self.heard, self.spared, self.asked, self.stale) = (self.now, self.now, None, false);
        }

        fn expire(&mut self) -> Beat {
            let is_due = self.heartbeat.deadline().is_some_and(|due| due <= self.now);
            let flow = self.flow();
            let beat = self.heartbeat.expire(self.now, || flow);
            if is_due && self.asked.is_some() && std::mem::take(&mut self.progressed) {
                (self.spared, self.asked) = (self.now, None);
                assert_eq!(beat, Beat::Nothing, "there is somebody");
            }
            beat
        }

        fn step(&mut self, step: Step) -> Beat {
            let (now, flow) = (self.now, self.flow());
            match step {
                Step::Due | Step::Wait => {
                    let due = self.heartbeat.deadline().expect("with an interval there is always one");
                    assert!(now < due, "it would turn and turn");
                    self.now = if matches!(step, Step::Due) { due } else { due.min(now + Duration::from_secs(1)) };
                    self.expire()
                }
                Step::Heard => {
                    self.heartbeat.heard(now);
                    if !self.stale {
                        self.is_alive();
                    }
                    Beat::Nothing
                }
                Step::Answered => {
                    let Some((at, payload)) = self.pinged.take() else { return Beat::Nothing };
                    assert_eq!(self.heartbeat.pong(&[9; 4], now), None);
                    let took = Some(now - at).filter(|took| !took.is_zero() && *took <= TIMEOUT);
                    assert_eq!(self.heartbeat.pong(&payload, now), took);
                    assert_eq!(self.heartbeat.pong(&payload, now), None, "once");
                    self.is_alive();
                    Beat::Nothing
                }
                Step::Ping => {
                    let beat = self.heartbeat.ping(now, || flow);
                    let waits = self.pinged.is_some_and(|(at, _)| now < at + TIMEOUT);
                    assert!(beat == Beat::Nothing || !waits, "one at a time");
                    beat
                }
                Step::Probe => self.heartbeat.probe(now, true, false, flow),
                Step::StaleProbe => self.heartbeat.probe(now, true, true, flow),
                Step::CaughtUp => {
                    self.heartbeat.caught_up();
                    self.stale = false;
                    Beat::Nothing
                }
                Step::MachineSlept => {
                    self.spared = now;
                    self.heartbeat.probe(now, false, false, flow)
                }
                Step::Slept => {
                    self.now += TIMEOUT;
                    // Its own word decides whether that spares it: the ping that it sends.
                    let beat = self.heartbeat.slept(self.now, || flow);
                    self.spared = if beat == Beat::Nothing { self.spared } else { self.now };
                    match beat {
                        Beat::Nothing => self.expire(),
                        beat => beat,
                    }
                }
                Step::Progress => {
                    self.delivered += 100;
                    self.progressed = true;
                    Beat::Nothing
                }
            }
        }

        /// True when it is over.
        fn look(&mut self, step: Step, beat: Beat) -> bool {
            match beat {
                Beat::Nothing => {}
                Beat::Ping(payload) => {
                    self.asked.get_or_insert(self.now);
                    self.pinged = Some((self.now, payload));
                    self.progressed = false;
                    self.stale = matches!(step, Step::StaleProbe);
                }
                Beat::Dead => {
                    assert!(self.now - self.heard >= PROBE, "too soon");
                    let asked = self.asked.unwrap_or(self.spared);
                    assert!(self.now - asked >= PROBE, "it had no time to answer");
                    return true;
                }
            }
            let latest = self.spared.max(self.heard) + INTERVAL + TIMEOUT + TIMEOUT;
            assert!(self.now < latest, "nobody is there for so long, and it is not seen");
            let due = self.heartbeat.deadline();
            assert!(due.is_some_and(|due| due > self.now || matches!(step, Step::Slept)), "{due:?}");
            false
        }
    }

    /// Every order of six steps.
    #[test]
    fn in_every_order_it_dies_neither_too_soon_nor_too_late() {
        let mut dead = 0;
        for number in 0..STEPS.len().pow(6) {
            let now = Instant::now();
            let heartbeat = Heartbeat::new(OPTIONS, now);
            let mut watched = Watched {
                heartbeat,
                now,
                heard: now,
                spared: now,
                asked: None,
                pinged: None,
                delivered: 0,
                progressed: false,
                stale: false,
            };
            let mut rest = number;
            for _ in 0..6 {
                let step = STEPS[rest % STEPS.len()];
                rest /= STEPS.len();
                let beat = watched.step(step);
                if watched.look(step, beat) {
                    dead += 1;
                    break;
                }
            }
        }
        assert!(dead > 1000, "{dead}");
    }
}

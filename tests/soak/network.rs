//! Faults of the network in the soak test.

use crate::counters::Counters;
use std::thread;
use std::time::{Duration, Instant};
use test_support::deflate::client::RandomMessages;
use test_support::relay::{BOTH_DIRECTIONS, Direction, Fault, Relay};

pub struct NetworkFaults<'a> {
    relay: &'a Relay,
    counters: &'a Counters,
    random: RandomMessages,
    /// Faults that end by themselves, and the times at which they end.
    later: Vec<(Instant, Later)>,
}

enum Later {
    Resume(usize),
    Accept,
    Serve,
}

impl<'a> NetworkFaults<'a> {
    pub fn new(relay: &'a Relay, counters: &'a Counters, seed: u64) -> NetworkFaults<'a> {
        NetworkFaults { relay, counters, random: RandomMessages::new(seed), later: Vec::new() }
    }

    /// Injects about one fault in two seconds for each connection. Calls `each` in between.
    pub fn inject_until(&mut self, until: Instant, sockets: usize, mut each: impl FnMut()) {
        let pause = Duration::from_secs(2) / sockets as u32;
        while Instant::now() < until {
            thread::sleep(pause);
            self.end_due_faults(Instant::now());
            self.inject();
            each();
        }
    }

    /// Ends all faults.
    pub fn end(&mut self) {
        self.relay.refuse(false);
        self.relay.hold(false);
        self.serve();
        self.later.clear();
        for number in self.relay.alive() {
            self.resume(number);
        }
    }

    fn inject(&mut self) {
        let alive = self.relay.alive();
        if alive.is_empty() {
            return;
        }
        let number = alive[self.random.random(alive.len())];
        let direction = BOTH_DIRECTIONS[self.random.random(2)];
        let (kind, fault) = match self.random.random(100) {
            0..14 => ("cut", Fault::Cut),
            14..28 => ("reset", Fault::Reset),
            28..36 => ("half-close", Fault::HalfClose(direction)),
            36..50 => (
                "cut within",
                Fault::CutAt(direction, self.relay.forwarded(number, direction) + self.random.random(50_000) as u64),
            ),
            50..65 => ("stall", Fault::Stall(direction)),
            65..75 => ("delay", Fault::Delay(direction, Duration::from_millis(self.random.random(50) as u64))),
            75..85 => ("bytewise", Fault::Bytewise(direction, self.random.random(300) as u64)),
            85..90 => ("none", Fault::Resume(direction)),
            90..94 => return self.refuse(),
            94..98 => return self.hold(),
            _ => return self.inject_in_next_upgrade(),
        };
        if self.relay.inject(number, fault) {
            self.counters.fault(kind);
        }
        if let Fault::Stall(_) = fault {
            // One or both directions are stalled, for a time that is shorter or longer than the heartbeat allows.
            if self.random.random(2) == 0 {
                self.relay.inject(number, Fault::Stall(Direction::ToServer));
                self.relay.inject(number, Fault::Stall(Direction::ToClient));
            }
            self.after(3000, Later::Resume(number));
        }
    }

    fn refuse(&mut self) {
        self.relay.refuse(true);
        self.counters.fault("refuse");
        self.after(200, Later::Accept);
    }

    fn hold(&mut self) {
        self.relay.hold(true);
        self.counters.fault("reorder");
        self.after(100, Later::Serve);
    }

    /// The upgrade of the next connection is cut, or comes in single bytes.
    fn inject_in_next_upgrade(&mut self) {
        let direction = BOTH_DIRECTIONS[self.random.random(2)];
        let bytes = self.random.random(300) as u64;
        let fault =
            if self.random.random(2) == 0 { Fault::CutAt(direction, bytes) } else { Fault::Bytewise(direction, bytes) };
        self.relay.inject_in_next(&[fault]);
        self.counters.fault("upgrade");
    }

    fn after(&mut self, most_ms: usize, what: Later) {
        let at = Instant::now() + Duration::from_millis(self.random.random(most_ms) as u64);
        self.later.push((at, what));
    }

    fn end_due_faults(&mut self, now: Instant) {
        for (_, what) in self.later.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            match what {
                Later::Resume(number) => self.resume(number),
                Later::Accept => self.relay.refuse(false),
                Later::Serve => {
                    self.relay.hold(false);
                    self.serve();
                }
            }
        }
    }

    fn resume(&self, number: usize) {
        for direction in BOTH_DIRECTIONS {
            self.relay.inject(number, Fault::Resume(direction));
        }
    }

    /// Serves the last connection first.
    fn serve(&self) {
        for number in self.relay.held().into_iter().rev() {
            self.relay.serve(number);
        }
    }
}

//! What the network does to the players.

use crate::tally::Tally;
use std::thread;
use std::time::{Duration, Instant};
use test_support::deflate::client::RandomMessages;
use test_support::relay::{BOTH_DIRECTIONS, Direction, Fault, Relay};

pub struct Weather<'a> {
    relay: &'a Relay,
    tally: &'a Tally,
    dice: RandomMessages,
    /// When what goes away by itself does.
    later: Vec<(Instant, Later)>,
}

enum Later {
    Resume(usize),
    Accept,
    Serve,
}

impl<'a> Weather<'a> {
    pub fn new(relay: &'a Relay, tally: &'a Tally, seed: u64) -> Weather<'a> {
        Weather { relay, tally, dice: RandomMessages::new(seed), later: Vec::new() }
    }

    /// A fault now and then: about one in two seconds for each of so many connections. `each` is called in between.
    pub fn rage(&mut self, until: Instant, sockets: usize, mut each: impl FnMut()) {
        let pause = Duration::from_secs(2) / sockets as u32;
        while Instant::now() < until {
            thread::sleep(pause);
            self.clear_up(Instant::now());
            self.inject();
            each();
        }
    }

    /// Everything passes again.
    pub fn calm_down(&mut self) {
        self.relay.refuse(false);
        self.relay.hold(false);
        self.serve();
        self.later.clear();
        for number in self.relay.alive() {
            self.go_on(number);
        }
    }

    fn inject(&mut self) {
        let alive = self.relay.alive();
        if alive.is_empty() {
            return;
        }
        let number = alive[self.dice.random(alive.len())];
        let way = BOTH_DIRECTIONS[self.dice.random(2)];
        let (kind, fault) = match self.dice.random(100) {
            0..14 => ("cut", Fault::Cut),
            14..28 => ("reset", Fault::Reset),
            28..36 => ("half-close", Fault::HalfClose(way)),
            36..50 => {
                ("cut within", Fault::CutAt(way, self.relay.forwarded(number, way) + self.dice.random(50_000) as u64))
            }
            50..65 => ("stall", Fault::Stall(way)),
            65..75 => ("delay", Fault::Delay(way, Duration::from_millis(self.dice.random(50) as u64))),
            75..85 => ("bytewise", Fault::Bytewise(way, self.dice.random(300) as u64)),
            85..90 => ("none", Fault::Resume(way)),
            90..94 => return self.refuse(),
            94..98 => return self.hold(),
            _ => return self.disturb_the_next(),
        };
        if self.relay.inject(number, fault) {
            self.tally.fault(kind);
        }
        if let Fault::Stall(_) = fault {
            // Both ways, or one; shorter than the heartbeat allows for, or longer.
            if self.dice.random(2) == 0 {
                self.relay.inject(number, Fault::Stall(Direction::ToServer));
                self.relay.inject(number, Fault::Stall(Direction::ToClient));
            }
            self.after(3000, Later::Resume(number));
        }
    }

    fn refuse(&mut self) {
        self.relay.refuse(true);
        self.tally.fault("refuse");
        self.after(200, Later::Accept);
    }

    fn hold(&mut self) {
        self.relay.hold(true);
        self.tally.fault("reorder");
        self.after(100, Later::Serve);
    }

    /// The upgrade of the next connection is cut, or comes in single bytes.
    fn disturb_the_next(&mut self) {
        let way = BOTH_DIRECTIONS[self.dice.random(2)];
        let bytes = self.dice.random(300) as u64;
        let fault = if self.dice.random(2) == 0 { Fault::CutAt(way, bytes) } else { Fault::Bytewise(way, bytes) };
        self.relay.inject_in_next(&[fault]);
        self.tally.fault("upgrade");
    }

    fn after(&mut self, most_ms: usize, what: Later) {
        let at = Instant::now() + Duration::from_millis(self.dice.random(most_ms) as u64);
        self.later.push((at, what));
    }

    fn clear_up(&mut self, now: Instant) {
        for (_, what) in self.later.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            match what {
                Later::Resume(number) => self.go_on(number),
                Later::Accept => self.relay.refuse(false),
                Later::Serve => {
                    self.relay.hold(false);
                    self.serve();
                }
            }
        }
    }

    fn go_on(&self, number: usize) {
        for way in BOTH_DIRECTIONS {
            self.relay.inject(number, Fault::Resume(way));
        }
    }

    /// The last one first.
    fn serve(&self) {
        for number in self.relay.held().into_iter().rev() {
            self.relay.serve(number);
        }
    }
}

//! What the network does to the players.

use crate::client::Messages;
use crate::support::faulty::{BOTH, Fault, Proxy, Way};
use crate::tally::Tally;
use std::thread;
use std::time::{Duration, Instant};

pub struct Weather<'a> {
    proxy: &'a Proxy,
    tally: &'a Tally,
    dice: Messages,
    /// When what goes away by itself does.
    later: Vec<(Instant, Later)>,
}

enum Later {
    GoOn(usize),
    Accept,
    Serve,
}

impl<'a> Weather<'a> {
    pub fn new(proxy: &'a Proxy, tally: &'a Tally, seed: u64) -> Weather<'a> {
        Weather { proxy, tally, dice: Messages::new(seed), later: Vec::new() }
    }

    /// A fault now and then: about one in two seconds for each of so many connections. `each` is called in between.
    pub fn rage(&mut self, until: Instant, sockets: usize, mut each: impl FnMut()) {
        let pause = Duration::from_secs(2) / sockets as u32;
        while Instant::now() < until {
            thread::sleep(pause);
            self.clear_up(Instant::now());
            self.strike();
            each();
        }
    }

    /// Everything passes again.
    pub fn calm_down(&mut self) {
        self.proxy.refuse(false);
        self.proxy.hold(false);
        self.serve();
        self.later.clear();
        for number in self.proxy.alive() {
            self.go_on(number);
        }
    }

    fn strike(&mut self) {
        let alive = self.proxy.alive();
        if alive.is_empty() {
            return;
        }
        let number = alive[self.dice.random(alive.len())];
        let way = BOTH[self.dice.random(2)];
        let (kind, fault) = match self.dice.random(100) {
            0..14 => ("cut", Fault::Cut),
            14..28 => ("reset", Fault::Reset),
            28..36 => ("half-close", Fault::HalfClose(way)),
            36..50 => {
                ("cut within", Fault::CutAt(way, self.proxy.forwarded(number, way) + self.dice.random(50_000) as u64))
            }
            50..65 => ("stall", Fault::Stall(way)),
            65..75 => ("delay", Fault::Delay(way, Duration::from_millis(self.dice.random(50) as u64))),
            75..85 => ("bytewise", Fault::Bytewise(way, self.dice.random(300) as u64)),
            85..90 => ("none", Fault::GoOn(way)),
            90..94 => return self.refuse(),
            94..98 => return self.hold(),
            _ => return self.disturb_the_next(),
        };
        if self.proxy.strike(number, fault) {
            self.tally.fault(kind);
        }
        if let Fault::Stall(_) = fault {
            // Both ways, or one; shorter than the heartbeat allows for, or longer.
            if self.dice.random(2) == 0 {
                self.proxy.strike(number, Fault::Stall(Way::Up));
                self.proxy.strike(number, Fault::Stall(Way::Down));
            }
            self.after(3000, Later::GoOn(number));
        }
    }

    fn refuse(&mut self) {
        self.proxy.refuse(true);
        self.tally.fault("refuse");
        self.after(200, Later::Accept);
    }

    fn hold(&mut self) {
        self.proxy.hold(true);
        self.tally.fault("reorder");
        self.after(100, Later::Serve);
    }

    /// The upgrade of the next connection is cut, or comes in single bytes.
    fn disturb_the_next(&mut self) {
        let way = BOTH[self.dice.random(2)];
        let bytes = self.dice.random(300) as u64;
        let fault = if self.dice.random(2) == 0 { Fault::CutAt(way, bytes) } else { Fault::Bytewise(way, bytes) };
        self.proxy.await_next(&[fault]);
        self.tally.fault("upgrade");
    }

    fn after(&mut self, most_ms: usize, what: Later) {
        let at = Instant::now() + Duration::from_millis(self.dice.random(most_ms) as u64);
        self.later.push((at, what));
    }

    fn clear_up(&mut self, now: Instant) {
        for (_, what) in self.later.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            match what {
                Later::GoOn(number) => self.go_on(number),
                Later::Accept => self.proxy.refuse(false),
                Later::Serve => {
                    self.proxy.hold(false);
                    self.serve();
                }
            }
        }
    }

    fn go_on(&self, number: usize) {
        for way in BOTH {
            self.proxy.strike(number, Fault::GoOn(way));
        }
    }

    /// The last one first.
    fn serve(&self) {
        for number in self.proxy.held().into_iter().rev() {
            self.proxy.serve(number);
        }
    }
}

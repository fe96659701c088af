//! The players of one loop, and what they have in common.

use crate::player::{CEILING_MS, FIRST_MS, FLOOR_MS, Finished, MAX_MESSAGE, Player, Told};
use crate::tally::Tally;
use ::egret_ws::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::Driver;
use test_support::deflate::client::RandomMessages;
use test_support::fingerprint::Fingerprint;
use test_support::listener_client::{EventLoop, Handle, Listener};
use test_support::recording_server::Server;

/// Longer than a close may take.
const CALM: Duration = Duration::from_secs(30);

pub struct Common {
    pub tally: Arc<Tally>,
    pub finished: RefCell<Vec<Finished>>,
    pub neighbour: Neighbour,
    /// What messages are cut from.
    pub noise: Vec<u8>,
    pub text: Vec<u8>,
}

pub struct Crew {
    host: EventLoop,
    common: Rc<Common>,
    dice: RandomMessages,
    players: Vec<Rc<RefCell<Player>>>,
    suspended_until: Option<Instant>,
    begun: u64,
}

/// Where a round is played.
#[derive(Clone)]
pub struct Round {
    pub port: u16,
    pub server: Arc<Server>,
    pub until: Instant,
}

impl Crew {
    pub fn new(driver: Driver, seed: u64, closes_on_suspend: bool, tally: Arc<Tally>) -> Crew {
        let mut dice = RandomMessages::new(seed);
        let noise = (0..2 * MAX_MESSAGE).map(|_| dice.random(256) as u8).collect();
        let text = (0..2 * MAX_MESSAGE).map(|_| b"{\"id\": 0123456789}"[dice.random(18)]).collect();
        let host = EventLoop::new(driver, |options| {
            if closes_on_suspend {
                options.flags |= EGRET_WS_LOOP_CLOSE_ON_SUSPEND;
            }
        });
        let common = Common { tally, finished: RefCell::default(), neighbour: Neighbour::move_in(), noise, text };
        Crew { host, common: Rc::new(common), dice, players: Vec::new(), suspended_until: None, begun: 0 }
    }

    /// So many sockets for the time of a round, then none. Returns what was sent on connections whose number is not known.
    pub fn play(&mut self, round: &Round, sockets: usize) -> Vec<Vec<Fingerprint>> {
        let mut unnamed = Vec::new();
        for _ in 0..sockets {
            let player = self.begin(round);
            self.players.push(player);
        }
        while Instant::now() < round.until {
            self.host.poll(self.dice.random(4) as i32);
            self.act(round);
            self.audit(round, &mut unnamed);
        }
        self.calm_down(round, &mut unnamed);
        unnamed
    }

    fn begin(&mut self, round: &Round) -> Rc<RefCell<Player>> {
        self.begun += 1;
        let (resend, deflates) = (self.dice.random(2) == 0, self.dice.random(2) == 0);
        let seed = self.dice.random(usize::MAX) as u64;
        let player = Rc::new(RefCell::new(Player::new(&self.common, seed, resend)));
        let flags = player.borrow().flags() | if deflates { 0 } else { EGRET_WS_NO_DEFLATE };
        let listener: Rc<RefCell<dyn Listener>> = player.clone();
        let ws = self.host.connect(&format!("ws://127.0.0.1:{}/", round.port), listener, |options| {
            options.flags = flags;
            options.max_send_buffer_bytes = 256 << 10;
            options.max_receive_queue_bytes = 256 << 10;
            options.ping_interval_ms = 500;
            options.pong_timeout_ms = 1500;
            options.probe_timeout_ms = 1000;
            options.connect_timeout_ms = 2000;
            options.handshake_timeout_ms = 2000;
            options.close_timeout_ms = 3000;
            options.retry_attempts = u32::MAX;
            options.retry_total_ms = u32::MAX;
            options.retry_floor_ms = FLOOR_MS;
            options.retry_first_ms = FIRST_MS;
            options.retry_ceiling_ms = CEILING_MS;
        });
        player.borrow_mut().ws = Some(ws);
        self.common.tally.sockets.add(1);
        player
    }

    fn act(&mut self, round: &Round) {
        let now = Instant::now();
        if self.suspended_until.is_some_and(|until| until <= now) {
            self.suspended_until = None;
            self.host.resume();
        }
        match self.dice.random(1000) {
            0 if self.suspended_until.is_none() => {
                self.host.suspend();
                self.suspended_until = Some(now + Duration::from_millis(self.dice.random(200) as u64));
                self.common.tally.suspends.add(1);
            }
            1 => self.host.resume(),
            2 => self.host.network_changed(),
            _ => {}
        }
        for at in 0..self.players.len() {
            let is_over = {
                let mut player = self.players[at].borrow_mut();
                if player.told == Told::Closed && player.released {
                    player.free();
                }
                player.ws.is_none() && player.released
            };
            if is_over {
                self.players[at] = self.begin(round);
            } else if self.dice.random(8) == 0 {
                self.players[at].borrow_mut().act();
            }
        }
    }

    /// Compares what was sent with what the server has got, connection by connection.
    fn audit(&self, round: &Round, unnamed: &mut Vec<Vec<Fingerprint>>) {
        self.common.finished.borrow_mut().retain(|Finished { number, stream, sent }| {
            let Some(number) = number else {
                if !stream.is_empty() {
                    unnamed.push(stream.clone());
                }
                return false;
            };
            let Some(seen) = round.server.take_ended(*number) else { return true };
            let got = seen.messages.len();
            assert!(stream.starts_with(&seen.messages), "what came is not what was sent");
            assert!(got <= *sent, "{got} messages came, though only {sent} were sent");
            // It comes after all else.
            let is_whole = seen.closed.is_none() || got == stream.len();
            assert!(is_whole, "{got} of {} messages came before our Close", stream.len());
            self.common.tally.audited.add(1);
            false
        });
    }

    /// Closes every socket and waits until nothing of it is left.
    fn calm_down(&mut self, round: &Round, unnamed: &mut Vec<Vec<Fingerprint>>) {
        self.suspended_until = None;
        self.host.resume();
        for player in &self.players {
            let mut player = player.borrow_mut();
            if let Some(ws) = player.ws
                && !player.closing
            {
                player.close(ws);
            }
        }
        let deadline = Instant::now() + CALM;
        while !self.players.iter().all(|player| player.borrow().released) {
            self.host.poll(10);
            let left = self.players.iter().filter(|player| !player.borrow().released);
            let is_late = Instant::now() >= deadline;
            assert!(!is_late, "do not close: {:?}", left.map(|player| player.borrow().describe()).collect::<Vec<_>>());
        }
        for player in self.players.drain(..) {
            player.borrow_mut().free();
        }
        while self.host.unreleased() > 0 || !self.common.finished.borrow().is_empty() {
            self.host.poll(10);
            self.audit(round, unnamed);
            assert!(
                Instant::now() < deadline,
                "{} connections of the server do not end",
                self.common.finished.borrow().len()
            );
        }
    }
}

/// A thread that uses sockets while callbacks of theirs run.
pub struct Neighbour {
    visits: Sender<usize>,
    done: Receiver<()>,
}

impl Neighbour {
    fn move_in() -> Neighbour {
        let (visits, visited) = mpsc::channel();
        let (reply, done) = mpsc::channel();
        thread::spawn(move || {
            for number in visited {
                let ws = Handle::from_number(number);
                let stats = ws.stats();
                let is_known =
                    ws.state() >= 0 && ws.generation() >= 0 && ws.header("Upgrade").is_none_or(|it| !it.is_empty());
                assert!(is_known && stats.connections >= ws.generation() as u32);
                ws.buffered();
                if reply.send(()).is_err() {
                    return;
                }
            }
        });
        Neighbour { visits, done }
    }

    /// Its callback waits for the neighbour.
    pub fn visits(&self, ws: Handle) {
        self.visits.send(ws.number()).expect("the neighbour is there");
        self.done.recv_timeout(WAIT_LIMIT).expect("a lock is held while a callback runs, or the neighbour panicked");
    }
}

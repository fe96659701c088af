//! A host, a socket and a network that may do anything in any order: what must hold after each step, held against a reference
//! that knows only what the host was promised.
//!
//! The three parts run at their own pace, as they do in life. A call of the host's changes the outbox at once and leaves a
//! command for the engine; what the connection tells waits for a poll.

use super::super::Stage;
use super::lab::{Lab, frame};
use super::peer::{OFFER, Peer, Said};
use super::resending::counting;
use super::retrying::RETRY;
use super::{CLOSE, TEXT};
use crate::config::{HeartbeatOptions, RetryOptions};
use crate::connection::outbox::Pushed;
use crate::error::Error;
use crate::protocol::frame::header_size;
use crate::protocol::message::MessageKind;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    // The host calls.
    Send(usize),
    Close,
    Free,
    RetryNow,
    Suspend,
    Resume,
    Ping,
    /// A poll dispatches one event.
    Poll,
    /// The engine takes the commands that were left for it.
    Run,
    // The network.
    Accept,
    Refuse,
    Upgrade {
        deflates: bool,
    },
    Busy,
    Say,
    Bye(u16),
    Pong,
    BreakARule,
    Cut,
    Room(usize),
    // Time.
    Expire,
    Sleep,
    Full(bool),
}
use Step::*;

/// How a connection is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub retries: bool,
    pub resends: bool,
    pub offers_deflate: bool,
    pub heartbeat: bool,
}

/// How far the host was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Nothing,
    Connected,
    Closed,
}

/// A message the host was told would be sent: its number and its text.
type Accepted = (usize, String);

pub struct World {
    setting: Setting,
    lab: Lab,
    /// Left for the engine.
    commands: VecDeque<Step>,
    /// Events that were looked at when they were told, and those that were dispatched.
    looked_at: usize,
    dispatched: usize,
    pub told: Told,
    /// Of how many connections the host was told, and was not since it closed or freed.
    pub generation: usize,
    closed: bool,
    /// The host closed when, as far as it knew, nothing was open.
    closed_early: bool,
    freed: bool,
    /// The engine knows that the host has ended it.
    ended: bool,
    suspended: bool,
    /// A send was refused for want of room.
    refused: bool,
    sent: usize,
    said: usize,
    /// Accepted, and not got by the server, nor dropped.
    pub pending: VecDeque<Accepted>,
    /// What was dropped at each loss of which the host was not told yet: messages and bytes.
    dropped: VecDeque<(usize, usize)>,
    accepted: usize,
    got: usize,
    /// What the host was told is not sent and never will be.
    given_up: usize,
    /// One for each address that was dialed, once it has agreed to the upgrade.
    peers: Vec<Option<Peer>>,
    /// The server has closed, or broken a rule, on the connection there is; after that it says nothing.
    peer_closes: bool,
    /// Whether the server's Close frame was the first one or the second; `None` if it was not sent, or not read at once.
    peer_was_first: Option<bool>,
    /// The connection there is was closed because the loop was suspended.
    goes_away: bool,
    pinged: Option<Vec<u8>>,
    full: bool,
}

impl World {
    pub fn new(setting: Setting) -> World {
        let mut lab = Lab::whole();
        lab.set_entropy(std::sync::Arc::new(counting));
        lab.begin_with("ws://10.0.0.1/", |config| {
            config.retry =
                setting.retries.then_some(RetryOptions { resend: setting.resends, attempts: u32::MAX, ..RETRY });
            config.request.deflate = OFFER.filter(|_| setting.offers_deflate);
            if setting.heartbeat {
                let [interval, timeout, probe] = [20, 10, 3].map(|seconds| Some(Duration::from_secs(seconds)));
                config.heartbeat = HeartbeatOptions { interval, timeout, probe };
            }
        });
        World {
            setting,
            lab,
            commands: VecDeque::new(),
            looked_at: 0,
            dispatched: 0,
            told: Told::Nothing,
            generation: 0,
            closed: false,
            closed_early: false,
            freed: false,
            ended: false,
            suspended: false,
            refused: false,
            sent: 0,
            said: 0,
            pending: VecDeque::new(),
            dropped: VecDeque::new(),
            accepted: 0,
            got: 0,
            given_up: 0,
            peers: vec![None],
            peer_closes: false,
            peer_was_first: None,
            goes_away: false,
            pinged: None,
            full: false,
        }
    }

    fn in_session(&self) -> bool {
        matches!(self.lab.connection().stage, Stage::Session(_))
    }

    fn is_opening(&self) -> bool {
        matches!(self.lab.connection().stage, Stage::Opening(_))
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.lab.connection().stage, Stage::Closed)
    }

    /// Can it happen, and would it make a difference?
    pub fn can(&self, step: Step) -> bool {
        let wire = self.lab.wire();
        let (connected, ended, room) = (wire.is_connected(), wire.ended, wire.room);
        drop(wire);
        match step {
            Send(_) | Suspend | Resume | Sleep => !self.freed,
            Close => !self.closed && !self.freed,
            Free => !self.freed,
            RetryNow => !self.freed && matches!(self.lab.connection().stage, Stage::Waiting(_)),
            Ping => self.told == Told::Connected && !self.freed,
            Poll => self.dispatched < self.lab.told_so_far(),
            Run => !self.commands.is_empty(),
            Accept | Refuse => self.is_opening() && !connected,
            Upgrade { deflates } => self.is_opening() && connected && (self.setting.offers_deflate || !deflates),
            Busy => self.is_opening() && connected,
            Say | Bye(_) | BreakARule => self.in_session() && !ended && !self.peer_closes,
            Pong => self.in_session() && !ended && self.pinged.is_some(),
            Cut => (self.in_session() || self.is_opening() && connected) && !ended,
            Room(other) => self.in_session() && room != other,
            Expire => self.lab.wait().is_some(),
            Full(full) => self.full != full,
        }
    }

    pub fn step(&mut self, step: Step) {
        match step {
            Send(size) => self.send(size),
            Close => {
                self.closed = true;
                let made = self.lab.outbox().made() as usize;
                self.closed_early = self.told != Told::Connected || self.generation != made || !self.in_session();
                if self.lab.outbox().end(b"\x03\xe8") {
                    self.commands.push_back(Close);
                }
            }
            Free => {
                self.freed = true;
                self.commands.push_back(Free);
            }
            RetryNow | Suspend | Resume | Ping => self.commands.push_back(step),
            Poll => self.poll(),
            Run => {
                while let Some(command) = self.commands.pop_front() {
                    self.run(command);
                    self.look();
                }
            }
            Accept => self.lab.tcp(Ok(())),
            Refuse => self.lab.tcp(Err(ErrorKind::ConnectionRefused)),
            Upgrade { deflates } => {
                let answer = self.lab.answer();
                let extension = if deflates { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
                if let Some(peer) = self.peers.last_mut() {
                    *peer = Some(Peer::new(deflates));
                }
                (self.peer_closes, self.peer_was_first) = (false, None);
                (self.goes_away, self.pinged) = (false, None);
                self.lab.serve(format!("{}\r\n{extension}\r\n", answer.trim_end()).as_bytes());
            }
            Busy => {
                self.lab.serve(b"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n");
            }
            Say => {
                self.said += 1;
                let text = format!("{} {}", self.lab.outbox().made(), self.said);
                self.lab.serve(&frame(TEXT, text.as_bytes()));
            }
            Bye(code) => {
                self.peer_closes = true;
                self.peer_was_first = (!self.full).then(|| !self.lab.outbox().is_sealed());
                self.lab.serve(&frame(CLOSE, &code.to_be_bytes()));
            }
            Pong => {
                let payload = self.pinged.take().unwrap_or_default();
                self.lab.serve(&frame(0x8a, &payload));
            }
            BreakARule => {
                self.peer_closes = true;
                self.lab.serve(&frame(0xc1, b"reserved bit"));
            }
            Cut => {
                self.lab.end_stream();
            }
            Room(room) => {
                self.lab.wire().room = room;
                self.lab.turn();
            }
            Expire => {
                self.lab.expire();
                for _ in 0..10 {
                    if self.lab.wait().is_none_or(|wait| !wait.is_zero()) {
                        break;
                    }
                    self.lab.expire();
                }
                assert!(!self.lab.wait().is_some_and(|wait| wait.is_zero()), "the engine would be busy for ever");
            }
            Sleep => self.lab.sleep(7000),
            Full(full) => {
                self.full = full;
                self.lab.set_full(full);
            }
        }
        self.look();
        self.holds();
    }

    /// The engine does what it was told to.
    fn run(&mut self, command: Step) {
        match command {
            Send(_) => self.lab.flush(),
            Close | Free => {
                self.ended = true;
                if command == Free {
                    self.lab.free()
                } else {
                    self.lab.run_close()
                }
                let over = self.is_closed() || self.in_session();
                assert!(over, "nothing is being made or waited for once the host has ended it");
            }
            RetryNow => self.lab.retry_now(),
            Suspend if !self.suspended => {
                self.suspended = true;
                self.goes_away |= self.in_session();
                self.lab.suspend();
                assert!(!self.is_opening());
            }
            Resume => {
                self.suspended = false;
                self.lab.probe();
            }
            Ping => self.lab.ping(),
            _ => {}
        }
    }

    fn send(&mut self, size: usize) {
        let text = format!("{:-<size$}", self.sent);
        let waiting = self.lab.outbox().queues().waiting;
        let fits = waiting + header_size(text.len()) + text.len() <= 2000;
        let result = self.lab.outbox().push(MessageKind::Text, text.as_bytes());
        match result {
            Ok(tell) => {
                assert!(fits && self.may_send(), "accepted, and must not have been");
                self.pending.push_back((self.sent, text));
                self.accepted += 1;
                if matches!(tell, Pushed::First | Pushed::Much) {
                    self.commands.push_back(Send(size));
                }
            }
            Err(Error::Backpressure) => {
                assert!(!fits && self.may_send());
                self.refused = true;
            }
            Err(error) => {
                assert_eq!(error, Error::NotOpen);
                assert!(!self.may_send() || self.peer_closes || self.goes_away, "refused, and must not have been");
            }
        }
        self.sent += 1;
    }

    /// The host was told of the connection there is, and did not end it. (If the peer has, or the loop is suspended, it may
    /// not.)
    fn may_send(&self) -> bool {
        let current = self.generation == self.lab.outbox().made() as usize;
        self.told == Told::Connected && current && self.in_session() && !self.closed && !self.freed
    }

    /// As `socket::dispatch` does.
    fn poll(&mut self) {
        let event = self.lab.told_at(self.dispatched);
        self.dispatched += 1;
        let (what, rest) = event.split_once(' ').unwrap_or((&event, ""));
        match what {
            "connected" => {
                if !self.freed && self.lab.outbox().open() {
                    assert!(self.told == Told::Nothing && !self.closed_early, "{event}");
                    self.told = Told::Connected;
                    self.generation += 1;
                } else {
                    assert!(self.freed || self.closed_early, "it is not kept from a host that waits for it");
                }
            }
            "text" if self.told == Told::Connected && !self.freed => {
                let (made, _) = rest.split_once(' ').unwrap();
                assert_eq!(made, self.generation.to_string(), "between that connection's beginning and its end");
            }
            "lost" => {
                self.told = Told::Nothing;
                let is_told = self.lab.outbox().lose();
                assert_eq!(is_told, !self.closed_early);
                if is_told {
                    self.dropped.pop_front();
                    self.given_up += if self.setting.resends { 0 } else { unsent(&event).0 };
                }
            }
            "closed" => {
                self.given_up += unsent(&event).0 + self.untold();
                assert_ne!(self.told, Told::Closed);
                let clean = rest.starts_with("OK");
                assert!(!clean || self.told == Told::Connected || self.freed || self.closed_early, "{event}");
                self.told = Told::Closed;
            }
            _ => {}
        }
    }

    /// Looks at what the server got and at what was told, since it was last looked at.
    fn look(&mut self) {
        for (at, peer) in self.peers.iter_mut().enumerate() {
            let Some(peer) = peer else { continue };
            for said in peer.take(&mut self.lab.wire_at(at).from_client) {
                match said {
                    Said::Message(text) => {
                        self.got += 1;
                        let next = self.pending.pop_front().map(|(_, text)| text);
                        assert_eq!(Some(text), next, "lost, doubled, or out of order");
                    }
                    Said::Ping(payload) => self.pinged = Some(payload),
                    Said::Close(_) | Said::Pong => {}
                }
            }
        }
        while self.peers.len() < self.lab.dialed_so_far() {
            self.peers.push(None);
        }
        while self.looked_at < self.lab.told_so_far() {
            let event = self.lab.told_at(self.looked_at);
            self.looked_at += 1;
            self.told_by_engine(&event);
        }
    }

    /// Messages that are not sent, and their bytes.
    fn unsent(&self) -> (usize, usize) {
        (self.pending.len(), self.pending.iter().map(|(_, text)| text.len()).sum())
    }

    /// Messages that were dropped at losses of which the host was not told.
    fn untold(&self) -> usize {
        let dropped = self.dropped.iter().fold((0, 0), |sum, dropped| (sum.0 + dropped.0, sum.1 + dropped.1));
        let (messages, bytes) = self.lab.outbox().untold();
        assert_eq!((messages as usize, bytes as usize), dropped);
        dropped.0
    }

    /// A received Close frame of the server decides the initiator, whatever follows.
    fn names_who_was_first(&self, event: &str) {
        if !event.contains(", got ") || event.contains("got 1006") {
            return;
        }
        let by_peer = event.contains(" by Peer, ");
        assert!(by_peer || event.contains(" by Local, "), "{event}");
        if let Some(first) = self.peer_was_first {
            assert_eq!(by_peer, first, "{event}");
        }
    }

    fn told_by_engine(&mut self, event: &str) {
        self.names_who_was_first(event);
        let what = event.split(' ').next().unwrap_or_default();
        match what {
            "lost" => {
                assert_eq!(unsent(event), self.unsent());
                assert!(self.setting.retries && !self.ended && !self.closed, "{event}");
                self.refused = false;
                self.dropped.push_back(if self.setting.resends { (0, 0) } else { self.unsent() });
                if !self.setting.resends {
                    self.pending.clear();
                }
            }
            "trying" => assert!(!self.ended, "the host has ended it"),
            "closed" => {
                assert_eq!(unsent(event), self.unsent());
                assert_eq!(self.looked_at, self.lab.told_so_far(), "it is the last event");
            }
            "drained" => assert!(std::mem::take(&mut self.refused), "none was refused"),
            _ => {}
        }
    }

    /// What holds at any time.
    fn holds(&self) {
        let (payload, wire) = self.pending.iter().fold((0, 0), |(payload, wire), (_, text)| {
            (payload + text.len(), wire + text.len() + header_size(text.len()))
        });
        let close_frame = 8;
        // What was half written when the line broke is kept whole, though its room was given away meanwhile.
        let cap = 2000 + close_frame + if self.setting.resends { 1008 } else { 0 };
        let outbox = self.lab.outbox();
        assert_eq!(outbox.payload_bytes(), payload);
        let (messages, bytes) = outbox.unsent();
        assert_eq!((messages as usize, bytes as usize), self.unsent());
        let waiting = outbox.queues().waiting;
        assert!(waiting <= (wire + close_frame).min(cap), "{waiting}");
        let begun = self.peers.last().and_then(Option::as_ref).map_or(0, Peer::begun);
        assert!(waiting + begun >= wire || self.setting.offers_deflate, "{waiting} + {begun} of {wire}");
        let open = outbox.is_open();
        drop(outbox);
        assert!(!open || self.may_send() || self.freed, "open, and must not be");
        let is_at_rest = self.commands.is_empty() && !self.peer_closes && !self.goes_away;
        assert!(open || !is_at_rest || !self.may_send(), "shut, and must not be");
        if self.closed || self.freed {
            assert!(!open || self.freed);
        }
        assert!(self.lab.held().len() <= 1, "one connection at a time");
    }

    /// Whatever has happened, it comes to an end, and is told of it once.
    pub fn finish(mut self) {
        if self.can(Close) {
            self.step(Close);
        }
        for step in [Run, Full(false), Room(usize::MAX)] {
            if self.can(step) {
                self.step(step);
            }
        }
        while self.can(Expire) {
            self.step(Expire);
        }
        assert!(self.is_closed());
        while self.can(Poll) {
            self.step(Poll);
        }
        assert_eq!(self.told, Told::Closed);
        assert!(self.freed || self.accepted == self.got + self.given_up, "each was got, or the host knows");
        assert!(self.lab.held().is_empty(), "nothing of it is left");
    }

    /// What can be told of this state from outside: two that look the same are taken for the same.
    pub fn looks(&self) -> String {
        let stage = match &self.lab.connection().stage {
            Stage::Opening(_) => 0,
            Stage::Session(_) => 1,
            Stage::Waiting(_) => 2,
            Stage::Closed => 3,
        };
        let (waiting, unsent, gate, behind) = {
            let outbox = self.lab.outbox();
            let gate = (outbox.is_open(), outbox.is_sealed(), outbox.is_closed_early(), outbox.close_code());
            (outbox.queues().waiting, outbox.unsent(), gate, outbox.made() - outbox.generation())
        };
        let told: Vec<_> = (self.dispatched..self.looked_at).map(|at| self.lab.told_at(at)).collect();
        let peer = self.peers.last().and_then(Option::as_ref).map(|peer| (peer.begun(), peer.has_closed()));
        let wire = self.lab.wire();
        let network = (wire.is_connected(), wire.ended, wire.room, wire.to_client.len(), peer);
        let host = (
            self.told,
            self.closed,
            self.freed,
            self.ended,
            self.suspended,
            self.peer_closes,
            self.goes_away,
            self.refused,
        );
        format!(
            "{stage} {waiting} {unsent:?} {gate:?} {told:?} {behind} {network:?} {host:?} {:?} {:?}",
            self.commands,
            self.lab.wait()
        )
    }
}

/// What a report says was not sent.
fn unsent(event: &str) -> (usize, usize) {
    let Some((_, rest)) = event.split_once("unsent ") else { return (0, 0) };
    let mut numbers = rest.split(' ').filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

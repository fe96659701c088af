//! A model of a host, a socket and a network that act in any order. After each action it compares the connection with the
//! promises to the host.
//!
//! The three parts run independently, as in a real process. A call of the host changes the send queue immediately and leaves a
//! command for the engine. Events of the connection wait for a poll.

mod checks;

use super::resending::counting;
use super::retrying::RETRY;
use super::simulation::{Simulation, config, frame};
use super::strict_server::{OFFER, StrictServer};
use super::{CLOSE, TEXT};
use crate::config::{ConnectConfig, HeartbeatOptions, RetryOptions};
use crate::connection;
use crate::connection::machine::Stage;
use crate::connection::send_queue::Flush;
use crate::error::Error;
use crate::protocol::frame::header_size;
use crate::protocol::message::MessageKind;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

/// An action of the host, the engine, the network or the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    // The host calls.
    Send(usize),
    Close,
    Abort,
    Free,
    RetryNow,
    Suspend,
    Resume,
    Ping,
    /// Answers the question.
    Answer(Reply),
    /// A poll dispatches one event.
    Poll,
    /// The engine runs its commands.
    RunCommands,
    // The network.
    Accept,
    Refuse,
    Upgrade {
        deflates: bool,
    },
    Unavailable,
    Message,
    PeerClose(u16),
    Pong,
    Violate,
    EndStream,
    Room(usize),
    // Time.
    Expire,
    Sleep,
    Full(bool),
}
use Action::*;

/// The answer of the host to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Connect,
    Wait,
    Stop,
}

/// The configuration of a run.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub retries: bool,
    pub resends: bool,
    pub offers_deflate: bool,
    pub heartbeat: bool,
    pub asks: bool,
}

impl Setup {
    fn configure(self, config: &mut ConnectConfig) {
        let retry = RetryOptions { resend: self.resends, attempts: u32::MAX, ..RETRY };
        config.retry = self.retries.then_some(retry);
        config.request.deflate = OFFER.filter(|_| self.offers_deflate);
        config.asks_host = self.asks;
        if self.heartbeat {
            let [interval, timeout, probe] = [20, 10, 3].map(|seconds| Some(Duration::from_secs(seconds)));
            config.heartbeat = HeartbeatOptions { interval, timeout, probe };
        }
    }
}

/// The state of the socket, as reported to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostState {
    NotOpen,
    Connected,
    Closed,
}

/// A message that was accepted: its number and its text.
type Accepted = (usize, String);

pub struct Model {
    setup: Setup,
    sim: Simulation,
    /// Commands that wait for the engine.
    commands: VecDeque<Action>,
    /// How many events were checked, and how many were dispatched.
    checked: usize,
    dispatched: usize,
    pub host_state: HostState,
    /// The number of connections that were reported to the host.
    pub generation: usize,
    closed: bool,
    /// The host has closed when, as far as it knew, no connection was open.
    closed_early: bool,
    freed: bool,
    /// The host has aborted: it is notified only of the end, unless the connection had ended before.
    aborted: bool,
    /// The engine knows that the host has closed, aborted or freed the socket.
    engine_knows_end: bool,
    suspended: bool,
    /// A send was refused because the queue was full.
    refused: bool,
    sent: usize,
    server_messages: usize,
    /// Messages that were accepted, and neither received by the server nor dropped.
    pub pending: VecDeque<Accepted>,
    /// For each loss that is not yet reported to the host: dropped messages and bytes.
    dropped: VecDeque<(usize, usize)>,
    accepted: usize,
    received: usize,
    /// Messages that were reported to the host as unsent.
    reported_unsent: usize,
    /// One server for each address that was tried. It is set when the upgrade is accepted.
    servers: Vec<Option<StrictServer>>,
    /// The server has closed the current connection or violated the protocol. It sends nothing after that.
    peer_closes: bool,
    /// Whether the server's Close frame was the first one. `None` if it was not sent, or not read at once.
    peer_was_first: Option<bool>,
    /// The current connection was closed because the loop was suspended.
    suspend_closes: bool,
    pinged: Option<Vec<u8>>,
    full: bool,
    /// The number of the question that the host must answer.
    question: Option<usize>,
    /// The number of the last question that was dispatched.
    asked: usize,
    /// The number of the question of each answer in `commands`.
    answers: VecDeque<usize>,
}

const URL: &str = "ws://10.0.0.1/";

impl Model {
    pub fn new(setup: Setup) -> Model {
        let mut sim = Simulation::new();
        sim.set_entropy(std::sync::Arc::new(counting));
        sim.begin_with(URL, |config| setup.configure(config));
        Model {
            setup,
            sim,
            commands: VecDeque::new(),
            checked: 0,
            dispatched: 0,
            host_state: HostState::NotOpen,
            generation: 0,
            closed: false,
            closed_early: false,
            freed: false,
            aborted: false,
            engine_knows_end: false,
            suspended: false,
            refused: false,
            sent: 0,
            server_messages: 0,
            pending: VecDeque::new(),
            dropped: VecDeque::new(),
            accepted: 0,
            received: 0,
            reported_unsent: 0,
            servers: Vec::from_iter((!setup.asks).then_some(None)),
            peer_closes: false,
            peer_was_first: None,
            suspend_closes: false,
            pinged: None,
            full: false,
            question: None,
            asked: 0,
            answers: VecDeque::new(),
        }
    }

    fn in_session(&self) -> bool {
        matches!(self.sim.connection().stage, Stage::Session(_))
    }

    fn is_opening(&self) -> bool {
        matches!(self.sim.connection().stage, Stage::Opening(_))
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.sim.connection().stage, Stage::Closed)
    }

    /// Returns whether the action is possible and changes anything.
    pub fn can(&self, action: Action) -> bool {
        let wire = self.sim.wire();
        let (connected, ended, room) = (wire.is_connected(), wire.ended, wire.room);
        drop(wire);
        match action {
            Send(_) | Suspend | Resume | Sleep => !self.freed,
            Close => !self.closed && !self.freed,
            Abort => !self.aborted && !self.freed,
            Free => !self.freed,
            RetryNow => !self.freed && matches!(self.sim.connection().stage, Stage::Waiting(_) | Stage::Asking(_)),
            Answer(_) => self.question.is_some() && !self.freed && !self.closed,
            Ping => self.host_state == HostState::Connected && !self.freed,
            Poll => self.dispatched < self.sim.event_count(),
            RunCommands => !self.commands.is_empty(),
            Accept | Refuse => self.is_opening() && !connected,
            Upgrade { deflates } => self.is_opening() && connected && (self.setup.offers_deflate || !deflates),
            Unavailable => self.is_opening() && connected,
            Message | PeerClose(_) | Violate => self.in_session() && !ended && !self.peer_closes,
            Pong => self.in_session() && !ended && self.pinged.is_some(),
            EndStream => (self.in_session() || self.is_opening() && connected) && !ended,
            Room(other) => self.in_session() && room != other,
            Expire => self.sim.time_left().is_some(),
            Full(full) => self.full != full,
        }
    }

    pub fn apply(&mut self, action: Action) {
        match action {
            Send(size) => self.send(size),
            Abort => {
                self.closed_early |= self.closes_early();
                (self.closed, self.aborted) = (true, true);
                self.sim.send_queue().abort();
                self.commands.push_back(Abort);
            }
            Close => {
                self.closed_early |= self.closes_early();
                self.closed = true;
                if self.sim.send_queue().close_by_host(b"\x03\xe8") {
                    self.commands.push_back(Close);
                }
            }
            Free => {
                self.freed = true;
                self.commands.push_back(Free);
            }
            RetryNow | Suspend | Resume | Ping => self.commands.push_back(action),
            Answer(_) => {
                self.answers.extend(self.question.take());
                self.commands.push_back(action);
            }
            Poll => self.poll(),
            RunCommands => {
                while let Some(command) = self.commands.pop_front() {
                    self.run(command);
                    self.check_progress();
                }
            }
            Accept => self.sim.connect_result(Ok(())),
            Refuse => self.sim.connect_result(Err(ErrorKind::ConnectionRefused)),
            Upgrade { deflates } => {
                let answer = self.sim.answer();
                let extension = if deflates { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
                if let Some(server) = self.servers.last_mut() {
                    *server = Some(StrictServer::new(deflates));
                }
                (self.peer_closes, self.peer_was_first) = (false, None);
                (self.suspend_closes, self.pinged) = (false, None);
                self.sim.server_sends(format!("{}\r\n{extension}\r\n", answer.trim_end()).as_bytes());
            }
            Unavailable => {
                self.sim.server_sends(b"HTTP/1.1 503 Unavailable\r\nRetry-After: 3\r\n\r\n");
            }
            Message => {
                self.server_messages += 1;
                let text = format!("{} {}", self.sim.send_queue().gate().connections(), self.server_messages);
                self.sim.server_sends(&frame(TEXT, text.as_bytes()));
            }
            PeerClose(code) => {
                self.peer_closes = true;
                self.peer_was_first = (!self.full).then(|| !self.sim.send_queue().gate().is_closing());
                self.sim.server_sends(&frame(CLOSE, &code.to_be_bytes()));
            }
            Pong => {
                let payload = self.pinged.take().unwrap_or_default();
                self.sim.server_sends(&frame(0x8a, &payload));
            }
            Violate => {
                self.peer_closes = true;
                self.sim.server_sends(&frame(0xc1, b"reserved bit"));
            }
            EndStream => {
                self.sim.end_stream();
            }
            Room(room) => {
                self.sim.wire().room = room;
                self.sim.turn();
            }
            Expire => {
                self.sim.expire();
                for _ in 0..10 {
                    if self.sim.time_left().is_none_or(|wait| !wait.is_zero()) {
                        break;
                    }
                    self.sim.expire();
                }
                assert!(!self.sim.time_left().is_some_and(|wait| wait.is_zero()), "the engine would be busy endlessly");
            }
            Sleep => self.sim.sleep(7000),
            Full(full) => {
                self.full = full;
                self.sim.set_full(full);
            }
        }
        self.check_progress();
        self.check_invariants();
    }

    /// Returns whether a close would come when, as far as the host knows, no connection is open.
    fn closes_early(&self) -> bool {
        let made = self.sim.send_queue().gate().connections() as usize;
        self.host_state != HostState::Connected || self.generation != made || !self.in_session()
    }

    /// The engine runs a command.
    fn run(&mut self, command: Action) {
        match command {
            Send(_) => self.sim.flush(),
            Abort => {
                self.engine_knows_end = true;
                self.sim.run_abort();
                assert!(self.is_closed());
            }
            Close | Free => {
                self.engine_knows_end = true;
                if command == Free {
                    self.sim.free()
                } else {
                    self.sim.run_close()
                }
                let over = self.is_closed() || self.in_session();
                assert!(over, "an attempt or a delay remains after the host has ended the connection");
            }
            RetryNow => self.sim.retry_now(),
            Answer(reply) => self.answer(reply),
            Suspend if !self.suspended => {
                self.suspended = true;
                self.suspend_closes |= self.in_session();
                self.sim.suspend();
                assert!(!self.is_opening());
            }
            Resume => {
                self.suspended = false;
                self.sim.probe();
            }
            Ping => self.sim.ping(),
            _ => {}
        }
    }

    /// Answers as `run_answer` in the engine does.
    fn answer(&mut self, reply: Reply) {
        let is_void = self.answers.pop_front() != self.sim.question();
        if is_void || self.sim.send_queue().gate().is_closing() {
            return;
        }
        self.sim.answer_question(match reply {
            Reply::Connect => {
                let mut given = config(URL);
                self.setup.configure(&mut given);
                connection::Answer::Connect(Box::new(given))
            }
            Reply::Wait => connection::Answer::Wait,
            Reply::Stop => connection::Answer::Stop,
        });
    }

    fn send(&mut self, size: usize) {
        let text = format!("{:-<size$}", self.sent);
        let waiting = self.sim.send_queue().stats().waiting;
        let fits = waiting + header_size(text.len()) + text.len() <= 2000;
        let result = self.sim.send_queue().push(MessageKind::Text, text.as_bytes());
        match result {
            Ok(flush) => {
                assert!(fits && self.may_send(), "the message is accepted, but the rules forbid it");
                self.pending.push_back((self.sent, text));
                self.accepted += 1;
                if matches!(flush, Flush::Soon | Flush::Now) {
                    self.commands.push_back(Send(size));
                }
            }
            Err(Error::Backpressure) => {
                assert!(!fits && self.may_send());
                self.refused = true;
            }
            Err(error) => {
                assert_eq!(error, Error::NotOpen);
                assert!(
                    !self.may_send() || self.peer_closes || self.suspend_closes,
                    "the message is refused, but the rules allow it"
                );
            }
        }
        self.sent += 1;
    }

    /// Returns whether the current connection was reported to the host, and the host has not ended it. Even then a send may
    /// be refused, if the peer has closed or the loop is suspended.
    fn may_send(&self) -> bool {
        let current = self.generation == self.sim.send_queue().gate().connections() as usize;
        self.host_state == HostState::Connected && current && self.in_session() && !self.closed && !self.freed
    }

    /// Dispatches an event in the way of `socket::dispatch`.
    fn poll(&mut self) {
        let event = self.sim.event_at(self.dispatched);
        self.dispatched += 1;
        let (what, rest) = event.split_once(' ').unwrap_or((&event, ""));
        match what {
            "connected" => {
                if !self.freed && self.sim.send_queue().notify_connect() {
                    assert!(self.host_state == HostState::NotOpen && !self.closed_early, "{event}");
                    self.host_state = HostState::Connected;
                    self.generation += 1;
                } else {
                    assert!(self.freed || self.closed_early, "the event is reported to a host that waits for it");
                }
            }
            "text" if self.host_state == HostState::Connected && !self.freed => {
                let (made, _) = rest.split_once(' ').unwrap();
                assert_eq!(
                    made,
                    self.generation.to_string(),
                    "a message is reported when its connection is not the reported one"
                );
            }
            // If the attempt of a question has ended, the question is void.
            "asked" => {
                self.asked += 1;
                let is_void = self.sim.question() != Some(self.asked) || self.closed || self.freed;
                self.question = (!is_void).then_some(self.asked);
            }
            "lost" => {
                self.host_state = HostState::NotOpen;
                let is_told = self.sim.send_queue().notify_retry(true);
                assert_eq!(is_told, !self.closed_early);
                if is_told {
                    self.dropped.pop_front();
                    self.reported_unsent += if self.setup.resends { 0 } else { unsent(&event).0 };
                }
            }
            "closed" => {
                self.reported_unsent += unsent(&event).0 + self.unreported_unsent();
                assert_ne!(self.host_state, HostState::Closed);
                let clean = rest.starts_with("OK");
                assert!(!rest.starts_with("Aborted") || rest.contains("by Local"), "{event}");
                let is_opened = ["in Open", "in Flush", "in Closing"].iter().any(|phase| rest.contains(phase));
                assert!(!rest.starts_with("Aborted") || !is_opened || self.generation > 0, "{event}");
                // The peer may have closed before the host did.
                let by_peer = self.closed_early && rest.contains("by Peer");
                assert!(!clean || self.host_state == HostState::Connected || self.freed || by_peer, "{event}");
                self.host_state = HostState::Closed;
                self.sim.send_queue().notify_close();
            }
            _ => {}
        }
    }

    /// Ends the run: the connection closes and reports that once.
    pub fn finish(mut self) {
        if self.can(Close) {
            self.apply(Close);
        }
        for action in [RunCommands, Full(false), Room(usize::MAX)] {
            if self.can(action) {
                self.apply(action);
            }
        }
        while self.can(Expire) {
            self.apply(Expire);
        }
        assert!(self.is_closed());
        while self.can(Poll) {
            self.apply(Poll);
        }
        assert_eq!(self.host_state, HostState::Closed);
        assert!(
            self.freed || self.accepted == self.received + self.reported_unsent,
            "each message was received or reported as unsent"
        );
        assert!(self.sim.open_streams().is_empty(), "a stream is left");
    }
}

/// The unsent messages and bytes of a report.
fn unsent(event: &str) -> (usize, usize) {
    let Some((_, rest)) = event.split_once("unsent ") else { return (0, 0) };
    let mut numbers = rest.split(' ').filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

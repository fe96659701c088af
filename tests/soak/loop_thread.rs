//! A loop of the soak test with its sockets, and the data that these share.

use crate::counters::Counters;
use crate::socket::{CEILING_MS, FIRST_MS, FLOOR_MS, Finished, MAX_MESSAGE, Reported, TestSocket};
use ::egret_ws::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{Driver, set_retry, set_retry_waits};
use test_support::deflate::client::RandomMessages;
use test_support::fingerprint::Fingerprint;
use test_support::listener_client::{EventLoop, Handle, Listener};
use test_support::recording_server::Server;

/// This is longer than a close may take.
const END_LIMIT: Duration = Duration::from_secs(30);

pub struct Common {
    pub counters: Arc<Counters>,
    pub finished: RefCell<Vec<Finished>>,
    pub second_thread: SecondThread,
    /// Messages are parts of these.
    pub noise: Vec<u8>,
    pub text: Vec<u8>,
}

pub struct LoopSockets {
    host: EventLoop,
    common: Rc<Common>,
    random: RandomMessages,
    sockets: Vec<Rc<RefCell<TestSocket>>>,
    suspended_until: Option<Instant>,
    begun: u64,
}

/// The server of a round, and its end.
#[derive(Clone)]
pub struct Round {
    pub port: u16,
    pub server: Arc<Server>,
    pub until: Instant,
}

impl LoopSockets {
    pub fn new(driver: Driver, seed: u64, closes_on_suspend: bool, counters: Arc<Counters>) -> LoopSockets {
        let mut random = RandomMessages::new(seed);
        let noise = (0..2 * MAX_MESSAGE).map(|_| random.random(256) as u8).collect();
        let text = (0..2 * MAX_MESSAGE).map(|_| b"{\"id\": 0123456789}"[random.random(18)]).collect();
        let host = EventLoop::new(driver, |options| {
            if closes_on_suspend {
                options.flags |= EGRET_WS_LOOP_CLOSE_ON_SUSPEND;
            }
        });
        let common =
            Common { counters, finished: RefCell::default(), second_thread: SecondThread::start(), noise, text };
        LoopSockets { host, common: Rc::new(common), random, sockets: Vec::new(), suspended_until: None, begun: 0 }
    }

    /// Runs this many sockets for the time of a round, then ends them. Returns the messages sent on connections whose number is
    /// not known.
    pub fn play(&mut self, round: &Round, sockets: usize) -> Vec<Vec<Fingerprint>> {
        let mut of_unknown_number = Vec::new();
        for _ in 0..sockets {
            let socket = self.begin(round);
            self.sockets.push(socket);
        }
        while Instant::now() < round.until {
            self.host.poll(self.random.random(4) as i32);
            self.act(round);
            self.compare(round, &mut of_unknown_number);
        }
        self.end(round, &mut of_unknown_number);
        of_unknown_number
    }

    fn begin(&mut self, round: &Round) -> Rc<RefCell<TestSocket>> {
        self.begun += 1;
        let (resend, deflates) = (self.random.random(2) == 0, self.random.random(2) == 0);
        let seed = self.random.random(usize::MAX) as u64;
        let socket = Rc::new(RefCell::new(TestSocket::new(&self.common, seed, resend)));
        let flags = socket.borrow().flags() | if deflates { 0 } else { EGRET_WS_DISABLE_DEFLATE };
        let listener: Rc<RefCell<dyn Listener>> = socket.clone();
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
            set_retry(options, |retry| retry.total_ms = u32::MAX);
            set_retry_waits(options, FLOOR_MS, FIRST_MS, CEILING_MS);
        });
        socket.borrow_mut().ws = Some(ws);
        self.common.counters.sockets.add(1);
        socket
    }

    fn act(&mut self, round: &Round) {
        let now = Instant::now();
        if self.suspended_until.is_some_and(|until| until <= now) {
            self.suspended_until = None;
            self.host.resume();
        }
        match self.random.random(1000) {
            0 if self.suspended_until.is_none() => {
                self.host.suspend();
                self.suspended_until = Some(now + Duration::from_millis(self.random.random(200) as u64));
                self.common.counters.suspends.add(1);
            }
            1 => self.host.resume(),
            2 => self.host.network_changed(),
            _ => {}
        }
        for at in 0..self.sockets.len() {
            let is_over = {
                let mut socket = self.sockets[at].borrow_mut();
                if socket.reported == Reported::Closed && socket.released {
                    socket.free();
                }
                socket.ws.is_none() && socket.released
            };
            if is_over {
                self.sockets[at] = self.begin(round);
            } else if self.random.random(8) == 0 {
                self.sockets[at].borrow_mut().act();
            }
        }
    }

    /// Compares the sent messages with those that the server received, connection by connection.
    fn compare(&self, round: &Round, of_unknown_number: &mut Vec<Vec<Fingerprint>>) {
        self.common.finished.borrow_mut().retain(|Finished { number, stream, sent }| {
            let Some(number) = number else {
                if !stream.is_empty() {
                    of_unknown_number.push(stream.clone());
                }
                return false;
            };
            let Some(seen) = round.server.take_ended(*number) else { return true };
            let got = seen.messages.len();
            assert!(stream.starts_with(&seen.messages), "the received bytes differ from the sent ones");
            assert!(got <= *sent, "{got} messages came, though only {sent} were sent");
            // The Close frame comes after all other frames.
            let is_whole = seen.closed.is_none() || got == stream.len();
            assert!(is_whole, "{got} of {} messages came before our Close", stream.len());
            self.common.counters.compared.add(1);
            false
        });
    }

    /// Closes every socket and waits until all are released.
    fn end(&mut self, round: &Round, of_unknown_number: &mut Vec<Vec<Fingerprint>>) {
        self.suspended_until = None;
        self.host.resume();
        for socket in &self.sockets {
            let mut socket = socket.borrow_mut();
            if let Some(ws) = socket.ws
                && !socket.closing
            {
                socket.close(ws);
            }
        }
        let deadline = Instant::now() + END_LIMIT;
        while !self.sockets.iter().all(|socket| socket.borrow().released) {
            self.host.poll(10);
            let left = self.sockets.iter().filter(|socket| !socket.borrow().released);
            let is_late = Instant::now() >= deadline;
            assert!(!is_late, "do not close: {:?}", left.map(|socket| socket.borrow().describe()).collect::<Vec<_>>());
        }
        for socket in self.sockets.drain(..) {
            socket.borrow_mut().free();
        }
        while self.host.unreleased() > 0 || !self.common.finished.borrow().is_empty() {
            self.host.poll(10);
            self.compare(round, of_unknown_number);
            assert!(
                Instant::now() < deadline,
                "{} connections of the server do not end",
                self.common.finished.borrow().len()
            );
        }
    }
}

/// A thread that uses sockets while their callbacks run.
pub struct SecondThread {
    use_socket: Sender<usize>,
    done: Receiver<()>,
}

impl SecondThread {
    fn start() -> SecondThread {
        let (use_socket, visited) = mpsc::channel();
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
        SecondThread { use_socket, done }
    }

    /// Uses the socket on the second thread, and waits for that inside a callback.
    pub fn use_socket(&self, ws: Handle) {
        self.use_socket.send(ws.number()).expect("the second thread runs");
        self.done
            .recv_timeout(WAIT_LIMIT)
            .expect("a lock is held while a callback runs, or the second thread panicked");
    }
}

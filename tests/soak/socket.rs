//! A socket of the soak test. It records the sent messages, and checks every callback against them.

use crate::loop_thread::Common;
use ::egret_ws::*;
use std::rc::Rc;
use test_support::close_report::CloseReport;
use test_support::deflate::client::RandomMessages;
use test_support::fingerprint::Fingerprint;
use test_support::frame::{BINARY, TEXT};
use test_support::listener_client::{Handle, Listener};
use test_support::recording_server::NUMBER;

pub const FLOOR_MS: u32 = 5;
pub const FIRST_MS: u32 = 40;
pub const CEILING_MS: u32 = 300;
/// The largest number of sent messages that were not yet echoed.
const OUTSTANDING: usize = 40;
pub const MAX_MESSAGE: usize = EGRET_WS_MAX_MESSAGE_BYTES as usize;

/// The last event of the socket that changed its state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reported {
    Nothing,
    Connected,
    Lost,
    Closed,
}

/// The messages sent on a connection that has ended for the client.
pub struct Finished {
    /// The number of the connection at the server. `None` if it is not known.
    pub number: Option<u64>,
    /// All messages that the library had to send on it, in order, and how many of them may have arrived.
    pub stream: Vec<Fingerprint>,
    pub sent: usize,
}

pub struct TestSocket {
    common: Rc<Common>,
    random: RandomMessages,
    pub ws: Option<Handle>,
    pub reported: Reported,
    resend: bool,
    generation: i32,
    attempt: u32,
    /// The number of the connection at the server.
    number: Option<u64>,
    /// The messages kept for this connection, then those accepted on it; and how many of them came back.
    stream: Vec<Fingerprint>,
    echoed: usize,
    /// The messages that wait for the next connection.
    kept: Vec<Fingerprint>,
    /// How many messages it has sent in total.
    count: u64,
    /// The host has closed it, or freed it.
    pub closing: bool,
    freed: bool,
    pub released: bool,
}

impl TestSocket {
    pub fn new(common: &Rc<Common>, seed: u64, resend: bool) -> TestSocket {
        TestSocket {
            common: Rc::clone(common),
            random: RandomMessages::new(seed),
            ws: None,
            reported: Reported::Nothing,
            resend,
            generation: 0,
            attempt: 0,
            number: None,
            stream: Vec::new(),
            echoed: 0,
            kept: Vec::new(),
            count: 0,
            closing: false,
            freed: false,
            released: false,
        }
    }

    pub fn flags(&self) -> u32 {
        if self.resend { EGRET_WS_RESEND } else { 0 }
    }

    /// Returns a description for a test that fails.
    pub fn describe(&self) -> String {
        let library = self.ws.map(|ws| (ws.state(), ws.buffered(), ws.stats().retries));
        format!("reported {:?}, closing {}, state, unsent and retries {library:?}", self.reported, self.closing)
    }

    /// Returns true once in `times` calls, at random.
    fn once_in(&mut self, times: usize) -> bool {
        self.random.random(times) == 0
    }

    /// Makes random calls that a host may make at any time.
    pub fn act(&mut self) {
        let Some(ws) = self.ws else { return };
        match self.reported {
            _ if self.closing => {}
            Reported::Connected => {
                for _ in 0..self.random.random(4) {
                    self.send(ws);
                }
                if self.once_in(50) {
                    let pinged = ws.ping();
                    assert!([EGRET_WS_OK, EGRET_WS_ERR_NOT_OPEN].contains(&pinged), "a ping failed with {pinged}");
                }
                self.end_at_random(ws, 1000);
            }
            Reported::Nothing | Reported::Lost => {
                if self.once_in(20) {
                    assert_eq!(ws.retry_now(), EGRET_WS_OK);
                }
                self.end_at_random(ws, 1000);
            }
            Reported::Closed => {}
        }
    }

    fn end_at_random(&mut self, ws: Handle, times: usize) {
        if self.once_in(times) {
            self.close(ws);
        } else if self.once_in(times) {
            self.free();
        }
    }

    pub fn close(&mut self, ws: Handle) {
        assert_eq!(ws.close(1000), EGRET_WS_OK);
        self.common.counters.closes.add(1);
        self.closing = true;
    }

    /// Frees it in any state.
    pub fn free(&mut self) {
        let Some(ws) = self.ws.take() else { return };
        assert_eq!(ws.free(), EGRET_WS_OK);
        assert_eq!(ws.state(), EGRET_WS_ERR_BAD_HANDLE);
        self.freed = true;
        if self.reported != Reported::Closed {
            self.common.counters.frees.add(1);
            self.finish(0);
        }
    }

    fn send(&mut self, ws: Handle) {
        if self.stream.len() - self.echoed >= OUTSTANDING {
            return;
        }
        let size = MAX_MESSAGE >> self.random.random(18);
        let size = self.random.random(size + 1);
        let kind = if self.once_in(2) { TEXT } else { BINARY };
        let source = if kind == TEXT { &self.common.text } else { &self.common.noise };
        let at = self.random.random(source.len() - size);
        let mut message = source[at..at + size].to_vec();
        // The number of the message comes first, if there is room.
        let number = format!("{:012} ", self.count);
        let room = number.len().min(size);
        message[..room].copy_from_slice(&number.as_bytes()[..room]);
        match ws.send(kind, &message) {
            EGRET_WS_OK => {
                self.stream.push(Fingerprint::of(kind, &message));
                self.count += 1;
                self.common.counters.sent.add(1);
            }
            EGRET_WS_ERR_BACKPRESSURE => self.common.counters.refused.add(1),
            // The connection is lost, but on_retry was not called yet.
            error => assert_eq!(error, EGRET_WS_ERR_NOT_OPEN),
        }
    }

    /// The connection is over, and this many messages were not sent.
    fn finish(&mut self, unsent: usize) -> Vec<Fingerprint> {
        let is_connected = self.reported == Reported::Connected;
        let stream = std::mem::take(if is_connected { &mut self.stream } else { &mut self.kept });
        let sent = stream.len().checked_sub(unsent).expect("no more is unsent than was accepted");
        let rest = stream[sent..].to_vec();
        let number = self.number.take().filter(|_| is_connected);
        self.echoed = 0;
        // After a close or free, kept messages may still be sent on a connection for which no callback is made.
        if self.resend && (self.closing || self.freed) && number.is_some() {
            self.common.finished.borrow_mut().push(Finished { number: None, stream: stream.clone(), sent });
        }
        self.common.finished.borrow_mut().push(Finished { number, stream, sent });
        rest
    }

    fn check_unsent(&self, report: &CloseReport, rest: &[Fingerprint]) {
        assert_eq!(report.unsent_messages as usize, rest.len(), "{report:#?}");
        assert_eq!(
            report.unsent_bytes,
            rest.iter().map(|fingerprint| fingerprint.payload_len()).sum::<u64>(),
            "{report:#?}"
        );
    }

    /// Lets another thread use this socket during a callback. This would hang if the library held a lock there.
    fn use_from_second_thread(&mut self, ws: Handle) {
        if self.once_in(100) {
            self.common.second_thread.use_socket(ws);
            self.common.counters.use_socket.add(1);
        }
    }
}

impl Listener for TestSocket {
    fn connected(&mut self, ws: Handle) {
        assert!(!self.freed && !self.closing, "on_connect after a close or a free");
        assert!(matches!(self.reported, Reported::Nothing | Reported::Lost), "on_connect after {:?}", self.reported);
        self.generation += 1;
        assert_eq!(ws.generation(), self.generation);
        // Unless another connection was made or tried since, the answer belongs to this one.
        let number = ws.header(NUMBER).map(|number| number.parse().expect("a number"));
        self.number = number.filter(|_| ws.stats().connections == self.generation as u32);
        self.stream = std::mem::take(&mut self.kept);
        self.reported = Reported::Connected;
        self.common.counters.connections.add(1);
        self.use_from_second_thread(ws);
        self.send(ws);
        self.end_at_random(ws, 100);
    }

    fn received(&mut self, ws: Handle, kind: u8, data: &[u8]) {
        assert!(!self.freed, "on_message after a free");
        assert_eq!(self.reported, Reported::Connected, "on_message");
        let fingerprint = Fingerprint::of(kind, data);
        let expected = self.stream.get(self.echoed);
        assert_eq!(expected, Some(&fingerprint), "message {} of {}", self.echoed, self.stream.len());
        self.echoed += 1;
        self.common.counters.received.add(1);
        self.use_from_second_thread(ws);
        if !self.closing && self.once_in(4) {
            self.send(ws);
        }
        if !self.closing {
            self.end_at_random(ws, 2000);
        }
    }

    fn drained(&mut self, ws: Handle) {
        assert!(!self.freed && self.reported == Reported::Connected, "on_drain");
        self.common.counters.drains.add(1);
        if !self.closing {
            self.send(ws);
        }
    }

    fn retrying(&mut self, ws: Handle, report: CloseReport, attempt: u32, delay_ms: u32) {
        assert!(!self.freed && !self.closing, "on_retry after a close or a free: {report:#?}");
        assert_ne!(self.reported, Reported::Closed);
        assert_eq!(ws.state(), EGRET_WS_STATE_CONNECTING);
        assert!(attempt == self.attempt + 1 || attempt == 1, "try {attempt} after {}", self.attempt);
        let most = FIRST_MS.saturating_mul(1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)).min(CEILING_MS);
        let until_resumed = delay_ms == u32::MAX && self.common.counters.suspends.get() > 0;
        assert!((FLOOR_MS..=most).contains(&delay_ms) || until_resumed, "try {attempt} in {delay_ms} ms");
        self.attempt = attempt;
        let unsent = report.unsent_messages as usize;
        if self.reported == Reported::Connected {
            let rest = self.finish(unsent);
            self.check_unsent(&report, &rest);
            self.common.counters.unsent.add(unsent as u64);
            self.kept = if self.resend { rest } else { Vec::new() };
        } else {
            self.check_unsent(&report, &self.kept);
        }
        self.reported = Reported::Lost;
        self.common.counters.lost(report.error);
        self.use_from_second_thread(ws);
        if self.once_in(10) {
            assert_eq!(ws.retry_now(), EGRET_WS_OK);
        }
        self.end_at_random(ws, 100);
    }

    fn closed(&mut self, ws: Handle, report: CloseReport) {
        assert!(!self.freed, "on_close after a free");
        assert_ne!(self.reported, Reported::Closed, "on_close twice");
        assert!(self.closing, "on_close without a close: {report:#?}");
        assert_eq!(ws.state(), EGRET_WS_STATE_CLOSED);
        // The server has answered our Close frame, so it has received everything, and everything that it sent has arrived.
        if (report.error, report.code) == (EGRET_WS_OK, 1000) {
            assert_eq!(self.reported, Reported::Connected);
            assert_eq!(self.echoed, self.stream.len(), "echoes are missing");
            assert_eq!((report.unsent_messages, report.unsent_bytes), (0, 0), "{report:#?}");
            self.common.counters.clean.add(1);
        }
        self.finish(report.unsent_messages as usize);
        self.reported = Reported::Closed;
    }

    fn released(&mut self) {
        let is_over = self.freed || self.reported == Reported::Closed;
        assert!(is_over || std::thread::panicking(), "release_user before the end");
        assert!(!std::mem::replace(&mut self.released, true), "release_user twice");
    }
}

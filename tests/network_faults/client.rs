//! A socket that records its events and their times.

use ::egret_ws::*;
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use std::time::Instant;
use test_support::WAIT_LIMIT;
use test_support::client::set_retry_waits;
use test_support::close_report::CloseReport;
use test_support::fingerprint::Fingerprint;
use test_support::listener_client::{EventLoop, Handle, Listener};

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `on_connect`, with the generation at the time of the callback.
    Connect(i32),
    Message(Fingerprint),
    Retry {
        report: CloseReport,
        attempt: u32,
        delay_ms: u32,
    },
    Close(CloseReport),
    Release,
}

#[derive(Default)]
pub struct History {
    pub events: Vec<(Instant, Event)>,
}

impl History {
    fn add(&mut self, event: Event) {
        self.events.push((Instant::now(), event));
    }

    /// Returns the report, attempt and delay of each `on_retry`.
    pub fn retries(&self) -> Vec<(CloseReport, u32, u32)> {
        let retry = |(_, event): &(Instant, Event)| match event {
            Event::Retry { report, attempt, delay_ms } => Some((report.clone(), *attempt, *delay_ms)),
            _ => None,
        };
        self.events.iter().filter_map(retry).collect()
    }

    pub fn messages(&self) -> Vec<Fingerprint> {
        let message = |(_, event): &(Instant, Event)| match event {
            Event::Message(fingerprint) => Some(*fingerprint),
            _ => None,
        };
        self.events.iter().filter_map(message).collect()
    }

    pub fn close(&self) -> Option<CloseReport> {
        self.events.iter().find_map(|(_, event)| match event {
            Event::Close(report) => Some(report.clone()),
            _ => None,
        })
    }

    pub fn has(&self, event: &Event) -> bool {
        self.events.iter().any(|(_, other)| other == event)
    }
}

impl Listener for History {
    fn connected(&mut self, ws: Handle) {
        self.add(Event::Connect(ws.generation()));
    }

    fn received(&mut self, _: Handle, kind: u8, data: &[u8]) {
        self.add(Event::Message(Fingerprint::of(kind, data)));
    }

    fn retrying(&mut self, ws: Handle, report: CloseReport, attempt: u32, delay_ms: u32) {
        assert_eq!(ws.state(), EGRET_WS_STATE_CONNECTING);
        self.add(Event::Retry { report, attempt, delay_ms });
    }

    fn closed(&mut self, ws: Handle, report: CloseReport) {
        assert_eq!(ws.state(), EGRET_WS_STATE_CLOSED);
        self.add(Event::Close(report));
    }

    fn released(&mut self) {
        self.add(Event::Release);
    }
}

/// A socket and its history. The socket is freed when this is dropped.
pub struct Client<'a> {
    host: &'a EventLoop,
    pub ws: Handle,
    history: Rc<RefCell<History>>,
}

/// Sets retries without limit and with short delays.
fn retry_fast(options: &mut egret_ws_options) {
    options.retry_attempts = u32::MAX;
    set_retry_waits(options, FLOOR_MS, FIRST_MS, CEILING_MS);
}

pub const FLOOR_MS: u32 = 2;
pub const FIRST_MS: u32 = 5;
pub const CEILING_MS: u32 = 20;

impl<'a> Client<'a> {
    /// Begins to connect to a port of this machine.
    pub fn begin(host: &'a EventLoop, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> Client<'a> {
        let history = Rc::new(RefCell::new(History::default()));
        let listener: Rc<RefCell<dyn Listener>> = history.clone();
        let ws = host.connect(&format!("ws://127.0.0.1:{port}/"), listener, |options| {
            retry_fast(options);
            set(options);
        });
        Client { host, ws, history }
    }

    /// Connects.
    #[track_caller]
    pub fn open(host: &'a EventLoop, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> Client<'a> {
        let client = Client::begin(host, port, set);
        client.wait_connected(1);
        client
    }

    pub fn history(&self) -> Ref<'_, History> {
        self.history.borrow()
    }

    /// Polls until the history so far satisfies `done`.
    #[track_caller]
    pub fn wait(&self, what: &str, mut done: impl FnMut(&History) -> bool) {
        let deadline = Instant::now() + WAIT_LIMIT;
        while !done(&self.history()) {
            let is_late = Instant::now() >= deadline;
            assert!(!is_late, "{what} did not happen; the last event was {:?}", self.history().events.last());
            self.host.poll(10);
        }
    }

    #[track_caller]
    pub fn wait_connected(&self, generation: i32) {
        self.wait("on_connect", |history| history.has(&Event::Connect(generation)));
    }

    /// Returns the report, attempt and delay of the `on_retry` with this number, counted from 1.
    #[track_caller]
    pub fn wait_retry(&self, count: usize) -> (CloseReport, u32, u32) {
        self.wait("on_retry", |history| history.retries().len() >= count);
        self.history().retries()[count - 1].clone()
    }

    /// Waits for `on_close` and `release_user`.
    #[track_caller]
    pub fn wait_closed(&self) -> CloseReport {
        self.wait("release_user after on_close", |history| history.has(&Event::Release));
        self.history().close().expect("on_close comes before release_user")
    }

    /// Closes with a closing handshake.
    #[track_caller]
    pub fn close(&self) {
        assert_eq!(self.ws.close(1000), EGRET_WS_OK);
        self.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
    }

    #[track_caller]
    pub fn send(&self, text: &str) {
        assert_eq!(self.ws.send(EGRET_WS_TEXT as u8, text.as_bytes()), EGRET_WS_OK);
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        let freed = self.ws.free();
        assert!(freed == EGRET_WS_OK || std::thread::panicking(), "egret_ws_free failed with {freed}");
    }
}

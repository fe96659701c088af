//! The client of these tests: a loop with one socket, which may connect more than once. It keeps every event with its time.

use ::egret_ws::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::Driver;
use test_support::close_report::CloseReport;
use test_support::listener_client::{EventLoop, Handle, Listener};

/// A callback that was made.
#[derive(Clone, Debug)]
pub enum Event {
    Connect,
    Data(Vec<u8>),
    Retry(CloseReport),
    Close(CloseReport),
    Release,
}

/// The events of the socket and their times.
#[derive(Default)]
struct History(Vec<(Instant, Event)>);

impl History {
    fn add(&mut self, event: Event) {
        self.0.push((Instant::now(), event));
    }
}

impl Listener for History {
    fn connected(&mut self, _: Handle) {
        self.add(Event::Connect);
    }

    fn received(&mut self, _: Handle, _: u8, data: &[u8]) {
        self.add(Event::Data(data.to_vec()));
    }

    fn retrying(&mut self, _: Handle, report: CloseReport, _: u32, _: u32) {
        self.add(Event::Retry(report));
    }

    fn closed(&mut self, _: Handle, report: CloseReport) {
        self.add(Event::Close(report));
    }

    fn released(&mut self) {
        self.add(Event::Release);
    }
}

pub struct Phone {
    /// `None` when the phone is dropped.
    event_loop: Option<EventLoop>,
    ws: Handle,
    history: Rc<RefCell<History>>,
}

impl Phone {
    /// Begins to connect.
    pub fn connect(driver: Driver, url: &str, set: impl FnOnce(&mut egret_ws_options)) -> Phone {
        let event_loop = EventLoop::new(driver, |_| {});
        let history = Rc::<RefCell<History>>::default();
        let ws = event_loop.connect(url, history.clone(), set);
        Phone { event_loop: Some(event_loop), ws, history }
    }

    fn event_loop(&self) -> &EventLoop {
        self.event_loop.as_ref().expect("the phone is not dropped")
    }

    /// Polls once. Returns the number of callbacks.
    pub fn poll(&self, timeout_ms: i32) -> u32 {
        self.event_loop().poll(timeout_ms)
    }

    /// Polls until an event has happened `count` times. Returns the time and the event.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, count: usize, find: impl Fn(&Event) -> Option<T>) -> (Instant, T) {
        let deadline = Instant::now() + WAIT_LIMIT;
        loop {
            let found =
                self.history.borrow().0.iter().filter_map(|(at, event)| Some((*at, find(event)?))).nth(count - 1);
            if let Some(found) = found {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} number {count} did not happen: {:?}", self.summary());
            self.poll(10);
        }
    }

    #[track_caller]
    pub fn wait_connect(&self, count: usize) -> Instant {
        self.wait("on_connect", count, |event| matches!(event, Event::Connect).then_some(())).0
    }

    #[track_caller]
    pub fn wait_retry(&self, count: usize) -> (Instant, CloseReport) {
        self.wait("on_retry", count, |event| match event {
            Event::Retry(report) => Some(report.clone()),
            _ => None,
        })
    }

    #[track_caller]
    pub fn wait_close(&self) -> (Instant, CloseReport) {
        self.wait("on_close", 1, |event| match event {
            Event::Close(report) => Some(report.clone()),
            _ => None,
        })
    }

    /// Polls until this many messages have come in total. Returns them.
    #[track_caller]
    pub fn wait_messages(&self, count: usize) -> Vec<Vec<u8>> {
        self.wait("message", count, |event| matches!(event, Event::Data(_)).then_some(()));
        self.messages()
    }

    pub fn messages(&self) -> Vec<Vec<u8>> {
        let data = |event: &Event| if let Event::Data(bytes) = event { Some(bytes.clone()) } else { None };
        self.history.borrow().0.iter().filter_map(|(_, event)| data(event)).collect()
    }

    /// Sends a message that is echoed, and waits for the echo.
    #[track_caller]
    pub fn exchange_message(&self) {
        let count = self.messages().len() + 1;
        let greeting = format!("greeting {count}");
        assert_eq!(self.send(greeting.as_bytes()), EGRET_WS_OK);
        assert_eq!(self.wait_messages(count).last().expect("an echo"), greeting.as_bytes());
    }

    /// Polls for this time, in which nothing may happen.
    #[track_caller]
    pub fn expect_nothing_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            assert_eq!(self.poll(10), 0, "{:?}", self.summary());
        }
    }

    pub fn send(&self, bytes: &[u8]) -> i32 {
        self.ws.send(EGRET_WS_BINARY as u8, bytes)
    }

    pub fn state(&self) -> i32 {
        self.ws.state()
    }

    pub fn stats(&self) -> test_support::response::Stats {
        self.ws.stats()
    }

    pub fn generation(&self) -> i32 {
        self.ws.generation()
    }

    pub fn buffered_amount(&self) -> u64 {
        self.ws.buffered()
    }

    pub fn network_changed(&self) {
        self.event_loop().network_changed();
    }

    pub fn suspend(&self) {
        self.event_loop().suspend();
    }

    pub fn resume(&self) {
        self.event_loop().resume();
    }

    /// Returns the events without the messages.
    pub fn summary(&self) -> Vec<Event> {
        let history = self.history.borrow();
        history.0.iter().map(|(_, event)| event).filter(|event| !matches!(event, Event::Data(_))).cloned().collect()
    }

    /// Checks the contract of the header: no second `on_connect` without an `on_retry`, messages only while the socket is
    /// connected, and only one release after `on_close`.
    fn check(&self) {
        let (mut open, mut closed) = (false, false);
        let history = self.history.borrow();
        let Some(((_, Event::Release), before)) = history.0.split_last() else { panic!("{:?}", self.summary()) };
        for (_, event) in before {
            assert!(!closed, "{event:?} came after on_close");
            match event {
                Event::Connect => assert!(!std::mem::replace(&mut open, true), "on_connect came twice"),
                Event::Data(_) => assert!(open, "a message of no connection"),
                Event::Retry(_) => open = false,
                Event::Close(_) => closed = true,
                Event::Release => panic!("release_user ran twice"),
            }
        }
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let freed = self.ws.free();
        self.event_loop = None; // this frees the loop
        if !thread::panicking() {
            assert_eq!(freed, EGRET_WS_OK);
            self.check();
        }
    }
}

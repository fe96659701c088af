//! Sessions that are busy at any time, have their own output, and return it in pieces. Nothing is lost, doubled or out of order.
//! For a busy session, only `send` without plaintext is called.

use crate::fake_tls::{ALERT, DATA, HANDSHAKE, record, server};
use ::egret_ws::*;
use std::collections::VecDeque;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use test_support::client::{DRIVERS, Driver, Loop, Socket};
use test_support::recorder::Event;
use test_support::tls_provider::{
    self, Call, Context, Count, Destination, Facts, Failure, Provider, Ready, Session, Settings,
};

/// The sessions that are busy, each with the flag that its work has ended.
type Busy = Arc<Mutex<Vec<(Ready, Arc<AtomicBool>)>>>;

struct Erratic(Busy);

impl Provider for Erratic {
    fn new_context(&self, _: &Settings) -> Result<Box<dyn Context>, Failure> {
        Ok(Box::new(Erratic(Arc::clone(&self.0))))
    }
}

impl Context for Erratic {
    fn open(&self, destination: &Destination) -> Result<Box<dyn Session>, Failure> {
        Ok(Box::new(ErraticSession {
            busy: Arc::clone(&self.0),
            socket: destination.socket,
            work: None,
            flags: 0,
            output: record(HANDSHAKE, destination.name.as_bytes()),
            random: destination.name.bytes().fold(7, |seed, byte| seed * 31 % 1_000_003 + u64::from(byte)),
        }))
    }
}

struct ErraticSession {
    busy: Busy,
    socket: Ready,
    /// The session works until this flag is set.
    work: Option<Arc<AtomicBool>>,
    flags: u32,
    output: Vec<u8>,
    random: u64,
}

impl ErraticSession {
    /// Returns true once in this many calls on average.
    fn one_in(&mut self, count: u64) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.is_multiple_of(count)
    }

    fn end(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        if self.work.is_none() && self.one_in(4) {
            let work = Arc::new(AtomicBool::new(false));
            self.busy.lock().expect("no panic").push((self.socket, Arc::clone(&work)));
            self.work = Some(work);
        }
        call.state = self.flags;
        call.state |= if self.output.is_empty() { 0 } else { EGRET_WS_TLS_HAS_OUTPUT };
        call.state |= if self.work.is_some() { EGRET_WS_TLS_BUSY } else { 0 };
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.work.is_none()
    }
}

impl Session for ErraticSession {
    fn receive(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        assert!(self.is_idle(), "it is busy");
        match call.input[0] {
            HANDSHAKE => self.flags |= EGRET_WS_TLS_ESTABLISHED,
            ALERT => self.flags |= EGRET_WS_TLS_PEER_CLOSED,
            _ => {
                let body = &call.input[5..];
                call.output[..body.len()].copy_from_slice(body);
                call.output_len = body.len();
            }
        }
        if self.one_in(3) {
            self.output.extend(record(HANDSHAKE, b"a new key"));
        }
        self.end(call)
    }

    fn send(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        assert!(self.is_idle() || call.input.is_empty(), "it is busy");
        if self.work.as_ref().is_some_and(|work| work.load(SeqCst)) {
            self.work = None;
        }
        if !call.input.is_empty() {
            self.output.extend(record(DATA, call.input));
        }
        if self.one_in(3) && self.output.len() > 1 {
            let mut piece = self.output.drain(..self.output.len() / 2).collect();
            call.put(&mut piece);
            self.output.splice(..0, piece);
        } else {
            call.put(&mut self.output);
        }
        self.end(call)
    }

    fn close_notify(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        assert!(self.is_idle(), "it is busy");
        self.output.extend(record(ALERT, &[1, 0]));
        call.put(&mut self.output);
        self.end(call)
    }

    fn facts(&mut self) -> Facts {
        assert!(self.is_idle(), "it is busy");
        Facts::default()
    }
}

/// Returns the proxy of every second connection, which has its own sessions.
#[cfg(feature = "proxies")]
fn proxy() -> Option<CString> {
    CString::new(format!("https://127.0.0.1:{}", crate::fake_tls::proxy())).ok()
}

#[cfg(not(feature = "proxies"))]
fn proxy() -> Option<CString> {
    None
}

/// A loop whose sessions are erratic, and the thread that ends their work.
struct Host {
    host: Loop,
    count: Arc<Count>,
    port: u16,
    proxy: Option<CString>,
    ends: Arc<AtomicBool>,
    worker: JoinHandle<()>,
}

impl Host {
    fn new(driver: Driver) -> Host {
        println!("driver: {driver:?}");
        let (busy, ends) = (Busy::default(), Arc::new(AtomicBool::new(false)));
        let mut count = None;
        let host = Loop::with(driver, |options| {
            count = Some(tls_provider::set(options, Erratic(Arc::clone(&busy))));
        });
        let has_ended = Arc::clone(&ends);
        let worker = thread::spawn(move || {
            while !has_ended.load(SeqCst) {
                let works = std::mem::take(&mut *busy.lock().expect("no panic"));
                for (socket, work) in works {
                    work.store(true, SeqCst);
                    socket.call();
                }
                thread::yield_now();
            }
        });
        Host { host, count: count.expect("it was set"), port: server(), proxy: proxy(), ends, worker }
    }

    /// Begins a connection. Every second one uses TLS to a proxy.
    fn open(&self, number: usize) -> Socket<'_> {
        let opened = self.host.open_url(format!("wss://erratic{number}.test:{}/", self.port), |options| {
            match self.proxy.as_ref().filter(|_| number % 2 == 1) {
                Some(proxy) => options.proxy = proxy.as_ptr(),
                None => options.addresses = c"127.0.0.1".as_ptr(),
            }
        });
        opened.expect("the call succeeds")
    }

    /// Frees the loop, and checks that everything of the provider is freed.
    fn end(self) {
        drop(self.host);
        self.ends.store(true, SeqCst);
        self.worker.join().expect("no panic");
        let Count { contexts, sessions, released, .. } = &*self.count;
        assert_eq!([contexts, sessions, released].map(Count::of), [0, 0, 1]);
    }
}

#[test]
fn sessions_that_are_often_busy_lose_nothing() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let sockets: Vec<_> = (0..8).map(|number| host.open(number)).collect();
        sockets.iter().for_each(|socket| socket.wait_open());
        // The messages have from no bytes to several records.
        let text = |number: usize| format!("{number} {}", "x".repeat(number * number * 7 % 70_000));
        for number in 0..60 {
            for socket in &sockets {
                assert_eq!(socket.send_text(text(number)), EGRET_WS_OK);
            }
            if number % 8 == 0 {
                host.host.poll(1);
            }
        }
        for socket in &sockets {
            let events = socket.wait_messages(60);
            for (number, event) in events.iter().enumerate() {
                assert!(*event == Event::Text(text(number)), "message {number}");
            }
            assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        }
        for socket in &sockets {
            let report = socket.wait_closed();
            assert_eq!((report.error, report.code), (EGRET_WS_OK, 1000), "{report:#?}");
        }
        drop(sockets);
        host.end();
    }
}

/// Tests abort, close, free, changes of the network and suspends, in any state of a handshake, of an open connection, and of its
/// end.
#[test]
fn sessions_that_are_often_busy_end_at_any_time() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let mut sockets = VecDeque::new();
        for number in 0..200 {
            let socket = host.open(number);
            socket.send_text("too early, or not");
            sockets.push_back(socket);
            if sockets.len() > 12 {
                let socket = sockets.pop_front().expect("there are twelve");
                match number % 5 {
                    0 => drop(socket.abort()),
                    1 => drop(socket.close(1000, "")),
                    _ => drop(socket.send_text("the last message")),
                }
            }
            match number % 23 {
                0 => host.host.network_changed(),
                1 => host.host.suspend(),
                4 => host.host.resume(),
                _ => {}
            }
            host.host.poll((number % 3) as i32);
        }
        drop(sockets);
        host.end();
    }
}

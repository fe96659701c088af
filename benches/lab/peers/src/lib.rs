//! The common part of the Rust clients. `common/lab.h` is the common part of the clients in C and C++, and describes the
//! arguments, the payloads and the printed line.

mod blocking;
mod measure;
mod payload;
mod tokio_task;

pub use blocking::{Blocking, run_blocking};
pub use tokio_task::{Async, run_async};

use measure::Measure;
use std::time::Instant;

const WINDOW: u32 = 64;
const BURST: u32 = 100;
const IDLE_SECONDS: u64 = 2;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    PingPong,
    InFlight,
    Receive,
    Send,
    Burst,
    Idle,
    Open,
}

/// The task of a client, and its progress.
pub struct Lab {
    mode: Mode,
    pub host: String,
    pub port: u16,
    pub path: &'static str,
    pub url: String,
    /// The file of the certificate authority. Without it there is no TLS.
    pub ca: Option<String>,
    size: usize,
    count: u32,
    payload: Vec<u8>,
    next: u32,
    received: u32,
    done: bool,
    measure: Measure,
}

impl Lab {
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let [_, mode, url, size, count, rest @ ..] = &arguments[..] else {
            panic!("usage: CLIENT MODE URL SIZE COUNT [CA]");
        };
        let (mode, path) = match mode.as_str() {
            "ping-pong" => (Mode::PingPong, "/echo"),
            "in-flight" => (Mode::InFlight, "/echo"),
            "receive" => (Mode::Receive, "/source"),
            "send" => (Mode::Send, "/sink"),
            "burst" => (Mode::Burst, "/burst"),
            "idle" => (Mode::Idle, "/echo"),
            "open" => (Mode::Open, "/echo"),
            mode => panic!("no such mode: {mode}"),
        };
        let (scheme, authority) = url.split_once("://").expect("a URL");
        let (host, port) = authority.split_once(':').expect("a URL with a port");
        let (size, count) = (size.parse().expect("a size"), count.parse().expect("a count"));
        Self {
            mode,
            host: host.into(),
            port: port.parse().expect("a port"),
            path,
            url: format!("{url}{path}"),
            ca: (scheme == "wss").then(|| rest.first().expect("TLS needs the file of a certificate authority").clone()),
            size,
            count,
            payload: payload::filled(size),
            next: 0,
            received: 0,
            done: false,
            measure: Measure::new(count as usize),
        }
    }

    /// Trusts only the benchmark's certificate authority.
    pub fn tls_connector(&self) -> Option<native_tls::TlsConnector> {
        let pem = std::fs::read(self.ca.as_ref()?).expect("the file of the authority");
        let authority = native_tls::Certificate::from_pem(&pem).expect("a certificate");
        let mut builder = native_tls::TlsConnector::builder();
        builder.add_root_certificate(authority).disable_built_in_roots(true);
        Some(builder.build().expect("a connector"))
    }

    /// The first message to the server, as text (see `server/server.h`).
    fn workload(&self) -> Option<String> {
        matches!(self.mode, Mode::Receive | Mode::Send | Mode::Burst)
            .then(|| format!("{} {} {BURST}", self.size, self.count))
    }

    fn next_payload(&mut self) -> &[u8] {
        payload::stamp(&mut self.payload, self.next);
        self.next += 1;
        &self.payload
    }

    /// Call it when the connection is open. Returns how many messages may be sent immediately.
    fn opened(&mut self) -> u32 {
        self.measure.start();
        match self.mode {
            Mode::PingPong => 1,
            Mode::InFlight => WINDOW.min(self.count),
            Mode::Send => self.count,
            _ => 0,
        }
    }

    /// Call it for a received message. Returns how many messages may be sent now. Sets `done` after the last message.
    fn received(&mut self, message: &[u8]) -> u32 {
        if self.mode == Mode::Send {
            assert!(message.starts_with(b"ok "), "the server received a wrong message");
            self.measure.stop();
            self.done = true;
            return 0;
        }
        assert!(payload::is(message, self.size, self.received), "a wrong payload was received");
        self.received += 1;
        let burst_is_over = self.mode == Mode::Burst && self.received.is_multiple_of(BURST);
        if self.mode == Mode::PingPong || burst_is_over {
            self.measure.mark();
        }
        if self.received == self.count {
            self.measure.stop();
            self.done = true;
            return 0;
        }
        match self.mode {
            Mode::PingPong => 1,
            Mode::InFlight => u32::from(self.next < self.count),
            _ => u32::from(burst_is_over),
        }
    }

    fn report(&mut self) {
        self.measure.report(self.count);
    }
}

/// Ends the process without destructors, like the clients in C.
fn end() -> ! {
    std::process::exit(0)
}

fn since(begun: Instant) -> u32 {
    begun.elapsed().as_nanos() as u32
}

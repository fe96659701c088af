//! One pass does a limited amount of work, for any requests. The passes here have no time, so they do one item of each kind of
//! work. The tests count the work and do not depend on the clock.

use super::rounds::Task;
use super::*;
use crate::config::{ConnectConfig, LoopOptions, RetryOptions};
use crate::connection::send_queue::SendQueue;
use crate::connection::tests::simulation::config;
use crate::constants::EGRET_WS_LOG_DEBUG;
use crate::error::Error;
use crate::limited_memory;
use crate::log::Sink;
use crate::protocol::mask::zero_keys;
use crate::protocol::message::{MessageKind, Payload};
use batch::EventKind;
use clock::Gap;
use parking_lot::Mutex;
use socket_shared::MAX_UNDISPATCHED;
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

mod passes;
mod rounds;
mod wakeups;

/// Counts the log lines of the engine, and calls a function at each line.
#[derive(Default)]
struct Counter {
    lines: Mutex<Vec<(usize, String)>>,
    at_line: Mutex<Option<AtLine>>,
}

type AtLine = Box<dyn FnMut(&str) + Send>;

struct Lines(Arc<Counter>);

impl Sink for Lines {
    fn line(&self, _: i32, text: &CStr, socket: usize) {
        let text = text.to_string_lossy().into_owned();
        if let Some(act) = self.0.at_line.lock().as_mut() {
            act(&text);
        }
        self.0.lines.lock().push((socket, text));
    }
}

impl Counter {
    /// Returns, for each socket, the number of lines that begin with this text.
    fn of_each(&self, beginning: &str) -> HashMap<usize, usize> {
        let mut counts = HashMap::new();
        for (socket, _) in self.lines.lock().iter().filter(|(_, text)| text.starts_with(beginning)) {
            *counts.entry(*socket).or_default() += 1;
        }
        counts
    }

    fn count(&self, beginning: &str) -> usize {
        self.of_each(beginning).values().sum()
    }

    /// Returns the number of TCP connections that were begun.
    fn dials(&self) -> usize {
        self.count("connecting to 127.0.0.1:")
    }

    fn restarts(&self) -> HashMap<usize, usize> {
        self.of_each("connecting again to ws:")
    }
}

/// Returns the configuration of a loop without a thread.
pub(super) fn inline(close_on_suspend: bool) -> LoopConfig {
    LoopConfig { inline: true, close_on_suspend, ..LoopConfig::new(&LoopOptions::default()).unwrap() }
}

/// An engine, and a server that accepts no connection itself: the operating system completes the connections.
struct Harness {
    engine: Engine,
    counter: Arc<Counter>,
    server: TcpListener,
    sockets: Vec<Arc<SocketShared>>,
}

impl Harness {
    fn new() -> Harness {
        Harness::with_close_on_suspend(false)
    }

    fn with_close_on_suspend(closes_on_suspend: bool) -> Harness {
        let counter = Arc::<Counter>::default();
        let log = Log::new(EGRET_WS_LOG_DEBUG, Some(Arc::new(Lines(Arc::clone(&counter)))));
        let engine =
            Engine::new(Arc::new(log), &inline(closes_on_suspend), Duration::ZERO, HostParts::default()).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        Harness { engine, counter, server, sockets: Vec::new() }
    }

    fn socket(&mut self) -> Arc<SocketShared> {
        let key = self.sockets.len();
        let socket = Arc::new(SocketShared::new(
            key,
            key + 1,
            SendQueue::new(100, 100, zero_keys()),
            1000,
            crate::engine::Wants::default(),
        ));
        self.sockets.push(Arc::clone(&socket));
        socket
    }

    fn connect_with(&mut self, set: impl Fn(&mut ConnectConfig)) -> Result<(), Error> {
        let mut config = config(&format!("ws://{}/", self.server.local_addr().unwrap()));
        set(&mut config);
        let socket = self.socket();
        self.engine.shared().push_connect(socket, Box::new(config))
    }

    fn connect(&mut self, count: usize) {
        for _ in 0..count {
            // Longer than the test.
            self.connect_with(|config| {
                config.limits.open = Duration::from_secs(1000);
                config.limits.connect = config.limits.open;
                config.limits.handshake = config.limits.open;
            })
            .unwrap();
        }
    }

    /// Runs a pass that has no time.
    fn pass(&mut self) {
        self.engine.limit = Duration::ZERO;
        self.engine.run_pass(Some(Duration::ZERO)).unwrap();
    }

    /// Runs a pass that has time for all work.
    fn long_pass(&mut self) {
        self.engine.limit = Duration::from_secs(1000);
        self.engine.run_pass(Some(Duration::ZERO)).unwrap();
    }

    /// Runs passes until the engine only waits.
    fn run_until_idle(&mut self) -> usize {
        let mut passes = 0;
        while self.engine.time_to_next_pass() == Some(Duration::ZERO) {
            self.pass();
            passes += 1;
            assert!(passes < 100_000);
        }
        passes
    }

    /// Lets the server accept the next connection.
    fn accept(&mut self) -> TcpStream {
        let mut peer = self.server.accept().unwrap().0;
        self.long_pass(); // this writes the request
        let mut request = [0; 1000];
        let count = peer.read(&mut request).unwrap();
        let request = str::from_utf8(&request[..count]).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
        write!(peer, "{answer}Sec-WebSocket-Accept: {accept}\r\n\r\n").unwrap();
        peer
    }

    fn has_ended(&self, socket: &SocketShared) -> bool {
        socket.send_queue.lock().gate().is_closing()
    }

    fn push_loop_request(&self, request: LoopRequest) {
        self.engine.shared().push_loop_request(request).unwrap();
    }

    /// Takes the published events.
    fn take_events(&mut self) -> Vec<EventKind> {
        self.engine.publish();
        let mut batch = Box::default();
        self.engine.shared().take_events(&mut batch);
        batch.events().iter().map(|event| event.what).collect()
    }
}

const SOCKETS: usize = 60;

//! One pass does a bounded amount of work, whatever the requests are. The passes here have no time, so they do one item of each kind
//! of work: tests count the work and do not depend on the clock.

use super::*;
use crate::config::{ConnectConfig, RetryOptions};
use crate::connection::outbox::{Outbox, no_entropy};
use crate::connection::tests::lab::config;
use crate::constants::EGRET_WS_LOG_DEBUG;
use crate::error::Error;
use crate::limited_memory;
use crate::log::Sink;
use crate::protocol::message::{MessageKind, Payload};
use batch::EventKind;
use clock::Gap;
use parking_lot::Mutex;
use rounds::Task;
use socket_shared::MAX_UNDISPATCHED;
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::ffi::CStr;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Counts the log lines of the engine, and runs a function at one of them.
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
    /// The number of lines of each socket that begin with this text.
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

    /// The number of TCP connections that were begun.
    fn dials(&self) -> usize {
        self.count("connecting to 127.0.0.1:")
    }

    fn restarts(&self) -> HashMap<usize, usize> {
        self.lines.lock().retain(|(_, text)| !text.starts_with("connecting to ws:") || text.ends_with("anew"));
        self.of_each("connecting to ws:")
    }
}

/// An engine, and a server that accepts no connection itself: the operating system completes them.
struct Lab {
    engine: Engine,
    counter: Arc<Counter>,
    server: TcpListener,
    sockets: Vec<Arc<SocketShared>>,
}

impl Lab {
    fn new() -> Lab {
        Lab::that(false)
    }

    fn that(closes_on_suspend: bool) -> Lab {
        let counter = Arc::<Counter>::default();
        let log = Log::new(EGRET_WS_LOG_DEBUG, Some(Box::new(Lines(Arc::clone(&counter)))));
        let engine = Engine::new(Arc::new(log), true, closes_on_suspend, Duration::ZERO).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        Lab { engine, counter, server, sockets: Vec::new() }
    }

    fn socket(&mut self) -> Arc<SocketShared> {
        let key = self.sockets.len();
        let socket = Arc::new(SocketShared::new(key, key + 1, Outbox::new(100, 100, no_entropy()), 1000));
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

    /// A pass that has no time.
    fn pass(&mut self) {
        self.engine.limit = Duration::ZERO;
        self.engine.run_pass(Some(Duration::ZERO)).unwrap();
    }

    /// A pass that has time for everything.
    fn long_pass(&mut self) {
        self.engine.limit = Duration::from_secs(1000);
        self.engine.run_pass(Some(Duration::ZERO)).unwrap();
    }

    /// Runs passes until only waiting is left.
    fn rest(&mut self) -> usize {
        let mut passes = 0;
        while self.engine.time_to_next_pass() == Some(Duration::ZERO) {
            self.pass();
            passes += 1;
            assert!(passes < 100_000);
        }
        passes
    }

    /// The server takes the next connection.
    fn accept(&mut self) -> TcpStream {
        let mut peer = self.server.accept().unwrap().0;
        self.long_pass(); // the request is written
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
        socket.outbox.lock().is_sealed()
    }

    fn push_loop_request(&self, request: LoopRequest) {
        self.engine.shared().push_loop_request(request).unwrap();
    }

    /// Takes the events of these sockets.
    fn told(&mut self) -> Vec<EventKind> {
        self.engine.publish();
        let mut batch = Box::default();
        self.engine.shared().take_events(&mut batch);
        batch.events().iter().map(|event| event.what).collect()
    }
}

const MANY: usize = 60;

#[test]
fn passes_without_time_begin_few_connections() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    let mut before = 0;
    while before < MANY {
        lab.pass();
        let dials = lab.counter.dials();
        assert!((before + 1..=before + 2).contains(&dials), "{dials} after {before}: one before the sleep, one after");
        before = dials;
    }
    lab.rest();
    assert_eq!(lab.counter.dials(), MANY);
}

#[test]
fn passes_with_time_begin_all_connections() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.long_pass();
    assert_eq!(lab.counter.dials(), MANY);
}

#[test]
fn closed_and_freed_sockets_are_not_dialled() {
    let mut lab = Lab::new();
    lab.connect(3 * MANY);
    for (at, socket) in lab.sockets.iter().enumerate() {
        match at % 3 {
            0 => assert!(socket.free()),
            1 => assert!(socket.outbox.lock().end(b"")),
            _ => {}
        }
    }
    lab.rest();
    assert_eq!(lab.counter.dials(), MANY);
    let closed = lab.told().iter().filter(|what| matches!(what, EventKind::Closed { .. })).count();
    assert_eq!(closed, 2 * MANY, "each has its end");
}

#[test]
fn connect_calls_that_wait_are_bounded() {
    let mut lab = Lab::new();
    for _ in 0..command_queue::MAX_PENDING_CONNECTS {
        assert_eq!(lab.connect_with(|_| {}), Ok(()));
    }
    for _ in 0..10 {
        assert_eq!(lab.connect_with(|_| {}), Err(Error::NoResources));
    }
    lab.sockets.iter().for_each(|socket| assert!(socket.free()));
    lab.long_pass();
    assert_eq!(lab.connect_with(|_| {}), Ok(()), "none waits any more");
}

#[test]
fn repeated_requests_are_queued_once_for_each_socket() {
    let mut lab = Lab::new();
    lab.connect(2);
    lab.rest();
    for _ in 0..1000 {
        for socket in &lab.sockets {
            for ask in [
                SocketRequest::Flush,
                SocketRequest::Read,
                SocketRequest::ContinueRetry,
                SocketRequest::RetryNow,
                SocketRequest::Ping,
                SocketRequest::Close,
                SocketRequest::Free,
            ] {
                lab.engine.shared().push_socket_request(socket, ask).unwrap();
            }
        }
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.push_loop_request(LoopRequest::Resume);
    }
    assert_eq!(lab.engine.shared().queued(), 2);
    lab.rest();
    assert_eq!(lab.engine.live, 0);
}

#[test]
fn thousand_network_changes_restart_each_connection_once() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    for request in [LoopRequest::NetworkChanged, LoopRequest::Resume].into_iter().cycle().take(1000) {
        lab.push_loop_request(request);
    }
    let passes = lab.rest();
    assert!(passes >= MANY, "{passes} passes: one connection each");
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == MANY && restarts.values().all(|count| *count == 1), "{restarts:?}");
}

#[test]
fn endless_network_changes_reach_each_connection() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    for _ in 0..4 * MANY {
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.pass();
    }
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == MANY && restarts.values().all(|count| (3..=8).contains(count)), "{restarts:?}");
}

#[test]
fn network_changes_do_not_restart_later_connections() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    lab.push_loop_request(LoopRequest::NetworkChanged);
    lab.pass();
    lab.connect(1);
    lab.rest();
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == MANY && !restarts.contains_key(&(MANY + 1)), "{restarts:?}");
}

#[test]
fn a_suspend_closes_what_was_made_before_it_and_nothing_else() {
    let mut lab = Lab::that(true);
    lab.connect(MANY);
    lab.push_loop_request(LoopRequest::Suspend);
    lab.connect(1);
    lab.pass();
    lab.connect(1);
    lab.rest();
    let open: Vec<_> = lab.sockets.iter().filter(|socket| !lab.has_ended(socket)).map(|socket| socket.key).collect();
    assert_eq!(open, [MANY, MANY + 1]);
}

/// The tries of a lab: one, and then none that comes by itself.
const RARELY: RetryOptions = RetryOptions {
    attempts: u32::MAX,
    floor: Duration::from_secs(1000),
    first: Duration::from_secs(1000),
    ceiling: Duration::from_secs(1000),
    total: None,
    resend: false,
};

#[test]
fn a_try_that_is_asked_for_after_a_suspend_is_not_abandoned_by_it() {
    let mut lab = Lab::that(true);
    for _ in 0..3 {
        lab.connect_with(|config| config.retry = Some(RARELY)).unwrap();
    }
    lab.rest();
    (0..3).for_each(|_| drop(lab.server.accept().unwrap()));
    while lab.counter.count("lost: ") < 3 {
        lab.pass();
    }
    lab.push_loop_request(LoopRequest::Suspend);
    for socket in &lab.sockets {
        lab.engine.shared().push_socket_request(socket, SocketRequest::RetryNow).unwrap();
    }
    lab.rest();
    assert_eq!((lab.counter.count("lost: abandoned"), lab.counter.dials()), (0, 6));
}

#[test]
fn a_retry_that_is_requested_before_and_after_a_suspend_runs_after_it() {
    for suspends in [true, false] {
        let mut lab = Lab::that(true);
        for _ in 0..3 {
            lab.connect_with(|config| config.retry = Some(RARELY)).unwrap();
        }
        lab.rest();
        (0..3).for_each(|_| drop(lab.server.accept().unwrap()));
        while lab.counter.count("lost: ") < 3 {
            lab.pass();
        }
        let retry_now = |lab: &Lab| {
            lab.sockets.iter().for_each(|socket| lab.engine.shared().push_retry_now(socket).unwrap());
        };
        retry_now(&lab);
        if suspends {
            lab.push_loop_request(LoopRequest::Suspend);
        }
        retry_now(&lab);
        lab.rest();
        let expected = if suspends { (3, 9) } else { (0, 6) };
        assert_eq!((lab.counter.count("lost: abandoned"), lab.counter.dials()), expected, "suspends: {suspends}");
    }
}

/// Pings were sent before this process was stopped; it runs again, and its host says so.
#[test]
fn a_resume_gives_the_peers_time_to_answer_when_nothing_ran_for_a_while() {
    let wait = Duration::from_secs(1);
    for resumes_first in [true, false] {
        let mut lab = Lab::new();
        for _ in 0..3 {
            lab.connect_with(|config| {
                config.heartbeat.timeout = Some(wait);
                config.heartbeat.probe = Some(Duration::from_secs(1000));
            })
            .unwrap();
        }
        lab.rest();
        let _peers: Vec<_> = (0..3).map(|_| lab.accept()).collect();
        while lab.counter.count("connected") < 3 {
            lab.pass();
        }
        for socket in &lab.sockets {
            lab.engine.shared().push_socket_request(socket, SocketRequest::Ping).unwrap();
        }
        lab.engine.limit = Duration::from_secs(1000);
        lab.engine.run_commands();
        std::thread::sleep(wait + wait / 10); // the time of the answers is over
        let slept = Task::Slept(Gap::Process);
        for task in if resumes_first { [Task::Probe(None), slept] } else { [slept, Task::Probe(None)] } {
            lab.engine.begin_round(task);
        }
        lab.rest();
        assert_eq!((lab.counter.count("closed: "), lab.engine.live), (0, 3), "{resumes_first}");
    }
}

#[test]
fn changes_that_do_not_end_do_not_hold_the_deadlines_after_a_gap() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    lab.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    lab.engine.begin_round(Task::Slept(Gap::Process));
    let mut passes = 0;
    while lab.engine.live > MANY || passes == 0 {
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.pass();
        passes += 1;
        assert!(passes < 4 * MANY, "it does not expire");
    }
}

/// A round takes over where another has come to, and the table grows meanwhile.
#[test]
fn a_round_reaches_each_connection_also_if_others_are_made_meanwhile() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    lab.push_loop_request(LoopRequest::NetworkChanged);
    for _ in 0..MANY / 2 {
        lab.pass();
    }
    lab.push_loop_request(LoopRequest::NetworkChanged);
    lab.pass();
    let before = lab.counter.restarts();
    lab.connect(MANY);
    lab.rest();
    let restarts = lab.counter.restarts();
    let twice = restarts.values().filter(|count| **count == 2).count();
    assert_eq!((restarts.len(), twice + 1), (MANY, before.len()), "all for the second change, some for the first too");
}

#[test]
fn a_resume_that_overtakes_a_suspend_closes_no_more() {
    let mut lab = Lab::that(true);
    lab.connect(MANY);
    lab.rest();
    lab.push_loop_request(LoopRequest::Suspend);
    lab.push_loop_request(LoopRequest::Resume);
    lab.rest();
    assert!(lab.sockets.iter().all(|socket| !lab.has_ended(socket)));
    assert_eq!(lab.counter.restarts().len(), MANY, "and each is probed");
}

#[test]
fn freeing_the_loop_overtakes_what_is_queued() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.engine.shared().push_stop(Duration::ZERO).unwrap();
    lab.pass();
    assert!(lab.engine.is_stopped());
    assert_eq!(lab.counter.dials(), 0);
    lab.engine.end();
    assert_eq!(lab.told().len(), MANY, "each has its end");
    assert_eq!(lab.connect_with(|_| {}), Err(Error::BadHandle));
}

#[test]
fn freeing_the_loop_interrupts_a_pass() {
    // During dialling, then during a round.
    for beginning in ["connecting to ws:", "connecting to 127.0.0.1:"] {
        let mut lab = Lab::new();
        lab.connect(MANY);
        if beginning.starts_with("connecting to 1") {
            lab.rest();
            lab.push_loop_request(LoopRequest::NetworkChanged);
        }
        let before = lab.counter.dials();
        // Weak: the engine owns its log, and the log owns this function.
        let shared = Arc::downgrade(lab.engine.shared());
        let mut left = 10;
        *lab.counter.at_line.lock() = Some(Box::new(move |text| {
            left -= i32::from(text.starts_with(beginning));
            if left == 0 {
                shared.upgrade().unwrap().push_stop(Duration::ZERO).unwrap();
            }
        }));
        let mut passes = 0;
        while !lab.engine.is_stopped() {
            lab.long_pass();
            passes += 1;
        }
        assert!(passes <= 3, "{passes}");
        let dials = lab.counter.dials() - before;
        assert!((9..=11).contains(&dials), "{beginning}: {dials}");
    }
}

#[test]
fn freeing_the_loop_does_not_read_what_its_time_is_too_short_for() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    lab.rest();
    let mut peers = Vec::new();
    for _ in 0..MANY {
        let mut peer = lab.accept();
        // More than the receive queue takes.
        peer.write_all(&b"\x82\x0aten bytes.".repeat(200)).unwrap();
        peers.push(peer);
    }
    let received = |lab: &Lab| lab.sockets.iter().map(|socket| socket.counters().messages).collect::<Vec<_>>();
    while received(&lab).iter().any(|count| *count < 20) {
        lab.pass();
    }
    let before = received(&lab);
    assert!(before.iter().all(|count| *count < 100), "the queues are full: {before:?}");
    lab.engine.shared().push_stop(Duration::ZERO).unwrap();
    lab.pass();
    assert!(lab.engine.is_stopped());
    let read = received(&lab).iter().zip(before).filter(|(after, before)| *after > before).count();
    assert!(read <= 1, "{read} were read again");
}

#[test]
fn connections_that_are_ready_have_their_turns_in_order() {
    let mut lab = Lab::new();
    lab.connect(MANY);
    let mut peers = Vec::new();
    while peers.len() < MANY {
        lab.pass();
        lab.rest();
        peers.push(lab.server.accept().unwrap().0);
    }
    for run_queue in 0..3 {
        // On loopback the system delivers it at once.
        peers.iter_mut().for_each(|peer| peer.write_all(if run_queue == 0 { b"H" } else { b"T" }).unwrap());
        lab.pass();
        let order = lab.engine.run_queue.clone();
        assert_eq!(order.len(), MANY - 1, "the first had its turn");
        for key in &order {
            assert_eq!(lab.engine.run_queue.first(), Some(key));
            lab.pass();
        }
        assert!(lab.engine.run_queue.is_empty());
    }
}

#[test]
fn deadlines_that_pass_together_are_served_one_after_the_other() {
    let mut lab = Lab::new();
    for _ in 0..MANY {
        lab.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    }
    lab.engine.limit = Duration::from_secs(1000);
    lab.engine.run_commands();
    let mut closed = 0;
    while closed < MANY {
        lab.pass();
        let now = lab.told().len();
        assert!(now <= 1, "{now} in one pass");
        closed += now;
    }
}

#[test]
fn tries_wait_while_the_host_does_not_dispatch() {
    let mut lab = Lab::new();
    // A port that is bound, but does not listen.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let nobody = socket.local_addr().unwrap().as_socket().unwrap();
    let at_once = Duration::from_micros(1);
    let socket = lab.socket();
    let mut config = config(&format!("ws://{nobody}/"));
    config.retry = Some(RetryOptions {
        attempts: u32::MAX,
        floor: at_once,
        first: at_once,
        ceiling: at_once,
        total: None,
        resend: false,
    });
    lab.engine.shared().push_connect(Arc::clone(&socket), Box::new(config)).unwrap();
    let mut retries = 0;
    for round in 1..4 {
        // These passes sleep as long as a try is due later.
        while lab.engine.time_to_next_pass().is_some() {
            lab.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        while !socket.must_hold_retry() {
            lab.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        retries += lab.told().len();
        assert_eq!(retries, round * MAX_UNDISPATCHED as usize);
        assert_eq!(lab.counter.dials(), retries, "one try each, and none after the last");
        let told: Vec<_> = (0..MAX_UNDISPATCHED).map(|_| socket.event_dispatched()).collect();
        assert_eq!(told.iter().filter(|told| **told).count(), 1);
        lab.engine.shared().push_socket_request(&socket, SocketRequest::ContinueRetry).unwrap();
    }
}

/// A host that waits for the descriptor learns by [`Engine::time_to_next_pass`] alone that it is to poll.
#[test]
fn events_that_could_not_be_published_are_a_reason_for_a_turn() {
    let mut lab = Lab::new();
    let mut batch = Box::default();
    for expected in [Published::All, Published::Later] {
        lab.engine.batch.message(0, MessageKind::Binary, Payload::InPlace(&[b'x'; 20_000])).unwrap();
        assert_eq!(limited_memory::with_largest(30_000, || lab.engine.publish()), expected);
    }
    assert!(lab.engine.shared().take_events(&mut batch), "the host takes the first");
    assert_eq!(lab.engine.time_to_next_pass(), Some(Duration::ZERO));
    lab.pass();
    assert!(lab.engine.shared().take_events(&mut batch) && batch.events().len() == 1);
    assert_eq!(lab.engine.time_to_next_pass(), None);
}

#[test]
fn memory_of_a_burst_is_freed() {
    const BURST: usize = 5000;
    let mut lab = Lab::new();
    lab.connect(BURST);
    lab.sockets.iter().skip(1).for_each(|socket| assert!(socket.free()));
    lab.long_pass();
    for _ in 0..2 {
        lab.long_pass();
        lab.told();
    }
    assert_eq!(lab.engine.live, 1);
    assert!(lab.engine.entries.capacity() < BURST / 4, "{}", lab.engine.entries.capacity());
    assert!(lab.engine.batch.kept_memory() <= 3 << 20);
}

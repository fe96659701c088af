//! A simulation of one connection: a network that the test controls, a clock that the test advances, and a host.

mod network;
mod recorder;

use super::super::connect_info::ConnectInfo;
use super::super::counters::RoundTrip;
use super::super::send_queue::SendQueue;
use super::super::{Answer, Connection, Context, Family, Ports, Prepared, QueryAnswer, QuerySubject, Turn, Unresolved};
use crate::config::url::Url;
use crate::config::{ConnectConfig, HeartbeatOptions, Limits, LoopTls};
use crate::error::Error;
use crate::protocol::handshake::RequestOptions;
use crate::protocol::mask::{self, Entropy};
use crate::protocol::mask::{KeySource, zero_keys};
use crate::protocol::message::MessageKind;
use crate::protocol::ping::PingPayload;
use crate::transport::proxy::Proxies;
use crate::transport::tls;
use network::{FakeNetwork, FakeStream, Wire};
pub use network::{LOCAL_ADDRESS, NO_ROUTE};
use parking_lot::{Mutex, MutexGuard};
use recorder::Recorder;
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const LIMITS: Limits = Limits {
    resolve: Duration::from_millis(800),
    connect: Duration::from_millis(1000),
    proxy: Duration::from_millis(700),
    tls: Duration::from_millis(600),
    open: Duration::from_millis(5000),
    handshake: Duration::from_millis(500),
    flush: Some(Duration::from_millis(3000)),
    close: Some(Duration::from_millis(2000)),
    max_message: 1000,
    max_send_buffer: 2000,
    max_receive_queue: 1000,
    max_refusal_body: 0,
    attempt_delay: Duration::from_millis(250),
};

/// A configuration without proxy, heartbeat or retries.
pub fn config(url: &str) -> ConnectConfig {
    let settings = tls::Settings::plain();
    ConnectConfig {
        target: Url::from_url(url).unwrap(),
        request: RequestOptions::default(),
        proxies: Proxies::Unset,
        loop_tls: LoopTls::Library,
        tls: Arc::new(settings),
        pins: Vec::new(),
        server_name: None,
        resumes_tls: true,
        addresses: Vec::new(),
        local: Arc::default(),
        max_redirects: 0,
        secure_redirects_only: false,
        redirects_to_private: false,
        limits: LIMITS,
        heartbeat: HeartbeatOptions { interval: None, timeout: None, probe: None },
        retry: None,
        asks_host: false,
        has_given_credentials: false,
    }
}

/// A connection with its network, clock and host.
pub struct Simulation {
    connection: Option<Connection<FakeStream>>,
    network: FakeNetwork,
    recorder: Recorder,
    send_queue: Mutex<SendQueue>,
    keys: KeySource,
    buffer: Vec<u8>,
    now: Instant,
    turns: usize,
}

struct FakePorts;

impl Ports for FakePorts {
    type Stream = FakeStream;
    type Network = FakeNetwork;
    type Events = Recorder;
}

type SimContext<'a> = Context<'a, FakePorts>;

impl Simulation {
    /// Makes a simulation without faults.
    pub fn new() -> Simulation {
        Simulation::with_faults(usize::MAX, None)
    }

    /// Makes a simulation in which each read and write has at most `cut` bytes, and the stream fails after this number of
    /// operations.
    pub fn with_faults(cut: usize, operations_until_failure: Option<usize>) -> Simulation {
        Simulation {
            connection: None,
            network: FakeNetwork::new(cut, operations_until_failure),
            recorder: Recorder::default(),
            send_queue: Mutex::new(SendQueue::new(LIMITS.max_message, LIMITS.max_send_buffer, zero_keys())),
            keys: zero_keys(),
            buffer: vec![0; 256],
            now: Instant::now(),
            turns: 0,
        }
    }

    fn context(&mut self) -> SimContext<'_> {
        self.network.now = self.now;
        Context {
            now: self.now,
            buffer: &mut self.buffer,
            network: &mut self.network,
            events: &mut self.recorder,
            send_queue: &self.send_queue,
            keys: &mut self.keys,
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Connection<FakeStream>, &mut SimContext<'_>) -> Turn) {
        let Some(mut connection) = self.connection.take() else { return };
        let mut turn = act(&mut connection, &mut self.context());
        self.recorder.check_in_place(&self.buffer);
        self.turns += 1;
        while turn == Turn::Again {
            self.turns += 1;
            turn = connection.turn(&mut self.context());
            self.recorder.check_in_place(&self.buffer);
        }
        self.connection = Some(connection);
    }

    // The host.

    pub fn begin(&mut self, url: &str) {
        self.begin_with(url, |_| {});
    }

    pub fn begin_with(&mut self, url: &str, change: impl Fn(&mut ConnectConfig)) {
        let mut config = config(url);
        change(&mut config);
        self.connection = Some(Connection::begin(Box::new(config), &mut self.context()));
    }

    pub fn send(&mut self, text: &str) -> Result<(), Error> {
        self.send_queue.lock().push(MessageKind::Text, text.as_bytes())?;
        self.with(|connection, context| connection.flush(context));
        Ok(())
    }

    pub fn close(&mut self, payload: &[u8]) {
        self.send_queue.lock().close_by_host(payload);
        self.with(|connection, context| connection.close(context));
    }

    /// The host has so many undispatched events that the next retry must wait.
    pub fn delay_retries(&mut self) {
        self.recorder.delays_retry = true;
    }

    /// The host has dispatched the events.
    pub fn events_dispatched(&mut self) {
        self.recorder.delays_retry = false;
        self.with(|connection, context| connection.events_dispatched(context));
    }

    pub fn ping(&mut self) {
        self.ping_with(b"");
    }

    pub fn ping_with(&mut self, payload: &[u8]) {
        self.recorder.pings.push_back(PingPayload::new(payload).unwrap());
        self.with(|connection, context| connection.ping(context));
    }

    pub fn retry_now(&mut self) {
        self.with(|connection, context| connection.retry_now(context));
    }

    /// The host answers the question. A void question is not answered.
    pub fn answer_question(&mut self, answer: Answer) {
        if std::mem::take(&mut self.recorder.is_asked) {
            self.with(|connection, context| connection.answered(answer, context));
        }
    }

    /// Returns the number of the question that the host has not answered.
    pub fn question(&self) -> Option<usize> {
        self.recorder.is_asked.then_some(self.recorder.question)
    }

    /// The host gives an answer although there is no question.
    pub fn answer_unasked(&mut self, answer: Answer) {
        assert!(!self.recorder.is_asked);
        self.with(|connection, context| connection.answered(answer, context));
    }

    /// The loop is suspended, and closes its connections.
    pub fn suspend(&mut self) {
        self.network.suspended = true;
        self.with(|connection, context| connection.suspend(context));
    }

    /// The loop is suspended, and its clock is stopped. The test must not advance the clock.
    pub fn suspend_clock(&mut self) {
        self.network.suspended = true;
    }

    /// The loop is resumed, or the machine has another network.
    pub fn probe(&mut self) {
        self.network.suspended = false;
        self.with(|connection, context| connection.probe(context));
    }

    /// The host aborts, and the engine handles the abort.
    pub fn abort(&mut self) {
        self.send_queue.lock().abort();
        self.run_abort();
    }

    /// The engine handles an abort.
    pub fn run_abort(&mut self) {
        self.with(|connection, context| {
            connection.abort(context);
            Turn::Wait
        });
    }

    /// The loop is being freed, with the socket.
    pub fn free_with_loop(&mut self) {
        self.with(|connection, _| {
            connection.lift_deadlines();
            Turn::Wait
        });
        self.free();
    }

    /// The engine handles that the socket was freed.
    pub fn free(&mut self) {
        self.send_queue.lock().close_by_free(b"\x03\xe9");
        self.with(|connection, context| connection.close(context));
        self.turn();
    }

    /// The engine handles a flush.
    pub fn flush(&mut self) {
        self.with(|connection, context| connection.flush(context));
    }

    /// The engine handles a close.
    pub fn run_close(&mut self) {
        self.with(|connection, context| connection.close(context));
    }

    /// The host stops polling, or polls again.
    pub fn set_full(&mut self, full: bool) {
        self.recorder.full = full;
        if !full {
            self.recorder.full_after = None;
            self.turn();
        }
    }

    /// The host stops polling after this number of events.
    pub fn set_full_after(&mut self, events: usize) {
        self.recorder.full_after = Some(events);
    }

    /// The host has undispatched messages, or has dispatched all.
    pub fn set_undispatched(&mut self, undispatched: bool) {
        self.recorder.undispatched = undispatched;
        if !undispatched {
            self.turn();
        }
    }

    // The network and the clock.

    /// After this, addresses of these families have no route.
    pub fn set_without_routes(&mut self, families: &[Family]) {
        self.network.without_routes = families.to_vec();
    }

    /// The resolver returns the IPv6 addresses of NAT64 for an IPv4 address.
    pub fn set_makes_nat64_addresses(&mut self) {
        self.network.makes_nat64_addresses = true;
    }

    /// The name has these IPv4 addresses and no IPv6 ones.
    pub fn resolved(&mut self, addresses: &[&str]) {
        self.resolved_family(Family::V6, Err("no IPv6 address"));
        self.resolved_family(Family::V4, Ok(addresses));
    }

    pub fn resolved_family(&mut self, family: Family, answer: Result<&[&str], &str>) {
        let asked =
            self.network.looked_up.last().and_then(|asked| asked.split_once(' ')).map(|(name, _)| name.to_owned());
        self.resolved_name(&asked.unwrap_or_default(), family, answer);
    }

    /// A look-up has ended, for any name, also for a name of an earlier hop.
    pub fn resolved_name(&mut self, name: &str, family: Family, answer: Result<&[&str], &str>) {
        let parse = |address: &&str| SocketAddr::new(address.parse().unwrap(), 0);
        let failed = |text: &str| Unresolved::io(&io::Error::other(text));
        self.with(|connection, context| {
            let answer = answer.map(|addresses| addresses.iter().map(parse).collect()).map_err(failed);
            connection.resolved(name, family, answer, context)
        });
    }

    /// After this, the host has a hook for these queries.
    pub fn set_hook(&mut self, subject: QuerySubject) {
        self.network.hooks.push(subject);
    }

    /// There is no thread for a hook.
    pub fn lack_threads(&mut self) {
        self.network.lacks_threads = true;
    }

    /// Returns the texts of all queries of hooks so far.
    pub fn queries(&self) -> Vec<&str> {
        self.network.asked.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// Returns whether the connection waits for the answer to the query with this number. The first number is 1.
    pub fn awaits_query(&self, number: u64) -> bool {
        self.network.asked[number as usize - 1].1.strong_count() > 0
    }

    /// The host answers `on_resolve`.
    pub fn host_resolved(&mut self, number: u64, addresses: Option<&[&str]>) {
        let parse = |text: &&str| text.parse().unwrap_or_else(|_| SocketAddr::new(text.parse().unwrap(), 0));
        let addresses = addresses.map(|addresses| addresses.iter().map(parse).collect());
        self.query_answered(number, QueryAnswer::Addresses(addresses));
    }

    /// The host answers a query.
    pub fn query_answered(&mut self, number: u64, answer: QueryAnswer) {
        self.with(|connection, context| connection.query_answered(number, answer, context));
    }

    /// The TLS connector that was requested last was made, or could not be made.
    pub fn prepared(&mut self, made: &Prepared) {
        let Some(settings) = self.network.prepared.last().map(Arc::clone) else { return };
        self.prepared_for(&settings, made);
    }

    /// The TLS connector for these settings was made, or could not be made.
    pub fn prepared_for(&mut self, settings: &tls::Settings, made: &Prepared) {
        self.with(|connection, context| connection.prepared(settings, made.clone(), context));
    }

    /// Sets the result of the last attempt to connect.
    pub fn connect_result(&mut self, outcome: Result<(), ErrorKind>) {
        self.network.wire.borrow_mut().connected = Some(outcome);
        self.turn();
    }

    /// Sets the result of the attempt to connect to an address.
    pub fn connect_result_of(&mut self, address: &str, outcome: Result<(), ErrorKind>) {
        let wanted = |(other, _): &&(SocketAddr, _)| other.to_string() == address;
        self.network.wire =
            Rc::clone(&self.network.wires.iter().rfind(wanted).expect("an attempt with this address was begun").1);
        self.connect_result(outcome);
    }

    pub fn turn(&mut self) {
        self.with(|connection, context| connection.turn(context));
    }

    pub fn advance(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        let mut repeated = 0;
        while let Some(deadline) = self.connection.as_ref().and_then(Connection::deadline).filter(|at| *at <= until) {
            let before = self.now;
            self.now = before.max(deadline);
            self.with(|connection, context| connection.expire(context));
            repeated = if self.now == before { repeated + 1 } else { 0 };
            assert!(repeated < 100, "a deadline that remains in the past would keep the engine busy endlessly");
        }
        self.now = until;
    }

    /// The process did not run for this time, and the engine notices that.
    pub fn sleep(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.with(|connection, context| connection.slept(false, context));
        self.advance(0);
    }

    /// Advances to the next deadline, if there is one.
    pub fn expire(&mut self) {
        let Some(deadline) = self.connection.as_ref().and_then(Connection::deadline) else { return };
        self.now = self.now.max(deadline);
        self.with(|connection, context| connection.expire(context));
    }

    /// Another timer has woken the engine, which calls all connections that may expire now.
    pub fn expire_early(&mut self) {
        let slack = self.connection().slack();
        if self.time_left().is_some_and(|left| left <= slack) {
            self.with(|connection, context| connection.expire(context));
        }
    }

    /// Takes the number of turns since the last call.
    pub fn take_turns(&mut self) -> usize {
        std::mem::take(&mut self.turns)
    }

    /// The host traces frames.
    pub fn trace_frames(&mut self) {
        self.recorder.traces = true;
    }

    /// Uses a read buffer as large as an engine's.
    pub fn use_engine_buffer(&mut self) {
        self.buffer = vec![0; 64 * 1024];
    }

    /// Takes the number of reads of the stream since the last call.
    pub fn take_reads(&mut self) -> usize {
        std::mem::take(&mut self.wire().reads)
    }

    /// Sets all following random numbers.
    pub fn set_random(&mut self, random: u32) {
        self.network.random = random;
    }

    /// After this, masking keys come from `entropy`. Without it they are zero.
    pub fn set_entropy(&mut self, entropy: Entropy) {
        let keys = KeySource::new(Arc::clone(&entropy));
        self.send_queue = Mutex::new(SendQueue::new(LIMITS.max_message, LIMITS.max_send_buffer, keys));
        self.keys = KeySource::new(entropy);
    }

    /// Sets how many bytes the send queue takes, in one message or in many. Call this before the connection is begun.
    pub fn set_send_buffer(&mut self, bytes: usize) {
        self.send_queue = Mutex::new(SendQueue::new(bytes, bytes, zero_keys()));
    }

    /// After this, each address connects at once, and its server sends this. This includes the last address.
    pub fn network_answers(&mut self, answer: &[u8]) {
        self.network.answers = Some(answer.to_vec());
        let mut wire = self.wire();
        wire.connected = Some(Ok(()));
        wire.to_client.extend(answer);
    }

    // The server.

    pub fn wire(&self) -> std::cell::RefMut<'_, Wire> {
        self.network.wire.borrow_mut()
    }

    pub fn server_sends(&mut self, bytes: &[u8]) {
        self.server_has_sent(bytes);
        self.turn();
    }

    /// The server has sent bytes that can be read, but the connection had no turn yet.
    pub fn server_has_sent(&mut self, bytes: &[u8]) {
        self.wire().to_client.extend(bytes);
    }

    /// Limits one read to this many bytes of the server.
    pub fn limit_reads(&mut self, cut: usize) {
        self.wire().cut = cut;
    }

    /// The connection is reset after the client has read all bytes.
    pub fn reset(&mut self) {
        self.wire().operations_until_failure = Some(0);
        self.turn();
    }

    pub fn end_stream(&mut self) {
        self.wire().ended = true;
        self.turn();
    }

    /// Opens a connection, and reports that to the host.
    pub fn open(&mut self) {
        self.open_unreported();
        self.report_open();
    }

    /// A poll reports the opening to the host.
    pub fn report_open(&mut self) {
        let mut send_queue = self.send_queue.lock();
        if send_queue.gate().lags() {
            let _ = send_queue.notify_connect();
        }
    }

    /// Opens a connection.
    pub fn open_unreported(&mut self) {
        self.open_unreported_with(|_| {});
    }

    /// Opens a connection with a changed configuration, and reports that to the host.
    pub fn open_with(&mut self, change: impl Fn(&mut ConnectConfig)) {
        self.open_unreported_with(change);
        self.report_open();
    }

    pub fn open_unreported_with(&mut self, change: impl Fn(&mut ConnectConfig)) {
        self.begin_with("ws://10.0.0.1:80/chat", change);
        self.accept();
    }

    /// The server accepts the connection and the upgrade.
    pub fn accept(&mut self) {
        self.connect_result(Ok(()));
        let answer = self.answer();
        self.server_sends(answer.as_bytes());
    }

    /// Returns the correct response to the request.
    pub fn answer(&mut self) -> String {
        let request = String::from_utf8(std::mem::take(&mut self.wire().from_client)).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or("");
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    // Observations.

    pub fn buffered(&self) -> usize {
        self.send_queue.lock().payload_bytes()
    }

    pub fn send_queue(&self) -> MutexGuard<'_, SendQueue> {
        self.send_queue.lock()
    }

    pub fn connection(&self) -> &Connection<FakeStream> {
        self.connection.as_ref().expect("a connection was begun")
    }

    /// Returns the pongs for the host since the last call.
    pub fn take_pongs(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.recorder.pongs)
    }

    /// Returns the number of pings of the host that do not wait any more.
    pub fn pings_written(&self) -> usize {
        self.recorder.pings_written
    }

    pub fn round_trip(&self) -> RoundTrip {
        self.recorder.round_trip
    }

    /// Returns the time to the next deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.connection().deadline().map(|deadline| deadline.saturating_duration_since(self.now))
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns whether the stream fails after some operations.
    pub fn injects_failure(&self) -> bool {
        self.network.operations_until_failure.is_some()
    }

    pub fn event_count(&self) -> usize {
        self.recorder.events.len()
    }

    pub fn event_at(&self, at: usize) -> String {
        self.recorder.events[at].clone()
    }

    pub fn dialed_so_far(&self) -> usize {
        self.network.wires.len()
    }

    /// Returns the wire of the first, second, … address that was tried.
    pub fn wire_at(&self, at: usize) -> std::cell::RefMut<'_, Wire> {
        self.network.wires[at].1.borrow_mut()
    }

    pub fn events(&self) -> Vec<String> {
        self.recorder.events.clone()
    }

    pub fn dialed(&self) -> Vec<String> {
        self.network.wires.iter().map(|(address, _)| address.to_string()).collect()
    }

    /// Returns the addresses of open streams.
    pub fn open_streams(&self) -> Vec<String> {
        let current = |wire: &Rc<RefCell<Wire>>| usize::from(Rc::ptr_eq(wire, &self.network.wire));
        let held = |(_, wire): &&(SocketAddr, Rc<RefCell<Wire>>)| Rc::strong_count(wire) - current(wire) > 1;
        self.network.wires.iter().filter(held).map(|(address, _)| address.to_string()).collect()
    }

    /// Returns how many times a TLS connector was requested.
    pub fn connector_requests(&self) -> usize {
        self.network.prepared.len()
    }

    pub fn info(&self) -> &ConnectInfo {
        &self.recorder.info
    }

    /// Returns the addresses that were tried, as text.
    pub fn tried(&self) -> String {
        self.info().tried_addresses.to_string()
    }

    /// Returns the message of the report of `closed`.
    /// The hosts that log lines about connections and retries name.
    pub fn hosts(&self) -> &[String] {
        &self.recorder.hosts
    }

    pub fn close_message(&self) -> &str {
        &self.recorder.message
    }

    #[cfg(any(feature = "proxies", feature = "tls"))]
    pub fn warnings(&self) -> &[String] {
        &self.recorder.warnings
    }

    pub fn looked_up(&self) -> &[String] {
        &self.network.looked_up
    }

    /// Returns the frames that the client has written, as text.
    pub fn written(&self) -> Vec<String> {
        let wire = self.wire();
        let mut rest: &[u8] = &wire.from_client;
        let mut frames = Vec::new();
        while let [first, second, ..] = *rest {
            assert_eq!(second & 0x80, 0x80, "the client masks");
            let (len, header) = match second & 0x7f {
                126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 8),
                short => (usize::from(short), 6),
            };
            let Some(payload) = rest.get(header..header + len) else { break };
            let mut payload = payload.to_vec();
            mask::apply(&mut payload, *rest[..header].last_chunk().expect("the key"));
            frames.push(match first {
                0x81 => format!("text {}", String::from_utf8_lossy(&payload)),
                0x82 => format!("binary of {len}"),
                0x88 => format!("close {:x?}", payload),
                0x89 => format!("ping {:x?}", payload),
                0x8a => format!("pong {}", String::from_utf8_lossy(&payload)),
                other => format!("{other:x}"),
            });
            rest = &rest[header + len..];
        }
        frames
    }
}

/// Makes a frame of a server.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(len as u8),
        len => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

//! A world for one connection: a network that does what it is told, and a clock that stands until it is moved.
//!
//! A scenario is played several times: as it is, with every read and write cut to one byte, and with a failure at the
//! first, second, … nth operation of the stream. The first two must come to the same; the last must keep the contract.

use super::super::connect_info::Details;
use super::super::counters::{Counters, RoundTrip};
use super::super::outbox::{Outbox, no_entropy};
use super::super::report::Report;
use super::super::{
    ConnectConfig, Connection, Context, Events, Family, Inquiry, Limits, Network, Prepared, Turn, Unresolved,
};
use crate::config::{HeartbeatOptions, Url};
use crate::error::Error;
use crate::protocol::handshake::RequestOptions;
use crate::protocol::mask::{self, Entropy};
use crate::protocol::message::{MessageKind, Payload};
use crate::transport::Transport;
use crate::transport::proxy::Proxies;
use crate::transport::tls;
use parking_lot::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::collections::VecDeque;
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
    close: Duration::from_millis(2000),
    max_message: 1000,
    max_send_buffer: 2000,
    max_receive_queue: 1000,
};

/// Addresses that begin so cannot be dialed.
pub const NO_ROUTE: &str = "192.0.2.";

/// One TCP connection, seen from the server's side.
#[derive(Default)]
pub struct Wire {
    pub to_client: VecDeque<u8>,
    pub from_client: Vec<u8>,
    /// The server has ended its side.
    pub ended: bool,
    pub client_ended: bool,
    /// Bytes that the system says the peer has not got.
    pub unacked_bytes: Option<usize>,
    connected: Option<Result<(), ErrorKind>>,
    /// How much more the client can write.
    pub room: usize,
    cut: usize,
    reads: usize,
    operations_until_failure: Option<usize>,
}

impl Wire {
    pub fn is_connected(&self) -> bool {
        self.connected.is_some()
    }

    fn operation(&mut self) -> io::Result<()> {
        match &mut self.operations_until_failure {
            Some(0) => Err(ErrorKind::ConnectionReset.into()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

pub struct FakeStream(Rc<RefCell<Wire>>);

impl Transport for FakeStream {
    fn short_read_is_last(&self) -> bool {
        false
    }

    fn note_hangup(&mut self) {}

    fn poll_connected(&mut self) -> io::Result<bool> {
        match self.0.borrow().connected {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(kind)) => Err(kind.into()),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        wire.reads += 1;
        wire.operation()?;
        if wire.to_client.is_empty() {
            return if wire.ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let count = buffer.len().min(wire.cut).min(wire.to_client.len());
        for (byte, read) in buffer.iter_mut().zip(wire.to_client.drain(..count)) {
            *byte = read;
        }
        Ok(count)
    }

    fn read_onto(&mut self, out: &mut Vec<u8>, most: usize, beyond: &mut [u8]) -> Option<io::Result<(usize, usize)>> {
        assert!(most <= out.capacity() - out.len(), "there is room");
        let mut bytes = vec![0; most + beyond.len()];
        Some(self.read(&mut bytes).map(|count| {
            let (payload, more) = bytes[..count].split_at(count.min(most));
            out.extend_from_slice(payload);
            beyond[..more.len()].copy_from_slice(more);
            (payload.len(), more.len())
        }))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        wire.operation()?;
        let count = bytes.len().min(wire.cut).min(wire.room);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        wire.room -= count;
        wire.from_client.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn unacked_bytes(&mut self) -> Option<usize> {
        self.0.borrow().unacked_bytes
    }

    fn end_writing(&mut self) {
        self.0.borrow_mut().client_ended = true;
    }
}

struct FakeNetwork {
    now: Instant,
    random: u32,
    suspended: bool,
    looked_up: Vec<String>,
    prepared: Vec<Arc<tls::Settings>>,
    /// Every address that was dialed.
    wires: Vec<(SocketAddr, Rc<RefCell<Wire>>)>,
    /// The one that is talked over.
    wire: Rc<RefCell<Wire>>,
    cut: usize,
    operations_until_failure: Option<usize>,
    /// Every address connects at once, and its server sends this.
    answers: Option<Vec<u8>>,
}

impl Network for FakeNetwork {
    type Stream = FakeStream;

    fn resolve(&mut self, name: &str, family: Family) -> Inquiry {
        self.looked_up.push(format!("{name} {family:?}"));
        Inquiry::default()
    }

    fn prepare(&mut self, settings: &Arc<tls::Settings>) -> Option<Prepared> {
        self.prepared.push(Arc::clone(settings));
        None
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn random(&mut self) -> u32 {
        self.random
    }

    fn is_suspended(&self) -> bool {
        self.suspended
    }

    fn dial(&mut self, address: SocketAddr) -> io::Result<FakeStream> {
        let (cut, operations_until_failure) = (self.cut, self.operations_until_failure);
        self.wire = Rc::new(RefCell::new(Wire { room: usize::MAX, cut, operations_until_failure, ..Wire::default() }));
        self.wires.push((address, Rc::clone(&self.wire)));
        if let Some(answer) = &self.answers {
            let mut wire = self.wire.borrow_mut();
            wire.connected = Some(Ok(()));
            wire.to_client.extend(answer);
        }
        if address.to_string().starts_with(NO_ROUTE) {
            return Err(ErrorKind::NetworkUnreachable.into());
        }
        Ok(FakeStream(Rc::clone(&self.wire)))
    }
}

#[derive(Default)]
struct Recorder {
    told: Vec<String>,
    /// Where messages of this call lie that were not copied, and what they were.
    in_place: Vec<(usize, Vec<u8>)>,
    full: bool,
    /// The host's queue is full after so many events.
    full_after: Option<usize>,
    behind: bool,
    /// The host has events to dispatch before the next try.
    holds_try: bool,
    info: Details,
    is_open: bool,
    warnings: Vec<String>,
    counters: Counters,
    round_trip: RoundTrip,
}

impl Recorder {
    /// What lies in the read buffer lies there still, and a NUL behind it would hit none of it.
    fn check_in_place(&mut self, buffer: &[u8]) {
        let start = |at: usize| at.wrapping_sub(buffer.as_ptr().addr());
        let mut ends_before = 0;
        for (at, payload) in self.in_place.drain(..).filter(|(at, _)| start(*at) < buffer.len()) {
            assert!(start(at) > ends_before);
            ends_before = start(at) + payload.len();
            assert!(buffer[start(at)..ends_before] == payload);
        }
    }

    /// Details come with what was never open.
    fn note(&mut self, info: Option<Details>) {
        if let Some(info) = info {
            assert!(!self.is_open, "they were told already");
            self.info = info;
        }
        self.is_open = false;
    }
}

fn describe(report: &Report) -> String {
    let Report { error, phase, initiator, code, sent_code, unsent_messages, unsent_bytes, .. } = report;
    let error = error.map_or("OK".into(), |error| format!("{error:?}"));
    let mut line = format!("{error} in {phase:?} by {initiator:?}, got {code}, sent {sent_code}");
    if !report.reason.is_empty() {
        line += &format!(", reason {}", report.reason);
    }
    if *unsent_messages > 0 {
        line += &format!(", unsent {unsent_messages} of {unsent_bytes} bytes");
    }
    if report.http_status != 0 && report.http_status != 101 {
        line += &format!(", status {}", report.http_status);
    }
    line
}

impl Events for Recorder {
    fn connected(&mut self, info: Details) {
        assert_eq!(info.subprotocol, "", "none was offered");
        self.info = info;
        self.is_open = true;
        self.told.push("connected".into());
    }

    fn message(&mut self, kind: MessageKind, body: Payload<'_>) -> usize {
        let len = body.len();
        let payload = match body {
            Payload::InPlace(payload) => {
                self.in_place.push((payload.as_ptr().addr(), payload.to_vec()));
                payload
            }
            Payload::Assembled(payload) => payload,
        };
        self.told.push(match kind {
            MessageKind::Text => format!("text {}", String::from_utf8_lossy(payload)),
            MessageKind::Binary => format!("binary of {}", payload.len()),
        });
        len
    }

    fn closed(&mut self, report: Report, info: Option<Details>) {
        self.note(info);
        self.told.push(format!("closed {}", describe(&report)));
    }

    fn retrying(&mut self, report: Report, info: Option<Details>, attempt: u32, delay: Option<Duration>) {
        self.note(info);
        let delay = delay.map_or("the resume".into(), |delay| format!("{} ms", delay.as_millis()));
        self.told.push(format!("lost {}; try {attempt} after {delay}", describe(&report)));
    }

    fn trying_again(&mut self) {
        self.told.push("trying".into());
    }

    fn drained(&mut self) {
        self.told.push("drained".into());
    }

    fn passed(&mut self, counters: &Counters) {
        self.counters.messages += counters.messages;
        self.counters.bytes += counters.bytes;
        self.counters.wire_in += counters.wire_in;
        self.counters.wire_out += counters.wire_out;
    }

    fn round_trip(&mut self, took: Duration) {
        self.round_trip.add(took);
    }

    fn is_full(&mut self) -> bool {
        self.full || self.full_after.is_some_and(|most| self.told.len() >= most)
    }

    fn holds_try(&mut self) -> bool {
        self.holds_try
    }

    fn is_behind(&mut self) -> bool {
        self.behind
    }

    fn step(&mut self, _: std::fmt::Arguments<'_>) {}

    fn warn(&mut self, what: std::fmt::Arguments<'_>) {
        self.warnings.push(what.to_string());
    }
}

/// A connection to this URL, without proxy, heartbeat or another try.
pub fn config(url: &str) -> ConnectConfig {
    let settings = tls::Settings::plain();
    ConnectConfig {
        target: Url::from_url(url).unwrap(),
        request: RequestOptions::default(),
        proxies: Proxies::None,
        tls: Arc::new(settings),
        pins: Vec::new(),
        server_name: None,
        max_redirects: 0,
        redirects_to_private: false,
        limits: LIMITS,
        heartbeat: HeartbeatOptions { interval: None, timeout: None, probe: None },
        retry: None,
    }
}

/// The connection and its world.
pub struct Lab {
    connection: Option<Connection<FakeStream>>,
    network: FakeNetwork,
    recorder: Recorder,
    outbox: Mutex<Outbox>,
    buffer: Vec<u8>,
    now: Instant,
    turns: usize,
}

type Handed<'a> = Context<'a, FakeNetwork, Recorder>;

impl Lab {
    /// A world where nothing is cut and nothing fails.
    pub fn whole() -> Lab {
        Lab::new(usize::MAX, None)
    }

    fn new(cut: usize, operations_until_failure: Option<usize>) -> Lab {
        Lab {
            connection: None,
            network: FakeNetwork {
                now: Instant::now(),
                random: 0,
                suspended: false,
                looked_up: Vec::new(),
                prepared: Vec::new(),
                wires: Vec::new(),
                wire: Rc::default(),
                cut,
                operations_until_failure,
                answers: None,
            },
            recorder: Recorder::default(),
            outbox: Mutex::new(Outbox::new(LIMITS.max_message, LIMITS.max_send_buffer, no_entropy())),
            buffer: vec![0; 256],
            now: Instant::now(),
            turns: 0,
        }
    }

    /// What a connection is handed with each call.
    fn context(&mut self) -> Handed<'_> {
        self.network.now = self.now;
        Context {
            now: self.now,
            buffer: &mut self.buffer,
            network: &mut self.network,
            events: &mut self.recorder,
            outbox: &self.outbox,
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Connection<FakeStream>, &mut Handed<'_>) -> Turn) {
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

    // What the host does.

    pub fn begin(&mut self, url: &str) {
        self.begin_with(url, |_| {});
    }

    pub fn begin_with(&mut self, url: &str, change: impl Fn(&mut ConnectConfig)) {
        let mut config = config(url);
        change(&mut config);
        self.connection = Some(Connection::begin(Box::new(config), &mut self.context()));
    }

    pub fn send(&mut self, text: &str) -> Result<(), Error> {
        self.outbox.lock().push(MessageKind::Text, text.as_bytes())?;
        self.with(|connection, context| connection.flush(context));
        Ok(())
    }

    pub fn close(&mut self, payload: &[u8]) {
        self.outbox.lock().end(payload);
        self.with(|connection, context| connection.close(context));
    }

    /// The host has so many events to dispatch that the next try must wait.
    pub fn hold_tries(&mut self) {
        self.recorder.holds_try = true;
    }

    /// The host has dispatched them.
    pub fn catch_up(&mut self) {
        self.recorder.holds_try = false;
        self.with(|connection, context| connection.catch_up(context));
    }

    pub fn ping(&mut self) {
        self.with(|connection, context| connection.ping(context));
    }

    pub fn retry_now(&mut self) {
        self.with(|connection, context| connection.retry_now(context));
    }

    /// The loop is suspended, and a suspend closes connections.
    pub fn suspend(&mut self) {
        self.network.suspended = true;
        self.with(|connection, context| connection.suspend(context));
    }

    /// The loop is suspended, and its clock stands still; the test must not advance it.
    pub fn stand_still(&mut self) {
        self.network.suspended = true;
    }

    /// The loop is resumed, or the network is another.
    pub fn probe(&mut self) {
        self.network.suspended = false;
        self.with(|connection, context| connection.probe(context));
    }

    /// What the engine does for a socket that was freed.
    pub fn free(&mut self) {
        self.outbox.lock().forsake(b"\x03\xe9");
        self.with(|connection, context| connection.close(context));
        self.turn();
    }

    /// The engine runs a command that it was sent.
    pub fn flush(&mut self) {
        self.with(|connection, context| connection.flush(context));
    }

    /// The same.
    pub fn run_close(&mut self) {
        self.with(|connection, context| connection.close(context));
    }

    /// The host polls no more, or again.
    pub fn set_full(&mut self, full: bool) {
        self.recorder.full = full;
        if !full {
            self.recorder.full_after = None;
            self.turn();
        }
    }

    /// The host polls no more once it was told so much.
    pub fn set_full_after(&mut self, events: usize) {
        self.recorder.full_after = Some(events);
    }

    /// The host has messages before it, or has dispatched them all.
    pub fn set_behind(&mut self, behind: bool) {
        self.recorder.behind = behind;
        if !behind {
            self.turn();
        }
    }

    // What the network and the clock do.

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

    /// A name that was perhaps asked for long ago.
    pub fn resolved_name(&mut self, name: &str, family: Family, answer: Result<&[&str], &str>) {
        let parse = |address: &&str| SocketAddr::new(address.parse().unwrap(), 0);
        let failed = |text: &str| Unresolved::io(&io::Error::other(text));
        self.with(|connection, context| {
            let answer = answer.map(|addresses| addresses.iter().map(parse).collect()).map_err(failed);
            connection.resolved(name, family, answer, context)
        });
    }

    /// The TLS connector that was asked for last was made, or not.
    pub fn prepared(&mut self, made: &Prepared) {
        let Some(settings) = self.network.prepared.last().map(Arc::clone) else { return };
        self.prepared_for(&settings, made);
    }

    /// The TLS connector for these settings was made, or not.
    pub fn prepared_for(&mut self, settings: &tls::Settings, made: &Prepared) {
        self.with(|connection, context| connection.prepared(settings, made.clone(), context));
    }

    /// What became of the address dialed last.
    pub fn tcp(&mut self, outcome: Result<(), ErrorKind>) {
        self.network.wire.borrow_mut().connected = Some(outcome);
        self.turn();
    }

    /// What became of an address.
    pub fn tcp_to(&mut self, address: &str, outcome: Result<(), ErrorKind>) {
        let wanted = |(other, _): &&(SocketAddr, _)| other.to_string() == address;
        self.network.wire = Rc::clone(&self.network.wires.iter().rfind(wanted).expect("it was dialed").1);
        self.tcp(outcome);
    }

    pub fn turn(&mut self) {
        self.with(|connection, context| connection.turn(context));
    }

    pub fn advance(&mut self, milliseconds: u64) {
        let until = self.now + Duration::from_millis(milliseconds);
        let mut stands = 0;
        while let Some(deadline) = self.connection.as_ref().and_then(Connection::deadline).filter(|at| *at <= until) {
            let before = self.now;
            self.now = before.max(deadline);
            self.with(|connection, context| connection.expire(context));
            stands = if self.now == before { stands + 1 } else { 0 };
            assert!(stands < 100, "a deadline that has passed and stays would keep the engine busy for ever");
        }
        self.now = until;
    }

    /// The process did not run for so long, and the engine finds that it did not.
    pub fn sleep(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.with(|connection, context| connection.slept(false, context));
        self.advance(0);
    }

    /// Goes to the next deadline, if there is one.
    pub fn expire(&mut self) {
        let Some(deadline) = self.connection.as_ref().and_then(Connection::deadline) else { return };
        self.now = self.now.max(deadline);
        self.with(|connection, context| connection.expire(context));
    }

    /// Takes the number of turns since the last call.
    pub fn take_turns(&mut self) -> usize {
        std::mem::take(&mut self.turns)
    }

    /// The read buffer is as large as an engine's.
    pub fn read_much(&mut self) {
        self.buffer = vec![0; 64 * 1024];
    }

    /// Takes the number of reads of the stream since the last call.
    pub fn take_reads(&mut self) -> usize {
        std::mem::take(&mut self.wire().reads)
    }

    /// Every number that is drawn from now on.
    pub fn set_random(&mut self, random: u32) {
        self.network.random = random;
    }

    /// From now on masking keys are what `entropy` gives, not zero.
    pub fn set_entropy(&mut self, entropy: Entropy) {
        self.outbox = Mutex::new(Outbox::new(LIMITS.max_message, LIMITS.max_send_buffer, entropy));
    }

    /// From now on every address connects at once, also the last one, and its server sends this.
    pub fn network_answers(&mut self, answer: &[u8]) {
        self.network.answers = Some(answer.to_vec());
        let mut wire = self.wire();
        wire.connected = Some(Ok(()));
        wire.to_client.extend(answer);
    }

    // What the server does.

    pub fn wire(&self) -> std::cell::RefMut<'_, Wire> {
        self.network.wire.borrow_mut()
    }

    pub fn serve(&mut self, bytes: &[u8]) {
        self.wire().to_client.extend(bytes);
        self.turn();
    }

    /// One read returns at most this many bytes of the server.
    pub fn trickle(&mut self, cut: usize) {
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

    /// Connects all the way, and the host is told.
    pub fn open(&mut self) {
        self.open_untold();
        self.tell();
    }

    /// The poll tells the host that the connection is open.
    pub fn tell(&mut self) {
        self.outbox.lock().open();
    }

    /// Connects all the way.
    pub fn open_untold(&mut self) {
        self.open_untold_with(|_| {});
    }

    /// Connects all the way by another config, and the host is told.
    pub fn open_with(&mut self, change: impl Fn(&mut ConnectConfig)) {
        self.open_untold_with(change);
        self.tell();
    }

    pub fn open_untold_with(&mut self, change: impl Fn(&mut ConnectConfig)) {
        self.begin_with("ws://10.0.0.1:80/chat", change);
        self.accept();
    }

    /// The server takes the connection that is being made.
    pub fn accept(&mut self) {
        self.tcp(Ok(()));
        let answer = self.answer();
        self.serve(answer.as_bytes());
    }

    /// The right answer to the request that came.
    pub fn answer(&mut self) -> String {
        let request = String::from_utf8(std::mem::take(&mut self.wire().from_client)).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or("");
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    }

    // What is to be seen.

    pub fn buffered(&self) -> usize {
        self.outbox.lock().payload_bytes()
    }

    pub fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock()
    }

    pub fn connection(&self) -> &Connection<FakeStream> {
        self.connection.as_ref().expect("it has begun")
    }

    pub fn round_trip(&self) -> RoundTrip {
        self.recorder.round_trip
    }

    /// How long until the next deadline.
    pub fn wait(&self) -> Option<Duration> {
        self.connection().deadline().map(|deadline| deadline.saturating_duration_since(self.now))
    }

    pub fn now(&self) -> Instant {
        self.now
    }

    /// Is this the play of a failure?
    pub fn fails(&self) -> bool {
        self.network.operations_until_failure.is_some()
    }

    pub fn told_so_far(&self) -> usize {
        self.recorder.told.len()
    }

    pub fn told_at(&self, at: usize) -> String {
        self.recorder.told[at].clone()
    }

    pub fn dialed_so_far(&self) -> usize {
        self.network.wires.len()
    }

    /// Of the address that was dialed as the first, second, …
    pub fn wire_at(&self, at: usize) -> std::cell::RefMut<'_, Wire> {
        self.network.wires[at].1.borrow_mut()
    }

    pub fn told(&self) -> Vec<String> {
        self.recorder.told.clone()
    }

    pub fn dialed(&self) -> Vec<String> {
        self.network.wires.iter().map(|(address, _)| address.to_string()).collect()
    }

    /// Addresses whose stream is still there.
    pub fn held(&self) -> Vec<String> {
        let current = |wire: &Rc<RefCell<Wire>>| usize::from(Rc::ptr_eq(wire, &self.network.wire));
        let held = |(_, wire): &&(SocketAddr, Rc<RefCell<Wire>>)| Rc::strong_count(wire) - current(wire) > 1;
        self.network.wires.iter().filter(held).map(|(address, _)| address.to_string()).collect()
    }

    /// How often a TLS connector was asked for.
    pub fn asked_for_connector(&self) -> usize {
        self.network.prepared.len()
    }

    pub fn info(&self) -> &Details {
        &self.recorder.info
    }

    pub fn warnings(&self) -> &[String] {
        &self.recorder.warnings
    }

    pub fn looked_up(&self) -> &[String] {
        &self.network.looked_up
    }

    /// The frames that the client wrote, in words.
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

/// A frame as a server sends it.
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

/// Plays a scenario in every way; as it is and cut to bytes it must come to `expected`.
pub fn play(scenario: impl Fn(&mut Lab), expected: &[&str]) {
    let run = |cut, failure| {
        let mut lab = Lab::new(cut, failure);
        scenario(&mut lab);
        lab
    };
    let whole = run(usize::MAX, None).told();
    assert_eq!(whole, expected);
    assert_eq!(run(1, None).told(), expected, "cut to bytes");
    for cut in [usize::MAX, 1] {
        // The first operations one by one, then ever fewer: a cut scenario has tens of thousands.
        let operations = (0..100).chain((0..).map_while(|n| 100usize.checked_add(n * n * n)));
        for operation in operations {
            let mut lab = run(cut, Some(operation));
            let failed = lab.wire().operations_until_failure == Some(0);
            lab.end_stream();
            lab.set_full(false);
            lab.advance(3_600_000);
            keeps_the_contract(&lab.told(), &whole, operation);
            if !failed {
                break;
            }
        }
    }
}

/// As it is and cut to bytes, for what fails otherwise where it fails elsewhere: a lost connection may be tried again.
pub fn play_whole(scenario: impl Fn(&mut Lab), expected: &[&str]) {
    for cut in [usize::MAX, 1] {
        let mut lab = Lab::new(cut, None);
        scenario(&mut lab);
        assert_eq!(lab.told(), expected, "cut to {cut}");
    }
}

/// At most one `connected`, then messages that are the first of those of the whole run, then one `closed`, and no more.
fn keeps_the_contract(told: &[String], whole: &[String], operation: usize) {
    let (closed, before) = told.split_last().expect("at least the end is told");
    assert!(closed.starts_with("closed"), "failure at {operation}: {told:?}");
    for (told, expected) in before.iter().zip(whole) {
        assert_eq!(told, expected, "failure at {operation}");
    }
    assert!(before.len() <= whole.len() && !before.iter().any(|told| told.starts_with("closed")), "{told:?}");
}

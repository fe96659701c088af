//! An echo server that numbers its connections, sends each connection its number, and records the messages of each.

use crate::WAIT_LIMIT;
use crate::deflate::codec::Inflater;
use crate::deflate::server::{BARE, read_frame};
use crate::fingerprint::Fingerprint;
use crate::frame::{BINARY, CLOSE, Frame, PING, TEXT};
use crate::scripted_server::Request;
use parking_lot::Mutex;
use socket2::{Domain, Socket, Type};
use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// The header of the response that contains the number of the connection.
pub const NUMBER: &str = "X-Connection";
const MAX_MESSAGE: usize = 131_072;

/// The behaviour of the server.
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub echoes: bool,
    pub deflates: bool,
    /// The number of messages after which it closes a connection with 1012 (service restart), by the number of the connection.
    /// `None`: never.
    pub leaves: fn(u64) -> Option<usize>,
}

pub const ECHOING: Behaviour = Behaviour { echoes: true, deflates: true, leaves: |_| None };

/// The record of a connection.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub messages: Vec<Fingerprint>,
    /// The code in the Close frame of the client. 1005 if it had none.
    pub closed: Option<u16>,
    /// The connection has ended.
    pub ended: bool,
}

pub struct Server {
    port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    manners: Behaviour,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The numbers of connections that were accepted, that were upgraded, and that are open.
    accepted: u64,
    upgraded: u64,
    live: usize,
    seen: HashMap<u64, Seen>,
    wrong: bool,
    over: bool,
}

impl Server {
    pub fn start(manners: Behaviour) -> Server {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        // All clients may connect at one time.
        listener.listen(1024).expect("to listen");
        let listener = TcpListener::from(listener);
        let port = listener.local_addr().expect("a bound listener").port();
        let shared = Arc::new(Shared { manners, state: Mutex::default() });
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Server { port, shared, thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the number of upgraded connections.
    pub fn upgraded(&self) -> u64 {
        self.shared.state.lock().upgraded
    }

    /// Returns the record of a connection, unless it was taken.
    pub fn seen(&self, number: u64) -> Option<Seen> {
        self.shared.state.lock().seen.get(&number).cloned()
    }

    /// Takes the record of a connection that has ended. `None`: it has not yet ended.
    pub fn take_ended(&self, number: u64) -> Option<Seen> {
        let mut state = self.shared.state.lock();
        if state.seen.get(&number).is_some_and(|seen| !seen.ended) {
            return None;
        }
        Some(state.seen.remove(&number).unwrap_or_default())
    }

    /// Takes all remaining records.
    pub fn take_rest(&self) -> Vec<Seen> {
        self.shared.state.lock().seen.drain().map(|(_, seen)| seen).collect()
    }

    /// Waits until every connection has ended.
    #[track_caller]
    pub fn wait_idle(&self) {
        let deadline = Instant::now() + WAIT_LIMIT;
        while self.shared.state.lock().live > 0 {
            assert!(Instant::now() < deadline, "connections of the server do not end");
            thread::yield_now();
        }
        assert!(!self.shared.state.lock().wrong, "a connection of the server panicked");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.state.lock().over = true;
        // This wakes the thread that accepts connections.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !thread::panicking() {
            self.wait_idle();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().expect("a connection");
        let mut state = shared.state.lock();
        if state.over {
            return;
        }
        state.live += 1;
        state.accepted += 1;
        let number = state.accepted;
        drop(state);
        let shared = Arc::clone(shared);
        let serve = move || {
            let served = catch_unwind(AssertUnwindSafe(|| serve(number, stream, &shared)));
            let mut state = shared.state.lock();
            state.wrong |= served.is_err();
            state.live -= 1;
            match state.seen.get_mut(&number) {
                Some(seen) if !seen.messages.is_empty() || seen.closed.is_some() => seen.ended = true,
                _ => _ = state.seen.remove(&number),
            }
        };
        thread::Builder::new().stack_size(256 * 1024).spawn(serve).expect("a thread");
    }
}

/// Serves a connection. An error means that it has ended.
fn serve(number: u64, stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(&stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let request = Request::read(&mut head.as_slice());
    let deflates = shared.manners.deflates && request.get("Sec-WebSocket-Extensions").is_some();
    let answer = request.answer();
    let answer = answer.strip_suffix("\r\n").expect("an empty line");
    let extension = if deflates { format!("Sec-WebSocket-Extensions: {BARE}\r\n") } else { String::new() };
    {
        let mut state = shared.state.lock();
        state.upgraded += 1;
        state.seen.insert(number, Seen::default());
    }
    (&stream).write_all(format!("{answer}{NUMBER}: {number}\r\n{extension}\r\n").as_bytes())?;
    let note = |note: &dyn Fn(&mut Seen)| {
        shared.state.lock().seen.get_mut(&number).map(note);
    };

    let mut inflater = Inflater::default();
    let mut left = (shared.manners.leaves)(number);
    let mut is_leaving = false;
    loop {
        let frame = read_frame(&mut input)?;
        match frame.opcode {
            TEXT | BINARY => {
                let is_deflated = frame.rsv & 4 != 0;
                assert!(deflates || !is_deflated, "RSV1 is set although compression was not agreed on");
                let payload = match is_deflated {
                    true => inflater.message(&frame.payload, MAX_MESSAGE).expect("a deflated message"),
                    false => frame.payload,
                };
                let fingerprint = Fingerprint::of(frame.opcode, &payload);
                note(&|seen| seen.messages.push(fingerprint));
                if shared.manners.echoes && !is_leaving {
                    (&stream).write_all(&Frame::new(frame.opcode, payload).bytes())?;
                }
                left = left.map(|left| left.saturating_sub(1));
                if left == Some(0) && !is_leaving {
                    is_leaving = true;
                    (&stream).write_all(&Frame::close(1012, "").bytes())?;
                }
            }
            PING => (&stream).write_all(&Frame::pong(frame.payload).bytes())?,
            CLOSE => {
                let code = frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                note(&|seen| seen.closed = Some(code));
                if !is_leaving {
                    (&stream).write_all(&Frame::new(CLOSE, frame.payload).bytes())?;
                }
                stream.shutdown(Shutdown::Write)?;
                let mut after = Vec::new();
                input.read_to_end(&mut after)?;
                assert_eq!(after, [], "bytes after a Close frame with {code}, leaving: {is_leaving}");
                return Ok(());
            }
            _ => {}
        }
    }
}

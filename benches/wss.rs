//! Measures wss: the cost of a message, with one in flight, and of a connection, compared with tungstenite and native-tls. The
//! limit: the library with the inline driver takes no more time than blocking tungstenite.
//!
//! The two clients alternate on the core of the server, because the time to wake another core would hide all differences. The CPU
//! time is the time of the client's thread. Each client makes its TLS connector before the measurement, and checks every payload.
#![allow(unsafe_code)] // Measures the C functions, as a game calls them.

use ::egret_ws::*;
use native_tls::{Certificate, TlsConnector, TlsStream};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use std::{mem, ptr, slice, thread};
use test_support::certificates::{RIGHT, ROOT};
use tungstenite::{Bytes, Message, WebSocket};

const ROUNDS: usize = 21;
/// The number of operations in each round, for each client.
const MESSAGES: u32 = 3000;
const CONNECTIONS: u32 = 50;
const PAYLOAD: usize = 128;

fn main() {
    stay_on_one_core();
    let server = serve();
    let (mut egret, mut tungstenite) = (Egret::new(server), Tungstenite::new(server));
    println!("In µs, medians of {ROUNDS} rounds.");
    compare("a message of 128 bytes and its echo", MESSAGES, [&mut egret, &mut tungstenite], |client| {
        client.open();
        let cost = Cost::of(|| (0..MESSAGES).for_each(|number| client.round_trip(payload(number))));
        client.close();
        cost
    });
    compare("a connection, opened and closed", CONNECTIONS, [&mut egret, &mut tungstenite], |client| {
        Cost::of(|| {
            for _ in 0..CONNECTIONS {
                client.open();
                client.close();
            }
        })
    });
}

/// One of the two clients. It has one connection at a time.
trait Client {
    fn open(&mut self);
    /// Sends a message and waits for its echo.
    fn round_trip(&mut self, payload: [u8; PAYLOAD]);
    fn close(&mut self);
}

fn payload(number: u32) -> [u8; PAYLOAD] {
    let mut payload = [number as u8; PAYLOAD];
    payload[..4].copy_from_slice(&number.to_be_bytes());
    payload
}

#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

impl Cost {
    fn of(work: impl FnOnce()) -> Cost {
        let (cpu, began) = (thread_time(), Instant::now());
        work();
        Cost { cpu: thread_time() - cpu, wall: began.elapsed() }
    }
}

/// Prints the cost of each of `count` operations. Each ratio is computed within one round, so that other load on the machine
/// affects both values.
fn compare(name: &str, count: u32, [ours, theirs]: [&mut dyn Client; 2], run: impl Fn(&mut dyn Client) -> Cost) {
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let pair = if round % 2 == 0 {
            let first = run(ours);
            (first, run(theirs))
        } else {
            let first = run(theirs);
            (run(ours), first)
        };
        if round > 0 {
            rounds.push(pair); // the first round is for warm-up
        }
    }
    let median = |number: &dyn Fn(&(Cost, Cost)) -> f64| {
        let mut numbers: Vec<f64> = rounds.iter().map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[ROUNDS / 2]
    };
    println!("{name}");
    for (measure, of) in [("CPU", (|cost| cost.cpu) as fn(Cost) -> Duration), ("time", |cost| cost.wall)] {
        let each = |cost: Cost| of(cost).as_secs_f64() * 1e6 / f64::from(count);
        let ratio = median(&|(ours, theirs)| each(*ours) / each(*theirs));
        let (ours, theirs) = (median(&|(ours, _)| each(*ours)), median(&|(_, theirs)| each(*theirs)));
        let verdict = if ratio <= 1.0 { "within the limit" } else { "ABOVE the limit" };
        println!("  {measure:<5}egret-ws {ours:8.2}   tungstenite {theirs:8.2}   ratio {ratio:.3}, {verdict}");
    }
}

/// The library with the inline driver.
struct Egret {
    host: *mut egret_ws_loop,
    ws: *mut egret_ws,
    url: CString,
    root: CString,
    seen: Box<Seen>,
}

/// The received callbacks; the `user` of the options.
#[derive(Default)]
struct Seen {
    is_open: Cell<bool>,
    /// The last message, until it is taken.
    message: Cell<Option<[u8; PAYLOAD]>>,
    is_released: Cell<bool>,
}

impl Egret {
    fn new(server: SocketAddr) -> Egret {
        // SAFETY: zeros are a valid value of this plain struct, and every pointer points to a local variable.
        let host = unsafe {
            let mut options: egret_ws_loop_options = mem::zeroed();
            assert_eq!(egret_ws_loop_options_init(&mut options, size_of_val(&options)), EGRET_WS_OK);
            options.flags = EGRET_WS_LOOP_INLINE;
            let mut host = ptr::null_mut();
            assert_eq!(egret_ws_loop_new(&options, &mut host), EGRET_WS_OK);
            host
        };
        let url = CString::new(format!("wss://{server}/")).expect("no NUL");
        let root = CString::new(ROOT.pem()).expect("no NUL");
        Egret { host, ws: ptr::null_mut(), url, root, seen: Box::default() }
    }

    fn poll_until(&self, done: impl Fn(&Seen) -> bool) {
        while !done(&self.seen) {
            assert!(egret_ws_loop_poll(self.host, 10_000) > 0, "the server does not answer");
        }
    }
}

impl Client for Egret {
    fn open(&mut self) {
        *self.seen = Seen::default();
        // SAFETY: zeros are a valid value of this plain struct.
        let mut options: egret_ws_options = unsafe { mem::zeroed() };
        options.struct_size = size_of_val(&options) as u32;
        options.user = ptr::from_ref(&*self.seen).cast_mut().cast();
        options.on_connect = Some(on_connect);
        options.on_message = Some(on_message);
        options.release_user = Some(release_user);
        options.flags = EGRET_WS_ONLY_THESE_ROOTS;
        options.tls_roots = self.root.as_ptr();
        options.tls_roots_len = EGRET_WS_NUL_TERMINATED;
        // SAFETY: the texts end in NULs, and `ws` is writable.
        let begun = unsafe { egret_ws_connect(self.host, self.url.as_ptr(), &options, &mut self.ws) };
        assert_eq!(begun, EGRET_WS_OK);
        self.poll_until(|seen| seen.is_open.get() || seen.is_released.get());
        assert!(!self.seen.is_released.get(), "the connection was not made");
    }

    fn round_trip(&mut self, payload: [u8; PAYLOAD]) {
        // SAFETY: the pointer and the length belong to one array.
        assert_eq!(unsafe { egret_ws_send(self.ws, EGRET_WS_BINARY, payload.as_ptr().cast(), PAYLOAD) }, EGRET_WS_OK);
        self.poll_until(|seen| {
            let message = seen.message.take();
            assert!(message.is_none_or(|message| message == payload), "the echo differs from the message");
            message.is_some()
        });
    }

    fn close(&mut self) {
        // SAFETY: no reason is given.
        assert_eq!(unsafe { egret_ws_close(self.ws, 1000, ptr::null(), 0) }, EGRET_WS_OK);
        self.poll_until(|seen| seen.is_released.get());
        assert_eq!(egret_ws_free(self.ws), EGRET_WS_OK);
    }
}

unsafe extern "C" fn on_connect(user: *mut c_void, _: *mut egret_ws) {
    seen(user).is_open.set(true);
}

unsafe extern "C" fn on_message(user: *mut c_void, _: *mut egret_ws, _: i32, data: *const u8, len: usize) {
    // SAFETY: the header guarantees this number of bytes.
    let bytes = unsafe { slice::from_raw_parts(data, len) };
    seen(user).message.set(Some(bytes.try_into().expect("a message as long as the one sent")));
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    seen(user).is_released.set(true);
}

fn seen<'a>(user: *mut c_void) -> &'a Seen {
    // SAFETY: `user` points into the client, which outlives its connections.
    unsafe { &*user.cast::<Seen>() }
}

/// Blocking tungstenite, as in its example.
struct Tungstenite {
    server: SocketAddr,
    connector: TlsConnector,
    socket: Option<WebSocket<TlsStream<TcpStream>>>,
}

impl Tungstenite {
    fn new(server: SocketAddr) -> Tungstenite {
        let root = Certificate::from_pem(ROOT.pem().as_bytes()).expect("a certificate");
        let connector = TlsConnector::builder().disable_built_in_roots(true).add_root_certificate(root).build();
        Tungstenite { server, connector: connector.expect("a connector"), socket: None }
    }

    fn socket(&mut self) -> &mut WebSocket<TlsStream<TcpStream>> {
        self.socket.as_mut().expect("it is open")
    }
}

impl Client for Tungstenite {
    fn open(&mut self) {
        let stream = TcpStream::connect(self.server).expect("a connection");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let stream = self.connector.connect(&self.server.ip().to_string(), stream).expect("a TLS handshake");
        let (socket, _) = tungstenite::client(format!("wss://{}/", self.server), stream).expect("an upgrade");
        self.socket = Some(socket);
    }

    fn round_trip(&mut self, payload: [u8; PAYLOAD]) {
        self.socket().send(Message::Binary(Bytes::copy_from_slice(&payload))).expect("a message is sent");
        match self.socket().read().expect("a message") {
            Message::Binary(message) => assert_eq!(message[..], payload),
            other => panic!("{other:?} came back"),
        }
    }

    fn close(&mut self) {
        self.socket().close(None).expect("a Close frame is sent");
        while self.socket().read().is_ok() {}
        self.socket = None;
    }
}

/// An echo server, which serves one connection after the other.
fn serve() -> SocketAddr {
    // Use TLS 1.3, which the servers of native-tls do not support.
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
    acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
    acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let stream = acceptor.accept(stream).expect("a TLS handshake");
            let mut socket = tungstenite::accept(stream).expect("an upgrade");
            while let Ok(message) = socket.read() {
                if message.is_binary() {
                    socket.send(message).expect("the client reads");
                }
            }
        }
    });
    address
}

/// Pins this thread, and the threads that it starts.
fn stay_on_one_core() {
    // SAFETY: the set is a plain struct of bits, and its size is passed.
    unsafe {
        let mut cores: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(0, &mut cores);
        assert_eq!(libc::sched_setaffinity(0, size_of_val(&cores), &cores), 0, "core 0 may not be used");
    }
}

/// The CPU time of this thread.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

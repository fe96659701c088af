//! The servers of failing connections, and a resolver that fails.

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::ffi::{CStr, CString, c_char, c_int};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use test_support::WAIT_LIMIT;
use test_support::certificates::{CLIENT, RIGHT, ROOT};
use tungstenite::handshake::derive_accept_key;

/// The number of connections that a server serves at a time, each on a permanent thread.
const SERVED: usize = 16;

pub struct Hosts {
    plain: u16,
    tls: u16,
    silent: u16,
    closed: u16,
    full: u16,
    _kept: Vec<TcpStream>,
    _full: TcpListener,
    pub http_proxy: CString,
    pub socks_proxy: CString,
    pub silent_proxy: CString,
    pub closed_proxy: CString,
    /// The certificate of the authority, as PEM.
    pub root: CString,
    /// A client's certificate and key, which need a password.
    pub identity: Vec<u8>,
}

impl Hosts {
    pub fn start() -> Hosts {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
        acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
        acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
        let acceptor = acceptor.build();
        let plain = serve(refuse);
        let silent = serve(drain);
        let tls = serve(move |stream| {
            if let Ok(stream) = acceptor.accept(stream) {
                refuse_by(stream);
            }
        });

        // This is the local port of an open connection: no server listens there, and no other program can use it.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port");
        let held = TcpStream::connect(address).expect("a connection");
        let closed = held.local_addr().expect("the port").port();
        // One connection waits to be accepted, and there is no room for another one.
        // SAFETY: the descriptor belongs to the listener.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let more = TcpStream::connect_timeout(&address, Duration::from_millis(10));
        assert_eq!(more.expect_err("there is room").kind(), ErrorKind::TimedOut);

        let proxy = |scheme, port| text(format!("{scheme}://127.0.0.1:{port}"));
        Hosts {
            http_proxy: proxy("http", plain),
            socks_proxy: proxy("socks5", plain),
            silent_proxy: proxy("socks5", silent),
            closed_proxy: proxy("http", closed),
            plain,
            tls,
            silent,
            closed,
            full: address.port(),
            _kept: vec![held],
            _full: listener,
            root: text(ROOT.pem()),
            identity: CLIENT.pkcs12("right"),
        }
    }

    /// Returns the URL of a server. The path selects its behaviour, see `refuse`.
    pub fn plain(&self, scheme: &str, path: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/{path}", self.plain)
    }

    pub fn tls(&self, host: &str) -> String {
        format!("wss://{host}:{}/404", self.tls)
    }

    /// The server accepts connections and reads everything, but does not answer.
    pub fn silent(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.silent)
    }

    /// Returns a URL with a name for which the resolver takes long. Each call returns a new name, because look-ups of one name
    /// share the answer.
    pub fn slow(&self, scheme: &str) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        format!("{scheme}://slow-{}.invalid/", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// The server refuses TCP connections.
    pub fn closed(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.closed)
    }

    /// The server does not answer TCP.
    pub fn full(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.full)
    }
}

pub fn text(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).expect("no NUL")
}

/// Serves connections to a free port endlessly. Returns the port.
fn serve(one: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the port").port();
    let shared = Arc::new((listener, one));
    for _ in 0..SERVED {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            loop {
                let (stream, _) = shared.0.accept().expect("a connection");
                stream.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
                (shared.1)(stream);
            }
        });
    }
    port
}

/// Reads until the client disconnects.
fn drain(mut stream: impl Read) {
    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}

/// Reads the request before it closes, because closing a connection with unread bytes sends a reset.
fn refuse(stream: TcpStream) {
    let mut start = [0; 10];
    let count = stream.peek(&mut start).unwrap_or(0);
    if start[..count] != *b"GET /reset" {
        refuse_by(stream);
    }
}

fn refuse_by(mut stream: impl Read + Write) {
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).unwrap_or(0);
    let head = String::from_utf8_lossy(&buffer[..count]);
    let accepted = || {
        let (_, key) = head.split_once("Sec-WebSocket-Key: ").expect("a key");
        let accept = derive_accept_key(key.split("\r\n").next().expect("a line").as_bytes());
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    };
    let answer: Vec<u8> = match head.split(['/', ' ', ':', '?']).take(3).collect::<Vec<_>>()[..] {
        ["GET", "", "404"] => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(),
        ["GET", "", "redirect"] => "HTTP/1.1 302 Found\r\nLocation: /redirect\r\nContent-Length: 0\r\n\r\n".into(),
        ["GET", "", "open-and-garbage"] => [accepted().as_bytes(), &[0x7F]].concat(),
        ["GET", "", "open-and-end"] => {
            let _ = stream.write_all(accepted().as_bytes());
            return;
        }
        ["GET", "", "end"] => return,
        ["CONNECT", "forbidden.invalid", ..] => "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".into(),
        // With SOCKS 5, no authentication method is acceptable.
        [start, ..] if start.starts_with('\u{5}') => vec![5, 0xFF],
        _ => b"garbage, and the end of a head\r\n\r\n".into(),
    };
    if stream.write_all(&answer).is_ok() {
        drain(stream);
    }
}

/// Replaces the resolver of the C library. No name is found, and some look-ups take a while.
///
/// # Safety
/// The conditions of the C library's function apply.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    name: *const c_char,
    _: *const c_char,
    _: *const libc::addrinfo,
    _: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: the caller ensures the condition.
    if unsafe { CStr::from_ptr(name) }.to_bytes().starts_with(b"slow") {
        thread::sleep(Duration::from_millis(250)); // many times the deadline
    }
    libc::EAI_NONAME
}

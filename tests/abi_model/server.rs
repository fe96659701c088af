//! The hostile server: a listener with TLS, a listener without TLS, and a thread for each connection.

use crate::case::Targets;
use crate::script::{End, FirstAction, Script, first_action};
use crate::script_runner::{self, Request};
use crate::server_connection::{Peer, Served, Wire};
use crate::trace::lock;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use test_support::certificates::RIGHT;

/// The end of the server, which all of its threads wait for.
#[derive(Default)]
pub struct Stop {
    stopping: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub fn is_stopping(&self) -> bool {
        *lock(&self.stopping)
    }

    /// Waits for this time, or until the server ends.
    pub fn wait(&self, time: Duration) {
        let waited = self.changed.wait_timeout_while(lock(&self.stopping), time, |stopping| !*stopping);
        drop(waited);
    }

    fn stop(&self) {
        *lock(&self.stopping) = true;
        self.changed.notify_all();
    }
}

pub struct Server {
    pub port: u16,
    pub tls_port: u16,
    shared: Arc<Shared>,
    accepting: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    seed: u64,
    targets: Arc<Targets>,
    stop: Stop,
    served: Mutex<Vec<Arc<Mutex<Served>>>>,
    /// A second descriptor of each stream, by the number of its connection.
    streams: Mutex<HashMap<u64, TcpStream>>,
    /// How many connections each socket has made.
    turns: Mutex<HashMap<usize, u64>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    count: Mutex<u64>,
}

impl Server {
    pub fn start(seed: u64, targets: &Arc<Targets>) -> Server {
        let shared = Arc::new(Shared {
            seed,
            targets: Arc::clone(targets),
            stop: Stop::default(),
            served: Mutex::default(),
            streams: Mutex::default(),
            turns: Mutex::default(),
            threads: Mutex::default(),
            count: Mutex::default(),
        });
        let listen = |tls: bool| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            // In half of the cases the buffers of the kernel are so small that the send queue of the client becomes full.
            if seed.is_multiple_of(2) {
                socket2::SockRef::from(&listener).set_recv_buffer_size(2048).expect("SO_RCVBUF");
            }
            let port = listener.local_addr().expect("a bound listener").port();
            let shared = Arc::clone(&shared);
            (port, thread::spawn(move || shared.accept(&listener, tls)))
        };
        let ((port, plain), (tls_port, tls)) = (listen(false), listen(true));
        Server { port, tls_port, shared, accepting: Mutex::new(vec![plain, tls]) }
    }

    /// Ends all connections and waits for all threads.
    pub fn stop(&self) {
        self.shared.stop.stop();
        for stream in lock(&self.shared.streams).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for port in [self.port, self.tls_port] {
            drop(TcpStream::connect(("127.0.0.1", port)));
        }
        let accepting = std::mem::take(&mut *lock(&self.accepting));
        accepting.into_iter().for_each(|thread| thread.join().expect("the listener ends"));
        // A connection may have been accepted meanwhile.
        for stream in lock(&self.shared.streams).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let threads = std::mem::take(&mut *lock(&self.shared.threads));
        threads.into_iter().for_each(|thread| thread.join().expect("a connection's thread ends"));
    }

    pub fn is_stopping(&self) -> bool {
        self.shared.stop.is_stopping()
    }

    /// The record of this connection.
    pub fn connection(&self, number: u64) -> Option<Arc<Mutex<Served>>> {
        lock(&self.shared.served).iter().find(|served| lock(served).number == number).cloned()
    }

    /// The connections of a socket, in the order in which their requests came.
    pub fn connections_of(&self, socket: usize) -> Vec<Arc<Mutex<Served>>> {
        lock(&self.shared.served).iter().filter(|served| lock(served).socket == socket).cloned().collect()
    }

    pub fn count(&self) -> u64 {
        *lock(&self.shared.count)
    }
}

impl Shared {
    fn accept(self: Arc<Shared>, listener: &TcpListener, tls: bool) {
        loop {
            let (stream, _) = listener.accept().expect("a connection");
            if self.stop.is_stopping() {
                return;
            }
            let number = {
                let mut count = lock(&self.count);
                *count += 1;
                *count
            };
            let second = stream.try_clone().expect("a second descriptor");
            lock(&self.streams).insert(number, second);
            let shared = Arc::clone(&self);
            let thread = thread::spawn(move || shared.serve(number, stream, tls));
            lock(&self.threads).push(thread);
        }
    }

    fn serve(&self, number: u64, stream: TcpStream, tls: bool) {
        let served = Arc::new(Mutex::new(Served { number, ..Served::default() }));
        let _ = stream.set_nodelay(true);
        let end = match first_action(self.seed, number) {
            FirstAction::End(end) => Ok((end, Wire::Plain(stream))),
            FirstAction::Wait(ms) => {
                self.stop.wait(Duration::from_millis(ms));
                self.talk(stream, tls, &served)
            }
            FirstAction::ReadRequest => self.talk(stream, tls, &served),
        };
        lock(&served).ended = true;
        let _ = lock(&self.streams).remove(&number);
        if let Ok((End::Reset, wire)) = &end {
            let _ = socket2::SockRef::from(wire.tcp()).set_linger(Some(Duration::ZERO));
        }
    }

    /// Serves a connection from its first byte to its end.
    fn talk(&self, stream: TcpStream, tls: bool, served: &Arc<Mutex<Served>>) -> io::Result<(End, Wire)> {
        let mut wire = match tls {
            false => Wire::Plain(stream),
            true => Wire::Tls(Box::new(ACCEPTOR.accept(stream).map_err(|_| io::Error::from(ErrorKind::InvalidData))?)),
        };
        let mut request = read_request(&mut wire)?;
        if request.0.starts_with("CONNECT ") {
            io::Write::write_all(&mut wire, b"HTTP/1.1 200 Connected\r\n\r\n")?;
            request = read_request(&mut wire)?;
        }
        let path = request.path().strip_prefix("/s/").and_then(|path| path.split('?').next());
        // A call with a host name has no path, so it has a special header.
        let number = path.or(request.header("X-Socket"));
        let socket = number.and_then(|number| number.parse().ok()).unwrap_or(0);
        let Some((index, cap)) = self.targets.find(socket) else {
            return Ok((End::Cut, wire));
        };
        let turn = {
            let mut turns = lock(&self.turns);
            let turn = turns.entry(socket).or_insert(0);
            *turn += 1;
            *turn
        };
        lock(served).socket = socket;
        lock(&self.served).push(Arc::clone(served));
        let script = Script::draw(self.seed, index, turn, cap);
        let mut peer = Peer::new(wire, Arc::clone(served));
        peer.ignores_pings = script.ignores_pings;
        let end = script_runner::play(&mut peer, &request, &script, cap, &self.stop);
        // The end is recorded before the stream is closed, so that the client cannot notice it earlier.
        lock(served).ended = true;
        match end {
            Ok(end) => Ok((end, peer.stream.into_inner())),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok((End::Reset, peer.stream.into_inner())),
            Err(error) => Err(error),
        }
    }
}

fn read_request(wire: &mut Wire) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > 1 << 16 {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    String::from_utf8(head).map(Request).map_err(|_| ErrorKind::InvalidData.into())
}

static ACCEPTOR: LazyLock<SslAcceptor> = LazyLock::new(|| {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("OpenSSL works");
    builder.set_certificate_chain_file(RIGHT.chain()).expect("the certificate");
    builder.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("the key");
    builder.build()
});

//! A TCP proxy between client and server that fails as it is told, connection by connection, while it runs. One thread
//! does all of it, and does what it is told before the call that tells it returns: so nothing has to be waited for.
#![cfg(unix)]
#![allow(unsafe_code)] // poll(2)

mod line;

pub use line::{Fault, Way};

use super::PATIENCE;
use line::{Line, Turn};
use socket2::{Domain, Socket, Type};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

pub const BOTH: [Way; 2] = [Way::Up, Way::Down];

/// The proxy. Its connections are numbered from 1 as they are accepted; all end when it is dropped.
pub struct Proxy {
    port: u16,
    orders: Sender<Order>,
    bell: UnixStream,
    thread: Option<JoinHandle<()>>,
}

type Order = Box<dyn FnOnce(&mut Relay) + Send>;

impl Proxy {
    /// A proxy on a free port of loopback, before a server on another.
    pub fn before(server: u16) -> Proxy {
        Proxy::start(server, None)
    }

    /// The same, which takes little of a client before it forwards it: what is stalled stays with the client.
    pub fn narrow(server: u16) -> Proxy {
        Proxy::start(server, Some(4096))
    }

    fn start(server: u16, receive_buffer: Option<usize>) -> Proxy {
        // Bound and never listened on: while connections are refused, nobody else gets the port.
        let reserved = bound(0);
        let port = reserved.local_addr().expect("its address").as_socket().expect("of IPv4").port();
        let (orders, taken) = mpsc::channel();
        let (bell, heard) = UnixStream::pair().expect("a pair of sockets");
        heard.set_nonblocking(true).expect("a socket that does not block");
        let mut relay = Relay {
            server,
            port,
            receive_buffer,
            _reserved: reserved,
            listener: None,
            accepted: 0,
            lines: BTreeMap::new(),
            holds: false,
            held: BTreeMap::new(),
            awaiting: VecDeque::new(),
            over: false,
        };
        relay.listen();
        let thread = thread::Builder::new().name("proxy".into()).spawn(move || relay.run(&taken, heard));
        Proxy { port, orders, bell, thread: Some(thread.expect("a thread")) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> usize {
        self.tell(|relay| relay.accepted)
    }

    /// The numbers of the connections that are forwarded.
    pub fn alive(&self) -> Vec<usize> {
        self.tell(|relay| relay.lines.keys().copied().collect())
    }

    /// How many bytes of a connection were forwarded; 0 if it is over.
    pub fn forwarded(&self, number: usize, way: Way) -> u64 {
        self.tell(move |relay| relay.lines.get(&number).map_or(0, |line| line.forwarded(way)))
    }

    /// Does that to the connection with that number. False if it is over.
    pub fn strike(&self, number: usize, fault: Fault) -> bool {
        self.tell(move |relay| relay.strike(number, fault))
    }

    /// Does that to the next connection, as soon as it is forwarded. Each call is for one more.
    pub fn await_next(&self, faults: &[Fault]) {
        let faults = faults.to_vec();
        self.tell(|relay| relay.awaiting.push_back(faults));
    }

    /// Refuses further connections, or takes them again.
    pub fn refuse(&self, refuse: bool) {
        self.tell(move |relay| if refuse { relay.listener = None } else { relay.listen() });
    }

    /// Accepts connections and does not forward them, so that they can be served in another order; or no longer so.
    pub fn hold(&self, hold: bool) {
        self.tell(move |relay| relay.holds = hold);
    }

    /// The numbers of the connections that are held.
    pub fn held(&self) -> Vec<usize> {
        self.tell(|relay| relay.held.keys().copied().collect())
    }

    /// Forwards a connection that is held.
    pub fn serve(&self, number: usize) {
        self.tell(move |relay| {
            if let Some(client) = relay.held.remove(&number) {
                relay.forward(number, client);
            }
        });
    }

    /// Has the proxy's thread do something, and waits for it.
    #[track_caller]
    fn tell<T: Send + 'static>(&self, order: impl FnOnce(&mut Relay) -> T + Send + 'static) -> T {
        let (reply, replied) = mpsc::channel();
        let order = move |relay: &mut Relay| {
            let _ = reply.send(order(relay));
        };
        self.orders.send(Box::new(order)).expect("the proxy runs");
        (&self.bell).write_all(&[0]).expect("the proxy listens");
        replied.recv_timeout(PATIENCE).expect("the proxy's answer")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // If its thread has panicked, the test has failed by now.
        let _ = self.orders.send(Box::new(|relay| relay.over = true));
        let _ = (&self.bell).write_all(&[0]);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the proxy panicked");
        }
    }
}

/// What the proxy's thread has.
struct Relay {
    server: u16,
    port: u16,
    receive_buffer: Option<usize>,
    _reserved: Socket,
    listener: Option<TcpListener>,
    accepted: usize,
    lines: BTreeMap<usize, Line>,
    holds: bool,
    held: BTreeMap<usize, TcpStream>,
    awaiting: VecDeque<Vec<Fault>>,
    over: bool,
}

impl Relay {
    fn listen(&mut self) {
        if self.listener.is_none() {
            let socket = bound(self.port);
            if let Some(bytes) = self.receive_buffer {
                socket.set_recv_buffer_size(bytes).expect("SO_RCVBUF");
            }
            socket.listen(1024).expect("to listen");
            let listener = TcpListener::from(socket);
            listener.set_nonblocking(true).expect("a socket that does not block");
            self.listener = Some(listener);
        }
    }

    fn run(&mut self, orders: &Receiver<Order>, mut bell: UnixStream) {
        loop {
            // The bell first: an order that comes after rings it anew.
            while bell.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
            orders.try_iter().for_each(|order| order(self));
            if self.over {
                return;
            }
            let ready = self.wait(&bell);
            self.accept();
            let now = Instant::now();
            let is_over = |number: &usize, line: &mut Line| {
                let has_turn = ready.contains(number) || line.next_due().is_some_and(|due| due <= now);
                has_turn && matches!(line.turn(now), Turn::Over)
            };
            self.lines.retain(|number, line| !is_over(number, line));
        }
    }

    /// Waits until something can be done; returns the connections that can do something.
    fn wait(&self, bell: &UnixStream) -> BTreeSet<usize> {
        let now = Instant::now();
        let (mut set, mut numbers) = (vec![interest(bell.as_raw_fd(), true, false)], vec![0]);
        if let Some(listener) = &self.listener {
            set.push(interest(listener.as_raw_fd(), true, false));
            numbers.push(0);
        }
        for (number, line) in &self.lines {
            for (stream, input, output) in line.interests(now) {
                // Of one that nothing is wanted of, an end would be told again and again.
                if input || output {
                    set.push(interest(stream.as_raw_fd(), input, output));
                    numbers.push(*number);
                }
            }
        }
        let due = self.lines.values().filter_map(Line::next_due).filter(|due| *due > now).min();
        let wait = due.map_or(-1, |due| (due - now).as_millis() as libc::c_int + 1);
        // SAFETY: the pointer and the length are those of a vector, whose descriptors are open.
        unsafe { libc::poll(set.as_mut_ptr(), set.len() as libc::nfds_t, wait) };
        let ready = set.iter().zip(numbers).filter(|(entry, _)| entry.revents != 0);
        ready.map(|(_, number)| number).collect()
    }

    fn accept(&mut self) {
        while let Some(Ok((client, _))) = self.listener.as_ref().map(TcpListener::accept) {
            self.accepted += 1;
            if self.holds {
                self.held.insert(self.accepted, client);
            } else {
                self.forward(self.accepted, client);
            }
        }
    }

    /// A client whose server is not there loses its connection too.
    fn forward(&mut self, number: usize, client: TcpStream) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.server));
        let server = TcpStream::connect_timeout(&address, PATIENCE / 10);
        let Ok(line) = server.and_then(|server| Line::new(client, server)) else { return };
        self.lines.insert(number, line);
        for fault in self.awaiting.pop_front().unwrap_or_default() {
            self.strike(number, fault);
        }
    }

    fn strike(&mut self, number: usize, fault: Fault) -> bool {
        let Some(line) = self.lines.get_mut(&number) else { return false };
        if let Turn::Over = line.strike(fault) {
            self.lines.remove(&number);
        }
        true
    }
}

/// A socket on a port of loopback, of which there may be several as long as one listens.
fn bound(port: u16) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("SO_REUSEADDR");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).expect("a free port");
    socket
}

fn interest(fd: RawFd, input: bool, output: bool) -> libc::pollfd {
    let events = if input { libc::POLLIN } else { 0 } | if output { libc::POLLOUT } else { 0 };
    libc::pollfd { fd, events, revents: 0 }
}

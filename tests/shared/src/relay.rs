//! A TCP relay between client and server. While it runs, a test can inject faults into single connections. One thread does all
//! the work. A call returns when that thread has done the requested work, so a test does not have to wait.
#![cfg(unix)]
#![allow(unsafe_code)] // poll(2)

mod link;

pub use link::{Direction, Fault};

use crate::WAIT_LIMIT;
use link::{Link, Turn};
use socket2::{Domain, Socket, Type};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

pub const BOTH_DIRECTIONS: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

/// The relay. Its connections are numbered from 1 in the order in which they are accepted. All of them end when it is dropped.
pub struct Relay {
    port: u16,
    commands: Sender<Command>,
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
}

type Command = Box<dyn FnOnce(&mut Worker) + Send>;

impl Relay {
    /// Starts a relay on a free loopback port, in front of a server on another loopback port.
    pub fn start(server: u16) -> Relay {
        Relay::start_with(server, None)
    }

    /// Like [`Relay::start`], with a small receive buffer: if the relay stalls, the data stays in the client.
    pub fn start_with_small_buffer(server: u16) -> Relay {
        Relay::start_with(server, Some(4096))
    }

    fn start_with(server: u16, receive_buffer: Option<usize>) -> Relay {
        // This socket is bound and never listens: while connections are refused, no other process gets the port.
        let reserved = bound(0);
        let port = reserved.local_addr().expect("its address").as_socket().expect("of IPv4").port();
        let (commands, taken) = mpsc::channel();
        let (waker, woken) = UnixStream::pair().expect("a pair of sockets");
        woken.set_nonblocking(true).expect("a socket that does not block");
        let mut relay = Worker {
            server,
            port,
            receive_buffer,
            _reserved: reserved,
            listener: None,
            accepted: 0,
            links: BTreeMap::new(),
            is_holding: false,
            held: BTreeMap::new(),
            faults_of_next: VecDeque::new(),
            has_ended: false,
        };
        relay.listen();
        let thread = thread::Builder::new().name("relay".into()).spawn(move || relay.run_thread(&taken, woken));
        Relay { port, commands, waker, thread: Some(thread.expect("a thread")) }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the number of connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.run(|relay| relay.accepted)
    }

    /// Returns the numbers of the open connections.
    pub fn alive(&self) -> Vec<usize> {
        self.run(|relay| relay.links.keys().copied().collect())
    }

    /// Returns the number of bytes of a connection that were forwarded. 0 if it has ended.
    pub fn forwarded(&self, number: usize, way: Direction) -> u64 {
        self.run(move |relay| relay.links.get(&number).map_or(0, |link| link.forwarded(way)))
    }

    /// Injects a fault into a connection. Returns false if the connection has ended.
    pub fn inject(&self, number: usize, fault: Fault) -> bool {
        self.run(move |relay| relay.inject(number, fault))
    }

    /// Injects faults into the next connection when it is forwarded. A second call injects faults into the connection after that.
    pub fn inject_in_next(&self, faults: &[Fault]) {
        let faults = faults.to_vec();
        self.run(|relay| relay.faults_of_next.push_back(faults));
    }

    /// Refuses new connections, or accepts them again.
    pub fn refuse(&self, refuse: bool) {
        self.run(move |relay| if refuse { relay.listener = None } else { relay.listen() });
    }

    /// While `hold` is set, connections are accepted but not forwarded, so that a test can serve them in another order.
    pub fn hold(&self, hold: bool) {
        self.run(move |relay| relay.is_holding = hold);
    }

    /// Returns the numbers of the connections that are held.
    pub fn held(&self) -> Vec<usize> {
        self.run(|relay| relay.held.keys().copied().collect())
    }

    /// Forwards a held connection.
    pub fn serve(&self, number: usize) {
        self.run(move |relay| {
            if let Some(client) = relay.held.remove(&number) {
                relay.forward(number, client);
            }
        });
    }

    /// Runs a command on the relay's thread, and waits for its result.
    #[track_caller]
    fn run<T: Send + 'static>(&self, command: impl FnOnce(&mut Worker) -> T + Send + 'static) -> T {
        let (reply, replied) = mpsc::channel();
        let command = move |relay: &mut Worker| {
            let _ = reply.send(command(relay));
        };
        self.commands.send(Box::new(command)).expect("the relay runs");
        (&self.waker).write_all(&[0]).expect("the relay listens");
        replied.recv_timeout(WAIT_LIMIT).expect("the relay's answer")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // This fails only after a panic of the thread, which has failed the test.
        let _ = self.commands.send(Box::new(|relay| relay.has_ended = true));
        let _ = (&self.waker).write_all(&[0]);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the relay panicked");
        }
    }
}

/// The state of the relay's thread.
struct Worker {
    server: u16,
    port: u16,
    receive_buffer: Option<usize>,
    _reserved: Socket,
    listener: Option<TcpListener>,
    accepted: usize,
    links: BTreeMap<usize, Link>,
    is_holding: bool,
    held: BTreeMap<usize, TcpStream>,
    faults_of_next: VecDeque<Vec<Fault>>,
    has_ended: bool,
}

impl Worker {
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

    fn run_thread(&mut self, commands: &Receiver<Command>, mut waker: UnixStream) {
        loop {
            // The wake-up bytes are read first: a command that comes later wakes the thread again.
            while waker.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
            commands.try_iter().for_each(|command| command(self));
            if self.has_ended {
                return;
            }
            let ready = self.wait(&waker);
            self.accept();
            let now = Instant::now();
            let is_over = |number: &usize, link: &mut Link| {
                let has_turn = ready.contains(number) || link.next_due().is_some_and(|due| due <= now);
                has_turn && matches!(link.turn(now), Turn::Over)
            };
            self.links.retain(|number, link| !is_over(number, link));
        }
    }

    /// Waits for work. Returns the numbers of the connections that have some.
    fn wait(&self, waker: &UnixStream) -> BTreeSet<usize> {
        let now = Instant::now();
        let (mut set, mut numbers) = (vec![interest(waker.as_raw_fd(), true, false)], vec![0]);
        if let Some(listener) = &self.listener {
            set.push(interest(listener.as_raw_fd(), true, false));
            numbers.push(0);
        }
        for (number, link) in &self.links {
            for (stream, input, output) in link.interests(now) {
                // If no event is of interest, the socket is left out: otherwise poll(2) would report the end of a stream again
                // and again.
                if input || output {
                    set.push(interest(stream.as_raw_fd(), input, output));
                    numbers.push(*number);
                }
            }
        }
        let due = self.links.values().filter_map(Link::next_due).filter(|due| *due > now).min();
        let wait = due.map_or(-1, |due| (due - now).as_millis() as libc::c_int + 1);
        // SAFETY: the pointer and the length belong to a vector, and its descriptors are open.
        unsafe { libc::poll(set.as_mut_ptr(), set.len() as libc::nfds_t, wait) };
        let ready = set.iter().zip(numbers).filter(|(entry, _)| entry.revents != 0);
        ready.map(|(_, number)| number).collect()
    }

    fn accept(&mut self) {
        while let Some(Ok((client, _))) = self.listener.as_ref().map(TcpListener::accept) {
            self.accepted += 1;
            if self.is_holding {
                self.held.insert(self.accepted, client);
            } else {
                self.forward(self.accepted, client);
            }
        }
    }

    /// Forwards a connection. If the server does not accept, the connection of the client ends too.
    fn forward(&mut self, number: usize, client: TcpStream) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.server));
        let server = TcpStream::connect_timeout(&address, WAIT_LIMIT / 10);
        let Ok(link) = server.and_then(|server| Link::new(client, server)) else { return };
        self.links.insert(number, link);
        for fault in self.faults_of_next.pop_front().unwrap_or_default() {
            self.inject(number, fault);
        }
    }

    fn inject(&mut self, number: usize, fault: Fault) -> bool {
        let Some(link) = self.links.get_mut(&number) else { return false };
        if let Turn::Over = link.inject(fault) {
            self.links.remove(&number);
        }
        true
    }
}

/// Returns a socket that is bound to a loopback port. Several sockets may be bound to it if only one listens.
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

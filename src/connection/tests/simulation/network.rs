//! The simulated network.

use crate::connection::{Family, Lookup, Network, Prepared, Query, QuerySubject};
use crate::transport::local_side::LocalSide;
use crate::transport::{Transport, tls};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Instant;

/// Connections to addresses with this prefix cannot begin.
pub const NO_ROUTE: &str = "192.0.2.";
/// The local address.
pub const LOCAL_ADDRESS: &str = "10.0.0.100:50000";

/// One TCP connection, from the server's side.
#[derive(Default)]
pub struct Wire {
    pub to_client: VecDeque<u8>,
    pub from_client: Vec<u8>,
    /// The server has ended its side of the stream.
    pub ended: bool,
    pub client_ended: bool,
    /// The client resets the connection when it drops the stream.
    pub client_resets: bool,
    /// The number of bytes that the system reports as not acknowledged.
    pub unacked_bytes: Option<usize>,
    pub connected: Option<Result<(), ErrorKind>>,
    /// How many more bytes the client can write.
    pub room: usize,
    /// The largest number of bytes of a read or a write.
    pub cut: usize,
    pub reads: usize,
    /// The largest number of bytes that the last read into the read buffer could return.
    pub asked: usize,
    /// TLS works on another thread, and reads nothing.
    pub is_busy: bool,
    /// Writing fails.
    pub is_broken: bool,
    pub operations_until_failure: Option<usize>,
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
        wire.asked = buffer.len();
        wire.operation()?;
        if wire.is_busy {
            return Err(ErrorKind::WouldBlock.into());
        }
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
        assert!(most <= out.capacity() - out.len(), "the buffer has room");
        let mut bytes = vec![0; most + beyond.len()];
        let asked = self.0.borrow().asked;
        let read = self.read(&mut bytes);
        self.0.borrow_mut().asked = asked;
        Some(read.map(|count| {
            let (payload, more) = bytes[..count].split_at(count.min(most));
            out.extend_from_slice(payload);
            beyond[..more.len()].copy_from_slice(more);
            (payload.len(), more.len())
        }))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        wire.operation()?;
        if wire.is_broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(wire.cut).min(wire.room);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        wire.room -= count;
        wire.from_client.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn local_address(&self) -> Option<SocketAddr> {
        Some(LOCAL_ADDRESS.parse().unwrap())
    }

    fn unacked_bytes(&mut self) -> Option<usize> {
        self.0.borrow().unacked_bytes
    }

    fn is_busy(&self) -> bool {
        self.0.borrow().is_busy
    }

    fn end_writing(&mut self) {
        self.0.borrow_mut().client_ended = true;
    }

    fn reset_on_drop(&mut self) {
        self.0.borrow_mut().client_resets = true;
    }
}

pub struct FakeNetwork {
    pub now: Instant,
    pub random: u32,
    pub suspended: bool,
    pub looked_up: Vec<String>,
    /// The host has hooks for these subjects.
    pub hooks: Vec<QuerySubject>,
    /// There is no thread for a hook.
    pub lacks_threads: bool,
    /// The queries of the hooks, and for each whether something waits for its answer. The first number is 1.
    pub asked: Vec<(String, Weak<()>)>,
    pub prepared: Vec<Arc<tls::Settings>>,
    /// Each address to which a connection was begun.
    pub wires: Vec<(SocketAddr, Rc<RefCell<Wire>>)>,
    /// The wire in use.
    pub wire: Rc<RefCell<Wire>>,
    pub cut: usize,
    pub operations_until_failure: Option<usize>,
    /// Each address connects at once, and its server sends this.
    pub answers: Option<Vec<u8>>,
    /// Addresses of these families have no route.
    pub without_routes: Vec<Family>,
    /// The resolver of the system behaves like Apple's.
    pub makes_nat64_addresses: bool,
}

impl Network for FakeNetwork {
    type Stream = FakeStream;

    fn socket_number(&self) -> usize {
        0
    }

    fn resolve(&mut self, name: &str, family: Family) -> Lookup {
        self.looked_up.push(format!("{name} {family:?}"));
        Lookup::default()
    }

    fn ask_host(&mut self, subject: QuerySubject, text: impl FnOnce() -> String) -> Option<io::Result<Query>> {
        if !self.hooks.contains(&subject) {
            return None;
        }
        if self.lacks_threads {
            return Some(Err(io::Error::other("no thread")));
        }
        let open = Arc::new(());
        self.asked.push((text(), Arc::downgrade(&open)));
        Some(Ok(Query::new(self.asked.len() as u64, Arc::new(true.into()), Box::new(open))))
    }

    fn tls_connector(&mut self, settings: &Arc<tls::Settings>) -> Option<Prepared> {
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

    fn has_route(&self, address: IpAddr) -> bool {
        !self.without_routes.contains(&Family::of(&SocketAddr::new(address, 0)))
    }

    fn makes_nat64_addresses(&self) -> bool {
        self.makes_nat64_addresses
    }

    fn poll_connected(&mut self, stream: &mut FakeStream) -> io::Result<bool> {
        stream.poll_connected()
    }

    fn dial(&mut self, address: SocketAddr, _: &LocalSide) -> io::Result<FakeStream> {
        let (cut, operations_until_failure) = (self.cut, self.operations_until_failure);
        self.wire = Rc::new(RefCell::new(Wire { room: usize::MAX, cut, operations_until_failure, ..Wire::default() }));
        self.wires.push((address, Rc::clone(&self.wire)));
        if let Some(answer) = &self.answers {
            let mut wire = self.wire.borrow_mut();
            wire.connected = Some(Ok(()));
            wire.to_client.extend(answer);
        }
        if address.to_string().starts_with(NO_ROUTE) || !self.has_route(address.ip().to_canonical()) {
            return Err(ErrorKind::NetworkUnreachable.into());
        }
        Ok(FakeStream(Rc::clone(&self.wire)))
    }
}

impl FakeNetwork {
    pub fn new(cut: usize, operations_until_failure: Option<usize>) -> FakeNetwork {
        FakeNetwork {
            now: Instant::now(),
            random: 0,
            suspended: false,
            looked_up: Vec::new(),
            hooks: Vec::new(),
            lacks_threads: false,
            asked: Vec::new(),
            prepared: Vec::new(),
            wires: Vec::new(),
            wire: Rc::default(),
            cut,
            operations_until_failure,
            answers: None,
            without_routes: Vec::new(),
            makes_nat64_addresses: false,
        }
    }
}

//! A client and a server in one thread, with a simulated network between them.

use super::authority::Issued;
use crate::transport::Transport;
use crate::transport::tls::pins::Pin;
use crate::transport::tls::{Advance, Connector, Destination, Handshake, Peer, Tls, TlsError};
use openssl::ssl::{ErrorCode, Ssl, SslAcceptor, SslAcceptorBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

/// More rounds than any test needs.
const MAX_ROUNDS: usize = 1_000_000;

/// The network between the TLS of the client and the TLS of the server.
pub struct Network {
    pub to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
    /// The server has ended its side of the stream.
    pub ended: bool,
    pub client_ended: bool,
    /// The client resets the connection when it drops the stream.
    pub client_resets: bool,
    /// The number of bytes that the client can still write.
    pub room: usize,
    /// The largest number of bytes in one read or write of the client.
    max_transfer: usize,
    /// Every second read, and every second write, of the client would block although it is possible. The flags are the current
    /// state.
    blocks_every_other: Option<[bool; 2]>,
    pub operations_until_failure: Option<usize>,
    /// Writes of the client fail. Reads still work.
    pub fails_writes: bool,
    /// There is a readiness event for the client. Without one, the client must not try again.
    ready: bool,
    /// The number of reads of the client.
    pub reads: usize,
}

pub struct ClientStream {
    network: Rc<RefCell<Network>>,
    hung_up: bool,
}

const READ: usize = 0;
const WRITE: usize = 1;

impl Network {
    fn operation(&mut self, kind: usize) -> io::Result<()> {
        if let Some(left) = &mut self.operations_until_failure {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(CONNECTION_RESET))?;
        }
        if let Some(blocks) = &mut self.blocks_every_other {
            blocks[kind] = !blocks[kind];
            if blocks[kind] {
                self.ready = true;
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        Ok(())
    }

    /// Gives the client room to write, with a readiness event.
    pub fn make_room(&mut self, room: usize) {
        self.room = room;
        self.ready = true;
    }

    /// The server's side of the stream ends.
    pub fn end(&mut self) {
        self.ended = true;
        self.ready = true;
    }
}

pub const BROKEN_PIPE: i32 = 32;
#[cfg(target_os = "linux")]
pub const CONNECTION_RESET: i32 = 104;
#[cfg(not(target_os = "linux"))]
pub const CONNECTION_RESET: i32 = 54;

impl Transport for ClientStream {
    fn short_read_is_last(&self) -> bool {
        let network = self.network.borrow();
        network.max_transfer == usize::MAX && network.blocks_every_other.is_none() && !self.hung_up
    }

    fn note_hangup(&mut self) {
        self.hung_up = true;
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut network = self.network.borrow_mut();
        network.reads += 1;
        network.operation(READ)?;
        let count = buffer.len().min(network.max_transfer).min(network.to_client.len());
        if count == 0 && !network.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        for (byte, read) in buffer.iter_mut().zip(network.to_client.drain(..count)) {
            *byte = read;
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut network = self.network.borrow_mut();
        network.operation(WRITE)?;
        if network.fails_writes {
            return Err(io::Error::from_raw_os_error(BROKEN_PIPE));
        }
        let count = bytes.len().min(network.max_transfer).min(network.room);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        network.room -= count;
        network.to_server.extend(&bytes[..count]);
        Ok(count)
    }

    fn end_writing(&mut self) {
        self.network.borrow_mut().client_ended = true;
    }

    fn reset_on_drop(&mut self) {
        self.network.borrow_mut().client_resets = true;
    }
}

pub struct ServerStream(Rc<RefCell<Network>>);

impl Read for ServerStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut network = self.0.borrow_mut();
        match network.to_server.read(buffer)? {
            0 if !network.client_ended => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for ServerStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut network = self.0.borrow_mut();
        network.to_client.extend(bytes);
        network.ready = true;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The behaviour of the network.
#[derive(Clone, Copy, Debug)]
pub struct NetworkProfile {
    pub max_transfer: usize,
    pub blocks_every_other: bool,
}

pub const IDEAL: NetworkProfile = NetworkProfile { max_transfer: usize::MAX, blocks_every_other: false };
pub const PROFILES: [NetworkProfile; 4] = [
    IDEAL,
    NetworkProfile { max_transfer: 1, blocks_every_other: true },
    NetworkProfile { max_transfer: 1, blocks_every_other: false },
    NetworkProfile { max_transfer: 4999, blocks_every_other: true },
];

pub struct Pair {
    pub network: Rc<RefCell<Network>>,
    pub server: SslStream<ServerStream>,
    pub handshake: Handshake<ClientStream>,
}

/// Makes the destination of a server with this name.
pub fn server(name: &str) -> Destination<'_> {
    Destination { name, host: name, port: 443, peer: Peer::Server, pins: &[], resumes: true, socket: 0 }
}

/// Makes the settings of a server with this certificate.
pub fn acceptor(issued: &Issued) -> SslAcceptorBuilder {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&issued.key).unwrap();
    acceptor.set_certificate(&issued.certificate).unwrap();
    for certificate in &issued.chain {
        acceptor.add_extra_chain_cert(certificate.clone()).unwrap();
    }
    acceptor
}

/// Makes the settings of a server that requires a certificate of this authority from its clients.
pub fn acceptor_for_clients(server: &Issued, authority: &Issued, max: Option<SslVersion>) -> SslAcceptorBuilder {
    let mut acceptor = acceptor(server);
    acceptor.set_max_proto_version(max).unwrap();
    acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(authority.certificate.clone()).unwrap();
    acceptor.set_verify_cert_store(store.build()).unwrap();
    acceptor
}

impl Pair {
    pub fn new(connector: &Connector, name: &str, acceptor: SslAcceptorBuilder, profile: NetworkProfile) -> Pair {
        Pair::pinned(connector, name, &[], acceptor, profile)
    }

    pub fn pinned(
        connector: &Connector,
        name: &str,
        pins: &[Pin],
        acceptor: SslAcceptorBuilder,
        profile: NetworkProfile,
    ) -> Pair {
        Pair::with(connector, &Destination { pins, ..server(name) }, &acceptor.build(), profile)
    }

    /// Makes a pair in which the server is a proxy.
    pub fn proxy(connector: &Connector, name: &str, acceptor: SslAcceptorBuilder, profile: NetworkProfile) -> Pair {
        Pair::with(connector, &Destination { peer: Peer::Proxy, ..server(name) }, &acceptor.build(), profile)
    }

    pub fn with(
        connector: &Connector,
        peer: &Destination<'_>,
        acceptor: &SslAcceptor,
        profile: NetworkProfile,
    ) -> Pair {
        let network = Network {
            to_client: VecDeque::new(),
            to_server: VecDeque::new(),
            ended: false,
            client_ended: false,
            client_resets: false,
            room: usize::MAX,
            max_transfer: profile.max_transfer,
            blocks_every_other: profile.blocks_every_other.then_some([false; 2]),
            operations_until_failure: None,
            fails_writes: false,
            ready: true,
            reads: 0,
        };
        let network = Rc::new(RefCell::new(network));
        let server = Ssl::new(acceptor.context()).unwrap();
        Pair {
            handshake: Handshake::begin(connector, peer, ClientStream { network: Rc::clone(&network), hung_up: false }),
            server: SslStream::new(server, ServerStream(Rc::clone(&network))).unwrap(),
            network,
        }
    }

    /// Takes the readiness event of the client, if there is one.
    pub fn ready(&self) -> bool {
        std::mem::take(&mut self.network.borrow_mut().ready)
    }

    /// Completes the handshake on both sides.
    pub fn complete_handshake(&mut self) -> Result<Tls<ClientStream>, TlsError> {
        let mut accepted = false;
        let mut done = None;
        for _ in 0..MAX_ROUNDS {
            if !accepted {
                match self.server.accept() {
                    Ok(()) => accepted = true,
                    Err(error) if error.code() == ErrorCode::WANT_READ => {}
                    // The server refuses with an alert, and ends the stream.
                    Err(_) => self.network.borrow_mut().end(),
                }
            }
            let has_ended = self.network.borrow().ended || self.network.borrow().operations_until_failure == Some(0);
            match &mut done {
                Some(_) if accepted || has_ended => return Ok(done.take().unwrap()),
                // The last bytes of the client's handshake may still wait in the output buffer.
                Some(tls) => assert_eq!(tls.read(&mut []).unwrap(), 0),
                None if self.ready() => match self.handshake.advance()? {
                    Advance::Wait => {}
                    Advance::Again => self.network.borrow_mut().ready = true,
                    Advance::Done(tls) => done = Some(*tls),
                },
                None => {}
            }
        }
        panic!("the handshake does not end");
    }

    /// Reads as a connection does: only after a readiness event, until there are `wanted` bytes or the end.
    pub fn read(&self, tls: &mut Tls<ClientStream>, wanted: usize, buffer: &mut [u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        for _ in 0..MAX_ROUNDS {
            if all.len() >= wanted {
                return Ok(all);
            }
            assert!(self.ready(), "{} of {wanted} bytes have come, and there is no readiness event", all.len());
            if self.network.borrow().ended {
                tls.note_hangup();
            }
            loop {
                if all.len() >= wanted {
                    // The other bytes are left for the next call.
                    self.network.borrow_mut().ready = true;
                    break;
                }
                match tls.read(buffer) {
                    Ok(0) => return Ok(all),
                    Ok(count) => {
                        all.extend_from_slice(&buffer[..count]);
                        if count < buffer.len() && tls.short_read_is_last() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        panic!("the read does not end");
    }

    /// Writes as a connection does, while the server reads. Returns the bytes that the server has received.
    pub fn write(&mut self, tls: &mut Tls<ClientStream>, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (mut written, mut received) = (0, Vec::new());
        for _ in 0..MAX_ROUNDS {
            if written < bytes.len() {
                match tls.write(&bytes[written..]) {
                    Ok(count) => written += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => assert!(self.ready()),
                    Err(error) => return Err(error),
                }
            }
            self.receive(&mut received);
            if written == bytes.len() {
                return Ok(received);
            }
        }
        panic!("the write does not end");
    }

    /// Adds bytes that do not come from the server's TLS.
    pub fn inject(&self, bytes: &[u8]) {
        let mut network = self.network.borrow_mut();
        network.to_client.extend(bytes);
        network.ready = true;
    }

    /// Makes a readiness event, although nothing happened.
    pub fn repeat_ready(&self) {
        self.network.borrow_mut().ready = true;
    }

    /// Returns the number of bytes that are in transit to the client.
    pub fn unread(&self) -> usize {
        self.network.borrow().to_client.len()
    }

    /// Reads the bytes that the server has received. Returns false after a close_notify.
    pub fn receive(&mut self, received: &mut Vec<u8>) -> bool {
        let mut buffer = [0; 20_000];
        loop {
            match self.server.ssl_read(&mut buffer) {
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(error) if error.code() == ErrorCode::WANT_READ => return true,
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return false,
                Err(error) => panic!("the server: {error}"),
            }
        }
    }
}

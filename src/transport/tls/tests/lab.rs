//! A client and a server in one thread, with a network between them that does what it is told.

use super::authority::Issued;
use crate::transport::Transport;
use crate::transport::tls::pins::Pin;
use crate::transport::tls::{Advance, Connector, Handshake, Tls, TlsError};
use openssl::ssl::{ErrorCode, Ssl, SslAcceptor, SslAcceptorBuilder, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::store::X509StoreBuilder;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

/// More rounds than anything here needs.
const MANY: usize = 1_000_000;

/// The network, between the client's TLS and the server's.
pub struct Wire {
    to_client: VecDeque<u8>,
    to_server: VecDeque<u8>,
    /// The server has ended its side.
    pub ended: bool,
    pub client_ended: bool,
    /// How much more the client can write.
    pub room: usize,
    /// The most that one operation of the client moves.
    cut: usize,
    /// Every other operation of the client is put off, though it could be done: of its reads and of its writes.
    stutter: Option<[bool; 2]>,
    pub operations_until_failure: Option<usize>,
    /// Writing fails, and nothing else.
    pub deaf: bool,
    /// The client is to be told of readiness: only then may it try again.
    ready: bool,
    /// Reads of the client.
    pub reads: usize,
}

pub struct Client {
    wire: Rc<RefCell<Wire>>,
    note_hangup: bool,
}

const READ: usize = 0;
const WRITE: usize = 1;

impl Wire {
    fn operation(&mut self, kind: usize) -> io::Result<()> {
        if let Some(left) = &mut self.operations_until_failure {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::from_raw_os_error(CONNECTION_RESET))?;
        }
        if let Some(put_off) = &mut self.stutter {
            put_off[kind] = !put_off[kind];
            if put_off[kind] {
                self.ready = true;
                return Err(ErrorKind::WouldBlock.into());
            }
        }
        Ok(())
    }

    /// Gives the client room to write, and tells it.
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

impl Transport for Client {
    fn short_read_is_last(&self) -> bool {
        let wire = self.wire.borrow();
        wire.cut == usize::MAX && wire.stutter.is_none() && !self.note_hangup
    }

    fn note_hangup(&mut self) {
        self.note_hangup = true;
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.wire.borrow_mut();
        wire.reads += 1;
        wire.operation(READ)?;
        let count = buffer.len().min(wire.cut).min(wire.to_client.len());
        if count == 0 && !wire.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        for (byte, read) in buffer.iter_mut().zip(wire.to_client.drain(..count)) {
            *byte = read;
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.wire.borrow_mut();
        wire.operation(WRITE)?;
        if wire.deaf {
            return Err(io::Error::from_raw_os_error(BROKEN_PIPE));
        }
        let count = bytes.len().min(wire.cut).min(wire.room);
        if count == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        wire.room -= count;
        wire.to_server.extend(&bytes[..count]);
        Ok(count)
    }

    fn end_writing(&mut self) {
        self.wire.borrow_mut().client_ended = true;
    }
}

pub struct ServerEnd(Rc<RefCell<Wire>>);

impl Read for ServerEnd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        match wire.to_server.read(buffer)? {
            0 if !wire.client_ended => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for ServerEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.borrow_mut();
        wire.to_client.extend(bytes);
        wire.ready = true;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub cut: usize,
    pub stutter: bool,
}

pub const CALM: Weather = Weather { cut: usize::MAX, stutter: false };
pub const WEATHERS: [Weather; 4] =
    [CALM, Weather { cut: 1, stutter: true }, Weather { cut: 1, stutter: false }, Weather { cut: 4999, stutter: true }];

pub struct Lab {
    pub wire: Rc<RefCell<Wire>>,
    pub server: SslStream<ServerEnd>,
    pub handshake: Handshake<Client>,
}

/// A server with this certificate, to be told more.
pub fn acceptor(issued: &Issued) -> SslAcceptorBuilder {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&issued.key).unwrap();
    acceptor.set_certificate(&issued.certificate).unwrap();
    for certificate in &issued.chain {
        acceptor.add_extra_chain_cert(certificate.clone()).unwrap();
    }
    acceptor
}

/// A server that requires a certificate of this authority from its clients.
pub fn acceptor_for_clients(server: &Issued, authority: &Issued, max: Option<SslVersion>) -> SslAcceptorBuilder {
    let mut acceptor = acceptor(server);
    acceptor.set_max_proto_version(max).unwrap();
    acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(authority.certificate.clone()).unwrap();
    acceptor.set_verify_cert_store(store.build()).unwrap();
    acceptor
}

impl Lab {
    pub fn new(connector: &Connector, name: &str, acceptor: SslAcceptorBuilder, weather: Weather) -> Lab {
        Lab::pinned(connector, name, &[], acceptor, weather)
    }

    pub fn pinned(
        connector: &Connector,
        name: &str,
        pins: &[Pin],
        acceptor: SslAcceptorBuilder,
        weather: Weather,
    ) -> Lab {
        let wire = Wire {
            to_client: VecDeque::new(),
            to_server: VecDeque::new(),
            ended: false,
            client_ended: false,
            room: usize::MAX,
            cut: weather.cut,
            stutter: weather.stutter.then_some([false; 2]),
            operations_until_failure: None,
            deaf: false,
            ready: true,
            reads: 0,
        };
        let wire = Rc::new(RefCell::new(wire));
        let server = Ssl::new(acceptor.build().context()).unwrap();
        Lab {
            handshake: Handshake::begin(connector, name, pins, Client { wire: Rc::clone(&wire), note_hangup: false }),
            server: SslStream::new(server, ServerEnd(Rc::clone(&wire))).unwrap(),
            wire,
        }
    }

    /// True once for each time that the client is told of readiness.
    fn ready(&self) -> bool {
        std::mem::take(&mut self.wire.borrow_mut().ready)
    }

    /// The handshake, on both sides.
    pub fn shake(&mut self) -> Result<Tls<Client>, TlsError> {
        let mut accepted = false;
        let mut done = None;
        for _ in 0..MANY {
            if !accepted {
                match self.server.accept() {
                    Ok(()) => accepted = true,
                    Err(error) if error.code() == ErrorCode::WANT_READ => {}
                    // It refuses, which the client will hear, and ends the stream.
                    Err(_) => self.wire.borrow_mut().end(),
                }
            }
            let broken = self.wire.borrow().ended || self.wire.borrow().operations_until_failure == Some(0);
            match &mut done {
                Some(_) if accepted || broken => return Ok(done.take().unwrap()),
                // Its last words may not all be out.
                Some(tls) => assert_eq!(tls.read(&mut []).unwrap(), 0),
                None if self.ready() => match self.handshake.advance()? {
                    Advance::Wait => {}
                    Advance::Again => self.wire.borrow_mut().ready = true,
                    Advance::Done(tls) => done = Some(*tls),
                },
                None => {}
            }
        }
        panic!("the handshake never ends");
    }

    /// Reads as a connection does, only when told to, until `wanted` bytes or the end are there.
    pub fn read(&self, tls: &mut Tls<Client>, wanted: usize, buffer: &mut [u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        for _ in 0..MANY {
            if all.len() >= wanted {
                return Ok(all);
            }
            assert!(self.ready(), "{} of {wanted} bytes came, and nothing more will tell of readiness", all.len());
            if self.wire.borrow().ended {
                tls.note_hangup();
            }
            loop {
                if all.len() >= wanted {
                    // What else is there is for the next call.
                    self.wire.borrow_mut().ready = true;
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
        panic!("the read never ends");
    }

    /// Writes as a connection does, with a server that reads.
    pub fn write(&mut self, tls: &mut Tls<Client>, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (mut written, mut received) = (0, Vec::new());
        for _ in 0..MANY {
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
        panic!("the write never ends");
    }

    /// Bytes that are not from the server's TLS.
    pub fn forge(&self, bytes: &[u8]) {
        let mut wire = self.wire.borrow_mut();
        wire.to_client.extend(bytes);
        wire.ready = true;
    }

    /// Bytes on their way to the client.
    pub fn unread(&self) -> usize {
        self.wire.borrow().to_client.len()
    }

    /// What the server can read. False: it was told the end by a close_notify.
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

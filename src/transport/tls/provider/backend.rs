//! The connector, the handshake and the stream of a TLS provider.

use super::super::destination::Destination;
use super::super::handshake_step::HandshakeStep;
use super::super::pins::Pin;
use super::super::settings::Settings;
use super::super::stream::MAX_RECORD;
use super::super::tls_error::TlsError;
use super::super::tls_info::TlsInfo;
use super::host::{HostContext, HostTls, Request};
use super::record_reader::RecordReader;
use super::session::Session;
use crate::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

/// A context of the host.
#[derive(Clone)]
pub struct Connector {
    context: Arc<dyn HostContext>,
}

impl Connector {
    /// Lets the host make a context. It may block.
    pub fn build(host: &dyn HostTls, settings: &Settings) -> Result<Connector, TlsError> {
        let made = host.new_context(settings).map_err(|failure| {
            let (error, message) = failure.classify(Error::TlsOptions);
            TlsError::new(error, format!("the TLS provider cannot use the TLS options: {message}"))
        })?;
        Ok(Connector { context: made.into() })
    }

    /// Copies the facts about the peer that the host needs.
    pub fn request(peer: &Destination<'_>) -> Request {
        let Destination { peer, name, host, port, resumes, socket, .. } = *peer;
        Request { peer, name: name.to_owned(), host: host.to_owned(), port, resumes, socket }
    }

    /// Begins a handshake with the server `name`. If there are `pins`, the key of the server must be one of them.
    pub(in super::super) fn connect<S: Read + Write>(
        &self,
        name: &str,
        pins: &[Pin],
        request: &mut Request,
        stream: S,
    ) -> HandshakeStep<Stream<S>, MidHandshake<S>> {
        request.name = name.to_owned();
        match self.context.open(request) {
            Ok(host) => {
                let session = Session::new(host, pins);
                let context = Arc::clone(&self.context);
                MidHandshake(Channel { session, context, stream, reader: RecordReader::default() }).advance()
            }
            Err(failure) => {
                let (error, message) = failure.classify(Error::Tls);
                HandshakeStep::Failed(TlsError::new(error, message), TlsInfo::default())
            }
        }
    }
}

/// A session, and the stream below it.
struct Channel<S> {
    // The session is dropped before the context.
    session: Session,
    #[allow(dead_code)] // the session needs it
    context: Arc<dyn HostContext>,
    stream: S,
    reader: RecordReader,
}

/// A handshake.
pub struct MidHandshake<S>(Channel<S>);

impl<S: Read + Write> MidHandshake<S> {
    pub(in super::super) fn advance(mut self) -> HandshakeStep<Stream<S>, MidHandshake<S>> {
        match self.0.shake() {
            Ok(Shaken::Established) => HandshakeStep::Done(Stream { channel: self.0, plain: Vec::new(), taken: 0 }),
            Ok(Shaken::Waits) => HandshakeStep::Waiting(self),
            Err(failure) => HandshakeStep::Failed(failure, self.0.session.info()),
        }
    }

    /// Returns the known facts about the handshake.
    pub fn info(&mut self) -> TlsInfo {
        self.0.session.info()
    }

    pub fn get_mut(&mut self) -> &mut S {
        &mut self.0.stream
    }

    /// Returns whether another thread works on the session.
    pub fn is_busy(&self) -> bool {
        self.0.session.is_busy()
    }
}

/// The result of [`Channel::shake`].
enum Shaken {
    Established,
    Waits,
}

impl<S: Read + Write> Channel<S> {
    /// Continues the handshake as far as possible.
    fn shake(&mut self) -> Result<Shaken, TlsError> {
        self.session.resume(&mut self.stream)?;
        loop {
            self.session.flush(&mut self.stream)?;
            if self.session.is_busy() {
                return Ok(Shaken::Waits);
            }
            if self.session.is_established() {
                return Ok(Shaken::Established);
            }
            if self.session.is_peer_closed() {
                return Err(TlsError::new(Error::Tls, "the peer has ended TLS by a close_notify".into()));
            }
            match self.reader.read(&mut self.stream) {
                Ok(record) => {
                    self.session.receive(record, &mut [0; MAX_RECORD], &mut self.stream)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Shaken::Waits),
                Err(error) => return Err(TlsError::new(Error::Tls, error.to_string())),
            }
        }
    }
}

/// A stream after the handshake.
pub struct Stream<S> {
    channel: Channel<S>,
    /// The plaintext of a record for which the caller had no room. `plain[taken..]` is left.
    plain: Vec<u8>,
    taken: usize,
}

impl<S> Stream<S> {
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.channel.stream
    }

    pub fn get_ref(&self) -> &S {
        &self.channel.stream
    }
}

impl<S: Read + Write> Stream<S> {
    /// Returns 0 after the peer's close_notify.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken < self.plain.len() {
            return Ok(self.take(buffer));
        }
        let Channel { session, stream, reader, .. } = &mut self.channel;
        session.resume(stream).map_err(failed)?;
        loop {
            session.flush(stream).map_err(failed)?;
            if session.is_peer_closed() {
                return Ok(0);
            }
            if session.is_busy() {
                return Err(ErrorKind::WouldBlock.into());
            }
            let record = reader.read(stream)?;
            let has_room = buffer.len() >= MAX_RECORD;
            if !has_room {
                self.plain.resize(MAX_RECORD, 0);
            }
            let output = if has_room { &mut *buffer } else { &mut self.plain };
            let received = session.receive(record, output, stream);
            let count = *received.as_ref().unwrap_or(&0);
            if count == 0 {
                (self.plain, self.taken) = (Vec::new(), 0);
                received.map_err(failed)?;
                continue;
            }
            // The output is written now, because there may be no other call. The next call returns the error, after the data.
            let _ = session.flush(stream);
            if has_room {
                return Ok(count);
            }
            self.plain.truncate(count);
            self.taken = 0;
            return Ok(self.take(buffer));
        }
    }

    /// Frees the memory for records, because the stream below has no more bytes.
    pub fn rest(&mut self) {
        self.channel.reader.rest();
    }

    /// Returns the bytes of memory for records.
    #[cfg(test)]
    pub(super) fn kept_memory(&self) -> usize {
        self.plain.capacity() + self.channel.reader.kept_memory()
    }

    /// Takes plaintext that waits for the caller.
    fn take(&mut self, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.plain.len() - self.taken);
        buffer[..count].copy_from_slice(&self.plain[self.taken..self.taken + count]);
        self.taken += count;
        if self.taken == self.plain.len() {
            (self.plain, self.taken) = (Vec::new(), 0);
        }
        count
    }

    /// Writes all bytes, or none.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Channel { session, stream, .. } = &mut self.channel;
        session.resume(stream).map_err(failed)?;
        if session.is_busy() {
            return Err(ErrorKind::WouldBlock.into());
        }
        session.send(bytes, stream).map_err(failed)?;
        Ok(bytes.len())
    }

    /// Returns whether another thread works on the session. In this case, nothing can be read.
    pub fn is_busy(&self) -> bool {
        self.channel.session.is_busy()
    }

    /// Sends close_notify.
    pub fn shutdown(&mut self) -> io::Result<()> {
        let Channel { session, stream, .. } = &mut self.channel;
        session.close_notify(stream).map_err(failed)
    }

    /// Returns how TLS was set up.
    pub fn info(&mut self) -> TlsInfo {
        self.channel.session.info()
    }

    /// Returns whether the caller has all plaintext of the last record.
    pub fn is_taken(&self) -> bool {
        self.plain.is_empty()
    }
}

fn failed(failure: TlsError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, failure.message)
}

//! The TLS of a connection: the TLS of this build, or the TLS of the host. Each type contains one of the two, and each method
//! calls the method of the module that is in use.

use super::backend;
use super::buffered_stream::BufferedStream;
use super::destination::Destination;
use super::handshake_step::HandshakeStep;
use super::pins::Pin;
use super::provider::{self, Request};
use super::tls_info::{Chain, TlsInfo};
use crate::transport::Transport;
use std::io::{self, Read, Write};

#[derive(Clone)]
pub enum Connector {
    Library(backend::Connector),
    Host(provider::backend::Connector),
}

/// How a connection takes part in the resumption of sessions. It is made before the handshake.
pub enum Resumption {
    Library(backend::Resumption),
    /// A host keeps the sessions itself.
    Host(Request),
}

#[allow(clippy::large_enum_variant, reason = "it is a part of a stage, which is in a box")]
pub enum MidHandshake<S> {
    Library(backend::MidHandshake<S>),
    Host(provider::backend::MidHandshake<S>),
}

#[allow(clippy::large_enum_variant, reason = "it is a part of `Tls`, which is in a box")]
pub enum Stream<S> {
    Library(backend::Stream<S>),
    Host(provider::backend::Stream<S>),
}

type Step<S> = HandshakeStep<Stream<S>, MidHandshake<S>>;

impl Connector {
    /// Returns this connector without its sessions. `None`: a host must make a new context for that.
    pub fn without_sessions(&self) -> Option<Connector> {
        match self {
            Connector::Library(library) => Some(Connector::Library(library.without_sessions())),
            Connector::Host(_) => None,
        }
    }

    #[cfg(all(test, tls_openssl))]
    pub fn kept_sessions(&self) -> usize {
        match self {
            Connector::Library(library) => library.kept_sessions(),
            Connector::Host(_) => 0,
        }
    }

    pub fn resumption(&self, peer: &Destination<'_>) -> Resumption {
        match self {
            Connector::Library(library) => Resumption::Library(library.resumption(peer)),
            Connector::Host(_) => Resumption::Host(provider::backend::Connector::request(peer)),
        }
    }

    /// Begins a handshake with the server `name`.
    pub fn connect<S: Read + Write>(
        &self,
        name: &str,
        pins: &[Pin],
        resumption: &mut Resumption,
        stream: S,
    ) -> Step<S> {
        match (self, resumption) {
            (Connector::Library(library), Resumption::Library(resumption)) => {
                library.connect(name, pins, resumption, stream).map(Stream::Library, MidHandshake::Library)
            }
            (Connector::Host(host), Resumption::Host(request)) => {
                host.connect(name, pins, request, stream).map(Stream::Host, MidHandshake::Host)
            }
            _ => unreachable!("the resumption was made by this connector"),
        }
    }
}

impl Resumption {
    /// The handshake has failed.
    pub fn fail(&mut self) {
        if let Resumption::Library(library) = self {
            library.fail();
        }
    }
}

impl<S: Read + Write> MidHandshake<S> {
    pub fn advance(self, resumption: &Resumption) -> Step<S> {
        match (self, resumption) {
            (MidHandshake::Library(library), Resumption::Library(resumption)) => {
                library.advance(resumption).map(Stream::Library, MidHandshake::Library)
            }
            (MidHandshake::Host(host), _) => host.advance().map(Stream::Host, MidHandshake::Host),
            _ => unreachable!("the resumption is that of this handshake"),
        }
    }

    /// Returns the known facts about the handshake.
    pub fn info(&mut self, resumption: &Resumption) -> TlsInfo {
        match (self, resumption) {
            (MidHandshake::Library(library), Resumption::Library(resumption)) => library.info(resumption),
            (MidHandshake::Host(host), _) => host.info(),
            _ => TlsInfo::default(),
        }
    }

    pub fn get_mut(&mut self) -> &mut S {
        match self {
            MidHandshake::Library(library) => library.get_mut(),
            MidHandshake::Host(host) => host.get_mut(),
        }
    }

    /// Returns whether another thread works on the session of a host. In this case, nothing can be read.
    pub fn is_busy(&self) -> bool {
        match self {
            MidHandshake::Library(_) => false,
            MidHandshake::Host(host) => host.is_busy(),
        }
    }
}

impl<S> Stream<S> {
    #[inline]
    pub fn get_mut(&mut self) -> &mut S {
        match self {
            Stream::Library(library) => library.get_mut(),
            Stream::Host(host) => host.get_mut(),
        }
    }

    #[inline]
    pub fn get_ref(&self) -> &S {
        match self {
            Stream::Library(library) => library.get_ref(),
            Stream::Host(host) => host.get_ref(),
        }
    }
}

impl<S: Transport> Stream<BufferedStream<S>> {
    #[inline]
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Library(library) => library.read(buffer),
            Stream::Host(host) => host.read(buffer),
        }
    }

    #[inline]
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Library(library) => library.write(bytes),
            Stream::Host(host) => host.write(bytes),
        }
    }

    #[cfg(all(test, tls_openssl))]
    pub fn is_between_records(&self) -> bool {
        matches!(self, Stream::Library(library) if library.is_between_records())
    }

    /// Returns whether another thread works on the session of a host. In this case, nothing can be read.
    pub fn is_busy(&self) -> bool {
        match self {
            Stream::Library(_) => false,
            Stream::Host(host) => host.is_busy(),
        }
    }

    /// Sends close_notify.
    pub fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Stream::Library(library) => library.shutdown(),
            Stream::Host(host) => host.shutdown(),
        }
    }

    /// Returns whether no plaintext can be left if the stream below has no more bytes. OpenSSL and hosts read one record at a
    /// time. Other libraries read all available bytes, and may already have the next record.
    #[inline]
    pub fn reads_single_records(&self) -> bool {
        match self {
            Stream::Library(_) => backend::READS_SINGLE_RECORDS,
            Stream::Host(host) => host.is_taken(),
        }
    }

    /// Frees memory when the stream below has no more bytes and all plaintext was read.
    #[inline]
    pub fn rest(&mut self) {
        if let Stream::Host(host) = self {
            host.rest();
        }
    }

    /// Returns how TLS was set up.
    pub fn info(&mut self, resumption: &Resumption) -> TlsInfo {
        match (self, resumption) {
            (Stream::Library(library), Resumption::Library(resumption)) => library.info(resumption),
            (Stream::Host(host), _) => host.info(),
            _ => TlsInfo::default(),
        }
    }

    /// Must be called if the connection was accepted, and has failed before an answer.
    pub fn fail_after_handshake(&self) {
        if let Stream::Library(library) = self {
            library.fail_after_handshake();
        }
    }

    /// Must be called when the result of the handshake was accepted: sessions of the server may be kept. `chain` are its
    /// certificates.
    pub fn accept(&self, resumption: &mut Resumption, chain: &Chain) {
        if let (Stream::Library(library), Resumption::Library(resumption)) = (self, resumption) {
            library.accept(resumption, chain);
        }
    }
}

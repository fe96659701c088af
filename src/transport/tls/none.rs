//! Replaces the backend if the Cargo feature `tls` is off. Only [`Sources`] has a value, so the compiler removes all code that
//! would use the other types.

use super::NO_TLS;
use super::buffered_stream::BufferedStream;
use super::destination::Destination;
use super::handshake_step::HandshakeStep;
use super::pins::Pin;
use super::settings::Settings;
use super::tls_info::{Chain, TlsInfo};
use crate::transport::Transport;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::marker::PhantomData;

/// No records are read.
pub const READS_SINGLE_RECORDS: bool = true;

pub struct Sources;

#[derive(Clone)]
pub struct Connector(Infallible);

pub struct Resumption(Infallible);

pub struct MidHandshake<S>(Infallible, PhantomData<S>);

pub struct Stream<S>(Infallible, PhantomData<S>);

pub fn leave_thread() {}

pub fn watch_exit() {}

impl Sources {
    pub fn read(_: &Settings) -> Sources {
        Sources
    }
}

impl Connector {
    /// Always fails. A call that needs TLS is refused earlier, see `LoopTls` in `config`.
    pub fn build(_: &Settings, _: &[Vec<u8>], _: &Sources, _: &dyn Fn() -> bool) -> Result<Connector, String> {
        Err(NO_TLS.into())
    }

    pub fn without_sessions(&self) -> Connector {
        match self.0 {}
    }

    pub fn resumption(&self, _: &Destination<'_>) -> Resumption {
        match self.0 {}
    }

    pub fn connect<S: Read + Write>(
        &self,
        _: &str,
        _: &[Pin],
        _: &mut Resumption,
        _: S,
    ) -> HandshakeStep<Stream<S>, MidHandshake<S>> {
        match self.0 {}
    }
}

impl Resumption {
    pub fn fail(&mut self) {
        match self.0 {}
    }
}

impl<S> MidHandshake<S> {
    pub fn advance(self, _: &Resumption) -> HandshakeStep<Stream<S>, MidHandshake<S>> {
        match self.0 {}
    }

    pub fn info(&self, _: &Resumption) -> TlsInfo {
        match self.0 {}
    }

    pub fn get_mut(&mut self) -> &mut S {
        match self.0 {}
    }
}

impl<S> Stream<S> {
    pub fn get_mut(&mut self) -> &mut S {
        match self.0 {}
    }

    pub fn get_ref(&self) -> &S {
        match self.0 {}
    }
}

impl<S: Transport> Stream<BufferedStream<S>> {
    pub fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    pub fn shutdown(&mut self) -> io::Result<()> {
        match self.0 {}
    }

    pub fn info(&self, _: &Resumption) -> TlsInfo {
        match self.0 {}
    }

    pub fn fail_after_handshake(&self) {
        match self.0 {}
    }

    pub fn accept(&self, _: &mut Resumption, _: &Chain) {
        match self.0 {}
    }
}

//! The TLS handshake, and the errors of a failed one.

use super::backends;
use super::buffered_stream::BufferedStream;
use super::connector::Connector;
use super::destination::Destination;
use super::handshake_step::HandshakeStep;
use super::peer::Peer;
use super::pins::Pin;
use super::stream::Tls;
use super::stream_status::{StreamError, StreamStatus};
use super::tls_error::TlsError;
use super::tls_info::{SharedInfos, TlsInfo};
use crate::error::Error;
use crate::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// A handshake, with the check of the peer's certificate.
pub struct Handshake<S> {
    state: State<S>,
    pins: Vec<Pin>,
    resumption: backends::Resumption,
    status: Arc<StreamStatus>,
    infos: Arc<SharedInfos>,
    info: Option<Arc<TlsInfo>>,
}

/// The result of [`Handshake::advance`].
pub enum Advance<S> {
    /// Wait until the stream is ready.
    Wait,
    /// The budget of this turn is used up. Call it again in the next turn, because no readiness event will come.
    Again,
    /// The secure stream.
    Done(Box<Tls<S>>),
}

enum State<S> {
    Begin { connector: backends::Connector, name: Box<str>, stream: BufferedStream<S> },
    Running(backends::MidHandshake<BufferedStream<S>>),
    Finished,
}

impl<S: Transport> Handshake<S> {
    /// Prepares a handshake. With OpenSSL, the peer's certificate is checked before this side's certificate is sent.
    pub fn begin(connector: &Connector, destination: &Destination<'_>, stream: S) -> Handshake<S> {
        let stream = BufferedStream::new(stream, destination.peer);
        let status = stream.status();
        let Connector { backend, infos } = connector.clone();
        let resumption = backend.resumption(destination);
        let state = State::Begin { connector: backend, name: destination.name.into(), stream };
        Handshake { state, pins: destination.pins.to_vec(), resumption, status, infos, info: None }
    }

    /// Returns the other end.
    pub fn peer(&self) -> Peer {
        self.status.peer()
    }

    /// Continues as far as possible. It must not be called again after it has failed or has returned the stream.
    pub fn advance(&mut self) -> Result<Advance<S>, TlsError> {
        let step = match std::mem::replace(&mut self.state, State::Finished) {
            State::Begin { connector, name, stream } => {
                connector.connect(server_name(&name)?, &self.pins, &mut self.resumption, stream)
            }
            State::Running(mut mid) => {
                mid.get_mut().begin_turn();
                mid.advance(&self.resumption)
            }
            State::Finished => return Err(TlsError::new(Error::Internal, "the TLS handshake is over".into())),
        };
        let (failure, info) = match (step, self.status.read_error()) {
            (HandshakeStep::Done(stream), _) => return self.finish(stream),
            // The error of the stream is more exact than the error that the platform reports.
            (step, Some(error)) => (self.stream_failed(error), step.info(|mut mid| mid.info(&self.resumption))),
            // The platform waits for a complete record header, but the first bytes already show that this is not TLS.
            (HandshakeStep::Waiting(_), None) if self.status.other_protocol().is_some() => {
                (self.not_tls(), TlsInfo::default())
            }
            (HandshakeStep::Waiting(mut mid), None) => match mid.get_mut().write_error() {
                // The peer may have sent an alert before, which a busy session has not read.
                Some(error) if !mid.is_busy() && !mid.get_mut().is_busy() => {
                    (self.connection_lost(&error, ""), mid.info(&self.resumption))
                }
                _ => {
                    let is_turn_over = mid.get_mut().is_turn_over();
                    self.state = State::Running(mid);
                    return Ok(if is_turn_over { Advance::Again } else { Advance::Wait });
                }
            },
            (HandshakeStep::Failed(failure, info), None) => (self.with_hint(failure.with_subject(self.peer())), info),
        };
        self.info = Some(self.infos.share(info));
        self.resumption.fail();
        Err(failure)
    }

    /// Checks the result of the handshake.
    fn finish(&mut self, mut stream: backends::Stream<BufferedStream<S>>) -> Result<Advance<S>, TlsError> {
        let info = self.infos.share(stream.info(&self.resumption));
        self.info = Some(Arc::clone(&info));
        let mut tls = Box::new(Tls::new(stream, info));
        match tls.check_pins(&self.pins).and_then(|()| tls.check_protocol()) {
            Ok(()) => {
                tls.accept(&mut self.resumption);
                Ok(Advance::Done(tls))
            }
            Err(failure) => {
                tls.close_notify();
                self.resumption.fail();
                Err(failure)
            }
        }
    }

    /// The handshake has taken too long. Returns the known facts about it. If it offers a session, the peer may be unable to
    /// handle that, so the next connection makes a full handshake.
    pub fn give_up(&mut self) -> Option<Arc<TlsInfo>> {
        let info = self.info();
        self.resumption.fail();
        info
    }

    /// Returns how TLS was set up, or the known facts about a handshake that is not complete.
    pub fn info(&mut self) -> Option<Arc<TlsInfo>> {
        match &mut self.state {
            State::Running(mid) => Some(self.infos.share(mid.info(&self.resumption))),
            _ => self.info.clone(),
        }
    }

    fn stream_failed(&self, error: &StreamError) -> TlsError {
        match error {
            StreamError::Flood(text) => TlsError::new(Error::Tls, (*text).into()).with_subject(self.peer()),
            _ if self.status.other_protocol().is_some() => self.not_tls(),
            _ if self.status.is_silent() => {
                let (peer, plain) = (self.peer(), self.peer().plain_scheme());
                let hint = format!("; {peer} sent nothing: if it does not speak TLS on this port, use {plain}");
                self.connection_lost(&error.to_error(), &hint)
            }
            _ => self.connection_lost(&error.to_error(), ""),
        }
    }

    fn not_tls(&self) -> TlsError {
        let message = format!("{} did not send a TLS record", self.peer());
        self.with_hint(TlsError::new(Error::Tls, message).with_subject(self.peer()))
    }

    fn connection_lost(&self, error: &io::Error, more: &str) -> TlsError {
        let message = format!("the connection broke during {}: {error}{more}", self.peer().handshake());
        TlsError { error: Error::ConnectionLost, os_error: error.raw_os_error().unwrap_or(0), message }
    }

    /// Adds a hint if the peer does not use TLS.
    fn with_hint(&self, mut failure: TlsError) -> TlsError {
        if let Some(sent) = self.status.other_protocol() {
            let line = sent.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
            let (peer, plain) = (self.peer(), self.peer().plain_scheme());
            failure.message += &format!("; {peer} does not speak TLS on this port, is {plain} meant?");
            if !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
                failure.message += &format!(" It sent `{}`", String::from_utf8_lossy(line));
            }
        }
        failure
    }

    /// Returns the stream below. `None` after the handshake.
    pub fn stream(&mut self) -> Option<&mut S> {
        match &mut self.state {
            State::Begin { stream, .. } => Some(stream.stream()),
            State::Running(mid) => Some(mid.get_mut().stream()),
            State::Finished => None,
        }
    }
}

/// Returns the name in the form of certificates: without the zone of an address, and without a dot at the end.
fn server_name(name: &str) -> Result<&str, TlsError> {
    let plain = match name.split_once('%') {
        Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => address,
        _ => name.strip_suffix('.').unwrap_or(name),
    };
    match is_server_name(plain) {
        true => Ok(plain),
        false => Err(TlsError::new(Error::Tls, format!("`{name}` is not a name that a server's certificate can have"))),
    }
}

/// Returns true if the text is a DNS name in ASCII, or an IP address without brackets. Other texts must not reach the platform:
/// OpenSSL checks no name if the text is empty, and accepts any host of the domain for `.domain`.
pub fn is_server_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.parse::<IpAddr>().is_ok() || name.len() <= 253 && name.split('.').all(is_label)
}

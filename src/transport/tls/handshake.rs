//! TLS being set up.

use super::adapter::{Adapter, Loss, Notes};
use super::failure::TlsError;
use super::pins::Pin;
use super::{Connector, Tls, backend};
use crate::error::Error;
use crate::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// What a step of a handshake comes to.
pub(super) enum Step<S> {
    Done(backend::Stream<S>),
    Waiting(backend::MidHandshake<S>),
    Failed(TlsError),
}

/// The handshake, and the check of the server's certificate.
pub struct Handshake<S> {
    state: State<S>,
    pins: Vec<Pin>,
    notes: Arc<Notes>,
}

/// The result of [`Handshake::advance`].
pub enum Advance<S> {
    /// Wait until the stream is ready.
    Wait,
    /// The budget of this turn is used up. Call it again in the next turn; no readiness event will come.
    Again,
    /// The secure stream.
    Done(Box<Tls<S>>),
}

enum State<S> {
    Begin { connector: backend::Connector, name: String, adapter: Adapter<S> },
    Mid(backend::MidHandshake<Adapter<S>>),
    Over,
}

impl<S: Transport> Handshake<S> {
    /// Prepares a handshake with the server `name`, a DNS name in ASCII or an IP address without brackets. It is the name
    /// that is asked for (SNI, names only: RFC 6066 section 3) and that the certificate must have. If there are `pins`, its key must
    /// be one of them; where the platform allows it, this is checked before this side's certificate is sent.
    pub fn begin(connector: &Connector, name: &str, pins: &[Pin], stream: S) -> Handshake<S> {
        let adapter = Adapter::new(stream);
        let notes = adapter.notes();
        let (connector, name) = (connector.0.clone(), name.to_owned());
        Handshake { state: State::Begin { connector, name, adapter }, pins: pins.to_vec(), notes }
    }

    /// Continues as far as possible. Must not be called again after it has failed or has returned the stream.
    pub fn advance(&mut self) -> Result<Advance<S>, TlsError> {
        let step = match std::mem::replace(&mut self.state, State::Over) {
            State::Begin { connector, name, adapter } => connector.connect(server_name(&name)?, &self.pins, adapter),
            State::Mid(mut mid) => {
                mid.adapter().refresh();
                mid.advance()
            }
            State::Over => return Err(TlsError::new(Error::Internal, "the TLS handshake is over".into())),
        };
        match step {
            Step::Done(stream) => {
                let mut tls = Box::new(Tls::new(stream));
                match tls.check_pins(&self.pins).and_then(|()| tls.check_protocol()) {
                    Ok(()) => Ok(Advance::Done(tls)),
                    Err(failure) => {
                        tls.close_notify();
                        Err(failure)
                    }
                }
            }
            // The platform may not know what became of the stream, or have its own words for it.
            _ if let Some(loss) = self.notes.loss() => Err(self.lost(loss)),
            // Fewer bytes than a record's header, and the server may wait for more of ours.
            Step::Waiting(_) if self.notes.other_protocol().is_some() => Err(self.not_tls()),
            Step::Waiting(mut mid) => {
                if let Some(error) = mid.adapter().write_error() {
                    return Err(broken(&error, ""));
                }
                let again = mid.adapter().has_had_its_turn();
                self.state = State::Mid(mid);
                Ok(if again { Advance::Again } else { Advance::Wait })
            }
            Step::Failed(failure) => Err(self.named(failure)),
        }
    }

    fn lost(&self, loss: &Loss) -> TlsError {
        match loss {
            Loss::Flood(what) => TlsError::new(Error::Tls, format!("the TLS handshake failed: {what}")),
            _ if self.notes.other_protocol().is_some() => self.not_tls(),
            _ if self.notes.is_silent() => {
                broken(&loss.to_error(), "; the server sent nothing: if it does not speak TLS on this port, use ws://")
            }
            _ => broken(&loss.to_error(), ""),
        }
    }

    fn not_tls(&self) -> TlsError {
        self.named(TlsError::new(Error::Tls, "the TLS handshake failed: the server did not send a TLS record".into()))
    }

    /// Adds a hint if the server does not use TLS.
    fn named(&self, mut failure: TlsError) -> TlsError {
        if let Some(sent) = self.notes.other_protocol() {
            let line = sent.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
            failure.message += "; the server does not speak TLS on this port, is ws:// meant?";
            if !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
                failure.message += &format!(" It sent `{}`", String::from_utf8_lossy(line));
            }
        }
        failure
    }

    /// The stream below, unless the handshake is over.
    pub fn stream(&mut self) -> Option<&mut S> {
        match &mut self.state {
            State::Begin { adapter, .. } => Some(adapter.stream()),
            State::Mid(mid) => Some(mid.adapter().stream()),
            State::Over => None,
        }
    }
}

fn broken(error: &io::Error, more: &str) -> TlsError {
    let message = format!("the connection broke during the TLS handshake: {error}{more}");
    TlsError { error: Error::ConnectionLost, os_error: error.raw_os_error().unwrap_or(0), message }
}

/// The name as certificates have it: without the zone of an address and the dot of the root.
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

/// Is it a DNS name in ASCII, or an IP address without brackets? Others must not reach the platform: OpenSSL checks nothing
/// for an empty one, and any host below the domain for `.domain`.
pub fn is_server_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.parse::<IpAddr>().is_ok() || name.len() <= 253 && name.split('.').all(is_label)
}

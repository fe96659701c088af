//! TLS being set up.

use super::adapter::{Adapter, Loss};
use super::failure::Failure;
use super::{Connector, Tls, backend};
use crate::error::Error;
use crate::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

/// What a step of a handshake comes to.
pub(super) enum Step<S> {
    Done(backend::Stream<S>),
    Waiting(backend::MidHandshake<S>),
    Failed(Failure),
}

/// The handshake, and the check of the server's certificate.
pub struct Handshake<S> {
    state: State<S>,
    loss: Arc<OnceLock<Loss>>,
}

enum State<S> {
    Begin { connector: backend::Connector, name: String, adapter: Adapter<S> },
    Mid(backend::MidHandshake<Adapter<S>>),
    Over,
}

impl<S: Transport> Handshake<S> {
    /// Prepares a handshake with the server `name`, a DNS name in ASCII or an IP address without brackets. It is the name
    /// that is asked for (SNI, names only: RFC 6066 section 3) and that the certificate must have.
    pub fn begin(connector: &Connector, name: &str, stream: S) -> Handshake<S> {
        let adapter = Adapter::new(stream);
        let loss = adapter.loss_note();
        let (connector, name) = (connector.0.clone(), name.to_owned());
        Handshake { state: State::Begin { connector, name, adapter }, loss }
    }

    /// Goes on as far as possible. Nothing: wait until the stream is ready. To be called no more once it has failed or has
    /// given the stream.
    pub fn advance(&mut self) -> Result<Option<Tls<S>>, Failure> {
        let step = match std::mem::replace(&mut self.state, State::Over) {
            State::Begin { connector, name, adapter } => connector.connect(server_name(&name)?, adapter),
            State::Mid(mut mid) => {
                mid.adapter().refresh();
                mid.advance()
            }
            State::Over => return Err(Failure::new(Error::Internal, "the TLS handshake is over".into())),
        };
        match step {
            Step::Done(stream) => Ok(Some(Tls::new(stream))),
            // The platform may not know what became of the stream, or have its own words for it.
            _ if let Some(loss) = self.loss.get() => Err(lost(&loss.to_error())),
            Step::Waiting(mut mid) => {
                if let Some(error) = mid.adapter().write_error() {
                    return Err(lost(&error));
                }
                self.state = State::Mid(mid);
                Ok(None)
            }
            Step::Failed(failure) => Err(failure),
        }
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

fn lost(error: &io::Error) -> Failure {
    let message = format!("the connection broke during the TLS handshake: {error}");
    Failure { error: Error::ConnectionLost, os_error: error.raw_os_error().unwrap_or(0), message }
}

/// The name as certificates have it: without the zone of an address and the dot of the root.
fn server_name(name: &str) -> Result<&str, Failure> {
    let plain = match name.split_once('%') {
        Some((address, _)) if address.parse::<Ipv6Addr>().is_ok() => address,
        _ => name.strip_suffix('.').unwrap_or(name),
    };
    match is_server_name(plain) {
        true => Ok(plain),
        false => Err(Failure::new(Error::Tls, format!("`{name}` is not a name that a server's certificate can have"))),
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

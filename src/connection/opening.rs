//! From the URL to an open connection: look-up, TCP, upgrade.

use super::report::{Ending, Initiator, Phase};
use super::{Context, Events, Network, Plan};
use crate::error::Error;
use crate::protocol::upgrade::{self, Agreed, Answer, Refusal};
use crate::transport::Transport;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::time::Instant;
use tungstenite::handshake::client::generate_key;
use url::Host;

/// A connection that is being made.
#[derive(Debug)]
pub(super) struct Opening<S> {
    plan: Plan,
    /// For the look-up and TCP together.
    connect_deadline: Instant,
    deadline: Instant,
    stage: Stage<S>,
}

#[derive(Debug)]
enum Stage<S> {
    Resolving,
    Dialing { stream: S, addresses: std::vec::IntoIter<SocketAddr> },
    Upgrading { stream: S, request: Vec<u8>, written: usize, answer: Answer },
}

/// What an opening came to.
pub(super) enum Step<S> {
    Wait,
    /// It is open. `early` is where in the read buffer the first bytes after the answer are.
    Open {
        stream: S,
        subprotocol: String,
        early: Range<usize>,
    },
    Ended(Ending, Phase),
}

impl<S: Transport> Opening<S> {
    pub(super) fn begin<N, E>(plan: Plan, context: &mut Context<'_, N, E>) -> (Opening<S>, Step<S>)
    where
        N: Network<Stream = S>,
        E: Events,
    {
        let connect_deadline = context.now + plan.limits.connect;
        let port = plan.target.port;
        let addresses = match &plan.target.host {
            Host::Ipv4(address) => Some(vec![SocketAddr::from((*address, port))]),
            Host::Ipv6(address) => Some(vec![SocketAddr::from((*address, port))]),
            // RFC 6761 section 6.3: never a question for the network.
            Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => {
                Some(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))])
            }
            Host::Domain(name) => {
                context.network.resolve(name, port);
                None
            }
        };
        let mut opening = Opening { plan, connect_deadline, deadline: connect_deadline, stage: Stage::Resolving };
        let step = match addresses {
            Some(addresses) => opening.resolved(Ok(addresses), context),
            None => Step::Wait,
        };
        (opening, step)
    }

    pub(super) fn phase(&self) -> Phase {
        match self.stage {
            Stage::Resolving => Phase::Resolve,
            Stage::Dialing { .. } => Phase::Connect,
            Stage::Upgrading { .. } => Phase::Handshake,
        }
    }

    pub(super) fn stream(&mut self) -> Option<&mut S> {
        match &mut self.stage {
            Stage::Resolving => None,
            Stage::Dialing { stream, .. } | Stage::Upgrading { stream, .. } => Some(stream),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn resolved<N, E>(
        &mut self,
        addresses: io::Result<Vec<SocketAddr>>,
        context: &mut Context<'_, N, E>,
    ) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if !matches!(self.stage, Stage::Resolving) {
            return Step::Wait;
        }
        match addresses {
            Ok(addresses) if addresses.is_empty() => {
                let message = format!("no address for {}", self.plan.target.host);
                Step::Ended(Ending::new(Error::Resolve, Initiator::Transport, message), Phase::Resolve)
            }
            Ok(addresses) => self.dial(addresses.into_iter(), None, context),
            Err(error) => {
                let doing = format!("no address for {}", self.plan.target.host);
                Step::Ended(Ending::io(Error::Resolve, &doing, &error), Phase::Resolve)
            }
        }
    }

    /// Begins to connect to the next address, after `failure` of the one before it.
    fn dial<N, E>(
        &mut self,
        mut addresses: std::vec::IntoIter<SocketAddr>,
        mut failure: Option<Ending>,
        context: &mut Context<'_, N, E>,
    ) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        while let Some(address) = addresses.next() {
            context.events.step(format_args!("connecting to {address}"));
            match context.network.dial(address) {
                Ok(stream) => {
                    // An address that does not answer must not use up the time of those after it.
                    let left = self.connect_deadline.saturating_duration_since(context.now);
                    self.deadline = context.now + left / (addresses.len() as u32 + 1);
                    self.stage = Stage::Dialing { stream, addresses };
                    return Step::Wait;
                }
                Err(error) => failure = Some(connect_failed(&error)),
            }
        }
        // Never absent: `resolved` refuses an empty list.
        Step::Ended(failure.unwrap_or_else(Ending::internal), Phase::Connect)
    }

    pub(super) fn turn<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if let Stage::Dialing { stream, .. } = &mut self.stage {
            match stream.poll_connected() {
                Ok(false) => return Step::Wait,
                Ok(true) => self.ask(context),
                Err(error) => {
                    let ending = connect_failed(&error);
                    return self.dial_next(ending, context);
                }
            }
        }
        if let Stage::Upgrading { .. } = self.stage { self.upgrade(context) } else { Step::Wait }
    }

    fn dial_next<N, E>(&mut self, failure: Ending, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        match std::mem::replace(&mut self.stage, Stage::Resolving) {
            Stage::Dialing { addresses, .. } => self.dial(addresses, Some(failure), context),
            _ => Step::Ended(failure, Phase::Connect),
        }
    }

    /// The stream is there: makes the request.
    fn ask<N, E: Events>(&mut self, context: &mut Context<'_, N, E>) {
        context.events.step(format_args!("connected, asking for the upgrade"));
        if let Stage::Dialing { stream, .. } = std::mem::replace(&mut self.stage, Stage::Resolving) {
            let key = generate_key();
            self.deadline = context.now + self.plan.limits.handshake;
            self.stage = Stage::Upgrading {
                stream,
                request: upgrade::request(
                    &self.plan.target.authority,
                    &self.plan.target.target,
                    &key,
                    &self.plan.subprotocols,
                ),
                written: 0,
                answer: Answer::new(&key, std::mem::take(&mut self.plan.subprotocols)),
            };
        }
    }

    fn upgrade<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
    {
        let Stage::Upgrading { stream, request, written, answer } = &mut self.stage else { return Step::Wait };
        let lost = |error: &io::Error| {
            let doing = "the connection broke during the upgrade";
            Step::Ended(Ending::io(Error::ConnectionLost, doing, error), Phase::Handshake)
        };
        while *written < request.len() {
            match stream.write(&request[*written..]) {
                Ok(0) => return lost(&ErrorKind::WriteZero.into()),
                Ok(count) => *written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return lost(&error),
            }
        }
        // A server may refuse before it has read the whole request, so the answer is looked for in any case.
        loop {
            let count = match stream.read(context.buffer) {
                Ok(0) => {
                    let message = "the server ended the connection before it answered the upgrade";
                    let ending = Ending::new(Error::ConnectionLost, Initiator::Transport, message);
                    return Step::Ended(ending, Phase::Handshake);
                }
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return lost(&error),
            };
            match answer.feed(&context.buffer[..count]) {
                Ok(None) => {}
                Ok(Some(_)) if *written < request.len() => {
                    let detail = "the server agreed to the upgrade before it had the request";
                    let ending = Ending::refusal(Refusal::Malformed { status: 101, detail });
                    return Step::Ended(ending, Phase::Handshake);
                }
                Ok(Some(Agreed { subprotocol, rest })) => {
                    let early = count - rest.len()..count;
                    let Stage::Upgrading { stream, .. } = std::mem::replace(&mut self.stage, Stage::Resolving) else {
                        return Step::Wait;
                    };
                    return Step::Open { stream, subprotocol, early };
                }
                Err(refusal) => return Step::Ended(Ending::refusal(refusal), Phase::Handshake),
            }
        }
    }

    pub(super) fn expire<N, E>(&mut self, context: &mut Context<'_, N, E>) -> Step<S>
    where
        N: Network<Stream = S>,
        E: Events,
    {
        if context.now < self.deadline {
            return Step::Wait;
        }
        match self.stage {
            Stage::Resolving => Step::Ended(Ending::timeout("the name look-up"), Phase::Resolve),
            Stage::Dialing { .. } => self.dial_next(Ending::timeout("connecting"), context),
            Stage::Upgrading { .. } => Step::Ended(Ending::timeout("the answer to the upgrade"), Phase::Handshake),
        }
    }
}

fn connect_failed(error: &io::Error) -> Ending {
    let error_of_ours = if is_out_of_resources(error) { Error::NoResources } else { Error::Connect };
    Ending::io(error_of_ours, "connecting failed", error)
}

/// Was it the operating system of this machine that had none left: descriptors, ports, memory?
fn is_out_of_resources(error: &io::Error) -> bool {
    #[cfg(unix)]
    return matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM));
    #[cfg(not(unix))]
    return matches!(error.kind(), ErrorKind::OutOfMemory);
}

//! The stages of a hop.

use super::happy_eyeballs::HappyEyeballs;
use super::proxy_handshake::ProxyHandshake;
use super::refusal::Refusal;
use super::upgrade::Upgrade;
use crate::connection::connect_info::ConnectInfo;
use crate::connection::query::Query;
use crate::connection::report::Phase;
use crate::transport::stream::Stream;
use crate::transport::tls::{Handshake, Peer};
use crate::transport::{HostCall, Transport};
use std::time::{Duration, Instant};

pub(super) enum HopStage<S> {
    /// The host looks for the proxies.
    FindingProxies(Query),
    /// Names are looked up, and connections are tried.
    Connecting(HappyEyeballs<S>),
    /// The stream leads to this peer, but the TLS connector is not made yet.
    TlsConnector(Stream<S>, Peer),
    TlsHandshake(Handshake<Stream<S>>),
    /// The stream leads to the proxy.
    Proxy(Box<ProxyHandshake<Stream<S>>>),
    Upgrading(Box<Upgrade<Stream<S>>>),
    /// The body of a refusal is read, within the time limit of the refused stage.
    Refused(Box<Refusal<Stream<S>>>),
    /// The state between two stages, and after the last one.
    Left,
}

/// Returns the remark about a hook in the message of a time-out that occurred while the hook was awaited.
fn remark(call: Option<HostCall>, hook: &str, end: &str) -> String {
    match call {
        None => String::new(),
        Some(HostCall::Runs) => format!(" ({hook} has not {end})"),
        Some(HostCall::Waits) => format!(" ({hook} was not called: earlier calls of hooks use its threads)"),
    }
}

fn tls_phase(peer: Peer) -> Phase {
    match peer {
        Peer::Server => Phase::Tls,
        Peer::Proxy => Phase::Proxy,
    }
}

impl<S: Transport> HopStage<S> {
    pub(super) fn phase(&self) -> Phase {
        match self {
            HopStage::Connecting(connecting) => connecting.phase(),
            HopStage::FindingProxies(_) | HopStage::Proxy(_) => Phase::Proxy,
            HopStage::TlsConnector(_, peer) => tls_phase(*peer),
            HopStage::TlsHandshake(handshake) => tls_phase(handshake.peer()),
            HopStage::Refused(refusal) => refusal.phase,
            HopStage::Upgrading(_) | HopStage::Left => Phase::Handshake,
        }
    }

    /// Returns whether another proxy can still be tried.
    pub(super) fn is_before_tunnel(&self) -> bool {
        match self {
            HopStage::Connecting(_) => true,
            HopStage::TlsConnector(_, peer) => *peer == Peer::Proxy,
            HopStage::TlsHandshake(handshake) => handshake.peer() == Peer::Proxy,
            HopStage::FindingProxies(_)
            | HopStage::Proxy(_)
            | HopStage::Upgrading(_)
            | HopStage::Refused(_)
            | HopStage::Left => false,
        }
    }

    /// Returns the subject of the message of a time-out.
    pub(super) fn describe(&self) -> String {
        match self {
            HopStage::Connecting(connecting) if connecting.phase() == Phase::Resolve => {
                let hook = remark(connecting.resolver_call(), "on_resolve", "answered");
                format!("looking up {}{hook}", connecting.endpoint)
            }
            HopStage::Connecting(connecting) => {
                let hook = remark(connecting.socket_call(), "on_socket", "returned");
                format!("connecting to {}{hook}", connecting.endpoint)
            }
            HopStage::FindingProxies(query) => {
                let hook = remark(Some(query.call()).filter(|call| *call == HostCall::Waits), "on_proxy", "");
                format!("the answer to on_proxy{hook}")
            }
            HopStage::Proxy(_) => "the answer of the proxy (is its scheme right: http, https or socks5?)".to_owned(),
            HopStage::TlsConnector(_, peer) => peer.handshake().to_owned(),
            HopStage::TlsHandshake(handshake) => handshake.peer().handshake().to_owned(),
            HopStage::Upgrading(_) | HopStage::Refused(_) | HopStage::Left => "the answer to the upgrade".to_owned(),
        }
    }

    /// Records how long the stage, which began at `began`, has taken, and which addresses it has tried.
    pub(super) fn record(&mut self, began: Instant, now: Instant, info: &mut ConnectInfo) {
        let timings = &mut info.timings;
        // Zero means that a stage was not reached. A turn of the engine has only one time, so short stages would be zero.
        let at_least = Duration::from_micros(1);
        let took = now.saturating_duration_since(began).max(at_least);
        match self {
            HopStage::Connecting(connecting) => {
                match connecting.resolved_at {
                    Some(at) => {
                        timings.resolve += at.saturating_duration_since(began);
                        timings.connect += now.saturating_duration_since(at).max(at_least);
                    }
                    None => timings.resolve += took,
                }
                info.addresses_tried += info.tried_addresses.append(std::mem::take(&mut connecting.tried));
            }
            HopStage::FindingProxies(_) | HopStage::Proxy(_) => timings.proxy += took,
            HopStage::TlsConnector(..) | HopStage::TlsHandshake(_) if self.phase() == Phase::Proxy => {
                timings.proxy += took;
            }
            HopStage::TlsConnector(..) | HopStage::TlsHandshake(_) => timings.tls += took,
            HopStage::Upgrading(_) => timings.handshake = took,
            HopStage::Refused(refusal) if refusal.phase == Phase::Proxy => timings.proxy += took,
            HopStage::Refused(_) => timings.handshake += took,
            HopStage::Left => {}
        }
    }

    pub(super) fn note_hangup(&mut self) {
        match self {
            HopStage::Connecting(connecting) => connecting.streams().for_each(S::note_hangup),
            HopStage::Proxy(handshake) => handshake.stream.note_hangup(),
            HopStage::TlsConnector(stream, _) => stream.note_hangup(),
            HopStage::TlsHandshake(handshake) => handshake.stream().into_iter().for_each(Stream::note_hangup),
            HopStage::Upgrading(upgrade) => upgrade.stream.note_hangup(),
            HopStage::Refused(refusal) => refusal.stream.note_hangup(),
            HopStage::FindingProxies(_) | HopStage::Left => {}
        }
    }

    /// Returns true if a stream of the stage waited to become writable.
    pub(super) fn waits_for_writing(&mut self) -> bool {
        match self {
            HopStage::Connecting(connecting) => connecting.streams().any(S::waits_for_writing),
            HopStage::Proxy(handshake) => handshake.stream.waits_for_writing(),
            HopStage::TlsConnector(stream, _) => stream.waits_for_writing(),
            HopStage::TlsHandshake(handshake) => handshake.stream().is_none_or(Stream::waits_for_writing),
            HopStage::Upgrading(upgrade) => upgrade.stream.waits_for_writing(),
            HopStage::Refused(refusal) => refusal.stream.waits_for_writing(),
            HopStage::FindingProxies(_) | HopStage::Left => false,
        }
    }

    /// Every stream of the stage is reset when it is dropped.
    pub(super) fn reset_on_drop(&mut self) {
        match self {
            HopStage::Connecting(connecting) => connecting.streams().for_each(S::reset_on_drop),
            HopStage::Proxy(handshake) => handshake.stream.reset_on_drop(),
            HopStage::TlsConnector(stream, _) => stream.reset_on_drop(),
            HopStage::TlsHandshake(handshake) => handshake.stream().into_iter().for_each(Stream::reset_on_drop),
            HopStage::Upgrading(upgrade) => upgrade.stream.reset_on_drop(),
            HopStage::Refused(refusal) => refusal.stream.reset_on_drop(),
            HopStage::FindingProxies(_) | HopStage::Left => {}
        }
    }
}

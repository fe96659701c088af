//! The stages of TLS, to the proxy and to the server: the connector, and the handshake.

use super::stage::HopStage;
use super::{Opened, Opening, Outcome, Stream};
use crate::config::ConnectConfig;
use crate::connection::ports::{Context, Events, Network, Ports, Prepared};
use crate::connection::report::{Ending, Initiator, Phase};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::{self, Advance, Destination, Handshake, Peer};

impl<S: Transport> Opening<S> {
    /// The connector for these settings was made, or cannot be made.
    pub(in crate::connection) fn prepared<P: Ports<Stream = S>>(
        &mut self,
        settings: &tls::Settings,
        connector: Prepared,
        context: &mut Context<'_, P>,
    ) -> Outcome<Opened<S>> {
        // The connector may belong to an earlier hop or attempt. Its client certificate must not be sent to another server.
        let is_servers = self.config.target.is_secure() && self.connector.is_none() && *self.config.tls == *settings;
        let is_proxys = self.routes.waits_for(settings);
        match connector {
            _ if !is_servers && !is_proxys => return Outcome::Wait,
            Ok(connector) => {
                if is_servers {
                    self.connector = Some(connector.clone());
                }
                if is_proxys {
                    self.routes.prepared(connector);
                }
            }
            Err(ending) => {
                return Outcome::Failed(ending, if is_servers { Phase::Tls } else { Phase::Proxy });
            }
        }
        self.turn(context)
    }

    #[inline(never)]
    pub(super) fn begin_tls<P: Ports<Stream = S>>(
        &mut self,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let HopStage::TlsConnector(_, peer) = self.stage else { return None };
        let connector = match peer {
            Peer::Server => self.connector.clone(),
            Peer::Proxy => self.routes.connector(),
        };
        let Some(connector) = connector else { return Some(Outcome::Wait) };
        if self.config.tls.insecure && peer == Peer::Server {
            context.events.warn(format_args!(
                "EGRET_WS_ACCEPT_ANY_CERTIFICATE: the certificate of {} is not checked",
                self.config.target
            ));
        }
        let HopStage::TlsConnector(stream, _) = self.leave_stage(context.now) else { return None };
        let ConnectConfig { target, server_name, pins, resumes_tls, .. } = &*self.config;
        let proxy = self.routes.proxy().filter(|_| peer == Peer::Proxy);
        let (host, port) = match proxy {
            Some(proxy) => (proxy.server_name(), proxy.port),
            None => (target.server_name(), target.port()),
        };
        // The name and the pins in the options belong to the server.
        let (name, pins) = match proxy {
            Some(_) => (&*host, &[][..]),
            None => (server_name.as_deref().unwrap_or(&host), &**pins),
        };
        let socket = context.network.socket_number();
        let destination = Destination { peer, name, host: &host, port, pins, resumes: *resumes_tls, socket };
        let handshake = Handshake::begin(&connector, &destination, stream);
        self.continue_stage(HopStage::TlsHandshake(handshake), context.now);
        None
    }

    #[inline(never)]
    pub(super) fn tls_handshake<P: Ports<Stream = S>>(
        &mut self,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        let HopStage::TlsHandshake(handshake) = &mut self.stage else { return None };
        let peer = handshake.peer();
        let stream = match handshake.advance() {
            Ok(Advance::Wait) => return Some(Outcome::Wait),
            Ok(Advance::Again) => return Some(Outcome::Again),
            Ok(Advance::Done(stream)) => stream,
            Err(failure) => {
                self.info.tls = handshake.info();
                return match peer {
                    Peer::Server => Some(Outcome::Failed(tls_ending(failure), Phase::Tls)),
                    Peer::Proxy => self.route_failed(tls_ending(failure), Phase::Proxy, context),
                };
            }
        };
        // Until there is a tunnel, this is the info of the proxy's TLS.
        self.info.tls = handshake.info();
        if peer == Peer::Proxy {
            context.events.debug(format_args!("TLS to the proxy is set up"));
            drop(self.leave_stage(context.now));
            let stage = self.tunnel(Stream::Secure(stream), context);
            self.continue_stage(stage, context.now);
            return None;
        }
        context.events.debug(format_args!("TLS is set up"));
        context.now = context.network.now();
        self.begin_upgrade(Stream::Secure(stream), context);
        None
    }
}

fn tls_ending(failure: tls::TlsError) -> Ending {
    let initiator = match failure.error {
        Error::Tls | Error::ConnectionLost => Initiator::Transport,
        _ => Initiator::Local,
    };
    Ending { os_error: failure.os_error, ..Ending::new(failure.error, initiator, failure.message) }
}

//! The routes to the server of a hop: through a proxy, or directly. They are tried in their order, until one of them connects.

use super::outcome::Outcome;
use super::proxy_handshake::ProxyHandshake;
use super::stage::HopStage;
use super::{Opened, Opening, Stream, Tunnel};
use crate::connection::ports::{Context, Events, Network, Ports};
use crate::connection::query::Query;
use crate::connection::report::{Ending, Initiator, Phase};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::proxy::Proxy;
use crate::transport::tls::{Connector, Settings};
use std::io;
use std::sync::Arc;
use std::vec;

/// The routes to the server of a hop.
#[derive(Default)]
pub(super) struct Routes {
    /// The proxy of the current route. `None`: it is direct.
    proxy: Option<Proxy>,
    /// For an `https` proxy: the settings of the connector for it, and the connector when it is made.
    tls: Option<(Arc<Settings>, Option<Connector>)>,
    next: vec::IntoIter<Option<Proxy>>,
}

impl Routes {
    /// Makes the only route, by this proxy or directly.
    pub(super) fn one(proxy: Option<Proxy>) -> Routes {
        Routes { proxy, ..Routes::default() }
    }

    /// Makes several routes. An empty list means a direct route.
    fn new(routes: Vec<Option<Proxy>>) -> Routes {
        let mut routes = Routes { next: routes.into_iter(), ..Routes::default() };
        routes.begin_next();
        routes
    }

    /// Makes the next route the current one.
    fn begin_next(&mut self) {
        self.proxy = self.next.next().flatten();
        self.tls = None;
    }

    /// Returns the proxy of the current route. `None`: it is direct.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Returns the connector for TLS to the proxy. `None` until a worker has made it.
    pub(super) fn connector(&self) -> Option<Connector> {
        self.tls.as_ref()?.1.clone()
    }

    /// Returns whether TLS to the proxy waits for the connector of these settings.
    pub(super) fn waits_for(&self, settings: &Settings) -> bool {
        self.tls.as_ref().is_some_and(|(wanted, connector)| connector.is_none() && **wanted == *settings)
    }

    /// The connector for TLS to the proxy was made.
    pub(super) fn prepared(&mut self, made: Connector) {
        if let Some((_, connector)) = &mut self.tls {
            *connector = Some(made);
        }
    }
}

impl<S: Transport> Opening<S> {
    /// Asks the host for the proxies.
    #[cold]
    pub(super) fn find_proxies<P: Ports<Stream = S>>(
        &mut self,
        asked: io::Result<Query>,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        match asked {
            Ok(query) => {
                context.events.debug(format_args!("asking on_proxy for the proxies of {}", self.config.target));
                self.enter_stage(HopStage::FindingProxies(query), self.config.limits.proxy, context.now);
                None
            }
            Err(error) => {
                let ending = Ending::io(Error::NoResources, "on_proxy cannot be called", &error);
                Some(Outcome::Failed(ending, Phase::Proxy))
            }
        }
    }

    /// The host has found the proxies. `None`: it could not find them.
    #[cold]
    pub(super) fn proxies_found<P: Ports<Stream = S>>(
        &mut self,
        proxies: Option<Vec<Option<Proxy>>>,
        context: &mut Context<'_, P>,
    ) -> Outcome<Opened<S>> {
        let Some(proxies) = proxies else {
            let ending = Ending::new(Error::Proxy, Initiator::Local, "on_proxy could not find the proxies");
            return Outcome::Failed(ending, Phase::Proxy);
        };
        drop(self.leave_stage(context.now));
        self.routes = Routes::new(proxies);
        self.begin_route(context).unwrap_or_else(|| self.turn(context))
    }

    /// Gets the connector for TLS to the proxy, if the current route needs one. Returns the ending if there can be none.
    pub(super) fn prepare_proxy_tls<P: Ports<Stream = S>>(&mut self, context: &mut Context<'_, P>) -> Option<Ending> {
        if !self.routes.proxy.as_ref().is_some_and(Proxy::is_secure) {
            return None;
        }
        // The options for the first server also apply to the proxy after any redirect.
        let given = self.first_origin.as_ref().map_or(&self.config.tls, |first| first.tls());
        let mut settings = Arc::new(given.for_proxy());
        let target = &self.config.target;
        if *settings == *self.config.tls {
            settings = Arc::clone(&self.config.tls);
        }
        // If the server needs an equal connector, it was already requested.
        let made = match Arc::ptr_eq(&settings, &self.config.tls) && target.is_secure() {
            true => self.connector.clone(),
            false => match context.network.tls_connector(&settings) {
                None => None,
                Some(Ok(connector)) => Some(connector),
                Some(Err(ending)) => return Some(ending),
            },
        };
        self.routes.tls = Some((settings, made));
        None
    }

    /// The current route cannot be used. Begins the next one, if there is one. `Some`: the result of the hop.
    #[cold]
    #[inline(never)]
    pub(super) fn route_failed<P: Ports<Stream = S>>(
        &mut self,
        ending: Ending,
        phase: Phase,
        context: &mut Context<'_, P>,
    ) -> Option<Outcome<Opened<S>>> {
        if self.routes.next.as_slice().is_empty() || context.now >= self.open_deadline {
            return Some(Outcome::Failed(self.with_redirect_status(ending), phase));
        }
        context.events.warn(format_args!("{}; trying the next proxy", ending.message));
        drop(self.leave_stage(context.now));
        // These describe the failed connection to the proxy.
        (self.info.address, self.info.local_address, self.info.tls) = (None, None, None);
        self.routes.begin_next();
        self.begin_route(context)
    }

    /// Like [`Opening::route_failed`], outside a turn.
    pub(super) fn try_next_route<P: Ports<Stream = S>>(
        &mut self,
        ending: Ending,
        phase: Phase,
        context: &mut Context<'_, P>,
    ) -> Outcome<Opened<S>> {
        self.route_failed(ending, phase, context).unwrap_or_else(|| self.turn(context))
    }

    /// Returns the stage that asks the proxy for a connection to the server.
    pub(super) fn tunnel<P: Ports>(&self, stream: Stream<S>, context: &mut Context<'_, P>) -> HopStage<S> {
        let Some(proxy) = &self.routes.proxy else { return HopStage::Left };
        let target = &self.config.target;
        context.events.debug(format_args!("asking the proxy for {target}"));
        let tunnel = Tunnel::new(proxy, target.host(), target.port());
        HopStage::Proxy(Box::new(ProxyHandshake::new(stream, tunnel)))
    }
}

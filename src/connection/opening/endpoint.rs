//! The endpoint of a hop's TCP connection: the server, or the proxy on the way to it.

use crate::config::url::Url;
use crate::connection::report::Phase;
use crate::transport::is_localhost;
use crate::transport::proxy::Proxy;
use crate::web_url::Host;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An endpoint and the source of its addresses.
pub(super) struct Endpoint {
    /// The endpoint as text, for messages.
    pub(super) text: String,
    pub(super) port: u16,
    pub(super) addresses: Addresses,
}

pub(super) enum Addresses {
    /// Addresses, in the order in which they are tried.
    Known(Vec<SocketAddr>),
    /// An IPv6 address with a zone. Only the operating system knows the number of the zone.
    Scoped(String),
    /// A name, which must be looked up.
    LookUp(String),
}

impl Endpoint {
    /// `given`: the addresses of the target, if the host has set them. They are not used with a proxy.
    pub(super) fn new(target: &Url, proxy: Option<&Proxy>, given: &[SocketAddr]) -> Endpoint {
        let (host, port, zone, text) = match proxy {
            Some(proxy) => (&proxy.host, proxy.port, None, format!("the proxy {}:{}", proxy.host, proxy.port)),
            None => (target.host(), target.port(), target.zone(), target.host_text().to_owned()),
        };
        if proxy.is_none() && !given.is_empty() {
            let with_port = |address: &SocketAddr| match address.port() {
                0 => SocketAddr::new(address.ip(), port),
                _ => *address,
            };
            return Endpoint { text, port, addresses: Addresses::Known(given.iter().map(with_port).collect()) };
        }
        let addresses = match (host, zone) {
            (Host::Ipv6(address), Some(zone)) => Addresses::Scoped(format!("{address}%{zone}")),
            (Host::Ipv4(address), _) => Addresses::Known(vec![SocketAddr::from((*address, port))]),
            (Host::Ipv6(address), None) => Addresses::Known(vec![SocketAddr::from((*address, port))]),
            // RFC 6761 section 6.3: name servers are not asked for localhost.
            (Host::Domain(name), _) if is_localhost(name) => {
                let [v4, v6] = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
                Addresses::Known(vec![SocketAddr::new(v4, port), SocketAddr::new(v6, port)])
            }
            (Host::Domain(name), _) => Addresses::LookUp(name.clone()),
        };
        Endpoint { text, port, addresses }
    }

    /// Returns the phase in which a connection to this endpoint begins.
    pub(super) fn first_phase(&self) -> Phase {
        match self.addresses {
            Addresses::LookUp(_) | Addresses::Scoped(_) => Phase::Resolve,
            Addresses::Known(_) => Phase::Connect,
        }
    }
}

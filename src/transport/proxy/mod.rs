//! Proxies: which proxy a connection uses ([`Proxies`]), and the negotiation of a tunnel with it ([`Tunnel`]). This module
//! handles only text and bytes. The caller connects, reads and writes.
//!
//! ```text
//!   options, environment ─► Proxies (route, no_proxy) ─► Proxy (proxy_url) ─► Tunnel ─► http or socks5
//! ```

mod http;
mod no_proxy;
mod proxy_url;
mod route;
mod socks5;
#[cfg(test)]
mod tests;
mod tunnel;
mod tunnel_error;

pub use proxy_url::{Proxy, ProxyScheme};
pub use route::{Environment, Proxies};
pub use tunnel::Tunnel;
pub use tunnel_error::TunnelError;

//! The configuration of a connection and of a loop: defaults, ranges, and rules between options.
//!
//! ```text
//!   C structs ─► ffi ─► SocketOptions ─► config ─► ConnectConfig ─► socket ─► engine ─► connection
//!                       LoopOptions      config ─► LoopConfig    ─► socket
//!                       as the host gave them      checked, with defaults
//! ```
//!
//! Only this module decides which values are allowed, and which value is used for an option that is not given. For an invalid
//! option it returns a [`DetailedError`], which names the option.
//!
//! `config` is above `protocol` and `transport`. It uses their types for settings ([`RequestOptions`], [`Proxies`],
//! [`tls::Settings`](TlsSettings)) and their rules of syntax (tokens, header values, pins). It is below `connection`, `engine`,
//! `socket` and `ffi`, which all import it.
//!
//! - `options`: the values as the host gave them; `value`: defaults, and texts that are checked and copied
//! - `changes`: what `on_request` may change
//! - `url`, `request`, `network`, `tls`, `limits`, `heartbeat`, `retry`: the parts of a [`ConnectConfig`]
//! - `loop_config`: the options of a loop
//!
//! # To add a connect option
//! 1. `ffi/types.rs`: a field at the end of `egret_ws_options`, with its documentation. A flag instead: `constants.rs`, and `FLAGS` here.
//! 2. `options`: the same name in [`SocketOptions`]; `ffi/options.rs` copies it.
//! 3. The part of [`ConnectConfig`] that it belongs to: its default and its range; `input_limits` if it is a text or a list.
//! 4. A row in `config/tests.rs`, `make header`, and the bindings (a test lists the bindings that do not have the option).

mod changes;
mod heartbeat;
mod limits;
mod loop_config;
mod network;
mod options;
mod request;
mod retry;
#[cfg(test)]
mod tests;
mod tls;
pub mod url;
mod value;

pub use heartbeat::HeartbeatOptions;
pub use limits::Limits;
use loop_config::LOOP_FLAGS;
pub use loop_config::{LoopConfig, LoopOptions};
pub use network::{found_addresses, found_proxies};
pub use options::{DeflateOptions, Header, RetryWaits, SocketOptions};
pub use retry::RetryOptions;
pub use tls::LoopTls;
pub use url::Url;

use crate::constants::*;
use crate::error::DetailedError;
use crate::protocol::handshake::RequestOptions;
use crate::transport::local_side::LocalSide;
use crate::transport::proxy::{Proxies, Proxy};
use crate::transport::tls::Settings as TlsSettings;
use crate::{environment, input_limits};
use std::net::SocketAddr;
use std::sync::Arc;
use value::text;

/// The configuration of a connection: where it goes and how it behaves.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct ConnectConfig {
    pub target: Url,
    pub request: RequestOptions,
    pub proxies: Proxies,
    /// The TLS of the loop.
    pub loop_tls: LoopTls,
    /// The settings of the TLS connector; used with `wss` only.
    pub tls: Arc<TlsSettings>,
    /// SHA-256 hashes of the public keys that the server may have. Empty: any key is allowed.
    pub pins: Vec<[u8; 32]>,
    /// The name in SNI and in the certificate, instead of the target's host.
    pub server_name: Option<String>,
    /// TLS sessions are kept and resumed.
    pub resumes_tls: bool,
    /// The addresses of the target, used instead of a look-up. A port of 0 means the port of the target. Empty: none were given.
    pub addresses: Vec<SocketAddr>,
    /// The local address and the local interface.
    pub local: Arc<LocalSide>,
    pub max_redirects: u32,
    /// Redirects to a URL without TLS are refused.
    pub secure_redirects_only: bool,
    /// Redirects may lead from a public address to a private or loopback one.
    pub redirects_to_private: bool,
    pub limits: Limits,
    pub heartbeat: HeartbeatOptions,
    /// `None`: a lost connection is not opened again.
    pub retry: Option<RetryOptions>,
    /// The host is asked before each attempt (`on_request`), and may change the request.
    pub asks_host: bool,
    /// The credentials of the request come from the options. `false`: they come from the URL, or there are none.
    pub has_given_credentials: bool,
}

/// All flags of the options of a socket.
const FLAGS: u32 = EGRET_WS_ACCEPT_ANY_CERTIFICATE
    | EGRET_WS_ONLY_THESE_ROOTS
    | EGRET_WS_PROXY_FROM_ENVIRONMENT
    | EGRET_WS_DISABLE_DEFLATE
    | EGRET_WS_RESEND
    | EGRET_WS_DISABLE_ALPN
    | EGRET_WS_DISABLE_TLS_RESUMPTION
    | EGRET_WS_SECURE_REDIRECTS_ONLY
    | EGRET_WS_ALLOW_PRIVATE_REDIRECTS;

impl ConnectConfig {
    /// Checks the options of a socket that connects to `target` in a loop with this TLS, and adds the defaults.
    pub fn new(target: Url, options: &SocketOptions<'_>, loop_tls: LoopTls) -> Result<ConnectConfig, DetailedError> {
        match options.flags & !FLAGS {
            0 => {}
            wrong if wrong & LOOP_FLAGS != 0 => {
                return Err(DetailedError::invalid("flags has a flag of a loop: set it in egret_ws_loop_options"));
            }
            _ => return Err(DetailedError::invalid("flags has an unknown bit")),
        }
        if options.max_redirects > input_limits::REDIRECTS {
            return Err(DetailedError::invalid(format!("max_redirects is above {}", input_limits::REDIRECTS)));
        }
        let addresses = network::addresses(options.addresses)?;
        let proxies = proxies(options, &target, loop_tls)?;
        check_addresses(&addresses, &proxies)?;
        let config = ConnectConfig {
            request: request::read(options, target.credentials())?,
            proxies,
            loop_tls,
            tls: Arc::new(tls::settings(options)?),
            pins: tls::pins(options)?,
            server_name: tls::server_name(options)?,
            resumes_tls: !options.has(EGRET_WS_DISABLE_TLS_RESUMPTION) && loop_tls.resumes(),
            addresses,
            local: Arc::new(network::local_side(options)?),
            max_redirects: options.max_redirects,
            secure_redirects_only: options.has(EGRET_WS_SECURE_REDIRECTS_ONLY),
            redirects_to_private: options.has(EGRET_WS_ALLOW_PRIVATE_REDIRECTS),
            limits: limits::read(options)?,
            heartbeat: heartbeat::read(options)?,
            retry: retry::read(options)?,
            asks_host: options.has_on_request,
            has_given_credentials: options.username.is_some(),
            target,
        };
        loop_tls.check_options(&config)?;
        Ok(config)
    }

    /// Returns whether the connection may need TLS. A redirect can lead from `ws` to `wss`, and the host can change the URL.
    pub fn may_use_tls(&self) -> bool {
        self.target.is_secure() || self.max_redirects > 0 || self.asks_host
    }
}

fn proxies(options: &SocketOptions<'_>, target: &Url, loop_tls: LoopTls) -> Result<Proxies, DetailedError> {
    let url = text(&"proxy", options.proxy, input_limits::TEXT)?;
    let variable = |name: &str| environment::variable(name)?.into_string().ok();
    let proxies = Proxies::read(url, options.has(EGRET_WS_PROXY_FROM_ENVIRONMENT), variable)?;
    check_route(&proxies, target, loop_tls)?;
    Ok(proxies)
}

/// Checks the proxy of the environment, and whether TLS is needed but missing. The call that sets the target returns these
/// errors, so they are not errors of the connection.
fn check_route(proxies: &Proxies, target: &Url, loop_tls: LoopTls) -> Result<(), DetailedError> {
    let proxy = proxies.for_target(target.is_secure(), target.host(), target.port())?;
    loop_tls.check(target.is_secure() || proxy.is_some_and(Proxy::is_secure))
}

/// A proxy that is set by an option looks up the name itself, so it is an error to set addresses too.
fn check_addresses(addresses: &[SocketAddr], proxies: &Proxies) -> Result<(), DetailedError> {
    if !addresses.is_empty() && proxies.is_fixed() {
        return Err(DetailedError::invalid("addresses and proxy are both set, but the proxy looks up the name itself"));
    }
    Ok(())
}

//! Redirects: the next hop, and the headers and credentials that may be sent there.

use super::address_space::AddressSpace;
use crate::config::ConnectConfig;
use crate::protocol::http_head::values;
use crate::transport::tls;
use std::sync::Arc;

/// Is it a status that redirects to another URL (RFC 9110 section 15.4)?
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The most bytes of a `Location`. Most servers accept no longer URLs.
const MAX_LOCATION: usize = 8192;

/// The server that redirected the connection to this hop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redirector {
    /// The status of its response.
    pub(super) status: u16,
    /// The address space of its address.
    pub(super) space: AddressSpace,
}

/// Returns the `Location` of a response with these headers.
fn location(headers: &str) -> Result<&str, String> {
    let mut locations = values(headers, "location");
    let location = locations.next().ok_or("the answer has no Location header")?;
    // Chrome refuses several too: an attacker may have added one of them.
    if locations.any(|other| other != location) {
        return Err("the answer has several Location headers".to_owned());
    }
    match location.len() {
        ..=MAX_LOCATION => Ok(location),
        _ => Err(format!("its Location has more than {MAX_LOCATION} bytes")),
    }
}

/// Changes the configuration to that of the next hop. `headers` are those of the redirect, `followed` is the number of redirects
/// before it. The error says why the redirect is not followed.
pub(super) fn follow(config: &mut ConnectConfig, headers: &str, followed: u32) -> Result<(), String> {
    let location = location(headers)?;
    if followed == config.max_redirects {
        return Err(format!("{followed} were followed already, which is max_redirects"));
    }
    let target = config.target.redirected(location).map_err(|refused| refused.detail)?;
    if config.target.is_secure() && !target.is_secure() {
        return Err("it leads from wss to ws, where anyone could listen".to_owned());
    }
    if !config.target.is_same_origin(&target) {
        // Programs often put a token into a subprotocol, because browsers offer no other place for it. A connection without the
        // subprotocols would not be the one that the host has requested.
        if !config.request.subprotocols.is_empty() {
            return Err(
                "it leads to another origin, and the socket has subprotocols, which are not sent there".to_owned()
            );
        }
        // These may be secrets for the first server only.
        config.request.headers.clear();
        config.request.credentials = None;
        config.server_name = None;
        if config.tls.identity.is_some() {
            config.tls = Arc::new(tls::Settings { identity: None, ..(*config.tls).clone() });
        }
    }
    config.target = target;
    Ok(())
}

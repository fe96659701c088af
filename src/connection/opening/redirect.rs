//! Redirects: the next hop, and the headers and credentials that may be sent there.

use super::address_space::AddressSpace;
use crate::config::{ConnectConfig, Url};
use crate::protocol::http_head::values;
use crate::transport::tls;
use std::net::SocketAddr;
use std::sync::Arc;

/// Returns whether this status redirects to another URL (RFC 9110 section 15.4).
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The longest `Location`, in bytes. Most servers accept no longer URLs.
const MAX_LOCATION: usize = 8192;

/// The server that redirected the connection to this hop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redirector {
    /// The status of the redirect response.
    pub(super) status: u16,
    /// The address space of the server.
    pub(super) space: AddressSpace,
}

/// Returns the `Location` of a response with these headers.
fn location(headers: &str) -> Result<&str, String> {
    let mut locations = values(headers, "location");
    let location = locations.next().ok_or("the answer has no Location header")?;
    // Chrome also refuses several different ones: an attacker may have added one of them.
    if locations.any(|other| other != location) {
        return Err("the answer has several Location headers".to_owned());
    }
    match location.len() {
        ..=MAX_LOCATION => Ok(location),
        _ => Err(format!("its Location has more than {MAX_LOCATION} bytes")),
    }
}

/// The origin that the host has requested, and the host's settings for it.
#[derive(Clone, Debug)]
pub(super) struct FirstOrigin {
    url: Url,
    tls: Arc<tls::Settings>,
    server_name: Option<String>,
    addresses: Vec<SocketAddr>,
}

impl FirstOrigin {
    /// `config` is the configuration of the first hop.
    pub(super) fn of(config: &ConnectConfig) -> FirstOrigin {
        let ConnectConfig { target, tls, server_name, addresses, .. } = config;
        FirstOrigin {
            url: target.clone(),
            tls: Arc::clone(tls),
            server_name: server_name.clone(),
            addresses: addresses.clone(),
        }
    }

    /// Returns the TLS settings of the host.
    pub(super) fn tls(&self) -> &Arc<tls::Settings> {
        &self.tls
    }

    /// Sets where the target of the next hop is, and how it proves its identity. Restrictions of the host apply to every origin:
    /// pins, roots that replace those of the system, the lowest version. Permissions of the host apply to the first origin only:
    /// any certificate, additional roots, another name. Its addresses apply to the first origin only, too. The certificate of
    /// this side is a secret for the first server only.
    fn set_target(&self, config: &mut ConnectConfig) {
        let mut settings = tls::Settings { identity: None, ..(*self.tls).clone() };
        if self.url.is_same_origin(&config.target) {
            config.server_name.clone_from(&self.server_name);
            config.addresses.clone_from(&self.addresses);
        } else {
            config.server_name = None;
            config.addresses.clear();
            settings.insecure = false;
            if !settings.only_these_roots {
                settings.roots = Vec::new();
            }
        }
        if *config.tls != settings {
            config.tls = Arc::new(settings);
        }
    }
}

/// Changes the configuration to the one of the next hop. `headers` are those of the redirect, `followed` is the number of earlier
/// redirects. The error gives the reason why the redirect is not followed.
pub(super) fn follow(
    config: &mut ConnectConfig,
    first: &FirstOrigin,
    headers: &str,
    followed: u32,
) -> Result<(), String> {
    let location = location(headers)?;
    if followed == config.max_redirects {
        return Err(format!("{followed} redirects were already followed, which is the limit max_redirects"));
    }
    let target = config.target.redirected(location).map_err(|refused| refused.detail)?;
    if config.target.is_secure() && !target.is_secure() {
        return Err("it leads from wss to ws, which is not encrypted".to_owned());
    }
    if config.secure_redirects_only && !target.is_secure() {
        return Err("it leads to ws, and EGRET_WS_SECURE_REDIRECTS_ONLY is set".to_owned());
    }
    config.loop_tls.check(target.is_secure()).map_err(|refused| format!("it leads to wss: {}", refused.detail))?;
    let leaves_origin = !config.target.is_same_origin(&target);
    // Programs often put a token into a subprotocol, because browsers have no other place for it. A connection without the
    // subprotocols would not be the one that the host has requested.
    if leaves_origin && !config.request.subprotocols.is_empty() {
        return Err("it leads to another origin, and the socket has subprotocols, which are not sent there".to_owned());
    }
    config.target = target;
    if leaves_origin {
        // These may be secrets for the first server only. They are not sent again even if a later redirect leads back to it,
        // because another server has chosen that URL.
        config.request.headers.clear();
        config.request.credentials = None;
        first.set_target(config);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::simulation::config;
    use super::*;
    use crate::config::LoopTls;

    #[test]
    fn without_tls_a_redirect_to_wss_is_not_followed() {
        let mut config = config("ws://h/");
        (config.max_redirects, config.loop_tls) = (20, LoopTls::None);
        let first = FirstOrigin::of(&config);
        let refused = follow(&mut config, &first, "Location: https://h/\n", 0).unwrap_err();
        assert_eq!((refused, config.target.is_secure()), (format!("it leads to wss: {}", tls::NO_TLS), false));
        assert_eq!(follow(&mut config, &first, "Location: http://other/\n", 0), Ok(()));
    }

    #[test]
    fn with_the_flag_no_redirect_leads_to_ws() {
        let mut config = config("ws://h/");
        (config.max_redirects, config.secure_redirects_only) = (20, true);
        let first = FirstOrigin::of(&config);
        for location in ["http://h/other", "ws://other/"] {
            let refused = follow(&mut config, &first, &format!("Location: {location}\n"), 0).unwrap_err();
            assert!(refused.contains("EGRET_WS_SECURE_REDIRECTS_ONLY"), "{refused}");
        }
        assert_eq!(follow(&mut config, &first, "Location: wss://other/\n", 0), Ok(()));
    }

    /// Follows redirects to these URLs, one after the other.
    fn follow_all(mut config: ConnectConfig, urls: &[&str]) -> ConnectConfig {
        let first = FirstOrigin::of(&config);
        config.max_redirects = 20;
        for url in urls {
            follow(&mut config, &first, &format!("Location: {url}\n"), 0).unwrap();
        }
        config
    }

    #[test]
    fn trust_depends_on_the_origin_and_secrets_do_not_come_back() {
        const A: &str = "wss://a.example/";
        let pins = vec![[7; 32]];
        let addresses = vec![SocketAddr::from(([192, 0, 2, 1], 0))];
        for only_these_roots in [false, true] {
            let given = tls::Settings {
                roots: b"roots".to_vec(),
                only_these_roots,
                identity: Some((vec![1].into(), "password".to_owned().into())),
                min_version: 0x0304,
                insecure: true,
                alpn: false,
            };
            let begin = || ConnectConfig {
                tls: Arc::new(given.clone()),
                pins: pins.clone(),
                server_name: Some("name.example".into()),
                addresses: addresses.clone(),
                ..config(A)
            };
            let elsewhere = tls::Settings {
                roots: if only_these_roots { b"roots".to_vec() } else { Vec::new() },
                identity: None,
                insecure: false,
                ..given.clone()
            };
            let back = tls::Settings { identity: None, ..given.clone() };
            let name = Some("name.example");
            for (urls, settings, server_name) in [
                (&["/other"][..], &given, name),
                (&["wss://b.example/"], &elsewhere, None),
                (&["wss://a.example:444/"], &elsewhere, None),
                (&["wss://b.example/", "/other"], &elsewhere, None),
                (&["wss://b.example/", "wss://c.example/"], &elsewhere, None),
                (&["wss://b.example/", A], &back, name),
                (&["wss://b.example/", A, "/other"], &back, name),
                (&["wss://b.example/", A, "wss://b.example/"], &elsewhere, None),
            ] {
                let config = follow_all(begin(), urls);
                assert_eq!(*config.tls, *settings, "{urls:?}");
                assert_eq!((config.server_name.as_deref(), &config.pins), (server_name, &pins), "{urls:?}");
                let expected = if server_name.is_some() { &addresses[..] } else { &[] };
                assert_eq!(config.addresses, expected, "{urls:?}");
            }
        }
    }
}

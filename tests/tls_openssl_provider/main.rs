//! The suite `tls`, with the TLS provider of `examples/tls_provider` in each loop: the application calls OpenSSL.
#![cfg(target_os = "linux")]

// `keylog` and `process_exit` are not here, because they test the library's own OpenSSL. With a provider the application itself writes
// the secrets of its TLS library, and it controls all threads that may use that library after `exit`.

#[path = "../tls/hosts.rs"]
mod hosts;
#[path = "../tls/python_server.rs"]
mod python_server;
#[path = "../tls/relay.rs"]
mod relay;
#[path = "../tls/servers.rs"]
mod servers;
#[path = "../tls/settings.rs"]
mod settings;

#[path = "../tls/addresses.rs"]
mod addresses;
#[path = "../tls/certificates.rs"]
mod certificates;
#[path = "../tls/closing.rs"]
mod closing;
#[path = "../tls/details.rs"]
mod details;
#[path = "../tls/floods.rs"]
mod floods;
#[path = "../tls/handshakes.rs"]
mod handshakes;
#[path = "../tls/identity.rs"]
mod identity;
#[path = "../tls/interop.rs"]
mod interop;
#[path = "../tls/pinned_keys.rs"]
mod pinned_keys;
#[path = "../tls/redirects.rs"]
mod redirects;
#[path = "../tls/resumption.rs"]
mod resumption;
#[path = "../tls/roots.rs"]
mod roots;
#[path = "../tls/versions.rs"]
mod versions;

use ::egret_ws::egret_ws_loop_options;
use hosts::TlsLibrary;

/// The TLS provider of the loops.
const LIBRARY: TlsLibrary = TlsLibrary::OpensslProvider;

/// Sets the provider in the options of a loop.
fn set_tls(options: &mut egret_ws_loop_options) {
    test_support::tls_provider::set_openssl(options);
}

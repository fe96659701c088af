//! `wss` with servers of other projects: which certificates are trusted, and how connections with TLS end.
//!
//! Besides Rust, this suite needs openssl, setpriv (util-linux), nginx, HAProxy, stunnel, Python with venv, and Node with npm.
#![cfg(target_os = "linux")]

mod hosts;
mod python_server;
mod relay;
mod servers;
mod settings;

mod addresses;
mod certificates;
mod closing;
mod details;
mod floods;
mod handshakes;
mod identity;
mod interop;
mod keylog;
mod pinned_keys;
mod process_exit;
mod redirects;
mod resumption;
mod roots;
mod versions;

use ::egret_ws::egret_ws_loop_options;
use hosts::TlsLibrary;

/// The TLS library of the loops.
const LIBRARY: TlsLibrary = TlsLibrary::Own;

/// Sets this TLS library in the options of a loop.
fn set_tls(_: &mut egret_ws_loop_options) {}

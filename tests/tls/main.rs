//! `wss` with servers of other projects: which certificates are trusted, and how connections by TLS end.
//!
//! Needs besides Rust: openssl, setpriv (util-linux), nginx, HAProxy, stunnel, Python with venv, Node with npm.
#![cfg(target_os = "linux")]

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

//! permessage-deflate (RFC 7692) with servers of other projects and with scripted ones: negotiation, receiving, refusing, sending.
//!
//! Needs besides Rust: setpriv (util-linux), nginx, Python with venv, Node with npm.
#![cfg(target_os = "linux")]

mod servers;

mod interop;
mod invalid_data;
mod message_size;
mod negotiation;
mod received;
mod sent;

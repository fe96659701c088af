//! permessage-deflate (RFC 7692) with servers of other projects and with scripted servers: negotiation, receiving, refusing,
//! sending.
//!
//! Besides Rust, this suite needs setpriv (util-linux), nginx, Python with venv, and Node with npm.
#![cfg(target_os = "linux")]

mod servers;

mod interop;
mod invalid_data;
mod message_size;
mod negotiation;
mod received;
mod sent;

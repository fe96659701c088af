//! permessage-deflate (RFC 7692) with servers of other hands and with hostile ones: what is agreed on, what is taken, what is
//! refused, and what the client sends.
//!
//! Needed beside Rust: setpriv (util-linux), nginx, Python with venv, Node with npm.
#![cfg(target_os = "linux")]

mod servers;

mod interop;
mod invalid_data;
mod message_size;
mod negotiation;
mod received;
mod sent;

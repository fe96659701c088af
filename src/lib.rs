//! egret-ws: the WebSocket of native Egret game shells, behind a C ABI.
//!
//! The header `include/egret_ws.h` is the manual; it is generated from [`ffi`]. This page is the map of the source.
//!
//! ```text
//!   C call ─► ffi ─► socket ─► engine ─► connection ─┬─► protocol     bytes in, bytes out
//!              └─► config (options)                  └─► transport ─► network
//!   C callback ◄─ ffi ◄─ socket (loop_poll) ◄─ events ◄─ engine ◄─ connection ◄─ network
//! ```
//!
//! - [`ffi`]: the exported functions. They check pointers, catch panics, resolve handles and convert C types. They make no
//!   decisions.
//! - [`config`]: the configuration of a connection and of a loop: defaults, ranges, rules between options.
//! - [`socket`]: the objects behind the handles: loops and sockets; dispatch of events to callbacks.
//! - [`engine`]: readiness, timers, wake-ups, look-ups; run by its own thread or by the host's poll.
//! - [`connection`]: the life of one connection, as a state machine that does no I/O by itself.
//! - [`protocol`]: RFC 6455.
//! - [`transport`]: TCP, proxies, TLS: byte streams.
//! - [`constants`] and [`error`]: the numbers of the ABI; [`input_limits`]: the largest texts and lists that the host may pass. All
//!   modules use `buffer_pool`, `environment`, `failpoint`, `fork`, `host_callback`, `interrupt`, `log`, `panics`, `process_flags`,
//!   `secret` and [`web_url`].
//!
//! Where to look first:
//! - a ping, a pong or a Close frame of the peer: `connection::session` (`control`); close codes: `protocol::close`
//! - a full send queue, back-pressure: `connection::send_queue`; whether the host may send: `connection::gate`
//! - which thread runs the engine: `socket::scheduling`; which thread runs callbacks: `socket::event_loop`
//! - the order of the locks: `engine::shared`
//! - a new connect option: [`config`]
//!
//! A module imports only modules below it, in this order: `ffi`, `socket`, `engine`, `connection`, `config`, `transport`,
//! `protocol`, and then the modules that all others use. `ffi` imports `socket` and `config`, but none of the modules between
//! them and the network. A test in `layers.rs` checks this.

pub mod buffer_pool;
pub mod config;
pub mod connection;
pub mod constants;
pub mod engine;
mod environment;
pub mod error;
mod failpoint;
pub mod ffi;
mod fork;
mod host_callback;
pub mod input_limits;
mod interrupt;
#[cfg(test)]
mod layers;
pub mod log;
mod panics;
mod process_flags;
pub mod protocol;
pub mod secret;
pub mod socket;
mod text;
pub mod transport;
pub mod web_url;

#[cfg(test)]
use test_allocator as limited_memory;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: limited_memory::TestAllocator = limited_memory::TestAllocator;

#[doc(inline)]
pub use constants::*;
#[doc(inline)]
pub use ffi::*;

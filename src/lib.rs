//! egret-ws: the WebSocket of native Egret game shells, behind a C ABI.
//!
//! The header `include/egret_ws.h` is the manual; it is generated from `ffi`. This page is the map of the house.
//!
//! ```text
//!   C call ─► ffi ─► socket ─► engine ─► connection ─┬─► protocol     bytes in, bytes out
//!                                                    └─► transport ─► network
//!   C callback ◄─ ffi ◄─ socket (loop_poll) ◄─ events ◄─ engine ◄─ connection ◄─ network
//! ```
//!
//! - [`protocol`]: RFC 6455.
//! - [`constants`] and [`error`]: the numbers of the ABI.

pub mod constants;
pub mod error;
pub mod protocol;

#[doc(inline)]
pub use constants::*;

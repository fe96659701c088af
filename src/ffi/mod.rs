//! The door: C calls come in here. Arguments are checked, panics caught, handles resolved; nothing is decided.
//!
//! This is the only place with `extern "C"` and raw pointers. The header `include/egret_ws.h` is generated from `about`,
//! `types`, `loops`, `sockets` and [`crate::constants`], with their documentation.
#![allow(unsafe_code)]

mod about;
mod callbacks;
mod guard;
mod handle;
mod loops;
mod options;
mod sized;
mod slab;
mod sockets;
mod stats;
mod text;
mod types;

pub use about::*;
pub use loops::*;
pub use sockets::*;
pub use types::*;

//! The C ABI. Its functions check pointers, catch panics, resolve handles and convert C types. [`crate::config`] has all defaults,
//! ranges and rules of options, and [`crate::socket`] does the work.
//!
//! ```text
//!   exports        loops, sockets, requests, hooks, retryable, about: one function for each function of the header
//!   guard          runs the body of an export: no call in a forked child, no panic to C, the object of the handle
//!   last_error     why the last call of each thread was refused
//!   handle, slab   handles and the table behind them
//!   types, sized   structs and callback types of the header; structs that grow with new releases
//!   tls_types, tls_provider   structs, callback types and exports for TLS of the application
//!   options        option structs of C ─► crate::config
//!   text           pointers and lengths ─► slices, and text ─► a buffer of the application
//!   callbacks      events of a socket ─► functions of the application
//!   stats          statistics of a socket ─► the struct of the header
//! ```
//!
//! Only this module has `extern "C"` functions that the library exports. The header `include/egret_ws.h` is generated from `about`,
//! `types`, `tls_types`, `loops`, `sockets`, `requests`, `hooks`, `tls_provider`, `retryable` and [`crate::constants`], with their documentation.
#![allow(unsafe_code)]

mod about;
mod callbacks;
mod guard;
mod handle;
mod hooks;
mod last_error;
mod loops;
mod options;
mod requests;
mod retryable;
mod sized;
mod slab;
mod sockets;
mod stats;
mod text;
mod tls_provider;
mod tls_types;
mod types;

pub use about::*;
pub use hooks::*;
pub use loops::*;
pub use requests::*;
pub use retryable::*;
pub use sockets::*;
pub use tls_provider::*;
pub use tls_types::*;
pub use types::*;

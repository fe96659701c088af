//! The shared code of the integration tests. See `tests/README.md` for the suites.
//!
//! | Module | Content |
//! |---|---|
//! | [`client`], [`recorder`] | a safe client over the C ABI that records every callback and checks it against the header |
//! | [`listener_client`] | a client that passes its callbacks to a trait, for sockets that reconnect |
//! | [`close_report`], [`response`] | close report, server's response and statistics of a socket, as Rust values |
//! | [`exchange`], [`connection`] | a whole connection in one call, with the checks of its outcome |
//! | [`scripted_server`], [`frame`] | a server for one connection that runs the script of a test |
//! | [`recording_server`], [`fingerprint`] | an echo server that records the messages of each of its connections |
//! | [`echo_server`], [`failing_servers`] | servers for programs that a test runs |
//! | [`relay`] | a TCP relay that delays, cuts and stalls connections |
//! | [`hooks`] | hooks of a loop, as closures |
//! | [`tls_provider`] | TLS providers of a loop: the one that uses OpenSSL from C, and those that a test writes |
//! | [`deflate`] | servers and a codec for permessage-deflate, random messages |
//! | [`daemon`] | servers of other projects as child processes |
//! | [`certificates`] | valid and invalid certificates |
//! | [`library`] | the built library, the C compiler, and functions that run programs |
//! | [`process`] | memory, threads and descriptors of this process |
//! | [`samples`] | the programs of `docs/samples` |
//! | [`skip`] | tests that the variable SKIP leaves out |
//! | [`timing`] | checks of durations that hold on a busy machine |
//! | [`paths`] | the directories of the repository and for scratch files |
#![allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "a handle is a value that the library checks, not a pointer to memory"
)]

pub mod certificates;
pub mod client;
pub mod close_report;
pub mod connection;
#[cfg(unix)]
pub mod daemon;
pub mod deflate;
pub mod echo_server;
pub mod exchange;
pub mod failing_servers;
pub mod fingerprint;
pub mod frame;
#[cfg(unix)]
pub mod hooks;
mod kept;
pub mod library;
pub mod listener_client;
pub mod paths;
#[cfg(target_os = "linux")]
pub mod process;
pub mod recorder;
pub mod recording_server;
#[cfg(unix)]
pub mod relay;
pub mod response;
pub mod samples;
pub mod scripted_server;
pub mod skip;
pub mod timing;
#[cfg(unix)]
pub mod tls_provider;

use std::time::Duration;

/// The longest time that a single wait may take before its test fails.
pub const WAIT_LIMIT: Duration = Duration::from_secs(10);

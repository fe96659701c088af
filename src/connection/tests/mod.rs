//! Tests of the state machine, without a network and in virtual time.
//!
//! - `simulation`: the network, the clock and the host of one connection. `scenario`: runs a test normally, with reads and writes
//!   cut to single bytes, and with a failure at each operation.
//! - `asking`, `opening`, `happy_eyeballs`, `given_addresses`, `nat64`, `hooks`, `routes`, `redirects`, `refusals`,
//!   `response_heads`, `session`, `closing`, `flushing`, `aborting`, `heartbeat`, `pings`, `compression`, `budgets`, `retrying`,
//!   `resending`, `suspending`, `tls`, `tracing`: one behaviour each. `thundering_herd`: the delays of many clients.
//! - `model`: a reference model of the promises to the host. `exploration`: runs it in every order. `strict_server`: its server.

mod aborting;
mod asking;
mod budgets;
mod closing;
#[cfg(feature = "deflate")]
mod compression;
mod exploration;
mod flushing;
mod given_addresses;
mod happy_eyeballs;
mod heartbeat;
mod hooks;
mod model;
mod nat64;
mod opening;
mod pings;
mod redirects;
mod refusals;
mod resending;
mod response_heads;
mod retrying;
#[cfg(feature = "proxies")]
mod routes;
mod scenario;
mod session;
pub mod simulation;
mod strict_server;
mod suspending;
mod thundering_herd;
#[cfg(feature = "tls")]
mod tls;
mod tracing;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

fn as_strs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

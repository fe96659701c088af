//! The life of a connection after it is open: heartbeat, reconnecting, resending, suspend and resume, stopped processes. All
//! tests use the C ABI and both drivers.
//!
//! Besides Rust, this suite needs openssl, and on Linux setpriv (util-linux).

mod reconnect_server;

mod event_order;
mod flush;
mod heartbeat;
mod local_close;
mod pause;
mod ping;
mod reconnect;
mod resend;
mod resume;
mod retry_delays;
mod slow_peers;
mod statistics;
#[cfg(target_os = "linux")]
mod stopped_processes;
mod suspend;

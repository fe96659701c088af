//! A connection over the days of a phone: peers that fall silent, processes that are frozen, networks that come and go,
//! servers that are lost and found again. All through the C ABI, on both drivers.
//!
//! Needed beside Rust: openssl, and on Linux setpriv (util-linux).

mod reconnect_server;
mod timing;

mod event_order;
mod heartbeat;
mod local_close;
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

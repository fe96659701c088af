//! A connection over the days of a phone: peers that fall silent, processes that are frozen, networks that come and go,
//! servers that are lost and found again. All through the C ABI, on both drivers.
//!
//! Needed beside Rust: openssl, and on Linux setpriv (util-linux).

mod bar;
mod door;

mod backlog;
mod heartbeat;
mod order;
mod own;
mod ping;
mod reconnect;
mod resend;
mod resume;
mod stats;
#[cfg(target_os = "linux")]
mod stopped;
mod suspend;
mod waits;

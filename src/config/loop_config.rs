//! The options of a loop.

use super::value::{Number, Numbers, Special, number};
use super::{FLAGS, LoopTls};
use crate::constants::*;
use crate::error::DetailedError;
use crate::transport::tls::Capabilities;
use std::time::Duration;

/// The options of a loop as the host gave them, not checked. The fields have the names of `egret_ws_loop_options`, which documents
/// them. 0 means that an option was not given.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct LoopOptions {
    pub flags: u32,
    pub log_level: i32,
    pub poll_max_callbacks: u32,
    pub poll_max_us: u32,
    pub linger_ms: u32,
    /// `max_threads` of `egret_ws_hooks`.
    pub hook_threads: u32,
    /// `capabilities` of `egret_ws_tls_provider`; `None`: there is no provider.
    pub tls_provider: Option<Capabilities>,
}

/// All flags of the options of a loop.
pub(super) const LOOP_FLAGS: u32 =
    EGRET_WS_LOOP_INLINE | EGRET_WS_LOOP_CLOSE_ON_SUSPEND | EGRET_WS_LOOP_FORGET_TLS_SESSIONS;
const _: () = assert!(LOOP_FLAGS & FLAGS == 0, "a flag of the other struct would be accepted");

/// The default number of threads for hooks, and the largest one.
const DEFAULT_HOOK_THREADS: u32 = 32;
const MAX_HOOK_THREADS: u32 = 64;

/// The configuration of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopConfig {
    /// The loop has no thread; a poll does the I/O.
    pub inline: bool,
    /// A suspend closes the connections.
    pub close_on_suspend: bool,
    /// When the network changes, the TLS sessions are dropped.
    pub forget_tls_sessions: bool,
    /// The largest number of callbacks that a poll makes.
    pub poll_max_callbacks: u32,
    /// The time after which a poll begins no further callback. `None`: no limit.
    pub poll_max_time: Option<Duration>,
    /// The longest time that freeing the loop waits for the network.
    pub linger: Duration,
    /// The largest number of threads for the hooks of the host.
    pub hook_threads: usize,
    /// The TLS of its connections.
    pub tls: LoopTls,
}

impl LoopOptions {
    /// Returns the log level, which may be out of range. The caller needs it before the options are checked: [`LoopConfig::new`]
    /// does not log its error, but the caller does.
    pub fn log_level(&self) -> i32 {
        if self.log_level == 0 { EGRET_WS_LOG_WARN } else { self.log_level }
    }
}

impl LoopConfig {
    /// Checks the options of a loop, and adds the defaults.
    pub fn new(options: &LoopOptions) -> Result<LoopConfig, DetailedError> {
        match options.flags & !LOOP_FLAGS {
            0 => {}
            wrong if wrong & FLAGS != 0 => {
                return Err(DetailedError::invalid("flags has a flag of a socket: set it in egret_ws_options"));
            }
            _ => return Err(DetailedError::invalid("flags has an unknown bit")),
        }
        if !(EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG).contains(&options.log_level()) {
            return Err(DetailedError::invalid("log_level is not one of EGRET_WS_LOG_*"));
        }
        let mut numbers = Numbers::default();
        let poll_max_us = numbers.or_unlimited(number!(options.poll_max_us), 4000, Special::Unlimited);
        let poll_max_callbacks =
            numbers.or_unlimited(number!(options.poll_max_callbacks), 4096, Special::Unlimited).unwrap_or(u32::MAX);
        let linger = numbers.milliseconds(number!(options.linger_ms), 0, Special::AtOnce);
        let hook_threads = Number { name: "max_threads", value: options.hook_threads };
        let hook_threads = numbers.or(hook_threads, DEFAULT_HOOK_THREADS);
        numbers.check()?;
        if hook_threads > MAX_HOOK_THREADS {
            return Err(DetailedError::invalid(format!("max_threads of the hooks is above {MAX_HOOK_THREADS}")));
        }
        Ok(LoopConfig {
            inline: options.flags & EGRET_WS_LOOP_INLINE != 0,
            close_on_suspend: options.flags & EGRET_WS_LOOP_CLOSE_ON_SUSPEND != 0,
            forget_tls_sessions: options.flags & EGRET_WS_LOOP_FORGET_TLS_SESSIONS != 0,
            poll_max_callbacks,
            poll_max_time: poll_max_us.map(|value| Duration::from_micros(value.into())),
            linger,
            hook_threads: hook_threads as usize,
            tls: options.tls_provider.map_or(LoopTls::of_library(), LoopTls::Host),
        })
    }
}

//! The options of a loop.

use super::value::or;
use crate::constants::*;
use crate::error::DetailedError;
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
}

/// The configuration of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopConfig {
    /// The loop has no thread; a poll does the I/O.
    pub inline: bool,
    /// A suspend closes the connections.
    pub close_on_suspend: bool,
    /// The most callbacks of a poll.
    pub poll_max_callbacks: u32,
    /// The time after which a poll begins no further callback. `None`: without limit.
    pub poll_max_time: Option<Duration>,
    /// The longest time that freeing the loop waits for the network.
    pub linger: Duration,
}

impl LoopOptions {
    /// Returns the level of the log, which may be out of its range: [`LoopConfig::new`] logs nothing, but its caller does.
    pub fn log_level(&self) -> i32 {
        if self.log_level == 0 { EGRET_WS_LOG_WARN } else { self.log_level }
    }
}

impl LoopConfig {
    /// Checks the options of a loop, and adds the defaults.
    pub fn new(options: &LoopOptions) -> Result<LoopConfig, DetailedError> {
        if options.flags & !(EGRET_WS_LOOP_INLINE | EGRET_WS_LOOP_CLOSE_ON_SUSPEND) != 0 {
            return Err(DetailedError::invalid("flags has an unknown bit"));
        }
        if !(EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG).contains(&options.log_level()) {
            return Err(DetailedError::invalid("log_level is not one of EGRET_WS_LOG_*"));
        }
        let poll_max_us = or(options.poll_max_us, 4000);
        Ok(LoopConfig {
            inline: options.flags & EGRET_WS_LOOP_INLINE != 0,
            close_on_suspend: options.flags & EGRET_WS_LOOP_CLOSE_ON_SUSPEND != 0,
            poll_max_callbacks: or(options.poll_max_callbacks, 4096),
            poll_max_time: (poll_max_us != u32::MAX).then(|| Duration::from_micros(poll_max_us.into())),
            linger: Duration::from_millis(options.linger_ms.into()),
        })
    }
}

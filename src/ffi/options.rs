//! Options of a loop: each value is checked.

use super::types::egret_ws_loop_options;
use crate::constants::*;
use crate::error::DetailedError;
use crate::socket::LoopOptions;
use std::time::Duration;

pub(super) fn or(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}

/// The level that a loop logs at.
pub(super) fn log_level(given: &egret_ws_loop_options) -> i32 {
    if given.log_level == 0 { EGRET_WS_LOG_WARN } else { given.log_level }
}

/// Checks the options of a loop. An error comes with what is wrong.
pub(super) fn check_loop(given: &egret_ws_loop_options) -> Result<LoopOptions, DetailedError> {
    let invalid = |why: &str| Err(DetailedError::invalid(why));
    if given.flags & !(EGRET_WS_LOOP_INLINE | EGRET_WS_LOOP_CLOSE_ON_SUSPEND) != 0 {
        return invalid("flags has an unknown bit");
    }
    if !(EGRET_WS_LOG_ERROR..=EGRET_WS_LOG_DEBUG).contains(&log_level(given)) {
        return invalid("log_level is not one of EGRET_WS_LOG_*");
    }
    let poll_max_us = or(given.poll_max_us, 4000);
    Ok(LoopOptions {
        inline: given.flags & EGRET_WS_LOOP_INLINE != 0,
        close_on_suspend: given.flags & EGRET_WS_LOOP_CLOSE_ON_SUSPEND != 0,
        poll_max_callbacks: or(given.poll_max_callbacks, 4096),
        poll_max_time: (poll_max_us != u32::MAX).then(|| Duration::from_micros(poll_max_us.into())),
        linger: Duration::from_millis(given.linger_ms.into()),
    })
}

//! The options of reconnecting.

use super::options::SocketOptions;
use super::value::{milliseconds_or_none, or};
use crate::constants::EGRET_WS_RESEND;
use crate::error::DetailedError;
use std::time::Duration;

/// How often and when to connect again. `floor <= first <= ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// The most attempts in a row; `u32::MAX`: without limit.
    pub attempts: u32,
    /// The shortest wait.
    pub floor: Duration,
    /// The longest wait before the first attempt.
    pub first: Duration,
    /// The longest wait of all.
    pub ceiling: Duration,
    /// The longest time from the loss to the last attempt. `None`: without limit.
    pub total: Option<Duration>,
    /// Keep messages that were not sent, and send them on the next connection.
    pub resend: bool,
}

/// Returns `None` if the connection shall not be made again. The waits are checked in any case.
pub(super) fn read(options: &SocketOptions<'_>) -> Result<Option<RetryOptions>, DetailedError> {
    // The default of one wait adapts to the waits that are given.
    let (most_first, most) = (or(options.retry_first_ms, u32::MAX), or(options.retry_ceiling_ms, u32::MAX));
    let floor = or(options.retry_floor_ms, most_first.min(most).min(250));
    let first = or(options.retry_first_ms, most.min(4_000).max(floor));
    let ceiling = or(options.retry_ceiling_ms, first.max(30_000));
    if floor > first || first > ceiling {
        return Err(DetailedError::invalid("retry_floor_ms <= retry_first_ms <= retry_ceiling_ms does not hold"));
    }
    let [floor, first, ceiling] = [floor, first, ceiling].map(|value| Duration::from_millis(value.into()));
    Ok((options.retry_attempts > 0).then(|| RetryOptions {
        attempts: options.retry_attempts,
        floor,
        first,
        ceiling,
        total: milliseconds_or_none(options.retry_total_ms, 600_000),
        resend: options.has(EGRET_WS_RESEND),
    }))
}

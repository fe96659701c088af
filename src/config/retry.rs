//! The options of reconnecting.

use super::options::SocketOptions;
use super::value::{Number, Numbers, Special, number};
use crate::constants::EGRET_WS_RESEND;
use crate::error::DetailedError;
use std::time::Duration;

/// How often and when to connect again. `floor <= first <= ceiling`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// The largest number of attempts in a row. `u32::MAX`: no limit.
    pub attempts: u32,
    /// The shortest wait.
    pub floor: Duration,
    /// The longest wait before the first attempt.
    pub first: Duration,
    /// The longest wait before any attempt.
    pub ceiling: Duration,
    /// The longest time from the loss to the last attempt. `None`: no limit.
    pub total: Option<Duration>,
    /// Messages that were not sent are kept, and are sent on the next connection.
    pub resend: bool,
}

/// Returns `None` if a lost connection is not opened again. The waits are checked in any case.
pub(super) fn read(options: &SocketOptions<'_>) -> Result<Option<RetryOptions>, DetailedError> {
    let mut numbers = Numbers::default();
    let total = numbers.milliseconds_or_none(number!(options.retry.total_ms), 600_000, Special::Unlimited);
    let attempts = numbers.or_unlimited(number!(options.retry_attempts), 0, Special::Unlimited).unwrap_or(u32::MAX);
    let mut wait = |number: Number, default, special| numbers.or_unlimited(number, default, special).unwrap_or(default);
    // The default of each wait adapts to the waits that are given.
    let given_first = wait(number!(options.retry.first_wait_ms), u32::MAX, Special::AtOnce);
    let given_ceiling = wait(number!(options.retry.max_wait_ms), u32::MAX, Special::Neither);
    let floor = wait(number!(options.retry.min_wait_ms), given_first.min(given_ceiling).min(250), Special::AtOnce);
    let first = wait(number!(options.retry.first_wait_ms), given_ceiling.min(4_000).max(floor), Special::AtOnce);
    let ceiling = wait(number!(options.retry.max_wait_ms), first.max(30_000), Special::Neither);
    numbers.check()?;
    if floor > first || first > ceiling {
        let detail = "retry.min_wait_ms <= retry.first_wait_ms <= retry.max_wait_ms does not hold";
        return Err(DetailedError::invalid(detail));
    }
    let [floor, first, ceiling] = [floor, first, ceiling].map(|value| Duration::from_millis(value.into()));
    let resend = options.has(EGRET_WS_RESEND);
    Ok((attempts > 0).then_some(RetryOptions { attempts, floor, first, ceiling, total, resend }))
}

//! The time until which a poll waits.

use std::time::{Duration, Instant};

/// The end of the wait of a poll.
#[derive(Clone, Copy)]
pub(super) enum Deadline {
    /// The poll does not wait, and does not read the clock.
    Now,
    At(Instant),
    Never,
}

impl Deadline {
    /// Makes the deadline for the time-out of `egret_ws_loop_poll`. If it is negative, there is no limit.
    #[inline]
    pub(super) fn new(timeout_ms: i32) -> Deadline {
        match u64::try_from(timeout_ms) {
            Ok(0) => Deadline::Now,
            // If a time-out is too long for the clock, there is no limit.
            Ok(timeout) => {
                Instant::now().checked_add(Duration::from_millis(timeout)).map_or(Deadline::Never, Deadline::At)
            }
            Err(_) => Deadline::Never,
        }
    }

    /// Returns the remaining time. `None`: no limit.
    #[inline]
    pub(super) fn left(self) -> Option<Duration> {
        match self {
            Deadline::Now => Some(Duration::ZERO),
            Deadline::At(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            Deadline::Never => None,
        }
    }

    /// Returns whether the deadline has passed.
    #[inline]
    pub(super) fn is_over(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// Returns the time of the deadline, if it is neither `Now` nor without limit.
    #[inline]
    pub(super) fn instant(self) -> Option<Instant> {
        match self {
            Deadline::At(deadline) => Some(deadline),
            Deadline::Now | Deadline::Never => None,
        }
    }
}

//! What one poll may do: so many callbacks, for so long.

use std::time::{Duration, Instant};

/// Reading the clock costs as much as a small message. So it is read after each callback, unless those before took less than
/// this each; then after the next few.
const QUICK: Duration = Duration::from_micros(1);
const MOST_UNTIMED: u32 = 16;

/// The budget of a poll.
pub(super) struct Budget {
    callbacks: u32,
    time: Option<Duration>,
    made: u32,
    /// The clock is read when so many were made.
    untimed: u32,
    /// How many callbacks that was put off by.
    stride: u32,
    /// When it was read last, and when the time is over; `None` before the first callback.
    clock: Option<(Instant, Instant)>,
}

impl Budget {
    /// So many callbacks, and so long from the first one on; the first one is made in any case.
    pub(super) fn new(callbacks: u32, time: Option<Duration>) -> Budget {
        let untimed = if time.is_some() { 0 } else { callbacks };
        Budget { callbacks, time, made: 0, untimed, stride: 0, clock: None }
    }

    /// The same, of a poll that has just looked at the clock: so the first callback needs no other look.
    pub(super) fn from(self, now: Instant) -> Budget {
        let until = self.time.and_then(|time| now.checked_add(time));
        Budget { untimed: self.untimed.max(1), stride: 1, clock: until.map(|until| (now, until)), ..self }
    }

    /// May another callback begin?
    #[inline]
    pub(super) fn allows(&mut self) -> bool {
        self.allows_at(Instant::now)
    }

    #[inline]
    fn allows_at(&mut self, now: impl FnOnce() -> Instant) -> bool {
        self.made < self.callbacks && (self.made < self.untimed || self.has_time(now()))
    }

    fn has_time(&mut self, now: Instant) -> bool {
        let quick = self.clock.is_some_and(|(read, _)| now.saturating_duration_since(read) < QUICK * self.stride);
        self.stride = if quick { (self.stride * 2).min(MOST_UNTIMED) } else { 1 };
        self.untimed = self.made + self.stride;
        // Without an end: a limit beyond what the clock can tell.
        let until = self.clock.map_or_else(|| now.checked_add(self.time?), |(_, until)| Some(until));
        let Some(until) = until else {
            self.untimed = self.callbacks;
            return true;
        };
        self.clock = Some((now, until));
        let has_time = now < until || self.made == 0;
        if !has_time {
            self.untimed = 0; // nor has it when it is asked again
        }
        has_time
    }

    /// One was made, or not.
    #[inline]
    pub(super) fn count(&mut self, made: bool) {
        self.made += u32::from(made);
    }

    /// How many were made.
    pub(super) fn made(&self) -> u32 {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many callbacks a poll makes that take what `took` says.
    fn made(mut budget: Budget, took: impl Fn(u32) -> Duration) -> u32 {
        let mut now = Instant::now();
        while budget.allows_at(|| now) {
            now += took(budget.made());
            budget.count(true);
        }
        budget.made()
    }

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn callbacks_are_counted_and_timed() {
        assert_eq!(made(Budget::new(5, None), |_| MILLISECOND), 5);
        assert_eq!(made(Budget::new(5, Some(Duration::MAX)), |_| MILLISECOND), 5);
        assert_eq!(made(Budget::new(100, Some(4 * MILLISECOND)), |_| MILLISECOND), 4);
        assert_eq!(made(Budget::new(100, Some(4 * MILLISECOND)), |_| 3 * MILLISECOND), 2, "none begins after it");
        assert_eq!(made(Budget::new(100, Some(MILLISECOND)), |_| 9 * MILLISECOND), 1);
        assert_eq!(made(Budget::new(100, Some(Duration::ZERO)), |_| MILLISECOND), 1, "the first one is free");
        assert_eq!(made(Budget::new(0, None), |_| MILLISECOND), 0);
    }

    #[test]
    fn quick_callbacks_pass_the_time_by_a_few_at_most() {
        let quick = Duration::from_nanos(100);
        let most = 4_000_000 / 100;
        let number = made(Budget::new(u32::MAX, Some(4 * MILLISECOND)), |_| quick);
        assert!((most..=most + MOST_UNTIMED).contains(&number), "{number}");
        // Slow ones after many that were quick.
        for at in 1000..1000 + MOST_UNTIMED {
            let number =
                made(Budget::new(u32::MAX, Some(4 * MILLISECOND)), |n| if n < at { quick } else { MILLISECOND });
            assert!((at + 4..at + 4 + MOST_UNTIMED).contains(&number), "{at}: {number}");
        }
    }

    #[test]
    fn what_is_over_stays_over() {
        let mut budget = Budget::new(100, Some(MILLISECOND));
        let start = Instant::now();
        assert!(budget.allows_at(|| start));
        budget.count(true);
        for _ in 0..3 {
            assert!(!budget.allows_at(|| start + 2 * MILLISECOND));
        }
    }

    #[test]
    fn what_was_no_callback_does_not_count() {
        let mut budget = Budget::new(1, None);
        for _ in 0..10 {
            assert!(budget.allows());
            budget.count(false);
        }
        budget.count(true);
        assert!(!budget.allows());
    }
}

//! The budget of one poll: a number of callbacks, and a time limit for them.

use std::time::{Duration, Instant};

/// Reading the clock costs as much as a small message. If the last callbacks took longer than this on average, the clock is read
/// after each callback. Otherwise it is read after several callbacks.
const QUICK: Duration = Duration::from_micros(1);
/// The largest number of callbacks between two reads of the clock.
const MAX_UNTIMED: u32 = 16;

/// The budget of a poll.
pub(super) struct Budget {
    callbacks: u32,
    time: Option<Duration>,
    made: u32,
    /// There were events without a callback.
    has_skipped: bool,
    /// The clock is read when `made` reaches this number. An event without a callback reduces it by one.
    untimed: u32,
    /// The number of events between the last two reads.
    stride: u32,
    /// The time of the last read, and the end of the budget; `None` before the first callback.
    clock: Option<(Instant, Instant)>,
}

impl Budget {
    /// Makes a budget of this many callbacks, and of this time from the first event on. The first event is always allowed.
    pub(super) fn new(callbacks: u32, time: Option<Duration>) -> Budget {
        let untimed = if time.is_some() { 0 } else { callbacks };
        Budget { callbacks, time, made: 0, has_skipped: false, untimed, stride: 0, clock: None }
    }

    /// Starts the time at `now`, which the caller has read from the clock. So the first callback needs no read.
    pub(super) fn from(self, now: Instant) -> Budget {
        let until = self.time.and_then(|time| now.checked_add(time));
        Budget { untimed: self.untimed.max(1), stride: 1, clock: until.map(|until| (now, until)), ..self }
    }

    /// Returns whether another callback may begin.
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
        self.stride = if quick { (self.stride * 2).min(MAX_UNTIMED) } else { 1 };
        self.untimed = self.made + self.stride;
        // `None`: the end is beyond the range of the clock, so there is no limit.
        let until = self.clock.map_or_else(|| now.checked_add(self.time?), |(_, until)| Some(until));
        let Some(until) = until else {
            self.untimed = self.callbacks;
            return true;
        };
        self.clock = Some((now, until));
        let has_time = now < until || self.made == 0 && !self.has_skipped;
        if !has_time {
            self.untimed = 0; // the next call reads the clock, and returns the same
        }
        has_time
    }

    /// Counts a callback if it was made. An event without a callback takes time, too: a peer can send very many messages to a
    /// paused socket.
    #[inline]
    pub(super) fn count(&mut self, made: bool) {
        if made {
            self.made += 1;
        } else {
            self.skip();
        }
    }

    #[cold]
    fn skip(&mut self) {
        if self.time.is_some() {
            self.has_skipped = true;
            self.untimed = self.untimed.saturating_sub(1);
        }
    }

    /// Returns the number of callbacks that were made.
    pub(super) fn made(&self) -> u32 {
        self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of callbacks that a poll makes if each takes the time that `took` returns.
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
        assert_eq!(
            made(Budget::new(100, Some(4 * MILLISECOND)), |_| 3 * MILLISECOND),
            2,
            "no callback begins after the end"
        );
        assert_eq!(made(Budget::new(100, Some(MILLISECOND)), |_| 9 * MILLISECOND), 1);
        assert_eq!(made(Budget::new(100, Some(Duration::ZERO)), |_| MILLISECOND), 1, "the first one is always allowed");
        assert_eq!(made(Budget::new(0, None), |_| MILLISECOND), 0);
    }

    #[test]
    fn quick_callbacks_exceed_the_time_by_a_few_at_most() {
        let quick = Duration::from_nanos(100);
        let most = 4_000_000 / 100;
        let number = made(Budget::new(u32::MAX, Some(4 * MILLISECOND)), |_| quick);
        assert!((most..=most + MAX_UNTIMED).contains(&number), "{number}");
        // Slow callbacks follow after many quick ones.
        for at in 1000..1000 + MAX_UNTIMED {
            let number =
                made(Budget::new(u32::MAX, Some(4 * MILLISECOND)), |n| if n < at { quick } else { MILLISECOND });
            assert!((at + 4..at + 4 + MAX_UNTIMED).contains(&number), "{at}: {number}");
        }
    }

    #[test]
    fn an_exhausted_budget_stays_exhausted() {
        let mut budget = Budget::new(100, Some(MILLISECOND));
        let start = Instant::now();
        assert!(budget.allows_at(|| start));
        budget.count(true);
        for _ in 0..3 {
            assert!(!budget.allows_at(|| start + 2 * MILLISECOND));
        }
    }

    #[test]
    fn events_without_a_callback_do_not_count() {
        let mut budget = Budget::new(1, None);
        for _ in 0..10 {
            assert!(budget.allows());
            budget.count(false);
        }
        budget.count(true);
        assert!(!budget.allows());
    }

    #[test]
    fn events_without_a_callback_take_time() {
        for (took, callbacks_before) in [(100, 0), (100, 1), (100, 1000), (2_000, 0), (2_000, 100), (9_000_000, 0)] {
            let took = Duration::from_nanos(took);
            let time = 4 * MILLISECOND;
            let mut budget = Budget::new(u32::MAX, Some(time));
            let begin = Instant::now();
            let (mut now, mut events) = (begin, 0);
            while budget.allows_at(|| now) {
                now += took;
                events += 1;
                budget.count(events <= callbacks_before);
            }
            assert_eq!(budget.made(), callbacks_before);
            let most = time + took * (MAX_UNTIMED + 1);
            assert!((time..=most).contains(&(now - begin)), "{took:?}: {:?}", now - begin);
            budget.count(false);
            assert!(!budget.allows_at(|| now), "it stays exhausted");
        }
    }
}

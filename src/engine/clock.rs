//! The engine's time. It is monotonic, stands still while the loop is suspended, and notices when this process, or the whole
//! machine, did not run for a while.

use std::time::{Duration, Instant};

/// An engine that is later than this did not run.
const LATE: Duration = Duration::from_secs(1);

/// Who did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// This process: stopped, frozen, or its host did not poll.
    Process,
    /// The machine slept, and its connections may be dead; this clock did not go on meanwhile.
    Machine,
}

/// The engine's clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// For how long it has stood still in all.
    stood: Duration,
    /// Since when it stands still, if it does.
    stands: Option<Instant>,
    looked: Instant,
    /// How far a clock that goes on while the machine sleeps was ahead of the monotonic one, and when that is to be looked at
    /// again.
    ahead: Option<Duration>,
    compare_at: Instant,
}

impl Clock {
    pub(super) fn new() -> Clock {
        let now = Instant::now();
        Clock { stood: Duration::ZERO, stands: None, looked: now, ahead: machine_time(now), compare_at: now + LATE }
    }

    /// The engine's time.
    pub(super) fn now(&self) -> Instant {
        self.at(Instant::now())
    }

    /// The engine's time when the monotonic clock says `now`.
    #[inline]
    fn at(&self, now: Instant) -> Instant {
        let now = self.stands.unwrap_or(now);
        if self.stood.is_zero() { now } else { now - self.stood }
    }

    /// Does it stand still?
    pub(super) fn stands(&self) -> bool {
        self.stands.is_some()
    }

    /// It stands still from now on.
    pub(super) fn stop(&mut self) {
        self.stands.get_or_insert_with(Instant::now);
    }

    /// It goes on.
    pub(super) fn go_on(&mut self) {
        if let Some(since) = self.stands.take() {
            self.stood += since.elapsed();
            self.looked = Instant::now();
        }
    }

    /// When it was last looked at.
    pub(super) fn looked(&self) -> Instant {
        self.looked
    }

    /// How long ago it was last looked at.
    pub(super) fn since_look(&self) -> Duration {
        self.looked.elapsed()
    }

    /// The engine runs, after having meant to wait this long (`None`: without limit) since it last looked. The time, and whether
    /// it did not run.
    #[inline]
    pub(super) fn look(&mut self, meant: Option<Duration>) -> (Instant, Option<Gap>) {
        let now = Instant::now();
        // The usual: it has hardly been away.
        if now < self.compare_at {
            self.looked = now;
            return (self.at(now), None);
        }
        let gap = self.looked_at(now, meant, machine_time(now));
        (self.at(now), gap)
    }

    fn looked_at(&mut self, now: Instant, meant: Option<Duration>, ahead: Option<Duration>) -> Option<Gap> {
        let waited = now.saturating_duration_since(std::mem::replace(&mut self.looked, now));
        let slept = ahead.zip(self.ahead).is_some_and(|(now, before)| now > before + LATE);
        if now >= self.compare_at {
            (self.ahead, self.compare_at) = (ahead, now + LATE);
        }
        match meant {
            _ if self.stands() => None,
            _ if slept => Some(Gap::Machine),
            Some(meant) if waited > meant + LATE => Some(Gap::Process),
            _ => None,
        }
    }
}

/// How far a clock that goes on while the machine sleeps is ahead of a fixed point of the monotonic one. (On Windows the
/// monotonic one goes on itself, and a sleep is a gap like any other.)
fn machine_time(now: Instant) -> Option<Duration> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const GOES_ON: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(target_vendor = "apple")]
    const GOES_ON: libc::clockid_t = libc::CLOCK_MONOTONIC;
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    #[allow(unsafe_code)] // that clock is not in std
    fn read() -> Option<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: it writes `time`, which lives on this stack.
        let read = unsafe { libc::clock_gettime(GOES_ON, &mut time) } == 0;
        read.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn read() -> Option<Duration> {
        None
    }
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let since = now.saturating_duration_since(*ORIGIN.get_or_init(|| now));
    read()?.checked_sub(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_stands_still_and_goes_on() {
        let mut clock = Clock::new();
        clock.stop();
        let stood = clock.now();
        clock.stop(); // again: nothing
        assert_eq!(clock.now(), stood);
        clock.stands = clock.stands.map(|since| since - 100 * SECOND); // as if long ago
        let stood = clock.now();
        clock.go_on();
        let gone = clock.now() - stood;
        assert!(gone < 10 * SECOND, "{gone:?}");
    }

    #[test]
    fn what_did_not_run_is_told_apart() {
        let mut clock = Clock::new();
        let (at, ahead) = (clock.looked, Some(50 * SECOND));
        clock.ahead = ahead;
        assert_eq!(clock.looked_at(at + 20 * SECOND, Some(20 * SECOND), ahead), None);
        assert_eq!(clock.looked_at(at + 30 * SECOND, None, ahead), None);
        assert_eq!(clock.looked_at(at + 41 * SECOND, Some(9 * SECOND), ahead), Some(Gap::Process));
        assert_eq!(clock.looked_at(at + 42 * SECOND, Some(SECOND), Some(99 * SECOND)), Some(Gap::Machine));
        assert_eq!(clock.looked_at(at + 43 * SECOND, Some(SECOND), Some(99 * SECOND)), None);
        clock.stop();
        assert_eq!(clock.looked_at(at + 90 * SECOND, Some(SECOND), Some(150 * SECOND)), None, "it was told");
    }
}

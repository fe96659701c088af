//! The clock of the engine. It is monotonic, and is paused while the loop is suspended. It detects that this process, or the
//! whole machine, did not run for some time.

use std::time::{Duration, Instant};

/// If the engine runs later than planned by more than this, there was a gap in which it did not run.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// A time in which the engine did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Only this process did not run: it was stopped or frozen, or its host did not poll.
    Process,
    /// The machine slept, so connections may be dead. The monotonic clock did not advance meanwhile.
    Machine,
}

/// The clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// The sum of all pauses that have ended.
    paused_total: Duration,
    /// The beginning of the current pause.
    paused_since: Option<Instant>,
    last_read: Instant,
    /// At the last comparison, the difference between the monotonic clock and a clock that advances while the machine sleeps; and
    /// the time of the next comparison.
    sleep_offset: Option<Duration>,
    compare_at: Instant,
    /// The last tick that [`Clock::note_tick`] has seen.
    tick: Option<Tick>,
}

impl Clock {
    pub(super) fn new() -> Clock {
        let now = Instant::now();
        Clock {
            tick: None,
            paused_total: Duration::ZERO,
            paused_since: None,
            last_read: now,
            sleep_offset: sleep_offset(now),
            compare_at: now + MAX_DELAY,
        }
    }

    /// Returns the time of the engine.
    pub(super) fn now(&self) -> Instant {
        self.at(Instant::now())
    }

    /// Returns the time of the engine when the monotonic clock is at `now`.
    #[inline]
    fn at(&self, now: Instant) -> Instant {
        let now = self.paused_since.unwrap_or(now);
        if self.paused_total.is_zero() { now } else { now - self.paused_total }
    }

    /// Returns whether the clock is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    /// Pauses the clock.
    pub(super) fn pause(&mut self) {
        self.paused_since.get_or_insert_with(Instant::now);
    }

    /// Ends a pause.
    pub(super) fn resume(&mut self) {
        if let Some(since) = self.paused_since.take() {
            self.paused_total += since.elapsed();
            self.last_read = Instant::now();
        }
    }

    /// Returns the monotonic time of the last [`Clock::read`].
    pub(super) fn last_read(&self) -> Instant {
        self.last_read
    }

    /// Returns the time since the last [`Clock::read`].
    pub(super) fn since_last_read(&self) -> Duration {
        self.last_read.elapsed()
    }

    /// Stores the last tick. Call this before [`Clock::read`]. [`Clock::is_current`] is then true until the next tick.
    #[inline]
    pub(super) fn note_tick(&mut self) {
        self.tick = last_tick();
    }

    /// Returns true if the kernel's timer has not ticked since [`Clock::note_tick`]. The clock was then read less than a tick
    /// ago. This function takes a fraction of the time of [`Clock::read`].
    #[inline]
    pub(super) fn is_current(&self) -> bool {
        self.tick.is_some() && self.tick == last_tick()
    }

    /// Reads the clock, at the beginning of a pass and after a sleep. `planned` is the longest planned time since the last read
    /// (`None`: no limit). Returns the time of the engine, and the gap if the engine did not run for some time.
    #[inline]
    pub(super) fn read(&mut self, planned: Option<Duration>) -> (Instant, Option<Gap>) {
        let now = Instant::now();
        // The usual case: the clock was read a moment ago.
        if now < self.compare_at {
            self.last_read = now;
            return (self.at(now), None);
        }
        let gap = self.gap(now, planned, sleep_offset(now));
        (self.at(now), gap)
    }

    fn gap(&mut self, now: Instant, planned: Option<Duration>, offset: Option<Duration>) -> Option<Gap> {
        let waited = now.saturating_duration_since(std::mem::replace(&mut self.last_read, now));
        let slept = offset.zip(self.sleep_offset).is_some_and(|(now, before)| now > before + MAX_DELAY);
        if now >= self.compare_at {
            (self.sleep_offset, self.compare_at) = (offset, now + MAX_DELAY);
        }
        match planned {
            _ if self.is_paused() => None,
            _ if slept => Some(Gap::Machine),
            Some(planned) if waited > planned + MAX_DELAY => Some(Gap::Process),
            _ => None,
        }
    }
}

/// A time of the kernel's timer, which ticks every 1 to 10 ms: seconds and nanoseconds.
type Tick = (i64, i64);

/// Returns the last tick of the kernel's timer. `None` if the system does not report it.
#[inline]
#[allow(unsafe_code)] // that clock is not in std
fn last_tick() -> Option<Tick> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the function writes `time`, which is on this stack.
        let read = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut time) } == 0;
        #[allow(clippy::useless_conversion)] // they have 32 bits on some systems
        read.then(|| (time.tv_sec.into(), time.tv_nsec.into()))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    None
}

/// Returns the difference between a clock that advances while the machine sleeps and the monotonic one. On Windows the monotonic
/// clock itself advances, so a sleep of the machine looks like a gap of the process.
fn sleep_offset(now: Instant) -> Option<Duration> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const SLEEP_CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(target_vendor = "apple")]
    const SLEEP_CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    #[allow(unsafe_code)] // that clock is not in std
    fn read() -> Option<Duration> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the function writes `time`, which is on this stack.
        let read = unsafe { libc::clock_gettime(SLEEP_CLOCK, &mut time) } == 0;
        read.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn read() -> Option<Duration> {
        None
    }
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let monotonic = now.saturating_duration_since(*ORIGIN.get_or_init(|| now));
    read()?.checked_sub(monotonic)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pause_stops_the_clock_until_it_resumes() {
        let mut clock = Clock::new();
        clock.pause();
        let paused = clock.now();
        clock.pause(); // no effect
        assert_eq!(clock.now(), paused);
        clock.paused_since = clock.paused_since.map(|since| since - 100 * SECOND); // as if the pause began long ago
        let paused = clock.now();
        clock.resume();
        let advanced = clock.now() - paused;
        assert!(advanced < 10 * SECOND, "{advanced:?}");
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn reading_is_current_until_the_next_tick() {
        let mut clock = Clock::new();
        assert!(!clock.is_current(), "no tick was noted");
        let is_current_after_read = |clock: &mut Clock| {
            clock.note_tick();
            clock.read(None);
            clock.is_current()
        };
        assert!((0..1000).any(|_| is_current_after_read(&mut clock)), "a read takes longer than a tick");
        while clock.is_current() {
            assert!(clock.since_last_read() < 60 * SECOND, "the tick does not advance");
        }
    }

    #[test]
    fn gaps_of_process_and_machine_are_distinguished() {
        let mut clock = Clock::new();
        let (at, offset) = (clock.last_read, Some(50 * SECOND));
        clock.sleep_offset = offset;
        assert_eq!(clock.gap(at + 20 * SECOND, Some(20 * SECOND), offset), None);
        assert_eq!(clock.gap(at + 30 * SECOND, None, offset), None);
        assert_eq!(clock.gap(at + 41 * SECOND, Some(9 * SECOND), offset), Some(Gap::Process));
        assert_eq!(clock.gap(at + 42 * SECOND, Some(SECOND), Some(99 * SECOND)), Some(Gap::Machine));
        assert_eq!(clock.gap(at + 43 * SECOND, Some(SECOND), Some(99 * SECOND)), None);
        clock.pause();
        assert_eq!(clock.gap(at + 90 * SECOND, Some(SECOND), Some(150 * SECOND)), None, "a paused clock has no gaps");
    }
}

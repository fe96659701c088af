//! Checks of durations that also work on a busy machine.

use std::time::Duration;

/// The library may take this much longer than its options require.
pub const TOLERANCE: Duration = Duration::from_millis(50);
/// No measurement may take this much longer. It is far below the defaults, so the option of the test must have had an effect.
const OUTLIER_LIMIT: Duration = Duration::from_secs(3);
const MEASUREMENTS: usize = 8;

/// Checks that every measurement is at least `least`, and that one of them is at most [`TOLERANCE`] longer. A busy machine may
/// delay one measurement, but a library that is late is late in all of them.
#[track_caller]
pub fn assert_duration(least: Duration, measure: impl FnMut() -> Duration) {
    assert_duration_between(least, least, measure);
}

/// Like [`assert_duration`], for durations from `least` to `most`.
#[track_caller]
pub fn assert_duration_between(least: Duration, most: Duration, mut measure: impl FnMut() -> Duration) {
    let mut tries = Vec::new();
    while tries.len() < MEASUREMENTS {
        let took = measure();
        assert!(took >= least, "after {took:?}, before its time of {least:?}");
        assert!(took < most + OUTLIER_LIMIT, "after {took:?}, but the limit is {most:?}");
        tries.push(took);
        if took <= most + TOLERANCE {
            return println!("{most:?} took {tries:?}");
        }
    }
    panic!("all were more than {TOLERANCE:?} later than {most:?}: {tries:?}");
}

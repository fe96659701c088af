//! Checks of durations that hold on a busy machine too.

use std::time::Duration;

/// The library may take this much longer than its options say.
pub const TOLERANCE: Duration = Duration::from_millis(50);
/// No measurement may take this much longer. Far below the defaults, so that the option of the test must have taken effect.
const OUTLIER_LIMIT: Duration = Duration::from_secs(3);
const MEASUREMENTS: usize = 8;

/// Every measurement is at least `least`, and one of them is at most [`TOLERANCE`] longer: a busy machine may spoil one measurement,
/// but a library that is late is late in all.
#[track_caller]
pub fn assert_duration(least: Duration, measure: impl FnMut() -> Duration) {
    assert_duration_between(least, least, measure);
}

/// As [`assert_duration`], for durations from `least` to `most`.
#[track_caller]
pub fn assert_duration_between(least: Duration, most: Duration, mut measure: impl FnMut() -> Duration) {
    let mut tries = Vec::new();
    while tries.len() < MEASUREMENTS {
        let took = measure();
        assert!(took >= least, "after {took:?}, before its time of {least:?}");
        assert!(took < most + OUTLIER_LIMIT, "after {took:?} where {most:?} were due");
        tries.push(took);
        if took <= most + TOLERANCE {
            return println!("{most:?} took {tries:?}");
        }
    }
    panic!("each time more than {TOLERANCE:?} later than {most:?}: {tries:?}");
}

//! Bars of time, on machines that have other things to do as well.

use std::time::Duration;

/// What the library may take beyond what its options say.
pub const SLACK: Duration = Duration::from_millis(50);
/// What no measurement may take: far below the defaults, so that it must have been the test's own option that counted.
const NEVER: Duration = Duration::from_secs(3);
const TRIES: usize = 8;

/// What is measured takes at least `least`, always, and no more than [`SLACK`] longer. The latter one of several
/// measurements has to show: a busy machine may spoil one, but a library that is late is late each time.
#[track_caller]
pub fn takes(least: Duration, mut measure: impl FnMut() -> Duration) {
    let mut tries = Vec::new();
    while tries.len() < TRIES {
        let took = measure();
        assert!(took >= least, "after {took:?}, before its time of {least:?}");
        assert!(took < least + NEVER, "after {took:?} where {least:?} were due");
        tries.push(took);
        if took <= least + SLACK {
            return println!("{least:?} took {tries:?}");
        }
    }
    panic!("each time more than {SLACK:?} later than {least:?}: {tries:?}");
}

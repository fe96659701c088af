//! The time limit of each kind of work in a pass.

use super::Engine;
use std::time::Instant;

/// Each kind of work gets this part of a pass (1 / SHARE), even if the pass has already taken too long.
const SHARE: u32 = 8;

/// The time of one kind of work in a pass.
#[derive(Default)]
pub(super) struct TimeSlice {
    has_begun: bool,
    until: Option<Instant>,
}

impl Engine {
    /// Returns whether the pass has time for one more item of this kind of work. It always has time for the first item.
    #[inline]
    pub(super) fn has_time_for_more(&mut self, slice: &mut TimeSlice) -> bool {
        !std::mem::replace(&mut slice.has_begun, true) || self.has_time_left(slice)
    }

    #[inline(never)]
    fn has_time_left(&mut self, slice: &mut TimeSlice) -> bool {
        let now = Instant::now();
        let until = *slice.until.get_or_insert_with(|| {
            let pass = self.clock.last_read() + self.limit;
            pass.max(now + self.limit / SHARE)
        });
        let is_interrupted = self.shared.is_stopping() && self.stop_at.is_none();
        let continues = now < until && !is_interrupted;
        self.has_unfinished_work |= !continues;
        continues
    }
}

//! The time that one kind of work has in a pass.

use super::Engine;
use std::time::Instant;

/// Each kind of work has this part of a pass, even if the pass has already lasted too long.
const SHARE: u32 = 8;

/// The progress of one kind of work in a pass.
#[derive(Default)]
pub(super) struct Slice {
    has_begun: bool,
    until: Option<Instant>,
}

impl Engine {
    /// Returns whether there is time in this pass for one more item of this kind of work. There always is for the first item.
    #[inline]
    pub(super) fn goes_on(&mut self, slice: &mut Slice) -> bool {
        !std::mem::replace(&mut slice.has_begun, true) || self.has_time(slice)
    }

    #[inline(never)]
    fn has_time(&mut self, slice: &mut Slice) -> bool {
        let now = Instant::now();
        let until = *slice.until.get_or_insert_with(|| {
            let pass = self.clock.looked() + self.limit;
            pass.max(now + self.limit / SHARE)
        });
        let is_interrupted = self.shared.is_stopping() && self.stop_at.is_none();
        let goes_on = now < until && !is_interrupted;
        self.has_left |= !goes_on;
        goes_on
    }
}

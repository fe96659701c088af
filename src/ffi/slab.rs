//! A table whose entries are found without a lock and stay as long as they are used. A call costs two atomic additions.
//!
//! ```text
//!   free ──fill──► live ──retire──► retired ──the last pin is dropped──► free, with the next generation
//! ```
//!
//! The state of a slot is one word:
//! ```text
//!   64 bits:  generation (39) │ retired │ live │ pins (23)        32 bits:  generation (16) │ retired │ live │ pins (14)
//! ```
//! Three rules keep the access to an entry safe. An entry is read only with a pin on a live slot. It is removed only by the thread
//! that moves a retired slot without pins to the next generation. It is set only by the thread that has reserved a free slot. A slot
//! is not used again after its last generation.

use crate::error::Error;
use crate::fork;
use parking_lot::Mutex;
use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

const PIN_BITS: u32 = if usize::BITS == 64 { 23 } else { 14 };
const PINS: usize = (1 << PIN_BITS) - 1;
const LIVE: usize = 1 << PIN_BITS;
const RETIRED: usize = LIVE << 1;
const GENERATION: u32 = PIN_BITS + 2;

/// The slots of the first block. The blocks never move; each is twice as large as the block before.
const FIRST: usize = 64;
const BLOCKS: usize = if usize::BITS == 64 { 18 } else { 8 };
/// The most slots of a table.
pub(super) const MAX_SLOTS: usize = FIRST * ((1 << BLOCKS) - 1);

/// The table.
pub(super) struct Slab<T> {
    blocks: [OnceLock<Box<[Slot<T>]>>; BLOCKS],
    spare: Mutex<Spare>,
    max_generation: usize,
}

struct Spare {
    /// The number of slots that were ever used.
    used: usize,
    /// Slots to use again. The slot that was given back first is used first, so that its old handles stay invalid for long.
    unused: VecDeque<usize>,
}

struct Slot<T> {
    state: AtomicUsize,
    entry: UnsafeCell<Option<T>>,
}

// SAFETY: threads with pins share an entry as `&T`, so T is Sync. The thread that removes an entry may be another than the thread
// that set it, so T is Send. The states allow no other access to the cell, see the head of this file.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    fn new() -> Slot<T> {
        Slot { state: AtomicUsize::new(1 << GENERATION), entry: UnsafeCell::new(None) }
    }
}

/// An entry in use. It stays in its slot until all pins are dropped.
pub(super) struct Pin<'a, T> {
    slab: &'a Slab<T>,
    slot: &'a Slot<T>,
    index: usize,
}

/// A slot without an entry. If it is dropped before it is filled, it is given back.
pub(super) struct Reserved<'a, T> {
    slab: &'a Slab<T>,
    slot: &'a Slot<T>,
    index: usize,
    filled: bool,
}

impl<T> Slab<T> {
    /// Makes an empty table. `max_generation` is the last generation of each slot.
    pub(super) const fn new(max_generation: usize) -> Slab<T> {
        Slab {
            blocks: [const { OnceLock::new() }; BLOCKS],
            spare: Mutex::new(Spare { used: 0, unused: VecDeque::new() }),
            max_generation,
        }
    }

    #[inline]
    fn slot(&self, index: usize) -> Option<&Slot<T>> {
        let (block, at) = place(index);
        self.blocks.get(block)?.get()?.get(at)
    }

    /// Reserves a slot.
    pub(super) fn reserve(&self) -> Result<Reserved<'_, T>, Error> {
        let mut spare = self.spare.lock();
        let index = match spare.unused.pop_front() {
            Some(index) => index,
            None if spare.used == MAX_SLOTS => return Err(Error::NoResources),
            None => {
                spare.used += 1;
                spare.used - 1
            }
        };
        drop(spare);
        let (block, at) = place(index);
        let made = || (0..FIRST << block).map(|_| Slot::new()).collect();
        let slot = &self.blocks[block].get_or_init(made)[at];
        Ok(Reserved { slab: self, slot, index, filled: false })
    }

    /// Returns the entry of this slot, if the slot is live and has this generation.
    #[inline]
    pub(super) fn get(&self, index: usize, generation: usize) -> Option<Pin<'_, T>> {
        self.pin(index, |state| state >> GENERATION == generation)
    }

    #[inline]
    fn pin(&self, index: usize, fits: impl FnOnce(usize) -> bool) -> Option<Pin<'_, T>> {
        let slot = self.slot(index)?;
        // Acquire: the entry was set before the slot became live.
        let state = slot.state.fetch_add(1, Acquire);
        let pin = Pin { slab: self, slot, index };
        (state & LIVE != 0 && fits(state)).then_some(pin)
    }

    /// Iterates over the entries that are live now.
    pub(super) fn live(&self) -> impl Iterator<Item = Pin<'_, T>> {
        let used = self.spare.lock().used;
        (0..used).filter_map(|index| self.pin(index, |_| true))
    }

    /// Moves a retired slot to the next generation, if it still has no pins.
    #[cold]
    fn reclaim(&self, index: usize, slot: &Slot<T>, generation: usize) {
        if fork::is_child() {
            return; // the object belongs to the parent
        }
        let is_last = generation == self.max_generation;
        let next = if is_last { generation } else { generation + 1 };
        // Acquire: the threads that had pins no longer use the entry.
        let retired = generation << GENERATION | RETIRED;
        if slot.state.compare_exchange(retired, next << GENERATION, AcqRel, Relaxed).is_err() {
            return; // another thread has a pin on it, or has moved it
        }
        // SAFETY: the slot is neither live nor retired, so no thread reads the entry. This thread alone has changed the state, and
        // the slot is not yet in the list of slots that can be reserved.
        let entry = unsafe { (*slot.entry.get()).take() };
        if !is_last {
            self.spare.lock().unused.push_back(index);
        }
        drop(entry); // after the lock, because it may take long
    }
}

/// Returns the block of a slot and the slot's place in it.
#[inline]
fn place(index: usize) -> (usize, usize) {
    let block = (index / FIRST + 1).ilog2() as usize;
    (block, index - FIRST * ((1 << block) - 1))
}

impl<T> Pin<'_, T> {
    /// Retires the slot: its entry is not found any more. Returns false if it was retired before.
    pub(super) fn retire(&self) -> bool {
        let retired = |state| (state & LIVE != 0).then_some(state ^ (LIVE | RETIRED));
        self.slot.state.fetch_update(Release, Relaxed, retired).is_ok()
    }
}

impl<T> Deref for Pin<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot was live when it was pinned, so it has an entry, which stays as long as there is a pin.
        unsafe { (*self.slot.entry.get()).as_ref().unwrap_unchecked() }
    }
}

impl<T> Drop for Pin<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Release: this thread no longer uses the entry.
        let state = self.slot.state.fetch_sub(1, Release);
        if state & (PINS | LIVE | RETIRED) == 1 | RETIRED {
            self.slab.reclaim(self.index, self.slot, state >> GENERATION);
        }
    }
}

impl<T> Reserved<'_, T> {
    /// Returns the number of the slot.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Returns the generation of the slot.
    pub(super) fn generation(&self) -> usize {
        // It changes only when the slot is reclaimed, and a reserved slot is not.
        self.slot.state.load(Relaxed) >> GENERATION
    }

    /// Sets the entry, which is found from now on.
    pub(super) fn fill(mut self, entry: T) {
        // SAFETY: this object has reserved the slot, and it is not live, so no other thread uses the entry.
        unsafe { *self.slot.entry.get() = Some(entry) };
        // Not a store: look-ups with old handles may count pins here at the same time.
        self.slot.state.fetch_or(LIVE, Release);
        self.filled = true;
    }
}

impl<T> Drop for Reserved<'_, T> {
    fn drop(&mut self) {
        if !self.filled {
            self.slab.spare.lock().unused.push_back(self.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn put<T>(slab: &Slab<T>, entry: T) -> (usize, usize) {
        let reserved = slab.reserve().unwrap();
        let handle = (reserved.index(), reserved.generation());
        reserved.fill(entry);
        handle
    }

    #[test]
    fn slot_numbers_map_to_consecutive_blocks() {
        let mut expected = (0, 0);
        for index in 0..100_000 {
            assert_eq!(place(index), expected);
            expected.1 += 1;
            if expected.1 == FIRST << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place(MAX_SLOTS - 1).0, BLOCKS - 1);
        assert_eq!(place(MAX_SLOTS).0, BLOCKS);
    }

    #[test]
    fn entries_are_found_until_retired_and_stay_until_the_last_pin_is_dropped() {
        let slab = Slab::new(100);
        let entry = Arc::new(());
        let (index, generation) = put(&slab, Arc::clone(&entry));
        assert!(slab.get(index, generation + 1).is_none() && slab.get(index + 1, generation).is_none());
        assert!(slab.get(MAX_SLOTS, generation).is_none() && slab.get(usize::MAX >> 8, generation).is_none());
        let (one, two) = (slab.get(index, generation).unwrap(), slab.get(index, generation).unwrap());
        assert!(one.retire() && !two.retire());
        assert!(slab.get(index, generation).is_none());
        drop(one);
        assert_eq!(Arc::strong_count(&two), 2, "it is in use");
        drop(two);
        assert_eq!(Arc::strong_count(&entry), 1);
        assert_eq!(put(&slab, entry), (index, generation + 1));
        assert!(slab.get(index, generation).is_none());
    }

    #[test]
    fn slots_are_not_used_after_their_last_generation() {
        let slab = Slab::new(3);
        let mut last = 0;
        for generation in 1..=3 {
            assert_eq!(put(&slab, generation), (0, generation));
            let pin = slab.get(0, generation).unwrap();
            last = *pin;
            pin.retire();
        }
        assert_eq!((last, put(&slab, 9)), (3, (1, 1)));
        assert!(slab.get(0, 3).is_none(), "the last handle is invalid too");
    }

    #[test]
    fn reserved_slots_that_are_not_filled_are_given_back() {
        let slab = Slab::<()>::new(100);
        let reserved = slab.reserve().unwrap();
        assert!(slab.get(reserved.index(), reserved.generation()).is_none());
        drop(reserved);
        assert_eq!((put(&slab, ()), slab.live().count()), ((0, 1), 1));
    }

    /// Threads look up, retire and fill at the same time. Each entry is dropped once, after its last use, and is never found with
    /// the generation of another.
    #[test]
    fn concurrent_look_ups_find_the_entry_of_their_generation_or_none() {
        const ROUNDS: usize = 20_000;
        let slab = Slab::<Arc<(usize, usize)>>::new(usize::MAX >> GENERATION);
        let newest = AtomicUsize::new(1);
        let live = Arc::new((0, 0));
        drop(live);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while newest.load(Acquire) < ROUNDS {
                        let generation = newest.load(Acquire);
                        for guess in [generation, generation.saturating_sub(1), generation + 1] {
                            if let Some(pin) = slab.get(0, guess) {
                                assert_eq!(**pin, (0, guess));
                                assert!(Arc::strong_count(&pin) >= 1);
                                if guess % 7 == 0 {
                                    pin.retire();
                                }
                            }
                        }
                    }
                });
            }
            let mut kept = Vec::new();
            while newest.load(Acquire) < ROUNDS {
                let reserved = slab.reserve().unwrap();
                let (index, generation) = (reserved.index(), reserved.generation());
                if index != 0 {
                    kept.push(reserved); // until slot 0 is used again
                    if kept.len() > 8 {
                        kept.clear();
                    }
                    continue;
                }
                let entry = Arc::new((index, generation));
                reserved.fill(Arc::clone(&entry));
                newest.store(generation, Release);
                if let Some(pin) = slab.get(index, generation) {
                    pin.retire();
                }
                // Threads that still have a pin drop it soon.
                while Arc::strong_count(&entry) > 1 {
                    std::hint::spin_loop();
                }
            }
        });
    }
}

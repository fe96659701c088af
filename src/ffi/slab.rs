//! A table whose entries are found without a lock, and stay as long as somebody uses them: two atomic additions for a call.
//!
//! ```text
//!   free ──fill──► live ──retire──► retired ──the last pin goes──► free, of the next generation
//! ```
//!
//! A slot's state is one word, and holds all that a look-up has to know:
//! ```text
//!   64 bits:  generation (39) │ retired │ live │ pins (23)        32 bits:  generation (16) │ retired │ live │ pins (14)
//! ```
//! Only a live slot's entry is looked at, with a pin; only who takes a retired one without pins on to the next generation
//! takes the entry out; only who has a free one reserved puts one in. A slot whose generations are used up is never used again.

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

/// The slots lie in blocks that never move, each twice as large as the one before.
const FIRST: usize = 64;
const BLOCKS: usize = if usize::BITS == 64 { 18 } else { 8 };
/// How many slots there can be.
pub(super) const MAX_SLOTS: usize = FIRST * ((1 << BLOCKS) - 1);

/// The table.
pub(super) struct Slab<T> {
    blocks: [OnceLock<Box<[Slot<T>]>>; BLOCKS],
    spare: Mutex<Spare>,
    max_generation: usize,
}

struct Spare {
    /// Slab that were ever used.
    used: usize,
    /// The one that was given back longest ago is used first, so that a stale handle is wrong for long.
    unused: VecDeque<usize>,
}

struct Slot<T> {
    state: AtomicUsize,
    entry: UnsafeCell<Option<T>>,
}

// SAFETY: an entry is shared as `&T` by those who hold pins, and moved to the thread that takes it out: so T is both. That no
// two threads use the cell otherwise is what the states are for, see above.
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    fn new() -> Slot<T> {
        Slot { state: AtomicUsize::new(1 << GENERATION), entry: UnsafeCell::new(None) }
    }
}

/// An entry in use.
pub(super) struct Pin<'a, T> {
    slots: &'a Slab<T>,
    slot: &'a Slot<T>,
    index: usize,
}

/// A slot that nothing lies in yet. Dropped without being filled, it is given back.
pub(super) struct Reserved<'a, T> {
    slots: &'a Slab<T>,
    slot: &'a Slot<T>,
    index: usize,
    filled: bool,
}

impl<T> Slab<T> {
    /// An empty table of slots with so many generations each.
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

    /// Takes a slot.
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
        Ok(Reserved { slots: self, slot, index, filled: false })
    }

    /// The entry of this slot, if it is live and of this generation.
    #[inline]
    pub(super) fn get(&self, index: usize, generation: usize) -> Option<Pin<'_, T>> {
        self.pin(index, |state| state >> GENERATION == generation)
    }

    #[inline]
    fn pin(&self, index: usize, fits: impl FnOnce(usize) -> bool) -> Option<Pin<'_, T>> {
        let slot = self.slot(index)?;
        // Acquire: the entry was put in before the slot was live.
        let state = slot.state.fetch_add(1, Acquire);
        let pin = Pin { slots: self, slot, index };
        (state & LIVE != 0 && fits(state)).then_some(pin)
    }

    /// The entries that are live now.
    pub(super) fn live(&self) -> impl Iterator<Item = Pin<'_, T>> {
        let used = self.spare.lock().used;
        (0..used).filter_map(|index| self.pin(index, |_| true))
    }

    /// Nobody uses a retired slot any more, or so it was a moment ago: takes it on to the next generation.
    #[cold]
    fn reclaim(&self, index: usize, slot: &Slot<T>, generation: usize) {
        if fork::is_child() {
            return; // the object belongs to the parent
        }
        let is_last = generation == self.max_generation;
        let next = if is_last { generation } else { generation + 1 };
        // Acquire: whoever had a pin is done with the entry.
        let retired = generation << GENERATION | RETIRED;
        if slot.state.compare_exchange(retired, next << GENERATION, AcqRel, Relaxed).is_err() {
            return; // somebody looks at it; or another was first
        }
        // SAFETY: the slot is neither live nor retired any more, so nobody looks at the entry, and this thread alone has made it
        // so; it is not on the list of those that can be reserved.
        let entry = unsafe { (*slot.entry.get()).take() };
        if !is_last {
            self.spare.lock().unused.push_back(index);
        }
        drop(entry); // its end may be long, and needs no lock
    }
}

/// The block of a slot, and its place in there.
#[inline]
fn place(index: usize) -> (usize, usize) {
    let block = (index / FIRST + 1).ilog2() as usize;
    (block, index - FIRST * ((1 << block) - 1))
}

impl<T> Pin<'_, T> {
    /// It is not found any more. False if another did that before.
    pub(super) fn retire(&self) -> bool {
        let retired = |state| (state & LIVE != 0).then_some(state ^ (LIVE | RETIRED));
        self.slot.state.fetch_update(Release, Relaxed, retired).is_ok()
    }
}

impl<T> Deref for Pin<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot was live when it was pinned, so there is an entry, and it stays there as long as there is a pin.
        unsafe { (*self.slot.entry.get()).as_ref().unwrap_unchecked() }
    }
}

impl<T> Drop for Pin<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // Release: this thread is done with the entry.
        let state = self.slot.state.fetch_sub(1, Release);
        if state & (PINS | LIVE | RETIRED) == 1 | RETIRED {
            self.slots.reclaim(self.index, self.slot, state >> GENERATION);
        }
    }
}

impl<T> Reserved<'_, T> {
    /// The slot.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Its generation.
    pub(super) fn generation(&self) -> usize {
        // It changes only when the slot is reclaimed, which it was before it was reserved.
        self.slot.state.load(Relaxed) >> GENERATION
    }

    /// The entry is found from now on.
    pub(super) fn fill(mut self, entry: T) {
        // SAFETY: the slot is reserved by this, and not live: nobody else looks at the entry.
        unsafe { *self.slot.entry.get() = Some(entry) };
        // Others may count pins here meanwhile, looking for what was there before.
        self.slot.state.fetch_or(LIVE, Release);
        self.filled = true;
    }
}

impl<T> Drop for Reserved<'_, T> {
    fn drop(&mut self) {
        if !self.filled {
            self.slots.spare.lock().unused.push_back(self.index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn put<T>(slots: &Slab<T>, entry: T) -> (usize, usize) {
        let reserved = slots.reserve().unwrap();
        let handle = (reserved.index(), reserved.generation());
        reserved.fill(entry);
        handle
    }

    #[test]
    fn slots_lie_in_blocks_that_follow_each_other() {
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
    fn an_entry_is_found_until_it_is_retired_and_stays_until_the_last_pin_goes() {
        let slots = Slab::new(100);
        let entry = Arc::new(());
        let (index, generation) = put(&slots, Arc::clone(&entry));
        assert!(slots.get(index, generation + 1).is_none() && slots.get(index + 1, generation).is_none());
        assert!(slots.get(MAX_SLOTS, generation).is_none() && slots.get(usize::MAX >> 8, generation).is_none());
        let (one, two) = (slots.get(index, generation).unwrap(), slots.get(index, generation).unwrap());
        assert!(one.retire() && !two.retire());
        assert!(slots.get(index, generation).is_none());
        drop(one);
        assert_eq!(Arc::strong_count(&two), 2, "it is in use");
        drop(two);
        assert_eq!(Arc::strong_count(&entry), 1);
        assert_eq!(put(&slots, entry), (index, generation + 1));
        assert!(slots.get(index, generation).is_none());
    }

    #[test]
    fn a_slot_without_generations_is_not_used_again() {
        let slots = Slab::new(3);
        let mut last = 0;
        for generation in 1..=3 {
            assert_eq!(put(&slots, generation), (0, generation));
            let pin = slots.get(0, generation).unwrap();
            last = *pin;
            pin.retire();
        }
        assert_eq!((last, put(&slots, 9)), (3, (1, 1)));
        assert!(slots.get(0, 3).is_none(), "the last one is stale too");
    }

    #[test]
    fn what_was_reserved_and_not_filled_is_given_back() {
        let slots = Slab::<()>::new(100);
        let reserved = slots.reserve().unwrap();
        assert!(slots.get(reserved.index(), reserved.generation()).is_none());
        drop(reserved);
        assert_eq!((put(&slots, ()), slots.live().count()), ((0, 1), 1));
    }

    /// Threads that look, retire and fill, all at once: each entry is dropped once, after its last use, and never found under
    /// another's generation.
    #[test]
    fn threads_find_what_is_there_or_nothing() {
        const ROUNDS: usize = 20_000;
        let slots = Slab::<Arc<(usize, usize)>>::new(usize::MAX >> GENERATION);
        let newest = AtomicUsize::new(1);
        let live = Arc::new((0, 0));
        drop(live);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while newest.load(Acquire) < ROUNDS {
                        let generation = newest.load(Acquire);
                        for guess in [generation, generation.saturating_sub(1), generation + 1] {
                            if let Some(pin) = slots.get(0, guess) {
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
                let reserved = slots.reserve().unwrap();
                let (index, generation) = (reserved.index(), reserved.generation());
                if index != 0 {
                    kept.push(reserved); // until slot 0 comes back
                    if kept.len() > 8 {
                        kept.clear();
                    }
                    continue;
                }
                let entry = Arc::new((index, generation));
                reserved.fill(Arc::clone(&entry));
                newest.store(generation, Release);
                if let Some(pin) = slots.get(index, generation) {
                    pin.retire();
                }
                // Whoever still looks lets go soon.
                while Arc::strong_count(&entry) > 1 {
                    std::hint::spin_loop();
                }
            }
        });
    }
}

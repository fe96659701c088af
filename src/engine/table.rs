//! A table indexed by [`super::SocketShared::key`]. It frees memory when entries are removed.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

/// A table keeps at least this many places.
const MIN_KEPT: usize = 64;

/// The table.
pub struct Table<T> {
    places: Vec<Option<T>>,
    /// The number of entries that were removed since unused places were last freed.
    taken: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { places: Vec::new(), taken: 0 }
    }
}

impl<T> Table<T> {
    /// Puts an entry in its place.
    pub fn put(&mut self, key: usize, entry: T) {
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key] = Some(entry);
    }

    /// Removes an entry, and returns it.
    pub fn take(&mut self, key: usize) -> Option<T> {
        let entry = self.places.get_mut(key)?.take();
        self.free_unused();
        entry
    }

    /// Removes an entry, and drops it where it is, so that a large entry is not copied.
    pub fn remove(&mut self, key: usize) {
        if let Some(place) = self.places.get_mut(key) {
            *place = None;
            self.free_unused();
        }
    }

    /// Frees unused places at the end after many removals, so that the cost of each removal stays low.
    fn free_unused(&mut self) {
        self.taken += 1;
        if self.taken > MIN_KEPT + self.places.len() / 2 {
            self.taken = 0;
            while self.places.pop_if(|last| last.is_none()).is_some() {}
            if self.places.capacity() > MIN_KEPT + 4 * self.places.len() {
                self.places.shrink_to(MIN_KEPT + self.places.len());
            }
        }
    }

    /// All entries.
    pub fn into_entries(self) -> impl Iterator<Item = T> {
        self.places.into_iter().flatten()
    }

    /// Returns the number of places for which memory is allocated.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.places.capacity()
    }
}

impl<T> Deref for Table<T> {
    type Target = [Option<T>];

    #[inline]
    fn deref(&self) -> &[Option<T>] {
        &self.places
    }
}

impl<T> DerefMut for Table<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Option<T>] {
        &mut self.places
    }
}

/// Assigns the keys of tables. It assigns the lowest free key first, so that the tables stay short.
#[derive(Default)]
pub struct KeyAllocator {
    /// Free keys below `next`.
    free: BTreeSet<usize>,
    next: usize,
}

impl KeyAllocator {
    /// Returns the lowest free key, which is then in use.
    pub fn allocate(&mut self) -> usize {
        self.free.pop_first().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Makes the key free again.
    pub fn release(&mut self, key: usize) {
        if key + 1 < self.next {
            self.free.insert(key);
            return;
        }
        self.next = key;
        while self.free.last().is_some_and(|last| last + 1 == self.next) {
            self.free.pop_last();
            self.next -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_free_key_is_used_first_and_free_keys_at_the_end_need_no_memory() {
        let mut keys = KeyAllocator::default();
        assert_eq!(Vec::from_iter((0..5).map(|_| keys.allocate())), [0, 1, 2, 3, 4]);
        for key in [3, 1, 2] {
            keys.release(key);
        }
        assert_eq!((keys.allocate(), keys.allocate()), (1, 2));
        for key in [1, 2, 4, 0] {
            keys.release(key);
        }
        assert_eq!((keys.next, keys.free.len()), (0, 0));
        assert_eq!(keys.allocate(), 0);
    }

    #[test]
    fn memory_is_freed_when_entries_are_removed() {
        let mut table = Table::default();
        for key in 0..10_000 {
            table.put(key, key);
        }
        for key in (10..10_000).rev() {
            assert_eq!(table.take(key), Some(key));
        }
        assert!(table.capacity() < 1000, "{}", table.capacity());
        assert_eq!((table.take(10), table.take(5)), (None, Some(5)));
        table.remove(5);
        table.remove(6);
        table.remove(10_000);
        assert_eq!(Vec::from_iter(table.into_entries()), [0, 1, 2, 3, 4, 7, 8, 9]);
    }

    #[test]
    fn adding_and_removing_at_a_high_key_is_cheap() {
        let mut table = Table::default();
        let mut resized = 0;
        for key in 0..10_000 {
            let before = table.len();
            table.put(key, ());
            resized += table.len() - before;
            table.take(key);
        }
        assert!(resized < 10 * 10_000, "{resized} places were allocated for 10,000 entries");
    }
}

//! A table by [`super::Link::key`], whose memory follows the number of its entries.

use std::ops::{Deref, DerefMut};

/// So many places are few.
const FEW: usize = 64;

/// The table.
pub struct Table<T> {
    places: Vec<Option<T>>,
    /// Entries taken out since the end was last looked at.
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

    /// Takes an entry out. Now and then, so that it costs little for each, the memory of unused places at the end is given back.
    pub fn take(&mut self, key: usize) -> Option<T> {
        let entry = self.places.get_mut(key)?.take();
        self.taken += 1;
        if self.taken > FEW + self.places.len() / 2 {
            self.taken = 0;
            while self.places.pop_if(|last| last.is_none()).is_some() {}
            if self.places.capacity() > FEW + 4 * self.places.len() {
                self.places.shrink_to(FEW + self.places.len());
            }
        }
        entry
    }

    /// All entries.
    pub fn into_entries(self) -> impl Iterator<Item = T> {
        self.places.into_iter().flatten()
    }

    /// Places that there is memory for.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_memory_follows_the_number_of_entries() {
        let mut table = Table::default();
        for key in 0..10_000 {
            table.put(key, key);
        }
        for key in (10..10_000).rev() {
            assert_eq!(table.take(key), Some(key));
        }
        assert!(table.capacity() < 1000, "{}", table.capacity());
        assert_eq!((table.take(10), table.take(5)), (None, Some(5)));
        assert_eq!(table.into_entries().count(), 9);
    }

    #[test]
    fn an_entry_at_a_high_place_that_comes_and_goes_costs_little() {
        let mut table = Table::default();
        let mut resized = 0;
        for key in 0..10_000 {
            let before = table.len();
            table.put(key, ());
            resized += table.len() - before;
            table.take(key);
        }
        assert!(resized < 10 * 10_000, "{resized} places were made for 10,000 entries");
    }
}

//! A lock without waiting: a thread that does not get it continues. Unlocking is only a store, while a mutex must also check
//! whether threads wait.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

/// A value that one thread at a time uses.
///
/// Locking and unlocking are sequentially consistent. Suppose that one thread unlocks and then reads another variable, and a
/// second thread writes that variable and then tries to lock. Then the first one sees the write, or the second one gets the lock.
pub(super) struct TryLock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

#[allow(unsafe_code)]
// SAFETY: only the guard gives access to the value, and there is one guard at a time.
unsafe impl<T: Send> Sync for TryLock<T> {}

/// Unlocks when it is dropped. Threads cannot share it, because the value need not be `Sync`.
pub(super) struct Guard<'a, T>(&'a TryLock<T>, PhantomData<*const T>);

impl<T> TryLock<T> {
    pub(super) fn new(value: T) -> TryLock<T> {
        TryLock { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Returns `None` if it is locked, even if the calling thread has locked it.
    #[inline]
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.locked.compare_exchange(false, true, SeqCst, SeqCst).is_ok().then(|| Guard(self, PhantomData))
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    #[allow(unsafe_code)]
    fn deref(&self) -> &T {
        // SAFETY: the guard has locked it, so no other thread uses the value, and the borrow ends before the guard does.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    #[allow(unsafe_code)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; and `self` is borrowed mutably, so there is no other reference to the value.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.locked.store(false, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn one_thread_at_a_time_gets_the_lock() {
        let (lock, missed) = (TryLock::new(0_usize), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        match lock.try_lock() {
                            Some(mut value) => *value += 1,
                            None => _ = missed.fetch_add(1, Relaxed),
                        }
                    }
                });
            }
        });
        let value = lock.try_lock().unwrap();
        assert_eq!(*value + missed.load(Relaxed), 40_000);
        assert!(lock.try_lock().is_none(), "even its own thread does not get it again");
    }

    /// Two threads work in rounds: one unlocks and then checks for work, the other adds work and then tries to lock. If the
    /// unlock had a weaker order, there would be rounds in which both threads miss the action of the other.
    #[test]
    fn work_that_was_added_before_a_failed_lock_is_seen_after_the_unlock() {
        const ROUNDS: usize = 20_000;
        let (lock, added, arrived) = (TryLock::new(()), AtomicBool::new(false), AtomicUsize::new(0));
        // Waits until both threads have arrived this many times.
        let meet = |meetings: usize| {
            arrived.fetch_add(1, SeqCst);
            let mut spins = 0;
            while arrived.load(SeqCst) < 2 * meetings {
                spins += 1;
                if spins % 1000 == 0 { std::thread::yield_now() } else { std::hint::spin_loop() }
            }
        };
        let run = || {
            while added.load(SeqCst) {
                let Some(_guard) = lock.try_lock() else { return };
                added.store(false, SeqCst);
            }
        };
        let mut missed = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    meet(2 * round + 1);
                    added.store(true, SeqCst);
                    run();
                    meet(2 * round + 2);
                }
            });
            for round in 0..ROUNDS {
                let guard = lock.try_lock().unwrap();
                meet(2 * round + 1);
                drop(guard);
                run();
                meet(2 * round + 2);
                missed += usize::from(added.swap(false, SeqCst));
            }
        });
        assert_eq!(missed, 0, "rounds in which neither thread has done the work");
    }
}

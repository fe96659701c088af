//! Rare facts about this process, stored in one variable, so that a call of the host reads all of them at once.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

static FLAGS: AtomicU8 = AtomicU8::new(0);

/// A fact. Once it is true, it stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProcessFlag {
    /// The process is a forked child.
    #[cfg(unix)]
    ForkedChild = 1,
    /// The process has called a TLS provider of the host.
    HasTlsProvider = 2,
}

impl ProcessFlag {
    /// Makes the fact true. It changes atomics only, so a handler of fork may call it.
    pub fn set(self) {
        FLAGS.fetch_or(self as u8, Relaxed);
    }

    /// Returns whether the fact is true.
    #[inline]
    pub fn is_set(self) -> bool {
        FLAGS.load(Relaxed) & self as u8 != 0
    }
}

/// Returns whether any of the facts is true.
#[inline]
pub fn any() -> bool {
    FLAGS.load(Relaxed) != 0
}

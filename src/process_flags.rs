//! Facts about this process that are rare, in one variable: a call of the host reads them all at once.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

static FLAGS: AtomicU8 = AtomicU8::new(0);

/// A fact. Once it is true, it stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProcessFlag {
    /// It is a forked child.
    #[cfg(unix)]
    ForkedChild = 1,
    /// It has called a TLS provider of the host.
    HasTlsProvider = 2,
}

impl ProcessFlag {
    /// Changes atomics only, so a handler of fork may call it.
    pub fn set(self) {
        FLAGS.fetch_or(self as u8, Relaxed);
    }

    /// Is it true?
    #[inline]
    pub fn is_set(self) -> bool {
        FLAGS.load(Relaxed) & self as u8 != 0
    }
}

/// Is any of them true?
#[inline]
pub fn any() -> bool {
    FLAGS.load(Relaxed) != 0
}

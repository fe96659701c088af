//! A counter that a poll checks between two messages. It changes when a socket is freed, and when this process is a forked child. So
//! this check costs one load for each message.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Changes the counter, so that all polls check. Any context may call this, even a handler of `fork`.
pub fn raise() {
    COUNT.fetch_add(1, Relaxed);
}

/// Returns the counter. If it has changed, a poll must check for freed sockets and for a fork.
#[inline]
pub fn count() -> u32 {
    COUNT.load(Relaxed)
}

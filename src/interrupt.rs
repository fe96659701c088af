//! A counter that a poll checks between two messages. The counter changes when a socket is freed, and in a forked child. So both
//! checks together cost one load for each message.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Changes the counter, so that all polls check. It may be called in any context, even in a handler of `fork`.
pub fn raise() {
    COUNT.fetch_add(1, Relaxed);
}

/// Returns the counter. If it has changed, a poll must check for freed sockets and for a fork.
#[inline]
pub fn count() -> u32 {
    COUNT.load(Relaxed)
}

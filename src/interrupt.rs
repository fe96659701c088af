//! A counter that tells a poll, between two messages, that something else has happened: a socket was freed, or this process is a
//! forked child. So each message costs one load.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Asks all polls to look. Any context may call this, even a handler of `fork`.
pub fn call() {
    NUMBER.fetch_add(1, Relaxed);
}

/// Returns the counter. A changed value means that a poll must look.
#[inline]
pub fn number() -> u32 {
    NUMBER.load(Relaxed)
}

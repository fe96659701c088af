//! A number that changes when a poll that runs through messages is to look up: a socket was freed, or this process is a forked
//! child. So each message costs one look.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Polls are to look up. Any context may call this, a handler of `fork` too.
pub fn call() {
    NUMBER.fetch_add(1, Relaxed);
}

/// The number.
#[inline]
pub fn number() -> u32 {
    NUMBER.load(Relaxed)
}

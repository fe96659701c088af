//! Who is inside OpenSSL; and nobody is when the process ends.
//!
//! OpenSSL frees its tables in a handler of `exit`, on the thread that ends the process, while other threads run on. One of
//! ours that is inside OpenSSL then, or comes there later, reads freed memory. So our own handler, which runs before that one
//! because it was registered after it, closes this gate and waits until all have left. After that nobody enters: what is
//! asked of TLS fails, and what would be freed is left to the system.
#![allow(unsafe_code)] // handlers of `exit`, and functions of OpenSSL that the crate does not have

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Once;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

/// How many are inside, and whether the gate is closed.
static GATE: AtomicUsize = AtomicUsize::new(0);
const CLOSED: usize = 1 << (usize::BITS - 1);
/// The process that the handler was registered in: a forked child has none of our threads.
static PROCESS: AtomicI32 = AtomicI32::new(0);
/// The longest time that the end of the process waits for who is inside. What they do there takes less than a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);
/// More than OpenSSL takes to clean up.
const CLEANUP: Duration = Duration::from_millis(20);

unsafe extern "C" {
    fn OPENSSL_thread_stop();
}

/// As long as it lives, the end of the process waits.
pub(super) struct Inside(());

/// Enters, unless the process ends. Who is inside may enter once more.
#[inline]
pub(super) fn enter() -> Option<Inside> {
    if GATE.fetch_add(1, Acquire) & CLOSED == 0 {
        return Some(Inside(()));
    }
    GATE.fetch_sub(1, Release);
    None
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        GATE.fetch_sub(1, Release);
    }
}

/// The process ends: who is inside for long is to leave.
pub(super) fn is_closed() -> bool {
    GATE.load(Relaxed) & CLOSED != 0
}

/// Has the gate closed when the process ends, before OpenSSL cleans up if the host uses it already. To be called by the host's
/// thread that asks for TLS, so that an `exit` after that finds the handler.
pub(in super::super) fn watch_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(register);
}

/// The same if the host began to use OpenSSL since. To be called inside, before anything else of OpenSSL is.
pub(super) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register();
        // It has OpenSSL register no handler (OPENSSL_INIT_NO_ATEXIT). So from here on there is none, or the host's, which may
        // have come between.
        ::openssl::init();
        register();
    });
}

fn register() {
    // SAFETY: `close` unwinds nowhere, and is taken back when the library is unloaded, as the C library does.
    unsafe {
        PROCESS.store(libc::getpid(), Relaxed);
        libc::atexit(close);
    }
}

extern "C" fn close() {
    // SAFETY: it takes nothing.
    if unsafe { libc::getpid() } != PROCESS.load(Relaxed) {
        return;
    }
    GATE.fetch_or(CLOSED, SeqCst);
    let begun = Instant::now();
    while GATE.load(Acquire) != CLOSED && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_micros(50));
    }
}

/// Frees what OpenSSL keeps for this thread. To be called before a thread of ours ends: else that is done by a destructor of the
/// thread, outside this gate.
pub(in super::super) fn leave_thread() {
    match enter() {
        // SAFETY: it takes nothing, and does nothing where there is nothing.
        Some(_inside) => unsafe { OPENSSL_thread_stop() },
        // The destructor is gone when OpenSSL has cleaned up.
        None => thread::sleep(CLEANUP),
    }
}

/// Something of OpenSSL's that is freed inside the gate; or never, when the process ends.
pub(super) struct Guarded<T>(ManuallyDrop<T>);

impl<T> Guarded<T> {
    pub(super) fn new(inner: T) -> Guarded<T> {
        Guarded(ManuallyDrop::new(inner))
    }
}

impl<T> Deref for Guarded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Guarded<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Some(_inside) = enter() {
            // SAFETY: it is dropped here only, and not used after.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

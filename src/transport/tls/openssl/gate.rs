//! Keeps our threads out of OpenSSL when the process ends.
//!
//! OpenSSL frees its tables in a handler of `exit`, on the thread that ends the process, while other threads still run. A thread of
//! ours that is inside OpenSSL then, or enters it later, would read freed memory. Our own handler of `exit` runs before that one,
//! because it is registered later. It closes this gate and waits until all threads have left. After that no thread can enter: calls
//! of TLS fail, and the system frees the memory of TLS objects. A host that calls OPENSSL_cleanup itself closes the gate too.
#![allow(unsafe_code)] // handlers of `exit`, and functions of OpenSSL that the crate does not have

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Once;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

/// The number of entries that have not ended, and the bit [`CLOSED`].
static GATE: AtomicUsize = AtomicUsize::new(0);
const CLOSED: usize = 1 << (usize::BITS - 1);
/// The process in which the handler was registered. A forked child has none of our threads.
static PROCESS: AtomicI32 = AtomicI32::new(0);
/// The longest time that the end of the process waits for threads inside. They usually leave within a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);
/// More time than OpenSSL needs to clean up.
const CLEANUP: Duration = Duration::from_millis(20);

unsafe extern "C" {
    fn OPENSSL_thread_stop();
    fn OPENSSL_atexit(handler: extern "C" fn()) -> libc::c_int;
}

/// The end of the process waits until this is dropped.
pub(super) struct Inside(());

/// Enters OpenSSL; `None` if the process is ending. A thread that is inside may enter again.
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

/// Is the process ending? Long work inside must stop then.
pub(super) fn is_closed() -> bool {
    GATE.load(Relaxed) & CLOSED != 0
}

/// Registers the handler that closes the gate when the process ends. It runs before OpenSSL cleans up if the host uses OpenSSL
/// already. The host's thread that asks for TLS calls this, so that the handler is registered before a later `exit`.
pub(in super::super) fn watch_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(register);
}

/// Registers the handler again, in case the host has begun to use OpenSSL since. Call it inside, before any other call of OpenSSL.
pub(super) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register();
        // This initialises OpenSSL without a handler of `exit` (OPENSSL_INIT_NO_ATEXIT). The host may have initialised it with one
        // since the first registration, so ours is registered again.
        ::openssl::init();
        register();
    });
}

fn register() {
    static ONCE: Once = Once::new();
    // SAFETY: getpid has no preconditions.
    PROCESS.store(unsafe { libc::getpid() }, Relaxed);
    ONCE.call_once(|| {
        // A host may also clean up by a call of OPENSSL_cleanup, which runs this handler first. If there is no memory for the handler,
        // that case alone is not covered.
        // SAFETY: OpenSSL allows this before its initialisation. `close` does not unwind, and OpenSSL keeps this library in memory as
        // long as it has the handler.
        unsafe { OPENSSL_atexit(close) };
    });
    // SAFETY: `close` does not unwind, and stays callable: when this library is unloaded, the C library calls and removes its handlers
    // first.
    unsafe { libc::atexit(close) };
}

extern "C" fn close() {
    // SAFETY: getpid has no preconditions.
    if unsafe { libc::getpid() } != PROCESS.load(Relaxed) {
        return;
    }
    GATE.fetch_or(CLOSED, SeqCst);
    let begun = Instant::now();
    while GATE.load(Acquire) != CLOSED && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_micros(50));
    }
}

/// Frees OpenSSL's data of this thread. A thread of ours calls this before it ends: otherwise a destructor of the thread would do it,
/// outside this gate.
pub(in super::super) fn leave_thread() {
    match enter() {
        // SAFETY: it takes no argument, may be called without such data, and the end of the process waits for `_inside`.
        Some(_inside) => unsafe { OPENSSL_thread_stop() },
        // OpenSSL removes the destructor when it cleans up. This waits for that.
        None => thread::sleep(CLEANUP),
    }
}

/// An object of OpenSSL. It is freed inside the gate, or not at all if the process is ending.
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
            // SAFETY: only this destructor drops the value, it runs once, and nothing uses the value after it.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

//! Keeps the threads of the library out of OpenSSL when the process ends.
//!
//! OpenSSL frees its tables in an exit handler, on the thread that ends the process, while other threads still run. If a thread
//! of the library is in OpenSSL at that time, or enters it later, it would read freed memory. Our exit handler runs before
//! OpenSSL's handler, because it is registered later. It closes the entry and waits until all threads have left. After that no
//! thread can enter: calls of TLS fail, and the system frees the memory of TLS objects. If a host calls OPENSSL_cleanup itself,
//! this closes the entry too.
//!
//! ```text
//!   open, number of threads inside ──exit──► closed, number of threads inside ──all leave──► OpenSSL cleans up
//! ```
#![allow(unsafe_code)] // exit handlers, and functions of OpenSSL that the crate does not have

use std::io;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Once;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicI32, AtomicUsize};
use std::thread;
use std::time::{Duration, Instant};

/// The number of [`Entered`] values, and the bit [`CLOSED`].
static STATE: AtomicUsize = AtomicUsize::new(0);
const CLOSED: usize = 1 << (usize::BITS - 1);
/// The process in which the handler was registered. A forked child has none of our threads.
static PROCESS: AtomicI32 = AtomicI32::new(0);
/// The longest time that the end of the process waits for these threads. They usually leave within a millisecond.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// More time than OpenSSL needs to clean up.
const CLEANUP: Duration = Duration::from_millis(20);

unsafe extern "C" {
    fn OPENSSL_thread_stop();
    fn OPENSSL_atexit(handler: extern "C" fn()) -> libc::c_int;
}

/// OpenSSL cannot be used: the process is ending, or the loop of the connector was freed.
#[derive(Debug)]
pub(super) struct Cancelled;

const CANCELLED: &str = "TLS is not available: the process is ending, or the loop was freed";

impl From<Cancelled> for String {
    fn from(_: Cancelled) -> String {
        CANCELLED.into()
    }
}

impl From<Cancelled> for io::Error {
    fn from(_: Cancelled) -> io::Error {
        io::Error::other(CANCELLED)
    }
}

/// This thread is in OpenSSL. The end of the process waits until this is dropped.
pub(super) struct Entered(());

/// Enters OpenSSL. Fails if the process is ending. A thread that has already entered may enter again.
#[inline]
pub(super) fn enter() -> Result<Entered, Cancelled> {
    if STATE.fetch_add(1, Acquire) & CLOSED == 0 {
        return Ok(Entered(()));
    }
    STATE.fetch_sub(1, Release);
    Err(Cancelled)
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        STATE.fetch_sub(1, Release);
    }
}

/// Returns true if the process is ending. Then long work in OpenSSL must stop.
pub(super) fn is_closed() -> bool {
    STATE.load(Relaxed) & CLOSED != 0
}

/// Registers the exit handler that closes the entry. If the host already uses OpenSSL, the handler runs before OpenSSL cleans up.
/// The host's thread calls this when it requests TLS, so that the handler is registered before a later `exit`.
pub(in super::super) fn watch_exit() {
    static ONCE: Once = Once::new();
    ONCE.call_once(register);
}

/// Registers the handler again, in case the host has begun to use OpenSSL since. It must be called after [`enter`], before any
/// other call of OpenSSL.
pub(super) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register();
        // This initialises OpenSSL without an exit handler (OPENSSL_INIT_NO_ATEXIT). Since the first registration, the host may
        // have initialised it with a handler, so our handler is registered again.
        ::openssl::init();
        register();
    });
}

fn register() {
    static ONCE: Once = Once::new();
    // SAFETY: getpid has no preconditions.
    PROCESS.store(unsafe { libc::getpid() }, Relaxed);
    ONCE.call_once(|| {
        // A host may also clean up by a call of OPENSSL_cleanup, which runs this handler first. If there is no memory for the
        // handler, only that case is not covered. SAFETY: OpenSSL allows this before its initialisation. `close` does not unwind,
        // and OpenSSL keeps this library in memory as long as it has the handler.
        unsafe { OPENSSL_atexit(close) };
    });
    // SAFETY: `close` does not unwind. It can be called as long as it is registered: when this library is unloaded, the C library
    // first calls and removes its handlers.
    unsafe { libc::atexit(close) };
}

extern "C" fn close() {
    // SAFETY: getpid has no preconditions.
    if unsafe { libc::getpid() } != PROCESS.load(Relaxed) {
        return;
    }
    STATE.fetch_or(CLOSED, SeqCst);
    let begun = Instant::now();
    while STATE.load(Acquire) != CLOSED && begun.elapsed() < MAX_WAIT {
        thread::sleep(Duration::from_micros(50));
    }
}

/// Frees OpenSSL's data of this thread. A thread of the library calls this before it ends. Otherwise a destructor of the thread
/// would do it without this guard.
pub(in super::super) fn leave_thread() {
    match enter() {
        // SAFETY: the function takes no argument and may be called without such data. The end of the process waits for
        // `_entered`.
        Ok(_entered) => unsafe { OPENSSL_thread_stop() },
        // OpenSSL removes the destructor when it cleans up, so this waits for the clean-up.
        Err(Cancelled) => thread::sleep(CLEANUP),
    }
}

/// An object of OpenSSL. It is freed with this guard, or not at all if the process is ending.
pub(super) struct ExitSafe<T>(ManuallyDrop<T>);

impl<T> ExitSafe<T> {
    pub(super) fn new(inner: T) -> ExitSafe<T> {
        ExitSafe(ManuallyDrop::new(inner))
    }
}

impl<T> Deref for ExitSafe<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for ExitSafe<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for ExitSafe<T> {
    fn drop(&mut self) {
        if let Ok(_entered) = enter() {
            // SAFETY: only this destructor drops the value, it runs once, and nothing uses the value after it.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

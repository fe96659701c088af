//! The thread that runs an engine, if the loop is threaded.

use super::Engine;
use crate::panics;
use crate::transport::tls;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The thread of an engine.
pub struct Handle {
    thread: JoinHandle<()>,
    end: Arc<End>,
}

/// The end of the thread. A wait for it can have a limit, which std does not offer. A channel of std would add 8 KB to the
/// library.
#[derive(Default)]
struct End {
    is_over: Mutex<bool>,
    came: Condvar,
}

impl End {
    /// Returns whether the thread ends within `limit`.
    fn wait_for(&self, limit: Duration) -> bool {
        let mut is_over = self.is_over.lock();
        self.came.wait_while_for(&mut is_over, |is_over| !*is_over, limit);
        *is_over
    }
}

/// Records the end of the thread when it is dropped.
struct Running(Arc<End>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.is_over.lock() = true;
        self.0.came.notify_all();
    }
}

/// The result of [`Handle::join`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Joined {
    Ended,
    /// The thread still runs. It ends by itself when the TLS provider of the host returns.
    StillRuns,
}

/// Starts the thread. It ends after [`super::Shared::push_stop`], or when the engine has failed.
pub fn spawn(engine: Engine) -> io::Result<Handle> {
    let end = Arc::<End>::default();
    let running = Running(Arc::clone(&end));
    let thread = with_signals_blocked(|| {
        Builder::new().name("egret-ws".to_owned()).spawn(move || {
            run(engine);
            drop(running);
        })
    })?;
    Ok(Handle { thread, end })
}

impl Handle {
    /// Waits for the end of the thread, with a limit if there is one.
    pub fn join(self, limit: Option<Duration>) -> Joined {
        if limit.is_some_and(|limit| !self.end.wait_for(limit)) {
            return Joined::StillRuns;
        }
        // The thread catches its own panics.
        let _ = self.thread.join();
        Joined::Ended
    }
}

fn run(engine: Engine) {
    let shared = Arc::clone(engine.shared());
    run_passes(engine);
    if let Err(panicked) = panics::catch(tls::leave_thread) {
        shared.log.error(0, format_args!("{panicked}, while the I/O thread left TLS"));
    }
}

fn run_passes(mut engine: Engine) {
    while !engine.is_stopped() {
        match panics::catch(|| engine.run_pass(None)) {
            Ok(Ok(())) => {
                engine.publish();
                if engine.take_woke_poll() {
                    // A host that waited for a message is likely to answer at once. If both threads share a processor, the host
                    // now answers before this thread sleeps, so that this thread need not be woken for the answer.
                    std::thread::yield_now();
                }
            }
            Ok(Err(error)) => return finish(engine, |engine| engine.fail(format_args!("{error}"))),
            Err(panicked) => return finish(engine, |engine| engine.fail(format_args!("{panicked}"))),
        }
    }
    finish(engine, Engine::end);
}

/// Runs the last work of the thread, and catches its panic: the thread must end normally.
fn finish(mut engine: Engine, act: impl FnOnce(&mut Engine)) {
    let shared = Arc::clone(engine.shared());
    if let Err(panicked) = panics::catch(move || act(&mut engine)) {
        shared.log.error(0, format_args!("{panicked}, while the engine ended"));
    }
}

/// Runs `make` with all signals blocked, because a new thread inherits the signal mask: no handler of the host may run on a
/// thread that the host does not know. Signals for faults of the thread itself are not blocked, so that the crash reporter of the
/// host gets them.
#[cfg(unix)]
#[allow(unsafe_code)] // the signal mask is not in std
pub(super) fn with_signals_blocked<T>(make: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    let faults = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGSYS];
    // SAFETY: sigfillset initialises `all`, which the next calls change and read. pthread_sigmask writes `before`. Both
    // are on this stack.
    let blocked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for fault in faults {
            libc::sigdelset(all.as_mut_ptr(), fault);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
    };
    let made = make();
    if blocked {
        // SAFETY: `before` was written by the call above, which succeeded.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    }
    made
}

#[cfg(not(unix))]
pub(super) fn with_signals_blocked<T>(make: impl FnOnce() -> T) -> T {
    make()
}

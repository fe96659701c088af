//! The thread that turns an engine, where the host does not.

use super::Engine;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

/// Starts it. It ends after [`super::Command::Stop`].
pub fn spawn(engine: Engine) -> io::Result<JoinHandle<()>> {
    with_signals_blocked(|| Builder::new().name("egret-ws".to_owned()).spawn(move || run(engine)))
}

fn run(mut engine: Engine) {
    while !engine.is_stopped() {
        match catch_unwind(AssertUnwindSafe(|| engine.turn(None))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return engine.fail(format_args!("{error}")),
            Err(_) => return engine.fail(format_args!("a panic was caught")),
        }
    }
    engine.end();
}

/// A thread inherits the signal mask of its maker. The host's signals are the host's: none may be handled on a thread it
/// does not know.
#[cfg(unix)]
#[allow(unsafe_code)] // the signal mask is not in std
fn with_signals_blocked<T>(make: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises `all`, pthread_sigmask reads it and writes `before`; both live on this stack.
    let blocked = unsafe {
        libc::sigfillset(all.as_mut_ptr());
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
fn with_signals_blocked<T>(make: impl FnOnce() -> T) -> T {
    make()
}

//! After a `fork` the child has the memory but not the I/O threads, and locks may be held by threads that it does not
//! have. So it is told by a flag, which is looked at before any lock.

#[cfg(unix)]
mod unix {
    use crate::error::Error;
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

    static IS_CHILD: AtomicBool = AtomicBool::new(false);

    extern "C" fn in_child() {
        IS_CHILD.store(true, Relaxed); // all that is allowed here
    }

    /// Has `fork` tell the child, from the first loop on.
    pub(in crate::ffi) fn watch() -> Result<(), (Error, String)> {
        static ONCE: Once = Once::new();
        static RESULT: AtomicI32 = AtomicI32::new(0);
        ONCE.call_once(|| {
            // SAFETY: the handler only stores to an atomic, which any context allows. It is taken back when the library
            // is unloaded, as the C library does for handlers of a library.
            RESULT.store(unsafe { libc::pthread_atfork(None, None, Some(in_child)) }, Relaxed);
        });
        match RESULT.load(Relaxed) {
            0 => Ok(()),
            error => Err((Error::NoResources, std::io::Error::from_raw_os_error(error).to_string())),
        }
    }

    /// Is this process a forked child?
    pub(in crate::ffi) fn is_child() -> bool {
        IS_CHILD.load(Relaxed)
    }
}

#[cfg(unix)]
pub(super) use unix::{is_child, watch};

#[cfg(not(unix))]
pub(super) fn watch() -> Result<(), (crate::error::Error, String)> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn is_child() -> bool {
    false
}

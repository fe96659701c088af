//! After a `fork` the child has the memory but not the I/O threads, and locks may be held by threads that it does not
//! have; what it writes goes to the parent's connections. So nothing of the library may run there. A flag says so. It is looked at
//! when the host calls, before any lock, and when a callback returns, for the host may have forked inside it.

#[cfg(unix)]
mod unix {
    use crate::attention;
    use crate::error::Error;
    use std::sync::Once;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

    static IS_CHILD: AtomicBool = AtomicBool::new(false);

    extern "C" fn in_child() {
        // No more than atomics is allowed here.
        IS_CHILD.store(true, Relaxed);
        attention::call();
    }

    /// Has `fork` tell the child, from the first loop on.
    #[allow(unsafe_code)] // a handler of fork is not in std
    pub fn watch() -> Result<(), (Error, String)> {
        static ONCE: Once = Once::new();
        static RESULT: AtomicI32 = AtomicI32::new(0);
        ONCE.call_once(|| {
            // SAFETY: the handler only changes atomics, which any context allows. It is taken back when the library
            // is unloaded, as the C library does for handlers of a library.
            RESULT.store(unsafe { libc::pthread_atfork(None, None, Some(in_child)) }, Relaxed);
        });
        match RESULT.load(Relaxed) {
            0 => Ok(()),
            error => Err((Error::NoResources, std::io::Error::from_raw_os_error(error).to_string())),
        }
    }

    /// Is this process a forked child?
    pub fn is_child() -> bool {
        IS_CHILD.load(Relaxed)
    }
}

#[cfg(unix)]
pub use unix::{is_child, watch};

#[cfg(not(unix))]
/// Not here.
pub fn watch() -> Result<(), (crate::error::Error, String)> {
    Ok(())
}

#[cfg(not(unix))]
/// Not here.
pub fn is_child() -> bool {
    false
}

//! After a `fork` the child has a copy of the memory, but not the I/O threads. Threads that do not exist in the child may hold
//! locks. The child shares the sockets, so it would write to the parent's connections. Therefore the library must not run in the
//! child. It checks a flag before a call of the host takes any lock, and after each callback, because a callback may fork.

#[cfg(unix)]
mod unix {
    use crate::error::{DetailedError, Error};
    use crate::interrupt;
    use crate::process_flags::ProcessFlag;
    use std::sync::Once;
    use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

    extern "C" fn in_child() {
        // Only atomics are allowed here.
        ProcessFlag::ForkedChild.set();
        interrupt::raise();
    }

    /// Registers a handler that sets the flag in forked children. It is called when the first loop is made.
    #[allow(unsafe_code)] // a handler of fork is not in std
    pub fn watch() -> Result<(), DetailedError> {
        static ONCE: Once = Once::new();
        static RESULT: AtomicI32 = AtomicI32::new(0);
        ONCE.call_once(|| {
            // SAFETY: the handler only changes atomics, which any context allows. The C library removes it when this library is
            // unloaded.
            RESULT.store(unsafe { libc::pthread_atfork(None, None, Some(in_child)) }, Relaxed);
        });
        match RESULT.load(Relaxed) {
            0 => Ok(()),
            error => Err(DetailedError::new(Error::NoResources, std::io::Error::from_raw_os_error(error).to_string())),
        }
    }

    /// Returns whether this process is a forked child.
    pub fn is_child() -> bool {
        ProcessFlag::ForkedChild.is_set()
    }
}

#[cfg(unix)]
pub use unix::{is_child, watch};

#[cfg(not(unix))]
/// This system has no `fork`.
pub fn watch() -> Result<(), crate::error::DetailedError> {
    Ok(())
}

#[cfg(not(unix))]
/// This system has no `fork`.
pub fn is_child() -> bool {
    false
}

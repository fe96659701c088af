//! Tells a host that does not poll all the time that it should: by a callback, and by a descriptor that can be read from.
//!
//! ```text
//!   quiet ──something is due──► rung ──a poll begins──► polling ──it ends──► quiet, or rung again if something is left
//! ```

use crate::log::lend_thread;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The host's callback. Called on any thread, with no lock held.
pub type Wakeup = Arc<dyn Fn() + Send + Sync>;

/// The notifier of a loop.
#[derive(Default)]
pub(super) struct Notifier {
    /// Somebody listens. So it costs a load if nobody does.
    heard: AtomicBool,
    polling: AtomicBool,
    rung: AtomicBool,
    wakeup: Mutex<Option<Wakeup>>,
    by_waker: AtomicBool,
    #[cfg(unix)]
    pipe: Mutex<Option<pipe::Pipe>>,
}

impl Notifier {
    pub(super) fn set_wakeup(&self, wakeup: Option<Wakeup>) {
        let listens = wakeup.is_some();
        *self.wakeup.lock() = wakeup;
        self.listen(listens);
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> std::io::Result<std::os::fd::RawFd> {
        let mut pipe = self.pipe.lock();
        let descriptor = match &*pipe {
            Some(pipe) => pipe.descriptor(),
            None => {
                let new = pipe::Pipe::new()?;
                // Under the lock, as in `set_rung`. The wake-up callback may have been called already; it is not called again.
                if self.rung.load(SeqCst) {
                    new.fill();
                }
                pipe.insert(new).descriptor()
            }
        };
        drop(pipe);
        self.heard.store(true, SeqCst);
        Ok(descriptor)
    }

    pub(super) fn ring_by_waker(&self) {
        if !self.by_waker.swap(true, SeqCst) {
            self.listen(true);
        }
    }

    /// A new listener was not notified of events before it, so the bell counts as not rung.
    fn listen(&self, listens: bool) {
        if listens {
            self.heard.store(true, SeqCst);
            self.set_rung(false);
        }
    }

    pub(super) fn poll_begins(&self) {
        if !self.heard.load(SeqCst) {
            return;
        }
        self.polling.store(true, SeqCst);
        self.set_rung(false);
    }

    /// Returns what it was. The pipe is filled and emptied along with it, under its lock, so that it never says otherwise.
    fn set_rung(&self, rings: bool) -> bool {
        #[cfg(unix)]
        let pipe = self.pipe.lock();
        let was_rung = self.rung.swap(rings, SeqCst);
        #[cfg(unix)]
        match &*pipe {
            Some(pipe) if rings && !was_rung => pipe.fill(),
            Some(pipe) if was_rung && !rings => pipe.empty(),
            _ => {}
        }
        was_rung
    }

    /// It was rung, and no poll has begun since; perhaps for something that the poll before has done.
    pub(super) fn is_rung(&self) -> bool {
        self.rung.load(SeqCst)
    }

    /// Does somebody wait for the engine's readiness, outside of a poll?
    pub(super) fn is_waited_for(&self) -> bool {
        self.by_waker.load(SeqCst) && !self.polling.load(SeqCst)
    }

    pub(super) fn poll_ends(&self) {
        self.polling.store(false, SeqCst);
    }

    /// Something is due. True if the engine's waker is to be rung.
    pub(super) fn ring(&self) -> bool {
        if !self.heard.load(SeqCst) || self.polling.load(SeqCst) || self.set_rung(true) {
            return false;
        }
        let wakeup = self.wakeup.lock().clone();
        if let Some(wakeup) = wakeup {
            lend_thread(|| wakeup());
        }
        self.by_waker.load(SeqCst)
    }
}

#[cfg(unix)]
mod pipe {
    use std::io::{self, Read, Write};
    use std::os::fd::{AsRawFd, RawFd};
    use std::os::unix::net::UnixStream;

    /// A byte in it means that the bell was rung. Two ends of one: it needs no unsafe code, and works wherever there are
    /// descriptors.
    pub(super) struct Pipe {
        ear: UnixStream,
        hammer: UnixStream,
    }

    impl Pipe {
        pub(super) fn new() -> io::Result<Pipe> {
            let (ear, hammer) = UnixStream::pair()?;
            ear.set_nonblocking(true)?;
            hammer.set_nonblocking(true)?;
            Ok(Pipe { ear, hammer })
        }

        pub(super) fn descriptor(&self) -> RawFd {
            self.ear.as_raw_fd()
        }

        /// It fails only if it is full, and then it can be read from.
        pub(super) fn fill(&self) {
            let _ = (&self.hammer).write(&[1]);
        }

        pub(super) fn empty(&self) {
            let mut bytes = [0; 64];
            while matches!((&self.ear).read(&mut bytes), Ok(count) if count == bytes.len()) {}
        }
    }
}

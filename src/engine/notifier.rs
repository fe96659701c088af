//! Notifies a host that does not poll all the time, by a callback and by a descriptor that becomes readable.
//!
//! ```text
//!   idle ──something is due──► notified ──a poll begins──► polling ──it ends──► idle, or notified again if something is left
//! ```

use crate::host_callback::{Closed, Replaced, Slot};
#[cfg(unix)]
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The callback of the host. The library calls it on any thread, with no lock held.
pub type Wakeup = Arc<WakeupFn>;
type WakeupFn = dyn Fn() + Send + Sync;

/// The notifier of a loop.
#[derive(Default)]
pub(super) struct Notifier {
    /// There is a callback or a descriptor. If there is neither, a notification costs only one load.
    has_listener: AtomicBool,
    polling: AtomicBool,
    /// The host was notified, and no poll has begun since.
    notified: AtomicBool,
    wakeup: Slot<WakeupFn>,
    /// The descriptor belongs to an inline engine, and the waker of the engine makes it readable.
    uses_waker: AtomicBool,
    /// The waker was signalled for a host that waits, and no poll has ended since.
    signalled: AtomicBool,
    #[cfg(unix)]
    pipe: Mutex<Option<pipe::Pipe>>,
}

impl Notifier {
    /// Sets the callback. The result waits until no other thread is inside an earlier callback.
    pub(super) fn set_wakeup(&self, wakeup: Option<Wakeup>) -> Result<Replaced<'_, WakeupFn>, Closed> {
        let is_set = wakeup.is_some();
        let replaced = self.wakeup.replace(wakeup)?;
        if is_set {
            self.listener_added();
        }
        Ok(replaced)
    }

    /// Removes the callback permanently, and waits until no other thread is inside it.
    pub(super) fn close_wakeup(&self) {
        self.wakeup.close();
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> std::io::Result<std::os::fd::RawFd> {
        let mut pipe = self.pipe.lock();
        let descriptor = match &*pipe {
            Some(pipe) => pipe.descriptor(),
            None => {
                let new = pipe::Pipe::new()?;
                // The lock is held, as in `set_notified`. The wake-up callback may have been called already, and is not called
                // again.
                if self.notified.load(SeqCst) {
                    new.fill();
                }
                pipe.insert(new).descriptor()
            }
        };
        drop(pipe);
        self.has_listener.store(true, SeqCst);
        Ok(descriptor)
    }

    pub(super) fn notify_by_waker(&self) {
        // This is set first: a poll that ends before this cannot have taken a signal that was meant for the listener.
        self.has_listener.store(true, SeqCst);
        if !self.uses_waker.swap(true, SeqCst) {
            self.listener_added();
        }
    }

    /// Resets the state, because a new listener was not notified of earlier events.
    fn listener_added(&self) {
        self.has_listener.store(true, SeqCst);
        self.set_notified(false);
    }

    pub(super) fn poll_begins(&self) {
        if !self.has_listener.load(SeqCst) {
            return;
        }
        self.polling.store(true, SeqCst);
        self.set_notified(false);
    }

    /// Sets whether the host was notified, and returns the previous value. The pipe changes at the same time, under its lock, so
    /// that both always agree.
    fn set_notified(&self, notified: bool) -> bool {
        #[cfg(unix)]
        let pipe = self.pipe.lock();
        let was_notified = self.notified.swap(notified, SeqCst);
        #[cfg(unix)]
        match &*pipe {
            Some(pipe) if notified && !was_notified => pipe.fill(),
            Some(pipe) if was_notified && !notified => pipe.empty(),
            _ => {}
        }
        was_notified
    }

    /// Returns whether the host was notified, and no poll has begun since. The previous poll may already have done the work.
    pub(super) fn is_notified(&self) -> bool {
        self.notified.load(SeqCst)
    }

    /// Returns whether the waker must be signalled, because the host waits for the descriptor of an inline engine, outside of a
    /// poll. True once until the next poll has ended. That poll begins after this call, so it sees changes that the caller made
    /// before.
    pub(super) fn must_signal_host(&self) -> bool {
        self.uses_waker.load(SeqCst) && !self.polling.load(SeqCst) && !self.signalled.swap(true, SeqCst)
    }

    pub(super) fn poll_ends(&self) {
        if !self.has_listener.load(SeqCst) {
            return;
        }
        // This comes first, because a signal during the poll may have been taken by that poll.
        self.signalled.store(false, SeqCst);
        self.polling.store(false, SeqCst);
    }

    /// Notifies the host that something is due. True if the caller must also signal the waker of the engine.
    pub(super) fn notify(&self) -> bool {
        if !self.has_listener.load(SeqCst) || self.polling.load(SeqCst) || self.set_notified(true) {
            return false;
        }
        self.wakeup.call(|wakeup| wakeup());
        self.uses_waker.load(SeqCst)
    }
}

#[cfg(unix)]
mod pipe {
    use std::io::{self, Read, Write};
    use std::os::fd::{AsRawFd, RawFd};
    use std::os::unix::net::UnixStream;

    /// A byte in the pipe means that the host was notified. A socket pair needs no unsafe code, and works on every Unix.
    pub(super) struct Pipe {
        reader: UnixStream,
        writer: UnixStream,
    }

    impl Pipe {
        pub(super) fn new() -> io::Result<Pipe> {
            let (reader, writer) = UnixStream::pair()?;
            reader.set_nonblocking(true)?;
            writer.set_nonblocking(true)?;
            Ok(Pipe { reader, writer })
        }

        pub(super) fn descriptor(&self) -> RawFd {
            self.reader.as_raw_fd()
        }

        /// If the write fails, the pipe is full, so it is readable.
        pub(super) fn fill(&self) {
            let _ = (&self.writer).write(&[1]);
        }

        pub(super) fn empty(&self) {
            let mut bytes = [0; 64];
            while matches!((&self.reader).read(&mut bytes), Ok(count) if count == bytes.len()) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_host_is_signalled_once_until_a_poll_has_ended() {
        let notifier = Notifier::default();
        assert!(!notifier.must_signal_host(), "no host waits for the descriptor");
        notifier.notify_by_waker();
        for _ in 0..2 {
            assert!(notifier.must_signal_host());
            assert!(!notifier.must_signal_host(), "the descriptor is readable");
            notifier.poll_begins();
            assert!(!notifier.must_signal_host(), "the poll sees the change");
            notifier.poll_ends();
        }
    }

    /// If it were not reported, the descriptor would not become readable before the next event.
    #[test]
    fn an_event_while_the_first_listener_is_added_is_reported() {
        let notifier = Notifier::default();
        notifier.has_listener.store(true, SeqCst); // the first step of notify_by_waker
        assert!(!notifier.notify());
        notifier.notify_by_waker();
        assert!(notifier.notify(), "the waker is signalled");
    }

    /// A thread finds that no poll runs, and signals while a poll runs. That poll may already have emptied the descriptor.
    #[test]
    fn a_signal_that_a_poll_may_have_taken_does_not_count_afterwards() {
        let notifier = Notifier::default();
        notifier.notify_by_waker();
        notifier.poll_begins();
        notifier.signalled.store(true, SeqCst);
        notifier.poll_ends();
        assert!(notifier.must_signal_host());
    }
}

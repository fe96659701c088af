//! Events on their way to the host's callbacks.

use super::{Loop, Socket, TOLD_CLOSED, TOLD_CONNECTED};
use crate::engine::inbox::{Batch, What};
use crate::engine::{Command, Shared};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

/// What the poll works on. It is owned by the poll that runs, and no lock is held while it works.
#[derive(Default)]
pub(super) struct Dispatcher {
    batch: Batch,
    /// Events of the batch that were dispatched.
    done: usize,
    /// By [`crate::engine::Link::key`].
    sockets: Vec<Option<Arc<Socket>>>,
}

/// What one poll may do.
pub(super) struct Budget {
    pub(super) callbacks: u32,
    pub(super) until: Option<Instant>,
}

impl Budget {
    fn allows(&self, made: u32) -> bool {
        made < self.callbacks && (made == 0 || self.until.is_none_or(|until| Instant::now() < until))
    }
}

impl Dispatcher {
    /// Dispatches what is due, within the budget, and returns the number of callbacks made and whether something is left.
    pub(super) fn run(&mut self, host_loop: &Loop, budget: &Budget) -> (u32, bool) {
        let mut made = 0;
        self.release_freed(host_loop);
        loop {
            if self.done == self.batch.events().len() {
                self.batch.clear();
                self.done = 0;
                host_loop.shared.take_events(&mut self.batch);
                if self.batch.is_empty() {
                    return (made, false);
                }
            }
            while let Some(event) = self.batch.events().get(self.done) {
                if !budget.allows(made) {
                    return (made, true);
                }
                let (key, what) = (event.key, event.what);
                self.done += 1;
                made += u32::from(self.dispatch(host_loop, key, what));
                self.release_freed(host_loop);
            }
        }
    }

    /// True if a callback was made.
    fn dispatch(&mut self, host_loop: &Loop, key: usize, what: What) -> bool {
        if self.sockets.get(key).is_none_or(Option::is_none) {
            host_loop.take_joined(&mut self.sockets);
        }
        // Never absent: a socket joins before its connection begins, and leaves after its last event.
        let Some(Some(socket)) = self.sockets.get(key) else { return false };
        let heard = !socket.link.is_freed();
        match what {
            What::Connected => {
                if heard {
                    socket.link.outbox.lock().open();
                    socket.told.store(TOLD_CONNECTED, SeqCst);
                    socket.listener.connected();
                }
            }
            What::Message { kind, start, len } => {
                if heard {
                    socket.listener.data(kind, self.batch.flat(start, len));
                }
                dequeued(&host_loop.shared, socket, len);
            }
            What::LargeMessage { kind, index, len } => {
                if heard {
                    socket.listener.data(kind, self.batch.large(index, len));
                }
                dequeued(&host_loop.shared, socket, len);
                self.batch.drop_large(index);
            }
            What::Closed { index } => {
                socket.told.store(TOLD_CLOSED, SeqCst);
                if heard && let Some(report) = self.batch.take_report(index) {
                    socket.listener.closed(&report);
                }
                socket.release();
                self.sockets[key] = None;
                host_loop.keys.lock().give_back(key);
            }
        }
        heard
    }

    fn release_freed(&self, host_loop: &Loop) {
        for socket in host_loop.take_freed() {
            socket.release();
        }
    }

    /// The loop is being freed: every socket of it, for the last calls.
    pub(super) fn into_sockets(self) -> impl Iterator<Item = Arc<Socket>> {
        self.sockets.into_iter().flatten()
    }
}

fn dequeued(shared: &Shared, socket: &Socket, len: usize) {
    if socket.link.dequeued(len) && shared.command(Command::Resume(Arc::clone(&socket.link))).is_ok() {
        shared.wake();
    }
}

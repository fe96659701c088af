//! Callbacks of the host that any thread may call (`on_log` and the wake-up callback), and a record of the callback that a thread
//! is in.
//!
//! After the host has replaced a callback, it may free the data of the old one. So a [`Slot`] knows which calls are running, and
//! the thread that replaces a callback waits until the calls of earlier callbacks have ended:
//!
//! ```text
//!   call      lock: read the callback, note the call ─► code of the host ─► lock: the call has ended
//!   replace   lock: store the new callback ─► wait until no call of an earlier callback is left
//! ```
//!
//! The thread that waits must hold no lock that the code of the host may need: see `engine::shared`. A thread that is itself
//! inside such a callback does not wait. Otherwise two threads could wait for each other, or a callback could wait for its own
//! end.

use crate::fork;
use crate::process_flags::ProcessFlag;
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::sync::Arc;

thread_local!(static INSIDE: Cell<bool> = const { Cell::new(false) });

/// Returns whether this thread is inside a call of such a callback.
pub fn is_inside() -> bool {
    INSIDE.get()
}

thread_local!(static IN_HOOK: Cell<bool> = const { Cell::new(false) });

/// Calls a hook of the host, on a thread of the library.
pub fn in_hook<T>(call: impl FnOnce() -> T) -> T {
    IN_HOOK.set(true);
    let result = call();
    IN_HOOK.set(false);
    result
}

thread_local!(static IN_PROVIDER: Cell<bool> = const { Cell::new(false) });

/// Calls a TLS provider of the host.
pub fn in_provider<T>(call: impl FnOnce() -> T) -> T {
    if !ProcessFlag::HasTlsProvider.is_set() {
        ProcessFlag::HasTlsProvider.set();
    }
    let was_inside = IN_PROVIDER.replace(true);
    let result = call();
    IN_PROVIDER.set(was_inside);
    result
}

/// Returns whether this thread is inside a call of a TLS provider. If so, a connection may be in the middle of a step.
pub fn is_in_provider() -> bool {
    IN_PROVIDER.get()
}

/// Returns whether this thread must not poll. It must not poll inside a callback that may hold the lock of the engine. It
/// also must not poll inside a hook, because the loop of the hook must be able to end without waiting for the hook.
pub fn forbids_polls() -> bool {
    is_inside() || IN_HOOK.get()
}

/// A callback that can be replaced.
pub struct Slot<T: ?Sized> {
    state: Mutex<State<T>>,
    /// Signalled when a call of an earlier callback has ended.
    earlier_call_ended: Condvar,
}

struct State<T: ?Sized> {
    callback: Option<Arc<T>>,
    /// No callback is accepted any more.
    is_closed: bool,
    /// How many times the callback was replaced.
    version: u64,
    /// The version of each call that is running.
    running: Vec<u64>,
}

/// The slot accepts no callback any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// The earlier callbacks may still be running.
#[must_use = "the host may free what an earlier callback uses only after the wait"]
pub struct Replaced<'a, T: ?Sized> {
    slot: &'a Slot<T>,
    version: u64,
}

impl<T: ?Sized> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot::new(None)
    }
}

impl<T: ?Sized> Slot<T> {
    /// Makes a slot with this callback.
    pub fn new(callback: Option<Arc<T>>) -> Slot<T> {
        let state = State { callback, is_closed: false, version: 0, running: Vec::new() };
        Slot { state: Mutex::new(state), earlier_call_ended: Condvar::new() }
    }

    /// Calls the callback, if there is one. The caller must hold no lock that another call waits for.
    pub fn call(&self, act: impl FnOnce(&T)) {
        let (callback, version) = {
            let mut state = self.state.lock();
            let Some(callback) = state.callback.clone() else { return };
            let version = state.version;
            state.running.push(version);
            (callback, version)
        };
        let _call = Call { slot: self, version, was_inside: INSIDE.replace(true) };
        act(&callback);
    }

    /// Replaces the callback. No call of an earlier callback begins after this. The result waits for the calls that are running.
    pub fn replace(&self, callback: Option<Arc<T>>) -> Result<Replaced<'_, T>, Closed> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Closed);
        }
        state.callback = callback;
        state.version += 1;
        Ok(Replaced { slot: self, version: state.version })
    }

    /// Removes the callback permanently, and waits for the calls that are running.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.callback = None;
        state.is_closed = true;
        state.version += 1;
        let removed = Replaced { slot: self, version: state.version };
        drop(state);
        removed.wait();
    }
}

impl<T: ?Sized> Replaced<'_, T> {
    /// Waits until no other thread is inside an earlier callback.
    pub fn wait(self) {
        if is_inside() {
            return;
        }
        let mut state = self.slot.state.lock();
        while state.running.iter().any(|version| *version < self.version) {
            self.slot.earlier_call_ended.wait(&mut state);
        }
    }
}

/// A call that is running. It ends when this value is dropped, also by a panic.
struct Call<'a, T: ?Sized> {
    slot: &'a Slot<T>,
    version: u64,
    was_inside: bool,
}

impl<T: ?Sized> Drop for Call<'_, T> {
    fn drop(&mut self) {
        INSIDE.set(self.was_inside);
        // The callback may have forked. In the child the lock may belong to a thread that does not exist there.
        if fork::is_child() {
            return;
        }
        let mut state = self.slot.state.lock();
        if let Some(place) = state.running.iter().position(|version| *version == self.version) {
            state.running.swap_remove(place);
        }
        let is_earlier = self.version != state.version;
        drop(state);
        if is_earlier {
            self.slot.earlier_call_ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;

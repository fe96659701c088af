//! A gate in front of which hooks wait, and which counts them.

use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Instant;
use test_support::WAIT_LIMIT;

#[derive(Default)]
struct State {
    /// The number of hooks that have arrived, and of those that have passed.
    came: usize,
    passed: usize,
    is_open: bool,
}

/// Hooks wait here until the test opens the gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

impl Gate {
    /// Waits until the gate is open. Hooks call this.
    pub fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        state.came += 1;
        changed.notify_all();
        while !state.is_open {
            changed.wait(&mut state);
        }
        state.passed += 1;
        changed.notify_all();
    }

    pub fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().is_open = true;
        changed.notify_all();
    }

    /// Returns the number of hooks that have arrived so far.
    pub fn came(&self) -> usize {
        self.0.0.lock().came
    }

    /// Waits until exactly this many hooks wait.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        self.wait_until("hooks at the gate", |state| state.came - state.passed >= count);
        assert_eq!(self.came(), count);
    }

    /// Waits until all hooks that have arrived have passed.
    #[track_caller]
    pub fn wait_until_empty(&self) {
        self.wait_until("hooks to pass the gate", |state| state.came == state.passed);
    }

    #[track_caller]
    fn wait_until(&self, what: &str, done: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + WAIT_LIMIT;
        let (state, changed) = &*self.0;
        let mut state = state.lock();
        while !done(&state) {
            assert!(!changed.wait_until(&mut state, deadline).timed_out(), "{what} did not happen");
        }
    }
}

//! The hooks of a loop: functions of the application that take part in opening connections.

mod gate;
mod local_side;
mod resolving;
mod sockets;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Instant;
use test_support::WAIT_LIMIT;
use test_support::client::{Driver, Loop, Socket};
use test_support::hooks::{Hooks, Query};

/// A name that no name server has.
pub const NAME: &str = "chat.invalid";

/// Begins to connect.
pub fn open<'a>(host: &'a Loop, name: &str, port: u16) -> Socket<'a> {
    host.open_host(name, port, |_| {}).expect("the connect call succeeds")
}

/// Polls until the hook was called. An inline loop begins the connection in the connect call or in the poll.
#[track_caller]
pub fn next(host: &Loop, queries: &Receiver<Query>) -> Query {
    let mut found = None;
    host.wait_until("the hook", || {
        found = found.or_else(|| queries.try_recv().ok());
        found.is_some()
    });
    found.expect("it was found")
}

/// Waits for `release_user`, which may come on a thread of the library.
#[track_caller]
pub fn wait_released(released: &AtomicUsize) {
    let deadline = Instant::now() + WAIT_LIMIT;
    while released.load(SeqCst) == 0 {
        assert!(Instant::now() < deadline, "release_user was not called");
        thread::yield_now();
    }
    assert_eq!(released.load(SeqCst), 1);
}

/// Makes a loop with these hooks. Returns it, and the number of calls of `release_user`.
pub fn with_hooks(driver: Driver, hooks: Hooks) -> (Loop, Arc<AtomicUsize>) {
    let released = Arc::clone(&hooks.released);
    (Loop::with(driver, |options| hooks.listen_by(options)), released)
}

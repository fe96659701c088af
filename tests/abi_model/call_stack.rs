//! The stack of each thread: calls of the library, and callbacks inside them.

use crate::case::Case;
use crate::trace;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A call or a callback that has begun and has not yet returned.
#[derive(Clone, Debug)]
pub struct Frame {
    pub function: &'static str,
    pub is_callback: bool,
    /// The loop to which it belongs, by its number in `user`. 0 means no loop.
    pub host: usize,
    /// The last time at which no callback had begun: the beginning of the call, or the end of a callback.
    pub checkpoint: u64,
    /// The number of callbacks that ran in it.
    pub callbacks: usize,
}

thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
    static INDEX: Cell<Option<usize>> = const { Cell::new(None) };
    static CASE: RefCell<Option<Arc<Case>>> = const { RefCell::new(None) };
}

/// Makes this thread a thread of the case.
pub fn enter(case: &Arc<Case>, index: usize) {
    INDEX.set(Some(index));
    CASE.set(Some(Arc::clone(case)));
}

pub fn leave() {
    INDEX.set(None);
    CASE.set(None);
}

/// The number of this thread, if it is a thread of the case.
pub fn thread() -> Option<usize> {
    INDEX.get()
}

pub fn case() -> Option<Arc<Case>> {
    CASE.with_borrow(Clone::clone)
}

pub fn depth() -> usize {
    FRAMES.with_borrow(Vec::len)
}

/// Returns the innermost frame.
pub fn top() -> Option<Frame> {
    FRAMES.with_borrow(|frames| frames.last().cloned())
}

/// Returns whether this thread is inside any callback.
pub fn in_callback() -> bool {
    FRAMES.with_borrow(|frames| frames.iter().any(|frame| frame.is_callback))
}

/// Returns whether this thread is inside a callback that no poll counts.
pub fn in_notice() -> bool {
    FRAMES.with_borrow(|frames| frames.iter().any(|frame| ["on_log", "on_wakeup"].contains(&frame.function)))
}

/// Returns whether this thread is inside a callback of this loop.
pub fn in_callback_of(host: usize) -> bool {
    FRAMES.with_borrow(|frames| frames.iter().any(|frame| frame.is_callback && frame.host == host))
}

/// Runs `work` as a call. Returns its result, and its frame at the end.
pub fn call<T>(function: &'static str, host: usize, work: impl FnOnce() -> T) -> (T, Frame) {
    push(function, false, host);
    let result = work();
    (result, FRAMES.with_borrow_mut(|frames| frames.pop().expect("it was pushed")))
}

/// Runs `work` as a callback of a socket, which its poll counts.
pub fn callback(function: &'static str, host: usize, work: impl FnOnce()) {
    notice(function, host, work);
    let ended = trace::now();
    FRAMES.with_borrow_mut(|frames| {
        if let Some(poll) = frames.last_mut() {
            poll.checkpoint = ended;
            poll.callbacks += 1;
        }
    });
}

/// Runs `work` as a callback that no poll counts: `on_log`, the wake-up.
pub fn notice(function: &'static str, host: usize, work: impl FnOnce()) {
    push(function, true, host);
    work();
    FRAMES.with_borrow_mut(Vec::pop);
}

fn push(function: &'static str, is_callback: bool, host: usize) {
    let begun = trace::now();
    let frame = Frame { function, is_callback, host, checkpoint: begun, callbacks: 0 };
    FRAMES.with_borrow_mut(|frames| frames.push(frame));
}

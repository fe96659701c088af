//! The model of a loop.

use crate::trace::{lock, promise};
use ::egret_ws::egret_ws_loop;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The wake-ups since the last poll began.
#[derive(Default)]
struct Wakes {
    count: u32,
    /// Calls that cause a separate wake-up if work is due: the running ones, and those since that poll.
    asking: u32,
    asked: u32,
}

/// A wake-up callback that was set; its number is `user`.
#[derive(Default)]
pub struct Ring {
    /// A later call has replaced it, and has returned: no thread is inside the callback, and it is not called any more.
    pub is_over: AtomicBool,
}

#[derive(Clone, Debug)]
pub struct HostSetup {
    pub is_inline: bool,
    pub closes_on_suspend: bool,
    pub log_level: i32,
    pub logs: bool,
    pub max_callbacks: u32,
    pub max_us: u32,
    pub linger_ms: u32,
}

pub struct HostLoop {
    pub id: usize,
    pub setup: HostSetup,
    pub handle: AtomicPtr<egret_ws_loop>,
    /// The number of running calls of `egret_ws_loop_free`, and whether one has succeeded.
    pub freeing: AtomicUsize,
    pub free_done: AtomicU64,
    /// Polls and frees. The lower half counts the running ones, the upper half all that ever began. They are in one number, so
    /// that both are known for one moment.
    pub turns: AtomicU64,
    /// A callback is running.
    pub calling: AtomicBool,
    pub suspends: AtomicU32,
    /// The number of resumes and changes of the network. Each resets the number of reconnect attempts.
    pub restarts: AtomicU32,
    /// It was polled until all of its sockets had ended.
    pub is_wound_down: AtomicBool,
    /// One of its sockets does not have all callbacks, so a poll counts more callbacks than the model sees.
    pub lacks: AtomicBool,
    wakes: Mutex<Wakes>,
    /// Wake-up callbacks whose call of `egret_ws_loop_set_wakeup` has returned, and that are not over.
    rings: Mutex<Vec<Arc<Ring>>>,
    woken: Mutex<bool>,
    changed: Condvar,
}

impl HostLoop {
    pub fn new(id: usize, setup: HostSetup) -> HostLoop {
        HostLoop {
            id,
            setup,
            handle: AtomicPtr::default(),
            freeing: AtomicUsize::default(),
            free_done: AtomicU64::default(),
            turns: AtomicU64::default(),
            calling: AtomicBool::default(),
            suspends: AtomicU32::default(),
            restarts: AtomicU32::default(),
            is_wound_down: AtomicBool::default(),
            lacks: AtomicBool::default(),
            wakes: Mutex::default(),
            rings: Mutex::default(),
            woken: Mutex::default(),
            changed: Condvar::default(),
        }
    }

    pub fn handle(&self) -> *mut egret_ws_loop {
        self.handle.load(SeqCst)
    }

    /// Its handle must be refused.
    pub fn is_gone(&self) -> bool {
        self.free_done.load(SeqCst) != 0
    }

    /// Its handle may be refused.
    pub fn may_be_gone(&self) -> bool {
        self.is_gone() || self.freeing.load(SeqCst) > 0
    }

    /// Must be called before a poll begins.
    pub fn forget_wakes(&self) {
        let mut wakes = lock(&self.wakes);
        (wakes.count, wakes.asked) = (0, wakes.asking);
    }

    /// Makes a call that may cause a separate wake-up.
    pub fn ask_for_wake<T>(&self, call: impl FnOnce() -> T) -> T {
        let mut wakes = lock(&self.wakes);
        (wakes.asking, wakes.asked) = (wakes.asking + 1, wakes.asked + 1);
        drop(wakes);
        let result = call();
        lock(&self.wakes).asking -= 1;
        result
    }

    /// Makes `call`, which replaces the wake-up callback by `ring`. It returns true if the callback was replaced and all calls of
    /// earlier wake-up callbacks have returned.
    pub fn replace_ring(&self, ring: &Arc<Ring>, call: impl FnOnce() -> bool) {
        let earlier = lock(&self.rings).clone();
        if call() {
            earlier.iter().for_each(|ring| ring.is_over.store(true, SeqCst));
        }
        let mut rings = lock(&self.rings);
        rings.retain(|ring| !ring.is_over.load(SeqCst));
        rings.push(Arc::clone(ring));
    }

    /// The wake-up callback was called. It is called once until a poll begins. A call that belongs to the time before may come
    /// late, and a call may come at the end of a poll that leaves work.
    pub fn note_wakeup(&self) {
        let mut wakes = lock(&self.wakes);
        wakes.count += 1;
        promise!(wakes.count <= 3 + wakes.asked, "{} wake-ups between two polls", wakes.count);
        drop(wakes);
        *lock(&self.woken) = true;
        self.changed.notify_all();
    }

    /// Waits for the wake-up. Returns false if it does not come within this time.
    pub fn wait_for_wakeup(&self, time: Duration) -> bool {
        let woken = lock(&self.woken);
        let (mut woken, _) = self.changed.wait_timeout_while(woken, time, |woken| !*woken).expect("no panic holds it");
        std::mem::take(&mut *woken)
    }
}

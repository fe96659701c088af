//! The model of a loop.

use crate::watch::lock;
use ::egret_ws::egret_ws_loop;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

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
    /// Calls of `egret_ws_loop_free` that run, and when one has succeeded.
    pub freeing: AtomicUsize,
    pub free_done: AtomicU64,
    /// Polls and frees: the lower half counts those that run, the upper half those that ever began. In one number, so that
    /// both are known of one moment.
    pub turns: AtomicU64,
    /// A callback is running.
    pub calling: AtomicBool,
    pub suspends: AtomicU32,
    /// Resumes and changes of the network: with them the tries to reconnect are counted anew.
    pub revivals: AtomicU32,
    /// It was polled until all of its sockets had ended.
    pub is_wound_down: AtomicBool,
    /// A socket of it has no callback of some kind, so that a poll counts more than are seen.
    pub lacks: AtomicBool,
    /// Wake-ups since the last poll began, and how many more than one there may be.
    pub wakes: AtomicU32,
    pub wakes_allowed: AtomicU32,
    bell: Mutex<bool>,
    rung: Condvar,
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
            revivals: AtomicU32::default(),
            is_wound_down: AtomicBool::default(),
            lacks: AtomicBool::default(),
            wakes: AtomicU32::default(),
            wakes_allowed: AtomicU32::default(),
            bell: Mutex::default(),
            rung: Condvar::default(),
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

    /// The wake-up was called.
    pub fn ring(&self) {
        *lock(&self.bell) = true;
        self.rung.notify_all();
    }

    /// Waits for the wake-up; false if it does not come for so long.
    pub fn wait_for_ring(&self, time: Duration) -> bool {
        let bell = lock(&self.bell);
        let (mut bell, _) = self.rung.wait_timeout_while(bell, time, |rung| !*rung).expect("no panic holds it");
        std::mem::take(&mut *bell)
    }
}

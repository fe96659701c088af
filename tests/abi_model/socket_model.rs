//! The model of a socket: the calls for it and their results.

use crate::loop_model::HostLoop;
use crate::messages::Fingerprint;
use crate::options::Setup;
use crate::receive_calls::Pauses;
use ::egret_ws::egret_ws;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use test_support::close_report::CloseReport;

/// The largest number of threads of a case.
pub const THREADS: usize = 4;
/// The connect call has not returned.
pub const PENDING: i32 = i32::MIN;

pub struct Socket {
    /// The value of `user`, which is also in the path of the URL.
    pub id: usize,
    /// Its index in the case.
    pub index: u64,
    pub host: Arc<HostLoop>,
    pub setup: Setup,
    pub handle: AtomicPtr<egret_ws>,
    /// The result of the connect call.
    pub outcome: AtomicI32,
    pub free_begun: AtomicBool,
    /// The time at which a free had returned, and how many of them succeeded.
    pub free_done: AtomicU64,
    pub frees: AtomicU32,
    /// A close or an abort has begun.
    pub close_begun: AtomicBool,
    /// The time at which the close or the abort had returned.
    pub close_done: AtomicU64,
    pub abort_begun: AtomicBool,
    /// The time at which the first abort had returned.
    pub abort_done: AtomicU64,
    /// The number of sends that are running.
    pub sending: AtomicUsize,
    pub pauses: Mutex<Pauses>,
    pub life: Mutex<Life>,
}

#[derive(Default)]
pub struct Life {
    /// How many times `on_connect` was called.
    pub connects: i32,
    /// `on_connect` was called, and no later callback has ended that connection.
    pub is_open: bool,
    pub closed: Option<CloseReport>,
    pub released: u32,
    /// The numbers of sends that were refused with `BACKPRESSURE`, and of calls of `on_drain`.
    pub refused: usize,
    pub drains: usize,
    /// A send on this connection was refused, and `on_drain` was not called since.
    pub owed: bool,
    /// The messages that were accepted, by the thread that sent them.
    pub accepted: [Vec<Fingerprint>; THREADS],
    /// Messages that each thread has made.
    pub made: [usize; THREADS],
    pub generations: Vec<Generation>,
    pub attempt: u32,
    /// The report of the last `on_retry`.
    pub lost: Option<CloseReport>,
    /// `on_request` has allowed the current attempt to begin.
    pub may_connect: bool,
    /// `on_request` has returned CONTINUE, or a value that means neither to connect nor to wait.
    pub may_be_stopped: bool,
    /// Accepted messages that were dropped with a lost connection, as `on_retry` has reported.
    pub dropped: u64,
    pub dropped_bytes: u64,
    /// Messages that were kept for the next connection.
    pub kept: u64,
    /// `messages_sent` and `bytes_sent` as they were in `on_close`.
    pub sent_at_close: Option<(u64, u64)>,
    pub callbacks: u64,
}

/// One connection, as the client sees it.
pub struct Generation {
    /// Its number at the server.
    pub connection: Option<u64>,
    pub received: Vec<Fingerprint>,
}

impl Socket {
    pub fn new(id: usize, index: u64, host: Arc<HostLoop>, setup: Setup) -> Socket {
        Socket {
            id,
            index,
            host,
            setup,
            handle: AtomicPtr::default(),
            outcome: AtomicI32::new(PENDING),
            free_begun: AtomicBool::default(),
            free_done: AtomicU64::default(),
            frees: AtomicU32::default(),
            close_begun: AtomicBool::default(),
            close_done: AtomicU64::default(),
            abort_begun: AtomicBool::default(),
            abort_done: AtomicU64::default(),
            sending: AtomicUsize::default(),
            pauses: Mutex::default(),
            life: Mutex::default(),
        }
    }

    pub fn handle(&self) -> *mut egret_ws {
        self.handle.load(SeqCst)
    }

    pub fn is_made(&self) -> bool {
        self.outcome.load(SeqCst) == 0
    }

    /// Its handle must be refused.
    pub fn is_gone(&self) -> bool {
        self.free_done.load(SeqCst) != 0 || self.host.is_gone()
    }

    /// Its handle may be refused.
    pub fn may_be_gone(&self) -> bool {
        self.is_gone() || self.free_begun.load(SeqCst) || self.host.may_be_gone()
    }
}

impl Life {
    pub fn count_accepted(&self) -> u64 {
        self.accepted.iter().map(|list| list.len() as u64).sum()
    }

    pub fn bytes_accepted(&self) -> u64 {
        self.accepted.iter().flatten().map(|print| print.len as u64).sum()
    }
}

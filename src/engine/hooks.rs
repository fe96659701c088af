//! The hooks of the host. A hook is a function of the host that takes part in opening connections, and that may block.
//!
//! ```text
//!   connection ── ask ──► waiting jobs of its socket ──► a worker calls the hook ──► the host answers, on any thread
//!        ▲                                                                              │
//!        └──────────────────────────── Command ◄── Reply ◄──────────────────────────────┘
//! ```
//!
//! A hook runs on a worker, never on the thread of the engine or in a poll: if it blocks, only the connection that has asked
//! waits. One socket uses at most `MAX_THREADS_OF_ONE_SOCKET` workers, and the sockets take turns, so that a socket with many
//! jobs does not delay the others. If a connection no longer waits for its job, the job is dropped before it begins.
//!
//! A query gets its handle when it is asked. The handle becomes invalid when the query is answered, or when its
//! connection drops the [`Query`]. So a host that never answers leaks nothing, and a second or late answer is refused.

use super::command_queue::Command;
use super::workers::Workers;
use super::{Shared, SocketShared};
use crate::config::LoopTls;
use crate::connection::{Query, QueryAnswer, QuerySubject};
use crate::log::Log;
use crate::transport::tcp::Lent;
use crate::{fork, host_callback, panics};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, CString};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// The largest number of workers that one socket uses at a time.
const MAX_THREADS_OF_ONE_SOCKET: usize = 2;
/// When this many sockets have jobs, the jobs that nothing waits for are dropped. The next time is when twice as many sockets
/// have jobs as were left.
const FIRST_PRUNE: usize = 64;

/// The hooks of the host. The last reference to them is dropped when the loop is freed and no hook is running.
pub trait HostHooks: Send + Sync {
    /// Returns whether there is a hook that answers these queries.
    fn answers(&self, subject: QuerySubject) -> bool;
    /// Makes a handle for a query. With the handle, the host finds its reply. Dropping the result makes the handle invalid.
    fn open(&self, reply: Reply) -> io::Result<Box<dyn OpenQuery>>;
    /// Returns whether there is a hook that changes sockets.
    fn changes_sockets(&self) -> bool;
    /// Calls the hook for sockets with this descriptor, and returns its number. 0 means: connect. The hook may block.
    fn change_socket(&self, socket: usize, descriptor: isize) -> i32;
    /// Calls the hook for these queries. `socket` is the number of the socket's handle. The hook may block.
    fn ask(&self, subject: QuerySubject, socket: usize, text: &CStr, query: usize);
}

/// The handle of a query. It exists while the query is not answered and something waits for the answer.
pub trait OpenQuery: Any + Send {
    /// Returns the number of the handle.
    fn number(&self) -> usize;
}

/// The hooks of a loop, as the loop passes them to its engine.
pub struct HookOptions {
    /// The hooks.
    pub host: Arc<dyn HostHooks>,
    /// The largest number of workers.
    pub max_threads: usize,
}

/// Sends the answer to a query.
pub struct Reply {
    subject: QuerySubject,
    number: u64,
    socket: Arc<SocketShared>,
    engine: Arc<Shared>,
}

impl Reply {
    /// Returns the subject of the query.
    pub fn subject(&self) -> QuerySubject {
        self.subject
    }

    /// Returns the log of the loop, and the number of the socket for log lines.
    pub fn log(&self) -> (&Arc<Log>, usize) {
        (&self.engine.log, self.socket.id)
    }

    /// Returns the TLS of the loop.
    pub fn loop_tls(&self) -> LoopTls {
        self.engine.tls
    }

    /// Sends the answer. The caller must ensure that each query gets only one answer.
    pub fn send(&self, answer: QueryAnswer) {
        let command = Command::QueryAnswered(Arc::clone(&self.socket), Box::new((self.number, answer)));
        // If this is refused, the engine has ended, and nothing waits.
        if self.engine.push(command).is_ok() {
            self.engine.wake();
        }
    }
}

/// The hooks of a loop.
pub(super) struct Hooks {
    shared: Arc<HooksShared>,
    host: Arc<dyn HostHooks>,
    /// The number of the last query.
    last: u64,
}

/// The part that the engine and the workers share.
struct HooksShared {
    state: Mutex<State>,
    workers: Workers,
    max_threads: usize,
    engine: Arc<Shared>,
}

struct State {
    /// `None`: the engine has ended, and no more jobs begin.
    host: Option<Arc<dyn HostHooks>>,
    /// The sockets with jobs. The key is the address of their [`SocketShared`], which their jobs keep alive.
    sockets: HashMap<usize, JobsOfSocket>,
    /// The sockets with a job that can begin, in the order of their turns. Each is here at most once.
    ready: VecDeque<usize>,
    /// Workers that run or were requested.
    threads: usize,
    /// The number of sockets with jobs at which [`State::prune`] is due.
    prune_at: usize,
}

#[derive(Default)]
struct JobsOfSocket {
    running: usize,
    waiting: VecDeque<Job>,
    is_ready: bool,
}

struct Job {
    socket: Arc<SocketShared>,
    work: Work,
}

/// The work of a job.
enum Work {
    Ask {
        subject: QuerySubject,
        text: CString,
        handle: usize,
        /// Belongs to the [`Query`] of the connection, which waits as long as the query exists. It is set when the call begins.
        has_begun: Weak<AtomicBool>,
    },
    Change(Lent),
}

impl Work {
    fn is_wanted(&self) -> bool {
        match self {
            Work::Ask { has_begun, .. } => has_begun.strong_count() > 0,
            Work::Change(lent) => lent.is_wanted(),
        }
    }
}

impl State {
    /// Adds a job after the other jobs of its socket.
    fn push(&mut self, job: Job) {
        if self.sockets.len() >= self.prune_at {
            self.prune();
        }
        let key = key(&job.socket);
        let jobs = self.sockets.entry(key).or_default();
        // Otherwise a socket that connects repeatedly would fill the list while its hooks block.
        jobs.waiting.retain(|waiting| waiting.work.is_wanted());
        jobs.waiting.push_back(job);
        self.make_ready(key);
    }

    /// Called when no worker could be started. If a worker runs, it takes the job that was added last for this socket, and the
    /// next job that is added tries again to start a worker. If no worker runs, the job is removed, and this returns false.
    fn is_left_to_others(&mut self, key: usize) -> bool {
        self.threads -= 1;
        if self.threads > 0 {
            return true;
        }
        let removed = self.sockets.get_mut(&key).and_then(|jobs| jobs.waiting.pop_back());
        self.ready.retain(|ready| *ready != key);
        self.remove_if_idle(key);
        removed.is_none() // a worker has taken it, and has ended since
    }

    /// Puts the socket into the list of turns, if it has a job and may use one more worker.
    fn make_ready(&mut self, key: usize) {
        let Some(jobs) = self.sockets.get_mut(&key) else { return };
        if !jobs.is_ready && !jobs.waiting.is_empty() && jobs.running < MAX_THREADS_OF_ONE_SOCKET {
            jobs.is_ready = true;
            self.ready.push_back(key);
        }
    }

    /// Takes the next job that can begin.
    fn begin(&mut self) -> Option<(Job, Arc<dyn HostHooks>)> {
        let host = Arc::clone(self.host.as_ref()?);
        while let Some(key) = self.ready.pop_front() {
            let Some(jobs) = self.sockets.get_mut(&key) else { continue };
            jobs.is_ready = false;
            jobs.waiting.retain(|waiting| waiting.work.is_wanted());
            if let Some(job) = jobs.waiting.pop_front() {
                jobs.running += 1;
                self.make_ready(key);
                return Some((job, host));
            }
            self.remove_if_idle(key);
        }
        None
    }

    /// Records that a job of this socket has ended.
    fn end(&mut self, key: usize) {
        if let Some(jobs) = self.sockets.get_mut(&key) {
            jobs.running -= 1;
        }
        self.make_ready(key);
        self.remove_if_idle(key);
    }

    fn remove_if_idle(&mut self, key: usize) {
        if self.sockets.get(&key).is_some_and(JobsOfSocket::is_idle) {
            self.sockets.remove(&key);
        }
        if self.sockets.is_empty() {
            self.sockets = HashMap::new(); // frees its memory
            self.ready = VecDeque::new();
        }
    }

    /// Drops the jobs that nothing waits for. The cost of each job is low, because the number of sockets must double until the
    /// next time.
    fn prune(&mut self) {
        self.sockets.retain(|_, jobs| {
            jobs.waiting.retain(|waiting| waiting.work.is_wanted());
            !jobs.is_idle()
        });
        let State { ready, sockets, .. } = self;
        ready.retain(|key| sockets.contains_key(key));
        self.prune_at = FIRST_PRUNE.max(2 * self.sockets.len());
    }
}

impl JobsOfSocket {
    fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }
}

fn key(socket: &Arc<SocketShared>) -> usize {
    Arc::as_ptr(socket).addr()
}

impl Hooks {
    /// Makes the hooks of a loop. The answers are sent to `engine`, as commands.
    pub(super) fn new(options: HookOptions, engine: Arc<Shared>) -> Hooks {
        let HookOptions { host, max_threads } = options;
        let state = State {
            host: Some(Arc::clone(&host)),
            sockets: HashMap::new(),
            ready: VecDeque::new(),
            threads: 0,
            prune_at: FIRST_PRUNE,
        };
        let workers = Workers::new("egret-ws-hook", max_threads);
        let shared = Arc::new(HooksShared { state: Mutex::new(state), workers, max_threads, engine });
        Hooks { shared, host, last: 0 }
    }

    /// Asks the host. `None`: the host has no hook for this. Fails if no thread or no handle is left.
    pub(super) fn ask(
        &mut self,
        subject: QuerySubject,
        text: &str,
        socket: &Arc<SocketShared>,
    ) -> Option<io::Result<Query>> {
        self.host.answers(subject).then(|| self.begin(subject, text, socket))
    }

    fn begin(&mut self, subject: QuerySubject, text: &str, socket: &Arc<SocketShared>) -> io::Result<Query> {
        self.last += 1;
        let number = self.last;
        let engine = Arc::clone(&self.shared.engine);
        let handle = self.host.open(Reply { subject, number, socket: Arc::clone(socket), engine })?;
        let begun = Arc::new(AtomicBool::new(false));
        let has_begun = Arc::downgrade(&begun);
        let work = Work::Ask { subject, text: CString::new(text)?, handle: handle.number(), has_begun };
        let query = Query::new(number, begun, Box::new(handle));
        self.shared.add(Job { socket: Arc::clone(socket), work })?;
        Ok(query)
    }
}

impl Hooks {
    /// Returns whether there is a hook that changes sockets.
    pub(super) fn change_sockets(&self) -> bool {
        self.host.changes_sockets()
    }

    /// Lets the host change a socket. When the hook has returned, the connection gets a turn. Fails if no thread is left.
    pub(super) fn lend(&mut self, lent: Lent, socket: &Arc<SocketShared>) -> io::Result<()> {
        self.shared.add(Job { socket: Arc::clone(socket), work: Work::Change(lent) })
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        let dropped = (state.host.take(), std::mem::take(&mut state.sockets), std::mem::take(&mut state.ready));
        drop(state);
        drop(dropped); // after the lock is released: dropping the last reference may call the host
    }
}

impl HooksShared {
    /// Adds a job, and starts a worker for it if one more is allowed.
    fn add(self: &Arc<HooksShared>, job: Job) -> io::Result<()> {
        let key = key(&job.socket);
        let mut state = self.state.lock();
        state.push(job);
        if state.threads == self.max_threads || state.ready.is_empty() {
            return Ok(()); // a worker takes it after its current job
        }
        state.threads += 1;
        drop(state);
        let shared = Arc::clone(self);
        match self.workers.run_now(move || shared.work()) {
            Err(_) if self.state.lock().is_left_to_others(key) => Ok(()),
            result => result,
        }
    }

    /// The job of a worker: runs one hook after the other.
    fn work(&self) {
        let mut state = self.state.lock();
        while let Some((Job { socket, work }, host)) = state.begin() {
            drop(state);
            let result = panics::catch(|| self.run(work, &socket, &*host));
            // In a child that the hook has forked, the locks may belong to threads that do not exist there.
            if fork::is_child() {
                std::mem::forget((socket, host));
                return;
            }
            drop(host); // this may call the host, so no lock is held
            if let Err(panicked) = result {
                let _ = self.engine.push(Command::WorkerPanicked(format!("{panicked}, around a hook")));
                self.engine.wake();
            }
            state = self.state.lock();
            state.end(key(&socket));
            drop(state);
            drop(socket); // dropped last, because its address is the key
            state = self.state.lock();
        }
        state.threads -= 1;
    }

    fn run(&self, work: Work, socket: &Arc<SocketShared>, host: &dyn HostHooks) {
        match work {
            Work::Ask { subject, text, handle, has_begun } => {
                if let Some(begun) = has_begun.upgrade() {
                    begun.store(true, Relaxed);
                }
                host_callback::in_hook(|| host.ask(subject, socket.id, &text, handle));
            }
            Work::Change(lent) => {
                let call = |descriptor| host_callback::in_hook(|| host.change_socket(socket.id, descriptor));
                // In the child of a fork nothing is sent to the engine, which belongs to the parent. If the push fails, the
                // engine has ended.
                if lent.change(call)
                    && !fork::is_child()
                    && self.engine.push(Command::HookReturned(Arc::clone(socket))).is_ok()
                {
                    self.engine.wake();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

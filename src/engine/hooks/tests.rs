use super::*;
use crate::connection::send_queue::SendQueue;
use crate::protocol::mask::zero_keys;
use crate::transport::local_side::LocalSide;
use crate::transport::tcp::Tcp;
use parking_lot::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// The subject of all queries in these tests.
const SUBJECT: QuerySubject = QuerySubject::Addresses;

/// Hooks that are recorded. They hang until the test lets one return.
#[derive(Default)]
struct Host {
    state: Mutex<HostState>,
    changed: Condvar,
    /// The number of handles that are valid.
    handles: Arc<AtomicUsize>,
}

#[derive(Default)]
struct HostState {
    /// The calls in the order in which they began: the socket and the text.
    begun: Vec<(usize, String)>,
    /// The texts of calls that may return.
    may_return: Vec<String>,
    all_may_return: bool,
}

struct Handle(Arc<AtomicUsize>);

impl OpenQuery for Handle {
    fn number(&self) -> usize {
        5
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Host {
    fn hang(&self, socket: usize, text: &str) {
        let mut state = self.state.lock();
        state.begun.push((socket, text.to_owned()));
        self.changed.notify_all();
        while !(state.all_may_return || state.may_return.iter().any(|name| name == text)) {
            self.changed.wait(&mut state);
        }
    }
}

impl HostHooks for Host {
    fn answers(&self, subject: QuerySubject) -> bool {
        subject == SUBJECT
    }

    fn open(&self, _: Reply) -> io::Result<Box<dyn OpenQuery>> {
        self.handles.fetch_add(1, SeqCst);
        Ok(Box::new(Handle(Arc::clone(&self.handles))))
    }

    fn changes_sockets(&self) -> bool {
        true
    }

    fn change_socket(&self, socket: usize, descriptor: isize) -> i32 {
        self.hang(socket, "socket");
        assert!(descriptor >= 0);
        7
    }

    fn ask(&self, subject: QuerySubject, socket: usize, text: &CStr, query: usize) {
        assert_eq!((subject, query), (SUBJECT, 5));
        self.hang(socket, text.to_str().unwrap());
    }
}

struct Harness {
    host: Arc<Host>,
    hooks: Hooks,
    engine: Arc<Shared>,
}

impl Harness {
    fn new(max_threads: usize) -> Harness {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
        let engine = Arc::new(Shared::new(waker, Arc::new(Log::new(0, None)), false, LoopTls::Library));
        let host = Arc::new(Host::default());
        let options = HookOptions { host: Arc::clone(&host) as Arc<dyn HostHooks>, max_threads };
        Harness { hooks: Hooks::new(options, Arc::clone(&engine)), host, engine }
    }

    fn ask(&mut self, socket: &Arc<SocketShared>, text: &str) -> Query {
        self.hooks.ask(SUBJECT, text, socket).unwrap().unwrap()
    }

    /// Waits for this number of calls, and returns their texts.
    fn begun(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + SOON;
        let mut state = self.host.state.lock();
        while state.begun.len() < count {
            assert!(!self.host.changed.wait_until(&mut state, deadline).timed_out(), "{:?}", state.begun);
        }
        state.begun.iter().map(|(_, text)| text.clone()).collect()
    }

    /// Lets the call with this text return.
    fn end(&self, text: &str) {
        self.host.state.lock().may_return.push(text.to_owned());
        self.host.changed.notify_all();
    }

    fn end_all(&self) {
        self.host.state.lock().all_may_return = true;
        self.host.changed.notify_all();
    }

    fn wait_until(&self, what: &str, done: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + SOON;
        while !done(&self.hooks.shared.state.lock()) {
            assert!(Instant::now() < deadline, "this did not happen: {what}");
            std::thread::yield_now();
        }
    }

    fn waiting(&self) -> usize {
        self.hooks.shared.state.lock().sockets.values().map(|jobs| jobs.waiting.len()).sum()
    }
}

fn socket(id: usize) -> Arc<SocketShared> {
    Arc::new(SocketShared::new(id, id, SendQueue::new(1, 1, zero_keys()), 1, crate::engine::Wants::default()))
}

#[test]
fn a_socket_uses_two_threads_and_the_others_take_turns_with_it() {
    let mut harness = Harness::new(3);
    let (busy, one, other) = (socket(1), socket(2), socket(3));
    let mut queries: Vec<_> = ["a1", "a2", "a3", "a4"].iter().map(|text| harness.ask(&busy, text)).collect();
    let mut begun = harness.begun(2);
    begun.sort();
    assert_eq!(begun, ["a1", "a2"], "one thread is left for other sockets");
    queries.push(harness.ask(&one, "b1"));
    assert_eq!(harness.begun(3)[2], "b1");
    // All threads are used.
    queries.push(harness.ask(&one, "b2"));
    queries.push(harness.ask(&other, "c1"));
    assert_eq!((harness.waiting(), harness.hooks.shared.state.lock().threads), (4, 3));
    harness.end("a1");
    assert_eq!(harness.begun(4)[3], "b2", "its job was ready first");
    harness.end("b1");
    assert_eq!(harness.begun(5)[4], "c1", "it has waited longer than the jobs of the busy socket");
    harness.end("c1");
    assert_eq!(harness.begun(6)[5], "a3");
    assert_eq!(harness.waiting(), 1);
    harness.end_all();
    assert_eq!(harness.begun(7)[6], "a4");
    harness.wait_until("the threads end", |state| state.threads == 0 && state.sockets.is_empty());
    let ids: Vec<_> = harness.host.state.lock().begun.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.iter().filter(|id| **id == 1).count(), 4);
}

#[test]
fn a_job_that_nothing_waits_for_does_not_begin() {
    let mut harness = Harness::new(1);
    let (one, other) = (socket(1), socket(2));
    let first = harness.ask(&one, "first");
    harness.begun(1);
    let withdrawn = harness.ask(&other, "withdrawn");
    let last = harness.ask(&other, "last");
    assert_eq!(harness.host.handles.load(SeqCst), 3);
    drop(withdrawn);
    assert_eq!(harness.host.handles.load(SeqCst), 2, "its handle is invalid");
    harness.end_all();
    assert_eq!(harness.begun(2), ["first", "last"]);
    harness.wait_until("the thread ends", |state| state.threads == 0);
    assert_eq!(harness.begun(2).len(), 2);
    drop((first, last));
    assert_eq!(harness.host.handles.load(SeqCst), 0);
}

/// A socket connects repeatedly while its hooks hang, and new sockets are made all the time.
#[test]
fn jobs_that_nothing_waits_for_do_not_pile_up() {
    let mut harness = Harness::new(2);
    let hung = socket(0);
    let queries = [harness.ask(&hung, "hung"), harness.ask(&hung, "hung")];
    harness.begun(2);
    for _ in 0..10_000 {
        drop(harness.ask(&hung, "again"));
    }
    assert!(harness.waiting() <= 1);
    for id in 1..10_000 {
        drop(harness.ask(&socket(id), "another"));
        let state = harness.hooks.shared.state.lock();
        assert!(state.sockets.len() <= FIRST_PRUNE && state.ready.len() <= FIRST_PRUNE);
    }
    assert_eq!(harness.host.handles.load(SeqCst), 2);
    harness.end_all();
    harness.wait_until("the threads end", |state| state.threads == 0 && state.sockets.is_empty());
    assert_eq!(harness.begun(2).len(), 2, "none of their jobs began");
    drop(queries);
}

/// A worker runs a hook that hangs, and the system has no thread left for a while.
#[test]
fn workers_are_started_again_after_a_lack_of_threads() {
    let mut harness = Harness::new(3);
    let sockets: Vec<_> = (0..8).map(socket).collect();
    let lacks = |harness: &Harness, lacks| harness.hooks.shared.workers.lacks_threads.store(lacks, SeqCst);
    lacks(&harness, true);
    assert!(harness.hooks.ask(SUBJECT, "none", &sockets[0]).unwrap().is_err());
    assert_eq!((harness.host.handles.load(SeqCst), harness.waiting()), (0, 0));
    assert!(harness.hooks.shared.state.lock().ready.is_empty());

    lacks(&harness, false);
    let mut queries = vec![harness.ask(&sockets[0], "hangs")];
    harness.begun(1);
    lacks(&harness, true);
    queries.extend(["1", "2", "3", "4"].iter().zip(&sockets[1..]).map(|(text, one)| harness.ask(one, text)));
    assert_eq!((harness.waiting(), harness.hooks.shared.state.lock().threads), (4, 1));
    lacks(&harness, false);
    queries.push(harness.ask(&sockets[5], "5"));
    assert_eq!(harness.begun(2)[1], "1", "the second job begins although the first hook hangs");
    harness.end("1");
    assert_eq!(harness.begun(3)[2], "2");
    queries.push(harness.ask(&sockets[6], "6"));
    assert_eq!(harness.begun(4)[3], "3", "a third worker runs the job");
    harness.end_all();
    harness.wait_until("the threads end", |state| state.threads == 0 && state.sockets.is_empty());
    assert_eq!(harness.begun(7).len(), 7);
    drop(queries);
}

#[test]
fn the_last_reference_to_the_host_is_dropped_when_the_last_hook_has_returned() {
    let mut harness = Harness::new(4);
    let one = socket(1);
    let queries = [harness.ask(&one, "runs"), harness.ask(&one, "runs"), harness.ask(&one, "waits")];
    harness.begun(2);
    let Harness { host, hooks, .. } = harness;
    let weak = Arc::downgrade(&host);
    drop(hooks);
    assert_eq!(Arc::strong_count(&one), 3, "the job that has not begun is dropped");
    host.state.lock().all_may_return = true;
    host.changed.notify_all();
    drop(host);
    let deadline = Instant::now() + SOON;
    while weak.strong_count() > 0 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    drop(queries);
}

#[test]
fn an_answer_and_a_returned_socket_are_commands_to_the_engine() {
    let mut harness = Harness::new(4);
    let one = socket(1);
    let reply = Reply { subject: SUBJECT, number: 3, socket: Arc::clone(&one), engine: Arc::clone(&harness.engine) };
    reply.send(QueryAnswer::Addresses(None));
    assert_eq!(harness.engine.queued(), 1);
    let (mut tcp, lent) = Tcp::hold("127.0.0.1:9".parse().unwrap(), &LocalSide::default()).unwrap();
    harness.hooks.lend(lent, &one).unwrap();
    harness.begun(1);
    assert!(!tcp.continue_connecting().unwrap());
    harness.end("socket");
    let deadline = Instant::now() + SOON;
    while harness.engine.queued() < 2 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let error = tcp.continue_connecting().unwrap_err();
    assert_eq!(error.to_string(), "on_socket refused the descriptor (it returned 7)");
    // A connection that no longer waits gets no turn.
    let (tcp, lent) = Tcp::hold("127.0.0.1:9".parse().unwrap(), &LocalSide::default()).unwrap();
    drop(tcp);
    harness.hooks.lend(lent, &one).unwrap();
    harness.wait_until("the threads end", |state| state.threads == 0);
    assert_eq!((harness.engine.queued(), harness.begun(1).len()), (2, 1));
}

use super::*;
use crate::config::LoopTls;
use crate::connection::send_queue::SendQueue;
use crate::log::Log;
use crate::protocol::mask::zero_keys;
use parking_lot::Condvar;

/// A resolver that counts its calls. The calls hang until the test ends them.
#[derive(Default)]
struct Hung {
    state: Mutex<HungState>,
    changed: Condvar,
}

#[derive(Default)]
struct HungState {
    calls: Vec<String>,
    most: usize,
    ended: bool,
}

impl Hung {
    fn call(&self, name: &str) -> Answer {
        if name.starts_with("good") {
            return Ok(Vec::new());
        }
        let mut state = self.state.lock();
        state.calls.push(name.to_owned());
        state.most = state.most.max(state.calls.len());
        self.changed.notify_all();
        while !state.ended {
            self.changed.wait(&mut state);
        }
        Ok(Vec::new())
    }

    /// Waits until this many calls hang.
    fn wait_for(&self, count: usize) {
        let mut state = self.state.lock();
        while state.calls.len() < count {
            self.changed.wait(&mut state);
        }
        assert_eq!(state.calls.len(), count);
    }
}

struct Harness {
    hung: Arc<Hung>,
    dns: Dns,
    engine: Arc<Shared>,
    socket: Arc<SocketShared>,
}

impl Harness {
    fn new() -> Harness {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
        let engine = Arc::new(Shared::new(waker, Arc::new(Log::new(0, None)), false, LoopTls::Library));
        let hung = Arc::new(Hung::default());
        let resolver = Arc::clone(&hung);
        let dns = Dns::with_resolver(Arc::clone(&engine), Arc::new(move |query: &Query| resolver.call(&query.0)));
        let socket =
            Arc::new(SocketShared::new(0, 0, SendQueue::new(1, 1, zero_keys()), 1, crate::engine::Wants::default()));
        Harness { hung, dns, engine, socket }
    }

    fn look_up(&mut self, name: &str) -> Lookup {
        self.dns.look_up(name, Family::V4, &self.socket)
    }

    fn calls(&self) -> usize {
        self.dns.shared.state.lock().calls.len()
    }

    /// Moves the beginning of all calls into the past, as if this time had passed.
    fn pass(&mut self, time: Duration) {
        for call in &mut self.dns.shared.state.lock().calls {
            call.begun -= time;
        }
        self.dns.due = self.dns.due.map(|due| due - time);
        self.dns.start_waiting();
    }

    fn is_answered(&self) -> bool {
        self.engine.has_commands()
    }

    fn wait_for_answer(&self) {
        while !self.is_answered() {
            std::thread::yield_now();
        }
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.hung.state.lock().ended = true;
        self.hung.changed.notify_all();
    }
}

#[test]
fn network_changes_begin_one_more_call_for_a_hanging_name() {
    let mut harness = Harness::new();
    let mut asked = harness.look_up("hung");
    for _ in 0..1000 {
        harness.dns.discard();
        asked = harness.look_up("hung");
    }
    harness.hung.wait_for(2);
    assert_eq!(harness.calls(), 2);
    assert!(harness.dns.due().is_some(), "a third call follows");
    drop(asked);
}

#[test]
fn hanging_names_are_looked_up_again_after_doubling_waits() {
    let mut harness = Harness::new();
    let mut asked = harness.look_up("hung");
    let mut begun = vec![0];
    for second in 0..60 {
        let known =
            |harness: &Harness, begun: &mut Vec<u32>, at| begun.extend((harness.calls() > begun.len()).then_some(at));
        harness.dns.discard();
        asked = harness.look_up("hung");
        known(&harness, &mut begun, second);
        harness.pass(SHARE_WINDOW);
        known(&harness, &mut begun, second + 1);
    }
    assert_eq!(begun, [0, 0, 1, 3, 7]);
    assert_eq!(harness.calls(), MAX_CALLS_OF_ONE_QUERY);
    drop(asked);
}

#[test]
fn repeated_calls_for_names_that_hang_leave_room_for_other_names() {
    let mut harness = Harness::new();
    let names: Vec<_> = (0..MAX_AWAITED_CALLS / 2).map(|number| format!("hung-{number}")).collect();
    let mut asked = Vec::new();
    for _ in 0..20 {
        harness.dns.discard();
        asked = names.iter().map(|name| harness.look_up(name)).collect();
        harness.pass(SHARE_WINDOW);
    }
    assert_eq!(harness.calls(), MAX_AWAITED_CALLS);
    let good = harness.look_up("good");
    harness.wait_for_answer();
    drop((good, asked));
}

#[test]
fn next_call_for_a_name_begins_when_one_ends() {
    let mut harness = Harness::new();
    let mut asked = Vec::new();
    for _ in 0..3 {
        harness.dns.discard();
        asked.push(harness.look_up("hung"));
    }
    harness.hung.wait_for(2);
    assert!(!harness.is_answered());
    harness.hung.state.lock().ended = true;
    harness.hung.changed.notify_all();
    harness.wait_for_answer(); // the third call answers, because the first two were discarded
}

/// One socket waits for a name that hangs, while others look it up and stop waiting.
#[test]
fn waiters_that_stopped_are_dropped_although_another_one_waits() {
    let mut harness = Harness::new();
    let first = harness.look_up("hung"); // the call that hangs
    let patient = {
        harness.dns.discard();
        (0..MAX_CALLS_OF_ONE_QUERY - 1).for_each(|_| {
            drop(harness.look_up("hung"));
            harness.dns.discard();
            harness.pass(100 * SHARE_WINDOW);
        });
        harness.look_up("hung")
    };
    for _ in 0..10_000 {
        drop(harness.look_up("hung"));
    }
    let kept = Arc::strong_count(&harness.socket);
    assert!(kept < 100, "{kept} are kept");
    drop((first, patient));
}

#[test]
fn abandoned_calls_take_no_room_from_awaited_ones() {
    let mut harness = Harness::new();
    for number in 0..MAX_CALLS - MAX_AWAITED_CALLS {
        drop(harness.look_up(&format!("hung-{number}")));
    }
    let awaited: Vec<_> = (0..MAX_AWAITED_CALLS).map(|number| harness.look_up(&format!("awaited-{number}"))).collect();
    harness.hung.wait_for(MAX_CALLS);
    drop(awaited);
    assert!(!harness.is_answered());
}

#[test]
fn calls_are_bounded_and_unwanted_questions_do_not_begin() {
    let mut harness = Harness::new();
    let mut asked: Vec<_> = (0..10 * MAX_CALLS).map(|number| harness.look_up(&format!("hung-{number}"))).collect();
    let good = harness.look_up("good");
    harness.hung.wait_for(MAX_AWAITED_CALLS);
    assert!(!harness.is_answered(), "sockets wait for all calls");
    asked.truncate(MAX_AWAITED_CALLS);
    asked.remove(0);
    harness.pass(RECHECK_INTERVAL);
    harness.wait_for_answer();
    drop(good);
    assert_eq!(harness.calls(), MAX_AWAITED_CALLS, "no other call began");
}

/// While all calls hang, sockets look up other names and stop waiting.
#[test]
fn queries_that_no_socket_waits_for_need_little_memory_and_do_not_begin() {
    let mut harness = Harness::new();
    let hanging: Vec<_> = (0..MAX_AWAITED_CALLS).map(|number| harness.look_up(&format!("hung-{number}"))).collect();
    for number in 0..10_000 {
        drop(harness.look_up(&format!("other-{number}")));
    }
    let waiting = harness.dns.shared.state.lock().waiting.len();
    assert!(waiting < 100, "{waiting} queries wait");
    assert_eq!(harness.calls(), MAX_AWAITED_CALLS);
    drop(hanging);
}

#[test]
fn look_ups_of_the_same_name_share_the_answer() {
    let mut harness = Harness::new();
    let asked: Vec<_> = (0..100).map(|_| harness.look_up("hung")).collect();
    harness.hung.wait_for(1);
    harness.hung.state.lock().ended = true;
    harness.hung.changed.notify_all();
    harness.wait_for_answer();
    drop(asked);
}

#[test]
fn dropped_look_ups_get_no_answer() {
    let mut harness = Harness::new();
    drop(harness.look_up("hung"));
    harness.hung.state.lock().ended = true;
    harness.hung.changed.notify_all();
    while harness.calls() > 0 {
        std::thread::yield_now();
    }
    assert!(!harness.is_answered());
}

#[test]
fn number_of_addresses_is_bounded() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    assert_eq!(limit_addresses(std::iter::repeat(address)).len(), MAX_ADDRESSES);
    assert_eq!(limit_addresses(std::iter::once(address)), [address]);
}

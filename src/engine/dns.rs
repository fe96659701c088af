//! Name look-ups, off the engine: the system's resolver blocks, and may for minutes.
//!
//! A call of the resolver cannot be interrupted. If no socket waits for its answer any more (its sockets were closed, timed out, or
//! began anew on another network), the call continues as an *abandoned* one. Three limits bound them:
//! - [`MOST_WANTED`] calls at a time for which a socket waits;
//! - [`MOST_CALLS`] in all, so that some abandoned calls take no room from wanted ones;
//! - [`MOST_OF_ONE`] for one question. The second call begins at once, because another network may answer where the first call
//!   hangs. Further calls begin after waits that double, so that the end of an outage is noticed with few threads, and only while
//!   there are fewer than [`MOST_WANTED`] calls in all: the rest is for names that do not hang yet.

use super::commands::{Command, Resolved};
use super::workers::Workers;
use super::{Shared, SocketShared};
use crate::connection::{Family, Inquiry, MAX_ADDRESSES, Unresolved, Waits};
use crate::{failpoint, panics};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, mem};

/// The most calls for which a socket waits.
const MOST_WANTED: usize = 64;
/// The most calls in all.
const MOST_CALLS: usize = 96;
/// The most calls for one name and family.
const MOST_OF_ONE: usize = 5;
/// A second look-up of a name shares the answer of a running call, but not if that call began longer ago than this: it may hang on a
/// network that is gone, where a new call would not.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// Questions that wait for a thread are checked again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A name and a family of addresses.
type Question = (Arc<str>, Family);
type Answer = Result<Vec<SocketAddr>, Unresolved>;
type Resolver = Arc<dyn Fn(&Question) -> Answer + Send + Sync>;

/// The look-ups of a loop.
pub struct Dns {
    /// When the next waiting question may begin; `None` if no question waits.
    due: Option<Instant>,
    desk: Arc<Desk>,
}

/// The part that the engine and the threads share.
struct Desk {
    state: Mutex<State>,
    workers: Workers,
    resolver: Resolver,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct State {
    /// Calls of the resolver that have not returned, the oldest first.
    calls: Vec<Call>,
    /// Questions that were not begun, in order.
    waiting: VecDeque<Waiting>,
    /// The number of the last call.
    last: u64,
}

struct Call {
    number: u64,
    question: Question,
    begun: Instant,
    /// It was begun after the last change of the network.
    is_fresh: bool,
    waiters: Vec<Waiter>,
}

struct Waiting {
    question: Question,
    waiters: Vec<Waiter>,
}

/// A connection, and whether it still waits.
struct Waiter {
    socket: Arc<SocketShared>,
    waits: Waits,
}

fn is_wanted(waiters: &[Waiter]) -> bool {
    waiters.iter().any(|waiter| waiter.waits.is_true())
}

/// Adds one. Those that wait no more are dropped when the list would grow, so that each costs little.
fn add(waiters: &mut Vec<Waiter>, waiter: Waiter) {
    if waiters.len() == waiters.capacity() {
        waiters.retain(|waiter| waiter.waits.is_true());
        waiters.reserve(waiters.len() + 1);
    }
    waiters.push(waiter);
}

impl State {
    /// When a call for this question may begin, if only calls for the same question count. `None`: when one of those has ended.
    fn begins_at(&self, question: &Question, now: Instant) -> Option<Instant> {
        let mut calls = self.calls.iter().filter(|call| call.question == *question);
        let (count, youngest) = (calls.clone().count(), calls.next_back());
        let Some(youngest) = youngest else { return Some(now) };
        match count {
            _ if self.calls.len() >= MOST_WANTED => None,
            1 => Some(youngest.begun),
            MOST_OF_ONE.. => None,
            _ => Some(youngest.begun + SHARED_FOR * (1 << (count - 2))),
        }
    }

    /// Takes the next question that can begin, and records it as a call.
    fn begin(&mut self, now: Instant) -> Option<(u64, Question)> {
        self.waiting.retain(|waiting| is_wanted(&waiting.waiters));
        let has_room = self.calls.len() < MOST_CALLS
            && (self.calls.len() < MOST_WANTED
                || self.calls.iter().filter(|call| is_wanted(&call.waiters)).count() < MOST_WANTED);
        if !has_room {
            return None;
        }
        let can_begin = |waiting: &Waiting| self.begins_at(&waiting.question, now).is_some_and(|at| at <= now);
        let at = self.waiting.iter().position(can_begin)?;
        let Waiting { question, waiters } = self.waiting.remove(at)?;
        self.last += 1;
        let number = self.last;
        self.calls.push(Call { number, question: question.clone(), begun: now, is_fresh: true, waiters });
        Some((number, question))
    }

    /// When to try [`State::begin`] again.
    fn due(&self, now: Instant) -> Option<Instant> {
        let soonest = self.waiting.iter().filter_map(|waiting| self.begins_at(&waiting.question, now)).min();
        let look_again = (!self.waiting.is_empty()).then_some(now + LOOK_AGAIN);
        // A question that may begin by now but has not begun found no room.
        soonest.filter(|soonest| *soonest > now).map_or(look_again, |soonest| Some(soonest.min(now + LOOK_AGAIN)))
    }
}

impl Dns {
    /// Answers go to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> Dns {
        Dns::with_resolver(shared, Arc::new(resolve))
    }

    fn with_resolver(shared: Arc<Shared>, resolver: Resolver) -> Dns {
        let workers = Workers::new("egret-ws-lookup", MOST_CALLS);
        Dns { due: None, desk: Arc::new(Desk { state: Mutex::default(), workers, resolver, shared }) }
    }

    /// Looks up the addresses of one family for a name. The caller drops the result when it does not wait for the answer any more.
    pub fn ask(&mut self, name: &str, family: Family, socket: &Arc<SocketShared>) -> Inquiry {
        let now = Instant::now();
        let question = (Arc::from(name), family);
        let inquiry = Inquiry::default();
        let waiter = Waiter { socket: Arc::clone(socket), waits: inquiry.waits() };
        let mut state = self.desk.state.lock();
        let youngest = state.calls.iter_mut().rfind(|call| call.question == question);
        if let Some(call) = youngest.filter(|call| call.is_fresh && now.duration_since(call.begun) < SHARED_FOR) {
            add(&mut call.waiters, waiter);
            return inquiry;
        }
        match state.waiting.iter_mut().find(|waiting| waiting.question == question) {
            Some(waiting) => add(&mut waiting.waiters, waiter),
            None => state.waiting.push_back(Waiting { question, waiters: vec![waiter] }),
        }
        drop(state);
        self.begin(now);
        inquiry
    }

    /// When [`Dns::go_on`] must be called.
    #[inline]
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins the waiting questions that can begin by now.
    pub fn go_on(&mut self) {
        let now = Instant::now();
        if self.due.is_some_and(|due| due <= now) {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        loop {
            let mut state = self.desk.state.lock();
            let Some((number, question)) = state.begin(now) else {
                self.due = state.due(now);
                return;
            };
            drop(state);
            let desk = Arc::clone(&self.desk);
            if let Err(error) = self.desk.workers.run(move || desk.work(number, question)) {
                self.desk.finish(number, &Err(Unresolved::no_thread(&error)));
            }
        }
    }

    /// The network has changed: no socket waits for answers of the old network any more.
    pub fn forget(&mut self) {
        let mut state = self.desk.state.lock();
        for call in &mut state.calls {
            call.is_fresh = false;
            call.waiters.clear();
        }
        // The sockets ask again.
        state.waiting.clear();
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.desk.state.lock().waiting.clear();
    }
}

impl Desk {
    /// The work of a thread: one call after the other.
    fn work(self: Arc<Desk>, mut number: u64, mut question: Question) {
        loop {
            let asked = panics::catch(|| {
                failpoint::point(failpoint::Place::LookUp);
                (self.resolver)(&question)
            });
            let answer = asked.unwrap_or_else(|panicked| {
                let _ = self.shared.command(Command::Panicked(format!("{panicked}, while a name was looked up")));
                Err(Unresolved::internal())
            });
            self.finish(number, &answer);
            let Some(next) = self.state.lock().begin(Instant::now()) else { return };
            (number, question) = next;
        }
    }

    fn finish(&self, number: u64, answer: &Answer) {
        let mut state = self.state.lock();
        let Some(at) = state.calls.iter().position(|call| call.number == number) else { return };
        let Call { question: (name, family), waiters, .. } = state.calls.remove(at);
        if state.calls.is_empty() {
            mem::take(&mut state.calls); // frees its memory
        }
        drop(state);
        for Waiter { socket, .. } in waiters.into_iter().filter(|waiter| waiter.waits.is_true()) {
            // This fails if the engine has ended; then no socket waits.
            let resolved = Box::new(Resolved { name: Arc::clone(&name), family, answer: answer.clone() });
            if self.shared.command(Command::Resolved(socket, resolved)).is_ok() {
                self.shared.wake();
            }
        }
    }
}

/// Calls the system's resolver.
fn resolve((name, family): &Question) -> Answer {
    let address = match family {
        Family::V4 => AddrFamily::Inet,
        Family::V6 => AddrFamily::Inet6,
    };
    let hints =
        AddrInfoHints { socktype: SockType::Stream.into(), address: address.into(), ..AddrInfoHints::default() };
    let failed = |error: dns_lookup::LookupError| Unresolved::io(&io::Error::from(error));
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(failed)?;
    Ok(few(found.filter_map(Result::ok).map(|info| info.sockaddr)))
}

/// Limits the number of addresses: a name server may return any number.
fn few(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    addresses.take(MAX_ADDRESSES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::outbox::{Outbox, no_entropy};
    use crate::log::Log;
    use parking_lot::Condvar;

    /// A resolver whose calls hang until the test ends them, and that counts them.
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

        /// Waits until so many calls hang.
        fn wait_for(&self, count: usize) {
            let mut state = self.state.lock();
            while state.calls.len() < count {
                self.changed.wait(&mut state);
            }
            assert_eq!(state.calls.len(), count);
        }
    }

    struct Lab {
        hung: Arc<Hung>,
        dns: Dns,
        shared: Arc<Shared>,
        socket: Arc<SocketShared>,
    }

    impl Lab {
        fn new() -> Lab {
            let poll = mio::Poll::new().unwrap();
            let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
            let shared = Arc::new(Shared::new(waker, Arc::new(Log::new(0, None)), false));
            let hung = Arc::new(Hung::default());
            let resolver = Arc::clone(&hung);
            let dns = Dns::with_resolver(
                Arc::clone(&shared),
                Arc::new(move |question: &Question| resolver.call(&question.0)),
            );
            let socket = Arc::new(SocketShared::new(0, 0, Outbox::new(1, 1, no_entropy()), 1));
            Lab { hung, dns, shared, socket }
        }

        fn ask(&mut self, name: &str) -> Inquiry {
            self.dns.ask(name, Family::V4, &self.socket)
        }

        fn calls(&self) -> usize {
            self.dns.desk.state.lock().calls.len()
        }

        /// Moves the beginning of all calls into the past.
        fn pass(&mut self, time: Duration) {
            for call in &mut self.dns.desk.state.lock().calls {
                call.begun -= time;
            }
            self.dns.due = self.dns.due.map(|due| due - time);
            self.dns.go_on();
        }

        fn is_answered(&self) -> bool {
            self.shared.has_commands()
        }

        fn wait_for_answer(&self) {
            while !self.is_answered() {
                std::thread::yield_now();
            }
        }
    }

    impl Drop for Lab {
        fn drop(&mut self) {
            self.hung.state.lock().ended = true;
            self.hung.changed.notify_all();
        }
    }

    #[test]
    fn network_changes_begin_one_more_call_for_a_hanging_name() {
        let mut lab = Lab::new();
        let mut asked = lab.ask("hung");
        for _ in 0..1000 {
            lab.dns.forget();
            asked = lab.ask("hung");
        }
        lab.hung.wait_for(2);
        assert_eq!(lab.calls(), 2);
        assert!(lab.dns.due().is_some(), "a third one follows");
        drop(asked);
    }

    #[test]
    fn hanging_names_are_asked_again_after_doubling_waits() {
        let mut lab = Lab::new();
        let mut asked = lab.ask("hung");
        let mut begun = vec![0];
        for second in 0..60 {
            let known = |lab: &Lab, begun: &mut Vec<u32>, at| begun.extend((lab.calls() > begun.len()).then_some(at));
            lab.dns.forget();
            asked = lab.ask("hung");
            known(&lab, &mut begun, second);
            lab.pass(SHARED_FOR);
            known(&lab, &mut begun, second + 1);
        }
        assert_eq!(begun, [0, 0, 1, 3, 7]);
        assert_eq!(lab.calls(), MOST_OF_ONE);
        drop(asked);
    }

    #[test]
    fn repeated_calls_for_names_that_hang_leave_room_for_other_names() {
        let mut lab = Lab::new();
        let names: Vec<_> = (0..MOST_WANTED / 2).map(|number| format!("hung-{number}")).collect();
        let mut asked = Vec::new();
        for _ in 0..20 {
            lab.dns.forget();
            asked = names.iter().map(|name| lab.ask(name)).collect();
            lab.pass(SHARED_FOR);
        }
        assert_eq!(lab.calls(), MOST_WANTED);
        let good = lab.ask("good");
        lab.wait_for_answer();
        drop((good, asked));
    }

    #[test]
    fn next_call_for_a_name_begins_when_one_ends() {
        let mut lab = Lab::new();
        let mut asked = Vec::new();
        for _ in 0..3 {
            lab.dns.forget();
            asked.push(lab.ask("hung"));
        }
        lab.hung.wait_for(2);
        assert!(!lab.is_answered());
        lab.hung.state.lock().ended = true;
        lab.hung.changed.notify_all();
        lab.wait_for_answer(); // of the third call: the first two were forgotten
    }

    /// One socket waits for a name that hangs, while others ask for it and let go.
    #[test]
    fn who_let_go_is_not_kept_because_another_waits() {
        let mut lab = Lab::new();
        let first = lab.ask("hung"); // the call that hangs
        let patient = {
            lab.dns.forget();
            (0..MOST_OF_ONE - 1).for_each(|_| {
                drop(lab.ask("hung"));
                lab.dns.forget();
                lab.pass(100 * SHARED_FOR);
            });
            lab.ask("hung")
        };
        for _ in 0..10_000 {
            drop(lab.ask("hung"));
        }
        let kept = Arc::strong_count(&lab.socket);
        assert!(kept < 100, "{kept} are kept");
        drop((first, patient));
    }

    #[test]
    fn abandoned_calls_take_no_room_from_wanted_ones() {
        let mut lab = Lab::new();
        for number in 0..MOST_CALLS - MOST_WANTED {
            drop(lab.ask(&format!("hung-{number}")));
        }
        let wanted: Vec<_> = (0..MOST_WANTED).map(|number| lab.ask(&format!("wanted-{number}"))).collect();
        lab.hung.wait_for(MOST_CALLS);
        drop(wanted);
        assert!(!lab.is_answered());
    }

    #[test]
    fn calls_are_bounded_and_unwanted_questions_do_not_begin() {
        let mut lab = Lab::new();
        let mut asked: Vec<_> = (0..10 * MOST_CALLS).map(|number| lab.ask(&format!("hung-{number}"))).collect();
        let good = lab.ask("good");
        lab.hung.wait_for(MOST_WANTED);
        assert!(!lab.is_answered(), "all are wanted");
        asked.truncate(MOST_WANTED);
        asked.remove(0);
        lab.pass(LOOK_AGAIN);
        lab.wait_for_answer();
        drop(good);
        assert_eq!(lab.calls(), MOST_WANTED, "nothing else was begun");
    }

    #[test]
    fn look_ups_of_the_same_name_share_the_answer() {
        let mut lab = Lab::new();
        let asked: Vec<_> = (0..100).map(|_| lab.ask("hung")).collect();
        lab.hung.wait_for(1);
        lab.hung.state.lock().ended = true;
        lab.hung.changed.notify_all();
        lab.wait_for_answer();
        drop(asked);
    }

    #[test]
    fn dropped_look_ups_get_no_answer() {
        let mut lab = Lab::new();
        drop(lab.ask("hung"));
        lab.hung.state.lock().ended = true;
        lab.hung.changed.notify_all();
        while lab.calls() > 0 {
            std::thread::yield_now();
        }
        assert!(!lab.is_answered());
    }

    #[test]
    fn number_of_addresses_is_bounded() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(few(std::iter::repeat(address)).len(), MAX_ADDRESSES);
        assert_eq!(few(std::iter::once(address)), [address]);
    }
}

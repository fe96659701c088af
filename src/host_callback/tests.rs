use super::*;
use crate::panics;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};
use std::time::Duration;

type TestFn = dyn Fn() + Send + Sync;
type TestSlot = Slot<TestFn>;

/// Long enough to show that a thread waits: without the wait it would have ended by then.
const WHILE_WAITING: Duration = Duration::from_millis(50);
const WAIT_LIMIT: Duration = Duration::from_secs(20);

fn callback(act: impl Fn() + Send + Sync + 'static) -> Option<Arc<TestFn>> {
    Some(Arc::new(act))
}

/// A callback that reports its start, and returns when the test allows it.
fn blocking() -> (Option<Arc<TestFn>>, Receiver<()>, Sender<()>) {
    let (begun, when_begun) = channel();
    let (end, may_end) = channel();
    let may_end = std::sync::Mutex::new(may_end);
    let act = move || {
        begun.send(()).unwrap();
        may_end.lock().unwrap().recv_timeout(WAIT_LIMIT).unwrap();
    };
    (callback(act), when_begun, end)
}

/// Runs `act` on another thread, and reports its end.
fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, act: impl FnOnce() + Send + 'scope) -> Receiver<()> {
    let (ended, when_ended) = channel();
    scope.spawn(move || {
        act();
        let _ = ended.send(()); // fails if the test does not wait for it
    });
    when_ended
}

#[test]
fn a_replacement_waits_for_calls_of_earlier_callbacks_only() {
    let (blocked, when_begun, end) = blocking();
    let slot = TestSlot::new(blocked);
    thread::scope(|scope| {
        let first = spawn(scope, || slot.call(|act| act()));
        when_begun.recv_timeout(WAIT_LIMIT).unwrap();

        let (also_blocked, when_second_begun, end_second) = blocking();
        let replaced = slot.replace(also_blocked).unwrap();
        let waited = spawn(scope, move || replaced.wait());
        let second = spawn(scope, || slot.call(|act| act()));
        when_second_begun.recv_timeout(WAIT_LIMIT).unwrap();
        assert!(waited.recv_timeout(WHILE_WAITING).is_err(), "the first callback is running");

        end.send(()).unwrap();
        waited.recv_timeout(WAIT_LIMIT).expect("the wait ends while the second callback is running");
        first.recv_timeout(WAIT_LIMIT).unwrap();

        // This also holds for a call of the callback before the last one.
        slot.replace(None).unwrap().wait_in_callback();
        let waited = spawn(scope, || slot.replace(None).unwrap().wait());
        assert!(waited.recv_timeout(WHILE_WAITING).is_err(), "the second callback is running");
        end_second.send(()).unwrap();
        waited.recv_timeout(WAIT_LIMIT).unwrap();
        second.recv_timeout(WAIT_LIMIT).unwrap();
    });
    assert!(slot.state.lock().running.is_empty());
}

impl<T: ?Sized> Replaced<'_, T> {
    /// Waits like a thread that is inside a callback.
    fn wait_in_callback(self) {
        let own = TestSlot::new(callback(|| {}));
        own.call(|_| self.wait());
    }
}

#[test]
fn a_closed_slot_calls_nothing_and_accepts_nothing() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let count = || {
        CALLS.fetch_add(1, SeqCst);
    };
    let (blocked, when_begun, end) = blocking();
    let slot = TestSlot::new(blocked);
    thread::scope(|scope| {
        spawn(scope, || slot.call(|act| act()));
        when_begun.recv_timeout(WAIT_LIMIT).unwrap();
        let closed = spawn(scope, || slot.close());
        assert!(closed.recv_timeout(WHILE_WAITING).is_err(), "the callback is running");
        assert!(slot.replace(callback(count)).is_err());
        slot.call(|act| act());
        end.send(()).unwrap();
        closed.recv_timeout(WAIT_LIMIT).unwrap();
    });
    slot.close();
    assert!(slot.replace(callback(count)).is_err());
    slot.call(|act| act());
    assert_eq!(CALLS.load(SeqCst), 0);
}

#[test]
fn a_thread_inside_a_callback_does_not_wait() {
    let slot = TestSlot::new(callback(|| {}));
    assert!(!is_inside());
    slot.call(|_| {
        assert!(is_inside());
        slot.replace(callback(|| {})).unwrap().wait();
        slot.call(|_| assert!(is_inside()));
        assert!(is_inside(), "the inner call has ended, the outer one has not");
    });
    assert!(!is_inside());
    slot.replace(None).unwrap().wait();
}

#[test]
fn a_panic_also_ends_a_call() {
    let slot = TestSlot::new(callback(|| panic!("a fault")));
    assert!(panics::catch(|| slot.call(|act| act())).is_err());
    assert!(!is_inside());
    slot.close();
}

//! The output of a failure (the last calls and the seed), and a time limit for each call.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The time limit of a call, after which the process ends. Calls take milliseconds, but they take much longer on a loaded machine
/// or with a sanitizer.
pub const CALL_LIMIT: Duration = Duration::from_secs(40);
/// The lines of calls that a report shows.
const LINES: usize = 400;

static SEED: AtomicU64 = AtomicU64::new(0);
static TRACE: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());
/// The current call of each thread, and the time at which it began.
static DOING: Mutex<Vec<Option<(String, Instant)>>> = Mutex::new(Vec::new());
/// Events of the process in the order in which they were seen.
static SEQUENCE: AtomicU64 = AtomicU64::new(1);

/// Locks a mutex, even if a thread has panicked while it held the lock.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number larger than each that was returned before.
pub fn now() -> u64 {
    SEQUENCE.fetch_add(1, SeqCst)
}

/// Begins a new case.
pub fn begin(seed: u64, threads: usize) {
    SEED.store(seed, SeqCst);
    lock(&TRACE).clear();
    *lock(&DOING) = vec![None; threads];
}

/// Adds a line to the output of a failure.
pub fn note(thread: Option<usize>, depth: usize, line: &str) {
    let who = thread.map_or("I/O".to_owned(), |thread| format!("T{thread}"));
    let mut trace = lock(&TRACE);
    if trace.len() >= LINES {
        trace.pop_front();
    }
    trace.push_back(format!("{who}{:width$} {line}", "", width = 2 * depth));
}

/// Records that a thread begins an action that must end, or that it has ended.
pub fn doing(thread: usize, what: Option<String>) {
    if let Some(slot) = lock(&DOING).get_mut(thread) {
        *slot = what.map(|what| (what, Instant::now()));
    }
}

/// Ends the process if a call takes too long. Runs endlessly, on a separate thread.
pub fn guard() {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let late = lock(&DOING).iter().flatten().find(|(_, since)| since.elapsed() > CALL_LIMIT).cloned();
        if let Some((what, since)) = late {
            fail(&format!("this does not end, after {:?}: {what}", since.elapsed()));
        }
    }
}

/// Reports a breach of the contract and ends the process: a panic must not leave a callback.
pub fn fail(what: &str) -> ! {
    static FAILED: AtomicU64 = AtomicU64::new(0);
    if FAILED.fetch_add(1, SeqCst) > 0 {
        // Another thread is writing its report, and will end the process.
        loop {
            std::thread::park();
        }
    }
    let seed = SEED.load(SeqCst);
    let mut report = String::from("\nthe last calls and callbacks:\n");
    for line in lock(&TRACE).iter() {
        report.push_str(line);
        report.push('\n');
    }
    report.push_str(&format!("BREACH with seed {seed}: {what}\n"));
    report.push_str(&format!("to repeat: EGRET_WS_FUZZ_SEED={seed} cargo test --test abi_model -- --nocapture\n"));
    let _ = std::io::stdout().write_all(report.as_bytes());
    // SAFETY: it ends the process at once, because other threads may be in the library.
    unsafe { libc::_exit(101) }
}

/// `fail` with a format.
macro_rules! breach {
    ($($words:tt)*) => { $crate::trace::fail(&format!($($words)*)) };
}
pub(crate) use breach;

/// Reports a breach unless the condition is true.
macro_rules! promise {
    ($condition:expr, $($words:tt)*) => { if !$condition { $crate::trace::breach!($($words)*) } };
}
pub(crate) use promise;

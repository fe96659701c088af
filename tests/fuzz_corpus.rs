//! The inputs that the fuzzer has found (fuzz/corpus) pass the checks of the fuzz targets. This does not need the fuzzer.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// The time limit of one input. Most take less than a millisecond.
const INPUT_LIMIT: Duration = Duration::from_secs(10);

/// Checks each of the inputs kept for a target.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut inputs: Vec<_> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} has no inputs", folder.display());

    let (done, results) = mpsc::channel();
    let paths = inputs.clone();
    let thread = thread::spawn(move || {
        for path in paths {
            check(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
            done.send(()).expect("the test waits");
        }
    });
    for path in inputs {
        // If a check fails, the thread ends, and reports the reason.
        results.recv_timeout(INPUT_LIMIT).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    thread.join().expect("it has ended well");
}

#[test]
fn sessions() {
    replay("session", fuzz::session);
}

#[test]
fn answers() {
    replay("answer", fuzz::answer);
}

#[test]
fn proxies() {
    replay("proxy", fuzz::proxy);
}

//! A fuzzer of the C ABI with a model of its contract. It makes random calls of all functions, from one to four threads and from
//! inside callbacks, with correct and wrong arguments, against a hostile server. The model follows `include/egret_ws.h`.
//! Properties that the header does not promise are not checked.
//!
//! A case is a seed. `EGRET_WS_FUZZ_SEED=7` runs only that case. `EGRET_WS_FUZZ_TIMES=100` runs it that many times (threads and
//! the network do not repeat exactly). Without a seed, the cases from `EGRET_WS_FUZZ_FIRST` (1) on run for
//! `EGRET_WS_FUZZ_SECONDS` (18), in `EGRET_WS_FUZZ_WORKERS` processes (4, because they mostly wait). A process runs one case
//! after the other. A crash ends only that process, and its threads, descriptors and memory belong to its cases.
//!
//! - `functions`: the table of all functions; `loop_calls`, `socket_calls`, `receive_calls`, `getter_calls`, `connect_calls`, `request_calls`,
//!   `text_calls`: their calls.
//! - `options`, `wrong_options`: the arguments of connect calls.
//! - `loop_model`, `socket_model`: the model. `callbacks`, `close_reports`, `final_checks`: the checks against the model.
//! - `server`, `script`, `script_runner`, `server_connection`: the server.
//! - `call_stack`, `trace`, `registry`: the current calls of each thread, the output of a failure, the `user` of each callback.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(unsafe_code)] // calls the C ABI, and is called by it

mod call_stack;
mod callbacks;
mod case;
mod close_reports;
mod connect_calls;
mod contract;
mod final_checks;
mod functions;
mod getter_calls;
mod loop_calls;
mod loop_model;
mod messages;
mod options;
mod random;
mod receive_calls;
mod registry;
mod request_calls;
mod runner;
mod script;
mod script_runner;
mod server;
mod server_connection;
mod socket_calls;
mod socket_model;
mod text_calls;
mod trace;
mod wrong_options;

use runner::Tally;
use std::env;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};
use test_support::process::heap_bytes;

/// The heap may grow by this much after the first cases, by fragmentation and by memory that is kept for later use.
const HEAP: usize = 4 << 20;
/// The number of cases before the heap is first measured.
const WARM: u64 = 20;

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let set = env::var(name).ok()?;
    Some(set.parse().unwrap_or_else(|_| panic!("{name}={set} is not a number")))
}

#[test]
fn random_calls_keep_the_contract() {
    if setting::<u64>("EGRET_WS_FUZZ_WORKER").is_some() {
        return work();
    }
    let seconds = setting("EGRET_WS_FUZZ_SECONDS").unwrap_or(18);
    let alone = setting::<u64>("EGRET_WS_FUZZ_SEED").is_some();
    let workers: u64 = if alone { 1 } else { setting("EGRET_WS_FUZZ_WORKERS").unwrap_or(4) };
    let mut running: Vec<Child> = (0..workers).map(|worker| start(worker, workers, seconds)).collect();
    let deadline = Instant::now() + Duration::from_secs(seconds) + 10 * trace::CALL_LIMIT;
    let mut failed = Vec::new();
    for (worker, child) in running.iter_mut().enumerate() {
        let mut output = String::new();
        let mut out = child.stdout.take().expect("it is piped");
        // The output ends with the process. If a call hangs, the process ends too.
        out.read_to_string(&mut output).expect("UTF-8");
        let status = child.wait().expect("it was started");
        println!("worker {worker}: {status}\n{output}");
        if !status.success() || !output.contains("cases are correct") {
            failed.push(status);
        }
    }
    assert!(Instant::now() < deadline && failed.is_empty(), "the contract is broken, see above: {failed:?}");
}

/// Runs this test again as a worker.
fn start(worker: u64, workers: u64, seconds: u64) -> Child {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "random_calls_keep_the_contract", "--nocapture", "--test-threads=1"]);
    command.env("EGRET_WS_FUZZ_WORKER", worker.to_string()).env("EGRET_WS_FUZZ_STEP", workers.to_string());
    command.env("EGRET_WS_FUZZ_SECONDS", seconds.to_string());
    // Both outputs use one pipe, so that reports and other output are in order.
    command.stdout(Stdio::piped()).spawn().expect("it runs again")
}

/// Runs cases one after the other.
fn work() {
    // A panic anywhere, including the library, breaks the contract, and it must not leave a callback.
    std::panic::set_hook(Box::new(|panic| trace::fail(&panic.to_string())));
    thread::spawn(trace::guard);
    let mut tally = Tally::default();
    // The first case makes the parts that exist once in a process: certificates, the tables of OpenSSL.
    runner::play(u64::MAX, &mut Tally::default());
    let begun = Instant::now();
    let mut count = 0;
    let mut first_heap = None;
    if let Some(seed) = setting("EGRET_WS_FUZZ_SEED") {
        for _ in 0..setting("EGRET_WS_FUZZ_TIMES").unwrap_or(1) {
            runner::play(seed, &mut tally);
            count += 1;
        }
    } else {
        let seconds = Duration::from_secs(setting("EGRET_WS_FUZZ_SECONDS").unwrap_or(18));
        let (worker, step) = (setting("EGRET_WS_FUZZ_WORKER").unwrap_or(0), setting("EGRET_WS_FUZZ_STEP").unwrap_or(1));
        let mut seed: u64 = setting::<u64>("EGRET_WS_FUZZ_FIRST").unwrap_or(1) + worker;
        while begun.elapsed() < seconds {
            runner::play(seed, &mut tally);
            seed += step;
            count += 1;
            if count >= WARM {
                let heap = heap_bytes();
                let first = *first_heap.get_or_insert(heap);
                trace::promise!(heap < first + HEAP, "the heap grew from {first} to {heap} bytes in {count} cases");
            }
        }
    }
    println!("the heap: {first_heap:?} bytes after {WARM} cases, {} at the end", heap_bytes());
    println!("{tally:?}\n{count} cases are correct");
    if count >= WARM {
        let Tally { opened, closed, sent, received, .. } = tally;
        assert!(opened > 0 && closed > 0 && sent > 0 && received > 0, "nothing was tested");
    }
}

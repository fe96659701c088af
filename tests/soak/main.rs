//! The soak test. Many sockets on a loop of each driver exchange messages with an echo server through a relay that injects
//! faults, while their host calls every function at random. No message may be lost, doubled or reordered, and nothing may leak.
//!
//! `EGRET_WS_SOAK_SECONDS` sets the duration (10), `EGRET_WS_SOAK_SOCKETS` the number of sockets (200; 40 in the short form)
//! and `EGRET_WS_SOAK_SEED` the seed. It runs in rounds. After each round all sockets have ended, and the memory, threads and
//! descriptors of the process are compared with those after the first round.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod counters;
mod loop_thread;
mod network;
mod socket;

use counters::Counters;
use loop_thread::{LoopSockets, Round};
use network::NetworkFaults;
use std::env;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use test_support::client::{DRIVERS, Driver};
use test_support::fingerprint::Fingerprint;
use test_support::process::{self, Usage};
use test_support::recording_server::{Behaviour, ECHOING, Server};
use test_support::relay::Relay;

/// The longest round.
const ROUND: Duration = Duration::from_secs(30);
/// A loop ends a round, or gives up, in less time than this.
const ROUND_LIMIT: Duration = Duration::from_secs(60);
const PROGRESS: Duration = Duration::from_secs(10);
/// How much more memory later rounds may use than the first one. A loop keeps up to 1 MiB of payloads and as much of events in
/// each of three batches. The system's allocator keeps pages because of fragmentation.
const HEAP: usize = 12 << 20;
const RESIDENT: usize = 48 << 20;
/// The smallest round of the later half may exceed the smallest round of the earlier half by this. A leak exceeds it. The minimum
/// is used because memory that is kept for later use varies from round to round.
const MIN_GROWTH: usize = 2 << 20;

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let set = env::var(name).ok();
    set.map_or(default, |set| set.parse().unwrap_or_else(|_| panic!("{name}={set} is not a number")))
}

#[test]
fn soak() {
    let length = Duration::from_secs(setting("EGRET_WS_SOAK_SECONDS", 10));
    let sockets = setting("EGRET_WS_SOAK_SOCKETS", if length > ROUND { 200 } else { 40 });
    let seed: u64 = setting("EGRET_WS_SOAK_SEED", 1);
    let rounds = (length.as_secs().div_ceil(ROUND.as_secs()) as u32).max(3);
    println!("{sockets} sockets for {length:?} in {rounds} rounds, seed {seed}");

    let counters = Arc::new(Counters::default());
    let bare = (process::threads(), process::descriptors());
    let loops = DRIVERS.map(|driver| LoopThread::start(driver, seed, sockets / 2, &counters));
    let start = (process::threads(), process::descriptors());
    let (begun, mut reported) = (Instant::now(), Instant::now());
    let mut usages: Vec<Usage> = Vec::new();
    for number in 0..rounds {
        let round_seed = seed * 1_000_003 + u64::from(number);
        play(&loops, &counters, round_seed, length / rounds, sockets, || {
            if reported.elapsed() >= PROGRESS {
                reported = Instant::now();
                println!("{:4} s: {counters}", begun.elapsed().as_secs());
            }
        });
        let usage = Usage::settled(start.0, start.1);
        usages.push(usage);
        let first = usages[0];
        assert!(usage.heap < first.heap + HEAP, "the heap grows: {first:?}, {usage:?}");
        assert!(usage.resident < first.resident + RESIDENT, "memory grows: {first:?}, {usage:?}");
        println!("round {}: {usage:?}", number + 1);
    }
    for loop_thread in loops {
        loop_thread.leave();
    }
    Usage::settled(bare.0, bare.1);
    let (earlier, later) = usages.split_at(usages.len() / 2);
    let least = |usages: &[Usage]| usages.iter().map(|usage| usage.heap).min().expect("three rounds at least");
    assert!(least(later) < least(earlier) + MIN_GROWTH, "the heap grows: {usages:#?}");
    println!("{:4} s: {counters}\n{counters:?}", begun.elapsed().as_secs());
    assert!(
        counters.clean.get() > 0
            && counters.retries() > 0
            && counters.received.get() > 0
            && counters.compared.get() > 0
    );
}

/// One round, from the first socket to the end of the last.
fn play(
    loops: &[LoopThread],
    counters: &Counters,
    seed: u64,
    length: Duration,
    sockets: usize,
    mut each: impl FnMut(),
) {
    // The server ends every third connection.
    let leaves = |number: u64| number.is_multiple_of(3).then_some(number as usize % 97 + 1);
    let server = Arc::new(Server::start(Behaviour { leaves, ..ECHOING }));
    let relay = Relay::start(server.port());
    let until = Instant::now() + length;
    for loop_thread in loops {
        let round = Round { port: relay.port(), server: Arc::clone(&server), until };
        loop_thread.orders.send(round).expect("the thread of the loop runs");
    }
    let mut network_faults = NetworkFaults::new(&relay, counters, seed);
    network_faults.inject_until(until, sockets, &mut each);
    let mut of_unknown_number = Vec::new();
    for loop_thread in loops {
        // A connection that fails now was begun before.
        of_unknown_number.extend(loop_thread.wait(|| network_faults.end()));
    }
    drop(relay);
    server.wait_idle();
    // The rest belongs to connections that the client never noticed, or whose number it could not read in time.
    for seen in server.take_rest() {
        let is_of =
            |stream: &Vec<Fingerprint>| stream.windows(seen.messages.len().max(1)).any(|part| part == seen.messages);
        assert!(
            seen.messages.is_empty() || of_unknown_number.iter().any(is_of),
            "{} messages that no socket sent",
            seen.messages.len()
        );
    }
}

/// A thread with a loop and its sockets.
struct LoopThread {
    orders: Sender<Round>,
    done: Receiver<Vec<Vec<Fingerprint>>>,
    thread: JoinHandle<()>,
}

impl LoopThread {
    fn start(driver: Driver, seed: u64, sockets: usize, counters: &Arc<Counters>) -> LoopThread {
        let (orders, taken) = mpsc::channel();
        let (report, done) = mpsc::channel();
        let counters = Arc::clone(counters);
        let closes_on_suspend = (driver == Driver::Inline) == seed.is_multiple_of(2);
        let thread = thread::spawn(move || {
            let mut loop_sockets = LoopSockets::new(driver, seed, closes_on_suspend, counters);
            report.send(Vec::new()).expect("it is waited for");
            for round in taken {
                report.send(loop_sockets.play(&round, sockets)).expect("it is waited for");
            }
        });
        let loop_thread = LoopThread { orders, done, thread };
        loop_thread.wait(|| {});
        loop_thread
    }

    /// Waits for the end of the round. Returns the result of [`LoopSockets::play`].
    fn wait(&self, mut meanwhile: impl FnMut()) -> Vec<Vec<Fingerprint>> {
        let deadline = Instant::now() + ROUND_LIMIT;
        while Instant::now() < deadline {
            match self.done.recv_timeout(Duration::from_millis(50)) {
                Ok(report) => return report,
                Err(RecvTimeoutError::Timeout) => meanwhile(),
                Err(RecvTimeoutError::Disconnected) => panic!("a loop has failed"),
            }
        }
        panic!("a loop does not end its round, and does not say why: it cannot be freed");
    }

    fn leave(self) {
        drop(self.orders);
        self.thread.join().expect("the thread ends without a panic");
    }
}

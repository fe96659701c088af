//! The soak: many sockets on a loop of each driver talk to an echo server through a network that fails in every way, while
//! their host does all that it may do. Nothing may be lost, doubled, reordered or leaked.
//!
//! `EGRET_WS_SOAK_SECONDS` says for how long (10), `EGRET_WS_SOAK_SOCKETS` with how many sockets (200; 40 in the short form)
//! and `EGRET_WS_SOAK_SEED` with what dice. It is played in rounds; after each, all sockets have ended, and what the process
//! has is compared with what it had after the first.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(unsafe_code)] // asks the allocator

#[path = "soak/crew.rs"]
mod crew;
#[path = "soak/player.rs"]
mod player;
#[path = "soak/tally.rs"]
mod tally;
#[path = "soak/weather.rs"]
mod weather;

use crew::{Crew, Round};
use std::env;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tally::Tally;
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver};
use test_support::fingerprint::Fingerprint;
use test_support::process;
use test_support::recording_server::{Behaviour, ECHOING, Server};
use test_support::relay::Relay;
use weather::Weather;

/// The longest round.
const ROUND: Duration = Duration::from_secs(30);
/// Longer than a crew takes to end a round, or to give up.
const LATEST: Duration = Duration::from_secs(60);
const PROGRESS: Duration = Duration::from_secs(10);
/// What later rounds may have more than the first. A loop keeps up to 1 MiB of payloads and as much of events in each of three
/// batches; the system's allocator keeps pages that fragments are in.
const HEAP: usize = 12 << 20;
const RESIDENT: usize = 48 << 20;
/// What the round of the later half that has the least may have more than the one of the earlier half. That is what a leak
/// cannot keep to: what is kept for use comes and goes.
const LEAST: usize = 2 << 20;

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let set = env::var(name).ok();
    set.map_or(default, |set| set.parse().unwrap_or_else(|_| panic!("{name}={set} is no number")))
}

#[test]
fn soak() {
    let length = Duration::from_secs(setting("EGRET_WS_SOAK_SECONDS", 10));
    let sockets = setting("EGRET_WS_SOAK_SOCKETS", if length > ROUND { 200 } else { 40 });
    let seed: u64 = setting("EGRET_WS_SOAK_SEED", 1);
    let rounds = (length.as_secs().div_ceil(ROUND.as_secs()) as u32).max(3);
    println!("{sockets} sockets for {length:?} in {rounds} rounds, seed {seed}");

    let tally = Arc::new(Tally::default());
    let bare = (process::threads(), process::descriptors());
    let crews = DRIVERS.map(|driver| Deck::board(driver, seed, sockets / 2, &tally));
    let start = (process::threads(), process::descriptors());
    let (begun, mut told) = (Instant::now(), Instant::now());
    let mut usages: Vec<Usage> = Vec::new();
    for number in 0..rounds {
        let round_seed = seed * 1_000_003 + u64::from(number);
        play(&crews, &tally, round_seed, length / rounds, sockets, || {
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                println!("{:4} s: {tally}", begun.elapsed().as_secs());
            }
        });
        let usage = Usage::settled(start);
        usages.push(usage);
        let first = usages[0];
        assert!(usage.heap < first.heap + HEAP, "the heap grows: {first:?}, {usage:?}");
        assert!(usage.resident < first.resident + RESIDENT, "memory grows: {first:?}, {usage:?}");
        println!("round {}: {usage:?}", number + 1);
    }
    for deck in crews {
        deck.leave();
    }
    Usage::settled(bare);
    let (earlier, later) = usages.split_at(usages.len() / 2);
    let least = |usages: &[Usage]| usages.iter().map(|usage| usage.heap).min().expect("three rounds at least");
    assert!(least(later) < least(earlier) + LEAST, "the heap grows: {usages:#?}");
    println!("{:4} s: {tally}\n{tally:?}", begun.elapsed().as_secs());
    assert!(tally.clean.get() > 0 && tally.retries() > 0 && tally.received.get() > 0 && tally.audited.get() > 0);
}

/// One round, from the first socket to the end of the last.
fn play(crews: &[Deck], tally: &Tally, seed: u64, length: Duration, sockets: usize, mut each: impl FnMut()) {
    // Every third connection is ended by the server.
    let leaves = |number: u64| number.is_multiple_of(3).then_some(number as usize % 97 + 1);
    let server = Arc::new(Server::start(Behaviour { leaves, ..ECHOING }));
    let relay = Relay::start(server.port());
    let until = Instant::now() + length;
    for deck in crews {
        let round = Round { port: relay.port(), server: Arc::clone(&server), until };
        deck.orders.send(round).expect("the crew is there");
    }
    let mut weather = Weather::new(&relay, tally, seed);
    weather.rage(until, sockets, &mut each);
    let mut unnamed = Vec::new();
    for deck in crews {
        // What fails only now is a connection that was begun before.
        unnamed.extend(deck.wait(|| weather.calm_down()));
    }
    drop(relay);
    server.wait_idle();
    // What is left is of connections that their client was never told of, or too late to know which.
    for seen in server.take_rest() {
        let is_of =
            |stream: &Vec<Fingerprint>| stream.windows(seen.messages.len().max(1)).any(|part| part == seen.messages);
        assert!(seen.messages.is_empty() || unnamed.iter().any(is_of), "{} messages of nobody", seen.messages.len());
    }
}

/// A crew on the thread of its loop.
struct Deck {
    orders: Sender<Round>,
    done: Receiver<Vec<Vec<Fingerprint>>>,
    thread: JoinHandle<()>,
}

impl Deck {
    fn board(driver: Driver, seed: u64, sockets: usize, tally: &Arc<Tally>) -> Deck {
        let (orders, taken) = mpsc::channel();
        let (report, done) = mpsc::channel();
        let tally = Arc::clone(tally);
        let closes_on_suspend = (driver == Driver::Inline) == seed.is_multiple_of(2);
        let thread = thread::spawn(move || {
            let mut crew = Crew::new(driver, seed, closes_on_suspend, tally);
            report.send(Vec::new()).expect("it is waited for");
            for round in taken {
                report.send(crew.play(&round, sockets)).expect("it is waited for");
            }
        });
        let deck = Deck { orders, done, thread };
        deck.wait(|| {});
        deck
    }

    /// What the crew reports at the end of a round.
    fn wait(&self, mut meanwhile: impl FnMut()) -> Vec<Vec<Fingerprint>> {
        let deadline = Instant::now() + LATEST;
        while Instant::now() < deadline {
            match self.done.recv_timeout(Duration::from_millis(50)) {
                Ok(report) => return report,
                Err(RecvTimeoutError::Timeout) => meanwhile(),
                Err(RecvTimeoutError::Disconnected) => panic!("a crew has failed"),
            }
        }
        panic!("a crew does not end its round, and does not say why: its loop cannot be freed");
    }

    fn leave(self) {
        drop(self.orders);
        self.thread.join().expect("the crew ends well");
    }
}

/// What the process has.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "to be shown")]
struct Usage {
    threads: usize,
    descriptors: usize,
    heap: usize,
    resident: usize,
}

impl Usage {
    /// What is left once threads have ended whose end nobody is told of: no more than there was.
    #[track_caller]
    fn settled((threads, descriptors): (usize, usize)) -> Usage {
        let deadline = Instant::now() + WAIT_LIMIT;
        loop {
            let now = (process::threads(), process::descriptors());
            if now.0 <= threads && now.1 <= descriptors {
                break;
            }
            assert!(Instant::now() < deadline, "{threads} threads and {descriptors} descriptors became {now:?}");
            thread::yield_now();
        }
        let (threads, descriptors) = (process::threads(), process::descriptors());
        // What is free is given back first, so that it is not counted.
        // SAFETY: numbers in, numbers out.
        let heap = unsafe {
            libc::malloc_trim(0);
            libc::mallinfo2()
        };
        Usage { threads, descriptors, heap: heap.uordblks + heap.hblkhd, resident: process::resident_bytes() }
    }
}

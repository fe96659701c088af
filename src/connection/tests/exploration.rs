//! Runs the model with every order of actions up to a length, and with long random orders.

use super::model::Action::{self, *};
use super::model::{HostState, Model, Reply, Setup};
use super::strict_server::OFFER;
use std::collections::HashSet;

/// Applies actions to a new model.
fn run(setup: Setup, actions: &[Action]) -> Model {
    let mut model = Model::new(setup);
    for action in actions {
        model.apply(*action);
    }
    model
}

/// Prints the actions that led to a failure.
struct FailureContext<'a>(Setup, &'a [Action], String);

impl Drop for FailureContext<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}with {:?}, after {:?}", self.2, self.0, self.1);
        }
    }
}

const PLAIN: Setup = Setup { retries: true, resends: false, offers_deflate: false, heartbeat: false, asks: false };

/// Applies every order of `alphabet`, up to a length, after the actions of `begin`. Skips a state if an earlier state had an
/// equal fingerprint.
fn explore(setup: Setup, begin: &[Action], alphabet: &[Action], length: usize) {
    let mut seen = HashSet::new();
    let mut paths = vec![begin.to_vec()];
    for _ in 0..length {
        let mut next = Vec::new();
        for path in paths {
            let before = run(setup, &path);
            for action in alphabet.iter().filter(|action| before.can(**action)) {
                let path = [&path[..], &[*action]].concat();
                let context = FailureContext(setup, &path, String::new());
                let model = run(setup, &path);
                if seen.insert(model.fingerprint()) {
                    next.push(path.clone());
                }
                model.finish();
                drop(context);
            }
        }
        paths = next;
    }
    assert!(seen.len() > 300, "too few states: {}", seen.len());
}

const UPGRADE: Action = Upgrade { deflates: false };
const ALPHABET: [Action; 22] = [
    Send(3),
    Close,
    Abort,
    Free,
    RetryNow,
    Suspend,
    Resume,
    Ping,
    Poll,
    RunCommands,
    Accept,
    Refuse,
    UPGRADE,
    Unavailable,
    Message,
    PeerClose(1001),
    PeerClose(1008),
    Violate,
    EndStream,
    Room(7),
    Room(usize::MAX),
    Expire,
];

#[test]
fn every_order_from_the_connect_call() {
    explore(PLAIN, &[], &ALPHABET, 6);
}

/// Like `ALPHABET`, but with answers instead of actions that concern an open connection only.
const ASKING: [Action; 15] = [
    Answer(Reply::Connect),
    Answer(Reply::Wait),
    Answer(Reply::Stop),
    Close,
    Free,
    RetryNow,
    Suspend,
    Resume,
    Poll,
    RunCommands,
    Accept,
    Refuse,
    UPGRADE,
    EndStream,
    Expire,
];

#[test]
fn every_order_with_questions() {
    for retries in [false, true] {
        let setup = Setup { retries, asks: true, ..PLAIN };
        explore(setup, &[], &ASKING, 6);
        if retries {
            let lost = [Poll, Answer(Reply::Connect), RunCommands, Accept, UPGRADE, Poll, Send(3), EndStream, Expire];
            for resends in [false, true] {
                explore(Setup { resends, ..setup }, &lost, &ASKING, 5);
            }
        }
    }
}

#[test]
fn every_order_after_the_opening() {
    for retries in [false, true] {
        explore(Setup { retries, ..PLAIN }, &[Accept, UPGRADE, Poll], &ALPHABET, 4);
    }
}

/// The connection is lost after one and a half of three messages were written.
const LOST: [Action; 11] =
    [Accept, UPGRADE, Poll, Room(0), Send(3), Send(5), Send(400), RunCommands, Room(12), Room(0), EndStream];

#[test]
fn every_order_after_a_loss() {
    for (resends, length) in [(false, 4), (true, 5)] {
        explore(Setup { resends, ..PLAIN }, &LOST, &ALPHABET, length);
    }
}

#[test]
fn every_order_before_the_reconnect_is_reported() {
    for resends in [false, true] {
        let again = [&LOST[..], &[Expire, Accept, UPGRADE]].concat();
        explore(Setup { resends, ..PLAIN }, &again, &ALPHABET, 4);
    }
}

#[test]
fn every_order_while_two_connections_are_unreported() {
    let behind = [Accept, UPGRADE, Message, EndStream, Expire, Accept, UPGRADE, Message];
    explore(Setup { resends: true, ..PLAIN }, &behind, &ALPHABET, 4);
}

/// A pseudo-random generator with a seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Actions that end the connection are rare, so that runs become long.
fn draw(random: &mut Random) -> Action {
    match random.below(1000) {
        0..150 => Send(random.below(900)),
        150 => Close,
        151 => Free,
        152 => Abort,
        153..180 => RetryNow,
        180..188 => Answer(Reply::Connect),
        188 | 189 => Answer(Reply::Wait),
        190..194 => Suspend,
        194..210 => Resume,
        210..230 => Ping,
        230..370 => Poll,
        370..480 => RunCommands,
        480..560 => Accept,
        560..566 => Refuse,
        566..660 => Upgrade { deflates: random.below(2) == 0 },
        660..666 => Unavailable,
        666..740 => Message,
        740..748 => PeerClose([1000, 1001, 1012, 4000][random.below(4)]),
        748 => PeerClose([1002, 1007, 1008, 1009][random.below(4)]),
        749 => Violate,
        750..780 => Pong,
        780..810 => EndStream,
        810..900 => Room(random.below(1500)),
        900..940 => Room(usize::MAX),
        940..955 => Expire,
        955..960 => Sleep,
        960..975 => Full(true),
        _ => Full(false),
    }
}

#[test]
fn long_random_orders() {
    let (mut generations, mut resends) = (0, 0);
    for seed in 0..4200 {
        let mut random = Random(seed);
        let setup = Setup {
            retries: random.below(8) > 0,
            resends: random.below(2) == 0,
            offers_deflate: random.below(2) == 0 && OFFER.is_some(),
            heartbeat: random.below(2) == 0,
            asks: random.below(8) == 0,
        };
        let mut actions = Vec::new();
        let mut model = Model::new(setup);
        while actions.len() < 200 && !(model.is_closed() && model.host_state == HostState::Closed) {
            let action = draw(&mut random);
            if !model.can(action) {
                continue;
            }
            actions.push(action);
            let context = FailureContext(setup, &actions, format!("seed {seed}, "));
            model.apply(action);
            drop(context);
        }
        generations += model.generation;
        resends += usize::from(setup.resends && model.generation > 1 && !model.pending.is_empty());
        let context = FailureContext(setup, &actions, format!("seed {seed}, at the end, "));
        model.finish();
        drop(context);
    }
    assert!(generations > 5000 && resends > 50, "the runs are too short: {generations}, {resends}");
}

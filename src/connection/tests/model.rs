//! What must hold in any order of what may happen: every order, as far as there is time for it, and long runs at random. The
//! world they happen in, and what holds, are `world`'s.

use super::peer::OFFER;
use super::world::Step::{self, *};
use super::world::{Setting, Told, World};
use std::collections::HashSet;

/// Plays steps from the beginning.
fn play(setting: Setting, steps: &[Step]) -> World {
    let mut world = World::new(setting);
    for step in steps {
        world.step(*step);
    }
    world
}

/// On failure, says what led to it.
struct Story<'a>(Setting, &'a [Step], String);

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}with {:?}, after {:?}", self.2, self.0, self.1);
        }
    }
}

const PLAIN: Setting = Setting { retries: true, resends: false, offers_deflate: false, heartbeat: false };

/// Every order of these steps after some others, up to a length, but what follows a state that looks like one met before.
fn explore(setting: Setting, begin: &[Step], alphabet: &[Step], length: usize) {
    let mut met = HashSet::new();
    let mut ways = vec![begin.to_vec()];
    for _ in 0..length {
        let mut further = Vec::new();
        for way in ways {
            let before = play(setting, &way);
            for step in alphabet.iter().filter(|step| before.can(**step)) {
                let way = [&way[..], &[*step]].concat();
                let story = Story(setting, &way, String::new());
                let world = play(setting, &way);
                if met.insert(world.looks()) {
                    further.push(way.clone());
                }
                world.finish();
                drop(story);
            }
        }
        ways = further;
    }
    assert!(met.len() > 300, "the model does not move: {}", met.len());
}

const UPGRADE: Step = Upgrade { deflates: false };
const ALPHABET: [Step; 21] = [
    Send(3),
    Close,
    Free,
    RetryNow,
    Suspend,
    Resume,
    Ping,
    Poll,
    Run,
    Accept,
    Refuse,
    UPGRADE,
    Busy,
    Say,
    Bye(1001),
    Bye(1008),
    BreakARule,
    Cut,
    Room(7),
    Room(usize::MAX),
    Expire,
];

#[test]
fn every_order_from_the_beginning() {
    explore(PLAIN, &[], &ALPHABET, 6);
}

#[test]
fn every_order_after_it_was_opened() {
    for retries in [false, true] {
        explore(Setting { retries, ..PLAIN }, &[Accept, UPGRADE, Poll], &ALPHABET, 4);
    }
}

/// One and a half of three messages were written when the line broke.
const BROKEN: [Step; 11] = [Accept, UPGRADE, Poll, Room(0), Send(3), Send(5), Send(400), Run, Room(12), Room(0), Cut];

#[test]
fn every_order_after_it_was_lost() {
    for (resends, length) in [(false, 4), (true, 5)] {
        explore(Setting { resends, ..PLAIN }, &BROKEN, &ALPHABET, length);
    }
}

#[test]
fn every_order_when_it_is_there_again_and_the_host_does_not_know() {
    for resends in [false, true] {
        let again = [&BROKEN[..], &[Expire, Accept, UPGRADE]].concat();
        explore(Setting { resends, ..PLAIN }, &again, &ALPHABET, 4);
    }
}

#[test]
fn every_order_of_a_host_that_is_two_connections_behind() {
    let behind = [Accept, UPGRADE, Say, Cut, Expire, Accept, UPGRADE, Say];
    explore(Setting { resends: true, ..PLAIN }, &behind, &ALPHABET, 4);
}

/// Numbers that look random and are the same each time (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }
}

/// Ends are rare, so that what is between them gets long; the network does more than the host.
fn draw(dice: &mut Dice) -> Step {
    match dice.roll(1000) {
        0..150 => Send(dice.roll(900)),
        150 => Close,
        151 => Free,
        152..190 => RetryNow,
        190..194 => Suspend,
        194..210 => Resume,
        210..230 => Ping,
        230..370 => Poll,
        370..480 => Run,
        480..560 => Accept,
        560..566 => Refuse,
        566..660 => Upgrade { deflates: dice.roll(2) == 0 },
        660..666 => Busy,
        666..740 => Say,
        740..748 => Bye([1000, 1001, 1012, 4000][dice.roll(4)]),
        748 => Bye([1002, 1007, 1008, 1009][dice.roll(4)]),
        749 => BreakARule,
        750..780 => Pong,
        780..810 => Cut,
        810..900 => Room(dice.roll(1500)),
        900..940 => Room(usize::MAX),
        940..955 => Expire,
        955..960 => Sleep,
        960..975 => Full(true),
        _ => Full(false),
    }
}

#[test]
fn long_runs_at_random() {
    let (mut generations, mut kept) = (0, 0);
    for seed in 0..3000 {
        let mut dice = Dice(seed);
        let setting = Setting {
            retries: dice.roll(8) > 0,
            resends: dice.roll(2) == 0,
            offers_deflate: dice.roll(2) == 0 && OFFER.is_some(),
            heartbeat: dice.roll(2) == 0,
        };
        let mut steps = Vec::new();
        let mut world = World::new(setting);
        while steps.len() < 200 && !(world.is_closed() && world.told == Told::Closed) {
            let step = draw(&mut dice);
            if !world.can(step) {
                continue;
            }
            steps.push(step);
            let story = Story(setting, &steps, format!("seed {seed}, "));
            world.step(step);
            drop(story);
        }
        generations += world.generation;
        kept += usize::from(setting.resends && world.generation > 1 && !world.pending.is_empty());
        let story = Story(setting, &steps, format!("seed {seed}, at the end, "));
        world.finish();
        drop(story);
    }
    assert!(generations > 5000 && kept > 50, "the runs are long and rich: {generations}, {kept}");
}

//! Heartbeats share wake-ups. The time is virtual: the tests set the time of the engine, and no pass reads the clock.

use super::*;
use crate::config::HeartbeatOptions;
use crate::connection::counters::Counters;

const INTERVAL: Duration = Duration::from_secs(20);
const SECOND: Duration = Duration::from_secs(1);
/// The time between a ping and its pong.
const ROUND_TRIP: Duration = Duration::from_millis(50);
const PONG: &[u8] = b"\x8a\x00";

/// A loop with idle connections.
struct Idle {
    harness: Harness,
    peers: Vec<TcpStream>,
    received_at: Vec<Instant>,
    /// The number of bytes that each connection had sent at the last check for pings.
    sent: Vec<u64>,
}

impl Idle {
    /// Makes connections that have received their last byte at these times after the first one.
    fn new(phases: impl Iterator<Item = Duration>) -> Idle {
        let mut idle = Idle { harness: Harness::new(), peers: Vec::new(), received_at: Vec::new(), sent: Vec::new() };
        let phases = Vec::from_iter(phases);
        for _ in &phases {
            let timeout = Some(INTERVAL / 2);
            let set = |config: &mut ConnectConfig| {
                config.heartbeat = HeartbeatOptions { interval: Some(INTERVAL), timeout, probe: timeout };
            };
            idle.harness.connect_with(set).unwrap();
            idle.harness.long_pass();
            let peer = idle.harness.accept();
            idle.peers.push(peer);
            idle.harness.long_pass();
        }
        idle.sent = (0..phases.len()).map(|key| idle.counters(key).wire_out).collect();
        let begun = idle.harness.engine.now + INTERVAL / 2; // long before the first ping
        for (key, phase) in phases.into_iter().enumerate() {
            idle.harness.engine.now = begun + phase;
            idle.received_at.push(begun);
            idle.send_pong(key);
        }
        idle.wakeups(2 * INTERVAL); // after this the phase of each connection is fixed
        idle
    }

    fn counters(&self, key: usize) -> Counters {
        self.harness.engine.entries[key].as_ref().unwrap().socket.counters()
    }

    fn send_pong(&mut self, key: usize) {
        let before = self.counters(key).wire_in;
        self.peers[key].write_all(PONG).unwrap();
        let limit = Instant::now() + 60 * SECOND;
        while self.counters(key).wire_in == before {
            assert!(Instant::now() < limit, "the pong does not arrive");
            self.harness.engine.with_connection(key, |connection, context| connection.turn(context));
        }
        self.received_at[key] = self.harness.engine.now;
    }

    /// Returns the connections that have sent a ping since the last call.
    fn pinged(&mut self) -> Vec<usize> {
        let has_ping = |key: &usize| self.counters(*key).wire_out != self.sent[*key];
        let pinged = Vec::from_iter((0..self.peers.len()).filter(has_ping));
        self.sent = (0..self.peers.len()).map(|key| self.counters(key).wire_out).collect();
        pinged
    }

    /// Returns the numbers of wake-ups by timers, and of pings, in this time.
    fn wakeups(&mut self, time: Duration) -> (usize, usize) {
        let until = self.harness.engine.now + time;
        let (mut wakeups, mut pings) = (0, 0);
        while let Some((deadline, _)) = self.harness.engine.timers.first().copied().filter(|(at, _)| *at < until) {
            let now = deadline.max(self.harness.engine.now);
            self.harness.engine.now = now;
            self.harness.engine.expire_deadlines();
            wakeups += 1;
            let pinged = self.pinged();
            pings += pinged.len();
            self.harness.engine.now = now + ROUND_TRIP;
            for key in pinged {
                let silence = now - self.received_at[key];
                assert!((INTERVAL - SECOND..=INTERVAL + ROUND_TRIP).contains(&silence), "{silence:?}");
                self.send_pong(key);
            }
        }
        self.harness.engine.now = until;
        assert_eq!(self.harness.engine.live, self.peers.len(), "no connection is lost");
        (wakeups, pings)
    }
}

#[test]
fn heartbeats_within_a_second_share_a_wakeup() {
    let mut idle = Idle::new((0..100).map(|at| at * SECOND / 101));
    assert_eq!(idle.wakeups(10 * (INTERVAL + ROUND_TRIP)), (10, 1000));
}

#[test]
fn heartbeats_of_any_phases_need_one_wakeup_a_second() {
    let mut idle = Idle::new((0..100).map(|at| at * INTERVAL / 100));
    let (wakeups, pings) = idle.wakeups(10 * (INTERVAL + ROUND_TRIP));
    assert!((990..=1010).contains(&pings) && wakeups <= 10 * 20, "{wakeups} wake-ups for {pings} pings");
}

/// A timer that must not run early, such as the time-out of a pong, does not hide the later heartbeats.
#[test]
fn a_time_out_that_is_due_soon_does_not_separate_heartbeats() {
    let mut idle = Idle::new([0, 10_300, 10_500, 10_700].map(Duration::from_millis).into_iter());
    let pinged = loop {
        let engine = &mut idle.harness.engine;
        engine.now = engine.timers.first().unwrap().0;
        engine.expire_deadlines();
        match idle.pinged() {
            pinged if pinged.contains(&0) => break pinged,
            pinged => pinged.into_iter().for_each(|key| idle.send_pong(key)),
        }
    };
    assert_eq!(pinged, [0]);
    // That ping is not answered. 100 ms before its time-out, the timer of a connection that has ended wakes the loop.
    let engine = &mut idle.harness.engine;
    engine.now += INTERVAL / 2 - Duration::from_millis(100);
    engine.timers.insert((engine.now, usize::MAX));
    engine.expire_deadlines();
    assert_eq!(idle.pinged(), [1, 2, 3]);
    assert!(idle.harness.engine.entries[0].is_some(), "its time-out has not come");
}

#[test]
fn a_single_heartbeat_keeps_its_time() {
    let mut idle = Idle::new(std::iter::once(Duration::ZERO));
    assert_eq!(idle.wakeups(10 * (INTERVAL + ROUND_TRIP)), (10, 10));
}

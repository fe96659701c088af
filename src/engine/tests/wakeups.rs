//! Heartbeats share wake-ups. Time is virtual here: the tests set the time of the engine, and no pass reads the clock.

use super::*;
use crate::config::HeartbeatOptions;
use std::io::ErrorKind;

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
}

impl Idle {
    /// Each connection has received its last byte so long after the first one.
    fn new(phases: impl Iterator<Item = Duration>) -> Idle {
        let mut idle = Idle { harness: Harness::new(), peers: Vec::new(), received_at: Vec::new() };
        let phases = Vec::from_iter(phases);
        for _ in &phases {
            let timeout = Some(INTERVAL / 2);
            let set = |config: &mut ConnectConfig| {
                config.heartbeat = HeartbeatOptions { interval: Some(INTERVAL), timeout, probe: timeout };
            };
            idle.harness.connect_with(set).unwrap();
            idle.harness.long_pass();
            let peer = idle.harness.accept();
            peer.set_nonblocking(true).unwrap();
            idle.peers.push(peer);
            idle.harness.long_pass();
        }
        let begun = idle.harness.engine.now + INTERVAL / 2; // long before the first ping
        for (key, phase) in phases.into_iter().enumerate() {
            idle.harness.engine.now = begun + phase;
            idle.received_at.push(begun);
            idle.send_pong(key);
        }
        idle.wakeups(2 * INTERVAL); // from now on each has its phase
        idle
    }

    fn send_pong(&mut self, key: usize) {
        // On loopback the system delivers it at once.
        self.peers[key].write_all(PONG).unwrap();
        self.harness.engine.with_connection(key, |connection, context| connection.turn(context));
        self.received_at[key] = self.harness.engine.now;
    }

    /// The connections that have sent a ping since the last call.
    fn pinged(&mut self) -> Vec<usize> {
        let has_ping = |peer: &mut TcpStream| match peer.read(&mut [0; 100]) {
            Ok(count) => count > 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        };
        self.peers.iter_mut().enumerate().filter_map(|(key, peer)| has_ping(peer).then_some(key)).collect()
    }

    /// The numbers of wake-ups by timers, and of pings, in this time.
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
        assert_eq!(self.harness.engine.live, self.peers.len(), "none is lost");
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

#[test]
fn a_single_heartbeat_keeps_its_time() {
    let mut idle = Idle::new(std::iter::once(Duration::ZERO));
    assert_eq!(idle.wakeups(10 * (INTERVAL + ROUND_TRIP)), (10, 10));
}

//! Pings of the host, and pongs for it.

use super::simulation::{Simulation, frame};
use super::{PING, TEXT};
use crate::config::{ConnectConfig, HeartbeatOptions};
use std::time::Duration;

const PONG: u8 = 0x8a;

fn with_heartbeat(config: &mut ConnectConfig) {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    config.heartbeat = HeartbeatOptions { interval: seconds(20), timeout: seconds(10), probe: seconds(3) };
}

#[test]
fn all_pongs_but_those_of_the_heartbeat_are_for_the_host() {
    let mut sim = Simulation::new();
    sim.open_with(with_heartbeat);
    sim.ping_with(b"mine");
    sim.ping();
    sim.server_sends(&frame(TEXT, b"alive"));
    sim.advance(20_000);
    assert_eq!(sim.written(), ["ping [6d, 69, 6e, 65]", "ping [0, 0, 0, 1, 3f]", "ping [0, 0, 0, 2]"]);
    let cases: [(&[u8], Option<&[u8]>); 9] = [
        (b"mine", Some(b"mine")),
        (b"mine", Some(b"mine")),
        (&[0, 0, 0, 1, b'?'], Some(b"")), // the library has chosen the payload
        (&[0, 0, 0, 2], None),            // answers a ping of the heartbeat
        (&[0, 0, 0, 2], None),
        (&[0, 0, 0, 3], Some(&[0, 0, 0, 3])), // answers no ping
        (&[0, 0, 0, 3, b'?'], Some(&[0, 0, 0, 3, b'?'])),
        (b"", Some(b"")),
        (&[7; 125], Some(&[7; 125])),
    ];
    for (sent, expected) in cases {
        sim.server_sends(&frame(PONG, sent));
        assert_eq!(sim.take_pongs(), Vec::from_iter(expected.map(<[u8]>::to_vec)), "{sent:x?}");
    }
}

#[test]
fn pings_of_the_host_wait_until_the_bytes_before_are_written_and_a_flood_does_not_drop_them() {
    let mut sim = Simulation::new();
    sim.open_with(with_heartbeat);
    sim.wire().room = 3;
    let _ = sim.send("in flight");
    sim.flush();
    sim.ping_with(b"1");
    for _ in 0..100 {
        sim.server_sends(&frame(PING, &[b'x'; 125]));
    }
    sim.ping_with(b"2");
    for _ in 0..100 {
        sim.server_sends(&frame(PING, &[b'x'; 125]));
    }
    assert_eq!(sim.pings_written(), 0);
    sim.wire().room = usize::MAX;
    sim.turn();
    assert_eq!(sim.pings_written(), 2);
    let pings = Vec::from_iter(sim.written().into_iter().filter(|frame| frame.starts_with("ping")));
    assert_eq!(pings, ["ping [31]", "ping [32]"]);
    assert!(sim.written().len() < 80, "the flood is bounded");
}

/// A peer cannot send pongs faster than the host takes them.
#[test]
fn a_full_queue_stops_the_reading_of_pongs() {
    let mut sim = Simulation::new();
    sim.open_with(with_heartbeat);
    sim.set_full(true);
    sim.server_sends(&frame(PONG, b"1").repeat(50));
    assert_eq!(sim.take_pongs().len(), 0);
    sim.set_full(false);
    assert_eq!(sim.take_pongs().len(), 50);
    // A pong that fills the queue is the last one, and a message after it waits.
    sim.set_full_after(2);
    sim.server_sends(&[frame(PONG, b"2"), frame(TEXT, b"behind")].concat());
    assert_eq!(sim.events(), ["connected"]);
    sim.set_full(false);
    assert_eq!((sim.take_pongs(), sim.events().last().unwrap().as_str()), (vec![b"2".to_vec()], "text behind"));
}

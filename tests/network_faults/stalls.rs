//! A slow or stalled network: when the heartbeat ends the connection, and when it does not.

use crate::client::Client;
use crate::{expect_reconnect, on_both_drivers};
use ::egret_ws::*;
use std::time::{Duration, Instant};
use test_support::fingerprint::Fingerprint;
use test_support::recording_server::{ECHOING, Server};
use test_support::relay::{BOTH_DIRECTIONS, Direction, Fault, Relay};
use test_support::timing::assert_duration_between;

#[test]
fn delay_is_measured_and_ends_no_connection() {
    const DELAY: Duration = Duration::from_millis(60);
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        let client = Client::open(host, relay.port(), |options| options.ping_interval_ms = 20);
        for direction in BOTH_DIRECTIONS {
            assert!(relay.inject(1, Fault::Delay(direction, DELAY)));
        }
        let there_and_back = 2 * DELAY.as_micros() as u64;
        client.wait("a round trip that took its time", |_| client.ws.stats().rtt_us >= there_and_back);
        client.close();
        assert_eq!(client.history().retries(), []);
    });
}

const INTERVAL: Duration = Duration::from_millis(100);
/// This is long enough for a busy machine to answer a ping.
const DEADLINE: Duration = Duration::from_millis(600);

fn beating(options: &mut egret_ws_options) {
    options.ping_interval_ms = INTERVAL.as_millis() as u32;
    options.pong_timeout_ms = DEADLINE.as_millis() as u32;
}

#[test]
fn heartbeat_ends_a_stalled_connection() {
    for directions in [&BOTH_DIRECTIONS[..], &[Direction::ToServer], &[Direction::ToClient]] {
        on_both_drivers(|host| {
            println!("{directions:?}");
            // A ping may have been in transit when the stall began, so the shortest time is half of the time-out.
            assert_duration_between(DEADLINE / 2, INTERVAL + DEADLINE, || {
                let server = Server::start(ECHOING);
                let relay = Relay::start(server.port());
                let client = Client::open(host, relay.port(), beating);
                for direction in directions {
                    assert!(relay.inject(1, Fault::Stall(*direction)));
                }
                let stalled = Instant::now();
                let (report, ..) = client.wait_retry(1);
                report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
                let (reported, _) = *client.history().events.last().expect("on_retry");
                expect_reconnect(&client);
                reported - stalled
            });
        });
    }
}

#[test]
fn short_stall_loses_nothing() {
    on_both_drivers(|host| {
        let server = Server::start(ECHOING);
        let relay = Relay::start(server.port());
        let client = Client::open(host, relay.port(), |_| {});
        let mut expected = Vec::new();
        for round in 0..20 {
            for direction in BOTH_DIRECTIONS {
                assert!(relay.inject(1, Fault::Stall(direction)));
            }
            for number in 0..10 {
                let text = format!("round {round}, {number}");
                client.send(&text);
                expected.push(Fingerprint::text(&text));
            }
            host.poll(0);
            for direction in BOTH_DIRECTIONS {
                assert!(relay.inject(1, Fault::Resume(direction)));
            }
            client.wait("the echoes", |history| history.messages().len() == expected.len());
        }
        assert_eq!(client.history().messages(), expected);
        client.close();
        assert_eq!(client.history().retries(), []);
    });
}

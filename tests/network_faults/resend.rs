//! Messages that were not sent when a connection was lost. They are dropped and counted, or with `EGRET_WS_RESEND` they are sent
//! first on the next connection: complete, in order, and once.

use crate::client::Client;
use ::egret_ws::*;
use std::time::Instant;
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver};
use test_support::close_report::CloseReport;
use test_support::deflate::client::RandomMessages;
use test_support::fingerprint::Fingerprint;
use test_support::listener_client::EventLoop;
use test_support::recording_server::{Behaviour, ECHOING, Server};
use test_support::relay::{Direction, Fault, Relay};

const MAX: usize = 96 * 1024;
/// This is more than the kernel buffers for a stalled connection.
const LARGE: u32 = 5 << 20;
const SMALL: u32 = 512 << 10;

/// A client whose messages are stalled in the network, with a full send queue.
struct StalledClient<'a> {
    server: Server,
    relay: Relay,
    client: Client<'a>,
    /// All accepted messages, in order.
    accepted: Vec<Fingerprint>,
    /// The payload bytes that were not yet passed to the operating system.
    buffered: u64,
}

impl<'a> StalledClient<'a> {
    fn begin(host: &'a EventLoop, seed: u64, flags: u32, deflates: bool, room: u32) -> StalledClient<'a> {
        // The server does not echo, because only the direction to it is stalled.
        let server = Server::start(Behaviour { echoes: false, deflates, ..ECHOING });
        let relay = Relay::start_with_small_buffer(server.port());
        let client = Client::open(host, relay.port(), |options| {
            options.flags = flags;
            options.max_send_buffer_bytes = room;
        });
        let mut stalled = StalledClient { server, relay, client, accepted: Vec::new(), buffered: 0 };
        let mut messages = RandomMessages::new(seed);
        // The data is random, so that it does not shrink when it is compressed.
        let noise: Vec<u8> = (0..2 * MAX).map(|_| messages.random(256) as u8).collect();
        // Some messages pass.
        for _ in 0..5 {
            stalled.send(&mut messages, &noise);
        }
        stalled.client.wait("the first to arrive", |_| {
            stalled.server.seen(1).is_some_and(|seen| seen.messages.len() == stalled.accepted.len())
        });
        stalled.relay.inject(1, Fault::Stall(Direction::ToServer));
        // The queue is full and twenty polls have changed nothing, so the buffers of the kernel are full too.
        let mut still = 0;
        while still < 20 {
            let before = stalled.client.ws.buffered();
            if stalled.send(&mut messages, &noise) {
                still = 0;
                continue;
            }
            host.poll(5);
            still = if stalled.client.ws.buffered() == before { still + 1 } else { 0 };
        }
        stalled.buffered = stalled.client.ws.buffered();
        assert!(stalled.buffered > 0);
        stalled
    }

    /// Sends a message. Returns false if there is no room.
    fn send(&mut self, random: &mut RandomMessages, noise: &[u8]) -> bool {
        let message = &noise[random.random(MAX)..][..random.random(MAX)];
        match self.client.ws.send(EGRET_WS_BINARY as u8, message) {
            EGRET_WS_OK => self.accepted.push(Fingerprint::binary(message)),
            error => {
                assert_eq!(error, EGRET_WS_ERR_BACKPRESSURE);
                return false;
            }
        }
        true
    }

    /// Returns the accepted messages, divided into sent and unsent ones according to this report.
    #[track_caller]
    fn split(&self, report: &CloseReport) -> (&[Fingerprint], &[Fingerprint]) {
        let (sent, unsent) = self.accepted.split_at(self.accepted.len() - report.unsent_messages as usize);
        assert_eq!(
            report.unsent_bytes,
            unsent.iter().map(|fingerprint| fingerprint.payload_len()).sum::<u64>(),
            "{report:#?}"
        );
        (sent, unsent)
    }

    /// Like [`StalledClient::split`] for the first connection, with unsent messages. The kernel may have taken a few more
    /// messages since.
    #[track_caller]
    fn split_at_first(&self, report: &CloseReport) -> (&[Fingerprint], &[Fingerprint]) {
        assert!((1..=self.buffered).contains(&report.unsent_bytes), "{} were: {report:#?}", self.buffered);
        self.split(report)
    }
}

/// Runs a check with and without permessage-deflate, with both drivers, and with the connection broken in two ways.
fn in_every_way(flags: u32, room: u32, check: impl Fn(StalledClient, Fault)) {
    for driver in DRIVERS {
        for deflates in [false, true] {
            for fault in [Fault::Cut, Fault::Reset] {
                println!("{driver:?}, {fault:?}, deflates: {deflates}");
                let host = EventLoop::new(driver, |_| {});
                check(StalledClient::begin(&host, u64::from(deflates) + 1, flags, deflates, room), fault);
            }
        }
    }
}

#[test]
fn unsent_messages_are_sent_first_on_the_next_connection() {
    in_every_way(EGRET_WS_RESEND, SMALL, |stalled, fault| {
        let StalledClient { server, relay, client, .. } = &stalled;
        assert!(relay.inject(1, fault));
        let (report, ..) = client.wait_retry(1);
        client.wait_connected(2);
        client.send("after");
        client.wait("everything to be written", |_| client.ws.buffered() == 0);
        client.close();

        let (sent, unsent) = stalled.split_at_first(&report);
        server.wait_idle();
        let first = server.take_ended(1).expect("it has ended").messages;
        let second = server.take_ended(2).expect("it has ended").messages;
        // No message comes twice: the second connection carries only messages that the server has not received on the first one.
        assert!(sent.starts_with(&first), "{} of {} came first", first.len(), sent.len());
        assert_eq!(second, [unsent, &[Fingerprint::text("after")]].concat());
        assert_eq!(client.ws.stats().messages_sent as usize, stalled.accepted.len() + 1);
    });
}

#[test]
fn without_the_flag_unsent_messages_are_dropped_and_counted() {
    in_every_way(0, SMALL, |stalled, fault| {
        let StalledClient { server, relay, client, .. } = &stalled;
        // The next connection waits until the checks are done.
        relay.hold(true);
        assert!(relay.inject(1, fault));
        let (report, ..) = client.wait_retry(1);
        let (sent, _) = stalled.split_at_first(&report);
        assert_eq!((client.ws.buffered(), client.ws.stats().messages_sent), (0, sent.len() as u64));
        client.wait("the next connection", |_| relay.held() == [2]);
        relay.serve(2);
        client.wait_connected(2);
        client.send("after");
        client.close();
        server.wait_idle();
        assert!(sent.starts_with(&server.take_ended(1).expect("it has ended").messages));
        assert_eq!(server.take_ended(2).expect("it has ended").messages, [Fingerprint::text("after")]);
    });
}

/// Retries that fail in different ways keep the unsent messages, and each report counts them.
#[test]
fn unsent_messages_are_kept_for_all_retries() {
    in_every_way(EGRET_WS_RESEND, SMALL, |stalled, fault| {
        let StalledClient { server, relay, client, .. } = &stalled;
        relay.refuse(true);
        assert!(relay.inject(1, fault));
        client.wait_retry(4);
        relay.inject_in_next(&[Fault::CutAt(Direction::ToClient, 30)]);
        relay.inject_in_next(&[Fault::CutAt(Direction::ToClient, 0)]);
        relay.refuse(false);
        client.wait("everything to be written", |_| client.ws.stats().connections == 2 && client.ws.buffered() == 0);
        client.wait_connected(2);
        client.close();

        let retries = client.history().retries();
        let (_, unsent) = stalled.split_at_first(&retries[0].0);
        for (report, ..) in &retries {
            assert_eq!(stalled.split(report).1, unsent, "each report counts the same");
        }
        server.wait_idle();
        let seen: Vec<_> = server.take_rest().into_iter().map(|seen| seen.messages).collect();
        assert_eq!(seen.len(), 2, "the first and the last have got messages, and no other");
        assert!(seen.iter().any(|messages| messages == unsent));
    });
}

/// The connection is lost several times while the kept messages are sent. Each connection continues with the messages that the
/// previous one has not sent, in order, and the server gets none twice.
#[test]
fn kept_messages_survive_another_loss() {
    in_every_way(EGRET_WS_RESEND, LARGE, |stalled, fault| {
        let StalledClient { server, relay, client, .. } = &stalled;
        for at in [1_000, 30_000, 100_000] {
            relay.inject_in_next(&[Fault::CutAt(Direction::ToServer, at)]);
        }
        assert!(relay.inject(1, fault));
        let all = stalled.accepted.len() as u64;
        // The second connection is cut too, for any amount that the kernel takes at once.
        client.wait_retry(2);
        client.wait("everything to be written", |_| client.ws.stats().messages_sent == all);
        // The number of cuts depends on the amount that the kernel takes at once. The last cut may happen during the close.
        assert_eq!(client.ws.close(1000), EGRET_WS_OK);
        let closed = client.wait_closed();
        assert_eq!((closed.unsent_messages, closed.unsent_bytes), (0, 0), "{closed:#?}");
        let retries = client.history().retries();
        assert!(retries.len() >= 2, "the first and the second connection were cut");

        server.wait_idle();
        let mut kept = stalled.accepted.len();
        for (number, report) in (1..).zip(retries.iter().map(|(report, ..)| report).chain([&closed])) {
            let had = &stalled.accepted[stalled.accepted.len() - kept..];
            let (sent, _) = stalled.split(report);
            let sent = &sent[stalled.accepted.len() - kept..];
            let seen = server.take_ended(number).expect("it has ended").messages;
            assert!(sent.starts_with(&seen), "connection {number}: {} of {} came", seen.len(), had.len());
            assert!(closed.error != EGRET_WS_OK || report != &closed || seen == had, "all of the last comes");
            kept = report.unsent_messages as usize;
        }
    });
}

#[test]
fn close_before_a_retry_counts_the_kept_messages() {
    for flags in [0, EGRET_WS_RESEND] {
        for driver in DRIVERS {
            let host = EventLoop::new(driver, |_| {});
            let stalled = StalledClient::begin(&host, 7, flags, true, SMALL);
            stalled.relay.refuse(true);
            assert!(stalled.relay.inject(1, Fault::Cut));
            let (lost, ..) = stalled.client.wait_retry(1);
            assert_eq!(stalled.client.ws.close(1000), EGRET_WS_OK);
            let closed = stalled.client.wait_closed();
            closed.expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_LOCAL);
            let kept = if flags == 0 { (0, 0) } else { (lost.unsent_messages, lost.unsent_bytes) };
            assert_eq!((closed.unsent_messages, closed.unsent_bytes), kept, "{closed:#?}");
            stalled.split_at_first(&lost);
        }
    }
}

/// The host closes before `on_retry`. The close report is the only one, and counts the messages that `on_retry` would have
/// counted. (The test has an I/O thread. Without one, the poll that notices the loss also reports it.)
#[test]
fn close_before_on_retry_counts_the_unsent_messages() {
    for flags in [0, EGRET_WS_RESEND] {
        let host = EventLoop::new(Driver::Threaded, |_| {});
        let stalled = StalledClient::begin(&host, 8, flags, false, SMALL);
        let StalledClient { relay, client, .. } = &stalled;
        relay.refuse(true);
        assert!(relay.inject(1, Fault::Cut));
        let deadline = Instant::now() + WAIT_LIMIT;
        while client.ws.state() != EGRET_WS_STATE_CONNECTING {
            assert!(Instant::now() < deadline, "the loss is not noticed");
            std::thread::yield_now();
        }
        assert_eq!(client.ws.close(1000), EGRET_WS_OK);
        let closed = client.wait_closed();
        assert_eq!(client.history().retries(), []);
        stalled.split_at_first(&closed);
    }
}

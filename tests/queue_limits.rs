//! Limits of the send queue and the receive queue, the budget of a poll, and the rules that apply within them: the order, and
//! pongs.

use ::egret_ws::*;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver, Loop, Socket, on_both_drivers};
use test_support::exchange::{closed_by_peer, expect_messages};
use test_support::frame::{Frame, wire};
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Returns a binary message that contains its number.
fn numbered(number: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![number as u8; len];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

#[test]
#[cfg(target_os = "linux")]
fn slow_host_causes_backpressure_at_the_server_and_loses_nothing() {
    use test_support::process;

    const MESSAGE: usize = 4 * KIB;
    const COUNT: usize = 32 * MIB / MESSAGE;
    const QUEUE: usize = 256 * KIB;
    // According to the header, there may be one read and one message above the limit of the queue.
    const BOUND: usize = QUEUE + 64 * KIB + MESSAGE;
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        let host = Loop::with(driver, |options| options.poll_max_callbacks = 1);
        let (stalled, stall) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            let flood: Vec<u8> = (0..COUNT).flat_map(|n| Frame::binary(numbered(n, MESSAGE)).bytes()).collect();
            let written = peer.write_until_stalled(&flood);
            stalled.send(written).expect("the test waits");
            peer.write(&flood[written..]);
            peer.close(1000);
        });
        let socket = host.connect_with(server.port(), |options| options.max_receive_queue_bytes = QUEUE as u32);
        // The host polls, but takes only one message in the time in which many arrive.
        socket.wait_for("the first 500 messages", |events| events.len() > 500);
        let written = stall.recv_timeout(WAIT_LIMIT).expect("the server stalls");
        assert!(written < COUNT * MESSAGE, "the client took the whole flood");
        let read = written.saturating_sub(process::in_flight_from(server.port()));
        let queued = read.saturating_sub(socket.count_messages() * Frame::binary([0; MESSAGE]).bytes().len());
        assert!(queued <= BOUND, "{queued} bytes are queued, but the limit is {BOUND}");

        let report = socket.wait_closed();
        closed_by_peer(&report);
        let messages = socket.messages();
        assert_eq!(messages.len(), COUNT);
        for (number, message) in messages.into_iter().enumerate() {
            assert!(message == Event::Binary(numbered(number, MESSAGE)), "message {number} is {message:?}");
        }
        server.finish();
    }
}

const CHUNK: usize = 16 * KIB;

/// Sends numbered messages until there is no room for a tenth of a second. Returns how many were accepted. At that moment the
/// kernel's buffers and the send queue are full.
fn fill(host: &Loop, socket: &Socket) -> usize {
    let (mut accepted, mut refused) = (0, 0);
    while refused < 10 {
        match socket.send_binary(&numbered(accepted, CHUNK)) {
            EGRET_WS_OK => (accepted, refused) = (accepted + 1, 0),
            EGRET_WS_ERR_BACKPRESSURE => {
                refused += 1;
                host.poll(10);
            }
            error => panic!("a send failed with {error}"),
        }
    }
    accepted
}

#[test]
fn peer_that_does_not_read_causes_backpressure_and_later_gets_everything_in_order() {
    on_both_drivers(|host| {
        let (go, start) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            start.recv_timeout(WAIT_LIMIT).expect("the test starts the server");
            let mut count = 0;
            loop {
                let frame = peer.read();
                if frame == Frame::text("last") {
                    break;
                }
                assert!(frame == Frame::binary(numbered(count, CHUNK)), "message {count} is {frame:?}");
                count += 1;
            }
            peer.close(1000);
            count
        });
        let limit = 256 * KIB;
        let socket = host.connect_with(server.port(), |options| options.max_send_buffer_bytes = limit as u32);
        socket.wait_open();
        let accepted = fill(host, &socket);
        let buffered = socket.buffered_amount() as usize;
        assert!(
            buffered <= limit && buffered + CHUNK + 14 > limit - CHUNK,
            "{buffered} bytes buffered, room for {limit}"
        );
        assert_eq!(socket.state(), EGRET_WS_STATE_OPEN, "back-pressure closes nothing");

        go.send(()).expect("the server waits");
        host.wait_until("everything is written", || socket.buffered_amount() == 0);
        assert_eq!(socket.send_text("last"), EGRET_WS_OK);
        let report = socket.wait_closed();
        closed_by_peer(&report);
        assert_eq!((report.unsent_messages, report.unsent_bytes), (0, 0));
        assert_eq!(server.finish(), accepted);
    });
}

#[test]
fn messages_unsent_at_a_reset_are_counted_in_the_report() {
    on_both_drivers(|host| {
        let (go, start) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            start.recv_timeout(WAIT_LIMIT).expect("the test starts the server");
            peer.reset();
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        let accepted = fill(host, &socket);
        let buffered = socket.buffered_amount();
        go.send(()).expect("the server waits");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(report.unsent_bytes, buffered, "{report:#?}");
        assert_eq!(u64::from(report.unsent_messages) * CHUNK as u64, buffered, "{report:#?}");
        assert!((1..=accepted).contains(&(report.unsent_messages as usize)), "{accepted} accepted, {report:#?}");
        server.finish();
    });
}

/// A server that sends `count` small messages together with its answer to the upgrade, so that all of them are available
/// when the client opens. Then it closes.
fn burst(count: usize) -> Server<()> {
    Server::start(move |mut peer| {
        let mut bytes = peer.read_request().answer().into_bytes();
        bytes.extend((0..count).flat_map(|number| Frame::text(number.to_string()).bytes()));
        peer.write(bytes);
        peer.close(1000);
    })
}

fn numbers(count: usize) -> Vec<Event> {
    (0..count).map(|number| Event::Text(number.to_string())).collect()
}

#[test]
fn a_poll_makes_no_more_callbacks_than_its_budget() {
    const BUDGET: usize = 7;
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        let host = Loop::with(driver, |options| options.poll_max_callbacks = BUDGET as u32);
        let server = burst(500);
        let socket = host.connect(server.port());
        let (mut most, mut made) = (0, 0);
        host.watch_polls("the last message", |callbacks| {
            assert!(callbacks <= BUDGET, "{callbacks} callbacks in one poll");
            most = most.max(callbacks);
            made += callbacks;
            assert_eq!(made, socket.count_callbacks(), "a poll returns how many callbacks it made");
            socket.count_messages() == 500
        });
        assert_eq!(most, BUDGET, "the budget was never used up");
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(socket.messages(), numbers(500));
        server.finish();
    }
}

#[test]
fn a_poll_begins_no_callback_after_its_time_is_up() {
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        let host = Loop::with(driver, |options| options.poll_max_us = 500);
        let server = burst(50);
        let socket = host.connect(server.port());
        socket.work_in_on_data(Duration::from_millis(1));
        let mut before = 0;
        host.watch_polls("the last message", |_| {
            let now = socket.count_messages();
            assert!(now - before <= 1, "{} callbacks of 1 ms in a poll of 0.5 ms", now - before);
            before = now;
            now == 50
        });
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(socket.messages(), numbers(50));
        server.finish();
    }
}

#[test]
fn a_hundred_thousand_messages_come_in_order_and_before_on_close() {
    on_both_drivers(|host| {
        let server = burst(100_000);
        let begun = Instant::now();
        let socket = host.connect(server.port());
        closed_by_peer(&socket.wait_closed());
        println!("took {:?}", begun.elapsed());
        assert!(socket.messages() == numbers(100_000), "{} messages", socket.count_messages());
        server.finish();
    });
}

#[test]
fn every_ping_is_answered_with_its_payload_in_order() {
    let script = |mut peer: Peer| {
        let payloads: Vec<Vec<u8>> = (0..10).map(|n| vec![n; usize::from(n) * 125 / 9]).collect();
        peer.write(wire(&payloads.iter().map(|payload| Frame::ping(&payload[..])).collect::<Vec<_>>()));
        for payload in payloads {
            assert_eq!(peer.read(), Frame::pong(payload));
        }
        peer.close(1000);
    };
    expect_messages(&[], script, closed_by_peer);
}

#[test]
fn pings_between_fragments_are_answered_before_the_message_ends() {
    let script = |mut peer: Peer| {
        peer.write(wire([&Frame::text("Hel").unfinished(), &Frame::ping("still there?")]));
        assert_eq!(peer.read(), Frame::pong("still there?"));
        peer.send(&Frame::continuation("lo"));
        peer.close(1000);
    };
    expect_messages(&[Event::Text("Hello".into())], script, closed_by_peer);
}

#[test]
fn io_thread_answers_pings_while_the_host_does_not_poll() {
    let host = Loop::new(Driver::Threaded);
    let server = Server::start(|mut peer| {
        peer.upgrade();
        peer.send(&Frame::ping("loading a level?"));
        assert_eq!(peer.read(), Frame::pong("loading a level?"));
        peer.close(1000);
    });
    let socket = host.connect(server.port());
    server.finish(); // without a single poll
    closed_by_peer(&socket.wait_closed());
}

#[test]
fn end_of_stream_is_reported_after_the_messages_before_it() {
    // With a small queue, the end comes while the client has stopped reading.
    for (count, queue) in [(1, 0), (1000, 0), (20_000, 0), (20_000, 4096)] {
        println!("{count} messages, a queue of {queue} bytes (0: the default)");
        on_both_drivers(|host| {
            let (ended, end) = mpsc::channel();
            let server = Server::start(move |mut peer| {
                peer.upgrade();
                assert_eq!(peer.read(), Frame::text("go"));
                peer.write(wire(&vec![Frame::text("news"); count]));
                peer.finish_writing();
                ended.send(()).expect("the test waits");
                peer.expect_end();
            });
            let socket = host.connect_with(server.port(), |options| options.max_receive_queue_bytes = queue);
            socket.wait_open();
            assert_eq!(socket.send_text("go"), EGRET_WS_OK);
            end.recv_timeout(WAIT_LIMIT).expect("the server ends"); // and until then the host does not poll
            let report = socket.wait_closed();
            report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
            assert_eq!(report.os_error, 0, "{report:#?}");
            assert!(socket.messages() == vec![Event::Text("news".into()); count], "{} came", socket.count_messages());
            server.finish();
        });
    }
}

#[test]
fn reset_is_reported_after_the_messages_before_it() {
    for count in [1, 1000, 20_000] {
        println!("{count} messages");
        on_both_drivers(|host| {
            let (ended, end) = mpsc::channel();
            let server = Server::start(move |mut peer| {
                peer.upgrade();
                peer.write(wire(&vec![Frame::text("news"); count]));
                peer.reset();
                ended.send(()).expect("the test waits");
            });
            let socket = host.connect(server.port());
            socket.wait_open();
            assert_eq!(socket.send_text("to be left unread"), EGRET_WS_OK);
            end.recv_timeout(WAIT_LIMIT).expect("the server ends"); // and until then the host does not poll
            let report = socket.wait_closed();
            report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
            assert!(socket.messages().iter().all(|message| *message == Event::Text("news".into())));
            server.finish();
        });
    }
}

/// All sockets have bytes to read. A poll without time serves only a few of them, but in the end each gets its turn.
#[test]
fn inline_polls_limit_the_time_of_the_engine_and_are_fair() {
    const SOCKETS: usize = 30;
    const MESSAGES: usize = 50;
    let host = Loop::with(Driver::Inline, |options| options.poll_max_us = 1);
    let (starts, servers): (Vec<_>, Vec<_>) = (0..SOCKETS)
        .map(|_| {
            let (go, start) = mpsc::channel();
            let server = Server::start(move |mut peer| {
                peer.upgrade();
                let written: mpsc::Sender<()> = start.recv_timeout(WAIT_LIMIT).expect("the test starts the server");
                peer.write(wire(&vec![Frame::binary([7; KIB]); MESSAGES]));
                written.send(()).expect("the test waits");
                peer.close(1000);
            });
            (go, server)
        })
        .unzip();
    let sockets: Vec<_> = servers.iter().map(|server| host.connect(server.port())).collect();
    sockets.iter().for_each(Socket::wait_open);
    let (written, all_written) = mpsc::channel();
    starts.iter().for_each(|go| go.send(written.clone()).expect("the server waits"));
    starts.iter().for_each(|_| all_written.recv_timeout(WAIT_LIMIT).expect("the kernel takes so much"));

    let received = || -> Vec<u64> { sockets.iter().map(|socket| socket.stats().messages_received).collect() };
    let (mut before, mut most) = (received(), 0);
    assert_eq!(before, [0; SOCKETS]);
    let mut polls_until_all = None;
    let mut polls = 0;
    host.watch_polls("all messages", |_| {
        let now = received();
        most = most.max(now.iter().zip(&before).filter(|(now, before)| now > before).count());
        before = now;
        polls += 1;
        if polls_until_all.is_none() && before.iter().all(|count| *count > 0) {
            polls_until_all = Some(polls);
        }
        before == [MESSAGES as u64; SOCKETS]
    });
    // This is one item, and one for each other kind of work before the time is over.
    assert!(most <= 8, "{most} sockets were read in one poll of a microsecond");
    // No socket has a second turn before each has had one. A poll may also have only callbacks to run.
    let polls = polls_until_all.expect("all were read");
    assert!(polls <= 4 * SOCKETS, "the last one was read after {polls} polls");
    for (socket, server) in sockets.iter().zip(servers) {
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(socket.count_messages(), MESSAGES);
        server.finish();
    }
}

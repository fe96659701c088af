//! Messages that wait to be written, and to be dispatched.

use super::*;
use std::sync::mpsc;
use std::time::Instant;
use test_allocator::Peak;
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver};
use test_support::deflate::codec::deflated;
use test_support::deflate::server::{BARE, compressed};
use test_support::frame::{BINARY, Frame};
use test_support::process::runs_alone;

const COMPRESSES: &str = "7 × max_send_buffer_bytes + 3 MiB + 4 × 2^client_window_bits";

/// The peer does not read. Lists grow by doubling. Each tested limit is a size at which the last doubling has just begun.
#[test]
fn send_queue() {
    if !runs_alone("queues::send_queue") {
        return;
    }
    let content = noise(MESSAGE);
    let most_messages = 1 << 17;
    let forms: [(_, usize, &[&str], u32, usize); 3] = [
        ("4 × max_send_buffer_bytes + 256 KiB", 4, &[], 0, 256 * KIB),
        ("7 × max_send_buffer_bytes + 1 MiB", 7, &[], EGRET_WS_RESEND, MIB),
        (COMPRESSES, 7, &[BARE], 0, 3 * MIB + (4 << 15)),
    ];
    for (text, factor, extensions, flags, constant) in forms {
        let mut line = Line::new(text);
        // Each row: the size of a message in bytes, and the limit of the queue. A buffer has room for only one message of 65600
        // bytes.
        let rows =
            [(0, most_messages * 6 + 1000), (1, most_messages * 7 + 1000), (KIB, MIB), (65_600, MIB), (MESSAGE, MIB)];
        for ((size, limit), driver) in rows.into_iter().flat_map(|row| DRIVERS.map(|driver| (row, driver))) {
            let host = Loop::new(driver);
            let (end, ended) = mpsc::channel::<()>();
            let (server, port) = server(extensions, move |_peer| _ = ended.recv());
            let socket = host.connect_with(port, |options| {
                options.flags = flags;
                options.retry_attempts = u32::from(flags != 0);
                options.max_send_buffer_bytes = limit as u32;
            });
            socket.wait_open();
            let peak = Peak::start();
            fill(&host, &socket, &content[..size]);
            line.allows(format_args!("{driver:?}, {size} bytes each"), peak.bytes(), factor * limit + constant);
            drop(end);
            server.join().expect("the script ends well");
        }
        line.reached(40);
    }
}

const RECEIVE: &str = "5 × (max_receive_queue_bytes + max_message_bytes) + 64 KiB";

const fn receive(queue: usize) -> usize {
    5 * (queue + MESSAGE) + 64 * KIB
}

/// The host is slow while many messages arrive. The buffers that a loop keeps are counted too.
#[test]
fn receive_queue_of_a_slow_host() {
    if !runs_alone("queues::receive_queue_of_a_slow_host") {
        return;
    }
    const QUEUE: usize = 4 * MIB;
    let mut line = Line::new(RECEIVE);
    for (size, is_deflated) in [0, 1, KIB, 15 * KIB, 40 * KIB, 66 * KIB, MESSAGE]
        .into_iter()
        .flat_map(|size| [(size, false), (size, true)].into_iter().take(if size >= KIB { 2 } else { 1 }))
    {
        for driver in DRIVERS {
            let all = 4 * QUEUE / (size + 32);
            let host = Loop::with(driver, |options| options.poll_max_callbacks = (all / 200 + 1) as u32);
            let (stalled, stall) = mpsc::channel();
            let (server, port) = server(if is_deflated { &[BARE] } else { &[] }, move |mut peer| {
                let frame = match is_deflated {
                    true => compressed(BINARY, deflated(vec![0; size])),
                    false => Frame::text(vec![b'x'; size]),
                };
                let bytes = frame.bytes().repeat(all);
                let written = peer.write_until_stalled(&bytes);
                stalled.send(()).expect("the test waits");
                peer.write(&bytes[written..]);
                peer.close(1000);
            });
            MESSAGES.store(0, SeqCst);
            let socket = host.connect_with(port, |options| {
                options.max_receive_queue_bytes = QUEUE as u32;
                options.on_message = Some(count);
            });
            let peak = Peak::start();
            socket.wait_open();
            stall.recv_timeout(WAIT_LIMIT).expect("the server stalls, or has written all");
            socket.wait_closed();
            assert_eq!(MESSAGES.load(SeqCst), all);
            let what = format!("{driver:?}, {size} bytes each{}", if is_deflated { ", deflated" } else { "" });
            line.allows(what, peak.bytes(), receive(QUEUE) + LOOP);
            server.join().expect("the script ends well");
        }
    }
}

/// The largest amount that waits: of a full queue the host has dispatched all messages except one, so that their memory is still
/// allocated, and the queue is full again.
#[test]
fn receive_queue_filled_twice() {
    if !runs_alone("queues::receive_queue_filled_twice") {
        return;
    }
    let mut line = Line::new(RECEIVE);
    // Lists grow by doubling, from sizes that differ between runs, so with some of these limits much allocated memory is unused.
    for (size, queue) in
        [1, KIB, 15 * KIB, MESSAGE].into_iter().flat_map(|size| (8..16).map(move |queue| (size, queue * MIB)))
    {
        let count_of = queue / (size + 32);
        let host = Loop::with(Driver::Threaded, |options| {
            options.poll_max_callbacks = (count_of - 1) as u32;
            options.poll_max_us = EGRET_WS_UNLIMITED;
        });
        let (go, begin) = mpsc::channel::<()>();
        let (server, port) = server(&[], move |mut peer| {
            let bytes = Frame::text(vec![b'x'; size]).bytes().repeat(count_of);
            while begin.recv().is_ok() {
                peer.write(&bytes);
            }
        });
        let socket = host.connect_with(port, |options| {
            options.max_receive_queue_bytes = queue as u32;
            options.on_message = Some(count);
        });
        socket.wait_open();
        let peak = Peak::start();
        let receive_all = || {
            go.send(()).expect("the server waits");
            let deadline = Instant::now() + WAIT_LIMIT;
            while (socket.stats().receive_queue_bytes as usize) < count_of * (size + 32) {
                assert!(Instant::now() < deadline, "{} bytes came", socket.stats().receive_queue_bytes);
                thread::yield_now();
            }
        };
        // The size of the queue grows before its last messages are published. A poll in between dispatches some messages, and the
        // next poll then leaves none. In this case the queue is filled once more.
        let dispatched_all_but_one = || {
            MESSAGES.store(0, SeqCst);
            host.wait_until("all messages but one", || MESSAGES.load(SeqCst) >= count_of - 1);
            MESSAGES.load(SeqCst) == count_of - 1
        };
        receive_all();
        while !dispatched_all_but_one() {
            receive_all();
        }
        receive_all();
        line.allows(format_args!("{size} bytes each"), peak.bytes(), receive(queue) + LOOP);
        drop(go);
        drop(socket);
        drop(host);
        server.join().expect("the script ends well");
    }
    line.reached(45);
}

/// When the last fragment of a message begins, the buffer with its first half is replaced by a larger one.
#[test]
fn message_half_assembled() {
    if !runs_alone("queues::message_half_assembled") {
        return;
    }
    const MOST: usize = 65_600;
    let mut line = Line::new("3 × max_message_bytes");
    for is_deflated in [false, true] {
        let host = Loop::new(Driver::Threaded);
        let (go, begin) = mpsc::channel();
        let (server, port) = server(if is_deflated { &[BARE] } else { &[] }, move |mut peer| {
            begin.recv().expect("the test waits");
            peer.write(match is_deflated {
                true => compressed(BINARY, deflated(vec![0; MOST])).unfinished().bytes(),
                false => {
                    let last = Frame::continuation("").header_claiming(600);
                    [Frame::binary(vec![7; MOST - 600]).unfinished().bytes(), last].concat()
                }
            });
            let _ = peer.read_to_end();
        });
        let socket = host.connect_with(port, |options| options.max_message_bytes = MOST as u32);
        socket.wait_open();
        let received = socket.stats().wire_bytes_received;
        let peak = Peak::start();
        go.send(()).expect("the server waits");
        host.wait_until("all of it", || {
            let all = if is_deflated { 60 } else { MOST - 600 + 8 };
            socket.stats().wire_bytes_received - received >= all as u64
        });
        line.allows(format_args!("deflated: {is_deflated}"), peak.bytes(), 3 * MOST + 8 * KIB);
        drop(socket);
        drop(host);
        server.join().expect("the script ends well");
    }
    line.reached(45);
}

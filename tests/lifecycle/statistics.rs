//! The statistics of a connection, which are exact if the exchange is known, and `on_drain`.

use crate::reconnect::retry_fast;
use crate::reconnect_server::{finish, serve};
use crate::resend::agree;
use ::egret_ws::*;
use std::io::Read;
use std::sync::mpsc;
use std::thread;
use test_support::client::{DRIVERS, Driver, Loop, on_both_drivers};
use test_support::frame::{CLOSE, Frame, PONG, wire};
use test_support::recorder::Event;
use test_support::response;
use test_support::scripted_server::Server;

/// Returns the size of a frame of a client.
fn masked(frame: Frame) -> usize {
    frame.masked([0; 4]).bytes().len()
}

#[test]
fn an_exchange_is_counted_to_the_byte() {
    /// The smallest and the largest size for each form of a length, up to the largest message.
    const SIZES: [usize; 7] = [0, 1, 125, 126, 65_535, 65_536, 131_072];
    on_both_drivers(|host| {
        let frames_of_the_server = || {
            let binary = SIZES.map(|size| Frame::binary(vec![7; size]));
            let fragments = [
                Frame::text("fragments ").unfinished(),
                Frame::ping("are you there?"),
                Frame::continuation("are one message"),
                Frame::pong("unasked"),
            ];
            wire(binary.iter().chain(&fragments))
        };
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            peer.write(frames_of_the_server());
            let mut frames = SIZES.len() + 1; // and the pong
            while frames > 0 {
                let frame = peer.read();
                frames -= 1;
                assert!(frame.opcode != PONG || frame.payload == b"are you there?");
            }
            peer.close(1000);
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        for size in SIZES {
            assert_eq!(socket.send_binary(&vec![7; size]), EGRET_WS_OK);
        }
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
        let stats = socket.stats();
        let bytes: usize = SIZES.iter().sum();
        assert_eq!((stats.messages_sent, stats.bytes_sent), (SIZES.len() as u64, bytes as u64));
        let sent: usize = SIZES.map(|size| masked(Frame::binary(vec![7; size]))).iter().sum();
        let sent = sent + masked(Frame::pong("are you there?")) + masked(Frame::close(1000, ""));
        assert_eq!(stats.wire_bytes_sent, sent as u64);
        let received = bytes + "fragments are one message".len();
        assert_eq!((stats.messages_received, stats.bytes_received), (SIZES.len() as u64 + 1, received as u64));
        assert_eq!(
            stats.wire_bytes_received,
            (frames_of_the_server().len() + Frame::close(1000, "").bytes().len()) as u64
        );
        assert_eq!((stats.connections, stats.retries, stats.http_status), (1, 0, 101));
        assert_eq!((stats.send_queue_bytes, stats.receive_queue_bytes), (0, 0));
    });
}

#[test]
fn bytes_received_with_the_response_are_counted() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let answer = peer.read_request().answer();
            peer.write([answer.as_bytes(), &Frame::text("early").bytes()].concat());
            peer.close(1000);
        });
        let socket = host.connect(server.port());
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        server.finish();
        let stats = socket.stats();
        assert_eq!((stats.messages_received, stats.bytes_received), (1, 5));
        assert_eq!(stats.wire_bytes_received, 7 + 4, "the text and the Close frame");
    });
}

#[test]
fn with_deflate_the_wire_is_counted_compressed() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            agree(&mut peer);
            // This is "Hello", as compressed in RFC 7692 section 7.2.3.1.
            peer.send(&Frame::text([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).rsv(4));
            peer.stream().peek(&mut [0]).expect("the client sends"); // before the Close frame is there
            peer.send(&Frame::close(1000, ""));
            peer.finish_writing();
            let mut all = Vec::new();
            peer.stream().read_to_end(&mut all).expect("the client hangs up");
            assert_eq!(all[0], 0xc1, "a text, compressed");
            all.len()
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.send_text([b'a'; 5000]), EGRET_WS_OK);
        socket.wait_closed();
        let written = finish(host, server);
        let stats = socket.stats();
        assert_eq!((stats.messages_received, stats.bytes_received), (1, 5));
        assert_eq!(stats.wire_bytes_received, 9 + 4, "the text and the Close frame");
        assert_eq!((stats.messages_sent, stats.bytes_sent), (1, 5000));
        assert_eq!(stats.wire_bytes_sent, written as u64);
        assert!(written < 200, "{written} bytes for 5000 times the same");
    });
}

#[test]
fn receive_queue_and_its_peak_are_reported() {
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        // Each poll makes one callback, so the rest waits.
        let host = Loop::with(driver, |options| options.poll_max_callbacks = 1);
        let server = Server::start(|mut peer| {
            let answer = peer.read_request().answer();
            let messages = [1, 10, 100].map(|size| Frame::binary(vec![7; size]));
            peer.write([answer.as_bytes(), &wire(&messages)].concat());
            peer
        });
        let socket = host.connect(server.port());
        // With the inline driver, the poll that calls on_connect also reads.
        host.wait_until("the messages", || driver == Driver::Threaded || socket.generation() == 1);
        while socket.stats().messages_received < 3 {
            thread::yield_now();
        }
        let queue = || (socket.stats().receive_queue_bytes, socket.stats().receive_queue_peak_bytes);
        let all = 111 + 3 * 32;
        assert_eq!(queue(), (all, all));
        socket.wait_messages(1);
        assert_eq!(queue(), (all - 33, all));
        socket.wait_messages(3);
        assert_eq!(queue(), (0, all));
        drop(server.finish());
    }
}

#[test]
fn send_queue_is_bounded_and_on_drain_reports_room() {
    const BOUND: u64 = 256 * 1024;
    const MESSAGE: usize = 10_000;
    on_both_drivers(|host| {
        let (go, gone) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            gone.recv().expect("the client has filled its buffer");
            let mut messages = 0;
            loop {
                let frame = peer.read();
                if frame.opcode == CLOSE {
                    peer.send(&frame);
                    peer.expect_silence();
                    return messages;
                }
                messages += 1;
            }
        });
        let socket = host.connect_with(server.port(), |options| options.max_send_buffer_bytes = BOUND as u32);
        socket.wait_open();
        let message = vec![7; MESSAGE];
        let mut accepted = 0;
        // This continues until the buffers of the kernel are full, and the send queue stays full.
        let mut refused = 0;
        while refused < 50 {
            match socket.send_binary(&message) {
                EGRET_WS_OK => (accepted, refused) = (accepted + 1, 0),
                error => {
                    assert_eq!(error, EGRET_WS_ERR_BACKPRESSURE);
                    refused += 1;
                    host.poll(10);
                }
            }
        }
        let drained = |events: &[Event]| events.iter().filter(|event| **event == Event::Drain).count();
        let before = drained(&socket.events());
        let stats = socket.stats();
        let size = masked(Frame::binary(vec![7; MESSAGE])) as u64;
        for bytes in [stats.send_queue_bytes, stats.send_queue_peak_bytes] {
            assert!(bytes <= BOUND && bytes + size > BOUND, "{bytes}");
        }
        let (sender, receiver) = mpsc::channel();
        socket.react(move |ws, event| {
            if *event == Event::Drain {
                let _ = sender.send(response::stats(ws).send_queue_bytes);
            }
        });
        go.send(()).expect("the server waits for this");
        socket.wait_for("on_drain", |events| drained(events) > before);
        assert!(receiver.try_recv().is_ok_and(|queued| queued <= BOUND / 2), "at most half full");
        host.wait_until("an empty buffer", || socket.stats().send_queue_bytes == 0);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(drained(&socket.events()), before + 1, "once");
        assert_eq!(server.finish(), accepted);
        let stats = socket.stats();
        assert_eq!((stats.messages_sent, stats.bytes_sent), (accepted, accepted * MESSAGE as u64));
        assert_eq!(stats.wire_bytes_sent, accepted * size + masked(Frame::close(1000, "")) as u64);
        assert!(stats.send_queue_peak_bytes <= BOUND, "{}", stats.send_queue_peak_bytes);
    });
}

#[test]
fn all_connections_are_counted_together() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            for word in ["one", "two"] {
                let mut peer = connections.open();
                peer.send(&Frame::text(word));
                assert_eq!(peer.read().payload, b"back");
                drop(peer);
            }
            connections.open().close(1008);
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 5));
        for count in 1..=2 {
            socket.wait_messages(count);
            assert_eq!((socket.generation(), socket.send_text("back")), (count as i32, EGRET_WS_OK));
        }
        assert_eq!(socket.wait_closed().code, 1008);
        server.finish();
        let stats = socket.stats();
        assert_eq!((stats.connections, stats.retries, socket.generation()), (3, 2, 3));
        assert_eq!((stats.messages_received, stats.bytes_received, stats.wire_bytes_received), (2, 6, 10 + 4));
        assert_eq!((stats.messages_sent, stats.bytes_sent, stats.wire_bytes_sent), (2, 8, 20 + 8));
    });
}

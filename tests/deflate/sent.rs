//! The compressed messages of the client, checked byte by byte.

use ::egret_ws::*;
use std::net::TcpListener;
use std::sync::mpsc;
use test_support::client::{on_both_drivers, set_deflate};
use test_support::deflate::client::{RandomMessages, connect, send};
use test_support::deflate::codec::{Inflater, deflated, longest_distance, stored};
use test_support::deflate::server::{BARE, accept, read, read_frame};
use test_support::frame::{BINARY, CLOSE, Frame, PONG, TEXT};
use test_support::recorder::Event;
use test_support::scripted_server::Server;

const COMPRESSED: u8 = 4;

fn payload(message: &Event) -> &[u8] {
    match message {
        Event::Text(text) => text.as_bytes(),
        Event::Binary(bytes) => bytes,
        other => panic!("{other:?} is not a message"),
    }
}

/// Sends the messages with these parameters, and passes their frames to `check`.
#[track_caller]
fn sends(set: impl Fn(&mut egret_ws_options), extension: &'static str, messages: &[Event], check: impl Fn(&[Frame])) {
    println!("{extension}"); // shown when the test fails
    on_both_drivers(|host| {
        let server = Server::start(move |mut peer| {
            accept(&mut peer, &[extension]);
            peer.send(&Frame::ping("compressed, for a pong must not be".repeat(3)));
            let (mut frames, mut pongs) = (Vec::new(), 0);
            let mut is_closed = false;
            // The pong may come after the Close frame.
            while !is_closed || pongs == 0 {
                let frame = read(&mut peer);
                match frame.opcode {
                    TEXT | BINARY => frames.push(frame),
                    control => {
                        assert_eq!(frame.rsv, 0, "{frame:?}");
                        assert!(control == CLOSE || control == PONG, "{frame:?}");
                        (pongs, is_closed) = (pongs + u32::from(control == PONG), is_closed || control == CLOSE);
                    }
                }
            }
            peer.send(&Frame::close(1000, ""));
            peer.expect_silence();
            frames
        });
        let (socket, said) = connect(host, server.port(), &set);
        assert_eq!(said, extension);
        messages.iter().for_each(|message| send(host, &socket, message));
        host.wait_until("an empty send buffer", || socket.buffered_amount() == 0);
        assert_eq!(
            socket.close(1000, "as long a reason as would be worth compressing".repeat(2).as_str()),
            EGRET_WS_OK
        );
        let report = socket.wait_closed();
        assert_eq!((report.error, report.unsent_messages, report.unsent_bytes), (EGRET_WS_OK, 0, 0), "{report:#?}");
        let frames = server.finish();
        assert_eq!(frames.len(), messages.len());
        for (frame, message) in frames.iter().zip(messages) {
            assert_eq!(frame.opcode, if matches!(message, Event::Text(_)) { TEXT } else { BINARY });
        }
        check(&frames);
    });
}

/// Checks that the frames inflate to the messages. `alone`: without the context of the messages before.
#[track_caller]
fn inflate(frames: &[Frame], messages: &[Event], alone: bool) {
    let mut inflater = Inflater::default();
    for (frame, message) in frames.iter().zip(messages) {
        let message = payload(message);
        if frame.rsv == 0 {
            assert!(frame.payload == message, "{frame:?}");
            continue;
        }
        if alone {
            inflater = Inflater::default();
        }
        let inflated = inflater.message(&frame.payload, message.len());
        assert!(inflated.as_deref() == Ok(message), "{frame:?}, of {} bytes: {:?}", message.len(), inflated.err());
    }
}

/// Zeros of these sizes, and whether they are sent compressed.
#[track_caller]
fn compresses(threshold: u32, sizes: &[(usize, bool)]) {
    let messages: Vec<Event> = sizes.iter().map(|(size, _)| Event::Binary(vec![0; *size])).collect();
    sends(
        |options| set_deflate(options, |deflate| deflate.threshold_bytes = threshold),
        BARE,
        &messages,
        |frames| {
            for (frame, (size, compressed)) in frames.iter().zip(sizes) {
                assert_eq!(frame.rsv == COMPRESSED, *compressed, "{size} bytes, threshold {threshold}");
            }
            inflate(frames, &messages, false);
        },
    );
}

#[test]
fn messages_below_the_threshold_are_sent_uncompressed() {
    compresses(0, &[(0, false), (255, false), (256, true), (257, true), (255, false), (131_072, true)]);
    compresses(100, &[(99, false), (100, true), (99, false), (101, true), (0, false)]);
    // A message of one byte does not shrink.
    compresses(1, &[(0, false), (1, false), (10, true), (20, true), (0, false)]);
    compresses(131_072, &[(131_071, false), (131_072, true)]);
    compresses(u32::MAX, &[(256, false), (131_072, false)]);
}

fn mixed() -> Vec<Event> {
    let mut random = RandomMessages::new(11);
    let mut messages: Vec<Event> = (0..40).map(|_| random.any(30_000)).collect();
    messages.push(messages[0].clone());
    messages
}

#[test]
fn context_is_taken_over() {
    let messages = mixed();
    sends(
        |options| set_deflate(options, |deflate| deflate.threshold_bytes = 1),
        BARE,
        &messages,
        |frames| inflate(frames, &messages, false),
    );

    // It has only 64 different values, so that the first message shrinks too.
    let mut random = RandomMessages::new(15);
    let noise = Event::Binary((0..600).map(|_| random.random(64) as u8).collect());
    sends(
        |_| {},
        BARE,
        &[noise.clone(), noise],
        |frames| {
            assert!(frames[1].payload.len() * 5 < frames[0].payload.len(), "the second refers to the first");
            assert!(
                Inflater::default().message(&frames[1].payload, 600).is_err(),
                "it cannot be inflated without the first"
            );
        },
    );
}

/// No message is larger on the wire than it is uncompressed. None refers to a message that was sent uncompressed.
#[test]
fn messages_that_do_not_shrink_are_sent_uncompressed() {
    let mut random = RandomMessages::new(16);
    let mut noise = |size: usize| Event::Binary((0..size).map(|_| random.random(256) as u8).collect());
    let text = |size: usize| Event::Text("{\"x\":1,\"y\":2},".repeat(size / 15));
    let (small, large) = (noise(300), noise(100_000));
    let messages: Vec<Event> =
        [&text(3000), &small, &small, &text(3000), &large, &text(40_000), &large, &small, &noise(131_072), &text(3000)]
            .map(Event::clone)
            .to_vec();
    for (set, extension, alone) in [
        ((|_| {}) as fn(&mut egret_ws_options), BARE, false),
        (|options| set_deflate(options, |deflate| deflate.client_window_bits = 9), BARE, false),
        (|_| {}, "permessage-deflate; client_no_context_takeover", true),
    ] {
        sends(set, extension, &messages, |frames| {
            inflate(frames, &messages, alone);
            for (frame, message) in frames.iter().zip(&messages) {
                let is_text = matches!(message, Event::Text(_));
                assert_eq!(frame.rsv == COMPRESSED, is_text, "of {} bytes", payload(message).len());
                assert!(frame.payload.len() <= payload(message).len());
            }
        });
    }
}

#[test]
fn no_context_takeover_is_respected() {
    let messages = mixed();
    let check = |frames: &[Frame]| {
        inflate(frames, &messages, true);
        assert!(frames.iter().any(|frame| frame.rsv == COMPRESSED));
    };
    const ASKED: &str = "permessage-deflate; client_no_context_takeover";
    // It is requested by the option, which the server does not repeat, or by the response of the server.
    let by_option = |options: &mut egret_ws_options| {
        set_deflate(options, |deflate| (deflate.client_no_context_takeover, deflate.threshold_bytes) = (1, 1));
    };
    sends(by_option, BARE, &messages, check);
    sends(by_option, ASKED, &messages, check);
    sends(|options| set_deflate(options, |deflate| deflate.threshold_bytes = 1), ASKED, &messages, check);
}

/// Returns noise that repeats at distances slightly less than each window.
fn far_apart() -> Vec<Event> {
    let mut random = RandomMessages::new(12);
    let noise =
        |size: usize, random: &mut RandomMessages| (0..size).map(|_| random.random(256) as u8).collect::<Vec<u8>>();
    let sizes = [200, 700, 1700, 3700, 7800, 16_000, 32_000];
    let pieces = sizes.map(|size| Event::Binary(noise(size, &mut random).repeat(2)));
    // It also repeats from one message to the next.
    pieces.into_iter().flat_map(|message| [message.clone(), message]).collect()
}

#[test]
fn no_back_reference_exceeds_the_window() {
    let messages = far_apart();
    let keeps = |bits: u32, frames: &[Frame]| {
        inflate(frames, &messages, false);
        let longest =
            frames.iter().filter(|frame| frame.rsv == COMPRESSED).map(|frame| longest_distance(&frame.payload));
        let longest = longest.max().expect("some are compressed");
        println!("{bits} bits: {longest}");
        assert!(longest <= 1 << bits, "{longest} bytes back, with {bits} bits");
        assert!(
            bits == 9 || longest > 1 << (bits - 1),
            "{longest} bytes back does not use the whole window of {bits} bits"
        );
    };
    for bits in 9..=15 {
        sends(
            |options| set_deflate(options, |deflate| deflate.client_window_bits = bits),
            BARE,
            &messages,
            |frames| keeps(bits, frames),
        );
    }
    sends(|_| {}, "permessage-deflate; client_max_window_bits=9", &messages, |frames| keeps(9, frames));
    sends(|_| {}, "permessage-deflate; client_max_window_bits=12", &messages, |frames| keeps(12, frames));
    sends(|_| {}, "permessage-deflate; client_max_window_bits=15", &messages, |frames| keeps(15, frames));
    // The server allows less than the option.
    let eleven = |options: &mut egret_ws_options| set_deflate(options, |deflate| deflate.client_window_bits = 11);
    sends(eleven, "permessage-deflate; client_max_window_bits=10", &messages, |frames| keeps(10, frames));
}

/// zlib has no window of 256 bytes, so nothing is compressed. RFC 7692 section 6 allows the sender to decide that.
#[test]
fn a_window_of_8_bits_is_never_exceeded() {
    let messages = far_apart();
    sends(
        |_| {},
        "permessage-deflate; client_max_window_bits=8",
        &messages,
        |frames| {
            inflate(frames, &messages, false);
            for frame in frames.iter().filter(|frame| frame.rsv == COMPRESSED) {
                assert!(longest_distance(&frame.payload) <= 256);
            }
        },
    );
}

#[test]
fn a_higher_level_makes_smaller_messages() {
    let mut random = RandomMessages::new(13);
    let text: String =
        (0..4000).map(|_| format!("{{\"id\":{},\"x\":{}}}", random.random(90), random.random(90))).collect();
    let size = |level: u32| {
        let (sender, sizes) = mpsc::channel();
        sends(
            |options| set_deflate(options, |deflate| deflate.level = level),
            BARE,
            &[Event::Text(text.clone())],
            |frames| sender.send(frames[0].payload.len()).expect("it is waited for"),
        );
        sizes.recv().expect("it was sent")
    };
    let sizes = [1, 6, 9].map(size);
    println!("{sizes:?}");
    assert!(sizes[0] > sizes[1] && sizes[1] > sizes[2], "{sizes:?}");
    assert_eq!(size(0), sizes[1], "6 is the default");
}

/// The server reads the sent bytes only at the end. The report counts the other messages by their size before compression.
#[test]
fn messages_unsent_at_the_end_are_counted() {
    // This is more than the kernel buffers for a peer that does not read: the largest buffers of sender and receiver.
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").expect("the limits of a send buffer");
    let largest: usize =
        limits.split_whitespace().last().and_then(|bytes| bytes.parse().ok()).expect("a number of bytes");
    let enough = largest + (1 << 20);
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        socket2::SockRef::from(&listener).set_recv_buffer_size(256 << 10).expect("a small receive buffer");
        let (say, said) = mpsc::channel();
        let server = Server::on(listener, move |mut peer| {
            accept(&mut peer, &[BARE]);
            said.recv().expect("the client has sent enough");
            peer.stream().peek(&mut [0]).expect("something has come");
            peer.finish_writing();
            said.recv().expect("the client has given up");
            // Data that was written before still arrives.
            let bytes = peer.read_to_end();
            let mut rest = bytes.as_slice();
            std::iter::from_fn(|| read_frame(&mut rest).ok()).collect::<Vec<Frame>>()
        });
        let room = u32::try_from(2 * enough).expect("a limit below 2 GiB");
        let (socket, _) = connect(host, server.port(), |options| options.max_send_buffer_bytes = room);
        // Noise fills the buffers soon. Between the noise there are messages that shrink, and messages that are not compressed.
        let mut random = RandomMessages::new(14);
        let noise: Vec<u8> = (0..100_000).map(|_| random.random(256) as u8).collect();
        let message = |number: usize| match number % 3 {
            0 => noise[number % 1000..].to_vec(),
            1 => vec![b'x'; 2000 + number],
            _ => vec![b'y'; number % 200],
        };
        let (mut accepted, mut noisy) = (0, 0);
        while noisy < enough {
            let next = message(accepted);
            assert_eq!(socket.send_binary(&next), EGRET_WS_OK);
            noisy += if accepted % 3 == 0 { next.len() } else { 0 };
            accepted += 1;
        }
        say.send(()).expect("the server waits");
        let report = socket.wait_closed();
        say.send(()).expect("the server waits");
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        let frames = server.finish();
        let sent: Vec<Event> = (0..frames.len()).map(|number| Event::Binary(message(number))).collect();
        inflate(&frames, &sent, false);
        let unsent = (frames.len()..accepted).map(|number| message(number).len() as u64);
        assert_eq!((report.unsent_messages as usize, report.unsent_bytes), (unsent.len(), unsent.sum()), "{report:#?}");
        assert!(!frames.is_empty() && frames.len() < accepted, "{} of {accepted}", frames.len());
        assert_eq!(socket.buffered_amount(), report.unsent_bytes, "unsent messages stay counted");
    });
}

/// Checks the function that computes the longest distance.
#[test]
fn longest_distance_finds_known_distances() {
    let mut random = RandomMessages::new(1);
    // The noise is random, so the most distant match is the second copy.
    for size in [400, 600, 4000, 32_000] {
        let noise: Vec<u8> = (0..size).map(|_| random.random(256) as u8).collect();
        let twice = [&noise[..], &noise].concat();
        assert_eq!(longest_distance(&deflated(&twice)), size);
    }
    assert_eq!(longest_distance(&[0xf2, 0x00, 0x11, 0x00, 0x00]), 5, "RFC 7692 section 7.2.3.2");
    assert_eq!(longest_distance(&stored(b"hello", 2)), 0);
}

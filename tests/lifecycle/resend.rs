//! Messages that were accepted but not sent when a connection broke. They are reported, and dropped or sent again.

use crate::reconnect::retry_fast;
use crate::reconnect_server::{finish, serve_on};
use ::egret_ws::*;
use flate2::{Decompress, FlushDecompress};
use socket2::SockRef;
use std::io::Read as _;
use std::iter;
use std::net::TcpListener;
use std::sync::mpsc;
use test_support::client::{Loop, Socket, on_both_drivers, send_text};
use test_support::frame::{Frame, TEXT, unmask};
use test_support::recorder::{Event, Retry};
use test_support::scripted_server::{Peer, Server};

/// This is more than the buffers of the kernel have room for.
const MESSAGES: u32 = 7000;

/// Returns a message that begins with its number and does not shrink when it is compressed.
fn payload(number: u32) -> Vec<u8> {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let noise = iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    });
    number.to_be_bytes().into_iter().chain(noise.take(1020)).collect()
}

fn number(payload: &[u8]) -> u32 {
    let number = u32::from_be_bytes(payload[..4].try_into().expect("four bytes"));
    assert!(payload == self::payload(number), "message {number} was garbled");
    number
}

/// How the server reads a message.
type Read = fn(&mut Peer, &mut Decompress) -> Frame;

/// A server that reads a message of its first connection, and resets the connection when the test requests it. It returns the
/// numbers of the messages that come on the second connection before a text.
fn breaks(accept: fn(&mut Peer), read: Read) -> (Server<Vec<u32>>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    SockRef::from(&listener).set_recv_buffer_size(32 * 1024).expect("a smaller buffer");
    let (go, gone) = mpsc::channel();
    let server = serve_on(listener, move |mut connections| {
        let mut first = connections.next();
        accept(&mut first);
        assert_eq!(number(&read(&mut first, &mut Decompress::new(false)).payload), 0);
        gone.recv().expect("the client has sent");
        drop(first); // bytes are unread, so this resets the connection
        let mut second = connections.next();
        accept(&mut second);
        let (mut numbers, mut inflater) = (Vec::new(), Decompress::new(false));
        loop {
            let message = read(&mut second, &mut inflater);
            if message.opcode == TEXT {
                assert_eq!(message.payload, b"fresh");
                second.send(&Frame::close(1008, ""));
                return numbers;
            }
            numbers.push(number(&message.payload));
        }
    });
    (server, go)
}

/// Sends [`MESSAGES`], loses the connection, and sends `fresh` on the next one. Returns the arguments of `on_retry`, the number
/// of bytes queued after that, and the numbers that came on the second connection.
#[track_caller]
fn lose(host: &Loop, flags: u32, accept: fn(&mut Peer), read: Read) -> (Retry, i64, Vec<u32>) {
    let (server, go) = breaks(accept, read);
    let socket = host.connect_with(server.port(), |options| {
        retry_fast(options, 3);
        options.flags = flags;
        options.max_send_buffer_bytes = 8 * 1024 * 1024;
    });
    socket.wait_open();
    for number in 0..MESSAGES {
        assert_eq!(socket.send_binary(&payload(number)), EGRET_WS_OK);
    }
    let (sender, receiver) = mpsc::channel();
    socket.react(move |ws, event| match event {
        Event::Retry(_) => {
            let _ = sender.send(egret_ws_buffered_amount(ws));
        }
        Event::Connect => assert_eq!(send_text(ws, "fresh"), EGRET_WS_OK),
        _ => {}
    });
    go.send(()).expect("the server waits for this");
    let retry = socket.wait_retry(1);
    let numbers = finish(host, server);
    assert_eq!(socket.wait_closed().code, 1008);
    let Retry { report, .. } = &retry;
    assert!(report.unsent_messages > 0, "{retry:#?}");
    assert_eq!(report.unsent_bytes, u64::from(report.unsent_messages) * 1024);
    is_counted_once(&socket, report.unsent_messages, numbers.len());
    (retry.clone(), receiver.try_recv().expect("on_retry came"), numbers)
}

/// Each message was written on the first connection, or was unsent then and may have been written on the second one.
#[track_caller]
fn is_counted_once(socket: &Socket<'_>, unsent: u32, resent: usize) {
    let stats = socket.stats();
    assert_eq!(
        stats.messages_sent,
        u64::from(MESSAGES - unsent) + resent as u64 + 1,
        "{unsent} unsent, {resent} resent"
    );
    assert_eq!((stats.send_queue_bytes, socket.buffered_amount()), (0, 0));
}

fn read_plain(peer: &mut Peer, _: &mut Decompress) -> Frame {
    peer.read()
}

#[test]
fn unsent_messages_are_reported_and_dropped() {
    on_both_drivers(|host| {
        let (_, queued, numbers) = lose(host, 0, |peer| drop(peer.upgrade()), read_plain);
        assert_eq!((queued, numbers), (0, vec![]));
    });
}

/// Checks that the numbers are the numbers of all unsent messages, each once, in their order.
#[track_caller]
fn are_the_unsent(retry: &Retry, queued: i64, numbers: &[u32]) {
    let unsent = retry.report.unsent_messages;
    assert!(numbers.iter().copied().eq(MESSAGES - unsent..MESSAGES), "{} of {unsent}", numbers.len());
    // On another thread, some of them may already be in transit.
    assert!(queued >= 0 && queued as u64 <= retry.report.unsent_bytes, "{queued}");
}

#[test]
fn unsent_messages_can_be_kept_for_the_next_connection() {
    on_both_drivers(|host| {
        let (retry, queued, numbers) = lose(host, EGRET_WS_RESEND, |peer| drop(peer.upgrade()), read_plain);
        are_the_unsent(&retry, queued, &numbers);
    });
}

#[test]
fn kept_messages_are_compressed_again() {
    on_both_drivers(|host| {
        let (retry, queued, numbers) = lose(host, EGRET_WS_RESEND, agree, read_deflated);
        are_the_unsent(&retry, queued, &numbers);
    });
}

/// Upgrades with permessage-deflate.
pub fn agree(peer: &mut Peer) {
    let answer = peer.read_request().answer();
    let head = answer.strip_suffix("\r\n").expect("an empty line");
    peer.write(format!("{head}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
}

/// Reads a message of one frame. It is inflated if RSV1 marks it as compressed (RFC 7692 section 7.2.2).
fn read_deflated(peer: &mut Peer, inflater: &mut Decompress) -> Frame {
    let mut bytes = |count: usize| {
        let mut bytes = vec![0; count];
        peer.stream().read_exact(&mut bytes).expect("a frame of the client");
        bytes
    };
    let start = bytes(2);
    let length = match start[1] & 0x7f {
        126 => bytes(2).into_iter().fold(0, |length, byte| length << 8 | usize::from(byte)),
        short => usize::from(short),
    };
    let key = bytes(4).try_into().expect("four bytes");
    let mut payload = bytes(length);
    unmask(&mut payload, key);
    if start[0] & 0x40 != 0 {
        payload.extend([0, 0, 0xff, 0xff]);
        let mut message = Vec::with_capacity(4096);
        inflater.decompress_vec(&payload, &mut message, FlushDecompress::Sync).expect("DEFLATE");
        payload = message;
    }
    Frame::new(start[0] & 0x0f, payload)
}

//! Scripted servers with permessage-deflate.

use crate::client::on_both_drivers;
use crate::deflate::client::connect;
use crate::frame::{self, CLOSE, Frame};
use crate::recorder::Event;
use crate::scripted_server::{Peer, Request, Server};
use ::egret_ws::*;
use std::io::{self, Read};

/// The extension in the response, without parameters.
pub const BARE: &str = "permessage-deflate";

/// Reads the request and accepts it with these values of the extension header.
pub fn accept(peer: &mut Peer, extensions: &[&str]) -> Request {
    let request = peer.read_request();
    let head = request.answer();
    let head = head.strip_suffix("\r\n").expect("an empty line");
    let lines: String = extensions.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}\r\n")).collect();
    peer.write(format!("{head}{lines}\r\n"));
    request
}

/// Returns the first frame of a message with a compressed payload.
pub fn compressed(opcode: u8, payload: impl Into<Vec<u8>>) -> Frame {
    Frame::new(opcode, payload).rsv(4)
}

/// Reads the next frame of the client with its RSV bits. `peer` must not have buffered any part of it.
pub fn read(peer: &mut Peer) -> Frame {
    read_frame(peer.stream()).expect("a frame of the client")
}

/// Like [`read`], from any stream. An error means that the stream has ended.
pub fn read_frame(stream: &mut impl Read) -> io::Result<Frame> {
    let mut bytes = move |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let start = bytes(2)?;
    assert_eq!(start[0] & 0xb0, 0x80, "the client does not need fragments, RSV2 and RSV3");
    assert_eq!(start[1] & 0x80, 0x80, "a client's frame without a mask");
    let length = match start[1] & 0x7f {
        126 => bytes(2)?,
        127 => bytes(8)?,
        short => vec![short],
    };
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let key = bytes(4)?.try_into().expect("four bytes");
    let mut payload = bytes(length)?;
    frame::unmask(&mut payload, key);
    Ok(Frame::new(start[0] & 0x0f, payload).rsv(start[0] >> 4 & 7))
}

/// The server accepts the extension and sends `bytes`. The client must deliver `expected`, then both sides close.
#[track_caller]
pub fn expect_messages(bytes: Vec<u8>, expected: &[Event]) {
    expect_messages_with(BARE, bytes, expected);
}

/// Like [`expect_messages`], with other parameters of the extension.
#[track_caller]
pub fn expect_messages_with(extension: &'static str, bytes: Vec<u8>, expected: &[Event]) {
    on_both_drivers(|host| {
        let bytes = bytes.clone();
        let server = Server::start(move |mut peer| {
            accept(&mut peer, &[extension]);
            peer.write(bytes);
            peer.send(&Frame::close(1000, ""));
            // Pongs come before it.
            let last = std::iter::repeat_with(|| read(&mut peer)).find(|frame| frame.opcode == CLOSE);
            assert_eq!(last, Some(Frame::close(1000, "")));
            peer.expect_silence();
        });
        let (socket, negotiated) = connect(host, server.port(), |_| {});
        assert_eq!(negotiated, extension);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
        let messages = socket.messages();
        assert!(messages == expected, "{messages:?}\nare not\n{expected:?}");
        server.finish();
    });
}

/// The server accepts the extension and sends `bytes`. The client must deliver `expected`, send a Close frame with `code`,
/// disconnect by itself, and report `error`.
#[track_caller]
pub fn expect_failure(what: &str, bytes: Vec<u8>, expected: &[Event], error: i32, code: u16) {
    expect_failure_with(what, |_| {}, bytes, expected, error, code);
}

/// Like [`expect_failure`], with options.
#[track_caller]
pub fn expect_failure_with(
    what: &str,
    set: impl Fn(&mut egret_ws_options),
    bytes: Vec<u8>,
    expected: &[Event],
    error: i32,
    code: u16,
) {
    println!("{what}: {:02x?}", &bytes[..bytes.len().min(40)]); // shown when the test fails
    on_both_drivers(|host| {
        let bytes = bytes.clone();
        let server = Server::start(move |mut peer| {
            accept(&mut peer, &[BARE]);
            peer.write(bytes);
            let code = peer.read_close();
            peer.expect_end();
            code
        });
        let socket = host.connect_with(server.port(), &set);
        let report = socket.wait_closed();
        report.expect(error, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.http_status, report.code, report.sent_code), (101, 1006, code), "{report:#?}");
        let messages = socket.messages();
        assert!(messages == expected, "{what}: {messages:?}\nare not\n{expected:?}");
        assert_eq!(server.finish(), code);
    });
}

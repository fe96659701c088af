//! Sockets with their negotiated extension, and random messages to send.
#![allow(unsafe_code)] // calls the C ABI

use crate::WAIT_LIMIT;
use crate::client::{Loop, Socket};
use crate::recorder::Event;
use ::egret_ws::*;
use std::ffi::CStr;
use std::time::Instant;

/// Connects. Returns the open socket and its negotiated extension.
#[track_caller]
pub fn connect(host: &Loop, port: u16, set: impl FnOnce(&mut egret_ws_options)) -> (Socket<'_>, String) {
    let socket = host.connect_with(port, set);
    socket.wait_open();
    let mut out = [b'?'; 256];
    // SAFETY: `out` has the given capacity.
    let length = unsafe { egret_ws_extensions(socket.handle(), out.as_mut_ptr().cast(), out.len()) };
    let text = CStr::from_bytes_until_nul(&out).expect("a NUL follows");
    assert_eq!(usize::try_from(length), Ok(text.count_bytes()));
    (socket, text.to_str().expect("ASCII").to_owned())
}

/// Sends a message when the send queue has room for it.
#[track_caller]
pub fn send(host: &Loop, socket: &Socket, message: &Event) {
    let deadline = Instant::now() + WAIT_LIMIT;
    loop {
        let sent = match message {
            Event::Text(text) => socket.send_text(text),
            Event::Binary(bytes) => socket.send_binary(bytes),
            other => panic!("{other:?} is not a message"),
        };
        if sent == EGRET_WS_OK {
            return;
        }
        assert_eq!(sent, EGRET_WS_ERR_BACKPRESSURE, "{message:?}");
        assert!(Instant::now() < deadline, "there was no room for {message:?}");
        host.poll(10);
    }
}

/// Random messages of all types. Equal seeds produce equal messages (xorshift).
pub struct RandomMessages(u64);

impl RandomMessages {
    pub fn new(seed: u64) -> RandomMessages {
        RandomMessages(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a random number less than `limit`.
    pub fn random(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    /// Returns a message of up to `max` bytes. Small and large ones are equally frequent.
    pub fn any(&mut self, max: usize) -> Event {
        let size = max >> self.random(max.ilog2() as usize + 1);
        let size = self.random(size + 1);
        self.of_size(size)
    }

    pub fn of_size(&mut self, size: usize) -> Event {
        match self.random(4) {
            0 => Event::Text(self.text(size, |random| format!("{{\"id\":{},\"x\":{}}},", random(900), random(70_000)))),
            1 => Event::Text(self.text(size, |random| ["ü", "€", "😀", "größte ", "漢字"][random(5)].into())),
            2 => Event::Binary((0..size).map(|_| self.random(256) as u8).collect()),
            _ => Event::Binary(vec![0; size]),
        }
    }

    /// Returns a text of pieces with up to `size` bytes in total, padded with spaces.
    fn text(&mut self, size: usize, piece: impl Fn(&mut dyn FnMut(usize) -> usize) -> String) -> String {
        let mut text = String::with_capacity(size + 32);
        while text.len() < size {
            text += &piece(&mut |limit| self.random(limit));
        }
        while text.len() > size {
            text.pop();
        }
        let missing = size - text.len();
        text + &" ".repeat(missing)
    }
}

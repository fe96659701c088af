//! An echo server for the demo and the tests: sends every text and binary message back, and answers close and ping.
//!
//! `cargo run --example echo_server [PORT]` listens on loopback and prints its URL. Without PORT it takes a free port.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};
use tungstenite::protocol::WebSocketConfig;

/// Above the limit of the library, so that the echo of a large message exceeds that limit in tests.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

#[allow(dead_code, reason = "tests include this file as a module")]
fn main() -> io::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| io::Error::other(format!("not a port: {text}")))?,
        None => 0,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("ws://{}/", listener.local_addr()?);
    serve(listener);
    Ok(())
}

/// Serves each connection on a separate thread, without end. A client that fails ends its thread only.
pub fn serve(listener: TcpListener) {
    for stream in listener.incoming() {
        let started = stream.and_then(|stream| thread::Builder::new().name("echo".into()).spawn(|| echo(stream)));
        if let Err(error) = started {
            eprintln!("echo_server: {error}");
            // Probably out of descriptors or threads: wait, so that the loop does not spin.
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Echoes until the client closes. Errors of the client are ignored, because clients of tests make all of them on purpose.
fn echo(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    // The default read buffer of 128 KiB for each connection is too much for tests with a thousand of them.
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let Ok(mut socket) = tungstenite::accept_with_config(stream, Some(config)) else { return };
    // A read answers pings and Close by itself, and fails with `ConnectionClosed` when the handshake is complete.
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
}

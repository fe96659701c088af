//! A relay that forwards the data of the server in pieces, or drops the rest of it.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use test_support::WAIT_LIMIT;

/// The fault that the relay applies to the bytes of the server.
#[derive(Clone, Copy)]
pub enum Damage {
    /// They are forwarded one by one.
    Pieces,
    /// After this many bytes, nothing more comes, not even an end.
    Silence(usize),
    /// After this many bytes, the connection ends.
    End(usize),
}

/// Returns the port through which the server on `port` is reached.
pub fn relay(port: u16, damage: Damage) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("the port").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
            for stream in [&client, &server] {
                stream.set_nodelay(true).expect("TCP_NODELAY");
                stream.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
            }
            let (from_client, to_server) =
                (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            // If this fails, the client notices it.
            thread::spawn(move || pass(from_client, to_server));
            thread::spawn(move || damaged(server, client, damage));
        }
    });
    own
}

/// Like [`relay`], without damage. For each client, it reports whether the client has reset its connection.
pub fn watched(port: u16) -> (u16, Receiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let own = listener.local_addr().expect("the port").port();
    let (resets, reported) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
            client.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
            let (to_client, to_server) = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
            thread::spawn(move || pass(server, to_client));
            let resets = resets.clone();
            thread::spawn(move || {
                let is_reset = |error: &io::Error| error.kind() == ErrorKind::ConnectionReset;
                let _ = resets.send(pass(client, to_server).is_err_and(|error| is_reset(&error)));
            });
        }
    });
    (own, reported)
}

fn pass(mut from: TcpStream, mut to: TcpStream) -> io::Result<u64> {
    let passed = io::copy(&mut from, &mut to);
    to.shutdown(Shutdown::Both)?;
    passed
}

fn damaged(server: TcpStream, mut client: TcpStream, damage: Damage) -> io::Result<u64> {
    match damage {
        Damage::Pieces => {
            for byte in BufReader::new(server).bytes() {
                client.write_all(&[byte?])?;
            }
            client.shutdown(Shutdown::Write)?;
            Ok(0)
        }
        // The other direction keeps the connection open until the client ends it.
        Damage::Silence(count) => io::copy(&mut server.take(count as u64), &mut client),
        Damage::End(count) => {
            let passed = io::copy(&mut server.take(count as u64), &mut client);
            client.shutdown(Shutdown::Both)?;
            passed
        }
    }
}

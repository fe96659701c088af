//! A WebSocket server for tests. It echoes messages, and misbehaves on request.
//!
//! - `behaviour`: the behaviour of the server on a connection, from the command line and from the path of the URL
//! - `head`: the head of an HTTP request
//! - `keys`: the keys of the server and of its authority, and the file that keeps them
//! - `connection`: one connection, from the request to its end
//! - `room`: rooms; each member gets the messages of the other members
//! - `tls`: the certificates that the server makes, and its side of TLS

pub mod behaviour;
mod connection;
mod head;
#[cfg(not(any(windows, target_vendor = "apple")))]
pub mod keys;
mod room;
#[cfg(not(any(windows, target_vendor = "apple")))]
pub mod tls;

pub use behaviour::Behaviour;
use room::Rooms;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Echoes on each connection. It never returns.
pub fn serve(listener: TcpListener) {
    serve_as(listener, Behaviour::default());
}

/// Serves each connection on a separate thread. It never returns. If a client fails, only its thread ends.
pub fn serve_as(listener: TcpListener, behaviour: Behaviour) {
    let behaviour = Arc::new(behaviour);
    let rooms = Arc::new(Rooms::default());
    accept(&listener, move |stream| {
        let (behaviour, rooms) = (Arc::clone(&behaviour), Arc::clone(&rooms));
        move || {
            let reset = stream.try_clone();
            connection::run(stream, reset, &behaviour, &rooms);
        }
    });
}

/// Like [`serve_as`], with TLS.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub fn serve_tls(listener: TcpListener, behaviour: Behaviour, acceptor: openssl::ssl::SslAcceptor) {
    let shared = Arc::new((behaviour, acceptor, Arc::new(Rooms::default())));
    accept(&listener, move |stream| {
        let shared = Arc::clone(&shared);
        move || {
            let (behaviour, acceptor, rooms) = &*shared;
            let reset = stream.try_clone();
            // Clients in tests refuse certificates deliberately.
            let Ok(stream) = acceptor.accept(stream) else { return };
            connection::run(stream, reset, behaviour, rooms);
        }
    });
}

fn accept<W: FnOnce() + Send + 'static>(listener: &TcpListener, work: impl Fn(TcpStream) -> W) {
    for stream in listener.incoming() {
        let started = stream.and_then(|stream| {
            // Frames are small, and must not wait for an acknowledgement.
            let _ = stream.set_nodelay(true);
            thread::Builder::new().name("echo".into()).spawn(work(stream))
        });
        if let Err(error) = started {
            report(&error);
            // Probably no descriptors or threads are left. This waits, so that the loop does not use the processor without a
            // pause.
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn report(error: &io::Error) {
    use std::io::Write;
    let _ = writeln!(io::stderr(), "egret-ws-echo: {error}");
}

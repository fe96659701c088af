//! A scripted server for several connections, one after the other.

use socket2::SockRef;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;
use test_support::WAIT_LIMIT;
use test_support::client::Loop;
use test_support::scripted_server::{Peer, Server};

/// The connections of a client, in the order in which they come.
pub struct Connections {
    first: Option<Peer>,
    listener: TcpListener,
}

/// Runs a script that begins with the first connection.
pub fn serve<T: Send + 'static>(script: impl FnOnce(Connections) -> T + Send + 'static) -> Server<T> {
    serve_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), script)
}

pub fn serve_on<T: Send + 'static>(
    listener: TcpListener,
    script: impl FnOnce(Connections) -> T + Send + 'static,
) -> Server<T> {
    let again = listener.try_clone().expect("a second handle");
    Server::on(listener, move |first| script(Connections { first: Some(first), listener: again }))
}

impl Connections {
    /// Returns the next connection.
    #[track_caller]
    pub fn next(&mut self) -> Peer {
        self.first.take().or_else(|| self.wait(WAIT_LIMIT)).expect("the client connects again")
    }

    /// Accepts and upgrades the next connection.
    #[track_caller]
    pub fn open(&mut self) -> Peer {
        let mut peer = self.next();
        peer.upgrade();
        peer
    }

    /// Checks that no connection comes for this long.
    #[track_caller]
    pub fn expect_no_connection(&mut self, time: Duration) {
        assert!(self.first.is_none() && self.wait(time).is_none(), "the client connects");
    }

    fn wait(&self, time: Duration) -> Option<Peer> {
        SockRef::from(&self.listener).set_read_timeout(Some(time)).expect("a time-out for accept");
        match self.listener.accept() {
            Ok((stream, _)) => Some(Peer::new(stream)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("accept: {error}"),
        }
    }
}

/// Polls until the script of the server has ended. Returns its result.
#[track_caller]
pub fn finish<T: Send + 'static>(host: &Loop, server: Server<T>) -> T {
    host.wait_until("the end of the server's script", || server.is_finished());
    server.finish()
}

/// Checks that no byte comes for this long, and that the connection does not end.
#[track_caller]
pub fn expect_no_data(peer: &mut Peer, time: Duration) {
    let stream = peer.stream();
    stream.set_read_timeout(Some(time)).expect("a read time-out");
    let peeked = stream.peek(&mut [0]);
    assert!(peeked.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "received {peeked:?}");
    stream.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
}

//! An echo server in the outer network that records each connection. (It uses tungstenite, which answers pings.)

use crate::interfaces::{listen, wait};
use crate::namespace::PORT;
use parking_lot::Mutex;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use test_support::WAIT_LIMIT;
use tungstenite::Message;

#[derive(Clone, Default)]
pub struct ServerLog(Arc<Mutex<Vec<ServedConnection>>>);

/// A connection, as the server has recorded it.
#[derive(Clone, Debug)]
pub struct ServedConnection {
    pub from: IpAddr,
    pub pings: usize,
    pub messages: Vec<Vec<u8>>,
}

impl ServerLog {
    /// Serves every connection on its own thread, until this process ends.
    pub fn begin() -> ServerLog {
        let (server_log, listener) = (ServerLog::default(), listen(PORT));
        let all = server_log.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, server_log) = (stream.expect("a connection"), all.clone());
                let from = stream.peer_addr().expect("its other end").ip();
                let number = {
                    let mut server_log = server_log.0.lock();
                    server_log.push(ServedConnection { from, pings: 0, messages: Vec::new() });
                    server_log.len() - 1
                };
                thread::spawn(move || server_log.serve(number, stream));
            }
        });
        server_log
    }

    /// Serves until the connection ends.
    fn serve(&self, number: usize, stream: TcpStream) {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        // If the client has left the network, the connection never ends by itself.
        stream.set_read_timeout(Some(2 * WAIT_LIMIT)).expect("a read time-out");
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        while let Ok(message) = socket.read() {
            match message {
                Message::Ping(_) => self.0.lock()[number].pings += 1,
                Message::Text(_) | Message::Binary(_) => {
                    self.0.lock()[number].messages.push(message.clone().into_data().to_vec());
                    if socket.send(message).is_err() {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    pub fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// Returns the last connection.
    #[track_caller]
    pub fn last(&self) -> ServedConnection {
        self.0.lock().last().expect("a connection").clone()
    }

    /// Waits until the last connection has received this many pings.
    #[track_caller]
    pub fn wait_pings(&self, count: usize) {
        wait("a ping", || self.last().pings >= count);
    }
}

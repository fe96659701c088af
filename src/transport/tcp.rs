//! TCP, by mio.

use super::Transport;
use mio::net::TcpStream;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

/// A TCP connection, made or being made.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
    connected: bool,
    end_is_near: bool,
}

impl Tcp {
    /// Begins to connect.
    pub fn connect(address: SocketAddr) -> io::Result<Tcp> {
        Ok(Tcp { stream: TcpStream::connect(address)?, connected: false, end_is_near: false })
    }

    /// What mio registers.
    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

impl Transport for Tcp {
    fn short_read_is_last(&self) -> bool {
        // epoll and kqueue tell new bytes anew; on Windows mio re-arms only after `WouldBlock`.
        cfg!(unix) && !self.end_is_near
    }

    fn end_is_near(&mut self) {
        self.end_is_near = true;
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        if self.connected {
            return Ok(true);
        }
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                // Messages of a game are small and wait for each other: no delay to gather them. The engine gathers.
                self.stream.set_nodelay(true)?;
                self.connected = true;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            // macOS says this for a connection that is being made.
            Err(error) if cfg!(target_vendor = "apple") && error.kind() == io::ErrorKind::InvalidInput => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.stream.read(buffer);
        if self.end_is_near && matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // It was another stream's end: one that has ended never says so.
            self.end_is_near = false;
        }
        result
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn end_writing(&mut self) {
        // It fails only where the connection is gone already, which the next read tells.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

//! TCP, by mio.

use super::Transport;
use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;
#[cfg(unix)]
use {socket2::MaybeUninitSlice, std::mem::MaybeUninit};

/// TCP's own probes are for what the heartbeat cannot see: a peer that is gone while the host does not let us read.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EACH: Duration = Duration::from_secs(15);

/// A TCP connection, made or being made.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
    connected: bool,
    note_hangup: bool,
}

impl Tcp {
    /// Begins to connect.
    pub fn connect(address: SocketAddr) -> io::Result<Tcp> {
        Ok(Tcp { stream: TcpStream::connect(address)?, connected: false, note_hangup: false })
    }

    fn saw(&mut self, read: &io::Result<usize>) {
        if self.note_hangup && matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // It was another stream's end: one that has ended never says so.
            self.note_hangup = false;
        }
    }

    /// What mio registers.
    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

impl Transport for Tcp {
    fn short_read_is_last(&self) -> bool {
        // epoll and kqueue tell new bytes anew; on Windows mio re-arms only after `WouldBlock`.
        cfg!(unix) && !self.note_hangup
    }

    fn note_hangup(&mut self) {
        self.note_hangup = true;
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        if self.connected {
            return Ok(true);
        }
        match self.stream.peer_addr() {
            // Where nobody listens on a port of this machine, TCP may connect it to itself, if it is the one that was drawn
            // for our side. A client that tries again and again meets that.
            Ok(peer) if peer.ip().is_loopback() && self.stream.local_addr()? == peer => {
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            Ok(_) => {
                // Messages of a game are small and wait for each other: no delay to gather them. The engine gathers.
                self.stream.set_nodelay(true)?;
                self.connected = true;
                Ok(true)
            }
            // It is being made, which macOS calls an invalid argument, or it has failed.
            Err(error)
                if error.kind() == io::ErrorKind::NotConnected
                    || cfg!(target_vendor = "apple") && error.kind() == io::ErrorKind::InvalidInput =>
            {
                self.stream.take_error()?.map_or(Ok(false), Err)
            }
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.stream.read(buffer);
        self.saw(&result);
        result
    }

    #[cfg(unix)]
    #[allow(unsafe_code)] // reading where nothing was written yet
    fn read_onto(&mut self, out: &mut Vec<u8>, most: usize, beyond: &mut [u8]) -> Option<io::Result<(usize, usize)>> {
        let room = out.spare_capacity_mut();
        let most = most.min(room.len());
        let socket = SockRef::from(&self.stream);
        // SAFETY: the same bytes, of which none becomes uninitialised: the system only writes there.
        let beyond = unsafe { &mut *(std::ptr::from_mut(beyond) as *mut [MaybeUninit<u8>]) };
        let result = if beyond.is_empty() {
            socket.recv(&mut room[..most])
        } else {
            let mut places = [MaybeUninitSlice::new(&mut room[..most]), MaybeUninitSlice::new(beyond)];
            socket.recv_vectored(&mut places).map(|(count, _)| count)
        };
        self.saw(&result);
        Some(result.map(|count| {
            let onto = count.min(most);
            // SAFETY: the places are filled in their order, so so many bytes behind the length are initialised.
            unsafe { out.set_len(out.len() + onto) };
            (onto, count - onto)
        }))
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    /// What the system does not know, or refuses, the heartbeat makes up for.
    fn enable_keepalive(&mut self, patience: Duration) {
        let socket = SockRef::from(&self.stream);
        let _ =
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EACH));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket.set_tcp_user_timeout(Some(patience));
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = patience;
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[allow(unsafe_code)] // how much is in the send queue is not in std
    fn unacked_bytes(&mut self) -> Option<usize> {
        use std::os::fd::AsRawFd;
        let mut queued: libc::c_int = 0;
        // SAFETY: the descriptor is open as long as `self.stream` lives, and TIOCOUTQ writes one int, which `queued` is.
        let asked = unsafe { libc::ioctl(self.stream.as_raw_fd(), libc::TIOCOUTQ, &mut queued) };
        (asked == 0).then(|| usize::try_from(queued).unwrap_or(0))
    }

    #[cfg(target_vendor = "apple")]
    #[allow(unsafe_code)] // how much is in the send queue is not in std
    fn unacked_bytes(&mut self) -> Option<usize> {
        use std::os::fd::AsRawFd;
        let (mut queued, mut size) = (0 as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
        // SAFETY: the descriptor is open as long as `self.stream` lives, and SO_NWRITE writes one int, which `queued` is.
        let asked = unsafe {
            let out = (&raw mut queued).cast();
            libc::getsockopt(self.stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NWRITE, out, &mut size)
        };
        (asked == 0).then(|| usize::try_from(queued).unwrap_or(0))
    }

    fn end_writing(&mut self) {
        // It fails only where the connection is gone already, which the next read tells.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};

    #[test]
    fn a_connection_to_itself_is_refused() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let itself = socket.local_addr().unwrap();
        socket.connect(&itself).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into());
        let mut tcp = Tcp { stream, connected: false, note_hangup: false };
        assert_eq!(tcp.poll_connected().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}

//! TCP, with mio.

use super::local_side::LocalSide;
use super::{HostCall, Transport};
use mio::net::TcpStream;
use parking_lot::Mutex;
use socket2::{SockRef, Socket, TcpKeepalive};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
#[cfg(unix)]
use {socket2::MaybeUninitSlice, std::mem::MaybeUninit};

/// The keep-alive probes of TCP detect a lost peer even while the connection does not read, because the host does not poll. The
/// heartbeat cannot do that.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EACH: Duration = Duration::from_secs(15);

/// A TCP connection, established or in progress.
#[derive(Debug)]
pub struct Tcp {
    stream: TcpStream,
    state: State,
    /// A readiness event has reported the end or an error of the stream.
    hung_up: bool,
    /// The last write would have blocked.
    write_blocked: bool,
}

#[derive(Debug)]
enum State {
    /// The host may change the socket before it connects.
    Held(Box<Held>),
    Connecting,
    Connected,
}

#[derive(Debug)]
struct Held {
    address: SocketAddr,
    loan: Arc<Loan>,
}

/// A socket that a connection lends to the host. If the host has not taken it, it is dropped with the connection.
#[derive(Debug)]
struct Loan {
    /// The socket with its own descriptor, so that the host can use the number until it returns, even if the connection ends.
    /// `None`: the socket was taken.
    socket: Mutex<Option<Socket>>,
    /// The number that `on_socket` has returned.
    verdict: OnceLock<i32>,
}

/// A socket that the host may change before it connects.
#[derive(Debug)]
pub struct Lent(Weak<Loan>);

impl Lent {
    /// Returns whether the connection still waits.
    pub fn is_wanted(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Lets the host change the socket: `change` gets the descriptor, and returns the number of the host. Returns true if the
    /// connection waits for it. The connection must then be called again. Returns false if it does not wait any more. Then
    /// `change` may not have been called.
    pub fn change(self, change: impl FnOnce(isize) -> i32) -> bool {
        let Some(socket) = self.0.upgrade().and_then(|loan| loan.socket.lock().take()) else { return false };
        #[cfg(unix)]
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&socket) as isize;
        #[cfg(windows)]
        let descriptor = std::os::windows::io::AsRawSocket::as_raw_socket(&socket) as isize;
        let number = change(descriptor);
        drop(socket);
        self.0.upgrade().is_some_and(|loan| loan.verdict.set(number).is_ok())
    }
}

impl Tcp {
    /// Begins to connect.
    pub fn connect(address: SocketAddr, local: &LocalSide) -> io::Result<Tcp> {
        let stream = if local.is_any() {
            TcpStream::connect(address)?
        } else {
            let stream = TcpStream::from_std(local.socket(&address)?.into());
            begin_to_connect(&stream, address)?;
            stream
        };
        Ok(Tcp { stream, state: State::Connecting, hung_up: false, write_blocked: false })
    }

    /// Like [`Tcp::connect`], but the host may change the socket first. [`Tcp::continue_connecting`] begins to connect.
    pub fn hold(address: SocketAddr, local: &LocalSide) -> io::Result<(Tcp, Lent)> {
        let socket = local.socket(&address)?;
        let loan = Arc::new(Loan { socket: Mutex::new(Some(socket.try_clone()?)), verdict: OnceLock::new() });
        let lent = Lent(Arc::downgrade(&loan));
        let state = State::Held(Box::new(Held { address, loan }));
        let stream = TcpStream::from_std(socket.into());
        Ok((Tcp { stream, state, hung_up: false, write_blocked: false }, lent))
    }

    /// Begins to connect if the host has allowed it. Then returns true, and the caller registers the source. Fails if the host
    /// has refused.
    pub fn continue_connecting(&mut self) -> io::Result<bool> {
        let State::Held(held) = &self.state else { return Ok(false) };
        match held.loan.verdict.get() {
            None => return Ok(false),
            Some(0) => {}
            Some(number) => {
                return Err(io::Error::other(format!("on_socket refused the descriptor (it returned {number})")));
            }
        }
        begin_to_connect(&self.stream, held.address)?;
        self.state = State::Connecting;
        Ok(true)
    }

    fn note_read(&mut self, read: &io::Result<usize>) {
        if self.hung_up && matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            // The event belonged to another stream, because a read of an ended stream never returns `WouldBlock`.
            self.hung_up = false;
        }
    }

    /// Returns the source that the caller registers in mio.
    pub fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

/// Returns whether this machine has a route to the address. A UDP socket can be connected only if there is one, and this sends
/// nothing.
pub fn has_route(address: IpAddr) -> bool {
    let any = match address {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((address, 9))).is_ok()
}

fn begin_to_connect(stream: &TcpStream, address: SocketAddr) -> io::Result<()> {
    match SockRef::from(stream).connect(&address.into()) {
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        result => result,
    }
}

impl Transport for Tcp {
    fn short_read_is_last(&self) -> bool {
        // epoll and kqueue report new bytes with a new event. On Windows, mio reports them only after a read that would block.
        cfg!(unix) && !self.hung_up
    }

    fn note_hangup(&mut self) {
        self.hung_up = true;
    }

    fn waits_for_writing(&mut self) -> bool {
        std::mem::take(&mut self.write_blocked) || !matches!(self.state, State::Connected)
    }

    fn host_call(&self) -> Option<HostCall> {
        let State::Held(held) = &self.state else { return None };
        Some(if held.loan.socket.lock().is_some() { HostCall::Waits } else { HostCall::Runs })
    }

    fn poll_connected(&mut self) -> io::Result<bool> {
        match self.state {
            State::Held(_) => return Ok(false),
            State::Connecting => {}
            State::Connected => return Ok(true),
        }
        match self.stream.peer_addr() {
            // If nothing listens on a local port, and the system selects this port for our side, TCP connects the socket to
            // itself. This happens to clients that retry often.
            Ok(peer) if peer.ip().is_loopback() && self.stream.local_addr()? == peer => {
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            Ok(_) => {
                // Messages of a game are small, so TCP must not delay them. The send queue combines small messages.
                self.stream.set_nodelay(true)?;
                self.state = State::Connected;
                Ok(true)
            }
            // Either the connection is in progress, which macOS reports as an invalid argument, or it has failed.
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
        self.note_read(&result);
        result
    }

    #[cfg(unix)]
    #[allow(unsafe_code)] // reads into uninitialised memory
    fn read_onto(&mut self, out: &mut Vec<u8>, most: usize, beyond: &mut [u8]) -> Option<io::Result<(usize, usize)>> {
        let room = out.spare_capacity_mut();
        let most = most.min(room.len());
        let socket = SockRef::from(&self.stream);
        // SAFETY: these are the bytes of `beyond`. None of them becomes uninitialised, because the system only writes to them.
        let beyond = unsafe { &mut *(std::ptr::from_mut(beyond) as *mut [MaybeUninit<u8>]) };
        let result = if beyond.is_empty() {
            socket.recv(&mut room[..most])
        } else {
            let mut buffers = [MaybeUninitSlice::new(&mut room[..most]), MaybeUninitSlice::new(beyond)];
            socket.recv_vectored(&mut buffers).map(|(count, _)| count)
        };
        self.note_read(&result);
        Some(result.map(|count| {
            let onto = count.min(most);
            // SAFETY: the system fills the buffers in their order, so `onto` bytes after the length are initialised.
            unsafe { out.set_len(out.len() + onto) };
            (onto, count - onto)
        }))
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.stream.write(bytes);
        if cfg!(windows) {
            self.write_blocked = matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        }
        result
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    /// Errors are ignored, because the heartbeat also detects a lost peer.
    fn enable_keepalive(&mut self, unacked_timeout: Duration) {
        let socket = SockRef::from(&self.stream);
        let _ =
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EACH));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket.set_tcp_user_timeout(Some(unacked_timeout));
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = unacked_timeout;
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[allow(unsafe_code)] // std has no function for the size of the send buffer
    fn unacked_bytes(&mut self) -> Option<usize> {
        use std::os::fd::AsRawFd;
        let mut queued: libc::c_int = 0;
        // SAFETY: the descriptor is open as long as `self.stream` lives, and TIOCOUTQ writes one int, which `queued` is.
        let result = unsafe { libc::ioctl(self.stream.as_raw_fd(), libc::TIOCOUTQ, &mut queued) };
        (result == 0).then(|| usize::try_from(queued).unwrap_or(0))
    }

    #[cfg(target_vendor = "apple")]
    #[allow(unsafe_code)] // std has no function for the size of the send buffer
    fn unacked_bytes(&mut self) -> Option<usize> {
        use std::os::fd::AsRawFd;
        let (mut queued, mut size) = (0 as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
        // SAFETY: the descriptor is open as long as `self.stream` lives, and SO_NWRITE writes one int, which `queued` is.
        let result = unsafe {
            let out = (&raw mut queued).cast();
            libc::getsockopt(self.stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NWRITE, out, &mut size)
        };
        (result == 0).then(|| usize::try_from(queued).unwrap_or(0))
    }

    /// An error is ignored: then the connection is already lost, or it ends without a reset.
    fn reset_on_drop(&mut self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    fn end_writing(&mut self) {
        // This fails only if the connection is already lost. The next read returns that error.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::{Domain, Socket, Type};

    #[test]
    fn a_socket_connected_to_itself_is_refused() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let own_address = socket.local_addr().unwrap();
        socket.connect(&own_address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into());
        let mut tcp = Tcp { stream, state: State::Connecting, hung_up: false, write_blocked: false };
        assert_eq!(tcp.poll_connected().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    /// Otherwise a connection that has nothing more to write would run endlessly on Windows.
    #[test]
    fn a_write_that_would_have_blocked_waits_for_one_report() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(stream);
        let mut tcp = Tcp { stream, state: State::Connecting, hung_up: false, write_blocked: false };
        assert!(tcp.waits_for_writing() && tcp.waits_for_writing());
        assert!(tcp.poll_connected().unwrap());
        assert!(!tcp.waits_for_writing());
        tcp.write_blocked = true;
        assert!(tcp.waits_for_writing());
        assert!(!tcp.waits_for_writing());
    }
}

//! The local side of a TCP connection: a local address, and a network interface.

use super::InContext;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The local side of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalSide {
    /// The local address. `None`: the system chooses.
    pub address: Option<IpAddr>,
    /// The network interface. `None`: the system chooses.
    pub interface: Option<String>,
}

impl LocalSide {
    /// Returns whether the system chooses everything.
    pub fn is_any(&self) -> bool {
        self.address.is_none() && self.interface.is_none()
    }

    /// Returns whether a connection to the address can have the local address. Both must be of one family.
    pub fn fits(&self, address: &SocketAddr) -> bool {
        self.address.is_none_or(|local| local.is_ipv4() == address.is_ipv4())
    }

    /// Makes a socket that does not block and is close-on-exec, for a connection to the address.
    pub fn socket(&self, address: &SocketAddr) -> io::Result<Socket> {
        if let Some(local) = self.address.filter(|_| !self.fits(address)) {
            let detail = format!("local_address {local} is of the other family");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, detail));
        }
        let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if let Some(interface) = &self.interface {
            bind_interface(&socket, interface, address)
                .map_err(|error| InContext::error(format!("local_interface {interface}"), error))?;
        }
        if let Some(local) = self.address {
            choose_port_late(&socket);
            socket
                .bind(&SocketAddr::new(local, 0).into())
                .map_err(|error| InContext::error(format!("local_address {local}"), error))?;
        }
        Ok(socket)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_interface(socket: &Socket, interface: &str, _: &SocketAddr) -> io::Result<()> {
    socket.bind_device(Some(interface.as_bytes()))
}

#[cfg(target_vendor = "apple")]
#[allow(unsafe_code)] // std has no function for the number of an interface
fn bind_interface(socket: &Socket, interface: &str, address: &SocketAddr) -> io::Result<()> {
    let name = std::ffi::CString::new(interface)?;
    // SAFETY: `name` is a C string that lives until the call returns.
    let number = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let Some(number) = std::num::NonZeroU32::new(number) else { return Err(io::Error::last_os_error()) };
    match address {
        SocketAddr::V4(_) => socket.bind_device_by_index_v4(Some(number)),
        SocketAddr::V6(_) => socket.bind_device_by_index_v6(Some(number)),
    }
}

/// This system has no way to choose an interface, so `config` refuses the option.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn bind_interface(_: &Socket, _: &str, _: &SocketAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Lets the system choose the port when the socket connects, so that two connections to different servers may use one port.
/// Without this, a local address can have only some 28000 connections. An error is ignored: then the port is chosen now.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)] // socket2 has no function for IP_BIND_ADDRESS_NO_PORT
fn choose_port_late(socket: &Socket) {
    use std::os::fd::AsRawFd;
    let on: libc::c_int = 1;
    // SAFETY: the descriptor is open as long as `socket` lives, and the option is one int, which `on` is.
    unsafe {
        let size = size_of_val(&on) as libc::socklen_t;
        let level = libc::IPPROTO_IP;
        libc::setsockopt(socket.as_raw_fd(), level, libc::IP_BIND_ADDRESS_NO_PORT, (&raw const on).cast(), size);
    }
}

/// This system has no such option.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn choose_port_late(_: &Socket) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn error(local: &LocalSide, address: &str) -> (i32, String) {
        let error = local.socket(&address.parse().unwrap()).unwrap_err();
        (crate::transport::os_error(&error), error.to_string())
    }

    #[test]
    fn a_socket_is_bound_to_the_local_address() {
        let local = LocalSide { address: Some(Ipv4Addr::new(127, 0, 0, 5).into()), interface: None };
        let socket = local.socket(&"127.0.0.1:80".parse().unwrap()).unwrap();
        assert_eq!(socket.local_addr().unwrap().as_socket().unwrap().ip(), local.address.unwrap());
        assert!(socket.nonblocking().unwrap());
    }

    #[test]
    fn errors_name_the_option_and_keep_the_number_of_the_system() {
        let v4 = LocalSide { address: Some(Ipv4Addr::new(192, 0, 2, 1).into()), interface: None };
        let (number, text) = error(&v4, "127.0.0.1:80");
        assert_eq!(number, libc::EADDRNOTAVAIL);
        assert!(text.starts_with("local_address 192.0.2.1: "), "{text}");
        assert_eq!(error(&v4, "[::1]:80"), (0, "local_address 192.0.2.1 is of the other family".to_owned()));
        let v6 = LocalSide { address: Some(Ipv6Addr::LOCALHOST.into()), interface: None };
        assert_eq!(error(&v6, "127.0.0.1:80"), (0, "local_address ::1 is of the other family".to_owned()));
        assert!(v6.fits(&"[::1]:80".parse().unwrap()) && !v6.fits(&"127.0.0.1:80".parse().unwrap()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_interface_that_does_not_exist_is_an_error() {
        let local = LocalSide { address: None, interface: Some("no-such-if".to_owned()) };
        let (number, text) = error(&local, "127.0.0.1:80");
        assert_eq!(number, libc::ENODEV);
        assert!(text.starts_with("local_interface no-such-if: "), "{text}");
        // This name is longer than any name of an interface.
        let local = LocalSide { address: None, interface: Some("x".repeat(64)) };
        assert!(error(&local, "127.0.0.1:80").1.starts_with("local_interface xxx"));
    }
}

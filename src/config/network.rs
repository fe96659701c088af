//! The addresses of both sides of the TCP connection.

use super::LoopTls;
use super::options::SocketOptions;
use super::value::{copy, text};
use crate::error::{DetailedError, Error};
use crate::input_limits;
use crate::transport::local_side::LocalSide;
use crate::transport::proxy::{Proxies, Proxy};
use std::net::{IpAddr, SocketAddr};

pub(super) fn local_side(options: &SocketOptions<'_>) -> Result<LocalSide, DetailedError> {
    let address = text(&"local_address", options.local_address, input_limits::IP_ADDRESS)?;
    let interface = text(&"local_interface", options.local_interface, input_limits::INTERFACE)?;
    let invalid_address = |_| DetailedError::invalid("local_address is not an IP address (without a port)");
    if interface == Some("") {
        return Err(DetailedError::invalid("local_interface is empty: leave it NULL, or give a name"));
    }
    if interface.is_some() && !cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple")) {
        let detail = "local_interface: this system has no way to choose an interface; use local_address";
        return Err(DetailedError::new(Error::Unsupported, detail));
    }
    Ok(LocalSide {
        address: address.map(|address| address.parse().map_err(invalid_address)).transpose()?,
        interface: interface.map(copy).transpose()?,
    })
}

/// Reads the option `addresses`. `None`: there are none.
pub(super) fn addresses(list: Option<&[u8]>) -> Result<Vec<SocketAddr>, DetailedError> {
    let Some(list) = text(&"addresses", list, input_limits::TEXT)? else { return Ok(Vec::new()) };
    match read_addresses(list) {
        Ok(addresses) if addresses.is_empty() => {
            Err(DetailedError::invalid("addresses is empty: leave it NULL, or give an address"))
        }
        read => read.map_err(|why| DetailedError::invalid(format!("addresses: {why}"))),
    }
}

/// Reads the addresses that a hook has found. An empty text: there are none.
pub fn found_addresses(list: &[u8]) -> Result<Vec<SocketAddr>, DetailedError> {
    let list = text(&"addresses", Some(list), input_limits::TEXT)?.unwrap_or("");
    read_addresses(list).map_err(|why| DetailedError::invalid(format!("addresses: {why}")))
}

/// Reads the proxies that a hook has found. An item without a proxy, and an empty text, are a direct connection.
pub fn found_proxies(list: &[u8], loop_tls: LoopTls) -> Result<Vec<Option<Proxy>>, DetailedError> {
    let proxies = Proxies::read_list(text(&"proxies", Some(list), input_limits::TEXT)?.unwrap_or(""))?;
    loop_tls.check(proxies.iter().flatten().any(Proxy::is_secure))?;
    Ok(proxies)
}

/// Reads a list of addresses, separated by commas. The port of an address without one is 0. The error describes the fault.
fn read_addresses(list: &str) -> Result<Vec<SocketAddr>, String> {
    let items = list.split(',').map(str::trim);
    if list.trim().is_empty() {
        return Ok(Vec::new());
    }
    if items.clone().count() > input_limits::ADDRESSES {
        return Err(format!("more than {} addresses", input_limits::ADDRESSES));
    }
    items.map(read_address).collect()
}

fn read_address(item: &str) -> Result<SocketAddr, String> {
    let bare = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(item);
    let without_port = bare.parse::<IpAddr>().ok().filter(|address| bare == item || address.is_ipv6());
    let address = match without_port {
        Some(address) => SocketAddr::new(address, 0),
        None => item.parse().ok().filter(|address: &SocketAddr| address.port() != 0).ok_or_else(|| {
            format!("`{item}` is not an IP address, such as 192.0.2.1, 192.0.2.1:443, 2001:db8::1 or [2001:db8::1]:443")
        })?,
    };
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_addresses_are_read() {
        for (list, expected) in [
            ("", &[][..]),
            (" ", &[]),
            ("192.0.2.1", &["192.0.2.1:0"]),
            ("192.0.2.1:443", &["192.0.2.1:443"]),
            (" 192.0.2.1 ,2001:db8::1", &["192.0.2.1:0", "[2001:db8::1]:0"]),
            ("[2001:db8::1]", &["[2001:db8::1]:0"]),
            ("[2001:db8::1]:8443,::ffff:192.0.2.1", &["[2001:db8::1]:8443", "[::ffff:192.0.2.1]:0"]),
            ("1.2.3.4:65535", &["1.2.3.4:65535"]),
        ] {
            let expected: Vec<SocketAddr> = expected.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(read_addresses(list), Ok(expected), "{list}");
        }
    }

    #[test]
    fn lists_that_are_not_addresses_are_refused() {
        for list in [
            ",",
            "192.0.2.1,",
            "192.0.2.1,,192.0.2.2",
            "example.com",
            "example.com:443",
            "192.0.2.1:0",
            "192.0.2.1:65536",
            "192.0.2.1:",
            ":443",
            "[192.0.2.1]",
            "[192.0.2.1]:443",
            "[2001:db8::1",
            "2001:db8::1]:443",
            "[fe80::1%eth0]:443",
            "fe80::1%2",
            "192.0.2",
            "0x7f.1",
            "192.0.2.1 192.0.2.2",
            "192.0.2.1:443:443",
            "http://192.0.2.1",
            "192.0.2.1/24",
        ] {
            assert!(read_addresses(list).is_err(), "{list}");
        }
        let most = vec!["192.0.2.1"; input_limits::ADDRESSES].join(",");
        assert_eq!(read_addresses(&most).map(|list| list.len()), Ok(input_limits::ADDRESSES));
        assert!(read_addresses(&format!("{most},192.0.2.1")).is_err());
    }
}

//! The address space of an address: public, private or loopback, as in the Private Network Access draft of the WICG. A redirect
//! must not lead to a nearer space than the space of the server that sent it. Otherwise a server on the internet could make this
//! machine connect to services that trust its network.

use crate::transport::is_localhost;
use crate::web_url::Host;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address space. In the order of this type, the farthest space comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AddressSpace {
    Public,
    /// This machine's network: private (RFC 1918), shared (RFC 6598), unique local (RFC 4193), link-local, and addresses that are not
    /// used on the internet.
    Private,
    /// This machine.
    Loopback,
}

impl fmt::Display for AddressSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressSpace::Public => "a public address",
            AddressSpace::Private => "a private address",
            AddressSpace::Loopback => "a loopback address",
        })
    }
}

impl AddressSpace {
    pub(super) fn of(address: IpAddr) -> AddressSpace {
        match address {
            IpAddr::V4(address) => AddressSpace::of_v4(address),
            IpAddr::V6(address) => AddressSpace::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> AddressSpace {
        match address.octets() {
            // On Linux a connection to 0.0.0.0 leads to this machine.
            [127, ..] | [0, ..] => AddressSpace::Loopback,
            [10, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [169, 254, ..]
            | [100, 64..=127, ..]
            | [198, 18..=19, ..] => AddressSpace::Private,
            // These are multicast, reserved and broadcast addresses.
            [224..=255, ..] => AddressSpace::Private,
            _ => AddressSpace::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> AddressSpace {
        if address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED {
            return AddressSpace::Loopback;
        }
        let [high, low] = [6, 7].map(|at| address.segments()[at].to_be_bytes());
        let last = Ipv4Addr::new(high[0], high[1], low[0], low[1]);
        match address.segments() {
            // These contain an IPv4 address: mapped or compatible (RFC 4291 section 2.5.5), NAT64 (RFC 6052), 6to4 (RFC 3056).
            [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => AddressSpace::of_v4(last),
            [0x2002, first, second, ..] => {
                let [high, low] = [first, second].map(u16::to_be_bytes);
                AddressSpace::of_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1]))
            }
            // These are local NAT64 (RFC 8215), unique local, link-local, site-local and multicast addresses.
            [0x64, 0xff9b, 1, ..] | [0xfc00..=0xfdff, ..] | [0xfe80..=0xfeff, ..] | [0xff00..=0xffff, ..] => {
                AddressSpace::Private
            }
            _ => AddressSpace::Public,
        }
    }

    /// Returns the space of a host that is not looked up here. `None` for a name other than `localhost`.
    pub(super) fn of_host(host: &Host) -> Option<AddressSpace> {
        match host {
            Host::Ipv4(address) => Some(AddressSpace::of_v4(*address)),
            Host::Ipv6(address) => Some(AddressSpace::of_v6(*address)),
            Host::Domain(name) => is_localhost(name).then_some(AddressSpace::Loopback),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_assigned_to_their_space() {
        for (space, addresses) in [
            (AddressSpace::Loopback, &["127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "::1", "::"][..]),
            (
                AddressSpace::Loopback,
                &["::ffff:127.0.0.1", "::7f00:1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "::ffff:0.0.0.0"],
            ),
            (
                AddressSpace::Private,
                &["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
            ),
            (
                AddressSpace::Private,
                &["169.254.0.0", "169.254.169.254", "100.64.0.0", "100.127.255.255", "198.18.0.1", "198.19.0.1"],
            ),
            (AddressSpace::Private, &["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"]),
            (
                AddressSpace::Private,
                &["fc00::", "fdff:ffff::1", "fe80::", "fe80::1", "febf::1", "fec0::1", "ff02::1", "64:ff9b:1::1"],
            ),
            (
                AddressSpace::Private,
                &["::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "64:ff9b::c0a8:1", "2002:a00:1::1"],
            ),
            (
                AddressSpace::Public,
                &["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"],
            ),
            (
                AddressSpace::Public,
                &["192.169.0.0", "169.253.255.255", "169.255.0.0", "100.63.255.255", "100.128.0.0", "198.17.0.1"],
            ),
            (AddressSpace::Public, &["198.20.0.1", "126.255.255.255", "128.0.0.0", "223.255.255.255", "203.0.113.1"]),
            (
                AddressSpace::Public,
                &["2606:4700::1111", "fbff::1", "fe7f::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"],
            ),
        ] {
            for address in addresses {
                assert_eq!(AddressSpace::of(address.parse().unwrap()), space, "{address}");
            }
        }
        assert!(AddressSpace::Public < AddressSpace::Private && AddressSpace::Private < AddressSpace::Loopback);
    }
}

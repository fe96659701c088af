//! `NO_PROXY`: the hosts that are connected to without the proxy of the environment.

use crate::transport::{is_localhost, is_under};
use crate::web_url::Host;
use std::net::IpAddr;

/// The parsed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// The port. `None`: any port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// The name and its subdomains.
    Domain(String),
    /// The addresses with this prefix; the number is its length in bits.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Parses a list with commas or spaces between its entries. An entry is one of these:
    /// - `*`;
    /// - a name, with or without a dot or `*.` before it, which includes its subdomains;
    /// - an address;
    /// - a network (`10.0.0.0/8`).
    ///
    /// All of them except a network may have a `:port`. Any other entry matches no host, as in curl and Go.
    pub(super) fn read(list: &str) -> NoProxy {
        NoProxy(list.split(|c: char| c == ',' || c.is_whitespace()).filter_map(Entry::read).collect())
    }

    /// Returns true if this host is connected directly. Names are not resolved: an address in the list matches only a URL with that
    /// address.
    pub(super) fn matches(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|entry| entry.port.is_none_or(|only| only == port) && entry.hosts.match_host(host))
    }
}

impl Entry {
    fn read(text: &str) -> Option<Entry> {
        if let Some((address, bits)) = text.split_once('/') {
            let (address, bits) = (address.parse::<IpAddr>().ok()?, bits.parse::<u32>().ok()?);
            let most = if address.is_ipv4() { 32 } else { 128 };
            return (bits <= most).then_some(Entry { hosts: Hosts::Network(address, bits), port: None });
        }
        // This is an IPv6 address without brackets. The text after its last colon is not a port.
        if let Ok(address) = text.parse() {
            return Some(Entry { hosts: Hosts::one(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let hosts = match host {
            "*" => Hosts::All,
            _ => match Host::parse(host.strip_prefix("*.").unwrap_or(host).trim_matches('.')).ok()? {
                Host::Domain(name) => Hosts::Domain(name),
                Host::Ipv4(address) => Hosts::one(address.into()),
                Host::Ipv6(address) => Hosts::one(address.into()),
            },
        };
        Some(Entry { hosts, port })
    }
}

impl Hosts {
    fn one(address: IpAddr) -> Hosts {
        let address = address.to_canonical();
        Hosts::Network(address, if address.is_ipv4() { 32 } else { 128 })
    }

    fn match_host(&self, host: &Host) -> bool {
        match (self, address(host), host) {
            (Hosts::All, ..) => true,
            (Hosts::Domain(domain), _, Host::Domain(name)) => is_under(name, domain),
            (Hosts::Network(IpAddr::V4(network), bits), Some(IpAddr::V4(address)), _) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            (Hosts::Network(IpAddr::V6(network), bits), Some(IpAddr::V6(address)), _) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= *bits
            }
            (Hosts::Domain(_) | Hosts::Network(..), ..) => false,
        }
    }
}

/// Returns true if the host is a loopback address, or a name for one.
pub(super) fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(_) | Host::Ipv6(_) => address(host).is_some_and(|address| address.is_loopback()),
    }
}

/// Returns the address, if the host is one. An IPv4-mapped IPv6 address counts as IPv4.
fn address(host: &Host) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_url;

    #[test]
    fn lists_are_parsed_as_in_curl_and_go() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            // Each row: the list, hosts that match, and hosts that do not match.
            ("", &[], &["a", "1.2.3.4"]),
            (",, ,", &[], &["a", "1.2.3.4"]),
            ("*", &["a", "1.2.3.4", "[::2]"], &[]),
            ("x, *", &["a"], &[]),
            ("*:81", &["a:81"], &["a"]),
            ("a.b", &["a.b", "A.B", "a.b.", "x.a.b", "y.x.a.b", "a.b:81"], &["xa.b", "b", "a", "a.b.c"]),
            (".a.b", &["a.b", "x.a.b"], &["xa.b", "b"]),
            ("*.a.b", &["a.b", "x.a.b"], &["xa.b", "b"]),
            ("*a.b", &[], &["a.b", "xa.b", "x.a.b"]),
            ("A.B.", &["a.b", "x.a.b"], &["xa.b"]),
            ("a,b c\td", &["a", "b", "c", "d"], &["e"]),
            (" a , b ", &["a", "b"], &["c"]),
            ("a:81", &["a:81", "x.a:81"], &["a", "a:8", "b:81"]),
            (".a:81", &["a:81", "x.a:81"], &["a"]),
            #[cfg(feature = "idn")]
            ("b\u{fc}cher.example", &["xn--bcher-kva.example", "a.b\u{fc}cher.example"], &["bucher.example"]),
            (
                "1.2.3.4",
                &["1.2.3.4", "1.2.3.4:81", "[::ffff:1.2.3.4]"],
                &["1.2.3.5", "x.1.2.3.4.example", "[::1.2.3.4]"],
            ),
            ("::ffff:1.2.3.4", &["1.2.3.4", "[::ffff:1.2.3.4]"], &["1.2.3.5"]),
            ("1.2.3.4:81", &["1.2.3.4:81"], &["1.2.3.4"]),
            ("2001:db8::1", &["[2001:db8::1]", "[2001:DB8:0::1]:81"], &["[2001:db8::2]", "1.2.3.4"]),
            ("[2001:db8::1]", &["[2001:db8::1]"], &["[2001:db8::2]"]),
            ("[2001:db8::1]:81", &["[2001:db8::1]:81"], &["[2001:db8::1]"]),
            (
                "10.0.0.0/8",
                &["10.0.0.0", "10.255.255.255", "[::ffff:10.1.1.1]"],
                &["11.0.0.0", "9.255.255.255", "[::a00:0]"],
            ),
            ("10.1.2.3/8", &["10.200.0.1"], &["11.1.2.3"]),
            ("192.168.1.128/25", &["192.168.1.128", "192.168.1.255"], &["192.168.1.127", "192.168.2.128"]),
            ("1.2.3.4/32", &["1.2.3.4"], &["1.2.3.5"]),
            ("0.0.0.0/0", &["1.2.3.4", "255.255.255.255"], &["[::2]", "a"]),
            ("2001:db8::/32", &["[2001:db8::]", "[2001:db8:ffff::1]"], &["[2001:db9::]", "1.2.3.4"]),
            ("::/0", &["[::2]", "[ffff::]"], &["1.2.3.4", "a"]),
            // Invalid entries match nothing, and do not affect other entries.
            (
                "10.0.0.0/33,::/129,1.2.3.4/,/8,a/8,a:b,a:99999,[::1,.,*.,:81,b",
                &["b"],
                &["1.2.3.4", "10.0.0.1", "a", "[::]"],
            ),
        ];
        for (list, matching, others) in rows {
            let no_proxy = NoProxy::read(list);
            for (hosts, expected) in [(matching, true), (others, false)] {
                for text in *hosts {
                    let url = web_url::parse(&format!("ws://{text}")).map_err(|why| why.to_string()).unwrap().url;
                    assert_eq!(no_proxy.matches(url.host(), url.port().unwrap()), expected, "{list:?}: {text}");
                }
            }
        }
    }
}

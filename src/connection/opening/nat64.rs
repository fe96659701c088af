//! NAT64: on a network without IPv4, an IPv4 address is reached through an IPv6 address that contains it (RFC 6146).
//!
//! ```text
//!   IPv4 address without a route, ──► look-up of a name with known    ──► prefixes ──► prefix + IPv4 address = IPv6 address
//!   on a machine that has IPv6        addresses (RFC 7050)                             (RFC 6052 section 2.2)
//! ```
//!
//! If the system's resolver can make these addresses itself (Apple), it is asked for each IPv4 address instead.

use super::address_space::AddressSpace;
use super::happy_eyeballs::MAX_ADDRESSES;
use crate::connection::{Family, Lookup, Network, Unresolved};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4};

/// The IPv4 addresses of this name are known, so its IPv6 addresses show the prefixes (RFC 7050 section 2.2). The dot at the end
/// prevents a resolver from adding another domain to it.
const NAME: &str = "ipv4only.arpa.";
const KNOWN: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];
/// The largest number of prefixes that are used. Networks have one or two.
const MAX_PREFIXES: usize = 4;
/// An address on the internet: a machine with IPv6 has a route to it.
const PROBE: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x00aa);

/// An address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) address: SocketAddr,
    /// The IPv4 address that NAT64 connects to.
    inside: Option<Ipv4Addr>,
}

impl From<SocketAddr> for Candidate {
    fn from(address: SocketAddr) -> Candidate {
        Candidate { address, inside: None }
    }
}

impl Candidate {
    fn containing(inside: SocketAddrV4, address: Ipv6Addr) -> Candidate {
        Candidate { address: SocketAddr::from((address, inside.port())), inside: Some(*inside.ip()) }
    }

    /// The address space of the machine to which the address leads.
    pub(super) fn space(&self) -> AddressSpace {
        AddressSpace::of(self.inside.map_or(self.address.ip(), IpAddr::V4))
    }
}

/// NAT64 for the addresses of one endpoint.
#[derive(Default)]
pub(super) struct Nat64 {
    /// Look-ups in progress: the name, and the addresses that wait for the answer.
    questions: Vec<(String, Vec<SocketAddrV4>, Lookup)>,
    knowledge: Knowledge,
    /// The number of IPv4 addresses that have waited.
    waited: usize,
    /// The number of addresses that were made.
    made: usize,
}

#[derive(Default)]
enum Knowledge {
    #[default]
    Nothing,
    /// This machine has no route for IPv6.
    Offline,
    Prefixes(Vec<Prefix>),
    /// There is no prefix, or the last query to the system's resolver found no address. The text describes it.
    Failed(String),
}

impl Nat64 {
    /// An attempt with this address has failed, because it has no route. Returns the addresses to try instead that are already
    /// known, or `None` if NAT64 cannot help.
    pub(super) fn no_route<N: Network>(&mut self, address: SocketAddrV4, network: &mut N) -> Option<Vec<Candidate>> {
        let ip = *address.ip();
        if !can_be_inside(ip) || network.has_route(ip.into()) {
            return None;
        }
        let makes_addresses = network.makes_nat64_addresses();
        match &self.knowledge {
            Knowledge::Offline => return None,
            Knowledge::Prefixes(prefixes) => return Some(self.make(&prefixes.clone(), &[address])),
            Knowledge::Failed(_) if !makes_addresses => return Some(Vec::new()),
            Knowledge::Nothing if self.questions.is_empty() && !network.has_route(PROBE.into()) => {
                self.knowledge = Knowledge::Offline;
                return None;
            }
            Knowledge::Nothing | Knowledge::Failed(_) => {}
        }
        if self.waited == MAX_ADDRESSES {
            return Some(Vec::new());
        }
        self.waited += 1;
        let name = if makes_addresses { ip.to_string() } else { NAME.to_owned() };
        match self.questions.iter_mut().find(|(asked, ..)| *asked == name) {
            Some((_, waiting, _)) => waiting.push(address),
            None => {
                let lookup = network.resolve(&name, Family::V6);
                self.questions.push((name, vec![address], lookup));
            }
        }
        Some(Vec::new())
    }

    /// A look-up has ended. Returns the addresses to try, or `None` if the look-up does not belong to NAT64.
    pub(super) fn resolved(
        &mut self,
        name: &str,
        family: Family,
        answer: &Result<Vec<SocketAddr>, Unresolved>,
    ) -> Option<Vec<Candidate>> {
        let asked = |(asked, ..): &(String, Vec<SocketAddrV4>, Lookup)| asked == name;
        let at = self.questions.iter().position(asked).filter(|_| family == Family::V6)?;
        let (name, waiting, _) = self.questions.remove(at);
        let addresses: Vec<Ipv6Addr> = match answer {
            Ok(addresses) => addresses.iter().filter_map(v6).collect(),
            Err(why) => {
                self.knowledge = Knowledge::Failed(why.ending(&name).message);
                return Some(Vec::new());
            }
        };
        if name == NAME {
            let prefixes = prefixes(&addresses);
            let made = self.make(&prefixes, &waiting);
            self.knowledge = match prefixes.is_empty() {
                true => Knowledge::Failed(format!("no IPv6 address of {name} contains a known IPv4 address")),
                false => Knowledge::Prefixes(prefixes),
            };
            return Some(made);
        }
        let pairs = addresses.iter().flat_map(|address| waiting.iter().map(|inside| (*inside, *address)));
        let made: Vec<Candidate> = pairs
            .filter(|(_, address)| is_usable(*address))
            .take(MAX_ADDRESSES - self.made)
            .map(|(inside, address)| Candidate::containing(inside, address))
            .collect();
        self.made += made.len();
        if made.is_empty() {
            self.knowledge = Knowledge::Failed(format!("the system has no IPv6 address for {name}"));
        }
        Some(made)
    }

    pub(super) fn is_looking_up(&self) -> bool {
        !self.questions.is_empty()
    }

    /// Describes why an IPv4 address without a route was not reached.
    pub(super) fn explain(&self) -> String {
        let no_route = "this machine has no IPv4 route there";
        match &self.knowledge {
            _ if self.is_looking_up() => format!("{no_route}, and the look-up of a NAT64 prefix had no answer"),
            Knowledge::Failed(why) => format!("{no_route}, and no NAT64 prefix was found: {why}"),
            Knowledge::Prefixes(_) => {
                format!("{no_route}, and the NAT64 of this network leads to public addresses only")
            }
            Knowledge::Nothing | Knowledge::Offline => no_route.to_owned(),
        }
    }

    /// Makes the IPv6 addresses that contain these IPv4 addresses. Those with the first prefix come first.
    fn make(&mut self, prefixes: &[Prefix], contained: &[SocketAddrV4]) -> Vec<Candidate> {
        let pairs = prefixes.iter().flat_map(|prefix| contained.iter().map(move |inside| (prefix, inside)));
        let made: Vec<Candidate> = pairs
            .filter(|(prefix, inside)| prefix.may_contain(*inside.ip()))
            .take(MAX_ADDRESSES - self.made)
            .map(|(prefix, inside)| Candidate::containing(*inside, prefix.with(*inside.ip())))
            .collect();
        self.made += made.len();
        made
    }
}

fn v6(address: &SocketAddr) -> Option<Ipv6Addr> {
    match address.ip() {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    }
}

/// Returns whether a NAT64 can lead to this address. It cannot if the address belongs to this machine, to its link, or to many
/// machines.
fn can_be_inside(address: Ipv4Addr) -> bool {
    !matches!(address.octets(), [0 | 127 | 224..=255, ..] | [169, 254, ..])
}

/// Returns whether it is the address of one other machine, and not an IPv4 address in another form.
fn is_usable(address: Ipv6Addr) -> bool {
    let is_v4 = address.octets()[..8] == [0; 8]; // compatible, mapped or translated (RFC 4291, RFC 2765)
    !is_v4 && !matches!(address.octets(), [0xff, ..] | [0xfe, 0x80..=0xff, ..])
}

/// A prefix of addresses that contain an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prefix {
    /// The octets of the prefix. The other octets are 0.
    octets: [u8; 16],
    /// The length in octets.
    len: usize,
}

impl Prefix {
    /// The lengths of RFC 6052 section 2.2: 96, 64, 56, 48, 40 and 32 bits.
    const LENGTHS: [usize; 6] = [12, 8, 7, 6, 5, 4];
    /// `64:ff9b::/96`, which many networks use (section 2.1).
    const WELL_KNOWN: Prefix = Prefix { octets: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], len: 12 };

    /// Returns the positions of the octets of the IPv4 address. They follow the prefix, but skip octet 8, which is always 0.
    fn places(len: usize) -> impl Iterator<Item = usize> {
        (len..).filter(|at| *at != 8).take(4)
    }

    /// Returns the prefix of an address that contains `inside`, if the prefix can have this length.
    fn of(address: Ipv6Addr, inside: Ipv4Addr, len: usize) -> Option<Prefix> {
        let mut octets = address.octets();
        let is_there = Prefix::places(len).zip(inside.octets()).all(|(at, octet)| octets[at] == octet);
        let is_reserved_octet_clear = len == 12 || octets[8] == 0;
        octets[len..].fill(0);
        (is_there && is_reserved_octet_clear).then_some(Prefix { octets, len })
    }

    fn with(&self, inside: Ipv4Addr) -> Ipv6Addr {
        let mut octets = self.octets;
        Prefix::places(self.len).zip(inside.octets()).for_each(|(at, octet)| octets[at] = octet);
        octets.into()
    }

    /// Returns whether the prefix may be used for this address. RFC 6052 section 3.1: the well-known prefix is for public
    /// addresses only.
    fn may_contain(&self, inside: Ipv4Addr) -> bool {
        *self != Prefix::WELL_KNOWN || AddressSpace::of(inside.into()) == AddressSpace::Public
    }
}

/// Finds the prefixes in the IPv6 addresses of [`NAME`], in their order (RFC 7050 section 3). A prefix could contain one of the
/// known addresses itself. So prefixes that occur with both known addresses are preferred. An address that fits several prefixes
/// is not used for a prefix that occurs with only one of them.
fn prefixes(addresses: &[Ipv6Addr]) -> Vec<Prefix> {
    let fits = |address: Ipv6Addr| {
        KNOWN.into_iter().flat_map(move |known| {
            Prefix::LENGTHS.into_iter().filter_map(move |len| Some((Prefix::of(address, known, len)?, known)))
        })
    };
    let addresses = || addresses.iter().copied().filter(|address| is_usable(*address));
    let goes_with_both = |prefix: &Prefix| KNOWN.iter().all(|known| addresses().any(|one| one == prefix.with(*known)));
    let clear = |address: Ipv6Addr| {
        let mut all = fits(address).map(|(prefix, _)| prefix);
        all.next().filter(|_| all.next().is_none())
    };
    let mut found: Vec<Prefix> = addresses().flat_map(fits).map(|(prefix, _)| prefix).filter(goes_with_both).collect();
    if found.is_empty() {
        found = addresses().filter_map(clear).collect();
    }
    let mut all = Vec::new();
    for prefix in found {
        if all.len() < MAX_PREFIXES && !all.contains(&prefix) {
            all.push(prefix);
        }
    }
    all
}

#[cfg(test)]
mod tests;

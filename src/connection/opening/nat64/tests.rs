use super::*;

/// Reads a prefix such as `2001:db8::/32`.
fn prefix(text: &str) -> Prefix {
    let (address, bits) = text.split_once('/').unwrap();
    Prefix { octets: address.parse::<Ipv6Addr>().unwrap().octets(), len: bits.parse::<usize>().unwrap() / 8 }
}

fn parse(addresses: &[&str]) -> Vec<Ipv6Addr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

/// Returns the prefixes that these addresses show.
fn found(addresses: &[&str]) -> Vec<Prefix> {
    prefixes(&parse(addresses))
}

/// The table of RFC 6052 section 2.4.
const RFC_6052: [(&str, &str); 7] = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
];

#[test]
fn addresses_are_made_as_in_rfc_6052() {
    for (text, expected) in RFC_6052 {
        let made = prefix(text).with(Ipv4Addr::new(192, 0, 2, 33));
        assert_eq!(made, expected.parse::<Ipv6Addr>().unwrap(), "{text}");
        assert_eq!(Prefix::of(made, Ipv4Addr::new(192, 0, 2, 33), prefix(text).len), Some(prefix(text)));
    }
    assert_eq!(Prefix::WELL_KNOWN, prefix("64:ff9b::/96"));
}

#[test]
fn prefixes_of_each_length_are_found() {
    for (text, _) in RFC_6052 {
        let expected = prefix(text);
        let [first, second] = KNOWN.map(|known| expected.with(known));
        for answer in [&[first, second][..], &[second, first], &[first], &[second], &[first, first]] {
            assert_eq!(prefixes(answer), [expected], "{text}: {answer:?}");
        }
        // The bits after the address do not matter (RFC 6052 section 2.2).
        if expected.len < 12 {
            let mut octets = first.octets();
            octets[15] = 0xff;
            assert_eq!(prefixes(&[octets.into()]), [expected], "{text}");
        }
    }
}

#[test]
fn every_prefix_of_an_answer_is_used_in_order() {
    let answer =
        ["64:ff9b::192.0.0.170", "2001:db8:43::192.0.0.170", "2001:db8:42::192.0.0.171", "64:ff9b::192.0.0.171"];
    assert_eq!(found(&answer), [prefix("64:ff9b::/96")], "the others occur with one address only");
    let answer = ["2001:db8:43::192.0.0.170", "64:ff9b::192.0.0.170", "2001:db8:42::192.0.0.171"];
    assert_eq!(found(&answer), ["2001:db8:43::/96", "64:ff9b::/96", "2001:db8:42::/96"].map(prefix));
    let many: Vec<Ipv6Addr> = (1..100).map(|number| Ipv6Addr::new(0x2001, number, 0, 0, 0, 0, 0xc000, 0xaa)).collect();
    assert_eq!(prefixes(&many).len(), MAX_PREFIXES);
}

/// The prefix itself contains a known address.
#[test]
fn ambiguous_addresses_are_understood_by_both_known_addresses() {
    let evil = prefix("2001:db8:c000:aa::/96");
    let [first, second] = KNOWN.map(|known| evil.with(known));
    assert_eq!(prefixes(&[first, second]), [evil]);
    assert_eq!(prefixes(&[first]), []);
    assert_eq!(prefixes(&[second]), []);
}

#[test]
fn addresses_without_a_prefix_show_none() {
    let nonsense = [
        "::ffff:192.0.0.170",        // mapped
        "::192.0.0.170",             // compatible
        "::ffff:0:192.0.0.170",      // translated
        "fe80::192.0.0.170",         // link-local
        "fec0::192.0.0.170",         // site-local
        "ff0e::192.0.0.170",         // multicast
        "64:ff9b::192.0.0.172",      // another address
        "64:ff9b::192.0.170.0",      // at a wrong position
        "2001:db8:1:2:3:c000:aa:0",  // at no valid position
        "2001:db8:0:1:1c0:0:aa00:0", // octet 8 is not 0
        "::",
        "::1",
        "2001:db8::1",
    ];
    assert_eq!(found(&nonsense), []);
    for address in nonsense {
        assert_eq!(found(&[address]), [], "{address}");
    }
    assert_eq!(found(&[]), []);
    // An invalid address does not hide a valid one.
    assert_eq!(found(&["::ffff:192.0.0.170", "2001:db8::192.0.0.170", "fe80::1"]), [prefix("2001:db8::/96")]);
}

#[test]
fn some_addresses_are_never_contained() {
    for address in ["127.0.0.1", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255"] {
        assert!(!can_be_inside(address.parse().unwrap()), "{address}");
    }
    let (well_known, of_network) = (Prefix::WELL_KNOWN, prefix("2001:db8::/96"));
    for (address, is_public) in
        [("192.0.2.1", true), ("8.8.8.8", true), ("10.0.0.1", false), ("100.64.0.1", false), ("192.168.0.1", false)]
    {
        let address = address.parse().unwrap();
        assert!(can_be_inside(address) && of_network.may_contain(address), "{address}");
        assert_eq!(well_known.may_contain(address), is_public, "{address}");
    }
}

#[test]
fn the_space_of_an_address_is_that_of_the_ipv4_address_inside() {
    let inside: SocketAddrV4 = "10.0.0.1:80".parse().unwrap();
    let candidate = Candidate::containing(inside, prefix("2001:db8::/96").with(*inside.ip()));
    assert_eq!(AddressSpace::of(candidate.address.ip()), AddressSpace::Public);
    assert_eq!(candidate.space(), AddressSpace::Private);
    assert_eq!(Candidate::from(candidate.address).space(), AddressSpace::Public, "its IPv4 address is not known");
}

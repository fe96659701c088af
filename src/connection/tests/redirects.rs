//! The targets that a redirect must not have: an address space that is nearer than the sender's and, if there
//! are subprotocols, another origin. (`opening` tests how redirects are followed.)

use super::retrying::RETRY;
use super::simulation::Simulation;
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;

fn begin(sim: &mut Simulation, url: &str) {
    sim.begin_with(url, |config| config.max_redirects = 5);
}

/// The server accepts the connection and redirects it.
fn redirect(sim: &mut Simulation, to: &str) {
    sim.connect_result(Ok(()));
    sim.wire().from_client.clear();
    sim.server_sends(format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {to}\r\n\r\n").as_bytes());
}

const NOT_FOLLOWED: &str = "closed Redirect in Connect by Local, got 1006, sent 0, status 307";

/// Addresses of each space, the farthest first.
const SPACES: [&[&str]; 3] = [
    &["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7"],
    &[
        "10.0.0.7",
        "172.20.0.7",
        "192.168.0.7",
        "169.254.169.254",
        "100.64.0.7",
        "fd00::7",
        "fe80::7",
        "::ffff:10.0.0.7",
    ],
    &["127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"],
];

fn authority(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

#[test]
fn redirects_to_a_nearer_space_need_the_flag() {
    let all =
        || SPACES.iter().enumerate().flat_map(|(space, addresses)| addresses.iter().map(move |one| (space, *one)));
    for (from_space, from) in
        SPACES.iter().enumerate().map(|(space, addresses)| (space, addresses[0])).chain([(0, SPACES[0][2])])
    {
        for (to_space, to) in all() {
            for allowed in [false, true] {
                // The URLs contain addresses in the first round, and names in the second.
                for named in [false, true] {
                    let mut sim = Simulation::new();
                    let url =
                        if named { "ws://first.example/".to_owned() } else { format!("ws://{}/", authority(from)) };
                    sim.begin_with(&url, |config| (config.max_redirects, config.redirects_to_private) = (5, allowed));
                    let resolve = |sim: &mut Simulation, address: &str| {
                        if named {
                            sim.resolved(&[address]);
                        }
                    };
                    resolve(&mut sim, from);
                    let elsewhere = if named {
                        "ws://second.example:81/".to_owned()
                    } else {
                        format!("ws://{}:81/", authority(to))
                    };
                    redirect(&mut sim, &elsewhere);
                    resolve(&mut sim, to);
                    let context = format!("{from} to {to}, {allowed}, {named}");
                    if allowed || to_space <= from_space {
                        assert_eq!(sim.dialed().len(), 2, "{context}");
                    } else {
                        assert_eq!((sim.events(), sim.dialed().len()), (vec![NOT_FOLLOWED.to_owned()], 1), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn urls_of_the_host_may_have_any_address() {
    for address in SPACES.iter().copied().flatten() {
        let mut sim = Simulation::new();
        begin(&mut sim, &format!("ws://{}/", authority(address)));
        assert_eq!(sim.dialed().len(), 1, "{address}");
    }
}

#[test]
fn nearer_addresses_of_a_name_are_not_tried() {
    let mut sim = Simulation::new();
    begin(&mut sim, "ws://203.0.113.7/");
    redirect(&mut sim, "ws://second.example/");
    sim.resolved(&["10.0.0.1", "203.0.113.8", "127.0.0.1"]);
    assert_eq!(sim.dialed(), ["203.0.113.7:80", "203.0.113.8:80"]);
    sim.connect_result(Err(std::io::ErrorKind::ConnectionRefused));
    assert_eq!(
        sim.events(),
        ["closed Connect in Connect by Transport, got 1006, sent 0"],
        "the error of the address that was tried is reported"
    );
}

#[test]
fn localhost_is_a_loopback_address() {
    for from in ["203.0.113.7", "10.0.0.7"] {
        let mut sim = Simulation::new();
        begin(&mut sim, &format!("ws://{from}/"));
        redirect(&mut sim, "ws://localhost/");
        assert_eq!((sim.events(), sim.dialed().len()), (vec![NOT_FOLLOWED.to_owned()], 1), "{from}");
    }
}

/// The name is looked up at each hop, and its address may have changed.
#[test]
fn the_addresses_are_checked_and_not_the_names() {
    let mut sim = Simulation::new();
    begin(&mut sim, "ws://first.example/");
    sim.resolved(&["203.0.113.7"]);
    redirect(&mut sim, "/else");
    sim.resolved(&["192.168.0.1"]);
    assert_eq!(sim.events(), [NOT_FOLLOWED]);
}

#[test]
fn network_changes_keep_the_space_of_the_last_server() {
    let mut sim = Simulation::new();
    begin(&mut sim, "ws://10.0.0.1/");
    redirect(&mut sim, "ws://10.0.0.2/");
    redirect(&mut sim, "ws://203.0.113.7/");
    sim.probe();
    redirect(&mut sim, "ws://second.example/");
    sim.resolved(&["203.0.113.8"]);
    sim.probe();
    sim.resolved(&["10.0.0.3"]);
    assert_eq!(sim.events(), [NOT_FOLLOWED]);
    assert!(!sim.dialed().contains(&"10.0.0.3:80".to_owned()), "{:?}", sim.dialed());
}

#[test]
fn retries_begin_with_the_first_url() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://203.0.113.7/", |config| (config.max_redirects, config.retry) = (5, Some(RETRY)));
    redirect(&mut sim, "ws://10.0.0.7/");
    assert_eq!(sim.events(), [NOT_FOLLOWED.replace("closed", "lost") + "; try 1 after 250 ms"]);
    sim.advance(250);
    assert_eq!(sim.dialed(), ["203.0.113.7:80", "203.0.113.7:80"]);
}

/// A proxy looks up names itself.
#[cfg(feature = "proxies")]
#[test]
fn with_a_proxy_only_addresses_are_checked() {
    for (from, to, followed) in [
        ("first.example", "second.example", true),
        ("first.example", "203.0.113.7", true),
        ("first.example", "10.0.0.1", false),
        ("first.example", "localhost", false),
        ("203.0.113.7", "127.0.0.1", false),
        ("10.0.0.1", "10.0.0.2", true),
        ("10.0.0.1", "[::1]", false),
        ("127.0.0.1", "[::1]", true),
    ] {
        let mut sim = Simulation::new();
        sim.begin_with(&format!("ws://{from}/"), |config| {
            config.max_redirects = 5;
            config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
        });
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 200 OK\r\n\r\n");
        redirect(&mut sim, &format!("ws://{to}:81/"));
        if followed {
            assert_eq!(sim.dialed(), ["10.0.0.9:3128", "10.0.0.9:3128"], "{from} to {to}");
        } else {
            let end = NOT_FOLLOWED.replace("in Connect", "in Proxy");
            assert_eq!((sim.events(), sim.dialed().len()), (vec![end], 1), "{from} to {to}");
        }
    }
}

#[test]
fn subprotocols_are_not_sent_to_another_origin() {
    for (location, followed) in [
        ("/else", true),
        ("http://10.0.0.1:80/else", true),
        ("//10.0.0.1:81/", false),
        ("//10.0.0.2/", false),
        ("wss://10.0.0.1/", false),
    ] {
        for offered in [true, false] {
            let mut sim = Simulation::new();
            sim.begin_with("ws://10.0.0.1/", |config| {
                config.max_redirects = 5;
                config.request.subprotocols =
                    if offered { vec!["chat".into(), "token-1234".into()] } else { Vec::new() };
            });
            redirect(&mut sim, location);
            if !offered || followed {
                assert_eq!(sim.dialed().len(), 2, "{location}");
            } else {
                let end = "closed Redirect in Handshake by Local, got 1006, sent 0, status 307";
                assert_eq!((sim.events(), sim.dialed().len()), (vec![end.to_owned()], 1), "{location}");
            }
            if offered && followed {
                sim.connect_result(Ok(()));
                let request = String::from_utf8(sim.wire().from_client.clone()).unwrap();
                assert!(request.contains("\r\nSec-WebSocket-Protocol: chat, token-1234\r\n"), "{request}");
            }
        }
    }
}

#[test]
fn locations_must_be_single_and_short() {
    let long = |size: usize| format!("/{}", "x".repeat(size - 1));
    let odd = "/b\r\nlocation: /c";
    for (location, followed) in [
        (&*long(8192), true),
        (&*long(8193), false),
        (&*long(60_000), false),
        ("/b\r\nLocation: /b", true),
        (odd, false),
    ] {
        let mut sim = Simulation::new();
        begin(&mut sim, "ws://10.0.0.1/");
        redirect(&mut sim, location);
        assert_eq!(sim.dialed().len(), 1 + usize::from(followed), "{location:.40}");
        assert_eq!(sim.events().is_empty(), followed);
    }
}

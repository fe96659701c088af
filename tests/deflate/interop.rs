//! Exchanges random messages with the servers of two projects, directly and through nginx, with every set of parameters.

use crate::servers;
use ::egret_ws::*;
use std::ffi::CString;
use test_support::client::{DRIVERS, Driver, Loop, set_deflate};
use test_support::daemon::Daemon;
use test_support::deflate::client::{RandomMessages, connect, send};
use test_support::recorder::Event;

const WINDOWS: [u32; 3] = [9, 12, 15];
/// Sizes around the limits of the length fields and of a message.
const SIZES: [usize; 8] = [0, 1, 125, 126, 65_535, 65_536, 131_071, 131_072];

/// A server, and its names for the parameters.
struct EchoServer {
    server: Daemon,
    /// The names, in the order of `Asks`.
    names: [&'static str; 4],
}

fn websockets() -> EchoServer {
    EchoServer {
        server: servers::websockets(),
        names: [
            "client_no_context_takeover",
            "server_no_context_takeover",
            "client_max_window_bits",
            "server_max_window_bits",
        ],
    }
}

fn ws() -> EchoServer {
    EchoServer {
        server: servers::ws(),
        names: ["clientNoContextTakeover", "serverNoContextTakeover", "clientMaxWindowBits", "serverMaxWindowBits"],
    }
}

/// The parameters that one side requests for itself and for the other side.
#[derive(Clone, Copy, Debug)]
struct Asks {
    client_alone: bool,
    server_alone: bool,
    client_bits: u32,
    server_bits: u32,
}

impl Asks {
    const NOTHING: Asks = Asks { client_alone: false, server_alone: false, client_bits: 15, server_bits: 15 };

    fn all() -> impl Iterator<Item = Asks> {
        (0..36).map(|number| Asks {
            client_alone: number & 1 != 0,
            server_alone: number & 2 != 0,
            client_bits: WINDOWS[number / 4 % 3],
            server_bits: WINDOWS[number / 12],
        })
    }

    /// The options of the server that differ from the default, in JSON.
    fn json(self, names: [&str; 4]) -> String {
        let values = [
            self.client_alone.then(|| "true".into()),
            self.server_alone.then(|| "true".into()),
            (self.client_bits < 15).then(|| self.client_bits.to_string()),
            (self.server_bits < 15).then(|| self.server_bits.to_string()),
        ];
        let fields = names.iter().zip(values).filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?)));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }
}

/// The parameters of a connection, and the compression of the client.
#[derive(Debug)]
struct Case<'a> {
    driver: Driver,
    port: u16,
    client: Asks,
    server: Asks,
    level: u32,
    threshold: u32,
    messages: &'a [Event],
}

impl Case<'_> {
    /// Connects and checks that every message comes back unchanged.
    fn run(&self, peer: &EchoServer) {
        println!("{self:?}"); // shown when the test fails
        let asks = CString::new(self.server.json(peer.names)).expect("no NUL");
        let header = egret_ws_header { name: c"Deflate".as_ptr(), value: asks.as_ptr() };
        let host = Loop::new(self.driver);
        let (socket, extension) = connect(&host, self.port, |options| {
            (options.headers, options.header_count) = (&header, 1);
            set_deflate(options, |deflate| {
                deflate.client_no_context_takeover = self.client.client_alone.into();
                deflate.server_no_context_takeover = self.client.server_alone.into();
                deflate.client_window_bits = self.client.client_bits;
                deflate.server_window_bits = self.client.server_bits;
                deflate.level = self.level;
                deflate.threshold_bytes = self.threshold;
            });
        });
        assert_eq!(extension, peer.server.line(), "the extension that the server printed");
        self.check_agreement(&extension);
        self.messages.iter().for_each(|message| send(&host, &socket, message));
        socket.wait_for("the echoes", |events| events.len() > self.messages.len());
        for (sent, (at, came)) in self.messages.iter().zip(socket.messages().iter().enumerate()) {
            assert!(sent == came, "message {at}: {sent:?} came back as {came:?}");
        }
        host.wait_until("an empty send buffer", || socket.buffered_amount() == 0);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
    }

    /// The server has accepted all requested parameters.
    fn check_agreement(&self, extension: &str) {
        let parameters: Vec<&str> = extension.split(';').map(str::trim).collect();
        let has = |name: &str| parameters.contains(&name);
        let bits = |name: &str| {
            let value = parameters.iter().find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='));
            value.map_or(15, |bits| bits.parse().expect("a number"))
        };
        assert_eq!(parameters[0], "permessage-deflate");
        assert!(has("server_no_context_takeover") || !self.client.server_alone && !self.server.server_alone);
        assert!(has("client_no_context_takeover") || !self.server.client_alone);
        assert_eq!(bits("server_max_window_bits"), self.client.server_bits.min(self.server.server_bits));
        assert!(bits("client_max_window_bits") <= self.server.client_bits);
    }
}

/// Tests every request of the client without a request of the server, and the requests that a server can make by itself.
fn every_agreement(peer: &EchoServer, port: u16) {
    let by_client = Asks::all().map(|client| (client, Asks::NOTHING));
    let by_server = Asks::all().map(|server| (Asks::NOTHING, server));
    // Both limits apply: neither side enlarges a window that the other side has limited.
    let narrow = Asks { client_bits: 12, server_bits: 12, ..Asks::NOTHING };
    let by_both = Asks::all().filter(|asks| asks.client_bits <= 12 && asks.server_bits <= 12);
    let all = by_client.chain(by_server).chain(by_both.map(|server| (narrow, server)));
    for (number, (client, server)) in all.enumerate() {
        let mut random = RandomMessages::new(number as u64);
        // A message that is larger than the largest window comes after and before small ones.
        let mut messages: Vec<Event> = (0..6).map(|_| random.any(20_000)).collect();
        messages.push(random.of_size(40_000));
        messages.extend((0..3).map(|_| random.any(200)));
        let driver = DRIVERS[number % 2];
        let level = [1, 9][number / 2 % 2];
        let threshold = [1, 0][number / 4 % 2];
        Case { driver, port, client, server, level, threshold, messages: &messages }.run(peer);
    }
}

/// Tests the largest messages and those around each limit, in random order, with the two most different sets of parameters.
fn every_size(peer: &EchoServer, port: u16) {
    let least = Asks { client_alone: true, server_alone: true, client_bits: 9, server_bits: 9 };
    for (number, client) in [Asks::NOTHING, least].into_iter().enumerate() {
        for driver in DRIVERS {
            let mut random = RandomMessages::new(100 + number as u64);
            let sizes = SIZES.iter().chain(SIZES.iter().rev()).flat_map(|size| [*size; 2]);
            let mut messages: Vec<Event> = sizes.map(|size| random.of_size(size)).collect();
            messages.extend((0..20).map(|_| random.any(131_072)));
            for level in [1, 9] {
                let server = Asks::NOTHING;
                Case { driver, port, client, server, level, threshold: 1, messages: &messages }.run(peer);
            }
        }
    }
}

#[test]
fn websockets_with_every_set_of_parameters() {
    let peer = websockets();
    every_agreement(&peer, peer.server.port());
}

#[test]
fn ws_with_every_set_of_parameters() {
    let peer = ws();
    every_agreement(&peer, peer.server.port());
}

#[test]
fn websockets_with_every_size() {
    let peer = websockets();
    every_size(&peer, peer.server.port());
}

#[test]
fn ws_with_every_size() {
    let peer = ws();
    every_size(&peer, peer.server.port());
}

#[test]
fn through_nginx() {
    for peer in [websockets(), ws()] {
        let nginx = servers::nginx(&peer.server);
        every_size(&peer, nginx.port());
    }
}

/// Messages do not change with a server that does not know permessage-deflate, nor with a client that does not offer it.
#[test]
fn without_permessage_deflate() {
    for peer in [websockets(), ws()] {
        let asks = egret_ws_header { name: c"Deflate".as_ptr(), value: c"{}".as_ptr() };
        for (offered, asked) in [(true, false), (false, true), (false, false)] {
            for driver in DRIVERS {
                let host = Loop::new(driver);
                let (socket, extension) = connect(&host, peer.server.port(), |options| {
                    options.flags = if offered { 0 } else { EGRET_WS_DISABLE_DEFLATE };
                    (options.headers, options.header_count) = (&asks, u32::from(asked));
                });
                assert_eq!((extension.as_str(), peer.server.line().as_str()), ("", ""));
                let mut random = RandomMessages::new(7);
                let messages: Vec<Event> = SIZES.iter().map(|size| random.of_size(*size)).collect();
                messages.iter().for_each(|message| send(&host, &socket, message));
                socket.wait_for("the echoes", |events| events.len() > messages.len());
                assert!(socket.messages() == messages);
            }
        }
    }
}

//! The two network interfaces of a phone (see `enter.sh`) and the servers that can be reached by both. Tests take the interfaces
//! down, bring them up, and make them drop packets.
#![allow(unsafe_code)] // a thread changes its network

use crate::namespace::PORT;
use socket2::SockRef;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use test_support::{WAIT_LIMIT, response};

/// The time after which TCP sends a lost SYN again.
pub const SYN_RETRANSMISSION: Duration = Duration::from_secs(1);

/// The address of the servers.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

pub const WIFI: Interface = Interface {
    name: "wifi",
    peer_name: "ap",
    address: Ipv4Addr::new(198, 51, 100, 2),
    router: "198.51.100.1",
    metric: 100,
};
pub const MOBILE: Interface = Interface {
    name: "mobile",
    peer_name: "mast",
    address: Ipv4Addr::new(203, 0, 113, 2),
    router: "203.0.113.1",
    metric: 200,
};

pub struct Interface {
    name: &'static str,
    peer_name: &'static str,
    /// The local address.
    pub address: Ipv4Addr,
    router: &'static str,
    metric: u32,
}

impl Interface {
    /// Takes the interface down, which removes its address and route.
    pub fn take_down(&self) {
        tool(&format!("ip link set dev {} down", self.name));
        tool(&format!("ip address del {}/24 dev {}", self.address, self.name));
    }

    /// Brings the interface up, with its address and route.
    pub fn bring_up(&self) {
        let Interface { name, peer_name, address, router, metric } = self;
        tool(&format!("ip address add {address}/24 dev {name}"));
        tool(&format!("ip link set dev {name} up"));
        tool(&format!("ip route add default via {router} metric {metric}"));
        // The other end comes up slightly later.
        let is_up = |end: &str| tool(end).contains(" UP ");
        wait("the interface to come up", || {
            is_up(&format!("ip -brief link show dev {name}"))
                && is_up(&format!("ip -n outside -brief link show dev {peer_name}"))
        });
    }

    /// Begins to drop this share of the packets, at random and in both directions. The losses are not reported, and the router
    /// stays reachable.
    pub fn drop_packets(&self, share: f64) {
        let threshold = (share * f64::from(u32::MAX)) as u32;
        // Classic BPF: load a random number. If it is at or above the threshold, pass (-1), otherwise drop (2).
        let program = format!("4,32 0 0 4294963256,53 1 0 {threshold},6 0 0 2,6 0 0 4294967295");
        for (tc, end) in [("tc", self.name), ("tc -n outside", self.peer_name)] {
            let add = format!("{tc} filter add dev {end} ingress protocol ip pref 1 bpf direct-action bytecode");
            run(add.split(' ').chain([&program[..]]));
        }
    }

    /// Stops dropping packets.
    pub fn drop_nothing(&self) {
        tool(&format!("tc filter del dev {} ingress", self.name));
        tool(&format!("tc -n outside filter del dev {} ingress", self.peer_name));
    }
}

fn tool(line: &str) -> String {
    run(line.split_whitespace())
}

/// Runs a tool of iproute2, which must succeed. Returns its output.
fn run<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().expect("a tool"));
    let output = command.args(words).output().expect("iproute2 is there: enter.sh has used it");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Waits for a state of the kernel or of another thread that nothing reports.
#[track_caller]
pub fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT_LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within {WAIT_LIMIT:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Listens in the outer network. Accepted connections also belong to it, on any thread.
pub fn listen(port: u16) -> TcpListener {
    listen_on(SERVER.into(), port)
}

/// Like [`listen`], on another address.
pub fn listen_on(address: IpAddr, port: u16) -> TcpListener {
    thread::spawn(move || {
        let outside = File::open("/run/netns/outside").expect("enter.sh has made it");
        // SAFETY: `outside` is open, and this affects only the calling thread, which is about to end.
        let entered = unsafe { libc::setns(outside.as_raw_fd(), libc::CLONE_NEWNET) };
        assert_eq!(entered, 0, "{}", std::io::Error::last_os_error());
        TcpListener::bind((address, port)).expect("the port is free in this network")
    })
    .join()
    .expect("it listens")
}

/// Returns the server's URL, which contains its address.
pub fn url() -> String {
    format!("ws://{SERVER}:{PORT}/")
}

/// Returns the address of the successful attempt, without the port.
pub fn host_of(stats: &response::Stats) -> String {
    response::address(stats).rsplit_once(':').expect("an address and a port").0.to_owned()
}

/// Returns the number of TCP packets that this side has sent again.
pub fn retransmitted() -> u64 {
    let table = fs::read_to_string("/proc/self/net/snmp").expect("the kernel's counts");
    let mut lines = table.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().expect("names"), lines.next().expect("values"));
    let mut counts = names.split(' ').zip(values.split(' '));
    counts.find(|(name, _)| *name == "RetransSegs").expect("the count").1.parse().expect("a number")
}

/// Returns options of the connection to the server, of which there must be one: `TCP_USER_TIMEOUT`, and whether keep-alive is on.
#[track_caller]
pub fn timers_of_the_connection() -> (Option<Duration>, bool) {
    let mine = fs::read_dir("/proc/self/fd").expect("the descriptors").filter_map(|entry| {
        let fd = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // SAFETY: it was open a moment ago, and is only queried. If it was closed or used again since, the query fails, or the
        // address of the peer shows that it is another connection.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) };
        let socket = SockRef::from(&fd);
        let peer = socket.peer_addr().ok()?.as_socket_ipv4()?;
        (*peer.ip() == SERVER).then(|| {
            let keep_alive = socket.keepalive().expect("SO_KEEPALIVE");
            (socket.tcp_user_timeout().expect("TCP_USER_TIMEOUT"), keep_alive)
        })
    });
    match mine.collect::<Vec<_>>()[..] {
        [timers] => timers,
        ref others => panic!("not one connection to the server but {}", others.len()),
    }
}

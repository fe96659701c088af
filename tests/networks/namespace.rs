//! A network namespace for one test. `enter.sh` makes it, and describes its content.

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use test_support::frame::Frame;
use test_support::scripted_server::Peer;

/// The port of all servers. No other program is in this network.
pub const PORT: u16 = 9000;

/// This variable is set in the process that runs in the namespace.
const INSIDE: &str = "EGRET_WS_TEST_NETWORK";

/// Runs a test in a separate network namespace. Returns false in the first process, and the test must then return at once.
/// Returns true in the process in the namespace.
pub fn in_namespace(test: &str) -> bool {
    enter("online", test)
}

/// Like [`in_namespace`], with the loopback interface only.
pub fn in_namespace_offline(test: &str) -> bool {
    enter("offline", test)
}

/// Like [`in_namespace`], with two network interfaces, as a phone has.
pub fn in_namespace_with_two_networks(test: &str) -> bool {
    enter("moving", test)
}

/// Like [`in_namespace`], with IPv6 only, and a NAT64 on the path.
pub fn in_namespace_with_nat64(test: &str) -> bool {
    enter("nat64", test)
}

fn enter(network: &str, test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    if env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|step| step == "netns")) {
        // `eprintln!` is not used, because cargo shows its output only for failed tests. There is one write, because other tests
        // write too.
        let line = format!("SKIPPED: netns: {test} (netns is named in SKIP)\n");
        stderr().write_all(line.as_bytes()).expect("stderr");
        return false;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/networks/enter.sh");
    let mut command = Command::new(script);
    command.arg(network).arg(env::current_exe().expect("this program")).args(["--exact", test, "--nocapture"]);
    let output = command.env(INSIDE, network).output().expect("enter.sh runs");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        said.contains("running 1 test"),
        "no network namespace for {test}: {errors}\nThis needs unshare, ip and tc, for NAT64 tayga and unbound too (Debian: util-linux, \
         iproute2, tayga, unbound), and root or user namespaces. SKIP=netns leaves these tests out."
    );
    println!("{said}{errors}");
    assert!(output.status.success() && said.contains("1 passed"), "{test} failed in its network");
    false
}

/// A server that upgrades every connection to its address and closes it.
pub struct Server(Arc<AtomicUsize>);

impl Server {
    pub fn on(address: &str) -> Server {
        let address: IpAddr = address.parse().expect("an address");
        Server::with(TcpListener::bind((address, PORT)).expect("the port is free in this network"))
    }

    pub fn with(listener: TcpListener) -> Server {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counter.fetch_add(1, Ordering::Relaxed);
                let mut peer = Peer::new(stream.expect("a connection"));
                thread::spawn(move || {
                    peer.upgrade();
                    peer.send(&Frame::close(1000, ""));
                    peer.finish_writing();
                    peer.read_to_end();
                });
            }
        });
        Server(count)
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Returns the addresses to which TCP is connecting (SYN sent, no answer).
pub fn connecting_addresses() -> Vec<IpAddr> {
    let found = [table("tcp"), table("tcp6")].concat();
    found.into_iter().filter(|row| row.state == 2).map(|row| row.remote.0).collect()
}

/// Returns the ports of established connections.
pub fn established() -> Vec<u16> {
    table("tcp").into_iter().filter(|row| row.state == 1).map(|row| row.remote.1).collect()
}

/// Returns the number of unanswered queries to name servers.
pub fn open_dns_queries() -> usize {
    table("udp").into_iter().filter(|row| row.remote.1 == 53).count()
}

/// A socket in a table of the kernel.
#[derive(Clone)]
struct Row {
    remote: (IpAddr, u16),
    state: u8,
}

fn table(name: &str) -> Vec<Row> {
    let table = fs::read_to_string(format!("/proc/self/net/{name}")).expect("the kernel's table of sockets");
    // The columns are: sl local_address rem_address st …, with numbers in hex.
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let number = |hex| u8::from_str_radix(hex, 16).expect("a number in hex");
    rows.map(|fields| Row { remote: address(fields[2]), state: number(fields[3]) }).collect()
}

/// Parses `ADDRESS:PORT`. The address is in words of 32 bits in the byte order of this machine.
fn address(hex: &str) -> (IpAddr, u16) {
    let (hex, port) = hex.split_once(':').expect("an address and a port");
    let port = u16::from_str_radix(port, 16).expect("a number in hex");
    let words = hex.as_bytes().chunks(8).map(|word| std::str::from_utf8(word).expect("ASCII"));
    let bytes: Vec<u8> =
        words.flat_map(|word| u32::from_str_radix(word, 16).expect("a number in hex").to_ne_bytes()).collect();
    let ip = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(v4) => Ipv4Addr::from(v4).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[..]).expect("4 or 16 bytes")).into(),
    };
    (ip, port)
}

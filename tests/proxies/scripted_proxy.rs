//! Scripted proxies. They check the request strictly, and the test chooses the response.

use parking_lot::Mutex;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use test_support::WAIT_LIMIT;
use test_support::scripted_server::{Peer, Request};

/// The answer that opens a tunnel.
pub const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// The method of SOCKS5 without authentication (RFC 1928 section 3). Below: the method with user name and password.
pub const NO_AUTHENTICATION: u8 = 0x00;
pub const PASSWORD: u8 = 0x02;
/// The answer of SOCKS5 that opens a tunnel, with an empty bound address.
pub const GRANTED: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// Reads the methods that the client offers.
pub fn read_methods(stream: &mut TcpStream) -> Vec<u8> {
    let [version, count] = read(stream);
    assert_eq!(version, 5, "the version of SOCKS");
    read_many(stream, count)
}

/// Reads the user name and the password (RFC 1929 section 2).
pub fn read_credentials(stream: &mut TcpStream) -> (String, String) {
    let [version, length] = read(stream);
    assert_eq!(version, 1, "the version of the sub-negotiation");
    let user = read_many(stream, length);
    let [length] = read(stream);
    let password = read_many(stream, length);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(user), text(password))
}

/// Reads the request (RFC 1928 section 4), which must be for a connection. Returns its destination: `host:port`, with the host
/// in quotes if it is a name.
pub fn read_destination(stream: &mut TcpStream) -> String {
    let [version, command, reserved, kind] = read(stream);
    assert_eq!((version, command, reserved), (5, 1, 0), "version, CONNECT, reserved");
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(stream)).to_string(),
        3 => {
            let [length] = read(stream);
            format!("{:?}", String::from_utf8(read_many(stream, length)).expect("a name in UTF-8"))
        }
        4 => format!("[{}]", Ipv6Addr::from(read::<16>(stream))),
        other => panic!("an address of type {other}"),
    };
    format!("{host}:{}", u16::from_be_bytes(read(stream)))
}

/// Does everything up to the request, without authentication.
pub fn read_socks(stream: &mut TcpStream) -> String {
    assert_eq!(read_methods(stream), [NO_AUTHENTICATION]);
    stream.write_all(&[5, NO_AUTHENTICATION]).expect("the client reads");
    read_destination(stream)
}

fn read<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).expect("bytes of the client");
    bytes
}

fn read_many(stream: &mut TcpStream, count: u8) -> Vec<u8> {
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes).expect("bytes of the client");
    bytes
}

/// Writes byte by byte, with pauses in which the client reads.
pub fn drip(peer: &mut Peer, bytes: &[u8]) {
    for byte in bytes {
        peer.write([*byte]);
        thread::sleep(Duration::from_millis(1));
    }
}

/// A proxy of both kinds that connects any number of clients to the requested port of this machine, whatever the host is called.
/// So a name that only the proxy knows shows that the proxy has looked it up.
pub struct Relay {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    pub fn start() -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let record = Arc::clone(&record);
                thread::spawn(move || relay(stream.expect("a connection"), &record));
            }
        });
        Relay { port, asked }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the requests since the last call: `CONNECT host:port`, followed by ` and ` and the credentials if there were any,
    /// or `SOCKS "host":port`.
    pub fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock())
    }
}

fn relay(mut client: TcpStream, asked: &Mutex<Vec<String>>) {
    client.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
    let mut first = [0];
    client.peek(&mut first).expect("a first byte");
    let (what, answer) = if first == [5] {
        (format!("SOCKS {}", read_socks(&mut client)), GRANTED.as_slice())
    } else {
        let connect = Request::read(&mut client);
        let destination = connect.line.strip_suffix(" HTTP/1.1").expect("the version of HTTP");
        let credentials = connect.get("Proxy-Authorization").map(|value| format!(" and {value}"));
        (format!("{destination}{}", credentials.unwrap_or_default()), ESTABLISHED.as_bytes())
    };
    let port = what.split(" and ").next().and_then(|what| what.rsplit(':').next()?.parse().ok()).expect("a port");
    asked.lock().push(what);
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
    client.write_all(answer).expect("the client reads");
    let (mut from_client, mut to_server) = (client.try_clone().expect("a clone"), server.try_clone().expect("a clone"));
    thread::spawn(move || pass_on(&mut from_client, &mut to_server));
    pass_on(&mut server, &mut client);
}

/// Forwards data until one side ends. The way in which it ends does not matter to the proxy.
fn pass_on(from: &mut TcpStream, to: &mut TcpStream) {
    let _ = io::copy(from, to);
    let _ = to.shutdown(Shutdown::Write);
}

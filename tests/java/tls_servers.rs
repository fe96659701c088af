//! Servers with TLS for the tests of Java's own TLS. Each has its own port, in this process.
#![allow(unsafe_code)] // requests new keys and a renegotiation from OpenSSL, for which the crate has no function

use openssl::ssl::{
    AlpnError, ErrorCode, Ssl, SslAcceptor, SslAcceptorBuilder, SslFiletype, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use std::collections::HashMap;
use std::ffi::c_int;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use test_support::WAIT_LIMIT;
use test_support::certificates::*;
use test_support::frame::Frame;
use test_support::scripted_server::Request;

unsafe extern "C" {
    fn SSL_key_update(ssl: *mut openssl_sys::SSL, kind: c_int) -> c_int;
    fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> c_int;
}

const VERSIONS: [(&str, SslVersion); 2] = [("12", SslVersion::TLS1_2), ("13", SslVersion::TLS1_3)];

/// The servers: the properties `tls.NAME` pass their ports to a Java program. At another port the program asks how a client ended.
#[derive(Default)]
pub struct Servers {
    pub properties: Vec<(String, String)>,
    reports: Arc<Mutex<HashMap<String, Receiver<String>>>>,
}

/// The actions of a server after the TLS handshake.
#[derive(Clone, Copy)]
enum Script {
    /// Echoes each message. The answer to the text `facts` is the name in SNI, the selected protocol and the name in the
    /// client's certificate. After the text `close` the server ends the connection.
    Echo,
    /// Steps: `upgrade`, `hello` (a text), `close` (a Close frame with 1000), `frame` (reads one), `raw HEX` (past TLS), `key-updates
    /// COUNT` (each with a message), `silent-key-updates COUNT`, `renegotiate`, `end` (close_notify, and reads until the client's), `cut`, `listen`.
    Steps(&'static str),
}

impl Servers {
    pub fn start() -> Servers {
        let mut servers = Servers::default();
        let any = |_: &mut SslAcceptorBuilder| {};
        servers.both("right", &RIGHT, any, Script::Echo);
        for (name, certificate) in [
            ("expired", &EXPIRED),
            ("not-yet-valid", &NOT_YET_VALID),
            ("wrong-host", &WRONG_HOST),
            ("names-only", &NAMES_ONLY),
            ("unknown-issuer", &UNKNOWN_ISSUER),
            ("self-signed", &SELF_SIGNED),
            ("broken-chain", &BROKEN_CHAIN),
            ("chained", &CHAINED),
            ("another-purpose", &CLIENT),
        ] {
            servers.both(name, certificate, any, Script::Echo);
        }
        let asks = |acceptor: &mut SslAcceptorBuilder| {
            acceptor.set_ca_file(ROOT.chain()).expect("an authority");
            acceptor.set_client_ca_list(openssl::x509::X509Name::load_client_ca_file(ROOT.chain()).expect("its name"));
            acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        };
        servers.both("asks", &RIGHT, asks, Script::Echo);
        servers.both("asks-and-reports", &RIGHT, asks, Script::Steps("listen"));
        servers.both("alpn", &RIGHT, |acceptor| select(acceptor, b"http/1.1"), Script::Echo);
        servers.both("alpn-other", &RIGHT, |acceptor| select(acceptor, b"h2"), Script::Echo);
        servers.both("no-sessions", &RIGHT, without_sessions, Script::Echo);
        servers.both("large-records", &RIGHT, any, Script::Steps("upgrade large end"));
        servers.add(
            "retry-request",
            &RIGHT,
            |acceptor| acceptor.set_groups_list("P-521").expect("a group"),
            Script::Echo,
        );
        let old = |acceptor: &mut SslAcceptorBuilder| {
            acceptor.set_security_level(0);
            acceptor.set_cipher_list("DEFAULT@SECLEVEL=0").expect("ciphers");
            acceptor.clear_options(openssl::ssl::SslOptions::NO_TLSV1_1);
            acceptor.set_min_proto_version(Some(SslVersion::TLS1_1)).expect("TLS 1.1");
            acceptor.set_max_proto_version(Some(SslVersion::TLS1_1)).expect("TLS 1.1");
        };
        servers.add("tls-1-1", &RIGHT, old, Script::Echo);
        for (name, steps) in [
            ("closed-by-client", "upgrade frame close end"),
            ("closed-by-server", "upgrade close listen"),
            ("closes-at-once", "upgrade close end"),
            ("ended", "upgrade hello end"),
            ("cut", "upgrade hello cut"),
            ("cut-record", "upgrade hello raw 17030301000102030405 cut"),
            ("cut-after-close", "upgrade close frame cut"),
            ("listens", "upgrade listen"),
            ("tells-nothing", "listen"),
        ] {
            servers.both(name, &RIGHT, any, Script::Steps(steps));
        }
        let modified: &'static str =
            Box::leak(format!("upgrade hello raw 1703030040{} listen", "5a".repeat(64)).into_boxed_str());
        servers.both("modified", &RIGHT, any, Script::Steps(modified));
        let new = |acceptor: &mut SslAcceptorBuilder| {
            acceptor.set_min_proto_version(Some(SslVersion::TLS1_3)).expect("TLS 1.3");
        };
        servers.add("key-updates", &RIGHT, new, Script::Steps("upgrade key-updates 50 frame close listen"));
        servers.add("flood", &RIGHT, new, Script::Steps("upgrade silent-key-updates 1000 listen"));
        let older = |acceptor: &mut SslAcceptorBuilder| {
            acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).expect("TLS 1.2");
        };
        servers.add("renegotiates", &RIGHT, older, Script::Steps("upgrade hello renegotiate listen"));

        servers.plain("garbage", |mut client| {
            let _ = client.write_all(&[0xff; 64]);
            wait_for_end(client);
        });
        servers.plain("record-of-garbage", |mut client| {
            let _ = client.write_all(&[0x16, 3, 3, 0, 8, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5]);
            wait_for_end(client);
        });
        servers.plain("no-tls", |mut client| {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            wait_for_end(client);
        });
        servers.plain("alert", |mut client| {
            let _ = client.read(&mut [0; 4096]);
            let _ = client.write_all(&[0x15, 3, 3, 0, 2, 2, 40]);
            wait_for_end(client);
        });
        servers.plain("hangs-up", |mut client| {
            let _ = client.read(&mut [0; 4096]);
        });
        servers.plain("silent", wait_for_end);
        servers.plain("redirects-to-cleartext", |mut client| {
            Request::read(&mut client);
            let _ = client.write_all(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n");
            wait_for_end(client);
        });
        for version in ["12", "13"] {
            let right = servers.port(&format!("right{version}"));
            for end in [3, 100, 700] {
                servers.plain(&format!("silent-after-{end}-{version}"), move |client| {
                    relay(client, right, Relay::Silent(end))
                });
                servers
                    .plain(&format!("cut-after-{end}-{version}"), move |client| relay(client, right, Relay::Cut(end)));
            }
            servers.plain(&format!("pieces{version}"), move |client| relay(client, right, Relay::Pieces));
            servers.plain(&format!("other-port{version}"), move |client| relay(client, right, Relay::Whole));
        }
        servers.add("proxy", &RIGHT, any, Script::Steps("proxy"));
        servers.answer_reports();
        servers
    }

    fn port(&self, name: &str) -> u16 {
        let name = format!("tls.{name}");
        let found = self.properties.iter().find(|(known, _)| *known == name);
        found.expect("a server").1.parse().expect("a port")
    }

    /// A server for each version of TLS, `NAME12` and `NAME13`.
    fn both(&mut self, name: &str, certificate: &Certificate, set: impl Fn(&mut SslAcceptorBuilder), script: Script) {
        for (suffix, version) in VERSIONS {
            let with_version = |acceptor: &mut SslAcceptorBuilder| {
                acceptor.set_min_proto_version(Some(version)).expect("a version");
                acceptor.set_max_proto_version(Some(version)).expect("a version");
                set(acceptor);
            };
            self.add(&format!("{name}{suffix}"), certificate, with_version, script);
        }
    }

    fn add(&mut self, name: &str, certificate: &Certificate, set: impl Fn(&mut SslAcceptorBuilder), script: Script) {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
        acceptor.set_certificate_chain_file(certificate.chain()).expect("a certificate");
        acceptor.set_private_key_file(certificate.key(), SslFiletype::PEM).expect("its key");
        acceptor.set_session_id_context(b"java").expect("a context for sessions");
        set(&mut acceptor);
        let acceptor = Arc::new(acceptor.build());
        let (ends, reports) = channel();
        self.reports.lock().expect("reports").insert(name.to_owned(), reports);
        self.plain(name, move |client| serve(&acceptor, client, script, &ends));
    }

    /// A server without TLS.
    fn plain(&mut self, name: &str, serve: impl Fn(TcpStream) + Clone + Send + 'static) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        self.properties.push((format!("tls.{name}"), port.to_string()));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serve = serve.clone();
                let _ = client.set_nodelay(true);
                let _ = client.set_read_timeout(Some(WAIT_LIMIT));
                thread::spawn(move || serve(client));
            }
        });
    }

    /// Reads a line with the name of a server, and answers with a line that reports how the next client of that server ended.
    fn answer_reports(&mut self) {
        let all = Arc::clone(&self.reports);
        self.plain("reports", move |client| {
            let mut name = String::new();
            let mut client = BufReader::new(client);
            let _ = client.read_line(&mut name);
            let Some(reports) = all.lock().expect("reports").remove(name.trim()) else { return };
            let end = reports.recv_timeout(WAIT_LIMIT).unwrap_or_else(|_| "no report".to_owned());
            all.lock().expect("reports").insert(name.trim().to_owned(), reports);
            let _ = writeln!(client.get_mut(), "{end}");
        });
    }
}

fn select(acceptor: &mut SslAcceptorBuilder, protocol: &'static [u8]) {
    acceptor.set_alpn_select_callback(move |_, offered| {
        if offered == b"\x08http/1.1" { Ok(protocol) } else { Err(AlpnError::ALERT_FATAL) }
    });
}

fn without_sessions(acceptor: &mut SslAcceptorBuilder) {
    acceptor.set_options(openssl::ssl::SslOptions::NO_TICKET);
    acceptor.set_session_cache_mode(openssl::ssl::SslSessionCacheMode::OFF);
    acceptor.set_num_tickets(0).expect("no tickets");
}

fn wait_for_end(mut client: TcpStream) {
    let _ = io::copy(&mut client, &mut io::sink());
}

#[derive(Clone, Copy)]
enum Relay {
    Whole,
    Pieces,
    /// After this many bytes of the server, no more bytes are forwarded.
    Silent(u64),
    /// After this many bytes of the server, the stream ends.
    Cut(u64),
}

fn relay(client: TcpStream, port: u16, how: Relay) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let _ = server.set_nodelay(true);
    let (mut from_client, mut to_server) =
        (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let mut client = client;
    match how {
        Relay::Whole => drop(io::copy(&mut &server, &mut client)),
        Relay::Pieces => {
            for byte in BufReader::new(server).bytes() {
                let Ok(byte) = byte else { break };
                if client.write_all(&[byte]).is_err() {
                    break;
                }
            }
        }
        Relay::Silent(count) => {
            let _ = io::copy(&mut server.take(count), &mut client);
            return; // the thread of the other direction keeps the connection open
        }
        Relay::Cut(count) => drop(io::copy(&mut server.take(count), &mut client)),
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// Serves a client and returns how it ended: `clean` with close_notify, `cut` without it, or the alert.
fn serve(acceptor: &SslAcceptor, client: TcpStream, script: Script, ends: &Sender<String>) {
    let ssl = Ssl::new(acceptor.context()).expect("OpenSSL");
    let mut stream = SslStream::new(ssl, client).expect("OpenSSL");
    let end = match stream.accept() {
        Err(error) => Err(error),
        Ok(()) => match script {
            Script::Echo => {
                echo(stream);
                return;
            }
            Script::Steps(steps) => play(&mut stream, steps),
        },
    };
    let end = match end {
        Ok(end) => end,
        Err(error) if error.code() == ErrorCode::ZERO_RETURN => "clean".to_owned(),
        Err(error) => error
            .ssl_error()
            .and_then(|all| all.errors().first().and_then(|first| first.reason()))
            .unwrap_or("cut")
            .to_owned(),
    };
    let _ = ends.send(end);
}

fn echo(stream: SslStream<TcpStream>) {
    let ssl = stream.ssl();
    let name = ssl.servername(openssl::ssl::NameType::HOST_NAME).unwrap_or("-").to_owned();
    let protocol = String::from_utf8_lossy(ssl.selected_alpn_protocol().unwrap_or(b"-")).into_owned();
    let certificate = ssl.peer_certificate();
    let subject = certificate.as_ref().and_then(|one| one.subject_name().entries().next());
    let subject = subject.map_or("-".to_owned(), |entry| String::from_utf8_lossy(entry.data().as_slice()).into_owned());
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        let answer = match message.to_text() {
            Ok("facts") if message.is_text() => tungstenite::Message::text(format!("{name} {protocol} {subject}")),
            Ok("close") if message.is_text() => {
                let _ = socket.close(None);
                continue;
            }
            _ => message,
        };
        if !answer.is_close() && socket.send(answer).is_err() {
            return;
        }
    }
}

type Played = Result<String, openssl::ssl::Error>;

fn play(stream: &mut SslStream<TcpStream>, steps: &str) -> Played {
    let mut steps = steps.split(' ');
    while let Some(step) = steps.next() {
        match step {
            "upgrade" => {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.ssl_read(&mut byte)? == 1 {
                        head.push(byte[0]);
                    }
                }
                let request = Request::read(&mut &head[..]);
                stream.ssl_write(request.answer().as_bytes())?;
            }
            "hello" => drop(stream.ssl_write(&Frame::text("hello").bytes())?),
            "large" => {
                let frame = Frame::binary(vec![7; 100_000]).bytes();
                let mut at = 0;
                while at < frame.len() {
                    at += stream.ssl_write(&frame[at..])?;
                }
            }
            "close" => drop(stream.ssl_write(&Frame::close(1000, "").bytes())?),
            "frame" => {
                let mut head = [0; 2];
                read_exact(stream, &mut head)?;
                assert!(head[1] & 0x7f < 126, "a short frame");
                read_exact(stream, &mut vec![0; usize::from(head[1] & 0x7f) + 4])?;
            }
            "raw" => {
                let hex = steps.next().expect("bytes").as_bytes();
                let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
                let bytes: Vec<u8> = hex.chunks_exact(2).map(pair).collect();
                let _ = stream.get_ref().write_all(&bytes);
            }
            "key-updates" | "silent-key-updates" => {
                let count: u32 = steps.next().expect("a count").parse().expect("a count");
                for number in 0..count {
                    // SAFETY: a reference of this type has the address of the C object, and the stream that owns the object is
                    // alive.
                    assert_eq!(unsafe { SSL_key_update(pointer(stream), 1) }, 1);
                    if stream.do_handshake().is_err() {
                        return Ok("cut".into());
                    }
                    if step == "key-updates" {
                        stream.ssl_write(&Frame::text(number.to_string()).bytes())?;
                    }
                }
            }
            "renegotiate" => {
                // SAFETY: as above.
                assert_eq!(unsafe { SSL_renegotiate(pointer(stream)) }, 1);
                stream.do_handshake()?;
            }
            "proxy" => {
                let request = Request::read(stream);
                let target = request.line.split(' ').nth(1).expect("a target").to_owned();
                stream.ssl_write(b"HTTP/1.1 200 OK\r\n\r\n")?;
                let server = TcpStream::connect(target).expect("the target");
                tunnel(stream, server);
                return Ok("tunnel".into());
            }
            "end" => {
                stream.shutdown()?;
                read_to_end(stream)?;
            }
            "cut" => {
                let _ = stream.get_ref().shutdown(Shutdown::Both);
                return Ok("-".into());
            }
            "listen" => read_to_end(stream)?,
            _ => panic!("no such step: {step}"),
        }
    }
    Ok("clean".into())
}

fn pointer(stream: &SslStream<TcpStream>) -> *mut openssl_sys::SSL {
    std::ptr::from_ref(stream.ssl()).cast_mut().cast()
}

fn read_exact(stream: &mut SslStream<TcpStream>, mut bytes: &mut [u8]) -> Result<(), openssl::ssl::Error> {
    while !bytes.is_empty() {
        let count = stream.ssl_read(bytes)?;
        bytes = &mut bytes[count..];
    }
    Ok(())
}

/// Reads until close_notify.
fn read_to_end(stream: &mut SslStream<TcpStream>) -> Result<(), openssl::ssl::Error> {
    loop {
        match stream.ssl_read(&mut [0; 4096]) {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Moves bytes in both directions until one direction ends. It alternates, because only one thread may use OpenSSL's stream.
fn tunnel(stream: &mut SslStream<TcpStream>, mut server: TcpStream) {
    stream.get_ref().set_nonblocking(true).expect("a stream");
    server.set_nonblocking(true).expect("a stream");
    let mut bytes = [0; 16384];
    loop {
        let mut moved = false;
        match stream.ssl_read(&mut bytes) {
            Ok(count) => {
                moved = true;
                if server.write_all(&bytes[..count]).is_err() {
                    return;
                }
            }
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(_) => return,
        }
        match server.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => {
                moved = true;
                if stream.write_all(&bytes[..count]).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        if !moved {
            thread::yield_now();
        }
    }
}

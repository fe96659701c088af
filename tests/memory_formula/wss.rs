//! Sockets with TLS.

use super::*;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::sync::mpsc;
use test_allocator::{Peak, in_use};
use test_support::certificates::{RIGHT, ROOT};
use test_support::client::DRIVERS;
use test_support::frame::Frame;
use test_support::process::runs_alone;
use test_support::scripted_server::Request;

/// Starts a server with TLS for one connection. It sends this many certificates that are not needed. `in_tunnel`: it is also a
/// proxy with TLS, and uses its own TLS inside.
fn tls_server(
    unneeded: usize,
    in_tunnel: bool,
    script: impl FnOnce(&mut dyn Write) + Send + 'static,
) -> (JoinHandle<()>, u16) {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        exclude_this_thread();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("OpenSSL");
        acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a chain");
        acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("a key");
        let certificate = X509::from_pem(RIGHT.pem().as_bytes()).expect("a certificate");
        (0..unneeded).for_each(|_| acceptor.add_extra_chain_cert(certificate.clone()).expect("a longer chain"));
        let acceptor = acceptor.build();
        let stream = listener.accept().expect("a connection").0;
        let mut stream = acceptor.accept(stream).expect("the client shakes hands");
        if in_tunnel {
            Request::read(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("the client reads");
            let stream = acceptor.accept(stream).expect("the client shakes hands again");
            upgrade(stream, script);
        } else {
            upgrade(stream, script);
        }
    });
    (server, port)
}

fn upgrade(mut stream: SslStream<impl Read + Write>, script: impl FnOnce(&mut dyn Write)) {
    let request = Request::read(&mut stream);
    stream.write_all(request.answer().as_bytes()).expect("the client reads");
    script(&mut stream);
}

/// Returns this many different certificates, in PEM.
fn authorities(count: u32) -> String {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    let certificate = |number: u32| {
        let mut name = X509Name::builder().expect("OpenSSL");
        name.append_entry_by_text("CN", &format!("Authority {number}")).expect("a name");
        let name = name.build();
        let mut builder = X509::builder().expect("OpenSSL");
        builder.set_version(2).expect("a version");
        builder.set_subject_name(&name).expect("a name");
        builder.set_issuer_name(&name).expect("a name");
        builder.set_pubkey(&key).expect("a key");
        builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
        builder.set_not_after(&Asn1Time::days_from_now(9).expect("a time")).expect("a time");
        builder.sign(&key, MessageDigest::sha256()).expect("it signs");
        String::from_utf8(builder.build().to_pem().expect("PEM")).expect("ASCII")
    };
    (0..count).map(certificate).collect()
}

/// The socket trusts only these certificates, in PEM. The connect call reads them.
fn trust_only(roots: &str, options: &mut egret_ws_options) {
    (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
    options.flags = EGRET_WS_ONLY_THESE_ROOTS;
}

/// A server sends tickets for later sessions. OpenSSL allocates a buffer of 16 KiB for them.
#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn idle_wss() {
    if !runs_alone("wss::idle_wss") {
        return;
    }
    openssl_memory::count();
    let roots = ROOT.pem();
    for driver in DRIVERS {
        let host = Loop::new(driver);
        let open = || {
            let (end, ended) = mpsc::channel::<()>();
            let (server, port) = tls_server(0, false, move |_| _ = ended.recv());
            let opened = host.open_url(format!("wss://127.0.0.1:{port}/"), |options| {
                trust_only(&roots, options);
            });
            let socket = opened.expect("the connect call succeeds");
            socket.wait_open();
            (socket, end, server)
        };
        let first = open();
        let before = in_use();
        let second = open();
        let limit = 32 * KIB;
        host.wait_until("an idle socket takes 32 KiB", || in_use().saturating_sub(before) < limit);
        for (socket, end, server) in [first, second] {
            drop(end);
            server.join().expect("the script ends well");
            socket.wait_closed();
        }
    }
}

/// OpenSSL is that of the system, and uses the allocator of this program. The first socket of a loop allocates the data that all
/// sockets with equal settings share.
#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn wss() {
    if !runs_alone("wss::wss") {
        return;
    }
    openssl_memory::count();
    const AUTHORITIES: u32 = 150;
    let (few, many) = (ROOT.pem(), ROOT.pem() + &authorities(AUTHORITIES));
    let content = noise(MESSAGE);
    let mut socket_line = Line::new("a socket with wss: 192 KiB; as much again with an https:// proxy");
    let mut hostile_line = Line::new("a hostile server with wss: 4 MiB");
    let mut roots_line = Line::new("128 KiB + 8 KiB × the trusted certificates");
    for driver in DRIVERS {
        let host = Loop::new(driver);
        // The rounds: memory that OpenSSL allocates once; another socket with few authorities; a hostile server; many
        // authorities; a proxy with TLS.
        let rounds = [(0, &few, false), (0, &few, false), (220, &few, false), (0, &many, false), (0, &few, true)];
        for (round, (unneeded, roots, in_tunnel)) in rounds.into_iter().enumerate() {
            let (go, begin) = mpsc::channel();
            let (end, ended) = mpsc::channel::<()>();
            let (server, port) = tls_server(unneeded, in_tunnel, move |stream| {
                begin.recv().expect("the test waits");
                stream.write_all(&Frame::binary(vec![7; 1000]).bytes().repeat(1000)).expect("the client reads");
                _ = ended.recv();
            });
            let proxy = std::ffi::CString::new(format!("https://127.0.0.1:{port}")).expect("no NUL");
            let mut peak = Peak::start();
            let opened = host.open_url(format!("wss://127.0.0.1:{port}/"), |options| {
                trust_only(roots, options);
                options.proxy = if in_tunnel { proxy.as_ptr() } else { std::ptr::null() };
                options.on_message = Some(count);
            });
            let socket = opened.expect("the connect call succeeds");
            socket.wait_open();
            let opening = peak.bytes();
            MESSAGES.store(0, SeqCst);
            go.send(()).expect("the server waits");
            host.wait_until("all messages", || MESSAGES.load(SeqCst) == 1000);
            peak = Peak::start();
            fill(&host, &socket, &content);
            let filling = peak.bytes();
            drop(end);
            server.join().expect("the script ends well");
            socket.wait_closed();
            drop(socket);
            host.poll(0);
            let what = format!("{driver:?}, round {round}");
            match round {
                0 => {}
                1 => {
                    socket_line.allows(&what, opening, (192 + 8) * KIB + 4 * few.len());
                    let sending = 4 * MIB + 256 * KIB;
                    socket_line.allows(format_args!("{what}, sending"), filling, 192 * KIB + sending);
                }
                2 => hostile_line.allows(&what, opening, 4 * MIB),
                4 => {
                    socket_line.allows(&what, opening, (2 * 192 + 8) * KIB + 4 * few.len());
                    let sending = 4 * MIB + 256 * KIB;
                    socket_line.allows(format_args!("{what}, sending"), filling, 2 * 192 * KIB + sending);
                }
                _ => {
                    let roots = 128 * KIB + 8 * KIB * (AUTHORITIES as usize + 1);
                    roots_line.allows(&what, opening, roots + 4 * many.len() + (192 + 8) * KIB);
                }
            }
        }
    }
    socket_line.reached(35);
    hostile_line.reached(25);
    roots_line.reached(40);
}

/// Starts a server for any number of connections, on each loopback address. Each connection gets another certificate, with this
/// many names. Returns its port and the authority, in PEM.
fn server_with_many_names(names: u32) -> (u16, String) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    let make = {
        let key = key.clone();
        move |serial: u32, is_authority: bool| {
            let mut issuer = X509Name::builder().expect("OpenSSL");
            issuer.append_entry_by_text("CN", "An authority").expect("a name");
            let issuer = issuer.build();
            let mut builder = X509::builder().expect("OpenSSL");
            builder.set_version(2).expect("a version");
            let serial = BigNum::from_u32(serial).and_then(|serial| Asn1Integer::from_bn(&serial)).expect("a number");
            builder.set_serial_number(&serial).expect("a number");
            builder.set_issuer_name(&issuer).expect("a name");
            builder.set_pubkey(&key).expect("a key");
            builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
            builder.set_not_after(&Asn1Time::days_from_now(9).expect("a time")).expect("a time");
            if is_authority {
                builder.set_subject_name(&issuer).expect("a name");
                builder.append_extension(BasicConstraints::new().ca().build().expect("OpenSSL")).expect("OpenSSL");
            } else {
                let mut alternatives = SubjectAlternativeName::new();
                alternatives.dns("localhost");
                for number in 0..names {
                    alternatives.dns(&format!("a-long-name-of-a-server-{number}.example"));
                }
                let alternatives = alternatives.build(&builder.x509v3_context(None, None)).expect("an extension");
                builder.append_extension(alternatives).expect("an extension");
            }
            builder.sign(&key, MessageDigest::sha256()).expect("it signs");
            builder.build()
        }
    };
    let authority = String::from_utf8(make(1, true).to_pem().expect("PEM")).expect("ASCII");
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    thread::spawn(move || {
        exclude_this_thread();
        for (stream, serial) in listener.incoming().flatten().zip(2..) {
            stream.set_nodelay(true).expect("an option of TCP");
            let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("OpenSSL");
            acceptor.set_certificate(&make(serial, false)).expect("a certificate");
            acceptor.set_private_key(&key).expect("a key");
            acceptor.set_num_tickets(1).expect("a number"); // the sessions of a server share its certificates
            let mut stream = acceptor.build().accept(stream).expect("the client shakes hands");
            let request = Request::read(&mut stream);
            stream.write_all(request.answer().as_bytes()).expect("the client reads");
            // This runs until the client ends.
            _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    (port, authority)
}

/// There are connections to many servers with large certificates. A loop keeps sessions of them.
#[test]
#[cfg_attr(not(feature = "tls"), ignore = "needs the feature tls")]
fn sessions() {
    if !runs_alone("wss::sessions") {
        return;
    }
    openssl_memory::count();
    const SERVERS: u8 = 50;
    let (port, roots) = server_with_many_names(200);
    let name = c"localhost";
    let mut line = Line::new("TLS sessions: 640 KiB");
    for driver in DRIVERS {
        let host = Loop::new(driver);
        let connect_to_all = |flags| {
            for server in 1..=SERVERS {
                let opened = host.open_url(format!("wss://127.0.0.{server}:{port}/"), |options| {
                    trust_only(&roots, options);
                    options.tls_server_name = name.as_ptr();
                    options.flags |= flags;
                });
                let socket = opened.expect("the connect call succeeds");
                socket.wait_open();
                assert_eq!(socket.abort(), EGRET_WS_OK);
                socket.wait_closed();
            }
            host.poll(0);
        };
        // The loop and OpenSSL allocate some memory only once.
        connect_to_all(EGRET_WS_DISABLE_TLS_RESUMPTION);
        let before = in_use();
        connect_to_all(0);
        line.allows(format_args!("{driver:?}"), in_use().saturating_sub(before), 640 * KIB);
    }
    line.reached(60);
}

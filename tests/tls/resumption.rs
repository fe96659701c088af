//! TLS sessions are resumed with equal host, port and options, and never with different ones.

use crate::hosts::{loop_with, on_both_drivers};
use crate::relay::{Damage, relay};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use test_support::certificates::{CHAINED, CLIENT, RIGHT, ROOT, UNTRUSTED};
use test_support::client::{DRIVERS, Loop, Socket, set_retry_waits};
use test_support::daemon::Daemon;
use test_support::recorder::Event;
use test_support::scripted_server::Request;

/// Makes a connection, exchanges a message, and closes it. Returns whether its session was resumed.
#[track_caller]
fn is_resumed_at(host: &Loop, url: &str, settings: &Settings) -> bool {
    let socket = host.connect_url(url, settings);
    let is_resumed = works(&socket);
    assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
    assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
    is_resumed
}

#[track_caller]
fn works(socket: &Socket<'_>) -> bool {
    socket.wait_open();
    assert_eq!(socket.send_text("hello"), EGRET_WS_OK);
    assert_eq!(socket.wait_messages(1), [Event::Text("hello".into())]);
    socket.stats().tls_resumed == 1
}

#[track_caller]
fn is_resumed(host: &Loop, port: u16, settings: &Settings) -> bool {
    is_resumed_at(host, &format!("wss://127.0.0.1:{port}/"), settings)
}

/// The first connection makes a full handshake. No later one does, and all have the certificates of the first one.
fn resumes(server: &Daemon, version: u32) {
    resumes_some(server, version, &[false, true, true, true]);
}

/// Like [`resumes`], for a server that does not resume all of these connections.
fn resumes_some(server: &Daemon, version: u32, expected: &[bool]) {
    on_both_drivers(|host| {
        let mut first = None;
        for (number, is_resumed) in expected.iter().enumerate() {
            let socket = host.connect_port(server.port(), &Settings::trusting());
            assert_eq!(works(&socket), *is_resumed, "connection {number}");
            let details = socket.tls();
            assert_eq!(details.version, version);
            let first = first.get_or_insert_with(|| details.clone());
            assert_eq!((&first.chain, &first.cipher, &first.alpn), (&details.chain, &details.cipher, &details.alpn));
            assert!(!details.chain.is_empty());
            assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
            assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        }
    });
}

#[test]
fn with_python() {
    resumes(&servers::websockets(), EGRET_WS_TLS_1_3);
}

/// The server issues two tickets in a full handshake, and none on a resumed connection.
#[test]
fn with_node() {
    resumes_some(&servers::ws(), EGRET_WS_TLS_1_3, &[false, true, true, false, true]);
}

#[test]
fn with_nginx() {
    resumes(&servers::nginx(&CHAINED, "ssl_protocols TLSv1.2 TLSv1.3;"), EGRET_WS_TLS_1_3);
    resumes(&servers::nginx(&CHAINED, "ssl_protocols TLSv1.2;"), EGRET_WS_TLS_1_2);
    // The server, not the client, keeps the sessions.
    let cache = "ssl_session_tickets off; ssl_session_cache shared:sessions:1m;";
    resumes(&servers::nginx(&RIGHT, &format!("ssl_protocols TLSv1.2; {cache}")), EGRET_WS_TLS_1_2);
    resumes(&servers::nginx(&RIGHT, &format!("ssl_protocols TLSv1.3; {cache}")), EGRET_WS_TLS_1_3);
}

#[test]
fn with_haproxy() {
    resumes(&servers::haproxy(&CHAINED, "alpn http/1.1"), EGRET_WS_TLS_1_3);
    resumes(&servers::haproxy(&CHAINED, "ssl-max-ver TLSv1.2"), EGRET_WS_TLS_1_2);
}

#[test]
fn with_stunnel() {
    resumes(&servers::stunnel(), EGRET_WS_TLS_1_3);
}

/// With TLS 1.3, a server can fail after this side has ended the handshake. The next connection must not fail in this way again.
#[test]
fn a_server_that_breaks_after_a_resumed_handshake_gets_no_other_session() {
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let server = thread::spawn(move || {
            let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
            acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
            acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
            acceptor.set_session_id_context(b"server").expect("a context for sessions");
            acceptor.set_num_tickets(4).expect("TLS 1.3");
            let acceptor = acceptor.build();
            [(); 3].map(|()| {
                let mut stream = acceptor.accept(listener.accept().expect("a client").0).expect("TLS");
                let is_resumed = stream.ssl().session_reused();
                let request = Request::read(&mut stream);
                if !is_resumed {
                    stream.write_all(request.answer().as_bytes()).expect("the client reads");
                    while stream.ssl_read(&mut [0; 100]).is_ok() {}
                }
                is_resumed
            })
        });
        for expected in [EGRET_WS_ERR_ABORTED, EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_ERR_ABORTED] {
            let socket = host.connect_port(port, &Settings::trusting());
            if expected == EGRET_WS_ERR_ABORTED {
                socket.wait_open();
                assert_eq!(socket.abort(), EGRET_WS_OK);
            }
            assert_eq!(socket.wait_closed().error, expected);
        }
        assert_eq!(server.join().expect("no panic"), [false, true, false]);
    });
}

/// The server neither issues tickets nor keeps sessions.
#[test]
fn a_server_without_sessions_makes_full_handshakes() {
    for version in ["TLSv1.2", "TLSv1.3"] {
        // `none`: the server reports that it keeps sessions, but does not keep them.
        for cache in ["off", "none"] {
            let parameters = format!("ssl_protocols {version}; ssl_session_tickets off; ssl_session_cache {cache};");
            let server = servers::nginx(&RIGHT, &parameters);
            on_both_drivers(|host| {
                for _ in 0..3 {
                    assert!(!is_resumed(host, server.port(), &Settings::trusting()), "{parameters}");
                }
            });
        }
    }
}

/// Tests each option, the name, the host and the port. The server would resume the session with any of them.
#[test]
fn each_difference_makes_a_full_handshake() {
    let server = servers::haproxy(&RIGHT, &format!("alpn http/1.1 verify optional ca-file {}", ROOT.chain().display()));
    let port = server.port();
    let other_port = relay(port, Damage::End(usize::MAX));
    let base = || Settings::trusting().pins(&RIGHT.pin()).server_name("127.0.0.1");
    let more_roots = format!("{}{}", ROOT.pem(), UNTRUSTED.pem());
    let pins = format!("{},{}", RIGHT.pin(), ROOT.pin());
    let there = format!("wss://127.0.0.1:{port}/");
    let rows: [(&str, String, Settings); 12] = [
        ("roots", there.clone(), base().roots(more_roots)),
        ("only these roots", there.clone(), base().flags(EGRET_WS_ONLY_THESE_ROOTS)),
        ("identity", there.clone(), base().identity(&CLIENT)),
        ("version", there.clone(), base().min_version(EGRET_WS_TLS_1_3)),
        ("any certificate", there.clone(), base().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE)),
        ("ALPN", there.clone(), base().flags(EGRET_WS_DISABLE_ALPN)),
        ("resumption", there.clone(), base().flags(EGRET_WS_DISABLE_TLS_RESUMPTION)),
        ("pins", there.clone(), base().pins(&pins)),
        ("no pins", there.clone(), Settings::trusting().server_name("127.0.0.1")),
        ("server name", there.clone(), base().server_name("localhost")),
        ("host", format!("wss://localhost:{port}/"), base()),
        ("port", format!("wss://127.0.0.1:{other_port}/"), base()),
    ];
    on_both_drivers(|host| {
        assert!(!is_resumed_at(host, &there, &base()));
        for (what, url, settings) in &rows {
            // The library also checks the pins of a resumed session, so a provider does not have to know them.
            let knows_difference = !(crate::LIBRARY.is_provider() && what.contains("pins"));
            assert_eq!(is_resumed_at(host, url, settings), !knows_difference, "{what}");
            // Sessions of an identity are kept as long as a socket that uses it.
            if !["identity", "resumption"].contains(what) {
                assert!(is_resumed_at(host, url, settings), "{what}: it has sessions of its own");
            }
        }
        assert!(is_resumed_at(host, &there, &base()));
    });
}

#[test]
fn a_socket_with_the_flag_neither_keeps_nor_resumes() {
    let server = servers::haproxy(&RIGHT, "");
    let without = Settings::trusting().flags(EGRET_WS_DISABLE_TLS_RESUMPTION);
    on_both_drivers(|host| {
        for settings in [&without, &without, &Settings::trusting(), &without] {
            assert!(!is_resumed(host, server.port(), settings));
        }
        assert!(is_resumed(host, server.port(), &Settings::trusting()));
    });
}

#[test]
fn loops_share_no_sessions() {
    let server = servers::haproxy(&RIGHT, "");
    on_both_drivers(|host| {
        assert!(!is_resumed(host, server.port(), &Settings::trusting()));
        on_both_drivers(|other| assert!(!is_resumed(other, server.port(), &Settings::trusting())));
        assert!(is_resumed(host, server.port(), &Settings::trusting()));
    });
}

#[test]
fn a_change_of_the_network_drops_the_sessions_if_the_loop_has_the_flag() {
    let server = servers::haproxy(&RIGHT, "");
    for flags in [0, EGRET_WS_LOOP_FORGET_TLS_SESSIONS] {
        for driver in DRIVERS {
            let host = loop_with(driver, |options| options.flags |= flags);
            let kept = flags == 0;
            assert!(!is_resumed(&host, server.port(), &Settings::trusting()));
            assert!(is_resumed(&host, server.port(), &Settings::trusting()));
            host.network_changed();
            assert_eq!(is_resumed(&host, server.port(), &Settings::trusting()), kept);
            assert!(is_resumed(&host, server.port(), &Settings::trusting()));
            // This also works while the loop is suspended.
            host.suspend();
            host.network_changed();
            host.resume();
            assert_eq!(is_resumed(&host, server.port(), &Settings::trusting()), kept);
            // A suspend alone is not a change of the network.
            host.suspend();
            host.resume();
            assert!(is_resumed(&host, server.port(), &Settings::trusting()));
        }
    }
}

/// A reconnect of the library also resumes a session, even with an identity.
#[test]
fn a_reconnect_resumes() {
    let server = servers::haproxy(&RIGHT, &servers::haproxy_asks_clients());
    on_both_drivers(|host| {
        let settings = Settings::trusting().identity(&CLIENT);
        let set = |options: &mut egret_ws_options| {
            settings.set()(options);
            options.retry_attempts = 3;
            set_retry_waits(options, 1, 1, 1);
        };
        let socket = host.open_url(format!("wss://127.0.0.1:{}/", server.port()), set).expect("the call succeeds");
        for connection in 1..=3 {
            socket.wait_connected(connection);
            assert_eq!(socket.stats().tls_resumed, u32::from(connection > 1));
            assert_eq!(socket.send_text("close"), EGRET_WS_OK);
            socket.wait_retry(connection);
        }
    });
}

//! Which sessions are resumed, and which are not.
#![allow(unsafe_code)] // a function of OpenSSL that the crate does not have

use super::authority::{Issued, only, trusting};
use super::pair::{IDEAL, PROFILES, Pair, acceptor, acceptor_for_clients, server};
use crate::error::Error;
use crate::transport::tls::openssl::CLOCK_IS_AHEAD;
use crate::transport::tls::{Advance, Connector, Destination, Peer, Settings, TlsError, TlsInfo, pins};
use openssl::ssl::{AlpnError, SslAcceptor, SslAcceptorBuilder, SslOptions, SslSessionCacheMode, SslVersion};
use std::sync::Arc;

const NAME: &str = "example.com";
const NAMES: &str = "DNS:example.com, DNS:other.example";
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

unsafe extern "C" {
    fn SSL_CTX_set_timeout(context: *mut openssl_sys::SSL_CTX, seconds: libc::c_long) -> libc::c_long;
}

/// Makes a connection, and receives a byte on it, so that the tickets of TLS 1.3 have arrived.
fn connect_over(
    connector: &Connector,
    peer: &Destination<'_>,
    acceptor: &SslAcceptor,
    profile: super::pair::NetworkProfile,
) -> Result<TlsInfo, TlsError> {
    let mut pair = Pair::with(connector, peer, acceptor, profile);
    let mut tls = pair.complete_handshake()?;
    assert_eq!(pair.server.ssl_write(b"x").unwrap(), 1);
    assert_eq!(pair.read(&mut tls, 1, &mut [0; 100]).unwrap(), b"x");
    assert_eq!(tls.info(), &*pair.handshake.info().unwrap());
    // If a connection ends in another way, a server with OpenSSL forgets its session.
    let _ = pair.server.shutdown();
    Ok(tls.info().clone())
}

fn connect(connector: &Connector, peer: &Destination<'_>, acceptor: &SslAcceptor) -> TlsInfo {
    connect_over(connector, peer, acceptor, IDEAL).unwrap()
}

fn is_resumed(connector: &Connector, acceptor: &SslAcceptor) -> bool {
    connect(connector, &server(NAME), acceptor).is_resumed
}

fn kept(connector: &Connector) -> usize {
    connector.backend.kept_sessions()
}

/// Makes a server, and a client that trusts it.
fn server_and_client(prepare: impl Fn(&mut SslAcceptorBuilder)) -> (SslAcceptor, Connector) {
    let root = Issued::root("root");
    let mut acceptor = acceptor(&root.intermediate("between").server(NAMES));
    // Servers that ask clients for certificates need this.
    acceptor.set_session_id_context(b"test").unwrap();
    prepare(&mut acceptor);
    (acceptor.build(), trusting(&[&root]))
}

fn tls_1_2(acceptor: &mut SslAcceptorBuilder) {
    acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
}

/// Sets the lifetime of sessions, in seconds.
fn set_lifetime(acceptor: &mut SslAcceptorBuilder, seconds: i64) {
    // SAFETY: the pointer belongs to a live context.
    unsafe { SSL_CTX_set_timeout(acceptor.as_ptr(), seconds) };
}

/// Runs `act` with a clock that is ahead by this time.
fn ahead<T>(seconds: i64, act: impl FnOnce() -> T) -> T {
    CLOCK_IS_AHEAD.set(seconds);
    let result = act();
    CLOCK_IS_AHEAD.set(0);
    result
}

#[test]
fn later_connections_are_resumed_over_every_network() {
    let prepare: [fn(&mut SslAcceptorBuilder); 3] = [
        |_| {},
        tls_1_2,
        |acceptor| {
            tls_1_2(acceptor);
            // The server, not the client, keeps the sessions.
            acceptor.set_options(SslOptions::NO_TICKET);
            acceptor.set_session_cache_mode(SslSessionCacheMode::SERVER);
        },
    ];
    for (prepare, version) in prepare.into_iter().zip([0x0304, 0x0303, 0x0303]) {
        for profile in PROFILES {
            let (acceptor, connector) = server_and_client(|acceptor| {
                prepare(acceptor);
                acceptor.set_alpn_select_callback(|_, _| Ok(b"http/1.1"));
            });
            let full = connect_over(&connector, &server(NAME), &acceptor, profile).unwrap();
            assert_eq!((full.version, full.is_resumed, full.chain.len()), (version, false, 2), "{profile:?}");
            assert!(full.cipher.starts_with("TLS_") && full.alpn == "http/1.1", "{full:?}");
            // Each resumed connection provides a session for the next one.
            for _ in 0..6 {
                let resumed = connect_over(&connector, &server(NAME), &acceptor, profile).unwrap();
                assert_eq!(resumed, TlsInfo { is_resumed: true, ..full.clone() });
                assert!(Arc::ptr_eq(&resumed.chain, &full.chain), "the certificates are in memory only once");
            }
            assert!((1..=4).contains(&kept(&connector)), "{}", kept(&connector));
        }
    }
}

#[test]
fn a_session_is_for_one_peer_and_for_connections_that_resume() {
    let (acceptor, connector) = server_and_client(|_| {});
    let pin = pins::of_certificate(&acceptor.context().certificate().unwrap().to_der().unwrap()).unwrap();
    let pins = [pin];
    let peer = Destination { pins: &pins, ..server(NAME) };
    connect(&connector, &peer, &acceptor);
    let two = [pin, [0; 32]];
    let others = [
        server(NAME),
        Destination { pins: &two, ..peer },
        Destination { name: "other.example", ..peer },
        Destination { host: "other.example", ..peer },
        Destination { port: 444, ..peer },
        Destination { peer: Peer::Proxy, ..peer },
        Destination { resumes: false, ..peer },
        Destination { resumes: false, port: 445, ..peer },
        Destination { port: 445, ..peer },
    ];
    for other in others {
        assert!(!connect(&connector, &other, &acceptor).is_resumed, "{other:?}");
    }
    assert!(connect(&connector, &peer, &acceptor).is_resumed);
}

#[test]
fn connectors_share_nothing() {
    let (acceptor, connector) = server_and_client(|_| {});
    assert!(!is_resumed(&connector, &acceptor));
    let emptied = connector.without_sessions().unwrap();
    assert!(!is_resumed(&emptied, &acceptor));
    assert!(is_resumed(&connector.clone(), &acceptor) && is_resumed(&emptied, &acceptor));
}

/// A connection that began before a change of the network adds nothing to the sessions after the change.
#[test]
fn tickets_of_older_connections_are_not_kept_after_the_sessions_were_dropped() {
    let (acceptor, mut connector) = server_and_client(|_| {});
    let mut pair = Pair::with(&connector, &server(NAME), &acceptor, IDEAL);
    let mut tls = pair.complete_handshake().unwrap();
    connector = connector.without_sessions().unwrap();
    pair.server.ssl_write(b"x").unwrap();
    pair.read(&mut tls, 1, &mut [0; 100]).unwrap();
    assert_eq!(kept(&connector), 0);
    drop(connector);
    pair.inject(b"");
    assert_eq!(pair.write(&mut tls, b"y").unwrap(), b"y", "the connection works without its connector");
}

/// RFC 8446 appendix C.4 requires this.
#[test]
fn a_ticket_is_used_once() {
    let (acceptor, connector) = server_and_client(|acceptor| acceptor.set_num_tickets(1).unwrap());
    connect(&connector, &server(NAME), &acceptor);
    assert_eq!(kept(&connector), 1);
    let mut pairs = [(); 3].map(|()| Pair::with(&connector, &server(NAME), &acceptor, IDEAL));
    let resumed = pairs.each_mut().map(|pair| pair.complete_handshake().unwrap().info().is_resumed);
    assert_eq!(resumed, [true, false, false]);
}

/// Several sockets of a game connect again at the same time.
#[test]
fn four_connections_resume_at_the_same_time() {
    let (acceptor, connector) = server_and_client(|_| {});
    let is_resumed = |count| {
        let mut pairs: Vec<_> = (0..count).map(|_| Pair::with(&connector, &server(NAME), &acceptor, IDEAL)).collect();
        let receive = |pair: &mut Pair| {
            let mut tls = pair.complete_handshake().unwrap();
            pair.server.ssl_write(b"x").unwrap();
            pair.read(&mut tls, 1, &mut [0; 100]).unwrap();
            tls.info().is_resumed
        };
        pairs.iter_mut().map(receive).collect::<Vec<_>>()
    };
    assert_eq!(is_resumed(2), [false; 2], "each connection provides two tickets");
    for _ in 0..3 {
        assert_eq!(is_resumed(4), [true; 4]);
    }
    assert_eq!(is_resumed(5), [true, true, true, true, false]);
}

/// A session of TLS 1.2 may be used several times, by one connection after the other.
#[test]
fn a_session_of_tls_1_2_comes_back_after_its_use() {
    let (acceptor, connector) = server_and_client(tls_1_2);
    connect(&connector, &server(NAME), &acceptor);
    for _ in 0..3 {
        assert!(is_resumed(&connector, &acceptor));
        assert_eq!(kept(&connector), 1);
    }
    drop(Pair::with(&connector, &server(NAME), &acceptor, IDEAL));
    assert_eq!(kept(&connector), 0, "a connection that hung does not keep it for the next one");
}

/// The server has new keys for its tickets, or has forgotten its sessions.
#[test]
fn a_server_that_rejects_the_session_makes_a_full_handshake() {
    let prepare: [fn(&mut SslAcceptorBuilder); 2] = [|_| {}, tls_1_2];
    for prepare in prepare {
        let root = Issued::root("root");
        let issued = root.server(NAMES);
        let [first, second] = [(), ()].map(|()| {
            let mut acceptor = acceptor(&issued);
            acceptor.set_session_id_context(b"test").unwrap();
            prepare(&mut acceptor);
            acceptor.build()
        });
        let connector = trusting(&[&root]);
        assert!(!is_resumed(&connector, &first) && is_resumed(&connector, &first));
        let full = connect(&connector, &server(NAME), &second);
        assert!(!full.is_resumed && full.chain.len() == 1);
        assert!(is_resumed(&connector, &second));
    }
}

/// The full handshake that the server makes instead is checked like any other.
#[test]
fn a_server_that_rejects_the_session_and_has_another_certificate_is_refused() {
    let root = Issued::root("root");
    let connector = trusting(&[&root]);
    assert!(!is_resumed(&connector, &acceptor(&root.server(NAMES)).build()));
    let stranger = Issued::root("stranger").server(NAMES);
    let mut pair = Pair::with(&connector, &server(NAME), &acceptor(&stranger).build(), IDEAL);
    let failure = pair.complete_handshake().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::TlsIssuer);
    let info = pair.handshake.info().unwrap();
    assert_eq!((info.is_resumed, &info.chain[..]), (false, &[stranger.certificate.to_der().unwrap()][..]));
    assert_eq!(kept(&connector), 0, "the sessions of a peer with a changed certificate are dropped");
}

/// The cases: a fatal alert, bytes that are not TLS, the end of the stream, and a reset.
#[test]
fn a_server_that_breaks_on_a_session_gets_none_the_next_time() {
    type Break = (&'static str, fn(&Pair));
    let breaks: [Break; 4] = [
        ("alert", |pair| pair.inject(&[0x15, 3, 3, 0, 2, 2, 40])),
        ("not TLS", |pair| pair.inject(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("end", |pair| pair.network.borrow_mut().end()),
        ("reset", |pair| pair.network.borrow_mut().operations_until_failure = Some(1)),
    ];
    for (how, break_it) in breaks {
        let (acceptor, connector) = server_and_client(|_| {});
        assert!(!is_resumed(&connector, &acceptor));
        assert_eq!(kept(&connector), 2);
        let mut pair = Pair::with(&connector, &server(NAME), &acceptor, IDEAL);
        break_it(&pair);
        let failure = loop {
            match pair.handshake.advance() {
                Ok(_) => {}
                Err(failure) => break failure,
            }
        };
        assert!(matches!(failure.error, Error::Tls | Error::ConnectionLost), "{how}: {failure:?}");
        assert_eq!(*pair.handshake.info().unwrap(), TlsInfo::default(), "{how}: nothing is known of this handshake");
        assert_eq!(kept(&connector), 0, "{how}");
        assert!(!is_resumed(&connector, &acceptor) && is_resumed(&connector, &acceptor), "{how}");
    }
}

/// The server may hang for each of the sessions.
#[test]
fn a_time_out_with_a_session_drops_the_others() {
    let (acceptor, connector) = server_and_client(|_| {});
    assert!(!is_resumed(&connector, &acceptor));
    let mut pair = Pair::with(&connector, &server(NAME), &acceptor, IDEAL);
    assert!(matches!(pair.handshake.advance(), Ok(Advance::Wait)));
    assert_eq!(kept(&connector), 1);
    assert_eq!(*pair.handshake.give_up().unwrap(), TlsInfo::default());
    assert_eq!(kept(&connector), 0);
    assert!(!is_resumed(&connector, &acceptor) && is_resumed(&connector, &acceptor));
    // Without a session, a time-out does not concern sessions.
    let before = kept(&connector);
    let mut pair = Pair::with(&connector, &Destination { port: 444, ..server(NAME) }, &acceptor, IDEAL);
    assert!(matches!(pair.handshake.advance(), Ok(Advance::Wait)));
    pair.handshake.give_up();
    assert_eq!(kept(&connector), before);
}

/// With TLS 1.3, the server can fail after this side's part of the handshake.
#[test]
fn a_resumed_connection_that_fails_before_an_answer_drops_the_sessions() {
    for prepare in [|_: &mut SslAcceptorBuilder| {}, tls_1_2] {
        let (acceptor, connector) = server_and_client(prepare);
        let fails = |expected| {
            let mut pair = Pair::with(&connector, &server(NAME), &acceptor, IDEAL);
            let mut tls = pair.complete_handshake().unwrap();
            pair.server.ssl_write(b"x").unwrap();
            pair.read(&mut tls, 1, &mut [0; 100]).unwrap();
            assert!(kept(&connector) > 0 && tls.info().is_resumed == expected);
            tls.fail_before_answer();
            let _ = pair.server.shutdown();
        };
        fails(false);
        assert!(kept(&connector) > 0, "this failure does not concern sessions");
        fails(true);
        assert_eq!(kept(&connector), 0);
        assert!(!is_resumed(&connector, &acceptor) && is_resumed(&connector, &acceptor));
    }
}

/// Without a session, a failure does not concern sessions.
#[test]
fn a_failure_of_another_peer_drops_no_session() {
    let (acceptor, connector) = server_and_client(|_| {});
    connect(&connector, &server(NAME), &acceptor);
    let mut pair = Pair::with(&connector, &Destination { port: 444, ..server(NAME) }, &acceptor, IDEAL);
    pair.network.borrow_mut().end();
    assert!(pair.complete_handshake().is_err());
    assert!(is_resumed(&connector, &acceptor));
}

#[test]
fn a_session_ends_with_its_ticket_and_a_day_after_the_check() {
    let (acceptor, connector) = server_and_client(|acceptor| set_lifetime(acceptor, 2 * HOUR));
    assert!(!is_resumed(&connector, &acceptor));
    assert!(!ahead(2 * HOUR + 1, || is_resumed(&connector, &acceptor)), "the ticket has ended");

    // OpenSSL's own clock is not ahead, so these sessions are offered only if our clock allows it.
    let (acceptor, connector) = server_and_client(|acceptor| set_lifetime(acceptor, 7 * DAY));
    assert!(!is_resumed(&connector, &acceptor));
    assert!(ahead(23 * HOUR, || is_resumed(&connector, &acceptor)));
    // The ticket is one hour old, but the certificate was checked more than a day ago.
    assert!(!ahead(DAY + 10, || is_resumed(&connector, &acceptor)));
    assert!(!ahead(-HOUR, || is_resumed(&connector, &acceptor)), "a clock that was set back");
}

#[test]
fn a_session_ends_with_the_first_certificate_of_the_chain() {
    let prepare: [fn(&mut SslAcceptorBuilder); 2] = [|_| {}, tls_1_2];
    for prepare in prepare {
        let root = Issued::root("root");
        let acceptor_of = |issued: &Issued| {
            let mut acceptor = acceptor(issued);
            acceptor.set_session_id_context(b"test").unwrap();
            set_lifetime(&mut acceptor, 7 * DAY);
            prepare(&mut acceptor);
            acceptor.build()
        };
        // It is valid for one day, and was checked 12 hours later.
        let short = acceptor_of(&root.server_of_days(NAMES, -1..1));
        let connector = trusting(&[&root]);
        ahead(12 * HOUR, || {
            assert!(!is_resumed(&connector, &short) && is_resumed(&connector, &short));
        });
        assert!(ahead(DAY - 100, || is_resumed(&connector, &short)));
        assert!(!ahead(DAY + 1, || is_resumed(&connector, &short)));
        assert_eq!(kept(&connector), 0, "an expired certificate gives no session");

        let long = acceptor_of(&root.server(NAMES));
        let connector = trusting(&[&root]);
        ahead(12 * HOUR, || assert!(!is_resumed(&connector, &long)));
        assert!(ahead(DAY + 1, || is_resumed(&connector, &long)), "the other one is valid for 30 days");
    }
}

/// The checks after the handshake decide whether its sessions are kept.
#[test]
fn a_handshake_that_is_not_accepted_leaves_no_session() {
    let prepare: [fn(&mut SslAcceptorBuilder); 2] = [|_| {}, tls_1_2];
    for prepare in prepare {
        let (acceptor, connector) = server_and_client(|acceptor| {
            prepare(acceptor);
            // The server selects a protocol that was not offered.
            acceptor.set_alpn_select_callback(|_, _| Ok::<&[u8], AlpnError>(b"h2"));
        });
        let mut pair = Pair::with(&connector, &server(NAME), &acceptor, IDEAL);
        assert_eq!(pair.complete_handshake().map(|_| ()).unwrap_err().error, Error::Tls);

        let (acceptor, other) = server_and_client(prepare);
        let wrong = [[7; 32]];
        let mut pair = Pair::with(&other, &Destination { pins: &wrong, ..server(NAME) }, &acceptor, IDEAL);
        assert_eq!(pair.complete_handshake().map(|_| ()).unwrap_err().error, Error::TlsPin);
        assert_eq!(pair.handshake.info().unwrap().chain.len(), 2);
        assert_eq!((kept(&connector), kept(&other)), (0, 0));
    }
}

/// A hostile server sends tickets endlessly.
#[test]
fn thousands_of_tickets_take_bounded_memory() {
    let (acceptor, connector) = server_and_client(|acceptor| acceptor.set_num_tickets(200).unwrap());
    for port in 0..60 {
        let peer = Destination { port, ..server(NAME) };
        let mut pair = Pair::with(&connector, &peer, &acceptor, IDEAL);
        let mut tls = pair.complete_handshake().unwrap();
        pair.server.ssl_write(b"x").unwrap();
        // The budget for records without data may end the connection.
        let _ = pair.read(&mut tls, 1, &mut [0; 100]);
        assert!(kept(&connector) <= 4 * (usize::from(port) + 1));
    }
    assert!(kept(&connector) <= 128, "{}", kept(&connector));
    assert!(kept(&connector) > 50, "{}", kept(&connector));
}

#[test]
fn an_identity_is_resumed_too() {
    for max in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let (root, players) = (Issued::root("root"), Issued::root("players"));
        let mut acceptor = acceptor_for_clients(&root.server(NAMES), &players, Some(max));
        acceptor.set_session_id_context(b"test").unwrap();
        let acceptor = acceptor.build();
        let identity = Some((players.server("").pkcs12("sesame").into(), "sesame".into()));
        let with = Connector::build(&Settings { identity, ..only(&[&root]) }).unwrap();
        assert!(!is_resumed(&with, &acceptor) && is_resumed(&with, &acceptor));
        let without = trusting(&[&root]);
        assert!(connect_over_fails(&without, &acceptor), "the identity of another connector is not used");
    }
}

fn connect_over_fails(connector: &Connector, acceptor: &SslAcceptor) -> bool {
    let mut pair = Pair::with(connector, &server(NAME), acceptor, IDEAL);
    match pair.complete_handshake() {
        Err(_) => true,
        // TLS 1.3: the server refuses after the client's part of the handshake.
        Ok(mut tls) => pair.read(&mut tls, 1, &mut [0; 100]).is_err(),
    }
}

/// Two threads use one connector.
#[test]
fn threads_share_the_sessions_of_a_connector() {
    let (acceptor, connector) = server_and_client(|_| {});
    connect(&connector, &server(NAME), &acceptor);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..30 {
                    connect(&connector, &server(NAME), &acceptor);
                }
            });
        }
    });
    assert!((1..=4).contains(&kept(&connector)));
}

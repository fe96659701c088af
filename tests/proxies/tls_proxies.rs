//! Proxies with TLS: their certificates, the data that they get, and their failures.

use crate::exchange::{echoes, fails, open, open_with};
use crate::scripted_proxy::ESTABLISHED;
use crate::servers::tls_echo_port;
use ::egret_ws::*;
use openssl::ssl::{
    AlpnError, ErrorCode, HandshakeError, NameType, SslAcceptor, SslFiletype, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use openssl::x509::X509;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ptr;
use std::time::{Duration, Instant};
use test_support::certificates::*;
use test_support::client::{DRIVERS, Driver, Loop, Socket, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::echo_server::echo_port;
use test_support::hooks::{Hooks, Query};
use test_support::response::{self, TlsDetails, address};
use test_support::scripted_server::{Peer, Request, Server};

/// The other end of TLS with a client. The client sends its data, and is read to its end.
struct Front {
    stream: SslStream<TcpStream>,
}

/// The server name and the protocol that the client has sent, and whether it has sent a certificate.
#[derive(Debug, PartialEq)]
struct Hello {
    name: Option<String>,
    protocol: Option<Vec<u8>>,
    has_certificate: bool,
}

impl Front {
    /// Accepts the TLS of the client.
    fn accept(peer: &mut Peer, certificate: &Certificate) -> Front {
        let stream = peer.stream().try_clone().expect("a clone");
        Front { stream: acceptor(certificate).accept(stream).expect("the client's TLS") }
    }

    fn hello(&self) -> Hello {
        let ssl = self.stream.ssl();
        Hello {
            name: ssl.servername(NameType::HOST_NAME).map(str::to_owned),
            protocol: ssl.selected_alpn_protocol().map(<[u8]>::to_vec),
            has_certificate: ssl.peer_certificate().is_some(),
        }
    }

    /// Answers the request for a tunnel. Returns the request.
    fn answer(&mut self, answer: &str) -> Request {
        let request = Request::read(&mut self.stream);
        self.stream.write_all(answer.as_bytes()).expect("the client reads");
        request
    }

    /// Reads the rest that the client sends, up to its close_notify.
    #[track_caller]
    fn read_to_close_notify(&mut self) -> Vec<u8> {
        let (mut all, mut buffer) = (Vec::new(), [0; 1000]);
        loop {
            match self.stream.ssl_read(&mut buffer) {
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) => {
                    assert_eq!(error.code(), ErrorCode::ZERO_RETURN, "no close_notify, but {error}");
                    return all;
                }
            }
        }
    }
}

/// A proxy with this certificate. It asks for the certificate of the client, and also accepts clients without one.
fn acceptor(certificate: &Certificate) -> SslAcceptor {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
    acceptor.set_certificate_chain_file(certificate.chain()).expect("a certificate");
    acceptor.set_private_key_file(certificate.key(), SslFiletype::PEM).expect("its key");
    acceptor.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    acceptor.set_session_id_context(b"proxy").expect("a context for sessions");
    acceptor.set_alpn_select_callback(|_, offered| match offered {
        b"\x08http/1.1" => Ok(b"http/1.1"),
        _ => Err(AlpnError::ALERT_FATAL),
    });
    acceptor.build()
}

/// Returns the certificate of the server itself.
fn der(certificate: &Certificate) -> Vec<u8> {
    X509::from_pem(certificate.pem().as_bytes()).and_then(|parsed| parsed.to_der()).expect("a certificate")
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

/// Checks that the connection fails in its first TLS handshake.
#[track_caller]
fn fails_in_tls(socket: &Socket<'_>, error: i32, texts: &[&str]) -> CloseReport {
    let report = fails(socket);
    assert_eq!((report.error, report.phase, report.http_status), (error, EGRET_WS_PHASE_PROXY, 0), "{report:#?}");
    report.expect_message(texts);
    let stats = socket.stats();
    assert!(stats.proxy_us > 0 && !address(&stats).is_empty(), "TCP was connected");
    assert_eq!((stats.tls_us, stats.handshake_us), (0, 0), "the server was not reached");
    report
}

#[test]
fn the_proxy_gets_its_request_inside_tls_and_the_server_its_own() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let mut front = Front::accept(&mut peer, &RIGHT);
            let hello = front.hello();
            let connect = front.answer(ESTABLISHED);
            let upgrade = Request::read(&mut front.stream);
            front.stream.write_all(upgrade.answer().as_bytes()).expect("the client reads");
            // This is a Close frame with 1000.
            front.stream.write_all(&[0x88, 2, 3, 0xe8]).expect("the client reads");
            assert_eq!(front.read_to_close_notify().len(), 8, "the Close frame of the client");
            (hello, connect, upgrade)
        });
        let proxy = format!("https://user:secret@localhost:{}", server.port());
        let socket = open(host, "ws://echo.test/", &proxy);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(response::proxy(socket.handle()), format!("https://localhost:{}", server.port()));
        assert_eq!(socket.stats().tls_version, 0, "there is no TLS to the server");
        let (hello, connect, upgrade) = server.finish();
        let name = Some("localhost".to_owned());
        assert_eq!(hello, Hello { name, protocol: Some(b"http/1.1".to_vec()), has_certificate: false });
        assert_eq!(connect.line, "CONNECT echo.test:80 HTTP/1.1");
        assert_eq!(connect.header("Proxy-Authorization"), "Basic dXNlcjpzZWNyZXQ=");
        assert_eq!((upgrade.line.as_str(), upgrade.get("Proxy-Authorization")), ("GET / HTTP/1.1", None));
    });
}

/// Forwards bytes between the client inside its TLS and the server, until the client ends.
fn pass_on(front: &mut Front, server: &mut TcpStream) {
    front.stream.get_ref().set_nonblocking(true).expect("a mode of the socket");
    server.set_nonblocking(true).expect("a mode of the socket");
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match front.stream.ssl_read(&mut buffer) {
            Ok(count) => write_all(server, &buffer[..count]),
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::ZERO_RETURN, "no close_notify, but {error}");
                return;
            }
        }
        match server.read(&mut buffer) {
            Ok(count) => write_all(&mut front.stream, &buffer[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
        // The pause limits the speed of the proxy.
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn write_all(stream: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
}

/// Pins, the certificate of this side and `tls_server_name` are for the server, not for the proxy.
#[test]
fn options_for_the_server_do_not_apply_to_the_proxy() {
    let (pin, identity) = (std::ffi::CString::new(RIGHT.pin()).expect("no NUL"), CLIENT.pkcs12("sesame"));
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let mut front = Front::accept(&mut peer, &CHAINED);
            let hello = front.hello();
            front.answer(ESTABLISHED);
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, tls_echo_port())).expect("the server listens");
            pass_on(&mut front, &mut server);
            hello
        });
        let socket =
            open_with(host, &format!("wss://echo.test:{}/", tls_echo_port()), &url(server.port()), |options| {
                options.tls_pins = pin.as_ptr();
                (options.tls_identity, options.tls_identity_len) = (identity.as_ptr().cast(), identity.len());
                options.tls_identity_password = c"sesame".as_ptr();
                options.tls_server_name = c"localhost".as_ptr();
            });
        echoes(&socket);
        assert_eq!(socket.stats().tls_version, EGRET_WS_TLS_1_3);
        let hello = server.finish();
        assert_eq!(hello, Hello { name: None, protocol: Some(b"http/1.1".to_vec()), has_certificate: false });
    });
}

#[test]
fn sessions_of_a_proxy_are_resumed() {
    on_both_drivers(|host| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let proxy = std::thread::spawn(move || {
            let acceptor = acceptor(&RIGHT);
            [(); 3].map(|()| {
                let mut front = Front { stream: acceptor.accept(listener.accept().expect("a client").0).expect("TLS") };
                front.answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
                front.read_to_close_notify();
                front.stream.ssl().session_reused()
            })
        });
        for flags in [0, 0, EGRET_WS_DISABLE_TLS_RESUMPTION] {
            let socket = open_with(host, "ws://echo.test/", &url(port), |options| options.flags |= flags);
            fails(&socket).expect_proxy_refusal(403, &[]);
        }
        assert_eq!(proxy.join().expect("no panic"), [false, true, false]);
    });
}

/// The proxy refuses the handshake or is refused, and gets no request.
#[track_caller]
fn is_refused(certificate: &'static Certificate, set: fn(&mut egret_ws_options), error: i32, words: &str) {
    on_both_drivers(|host| {
        let server = Server::start(move |mut peer| {
            let stream = peer.stream().try_clone().expect("a clone");
            // In TLS 1.3 the server is ready before the client has checked its certificate.
            if let Ok(mut stream) = acceptor(certificate).accept(stream) {
                assert!(stream.ssl_read(&mut [0; 100]).is_err(), "a request");
            }
        });
        let socket = open_with(host, "wss://echo.test/", &url(server.port()), set);
        let report = fails_in_tls(&socket, error, &["the proxy's certificate is not accepted: ", words]);
        assert_eq!(report.initiator, EGRET_WS_INITIATOR_LOCAL);
        server.finish();
    });
}

#[test]
fn the_certificate_of_the_proxy_is_checked() {
    is_refused(&EXPIRED, |_| {}, EGRET_WS_ERR_TLS_EXPIRED, "certificate has expired");
    is_refused(&NOT_YET_VALID, |_| {}, EGRET_WS_ERR_TLS_EXPIRED, "not yet valid");
    is_refused(&WRONG_HOST, |_| {}, EGRET_WS_ERR_TLS_HOST, "IP address mismatch");
    is_refused(&UNKNOWN_ISSUER, |_| {}, EGRET_WS_ERR_TLS_ISSUER, "issuer");
    is_refused(&SELF_SIGNED, |_| {}, EGRET_WS_ERR_TLS_ISSUER, "self");
    // The name of the proxy differs from the name of the server, and the options do not accept it.
    let own_name: fn(&mut egret_ws_options) = |options| options.tls_server_name = c"other.example".as_ptr();
    is_refused(&WRONG_HOST, own_name, EGRET_WS_ERR_TLS_HOST, "IP address mismatch");
    let any: fn(&mut egret_ws_options) = |options| options.flags |= EGRET_WS_ACCEPT_ANY_CERTIFICATE;
    is_refused(&SELF_SIGNED, any, EGRET_WS_ERR_TLS_ISSUER, "self");
}

#[test]
fn without_roots_of_the_options_those_of_the_system_decide() {
    let system: fn(&mut egret_ws_options) = |options| {
        options.flags &= !EGRET_WS_ONLY_THESE_ROOTS;
        (options.tls_roots, options.tls_roots_len) = (ptr::null(), 0);
    };
    is_refused(&RIGHT, system, EGRET_WS_ERR_TLS_ISSUER, "issuer");
}

#[test]
fn the_lowest_version_applies_to_the_proxy() {
    let host = Loop::new(Driver::Threaded);
    let server = Server::start(|mut peer| {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
        acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
        acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
        acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).expect("a version");
        let stream = peer.stream().try_clone().expect("a clone");
        assert!(acceptor.build().accept(stream).is_err());
    });
    let socket = open_with(&host, "ws://echo.test/", &url(server.port()), |options| {
        options.tls_min_version = EGRET_WS_TLS_1_3;
    });
    fails_in_tls(&socket, EGRET_WS_ERR_TLS, &["the TLS handshake with the proxy failed: "]);
    server.finish();
}

/// In TLS 1.3 the proxy reports this after the handshake.
#[test]
fn a_proxy_that_requires_a_client_certificate_fails_the_attempt() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        on_both_drivers(|host| {
            let server = Server::start(move |mut peer| {
                let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
                acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
                acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
                acceptor.set_max_proto_version(Some(version)).expect("a version");
                acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
                let stream = peer.stream().try_clone().expect("a clone");
                assert!(acceptor.build().accept(stream).is_err());
                peer.finish_writing();
                peer.read_to_end();
            });
            let socket = open(host, "ws://echo.test/", &url(server.port()));
            let words =
                ["proxy", if version == SslVersion::TLS1_3 { "certificate required" } else { "handshake failure" }];
            fails_in_tls(&socket, EGRET_WS_ERR_TLS, &words);
            server.finish();
        });
    }
}

#[test]
fn a_proxy_without_tls_is_named() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
            peer.read_to_end();
        });
        let socket = open(host, "wss://echo.test/", &url(server.port()));
        let hint = "the proxy does not speak TLS on this port, is http:// meant? It sent `HTTP/1.1 400 Bad Request`";
        fails_in_tls(&socket, EGRET_WS_ERR_TLS, &["the TLS handshake with the proxy failed: ", hint]);
        server.finish();

        let server = Server::start(drop);
        let socket = open(host, "wss://echo.test/", &url(server.port()));
        fails_in_tls(&socket, EGRET_WS_ERR_CONNECTION_LOST, &["broke during the TLS handshake with the proxy"]);
        server.finish();
    });
}

#[test]
fn a_proxy_with_tls_is_named_if_the_url_contains_http() {
    let host = Loop::new(Driver::Threaded);
    let server = Server::start(|mut peer| {
        // The answer is an alert, because the request is not a TLS record.
        Request::read(peer.stream());
        peer.write([0x15, 3, 1, 0, 2, 2, 70]);
        peer.read_to_end();
    });
    let socket = open(&host, "wss://echo.test/", &format!("http://127.0.0.1:{}", server.port()));
    fails(&socket).expect_message(&["the proxy's answer is TLS, not HTTP/1: use https:// in its URL"]);
    server.finish();
}

#[test]
fn a_proxy_that_stalls_is_ended_by_its_time_out() {
    /// This is far below every default, so the limit of the test must have ended the connection.
    const SOON: Duration = Duration::from_secs(6);
    let in_tls: fn(Peer) = |mut peer| drop(peer.read_to_end());
    let after_tls: fn(Peer) = |mut peer| {
        let mut front = Front::accept(&mut peer, &RIGHT);
        Request::read(&mut front.stream);
        front.stream.write_all(b"HTTP/1.1 200 OK\r\n").expect("the client reads");
        while front.stream.ssl_read(&mut [0; 100]).is_ok() {}
    };
    // In the second case, the handshake must end within the limit.
    for (script, limit, certificates, what) in [
        (in_tls, 150, 0, "the TLS handshake with the proxy"),
        (after_tls, 1500, 1, "the answer of the proxy (is its scheme right: http, https or socks5?)"),
    ] {
        on_both_drivers(|host| {
            let server = Server::start(script);
            let begun = Instant::now();
            let socket =
                open_with(host, "wss://echo.test/", &url(server.port()), |options| options.proxy_timeout_ms = limit);
            let report = fails(&socket);
            let (took, limit) = (begun.elapsed(), Duration::from_millis(limit.into()));
            report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_TRANSPORT);
            report.expect_message(&[&format!("{what} took longer than its time-out")]);
            assert!(took >= limit && took < SOON, "after {took:?}");
            assert!(socket.stats().proxy_us >= limit.as_micros() as u64);
            assert_eq!(socket.tls().chain.len(), certificates, "of the proxy");
            server.finish();
        });
    }
}

#[test]
fn the_headers_and_the_body_of_a_refusal_can_be_read() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let mut front = Front::accept(&mut peer, &RIGHT);
            front.answer("HTTP/1.1 403 Forbidden\r\nX-Rule: games\r\nx-rule: 7\r\nContent-Length: 5\r\n\r\nwhy?!");
            assert!(front.read_to_close_notify().is_empty());
        });
        let socket = open(host, "wss://echo.test/", &url(server.port()));
        fails(&socket).expect_proxy_refusal(403, &["allows no connection to echo.test:443"]);
        assert_eq!(socket.response_headers(), "X-Rule: games\nx-rule: 7\nContent-Length: 5\n");
        assert_eq!(response::response_body(socket.handle()), b"why?!");
        assert_eq!(socket.response_header("X-RULE").as_deref(), Ok("games, 7"));
        assert_eq!(response::proxy(socket.handle()), url(server.port()));
        assert_eq!(socket.stats().http_status, 0, "there is no answer of the server");
        assert_eq!(socket.tls().chain, [der(&RIGHT)], "the certificate of the proxy");
        server.finish();
    });
}

/// A stream that returns one read, and then never any bytes.
#[derive(Debug)]
struct OneRead {
    hello: Vec<u8>,
    stream: TcpStream,
}

impl Read for OneRead {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.hello.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(self.hello.len());
        self.hello.drain(..count).zip(buffer).for_each(|(byte, read)| *read = byte);
        Ok(count)
    }
}

impl Write for OneRead {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// Details of TLS to a proxy must not be reported for a later proxy, or for a server without TLS.
#[test]
fn the_next_proxy_of_a_list_has_no_details_of_the_first_one() {
    for driver in DRIVERS {
        let server = Server::start(|mut peer| {
            let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
            acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
            acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
            acceptor.set_max_proto_version(Some(SslVersion::TLS1_2)).expect("a version");
            // It answers the hello, and nothing after that.
            let mut hello = vec![0; 16_384];
            let count = peer.stream().read(&mut hello).expect("the hello of the client");
            hello.truncate(count);
            let stream = peer.stream().try_clone().expect("a clone");
            let stalled = acceptor.build().accept(OneRead { hello, stream });
            assert!(matches!(stalled, Err(HandshakeError::WouldBlock(_))), "it waits for the client: {stalled:?}");
            peer.read_to_end();
        });
        let list = format!("https://127.0.0.1:{}, direct", server.port());
        let answer = move |_: &str, query: Query| assert_eq!(query.proxy_found(Some(&list)), EGRET_WS_OK);
        let hooks = Hooks { on_proxy: Some(Box::new(answer)), ..Hooks::default() };
        let host = Loop::with(driver, |options| hooks.listen_by(options));
        let roots = ROOT.pem();
        let socket = host.open_host("127.0.0.1", echo_port(), |options| {
            (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
            options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
            options.proxy_timeout_ms = 500;
        });
        let socket = socket.expect("the connect call succeeds");
        echoes(&socket);
        let log = host.take_log();
        let stalled = "the TLS handshake with the proxy took longer than its time-out";
        assert!(log.iter().any(|line| line.contains(stalled)), "{log:?}");
        assert_eq!(socket.tls(), TlsDetails::default(), "there is no TLS to the server");
        server.finish();
    }
}

#[test]
fn close_and_abort_end_the_handshake_at_once() {
    for is_abort in [false, true] {
        on_both_drivers(|host| {
            let (asked, was_asked) = std::sync::mpsc::channel();
            let server = Server::start(move |mut peer| {
                peer.stream().read_exact(&mut [0; 5]).expect("the hello of the client");
                asked.send(()).expect("the test waits");
                if is_abort { peer.ends_with_reset() } else { peer.read_to_end().is_empty() }
            });
            let socket = open(host, "wss://echo.test/", &url(server.port()));
            host.wait_until("the handshake with the proxy", || was_asked.try_recv().is_ok());
            assert_eq!(if is_abort { socket.abort() } else { socket.close(1000, "") }, EGRET_WS_OK);
            fails(&socket).expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_LOCAL);
            assert_eq!(server.finish(), is_abort);
        });
    }
}

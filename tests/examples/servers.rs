//! Servers for the examples. Each listens on the loopback interface while the tests run, and returns its URL.
#![allow(clippy::result_large_err, reason = "the type of tungstenite's callback")]

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslVerifyMode};
use std::io::{self, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use test_support::certificates::{Certificate, ROOT};
use test_support::echo_server::{echo_port, echo_url};
use test_support::scripted_server::Request;
use tungstenite::WebSocket;
use tungstenite::handshake::server::{ErrorResponse, Request as Upgrade, Response};

/// Calls `serve` for each connection on a separate thread, with the number of the connection, counted from 0.
fn listen(serve: impl Fn(usize, TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (serve, stream) = (serve.clone(), stream.expect("a connection"));
            thread::spawn(move || serve(number, stream));
        }
    });
    port
}

fn url(port: u16) -> String {
    format!("ws://127.0.0.1:{port}/")
}

/// Echoes until one side ends.
fn echo<S: Read + Write>(mut socket: WebSocket<S>) {
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
}

/// Accepts or refuses requests by `answer`, and echoes.
fn answering(answer: fn(&Upgrade, Response) -> Result<Response, ErrorResponse>) -> String {
    url(listen(move |_, stream| {
        if let Ok(socket) = tungstenite::accept_hdr(stream, answer) {
            echo(socket);
        }
    }))
}

fn header<'a>(request: &'a Upgrade, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A server that ends its first connection without a Close frame.
pub fn unreliable() -> String {
    url(listen(|number, stream| match tungstenite::accept(stream) {
        Ok(socket) if number > 0 => echo(socket),
        _ => {}
    }))
}

/// A server that accepts only the token "new".
pub fn with_token() -> String {
    answering(|request, response| match header(request, "Authorization") {
        "Bearer new" => Ok(response),
        _ => Err(Response::builder().status(401).body(None).expect("an answer")),
    })
}

/// A server that accepts only the request of `headers.c`.
pub fn with_headers() -> String {
    answering(|request, mut response| {
        let expected = [
            ("X-Game", "egret"),
            ("Accept-Language", "de, en"),
            ("Origin", "https://game.example"),
            ("User-Agent", "my-game/1.0"),
            ("Authorization", "Basic YWRhOm9wZW4gc2VzYW1l"),
            ("Sec-WebSocket-Protocol", "chat.v2, chat.v1"),
        ];
        for (name, value) in expected {
            if header(request, name) != value {
                return Err(Response::builder().status(400).body(Some(name.into())).expect("an answer"));
            }
        }
        response.headers_mut().insert("Sec-WebSocket-Protocol", "chat.v2".parse().expect("a value"));
        response.headers_mut().insert("X-Room", "lobby".parse().expect("a value"));
        Ok(response)
    })
}

/// A server that uses "chat.v1", and refuses clients that offer another subprotocol.
pub fn with_old_subprotocol() -> String {
    answering(|request, mut response| {
        if header(request, "Sec-WebSocket-Protocol") != "chat.v1" {
            return Err(Response::builder().status(400).body(None).expect("an answer"));
        }
        response.headers_mut().insert("Sec-WebSocket-Protocol", "chat.v1".parse().expect("a value"));
        Ok(response)
    })
}

/// A server that redirects to the echo server.
pub fn redirecting() -> String {
    url(listen(|_, mut stream| {
        Request::read(&mut stream);
        let location = echo_url().replace("ws:", "http:");
        // The client may already have disconnected.
        let _ = stream.write_all(
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nSet-Cookie: seat=7\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        );
    }))
}

/// A server that accepts connections and never answers.
pub fn silent() -> String {
    url(listen(|_, mut stream| {
        let _ = io::copy(&mut stream, &mut io::sink());
    }))
}

/// An HTTP proxy that connects each client to the echo server, whatever host it requests. `password`: only clients with it are
/// accepted.
pub fn proxy(password: Option<&'static str>) -> u16 {
    listen(move |_, mut stream| {
        let request = Request::read(&mut stream);
        assert!(request.line.starts_with("CONNECT "), "{request:#?}");
        if request.get("Proxy-Authorization") != password {
            let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        let server = TcpStream::connect(("127.0.0.1", echo_port())).expect("the echo server");
        if stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_err() {
            return;
        }
        let back = (server.try_clone().expect("a second handle"), stream.try_clone().expect("a second handle"));
        thread::spawn(move || carry(back.0, back.1));
        carry(stream, server);
    })
}

fn carry(from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut BufReader::new(from), &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// An echo server with TLS. `asks_client`: it requires a certificate that `ROOT` has signed.
pub fn tls(certificate: &Certificate, asks_client: bool) -> u16 {
    let mut acceptor = SslAcceptor::mozilla_modern_v5(SslMethod::tls_server()).expect("OpenSSL");
    acceptor.set_certificate_chain_file(certificate.chain()).expect("the certificate");
    acceptor.set_private_key_file(certificate.key(), SslFiletype::PEM).expect("the key");
    if asks_client {
        acceptor.set_ca_file::<&Path>(&ROOT.chain()).expect("the authority");
        acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    let acceptor = acceptor.build();
    listen(move |_, stream| {
        if let Ok(stream) = acceptor.accept(stream)
            && let Ok(socket) = tungstenite::accept(stream)
        {
            echo(socket);
        }
    })
}

//! Echo servers for connections through the proxies, shared by all tests of this process.

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use test_support::certificates::{RIGHT, ROOT};

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    (listener, port)
}

/// Returns the port of an echo server with TLS. Its certificate is for `localhost` and `127.0.0.1`.
pub fn tls_echo_port() -> u16 {
    static PORT: LazyLock<u16> = LazyLock::new(|| {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
        acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
        acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
        let acceptor = acceptor.build();
        let (listener, port) = listen();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let acceptor = acceptor.clone();
                thread::spawn(move || tls_echo(&acceptor, stream.expect("a connection")));
            }
        });
        port
    });
    *PORT
}

/// Echoes until the client closes. The client may also end before it begins.
fn tls_echo(acceptor: &SslAcceptor, stream: TcpStream) {
    stream.set_nodelay(true).expect("TCP_NODELAY");
    let Ok(stream) = acceptor.accept(stream) else { return };
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
}

/// Returns the certificate of the authority to trust, as PEM.
pub fn authority() -> &'static str {
    static PEM: LazyLock<String> = LazyLock::new(|| ROOT.pem());
    &PEM
}

/// A port that refuses connections. It is the local port of a connection that stays open during the tests, so no other program
/// can use it.
pub fn closed_port() -> u16 {
    static CONNECTION: LazyLock<(TcpListener, TcpStream)> = LazyLock::new(|| {
        let (listener, port) = listen();
        (listener, TcpStream::connect(("127.0.0.1", port)).expect("a connection"))
    });
    CONNECTION.1.local_addr().expect("the port").port()
}

//! An HTTP server that answers one request after the other, each on a separate connection, and records the heads of the requests.

use native_tls::{Identity, TlsAcceptor, TlsStream};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use test_support::WAIT_LIMIT;
use test_support::certificates::RIGHT;
use test_support::scripted_server::Request;
use tungstenite::handshake::derive_accept_key;

/// The answer that opens a WebSocket. After that, the site closes it with 1000.
pub const ACCEPT: &str =
    "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n";

/// A proxy's answer to CONNECT. The next request comes on the same connection.
pub const TUNNEL: &str = "HTTP/1.1 200 Connection established\n\n";
const TUNNEL_START: &str = "HTTP/1.1 200 Connection established";

pub struct Site {
    pub port: u16,
    listener: TcpListener,
    heads: Receiver<Vec<Request>>,
    thread: JoinHandle<()>,
}

impl Site {
    /// Answers as many requests as there are `answers`. In them, `{accept}` stands for the correct accept key, `{port}` for the
    /// port of the site, and a line feed for CR LF.
    pub fn start<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Site {
        Site::on(TcpListener::bind("127.0.0.1:0").expect("a free port"), false, answers)
    }

    /// Like [`Site::start`], with TLS and a certificate that `certificates::ROOT` has signed.
    pub fn start_tls<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Site {
        Site::on(TcpListener::bind("127.0.0.1:0").expect("a free port"), true, answers)
    }

    pub fn on<A: Into<String>>(listener: TcpListener, tls: bool, answers: impl IntoIterator<Item = A>) -> Site {
        let port = listener.local_addr().expect("a bound listener").port();
        let answers: Vec<String> = answers
            .into_iter()
            .map(|answer| answer.into().replace('\n', "\r\n").replace("{port}", &port.to_string()))
            .collect();
        let acceptor = tls.then(acceptor);
        let (sender, heads) = mpsc::channel();
        let accepting = listener.try_clone().expect("a second handle");
        let thread = thread::spawn(move || {
            let mut answers = answers.into_iter().peekable();
            let mut heads = Vec::new();
            while answers.peek().is_some() {
                let (stream, _) = accepting.accept().expect("a connection");
                stream.set_nodelay(true).expect("TCP_NODELAY");
                stream.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
                stream.set_write_timeout(Some(WAIT_LIMIT)).expect("a write time-out");
                heads.extend(match &acceptor {
                    Some(acceptor) => serve(acceptor.accept(stream).expect("a TLS handshake"), &mut answers),
                    None => serve(stream, &mut answers),
                });
            }
            let _ = sender.send(heads);
        });
        Site { port, listener, heads, thread }
    }

    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port)
    }

    /// Returns the heads of the requests after all answers were given. No connection may be left.
    #[track_caller]
    pub fn finish(self) -> Vec<Request> {
        let heads = match self.heads.recv_timeout(WAIT_LIMIT) {
            Ok(heads) => heads,
            Err(RecvTimeoutError::Disconnected) => resume_unwind(self.thread.join().expect_err("the site panicked")),
            Err(RecvTimeoutError::Timeout) => panic!("not all answers of the site were asked for"),
        };
        nobody_waits(&self.listener);
        heads
    }

    /// Like [`Site::finish`], for a site that gave one answer.
    #[track_caller]
    pub fn finish_one(self) -> Request {
        let mut heads = self.finish();
        assert_eq!(heads.len(), 1);
        heads.remove(0)
    }
}

/// Checks that no connection waits to be accepted.
#[track_caller]
pub fn nobody_waits(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a listener");
    match listener.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        other => panic!("an unexpected connection: {other:?}"),
    }
}

fn acceptor() -> TlsAcceptor {
    let (chain, key) = (fs::read(RIGHT.chain()).expect("a certificate"), fs::read(RIGHT.key()).expect("its key"));
    let identity = Identity::from_pkcs8(&chain, &key).expect("a certificate and its key");
    TlsAcceptor::new(identity).expect("an acceptor")
}

/// A stream whose sending side can be ended, which ends the body of an answer.
trait EndWriting {
    fn end_writing(&mut self);
}

impl EndWriting for TcpStream {
    fn end_writing(&mut self) {
        let _ = self.shutdown(Shutdown::Write); // the client may have reset it
    }
}

impl EndWriting for TlsStream<TcpStream> {
    fn end_writing(&mut self) {
        let _ = self.shutdown(); // as above
    }
}

fn serve(mut stream: impl Read + Write + EndWriting, answers: &mut impl Iterator<Item = String>) -> Vec<Request> {
    let mut heads = Vec::new();
    for answer in answers {
        let head = Request::read(&mut stream);
        let accept = derive_accept_key(head.get("Sec-WebSocket-Key").unwrap_or_default().as_bytes());
        stream.write_all(answer.replace("{accept}", &accept).as_bytes()).expect("the answer is written");
        heads.push(head);
        if answer.contains("{accept}") {
            stream.write_all(&[0x88, 2, 0x03, 0xE8]).expect("a Close frame is written");
            stream.read_exact(&mut [0; 8]).expect("a Close frame with a code and a mask");
            break;
        }
        if !answer.starts_with(TUNNEL_START) {
            stream.end_writing();
            expect_end(stream);
            break;
        }
    }
    heads
}

/// The client disconnects, with or without an end of TLS, and sends nothing before.
fn expect_end(mut stream: impl Read) {
    match stream.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0, "unexpected bytes"),
        Err(error) => assert!(error.kind() != ErrorKind::WouldBlock, "the client does not end the connection"),
    }
}

//! tungstenite, blocking, as in its client example.
//!
//! With TLS it reads through a buffer of ours, because the library has none. Without it, OpenSSL would make a system call for the
//! header of each record.

use egret_ws_lab_peers::{Blocking, Lab, run_blocking};
use std::io::{self, BufReader, Read, Write};
use std::{net::TcpStream, sync::OnceLock};
use tungstenite::{Bytes, Message, Utf8Bytes, WebSocket, client::client_with_config};

const TLS_READ_BYTES: usize = 65536;

#[derive(Debug)]
struct Buffered(BufReader<TcpStream>);

impl Read for Buffered {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read(to)
    }
}

impl Write for Buffered {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(native_tls::TlsStream<Buffered>),
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(to),
            Self::Tls(stream) => stream.read(to),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(from),
            Self::Tls(stream) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

struct Client(WebSocket<Stream>);

impl Blocking for Client {
    fn connect(lab: &Lab) -> Self {
        static CONNECTOR: OnceLock<Option<native_tls::TlsConnector>> = OnceLock::new();
        let tcp = TcpStream::connect((lab.host.as_str(), lab.port)).expect("a connection");
        tcp.set_nodelay(true).expect("an option");
        let stream = match CONNECTOR.get_or_init(|| lab.tls_connector()) {
            None => Stream::Plain(tcp),
            Some(connector) => {
                let buffered = Buffered(BufReader::with_capacity(TLS_READ_BYTES, tcp));
                Stream::Tls(connector.connect(&lab.host, buffered).expect("TLS"))
            }
        };
        Self(client_with_config(lab.url.as_str(), stream, None).expect("an upgrade").0)
    }

    fn send(&mut self, payload: &[u8], text: bool) {
        let payload = Bytes::copy_from_slice(payload);
        let message = match text {
            true => Message::Text(Utf8Bytes::try_from(payload).expect("text")),
            false => Message::Binary(payload),
        };
        self.0.send(message).expect("a send");
    }

    fn queue(&mut self, payload: &[u8]) {
        self.0.write(Message::Binary(Bytes::copy_from_slice(payload))).expect("a write");
    }

    fn flush(&mut self) {
        self.0.flush().expect("a flush");
    }

    fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R {
        loop {
            match self.0.read().expect("a message") {
                Message::Binary(message) => return with(&message),
                Message::Text(message) => return with(message.as_bytes()),
                Message::Close(_) => panic!("the connection is lost"),
                _ => {}
            }
        }
    }

    fn close(mut self) {
        self.0.close(None).expect("a close");
        while self.0.read().is_ok() {}
    }
}

fn main() {
    run_blocking::<Client>(Lab::from_arguments());
}

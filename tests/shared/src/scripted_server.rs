//! A server for one connection that runs the script of a test on a plain socket. The script may violate every rule.

use crate::WAIT_LIMIT;
use crate::frame::{self, Frame, Length};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tungstenite::handshake::derive_accept_key;

/// Accepts one connection on a free port and runs a script with it.
pub struct Server<T> {
    port: u16,
    outcome: Receiver<T>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Server<T> {
    pub fn start(script: impl FnOnce(Peer) -> T + Send + 'static) -> Server<T> {
        Server::on(TcpListener::bind("127.0.0.1:0").expect("a free port"), script)
    }

    pub fn on(listener: TcpListener, script: impl FnOnce(Peer) -> T + Send + 'static) -> Server<T> {
        let port = listener.local_addr().expect("a bound listener").port();
        let (sender, outcome) = mpsc::channel();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let _ = sender.send(script(Peer::new(stream)));
        });
        Server { port, outcome, thread }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the script has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Returns the result of the script, or resumes its panic.
    #[track_caller]
    pub fn finish(self) -> T {
        match self.outcome.recv_timeout(WAIT_LIMIT) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => resume_unwind(self.thread.join().expect_err("the script panicked")),
            Err(RecvTimeoutError::Timeout) => panic!("the server's script did not end"),
        }
    }
}

/// The head of a request, as it was received.
#[derive(Debug)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Reads a request. No byte after the head is read, because bytes after a request to a proxy belong to the tunnel.
    pub fn read(stream: &mut impl Read) -> Request {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the head of a request");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head in UTF-8");
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let line = lines.next().expect("a request line").to_owned();
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(head.matches(['\r', '\n']).count(), 2 * headers.len() + 4, "lines end in CR LF: {head:?}");
        Request { line, headers }
    }

    /// Returns the value of a header that may occur once.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice in {self:#?}");
        value
    }

    /// Returns the value of a header that must occur once.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.get(name).unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }

    /// Returns the value of `Sec-WebSocket-Accept` that answers this request.
    pub fn accept_key(&self) -> String {
        derive_accept_key(self.header("Sec-WebSocket-Key").as_bytes())
    }

    /// Returns the response that every client must accept.
    pub fn answer(&self) -> String {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            self.accept_key()
        )
    }
}

/// The server's end of one connection. Every read and write has a time limit. If one fails, it panics.
pub struct Peer {
    stream: BufReader<TcpStream>,
}

impl Peer {
    pub fn new(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream.set_read_timeout(Some(WAIT_LIMIT)).expect("a read time-out");
        stream.set_write_timeout(Some(WAIT_LIMIT)).expect("a write time-out");
        Peer { stream: BufReader::new(stream) }
    }

    pub fn stream(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }

    /// Reads the head of the request, which must be valid according to RFC 6455 section 4.1.
    pub fn read_request(&mut self) -> Request {
        let request = Request::read(&mut self.stream);
        assert!(request.line.starts_with("GET /") && request.line.ends_with(" HTTP/1.1"), "{request:#?}");
        assert!(request.header("Upgrade").eq_ignore_ascii_case("websocket"), "{request:#?}");
        assert!(request.header("Connection").eq_ignore_ascii_case("upgrade"), "{request:#?}");
        assert_eq!(request.header("Sec-WebSocket-Version"), "13");
        assert!(!request.header("Host").is_empty());
        let key = request.header("Sec-WebSocket-Key");
        assert!(key.len() == 24 && key.ends_with("=="), "not 16 bytes in base64: {key}");
        request
    }

    /// Reads the request and accepts it.
    pub fn upgrade(&mut self) -> Request {
        let request = self.read_request();
        self.write(request.answer());
        request
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream().write_all(bytes.as_ref()).expect("the client reads");
    }

    /// Writes to a client that may have disconnected, which is returned as an error. Panics if the client only stops reading.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.stream().write_all(bytes);
        if let Err(error) = &written {
            let hung_up = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
            assert!(hung_up, "the client neither reads nor disconnects: {error}");
        }
        written
    }

    /// Writes until the client has taken nothing for a quarter of a second. Returns how many bytes were written.
    pub fn write_until_stalled(&mut self, bytes: &[u8]) -> usize {
        let stream = self.stream();
        stream.set_write_timeout(Some(Duration::from_millis(250))).expect("a write time-out");
        let mut written = 0;
        while written < bytes.len() {
            match stream.write(&bytes[written..]) {
                Ok(count) => written += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => panic!("the client disconnected: {error}"),
            }
        }
        stream.set_write_timeout(Some(WAIT_LIMIT)).expect("a write time-out");
        written
    }

    pub fn send(&mut self, frame: &Frame) {
        self.write(frame.bytes());
    }

    /// Reads a frame. It must be masked, use no reserved bit, and have its length in the shortest form.
    pub fn read(&mut self) -> Frame {
        let [first, second] = self.read_array();
        assert_eq!(first & 0x70, 0, "a reserved bit in a frame of the client");
        assert_eq!(second & 0x80, 0x80, "a client's frame without a mask");
        let length = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes(self.read_array())),
            127 => u64::from_be_bytes(self.read_array()),
            short => u64::from(short),
        };
        let shortest = match length {
            0..=125 => second & 0x7F < 126,
            126..=0xFFFF => second & 0x7F == 126,
            _ => second & 0x7F == 127,
        };
        assert!(shortest, "a length of {length} bytes in a longer form than needed");
        let key = self.read_array();
        let mut payload = vec![0; usize::try_from(length).expect("a length that fits")];
        self.stream.read_exact(&mut payload).expect("the payload of a frame");
        frame::unmask(&mut payload, key);
        let frame = Frame::new(first & 0x0F, payload).length_as(Length::Shortest);
        if first & 0x80 == 0 { frame.unfinished() } else { frame }
    }

    /// Reads a frame, which must be a Close frame. Returns its code, or 1005 if it has none.
    pub fn read_close(&mut self) -> u16 {
        let frame = self.read();
        assert!(frame.opcode == frame::CLOSE && frame.fin, "not a Close frame: {frame:?}");
        match frame.payload[..] {
            [] => 1005,
            [high, low, ..] => u16::from_be_bytes([high, low]),
            [_] => panic!("a Close frame with one byte"),
        }
    }

    /// Makes the closing handshake from the server's side.
    pub fn close(mut self, code: u16) {
        self.send(&Frame::close(code, ""));
        assert_eq!(self.read_close(), code, "the Close frame is answered with its own code");
        self.expect_silence();
    }

    /// Ends the stream to the client. Data of the client can still be read.
    pub fn finish_writing(&mut self) {
        self.stream().shutdown(std::net::Shutdown::Write).expect("the connection is open");
    }

    /// Waits for the end of the client's stream. No byte may come before it.
    pub fn expect_end(&mut self) {
        let rest = self.read_to_end();
        assert!(
            rest.is_empty(),
            "{} bytes although none were expected: {:?}…",
            rest.len(),
            &rest[..rest.len().min(20)]
        );
    }

    /// Like [`Peer::expect_end`], for a client that may wait for the server to disconnect first.
    pub fn expect_silence(mut self) {
        self.finish_writing();
        self.expect_end();
    }

    /// Reads until the client ends the connection, with or without a reset.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => rest,
            Err(error) => panic!("the client does not disconnect: {error}"),
        }
    }

    /// Waits for the end of the client's stream. Returns true if it is a reset. Bytes before it are dropped.
    pub fn ends_with_reset(&mut self) -> bool {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
            Err(error) => panic!("the client does not disconnect: {error}"),
        }
    }

    /// Resets the connection when the client has sent something: the kernel sends RST if a socket with unread bytes is closed.
    pub fn reset(mut self) {
        self.stream().peek(&mut [0]).expect("a byte to leave unread");
    }

    fn read_array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).expect("a frame of the client");
        bytes
    }
}

//! TLS without cryptography: records with a header, and a handshake of one record in each direction. There is a provider and a
//! server for it, so that each step of a provider can be wrong separately.

use crate::faults::{Fault, State};
use ::egret_ws::*;
use std::ffi::CString;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use test_support::tls_provider::{Call, Context, Destination, Facts, Failure, Provider, Session, Settings};

pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const DATA: u8 = 23;

pub fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).expect("a record");
    [&[content_type, 3, 3], &len.to_be_bytes()[..], body].concat()
}

/// The provider. The first label of a connection's name selects its fault, see [`Fault`].
pub struct Fake(pub Arc<State>);

impl Provider for Fake {
    fn capabilities(&self) -> u32 {
        self.0.capabilities
    }

    fn new_context(&self, settings: &Settings) -> Result<Box<dyn Context>, Failure> {
        match &*String::from_utf8_lossy(&settings.roots) {
            roots if roots.starts_with("blocks") => self.0.gate.pass(),
            "fails" => return Err((EGRET_WS_ERR_TLS_OPTIONS, "no such roots".into())),
            "has no memory" => return Err((EGRET_WS_ERR_NO_RESOURCES, String::new())),
            "fails oddly" => return Err((4711, "\u{fc}".repeat(200))),
            _ => {}
        }
        self.0.call_library(self.0.loop_of_host(), 0);
        Ok(Box::new(FakeContext(Arc::clone(&self.0))))
    }
}

struct FakeContext(Arc<State>);

impl Context for FakeContext {
    fn open(&self, destination: &Destination) -> Result<Box<dyn Session>, Failure> {
        let state = Arc::clone(&self.0);
        let fault = Fault::of(&destination.name);
        state.note(destination);
        if fault == Fault::FailsToOpen {
            return Err((EGRET_WS_ERR_NO_RESOURCES, "no more sessions".into()));
        }
        Ok(Box::new(FakeSession {
            state,
            fault,
            destination: destination.clone(),
            output: record(HANDSHAKE, destination.name.as_bytes()),
            flags: 0,
            is_busy: false,
        }))
    }
}

impl Drop for FakeContext {
    fn drop(&mut self) {
        self.0.call_library(self.0.loop_of_host(), 0);
    }
}

struct FakeSession {
    state: Arc<State>,
    fault: Fault,
    destination: Destination,
    output: Vec<u8>,
    /// The flags of states that do not end.
    flags: u32,
    is_busy: bool,
}

impl FakeSession {
    fn end(&self, call: &mut Call<'_>) -> Result<(), Failure> {
        call.state = self.flags;
        call.state |= if self.output.is_empty() { 0 } else { EGRET_WS_TLS_HAS_OUTPUT };
        call.state |= if self.is_busy { EGRET_WS_TLS_BUSY } else { 0 };
        Ok(())
    }

    fn call_library(&self) {
        if self.fault == Fault::CallsLibrary {
            self.state.call_library(self.state.loop_of_host(), self.destination.socket.0);
        }
    }
}

impl Session for FakeSession {
    fn receive(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        self.call_library();
        let (content_type, body) = (call.input[0], &call.input[5..]);
        let is_data = content_type == DATA;
        match (self.fault, content_type) {
            (Fault::FailsHandshake(number), HANDSHAKE) => {
                self.output = record(ALERT, &[2, 40]);
                return Err((number, "it fails on purpose".into()));
            }
            (Fault::FailsWithLongMessage, HANDSHAKE) => return Err((EGRET_WS_ERR_TLS, "x".repeat(1000))),
            (Fault::FailsWithoutMessage, HANDSHAKE) => return Err((EGRET_WS_ERR_TLS, String::new())),
            (Fault::FailsLater, DATA) => return Err((EGRET_WS_ERR_TLS, "it fails later".into())),
            (Fault::Blocks, HANDSHAKE) => self.state.gate.pass(),
            (Fault::IsBusy | Fault::IsBusyAndFails, HANDSHAKE) => {
                self.is_busy = true;
                self.state.wait_for_ready(self.destination.socket);
                return self.end(call);
            }
            _ => {}
        }
        match content_type {
            HANDSHAKE => self.flags |= EGRET_WS_TLS_ESTABLISHED,
            ALERT => self.flags |= EGRET_WS_TLS_PEER_CLOSED,
            _ => {
                call.output[..body.len()].copy_from_slice(body);
                call.output_len = body.len();
            }
        }
        if self.fault == Fault::IsBusyWithData && is_data && !self.state.is_ready() {
            self.is_busy = true;
            self.state.wait_for_ready(self.destination.socket);
        }
        self.end(call)?;
        match self.fault {
            Fault::ReturnsTooMuchPlaintext if is_data => call.output_len = call.output.len() + 1,
            Fault::ReturnsAllOfMemory if is_data => call.output_len = usize::MAX,
            Fault::ReturnsUnknownState if is_data => call.state |= 16,
            Fault::GoesBack if is_data => call.state &= !EGRET_WS_TLS_ESTABLISHED,
            Fault::ReturnsDataTooEarly if !is_data => (call.state, call.output_len) = (0, 3),
            Fault::HasEndlessOutput | Fault::HasEmptyOutput if is_data => call.state |= EGRET_WS_TLS_HAS_OUTPUT,
            _ => {}
        }
        Ok(())
    }

    fn send(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        self.call_library();
        if self.is_busy && self.state.is_ready() {
            self.is_busy = false;
            if self.fault == Fault::IsBusyAndFails {
                return Err((EGRET_WS_ERR_TLS_ISSUER, "the user said no".into()));
            }
            self.flags |= EGRET_WS_TLS_ESTABLISHED;
        }
        if self.fault == Fault::BlocksToSend && self.state.blocks_sends.load(SeqCst) {
            self.state.gate.pass();
        }
        if !call.input.is_empty() {
            self.output.extend(record(DATA, call.input));
            if self.fault == Fault::IsBusyToSend && !call.input.starts_with(b"GET ") && !self.state.is_ready() {
                self.is_busy = true;
                self.state.wait_for_ready(self.destination.socket);
            }
        }
        if self.is_busy {
            call.state = self.flags | EGRET_WS_TLS_BUSY;
            return Ok(());
        }
        call.put(&mut self.output);
        self.end(call)?;
        let is_established = self.flags & EGRET_WS_TLS_ESTABLISHED != 0;
        match self.fault {
            Fault::ReturnsTooMuchOutput if is_established => call.output_len = call.output.len() + 1,
            Fault::HasEndlessOutput if is_established => {
                (call.state, call.output_len) = (call.state | EGRET_WS_TLS_HAS_OUTPUT, 1);
            }
            Fault::HasEmptyOutput if is_established => call.state |= EGRET_WS_TLS_HAS_OUTPUT,
            Fault::ReturnsNoHello => (call.output_len, call.state) = (0, 0),
            _ => {}
        }
        Ok(())
    }

    fn close_notify(&mut self, call: &mut Call<'_>) -> Result<(), Failure> {
        self.call_library();
        if self.fault == Fault::FailsToClose {
            return Err((EGRET_WS_ERR_TLS, "no close_notify".into()));
        }
        self.output.extend(record(ALERT, &[1, 0]));
        call.put(&mut self.output);
        self.end(call)
    }

    fn facts(&mut self) -> Facts {
        self.call_library();
        let text = |text: &[u8]| CString::new(text).ok();
        let mut facts = Facts { version: EGRET_WS_TLS_1_3, cipher: text(b"FAKE"), ..Facts::default() };
        facts.chain = vec![0x30, 2, 5, 0, 0x30, 0];
        match self.fault {
            Fault::HasBadChain => facts.chain = b"no DER at all".to_vec(),
            Fault::HasCutChain => facts.chain = vec![0x30, 2, 5, 0, 0x30, 0x82, 0xff, 0xff, 1],
            Fault::HasBadTexts => (facts.version, facts.cipher) = (0x9999, text(b"\xff\xfe cipher")),
            Fault::HasLongTexts => facts.cipher = text(&[b'c'; 100_000]),
            Fault::HasOtherAlpn => facts.alpn = text(b"h2"),
            _ => {}
        }
        facts
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.call_library();
    }
}

/// Starts an echo server. It does not answer the handshake of names that begin with `silent`.
pub fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the port").port();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| serve(stream)))));
    port
}

/// Starts a proxy of `https://`. It also acts as the server behind it.
#[cfg(feature = "proxies")]
pub fn proxy() -> u16 {
    server()
}

/// Echoes until one side ends. The client detects failures. A client that requests a tunnel gets one to this server.
fn serve(stream: impl Read + Write + 'static) {
    let mut stream = Records { stream: Box::new(stream), plaintext: Vec::new(), is_erratic: false };
    let Ok((HANDSHAKE, name)) = stream.receive() else { return };
    stream.is_erratic = name.starts_with(b"erratic");
    if name.starts_with(b"silent") {
        let _ = stream.receive();
        return;
    }
    if stream.stream.write_all(&record(HANDSHAKE, b"hello")).is_err() || stream.fill().is_err() {
        return;
    }
    if stream.plaintext.starts_with(b"CONNECT ") {
        while !stream.plaintext.ends_with(b"\r\n\r\n") {
            match stream.receive() {
                Ok((DATA, body)) => stream.plaintext.extend(body),
                _ => return,
            }
        }
        stream.plaintext.clear();
        stream.is_erratic = true;
        if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_ok() {
            serve(stream);
        }
        return;
    }
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
    // With unread input, the end would be a reset, and the client would not get all bytes.
    let stream = socket.get_mut();
    while stream.is_erratic && stream.receive().is_ok_and(|(content_type, _)| content_type != ALERT) {}
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

struct Records {
    stream: Box<dyn Stream>,
    plaintext: Vec<u8>,
    /// The session also sends records without data.
    is_erratic: bool,
}

impl Records {
    fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut header = [0; 5];
        self.stream.read_exact(&mut header)?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        self.stream.read_exact(&mut body)?;
        Ok((header[0], body))
    }

    /// Reads until there is plaintext. Returns false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        while self.plaintext.is_empty() {
            match self.receive()? {
                (DATA, body) => self.plaintext = body,
                (HANDSHAKE, _) => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Read for Records {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let count = buffer.len().min(self.plaintext.len());
        buffer[..count].copy_from_slice(&self.plaintext[..count]);
        self.plaintext.drain(..count);
        Ok(count)
    }
}

impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(16 * 1024);
        if self.is_erratic {
            self.stream.write_all(&record(HANDSHAKE, b"a new key"))?;
        }
        self.stream.write_all(&record(DATA, &bytes[..count]))?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

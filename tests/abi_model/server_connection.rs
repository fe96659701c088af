//! The server's end of one connection: it reads and writes frames, and checks each frame of the client against RFC 6455.

use crate::messages::{self, Fingerprint};
use crate::script::Violation;
use crate::trace::{lock, promise};
use ::egret_ws::{EGRET_WS_MAX_MESSAGE_BYTES, EGRET_WS_TEXT};
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use test_support::deflate::codec::{Deflater, Inflater};
use test_support::frame::{self, BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT};

/// A stream of bytes, with TLS or without.
pub enum Wire {
    Plain(TcpStream),
    Tls(Box<openssl::ssl::SslStream<TcpStream>>),
}

impl Wire {
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => stream.get_ref(),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.read(bytes),
            Wire::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(stream) => stream.write(bytes),
            Wire::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The server's record of one connection. The server records each action before it acts.
#[derive(Clone, Default, Debug)]
pub struct Served {
    pub number: u64,
    /// The number of the socket, which is in the path of its request.
    pub socket: usize,
    /// The messages that were completely read.
    pub received: Vec<Fingerprint>,
    /// The messages whose writing has begun.
    pub sent: Vec<Fingerprint>,
    /// The HTTP status of the answer, if there was one.
    pub status: i32,
    /// The client may refuse the answer, because it is not valid for a WebSocket server. `is_odd_refusal`: it has another status
    /// in an odd head.
    pub is_odd: bool,
    pub is_odd_refusal: bool,
    /// The violation of the protocol, if there was one.
    pub violation: Option<Violation>,
    /// The connection has ended, or is about to end.
    pub ended: bool,
    /// The codes of the Close frames. 1005 if a frame had no code.
    pub close_sent: Option<u16>,
    /// The server closed before it had read a Close frame.
    pub closed_first: bool,
    pub close_received: Option<u16>,
}

pub struct Peer {
    pub stream: BufReader<Wire>,
    pub served: Arc<Mutex<Served>>,
    /// Permessage-deflate was agreed on.
    pub deflate: Option<(Deflater, Inflater)>,
    pub ignores_pings: bool,
    /// The message that has begun: its opcode, whether it is compressed, and its bytes so far.
    begun: Option<(u8, bool, Vec<u8>)>,
}

/// A message or a Close frame of the client.
pub enum Received {
    Message(i32, Vec<u8>),
    Close(Frame),
}

impl Peer {
    pub fn new(wire: Wire, served: Arc<Mutex<Served>>) -> Peer {
        Peer { stream: BufReader::new(wire), served, deflate: None, ignores_pings: false, begun: None }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    pub fn shut(&mut self, how: Shutdown) {
        // It fails if the client has already ended the stream.
        let _ = self.stream.get_ref().tcp().shutdown(how);
    }

    /// Makes and records a new message of this connection.
    pub fn compose(&mut self, is_text: bool, len: usize) -> (i32, Vec<u8>) {
        let mut served = lock(&self.served);
        let kind = messages::kind(is_text);
        let bytes = messages::make(kind, len, 's', served.number, 9, served.sent.len());
        served.sent.push(Fingerprint::of(kind, &bytes));
        (kind, bytes)
    }

    /// The frame of a message, compressed if that was agreed on.
    pub fn frame(&mut self, kind: i32, bytes: &[u8]) -> Frame {
        let opcode = if kind == EGRET_WS_TEXT { TEXT } else { BINARY };
        match &mut self.deflate {
            Some((deflater, _)) => Frame::new(opcode, deflater.message(bytes)).rsv(4),
            None => Frame::new(opcode, bytes),
        }
    }

    pub fn send(&mut self, is_text: bool, len: usize) -> io::Result<()> {
        let (kind, bytes) = self.compose(is_text, len);
        let frame = self.frame(kind, &bytes);
        self.write(&frame.bytes())
    }

    /// Echoes messages until `count` were echoed. Returns false if the client has closed.
    pub fn echo(&mut self, count: usize) -> io::Result<bool> {
        for _ in 0..count {
            match self.receive()? {
                Received::Message(kind, bytes) => {
                    lock(&self.served).sent.push(Fingerprint::of(kind, &bytes));
                    let frame = self.frame(kind, &bytes);
                    self.write(&frame.bytes())?;
                }
                Received::Close(close) => {
                    let code = lock(&self.served).close_received;
                    lock(&self.served).close_sent = code;
                    self.write(&Frame::new(CLOSE, close.payload).bytes())?;
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Returns the next message, or the Close frame. Answers pings.
    pub fn receive(&mut self) -> io::Result<Received> {
        loop {
            let frame = self.read_frame()?;
            match frame.opcode {
                PING if self.ignores_pings => {}
                PING => self.write(&Frame::pong(frame.payload).bytes())?,
                PONG => {}
                CLOSE => {
                    let code = match frame.payload[..] {
                        [] => 1005,
                        [_] => crate::trace::breach!("the client wrote a Close frame of one byte"),
                        [high, low, ..] => u16::from_be_bytes([high, low]),
                    };
                    let is_allowed = matches!(code, 1000..=1003 | 1005 | 1007..=1014 | 3000..=4999);
                    promise!(is_allowed, "the client wrote a Close frame with the code {code}");
                    let reason = frame.payload.get(2..).unwrap_or_default();
                    promise!(str::from_utf8(reason).is_ok(), "the client wrote a reason that is not UTF-8");
                    lock(&self.served).close_received = Some(code);
                    return Ok(Received::Close(frame));
                }
                _ => {
                    if let Some((kind, bytes)) = self.assemble(frame) {
                        lock(&self.served).received.push(Fingerprint::of(kind, &bytes));
                        return Ok(Received::Message(kind, bytes));
                    }
                }
            }
        }
    }

    /// Adds a frame to its message. Returns the message when it is complete.
    fn assemble(&mut self, frame: Frame) -> Option<(i32, Vec<u8>)> {
        promise!(
            (frame.opcode == CONTINUATION) == self.begun.is_some(),
            "the client wrote {frame:?} while {:?} was begun",
            self.begun.as_ref().map(|begun| begun.0)
        );
        let (opcode, is_compressed, mut bytes) =
            self.begun.take().unwrap_or((frame.opcode, frame.rsv == 4, Vec::new()));
        bytes.extend(&frame.payload);
        if !frame.fin {
            self.begun = Some((opcode, is_compressed, bytes));
            return None;
        }
        let most = EGRET_WS_MAX_MESSAGE_BYTES as usize;
        if is_compressed {
            let Some((_, inflater)) = &mut self.deflate else {
                crate::trace::breach!("the client compresses, which was not agreed on");
            };
            bytes = inflater.message(&bytes, most).unwrap_or_else(|why| {
                crate::trace::breach!("the client wrote a message that cannot be decompressed: {why}")
            });
        }
        promise!(bytes.len() <= most, "the client wrote a message of {} bytes", bytes.len());
        promise!(opcode != TEXT || str::from_utf8(&bytes).is_ok(), "the client wrote text that is not UTF-8");
        Some((messages::kind(opcode == TEXT), bytes))
    }

    fn read_frame(&mut self) -> io::Result<Frame> {
        let [first, second] = self.read_array()?;
        let (opcode, rsv, fin) = (first & 0x0F, first >> 4 & 7, first & 0x80 != 0);
        let length = match second & 0x7F {
            126 => u64::from(u16::from_be_bytes(self.read_array()?)),
            127 => u64::from_be_bytes(self.read_array()?),
            short => u64::from(short),
        };
        let is_control = opcode & 8 != 0;
        promise!(second & 0x80 != 0, "the client wrote a frame without a mask");
        promise!(matches!(opcode, 0..=2 | 8..=10), "the client wrote the opcode {opcode}");
        promise!(rsv == 0 || rsv == 4 && !is_control, "the client wrote the reserved bits {rsv}");
        promise!(!is_control || fin && length <= 125, "the client wrote a control frame of {length} bytes, FIN {fin}");
        promise!(length <= 1 << 18, "the client wrote a frame of {length} bytes");
        let key = self.read_array()?;
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload)?;
        frame::unmask(&mut payload, key);
        let frame = Frame::new(opcode, payload).rsv(rsv);
        Ok(if fin { frame } else { frame.unfinished() })
    }

    fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads until the client closes or ends. Only pings and pongs may follow its Close frame.
    pub fn listen(&mut self) -> io::Result<()> {
        if lock(&self.served).close_received.is_none() {
            while let Received::Message(..) = self.receive()? {}
        }
        lock(&self.served).ended = true;
        self.shut(Shutdown::Write);
        loop {
            let frame = self.read_frame()?;
            promise!(
                [PING, PONG].contains(&frame.opcode),
                "the client wrote {frame:?} after its Close frame on {:?}",
                lock(&self.served)
            );
        }
    }
}

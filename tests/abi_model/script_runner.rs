//! The server runs a script on one connection.

use crate::messages::NOT_UTF8;
use crate::script::{Answer, End, Script, Step, Violation};
use crate::server::Stop;
use crate::server_connection::{Peer, Received};
use crate::trace::lock;
use ::egret_ws::EGRET_WS_TEXT;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;
use test_support::deflate::codec::{Deflater, Inflater};
use test_support::frame::{self, Frame, PING, TEXT};
use tungstenite::handshake::derive_accept_key;

/// The head of a request.
pub struct Request(pub String);

impl Request {
    pub fn path(&self) -> &str {
        self.0.split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.0.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// Runs the whole script. An error means that the client has ended the connection first.
pub fn play(peer: &mut Peer, request: &Request, script: &Script, cap: usize, stop: &Stop) -> io::Result<End> {
    if !answer(peer, request, script, cap, stop)? {
        return Ok(End::Listen);
    }
    for (number, step) in script.steps.iter().enumerate() {
        if stop.is_stopping() {
            return Ok(End::Cut);
        }
        match step {
            Step::Echo(count) if !peer.echo(*count)? => return end_connection(peer, End::Listen),
            Step::Echo(_) => {}
            Step::Send { count, len } => {
                for one in 0..*count {
                    peer.send(one % 3 == 0, *len)?;
                }
            }
            Step::Fragments { pieces, len } => fragments(peer, *pieces, *len)?,
            Step::Slowly { len } => {
                let (kind, bytes) = peer.compose(number % 2 == 0, *len);
                let frame = peer.frame(kind, &bytes).bytes();
                frame.iter().try_for_each(|byte| peer.write(&[*byte]))?;
            }
            Step::Pings(count) => (0..*count).try_for_each(|one| peer.write(&Frame::ping(vec![7; one]).bytes()))?,
            Step::Pongs(count) => (0..*count).try_for_each(|_| peer.write(&Frame::pong("unasked").bytes()))?,
            Step::Stall(ms) => stop.wait(Duration::from_millis(*ms)),
            Step::Violation(violation) => {
                violate(peer, *violation, cap)?;
                return end_connection(peer, End::Listen);
            }
            Step::Close { code, reason, sends_afterwards, then } => {
                let mut served = lock(&peer.served);
                (served.close_sent, served.closed_first) = (Some(*code), true);
                drop(served);
                let close = match code {
                    1005 => Frame::new(frame::CLOSE, []),
                    _ => Frame::close(*code, reason),
                };
                peer.write(&close.bytes())?;
                if *sends_afterwards {
                    // This is not recorded, because data after a Close frame is not a message.
                    peer.write(&Frame::text("too late").bytes())?;
                }
                return end_connection(peer, *then);
            }
            Step::End(end) => return end_connection(peer, *end),
        }
    }
    while peer.echo(1)? {}
    end_connection(peer, End::Listen)
}

fn end_connection(peer: &mut Peer, end: End) -> io::Result<End> {
    match end {
        End::Listen => peer.listen()?,
        End::Half => {
            lock(&peer.served).ended = true;
            peer.shut(Shutdown::Write);
            while let Received::Message(..) = peer.receive()? {}
        }
        End::Cut | End::Reset => {}
    }
    Ok(end)
}

/// Returns true if the connection is open for the server.
fn answer(peer: &mut Peer, request: &Request, script: &Script, cap: usize, stop: &Stop) -> io::Result<bool> {
    let accept = accept(peer, request, script);
    let odd = |peer: &mut Peer, status: i32, text: &[u8]| {
        let mut served = lock(&peer.served);
        (served.is_odd, served.status) = (true, status);
        drop(served);
        peer.write(text)
    };
    match &script.answer {
        Answer::Accept => peer.write(accept.as_bytes())?,
        Answer::Slowly => accept.bytes().try_for_each(|byte| peer.write(&[byte]))?,
        Answer::WithMessages(count) => {
            let mut bytes = accept.into_bytes();
            for one in 0..*count {
                let (kind, message) = peer.compose(one % 2 == 0, (10 + 20 * one).min(cap));
                bytes.extend(peer.frame(kind, &message).bytes());
            }
            peer.write(&bytes)?;
        }
        Answer::Cut { bytes, reset } => {
            lock(&peer.served).ended = true;
            peer.write(&accept.as_bytes()[..*bytes])?;
            return Err(if *reset { ErrorKind::ConnectionReset } else { ErrorKind::UnexpectedEof }.into());
        }
        Answer::Interim(status) => {
            odd(peer, i32::from(*status), format!("HTTP/1.1 {status} Wait\r\n\r\n{accept}").as_bytes())?;
        }
        Answer::Refuse(status, header) => {
            lock(&peer.served).status = i32::from(*status);
            peer.write(format!("HTTP/1.1 {status} No\r\n{header}\r\n\r\nhello").as_bytes())?;
        }
        Answer::OddRefusal(status, line) => {
            lock(&peer.served).is_odd_refusal = true;
            odd(peer, i32::from(*status), format!("HTTP/1.1 {status} No\r\nX-A: b\r\n{line}\r\n\r\n").as_bytes())?;
        }
        Answer::Redirect(status, place) => {
            lock(&peer.served).status = i32::from(*status);
            let path = request.path();
            peer.write(format!("HTTP/1.1 {status} Go\r\nLocation: {place}{path}\r\n\r\n").as_bytes())?;
        }
        Answer::Wrong(line) => {
            let key = derive_accept_key(request.header("Sec-WebSocket-Key").unwrap_or_default().as_bytes());
            let head = "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
            odd(peer, 101, format!("{head}{}\r\n\r\n", line.replace("{accept}", &key)).as_bytes())?;
        }
        Answer::Garbage(bytes) => odd(peer, 0, bytes)?,
        Answer::Silence(ms) => stop.wait(Duration::from_millis(*ms)),
    }
    Ok(matches!(script.answer, Answer::Accept | Answer::Slowly | Answer::WithMessages(_) | Answer::Interim(_)))
}

/// Returns the head that accepts the request. It contains the number of the connection.
fn accept(peer: &mut Peer, request: &Request, script: &Script) -> String {
    let key = derive_accept_key(request.header("Sec-WebSocket-Key").unwrap_or_default().as_bytes());
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n"
    );
    let offer = request.header("Sec-WebSocket-Extensions").unwrap_or_default();
    if script.deflates && offer.starts_with("permessage-deflate") {
        let mut agreed = String::from("permessage-deflate");
        let limit = offer.split_once("server_max_window_bits=").map(|(_, bits)| bits.trim_matches('"'));
        let bits = limit.and_then(|bits| bits.split(';').next()?.trim().parse().ok()).unwrap_or(15);
        if limit.is_some() {
            agreed.push_str(&format!("; server_max_window_bits={bits}"));
        }
        // This server always keeps its context, so it declines an offer with `server_no_context_takeover`.
        if !offer.contains("server_no_context_takeover") {
            head.push_str(&format!("Sec-WebSocket-Extensions: {agreed}\r\n"));
            peer.deflate = Some((Deflater::fast(bits), Inflater::default()));
        }
    }
    if let Some(first) = request.header("Sec-WebSocket-Protocol").and_then(|list| list.split(',').next()) {
        head.push_str(&format!("Sec-WebSocket-Protocol: {}\r\n", first.trim()));
    }
    let mut served = lock(&peer.served);
    if matches!(script.answer, Answer::Accept | Answer::Slowly | Answer::WithMessages(_)) {
        served.status = 101;
    }
    head + &format!("X-Connection: {}\r\n\r\n", served.number)
}

/// Sends one message in pieces. A cut may be inside a character. There is a ping before each piece except the first one.
fn fragments(peer: &mut Peer, pieces: usize, len: usize) -> io::Result<()> {
    let (kind, bytes) = peer.compose(pieces.is_multiple_of(2), len);
    let whole = peer.frame(kind, &bytes);
    let size = whole.payload.len().div_ceil(pieces).max(1);
    let count = whole.payload.len().div_ceil(size).max(1);
    for at in 0..count {
        let piece = &whole.payload[at * size..whole.payload.len().min((at + 1) * size)];
        let frame = if at == 0 { Frame::new(whole.opcode, piece).rsv(whole.rsv) } else { Frame::continuation(piece) };
        let frame = if at + 1 < count { frame.unfinished() } else { frame };
        if at > 0 {
            peer.write(&Frame::ping("between").bytes())?;
        }
        peer.write(&frame.bytes())?;
    }
    Ok(())
}

fn violate(peer: &mut Peer, violation: Violation, cap: usize) -> io::Result<()> {
    let kind = EGRET_WS_TEXT;
    let mut served = lock(&peer.served);
    served.violation = Some(violation);
    if matches!(violation, Violation::CloseCode(_) | Violation::CloseReasonNotUtf8) {
        served.close_sent = Some(1002);
    }
    drop(served);
    let frames = match violation {
        // If compression was agreed on, half of them are compressed.
        Violation::NotUtf8(which) if which % 2 == 0 => vec![Frame::text(NOT_UTF8[which])],
        Violation::NotUtf8(which) => vec![peer.frame(kind, NOT_UTF8[which])],
        Violation::Opcode(opcode) => vec![Frame::new(opcode, "x")],
        Violation::Reserved(bits) => vec![Frame::text("x").rsv(bits)],
        Violation::Masked => vec![Frame::text("x").masked([1, 2, 3, 4])],
        Violation::LongControl => vec![Frame::ping([0; 126])],
        Violation::FragmentedPing => vec![Frame::ping("x").unfinished()],
        Violation::StrayContinuation => vec![Frame::continuation("x")],
        Violation::MessageInMessage => vec![Frame::text("x").unfinished(), Frame::text("y")],
        Violation::CloseCode(code) => vec![Frame::close(code, "")],
        Violation::CloseOfOneByte => vec![Frame::new(frame::CLOSE, [3])],
        Violation::CloseReasonNotUtf8 => vec![Frame::close(1000, b"\xff")],
        Violation::TooBigClaimed => {
            let header = Frame::new(TEXT, []).header_claiming(cap as u64 + 1);
            return peer.write(&header);
        }
        Violation::TooBigInPieces => {
            vec![Frame::binary(vec![0; cap]).unfinished(), Frame::new(PING, []), Frame::continuation([0])]
        }
        // This is a block of an invalid type. If compression was not agreed on, RSV1 itself is wrong.
        Violation::DeflateGarbage => vec![Frame::binary([0x07, 0xFF, 0xFF]).rsv(4)],
    };
    frames.iter().try_for_each(|frame| peer.write(&frame.bytes()))
}

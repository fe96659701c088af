//! One connection, from the request to its end.

use super::behaviour::{Behaviour, Burst, End, Refusal};
use super::head;
use super::room::{self, Rooms};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tungstenite::handshake::server::{create_response, write_response};
use tungstenite::http::{HeaderName, HeaderValue, Request, StatusCode};
use tungstenite::protocol::frame::{CloseFrame, Frame, Utf8Bytes, coding::OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// This is more than the limit of the library, so that in tests the echo of a large message can exceed that limit.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// The longest time without a read. Clients end the connection long before.
const MAX_FREEZE: Duration = Duration::from_secs(600);

/// Serves a connection until its end. Errors of the client are ignored, because clients in tests cause all of them deliberately.
/// `tcp` is the connection below `stream`.
pub fn run<S: Read + Write + Send>(
    mut stream: S,
    tcp: io::Result<TcpStream>,
    behaviour: &Behaviour,
    rooms: &Arc<Rooms>,
) {
    let Ok(tcp) = tcp else { return };
    let Ok((request, rest)) = head::read(&mut stream) else { return };
    let mut behaviour = behaviour.clone();
    if let Err(complaint) = behaviour.add_path(request.uri().path()) {
        behaviour.refusal = Some(Refusal::Status(400));
        behaviour.body = Some(complaint + "\n");
    }
    // It is a member before it gets the answer, so it misses no message that is sent after that.
    let mut member = None;
    if let Some(name) = &behaviour.room
        && behaviour.refusal.is_none()
    {
        let Ok(tcp) = tcp.try_clone() else { return };
        match rooms.join(name, tcp) {
            Ok(joined) => member = Some(joined),
            Err(complaint) => {
                behaviour.refusal = Some(Refusal::Status(503));
                behaviour.body = Some(complaint);
            }
        }
    }
    match answer(&mut stream, &request, &behaviour) {
        Ok(Answer::Upgraded) => {}
        Ok(Answer::Refused) => return leave(stream, &tcp),
        Ok(Answer::Stalled) => return discard(&tcp),
        Err(_) => return,
    }
    // For a test with a thousand connections, the default read buffer of 128 KiB for each of them is too much.
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let mut socket = WebSocket::from_partially_read(stream, rest, Role::Server, Some(config));
    // A failure comes from the client, or from the network.
    let _ = burst(&mut socket, &behaviour).and_then(|()| match &member {
        None => talk(&mut socket, &tcp, &behaviour),
        Some(member) => room::talk(socket, &tcp, &behaviour, member),
    });
}

enum Answer {
    Upgraded,
    Refused,
    Stalled,
}

fn answer(stream: &mut impl Write, request: &Request<()>, behaviour: &Behaviour) -> io::Result<Answer> {
    thread::sleep(behaviour.delay);
    match behaviour.refusal {
        Some(Refusal::Stall) => return Ok(Answer::Stalled),
        Some(Refusal::Hangup) => return Ok(Answer::Refused),
        Some(Refusal::Status(status)) => return refuse(stream, status, None, behaviour),
        None => {}
    }
    for (name, value) in &behaviour.required {
        let found = request.headers().get(name).map(|found| found.to_str().unwrap_or_default());
        if found != Some(value) {
            let state = if found.is_some() { "has another value" } else { "is missing" };
            return refuse(stream, 401, Some(format!("The header {name} {state}.\n")), behaviour);
        }
    }
    let mut response = match create_response(request) {
        Ok(response) => response,
        Err(error) => {
            let usage =
                format!("This is egret-ws-echo, a WebSocket server. The request is not a WebSocket request: {error}\n");
            return refuse(stream, 426, Some(usage), behaviour);
        }
    };
    let offered = request.headers().get_all("sec-websocket-protocol").iter().filter_map(|list| list.to_str().ok());
    let mut offered = offered.flat_map(|list| list.split(',')).map(str::trim);
    if let Some(chosen) = offered.find(|offer| behaviour.subprotocols.iter().any(|accepted| accepted == offer)) {
        let chosen = HeaderValue::from_str(chosen).map_err(io::Error::other)?;
        response.headers_mut().insert("sec-websocket-protocol", chosen);
    }
    for (name, value) in &behaviour.headers {
        let name = name.parse::<HeaderName>().map_err(io::Error::other)?;
        response.headers_mut().append(name, HeaderValue::from_str(value).map_err(io::Error::other)?);
    }
    let mut head = Vec::new();
    write_response(&mut head, &response).map_err(io::Error::other)?;
    stream.write_all(&head)?;
    Ok(Answer::Upgraded)
}

fn refuse(stream: &mut impl Write, status: u16, reason: Option<String>, behaviour: &Behaviour) -> io::Result<Answer> {
    let words = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
    let mut head = format!("HTTP/1.1 {status} {words}\r\nConnection: close\r\n");
    for (name, value) in &behaviour.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = behaviour.body.clone().or(reason).unwrap_or_else(|| format!("{status} {words}\n"));
    if status != 204 && status != 304 {
        head += &format!("Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    } else {
        head += "\r\n";
    }
    stream.write_all(head.as_bytes())?;
    stream.flush()?;
    Ok(Answer::Refused)
}

/// Sends the messages of the beginning.
fn burst<S: Read + Write>(socket: &mut WebSocket<S>, behaviour: &Behaviour) -> tungstenite::Result<()> {
    if let Some(Burst { messages, bytes }) = behaviour.burst {
        let message = Message::binary(vec![b'b'; bytes]);
        for _ in 0..messages {
            socket.write(message.clone())?;
        }
        socket.flush()?;
    }
    Ok(())
}

/// Echoes until one side closes.
fn talk<S: Read + Write>(socket: &mut WebSocket<S>, tcp: &TcpStream, behaviour: &Behaviour) -> tungstenite::Result<()> {
    let mut echoed = 0;
    loop {
        if let Some((end, after)) = behaviour.end
            && echoed >= after
        {
            return finish(socket, tcp, end);
        }
        // A read itself answers pings and Close. It fails with `ConnectionClosed` when the handshake is complete.
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            thread::sleep(behaviour.delay);
            socket.send(message)?;
            echoed += 1;
        }
    }
}

/// Ends the connection in the way that was asked for.
pub fn finish<S: Read + Write>(socket: &mut WebSocket<S>, tcp: &TcpStream, end: End) -> tungstenite::Result<()> {
    match end {
        End::Drop => {
            tcp.shutdown(Shutdown::Both)?;
        }
        End::Freeze => freeze(tcp),
        End::Close(code) => {
            let reason = Utf8Bytes::from_static("as egret-ws-echo was asked to");
            socket.close(Some(CloseFrame { code: code.into(), reason }))?;
            while socket.read().is_ok() {}
        }
        End::Violate => {
            // RFC 6455 section 5.2: a frame with a reserved opcode.
            let mut frame =
                Frame::message("?", OpCode::Data(tungstenite::protocol::frame::coding::Data::Reserved(3)), true);
            frame.header_mut().mask = None;
            socket.send(Message::Frame(frame))?;
            while socket.read().is_ok() {}
        }
    }
    Ok(())
}

/// Waits until the client has ended the connection, without an answer.
fn discard(mut tcp: &TcpStream) {
    let mut part = [0; 1024];
    while matches!(tcp.read(&mut part), Ok(1..)) {}
}

/// Waits until the client has ended the connection, and reads nothing from it, so that the buffers of the operating system become
/// full.
fn freeze(tcp: &TcpStream) {
    let deadline = Instant::now() + MAX_FREEZE;
    // `peek` returns at once while bytes of the client wait, so there is a sleep. It notices a reset, or an end before which all
    // bytes were read. For other ends there is the deadline.
    while matches!(tcp.peek(&mut [0]), Ok(1)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
    }
}

/// Ends a refused connection in such a way that the client can read the whole answer: closing a socket with unread bytes resets
/// it.
fn leave<S: Read>(mut stream: S, tcp: &TcpStream) {
    let _ = tcp.shutdown(Shutdown::Write);
    let _ = tcp.set_read_timeout(Some(Duration::from_secs(1)));
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
}

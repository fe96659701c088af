//! yawc: `next` and `send`, or `feed` and `flush` for messages that are sent together. Only plain connections: it
//! uses rustls for TLS, and the other clients use OpenSSL.

use egret_ws_lab_peers::{Async, Lab, run_async};
use futures_util::{SinkExt, StreamExt};
use yawc::{Frame, OpCode, Options, TcpWebSocket, WebSocket};

const MAX_MESSAGE_BYTES: usize = 1 << 24;

struct Client(TcpWebSocket);

impl Async for Client {
    async fn connect(lab: &Lab) -> Self {
        assert!(lab.ca.is_none(), "plain only");
        let options = Options::default().with_no_delay().with_limits(MAX_MESSAGE_BYTES, 2 * MAX_MESSAGE_BYTES);
        let connecting = WebSocket::connect(lab.url.parse().expect("a URL")).with_options(options);
        Self(connecting.await.expect("a connection"))
    }

    async fn send(&mut self, payload: &[u8], text: bool) {
        let frame = if text { Frame::text(payload.to_vec()) } else { Frame::binary(payload.to_vec()) };
        self.0.send(frame).await.expect("a send");
    }

    async fn queue(&mut self, payload: &[u8]) {
        self.0.feed(Frame::binary(payload.to_vec())).await.expect("a write");
    }

    async fn flush(&mut self) {
        self.0.flush().await.expect("a flush");
    }

    async fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R {
        loop {
            let frame = self.0.next().await.expect("a message");
            match frame.opcode() {
                OpCode::Binary | OpCode::Text => return with(frame.payload()),
                OpCode::Close => panic!("the connection is lost"),
                _ => {}
            }
        }
    }

    async fn close(mut self) {
        self.0.close().await.expect("a close");
    }
}

fn main() {
    run_async::<Client>(Lab::from_arguments());
}

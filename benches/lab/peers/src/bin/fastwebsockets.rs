//! fastwebsockets: its client handshake over hyper, then a `FragmentCollector`. Every write is flushed.

use egret_ws_lab_peers::{Async, Lab, run_async};
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, handshake};
use http_body_util::Empty;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::{Request, body::Bytes, rt::Executor, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use std::{future::Future, sync::OnceLock};
use tokio::net::TcpStream;

struct Spawn;

impl<F> Executor<F> for Spawn
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn(future);
    }
}

struct Client(FragmentCollector<TokioIo<Upgraded>>);

impl Async for Client {
    async fn connect(lab: &Lab) -> Self {
        static CONNECTOR: OnceLock<Option<tokio_native_tls::TlsConnector>> = OnceLock::new();
        let stream = TcpStream::connect((lab.host.as_str(), lab.port)).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let request = Request::get(lab.path)
            .header(HOST, format!("{}:{}", lab.host, lab.port))
            .header(UPGRADE, "websocket")
            .header(CONNECTION, "upgrade")
            .header("Sec-WebSocket-Key", handshake::generate_key())
            .header("Sec-WebSocket-Version", "13")
            .body(Empty::<Bytes>::new())
            .expect("a request");
        let upgraded = match CONNECTOR.get_or_init(|| lab.tls_connector().map(Into::into)) {
            None => handshake::client(&Spawn, request, stream).await,
            Some(connector) => {
                let stream = connector.connect(&lab.host, stream).await.expect("TLS");
                handshake::client(&Spawn, request, stream).await
            }
        };
        Self(FragmentCollector::new(upgraded.expect("an upgrade").0))
    }

    async fn send(&mut self, payload: &[u8], text: bool) {
        let payload = Payload::Borrowed(payload);
        let frame = if text { Frame::text(payload) } else { Frame::binary(payload) };
        self.0.write_frame(frame).await.expect("a send");
    }

    async fn queue(&mut self, payload: &[u8]) {
        self.send(payload, false).await;
    }

    async fn flush(&mut self) {}

    async fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R {
        loop {
            let frame = self.0.read_frame().await.expect("a message");
            match frame.opcode {
                OpCode::Binary | OpCode::Text => return with(&frame.payload),
                OpCode::Close => panic!("the connection is lost"),
                _ => {}
            }
        }
    }

    async fn close(mut self) {
        self.0.write_frame(Frame::close(1000, b"")).await.expect("a close");
        while self.0.read_frame().await.is_ok_and(|frame| frame.opcode != OpCode::Close) {}
    }
}

fn main() {
    run_async::<Client>(Lab::from_arguments());
}

//! tokio-tungstenite: `next` and `send`, or `feed` and `flush` for messages that are sent together.

use egret_ws_lab_peers::{Async, Lab, run_async};
use futures_util::{SinkExt, StreamExt};
use std::sync::OnceLock;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Async for Client {
    async fn connect(lab: &Lab) -> Self {
        static CONNECTOR: OnceLock<Option<native_tls::TlsConnector>> = OnceLock::new();
        let connector = CONNECTOR.get_or_init(|| lab.tls_connector()).clone().map(Connector::NativeTls);
        let connected = connect_async_tls_with_config(lab.url.as_str(), None, true, connector).await;
        Self(connected.expect("a connection").0)
    }

    async fn send(&mut self, payload: &[u8], text: bool) {
        let payload = Bytes::copy_from_slice(payload);
        let message = match text {
            true => Message::Text(Utf8Bytes::try_from(payload).expect("text")),
            false => Message::Binary(payload),
        };
        self.0.send(message).await.expect("a send");
    }

    async fn queue(&mut self, payload: &[u8]) {
        self.0.feed(Message::Binary(Bytes::copy_from_slice(payload))).await.expect("a write");
    }

    async fn flush(&mut self) {
        self.0.flush().await.expect("a flush");
    }

    async fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R {
        loop {
            match self.0.next().await.expect("a connection").expect("a message") {
                Message::Binary(message) => return with(&message),
                Message::Text(message) => return with(message.as_bytes()),
                Message::Close(_) => panic!("the connection is lost"),
                _ => {}
            }
        }
    }

    async fn close(mut self) {
        self.0.close(None).await.expect("a close");
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

fn main() {
    run_async::<Client>(Lab::from_arguments());
}

//! tokio-websockets: `next` and `send`, or `feed` and `flush` for messages that are sent together.

use egret_ws_lab_peers::{Async, Lab, run_async};
use futures_util::{SinkExt, StreamExt};
use std::sync::OnceLock;
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Connector, MaybeTlsStream, Message, Payload, WebSocketStream};

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Async for Client {
    async fn connect(lab: &Lab) -> Self {
        static CONNECTOR: OnceLock<Option<native_tls::TlsConnector>> = OnceLock::new();
        let tcp = TcpStream::connect((lab.host.as_str(), lab.port)).await.expect("a connection");
        tcp.set_nodelay(true).expect("an option");
        let connector = match CONNECTOR.get_or_init(|| lab.tls_connector()) {
            None => Connector::Plain,
            Some(connector) => Connector::NativeTls(connector.clone().into()),
        };
        let stream = connector.wrap(&lab.host, tcp).await.expect("TLS");
        let builder = ClientBuilder::new().uri(&lab.url).expect("a URL");
        Self(builder.connect_on(stream).await.expect("an upgrade").0)
    }

    async fn send(&mut self, payload: &[u8], text: bool) {
        let message = match text {
            true => Message::text(String::from_utf8(payload.to_vec()).expect("text")),
            false => Message::binary(Payload::from(payload.to_vec())),
        };
        self.0.send(message).await.expect("a send");
    }

    async fn queue(&mut self, payload: &[u8]) {
        self.0.feed(Message::binary(Payload::from(payload.to_vec()))).await.expect("a write");
    }

    async fn flush(&mut self) {
        self.0.flush().await.expect("a flush");
    }

    async fn receive<R>(&mut self, with: impl FnOnce(&[u8]) -> R) -> R {
        loop {
            let message = self.0.next().await.expect("a connection").expect("a message");
            if message.is_binary() || message.is_text() {
                return with(message.as_payload());
            }
            assert!(!message.is_close(), "the connection is lost");
        }
    }

    async fn close(mut self) {
        self.0.close().await.expect("a close");
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

fn main() {
    run_async::<Client>(Lab::from_arguments());
}

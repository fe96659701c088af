//! Messages and closing handshakes with the TLS of five servers.

use crate::hosts::on_both_drivers;
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use test_support::certificates::RIGHT;
use test_support::daemon::Daemon;
use test_support::recorder::Event;
use test_support::response::address;

/// Returns the largest message. Its bytes differ at each position.
fn largest() -> Vec<u8> {
    (0..EGRET_WS_MAX_MESSAGE_BYTES).map(|at| (at ^ at >> 8) as u8).collect()
}

/// Text and binary messages of all sizes are echoed, either side closes, and the statistics contain the address and the TLS
/// version.
fn echoes_and_closes(server: Daemon) {
    let largest = largest();
    let text = "größte ".repeat(EGRET_WS_MAX_MESSAGE_BYTES as usize / 9);
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_open();
        assert_eq!(socket.send_text(""), EGRET_WS_OK);
        assert_eq!(socket.send_text(&text), EGRET_WS_OK);
        assert_eq!(socket.send_binary(&largest), EGRET_WS_OK);
        // The sizes are close to the size of a TLS record, and there are many messages in one record.
        for size in (16_370..16_400).chain(0..200) {
            assert_eq!(socket.send_binary(&largest[..size]), EGRET_WS_OK);
        }
        let messages = socket.wait_messages(3 + 30 + 200);
        assert_eq!(messages[..3], [Event::Text("".into()), Event::Text(text.clone()), Event::Binary(largest.clone())]);
        for (message, size) in messages[3..].iter().zip((16_370..16_400).chain(0..200)) {
            assert_eq!(*message, Event::Binary(largest[..size].to_vec()));
        }
        let stats = socket.stats();
        assert_eq!(address(&stats), format!("127.0.0.1:{}", server.port()));
        assert_eq!((stats.tls_version, stats.http_status, stats.redirects), (EGRET_WS_TLS_1_3, 101, 0));
        assert_eq!((stats.resolve_us, stats.proxy_us), (0, 0), "neither was needed");
        assert_eq!(socket.close(1000, "enough"), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.code, report.sent_code), (1000, 1000));

        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_open();
        assert_eq!(socket.send_text("close"), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
        assert_eq!((report.code, report.sent_code, report.reason.as_str()), (4001, 4001, "as told"));
    });
}

#[test]
fn python_websockets() {
    echoes_and_closes(servers::websockets());
}

#[test]
fn node_ws() {
    echoes_and_closes(servers::ws());
}

#[test]
fn nginx() {
    echoes_and_closes(servers::nginx(&RIGHT, "ssl_protocols TLSv1.2 TLSv1.3;"));
}

#[test]
fn haproxy() {
    echoes_and_closes(servers::haproxy(&RIGHT, ""));
}

#[test]
fn stunnel() {
    echoes_and_closes(servers::stunnel());
}

#[test]
fn hundred_sockets_receive_only_their_own_messages() {
    let server = servers::haproxy(&RIGHT, "");
    on_both_drivers(|host| {
        let sockets: Vec<_> = (0..100).map(|_| host.connect_port(server.port(), &Settings::trusting())).collect();
        for (number, socket) in sockets.iter().enumerate() {
            socket.wait_open();
            assert_eq!(socket.send_text(format!("I am {number}")), EGRET_WS_OK);
        }
        for (number, socket) in sockets.iter().enumerate() {
            assert_eq!(socket.wait_messages(1), [Event::Text(format!("I am {number}"))]);
            assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        }
        for socket in &sockets {
            assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        }
    });
}

/// Sends until every buffer in both directions is full, so that each layer must stop and continue.
#[test]
fn many_messages_in_both_directions() {
    let server = servers::haproxy(&RIGHT, "");
    let largest = largest();
    let message = |number: u16| [&number.to_be_bytes(), &largest[2..]].concat();
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_open();
        let mut sends = (0..1000).map(|number| socket.send_binary(&message(number))).enumerate();
        let (sent, error) = sends.find(|(_, error)| *error != EGRET_WS_OK).expect("buffers have an end");
        assert_eq!(error, EGRET_WS_ERR_BACKPRESSURE);
        let echoes = socket.wait_messages(sent);
        assert_eq!(echoes.len(), sent);
        for (number, echo) in (0..).zip(echoes) {
            assert!(echo == Event::Binary(message(number)), "message {number} came back as another: {echo:?}");
        }
    });
}

/// This also applies if the server answers before the client begins to read.
#[test]
fn every_stage_takes_its_time() {
    let server = servers::haproxy(&RIGHT, "");
    on_both_drivers(|host| {
        for _ in 0..20 {
            let socket = host.connect_port(server.port(), &Settings::trusting());
            socket.wait_open();
            let stats = socket.stats();
            let took = [stats.connect_us, stats.tls_us, stats.handshake_us];
            assert!(took.iter().all(|us| (1..10_000_000).contains(us)), "{took:?} microseconds");
            // On any machine, making and checking a key exchange and a signature takes longer.
            assert!(stats.tls_us >= 20, "{took:?} microseconds");
        }
    });
}

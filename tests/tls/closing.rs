//! The ends of a TLS connection, as each side receives them.

use crate::hosts::{new_loop, on_both_drivers};
use crate::python_server::{BOTH_VERSIONS, Peer, Version, hex};
use crate::relay::watched;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use test_support::WAIT_LIMIT;
use test_support::certificates::RIGHT;
use test_support::client::{DRIVERS, Loop};
use test_support::frame::Frame;
use test_support::recorder::Event;

/// Returns the server's Close frame with 1000, in hex.
fn close_frame() -> String {
    hex(Frame::close(1000, "").bytes())
}

/// Runs a test with a server that runs the script, with each version and both drivers.
fn with_peer(script: &str, test: impl Fn(&Loop, &Peer)) {
    println!("{script:.100}");
    let servers = BOTH_VERSIONS.map(|version| (version, Peer::start(&RIGHT, version, script)));
    on_both_drivers(|host| {
        for (version, server) in &servers {
            println!("{version:?}");
            test(host, server);
        }
    });
}

/// Returns the code of the Close frame that came last.
#[track_caller]
fn last_close(received: &[u8]) -> u16 {
    let [.., 0x88, 0x82, a, b, _, _, high, low] = *received else {
        panic!("no Close frame with only a code at the end")
    };
    u16::from_be_bytes([high ^ a, low ^ b])
}

#[test]
fn a_close_ends_with_close_notify() {
    with_peer(&format!("upgrade frame send {} end", close_frame()), |host, server| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_open();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        let client = server.next_report_while_polling(host);
        assert_eq!((client.end.as_str(), last_close(&client.received)), ("clean", 1000), "{client:?}");
    });
}

/// Neither a Close frame nor close_notify comes before the reset.
#[test]
fn an_abort_resets_the_connection() {
    with_peer("upgrade listen", |host, server| {
        let (port, resets) = watched(server.port());
        let socket = host.connect_port(port, &Settings::trusting());
        socket.wait_open();
        assert_eq!(socket.abort(), EGRET_WS_OK);
        socket.wait_closed().expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(resets.recv_timeout(WAIT_LIMIT), Ok(true), "an end without a reset");
        let client = server.next_report_while_polling(host);
        assert_eq!(client.end, "cut", "{client:?}");
        assert!(client.received.ends_with(b"\r\n\r\n"), "something came behind the request: {client:?}");
    });
}

/// The server waits until the client disconnects first, which violates RFC 6455 section 7.1.1.
#[test]
fn server_receives_the_end_of_the_stream() {
    let server = Peer::start(&RIGHT, Version::TLSv1_3, &format!("upgrade send {} listen", close_frame()));
    on_both_drivers(|host| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
        let client = server.next_report_while_polling(host);
        assert_eq!((client.end.as_str(), last_close(&client.received)), ("clean", 1000), "{client:?}");
    });
}

#[test]
fn freed_socket_sends_close_notify() {
    with_peer(&format!("upgrade frame send {} end", close_frame()), |host, server| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_open();
        drop(socket);
        let client = server.next_report_while_polling(host);
        assert_eq!((client.end.as_str(), last_close(&client.received)), ("clean", 1001), "{client:?}");
    });
}

#[test]
fn freed_loop_sends_close_notify() {
    let servers = BOTH_VERSIONS.map(|version| Peer::start(&RIGHT, version, "upgrade listen"));
    for driver in DRIVERS {
        for server in &servers {
            let host = new_loop(driver);
            let socket = host.connect_port(server.port(), &Settings::trusting());
            socket.wait_open();
            drop(socket);
            drop(host);
            let client = server.next_report();
            assert_eq!((client.end.as_str(), last_close(&client.received)), ("clean", 1001), "{client:?}");
        }
    }
}

/// The server sends "hello" and runs the rest of its script without a Close frame. The client must end its stream in the way
/// `end`. `check` gets the message of the close report.
#[track_caller]
fn breaks_off(script: &str, end: &str, check: impl Fn(&str)) {
    with_peer(&format!("upgrade send {} {script}", hex(Frame::text("hello").bytes())), |host, server| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code), (1006, 0));
        assert_eq!(socket.wait_messages(1), [Event::Text("hello".into())]);
        assert_eq!(server.next_report_while_polling(host).end, end);
        check(&report.message);
    });
}

#[test]
fn report_distinguishes_a_truncated_tls_stream_from_an_orderly_end() {
    const ENDED: &str = "the peer ended the connection without a Close frame";
    let cut = |words: &str| assert_eq!(words, format!("{ENDED} and without the close_notify of TLS"));
    breaks_off("end", "clean", |words| assert_eq!(words, ENDED));
    breaks_off("cut", "-", cut);
    // The stream ends in the middle of a record.
    breaks_off("raw 17030301000102030405 cut", "-", cut);
}

/// The server answers the request with an alert, or it ends the connection.
#[test]
fn connection_without_tls_to_a_port_with_tls() {
    with_peer("listen", |host, server| {
        let report = host.connect(server.port()).wait_closed();
        assert_eq!(report.phase, EGRET_WS_PHASE_HANDSHAKE, "{report:#?}");
        assert!(report.message.contains("wss://"), "{}", report.message);
    });
}

#[test]
fn modified_record_is_fatal() {
    let record = format!("1703030040{}", "5a".repeat(64));
    breaks_off(&format!("raw {record} listen"), "SSLV3_ALERT_BAD_RECORD_MAC", |words| {
        assert!(words.contains("TLS failed: ") && words.contains(crate::hosts::words("bad record mac")), "{words}");
    });
}

/// Close frames show that no data is missing, so the server may omit the close_notify.
#[test]
fn truncation_after_both_close_frames_is_clean() {
    with_peer(&format!("upgrade send {} frame cut", close_frame()), |host, server| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
    });
}

/// The kernel reports readiness for bytes in its own buffers, not for bytes that TLS has already read.
#[test]
fn whole_record_is_delivered_without_further_data() {
    let frames: Vec<u8> = (0..5000_u32).flat_map(|number| Frame::binary(number.to_be_bytes()).bytes()).collect();
    with_peer(&format!("upgrade send {} listen", hex(&frames)), |host, server| {
        let socket = host.connect_port(server.port(), &Settings::trusting());
        let messages = socket.wait_messages(5000);
        for (number, message) in (0..5000_u32).zip(messages) {
            assert_eq!(message, Event::Binary(number.to_be_bytes().to_vec()));
        }
    });
}

//! Lost connections: the stream ends or is reset at every possible point.

use ::egret_ws::*;
use test_support::client::on_both_drivers;
use test_support::exchange::{closed_by_peer, expect_messages};
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::scripted_server::{Peer, Server};

const TLS_HINT: &str = "; if the server expects TLS on this port, use wss://";

/// The server runs `script` instead of a handshake and disconnects. The message suggests TLS if the server has sent nothing.
#[track_caller]
fn handshake_breaks(script: impl Fn(Peer) + Clone + Send + 'static, os_error: i32, suggests_tls: bool) {
    on_both_drivers(|host| {
        let server = Server::start(script.clone());
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code, report.os_error), (1006, 0, os_error), "{report:#?}");
        assert_eq!(report.message.ends_with(TLS_HINT), suggests_tls, "{}", report.message);
        assert_eq!(socket.events().len(), 1, "nothing but on_close: {:?}", socket.events());
        server.finish();
    });
}

#[test]
fn an_end_before_the_head_is_reported() {
    handshake_breaks(|mut peer| drop(peer.read_request()), 0, true);
}

#[test]
fn an_end_within_the_head_is_reported() {
    let script = |mut peer: Peer| {
        let answer = peer.read_request().answer();
        peer.write(&answer[..answer.len() - 1]);
    };
    handshake_breaks(script, 0, false);
}

#[test]
fn a_reset_in_the_handshake_is_reported() {
    handshake_breaks(|peer| peer.reset(), libc::ECONNRESET, true);
}

/// Checks that the connection was open and ended without a Close frame.
#[track_caller]
fn breaks_after(bytes: &[u8], expected: &[Event]) {
    let bytes = bytes.to_vec();
    expect_messages(
        expected,
        move |mut peer| peer.write(&bytes),
        |report| {
            report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
            assert_eq!((report.code, report.sent_code, report.os_error), (1006, 0, 0), "{report:#?}");
        },
    );
}

#[test]
fn an_end_right_after_the_101_is_reported() {
    breaks_after(b"", &[]);
}

#[test]
fn an_end_within_a_frame_is_reported_at_every_byte() {
    let first = Frame::text("whole").bytes();
    let second = Frame::binary([7; 300]).bytes();
    for cut in [1, 2, 3, 4, 5, second.len() - 1] {
        breaks_after(&[&first, &second[..cut]].concat(), &[Event::Text("whole".into())]);
    }
}

#[test]
fn an_end_between_fragments_is_reported() {
    breaks_after(&Frame::text("half").unfinished().bytes(), &[]);
}

#[test]
fn an_end_within_a_close_frame_is_reported() {
    let close = Frame::close(1000, "bye").bytes();
    breaks_after(&close[..close.len() - 1], &[]);
}

#[test]
fn an_end_right_after_a_close_frame_is_clean() {
    let script = |mut peer: Peer| {
        peer.write(Frame::close(1001, "restart").bytes());
        peer.finish_writing();
        assert_eq!(peer.read_close(), 1001);
        peer.expect_end();
    };
    expect_messages(&[], script, |report| {
        closed_by_peer(report);
        assert_eq!((report.code, report.reason.as_str()), (1001, "restart"), "{report:#?}");
    });
}

#[test]
fn a_reset_is_reported_with_the_systems_error() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.reset();
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.send_text("to be left unread"), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code, report.os_error), (1006, 0, libc::ECONNRESET), "{report:#?}");
        server.finish();
    });
}

#[test]
fn an_end_instead_of_an_answer_to_our_close_is_reported() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            assert_eq!(peer.read_close(), 1000);
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!((report.code, report.sent_code), (1006, 1000), "{report:#?}");
        server.finish();
    });
}

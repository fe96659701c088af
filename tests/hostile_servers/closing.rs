//! Valid and invalid Close frames (RFC 6455 sections 5.5.1 and 7.4).

use ::egret_ws::*;
use test_support::client::on_both_drivers;
use test_support::exchange::{closed_by_peer, expect_failure, expect_messages};
use test_support::frame::{self, Frame, wire};
use test_support::scripted_server::{Peer, Server};

#[test]
fn a_close_frame_of_one_byte_is_refused() {
    expect_failure("half a code", Frame::new(frame::CLOSE, [3]).bytes(), EGRET_WS_ERR_PROTOCOL, 1002);
}

#[test]
fn close_codes_that_may_not_be_sent_are_refused() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535] {
        expect_failure(&format!("code {code}"), Frame::close(code, "").bytes(), EGRET_WS_ERR_PROTOCOL, 1002);
    }
}

#[test]
fn a_close_reason_that_is_not_utf8_is_refused() {
    for reason in [b"\xff".as_slice(), b"bye \xe2\x82", b"\xed\xa0\x80"] {
        expect_failure("a bad reason", Frame::close(1000, reason).bytes(), EGRET_WS_ERR_INVALID_UTF8, 1007);
    }
}

#[test]
fn every_legal_close_code_is_answered_and_reported() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        expect_messages(
            &[],
            move |peer| peer.close(code),
            |report| {
                closed_by_peer(report);
                assert_eq!((report.code, report.sent_code), (code, code), "{report:#?}");
            },
        );
    }
}

#[test]
fn a_close_frame_without_a_code_is_answered_and_reported_as_1005() {
    let script = |mut peer: Peer| {
        peer.send(&Frame::new(frame::CLOSE, ""));
        assert_eq!(peer.read_close(), 1005);
        peer.expect_silence();
    };
    expect_messages(&[], script, |report| {
        closed_by_peer(report);
        assert_eq!((report.code, report.sent_code, report.reason.as_str()), (1005, 1005, ""), "{report:#?}");
    });
}

#[test]
fn a_reason_of_123_bytes_is_reported_whole() {
    let reason = "ß".repeat(61) + "!";
    let sent = reason.clone();
    let script = move |mut peer: Peer| {
        peer.send(&Frame::close(4000, &sent));
        assert_eq!(peer.read_close(), 4000);
        peer.expect_silence();
    };
    expect_messages(&[], script, |report| assert_eq!((report.code, &report.reason), (4000, &reason), "{report:#?}"));
}

#[test]
fn data_after_a_close_frame_is_ignored() {
    let late = [Frame::close(1000, ""), Frame::text("late"), Frame::ping("late"), Frame::text("worse").rsv(7)];
    let script = move |mut peer: Peer| {
        peer.write(wire(&late));
        assert_eq!(peer.read_close(), 1000);
        peer.expect_silence();
    };
    expect_messages(&[], script, closed_by_peer);
}

#[test]
fn local_close_sends_its_reason_and_reports_the_response() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            assert_eq!(peer.read(), Frame::close(4001, "au revoir"));
            peer.send(&Frame::close(4002, "bye"));
            peer.expect_silence();
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.close(4001, "au revoir"), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.code, report.sent_code, report.reason.as_str()), (4002, 4001, "bye"), "{report:#?}");
        server.finish();
    });
}

#[test]
fn protocol_error_while_closing_is_reported() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            assert_eq!(peer.read_close(), 1000);
            peer.send(&Frame::text("x").rsv(7));
            peer.expect_end(); // one Close frame was sent, and there is no second one
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_PROTOCOL, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!((report.code, report.sent_code), (1006, 1000), "{report:#?}");
        server.finish();
    });
}

/// A game that reconnects after network failures must not reconnect a player whom the server has removed.
#[test]
fn initiator_is_the_peer_if_a_reset_follows_its_close_frame() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.send(&Frame::close(4001, "kicked"));
            peer.reset(); // without reading our Close frame
        });
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        let ended = (report.phase, report.initiator, report.code, report.reason.as_str());
        assert_eq!(ended, (EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER, 4001, "kicked"), "{report:#?}");
        server.finish();
    });
}

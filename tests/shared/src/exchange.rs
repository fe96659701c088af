//! Complete connections in one call, with both drivers. The test provides the script of the server, and the call checks the
//! client.

use crate::client::on_both_drivers;
use crate::close_report::CloseReport;
use crate::recorder::Event;
use crate::scripted_server::{Peer, Server};
use ::egret_ws::*;

/// The server upgrades and sends `bytes`. The client must send a Close frame with `code`, disconnect by itself, report `error`,
/// and deliver no message.
#[track_caller]
pub fn expect_failure(what: &str, bytes: Vec<u8>, error: i32, code: u16) {
    println!("{what}: {:02x?}", &bytes[..bytes.len().min(20)]);
    on_both_drivers(|host| {
        let bytes = bytes.clone();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            peer.write(bytes);
            let code = peer.read_close();
            peer.expect_end();
            code
        });
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        report.expect(error, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_LOCAL);
        assert_eq!(
            (report.http_status, report.code, report.sent_code, report.reason.as_str()),
            (101, 1006, code, ""),
            "{report:#?}"
        );
        assert_eq!(socket.count_messages(), 0, "{:?}", socket.events());
        assert_eq!(server.finish(), code);
    });
}

/// The server upgrades and runs `script`. The client sends nothing, and must deliver the messages `expected`. `check` gets its
/// report.
#[track_caller]
pub fn expect_messages(
    expected: &[Event],
    script: impl Fn(Peer) + Clone + Send + 'static,
    check: impl Fn(&CloseReport),
) {
    on_both_drivers(|host| {
        let script = script.clone();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            script(peer);
        });
        let socket = host.connect(server.port());
        let report = socket.wait_closed();
        assert_eq!(socket.events()[0], Event::Connect);
        assert_eq!(socket.messages(), expected);
        check(&report);
        server.finish();
    });
}

/// Checks the report of a closing handshake that the server has started.
#[track_caller]
pub fn closed_by_peer(report: &CloseReport) {
    report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_PEER);
}

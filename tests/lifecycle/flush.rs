//! The end of a socket with messages in its queue. The flush and the closing handshake have separate time-outs.

use ::egret_ws::*;
use socket2::SockRef;
use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use test_support::client::{DRIVERS, Loop, Socket, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::frame::{CLOSE, Frame};
use test_support::scripted_server::{Peer, Server};

const MESSAGE: usize = 128 * 1024;
/// This is much more than the buffers of the system have room for.
const MESSAGES: usize = 192;
const KICK: (u16, &str) = (4001, "kicked");

/// A listener whose connections buffer little data.
fn narrow() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    SockRef::from(&listener).set_recv_buffer_size(64 * 1024).expect("a smaller buffer");
    listener
}

/// The side that begins to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closer {
    Host,
    Suspend,
    Peer,
}

const CLOSERS: [Closer; 3] = [Closer::Host, Closer::Suspend, Closer::Peer];

/// Connects, fills the queue with this many messages, and begins to close.
fn close_with<'a>(
    host: &'a Loop,
    port: u16,
    messages: usize,
    closer: Closer,
    may_kick: &mpsc::Sender<()>,
    set: impl FnOnce(&mut egret_ws_options),
) -> Socket<'a> {
    let socket = host.connect_with(port, |options| {
        options.max_send_buffer_bytes = 32 << 20;
        set(options);
    });
    socket.wait_open();
    for _ in 0..messages {
        assert_eq!(socket.send_binary(&[7; MESSAGE]), EGRET_WS_OK);
    }
    match closer {
        Closer::Host => assert_eq!(socket.close(1000, ""), EGRET_WS_OK),
        Closer::Suspend => host.suspend(),
        Closer::Peer => may_kick.send(()).expect("the server waits for this"),
    }
    socket
}

fn new_loop(driver: test_support::client::Driver) -> Loop {
    Loop::with(driver, |options| options.flags |= EGRET_WS_LOOP_CLOSE_ON_SUSPEND)
}

/// The server closes first, when the queue of the client is full.
fn kick(peer: &mut Peer, closer: Closer, may_kick: &Receiver<()>) {
    if closer == Closer::Peer {
        may_kick.recv().expect("the client has filled its queue");
        peer.send(&Frame::close(KICK.0, KICK.1));
    }
}

/// A server that reads slowly gets all messages, although that takes longer than the closing handshake may take.
#[test]
fn a_slow_upload_is_not_cut_by_a_close() {
    for closer in [Closer::Host, Closer::Peer] {
        for driver in DRIVERS {
            let host = new_loop(driver);
            let (may_kick, kicks) = mpsc::channel();
            let server = Server::on(narrow(), move |mut peer| {
                peer.upgrade();
                kick(&mut peer, closer, &kicks);
                let mut slow = vec![0; 64 * 1024];
                let (mut bytes, mut left) = (0, MESSAGES * (MESSAGE + 14));
                for _ in 0..60 {
                    thread::sleep(Duration::from_millis(20));
                    let count = peer.stream().read(&mut slow).expect("the client sends");
                    (bytes, left) = (bytes + count, left - count);
                }
                assert!(left > 8 << 20, "the buffers of the system must not hold the rest");
                // The rest comes at once. A Close frame has 8 bytes.
                let rest = MESSAGES * (MESSAGE + 14) - bytes;
                std::io::copy(&mut peer.stream().take(rest as u64), &mut std::io::sink()).expect("all messages");
                let close = peer.read();
                assert_eq!(close.opcode, CLOSE);
                if closer == Closer::Host {
                    peer.send(&Frame::close(1000, ""));
                }
            });
            let socket = close_with(&host, server.port(), MESSAGES, closer, &may_kick, |options| {
                (options.flush_timeout_ms, options.close_timeout_ms) = (5000, 1000);
            });
            let report = socket.wait_closed();
            let initiator = if closer == Closer::Host { EGRET_WS_INITIATOR_LOCAL } else { EGRET_WS_INITIATOR_PEER };
            report.expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, initiator);
            assert_eq!((report.unsent_messages, report.unsent_bytes), (0, 0), "{report:#?}");
            server.finish();
        }
    }
}

/// Returns the report of a socket whose server reads nothing, or everything, and does not answer.
fn unanswered(driver: test_support::client::Driver, closer: Closer, is_stuck: bool) -> CloseReport {
    let host = new_loop(driver);
    let (may_kick, kicks) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let server = Server::on(narrow(), move |mut peer| {
        peer.upgrade();
        kick(&mut peer, closer, &kicks);
        if !is_stuck {
            peer.read_to_end();
        }
        let _ = is_done.recv();
    });
    let messages = if is_stuck { MESSAGES } else { 0 };
    let socket = close_with(&host, server.port(), messages, closer, &may_kick, |options| {
        (options.flush_timeout_ms, options.close_timeout_ms) = (60, 50);
    });
    let report = socket.wait_closed();
    drop(done);
    server.finish();
    report
}

/// The table: the closing side, the queue, the driver, and the report.
#[test]
fn each_way_to_close_has_its_report() {
    for driver in DRIVERS {
        for closer in CLOSERS {
            for is_stuck in [false, true] {
                println!("{driver:?} {closer:?} stuck: {is_stuck}");
                let report = unanswered(driver, closer, is_stuck);
                let is_peer = closer == Closer::Peer;
                let error = if is_peer && !is_stuck { EGRET_WS_OK } else { EGRET_WS_ERR_TIMEOUT };
                let phase = if is_stuck { EGRET_WS_PHASE_FLUSH } else { EGRET_WS_PHASE_CLOSING };
                let initiator = if is_peer { EGRET_WS_INITIATOR_PEER } else { EGRET_WS_INITIATOR_TRANSPORT };
                report.expect(error, phase, initiator);
                assert_eq!(report.code, if is_peer { KICK.0 } else { 1006 }, "{report:#?}");
                let sent_code = match closer {
                    _ if is_stuck => 0,
                    Closer::Host => 1000,
                    Closer::Suspend => 1001,
                    Closer::Peer => KICK.0,
                };
                assert_eq!(report.sent_code, sent_code, "{report:#?}");
                assert_eq!(report.unsent_messages > 0, is_stuck, "{report:#?}");
                assert_eq!(report.unsent_bytes, u64::from(report.unsent_messages) * MESSAGE as u64, "{report:#?}");
                if error == EGRET_WS_ERR_TIMEOUT {
                    report.expect_message(&[if is_stuck { "flush_timeout_ms" } else { "close_timeout_ms" }]);
                }
            }
        }
    }
}

/// `EGRET_WS_AT_ONCE`: the connection ends when the Close frame is written. The server still gets the messages and the frame.
#[test]
fn a_close_at_once_does_not_wait_for_the_server() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let message = peer.read();
            let close = peer.read_close();
            peer.expect_end();
            (message.payload.len(), close)
        });
        let socket = host.connect_with(server.port(), |options| options.close_timeout_ms = EGRET_WS_AT_ONCE);
        socket.wait_open();
        assert_eq!(socket.send_binary(&[7; 1000]), EGRET_WS_OK);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_TRANSPORT);
        report.expect_message(&["EGRET_WS_AT_ONCE"]);
        assert_eq!((report.sent_code, report.unsent_messages), (1000, 0));
        assert_eq!(server.finish(), (1000, 1000));
    });
}

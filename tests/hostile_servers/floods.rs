//! Servers that send endless data or invalid bytes. Memory and time stay limited.

use ::egret_ws::*;
use std::sync::mpsc;
use test_support::client::{DRIVERS, Loop, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::frame::{Frame, wire};
use test_support::process;
use test_support::scripted_server::Server;

const MIB: usize = 1 << 20;

/// Connects to a server whose response is not a valid head. Returns the report of this handshake error.
#[track_caller]
fn handshake_error(host: &Loop, server: Server<()>) -> CloseReport {
    let report = host.connect(server.port()).wait_closed();
    report.expect(EGRET_WS_ERR_HANDSHAKE, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_LOCAL);
    server.finish();
    report
}

/// The server sends `start` and then `more` endlessly. The client must disconnect in the handshake.
#[track_caller]
fn head_is_cut_off(start: &'static str, more: String) {
    on_both_drivers(|host| {
        let more = more.clone();
        let server = Server::start(move |mut peer| {
            peer.read_request();
            peer.write(start);
            let mut written = 0;
            while peer.try_write(more.as_bytes()).is_ok() {
                written += more.len();
                assert!(written < 64 * MIB, "the client reads endlessly");
            }
        });
        let report = handshake_error(host, server);
        assert_eq!((report.code, report.sent_code), (1006, 0), "{report:#?}");
    });
}

#[test]
fn endless_headers_are_refused() {
    head_is_cut_off("HTTP/1.1 101 Switching Protocols\r\n", "X-Filler: filler\r\n".repeat(1000));
}

#[test]
fn an_endless_header_line_is_refused() {
    head_is_cut_off("HTTP/1.1 101 Switching Protocols\r\nX-Filler: ", "x".repeat(MIB));
}

#[test]
fn an_endless_status_line_is_refused() {
    head_is_cut_off("HTTP/1.1 101 ", "x".repeat(MIB));
}

#[test]
fn a_header_line_of_1_mib_is_refused() {
    on_both_drivers(|host| {
        let server = Server::start(|mut peer| {
            let answer = peer.read_request().answer();
            let filler = format!("\r\nX-Filler: {}\r\n", "x".repeat(MIB));
            // The client may disconnect before it has read everything.
            let _ = peer.try_write(answer.replacen("\r\n", &filler, 1).as_bytes());
            peer.expect_end();
        });
        handshake_error(host, server);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn unread_pongs_take_bounded_memory() {
    if !process::runs_alone("floods::unread_pongs_take_bounded_memory") {
        return;
    }
    const FLOOD: usize = 64 * MIB;
    const BOUND: usize = 4 * MIB;
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        let host = Loop::new(driver);
        let (flooded, done) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.upgrade();
            peer.send(&Frame::text("open"));
            let pings = wire(&vec![Frame::ping([b'p'; 125]); 512]);
            let before = process::resident_bytes();
            let mut sent = 0;
            while sent < FLOOD && peer.write_until_stalled(&pings) == pings.len() {
                sent += pings.len();
            }
            flooded.send(process::resident_bytes().saturating_sub(before)).expect("the test waits");
            peer.reset();
        });
        let socket = host.connect(server.port());
        socket.wait_open();
        assert_eq!(socket.send_text("to be left unread"), EGRET_WS_OK);
        // After this the host does not poll, so only an I/O thread handles the flood.
        let grown = done.recv_timeout(test_support::WAIT_LIMIT).expect("the flood ends");
        println!("{grown} bytes more in memory");
        assert!(grown < BOUND, "{grown} bytes more in memory");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, EGRET_WS_INITIATOR_TRANSPORT);
        server.finish();
    }
}

/// SplitMix64: every run produces equal bytes.
fn garbage(mut seed: u64, len: usize) -> Vec<u8> {
    let next = || {
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ mixed >> 31) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn garbage_instead_of_a_head_is_refused() {
    for seed in 0..16 {
        println!("seed {seed}");
        on_both_drivers(|host| {
            let server = Server::start(move |mut peer| {
                peer.read_request();
                let _ = peer.try_write(&garbage(seed, 100_000));
                peer.expect_end();
            });
            handshake_error(host, server);
        });
    }
}

#[test]
fn garbage_instead_of_frames_ends_with_the_close_code_of_its_first_fault() {
    for seed in 0..64 {
        println!("seed {seed}");
        on_both_drivers(|host| {
            let server = Server::start(move |mut peer| {
                peer.upgrade();
                let _ = peer.try_write(&garbage(seed, 1000));
                peer.finish_writing();
                peer.read_to_end()
            });
            let socket = host.connect(server.port());
            let report = socket.wait_closed();
            let expected = match report.error {
                EGRET_WS_ERR_PROTOCOL => 1002,
                EGRET_WS_ERR_INVALID_UTF8 => 1007,
                EGRET_WS_ERR_MESSAGE_TOO_BIG => 1009,
                EGRET_WS_ERR_CONNECTION_LOST => 0, // a frame announced more bytes than were sent
                _ => panic!("{report:#?}"),
            };
            assert_eq!(report.sent_code, expected, "{report:#?}");
            let received = server.finish();
            assert_eq!(received.is_empty(), expected == 0, "received {received:02x?}");
        });
    }
}

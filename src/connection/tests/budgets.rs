//! If a peer can keep a loop of the code running, that loop has a budget for one turn, so that other connections get their turn,
//! and a total limit. The tests count work in frames, bytes, reads and turns.

use super::simulation::{Simulation, frame};
use super::{CLOSE, PING, TEXT};
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;

/// The largest number of bytes in one read of an engine.
const READ: usize = 64 * 1024;
/// The largest number of frames without a message in one turn.
const FRAMES_A_TURN: usize = 4096;

/// Opens a connection, and counts its turns for bytes that the server sends at once.
fn turns(sim: &mut Simulation, bytes: &[u8]) -> usize {
    sim.use_engine_buffer();
    sim.take_turns();
    sim.server_sends(bytes);
    sim.take_turns()
}

#[test]
fn frames_without_a_message_have_a_budget() {
    let unsolicited = frame(0x8a, b"");
    let fragment = frame(0x00, b"");
    for (what, begin, one) in [
        ("pings", frame(TEXT, b"x"), frame(PING, b"")),
        ("pongs", frame(TEXT, b"x"), unsolicited),
        ("fragments", frame(0x01, b"x"), fragment),
    ] {
        let mut sim = Simulation::new();
        sim.open();
        let count = (READ - 16) / one.len();
        let taken = turns(&mut sim, &[begin, one.repeat(count)].concat());
        let least = count / FRAMES_A_TURN;
        assert!((least..least + 3).contains(&taken), "{taken} turns for {count} {what}, not {least}");
        // The connection accepts all of them, and delivers later messages.
        let end = if what == "fragments" { frame(0x80, b"y") } else { frame(TEXT, b"y") };
        sim.server_sends(&end);
        let text = if what == "fragments" { "text xy" } else { "text y" };
        assert_eq!(sim.events().last().unwrap(), text);
    }
}

#[test]
fn endless_fragments_are_refused() {
    let mut sim = Simulation::new();
    sim.open();
    sim.use_engine_buffer();
    let fragments = frame(0x00, b"").repeat(READ / 2);
    sim.server_sends(&frame(0x02, b""));
    let mut sent = 2;
    while sim.written().is_empty() {
        assert!(sent < 3 << 20, "there is no limit");
        sim.server_sends(&fragments);
        sent += fragments.len();
    }
    assert!(sent > 2 << 20, "{sent}");
    assert_eq!(sim.written(), ["close [3, f1]"]);
    sim.end_stream();
    assert_eq!(sim.events(), ["connected", "closed MessageTooBig in Open by Local, got 1006, sent 1009"]);
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::super::strict_server::OFFER;
    use super::*;

    const COMPRESSED_A_TURN: usize = 16 * 1024;
    /// Blocks of each type without content: a stored one, and four with fixed codes (ten bits each).
    const EMPTY: [&[u8]; 2] = [&[0, 0, 0, 0xff, 0xff], &[0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0]];

    fn open() -> Simulation {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", |config| config.request.deflate = OFFER);
        sim.connect_result(Ok(()));
        let answer = sim.answer();
        sim.server_sends(
            format!("{}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", answer.trim_end()).as_bytes(),
        );
        sim.report_open();
        sim
    }

    /// A frame of any length.
    fn long_frame(first: u8, payload: &[u8]) -> Vec<u8> {
        [&[first, 127][..], &(payload.len() as u64).to_be_bytes(), payload].concat()
    }

    #[test]
    fn blocks_without_content_have_a_budget() {
        for empty in EMPTY {
            let payload = [&empty.repeat(READ / empty.len() * 4)[..], &[0]].concat();
            for bytes in [long_frame(0xc2, &payload), [frame(0x42, b""), long_frame(0x80, &payload)].concat()] {
                let mut sim = open();
                let least = payload.len() / COMPRESSED_A_TURN;
                let taken = turns(&mut sim, &bytes);
                assert!((least..least + 4).contains(&taken), "{taken} turns for {} bytes, not {least}", payload.len());
                assert_eq!(sim.events()[1], "binary of 0");
            }
        }
    }

    /// The budget also applies to bytes that came with the response to the upgrade, and to bytes that waited for the host.
    #[test]
    fn bytes_read_earlier_have_the_same_budget() {
        let payload = [&EMPTY[0].repeat(READ / 6)[..], &[0]].concat();
        let bytes = [frame(TEXT, b"first"), frame(0xc2, &payload)].concat();
        let least = payload.len() / COMPRESSED_A_TURN;
        let mut early = Simulation::new();
        early.use_engine_buffer();
        early.begin_with("ws://10.0.0.1/", |config| config.request.deflate = OFFER);
        early.connect_result(Ok(()));
        let answer = early.answer();
        let answer = format!("{}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", answer.trim_end());
        let taken = turns(&mut early, &[answer.as_bytes(), &bytes].concat());
        assert!(
            taken >= least && early.events()[1..] == ["text first", "binary of 0"],
            "{taken}: {:?}",
            early.events()
        );
        let mut late = open();
        late.set_full_after(2);
        turns(&mut late, &bytes);
        late.set_full(false);
        let taken = late.take_turns();
        assert!(taken >= least && late.events()[1..] == ["text first", "binary of 0"], "{taken}: {:?}", late.events());
    }

    #[test]
    fn endless_blocks_without_content_are_refused() {
        for empty in EMPTY {
            let piece = frame(0x00, &empty.repeat(READ / empty.len() - 1));
            let mut sim = open();
            sim.use_engine_buffer();
            sim.wire().from_client.clear();
            sim.server_sends(&frame(0x42, b""));
            let mut sent = 0;
            while sim.written().is_empty() {
                assert!(sent < 3 << 20, "there is no limit");
                sim.server_sends(&piece);
                sent += piece.len();
            }
            assert!(sent > 2 << 20, "{sent}");
            assert_eq!(sim.written(), ["close [3, f1]"]);
        }
        // A frame whose header announces too much is refused at once.
        let mut sim = open();
        sim.wire().from_client.clear();
        sim.server_sends(&long_frame(0xc2, &[])[..2]);
        sim.server_sends(&(3u64 << 20).to_be_bytes());
        assert_eq!(sim.written(), ["close [3, f1]"]);
    }
}

/// The response of the server comes in reads of a few bytes, and more bytes are always available.
#[test]
fn response_heads_have_a_budget_of_reads() {
    for size in [1, 7] {
        let mut sim = Simulation::new();
        sim.begin("ws://10.0.0.1/");
        sim.connect_result(Ok(()));
        let answer = sim.answer().replacen("\r\n", &format!("\r\nX: {}\r\n", "x".repeat(20_000)), 1);
        sim.limit_reads(size);
        sim.take_turns();
        sim.take_reads();
        sim.server_sends(answer.as_bytes());
        assert_eq!(sim.events(), ["connected"]);
        let (turns, counted) = (sim.take_turns(), sim.take_reads());
        let reads = answer.len().div_ceil(size);
        assert!((reads / 8..=reads / 8 + 2).contains(&turns), "{turns} turns for {reads} reads");
        assert!(counted <= reads + 2, "{counted} reads, not {reads}");
    }
}

#[test]
fn interim_responses_have_a_budget_and_a_limit() {
    let mut sim = Simulation::new();
    sim.begin("ws://10.0.0.1/");
    sim.connect_result(Ok(()));
    sim.limit_reads(16);
    let mut sent = 0;
    while sim.events().is_empty() {
        assert!(sent < 80_000, "there is no limit");
        sim.take_turns();
        sim.take_reads();
        sim.server_sends(&b"HTTP/1.1 100\r\n\r\n".repeat(100));
        sent += 1600;
        let (turns, reads) = (sim.take_turns(), sim.take_reads());
        assert!(reads <= turns * 8, "{reads} reads in {turns} turns");
    }
    assert_eq!(sim.events(), ["closed Handshake in Handshake by Local, got 1006, sent 0"]);
}

#[cfg(feature = "proxies")]
#[test]
fn responses_of_proxies_have_a_budget_and_a_limit() {
    for (proxy, piece, most) in [
        ("http://10.0.0.9:3128", &b"HTTP/1.1 100\r\n\r\n"[..], 65_536),
        ("http://10.0.0.9:3128", b"HTTP/1.1 200 OK\r\nX: 1\r\n", 65_536),
        ("socks5://10.0.0.9:1080", b"\x05\x00\x05\x00\x00\x03\xff", 300),
    ] {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", |config| {
            config.proxies = Proxies::read(Some(proxy), false, |_| None).unwrap();
        });
        sim.connect_result(Ok(()));
        sim.limit_reads(1);
        let mut sent = piece.len();
        sim.server_sends(piece);
        let more = if piece.starts_with(b"\x05") { b"x" } else { piece };
        while sim.events().is_empty() {
            assert!(sent < most + piece.len(), "there is no limit");
            sim.take_turns();
            sim.take_reads();
            sim.server_sends(more);
            sent += more.len();
            let (turns, counted) = (sim.take_turns(), sim.take_reads());
            assert!(counted <= turns * 8, "{counted} reads in {turns} turns");
            if sim.wire().from_client.ends_with(b"\r\n\r\n") && piece.starts_with(b"\x05") {
                break; // the tunnel is open, and the upgrade begins
            }
        }
    }
}

/// A turn follows at most one redirect, even if the servers are fast. The limit of redirects ends the connection.
#[test]
fn a_turn_follows_at_most_one_redirect() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", |config| config.max_redirects = 20);
    sim.network_answers(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n");
    sim.take_turns();
    while sim.events().is_empty() {
        let before = sim.dialed().len();
        sim.turn();
        assert!(sim.dialed().len() <= before + 1 && before < 30, "there is no limit");
    }
    assert_eq!(sim.events(), ["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
    assert_eq!(sim.dialed().len(), 21);
    let turns = sim.take_turns();
    assert!(turns >= 21, "{turns}");
}

#[test]
fn after_a_close_frame_nothing_is_decoded() {
    let mut sim = Simulation::new();
    sim.open();
    let flood = [frame(CLOSE, b"\x03\xe8"), frame(PING, b"").repeat(READ / 2 - 2)].concat();
    let taken = turns(&mut sim, &flood);
    assert!(taken <= 3, "{taken} turns");
    assert_eq!(sim.written(), ["close [3, e8]"]);
}

//! Each loop that a peer can keep going has a budget for one turn, so that other connections get their turn, and a total limit. The
//! tests count work in frames, bytes, reads and turns.

use super::lab::{Lab, frame};
use super::{CLOSE, PING, TEXT};
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;

/// The most bytes of one read of an engine.
const READ: usize = 64 * 1024;
/// The most frames without a message in one turn.
const FRAMES_A_TURN: usize = 4096;

/// Opens a connection, and counts its turns for bytes that the server sends at once.
fn turns(lab: &mut Lab, bytes: &[u8]) -> usize {
    lab.read_much();
    lab.take_turns();
    lab.serve(bytes);
    lab.take_turns()
}

#[test]
fn frames_without_a_message_have_a_budget() {
    let unasked = frame(0x8a, b"");
    let fragment = frame(0x00, b"");
    for (what, begin, one) in [
        ("pings", frame(TEXT, b"x"), frame(PING, b"")),
        ("pongs", frame(TEXT, b"x"), unasked),
        ("fragments", frame(0x01, b"x"), fragment),
    ] {
        let mut lab = Lab::whole();
        lab.open();
        let count = (READ - 16) / one.len();
        let taken = turns(&mut lab, &[begin, one.repeat(count)].concat());
        let least = count / FRAMES_A_TURN;
        assert!((least..least + 3).contains(&taken), "{taken} turns for {count} {what}, not {least}");
        // The connection accepts all of them, and later messages are delivered.
        let end = if what == "fragments" { frame(0x80, b"y") } else { frame(TEXT, b"y") };
        lab.serve(&end);
        let text = if what == "fragments" { "text xy" } else { "text y" };
        assert_eq!(lab.told().last().unwrap(), text);
    }
}

#[test]
fn endless_fragments_are_refused() {
    let mut lab = Lab::whole();
    lab.open();
    lab.read_much();
    let fragments = frame(0x00, b"").repeat(READ / 2);
    lab.serve(&frame(0x02, b""));
    let mut sent = 2;
    while lab.written().is_empty() {
        assert!(sent < 3 << 20, "it goes on for ever");
        lab.serve(&fragments);
        sent += fragments.len();
    }
    assert!(sent > 2 << 20, "{sent}");
    assert_eq!(lab.written(), ["close [3, f1]"]);
    lab.end_stream();
    assert_eq!(lab.told(), ["connected", "closed MessageTooBig in Open by Local, got 1006, sent 1009"]);
}

#[cfg(feature = "deflate")]
mod deflate {
    use super::super::peer::OFFER;
    use super::*;

    const COMPRESSED_A_TURN: usize = 16 * 1024;
    /// Blocks of each type without content: stored, and with fixed codes (ten bits each, four of them).
    const EMPTY: [&[u8]; 2] = [&[0, 0, 0, 0xff, 0xff], &[0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0]];

    fn open() -> Lab {
        let mut lab = Lab::whole();
        lab.begin_with("ws://10.0.0.1/", |config| config.request.deflate = OFFER);
        lab.tcp(Ok(()));
        let answer = lab.answer();
        lab.serve(format!("{}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", answer.trim_end()).as_bytes());
        lab.tell();
        lab
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
                let mut lab = open();
                let least = payload.len() / COMPRESSED_A_TURN;
                let taken = turns(&mut lab, &bytes);
                assert!((least..least + 4).contains(&taken), "{taken} turns for {} bytes, not {least}", payload.len());
                assert_eq!(lab.told()[1], "binary of 0");
            }
        }
    }

    /// The budget also applies to bytes that came with the answer to the upgrade, and to bytes that waited for the host.
    #[test]
    fn bytes_read_before_have_the_same_budget() {
        let payload = [&EMPTY[0].repeat(READ / 6)[..], &[0]].concat();
        let bytes = [frame(TEXT, b"first"), frame(0xc2, &payload)].concat();
        let least = payload.len() / COMPRESSED_A_TURN;
        let mut early = Lab::whole();
        early.read_much();
        early.begin_with("ws://10.0.0.1/", |config| config.request.deflate = OFFER);
        early.tcp(Ok(()));
        let answer = early.answer();
        let answer = format!("{}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", answer.trim_end());
        let taken = turns(&mut early, &[answer.as_bytes(), &bytes].concat());
        assert!(taken >= least && early.told()[1..] == ["text first", "binary of 0"], "{taken}: {:?}", early.told());
        let mut late = open();
        late.set_full_after(2);
        turns(&mut late, &bytes);
        late.set_full(false);
        let taken = late.take_turns();
        assert!(taken >= least && late.told()[1..] == ["text first", "binary of 0"], "{taken}: {:?}", late.told());
    }

    #[test]
    fn endless_blocks_without_content_are_refused() {
        for empty in EMPTY {
            let piece = frame(0x00, &empty.repeat(READ / empty.len() - 1));
            let mut lab = open();
            lab.read_much();
            lab.wire().from_client.clear();
            lab.serve(&frame(0x42, b""));
            let mut sent = 0;
            while lab.written().is_empty() {
                assert!(sent < 3 << 20, "it goes on for ever");
                lab.serve(&piece);
                sent += piece.len();
            }
            assert!(sent > 2 << 20, "{sent}");
            assert_eq!(lab.written(), ["close [3, f1]"]);
        }
        // A frame whose header announces too much is refused at once.
        let mut lab = open();
        lab.wire().from_client.clear();
        lab.serve(&long_frame(0xc2, &[])[..2]);
        lab.serve(&(3u64 << 20).to_be_bytes());
        assert_eq!(lab.written(), ["close [3, f1]"]);
    }
}

/// The server's answer comes in reads of a few bytes, and more is always there.
#[test]
fn heads_have_a_budget_of_reads() {
    for size in [1, 7] {
        let mut lab = Lab::whole();
        lab.begin("ws://10.0.0.1/");
        lab.tcp(Ok(()));
        let answer = lab.answer().replacen("\r\n", &format!("\r\nX: {}\r\n", "x".repeat(20_000)), 1);
        lab.trickle(size);
        lab.take_turns();
        lab.take_reads();
        lab.serve(answer.as_bytes());
        assert_eq!(lab.told(), ["connected"]);
        let (turns, counted) = (lab.take_turns(), lab.take_reads());
        let reads = answer.len().div_ceil(size);
        assert!((reads / 8..=reads / 8 + 2).contains(&turns), "{turns} turns for {reads} reads");
        assert!(counted <= reads + 2, "{counted} reads, not {reads}");
    }
}

#[test]
fn interim_answers_have_a_budget_and_a_limit() {
    let mut lab = Lab::whole();
    lab.begin("ws://10.0.0.1/");
    lab.tcp(Ok(()));
    lab.trickle(16);
    let mut sent = 0;
    while lab.told().is_empty() {
        assert!(sent < 80_000, "it goes on for ever");
        lab.take_turns();
        lab.take_reads();
        lab.serve(&b"HTTP/1.1 100\r\n\r\n".repeat(100));
        sent += 1600;
        let (turns, reads) = (lab.take_turns(), lab.take_reads());
        assert!(reads <= turns * 8, "{reads} reads in {turns} turns");
    }
    assert_eq!(lab.told(), ["closed Handshake in Handshake by Local, got 1006, sent 0"]);
}

#[cfg(feature = "proxies")]
#[test]
fn answers_of_proxies_have_a_budget_and_a_limit() {
    for (proxy, piece, most) in [
        ("http://10.0.0.9:3128", &b"HTTP/1.1 100\r\n\r\n"[..], 65_536),
        ("http://10.0.0.9:3128", b"HTTP/1.1 200 OK\r\nX: 1\r\n", 65_536),
        ("socks5://10.0.0.9:1080", b"\x05\x00\x05\x00\x00\x03\xff", 300),
    ] {
        let mut lab = Lab::whole();
        lab.begin_with("ws://10.0.0.1/", |config| {
            config.proxies = Proxies::read(Some(proxy), false, |_| None).unwrap();
        });
        lab.tcp(Ok(()));
        lab.trickle(1);
        let mut sent = piece.len();
        lab.serve(piece);
        let more = if piece.starts_with(b"\x05") { b"x" } else { piece };
        while lab.told().is_empty() {
            assert!(sent < most + piece.len(), "it goes on for ever");
            lab.take_turns();
            lab.take_reads();
            lab.serve(more);
            sent += more.len();
            let (turns, counted) = (lab.take_turns(), lab.take_reads());
            assert!(counted <= turns * 8, "{counted} reads in {turns} turns");
            if lab.wire().from_client.ends_with(b"\r\n\r\n") && piece.starts_with(b"\x05") {
                break; // the tunnel is open, and the upgrade begins
            }
        }
    }
}

/// A turn follows at most one redirect, however fast the servers are. The limit of redirects ends them.
#[test]
fn one_turn_follows_one_redirect() {
    let mut lab = Lab::whole();
    lab.begin_with("ws://10.0.0.1/", |config| config.max_redirects = 20);
    lab.network_answers(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n");
    lab.take_turns();
    while lab.told().is_empty() {
        let before = lab.dialed().len();
        lab.turn();
        assert!(lab.dialed().len() <= before + 1 && before < 30, "it goes on for ever");
    }
    assert_eq!(lab.told(), ["closed Redirect in Handshake by Local, got 1006, sent 0, status 302"]);
    assert_eq!(lab.dialed().len(), 21);
    let turns = lab.take_turns();
    assert!(turns >= 21, "{turns}");
}

#[test]
fn after_a_close_frame_nothing_is_decoded() {
    let mut lab = Lab::whole();
    lab.open();
    let flood = [frame(CLOSE, b"\x03\xe8"), frame(PING, b"").repeat(READ / 2 - 2)].concat();
    let taken = turns(&mut lab, &flood);
    assert!(taken <= 3, "{taken} turns");
    assert_eq!(lab.written(), ["close [3, e8]"]);
}

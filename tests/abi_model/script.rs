//! The script of the server for a connection, chosen at random from the seed, the socket and the number of the connection.

use crate::random::Random;

/// The answer to the request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The upgrade, in one piece.
    Accept,
    /// The upgrade, one byte at a time.
    Slowly,
    /// The upgrade and the first messages in one write.
    WithMessages(usize),
    /// The beginning of the upgrade, then the end of the connection, by a FIN or a reset.
    Cut { bytes: usize, reset: bool },
    /// An interim answer before the upgrade.
    Interim(u16),
    /// Another status, with a line of headers.
    Refuse(u16, &'static str),
    /// Another status, with a malformed header line.
    OddRefusal(u16, &'static str),
    /// A redirect to the path of the request, with this text before it.
    Redirect(u16, &'static str),
    /// A 101 that may not be accepted, with the line that replaces the accept key.
    Wrong(&'static str),
    /// Bytes that are not HTTP.
    Garbage(&'static [u8]),
    /// No answer for some milliseconds.
    Silence(u64),
}

/// A step of the server on an open connection. After the last step it echoes until the client closes.
#[derive(Clone, Debug)]
pub enum Step {
    /// Echoes this many messages.
    Echo(usize),
    Send {
        count: usize,
        len: usize,
    },
    /// Sends a message in this many frames, with pings between them.
    Fragments {
        pieces: usize,
        len: usize,
    },
    /// Sends a message one byte at a time.
    Slowly {
        len: usize,
    },
    Pings(usize),
    Pongs(usize),
    /// Neither reads nor writes for some milliseconds.
    Stall(u64),
    /// Violates the protocol, then reads to the end.
    Violation(Violation),
    /// A Close frame, perhaps with a message after it, and the end of the connection.
    Close {
        code: u16,
        reason: &'static str,
        sends_afterwards: bool,
        then: End,
    },
    End(End),
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// Reads until the client closes or ends.
    Listen,
    /// Ends its own stream, then reads to the end.
    Half,
    /// Ends both directions at once.
    Cut,
    Reset,
}

/// A violation of RFC 6455 by the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Violation {
    NotUtf8(usize),
    Opcode(u8),
    Reserved(u8),
    Masked,
    LongControl,
    FragmentedPing,
    StrayContinuation,
    MessageInMessage,
    CloseCode(u16),
    CloseOfOneByte,
    CloseReasonNotUtf8,
    TooBigClaimed,
    TooBigInPieces,
    DeflateGarbage,
}

#[derive(Clone, Debug)]
pub struct Script {
    pub answer: Answer,
    pub steps: Vec<Step>,
    /// Accepts permessage-deflate if the client offers it.
    pub deflates: bool,
    /// Answers no pings.
    pub ignores_pings: bool,
}

/// The action of the server before it reads the request.
#[derive(Clone, Copy, Debug)]
pub enum FirstAction {
    ReadRequest,
    End(End),
    /// Reads nothing for some milliseconds.
    Wait(u64),
}

pub fn first_action(seed: u64, connection: u64) -> FirstAction {
    let mut random = Random::of(&[seed, 0xD00, connection]);
    match random.below(60) {
        0 => FirstAction::End(End::Cut),
        1 => FirstAction::End(End::Reset),
        2 => FirstAction::Wait(random.between(1, 100) as u64),
        _ => FirstAction::ReadRequest,
    }
}

impl Script {
    /// `cap` is the size of the largest message that the client accepts.
    pub fn draw(seed: u64, socket: u64, turn: u64, cap: usize) -> Script {
        let mut random = Random::of(&[seed, 0x5C1, socket, turn]);
        let answer = answer(&mut random);
        let count = random.below(5);
        let mut steps: Vec<Step> = (0..count).map(|_| step(&mut random, cap)).collect();
        // Half of the connections get a last step, which ends the connection or violates the protocol.
        match random.below(6) {
            0..=2 => steps.push(last(&mut random)),
            // The server stops reading for some time, then the connection is lost.
            3 => steps
                .extend([Step::Stall(random.between(10, 80) as u64), Step::End(random.pick(&[End::Cut, End::Reset]))]),
            _ => {}
        }
        Script { answer, steps, deflates: random.one_in(2), ignores_pings: random.one_in(12) }
    }
}

fn answer(random: &mut Random) -> Answer {
    const STATUSES: [u16; 12] = [200, 204, 302, 400, 401, 403, 404, 410, 426, 500, 503, 599];
    const HEADERS: [&str; 5] =
        ["X-A: b", "Retry-After: 0", "Retry-After: 1", "Content-Length: 5", "WWW-Authenticate: Basic"];
    const ODD: [&str; 3] = ["no colon here", " folded", "X-Ctl: a\x01b"];
    const PLACES: [&str; 5] = ["", "ws://127.0.0.1:1", "http://[", "ws://unknown.invalid", "wss://127.0.0.1:1"];
    const WRONG: [&str; 4] = [
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "X-None: 1",
        "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: not-offered",
        "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: x-not-offered",
    ];
    const GARBAGE: [&[u8]; 4] =
        [b"SSH-2.0-OpenSSH_9.9\r\n", b"\0\0\0\x15\0", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"];
    match random.below(40) {
        0 => Answer::Slowly,
        1..=4 => Answer::WithMessages(random.between(1, 5)),
        5 => Answer::Cut { bytes: random.below(140), reset: random.one_in(2) },
        6 => Answer::Interim(random.pick(&[100, 102, 103])),
        7 | 8 => Answer::Refuse(random.pick(&STATUSES), random.pick(&HEADERS)),
        9 => Answer::OddRefusal(random.pick(&STATUSES), random.pick(&ODD)),
        10 => Answer::Redirect(random.pick(&[301, 302, 303, 307, 308]), random.pick(&PLACES)),
        11 => Answer::Wrong(random.pick(&WRONG)),
        12 => Answer::Garbage(random.pick(&GARBAGE)),
        13 => Answer::Silence(random.between(1, 150) as u64),
        _ => Answer::Accept,
    }
}

/// Returns a length: mostly short, sometimes at a limit of the forms of a frame header, and rarely the maximum.
pub fn length(random: &mut Random, cap: usize) -> usize {
    let edges = [0, 1, 23, 24, 125, 126, 127, 65535, 65536, cap.saturating_sub(1), cap];
    let len = match random.below(10) {
        0 => random.pick(&edges),
        1 => random.below(cap + 1),
        2 | 3 => random.below(4096),
        _ => random.below(200),
    };
    len.min(cap)
}

fn step(random: &mut Random, cap: usize) -> Step {
    let len = length(random, cap);
    match random.below(9) {
        0..=2 => Step::Echo(random.between(1, 12)),
        3 => Step::Send { count: random.between(1, 300), len: len.min(300) },
        4 => Step::Send { count: random.between(1, 10), len },
        5 => Step::Fragments { pieces: random.between(1, 6), len },
        6 => Step::Pings(random.between(1, 40)),
        7 => Step::Pongs(random.between(1, 3)),
        _ if random.one_in(2) => Step::Stall(random.between(1, 60) as u64),
        _ => Step::Slowly { len: len.min(300) },
    }
}

fn last(random: &mut Random) -> Step {
    const CODES: [u16; 10] = [1000, 1000, 1001, 1005, 1008, 1011, 1012, 3000, 4001, 4999];
    const REASONS: [&str; 3] = ["", "bye", "grüße"];
    const BAD_CODES: [u16; 6] = [0, 999, 1004, 1006, 1015, 5000];
    let end = random.pick(&[End::Listen, End::Half, End::Cut, End::Reset]);
    match random.below(8) {
        0..=2 => Step::End(end),
        3 | 4 => Step::Close {
            code: random.pick(&CODES),
            reason: random.pick(&REASONS),
            sends_afterwards: random.one_in(4),
            then: if random.one_in(2) { End::Listen } else { end },
        },
        _ => Step::Violation(match random.below(14) {
            0 => Violation::NotUtf8(random.below(6)),
            1 => Violation::Opcode(random.pick(&[3, 7, 11, 15])),
            2 => Violation::Reserved(random.pick(&[1, 2])),
            3 => Violation::Masked,
            4 => Violation::LongControl,
            5 => Violation::FragmentedPing,
            6 => Violation::StrayContinuation,
            7 => Violation::MessageInMessage,
            8 => Violation::CloseCode(random.pick(&BAD_CODES)),
            9 => Violation::CloseOfOneByte,
            10 => Violation::CloseReasonNotUtf8,
            11 => Violation::TooBigClaimed,
            12 => Violation::TooBigInPieces,
            _ => Violation::DeflateGarbage,
        }),
    }
}

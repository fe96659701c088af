//! What the server does with a connection: drawn from the seed, the socket and the number of its connection.

use crate::dice::Dice;

/// The answer to the request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The upgrade, in one piece.
    Accept,
    /// The upgrade, one byte at a time.
    Slowly,
    /// The upgrade and the first messages in one write.
    WithMessages(usize),
    /// The beginning of the upgrade, then the end of the connection, orderly or not.
    Cut { bytes: usize, reset: bool },
    /// An interim answer before the upgrade.
    Interim(u16),
    /// Another status, with a line of headers.
    Refuse(u16, &'static str),
    /// Another status, with a line of headers that is not one.
    OddRefusal(u16, &'static str),
    /// A redirect to the request's own path, with this before it.
    Redirect(u16, &'static str),
    /// A 101 that may not be accepted: the line that takes the place of the accept key.
    Wrong(&'static str),
    /// Bytes that are not HTTP.
    Garbage(&'static [u8]),
    /// Nothing, for some milliseconds.
    Silence(u64),
}

/// What it does on an open connection. At the end it echoes until the client closes.
#[derive(Clone, Debug)]
pub enum Act {
    /// Echoes so many messages.
    Echo(usize),
    Say {
        count: usize,
        len: usize,
    },
    /// A message in so many frames, with pings between.
    Fragments {
        pieces: usize,
        len: usize,
    },
    /// One byte at a time.
    Slowly {
        len: usize,
    },
    Pings(usize),
    Pongs(usize),
    /// Neither reads nor writes for some milliseconds.
    Stall(u64),
    /// Breaks the protocol, then reads to the end.
    Sin(Sin),
    /// A Close frame, perhaps with a message after it, and what follows.
    Close {
        code: u16,
        reason: &'static str,
        chatters: bool,
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
    /// Ends both at once.
    Cut,
    Reset,
}

/// What RFC 6455 does not allow a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sin {
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
    pub acts: Vec<Act>,
    /// Agrees to compress, if it is asked.
    pub deflates: bool,
    /// Answers no pings.
    pub deaf: bool,
}

/// Before the request was read: what to do at once.
#[derive(Clone, Copy, Debug)]
pub enum Door {
    Open,
    Shut(End),
    /// Reads nothing for some milliseconds.
    Wait(u64),
}

pub fn door(seed: u64, connection: u64) -> Door {
    let mut dice = Dice::of(&[seed, 0xD00, connection]);
    match dice.below(60) {
        0 => Door::Shut(End::Cut),
        1 => Door::Shut(End::Reset),
        2 => Door::Wait(dice.between(1, 100) as u64),
        _ => Door::Open,
    }
}

impl Script {
    /// `cap` is the most that the client takes in a message.
    pub fn draw(seed: u64, socket: u64, turn: u64, cap: usize) -> Script {
        let mut dice = Dice::of(&[seed, 0x5C1, socket, turn]);
        let answer = answer(&mut dice);
        let count = dice.below(5);
        let mut acts: Vec<Act> = (0..count).map(|_| act(&mut dice, cap)).collect();
        // A third of all connections end as they should.
        match dice.below(6) {
            0..=2 => acts.push(last(&mut dice)),
            // It stops to read for a while, and is lost.
            3 => acts.extend([Act::Stall(dice.between(10, 80) as u64), Act::End(dice.pick(&[End::Cut, End::Reset]))]),
            _ => {}
        }
        Script { answer, acts, deflates: dice.one_in(2), deaf: dice.one_in(12) }
    }
}

fn answer(dice: &mut Dice) -> Answer {
    const STATUSES: [u16; 12] = [200, 204, 302, 400, 401, 403, 404, 410, 426, 500, 503, 599];
    const HEADERS: [&str; 5] =
        ["X-A: b", "Retry-After: 0", "Retry-After: 1", "Content-Length: 5", "WWW-Authenticate: Basic"];
    const ODD: [&str; 3] = ["no colon here", " folded", "X-Ctl: a\x01b"];
    const PLACES: [&str; 5] = ["", "ws://127.0.0.1:1", "http://[", "ws://nobody.invalid", "wss://127.0.0.1:1"];
    const WRONG: [&str; 4] = [
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "X-None: 1",
        "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: nobody-asked",
        "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: x-nobody-offered",
    ];
    const GARBAGE: [&[u8]; 4] =
        [b"SSH-2.0-OpenSSH_9.9\r\n", b"\0\0\0\x15\0", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"];
    match dice.below(40) {
        0 => Answer::Slowly,
        1..=4 => Answer::WithMessages(dice.between(1, 5)),
        5 => Answer::Cut { bytes: dice.below(140), reset: dice.one_in(2) },
        6 => Answer::Interim(dice.pick(&[100, 102, 103])),
        7 | 8 => Answer::Refuse(dice.pick(&STATUSES), dice.pick(&HEADERS)),
        9 => Answer::OddRefusal(dice.pick(&STATUSES), dice.pick(&ODD)),
        10 => Answer::Redirect(dice.pick(&[301, 302, 303, 307, 308]), dice.pick(&PLACES)),
        11 => Answer::Wrong(dice.pick(&WRONG)),
        12 => Answer::Garbage(dice.pick(&GARBAGE)),
        13 => Answer::Silence(dice.between(1, 150) as u64),
        _ => Answer::Accept,
    }
}

/// A length: mostly short, sometimes at an edge of the frame's header, seldom the most.
pub fn length(dice: &mut Dice, cap: usize) -> usize {
    let edges = [0, 1, 23, 24, 125, 126, 127, 65535, 65536, cap.saturating_sub(1), cap];
    let len = match dice.below(10) {
        0 => dice.pick(&edges),
        1 => dice.below(cap + 1),
        2 | 3 => dice.below(4096),
        _ => dice.below(200),
    };
    len.min(cap)
}

fn act(dice: &mut Dice, cap: usize) -> Act {
    let len = length(dice, cap);
    match dice.below(9) {
        0..=2 => Act::Echo(dice.between(1, 12)),
        3 => Act::Say { count: dice.between(1, 300), len: len.min(300) },
        4 => Act::Say { count: dice.between(1, 10), len },
        5 => Act::Fragments { pieces: dice.between(1, 6), len },
        6 => Act::Pings(dice.between(1, 40)),
        7 => Act::Pongs(dice.between(1, 3)),
        _ if dice.one_in(2) => Act::Stall(dice.between(1, 60) as u64),
        _ => Act::Slowly { len: len.min(300) },
    }
}

fn last(dice: &mut Dice) -> Act {
    const CODES: [u16; 10] = [1000, 1000, 1001, 1005, 1008, 1011, 1012, 3000, 4001, 4999];
    const REASONS: [&str; 3] = ["", "bye", "grüße"];
    const BAD_CODES: [u16; 6] = [0, 999, 1004, 1006, 1015, 5000];
    let end = dice.pick(&[End::Listen, End::Half, End::Cut, End::Reset]);
    match dice.below(8) {
        0..=2 => Act::End(end),
        3 | 4 => Act::Close {
            code: dice.pick(&CODES),
            reason: dice.pick(&REASONS),
            chatters: dice.one_in(4),
            then: if dice.one_in(2) { End::Listen } else { end },
        },
        _ => Act::Sin(match dice.below(14) {
            0 => Sin::NotUtf8(dice.below(6)),
            1 => Sin::Opcode(dice.pick(&[3, 7, 11, 15])),
            2 => Sin::Reserved(dice.pick(&[1, 2])),
            3 => Sin::Masked,
            4 => Sin::LongControl,
            5 => Sin::FragmentedPing,
            6 => Sin::StrayContinuation,
            7 => Sin::MessageInMessage,
            8 => Sin::CloseCode(dice.pick(&BAD_CODES)),
            9 => Sin::CloseOfOneByte,
            10 => Sin::CloseReasonNotUtf8,
            11 => Sin::TooBigClaimed,
            12 => Sin::TooBigInPieces,
            _ => Sin::DeflateGarbage,
        }),
    }
}

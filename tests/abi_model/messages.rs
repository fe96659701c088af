//! Messages that can be distinguished: each contains its sender and a number, if it is long enough.

use crate::random::Random;
use ::egret_ws::{EGRET_WS_BINARY, EGRET_WS_MAX_MESSAGE_BYTES, EGRET_WS_TEXT};
use std::sync::LazyLock;

/// The beginning and the end of the tag of a message. No log line may contain it, because lines never contain payloads.
pub const MARK: &str = "%fz";
/// Bytes of a tag: `%fz`, the sender, 8 digits, the thread, 8 digits, `%fz`.
pub const TAG: usize = 3 + 1 + 8 + 1 + 8 + 3;

/// The part of a message that is kept to recognise it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    pub kind: i32,
    pub len: usize,
    sum: u32,
    /// The thread that sent the message, if it is long enough to contain that.
    pub thread: Option<usize>,
}

impl Fingerprint {
    pub fn of(kind: i32, bytes: &[u8]) -> Fingerprint {
        let has_tag = bytes.len() >= TAG && bytes.starts_with(MARK.as_bytes());
        let thread = has_tag.then(|| usize::from(bytes[12] - b'0'));
        Fingerprint { kind, len: bytes.len(), sum: zlib_rs::crc32::crc32(0, bytes), thread }
    }
}

/// Makes a message of `len` bytes. `sender` is `c` for a client and `s` for the server. `id` is the socket or the connection.
pub fn make(kind: i32, len: usize, sender: char, id: u64, thread: usize, number: usize) -> Vec<u8> {
    let mut random = Random::of(&[id, thread as u64, number as u64, len as u64]);
    let mut bytes = format!("{MARK}{sender}{id:08}{thread}{number:08}{MARK}").into_bytes();
    assert_eq!(bytes.len(), TAG);
    if len < TAG {
        bytes = (0..len).map(|_| b'a' + random.below(26) as u8).collect();
    }
    // Half of the messages compress well. The bytes after the tag are taken from a table, which is made only once.
    let (table, is_text) = (&TABLES[random.below(2)], kind == EGRET_WS_TEXT);
    if is_text && len >= bytes.len() + 8 {
        bytes.extend(random.pick(&["😀", "ab€", "äöx"]).as_bytes());
    }
    let (from, room) = (random.below(4096), len - bytes.len());
    bytes.extend(&table[usize::from(is_text)][from..from + room]);
    bytes
}

/// Content that compresses well and content that does not, each as bytes and as ASCII.
static TABLES: LazyLock<[[Vec<u8>; 2]; 2]> = LazyLock::new(|| {
    let mut random = Random::new(1);
    let most = EGRET_WS_MAX_MESSAGE_BYTES as usize + 4096;
    let noise: Vec<u8> = (0..most.div_ceil(8)).flat_map(|_| random.next().to_le_bytes()).collect();
    let letters = |byte: &u8| b'!' + byte % 90;
    let regular: Vec<u8> = (0..most).map(|at| at as u8 % 50).collect();
    [regular, noise].map(|bytes| [bytes.clone(), bytes.iter().map(letters).collect()])
});

/// Text or binary, selected by a bit.
pub fn kind(is_text: bool) -> i32 {
    if is_text { EGRET_WS_TEXT } else { EGRET_WS_BINARY }
}

/// Bytes of each kind that are not UTF-8.
pub const NOT_UTF8: [&[u8]; 6] =
    [b"\x80", b"abc\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut off \xe2\x82"];

//! Bodies: each way in which a body ends, malformed bodies, limits, and pieces of any size.

use super::*;

const MOST: usize = 131_072;

/// The body, and whether it needs no more bytes.
type Read = (Vec<u8>, bool);

fn head(lines: &str) -> Head {
    Head::read(format!("HTTP/1.1 {lines}\r\n\r\n").as_bytes()).unwrap()
}

fn read_pieces<'a>(head: &Head, limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut reader = BodyReader::new(Some(head), limit);
    // The last piece of the head contains the bytes after it. There may be none.
    let mut is_done = reader.feed(b"");
    for piece in pieces {
        assert!(reader.body.len() <= limit && reader.body.capacity() <= limit);
        is_done = reader.feed(piece);
    }
    (reader.into_body(), is_done)
}

/// Reads a body at once, in single bytes, and in two pieces with each cut. All results must be equal.
fn read(head: &Head, limit: usize, bytes: &[u8]) -> Read {
    let whole = read_pieces(head, limit, [bytes]);
    assert_eq!(read_pieces(head, limit, bytes.chunks(1)), whole, "{}", bytes.escape_ascii());
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(read_pieces(head, limit, [first, second]), whole, "{} and {}", first.escape_ascii(), at);
    }
    whole
}

#[track_caller]
fn check(lines: &str, bytes: &str, body: &str, is_done: bool) {
    let (read, done) = read(&head(lines), MOST, bytes.as_bytes());
    assert_eq!((&*String::from_utf8_lossy(&read), done), (body, is_done), "{lines:?}, {bytes:?}");
}

#[test]
fn a_length_ends_the_body() {
    for (length, bytes, body, is_done) in [
        ("5", "hello", "hello", true),
        ("5", "hello, and more", "hello", true),
        ("5", "hell", "hell", false),
        ("5", "", "", false),
        ("0", "", "", true),
        ("0", "no body", "", true),
        ("0005", "hello", "hello", true),
        // This is too large for any integer. No body is so long.
        ("99999999999999999999999999999", "hello", "hello", false),
        // These are several equal lengths, and lists of them (RFC 9112 section 6.3).
        ("5\r\nContent-Length: 5", "hello!", "hello", true),
        ("5, 5", "hello!", "hello", true),
        ("5 ,05\r\ncontent-length:5", "hello!", "hello", true),
    ] {
        check(&format!("403 Forbidden\r\nContent-Length: {length}"), bytes, body, is_done);
    }
}

#[test]
fn lengths_that_are_invalid_or_differ_leave_no_body() {
    for length in ["-5", "+5", "5x", "0x5", "5.0", "", "5,", "5;", "5 5", "5, 6", "5\r\nContent-Length: 6", "\u{665}"] {
        check(&format!("403 Forbidden\r\nContent-Length: {length}"), "hello", "", true);
    }
}

#[test]
fn chunks_are_joined() {
    for (bytes, body, is_done) in [
        ("5\r\nhello\r\n0\r\n\r\n", "hello", true),
        ("5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world", true),
        ("5\nhello\n0\n\n", "hello", true),
        ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", "01234567890123456789", true),
        ("0\r\n\r\n", "", true),
        ("000\r\n\r\n", "", true),
        ("0000000000000000000000005\r\nhello\r\n0\r\n\r\n", "hello", true),
        // The body ends with the last chunk: it does not wait for trailers or another response.
        ("5\r\nhello\r\n0\r\n", "hello", true),
        ("5\r\nhello\r\n0\r\nTrailer: x\r\n\r\nHTTP/1.1 200 OK", "hello", true),
        // These have extensions.
        ("5;a=b;c=\"d;e\"\r\nhello\r\n0;x\r\n\r\n", "hello", true),
        ("5 ; a\r\nhello\r\n0 \r\n\r\n", "hello", true),
        ("5\t\r\nhello\r\n0\r\n\r\n", "hello", true),
        // This data looks like chunks.
        ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", true),
        // These are incomplete.
        ("", "", false),
        ("5", "", false),
        ("5\r", "", false),
        ("5\r\n", "", false),
        ("5\r\nhell", "hell", false),
        ("5\r\nhello", "hello", false),
        ("5\r\nhello\r", "hello", false),
        ("5\r\nhello\r\n", "hello", false),
        ("5\r\nhello\r\n0", "hello", false),
        ("5\r\nhello\r\n0\r", "hello", false),
        // This is too large for any integer.
        ("fffffffffffffffffffff\r\nhello", "hello", false),
        ("10000000000000000\r\nhello", "hello", false),
    ] {
        check("403 Forbidden\r\nTransfer-Encoding: chunked", bytes, body, is_done);
    }
}

#[test]
fn malformed_chunks_end_the_body() {
    for (bytes, body) in [
        ("\r\nhello", ""),
        ("x\r\nhello", ""),
        ("-5\r\nhello", ""),
        ("+5\r\nhello", ""),
        (" 5\r\nhello", ""),
        (";a\r\nhello", ""),
        ("5x\r\nhello", ""),
        ("5\0\r\nhello", ""),
        ("0x5\r\nhello", ""),
        ("5\r\nhello, world", "hello"),
        ("5\r\nhello5\r\nworld", "hello"),
        ("5\r\nhello\r\n\r\n", "hello"),
        ("5\r\nhello\r\nz\r\n", "hello"),
        ("5\r\nhello\r\n<html>", "hello"),
    ] {
        check("403 Forbidden\r\nTransfer-Encoding: chunked", bytes, body, true);
    }
}

#[test]
fn transfer_codings_decide_before_lengths() {
    for (lines, body, is_done) in [
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", "hello", true),
        ("Transfer-Encoding: CHUNKED\r\nContent-Length: x", "hello", true),
        // The body remains compressed.
        ("Transfer-Encoding: gzip, chunked", "hello", true),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding:\tchunked", "hello", true),
        ("Transfer-Encoding: , chunked ,", "hello", true),
        ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked", "hello", true),
        // RFC 9112 section 6.3: with any other last coding, the body ends with the stream.
        ("Transfer-Encoding: chunked, gzip", "5\r\nhello\r\n0\r\n\r\n", false),
        ("Transfer-Encoding: identity\r\nContent-Length: 3", "5\r\nhello\r\n0\r\n\r\n", false),
        ("Transfer-Encoding: chunked;q=1", "5\r\nhello\r\n0\r\n\r\n", false),
        ("Transfer-Encoding: \r\nContent-Length: 3", "5\r\n", true),
    ] {
        check(&format!("403 Forbidden\r\n{lines}"), "5\r\nhello\r\n0\r\n\r\n", body, is_done);
    }
    // HTTP/1.0 has no transfer codings.
    let mut old = head("403 Forbidden\r\nContent-Length: 3\r\nTransfer-Encoding: chunked");
    old.is_http_1_0 = true;
    assert_eq!(read(&old, MOST, b"5\r\nhello"), (b"5\r\n".to_vec(), true));
}

#[test]
fn without_a_length_the_stream_ends_the_body() {
    for lines in ["403 Forbidden", "200 OK\r\nConnection: close", "503 Busy\r\nX: y"] {
        check(lines, "hello\r\n\0", "hello\r\n\0", false);
        check(lines, "", "", false);
    }
}

#[test]
fn some_statuses_have_no_body() {
    for status in [100, 101, 103, 199, 204, 304] {
        for lines in ["Content-Length: 5", "Transfer-Encoding: chunked", "A: b"] {
            check(&format!("{status} X\r\n{lines}"), "5\r\nhello\r\n", "", true);
        }
    }
    for status in [200, 205, 301, 401, 500, 599, 999] {
        check(&format!("{status} X\r\nContent-Length: 5"), "hello", "hello", true);
    }
}

#[test]
fn without_all_headers_there_is_no_body() {
    let many = "A: b\r\n".repeat(256);
    check(&format!("403 Forbidden\r\n{many}Content-Length: 5"), "hello", "", true);
    check("403 Forbidden\r\ngarbage\r\nContent-Length: 5", "hello", "hello", true);
    let head = Head { flaw: Some(FLAW_NO_MEMORY), headers: String::new(), ..head("403 Forbidden\r\nA: b") };
    assert_eq!(read(&head, MOST, b"hello"), (Vec::new(), true));
    assert!(BodyReader::new(None, MOST).feed(b"hello"));
}

#[test]
fn no_more_than_the_limit_is_kept() {
    let chunked: Vec<u8> = b"3\r\nabc\r\n".repeat(20);
    let framings = [
        ("403 A\r\nContent-Length: 60", b"abc".repeat(20)),
        ("403 A\r\nTransfer-Encoding: chunked", chunked),
        ("403 A", b"abc".repeat(20)),
    ];
    for (lines, bytes) in &framings {
        for limit in 0..=59 {
            let body = b"abc".repeat(20)[..limit].to_vec();
            assert_eq!(read(&head(lines), limit, bytes), (body, true), "{lines:?}, {limit}");
        }
        let (body, is_done) = read(&head(lines), 60, bytes);
        assert!(body.len() == 60 && is_done, "{lines:?}");
    }
}

#[test]
fn large_bodies_take_no_more_memory_than_the_limit() {
    for limit in [1, 1000, 16_384, MOST] {
        for lines in ["403 A", "403 A\r\nContent-Length: 99999999", "403 A\r\nTransfer-Encoding: chunked"] {
            for size in [1, 7, 4096, 65_536] {
                let mut reader = BodyReader::new(Some(&head(lines)), limit);
                let piece = if lines.ends_with("chunked") { b"1\r\na\r\n".repeat(size) } else { vec![b'a'; size] };
                let mut fed = 0;
                while !reader.feed(&piece) {
                    fed += 1;
                    assert!(fed <= MOST);
                    assert!(reader.body.capacity() <= limit);
                }
                assert!(reader.into_body() == vec![b'a'; limit], "{lines}, {limit}, {size}");
            }
        }
    }
}

/// A server cannot send chunk headers until the deadline.
#[test]
fn the_work_for_chunk_headers_is_bounded() {
    for endless in [&b"5;aaaaaaaaaaaaaaaa"[..], b"0000000000000000", b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n"] {
        let mut reader = BodyReader::new(Some(&head("403 A\r\nTransfer-Encoding: chunked")), MOST);
        let mut fed = 0;
        while !reader.feed(endless) {
            fed += endless.len();
            assert!(fed <= 64 * 1024, "{}", endless.escape_ascii());
        }
    }
    let mut reader = BodyReader::new(Some(&head("403 A\r\nTransfer-Encoding: chunked")), MOST);
    assert!((1..MOST).all(|_| !reader.feed(b"001\r\na\r\n")), "small chunks pass");
}

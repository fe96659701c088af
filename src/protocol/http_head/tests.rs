//! Heads that are valid, malformed, incomplete, large or divided.

use super::*;

fn read(head: &str) -> Head {
    Head::read(head.as_bytes()).unwrap_or_else(|| panic!("no status line: {head:?}"))
}

#[test]
fn the_status_is_read_without_memory_for_the_headers() {
    for value in ["x", "\u{fc}"] {
        let latin: Vec<u8> = value.chars().map(|letter| letter as u8).collect();
        let head = [b"HTTP/1.1 403 Forbidden\r\nX: ", &*latin.repeat(50_000), b"\r\n\r\n"].concat();
        let read = crate::limited_memory::with_largest(20_000, || Head::read(&head)).unwrap();
        assert_eq!((read.status, read.flaw, read.headers.len()), (403, Some(FLAW_NO_MEMORY), 0), "{value}");
    }
}

#[test]
fn status_lines_are_read_or_refused() {
    for (line, is_http_1_0, status, reason) in [
        ("HTTP/1.1 200 OK", false, 200, "OK"),
        ("HTTP/1.0 404 Not Found", true, 404, "Not Found"),
        ("HTTP/1.1 503", false, 503, ""),
        ("HTTP/1.1 503 ", false, 503, ""),
        // RFC 9110 section 2.5: it is read as the highest version that is known.
        ("HTTP/1.7 999  two  spaces ", false, 999, " two  spaces "),
        ("HTTP/1.1 418 \u{fc}", false, 418, "\u{fc}"),
    ] {
        for end in ["\n", "\r\n"] {
            let head = read(&format!("{line}{end}"));
            assert_eq!((head.is_http_1_0, head.status, &*head.reason), (is_http_1_0, status, reason));
            assert_eq!((&*head.headers, head.flaw), ("", None));
        }
        assert_eq!(Head::read(line.as_bytes()), None, "the line is incomplete");
    }
    let odd = Head { flaw: None, ..read("HTTP/1.1 403 For\u{1}bid\rden\r\n") };
    assert_eq!(odd, read("HTTP/1.1 403 Forbidden\r\n"), "control characters are removed");
    assert!(read("HTTP/1.1 403 For\u{1}bidden\n").flaw.is_some());
    assert_eq!(read(&format!("HTTP/1.1 500 {}\n", "x".repeat(1000))).reason.len(), MAX_REASON_PHRASE);
    for line in
        ["", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1  200", "HTTP/1.1 20x", "HTTP/1.1\t200"]
            .into_iter()
            .chain(["HTTP/1.1 099 x", "HTTP/1.x 200", "HTTP/1.11 200", "HTTP/2 200", "http/1.1 200", " HTTP/1.1 200"])
    {
        assert_eq!(Head::read(format!("{line}\r\n\r\n").as_bytes()), None, "{line}");
    }
}

/// Each kind of malformed line, and the rest of the head around it.
#[test]
fn malformed_lines_do_not_affect_other_lines() {
    for (line, flaw) in [
        ("no colon", Some("no colon")),
        ("X Foo: bar", Some("token")),
        ("X : bar", Some("token")),
        (": bar", Some("token")),
        ("\u{fc}: bar", Some("token")),
        ("X: a\u{1}b", Some("control")),
        ("X: a\u{7f}b", Some("control")),
        ("X: a\0b", Some("control")),
        ("X: a\rb", Some("control")),
        ("no colon\r\n but: a fold", Some("no colon")),
        ("X: a\u{1}b\r\n\tfold\r\n fold", Some("control")),
        (&"a: b\r\n".repeat(256), Some("256 lines")),
    ] {
        for status in ["101 x", "403 x"] {
            let head = read(&format!("HTTP/1.1 {status}\r\nA: 1\r\n{line}\r\nB: 2\r\n\r\n"));
            assert!(head.flaw.is_some_and(|said| flaw.is_some_and(|flaw| said.contains(flaw))), "{line}: {head:?}");
            let more = if flaw == Some("256 lines") { "1, b" } else { "1" };
            assert!(header(&head.headers, "a").is_some_and(|value| value.starts_with(more)), "{line}");
            let after = header(&head.headers, "b");
            assert_eq!(after.as_deref(), (flaw != Some("256 lines")).then_some("2"), "{line}");
            assert_eq!(header(&head.headers, "x"), None, "{line}");
        }
    }
    let first = read("HTTP/1.1 403 x\r\n folded: onto nothing\r\n and more\r\nA: 1\r\n\r\n");
    assert!(first.headers == "A: 1\n" && first.flaw.is_some());
}

#[test]
fn folded_lines_continue_the_value_after_a_space() {
    for (folded, value) in [
        ("a\r\n b", "a b"),
        ("a \t\r\n \t b\r\n\tc", "a b c"),
        ("\r\n a", "a"),
        ("\r\n \r\n\t a", "a"),
        ("a\r\n ", "a"),
        ("a\n b: c", "a b: c"),
        ("a:\r\n b", "a: b"),
    ] {
        let head = read(&format!("HTTP/1.1 200 OK\r\nX: {folded}\r\nY: 1\r\n\r\n"));
        assert_eq!((head.headers, head.flaw), (format!("X: {value}\nY: 1\n"), None), "{folded:?}");
    }
    let most = "X: a\r\n".to_owned() + &" a\r\n".repeat(MAX_LINES - 1);
    assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{most}\r\n")).flaw, None);
    assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{most} a\r\n\r\n")).flaw, Some(FLAW_TOO_MANY_LINES));
}

#[test]
fn incomplete_lines_are_left_out() {
    let head = "HTTP/1.1 403 No\r\nA: 1\r\nB: 2\r\n\r\n";
    for cut in 0..head.len() {
        let lines = head[..cut].matches('\n').count();
        let headers = ["", "", "A: 1\n", "A: 1\nB: 2\n"][lines.min(3)];
        assert_eq!(
            Head::read(&head.as_bytes()[..cut]).map(|head| head.headers),
            (lines > 0).then(|| headers.to_owned())
        );
    }
}

/// Without a flaw, the result is equal to that of httparse, hyper's parser.
#[test]
fn heads_without_a_flaw_give_the_result_of_httparse() {
    let parts =
        ["X: 1", "Y:2", "z:  \t", "A-b_c!#$%&'*+.^`|~: \u{fc} \t,;=\"", "no colon", "X : 1", "Q: a\u{8}", ": v"];
    let lines = parts.iter().flat_map(|one| parts.iter().map(move |two| [*one, *two]));
    for pair in lines {
        for end in ["\r\n", "\n"] {
            let head = format!("HTTP/1.1 200 OK{end}{}{end}{}{end}{end}", pair[0], pair[1]);
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let mut response = httparse::Response::new(&mut headers);
            let theirs = response.parse(head.as_bytes()).ok().map(|_| {
                let text = |value: &[u8]| String::from_utf8_lossy(value.trim_ascii()).into_owned();
                response.headers.iter().map(|header| format!("{}: {}\n", header.name, text(header.value))).collect()
            });
            let ours = Some(read(&head)).filter(|head| head.flaw.is_none()).map(|head| head.headers);
            assert_eq!(ours, theirs, "{head:?}");
        }
    }
}

#[test]
fn find_returns_the_first_index() {
    for size in 0..40 {
        for at in 0..size {
            for (other, second) in [(b'a', b'\n'), (b'\x0b', b'\n'), (b'\x8a', b'\n'), (0xff, b'\x0b'), (0, b'\n')] {
                let mut bytes = vec![other; size];
                assert_eq!(find(&bytes, b'\n'), None);
                bytes[at] = b'\n';
                bytes[(at + 1..size).next().unwrap_or(at)] = if at + 1 < size { second } else { b'\n' };
                assert_eq!(find(&bytes, b'\n'), Some(at), "{bytes:?}");
            }
        }
    }
}

/// Each byte is looked at once to find the end of the head, and once to parse it, for any division of the stream.
#[test]
fn each_byte_of_a_head_is_looked_at_at_most_twice() {
    let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(MAX_HEAD - 24));
    let lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:b\r\n".repeat(255));
    let interims = "HTTP/1.1 100\r\n\r\n".repeat(MAX_HEAD / 16);
    let (short, endless) = (format!("{}{lines}", &interims[..16_000]), "HTTP/1.1 403 x\r\nX: ".to_owned() + &head);
    assert_eq!(head.len(), MAX_HEAD);
    for (stream, ends) in [(&head, true), (&lines, true), (&short, true), (&endless, false), (&interims, false)] {
        for size in [1, 2, 7, 1000, usize::MAX] {
            let mut reader = HeadReader::default();
            bytes_read::take();
            let mut last = Ok(None);
            'fed: for mut piece in stream.as_bytes().chunks(size) {
                loop {
                    last = reader.feed(&mut piece);
                    match &last {
                        Ok(Some(head)) if Head::read(head).is_some_and(|head| head.status == 100) => {}
                        Ok(None) => break,
                        _ => break 'fed,
                    }
                }
            }
            assert!(matches!(last, Ok(Some(_))) == ends && (ends || last == Err(HeadError::TooLong)), "{size}");
            let count = bytes_read::take();
            assert!(count <= 2 * stream.len(), "looked at {count} bytes of {}, in pieces of {size}", stream.len());
        }
    }
}

#[test]
fn the_texts_of_the_limits_have_their_numbers() {
    assert!(FLAW_TOO_LONG.ends_with(&format!("longer than {} KiB", MAX_HEAD >> 10)), "{FLAW_TOO_LONG}");
    assert!(FLAW_TOO_MANY_LINES.ends_with(&format!("more than {MAX_LINES} lines")), "{FLAW_TOO_MANY_LINES}");
}

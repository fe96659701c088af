//! The head of an HTTP request.

use std::io::{self, Read};
use tungstenite::http;

/// The largest size of a head, in bytes. The library sends URLs of 16 KiB and headers of 8 KiB.
const MAX_BYTES: usize = 64 << 10;

/// Reads the head of a request, and returns it with the bytes that came after it.
pub fn read(stream: &mut impl Read) -> io::Result<(http::Request<()>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        // The end may be on the border of two reads.
        let searched = bytes.len().saturating_sub(3);
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..count]);
        if !bytes[0].is_ascii_uppercase() {
            return Err(malformed()); // perhaps TLS, which would wait for an answer
        }
        if let Some(at) = bytes[searched..].windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(searched + at + 4);
            return parse(&bytes).map(|request| (request, rest));
        }
        if bytes.len() > MAX_BYTES {
            return Err(io::Error::other("the head of the request is too long"));
        }
    }
}

fn malformed() -> io::Error {
    io::Error::other("this is not a request of HTTP/1.1")
}

fn parse(head: &[u8]) -> io::Result<http::Request<()>> {
    let head = str::from_utf8(head).map_err(|_| malformed())?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(malformed());
    };
    let mut request = http::Request::builder().method(method).uri(target).version(http::Version::HTTP_11);
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        request = request.header(name, value.trim());
    }
    request.body(()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that returns its parts one by one.
    struct Parts(Vec<Vec<u8>>);

    impl Read for Parts {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let part = self.0.remove(0);
            out[..part.len()].copy_from_slice(&part);
            Ok(part.len())
        }
    }

    #[test]
    fn a_head_is_read_whatever_its_parts() {
        let text = b"GET /a?b HTTP/1.1\r\nHost: x\r\nName:  value \r\n\r\nrest";
        for at in 1..text.len() {
            let mut stream = Parts(vec![text[..at].to_vec(), text[at..].to_vec()]);
            let (request, mut rest) = read(&mut stream).expect("a head");
            rest.extend(stream.0.concat());
            assert_eq!((request.uri().path(), &rest[..]), ("/a", &b"rest"[..]), "{at}");
            assert_eq!(request.headers()["name"], "value");
        }
    }

    #[test]
    fn other_input_is_an_error() {
        let long = vec![vec![b'X'; 4096]; 20];
        for (parts, complaint) in [
            (vec![], "unexpected end of file"),
            (vec![b"GET / HTTP/1.1\r\n".to_vec()], "unexpected end of file"),
            (vec![b"GET / HTTP/1.0\r\n\r\n".to_vec()], "not a request"),
            (vec![b"\x16".to_vec()], "not a request"),
            (vec![b"GET / HTTP/1.1\r\nno colon\r\n\r\n".to_vec()], "not a request"),
            (long, "too long"),
        ] {
            let error = read(&mut Parts(parts)).expect_err(complaint).to_string();
            assert!(error.contains(complaint), "not {complaint:?}: {error}");
        }
    }
}

//! The version of TLS that the server chose, read from its hello as it passes by in the clear: native-tls does not tell it.

/// The content type of a handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// The message type of a ServerHello, and of a HelloRetryRequest (section 4.1.4).
const SERVER_HELLO: u8 = 2;
/// The number of the extension in which TLS 1.3 says its version (section 4.2.1).
const SUPPORTED_VERSIONS: [u8; 2] = [0, 43];
/// The most bytes of a hello that are kept. Real ones have some hundreds, a thousand more with a post-quantum key share.
const MAX_HELLO: usize = 16 * 1024;

/// Watches the bytes that the server sends, until its hello is whole.
#[derive(Debug, Default)]
pub(super) struct Hello {
    /// The header of the record that is being read, as far as it is.
    header: Vec<u8>,
    /// What is left of its body.
    left: usize,
    message: Vec<u8>,
    version: u32,
    done: bool,
}

impl Hello {
    /// The version, such as 0x0304; 0 as long as it is not known.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Takes the next bytes, cut anywhere.
    #[inline]
    pub(super) fn watch(&mut self, bytes: &[u8]) {
        if !self.done {
            self.read(bytes);
        }
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes
            && !self.done
        {
            if self.left > 0 {
                let count = self.left.min(bytes.len());
                self.message.extend_from_slice(&bytes[..count]);
                self.left -= count;
                bytes = &bytes[count..];
                self.read_message();
                continue;
            }
            self.header.push(*first);
            bytes = rest;
            if let [kind, _, _, high, low] = self.header[..] {
                self.header.clear();
                self.left = usize::from(u16::from_be_bytes([high, low]));
                // An alert comes instead of a hello; what else comes is no TLS, or no business of ours.
                self.done = kind != HANDSHAKE || self.left == 0;
            }
        }
        if self.done {
            self.header = Vec::new();
            self.message = Vec::new();
        }
    }

    /// A message has a type, three bytes of length and a body, and may span records.
    fn read_message(&mut self) {
        let [kind, high, mid, low, ref body @ ..] = self.message[..] else { return };
        let len = u32::from_be_bytes([0, high, mid, low]) as usize;
        if kind == SERVER_HELLO && len <= MAX_HELLO {
            let Some(body) = body.get(..len) else { return };
            self.version = chosen_version(body).unwrap_or(0);
        }
        self.done = true;
    }
}

/// RFC 8446 section 4.1.3: version, random, session id, cipher suite, compression, extensions.
fn chosen_version(hello: &[u8]) -> Option<u32> {
    let mut rest = hello;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    let legacy_version = number(rest.split_off(..2)?);
    rest.split_off(..32)?;
    let session_id = *rest.split_off_first()?;
    rest.split_off(..usize::from(session_id))?;
    rest.split_off(..3)?;
    // The extensions are missing, or their list ends: then the version is the old field's.
    rest.split_off(..2.min(rest.len()))?;
    while !rest.is_empty() {
        let kind = rest.split_off(..2)?;
        let len = number(rest.split_off(..2)?) as usize;
        let body = rest.split_off(..len)?;
        if kind == SUPPORTED_VERSIONS {
            return Some(number(body));
        }
    }
    Some(legacy_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: [u8; 2], extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_vec();
        body.extend([7; 32]);
        body.extend([2, 0xaa, 0xbb]); // session id
        body.extend([0x13, 1, 0]);
        if !extensions.is_empty() {
            body.extend((extensions.len() as u16).to_be_bytes());
            body.extend(extensions);
        }
        let mut message = vec![SERVER_HELLO, 0, 0, body.len() as u8];
        message.extend(body);
        message
    }

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, 3, 3], &(body.len() as u16).to_be_bytes()[..], body].concat()
    }

    fn watch(bytes: &[u8], size: usize) -> Hello {
        let mut hello = Hello::default();
        bytes.chunks(size).for_each(|piece| hello.watch(piece));
        hello
    }

    const TLS_1_3: [u8; 11] = [0, 51, 0, 1, 9, 0, 43, 0, 2, 3, 4]; // behind an extension of another kind

    #[test]
    fn the_version_is_found_however_the_bytes_are_cut() {
        let new = hello([3, 3], &TLS_1_3);
        let spanning = [record(22, &new[..3]), record(22, &new[3..20]), record(22, &new[20..])].concat();
        for (bytes, version) in [
            (record(22, &hello([3, 3], &[])), 0x0303),
            (record(22, &hello([3, 1], &[0, 11, 0, 0])), 0x0301),
            (record(22, &[new.clone(), vec![8, 0, 0, 0]].concat()), 0x0304),
            (spanning, 0x0304),
        ] {
            for size in [1, 2, 3, 7, 1000] {
                let found = watch(&bytes, size);
                assert_eq!((found.version(), found.done), (version, true));
                assert_eq!(found.message.capacity(), 0, "nothing is kept");
            }
            assert!(!watch(&bytes[..bytes.len() / 2], 1).done);
        }
    }

    #[test]
    fn anything_else_ends_the_watch_without_a_version() {
        let right = hello([3, 3], &TLS_1_3);
        let mut too_long = vec![SERVER_HELLO, 1, 0, 0];
        too_long.extend([0; 100]);
        let mut overrun = right.clone();
        overrun[4 + 2 + 32 + 3 + 3 + 2 + 3] = 200; // an extension longer than the list
        for bytes in [
            record(21, &[2, 40]),
            record(22, &[]),
            record(22, &too_long),
            record(22, &[1, 0, 0, 0]),
            record(22, &[SERVER_HELLO, 0, 0, 1, 3]),
            record(22, &overrun),
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ] {
            let found = watch(&bytes, 1);
            assert_eq!((found.version(), found.done), (0, true), "{bytes:?}");
        }
        let mut found = watch(&record(21, &[2, 40]), 9);
        found.watch(&record(22, &right));
        assert_eq!(found.version(), 0, "it looks no more");
    }
}

//! The version of TLS that the server has selected, read from its unencrypted ServerHello, because native-tls does not report it.
//! On Apple systems and Windows, `BufferedStream` passes the received bytes to it, and `native::backend` returns the version. OpenSSL
//! reports the version itself. The tests run on every system.

/// The content type of a handshake record (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;
/// The message type of a ServerHello, and of a HelloRetryRequest (section 4.1.4).
const SERVER_HELLO: u8 = 2;
/// The number of the extension with the version of TLS 1.3 (section 4.2.1).
const SUPPORTED_VERSIONS: [u8; 2] = [0, 43];
/// The largest number of bytes of a ServerHello that are kept. It usually has a few hundred bytes; a post-quantum key share adds
/// about a thousand.
const MAX_HELLO: usize = 16 * 1024;

/// Reads the bytes from the server until its ServerHello is complete.
#[derive(Debug, Default)]
pub struct ServerHello {
    /// The incomplete header of the current record.
    header: Vec<u8>,
    /// The number of bytes in its body that were not read yet.
    body_left: usize,
    message: Vec<u8>,
    version: u32,
    done: bool,
}

impl ServerHello {
    /// Returns the version, such as 0x0304. 0 if it is not yet known.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Takes the next bytes, in pieces of any size.
    #[inline]
    pub fn watch(&mut self, bytes: &[u8]) {
        if !self.done {
            self.read(bytes);
        }
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes
            && !self.done
        {
            if self.body_left > 0 {
                let count = self.body_left.min(bytes.len());
                self.message.extend_from_slice(&bytes[..count]);
                self.body_left -= count;
                bytes = &bytes[count..];
                self.read_message();
                continue;
            }
            self.header.push(*first);
            bytes = rest;
            if let [content_type, _, _, high, low] = self.header[..] {
                self.header.clear();
                self.body_left = usize::from(u16::from_be_bytes([high, low]));
                // The server has sent an alert or other data instead of a ServerHello.
                self.done = content_type != HANDSHAKE || self.body_left == 0;
            }
        }
        if self.done {
            self.header = Vec::new();
            self.message = Vec::new();
        }
    }

    /// A message has a type, three bytes of length and a body, and may span records.
    fn read_message(&mut self) {
        let [message_type, high, mid, low, ref body @ ..] = self.message[..] else { return };
        let len = u32::from_be_bytes([0, high, mid, low]) as usize;
        if message_type == SERVER_HELLO && len <= MAX_HELLO {
            let Some(body) = body.get(..len) else { return };
            self.version = selected_version(body).unwrap_or(0);
        }
        self.done = true;
    }
}

/// RFC 8446 section 4.1.3: version, random, session id, cipher suite, compression, extensions.
fn selected_version(hello: &[u8]) -> Option<u32> {
    let mut rest = hello;
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    let legacy_version = number(rest.split_off(..2)?);
    rest.split_off(..32)?;
    let session_id = *rest.split_off_first()?;
    rest.split_off(..usize::from(session_id))?;
    rest.split_off(..3)?;
    // If there are no extensions, or the extension with the version is missing, the old field contains the version.
    rest.split_off(..2.min(rest.len()))?;
    while !rest.is_empty() {
        let extension = rest.split_off(..2)?;
        let len = number(rest.split_off(..2)?) as usize;
        let body = rest.split_off(..len)?;
        if extension == SUPPORTED_VERSIONS {
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

    fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
        [&[content_type, 3, 3], &(body.len() as u16).to_be_bytes()[..], body].concat()
    }

    fn watch(bytes: &[u8], size: usize) -> ServerHello {
        let mut hello = ServerHello::default();
        bytes.chunks(size).for_each(|piece| hello.watch(piece));
        hello
    }

    const TLS_1_3: [u8; 11] = [0, 51, 0, 1, 9, 0, 43, 0, 2, 3, 4]; // the version comes after another extension

    #[test]
    fn the_version_is_found_in_any_division_of_the_bytes() {
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
                assert_eq!(found.message.capacity(), 0, "no memory is kept");
            }
            assert!(!watch(&bytes[..bytes.len() / 2], 1).done);
        }
    }

    #[test]
    fn other_bytes_end_the_search_without_a_version() {
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
        assert_eq!(found.version(), 0, "the search has ended");
    }
}

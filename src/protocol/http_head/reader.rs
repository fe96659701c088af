//! Finds the end of a head in bytes that arrive in pieces.

use super::{MAX_HEAD, START, find};

/// Reads the heads of a stream, one after the other. It looks at each byte once and copies it once.
#[derive(Debug, Default)]
pub struct HeadReader {
    bytes: Vec<u8>,
    /// The number of bytes in the heads before the current one.
    before: usize,
}

/// The reason why the bytes are not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The first bytes are not those of an HTTP/1 response.
    NotHttp,
    /// The head has [`MAX_HEAD`] bytes and is not complete.
    TooLong,
    /// There is no memory for these bytes.
    NoMemory,
}

impl HeadReader {
    /// Takes the next bytes from the front of `input`. Returns the head when it is complete. After `None`, `input` is empty.
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, HeadError> {
        let room = MAX_HEAD - self.before - self.bytes.len();
        let next = &input[..input.len().min(room)];
        let end = end_of_head(&self.bytes, next);
        let next_of_head = &next[..end.unwrap_or(next.len())];
        if self.bytes.try_reserve(next_of_head.len()).is_err() {
            return Err(HeadError::NoMemory);
        }
        self.bytes.extend_from_slice(next_of_head);
        let start = self.bytes.len().min(START.len());
        if self.bytes[..start] != START[..start] {
            return Err(HeadError::NotHttp);
        }
        let Some(end) = end else {
            *input = &[];
            return if next.len() == room { Err(HeadError::TooLong) } else { Ok(None) };
        };
        *input = &input[end..];
        self.before += self.bytes.len();
        Ok(Some(std::mem::take(&mut self.bytes)))
    }

    /// The bytes of the incomplete head.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Finds the index after the empty line that ends a head, in its `next` bytes. `known` are the bytes before them. A line may end with a
/// bare line feed (RFC 9112 section 2.2).
fn end_of_head(known: &[u8], next: &[u8]) -> Option<usize> {
    let before = |at: usize, back: usize| match at.checked_sub(back) {
        Some(at) => Some(next[at]),
        None => known.len().checked_sub(back - at).map(|at| known[at]),
    };
    let mut at = 0;
    let end = loop {
        let Some(line_feed) = find(&next[at..], b'\n').map(|more| at + more) else {
            break None;
        };
        at = line_feed + 1;
        match before(line_feed, 1) {
            Some(b'\n') => break Some(at),
            Some(b'\r') if before(line_feed, 2) == Some(b'\n') => break Some(at),
            _ => {}
        }
    };
    #[cfg(test)]
    super::bytes_read::add(end.unwrap_or(next.len()));
    end
}

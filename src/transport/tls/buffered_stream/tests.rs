//! Tests of the buffers, without TLS.

use super::*;

/// A stream that takes and returns no byte. Every other call is interrupted.
struct BlockedStream {
    interrupted: bool,
}

impl BlockedStream {
    fn call(&mut self) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        Err(if self.interrupted { ErrorKind::Interrupted } else { ErrorKind::WouldBlock }.into())
    }
}

impl Transport for BlockedStream {
    fn short_read_is_last(&self) -> bool {
        false
    }
    fn note_hangup(&mut self) {}
    fn poll_connected(&mut self) -> io::Result<bool> {
        Ok(true)
    }
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.call()
    }
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.call()
    }
    fn end_writing(&mut self) {}
    fn reset_on_drop(&mut self) {}
}

#[test]
fn the_output_buffer_is_bounded() {
    let mut stream = BufferedStream::new(BlockedStream { interrupted: false }, Peer::Server);
    let mut taken = 0;
    let error = loop {
        match stream.write(&[7; 1000]) {
            Ok(count) => taken += count,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!((MAX_OUTPUT..=MAX_OUTPUT + 1000).contains(&taken));
    assert!(!stream.is_flushed());
}

#[test]
fn an_interrupted_write_is_repeated_and_an_interrupted_read_ends_the_turn() {
    let mut stream = BufferedStream::new(BlockedStream { interrupted: false }, Peer::Server);
    stream.write_all(&[7]).unwrap();
    stream.begin_turn();
    for is_turn_over in [true, false] {
        stream.begin_turn();
        stream.stream().interrupted = !is_turn_over;
        for _ in 0..2 {
            assert_eq!(stream.read(&mut [0; 5]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert_eq!(stream.is_turn_over(), is_turn_over);
        }
    }
    assert!(stream.read_error().is_none() && stream.write_error().is_none());
}

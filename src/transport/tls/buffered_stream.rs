//! The stream that the platform's TLS reads from and writes to. It adds to the stream below a buffer in each direction and a
//! limit for the bytes that are read in one turn, and keeps the errors of both directions.

#[cfg(tls_native)]
use super::native::server_hello::ServerHello;
use super::peer::Peer;
use super::record_budget::{Limit, RecordBudget};
use super::stream_status::{StreamError, StreamStatus};
use crate::transport::Transport;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

/// The size of the read buffer. OpenSSL and Secure Transport read the five bytes of a record's header, then its body. With the
/// buffer, one read of the stream below returns both. It has room for a message of a game.
const READ_AHEAD: usize = 4096;
/// The size of the read buffer after it was full. It has room for several records.
const READ_AHEAD_BULK: usize = 64 * 1024;
/// How many bytes wait to be written before TLS must wait too. Only a peer that requests key updates endlessly reaches this.
const MAX_OUTPUT: usize = 64 * 1024;

/// The stream that TLS uses. For TLS, a write always succeeds: bytes that the stream below does not take wait in the output
/// buffer. Otherwise Secure Transport would queue them in its own memory, which we cannot see, and the other libraries would
/// require that the call is repeated.
pub(super) struct BufferedStream<S> {
    stream: S,
    #[cfg(tls_native)]
    hello: ServerHello,
    /// The read buffer. TLS has not yet read `input[input_pos..]`. The buffer is freed when there is nothing to read.
    input: Vec<u8>,
    input_pos: usize,
    /// The last read has filled the whole buffer.
    is_bulk: bool,
    /// The stream has no more bytes in this turn.
    is_exhausted: bool,
    /// The output buffer. The stream has not yet taken `output[output_pos..]`.
    output: Vec<u8>,
    output_pos: usize,
    /// The writing side of the stream must end after these bytes.
    ends_after_output: bool,
    /// The reason why writing has failed. TLS still reads, because the peer may have sent an alert before. Further output is dropped.
    write_error: Option<StreamError>,
    budget: RecordBudget,
    /// The facts that the handshake also uses.
    status: Arc<StreamStatus>,
}

impl<S: Transport> BufferedStream<S> {
    pub(super) fn new(stream: S, peer: Peer) -> BufferedStream<S> {
        BufferedStream {
            stream,
            #[cfg(tls_native)]
            hello: ServerHello::default(),
            input: Vec::new(),
            input_pos: 0,
            is_bulk: false,
            is_exhausted: false,
            output: Vec::new(),
            output_pos: 0,
            ends_after_output: false,
            write_error: None,
            budget: RecordBudget::new(),
            status: Arc::new(StreamStatus::new(peer)),
        }
    }

    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(super) fn short_read_is_last(&self) -> bool {
        self.stream.short_read_is_last()
    }

    /// Returns the version that the server has selected. 0 if it is not known.
    #[cfg(tls_native)]
    pub(super) fn version(&self) -> u32 {
        self.hello.version()
    }

    /// Returns the other end.
    pub(super) fn peer(&self) -> Peer {
        self.status.peer()
    }

    /// Returns the facts about the stream. They are updated later too.
    pub(super) fn status(&self) -> Arc<StreamStatus> {
        Arc::clone(&self.status)
    }

    /// Returns the reason why reading has ended, if it has.
    pub(super) fn read_error(&self) -> Option<&StreamError> {
        self.status.read_error()
    }

    /// The handshake is complete.
    pub(super) fn handshake_done(&mut self) {
        self.budget.handshake_done();
    }

    /// TLS has returned application data.
    #[inline]
    pub(super) fn note_data(&mut self) {
        self.budget.note_data();
    }

    /// Returns true if TLS has used up its budget of this turn. Then more bytes may be available, and no readiness event will
    /// report them.
    #[inline]
    pub(super) fn is_turn_over(&self) -> bool {
        self.budget.is_turn_over()
    }

    /// Returns the reason why writing has failed, if it has.
    pub(super) fn write_error(&self) -> Option<io::Error> {
        self.write_error.as_ref().map(StreamError::to_error)
    }

    /// Begins a turn: flushes the output buffer, and allows reading again. It must be called before each call of TLS.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        self.is_exhausted = false;
        self.budget.begin_turn();
        if !self.is_flushed() || self.ends_after_output {
            self.flush_output();
        }
    }

    /// Returns true if the stream has no more bytes for TLS in this turn.
    pub(super) fn is_drained(&self) -> bool {
        self.is_exhausted && self.input_pos == self.input.len()
    }

    /// Returns whether the TLS below waits for the host.
    pub(super) fn is_busy(&self) -> bool {
        self.stream.is_busy()
    }

    /// Returns true if the stream has taken all bytes.
    pub(super) fn is_flushed(&self) -> bool {
        self.output_pos == self.output.len()
    }

    #[cfg(all(test, tls_openssl))]
    pub(super) fn buffered_output(&self) -> usize {
        self.output.len() - self.output_pos
    }

    /// Ends the writing side of the stream after the bytes in the output buffer.
    pub(super) fn end_writing(&mut self) {
        self.ends_after_output = true;
        self.flush_output();
    }

    fn flush_output(&mut self) {
        while !self.is_flushed() {
            match write_some(&mut self.stream, &self.output[self.output_pos..]) {
                Ok(count) => self.output_pos += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.write_error = Some(StreamError::of(&error));
                    break;
                }
            }
        }
        self.output = Vec::new();
        self.output_pos = 0;
        if std::mem::take(&mut self.ends_after_output) {
            self.stream.end_writing();
        }
    }

    /// Reads from the stream into the buffer of TLS, unless it is known that no bytes are available.
    fn read_directly(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(result) = self.known_result() {
            return result;
        }
        let result = self.stream.read(buffer);
        if let Ok(count) = result {
            self.status.note_bytes(&buffer[..count]);
            #[cfg(tls_native)]
            self.hello.watch(&buffer[..count]);
        }
        self.note_result(result, buffer.len())
    }

    /// Reads from the stream into the read buffer. Returns 0 only at the end of the stream.
    fn fill_input(&mut self) -> io::Result<usize> {
        (self.input_pos, self.is_bulk) = (0, self.input.len() == self.input.capacity() && self.input_pos > 0);
        self.input.clear();
        if let Some(result) = self.known_result() {
            return result;
        }
        let size = if self.is_bulk { READ_AHEAD_BULK } else { READ_AHEAD };
        if self.input.capacity() != size {
            self.input = Vec::with_capacity(size);
        }
        let result = match self.stream.read_onto(&mut self.input, size, &mut []) {
            Some(result) => result.map(|(count, _)| count),
            None => {
                self.input.resize(size, 0);
                let result = self.stream.read(&mut self.input);
                self.input.truncate(*result.as_ref().unwrap_or(&0));
                result
            }
        };
        self.status.note_bytes(&self.input);
        #[cfg(tls_native)]
        self.hello.watch(&self.input);
        self.note_result(result, size)
    }

    /// Returns the result of a read if it is known without a system call.
    fn known_result(&self) -> Option<io::Result<usize>> {
        match self.status.read_error() {
            Some(StreamError::Eof) => Some(Ok(0)),
            Some(error) => Some(Err(error.to_error())),
            None => self.is_exhausted.then(|| Err(ErrorKind::WouldBlock.into())),
        }
    }

    /// Records the result of a read with room for `asked` bytes.
    fn note_result(&mut self, result: io::Result<usize>, asked: usize) -> io::Result<usize> {
        match &result {
            Ok(count) => {
                self.is_exhausted = *count < asked && self.stream.short_read_is_last();
                if *count == 0 {
                    self.status.set_read_error(StreamError::Eof);
                } else if *count < asked && !self.is_exhausted && self.stream.is_turn_over() {
                    self.budget.end_turn();
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_exhausted = true,
            // The TLS below has used up its budget of the turn, or a signal has interrupted the call. The next turn reads again.
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                self.budget.end_turn();
                return Err(ErrorKind::WouldBlock.into());
            }
            // Nothing is read after an error.
            Err(error) => drop(self.status.set_read_error(StreamError::of(error))),
        }
        result
    }
}

fn write_some(stream: &mut impl Transport, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl<S: Transport> Read for BufferedStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.budget.limit() {
            None => {}
            Some(Limit::Turn) => return Err(ErrorKind::WouldBlock.into()),
            Some(Limit::Flood(flood)) => {
                let text = flood.text(self.peer());
                return Err(self.status.set_read_error(StreamError::Flood(text)).to_error());
            }
        }
        if self.input_pos == self.input.len() {
            // A large read does not need the buffer, unless the last read has filled the buffer.
            if buffer.len() >= READ_AHEAD && !self.is_bulk {
                let count = self.read_directly(buffer)?;
                self.budget.count(&buffer[..count]);
                return Ok(count);
            }
            if let Err(error) = self.fill_input() {
                self.input = Vec::new();
                return Err(error);
            }
        }
        let count = buffer.len().min(self.input.len() - self.input_pos);
        buffer[..count].copy_from_slice(&self.input[self.input_pos..self.input_pos + count]);
        self.budget.count(&buffer[..count]);
        self.input_pos += count;
        if self.is_exhausted && self.input_pos == self.input.len() {
            (self.input, self.input_pos, self.is_bulk) = (Vec::new(), 0, false);
        }
        Ok(count)
    }
}

impl<S: Transport> Write for BufferedStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.write_error.is_some() {
            return Ok(bytes.len());
        }
        if self.output.len() - self.output_pos > MAX_OUTPUT {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut count = 0;
        while count < bytes.len() && self.is_flushed() {
            match write_some(&mut self.stream, &bytes[count..]) {
                Ok(more) => count += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.write_error = Some(StreamError::of(&error));
                    return Ok(bytes.len());
                }
            }
        }
        self.output.extend_from_slice(&bytes[count..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;

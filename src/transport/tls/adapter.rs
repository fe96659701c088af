//! What the platform's TLS reads from and writes to: our stream, with what is known of it on the way.

use super::intake::{Intake, Stop};
#[cfg(any(windows, target_vendor = "apple"))]
use super::server_hello::Hello;
use crate::transport::Transport;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

/// Read at once where less is asked for: OpenSSL and Secure Transport ask for a record's five bytes of header, then for
/// its body. A message of a game fits; and where there is more than that, several records.
const READ_AHEAD: usize = 4096;
const MUCH_AHEAD: usize = 64 * 1024;
/// Bytes that may wait to be written before TLS has to wait: only a peer that asks for new keys without end gets there.
const MAX_OUTGOING: usize = 64 * 1024;

/// How the stream stopped bringing bytes. It is told again to whoever reads on.
#[derive(Debug)]
pub(super) enum Loss {
    /// It ended.
    End,
    /// The peer sent too many bytes without data, and nothing more is read. The text says what it sent.
    Flood(&'static str),
    Error {
        kind: ErrorKind,
        os_error: Option<i32>,
    },
}

impl Loss {
    fn of(error: &io::Error) -> Loss {
        Loss::Error { kind: error.kind(), os_error: error.raw_os_error() }
    }

    pub(super) fn to_error(&self) -> io::Error {
        match *self {
            Loss::End => io::Error::new(ErrorKind::UnexpectedEof, "the stream ended without a close_notify of TLS"),
            Loss::Flood(what) => io::Error::new(ErrorKind::QuotaExceeded, what),
            Loss::Error { os_error: Some(number), .. } => io::Error::from_raw_os_error(number),
            Loss::Error { kind, .. } => kind.into(),
        }
    }
}

/// Facts about a stream, which stay readable after the platform's TLS has dropped it: native-tls does when a handshake fails.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The reason why reading stopped.
    loss: OnceLock<Loss>,
    /// The first bytes from the peer, at most [`MAX_FIRST`].
    first: OnceLock<Vec<u8>>,
}

/// The most first bytes that are kept.
const MAX_FIRST: usize = 40;
/// The content types of TLS records (RFC 8446 section 5.1). The version that follows always begins with 3.
const CONTENT_TYPES: RangeInclusive<u8> = 20..=24;

impl Notes {
    pub(super) fn loss(&self) -> Option<&Loss> {
        self.loss.get()
    }

    /// Has the peer sent nothing?
    pub(super) fn is_silent(&self) -> bool {
        self.first.get().is_none()
    }

    /// The first bytes from the peer, if they are not TLS.
    pub(super) fn other_protocol(&self) -> Option<&[u8]> {
        self.first.get().map(Vec::as_slice).filter(|first| match first {
            [kind, 3, ..] | [kind] => !CONTENT_TYPES.contains(kind),
            _ => true,
        })
    }

    fn note_first(&self, bytes: &[u8]) {
        if !bytes.is_empty() && self.is_silent() {
            let _ = self.first.set(bytes[..bytes.len().min(MAX_FIRST)].to_vec());
        }
    }
}

/// A stream as TLS sees it. Writing always succeeds as far as TLS can tell: what the stream does not take now waits here,
/// because Secure Transport would queue it where we cannot see it, and the others would want the same call again.
pub(super) struct Adapter<S> {
    stream: S,
    #[cfg(any(windows, target_vendor = "apple"))]
    hello: Hello,
    /// Read ahead. The bytes that TLS has not read yet are `incoming[next..]`. Where nothing is to be read, it takes no memory.
    incoming: Vec<u8>,
    next: usize,
    /// The last time it was filled to the brim.
    is_much: bool,
    /// The stream has said that no more bytes are there, since TLS was last asked to go on.
    dry: bool,
    /// The bytes that the stream has not taken yet are `outgoing[written..]`.
    outgoing: Vec<u8>,
    written: usize,
    /// The stream's writing side is to end behind them.
    ending: bool,
    /// Writing failed. The peer may have said why before, so that TLS reads on and what it writes is dropped.
    write_loss: Option<Loss>,
    intake: Intake,
    /// Shared with the handshake.
    notes: Arc<Notes>,
}

impl<S: Transport> Adapter<S> {
    pub(super) fn new(stream: S) -> Adapter<S> {
        Adapter {
            stream,
            #[cfg(any(windows, target_vendor = "apple"))]
            hello: Hello::default(),
            incoming: Vec::new(),
            next: 0,
            is_much: false,
            dry: false,
            outgoing: Vec::new(),
            written: 0,
            ending: false,
            write_loss: None,
            intake: Intake::new(),
            notes: Arc::default(),
        }
    }

    pub(super) fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(super) fn short_read_is_last(&self) -> bool {
        self.stream.short_read_is_last()
    }

    /// The version that the server chose; 0 if it is not known.
    #[cfg(any(windows, target_vendor = "apple"))]
    pub(super) fn version(&self) -> u32 {
        self.hello.version()
    }

    /// Returns the facts about the stream, which are updated later.
    pub(super) fn notes(&self) -> Arc<Notes> {
        Arc::clone(&self.notes)
    }

    /// How reading stopped, if it did.
    pub(super) fn loss(&self) -> Option<&Loss> {
        self.notes.loss()
    }

    /// The handshake is over.
    pub(super) fn opened(&mut self) {
        self.intake.opened();
    }

    /// TLS has returned application data.
    #[inline]
    pub(super) fn brought_data(&mut self) {
        self.intake.brought_data();
    }

    /// Has TLS used its budget of this turn? Then more bytes may be there, and no readiness event will report them.
    #[inline]
    pub(super) fn has_had_its_turn(&self) -> bool {
        self.intake.is_over()
    }

    /// How writing stopped, if it did.
    pub(super) fn write_error(&self) -> Option<io::Error> {
        self.write_loss.as_ref().map(Loss::to_error)
    }

    /// To be called before TLS is asked to go on: writes what waits, and looks at the stream anew.
    #[inline]
    pub(super) fn refresh(&mut self) {
        self.dry = false;
        self.intake.begin_turn();
        if !self.is_flushed() || self.ending {
            self.flush_outgoing();
        }
    }

    /// Is it known, without asking, that TLS can read no more? OpenSSL takes a record's bytes when it reads that record; the
    /// others take what is there, and may have the next record already.
    pub(super) fn is_drained(&self) -> bool {
        cfg!(not(any(windows, target_vendor = "apple"))) && self.dry && self.next == self.incoming.len()
    }

    /// Has the stream taken all bytes?
    pub(super) fn is_flushed(&self) -> bool {
        self.written == self.outgoing.len()
    }

    #[cfg(test)]
    pub(super) fn outgoing(&self) -> usize {
        self.outgoing.len() - self.written
    }

    /// Ends the stream's writing side behind what waits.
    pub(super) fn end_writing(&mut self) {
        self.ending = true;
        self.flush_outgoing();
    }

    fn flush_outgoing(&mut self) {
        while !self.is_flushed() {
            match push(&mut self.stream, &self.outgoing[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.write_loss = Some(Loss::of(&error));
                    break;
                }
            }
        }
        self.outgoing = Vec::new();
        self.written = 0;
        if std::mem::take(&mut self.ending) {
            self.stream.end_writing();
        }
    }

    /// Reads from the stream, unless it is known that nothing is there.
    fn pull(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(known) = self.known() {
            return known;
        }
        let result = uninterrupted(|| self.stream.read(buffer));
        if let Ok(count) = result {
            self.notes.note_first(&buffer[..count]);
            #[cfg(any(windows, target_vendor = "apple"))]
            self.hello.watch(&buffer[..count]);
        }
        self.note(result, buffer.len())
    }

    /// The same, ahead of what TLS asks for; 0 only at the end.
    fn pull_ahead(&mut self) -> io::Result<usize> {
        (self.next, self.is_much) = (0, self.incoming.len() == self.incoming.capacity() && self.next > 0);
        self.incoming.clear();
        if let Some(known) = self.known() {
            return known;
        }
        let size = if self.is_much { MUCH_AHEAD } else { READ_AHEAD };
        if self.incoming.capacity() != size {
            self.incoming = Vec::with_capacity(size);
        }
        let result = uninterrupted(|| match self.stream.read_onto(&mut self.incoming, size, &mut []) {
            Some(result) => result.map(|(count, _)| count),
            None => {
                self.incoming.resize(size, 0);
                let result = self.stream.read(&mut self.incoming);
                self.incoming.truncate(*result.as_ref().unwrap_or(&0));
                result
            }
        });
        self.notes.note_first(&self.incoming);
        #[cfg(any(windows, target_vendor = "apple"))]
        self.hello.watch(&self.incoming);
        self.note(result, size)
    }

    /// What reading comes to, if that is known without asking the stream.
    fn known(&self) -> Option<io::Result<usize>> {
        match self.notes.loss() {
            Some(Loss::End) => Some(Ok(0)),
            Some(loss) => Some(Err(loss.to_error())),
            None => self.dry.then(|| Err(ErrorKind::WouldBlock.into())),
        }
    }

    /// Notes what a read of so many bytes came to.
    fn note(&mut self, result: io::Result<usize>, asked: usize) -> io::Result<usize> {
        match &result {
            Ok(count) => {
                self.dry = *count < asked && self.stream.short_read_is_last();
                if *count == 0 {
                    let _ = self.notes.loss.set(Loss::End);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.dry = true,
            // Set once: after it nothing is read.
            Err(error) => drop(self.notes.loss.set(Loss::of(error))),
        }
        result
    }
}

fn uninterrupted<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match act() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn push(stream: &mut impl Transport, bytes: &[u8]) -> io::Result<usize> {
    match uninterrupted(|| stream.write(bytes)) {
        Ok(0) => Err(ErrorKind::WriteZero.into()),
        result => result,
    }
}

impl<S: Transport> Read for Adapter<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.intake.stop() {
            None => {}
            Some(Stop::Turn) => return Err(ErrorKind::WouldBlock.into()),
            Some(Stop::Flood(what)) => {
                let loss = self.notes.loss.get_or_init(|| Loss::Flood(what));
                return Err(loss.to_error());
            }
        }
        if self.next == self.incoming.len() {
            // What is asked for is large, and more than that was not there before.
            if buffer.len() >= READ_AHEAD && !self.is_much {
                let count = self.pull(buffer)?;
                self.intake.take(&buffer[..count]);
                return Ok(count);
            }
            if let Err(error) = self.pull_ahead() {
                self.incoming = Vec::new();
                return Err(error);
            }
        }
        let count = buffer.len().min(self.incoming.len() - self.next);
        buffer[..count].copy_from_slice(&self.incoming[self.next..self.next + count]);
        self.intake.take(&buffer[..count]);
        self.next += count;
        if self.dry && self.next == self.incoming.len() {
            (self.incoming, self.next, self.is_much) = (Vec::new(), 0, false);
        }
        Ok(count)
    }
}

impl<S: Transport> Write for Adapter<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.write_loss.is_some() {
            return Ok(bytes.len());
        }
        if self.outgoing.len() - self.written > MAX_OUTGOING {
            return Err(ErrorKind::WouldBlock.into());
        }
        let mut count = 0;
        while count < bytes.len() && self.is_flushed() {
            match push(&mut self.stream, &bytes[count..]) {
                Ok(more) => count += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.write_loss = Some(Loss::of(&error));
                    return Ok(bytes.len());
                }
            }
        }
        self.outgoing.extend_from_slice(&bytes[count..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing, brings nothing, and is interrupted all the time.
    struct Stuck {
        interrupted: bool,
    }

    impl Stuck {
        fn try_to(&mut self) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            Err(if self.interrupted { ErrorKind::Interrupted } else { ErrorKind::WouldBlock }.into())
        }
    }

    impl Transport for Stuck {
        fn short_read_is_last(&self) -> bool {
            false
        }
        fn note_hangup(&mut self) {}
        fn poll_connected(&mut self) -> io::Result<bool> {
            Ok(true)
        }
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.try_to()
        }
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.try_to()
        }
        fn end_writing(&mut self) {}
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut adapter = Adapter::new(Stuck { interrupted: false });
        let mut taken = 0;
        let error = loop {
            match adapter.write(&[7; 1000]) {
                Ok(count) => taken += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!((MAX_OUTGOING..=MAX_OUTGOING + 1000).contains(&taken));
        assert!(!adapter.is_flushed());
    }

    #[test]
    fn an_interruption_is_nothing() {
        let mut adapter = Adapter::new(Stuck { interrupted: false });
        adapter.write_all(&[7]).unwrap();
        adapter.refresh();
        assert_eq!(adapter.read(&mut [0; 5]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(adapter.loss().is_none() && adapter.write_error().is_none());
    }
}

//! Sends lines of the standard input as messages, and writes messages as lines to the standard output.

use crate::abi::{Event, Refused, Sent, Waker};
use crate::check::Check;
use crate::words;
use ::egret_ws::EGRET_WS_MAX_MESSAGE_BYTES;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for the first line of an input that is not a terminal.
const FIRST_LINE: Duration = Duration::from_secs(1);
/// The largest number of lines that wait for the network.
const MAX_LINES: usize = 16;

/// A line of the input, without its end.
enum Line {
    Whole(Vec<u8>),
    /// The line has more bytes than a message may have.
    TooLong,
}

/// The standard input, read by a thread.
pub struct Input {
    lines: Receiver<Line>,
    first: Option<Line>,
    waker: Arc<OnceLock<Waker>>,
}

impl Input {
    /// Begins to read.
    fn start() -> io::Result<Input> {
        let (sender, lines) = sync_channel(MAX_LINES);
        let waker: Arc<OnceLock<Waker>> = Arc::default();
        let wakes = Arc::clone(&waker);
        // The thread may wait for a line until the process ends.
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            read_lines(io::stdin().lock(), sender, &wakes);
            wakes.get().inspect(|waker| waker.wake()); // the sender was dropped, which reports the end
        })?;
        Ok(Input { lines, first: None, waker })
    }

    /// Returns the input of the chat, if it was requested or has a line.
    pub fn find(is_asked_for: bool) -> io::Result<Option<Input>> {
        if is_asked_for {
            return Input::start().map(Some);
        }
        if io::stdin().is_terminal() {
            return Ok(None);
        }
        let mut input = Input::start()?;
        input.first = input.lines.recv_timeout(FIRST_LINE).ok();
        Ok(input.first.is_some().then_some(input))
    }

    fn next(&mut self) -> Result<Line, TryRecvError> {
        self.first.take().map_or_else(|| self.lines.try_recv(), Ok)
    }
}

fn read_lines(input: impl Read, lines: SyncSender<Line>, waker: &OnceLock<Waker>) {
    const LIMIT: u64 = EGRET_WS_MAX_MESSAGE_BYTES as u64 + 2; // with CR and LF
    let mut input = BufReader::new(input);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match (&mut input).take(LIMIT).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let has_end = bytes.ends_with(b"\n");
        let is_cut = !has_end && bytes.len() as u64 == LIMIT;
        if has_end {
            bytes.pop();
        }
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
        let is_long = is_cut || bytes.len() > EGRET_WS_MAX_MESSAGE_BYTES as usize;
        if is_cut && input.skip_until(b'\n').is_err() {
            return;
        }
        let line = if is_long { Line::TooLong } else { Line::Whole(std::mem::take(&mut bytes)) };
        if lines.send(line).is_err() {
            return;
        }
        waker.get().inspect(|waker| waker.wake());
    }
}

/// Sends lines and prints messages, until the input or the connection ends.
pub fn run(check: &mut Check, mut input: Input, waker: Waker, wait: Duration) -> Result<(), Refused> {
    let _ = input.waker.set(waker);
    let mut waiting: Option<Vec<u8>> = None;
    let mut is_full = false;
    let mut end: Option<Instant> = None;
    while check.report.is_none() {
        while !is_full && end.is_none() {
            let line = match waiting.take() {
                Some(line) => line,
                None => match input.next() {
                    Ok(Line::Whole(line)) => line,
                    Ok(Line::TooLong) => {
                        complain(&format!("a line has more than {EGRET_WS_MAX_MESSAGE_BYTES} bytes, and was not sent"));
                        continue;
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        end = Some(Instant::now() + wait);
                        break;
                    }
                },
            };
            match check.socket().send(&line)? {
                Sent::Queued => {}
                Sent::Full => (waiting, is_full) = (Some(line), true),
                Sent::NotOpen => return check.wait_for_report(),
            }
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(());
        }
        // A line that comes after this wakes the poll.
        if let Some(Event::Drain) = check.step(left.unwrap_or(Duration::MAX))? {
            is_full = false;
        }
    }
    Ok(())
}

/// Prints a message. If no program reads it, the doctor continues.
pub fn print(text: &[u8]) {
    let mut out = io::stdout().lock();
    // A program gets the text unchanged. For a terminal it is escaped, because a server must not control the terminal.
    let written = match str::from_utf8(text) {
        Ok(text) if io::stdout().is_terminal() => writeln!(out, "{}", words::plain(text)),
        _ => out.write_all(text).and_then(|()| out.write_all(b"\n")),
    };
    let _ = written.and_then(|()| out.flush());
}

pub fn print_binary(data: &[u8]) {
    print(format!("[binary, {} bytes: {}]", data.len(), words::hex(data)).as_bytes());
}

fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "egret-ws-doctor: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Option<Vec<u8>>> {
        let (sender, lines) = sync_channel(100);
        read_lines(input, sender, &OnceLock::new());
        let of = |line| match line {
            Line::Whole(line) => Some(line),
            Line::TooLong => None,
        };
        lines.iter().map(of).collect()
    }

    #[test]
    fn lines_are_split_and_limited() {
        let most = vec![b'x'; EGRET_WS_MAX_MESSAGE_BYTES as usize];
        assert_eq!(lines(b"a\r\n\nb"), [Some(b"a".to_vec()), Some(vec![]), Some(b"b".to_vec())]);
        for end in ["", "\n", "\r\n"] {
            assert_eq!(lines(&[&most, end.as_bytes()].concat()), [Some(most.clone())], "{end:?}");
            let long = [&most, &b"x"[..], end.as_bytes(), b"next"].concat();
            let should = if end.is_empty() { vec![None] } else { vec![None, Some(b"next".to_vec())] };
            assert_eq!(lines(&long), should, "{end:?}");
        }
        let longer = [&most[..], &most, &most, b"\nnext"].concat();
        assert_eq!(lines(&longer), [None, Some(b"next".to_vec())]);
    }
}

//! The log: lines for the host.

use crate::constants::*;
use crate::fork;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The receiver of log lines.
pub trait Sink: Send + Sync {
    /// Takes a line. `socket` is the number of the socket that the line is about, or 0.
    fn line(&self, level: i32, text: &CStr, socket: usize);
}

/// The log of a loop. The sink is code of the host: while a line is written, no lock may be
/// held that another call waits for (`engine::shared` has the list).
pub struct Log {
    level: i32,
    sink: Option<Box<dyn Sink>>,
    closed: AtomicBool,
}

thread_local!(static LENT: Cell<bool> = const { Cell::new(false) });

/// Is this thread inside [`lend_thread`]? Then it may hold the lock of the engine, so it must not poll.
pub fn is_lent() -> bool {
    LENT.get()
}

/// Runs code of the host outside of a poll: its log, its wake-up callback.
pub fn lend_thread(to: impl FnOnce()) {
    let before = LENT.replace(true);
    to();
    LENT.set(before);
}

impl Log {
    /// Makes a log that writes the lines at or below `level`.
    pub fn new(level: i32, sink: Option<Box<dyn Sink>>) -> Log {
        Log { level, sink, closed: AtomicBool::new(false) }
    }

    /// Writes no further line.
    pub fn close(&self) {
        self.closed.store(true, SeqCst);
    }

    fn write(&self, level: i32, socket: usize, text: Arguments<'_>) {
        let Some(sink) = self.sink.as_ref().filter(|_| level <= self.level) else { return };
        // If calls of the sink were logged too, it might never end.
        if self.closed.load(SeqCst) || LENT.get() || fork::is_child() {
            return;
        }
        let line: Vec<u8> = text.to_string().bytes().map(|byte| if byte < b' ' { b' ' } else { byte }).collect();
        if let Ok(line) = CString::new(line) {
            lend_thread(|| sink.line(level, &line, socket));
        }
    }

    /// Something failed inside the library.
    pub fn error(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_ERROR, socket, text);
    }

    /// A call was refused or a connection failed.
    pub fn warn(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_WARN, socket, text);
    }

    /// A connection was made or ended.
    pub fn info(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_INFO, socket, text);
    }

    /// A step of a connection.
    pub fn debug(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_DEBUG, socket, text);
    }
}

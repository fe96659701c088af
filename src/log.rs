//! Log lines on their way to the host.

use crate::constants::*;
use crate::fork;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Where lines go.
pub trait Sink: Send + Sync {
    /// Takes a line. `socket` is the number of the socket meant, or 0.
    fn line(&self, level: i32, text: &CStr, socket: usize);
}

/// The log of a loop. No lock may be held while a line is written: the sink is the host's.
pub struct Log {
    level: i32,
    sink: Option<Box<dyn Sink>>,
    closed: AtomicBool,
}

thread_local!(static LENT: Cell<bool> = const { Cell::new(false) });

/// Is this thread inside [`lend_thread`]? Then it may be the engine's, or have the engine in its hands.
pub fn is_lent() -> bool {
    LENT.get()
}

/// Lets the host run on a thread that it does not poll on: its log, its wake-up.
pub fn lend_thread(to: impl FnOnce()) {
    let before = LENT.replace(true);
    to();
    LENT.set(before);
}

impl Log {
    /// A log that passes lines at or below `level` on.
    pub fn new(level: i32, sink: Option<Box<dyn Sink>>) -> Log {
        Log { level, sink, closed: AtomicBool::new(false) }
    }

    /// Writes no further line.
    pub fn close(&self) {
        self.closed.store(true, SeqCst);
    }

    fn write(&self, level: i32, socket: usize, text: Arguments<'_>) {
        let Some(sink) = self.sink.as_ref().filter(|_| level <= self.level) else { return };
        // A sink whose own calls were logged might never come to an end.
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

    /// A step.
    pub fn debug(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_DEBUG, socket, text);
    }
}

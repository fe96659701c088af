//! Log lines on their way to the host.

use crate::constants::*;
use std::ffi::{CStr, CString};
use std::fmt::Arguments;

/// Where lines go.
pub trait Sink: Send + Sync {
    /// Takes a line. `socket` is the number of the socket meant, or 0.
    fn line(&self, level: i32, text: &CStr, socket: usize);
}

/// The log of a loop. No lock may be held while a line is written: the sink is the host's.
pub struct Log {
    level: i32,
    sink: Option<Box<dyn Sink>>,
}

impl Log {
    /// A log that passes lines at or below `level` on.
    pub fn new(level: i32, sink: Option<Box<dyn Sink>>) -> Log {
        Log { level, sink }
    }

    fn write(&self, level: i32, socket: usize, text: Arguments<'_>) {
        let Some(sink) = self.sink.as_ref().filter(|_| level <= self.level) else { return };
        let line: Vec<u8> = text.to_string().bytes().map(|byte| if byte < b' ' { b' ' } else { byte }).collect();
        if let Ok(line) = CString::new(line) {
            sink.line(level, &line, socket);
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

//! The log, which passes lines to the host.

use crate::constants::*;
use crate::fork;
use crate::host_callback::{self, Slot};
use std::ffi::{CStr, CString};
use std::fmt::Arguments;
use std::sync::Arc;

/// The receiver of log lines.
pub trait Sink: Send + Sync {
    /// Takes a line. `socket` is the number of the socket that the line is about, or 0.
    fn line(&self, level: i32, text: &CStr, socket: usize);
}

/// The log of a loop. The sink is code of the host. So while a line is written, the thread must hold no lock that another call
/// waits for (`engine::shared` lists the locks).
pub struct Log {
    /// The highest level that is written; 0 if there is no sink.
    level: i32,
    sink: Slot<dyn Sink>,
}

impl Log {
    /// Makes a log that writes the lines at or below `level`.
    pub fn new(level: i32, sink: Option<Arc<dyn Sink>>) -> Log {
        Log { level: if sink.is_some() { level } else { 0 }, sink: Slot::new(sink) }
    }

    /// Writes no further line, and waits until no other thread writes one.
    pub fn close(&self) {
        self.sink.close();
    }

    fn write(&self, level: i32, socket: usize, text: Arguments<'_>) {
        // If calls of the sink were logged too, the sink could cause endless log lines.
        if level > self.level || host_callback::is_inside() || fork::is_child() {
            return;
        }
        let line: Vec<u8> = text.to_string().bytes().map(|byte| if byte < b' ' { b' ' } else { byte }).collect();
        if let Ok(line) = CString::new(line) {
            self.sink.call(|sink| sink.line(level, &line, socket));
        }
    }

    /// Logs that something failed inside the library.
    pub fn error(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_ERROR, socket, text);
    }

    /// Logs that a call was refused or that a connection failed.
    pub fn warn(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_WARN, socket, text);
    }

    /// Logs that a connection was made or ended.
    pub fn info(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_INFO, socket, text);
    }

    /// Logs a step of a connection.
    pub fn debug(&self, socket: usize, text: Arguments<'_>) {
        self.write(EGRET_WS_LOG_DEBUG, socket, text);
    }
}

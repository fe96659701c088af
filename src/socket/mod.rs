//! What the handles stand for: a loop, its sockets, and the dispatch of events to the host's callbacks.

mod dispatch;
mod host_loop;

pub use crate::connection::details::Details;
pub use crate::connection::report::Report;
pub use crate::connection::target::{Target, normalize_url};
pub use crate::connection::{Limits, Plan};
pub use crate::protocol::message::Kind;
pub use crate::protocol::upgrade::{Extras, check_credentials, check_header, is_header_value, subprotocols};
pub use crate::transport::proxy::{Environment, Proxies, Proxy};
pub use crate::transport::tls::{Settings as TlsSettings, is_server_name, read_pins};
pub use host_loop::{Loop, LoopOptions};

use crate::constants::*;
use crate::engine::{Command, Link};
use crate::error::Error;
use crate::protocol::{close, upgrade};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

/// Who hears of a socket's events. Called by the poll only, and never with a lock held; `release` last, once.
#[allow(missing_docs)]
pub trait Listener: Send + Sync {
    fn connected(&self);
    /// If `kind` is text, a NUL follows `data` in memory.
    fn data(&self, kind: Kind, data: &[u8]);
    fn closed(&self, report: &Report);
    fn release(&self);
}

/// The state of a socket, as its host sees it. The numbers are the header's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum State {
    Connecting = EGRET_WS_STATE_CONNECTING,
    Open = EGRET_WS_STATE_OPEN,
    Closing = EGRET_WS_STATE_CLOSING,
    Closed = EGRET_WS_STATE_CLOSED,
}

/// How far the host has been told of the connection.
const TOLD_NOTHING: u8 = 0;
const TOLD_CONNECTED: u8 = 1;
const TOLD_CLOSED: u8 = 2;

/// A socket.
pub struct Socket {
    link: Arc<Link>,
    /// Its loop, which holds it too; freeing the loop lets go of it.
    host_loop: Arc<Loop>,
    listener: Box<dyn Listener>,
    told: AtomicU8,
    released: AtomicBool,
    /// What [`Socket::start`] begins with.
    plan: Mutex<Option<Plan>>,
}

impl Socket {
    /// Begins to connect.
    pub fn start(self: &Arc<Socket>) -> Result<(), Error> {
        let plan = self.plan.lock().take();
        match plan {
            Some(plan) => self.host_loop.begin(self, plan),
            None => Err(Error::Internal), // begun already
        }
    }

    /// Queues a message.
    pub fn send(&self, kind: Kind, payload: &[u8]) -> Result<(), Error> {
        let pushed = self.link.outbox.lock().push(kind, payload);
        match pushed {
            Ok(true) => self.host_loop.command(Command::Flush(Arc::clone(&self.link))),
            Ok(false) => self.host_loop.hurry(),
            Err(error) => {
                self.refused("send", error);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Closes with a code, or without if it is 0.
    pub fn close(&self, code: u16, reason: &[u8]) -> Result<(), Error> {
        let payload = close::payload(code, reason).inspect_err(|error| self.refused("close", *error))?;
        let was_sealed = {
            let mut outbox = self.link.outbox.lock();
            // The poll opens the gate and sets `told` under this lock.
            if self.told.load(SeqCst) == TOLD_NOTHING {
                outbox.close_early();
            }
            let was_sealed = outbox.is_sealed();
            outbox.close(&payload);
            was_sealed
        };
        if !was_sealed {
            self.host_loop.command(Command::Close(Arc::clone(&self.link)));
        }
        Ok(())
    }

    /// The handle is gone: no callback but `release` begins any more.
    pub fn free(self: &Arc<Socket>) {
        if self.link.free() {
            self.host_loop.freed(self);
            self.host_loop.command(Command::Free(Arc::clone(&self.link)));
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        match self.told.load(SeqCst) {
            TOLD_CLOSED => State::Closed,
            told => match (told, self.link.outbox.lock().is_sealed()) {
                (_, true) => State::Closing,
                (TOLD_CONNECTED, false) => State::Open,
                _ => State::Connecting,
            },
        }
    }

    /// Payload bytes accepted and not written.
    pub fn buffered_amount(&self) -> usize {
        self.link.outbox.lock().payload_bytes()
    }

    /// What the server chose of the subprotocols offered; empty if nothing.
    pub fn subprotocol(&self) -> String {
        self.link.details.lock().subprotocol.clone()
    }

    /// The extension that was agreed on, as the server spelled it; empty if none.
    pub fn extensions(&self) -> String {
        self.link.details.lock().extensions.clone()
    }

    /// The headers of the server's answer, each as `Name: value` and a line feed.
    pub fn response_headers(&self) -> String {
        self.link.details.lock().headers.clone()
    }

    /// The value of a header of the server's answer.
    pub fn response_header(&self, name: &str) -> Option<String> {
        upgrade::header(&self.link.details.lock().headers, name)
    }

    /// How the connection was made, or how far it came. Without the headers.
    pub fn details(&self) -> Details {
        let details = self.link.details.lock();
        Details { headers: String::new(), subprotocol: String::new(), extensions: String::new(), ..*details }
    }

    /// Does it belong to this loop?
    pub fn is_of(&self, host_loop: &Arc<Loop>) -> bool {
        Arc::ptr_eq(&self.host_loop, host_loop)
    }

    /// Logs a call that was refused.
    pub fn refused(&self, call: &str, error: Error) {
        self.host_loop.log().warn(self.link.id, format_args!("{call} refused: {}", error.text()));
    }

    /// The host is about to be told that the connection is open. False if it must not be: it has closed already.
    fn tell_connected(&self) -> bool {
        let mut outbox = self.link.outbox.lock();
        let open = outbox.open();
        if open {
            self.told.store(TOLD_CONNECTED, SeqCst);
        }
        open
    }

    fn was_told_connected(&self) -> bool {
        self.told.load(SeqCst) == TOLD_CONNECTED
    }

    /// Tells that the user data can go. False if that was told before.
    fn release(&self) -> bool {
        let first = !self.released.swap(true, SeqCst);
        if first {
            self.listener.release();
        }
        first
    }
}

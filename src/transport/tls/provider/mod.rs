//! The TLS of the host: a backend that uses the callbacks of a TLS provider.
//!
//! ```text
//!   the stream below ─► RecordReader ─► Step::Receive ─► plaintext
//!   the stream below ◄──────────────── Step::Send ◄───── plaintext
//! ```
//!
//! The host gets one whole record at a time. So it needs no buffer, and the limits of [`super::record_budget`] apply. All results
//! are checked: a session that returns something impossible fails, and other sessions are not affected.

pub(super) mod backend;
mod host;
mod record_reader;
mod session;
#[cfg(test)]
mod tests;

pub use host::{Capabilities, Facts, Failure, HostContext, HostSession, HostTls, Reply, Request, Step};

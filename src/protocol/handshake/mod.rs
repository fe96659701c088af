//! The client's side of the opening handshake (RFC 6455 section 4.1).
//!
//! ```text
//!   RequestOptions ─► request ─► server ─► ResponseReader ─► Upgraded or UpgradeError
//! ```

mod request;
mod response;
#[cfg(test)]
mod tests;

pub use request::{RequestOptions, key, request};
pub use response::{ResponseReader, UpgradeError, Upgraded};

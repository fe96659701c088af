//! The limits of a connection: time-outs, and sizes of messages and queues.

use super::options::SocketOptions;
use super::value::{milliseconds, or};
use crate::constants::EGRET_WS_MAX_MESSAGE_BYTES;
use crate::error::DetailedError;
use crate::protocol::frame::MAX_HEADER;
use std::time::Duration;

/// The limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time of the name look-up.
    pub resolve: Duration,
    /// The time of the name look-up and TCP together.
    pub connect: Duration,
    /// The time of the proxy's answer.
    pub proxy: Duration,
    /// The time of the TLS handshake.
    pub tls: Duration,
    /// The time of the HTTP upgrade.
    pub handshake: Duration,
    /// The time of all these stages together, redirects included.
    pub open: Duration,
    /// The time of the closing handshake and of the end of the connection.
    pub close: Duration,
    /// The most payload bytes of a message.
    pub max_message: usize,
    /// The most bytes of the send queue, frame headers included.
    pub max_send_buffer: usize,
    /// The bytes of the receive queue at which the library stops reading.
    pub max_receive_queue: usize,
}

pub(super) fn read(options: &SocketOptions<'_>) -> Result<Limits, DetailedError> {
    let max_message = or(options.max_message_bytes, EGRET_WS_MAX_MESSAGE_BYTES);
    if max_message > EGRET_WS_MAX_MESSAGE_BYTES {
        let detail = "max_message_bytes is above EGRET_WS_MAX_MESSAGE_BYTES, which nothing raises";
        return Err(DetailedError::invalid(detail));
    }
    let max_send_buffer = or(options.max_send_buffer_bytes, 1024 * 1024);
    if (max_send_buffer as usize) < max_message as usize + MAX_HEADER {
        let detail = "max_send_buffer_bytes is less than max_message_bytes + 14: not every message could be sent";
        return Err(DetailedError::invalid(detail));
    }
    let connect = or(options.connect_timeout_ms, 15_000);
    Ok(Limits {
        resolve: milliseconds(options.resolve_timeout_ms, connect),
        connect: milliseconds(connect, 0),
        proxy: milliseconds(options.proxy_timeout_ms, 10_000),
        tls: milliseconds(options.tls_timeout_ms, 10_000),
        handshake: milliseconds(options.handshake_timeout_ms, 10_000),
        open: milliseconds(options.open_timeout_ms, 60_000),
        close: milliseconds(options.close_timeout_ms, 5_000),
        max_message: max_message as usize,
        max_send_buffer: max_send_buffer as usize,
        max_receive_queue: or(options.max_receive_queue_bytes, 1024 * 1024) as usize,
    })
}

//! The limits of a connection: time-outs, and sizes of messages and queues.

use super::options::SocketOptions;
use super::value::{Number, Numbers, Special, number};
use crate::constants::EGRET_WS_MAX_MESSAGE_BYTES;
use crate::error::DetailedError;
use crate::protocol::frame::MAX_HEADER;
use std::time::Duration;

/// The shortest and the longest delay between two attempts (RFC 8305 section 8).
const ATTEMPT_DELAYS: std::ops::RangeInclusive<u32> = 10..=2000;

/// The limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time limit of the name look-up.
    pub resolve: Duration,
    /// The time limit of the name look-up and the TCP connect together.
    pub connect: Duration,
    /// The time limit of the proxy's answer.
    pub proxy: Duration,
    /// The time limit of the TLS handshake.
    pub tls: Duration,
    /// The time limit of the HTTP upgrade.
    pub handshake: Duration,
    /// The time limit of all these stages together, redirects included.
    pub open: Duration,
    /// The longest time without progress while accepted messages are written before our Close frame. `None`: no limit.
    pub flush: Option<Duration>,
    /// The time limit of the closing handshake, from the moment our Close frame is written. `None`: no limit. Zero: it is not
    /// awaited.
    pub close: Option<Duration>,
    /// The largest payload of a message, in bytes.
    pub max_message: usize,
    /// The largest size of the send queue in bytes, frame headers included.
    pub max_send_buffer: usize,
    /// The size of the receive queue, in bytes, at which the library stops reading.
    pub max_receive_queue: usize,
    /// The largest number of bytes of a refusal's body that are kept. 0: the body is not read.
    pub max_refusal_body: usize,
    /// The time between two attempts to connect to different addresses.
    pub attempt_delay: Duration,
}

pub(super) fn read(options: &SocketOptions<'_>) -> Result<Limits, DetailedError> {
    let mut numbers = Numbers::default();
    let max_message = numbers.or(number!(options.max_message_bytes), EGRET_WS_MAX_MESSAGE_BYTES);
    let max_send_buffer = numbers.or(number!(options.max_send_buffer_bytes), 1024 * 1024);
    let max_receive_queue = numbers.or(number!(options.max_receive_queue_bytes), 1024 * 1024);
    let flush = numbers.milliseconds_or_none(number!(options.flush_timeout_ms), 10_000, Special::Both);
    let close = numbers.milliseconds_or_none(number!(options.close_timeout_ms), 5_000, Special::Both);
    let max_refusal_body = numbers.or_unlimited(number!(options.max_refusal_body_bytes), 16 * 1024, Special::AtOnce);
    let max_refusal_body = max_refusal_body.unwrap_or(0);
    let attempt_delay = numbers.milliseconds(number!(options.attempt_delay_ms), 250, Special::AtOnce);
    let mut time = |number: Number, default| numbers.milliseconds(number, default, Special::Unlimited);
    let connect = time(number!(options.connect_timeout_ms), 15_000);
    let resolve = number!(options.resolve_timeout_ms);
    let limits = Limits {
        resolve: if resolve.value == 0 { connect } else { time(resolve, 0) },
        connect,
        proxy: time(number!(options.proxy_timeout_ms), 10_000),
        tls: time(number!(options.tls_timeout_ms), 10_000),
        handshake: time(number!(options.handshake_timeout_ms), 10_000),
        open: time(number!(options.open_timeout_ms), 60_000),
        flush,
        close,
        max_message: max_message as usize,
        max_send_buffer: max_send_buffer as usize,
        max_receive_queue: max_receive_queue as usize,
        max_refusal_body: max_refusal_body as usize,
        attempt_delay,
    };
    numbers.check()?;
    if max_message > EGRET_WS_MAX_MESSAGE_BYTES {
        let detail = "max_message_bytes is above EGRET_WS_MAX_MESSAGE_BYTES, the highest limit";
        return Err(DetailedError::invalid(detail));
    }
    if limits.max_send_buffer < limits.max_message + MAX_HEADER {
        let detail = "max_send_buffer_bytes is less than max_message_bytes + 14: not every message could be sent";
        return Err(DetailedError::invalid(detail));
    }
    if max_refusal_body > EGRET_WS_MAX_MESSAGE_BYTES {
        return Err(DetailedError::invalid("max_refusal_body_bytes is above 131072"));
    }
    if options.attempt_delay_ms != 0 && !attempt_delay.is_zero() && !ATTEMPT_DELAYS.contains(&options.attempt_delay_ms)
    {
        return Err(DetailedError::invalid("attempt_delay_ms is not between 10 and 2000"));
    }
    Ok(limits)
}

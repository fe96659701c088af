//! The options of the heartbeat.

use super::options::SocketOptions;
use super::value::{Number, Numbers, Special, number};
use crate::error::DetailedError;
use std::time::Duration;

/// When the heartbeat sends a ping, and how long it waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatOptions {
    /// The silence after which a ping is sent. `None`: pings are sent only on request.
    pub interval: Option<Duration>,
    /// The time in which something must be received after a ping. `None`: no limit.
    pub timeout: Option<Duration>,
    /// The time-out of a probe. A probe is a ping that is sent because the connection is probably lost.
    pub probe: Option<Duration>,
}

pub(super) fn read(options: &SocketOptions<'_>) -> Result<HeartbeatOptions, DetailedError> {
    let mut numbers = Numbers::default();
    let mut time = |number: Number, default| numbers.milliseconds_or_none(number, default, Special::Unlimited);
    let interval = time(number!(options.ping_interval_ms), 20_000);
    let timeout = time(number!(options.pong_timeout_ms), 10_000);
    let probe = match timeout {
        Some(timeout) if options.probe_timeout_ms == 0 => Some(timeout.min(Duration::from_secs(3))),
        // If it is unlimited, the time-out of a pong is used.
        timeout => time(number!(options.probe_timeout_ms), 0).filter(|_| timeout.is_some()).or(timeout),
    };
    numbers.check()?;
    Ok(HeartbeatOptions { interval, timeout, probe })
}

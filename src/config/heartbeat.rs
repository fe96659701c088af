//! The options of the heartbeat.

use super::options::SocketOptions;
use super::value::milliseconds_or_none;
use std::time::Duration;

/// When the heartbeat sends a ping, and how long it waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatOptions {
    /// The silence after which a ping is sent. `None`: only on request.
    pub interval: Option<Duration>,
    /// The time in which something must be received after a ping. `None`: without limit.
    pub timeout: Option<Duration>,
    /// The time-out of a probe: of a ping that is sent because the connection is probably lost.
    pub probe: Option<Duration>,
}

pub(super) fn read(options: &SocketOptions<'_>) -> HeartbeatOptions {
    let timeout = milliseconds_or_none(options.pong_timeout_ms, 10_000);
    let probe = match options.probe_timeout_ms {
        u32::MAX => timeout,
        0 => timeout.map(|timeout| timeout.min(Duration::from_secs(3))),
        given => timeout.map(|_| Duration::from_millis(given.into())),
    };
    HeartbeatOptions { interval: milliseconds_or_none(options.ping_interval_ms, 20_000), timeout, probe }
}

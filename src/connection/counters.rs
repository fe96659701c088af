//! Statistics of a connection: messages, bytes and round trips.

use std::time::Duration;

/// Counts since the last call of [`Events::count`](super::Events::count).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The number of messages received.
    pub messages: u64,
    /// The payload bytes of these messages.
    pub bytes: u64,
    /// The number of bytes read.
    pub wire_in: u64,
    /// The number of bytes written.
    pub wire_out: u64,
}

impl Counters {
    /// Counts a message received.
    #[inline]
    pub fn message(&mut self, payload: usize) {
        self.messages += 1;
        self.bytes += payload as u64;
    }
}

/// The time from a ping to its pong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrip {
    /// The last measured time. Zero if none was measured.
    pub last: Duration,
    /// The smoothed time, as in RFC 6298 section 2.
    pub smoothed: Duration,
}

impl RoundTrip {
    /// Adds a measurement.
    pub fn add(&mut self, measured: Duration) {
        // Zero means that there is no measurement.
        let measured = measured.max(Duration::from_micros(1));
        self.smoothed = if self.last.is_zero() { measured } else { (self.smoothed * 7 + measured) / 8 };
        self.last = measured;
    }
}

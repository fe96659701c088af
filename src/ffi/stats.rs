//! Converts the statistics of a socket to the struct of the header.

use super::types::egret_ws_statistics;
use crate::socket::Stats;
use std::time::Duration;

/// Converts the statistics; `struct_size` is the size that the application gave.
pub(super) fn stats(measured: &Stats, struct_size: u32) -> egret_ws_statistics {
    let Stats { info, counters, sent, .. } = measured;
    let microseconds = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    egret_ws_statistics {
        struct_size,
        http_status: info.status.into(),
        tls_version: info.tls.as_ref().map_or(0, |tls| tls.version),
        redirects: info.redirects,
        resolve_us: microseconds(info.timings.resolve),
        connect_us: microseconds(info.timings.connect),
        proxy_us: microseconds(info.timings.proxy),
        tls_us: microseconds(info.timings.tls),
        handshake_us: microseconds(info.timings.handshake),
        connections: measured.connections,
        retries: measured.retries,
        messages_sent: sent.messages_sent,
        bytes_sent: sent.bytes_sent,
        wire_bytes_sent: counters.wire_out,
        messages_received: counters.messages,
        bytes_received: counters.bytes,
        wire_bytes_received: counters.wire_in,
        send_queue_bytes: sent.waiting as u64,
        send_queue_peak_bytes: sent.peak as u64,
        receive_queue_bytes: measured.receive_queue as u64,
        receive_queue_peak_bytes: measured.receive_queue_peak as u64,
        rtt_us: microseconds(measured.round_trip.last),
        rtt_smoothed_us: microseconds(measured.round_trip.smoothed),
        tls_resumed: info.tls.as_ref().is_some_and(|tls| tls.is_resumed).into(),
        addresses_tried: info.addresses_tried,
    }
}

//! What a socket has measured → the struct of the header.

use super::types::egret_ws_stats;
use crate::socket::Stats;
use std::ffi::c_char;
use std::time::Duration;

/// The statistics, in a struct of this size.
pub(super) fn stats(measured: &Stats, struct_size: u32) -> egret_ws_stats {
    let Stats { details, passed, queues, .. } = measured;
    let microseconds = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let mut address = [0; 64];
    if let Some(won) = details.address {
        // The longest, with a zone, has 58.
        for (place, byte) in address[..63].iter_mut().zip(won.to_string().bytes()) {
            *place = byte as c_char;
        }
    }
    egret_ws_stats {
        struct_size,
        http_status: details.status.into(),
        tls_version: details.tls_version,
        redirects: details.redirects,
        resolve_us: microseconds(details.timings.resolve),
        connect_us: microseconds(details.timings.connect),
        proxy_us: microseconds(details.timings.proxy),
        tls_us: microseconds(details.timings.tls),
        handshake_us: microseconds(details.timings.handshake),
        address,
        connections: measured.connections,
        retries: measured.retries,
        messages_sent: queues.messages_sent,
        bytes_sent: queues.bytes_sent,
        wire_bytes_sent: passed.wire_out,
        messages_received: passed.messages,
        bytes_received: passed.bytes,
        wire_bytes_received: passed.wire_in,
        send_queue_bytes: queues.waiting as u64,
        send_queue_peak_bytes: queues.peak as u64,
        receive_queue_bytes: measured.receive_queue as u64,
        receive_queue_peak_bytes: measured.receive_queue_peak as u64,
        rtt_us: microseconds(measured.round_trip.last),
        rtt_smoothed_us: microseconds(measured.round_trip.smoothed),
    }
}

//! Records the events of a connection as text.

use crate::connection::connect_info::ConnectInfo;
use crate::connection::counters::{Counters, RoundTrip};
use crate::connection::report::Report;
use crate::connection::{Direction, Events};
use crate::protocol::frame_trace::FrameHead;
use crate::protocol::message::{MessageKind, Payload};
use crate::protocol::ping::PingPayload;
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Default)]
pub struct Recorder {
    pub events: Vec<String>,
    /// Messages of this call that remain in the read buffer: their addresses and contents.
    pub in_place: Vec<(usize, Vec<u8>)>,
    pub full: bool,
    /// The host's queue is full after this number of events and pongs.
    pub full_after: Option<usize>,
    pub undispatched: bool,
    /// The host must dispatch events before the next retry.
    pub delays_retry: bool,
    pub info: ConnectInfo,
    pub is_open: bool,
    /// The host has a question that it has not answered.
    pub is_asked: bool,
    /// The number of the last question.
    pub question: usize,
    pub warnings: Vec<String>,
    /// The hosts of the connections and retries that were reported.
    pub hosts: Vec<String>,
    /// The message of the last report.
    pub message: String,
    pub counters: Counters,
    pub round_trip: RoundTrip,
    /// The pings of the host that wait, and the number of pings that were written.
    pub pings: VecDeque<PingPayload>,
    pub pings_written: usize,
    /// These are separate from `events`, because most tests do not check them.
    pub pongs: Vec<Vec<u8>>,
    /// The host traces frames, so they are events.
    pub traces: bool,
}

impl Recorder {
    /// Checks that messages remain in the read buffer unchanged, and that a NUL after one would not overwrite another.
    pub fn check_in_place(&mut self, buffer: &[u8]) {
        let start = |at: usize| at.wrapping_sub(buffer.as_ptr().addr());
        let mut ends_before = 0;
        for (at, payload) in self.in_place.drain(..).filter(|(at, _)| start(*at) < buffer.len()) {
            assert!(start(at) > ends_before);
            ends_before = start(at) + payload.len();
            assert!(buffer[start(at)..ends_before] == payload);
        }
    }

    /// Records connect info. Only a connection that was never open is reported with it.
    fn note(&mut self, info: Option<ConnectInfo>) {
        if let Some(info) = info {
            assert!(!self.is_open, "the info was already reported");
            self.info = info;
        }
        self.is_open = false;
    }
}

fn describe(report: &Report) -> String {
    let Report { error, phase, initiator, code, sent_code, unsent_messages, unsent_bytes, .. } = report;
    let error = error.map_or("OK".into(), |error| format!("{error:?}"));
    let mut line = format!("{error} in {phase:?} by {initiator:?}, got {code}, sent {sent_code}");
    if !report.reason.is_empty() {
        line += &format!(", reason {}", report.reason);
    }
    if *unsent_messages > 0 {
        line += &format!(", unsent {unsent_messages} of {unsent_bytes} bytes");
    }
    if report.http_status != 0 && report.http_status != 101 {
        line += &format!(", status {}", report.http_status);
    }
    line
}

impl Events for Recorder {
    fn connected(&mut self, host: &str, info: ConnectInfo) {
        self.hosts.push(host.to_owned());
        assert_eq!(info.subprotocol, "", "no subprotocol was offered");
        self.info = info;
        self.is_open = true;
        self.events.push("connected".into());
    }

    fn message(&mut self, kind: MessageKind, body: Payload<'_>) -> usize {
        let len = body.len();
        let payload = match body {
            Payload::InPlace(payload) => {
                self.in_place.push((payload.as_ptr().addr(), payload.to_vec()));
                payload
            }
            Payload::Assembled(payload) => payload,
        };
        self.events.push(match kind {
            MessageKind::Text => format!("text {}", String::from_utf8_lossy(payload)),
            MessageKind::Binary => format!("binary of {}", payload.len()),
        });
        len
    }

    fn closed(&mut self, report: Report, info: Option<ConnectInfo>) {
        self.note(info);
        self.message = report.message.clone();
        self.events.push(format!("closed {}", describe(&report)));
    }

    fn retrying(&mut self, report: Report, info: Option<ConnectInfo>, attempt: u32, delay: Option<Duration>) {
        self.note(info);
        let delay = delay.map_or("the resume".into(), |delay| format!("{} ms", delay.as_millis()));
        self.events.push(format!("lost {}; try {attempt} after {delay}", describe(&report)));
    }

    fn asked(&mut self, attempt: u32, last: Option<&Report>) {
        assert!(!std::mem::replace(&mut self.is_asked, true), "one question at a time");
        self.question += 1;
        let last = last.map_or("nothing".to_owned(), describe);
        self.events.push(format!("asked {attempt} after {last}"));
    }

    fn question_withdrawn(&mut self) {
        self.is_asked = false;
    }

    fn retry_started(&mut self, host: &str) {
        self.hosts.push(host.to_owned());
        self.events.push("trying".into());
    }

    fn drained(&mut self) {
        self.events.push("drained".into());
    }

    fn count(&mut self, counters: &Counters) {
        self.counters.messages += counters.messages;
        self.counters.bytes += counters.bytes;
        self.counters.wire_in += counters.wire_in;
        self.counters.wire_out += counters.wire_out;
    }

    fn round_trip(&mut self, took: Duration) {
        self.round_trip.add(took);
    }

    fn take_ping(&mut self) -> Option<PingPayload> {
        self.pings.pop_front()
    }

    fn pings_written(&mut self, count: usize) {
        self.pings_written += count;
    }

    fn pong(&mut self, payload: &[u8]) -> usize {
        self.pongs.push(payload.to_vec());
        payload.len()
    }

    fn traces_frames(&mut self) -> bool {
        self.traces
    }

    fn frame(&mut self, direction: Direction, frame: FrameHead) {
        let FrameHead { opcode, fin, is_compressed, length } = frame;
        let more = if fin { "" } else { ", more" };
        let compressed = if is_compressed { ", compressed" } else { "" };
        self.events.push(format!("{direction:?} {opcode} of {length}{more}{compressed}"));
    }

    fn is_full(&mut self) -> bool {
        self.full || self.full_after.is_some_and(|most| self.events.len() + self.pongs.len() >= most)
    }

    fn must_delay_retry(&mut self) -> bool {
        self.delays_retry
    }

    fn has_undispatched_messages(&mut self) -> bool {
        self.undispatched
    }

    fn debug(&mut self, _: std::fmt::Arguments<'_>) {}

    fn warn(&mut self, what: std::fmt::Arguments<'_>) {
        self.warnings.push(what.to_string());
    }
}

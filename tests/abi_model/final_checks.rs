//! Compares the callbacks of the client with the actions of the server.

use crate::call_stack;
use crate::case::Case;
use crate::messages::Fingerprint;
use crate::script::Violation;
use crate::server_connection::Served;
use crate::socket_model::{Generation, Life, Socket};
use crate::trace::{breach, lock, promise};
use ::egret_ws::*;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use test_support::close_report::CloseReport;

/// Checks that a received message is the next one that the server sent on this connection.
pub fn compare_message(socket: &Socket, generation: &Generation, print: Fingerprint) {
    let Some(case) = call_stack::case() else { return };
    let Some(served) = generation.connection.and_then(|number| case.server.connection(number)) else { return };
    let (at, served) = (generation.received.len(), lock(&served));
    let expected = served.sent.get(at);
    promise!(
        expected == Some(&print),
        "message {at} of connection {} at socket {} is {print:?}, but the server sent {expected:?}",
        served.number,
        socket.index
    );
}

/// Checks that a report agrees with the actions of the server on the connection with this number.
pub fn compare_report(socket: &Socket, life: &Life, report: &CloseReport, connection: Option<u64>) {
    let Some(case) = call_stack::case() else { return };
    let wrong = |why: &str| -> ! { breach!("a report of socket {} is wrong: {why}: {report:?}", socket.index) };
    let served = case.server.connections_of(socket.id);
    let is_tls = (EGRET_WS_ERR_TLS_OPTIONS..=EGRET_WS_ERR_TLS).contains(&report.error);
    if is_tls && !socket.setup.is_secure {
        wrong("TLS failed without wss");
    }
    match report.error {
        EGRET_WS_ERR_HANDSHAKE => {
            let excuses = |served: &Served| served.is_odd && !served.is_odd_refusal;
            if !served.iter().any(|served| excuses(&lock(served))) && !speaks_no_http(&case, socket) {
                wrong("the server's answer was right, or a refusal that has its own error");
            }
        }
        EGRET_WS_ERR_HTTP_STATUS => {
            let sent_this_status = |served: &Arc<Mutex<Served>>| lock(served).status == report.http_status;
            if !served.iter().any(sent_this_status) {
                wrong("the server sent no such status");
            }
        }
        _ => {}
    }
    let is_own = report.error == EGRET_WS_ERR_ABORTED
        || report.error == EGRET_WS_OK && report.initiator == EGRET_WS_INITIATOR_LOCAL;
    let suspended = socket.host.setup.closes_on_suspend && socket.host.suspends.load(SeqCst) > 0;
    let is_abort = report.error == EGRET_WS_ERR_ABORTED && report.phase >= EGRET_WS_PHASE_OPEN;
    if is_abort && !socket.abort_begun.load(SeqCst) {
        wrong("an open connection was dropped without an abort");
    }
    if is_own && !suspended && !life.may_be_stopped && !socket.close_begun.load(SeqCst) {
        wrong("this side has not closed it");
    }
    if report.phase < EGRET_WS_PHASE_OPEN {
        return;
    }
    // The report may belong to a later connection than the last on_connect: one that was made after the host had closed.
    let generation = life.generations.last().filter(|last| life.is_open && last.connection == connection);
    if let Some(served) = connection.and_then(|number| case.server.connection(number)) {
        let served = lock(&served).clone();
        compare_open(&case, socket, generation, &served, report);
    }
}

/// Returns whether the report belongs to a connection without TLS to the server with TLS, or through a server that is not a
/// proxy.
fn speaks_no_http(case: &Case, socket: &Socket) -> bool {
    case.server.connections_of(socket.id).is_empty()
}

/// Compares a report of a connection that was open.
fn compare_open(case: &Case, socket: &Socket, generation: Option<&Generation>, served: &Served, report: &CloseReport) {
    let wrong = |why: &str| -> ! {
        let all: Vec<u64> = case.server.connections_of(socket.id).iter().map(|served| lock(served).number).collect();
        breach!(
            "a report of socket {} is wrong: {why}: {report:?}; the server: {}, of {all:?}",
            socket.index,
            describe(served)
        )
    };
    let is_excused = match report.error {
        EGRET_WS_ERR_MESSAGE_TOO_BIG => match served.violation {
            Some(Violation::TooBigClaimed | Violation::TooBigInPieces) => true,
            // The invalid message may be too long as well.
            violation => violation.is_some() && socket.setup.cap < 30,
        },
        EGRET_WS_ERR_INVALID_UTF8 => {
            matches!(served.violation, Some(Violation::NotUtf8(_) | Violation::CloseReasonNotUtf8))
        }
        EGRET_WS_ERR_PROTOCOL => served.violation.is_some(),
        // TCP itself may have given up, because the heartbeat sets its time-out.
        EGRET_WS_ERR_CONNECTION_LOST => served.ended || case.server.is_stopping() || report.os_error == libc::ETIMEDOUT,
        _ => true,
    };
    if !is_excused {
        wrong("the server caused no such error");
    }
    let expected_code = match report.error {
        EGRET_WS_ERR_MESSAGE_TOO_BIG => 1009,
        EGRET_WS_ERR_INVALID_UTF8 => 1007,
        EGRET_WS_ERR_PROTOCOL => 1002,
        _ => report.sent_code,
    };
    // A server that does not read gets no Close frame. The Close frame of a close may have come before.
    let is_closing = socket.close_begun.load(SeqCst) || socket.host.suspends.load(SeqCst) > 0;
    if report.sent_code != expected_code && report.sent_code != 0 && !is_closing {
        wrong(&format!("the client sent the server another code than {expected_code}"));
    }
    if let Some(received) = served.close_received.filter(|_| report.sent_code != served.close_received.unwrap_or(0)) {
        wrong(&format!("the server read a Close frame with {received}"));
    }
    if report.has_close_frame() {
        match served.close_sent {
            None => wrong("the server sent no Close frame"),
            Some(code) if served.violation.is_none() && code != report.code => wrong("the report has another code"),
            Some(_) => {}
        }
        if report.initiator == EGRET_WS_INITIATOR_TRANSPORT {
            wrong("the peer's Close frame came, so it was not the network");
        }
        let (came, sent) = (generation.map(|last| last.received.len()), served.sent.len());
        let drops = socket.abort_begun.load(SeqCst);
        if let Some(came) = came.filter(|came| socket.setup.on_message && !drops && *came != sent) {
            wrong(&format!("{came} messages came, but the server sent {sent} before its Close frame"));
        }
    }
}

/// All connections of a socket, for a report.
pub fn describe_all(case: &Case, socket: &Socket) -> String {
    let served = case.server.connections_of(socket.id);
    served.iter().map(|served| describe(&lock(served))).collect::<Vec<_>>().join("; ")
}

fn describe(served: &Served) -> String {
    let Served { number, received, sent, status, violation, ended, close_sent, close_received, .. } = served;
    format!(
        "connection {number}, status {status}, {} received, {} sent, violation {violation:?}, ended {ended}, Close sent {close_sent:?}, \
         received {close_received:?}",
        received.len(),
        sent.len()
    )
}

/// Checks all promises for a socket after its loop was freed and the server has ended.
pub fn conclude(case: &Case, socket: &Arc<Socket>) {
    let (index, setup, life) = (socket.index, &socket.setup, lock(&socket.life));
    if !socket.is_made() {
        promise!(life.callbacks == 0, "socket {index} was not made, and has {} callbacks", life.callbacks);
        return;
    }
    let released = u32::from(setup.release_user);
    promise!(life.released == released, "socket {index} was released {} times", life.released);
    let served = case.server.connections_of(socket.id);
    let served: Vec<_> = served.iter().map(|served| lock(served)).collect();
    let received: u64 = served.iter().map(|served| served.received.len() as u64).sum();
    let accepted = life.count_accepted();
    promise!(received <= accepted, "the server received {received} messages of socket {index}, which sent {accepted}");
    for thread in 0..case.threads {
        // A short message does not contain its sender, so its sender is known only if one thread sends.
        let is_of = |print: &&Fingerprint| case.threads == 1 || print.thread == Some(thread);
        let sent: Vec<&Fingerprint> = life.accepted[thread].iter().filter(is_of).collect();
        let mut at = 0;
        for served in &served {
            let received: Vec<&Fingerprint> = served.received.iter().filter(is_of).collect();
            let found =
                (at..=sent.len().saturating_sub(received.len())).find(|from| sent[*from..].starts_with(&received));
            match found {
                Some(from) => at = from + received.len(),
                None => breach!(
                    "the server received {} messages of thread {thread} of socket {index} that are not a part of what was \
                     accepted behind number {at}, in order: {}",
                    received.len(),
                    describe(served)
                ),
            }
        }
    }
    if let ([only], None) = (&served[..], &life.closed) {
        // A socket that is freed sends the accepted messages, and then 1001.
        let closes_with_1001 = only.close_received == Some(1001) && !only.closed_first && only.violation.is_none();
        let is_whole = received == accepted || !closes_with_1001 || !socket.host.is_wound_down.load(SeqCst);
        promise!(is_whole, "socket {index} accepted {accepted} messages and was freed; the server: {}", describe(only));
    }
    if let Some(report) = &life.closed {
        conclude_sent(socket, &life, report, &served.iter().map(|served| &**served).collect::<Vec<_>>());
    }
}

/// Checks that each accepted message was sent, or reported as unsent.
fn conclude_sent(socket: &Socket, life: &Life, report: &CloseReport, served: &[&Served]) {
    let knows_retries = socket.setup.on_retry || socket.setup.attempts == 0;
    let Some((sent, sent_bytes)) = life.sent_at_close.filter(|_| knows_retries) else { return };
    let (accepted, bytes) = (life.count_accepted(), life.bytes_accepted());
    let total = sent + u64::from(report.unsent_messages) + life.dropped;
    let total_bytes = sent_bytes + report.unsent_bytes + life.dropped_bytes;
    let index = socket.index;
    promise!(
        (accepted, bytes) == (total, total_bytes),
        "socket {index} accepted {accepted} messages of {bytes} bytes; sent are {sent} of {sent_bytes}, dropped on the way \
         {} of {}, unsent at the end {} of {}: {report:?}",
        life.dropped,
        life.dropped_bytes,
        report.unsent_messages,
        report.unsent_bytes
    );
    let received: u64 = served.iter().map(|served| served.received.len() as u64).sum();
    promise!(
        received <= sent,
        "the server received {received} messages of socket {index}, which reports that it sent {sent}"
    );
    // A Close frame is the last frame of a connection: the server has received all messages before it.
    if let [only] = served {
        let lost = only.close_received.is_some() && received != sent;
        promise!(!lost, "socket {index} reports that it sent {sent} messages; the server received {}", describe(only));
    }
}

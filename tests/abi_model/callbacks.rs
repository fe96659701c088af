//! The callbacks of the sockets and loops. Each call is checked against the model before it changes the model.

use crate::case::Case;
use crate::close_reports;
use crate::contract;
use crate::messages::{Fingerprint, MARK};
use crate::random::Random;
use crate::socket_model::{Generation, Life, Socket};
use crate::trace::{self, breach, lock, promise};
use crate::{call_stack, final_checks, functions, receive_calls, registry, request_calls};
use ::egret_ws::*;
use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// Checks that a callback is allowed now, changes the model with `learn`, and then does something random.
fn enter(
    user: *mut c_void,
    ws: Option<*mut egret_ws>,
    name: &'static str,
    learn: impl FnOnce(&Arc<Socket>, &mut Life),
) {
    let Some(socket) = registry::socket(user as usize) else {
        breach!("{name} came with {user:?}, which is not the `user` of a socket whose loop still exists");
    };
    let index = socket.index;
    trace::note(call_stack::thread(), call_stack::depth(), &format!("-> {name} of socket {index}"));
    let Some(frame) = call_stack::top() else { breach!("{name} of socket {index} came outside of any call") };
    let is_of_poll = frame.function == "egret_ws_loop_poll" || ws.is_none() && frame.function == "egret_ws_loop_free";
    promise!(
        is_of_poll && !frame.is_callback && frame.host == socket.host.id,
        "{name} of socket {index} came inside of {frame:?}"
    );
    promise!(!socket.host.calling.swap(true, SeqCst), "{name} of socket {index} came while another callback ran");
    if let Some(ws) = ws {
        promise!(ws == socket.handle(), "{name} of socket {index} came with {ws:?}, not {:?}", socket.handle());
        let freed = socket.free_done.load(SeqCst);
        promise!(freed == 0 || freed > frame.checkpoint, "{name} of socket {index} began after its free had returned");
        let aborted = socket.abort_done.load(SeqCst);
        let is_late = aborted != 0 && aborted <= frame.checkpoint && name != "on_close";
        promise!(!is_late, "{name} of socket {index} began after its abort had returned");
    }
    let mut life = lock(&socket.life);
    promise!(life.released == 0, "{name} of socket {index} came after release_user");
    promise!(ws.is_none() || life.closed.is_none(), "{name} of socket {index} came after on_close");
    learn(&socket, &mut life);
    life.callbacks += 1;
    let number = life.callbacks;
    drop(life);
    call_stack::callback(name, socket.host.id, || react(&socket, number, name));
    socket.host.calling.store(false, SeqCst);
}

/// Makes random calls in a callback, correct and wrong ones.
fn react(socket: &Arc<Socket>, number: u64, name: &'static str) {
    let Some(case) = call_stack::case() else { return };
    match name {
        "on_connect" => learn_of_connection(&case, socket),
        "on_close" => learn_of_end(&case, socket),
        _ => {}
    }
    let mut random = Random::of(&[case.seed, 0xCA11, socket.index, number]);
    let chance = if name == "on_message" { 8 } else { 2 };
    if random.one_in(chance) {
        for _ in 0..random.between(1, 3) {
            functions::perform(&case, &mut random, Some(socket));
        }
    }
}

/// Reads the number of this connection at the server.
fn learn_of_connection(case: &Case, socket: &Arc<Socket>) {
    let number = connection_of(case, socket);
    if number.is_none() && socket.may_be_gone() {
        return;
    }
    let served = number.and_then(|number| case.server.connection(number));
    let is_own = served.is_some_and(|served| lock(&served).socket == socket.id);
    promise!(is_own, "in on_connect of socket {} the answer is that of connection {number:?}", socket.index);
    if let Some(generation) = lock(&socket.life).generations.last_mut() {
        generation.connection = number;
    }
}

/// The number that the server has assigned to this connection. The server's answer contains it.
fn connection_of(case: &Case, socket: &Arc<Socket>) -> Option<u64> {
    let mut text = [0_u8; 24];
    let length = case.plain("egret_ws_response_header", || {
        let out = text.as_mut_ptr().cast();
        // SAFETY: the name ends in a NUL, and `text` has the given capacity.
        unsafe { egret_ws_response_header(socket.handle(), c"x-connection".as_ptr(), out, text.len()) }
    });
    let length = usize::try_from(length).ok()?;
    str::from_utf8(&text[..length]).ok()?.parse().ok()
}

/// Like [`connection_of`], for the report of a connection that has ended.
fn reported_connection(user: *mut c_void) -> Option<u64> {
    let case = call_stack::case()?;
    connection_of(&case, &registry::socket(user as usize)?)
}

/// Reads in `on_close` how many messages were sent.
fn learn_of_end(case: &Case, socket: &Arc<Socket>) {
    let state = case.plain("egret_ws_state", || egret_ws_state(socket.handle()));
    let is_freed = state == EGRET_WS_ERR_BAD_HANDLE && socket.may_be_gone();
    promise!(is_freed || state == EGRET_WS_STATE_CLOSED, "the state in on_close is {state}");
    if is_freed {
        return;
    }
    // SAFETY: a struct of numbers may be all zeros.
    let mut stats: egret_ws_statistics = unsafe { std::mem::zeroed() };
    stats.struct_size = size_of::<egret_ws_statistics>() as u32;
    // SAFETY: `stats` is writable for its size.
    let read = case.plain("egret_ws_stats", || unsafe { egret_ws_stats(socket.handle(), &mut stats) });
    if read == EGRET_WS_OK {
        lock(&socket.life).sent_at_close = Some((stats.messages_sent, stats.bytes_sent));
    }
}

pub unsafe extern "C" fn on_connect(user: *mut c_void, ws: *mut egret_ws) {
    enter(user, Some(ws), "on_connect", |socket, life| {
        let is_first = !life.is_open || !socket.setup.on_retry;
        promise!(is_first, "on_connect of socket {} came twice, without on_retry between", socket.index);
        let is_allowed = life.may_connect || !socket.setup.on_request;
        promise!(is_allowed, "on_connect of socket {} came before on_request allowed it to begin", socket.index);
        life.is_open = true;
        life.may_connect = false;
        life.connects += 1;
        life.generations.push(Generation { connection: None, received: Vec::new() });
    });
}

pub unsafe extern "C" fn on_message(user: *mut c_void, ws: *mut egret_ws, kind: i32, data: *const u8, len: usize) {
    enter(user, Some(ws), "on_message", |socket, life| {
        let index = socket.index;
        // Without on_connect the model does not know the connection.
        promise!(life.is_open || !socket.setup.on_connect, "on_message of socket {index} came before on_connect");
        let (paused, top) = (lock(&socket.pauses).since, call_stack::top());
        let is_late = top.is_some_and(|frame| paused != 0 && paused <= frame.checkpoint);
        promise!(!is_late, "on_message of socket {index} began after a pause had returned");
        promise!(!data.is_null(), "on_message of socket {index} came with NULL");
        promise!(len <= socket.setup.cap, "a message of {len} bytes came, more than the limit of {}", socket.setup.cap);
        promise!([EGRET_WS_TEXT, EGRET_WS_BINARY].contains(&kind), "a message of the kind {kind}");
        // SAFETY: according to the header, there are `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(data, len) };
        if kind == EGRET_WS_TEXT {
            promise!(str::from_utf8(bytes).is_ok(), "text that is not UTF-8: {:?}", &bytes[..len.min(40)]);
            // SAFETY: according to the header, a NUL follows text.
            promise!(unsafe { data.add(len).read() } == 0, "text without a NUL after it");
        }
        let print = Fingerprint::of(kind, bytes);
        if let Some(generation) = life.generations.last_mut() {
            final_checks::compare_message(socket, generation, print);
            generation.received.push(print);
        }
    });
}

pub unsafe extern "C" fn on_pong(user: *mut c_void, ws: *mut egret_ws, data: *const u8, len: usize) {
    enter(user, Some(ws), "on_pong", |socket, life| {
        let index = socket.index;
        promise!(life.is_open || !socket.setup.on_connect, "on_pong of socket {index} came before on_connect");
        promise!(!data.is_null() && len <= 125, "on_pong of socket {index} came with {data:?} and {len} bytes");
        // SAFETY: according to the header, there are `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(data, len) };
        let is_known = bytes == b"unasked" || bytes.iter().all(|byte| *byte == receive_calls::PING_BYTE);
        promise!(is_known, "on_pong of socket {index} came with {bytes:x?}, which nobody has sent");
    });
}

pub unsafe extern "C" fn on_frame(
    user: *mut c_void,
    ws: *mut egret_ws,
    direction: i32,
    opcode: u32,
    flags: u32,
    length: u64,
) {
    enter(user, Some(ws), "on_frame", |socket, life| {
        let index = socket.index;
        promise!(life.is_open || !socket.setup.on_connect, "on_frame of socket {index} came before on_connect");
        let is_valid = match direction {
            EGRET_WS_FRAME_LOST => opcode == 0 && flags == 0 && length > 0,
            EGRET_WS_FRAME_SENT => [1, 2, 8, 9, 10].contains(&opcode) && flags & EGRET_WS_FRAME_FIN != 0,
            EGRET_WS_FRAME_RECEIVED => opcode <= 15 && flags <= EGRET_WS_FRAME_FIN | EGRET_WS_FRAME_COMPRESSED,
            _ => false,
        };
        let frame = (direction, opcode, flags, length);
        promise!(is_valid, "on_frame of socket {index} came with {frame:?}");
    });
}

pub unsafe extern "C" fn on_drain(user: *mut c_void, ws: *mut egret_ws) {
    enter(user, Some(ws), "on_drain", |socket, life| {
        let index = socket.index;
        promise!(life.is_open || !socket.setup.on_connect, "on_drain of socket {index} came before on_connect");
        let sending = socket.sending.load(SeqCst);
        // A send may be refused again before on_drain is called for the refusal before it.
        promise!(
            life.refused + sending > life.drains,
            "on_drain of socket {index} came more often than sends were refused"
        );
        (life.drains, life.owed) = (life.drains + 1, false);
    });
}

pub unsafe extern "C" fn on_retry(
    user: *mut c_void,
    ws: *mut egret_ws,
    info: *const egret_ws_close_info,
    attempt: u32,
    delay_ms: u32,
) {
    let (report, connection) = (close_reports::read(info), reported_connection(user));
    enter(user, Some(ws), "on_retry", |socket, life| {
        let (index, setup) = (socket.index, &socket.setup);
        trace::note(
            call_stack::thread(),
            call_stack::depth(),
            &format!("   attempt {attempt}, {delay_ms} ms, {report:?}"),
        );
        promise!(
            attempt >= 1 && attempt <= setup.attempts,
            "attempt {attempt} of {} of socket {index}",
            setup.attempts
        );
        let is_suspended = socket.host.suspends.load(SeqCst) > 0;
        let can_ask = setup.on_request && [401, 403, 404, 407, 410].contains(&report.http_status);
        promise!(report.is_retryable() || is_suspended || can_ask, "a retry of socket {index} after {report:?}");
        let restarts_count = life.is_open || socket.host.restarts.load(SeqCst) > 0;
        let is_next = attempt == life.attempt + 1 || attempt == 1 && restarts_count;
        promise!(is_next || !setup.on_connect, "attempt {attempt} of socket {index} came after {}", life.attempt);
        life.attempt = attempt;
        let is_held = delay_ms == u32::MAX;
        promise!(!is_held || socket.host.suspends.load(SeqCst) > 0, "a wait for a resume, but nothing was suspended");
        // The server may add a `Retry-After` of at most a second.
        let is_within = (setup.floor_ms..=setup.ceiling_ms + 1000).contains(&delay_ms);
        promise!(is_held || is_within, "a wait of {delay_ms} ms, from {} to {}", setup.floor_ms, setup.ceiling_ms);
        final_checks::compare_report(socket, life, &report, connection);
        (life.is_open, life.owed, life.may_connect) = (false, false, false);
        life.lost = Some(report.clone());
        if setup.resends {
            life.kept += u64::from(report.unsent_messages);
        } else {
            life.dropped += u64::from(report.unsent_messages);
            life.dropped_bytes += report.unsent_bytes;
        }
    });
}

pub unsafe extern "C" fn on_request(
    user: *mut c_void,
    ws: *mut egret_ws,
    attempt: u32,
    last: *const egret_ws_close_info,
    request: *mut egret_ws_request,
) -> i32 {
    let last = (!last.is_null()).then(|| close_reports::read(last));
    let (case, socket) = (call_stack::case(), registry::socket(user as usize));
    let answered = std::cell::Cell::new(EGRET_WS_REQUEST_CONTINUE);
    request_calls::with_request(request, || {
        enter(user, Some(ws), "on_request", |socket, life| {
            let index = socket.index;
            promise!(socket.setup.on_request, "on_request of socket {index} came, and it has none");
            promise!((attempt == 0) == last.is_none(), "attempt {attempt} of socket {index}, but {last:?}");
            // If an answer comes during a suspend, the host is asked again.
            let knows = socket.setup.on_retry && socket.host.suspends.load(SeqCst) == 0;
            let is_idle = !life.is_open && !life.may_connect;
            promise!(is_idle || !knows, "on_request of socket {index} came during an attempt");
            let closed = socket.close_done.load(SeqCst);
            let begun = call_stack::top().map_or(0, |frame| frame.checkpoint);
            promise!(closed == 0 || closed > begun, "on_request of socket {index} came after a close had returned");
            if socket.setup.on_retry {
                promise!(attempt == life.attempt, "on_request of attempt {attempt}, on_retry of {}", life.attempt);
                promise!(
                    last == life.lost,
                    "on_request of socket {index} with {last:?}, on_retry with {:?}",
                    life.lost
                );
            }
            let is_ending = case.as_ref().is_some_and(|case| case.is_ending.load(SeqCst));
            let seed = case.as_ref().map_or(0, |case| case.seed);
            let mut random = Random::of(&[seed, 0xA5C, index, life.callbacks]);
            answered.set(request_calls::answer(&mut random, is_ending));
        });
    });
    let answer = answered.get();
    if let Some(socket) = socket {
        let mut life = lock(&socket.life);
        life.may_connect = matches!(answer, EGRET_WS_REQUEST_CONTINUE | EGRET_WS_REQUEST_CONNECT);
        life.may_be_stopped |= !matches!(answer, EGRET_WS_REQUEST_CONNECT | EGRET_WS_REQUEST_WAIT);
    }
    trace::note(call_stack::thread(), call_stack::depth(), &format!("   attempt {attempt}, answer {answer}"));
    answer
}

pub unsafe extern "C" fn on_close(user: *mut c_void, ws: *mut egret_ws, info: *const egret_ws_close_info) {
    let (report, connection) = (close_reports::read(info), reported_connection(user));
    enter(user, Some(ws), "on_close", |socket, life| {
        trace::note(call_stack::thread(), call_stack::depth(), &format!("   {report:?}"));
        final_checks::compare_report(socket, life, &report, connection);
        // If a socket may try again without limit, nothing else ends its attempts.
        let setup = &socket.setup;
        let is_endless = setup.attempts == u32::MAX && setup.has_endless_time;
        let is_ended = socket.close_begun.load(SeqCst) || life.may_be_stopped;
        promise!(
            !is_endless || is_ended || !report.is_retryable(),
            "socket {} has given up after {report:?}",
            socket.index
        );
        life.closed = Some(report);
        (life.is_open, life.owed) = (false, false);
    });
}

pub unsafe extern "C" fn release_user(user: *mut c_void) {
    enter(user, None, "release_user", |socket, life| {
        let is_due = life.closed.is_some() || !socket.setup.on_close || socket.may_be_gone();
        promise!(is_due, "release_user of socket {} came before on_close, and it was not freed", socket.index);
        life.released += 1;
    });
}

pub unsafe extern "C" fn on_log(user: *mut c_void, level: i32, text: *const c_char, ws: *mut egret_ws) {
    let Some(host) = registry::host(user as usize) else {
        breach!("on_log came with {user:?}, which is not the `user` of a loop that still exists");
    };
    promise!(!host.is_gone(), "a log line began after its loop was freed");
    let top = call_stack::top();
    promise!(!host.setup.is_inline || top.is_some(), "a log line of an inline loop came outside of any call");
    let most = if host.setup.log_level == 0 { EGRET_WS_LOG_WARN } else { host.setup.log_level };
    // A loop that is not yet made, or was refused, may have another level.
    let most = if host.handle().is_null() { EGRET_WS_LOG_DEBUG } else { most };
    promise!((EGRET_WS_LOG_ERROR..=most).contains(&level), "a log line of the level {level}");
    promise!(!text.is_null(), "a log line is NULL");
    // SAFETY: according to the header, the text ends in a NUL.
    let Ok(text) = unsafe { CStr::from_ptr(text) }.to_str() else { breach!("a log line is not UTF-8") };
    promise!(!text.contains(['\n', '\r']), "a log line has a line break: {text:?}");
    promise!(!text.contains(MARK), "a log line has a message's payload: {text:?}");
    trace::note(call_stack::thread(), call_stack::depth(), &format!("log of {}: {text}", registry::name(ws)));
    call_stack::notice("on_log", host.id, || refuse_polls(&host, "on_log"));
    promise!(!host.is_gone(), "a loop was freed while another thread wrote a log line");
}

pub unsafe extern "C" fn on_wakeup(user: *mut c_void) {
    let Some((host, ring)) = registry::ring(user as usize) else {
        breach!("the wake-up came with {user:?}, which was not given");
    };
    promise!(!ring.is_over.load(SeqCst), "a wake-up began after its callback was replaced");
    promise!(!host.is_gone(), "a wake-up began after its loop was freed");
    call_stack::notice("on_wakeup", host.id, || refuse_polls(&host, "on_wakeup"));
    host.note_wakeup();
    promise!(!host.is_gone(), "a loop was freed while another thread was inside its wake-up callback");
    promise!(!ring.is_over.load(SeqCst), "a wake-up callback was replaced while another thread was inside it");
}

/// In callbacks on other threads, polls and frees are refused, and other calls work.
fn refuse_polls(host: &crate::loop_model::HostLoop, place: &str) {
    let handle = host.handle();
    if handle.is_null() || host.may_be_gone() {
        return;
    }
    // SAFETY: NULL is allowed.
    let results = [egret_ws_loop_poll(handle, 0), unsafe { egret_ws_loop_free(handle, std::ptr::null_mut()) }];
    let are_refused = results == [EGRET_WS_ERR_REENTRANT; 2] || host.may_be_gone();
    promise!(are_refused, "a poll and a free in {place} returned {results:?}");
    let time = egret_ws_loop_next_poll_ms(handle);
    contract::note_reason(); // this is the reason of the last call that was refused
    promise!(time >= 0 || host.may_be_gone(), "egret_ws_loop_next_poll_ms in {place} returned {time}");
}

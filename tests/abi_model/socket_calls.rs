//! Calls that take a socket.

use crate::call_stack;
use crate::case::{Case, SLOTS};
use crate::messages::{self, Fingerprint, NOT_UTF8, TAG};
use crate::random::Random;
use crate::script;
use crate::socket_model::Socket;
use crate::trace::{self, lock, promise};
use ::egret_ws::*;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

pub type Own<'a> = Option<&'a Arc<Socket>>;

/// A valid or invalid handle of a socket.
pub struct Aim {
    pub handle: *mut egret_ws,
    pub socket: Option<Arc<Socket>>,
}

impl Aim {
    pub fn take(case: &Case, random: &mut Random, own: Own) -> Aim {
        let none = |handle| Aim { handle, socket: None };
        let (roll, slot, other) = (random.below(60), random.below(SLOTS), random.next());
        match roll {
            0 => return none(ptr::null_mut()),
            1 => return none(other as *mut _),
            // The handle of a loop, not of a socket.
            2 => {
                let host = lock(&case.hosts).first().map(|host| host.handle().cast());
                return none(host.unwrap_or(ptr::null_mut()));
            }
            _ => {}
        }
        let made = case.made();
        let any = made.get(other as usize % made.len().max(1));
        let socket = match own {
            Some(own) if roll < 30 && own.is_made() => Some(Arc::clone(own)),
            _ if roll > 55 => any.cloned(),
            _ => lock(&case.slots[slot]).clone().or(any.cloned()),
        };
        Aim { handle: socket.as_ref().map_or(ptr::null_mut(), |socket| socket.handle()), socket }
    }

    /// Chooses a socket, usually an open one.
    pub fn take_open(case: &Case, random: &mut Random, own: Own) -> Aim {
        let (wants_any, number) = (random.one_in(4), random.next() as usize);
        let aim = Aim::take(case, random, own);
        let is_open = |socket: &Arc<Socket>| lock(&socket.life).is_open && !socket.is_gone();
        let open: Vec<_> = case.made().into_iter().filter(is_open).collect();
        if wants_any || open.is_empty() {
            return aim;
        }
        let socket = Arc::clone(&open[number % open.len()]);
        Aim { handle: socket.handle(), socket: Some(socket) }
    }

    pub fn id(&self) -> usize {
        self.socket.as_ref().map_or(0, |socket| socket.host.id)
    }

    pub fn must_fail(&self) -> bool {
        self.socket.as_ref().is_none_or(|socket| socket.is_gone())
    }

    pub fn may_fail(&self) -> bool {
        self.socket.as_ref().is_none_or(|socket| socket.may_be_gone())
    }

    pub fn words(&self) -> String {
        match &self.socket {
            Some(socket) => format!("socket {}", socket.index),
            None => format!("{:?}", self.handle),
        }
    }
}

/// Makes a call that may fail because of a bad handle, or with one of `errors`. Returns its result if the handle was valid, or
/// `None` if it failed.
pub fn call(
    case: &Case,
    name: &'static str,
    aim: &Aim,
    words: &str,
    errors: &[i32],
    call: impl FnOnce(*mut egret_ws) -> i64,
) -> Result<i64, i32> {
    let must_fail = aim.must_fail();
    let words = format!("{}{words}", aim.words());
    let (result, _) = case.call(name, aim.id(), &words, || call(aim.handle));
    check(name, &words, aim, must_fail, result, errors)
}

/// Checks the result of a call that was made.
pub fn check(name: &str, words: &str, aim: &Aim, must_fail: bool, result: i64, errors: &[i32]) -> Result<i64, i32> {
    let is_bad_handle = result == i64::from(EGRET_WS_ERR_BAD_HANDLE);
    promise!(!is_bad_handle || aim.may_fail(), "{name}({words}) returned BAD_HANDLE for a socket that is not freed");
    promise!(!must_fail || result < 0, "{name}({words}) returned {result} for a handle that is invalid or freed");
    let fits = result >= 0 || is_bad_handle || errors.iter().any(|error| i64::from(*error) == result);
    promise!(fits, "{name}({words}) failed with {result}");
    if result < 0 { Err(result as i32) } else { Ok(result) }
}

pub fn send(case: &Arc<Case>, random: &mut Random, own: Own) {
    let is_text = random.one_in(2);
    let aim = Aim::take_open(case, random, own);
    match random.below(25) {
        0 => return send_wrong(case, random, &aim, is_text),
        1 => return send_too_much(case, random, &aim, is_text),
        _ => {}
    }
    // Usually one message is sent, sometimes more than the queue has room for.
    let count = if random.one_in(15) { random.between(2, 40) } else { 1 };
    let cap = aim.socket.as_ref().map_or(100, |socket| socket.setup.cap);
    let len = if count > 1 && random.one_in(2) { cap } else { script::length(random, cap) };
    let ends_in_nul = random.one_in(3);
    for _ in 0..count {
        send_one(case, &aim, is_text, len, ends_in_nul);
    }
}

/// Sends a new message.
fn send_one(case: &Arc<Case>, aim: &Aim, is_text: bool, mut len: usize, ends_in_nul: bool) {
    let Some(thread) = call_stack::thread() else { return };
    let cap = aim.socket.as_ref().map_or(100, |socket| socket.setup.cap);
    // If several threads send, each message contains its thread.
    if case.threads > 1 {
        len = len.max(TAG).min(cap);
    }
    let kind = messages::kind(is_text);
    let id = aim.socket.as_ref().map_or(0, |socket| socket.id as u64);
    let number = aim.socket.as_ref().map_or(0, |socket| {
        let made = &mut lock(&socket.life).made[thread];
        *made += 1;
        *made
    });
    let bytes = messages::make(kind, len, 'c', id, thread, number);
    let errors = [EGRET_WS_ERR_NOT_OPEN, EGRET_WS_ERR_BACKPRESSURE];
    let result = send_bytes(case, aim, is_text, &bytes, ends_in_nul, &errors, &format!(", {len} bytes"), |result| {
        let Some(socket) = &aim.socket else { return };
        let mut life = lock(&socket.life);
        match result {
            EGRET_WS_OK => life.accepted[thread].push(Fingerprint::of(kind, &bytes)),
            EGRET_WS_ERR_BACKPRESSURE => life.refused += 1,
            _ => {}
        }
    });
    // Another thread may be about to make the callback, which the library has begun.
    let accepted = result == Ok(0) && case.threads == 1;
    let Some(socket) = aim.socket.as_ref().filter(|_| accepted) else { return };
    promise!(!socket.setup.on_connect || lock(&socket.life).connects > 0, "a send before on_connect was accepted");
}

/// Calls one of the two functions. The model counts the call as running until `learn` has got its result.
#[allow(clippy::too_many_arguments, reason = "the arguments of the call, and what is known of them")]
fn send_bytes(
    case: &Case,
    aim: &Aim,
    is_text: bool,
    bytes: &[u8],
    ends_in_nul: bool,
    errors: &[i32],
    words: &str,
    learn: impl FnOnce(i32),
) -> Result<i64, i32> {
    let closed = aim.socket.as_ref().is_some_and(|socket| socket.close_done.load(SeqCst) != 0);
    if let Some(socket) = &aim.socket {
        socket.sending.fetch_add(1, SeqCst);
    }
    let name = "egret_ws_send";
    let kind = if is_text { EGRET_WS_TEXT } else { EGRET_WS_BINARY };
    // A text may end in a NUL instead of having a length.
    let text = if ends_in_nul && is_text && !bytes.contains(&0) { [bytes, &[0]].concat() } else { Vec::new() };
    let (data, len) = match text.is_empty() {
        true if bytes.is_empty() && ends_in_nul => (ptr::null(), 0),
        true => (bytes.as_ptr(), bytes.len()),
        false => (text.as_ptr(), EGRET_WS_NUL_TERMINATED),
    };
    let result = call(case, name, aim, words, errors, |ws| {
        // SAFETY: `len` bytes are readable, or the data ends in a NUL and the length is EGRET_WS_NUL_TERMINATED.
        let sent = unsafe { egret_ws_send(ws, kind, data.cast(), len) };
        learn(sent);
        if let Some(socket) = aim.socket.as_ref().filter(|_| sent == EGRET_WS_ERR_BACKPRESSURE) {
            let mut life = lock(&socket.life);
            (life.refused, life.owed) = (life.refused + 1, true);
        }
        sent.into()
    });
    if let Some(socket) = &aim.socket {
        socket.sending.fetch_sub(1, SeqCst);
    }
    promise!(!closed || result != Ok(0), "{name} was accepted after a close had returned");
    result
}

/// Sends invalid text, or NULL where data is needed.
fn send_wrong(case: &Case, random: &mut Random, aim: &Aim, is_text: bool) {
    if is_text && random.one_in(2) {
        let text = random.pick(&NOT_UTF8);
        // The text may also be too long, or there may be no room. The header does not promise which of these is checked first.
        let errors =
            [EGRET_WS_ERR_INVALID_UTF8, EGRET_WS_ERR_NOT_OPEN, EGRET_WS_ERR_MESSAGE_TOO_BIG, EGRET_WS_ERR_BACKPRESSURE];
        let result = send_bytes(case, aim, true, text, false, &errors, &format!(", {text:?}"), |_| {});
        promise!(result.is_err(), "text that is not UTF-8 was accepted: {text:?}");
        return;
    }
    let name = "egret_ws_send";
    let kind = if is_text { EGRET_WS_TEXT } else { EGRET_WS_BINARY };
    let len = random.pick(&[1, 100]);
    let errors = [EGRET_WS_ERR_INVALID_ARGUMENT, EGRET_WS_ERR_NOT_OPEN];
    let result = call(case, name, aim, &format!(", NULL, {len}"), &errors, |ws| {
        // SAFETY: NULL is refused for every length.
        let sent = unsafe { egret_ws_send(ws, kind, ptr::null(), len) };
        sent.into()
    });
    promise!(result.is_err(), "{name} took NULL");
}

/// Sends a message that is longer than the socket accepts, by one byte or more.
fn send_too_much(case: &Case, random: &mut Random, aim: &Aim, is_text: bool) {
    let cap = aim.socket.as_ref().map_or(EGRET_WS_MAX_MESSAGE_BYTES as usize, |socket| socket.setup.cap);
    let bytes = vec![b'x'; cap + random.pick(&[1, 2, 200_000])];
    let errors = [EGRET_WS_ERR_MESSAGE_TOO_BIG, EGRET_WS_ERR_NOT_OPEN];
    let words = format!(", {} bytes", bytes.len());
    let result = send_bytes(case, aim, is_text, &bytes, random.one_in(4), &errors, &words, |_| {});
    promise!(result.is_err(), "a message of {} bytes was accepted, but the limit is {cap}", bytes.len());
}

pub fn close(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let long = [b'r'; 124];
    let good: [(u16, &[u8]); 7] = [
        (1000, b""),
        (1000, b"bye"),
        (0, b""),
        (1003, &long[..123]),
        (1014, "grüße".as_bytes()),
        (3000, b"x"),
        (4999, b""),
    ];
    const CLOSE: &[i32] = &[EGRET_WS_ERR_INVALID_CLOSE];
    const EITHER: &[i32] = &[EGRET_WS_ERR_INVALID_CLOSE, EGRET_WS_ERR_INVALID_UTF8];
    let bad: [(u16, &[u8], &[i32]); 9] = [
        (1, b"", CLOSE),
        (999, b"", CLOSE),
        (1004, b"", CLOSE),
        (1005, b"", CLOSE),
        (1006, b"", CLOSE),
        (1015, b"", CLOSE),
        (5000, b"", CLOSE),
        (1000, &long, CLOSE),
        (1000, b"\xff", EITHER),
    ];
    let (code, reason, errors) = match random.one_in(4) {
        true => random.pick(&bad),
        false => {
            let (code, reason) = random.pick(&good);
            (code, reason, &[][..])
        }
    };
    close_aimed(case, &aim, code, reason, errors, random.one_in(3));
}

/// Closes a socket that is known.
pub fn close_socket(case: &Arc<Case>, socket: &Arc<Socket>) {
    let aim = Aim { handle: socket.handle(), socket: Some(Arc::clone(socket)) };
    close_aimed(case, &aim, 1000, b"", &[], false);
}

fn close_aimed(case: &Arc<Case>, aim: &Aim, code: u16, reason: &[u8], errors: &[i32], ends_in_nul: bool) {
    const NAME: &str = "egret_ws_close";
    let text = [reason, &[0]].concat();
    let (data, len) = match reason.is_empty() {
        true if !ends_in_nul => (ptr::null(), 0),
        _ if ends_in_nul => (text.as_ptr(), EGRET_WS_NUL_TERMINATED),
        _ => (text.as_ptr(), reason.len()),
    };
    if let Some(socket) = &aim.socket {
        socket.close_begun.store(true, SeqCst);
    }
    let words = format!(", {code}, {:?}", String::from_utf8_lossy(reason));
    let result = call(case, NAME, aim, &words, errors, |ws| {
        // SAFETY: `len` bytes are readable, or the text ends in a NUL and the length is EGRET_WS_NUL_TERMINATED. NULL has no
        // bytes.
        unsafe { egret_ws_close(ws, code, data.cast(), len) }.into()
    });
    promise!(errors.is_empty() || result.is_err(), "{NAME}({words}) was accepted");
    if let (Ok(_), Some(socket)) = (result, &aim.socket) {
        let _ = socket.close_done.compare_exchange(0, trace::now(), SeqCst, SeqCst);
    }
}

pub fn abort(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    if let Some(socket) = &aim.socket {
        socket.close_begun.store(true, SeqCst);
        socket.abort_begun.store(true, SeqCst);
    }
    let result = call(case, "egret_ws_abort", &aim, "", &[], |ws| egret_ws_abort(ws).into());
    if let (Ok(_), Some(socket)) = (result, &aim.socket) {
        for done in [&socket.close_done, &socket.abort_done] {
            let _ = done.compare_exchange(0, trace::now(), SeqCst, SeqCst);
        }
    }
}

pub fn free(case: &Arc<Case>, random: &mut Random, own: Own) {
    free_aimed(case, &Aim::take(case, random, own));
}

/// Frees a socket that is known.
pub fn free_socket(case: &Arc<Case>, socket: &Arc<Socket>) {
    free_aimed(case, &Aim { handle: socket.handle(), socket: Some(Arc::clone(socket)) });
}

fn free_aimed(case: &Arc<Case>, aim: &Aim) {
    let Some(socket) = &aim.socket else {
        let result = call(case, "egret_ws_free", aim, "", &[], |ws| egret_ws_free(ws).into());
        promise!(result.is_err(), "an invalid handle was freed");
        return;
    };
    let is_first = !socket.free_begun.swap(true, SeqCst) && !socket.host.may_be_gone();
    let result = call(case, "egret_ws_free", aim, "", &[], |ws| egret_ws_free(ws).into());
    if result.is_ok() {
        let frees = socket.frees.fetch_add(1, SeqCst) + 1;
        promise!(frees == 1, "socket {} was freed {frees} times", socket.index);
        socket.free_done.store(trace::now(), SeqCst);
    }
    let may_fail = !is_first || case.threads > 1;
    promise!(result.is_ok() || may_fail, "the first egret_ws_free of socket {} failed", socket.index);
}

pub fn state(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let before = aim.socket.as_ref().map(|socket| {
        let life = lock(&socket.life);
        (socket.close_done.load(SeqCst) != 0, life.closed.is_some())
    });
    let result = call(case, "egret_ws_state", &aim, "", &[], |ws| egret_ws_state(ws).into());
    let (Ok(state), Some(socket), Some((was_closing, was_closed))) = (result, &aim.socket, before) else { return };
    let life = lock(&socket.life);
    let (setup, state) = (&socket.setup, state as i32);
    let allowed = match () {
        () if was_closed => state == EGRET_WS_STATE_CLOSED,
        () if was_closing => [EGRET_WS_STATE_CLOSING, EGRET_WS_STATE_CLOSED].contains(&state),
        () => (EGRET_WS_STATE_CONNECTING..=EGRET_WS_STATE_CLOSED).contains(&state),
    };
    promise!(allowed, "the state of socket {} is {state}, closing {was_closing}, closed {was_closed}", socket.index);
    // Another thread may be about to make a callback that the library has begun.
    if case.threads == 1 {
        let is_open = state == EGRET_WS_STATE_OPEN;
        promise!(!is_open || life.is_open || !setup.on_connect, "the state is open before on_connect");
        let is_closed = state == EGRET_WS_STATE_CLOSED;
        promise!(!is_closed || life.closed.is_some() || !setup.on_close, "the state is closed before on_close");
    }
}

pub fn buffered_amount(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let result = call(case, "egret_ws_buffered_amount", &aim, "", &[], |ws| egret_ws_buffered_amount(ws));
    if let (Ok(amount), Some(socket)) = (result, &aim.socket) {
        let (accepted, most) = (lock(&socket.life).bytes_accepted() as i64, socket.setup.send_limit as i64);
        // Here a partly written message counts completely, but it does not count as waiting.
        let most = most + socket.setup.cap as i64;
        promise!(amount <= most, "{amount} bytes are buffered, but the limit is {most}");
        let knows_all = case.threads == 1;
        promise!(!knows_all || amount <= accepted, "{amount} bytes are buffered, {accepted} were accepted");
    }
}

pub fn generation(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let before = aim.socket.as_ref().map_or(0, |socket| lock(&socket.life).connects);
    let result = call(case, "egret_ws_generation", &aim, "", &[], |ws| egret_ws_generation(ws).into());
    let (Ok(generation), Some(socket)) = (result, &aim.socket) else { return };
    if !socket.setup.on_connect {
        return;
    }
    // Another thread may be about to make the next callback.
    let most = lock(&socket.life).connects + i32::from(case.threads > 1);
    let fits = (before..=most).contains(&(generation as i32));
    promise!(fits, "the generation is {generation}, but on_connect came {before} to {most} times");
}

pub fn retry_now(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let _ = call(case, "egret_ws_retry_now", &aim, "", &[], |ws| egret_ws_retry_now(ws).into());
}

/// The loops of the model have no TLS provider, so it changes nothing.
pub fn tls_ready(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let _ = call(case, "egret_ws_tls_ready", &aim, "", &[], |ws| egret_ws_tls_ready(ws).into());
}

//! Calls that pause and resume receiving, and calls that read values which a callback has.

use crate::case::Case;
use crate::close_reports;
use crate::contract;
use crate::random::Random;
use crate::socket_calls::{Aim, Own, call};
use crate::socket_model::Socket;
use crate::trace::{self, lock, promise};
use ::egret_ws::*;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// The byte of which the payloads of pings consist.
pub const PING_BYTE: u8 = b'p';

/// The pauses of a socket, as far as they are known.
#[derive(Default)]
pub struct Pauses {
    /// The number of resume calls that have begun, and the number of running resume calls.
    resumes: u64,
    resuming: u32,
    /// The time at which a pause had returned, if no resume has ended this pause or can end it. 0: there is no such pause.
    pub since: u64,
}

pub fn pause(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take_open(case, random, own);
    let before = aim.socket.as_ref().map(|socket| {
        let pauses = lock(&socket.pauses);
        (pauses.resumes, pauses.resuming)
    });
    let result = call(case, "egret_ws_pause_receive", &aim, "", &[], |ws| egret_ws_pause_receive(ws).into());
    if let (Ok(_), Some(socket), Some((resumes, 0))) = (result, &aim.socket, before) {
        let mut pauses = lock(&socket.pauses);
        if pauses.resumes == resumes {
            pauses.since = trace::now();
        }
    }
}

pub fn resume(case: &Arc<Case>, random: &mut Random, own: Own) {
    resume_aimed(case, &Aim::take(case, random, own));
}

/// Resumes receiving if it may be paused.
pub fn resume_socket(case: &Arc<Case>, socket: &Arc<Socket>) {
    resume_aimed(case, &Aim { handle: socket.handle(), socket: Some(Arc::clone(socket)) });
}

fn resume_aimed(case: &Arc<Case>, aim: &Aim) {
    if let Some(socket) = &aim.socket {
        let mut pauses = lock(&socket.pauses);
        *pauses = Pauses { resumes: pauses.resumes + 1, resuming: pauses.resuming + 1, since: 0 };
    }
    let _ = call(case, "egret_ws_resume_receive", aim, "", &[], |ws| egret_ws_resume_receive(ws).into());
    if let Some(socket) = &aim.socket {
        lock(&socket.pauses).resuming -= 1;
    }
}

pub fn ping(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take_open(case, random, own);
    let closed = aim.socket.as_ref().is_some_and(|socket| socket.close_done.load(SeqCst) != 0);
    let len = random.pick(&[0, 0, 1, 4, 125, 126, 100_000]);
    let data = vec![PING_BYTE; len];
    let is_null = random.one_in(4);
    let is_wrong = len > 125 || is_null && len > 0;
    let given = if is_null { ptr::null() } else { data.as_ptr().cast() };
    let refusals: &[i32] = &[EGRET_WS_ERR_NOT_OPEN, EGRET_WS_ERR_BACKPRESSURE];
    let errors: &[i32] = if is_wrong { &[EGRET_WS_ERR_INVALID_ARGUMENT] } else { refusals };
    let result = call(case, "egret_ws_ping", &aim, &format!(", {len} bytes"), errors, |ws| {
        // SAFETY: the pointer is NULL, or a list with `len` bytes.
        unsafe { egret_ws_ping(ws, given, len) }.into()
    });
    promise!(!(closed || is_wrong) || result.is_err(), "a ping was accepted: closed {closed}, wrong {is_wrong}");
}

pub fn close_report(case: &Arc<Case>, random: &mut Random, own: Own) {
    const NAME: &str = "egret_ws_close_report";
    let aim = Aim::take(case, random, own);
    let own_size = size_of::<egret_ws_close_info>() as u32;
    let size = random.pick(&[own_size, own_size, own_size, 3, own_size - 8, own_size + 8, 4096, 4097]);
    let is_wrong = !(own_size..=4096).contains(&size);
    let mut buffer = vec![u64::MAX; 1024];
    let info = buffer.as_mut_ptr().cast::<egret_ws_close_info>();
    // SAFETY: the buffer is larger than the struct, and aligned for it.
    unsafe { (*info).struct_size = size };
    let errors: &[i32] = if is_wrong { &[EGRET_WS_ERR_BAD_STRUCT] } else { &[EGRET_WS_ERR_NOT_FOUND] };
    let closed = aim.socket.as_ref().and_then(|socket| lock(&socket.life).closed.clone());
    let result = call(case, NAME, &aim, &format!(", size {size}"), errors, |ws| {
        // SAFETY: the buffer has 8192 bytes.
        unsafe { egret_ws_close_report(ws, info) }.into()
    });
    promise!(!is_wrong || result.is_err(), "{NAME} took the size {size}");
    let is_missing = result == Err(EGRET_WS_ERR_NOT_FOUND) && closed.is_some();
    promise!(!is_missing, "{NAME} returned NOT_FOUND after on_close");
    let (Ok(_), Some(socket)) = (result, &aim.socket) else { return };
    // Another thread may free the socket, and with it the texts.
    if case.threads == 1 && size == own_size {
        let report = close_reports::read(info);
        let is_known = closed.is_some() || !socket.setup.on_close;
        promise!(is_known, "{NAME} found the report of socket {} before on_close", socket.index);
        promise!(closed.is_none_or(|closed| closed == report), "{NAME} has another report than on_close: {report:?}");
    }
}

pub fn user(case: &Arc<Case>, random: &mut Random, own: Own) {
    const NAME: &str = "egret_ws_user";
    let aim = Aim::take(case, random, own);
    let (must_fail, words) = (aim.must_fail(), aim.words());
    let mut user = ptr::null_mut();
    let _ = case.call(NAME, aim.id(), &words, || {
        user = egret_ws_user(aim.handle);
        // NULL is allowed without a refusal: `release_user` was called, perhaps by another thread just now.
        contract::noted(if must_fail && user.is_null() { -1 } else { 0 });
        0
    });
    promise!(!must_fail || user.is_null(), "{NAME}({words}) returned {user:?} for a handle that is invalid or freed");
    let Some(socket) = &aim.socket else { return };
    let is_released = lock(&socket.life).released > 0;
    let may_be_null = aim.may_fail() || is_released || !socket.setup.release_user || case.threads > 1;
    promise!(may_be_null || !user.is_null(), "{NAME}({words}) returned NULL");
    promise!(user.is_null() || user.addr() == socket.id, "{NAME}({words}) returned {user:?}, not {}", socket.id);
}

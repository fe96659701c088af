//! Callbacks, as values in a queue.

use super::c_text;
use ::egret_ws::*;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::rc::Rc;
use std::time::Instant;

/// The report of a callback.
#[derive(Debug)]
pub enum Event {
    Connected,
    Text(String),
    Binary(Vec<u8>),
    /// The payload of a pong, and the time at which it came.
    Pong(Vec<u8>, Instant),
    Drain,
    Frame(Frame),
    Closed(Report),
}

/// A frame that was sent or received.
#[derive(Debug)]
pub struct Frame {
    pub direction: i32,
    pub opcode: u32,
    pub flags: u32,
    pub length: u64,
}

/// How a connection ended: `egret_ws_close_info`.
#[derive(Clone, Debug)]
pub struct Report {
    pub error: i32,
    pub phase: i32,
    pub initiator: i32,
    pub http_status: i32,
    pub os_error: i32,
    pub code: u16,
    pub sent_code: u16,
    pub unsent_messages: u32,
    pub reason: String,
    pub message: String,
    /// Another attempt may succeed.
    pub is_retryable: bool,
}

impl Report {
    /// # Safety
    /// `info` is the argument of `on_close`, during that call.
    unsafe fn read(info: *const egret_ws_close_info) -> Report {
        // SAFETY: according to the header, the struct is readable, and its texts end in a NUL.
        unsafe {
            Report {
                error: (*info).error,
                phase: (*info).phase,
                initiator: (*info).initiator,
                http_status: (*info).http_status,
                os_error: (*info).os_error,
                code: (*info).code,
                sent_code: (*info).sent_code,
                unsent_messages: (*info).unsent_messages,
                reason: c_text((*info).reason),
                message: c_text((*info).message),
                is_retryable: egret_ws_is_retryable(info) == 1,
            }
        }
    }
}

/// The events that were not taken yet.
#[derive(Default)]
pub struct Events(RefCell<VecDeque<Event>>);

impl Events {
    /// Makes the callbacks of a socket add their events to this list. The socket gets a reference, which `release_user` drops.
    pub fn listen(events: &Rc<Events>, options: &mut egret_ws_options, traces_frames: bool) {
        options.user = Rc::into_raw(Rc::clone(events)).cast_mut().cast();
        options.release_user = Some(release_user);
        options.on_connect = Some(on_connect);
        options.on_message = Some(on_message);
        options.on_pong = Some(on_pong);
        options.on_drain = Some(on_drain);
        options.on_close = Some(on_close);
        options.on_frame = if traces_frames { Some(on_frame) } else { None };
    }

    /// Takes the oldest event.
    pub fn take(&self) -> Option<Event> {
        self.0.borrow_mut().pop_front()
    }

    /// # Safety
    /// `user` is the pointer in the options.
    unsafe fn add(user: *mut c_void, event: Event) {
        // SAFETY: the list lives until `release_user`.
        let events = unsafe { &*user.cast::<Events>() };
        // Callbacks run only in the poll, on its thread, and no other borrow lasts as long as a poll.
        events.0.borrow_mut().push_back(event);
    }
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    // SAFETY: `Events::listen` made it, and this is called once.
    drop(unsafe { Rc::from_raw(user.cast::<Events>()) });
}

unsafe extern "C" fn on_connect(user: *mut c_void, _: *mut egret_ws) {
    // SAFETY: this is a callback of the socket.
    unsafe { Events::add(user, Event::Connected) }
}

unsafe extern "C" fn on_message(user: *mut c_void, _: *mut egret_ws, kind: i32, data: *const u8, len: usize) {
    // SAFETY: according to the header, there are `len` bytes.
    let data = unsafe { std::slice::from_raw_parts(data, len) };
    let event = match kind {
        EGRET_WS_TEXT => Event::Text(String::from_utf8_lossy(data).into_owned()),
        _ => Event::Binary(data.to_vec()),
    };
    // SAFETY: this is a callback of the socket.
    unsafe { Events::add(user, event) }
}

unsafe extern "C" fn on_pong(user: *mut c_void, _: *mut egret_ws, data: *const u8, len: usize) {
    let now = Instant::now();
    // SAFETY: according to the header, there are `len` bytes.
    let data = unsafe { std::slice::from_raw_parts(data, len) };
    // SAFETY: this is a callback of the socket.
    unsafe { Events::add(user, Event::Pong(data.to_vec(), now)) }
}

unsafe extern "C" fn on_drain(user: *mut c_void, _: *mut egret_ws) {
    // SAFETY: this is a callback of the socket.
    unsafe { Events::add(user, Event::Drain) }
}

unsafe extern "C" fn on_frame(
    user: *mut c_void,
    _: *mut egret_ws,
    direction: i32,
    opcode: u32,
    flags: u32,
    length: u64,
) {
    // SAFETY: this is a callback of the socket.
    unsafe { Events::add(user, Event::Frame(Frame { direction, opcode, flags, length })) }
}

unsafe extern "C" fn on_close(user: *mut c_void, _: *mut egret_ws, info: *const egret_ws_close_info) {
    // SAFETY: this is the argument of a callback of the socket.
    unsafe { Events::add(user, Event::Closed(Report::read(info))) }
}

//! Calls that take a loop.

use crate::callbacks;
use crate::case::{Case, MOST_LOOPS};
use crate::loop_model::{HostLoop, HostSetup, Ring};
use crate::random::Random;
use crate::socket_model::Socket;
use crate::trace::{self, lock, promise};
use crate::{call_stack, registry};
use ::egret_ws::*;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

type Own<'a> = Option<&'a Arc<Socket>>;

/// A valid or invalid handle of a loop.
struct Aim {
    handle: *mut egret_ws_loop,
    host: Option<Arc<HostLoop>>,
}

impl Aim {
    fn take(case: &Case, random: &mut Random, own: Own) -> Aim {
        let none = |handle| Aim { handle, host: None };
        match random.below(40) {
            0 => return none(ptr::null_mut()),
            1 => return none(random.next() as *mut _),
            // The handle of a socket, not of a loop.
            2 => {
                let socket = case.made().first().map(|socket| socket.handle().cast());
                return none(socket.unwrap_or(ptr::null_mut()));
            }
            _ => {}
        }
        let host = match own {
            Some(socket) if random.one_in(2) => Some(Arc::clone(&socket.host)),
            _ => case.host(random),
        };
        Aim { handle: host.as_ref().map_or(ptr::null_mut(), |host| host.handle()), host }
    }

    fn id(&self) -> usize {
        self.host.as_ref().map_or(0, |host| host.id)
    }

    /// Must be called before a resume or a change of the network is reported.
    fn revive(&self) {
        if let Some(host) = &self.host {
            host.restarts.fetch_add(1, SeqCst);
        }
    }

    fn must_fail(&self) -> bool {
        self.host.as_ref().is_none_or(|host| host.is_gone())
    }

    fn may_fail(&self) -> bool {
        self.host.as_ref().is_none_or(|host| host.may_be_gone())
    }
}

/// Makes a call that fails only with a bad handle, or with one of `errors`. Returns the result of a call with a good handle.
fn call(
    case: &Case,
    name: &'static str,
    aim: &Aim,
    words: &str,
    errors: &[i32],
    call: impl FnOnce(*mut egret_ws_loop) -> i32,
) -> Option<i32> {
    let must_fail = aim.must_fail();
    let words = format!("{:?}{words}", aim.handle);
    let result = case.call(name, aim.id(), &words, || call(aim.handle).into()).0 as i32;
    if result == EGRET_WS_ERR_BAD_HANDLE {
        promise!(aim.may_fail(), "{name}({words}) returned BAD_HANDLE for a loop that is not freed");
        return None;
    }
    promise!(!must_fail, "{name}({words}) returned {result} for a handle that is invalid, or belongs to a freed loop");
    promise!(result >= 0 || errors.contains(&result), "{name}({words}) failed with {result}");
    Some(result)
}

pub fn new(case: &Arc<Case>, random: &mut Random, _: Own) {
    let setup = case.host_setup(random);
    if lock(&case.hosts).len() < MOST_LOOPS {
        make(case, random, setup);
    }
}

/// The options of a loop, with room for the fields of a newer header.
#[repr(C)]
struct Buffer {
    options: MaybeUninit<egret_ws_loop_options>,
    behind: [u64; 600],
}

/// Makes a loop, or tries to make one with wrong options.
pub fn make(case: &Arc<Case>, random: &mut Random, setup: HostSetup) -> Option<Arc<HostLoop>> {
    let host = Arc::new(HostLoop::new(registry::number(), setup));
    registry::add_host(&host);
    let setup = &host.setup;
    let mut buffer = Buffer { options: MaybeUninit::zeroed(), behind: [0; 600] };
    let size = size_of::<egret_ws_loop_options>();
    let options = (&raw mut buffer).cast::<egret_ws_loop_options>();
    case.plain("egret_ws_loop_options_init", || {
        // SAFETY: the buffer is larger than the struct.
        unsafe { egret_ws_loop_options_init(options, size) }
    });
    // SAFETY: the buffer is aligned for the struct, and was filled.
    let options = unsafe { buffer.options.assume_init_mut() };
    options.flags = if setup.is_inline { EGRET_WS_LOOP_INLINE } else { 0 };
    options.flags |= if setup.closes_on_suspend { EGRET_WS_LOOP_CLOSE_ON_SUSPEND } else { 0 };
    options.user = host.id as *mut c_void;
    options.on_log = setup.logs.then_some(callbacks::on_log);
    options.log_level = setup.log_level;
    options.poll_max_callbacks = setup.max_callbacks;
    options.poll_max_us = setup.max_us;
    options.linger_ms = setup.linger_ms;
    let (mut error, mut out) = (0, host.handle.as_ptr());
    // The first loop of a case is made without an error.
    match random.below(if lock(&case.hosts).is_empty() { 1 } else { 12 }) {
        1 => (error, options.flags) = (EGRET_WS_ERR_INVALID_ARGUMENT, 1 << 31),
        2 => (error, options.struct_size) = (EGRET_WS_ERR_BAD_STRUCT, 7),
        3 => (error, options.struct_size) = (EGRET_WS_ERR_BAD_STRUCT, 4097),
        4 => (error, options.log_level) = (EGRET_WS_ERR_INVALID_ARGUMENT, 5),
        5 => (error, out) = (EGRET_WS_ERR_INVALID_ARGUMENT, ptr::null_mut()),
        6 => {
            // This is a field that this library does not know.
            options.struct_size += 8;
            buffer.behind[0] = 1;
            error = EGRET_WS_ERR_BAD_STRUCT;
        }
        7 => options.struct_size += 8,
        _ => {}
    }
    let words = format!("{setup:?}, expecting {error}");
    let result = case
        .call("egret_ws_loop_new", host.id, &words, || {
            // SAFETY: the options are complete, and `out` is NULL or lives as long as the model of the loop.
            unsafe { egret_ws_loop_new((&raw const buffer).cast(), out) }.into()
        })
        .0;
    promise!(result == i64::from(error), "egret_ws_loop_new({words}) returned {result}");
    if error != 0 {
        promise!(host.handle().is_null(), "egret_ws_loop_new failed and wrote its out-parameter");
        return None;
    }
    promise!(!host.handle().is_null(), "egret_ws_loop_new returned no handle");
    lock(&case.hosts).push(Arc::clone(&host));
    Some(host)
}

/// Records that a poll or a free runs, to detect calls that overlap.
struct Turn<'a> {
    turns: &'a AtomicU64,
    others: u64,
    number: u64,
}

impl<'a> Turn<'a> {
    fn begin(host: &'a HostLoop) -> Turn<'a> {
        let before = host.turns.fetch_add(1 << 32 | 1, SeqCst);
        Turn { turns: &host.turns, others: before & 0xFFFF_FFFF, number: (before >> 32) + 1 }
    }

    /// Ends it. Returns true if another one ran meanwhile.
    fn end(self) -> bool {
        let after = self.turns.fetch_sub(1, SeqCst);
        self.others > 0 || after >> 32 != self.number
    }
}

pub fn poll(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let time = random.pick(&[0, 0, 0, 1, 2, 5, 10, 20]);
    poll_aimed(case, &aim, time);
    // The wait has no limit only if a wake-up is certain.
    if case.threads == 1 && random.one_in(40) && !call_stack::in_callback() && !aim.must_fail() {
        call(case, "egret_ws_loop_wake", &aim, "", &[], |handle| egret_ws_loop_wake(handle));
        poll_aimed(case, &aim, -1);
    }
}

/// Polls a loop that is known.
pub fn poll_host(case: &Arc<Case>, host: &Arc<HostLoop>, time: i32) -> Option<i32> {
    poll_aimed(case, &Aim { handle: host.handle(), host: Some(Arc::clone(host)) }, time)
}

fn poll_aimed(case: &Arc<Case>, aim: &Aim, time: i32) -> Option<i32> {
    const NAME: &str = "egret_ws_loop_poll";
    let Some(host) = aim.host.as_deref() else {
        return call(case, NAME, aim, "", &[], |handle| egret_ws_loop_poll(handle, time));
    };
    let (must_fail, turn) = (aim.must_fail(), Turn::begin(host));
    host.forget_wakes();
    let words = format!("{:?}, {time}", aim.handle);
    let (result, frame) = case.call(NAME, host.id, &words, || egret_ws_loop_poll(aim.handle, time).into());
    let overlapped = turn.end();
    let result = result as i32;
    match result {
        EGRET_WS_ERR_BAD_HANDLE => {
            promise!(aim.may_fail(), "a poll returned BAD_HANDLE for a loop that is not freed");
            return None;
        }
        EGRET_WS_ERR_REENTRANT => {
            promise!(call_stack::in_callback(), "a poll outside of callbacks returned REENTRANT");
            return None;
        }
        EGRET_WS_ERR_BUSY => {
            promise!(overlapped, "a poll returned BUSY, but no other thread polled");
            return None;
        }
        _ => promise!(result >= 0, "a poll failed with {result}"),
    }
    promise!(!must_fail, "a poll of a freed loop returned {result}");
    promise!(!call_stack::in_callback_of(host.id), "a poll in a callback of the same loop returned {result}");
    let most = if host.setup.max_callbacks == 0 { 4096 } else { host.setup.max_callbacks };
    promise!(result as u32 <= most, "a poll made {result} callbacks, more than its budget of {most}");
    let (seen, lacks) = (frame.callbacks, host.lacks.load(SeqCst));
    promise!(seen <= result as usize, "a poll returned {result}, but {seen} callbacks came");
    promise!(lacks || seen == result as usize, "a poll returned {result}, but {seen} callbacks came");
    Some(result)
}

pub fn wake(case: &Arc<Case>, random: &mut Random, own: Own) {
    call(case, "egret_ws_loop_wake", &Aim::take(case, random, own), "", &[], |handle| egret_ws_loop_wake(handle));
}

pub fn set_wakeup(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let is_set = !random.one_in(3) || case.is_ending.load(SeqCst);
    set_wakeup_aimed(case, &aim, is_set);
}

/// Sets the wake-up of a loop that is known.
pub fn ring_host(case: &Arc<Case>, host: &Arc<HostLoop>) {
    set_wakeup_aimed(case, &Aim { handle: host.handle(), host: Some(Arc::clone(host)) }, true);
}

fn set_wakeup_aimed(case: &Arc<Case>, aim: &Aim, is_set: bool) {
    let callback: egret_ws_on_wakeup_fn = if is_set { Some(callbacks::on_wakeup) } else { None };
    let errors = [EGRET_WS_ERR_UNSUPPORTED];
    let ring = Arc::new(Ring::default());
    let user = aim.host.as_ref().map_or(0, |host| registry::add_ring(host, &ring));
    let set = || {
        call(case, "egret_ws_loop_set_wakeup", aim, &format!(", {is_set}"), &errors, |handle| {
            let set = || egret_ws_loop_set_wakeup(handle, callback, user as *mut c_void);
            aim.host.as_ref().map_or_else(set, |host| host.ask_for_wake(set))
        })
    };
    let mut result = None;
    match &aim.host {
        Some(host) => host.replace_ring(&ring, || {
            result = set();
            result == Some(EGRET_WS_OK) && !call_stack::in_notice()
        }),
        None => result = set(),
    }
    if let (Some(result), Some(host)) = (result, &aim.host) {
        let expected = if host.setup.is_inline { EGRET_WS_ERR_UNSUPPORTED } else { EGRET_WS_OK };
        promise!(result == expected, "egret_ws_loop_set_wakeup returned {result}");
    }
}

pub fn descriptor(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    // A host may ask for the descriptor before each wait.
    let descriptors: Vec<_> = (0..random.between(1, 6)).filter_map(|_| descriptor_aimed(case, &aim)).collect();
    let are_one = descriptors.windows(2).all(|pair| pair[0] == pair[1]);
    promise!(are_one, "a loop has the descriptors {descriptors:?}");
}

fn descriptor_aimed(case: &Case, aim: &Aim) -> Option<i32> {
    call(case, "egret_ws_loop_descriptor", aim, "", &[], |handle| egret_ws_loop_descriptor(handle))
}

/// Returns the descriptor of the loop `host`.
pub fn descriptor_of(case: &Case, host: &Arc<HostLoop>) -> Option<i32> {
    descriptor_aimed(case, &Aim { handle: host.handle(), host: Some(Arc::clone(host)) })
}

pub fn next_poll_ms(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    let time = call(case, "egret_ws_loop_next_poll_ms", &aim, "", &[], |handle| egret_ws_loop_next_poll_ms(handle));
    if let (Some(time), Some(host)) = (time, &aim.host) {
        let fits = host.setup.is_inline || [0, i32::MAX].contains(&time);
        promise!(fits, "a loop with a thread asks for a poll in {time} ms");
    }
}

pub fn suspend(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    if case.is_ending.load(SeqCst) {
        return;
    }
    if let Some(host) = &aim.host {
        host.suspends.fetch_add(1, SeqCst);
    }
    call(case, "egret_ws_loop_suspend", &aim, "", &[], |handle| egret_ws_loop_suspend(handle));
}

pub fn resume(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    aim.revive();
    call(case, "egret_ws_loop_resume", &aim, "", &[], |handle| egret_ws_loop_resume(handle));
}

/// Resumes a loop that is known.
pub fn resume_host(case: &Arc<Case>, host: &Arc<HostLoop>) {
    let aim = Aim { handle: host.handle(), host: Some(Arc::clone(host)) };
    aim.revive();
    call(case, "egret_ws_loop_resume", &aim, "", &[], |handle| egret_ws_loop_resume(handle));
}

pub fn network_changed(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    aim.revive();
    call(case, "egret_ws_loop_network_changed", &aim, "", &[], |handle| egret_ws_loop_network_changed(handle));
}

pub fn free(case: &Arc<Case>, random: &mut Random, own: Own) {
    let aim = Aim::take(case, random, own);
    // A handle that works is used rarely, because the call ends many sockets.
    if aim.must_fail() || call_stack::in_callback() || random.one_in(12) {
        free_aimed(case, &aim);
    }
}

/// Frees a loop that is known. Returns false if another thread polls it.
pub fn free_host(case: &Arc<Case>, host: &Arc<HostLoop>) -> bool {
    free_aimed(case, &Aim { handle: host.handle(), host: Some(Arc::clone(host)) })
}

fn free_aimed(case: &Arc<Case>, aim: &Aim) -> bool {
    const NAME: &str = "egret_ws_loop_free";
    let Some(host) = aim.host.as_deref() else {
        // SAFETY: NULL is allowed.
        let free = |handle| unsafe { egret_ws_loop_free(handle, ptr::null_mut()) };
        return call(case, NAME, aim, "", &[], free).is_some();
    };
    let (must_fail, turn) = (aim.must_fail(), Turn::begin(host));
    host.freeing.fetch_add(1, SeqCst);
    let words = format!("{:?}", aim.handle);
    // SAFETY: a struct of numbers may be all zeros.
    let mut lost: egret_ws_free_report = unsafe { std::mem::zeroed() };
    lost.struct_size = size_of::<egret_ws_free_report>() as u32;
    // SAFETY: `lost` is writable for its size.
    let free = || unsafe { egret_ws_loop_free(aim.handle, &mut lost) }.into();
    let result = case.call(NAME, host.id, &words, free).0 as i32;
    let before = if result == EGRET_WS_OK { host.free_done.swap(trace::now(), SeqCst) } else { 0 };
    let may_fail = aim.host.as_ref().is_some_and(|host| host.is_gone() || host.freeing.load(SeqCst) > 1);
    host.freeing.fetch_sub(1, SeqCst);
    let overlapped = turn.end();
    match result {
        EGRET_WS_OK => {
            promise!(!must_fail && before == 0, "a loop was freed twice");
            promise!(!call_stack::in_callback_of(host.id), "a loop was freed in one of its callbacks");
            check_lost(case, host, &lost);
        }
        EGRET_WS_ERR_BAD_HANDLE => promise!(may_fail, "a free returned BAD_HANDLE for a loop that is not freed"),
        EGRET_WS_ERR_REENTRANT => promise!(call_stack::in_callback(), "a free outside of callbacks returned REENTRANT"),
        EGRET_WS_ERR_BUSY => promise!(overlapped, "a free returned BUSY, but no other thread polled"),
        _ => promise!(false, "a free failed with {result}"),
    }
    result == EGRET_WS_OK || result == EGRET_WS_ERR_BAD_HANDLE
}

/// Checks the losses of a loop: each accepted message of its sockets was sent, is in a report, or is counted here.
fn check_lost(case: &Case, host: &HostLoop, lost: &egret_ws_free_report) {
    let egret_ws_free_report { sockets, unsent_messages, unsent_bytes, .. } = *lost;
    promise!((sockets == 0) == (unsent_messages == 0), "{sockets} sockets have lost {unsent_messages} messages");
    promise!(u64::from(sockets) <= unsent_messages, "{sockets} sockets have lost {unsent_messages} messages");
    promise!(unsent_messages > 0 || unsent_bytes == 0, "{unsent_bytes} bytes were lost, but no message");
    // The model knows a message of another thread only when the call has returned, and a report only with the callback.
    if case.threads > 1 {
        return;
    }
    let (mut most, mut most_bytes) = (0, 0);
    for socket in case.made().iter().filter(|socket| socket.host.id == host.id) {
        let life = lock(&socket.life);
        let (reported, reported_bytes) =
            life.closed.as_ref().map_or((0, 0), |report| (u64::from(report.unsent_messages), report.unsent_bytes));
        most += life.count_accepted() - life.dropped - reported;
        most_bytes += life.bytes_accepted() - life.dropped_bytes - reported_bytes;
        let (sent, sent_bytes) = life.sent_at_close.unwrap_or_default();
        (most, most_bytes) = (most - sent, most_bytes - sent_bytes);
    }
    promise!(
        unsent_messages <= most && unsent_bytes <= most_bytes,
        "{unsent_messages} messages of {unsent_bytes} bytes were lost, but only {most} of {most_bytes} were left"
    );
}

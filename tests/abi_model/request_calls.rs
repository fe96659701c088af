//! Calls that change a request: in `on_request`, where they work, and elsewhere, where they must not; and the rule of retries.

use crate::case::Case;
use crate::random::Random;
use crate::socket_model::Socket;
use crate::trace::promise;
use ::egret_ws::*;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

type Own<'a> = Option<&'a Arc<Socket>>;

/// The last request of any thread, valid or not.
static LAST: AtomicUsize = AtomicUsize::new(0);

thread_local!(static LENT: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) });

/// Runs `work`, in which this request is valid on this thread.
pub fn with_request<T>(request: *mut egret_ws_request, work: impl FnOnce() -> T) -> T {
    promise!(!request.is_null(), "the request is NULL");
    promise!(!LENT.with_borrow(|lent| lent.contains(&request.addr())), "two requests are equal");
    LAST.store(request.addr(), SeqCst);
    LENT.with_borrow_mut(|lent| lent.push(request.addr()));
    let result = work();
    LENT.with_borrow_mut(Vec::pop);
    result
}

/// A request, and whether it is valid on this thread.
fn pick(random: &mut Random, own: Own) -> (*mut egret_ws_request, bool) {
    let (roll, other) = (random.below(10), random.next() as usize);
    let lent = LENT.with_borrow(|lent| lent.clone());
    let number = match (roll, lent.as_slice()) {
        (0, _) => 0,
        (1, _) => other,
        (2, _) => own.map_or(1, |socket| socket.handle().addr()),
        (_, [.., last]) => *last,
        (_, []) => LAST.load(SeqCst),
    };
    (ptr::without_provenance_mut(number), lent.contains(&number))
}

/// Makes the call. `expected` are the errors that it may return if the request is valid. Empty: it must succeed.
fn change(
    case: &Case,
    random: &mut Random,
    own: Own,
    name: &'static str,
    words: &str,
    expected: &[i32],
    call: impl FnOnce(*mut egret_ws_request) -> i32,
) {
    let (request, is_valid) = pick(random, own);
    let words = format!("{request:?}, {words}");
    let (result, _) = case.call(name, 0, &words, || call(request).into());
    let result = result as i32;
    match is_valid {
        false => promise!(result == EGRET_WS_ERR_BAD_HANDLE, "{name}({words}) returned {result} without a request"),
        true if expected.is_empty() => promise!(result == EGRET_WS_OK, "{name}({words}) failed with {result}"),
        true => promise!(expected.contains(&result), "{name}({words}) returned {result}, expected was {expected:?}"),
    }
}

fn text(bytes: Option<&[u8]>) -> Option<CString> {
    bytes.map(|bytes| CString::new(bytes).expect("no NUL in it"))
}

fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

const BAD_URL: &[i32] = &[EGRET_WS_ERR_INVALID_URL];
const BAD_ARGUMENT: &[i32] = &[EGRET_WS_ERR_INVALID_ARGUMENT];

pub fn set_url(case: &Arc<Case>, random: &mut Random, own: Own) {
    const WRONG: [(Option<&[u8]>, &[i32]); 5] = [
        (None, BAD_ARGUMENT),
        (Some(b""), BAD_URL),
        (Some(b"http://a/"), BAD_URL),
        (Some(b"ws://a/#b"), BAD_URL),
        (Some(b"ws://\xff"), BAD_URL),
    ];
    let place = case.place(random);
    // The server knows the socket by the path. The path is changed only in the request of the socket itself.
    let id = own.map_or(0, |socket| socket.id);
    let scheme = if place.is_secure && own.is_some_and(|own| own.setup.is_secure) { "wss" } else { "ws" };
    let right = format!("{scheme}://{}:{}/s/{id}?changed", place.host, place.port);
    let (url, expected) = if random.one_in(3) { random.pick(&WRONG) } else { (Some(right.as_bytes()), &[][..]) };
    let words = format!("{:?}", url.map(String::from_utf8_lossy));
    let url = text(url);
    change(case, random, own, "egret_ws_request_set_url", &words, expected, |request| {
        // SAFETY: the URL is NULL or ends in a NUL.
        unsafe { egret_ws_request_set_url(request, pointer(&url)) }
    });
}

pub fn set_header(case: &Arc<Case>, random: &mut Random, own: Own) {
    type Row = (Option<&'static [u8]>, Option<&'static [u8]>, &'static [i32]);
    const LONG: &[u8] = &[b'a'; 9000];
    const ROWS: [Row; 12] = [
        (Some(b"X-Changed"), Some(b"1"), &[]),
        (Some(b"X-Changed"), Some(b""), &[]),
        (Some(b"x-changed"), None, &[]),
        (Some(b"X-More"), None, &[]),
        (Some(b"X-More"), Some(b"changed"), &[]),
        // The socket may have a user name.
        (Some(b"X-Other"), Some(b"\xc3\xbc"), &[]),
        (None, Some(b"1"), BAD_ARGUMENT),
        (None, None, BAD_ARGUMENT),
        (Some(b"Host"), Some(b"1"), BAD_ARGUMENT),
        (Some(b"X A"), None, BAD_ARGUMENT),
        (Some(b"X-A"), Some(b"a\nb"), BAD_ARGUMENT),
        (Some(b"X-A"), Some(LONG), BAD_ARGUMENT),
    ];
    let (name, value, expected) = random.pick(&ROWS);
    let words = format!("{:?}, {:?}", name.map(String::from_utf8_lossy), value.map(<[u8]>::len));
    let (name, value) = (text(name), text(value));
    change(case, random, own, "egret_ws_request_set_header", &words, expected, |request| {
        // SAFETY: both are NULL or end in a NUL.
        unsafe { egret_ws_request_set_header(request, pointer(&name), pointer(&value)) }
    });
}

pub fn set_subprotocols(case: &Arc<Case>, random: &mut Random, own: Own) {
    const ROWS: [(Option<&[u8]>, &[i32]); 5] = [
        (Some(b""), BAD_ARGUMENT),
        (Some(b"a,a"), BAD_ARGUMENT),
        (Some(b"a b"), BAD_ARGUMENT),
        (Some(b"\xff"), BAD_ARGUMENT),
        (Some(b"a,,b"), BAD_ARGUMENT),
    ];
    // This is the list that the socket already has, because the server must choose from it.
    let own_list = own.and_then(|socket| socket.setup.subprotocols).map(str::as_bytes);
    let (list, expected) = if random.one_in(3) { random.pick(&ROWS) } else { (own_list, &[][..]) };
    let words = format!("{:?}", list.map(String::from_utf8_lossy));
    let list = text(list);
    change(case, random, own, "egret_ws_request_set_subprotocols", &words, expected, |request| {
        // SAFETY: the list is NULL or ends in a NUL.
        unsafe { egret_ws_request_set_subprotocols(request, pointer(&list)) }
    });
}

pub fn set_addresses(case: &Arc<Case>, random: &mut Random, own: Own) {
    const ROWS: [(Option<&[u8]>, &[i32]); 5] = [
        (Some(b""), BAD_ARGUMENT),
        (Some(b"a.example"), BAD_ARGUMENT),
        (Some(b"127.0.0.1,"), BAD_ARGUMENT),
        (Some(b"127.0.0.1:0"), BAD_ARGUMENT),
        (Some(b"\xff"), BAD_ARGUMENT),
    ];
    // With addresses, the socket would not reach its place, so the correct call removes them.
    let (list, expected) = if random.one_in(3) { random.pick(&ROWS) } else { (None, &[][..]) };
    let words = format!("{:?}", list.map(String::from_utf8_lossy));
    let list = text(list);
    change(case, random, own, "egret_ws_request_set_addresses", &words, expected, |request| {
        // SAFETY: the list is NULL or ends in a NUL.
        unsafe { egret_ws_request_set_addresses(request, pointer(&list)) }
    });
}

/// The rule in the table of the header.
fn may_be_retried(info: &egret_ws_close_info) -> bool {
    let by_error = match info.error {
        EGRET_WS_OK => info.initiator != EGRET_WS_INITIATOR_LOCAL,
        EGRET_WS_ERR_RESOLVE | EGRET_WS_ERR_CONNECT | EGRET_WS_ERR_PROXY | EGRET_WS_ERR_HANDSHAKE => true,
        EGRET_WS_ERR_HTTP_STATUS | EGRET_WS_ERR_REDIRECT | EGRET_WS_ERR_TIMEOUT | EGRET_WS_ERR_CONNECTION_LOST => true,
        EGRET_WS_ERR_TLS | EGRET_WS_ERR_TLS_EXPIRED | EGRET_WS_ERR_NO_RESOURCES => true,
        _ => false,
    };
    let closing = [EGRET_WS_PHASE_FLUSH, EGRET_WS_PHASE_CLOSING].contains(&info.phase);
    let is_own =
        closing && info.error != EGRET_WS_OK && (info.initiator == EGRET_WS_INITIATOR_LOCAL || info.code == 1006);
    let is_final = |code| [1002, 1007, 1008, 1009].contains(&code);
    by_error
        && !is_own
        && !is_final(info.code)
        && !is_final(info.sent_code)
        && ![401, 403, 404, 407, 410].contains(&info.http_status)
}

pub fn is_retryable(case: &Arc<Case>, random: &mut Random, _: Own) {
    const NAME: &str = "egret_ws_is_retryable";
    // SAFETY: a struct of numbers and pointers may be all zeros.
    let mut info: egret_ws_close_info = unsafe { std::mem::zeroed() };
    info.struct_size = size_of::<egret_ws_close_info>() as u32;
    let any = -(random.below(70) as i32);
    info.error = random.pick(&[0, 0, any, any, 1, i32::MIN]);
    info.phase = random.below(10) as i32;
    info.initiator = random.below(5) as i32;
    info.http_status = random.pick(&[0, 101, 301, 401, 403, 404, 407, 410, 503, -1, 65536 + 401]);
    info.code = random.pick(&[0, 1000, 1002, 1006, 1007, 1008, 1009, 4999]);
    info.sent_code = random.pick(&[0, 0, 1000, 1002, 1008]);
    let words = format!("{}, {}, {}, {}", info.error, info.initiator, info.http_status, info.code);
    let (expected, given) = match random.below(10) {
        0 => (EGRET_WS_ERR_INVALID_ARGUMENT, ptr::null()),
        1 => {
            info.struct_size = random.pick(&[0, 4, 8, info.struct_size - 8, 4097, u32::MAX]);
            (EGRET_WS_ERR_BAD_STRUCT, &raw const info)
        }
        _ => (i32::from(may_be_retried(&info)), &raw const info),
    };
    // SAFETY: it is NULL, or a struct that is at least as large as its size, or a struct whose size is refused before more is
    // read.
    let (result, _) = case.call(NAME, 0, &words, || unsafe { egret_ws_is_retryable(given) }.into());
    promise!(result == i64::from(expected), "{NAME}({words}) returned {result}, expected was {expected}");
}

/// Returns the answer of `on_request`. While the sockets of the case need not end, it may be any answer.
pub fn answer(random: &mut Random, is_ending: bool) -> i32 {
    match random.below(20) {
        0 if !is_ending => EGRET_WS_REQUEST_WAIT,
        1 => EGRET_WS_REQUEST_STOP,
        2 => random.pick(&[4, -1, i32::MAX, i32::MIN]),
        3..8 => EGRET_WS_REQUEST_CONNECT,
        _ => EGRET_WS_REQUEST_CONTINUE,
    }
}

//! The two connect calls.

use crate::case::{Case, MOST_SOCKETS, Place, SLOTS};
use crate::loop_model::HostLoop;
use crate::options::Draft;
use crate::random::Random;
use crate::registry;
use crate::socket_model::Socket;
use crate::trace::{lock, promise};
use ::egret_ws::*;
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

type Own<'a> = Option<&'a Arc<Socket>>;

/// Hosts and URLs that cannot be used.
const BAD_HOSTS: [&[u8]; 6] = [b"", b"a b", b"http://a", b"[::1", b"a/b", b"\xff"];
const BAD_URLS: [&[u8]; 9] = [
    b"",
    b"127.0.0.1",
    b"http://127.0.0.1/",
    b"ws://",
    b"ws://a/#b",
    b"ws://a:99999/",
    b"ws://[::1",
    b"ws://\xff/",
    b"ws:",
];
const BAD_URL: &[i32] = &[EGRET_WS_ERR_INVALID_URL];
const BAD_ARGUMENT: &[i32] = &[EGRET_WS_ERR_INVALID_ARGUMENT];

pub fn by_host(case: &Arc<Case>, random: &mut Random, own: Own) {
    connect(case, random, own, "egret_ws_connect_host", |place, random, _| {
        let (text, errors) = match random.below(12) {
            0 => (Some(random.pick(&BAD_HOSTS).to_vec()), BAD_URL),
            1 => (None, BAD_ARGUMENT),
            _ => (Some(place.host.into()), &[][..]),
        };
        // 0 is not a valid port.
        let is_portless = errors.is_empty() && random.one_in(15);
        let port = if is_portless { 0 } else { place.port };
        let errors = if is_portless { &[EGRET_WS_ERR_INVALID_ARGUMENT, EGRET_WS_ERR_INVALID_URL] } else { errors };
        let words = format!("{:?}, {port}", text.as_deref().map(String::from_utf8_lossy));
        let call = move |host: *mut egret_ws_loop, text: *const c_char, options, out| {
            // SAFETY: the text is NULL or ends in a NUL, the options are complete, and `out` is NULL or writable.
            unsafe { egret_ws_connect_host(host, text, port, options, out) }
        };
        (text, errors, words, call)
    });
}

pub fn by_url(case: &Arc<Case>, random: &mut Random, own: Own) {
    connect(case, random, own, "egret_ws_connect", |place, random, id| {
        let (text, errors) = match random.below(12) {
            0 => (Some(random.pick(&BAD_URLS).to_vec()), BAD_URL),
            1 => (None, BAD_ARGUMENT),
            _ => {
                let scheme = if place.is_secure { "wss" } else { "ws" };
                let login = random.pick(&["", "", "user:pass@"]);
                let query = random.pick(&["", "?a=b"]);
                let url = format!("{scheme}://{login}{}:{}/s/{id}{query}", place.host, place.port);
                (Some(url.into_bytes()), &[][..])
            }
        };
        let words = format!("{:?}", text.as_deref().map(String::from_utf8_lossy));
        let call = |host: *mut egret_ws_loop, text: *const c_char, options, out| {
            // SAFETY: as above.
            unsafe { egret_ws_connect(host, text, options, out) }
        };
        (text, errors, words, call)
    });
}

/// The text of a URL or host, the errors that it must cause, its description for reports, and the call.
type Aimed<C> = (Option<Vec<u8>>, &'static [i32], String, C);

fn connect<C>(
    case: &Arc<Case>,
    random: &mut Random,
    own: Own,
    name: &'static str,
    aim: impl FnOnce(&Place, &mut Random, usize) -> Aimed<C>,
) where
    C: FnOnce(*mut egret_ws_loop, *const c_char, *const egret_ws_options, *mut *mut egret_ws) -> i32,
{
    let mut place = case.place(random);
    // A call with a host name never uses wss.
    place.is_secure &= name == "egret_ws_connect";
    let Some(host) = pick_host(case, random, own) else { return };
    let (id, slot) = (registry::number(), random.below(SLOTS));
    let (text, place_errors, words, call) = aim(&place, random, id);
    let draft = Draft::draw(case, random, id, &place);
    let Some(socket) = add(case, &host, id, &draft) else { return };

    let text = text.map(|text| CString::new(text).expect("no NUL in it"));
    let (is_outless, is_bare) = (random.one_in(30), !case.is_complete && random.one_in(30));
    // A socket without options has no callbacks, so the model does not know it.
    let options = if is_bare { ptr::null() } else { draft.pointer() };
    if is_bare {
        host.lacks.store(true, SeqCst);
    }
    let mut bare = ptr::null_mut();
    let out = match (is_outless, is_bare) {
        (true, _) => ptr::null_mut(),
        (false, true) => &raw mut bare,
        (false, false) => socket.handle.as_ptr(),
    };
    let mut errors = [draft.errors.as_slice(), place_errors].concat();
    if is_bare {
        errors = place_errors.to_vec();
    }
    if is_outless {
        errors.push(EGRET_WS_ERR_INVALID_ARGUMENT);
    }
    // One handle in thirty is invalid.
    let is_forged = random.one_in(30);
    let handle = if is_forged { random.next() as *mut _ } else { host.handle() };
    let must_be_bad = is_forged || host.is_gone();
    let words = format!("{handle:?}, {words}, socket {}, {}", socket.index, draft.describe(is_bare, is_outless));
    let (result, _) = case.call(name, host.id, &words, || {
        call(handle, text.as_ref().map_or(ptr::null(), |text| text.as_ptr()), options, out).into()
    });
    let result = result as i32;
    let handles = [socket.handle(), bare];
    match result {
        EGRET_WS_OK => {
            promise!(errors.is_empty() && !must_be_bad, "{name}({words}) succeeded, and must fail with {errors:?}");
            promise!(handles.iter().any(|handle| !handle.is_null()), "{name}({words}) wrote no handle");
        }
        EGRET_WS_ERR_BAD_HANDLE => {
            promise!(is_forged || host.may_be_gone(), "{name}({words}) returned BAD_HANDLE for a live loop");
        }
        _ => promise!(errors.contains(&result), "{name}({words}) failed with {result}, expected: {errors:?}"),
    }
    if result != EGRET_WS_OK {
        promise!(handles.iter().all(|handle| handle.is_null()), "{name}({words}) failed and wrote its out-parameter");
    }
    if is_bare && result == EGRET_WS_OK {
        // The socket is freed at once, or by its loop.
        if random.one_in(2) {
            let freed = case.plain("egret_ws_free", || egret_ws_free(bare));
            promise!(freed == EGRET_WS_OK || host.may_be_gone(), "egret_ws_free failed with {freed}");
        }
        socket.outcome.store(EGRET_WS_ERR_INVALID_ARGUMENT, SeqCst);
        return;
    }
    socket.outcome.store(result, SeqCst);
    if result == EGRET_WS_OK {
        *lock(&case.slots[slot]) = Some(socket);
    } else {
        let life = lock(&socket.life);
        promise!(life.callbacks == 0, "a connect call failed, and {} callbacks came", life.callbacks);
    }
}

fn pick_host(case: &Case, random: &mut Random, own: Own) -> Option<Arc<HostLoop>> {
    match own {
        Some(socket) if random.one_in(2) => Some(Arc::clone(&socket.host)),
        _ => case.host(random),
    }
}

/// Makes the model of a socket before the socket, because callbacks may come before the call returns.
fn add(case: &Case, host: &Arc<HostLoop>, id: usize, draft: &Draft) -> Option<Arc<Socket>> {
    let mut sockets = lock(&case.sockets);
    if sockets.len() >= MOST_SOCKETS {
        return None;
    }
    let socket = Arc::new(Socket::new(id, sockets.len() as u64, Arc::clone(host), draft.setup.clone()));
    sockets.push(Arc::clone(&socket));
    registry::add_socket(&socket);
    case.targets.add(id, socket.index, draft.setup.cap);
    if !draft.setup.has_all_callbacks() {
        host.lacks.store(true, SeqCst);
    }
    Some(socket)
}

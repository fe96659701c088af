//! Calls that need neither a loop nor a socket.

use crate::case::Case;
use crate::contract;
use crate::random::Random;
use crate::socket_model::Socket;
use crate::trace::{breach, promise};
use ::egret_ws::*;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;

type Own<'a> = Option<&'a Arc<Socket>>;

pub fn error_name(case: &Arc<Case>, random: &mut Random, _: Own) {
    let any = -(random.below(70) as i32);
    let error = random.pick(&[0, 1, i32::MAX, i32::MIN, any, any, any]);
    let mut name = ptr::null();
    case.call("egret_ws_error_name", 0, &error.to_string(), || {
        name = egret_ws_error_name(error);
        0
    });
    promise!(!name.is_null(), "the name of the error {error} is NULL");
    // SAFETY: according to the header, it is a static string.
    let name = unsafe { CStr::from_ptr(name) }.to_str().unwrap_or_default();
    let expected = match contract::ERRORS.get(&error.into()) {
        Some(name) => format!("EGRET_WS_ERR_{name}"),
        None if error == 0 => "EGRET_WS_OK".to_owned(),
        None => "EGRET_WS_ERR_?".to_owned(),
    };
    promise!(name == expected, "the error {error} is called {name:?}");
}

pub fn last_error_message(case: &Arc<Case>, _: &mut Random, _: Own) {
    let mut reason = String::new();
    case.call("egret_ws_last_error_message", 0, "", || {
        reason = contract::reason();
        0
    });
    let noted = contract::noted_reason();
    promise!(reason == noted, "the last refusal of this thread was {noted:?}, not {reason:?}");
}

pub fn version_number(case: &Arc<Case>, _: &mut Random, _: Own) {
    let (number, _) = case.call("egret_ws_version_number", 0, "", || egret_ws_version_number().into());
    promise!(number == i64::from(EGRET_WS_VERSION_NUMBER), "the version is {number}");
}

pub fn version_string(case: &Arc<Case>, _: &mut Random, _: Own) {
    let mut text = ptr::null();
    case.call("egret_ws_version_string", 0, "", || {
        text = egret_ws_version_string();
        0
    });
    // SAFETY: according to the header, it is a static string.
    let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default();
    let number = text.split('.').filter_map(|part| part.parse::<u32>().ok()).fold(0, |number, part| number << 8 | part);
    promise!(number == EGRET_WS_VERSION_NUMBER, "the version is {text:?}");
}

pub fn loop_options_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |options: *mut u64, size| {
        // SAFETY: `init_options` passes NULL or a pointer to 8192 bytes.
        unsafe { egret_ws_loop_options_init(options.cast(), size) }
    };
    init_options(case, random, "egret_ws_loop_options_init", size_of::<egret_ws_loop_options>(), init);
}

pub fn options_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |options: *mut u64, size| {
        // SAFETY: as above.
        unsafe { egret_ws_options_init(options.cast(), size) }
    };
    init_options(case, random, "egret_ws_options_init", size_of::<egret_ws_options>(), init);
}

pub fn retry_options_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |options: *mut u64, size| {
        // SAFETY: as above.
        unsafe { egret_ws_retry_options_init(options.cast(), size) }
    };
    init_options(case, random, "egret_ws_retry_options_init", size_of::<egret_ws_retry_options>(), init);
}

pub fn deflate_options_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |options: *mut u64, size| {
        // SAFETY: as above.
        unsafe { egret_ws_deflate_options_init(options.cast(), size) }
    };
    init_options(case, random, "egret_ws_deflate_options_init", size_of::<egret_ws_deflate_options>(), init);
}

pub fn hooks_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |hooks: *mut u64, size| {
        // SAFETY: as above.
        unsafe { egret_ws_hooks_init(hooks.cast(), size) }
    };
    init_options(case, random, "egret_ws_hooks_init", size_of::<egret_ws_hooks>(), init);
}

pub fn tls_provider_init(case: &Arc<Case>, random: &mut Random, _: Own) {
    let init = |provider: *mut u64, size| {
        // SAFETY: as above.
        unsafe { egret_ws_tls_provider_init(provider.cast(), size) }
    };
    init_options(case, random, "egret_ws_tls_provider_init", size_of::<egret_ws_tls_provider>(), init);
}

pub fn resolved(case: &Arc<Case>, random: &mut Random, _: Own) {
    // SAFETY: `answer` passes NULL or a C string.
    answer(case, random, "egret_ws_resolved", |query, text| unsafe { egret_ws_resolved(query, text) });
}

pub fn proxy_found(case: &Arc<Case>, random: &mut Random, _: Own) {
    // SAFETY: as above.
    answer(case, random, "egret_ws_proxy_found", |query, text| unsafe { egret_ws_proxy_found(query, text) });
}

/// The loops of the model have no hooks, so each query is forged. (`tests/hooks` and `tests/c/hooks.c` test real queries.)
fn answer(
    case: &Case,
    random: &mut Random,
    name: &'static str,
    call: impl FnOnce(*mut egret_ws_query, *const c_char) -> i32,
) {
    let other = case.made().first().map_or(0, |socket| socket.handle().addr());
    let any = random.next() as usize;
    let query = random.pick(&[0, 5, other, any]);
    let text = random.pick(&[ptr::null(), c"".as_ptr(), c"127.0.0.1".as_ptr(), c"\xff,".as_ptr()]);
    let words = format!("{query:#x}");
    let (result, _) = case.call(name, 0, &words, || call(ptr::without_provenance_mut(query), text).into());
    promise!(result == EGRET_WS_ERR_BAD_HANDLE.into(), "{name}({words}) returned {result} for a forged query");
}

/// Calls an init function with a struct of any size. Exactly these bytes must be filled.
fn init_options(
    case: &Case,
    random: &mut Random,
    name: &'static str,
    own: usize,
    init: impl Fn(*mut u64, usize) -> i32,
) {
    let sizes = [own, own, own + 8, 4096, 4097, usize::MAX, 0, 4, 7, own - 8];
    let size = random.pick(&sizes);
    let is_null = random.one_in(12);
    let mut buffer = vec![u64::MAX; 1024];
    let given = if is_null { ptr::null_mut() } else { buffer.as_mut_ptr() };
    let (result, _) = case.call(name, 0, &format!("{given:?}, {size}"), || init(given, size).into());
    let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let is_untouched = bytes.iter().all(|byte| *byte == 0xFF);
    match i32::try_from(result) {
        Ok(EGRET_WS_OK) => {
            promise!(!is_null && (8..=4096).contains(&size), "{name} took the size {size}");
            let is_filled = bytes[..4] == (size as u32).to_ne_bytes() && bytes[4..size].iter().all(|byte| *byte == 0);
            promise!(is_filled && bytes[size..].iter().all(|byte| *byte == 0xFF), "{name} did not fill {size} bytes");
        }
        Ok(EGRET_WS_ERR_INVALID_ARGUMENT) => promise!(is_null, "{name} refused the size {size} as an argument"),
        Ok(EGRET_WS_ERR_BAD_STRUCT) => {
            promise!(size < own || size > 4096, "{name} refused the size {size}");
            promise!(is_untouched, "{name} failed and wrote");
        }
        _ => breach!("{name} returned {result}"),
    }
}

pub fn normalize_url(case: &Arc<Case>, random: &mut Random, _: Own) {
    const URLS: [(&[u8], Result<&str, i32>); 10] = [
        (b"ws://a", Ok("ws://a/")),
        (b"HTTPS://A:443/b?c", Ok("wss://a/b?c")),
        (b"http://a:80", Ok("ws://a/")),
        (b"wss://[::1]:9/\xc3\xa4", Ok("wss://[::1]:9/%C3%A4")),
        (b"ws://a/#", Err(EGRET_WS_ERR_INVALID_URL)),
        (b"ws://a/#b", Err(EGRET_WS_ERR_INVALID_URL)),
        (b"ftp://a/", Err(EGRET_WS_ERR_INVALID_URL)),
        (b"/a", Err(EGRET_WS_ERR_INVALID_URL)),
        (b"", Err(EGRET_WS_ERR_INVALID_URL)),
        (b"ws://\xff", Err(EGRET_WS_ERR_INVALID_URL)),
    ];
    const NAME: &str = "egret_ws_normalize_url";
    let (url, expected) = random.pick(&URLS);
    let text = CString::new(url).expect("no NUL in it");
    let given = if random.one_in(12) { ptr::null() } else { text.as_ptr() };
    let (result, out) = read_text(case, random, NAME, 0, &format!("{url:?}"), |out, capacity| {
        // SAFETY: the URL is NULL or ends in a NUL, and `out` has the given capacity.
        unsafe { egret_ws_normalize_url(given, out, capacity) }
    });
    let expected = if given.is_null() { Err(EGRET_WS_ERR_INVALID_ARGUMENT) } else { expected };
    match (out, expected) {
        (Text::Whole(text), Ok(expected)) => promise!(text == expected, "{url:?} was normalised to {text:?}"),
        (Text::Length(length), Ok(expected)) => promise!(length == expected.len(), "{url:?} has the length {length}"),
        (Text::NoRoom, Ok(_)) => {}
        (Text::NoRoom, Err(EGRET_WS_ERR_INVALID_ARGUMENT)) => {}
        (Text::Error(error), Err(expected)) => promise!(error == expected, "{NAME} of {url:?} failed with {error}"),
        // The URL is wrong, and there is no room for the result.
        (Text::NoRoom, Err(_)) => {}
        _ => breach!("{NAME} of {url:?} returned {result}"),
    }
}

/// The result of a call that writes a text.
pub enum Text {
    Whole(String),
    /// Only the length was requested.
    Length(usize),
    /// `INVALID_ARGUMENT`, because there was too little room or none.
    NoRoom,
    Error(i32),
}

/// Calls a function that writes a text, with enough room or too little, and checks the written bytes.
pub fn read_text(
    case: &Case,
    random: &mut Random,
    name: &'static str,
    host: usize,
    words: &str,
    call: impl Fn(*mut c_char, usize) -> i32,
) -> (i64, Text) {
    let capacity = random.pick(&[0, 1, 2, 10, 300, 4000]);
    let is_null = random.one_in(if capacity == 0 { 2 } else { 15 });
    let mut buffer = vec![0xEE_u8; capacity + 16];
    let out = if is_null { ptr::null_mut() } else { buffer.as_mut_ptr().cast() };
    let words = format!("{words}, {}, {capacity}", if is_null { "NULL" } else { "out" });
    let (result, _) = case.call(name, host, &words, || call(out, capacity).into());
    let end = match usize::try_from(result) {
        Ok(_) if capacity == 0 => 0,
        Ok(length) => {
            promise!(!is_null && length < capacity, "{name}({words}) returned {result}");
            let text = &buffer[..length];
            promise!(buffer[length] == 0 && !text.contains(&0), "{name}({words}) did not end its text with a NUL");
            promise!(str::from_utf8(text).is_ok(), "{name}({words}) wrote bytes that are not UTF-8");
            length + 1
        }
        Err(_) => 0,
    };
    let rest_is_untouched = buffer[end..].iter().all(|byte| *byte == 0xEE);
    promise!(rest_is_untouched, "{name}({words}) returned {result} and wrote more than it may");
    let text = match usize::try_from(result) {
        Ok(length) if capacity == 0 => Text::Length(length),
        Ok(length) => Text::Whole(String::from_utf8_lossy(&buffer[..length]).into_owned()),
        // One byte has room only for the empty text.
        Err(_) if result == i64::from(EGRET_WS_ERR_INVALID_ARGUMENT) && capacity != 0 => Text::NoRoom,
        Err(_) => Text::Error(result as i32),
    };
    (result, text)
}

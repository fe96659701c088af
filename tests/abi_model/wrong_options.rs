//! Options that are wrong in one way, with the errors that the header lists for this.

use crate::options::Draft;
use crate::random::Random;
use ::egret_ws::*;
use std::ptr;

type Mistake = (&'static str, &'static [i32], fn(&mut Draft));

const INVALID: &[i32] = &[EGRET_WS_ERR_INVALID_ARGUMENT];
const STRUCT: &[i32] = &[EGRET_WS_ERR_BAD_STRUCT];
/// Without permessage-deflate all of its options are unsupported, even wrong ones.
const DEFLATE: &[i32] = &[EGRET_WS_ERR_INVALID_ARGUMENT, EGRET_WS_ERR_UNSUPPORTED];

const MISTAKES: &[Mistake] = &[
    ("struct_size 0", STRUCT, |draft| draft.options().struct_size = 0),
    ("struct_size 7", STRUCT, |draft| draft.options().struct_size = 7),
    ("struct_size above 4096", STRUCT, |draft| draft.options().struct_size = 4097),
    ("a byte behind the struct", STRUCT, |draft| {
        draft.options().struct_size += 8;
        *draft.byte_behind() = 1;
    }),
    ("an unknown flag", INVALID, |draft| draft.options().flags |= 1 << 31),
    ("max_message_bytes", INVALID, |draft| draft.options().max_message_bytes = EGRET_WS_MAX_MESSAGE_BYTES + 1),
    ("max_send_buffer_bytes", INVALID, |draft| {
        draft.options().max_send_buffer_bytes = draft.options().max_message_bytes + 13;
    }),
    ("max_redirects", INVALID, |draft| draft.options().max_redirects = 21),
    ("tls_min_version", INVALID, |draft| draft.options().tls_min_version = 770),
    ("deflate.level", DEFLATE, |draft| {
        draft.options().flags &= !EGRET_WS_DISABLE_DEFLATE;
        draft.set_deflate_options(|deflate| deflate.level = 10);
    }),
    ("deflate.client_window_bits", DEFLATE, |draft| {
        draft.options().flags &= !EGRET_WS_DISABLE_DEFLATE;
        draft.set_deflate_options(|deflate| deflate.client_window_bits = 8);
    }),
    ("deflate.server_window_bits", DEFLATE, |draft| {
        draft.options().flags &= !EGRET_WS_DISABLE_DEFLATE;
        draft.set_deflate_options(|deflate| deflate.server_window_bits = 16);
    }),
    ("a retry struct of an unknown size", STRUCT, |draft| {
        draft.retry.struct_size = 3;
        let retry: *const _ = &*draft.retry;
        draft.options().retry = retry;
    }),
    ("retry.first_wait_ms below the shortest wait", INVALID, |draft| {
        (draft.retry.min_wait_ms, draft.retry.first_wait_ms) = (20, 19);
        let retry: *const _ = &*draft.retry;
        draft.options().retry = retry;
    }),
    ("a flag of a loop", INVALID, |draft| draft.options().flags |= EGRET_WS_LOOP_INLINE),
    ("a negative time-out", INVALID, |draft| draft.options().connect_timeout_ms = -5i32 as u32),
    ("a number that cannot be unlimited", INVALID, |draft| {
        draft.options().max_receive_queue_bytes = EGRET_WS_UNLIMITED;
    }),
    ("a time-out that cannot be at once", INVALID, |draft| draft.options().connect_timeout_ms = EGRET_WS_AT_ONCE),
    ("header_count without headers", INVALID, |draft| draft.options().headers = ptr::null()),
    ("a header's name is no token", INVALID, |draft| draft.header("X A", b"b")),
    ("a header's value has a line break", INVALID, |draft| draft.header("X-A", b"b\r\nX-B: c")),
    ("a header's value is not UTF-8", INVALID, |draft| draft.header("X-A", b"\xff")),
    ("a header of the library's", INVALID, |draft| draft.header("Sec-WebSocket-Key", b"x")),
    ("headers above 8192 bytes", INVALID, |draft| draft.header("X-A", &[b'x'; 8192])),
    ("subprotocols is no list", INVALID, |draft| draft.options().subprotocols = draft.text("a b")),
    ("subprotocols with an empty one", INVALID, |draft| draft.options().subprotocols = draft.text("a,,b")),
    ("origin has a line break", INVALID, |draft| draft.options().origin = draft.text("a\nb")),
    ("user_agent is not UTF-8", INVALID, |draft| draft.options().user_agent = draft.text(*b"\xff")),
    ("a password without a user name", INVALID, |draft| {
        draft.options().username = ptr::null();
        draft.options().password = draft.text("x");
    }),
    ("tls_roots_len without tls_roots", INVALID, |draft| {
        draft.options().tls_roots = ptr::null();
        draft.options().tls_roots_len = 1;
    }),
    ("ONLY_THESE_ROOTS without any", INVALID, |draft| {
        draft.options().flags |= EGRET_WS_ONLY_THESE_ROOTS;
        draft.options().tls_roots = ptr::null();
        draft.options().tls_roots_len = 0;
    }),
    ("tls_identity_len without tls_identity", INVALID, |draft| draft.options().tls_identity_len = 1),
    ("tls_pins is no list of pins", INVALID, |draft| draft.options().tls_pins = draft.text("sha256/short")),
    ("tls_server_name is no name", INVALID, |draft| draft.options().tls_server_name = draft.text("a b")),
    (
        "proxy is no URL",
        &[EGRET_WS_ERR_INVALID_ARGUMENT, EGRET_WS_ERR_INVALID_URL, EGRET_WS_ERR_UNSUPPORTED],
        |draft| {
            draft.options().proxy = draft.text("::::");
        },
    ),
    ("tls_roots without tls_roots_len", INVALID, |draft| {
        draft.options().tls_roots = draft.text("-----BEGIN CERTIFICATE-----");
        draft.options().tls_roots_len = 0;
    }),
];

/// Makes one option wrong.
pub fn make(draft: &mut Draft, random: &mut Random) {
    let (words, errors, make) = &MISTAKES[random.below(MISTAKES.len())];
    make(draft);
    draft.words.push_str(words);
    draft.errors = errors.to_vec();
}

//! Calls that read the response of the server and the statistics of a socket.

use crate::case::Case;
use crate::random::Random;
use crate::socket_calls::{Aim, Own, call, check};
use crate::text_calls::{Text, read_text};
use crate::trace::{lock, promise};
use ::egret_ws::*;
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

/// Reads a text of a socket.
fn read(
    case: &Case,
    random: &mut Random,
    own: Own,
    name: &'static str,
    errors: &[i32],
    call: impl Fn(*mut egret_ws, *mut c_char, usize) -> i32,
) -> Option<(Aim, Text)> {
    let aim = Aim::take(case, random, own);
    let must_fail = aim.must_fail();
    let words = aim.words();
    let (result, text) =
        read_text(case, random, name, aim.id(), &words, |out, capacity| call(aim.handle, out, capacity));
    let errors = [errors, &[EGRET_WS_ERR_INVALID_ARGUMENT]].concat();
    let _ = check(name, &words, &aim, must_fail, result, &errors);
    Some((aim, text))
}

pub fn subprotocol(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_subprotocol", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_subprotocol(ws, out, capacity) }
    });
    if let Some((Aim { socket: Some(socket), .. }, Text::Whole(chosen))) = read {
        let offered = socket.setup.subprotocols.unwrap_or_default();
        let is_offered = offered.split(", ").any(|protocol| protocol == chosen);
        promise!(chosen.is_empty() || is_offered, "the subprotocol {chosen:?} is none of {offered:?}");
    }
}

pub fn remote_address(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_remote_address", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_remote_address(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(address))) = read {
        let is_address = address.is_empty() || address.parse::<std::net::SocketAddr>().is_ok();
        promise!(is_address, "the address {address:?}");
    }
}

pub fn local_address(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_local_address", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_local_address(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(address))) = read {
        let is_address = address.is_empty() || address.parse::<std::net::SocketAddr>().is_ok();
        promise!(is_address, "the local address {address:?}");
    }
}

pub fn tried_addresses(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_tried_addresses", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_tried_addresses(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(tried))) = read {
        let is_attempt = |line: &str| {
            let parts = line.split_once(' ');
            parts.is_some_and(|(address, result)| address.parse::<std::net::SocketAddr>().is_ok() && !result.is_empty())
        };
        let has_lines = tried.is_empty() || tried.ends_with('\n');
        promise!(has_lines && tried.lines().all(is_attempt), "the attempts {tried:?}");
    }
}

pub fn proxy(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_proxy", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_proxy(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(proxy))) = read {
        let is_url = ["http://", "https://", "socks5://"].iter().any(|scheme| proxy.starts_with(scheme));
        promise!(proxy.is_empty() || is_url && !proxy.contains('@'), "the proxy {proxy:?}");
    }
}

pub fn extensions(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_extensions", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_extensions(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(agreed))) = read {
        promise!(agreed.is_empty() || agreed.starts_with("permessage-deflate"), "the extension {agreed:?}");
    }
}

pub fn response_header(case: &Arc<Case>, random: &mut Random, own: Own) {
    let names: [&[u8]; 5] = [b"X-CONNECTION", b"upgrade", b"no-such-header", b"", b"\xff"];
    let name = CString::new(random.pick(&names)).expect("no NUL in it");
    let given = if random.one_in(12) { ptr::null() } else { name.as_ptr() };
    let read = read(case, random, own, "egret_ws_response_header", &[EGRET_WS_ERR_NOT_FOUND], |ws, out, capacity| {
        // SAFETY: the name is NULL or ends in a NUL, and `out` has the given capacity.
        unsafe { egret_ws_response_header(ws, given, out, capacity) }
    });
    if let Some((_, Text::Whole(_) | Text::Length(_))) = read {
        let is_sent = name.as_bytes() == names[0] || name.as_bytes() == names[1];
        promise!(!given.is_null() && is_sent, "the answer has a header {name:?}");
    }
}

pub fn response_headers(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_response_headers", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_response_headers(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(lines))) = read {
        let are_lines = lines.is_empty() || lines.ends_with('\n');
        promise!(are_lines && lines.lines().all(|line| line.contains(": ")), "not lines of headers: {lines:?}");
    }
}

pub fn response_body(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_response_body", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_response_body(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(body))) = read {
        promise!(body.len() <= 131_072, "a body of {} bytes", body.len());
    }
}

pub fn response_cookies(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_response_cookies", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_response_cookies(ws, out, capacity) }
    });
    if let Some((_, Text::Whole(lines))) = read {
        let are_lines = lines.is_empty() || lines.ends_with('\n');
        promise!(are_lines && lines.lines().all(|line| line.starts_with("ws")), "not lines of cookies: {lines:?}");
    }
}

/// The details of TLS are empty without TLS. With `wss` they depend on how far the handshake came.
pub fn tls_cipher(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_tls_cipher", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_tls_cipher(ws, out, capacity) }
    });
    if let Some((Aim { socket: Some(socket), .. }, Text::Whole(cipher))) = read {
        promise!(cipher.is_empty() || socket.setup.is_secure, "the cipher {cipher:?} without TLS");
        promise!(cipher.is_empty() || cipher.starts_with("TLS_"), "the cipher {cipher:?}");
    }
}

pub fn tls_alpn(case: &Arc<Case>, random: &mut Random, own: Own) {
    let read = read(case, random, own, "egret_ws_tls_alpn", &[], |ws, out, capacity| {
        // SAFETY: `out` has the given capacity.
        unsafe { egret_ws_tls_alpn(ws, out, capacity) }
    });
    if let Some((Aim { socket: Some(socket), .. }, Text::Whole(protocol))) = read {
        promise!(protocol.is_empty() || socket.setup.is_secure, "the protocol {protocol:?} without TLS");
        promise!(matches!(&*protocol, "" | "http/1.1"), "the protocol {protocol:?}");
    }
}

pub fn peer_certificate(case: &Arc<Case>, random: &mut Random, own: Own) {
    const NAME: &str = "egret_ws_peer_certificate";
    let aim = Aim::take(case, random, own);
    let index = random.pick(&[0, 0, 1, u32::MAX]);
    let capacity = random.pick(&[0usize, 1, 4096]);
    let is_null = random.one_in(8);
    let mut buffer = vec![0u8; capacity];
    let out = if is_null { ptr::null_mut() } else { buffer.as_mut_ptr() };
    let is_wrong = is_null && capacity > 0;
    let is_secure = aim.socket.as_ref().is_some_and(|socket| socket.setup.is_secure);
    // There may be a certificate that needs more room.
    let errors: &[i32] = match (is_wrong, is_secure && capacity > 0) {
        (true, _) => &[EGRET_WS_ERR_INVALID_ARGUMENT],
        (false, true) => &[EGRET_WS_ERR_NOT_FOUND, EGRET_WS_ERR_INVALID_ARGUMENT],
        (false, false) => &[EGRET_WS_ERR_NOT_FOUND],
    };
    let words = format!(", index {index}, capacity {capacity}");
    let result = call(case, NAME, &aim, &words, errors, |ws| {
        // SAFETY: NULL, or a buffer of this capacity.
        unsafe { egret_ws_peer_certificate(ws, index, out, capacity) }.into()
    });
    let Ok(len) = result else {
        return promise!(buffer.iter().all(|byte| *byte == 0), "{NAME} failed and wrote");
    };
    promise!(is_secure, "{NAME} found a certificate without TLS");
    promise!(!is_wrong && index < 10, "{NAME} found the certificate {index}");
    // The certificate is a SEQUENCE of DER.
    let is_whole = buffer.is_empty() || len as usize <= capacity && buffer[0] == 0x30;
    promise!(len > 0 && is_whole, "{NAME} returned {len}, and wrote {:?}", buffer.first());
}

pub fn stats(case: &Arc<Case>, random: &mut Random, own: Own) {
    const NAME: &str = "egret_ws_stats";
    let aim = Aim::take(case, random, own);
    let own_size = size_of::<egret_ws_statistics>() as u32;
    let size = random.pick(&[own_size, own_size, own_size, 56, 55, 0, own_size + 8, 4096, 4097, u32::MAX]);
    let is_null = random.one_in(15);
    let mut buffer = vec![u64::MAX; 1024];
    let stats = buffer.as_mut_ptr().cast::<egret_ws_statistics>();
    // SAFETY: the buffer is larger than the struct, and aligned for it.
    unsafe { (*stats).struct_size = size };
    let given = if is_null { ptr::null_mut() } else { stats };
    let is_wrong = is_null || !(56..=4096).contains(&size);
    let error = if is_null { EGRET_WS_ERR_INVALID_ARGUMENT } else { EGRET_WS_ERR_BAD_STRUCT };
    let errors: &[i32] = if is_wrong { &[error] } else { &[] };
    let before = aim.socket.as_ref().map(|socket| lock(&socket.life).connects);
    let result = call(case, NAME, &aim, &format!(", size {size}"), errors, |ws| {
        // SAFETY: NULL, or the buffer, which has 8192 bytes.
        unsafe { egret_ws_stats(ws, given) }.into()
    });
    promise!(!is_wrong || result.is_err(), "{NAME} took the size {size}");
    let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let filled = if result.is_ok() { size as usize } else { 4 };
    promise!(bytes[filled..].iter().all(|byte| *byte == 0xFF), "{NAME} wrote more than {filled} bytes");
    let known = size_of::<egret_ws_statistics>().min(filled);
    let is_zero = result.is_err() || bytes[known..filled].iter().all(|byte| *byte == 0);
    promise!(is_zero, "{NAME} left fields that it does not know");
    let (Ok(_), Some(socket), Some(connects)) = (result, &aim.socket, before) else { return };
    if size < own_size {
        return;
    }
    // SAFETY: the library has filled it.
    let stats = unsafe { &*stats };
    promise!(stats.http_status == 0 || (100..=999).contains(&stats.http_status), "http_status {}", stats.http_status);
    promise!(stats.connections as i32 >= connects, "{} connections, {connects} on_connect", stats.connections);
    promise!(stats.retries == 0 || socket.setup.attempts > 0, "{} retries", stats.retries);
    promise!(stats.redirects <= 20, "{} redirects", stats.redirects);
    let tls = [0, EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3];
    promise!(tls.contains(&stats.tls_version), "tls_version {}", stats.tls_version);
    promise!(socket.setup.is_secure || stats.tls_version == 0, "TLS without wss");
    let limit = socket.setup.send_limit as u64;
    promise!(stats.send_queue_bytes <= stats.send_queue_peak_bytes, "the send queue is above its peak");
    promise!(stats.receive_queue_bytes <= stats.receive_queue_peak_bytes, "the receive queue is above its peak");
    // Control frames are never refused, but they are counted.
    promise!(stats.send_queue_bytes <= limit + 65536, "{} bytes wait, {limit} may", stats.send_queue_bytes);
    if case.threads == 1 {
        let accepted = lock(&socket.life).count_accepted();
        promise!(stats.messages_sent <= accepted, "{} messages sent, {accepted} accepted", stats.messages_sent);
    }
}

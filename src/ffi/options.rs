//! Converts the option structs of C to the plain structs of [`crate::config`], which checks the values. Only pointers and the
//! lengths of arrays are checked here, before the memory behind them is read.

use super::hooks::Hooks;
use super::sized;
use super::text::{self, nul_terminated_or_null};
use super::tls_provider::Provider;
use super::types::{egret_ws_header, egret_ws_loop_options, egret_ws_options, egret_ws_retry_options};
use crate::config::{DeflateOptions, Header, LoopOptions, RetryWaits, SocketOptions};
use crate::constants::EGRET_WS_NUL_TERMINATED;
use crate::error::DetailedError;
use crate::input_limits;
use crate::socket::{HostHooks, HostTls, LoopParts};
use std::sync::Arc;

/// The parts of a loop that the application brings.
#[derive(Clone, Default)]
pub(super) struct Host {
    pub(super) hooks: Option<Arc<Hooks>>,
    pub(super) tls: Option<Arc<Provider>>,
}

impl Host {
    /// The loop was made: the user data now belongs to it.
    pub(super) fn keep_users(&self) {
        self.hooks.iter().for_each(|hooks| hooks.keep_user());
        self.tls.iter().for_each(|tls| tls.keep_user());
    }

    /// The parts as a loop takes them.
    pub(super) fn parts(&self) -> LoopParts {
        LoopParts {
            hooks: self.hooks.clone().map(|hooks| hooks as Arc<dyn HostHooks>),
            tls: self.tls.clone().map(|tls| tls as Arc<dyn HostTls>),
        }
    }
}

/// Converts the options of a loop, and copies its hooks and its TLS provider.
///
/// # Safety
/// The `hooks` and the `tls_provider` of `given` are NULL or have as many bytes as their `struct_size` says.
pub(super) unsafe fn of_loop(given: &egret_ws_loop_options) -> Result<(LoopOptions, Host), DetailedError> {
    let egret_ws_loop_options { flags, log_level, poll_max_callbacks, poll_max_us, linger_ms, .. } = *given;
    // SAFETY: the caller's promise, passed on.
    let hooks = unsafe { sized::read(given.hooks) }?;
    let hook_threads = hooks.max_threads;
    // SAFETY: as above.
    let provider = unsafe { sized::read(given.tls_provider) }?;
    let tls = if given.tls_provider.is_null() { None } else { Some(Arc::new(Provider::new(&provider)?)) };
    let tls_provider = tls.as_deref().map(HostTls::capabilities);
    let options =
        LoopOptions { flags, log_level, poll_max_callbacks, poll_max_us, linger_ms, hook_threads, tls_provider };
    Ok((options, Host { hooks: (!given.hooks.is_null()).then(|| Arc::new(Hooks::new(&hooks))), tls }))
}

/// Converts the options of a socket.
///
/// # Safety
/// Every pointer of `given` is NULL, or ends in a NUL, or has as many elements as its length says. Nothing of it is written to as
/// long as the result lives.
pub(super) unsafe fn of_socket<'a>(given: &egret_ws_options) -> Result<SocketOptions<'a>, DetailedError> {
    // SAFETY: the caller's promise, for each text that is passed.
    let text = |text| unsafe { nul_terminated_or_null(text) };
    let &egret_ws_options { tls_roots, tls_roots_len, tls_identity, tls_identity_len, .. } = given;
    // SAFETY: the caller's promise, passed on.
    let tls_roots = unsafe { bytes(tls_roots.cast(), tls_roots_len, "tls_roots", Length::NumberOrNul) }?;
    // SAFETY: as above.
    let tls_identity = unsafe { bytes(tls_identity, tls_identity_len, "tls_identity", Length::Number) }?;
    // SAFETY: as above.
    let headers = unsafe { headers(given.headers, given.header_count as usize) }?;
    // SAFETY: as above.
    let retry = unsafe { sized::read(given.retry) }?;
    // SAFETY: as above.
    let deflate = unsafe { sized::read(given.deflate) }?;
    let egret_ws_retry_options { min_wait_ms, first_wait_ms, max_wait_ms, total_ms, .. } = retry;
    let retry = RetryWaits { min_wait_ms, first_wait_ms, max_wait_ms, total_ms };
    let deflate = DeflateOptions {
        level: deflate.level,
        threshold_bytes: deflate.threshold_bytes,
        client_window_bits: deflate.client_window_bits,
        server_window_bits: deflate.server_window_bits,
        client_no_context_takeover: deflate.client_no_context_takeover,
        server_no_context_takeover: deflate.server_no_context_takeover,
    };
    Ok(SocketOptions {
        flags: given.flags,
        connect_timeout_ms: given.connect_timeout_ms,
        handshake_timeout_ms: given.handshake_timeout_ms,
        flush_timeout_ms: given.flush_timeout_ms,
        close_timeout_ms: given.close_timeout_ms,
        max_message_bytes: given.max_message_bytes,
        max_send_buffer_bytes: given.max_send_buffer_bytes,
        max_receive_queue_bytes: given.max_receive_queue_bytes,
        subprotocols: text(given.subprotocols),
        headers,
        origin: text(given.origin),
        user_agent: text(given.user_agent),
        username: text(given.username),
        password: text(given.password),
        max_redirects: given.max_redirects,
        tls_min_version: given.tls_min_version,
        proxy: text(given.proxy),
        tls_roots,
        tls_pins: text(given.tls_pins),
        tls_identity,
        tls_identity_password: text(given.tls_identity_password),
        tls_server_name: text(given.tls_server_name),
        resolve_timeout_ms: given.resolve_timeout_ms,
        proxy_timeout_ms: given.proxy_timeout_ms,
        tls_timeout_ms: given.tls_timeout_ms,
        open_timeout_ms: given.open_timeout_ms,
        deflate,
        ping_interval_ms: given.ping_interval_ms,
        pong_timeout_ms: given.pong_timeout_ms,
        probe_timeout_ms: given.probe_timeout_ms,
        retry_attempts: given.retry_attempts,
        retry,
        has_on_request: given.on_request.is_some(),
        addresses: text(given.addresses),
        local_address: text(given.local_address),
        local_interface: text(given.local_interface),
        max_refusal_body_bytes: given.max_refusal_body_bytes,
        attempt_delay_ms: given.attempt_delay_ms,
    })
}

/// # Safety
/// `list` has `count` elements, or is NULL; as for [`of_socket`].
unsafe fn headers<'a>(list: *const egret_ws_header, count: usize) -> Result<Vec<Header<'a>>, DetailedError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() {
        return Err(DetailedError::invalid("headers is NULL, but header_count is not 0"));
    }
    if count > input_limits::HEADERS {
        return Err(DetailedError::invalid(format!("header_count is above {}", input_limits::HEADERS)));
    }
    let read = |index| {
        // SAFETY: not NULL, and `count` elements are readable by the caller's promise; they may lie unaligned.
        let header = unsafe { list.add(index).read_unaligned() };
        // SAFETY: the caller's promise, for both texts.
        let [name, value] = [header.name, header.value].map(|text| unsafe { nul_terminated_or_null(text) });
        Header { name, value }
    };
    Ok((0..count).map(read).collect())
}

/// The forms in which C gives the length of an array of bytes.
#[derive(PartialEq, Eq)]
enum Length {
    /// A number.
    Number,
    /// A number, or `EGRET_WS_NUL_TERMINATED` for bytes that end at a NUL.
    NumberOrNul,
}

/// Reads an array of bytes. Only NULL may have the length 0, and NULL must have it: otherwise a mistake of the application would pass
/// without notice.
///
/// # Safety
/// `data` is NULL, or has `len` bytes, or ends in a NUL if `len` says so; as for [`of_socket`].
unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str, form: Length) -> Result<&'a [u8], DetailedError> {
    match (data.is_null(), len) {
        (true, 0) => return Ok(&[]),
        (true, _) => return Err(DetailedError::invalid(format!("{name} is NULL, but {name}_len is not 0"))),
        (false, 0) => return Err(DetailedError::invalid(format!("{name} is set, but {name}_len is 0"))),
        (false, _) => {}
    }
    let too_long = || DetailedError::invalid(format!("{name} is longer than {} bytes", input_limits::TLS_BYTES));
    let is_text = form == Length::NumberOrNul && len == EGRET_WS_NUL_TERMINATED;
    if !is_text && len > input_limits::TLS_BYTES {
        return Err(too_long());
    }
    // SAFETY: not NULL, and not too long; the rest is the caller's promise.
    let bytes = unsafe { text::bytes(data.cast(), len) }.map_err(|unreadable| unreadable.of(name))?;
    if bytes.len() > input_limits::TLS_BYTES { Err(too_long()) } else { Ok(bytes) }
}

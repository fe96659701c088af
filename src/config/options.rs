//! The options of a socket, as the host gave them.

/// The options of a socket, not checked. The fields have the names of `egret_ws_options`, which documents them. The number 0 and
/// the text `None` mean that an option was not given. Texts have no NUL, but may be too long or not UTF-8. `ffi` has checked the
/// lengths of the arrays.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct SocketOptions<'a> {
    pub flags: u32,
    pub connect_timeout_ms: u32,
    pub handshake_timeout_ms: u32,
    pub flush_timeout_ms: u32,
    pub close_timeout_ms: u32,
    pub max_message_bytes: u32,
    pub max_send_buffer_bytes: u32,
    pub max_receive_queue_bytes: u32,
    pub subprotocols: Option<&'a [u8]>,
    pub headers: Vec<Header<'a>>,
    pub origin: Option<&'a [u8]>,
    pub user_agent: Option<&'a [u8]>,
    pub username: Option<&'a [u8]>,
    pub password: Option<&'a [u8]>,
    pub max_redirects: u32,
    pub tls_min_version: u32,
    pub proxy: Option<&'a [u8]>,
    pub tls_roots: &'a [u8],
    pub tls_pins: Option<&'a [u8]>,
    pub tls_identity: &'a [u8],
    pub tls_identity_password: Option<&'a [u8]>,
    pub tls_server_name: Option<&'a [u8]>,
    pub resolve_timeout_ms: u32,
    pub proxy_timeout_ms: u32,
    pub tls_timeout_ms: u32,
    pub open_timeout_ms: u32,
    pub deflate: DeflateOptions,
    pub ping_interval_ms: u32,
    pub pong_timeout_ms: u32,
    pub probe_timeout_ms: u32,
    pub retry_attempts: u32,
    pub retry: RetryWaits,
    /// The host has set the callback `on_request`.
    pub has_on_request: bool,
    pub addresses: Option<&'a [u8]>,
    pub local_address: Option<&'a [u8]>,
    pub local_interface: Option<&'a [u8]>,
    pub max_refusal_body_bytes: u32,
    pub attempt_delay_ms: u32,
}

/// The options of permessage-deflate, not checked, with the names of `egret_ws_deflate_options`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct DeflateOptions {
    pub level: u32,
    pub threshold_bytes: u32,
    pub client_window_bits: u32,
    pub server_window_bits: u32,
    pub client_no_context_takeover: u32,
    pub server_no_context_takeover: u32,
}

/// The waits before reconnecting, not checked, with the names of `egret_ws_retry_options`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RetryWaits {
    pub min_wait_ms: u32,
    pub first_wait_ms: u32,
    pub max_wait_ms: u32,
    pub total_ms: u32,
}

/// A header of the request, not checked. `None`: NULL.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Header<'a> {
    pub name: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
}

impl SocketOptions<'_> {
    /// Returns whether this flag is set.
    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

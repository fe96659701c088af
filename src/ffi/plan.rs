//! The options of a socket, checked one by one → what the connection is to be.

use super::options::or;
use super::text;
use super::types::{egret_ws_header, egret_ws_options};
use crate::constants::*;
use crate::environment;
use crate::error::{DetailedError, Error};
use crate::limits;
use crate::protocol::deflate::Offer;
use crate::protocol::frame::MAX_HEADER;
use crate::secret::Secret;
use crate::socket::{
    ConnectConfig, Limits, Proxies, RequestOptions, TlsSettings, Url, check_credentials, check_header, heartbeat,
    is_header_value, is_server_name, read_pins, retry, subprotocols, watch_exit,
};
use std::collections::TryReserveError;
use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

const FLAGS: u32 = EGRET_WS_INSECURE
    | EGRET_WS_ONLY_THESE_ROOTS
    | EGRET_WS_PROXY_FROM_ENVIRONMENT
    | EGRET_WS_NO_DEFLATE
    | EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER
    | EGRET_WS_SERVER_NO_CONTEXT_TAKEOVER
    | EGRET_WS_RESEND
    | EGRET_WS_NO_ALPN
    | EGRET_WS_REDIRECT_TO_PRIVATE;

fn invalid<T>(why: impl Into<String>) -> Result<T, DetailedError> {
    Err(DetailedError::invalid(why))
}

/// Reads the options of a socket that is to connect to `target`.
///
/// # Safety
/// Every pointer of `given` is NULL, or ends in a NUL, or has as many elements as its length says.
pub(super) unsafe fn read(given: &egret_ws_options, target: Url) -> Result<ConnectConfig, DetailedError> {
    if given.flags & !FLAGS != 0 {
        return invalid("flags has an unknown bit");
    }
    if given.max_redirects > limits::REDIRECTS {
        return invalid(format!("max_redirects is above {}", limits::REDIRECTS));
    }
    // SAFETY: the caller's promise, passed on; so for each of these.
    let request = unsafe { request(given, &target) }?;
    // SAFETY: as above.
    let proxies = unsafe { proxies(given) }?;
    proxies.for_target(target.is_secure(), &target.host(), target.port())?;
    // SAFETY: as above.
    let tls = Arc::new(unsafe { tls(given) }?);
    if target.is_secure() || given.max_redirects > 0 {
        watch_exit();
    }
    // SAFETY: as above.
    let pins = match unsafe { string(given.tls_pins, "tls_pins", limits::TEXT) }? {
        Some(list) => read_pins(list).map_err(|why| DetailedError::invalid(format!("tls_pins: {why}")))?,
        None => Vec::new(),
    };
    // SAFETY: as above.
    let server_name = unsafe { string(given.tls_server_name, "tls_server_name", limits::SERVER_NAME) }?;
    if server_name.is_some_and(|name| !is_server_name(name)) {
        return invalid("tls_server_name is neither a name nor an IP address (without brackets)");
    }
    let server_name = server_name.map(owned).transpose()?;
    let limits = limits(given)?;
    Ok(ConnectConfig {
        target,
        request,
        proxies,
        tls,
        pins,
        server_name,
        max_redirects: given.max_redirects,
        redirects_to_private: given.flags & EGRET_WS_REDIRECT_TO_PRIVATE != 0,
        limits,
        heartbeat: heartbeat(given),
        retry: retry(given)?,
    })
}

fn milliseconds(value: u32, default: u32) -> Duration {
    Duration::from_millis(or(value, default).into())
}

/// UINT32_MAX: none.
fn milliseconds_if_any(value: u32, default: u32) -> Option<Duration> {
    (value != u32::MAX).then(|| milliseconds(value, default))
}

fn heartbeat(given: &egret_ws_options) -> heartbeat::Options {
    let timeout = milliseconds_if_any(given.pong_timeout_ms, 10_000);
    let probe = match given.probe_timeout_ms {
        u32::MAX => timeout,
        0 => timeout.map(|timeout| timeout.min(Duration::from_secs(3))),
        own => timeout.map(|_| Duration::from_millis(own.into())),
    };
    heartbeat::Options { interval: milliseconds_if_any(given.ping_interval_ms, 20_000), timeout, probe }
}

/// `None`: it is not tried again.
fn retry(given: &egret_ws_options) -> Result<Option<retry::Options>, DetailedError> {
    // A default gives way to what is given.
    let (most_first, most) = (or(given.retry_first_ms, u32::MAX), or(given.retry_ceiling_ms, u32::MAX));
    let floor = or(given.retry_floor_ms, most_first.min(most).min(250));
    let first = or(given.retry_first_ms, most.min(4_000).max(floor));
    let ceiling = or(given.retry_ceiling_ms, first.max(30_000));
    if floor > first || first > ceiling {
        return invalid("retry_floor_ms <= retry_first_ms <= retry_ceiling_ms does not hold");
    }
    let [floor, first, ceiling] = [floor, first, ceiling].map(|value| Duration::from_millis(value.into()));
    Ok((given.retry_attempts > 0).then(|| retry::Options {
        attempts: given.retry_attempts,
        floor,
        first,
        ceiling,
        total: milliseconds_if_any(given.retry_total_ms, 600_000),
        resend: given.flags & EGRET_WS_RESEND != 0,
    }))
}

fn limits(given: &egret_ws_options) -> Result<Limits, DetailedError> {
    let max_message = or(given.max_message_bytes, EGRET_WS_MAX_MESSAGE_BYTES);
    if max_message > EGRET_WS_MAX_MESSAGE_BYTES {
        return invalid("max_message_bytes is above EGRET_WS_MAX_MESSAGE_BYTES, which nothing raises");
    }
    let max_send_buffer = or(given.max_send_buffer_bytes, 1024 * 1024);
    if (max_send_buffer as usize) < max_message as usize + MAX_HEADER {
        return invalid("max_send_buffer_bytes is less than max_message_bytes + 14: not every message could be sent");
    }
    let connect = or(given.connect_timeout_ms, 15_000);
    Ok(Limits {
        resolve: milliseconds(given.resolve_timeout_ms, connect),
        connect: milliseconds(connect, 0),
        proxy: milliseconds(given.proxy_timeout_ms, 10_000),
        tls: milliseconds(given.tls_timeout_ms, 10_000),
        handshake: milliseconds(given.handshake_timeout_ms, 10_000),
        open: milliseconds(given.open_timeout_ms, 60_000),
        close: milliseconds(given.close_timeout_ms, 5_000),
        max_message: max_message as usize,
        max_send_buffer: max_send_buffer as usize,
        max_receive_queue: or(given.max_receive_queue_bytes, 1024 * 1024) as usize,
    })
}

/// # Safety
/// As for [`read`].
unsafe fn request(given: &egret_ws_options, target: &Url) -> Result<RequestOptions, DetailedError> {
    // SAFETY: the caller's promise, passed on; so for each of these.
    let list = unsafe { string(given.subprotocols, "subprotocols", limits::TEXT) }?;
    // SAFETY: as above.
    let origin = unsafe { string(given.origin, "origin", limits::TEXT) }?.filter(|origin| !origin.is_empty());
    // SAFETY: as above.
    let user_agent = unsafe { string(given.user_agent, "user_agent", limits::TEXT) }?;
    // SAFETY: as above.
    let username = unsafe { string(given.username, "username", limits::TEXT) }?;
    // SAFETY: as above.
    let password = unsafe { string(given.password, "password", limits::TEXT) }?;
    // SAFETY: as above.
    let headers = unsafe { headers(given.headers, given.header_count) }?;
    if ![origin, user_agent].into_iter().flatten().all(is_header_value) {
        return invalid("origin or user_agent has a control character");
    }
    let credentials = match (username, password) {
        (Some(user), password) => {
            let password = password.unwrap_or("");
            if let Err(why) = check_credentials(user, password) {
                return invalid(format!("username or password cannot be sent: {why}"));
            }
            Some((owned(user)?.into(), owned(password)?.into()))
        }
        (None, Some(_)) => return invalid("password is given without username"),
        (None, None) => target.credentials().cloned(),
    };
    if credentials.is_some() && headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Authorization")) {
        return invalid("headers has an Authorization, and so has the user name: one of them only");
    }
    Ok(RequestOptions {
        origin: origin.map(owned).transpose()?,
        user_agent: match user_agent {
            None => Some(concat!("egret-ws/", env!("CARGO_PKG_VERSION")).to_owned()),
            Some("") => None,
            Some(own) => Some(owned(own)?),
        },
        credentials,
        subprotocols: match list {
            Some(list) => subprotocols(list).map_err(|why| DetailedError::invalid(format!("subprotocols: {why}")))?,
            None => Vec::new(),
        },
        deflate: deflate(given)?,
        headers,
    })
}

#[cfg(feature = "deflate")]
fn deflate(given: &egret_ws_options) -> Result<Option<Offer>, DetailedError> {
    use crate::protocol::deflate::MAX_WINDOW_BITS;
    let level = or(given.deflate_level, 6);
    if level > 9 {
        return invalid("deflate_level is above 9");
    }
    let window_bits = |bits, name| match u8::try_from(or(bits, MAX_WINDOW_BITS.into())) {
        Ok(bits @ 9..=MAX_WINDOW_BITS) => Ok(bits),
        _ => invalid(format!("{name} is not 9 to 15")),
    };
    let offer = Offer {
        client_no_context_takeover: given.flags & EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER != 0,
        server_no_context_takeover: given.flags & EGRET_WS_SERVER_NO_CONTEXT_TAKEOVER != 0,
        client_max_window_bits: window_bits(given.deflate_client_window_bits, "deflate_client_window_bits")?,
        server_max_window_bits: window_bits(given.deflate_server_window_bits, "deflate_server_window_bits")?,
        level: level as u8,
        threshold: or(given.deflate_threshold_bytes, 256) as usize,
    };
    Ok((given.flags & EGRET_WS_NO_DEFLATE == 0).then_some(offer))
}

/// In a library without it nothing is offered, which is right for who said nothing about it, but not for who did.
#[cfg(not(feature = "deflate"))]
fn deflate(given: &egret_ws_options) -> Result<Option<Offer>, DetailedError> {
    let wanted = given.deflate_level
        | given.deflate_threshold_bytes
        | given.deflate_client_window_bits
        | given.deflate_server_window_bits
        | given.flags & (EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER | EGRET_WS_SERVER_NO_CONTEXT_TAKEOVER);
    match given.flags & EGRET_WS_NO_DEFLATE {
        0 if wanted != 0 => Err(DetailedError::new(
            Error::Unsupported,
            "this library was built without permessage-deflate (its feature `deflate`)",
        )),
        _ => Ok(None),
    }
}

/// # Safety
/// As for [`read`].
unsafe fn headers(list: *const egret_ws_header, count: usize) -> Result<Vec<(String, Secret<String>)>, DetailedError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() {
        return invalid("headers is NULL, but header_count is not 0");
    }
    if count > limits::HEADERS {
        return invalid(format!("header_count is above {}", limits::HEADERS));
    }
    let mut size = 0;
    let mut headers = Vec::new();
    for index in 0..count {
        // SAFETY: not NULL, and `count` elements are readable by the caller's promise; they may lie unaligned.
        let header = unsafe { list.add(index).read_unaligned() };
        // SAFETY: the caller's promise, passed on.
        let name = unsafe { string(header.name, &format!("headers[{index}]: its name"), limits::HEADER_BYTES) };
        // SAFETY: as above.
        let value = unsafe { string(header.value, &format!("headers[{index}]: its value"), limits::HEADER_BYTES) };
        let (Some(name), Some(value)) = (name?, value?) else {
            return invalid(format!("headers[{index}]: its name or value is NULL"));
        };
        if let Err(why) = check_header(name, value) {
            return invalid(format!("headers[{index}]: {why}"));
        }
        size += name.len() + value.len();
        if size > limits::HEADER_BYTES {
            return invalid(format!("headers are longer than {} bytes", limits::HEADER_BYTES));
        }
        headers.push((owned(name)?, owned(value)?.into()));
    }
    Ok(headers)
}

/// # Safety
/// As for [`read`].
unsafe fn proxies(given: &egret_ws_options) -> Result<Proxies, DetailedError> {
    // SAFETY: the caller's promise, passed on.
    let url = unsafe { string(given.proxy, "proxy", limits::TEXT) }?;
    let from_environment = given.flags & EGRET_WS_PROXY_FROM_ENVIRONMENT != 0;
    Proxies::read(url, from_environment, |name| environment::variable(name)?.into_string().ok())
}

/// # Safety
/// As for [`read`].
unsafe fn tls(given: &egret_ws_options) -> Result<TlsSettings, DetailedError> {
    let min_version = or(given.tls_min_version, EGRET_WS_TLS_1_2);
    if ![EGRET_WS_TLS_1_2, EGRET_WS_TLS_1_3].contains(&min_version) {
        return invalid("tls_min_version is neither EGRET_WS_TLS_1_2 nor EGRET_WS_TLS_1_3");
    }
    // SAFETY: the caller's promise, passed on.
    let roots = unsafe { bytes(given.tls_roots.cast(), given.tls_roots_len, "tls_roots", Length::OrNul) }?;
    let only_these_roots = given.flags & EGRET_WS_ONLY_THESE_ROOTS != 0;
    if only_these_roots && roots.is_empty() {
        return invalid("EGRET_WS_ONLY_THESE_ROOTS without tls_roots: nothing would be trusted");
    }
    // SAFETY: as above.
    let identity = unsafe { bytes(given.tls_identity, given.tls_identity_len, "tls_identity", Length::Only) }?;
    // SAFETY: as above.
    let password = unsafe { string(given.tls_identity_password, "tls_identity_password", limits::TEXT) }?.unwrap_or("");
    Ok(TlsSettings {
        roots: copied(roots)?,
        only_these_roots,
        identity: match identity {
            [] => None,
            identity => Some((copied(identity)?.into(), owned(password)?.into())),
        },
        min_version,
        insecure: given.flags & EGRET_WS_INSECURE != 0,
        alpn: given.flags & EGRET_WS_NO_ALPN == 0,
    })
}

/// The text of an option, `None` if it is NULL.
///
/// # Safety
/// `text` is NULL or ends in a NUL, and is not written to as long as the result lives.
unsafe fn string<'a>(text: *const c_char, name: &str, limit: usize) -> Result<Option<&'a str>, DetailedError> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let text = unsafe { text::nul_terminated(text, limit) };
    text.map(Some).map_err(|why| DetailedError::invalid(format!("{name} {why}")))
}

/// Copies bytes of the host.
fn copied(bytes: &[u8]) -> Result<Vec<u8>, DetailedError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(no_memory)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// Copies text of the host.
fn owned(text: &str) -> Result<String, DetailedError> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(no_memory)?;
    copy.push_str(text);
    Ok(copy)
}

fn no_memory(_: TryReserveError) -> DetailedError {
    DetailedError::new(Error::NoResources, "there is no memory for a copy of the options")
}

/// How the host gives the length of an option's bytes.
#[derive(PartialEq, Eq)]
enum Length {
    /// By its length.
    Only,
    /// By its length, or by a NUL and `EGRET_WS_NUL_TERMINATED`.
    OrNul,
}

/// Reads the bytes of an option that has a length. NULL needs the length 0, and only NULL may have it: otherwise a mistake of
/// the host would go unnoticed.
///
/// # Safety
/// `data` is NULL, or has `len` bytes, or ends in a NUL where `len` says so; they are not written to as long as the result lives.
unsafe fn bytes<'a>(data: *const u8, len: usize, name: &str, end: Length) -> Result<&'a [u8], DetailedError> {
    match (data.is_null(), len) {
        (true, 0) => return Ok(&[]),
        (true, _) => return invalid(format!("{name} is NULL, but {name}_len is not 0")),
        (false, 0) => return invalid(format!("{name} is set, but {name}_len is 0")),
        (false, _) => {}
    }
    let is_text = end == Length::OrNul && len == EGRET_WS_NUL_TERMINATED;
    let too_long = || DetailedError::invalid(format!("{name} {}", text::Refused::TooLong(limits::TLS_BYTES)));
    if !is_text && len > limits::TLS_BYTES {
        return Err(too_long());
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let bytes = unsafe { text::bytes(data.cast(), len) }
        .map_err(|error| DetailedError::new(error, format!("{name} cannot be read")))?;
    if bytes.len() > limits::TLS_BYTES { Err(too_long()) } else { Ok(bytes) }
}

#[cfg(all(test, not(feature = "deflate")))]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_permessage_deflate_is_refused() {
        // SAFETY: zeros are a value of this plain struct.
        let defaults: egret_ws_options = unsafe { std::mem::zeroed() };
        assert_eq!(deflate(&defaults), Ok(None));
        for (flags, deflate_level) in [(0, 9), (EGRET_WS_CLIENT_NO_CONTEXT_TAKEOVER, 0)] {
            let given = egret_ws_options { flags, deflate_level, ..defaults };
            let DetailedError { error, detail: why } = deflate(&given).unwrap_err();
            assert!(error == Error::Unsupported && why.contains("`deflate`"), "{error:?}: {why}");
            let given = egret_ws_options { flags: flags | EGRET_WS_NO_DEFLATE, ..given };
            assert_eq!(deflate(&given), Ok(None));
        }
    }
}

//! The options of the HTTP request: which headers, subprotocols and credentials a host may send.

use super::options::{Header, SocketOptions};
use super::value::{copy, text};
use crate::constants::*;
use crate::error::DetailedError;
use crate::input_limits;
use crate::protocol::deflate::Offer;
use crate::protocol::handshake::RequestOptions;
use crate::protocol::http_head::{is_header_value, is_token};
use crate::secret::Secret;
use std::collections::HashSet;

/// A user name and a password.
type Credentials = (Secret<String>, Secret<String>);

/// Reads the options of the request. The credentials of the URL are used if the options have none.
pub(super) fn read(options: &SocketOptions<'_>, of_url: Option<&Credentials>) -> Result<RequestOptions, DetailedError> {
    let origin = text(&"origin", options.origin, input_limits::TEXT)?.filter(|origin| !origin.is_empty());
    let user_agent = text(&"user_agent", options.user_agent, input_limits::TEXT)?;
    let given_credentials = credentials(options)?;
    let headers = headers(&options.headers)?;
    if ![origin, user_agent].into_iter().flatten().all(is_header_value) {
        return Err(DetailedError::invalid("origin or user_agent has a control character"));
    }
    let credentials = given_credentials.or_else(|| of_url.cloned());
    check_authorization(&headers, credentials.is_some())?;
    Ok(RequestOptions {
        origin: origin.map(copy).transpose()?,
        user_agent: match user_agent {
            None => Some(concat!("egret-ws/", env!("CARGO_PKG_VERSION")).to_owned()),
            Some("") => None,
            Some(given) => Some(copy(given)?),
        },
        credentials,
        subprotocols: subprotocols(options.subprotocols)?,
        deflate: deflate(options)?,
        headers,
    })
}

/// A header of the request: its name and its value.
pub(super) type RequestHeader = (String, Secret<String>);

/// A user name and an `Authorization` header would contradict each other.
pub(super) fn check_authorization(headers: &[RequestHeader], has_user_name: bool) -> Result<(), DetailedError> {
    if has_user_name && headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Authorization")) {
        let detail = "headers contains Authorization, but a user name is set too: use only one of them";
        return Err(DetailedError::invalid(detail));
    }
    Ok(())
}

/// Reads a list of subprotocols. `None`: there is none.
pub(super) fn subprotocols(list: Option<&[u8]>) -> Result<Vec<String>, DetailedError> {
    match text(&"subprotocols", list, input_limits::TEXT)? {
        Some(list) => read_subprotocols(list).map_err(|why| DetailedError::invalid(format!("subprotocols: {why}"))),
        None => Ok(Vec::new()),
    }
}

fn credentials(options: &SocketOptions<'_>) -> Result<Option<Credentials>, DetailedError> {
    let user = text(&"username", options.username, input_limits::TEXT)?;
    let password = text(&"password", options.password, input_limits::TEXT)?;
    match (user, password) {
        (Some(user), password) => {
            let password = password.unwrap_or("");
            if let Err(why) = check_credentials(user, password) {
                return Err(DetailedError::invalid(format!("username or password cannot be sent: {why}")));
            }
            Ok(Some((copy(user)?.into(), copy(password)?.into())))
        }
        (None, Some(_)) => Err(DetailedError::invalid("password is given without username")),
        (None, None) => Ok(None),
    }
}

/// Checks a user name and a password for basic authentication (RFC 7617 section 2). The error gives the reason if they cannot be
/// sent.
pub(super) fn check_credentials(user: &str, password: &str) -> Result<(), &'static str> {
    let is_control = |byte: u8| byte < b' ' || byte == 0x7f;
    if user.contains(':') {
        return Err("the user name contains a colon, which would end it");
    }
    if user.bytes().chain(password.bytes()).any(is_control) {
        return Err("it has a control character");
    }
    Ok(())
}

fn headers(list: &[Header<'_>]) -> Result<Vec<RequestHeader>, DetailedError> {
    let (mut headers, mut size) = (Vec::new(), 0);
    for (index, header) in list.iter().enumerate() {
        let name = text(&format_args!("headers[{index}]: its name"), header.name, input_limits::HEADER_BYTES)?;
        let value = text(&format_args!("headers[{index}]: its value"), header.value, input_limits::HEADER_BYTES)?;
        let (Some(name), Some(value)) = (name, value) else {
            return Err(DetailedError::invalid(format!("headers[{index}]: its name or value is NULL")));
        };
        if let Err(why) = check_header(name, value) {
            let shown = if is_token(name) { format!(", {name}") } else { String::new() };
            return Err(DetailedError::invalid(format!("headers[{index}]{shown}: {why}")));
        }
        size += name.len() + value.len();
        check_size(index + 1, size)?;
        headers.push(copy_header(name, value)?);
    }
    Ok(headers)
}

pub(super) fn copy_header(name: &str, value: &str) -> Result<RequestHeader, DetailedError> {
    Ok((copy(name)?, copy(value)?.into()))
}

/// Checks the number of headers, and the bytes of all of them together.
pub(super) fn check_size(count: usize, bytes: usize) -> Result<(), DetailedError> {
    if count > input_limits::HEADERS {
        return Err(DetailedError::invalid(format!("there are more than {} headers", input_limits::HEADERS)));
    }
    if bytes > input_limits::HEADER_BYTES {
        let detail = format!("headers are longer than {} bytes", input_limits::HEADER_BYTES);
        return Err(DetailedError::invalid(detail));
    }
    Ok(())
}

/// Checks a header that the host adds. The error gives the reason if it is not allowed.
pub(super) fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    const OURS: [&str; 9] =
        ["Host", "Connection", "Upgrade", "Origin", "User-Agent", "Transfer-Encoding", "Trailer", "TE", "Expect"];
    const PREFIXES: [&str; 2] = ["Sec-WebSocket-", "Content-"];
    if !is_token(name) {
        return Err("its name is not a token of ASCII letters, digits and !#$%&'*+-.^_`|~");
    }
    let begins_with = |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if PREFIXES.iter().any(begins_with) || OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
        return Err("the library sets it itself, another option sets it, or an upgrade request must not have it");
    }
    if !is_header_value(value) {
        return Err("its value has a control character");
    }
    Ok(())
}

/// Reads a comma-separated list of subprotocols. They are tokens, and no token occurs twice (RFC 6455 section 4.1, 10.).
fn read_subprotocols(list: &str) -> Result<Vec<String>, &'static str> {
    let (mut subprotocols, mut known) = (Vec::new(), HashSet::new());
    for name in list.split(',').map(|name| name.trim_matches([' ', '\t'])) {
        if subprotocols.len() == input_limits::SUBPROTOCOLS {
            return Err("more than 128 subprotocols");
        }
        if !is_token(name) {
            return Err("a subprotocol is not a token of ASCII letters, digits and !#$%&'*+-.^_`|~");
        }
        if !known.insert(name) {
            return Err("a subprotocol is listed twice");
        }
        subprotocols.push(name.to_owned());
    }
    Ok(subprotocols)
}

#[cfg(feature = "deflate")]
fn deflate(options: &SocketOptions<'_>) -> Result<Option<Offer>, DetailedError> {
    use super::value::{Number, Numbers, Special, number};
    use crate::protocol::deflate::MAX_WINDOW_BITS;
    let mut numbers = Numbers::default();
    let level = numbers.or(number!(options.deflate.level), 6);
    let threshold = numbers.or_unlimited(number!(options.deflate.threshold_bytes), 256, Special::Both);
    let mut window_bits = |number: Number| Number { value: numbers.or(number, MAX_WINDOW_BITS.into()), ..number };
    let client_window_bits = window_bits(number!(options.deflate.client_window_bits));
    let server_window_bits = window_bits(number!(options.deflate.server_window_bits));
    numbers.check()?;
    if level > 9 {
        return Err(DetailedError::invalid("deflate.level is above 9"));
    }
    let in_range = |number: Number| match u8::try_from(number.value) {
        Ok(bits @ 9..=MAX_WINDOW_BITS) => Ok(bits),
        _ => Err(DetailedError::invalid(format!("{} is not 9 to 15", number.name))),
    };
    let is_on = |number: Number| match number.value {
        0 | 1 => Ok(number.value == 1),
        _ => Err(DetailedError::invalid(format!("{} is not 0 or 1", number.name))),
    };
    let offer = Offer {
        client_no_context_takeover: is_on(number!(options.deflate.client_no_context_takeover))?,
        server_no_context_takeover: is_on(number!(options.deflate.server_no_context_takeover))?,
        client_max_window_bits: in_range(client_window_bits)?,
        server_max_window_bits: in_range(server_window_bits)?,
        level: level as u8,
        threshold: threshold.map_or(usize::MAX, |bytes| bytes as usize),
    };
    Ok((!options.has(EGRET_WS_DISABLE_DEFLATE)).then_some(offer))
}

/// Without permessage-deflate, the library does not offer it. Its options are errors unless EGRET_WS_DISABLE_DEFLATE is set.
#[cfg(not(feature = "deflate"))]
fn deflate(options: &SocketOptions<'_>) -> Result<Option<Offer>, DetailedError> {
    use crate::error::Error;
    if options.deflate != super::DeflateOptions::default() && !options.has(EGRET_WS_DISABLE_DEFLATE) {
        return Err(DetailedError::new(
            Error::Unsupported,
            "this library was built without permessage-deflate (its feature `deflate`)",
        ));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_would_change_the_request_are_refused() {
        for (name, value) in [("X-A", "b"), ("authorization", "Bearer x"), ("X", "a\tb"), ("X", "\u{fc}"), ("X", "")] {
            assert_eq!(check_header(name, value), Ok(()), "{name}: {value}");
        }
        for (name, value) in [
            ("", "x"),
            ("A b", ""),
            ("A:", ""),
            ("A\r\nB", ""),
            ("X", "a\r\nB: c"),
            ("X", "\n"),
            ("X", "\0"),
            ("X", "\x7f"),
        ] {
            assert!(check_header(name, value).is_err(), "{name}: {value}");
        }
        for name in ["host", "CONNECTION", "sec-websocket-key", "Sec-WebSocket-", "origin", "te", "\u{e4}bc"] {
            assert!(check_header(name, "x").is_err(), "{name}");
        }
    }

    #[test]
    fn a_subprotocol_list_has_tokens_and_each_once() {
        assert_eq!(
            read_subprotocols("chat.v2, chat.v1 ,\tx"),
            Ok(["chat.v2", "chat.v1", "x"].map(str::to_owned).to_vec())
        );
        for list in ["", "a,,b", "a b", "a,a", "\u{fc}", "a\r\nb: c"] {
            assert!(read_subprotocols(list).is_err(), "{list}");
        }
    }
}

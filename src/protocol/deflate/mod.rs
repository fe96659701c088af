//! permessage-deflate (RFC 7692): the negotiation is here, the compression is in [`Inflater`] and [`Deflater`].
//!
//! ```text
//!   Offer ──► Sec-WebSocket-Extensions of the request
//!   Sec-WebSocket-Extensions of the response ──► Agreement ──► Inflater (received messages), Deflater (sent messages)
//! ```

mod deflater;
mod inflater;

pub use deflater::Deflater;
pub use inflater::{InflateError, Inflater};

use std::fmt;

/// The largest window, 32 KiB, as a power of two (RFC 1951 section 2).
pub const MAX_WINDOW_BITS: u8 = 15;
/// The smallest window that a response may name.
const MIN_WINDOW_BITS: u8 = 8;
const NAME: &str = "permessage-deflate";
/// The last bytes of each compressed message. The sender removes them (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The parameters that this side offers, and the settings of the compression if the server accepts the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// This side compresses each message without the context of earlier messages.
    pub client_no_context_takeover: bool,
    /// The server must also compress each message without that context.
    pub server_no_context_takeover: bool,
    /// The largest window of this side, 9 to 15.
    pub client_max_window_bits: u8,
    /// The largest window of the server, 9 to 15.
    pub server_max_window_bits: u8,
    /// The level, from 1 (fast) to 9 (small).
    pub level: u8,
    /// Messages of fewer bytes are sent uncompressed.
    pub threshold: usize,
}

/// The parameters that both sides have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Agreement {
    pub client_no_context_takeover: bool,
    pub server_no_context_takeover: bool,
    pub client_max_window_bits: u8,
    pub server_max_window_bits: u8,
}

/// The value of the request's header. It always contains `client_max_window_bits`, because that allows the server to ask for a
/// smaller window.
impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}; client_max_window_bits")?;
        if self.client_max_window_bits < MAX_WINDOW_BITS {
            write!(f, "={}", self.client_max_window_bits)?;
        }
        if self.server_max_window_bits < MAX_WINDOW_BITS {
            write!(f, "; server_max_window_bits={}", self.server_max_window_bits)?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        Ok(())
    }
}

impl Offer {
    /// Reads the values of `Sec-WebSocket-Extensions` in the response. Returns `None` if the server does not accept the offer.
    /// The error describes which rule the response violates (RFC 7692 sections 5.1 and 7.1).
    pub fn read_response<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Result<Option<Agreement>, &'static str> {
        let mut agreed = None;
        for value in values {
            let value = str::from_utf8(value).map_err(|_| "`Sec-WebSocket-Extensions` of the answer is not ASCII")?;
            // No allowed value has a comma or a semicolon, quoted or not.
            for extension in value.split(',').map(trim).filter(|extension| !extension.is_empty()) {
                if agreed.replace(self.read_extension(extension)?).is_some() {
                    return Err("the answer has permessage-deflate twice");
                }
            }
        }
        Ok(agreed)
    }

    fn read_extension(&self, extension: &str) -> Result<Agreement, &'static str> {
        let mut parts = extension.split(';').map(trim);
        if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case(NAME)) {
            return Err("the answer has an extension that was not asked for");
        }
        let (mut client_window, mut server_window) = (None, None);
        let (mut client_alone, mut server_alone) = (None, None);
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (trim(name), Some(unquoted(trim(value)))),
                None => (part, None),
            };
            // Parameter names are tokens. Their letter case does not matter, as with extension names.
            let repeated = match name.to_ascii_lowercase().as_str() {
                "client_no_context_takeover" => client_alone.replace(no_value(value)?).is_some(),
                "server_no_context_takeover" => server_alone.replace(no_value(value)?).is_some(),
                "client_max_window_bits" => client_window.replace(window_bits(value)?).is_some(),
                "server_max_window_bits" => server_window.replace(window_bits(value)?).is_some(),
                _ => return Err("permessage-deflate of the answer has an unknown parameter"),
            };
            if repeated {
                return Err("permessage-deflate of the answer has a parameter twice");
            }
        }
        if server_window.unwrap_or(MAX_WINDOW_BITS) > self.server_max_window_bits {
            return Err("the answer has no server_max_window_bits, or a larger one than was asked for");
        }
        if client_window.is_some_and(|bits| bits > self.client_max_window_bits) {
            return Err("the answer has a larger client_max_window_bits than was offered");
        }
        if self.server_no_context_takeover && server_alone.is_none() {
            return Err("the answer has no server_no_context_takeover, which was asked for");
        }
        Ok(Agreement {
            client_no_context_takeover: self.client_no_context_takeover || client_alone.is_some(),
            server_no_context_takeover: server_alone.is_some(),
            client_max_window_bits: client_window.unwrap_or(self.client_max_window_bits),
            server_max_window_bits: server_window.unwrap_or(MAX_WINDOW_BITS),
        })
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn no_value(value: Option<&str>) -> Result<(), &'static str> {
    match value {
        None => Ok(()),
        Some(_) => Err("a parameter of permessage-deflate in the answer has a value, and must not"),
    }
}

/// Reads a decimal number without leading zeros (section 7.1.2.1).
fn window_bits(value: Option<&str>) -> Result<u8, &'static str> {
    let bits = match value.map(str::as_bytes) {
        Some([digit @ b'8'..=b'9']) => digit - b'0',
        Some([b'1', digit @ b'0'..=b'5']) => 10 + digit - b'0',
        _ => return Err("the window bits of permessage-deflate in the answer are not 8 to 15"),
    };
    debug_assert!((MIN_WINDOW_BITS..=MAX_WINDOW_BITS).contains(&bits));
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: Offer = Offer {
        client_no_context_takeover: false,
        server_no_context_takeover: false,
        client_max_window_bits: 15,
        server_max_window_bits: 15,
        level: 6,
        threshold: 0,
    };

    fn response(offer: Offer, values: &[&str]) -> Result<Option<Agreement>, &'static str> {
        offer.read_response(values.iter().map(|value| value.as_bytes()))
    }

    fn agreed(
        client_alone: bool,
        server_alone: bool,
        client: u8,
        server: u8,
    ) -> Result<Option<Agreement>, &'static str> {
        Ok(Some(Agreement {
            client_no_context_takeover: client_alone,
            server_no_context_takeover: server_alone,
            client_max_window_bits: client,
            server_max_window_bits: server,
        }))
    }

    #[test]
    fn the_offer_names_parameters_that_are_not_the_default() {
        assert_eq!(OFFER.to_string(), "permessage-deflate; client_max_window_bits");
        let small = Offer {
            client_no_context_takeover: true,
            server_no_context_takeover: true,
            client_max_window_bits: 10,
            server_max_window_bits: 9,
            ..OFFER
        };
        assert_eq!(
            small.to_string(),
            "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9; client_no_context_takeover; \
             server_no_context_takeover"
        );
    }

    #[test]
    fn valid_responses_are_accepted() {
        assert_eq!(response(OFFER, &[]), Ok(None));
        assert_eq!(response(OFFER, &["", " ,"]), Ok(None));
        assert_eq!(response(OFFER, &["permessage-deflate"]), agreed(false, false, 15, 15));
        assert_eq!(
            response(OFFER, &["", "PerMessage-Deflate ;Client_Max_Window_Bits = \"9\""]),
            agreed(false, false, 9, 15)
        );
        // A server may limit its own window, and forbid the client to take over its context, even if the offer does not ask for it.
        assert_eq!(response(OFFER, &["permessage-deflate; server_max_window_bits=8"]), agreed(false, false, 15, 8));
        assert_eq!(
            response(OFFER, &["permessage-deflate;client_no_context_takeover;server_no_context_takeover"]),
            agreed(true, true, 15, 15)
        );
        let small =
            Offer { client_max_window_bits: 11, server_max_window_bits: 12, client_no_context_takeover: true, ..OFFER };
        assert_eq!(response(small, &["permessage-deflate; server_max_window_bits=12"]), agreed(true, false, 11, 12));
    }

    #[test]
    fn invalid_responses_are_refused_with_a_reason() {
        let small =
            Offer { client_max_window_bits: 11, server_max_window_bits: 12, server_no_context_takeover: true, ..OFFER };
        let wrong: &[(Offer, &[&str], &str)] = &[
            (OFFER, &["x-webkit-deflate-frame"], "not asked for"),
            (OFFER, &["permessage-deflate, permessage-deflate"], "twice"),
            (OFFER, &["permessage-deflate", "permessage-deflate"], "twice"),
            (OFFER, &["permessage-deflate, x"], "not asked for"),
            (OFFER, &["permessage-deflate; x"], "unknown"),
            (OFFER, &["permessage-deflate;"], "unknown"),
            (OFFER, &["permessage-deflate; server_no_context_takeover; server_no_context_takeover"], "twice"),
            (OFFER, &["permessage-deflate; server_max_window_bits=10; server_max_window_bits=10"], "twice"),
            (OFFER, &["permessage-deflate; server_no_context_takeover=1"], "value"),
            (OFFER, &["permessage-deflate; client_no_context_takeover="], "value"),
            (OFFER, &["permessage-deflate; client_max_window_bits"], "8 to 15"),
            (OFFER, &["permessage-deflate; client_max_window_bits=7"], "8 to 15"),
            (OFFER, &["permessage-deflate; client_max_window_bits=16"], "8 to 15"),
            (OFFER, &["permessage-deflate; server_max_window_bits=09"], "8 to 15"),
            (OFFER, &["permessage-deflate; server_max_window_bits=+9"], "8 to 15"),
            (OFFER, &["permessage-deflate; server_max_window_bits=1 0"], "8 to 15"),
            (OFFER, &["permessage-deflate; server_max_window_bits=\"\""], "8 to 15"),
            (small, &["permessage-deflate; server_no_context_takeover"], "server_max_window_bits"),
            (
                small,
                &["permessage-deflate; server_no_context_takeover; server_max_window_bits=13"],
                "server_max_window_bits",
            ),
            (small, &["permessage-deflate; server_max_window_bits=12"], "server_no_context_takeover"),
            (
                small,
                &[
                    "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
                ],
                "larger client_max_window_bits",
            ),
        ];
        for (offer, values, why) in wrong {
            let error = response(*offer, values).unwrap_err();
            assert!(error.contains(why), "{values:?}: {error}");
        }
    }
}

//! The behaviour of the server on a connection.
//!
//! The options of the command line apply to all connections. The path of a URL adds to them for its connection, so that one
//! server can be used for all tests: `/delay/200/drop/3` answers after 200 ms and drops the connection after three messages.

use crate::arguments::number;
use std::time::Duration;
use tungstenite::http::{HeaderName, HeaderValue};

/// The longest delay in milliseconds: a minute.
pub const MAX_DELAY_MS: u64 = 60_000;
/// The largest number of messages of a burst.
pub const MAX_BURST_MESSAGES: u64 = 1_000_000;
/// The largest size of a message of a burst, in bytes. It is more than the library accepts, for tests of its limit.
pub const MAX_BURST_BYTES: u64 = 16 << 20;
/// The largest number of bytes in a room's name, in the form that the URL contains.
pub const MAX_ROOM_NAME_BYTES: usize = 64;

/// The behaviour of the server if it does not accept the upgrade.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It answers with this HTTP status.
    Status(u16),
    /// It reads the request and never answers.
    Stall,
    /// It reads the request and closes the connection.
    Hangup,
}

/// The behaviour of the server after some messages. Later messages are not answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// It ends the TCP connection.
    Drop,
    /// It sends a Close frame with this code.
    Close(u16),
    /// It sends a frame that no server may send.
    Violate,
    /// It stops reading and sends nothing, not even pongs.
    Freeze,
}

/// Messages that the server sends when the connection is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// The number of messages.
    pub messages: u64,
    /// The number of bytes of each message. The messages are binary.
    pub bytes: usize,
}

/// The behaviour of the server on a connection. The default echoes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    /// The behaviour instead of the upgrade.
    pub refusal: Option<Refusal>,
    /// The body of an answer that is not an upgrade. Otherwise the body is a sentence about the status.
    pub body: Option<String>,
    /// Additional headers of the answer.
    pub headers: Vec<(String, String)>,
    /// The wait before the answer, and before each echo.
    pub delay: Duration,
    /// The end, and the number of messages before it.
    pub end: Option<(End, u64)>,
    /// Messages that are sent at the beginning.
    pub burst: Option<Burst>,
    /// Headers that a request must have. Otherwise the answer is 401.
    pub required: Vec<(String, String)>,
    /// The subprotocols that the server accepts. Without any it chooses none.
    pub subprotocols: Vec<String>,
    /// The room: messages go to its other members instead of back.
    pub room: Option<String>,
}

impl Behaviour {
    /// Adds the behaviour that the path of a URL requests. An error is a sentence for the client.
    pub fn add_path(&mut self, path: &str) -> Result<(), String> {
        let mut words = path.split('/').filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let mut parameter = |name: &str, least: u64, most: u64| {
                let text = words.next().ok_or_else(|| format!("/{word} needs a number: {name}"))?;
                number(text, least, most).map_err(|reason| format!("/{word}: {name}: {reason}"))
            };
            match word {
                "refuse" => self.refusal = Some(Refusal::Status(parameter("an HTTP status", 200, 599)? as u16)),
                "stall" => self.refusal = Some(Refusal::Stall),
                "hangup" => self.refusal = Some(Refusal::Hangup),
                "delay" => self.delay = Duration::from_millis(parameter("milliseconds", 0, MAX_DELAY_MS)?),
                "drop" => self.end = Some((End::Drop, parameter("messages", 0, u64::MAX)?)),
                "violate" => self.end = Some((End::Violate, parameter("messages", 0, u64::MAX)?)),
                "freeze" => self.end = Some((End::Freeze, parameter("messages", 0, u64::MAX)?)),
                "close" => {
                    let code = parameter("a close code", 1000, 4999)? as u16;
                    self.end = Some((End::Close(code), parameter("messages", 0, u64::MAX)?));
                }
                "burst" => {
                    let messages = parameter("messages", 0, MAX_BURST_MESSAGES)?;
                    let bytes = parameter("bytes", 0, MAX_BURST_BYTES)? as usize;
                    self.burst = Some(Burst { messages, bytes });
                }
                "room" => {
                    let name = words.next().ok_or("/room needs a name")?;
                    if name.len() > MAX_ROOM_NAME_BYTES {
                        return Err(format!("/room: a name has at most {MAX_ROOM_NAME_BYTES} bytes"));
                    }
                    self.room = Some(name.to_owned());
                }
                // Other paths belong to applications.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads a header as it is written on a command line: `Name: value`.
pub fn header(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("not a header, such as \"Name: value\": {text:?}");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let value = value.trim();
    if name.parse::<HeaderName>().is_err() || HeaderValue::from_str(value).is_err() {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Result<Behaviour, String> {
        let mut behaviour = Behaviour::default();
        behaviour.add_path(path).map(|()| behaviour)
    }

    #[test]
    fn a_path_may_ask_for_several_things() {
        let behaviour = path("/delay/200/burst/3/1024/drop/2").expect("a valid path");
        let burst = Some(Burst { messages: 3, bytes: 1024 });
        let end = Some((End::Drop, 2));
        assert_eq!(behaviour, Behaviour { delay: Duration::from_millis(200), burst, end, ..Behaviour::default() });
    }

    #[test]
    fn other_paths_echo() {
        for other in ["", "/", "/chat", "/game/7", "/rooms/7"] {
            assert_eq!(path(other), Ok(Behaviour::default()), "{other}");
        }
    }

    #[test]
    fn a_path_may_name_a_room() {
        let room = Some("lobby".to_owned());
        assert_eq!(path("/room/lobby"), Ok(Behaviour { room: room.clone(), ..Behaviour::default() }));
        let end = Some((End::Drop, 2));
        assert_eq!(path("/drop/2/room/lobby/"), Ok(Behaviour { room, end, ..Behaviour::default() }));
        assert_eq!(path("/room/"), Err("/room needs a name".to_owned()));
        let long = "x".repeat(MAX_ROOM_NAME_BYTES);
        assert_eq!(path(&format!("/room/{long}")).map(|behaviour| behaviour.room), Ok(Some(long.clone())));
        assert_eq!(path(&format!("/room/{long}x")), Err("/room: a name has at most 64 bytes".to_owned()));
    }

    #[test]
    fn a_path_that_lacks_a_number_is_an_error() {
        for (wrong, complaint) in [
            ("/refuse", "/refuse needs a number: an HTTP status"),
            ("/refuse/99", "/refuse: an HTTP status: \"99\" is not a number from 200 to 599"),
            ("/close/1000", "/close needs a number: messages"),
            ("/burst/1/x", "/burst: bytes: \"x\" is not a number from 0 to 16777216"),
            ("/delay/60001", "/delay: milliseconds: \"60001\" is not a number from 0 to 60000"),
        ] {
            assert_eq!(path(wrong), Err(complaint.to_owned()));
        }
    }

    #[test]
    fn headers_are_checked() {
        assert_eq!(header("X-Token:  a b "), Ok(("X-Token".to_owned(), "a b".to_owned())));
        for wrong in ["X-Token", ": value", "A B: value", "A: b\nc: d"] {
            assert!(header(wrong).is_err(), "{wrong}");
        }
    }
}

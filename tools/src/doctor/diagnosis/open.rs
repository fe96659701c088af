//! The end of a connection that was open.

use super::{Diagnosis, Exit};
use crate::abi::{Report, error_name};
use crate::check::Check;
use crate::settings::Settings;
use crate::words::plain;
use ::egret_ws::*;

pub fn open(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    if check.has_closed
        && report.phase != EGRET_WS_PHASE_OPEN
        && let Some(diagnosis) = closing(settings, report)
    {
        return diagnosis;
    }
    match report.error {
        EGRET_WS_OK => closed_by_server(check, settings, report),
        EGRET_WS_ERR_TIMEOUT => Diagnosis::new(
            Exit::Open,
            format!("The connection opened, and a ping was not answered within {} s.", settings.timeout.as_secs()),
            &[
                "The server has stopped, or a device on the way has dropped the connection.",
                "A server that never answers pings breaks RFC 6455; a game that must use it sets `pong_timeout_ms` to EGRET_WS_UNLIMITED.",
            ],
        ),
        EGRET_WS_ERR_CONNECTION_LOST => Diagnosis::new(
            Exit::Open,
            "The connection opened, and was then lost without a Close frame.",
            &[
                "The server crashed, was restarted, or ends connections that it does not accept: look at its log for this time.",
                "A proxy or load balancer in front of it may have a short time limit (nginx: `proxy_read_timeout`).",
            ],
        ),
        EGRET_WS_ERR_PROTOCOL | EGRET_WS_ERR_INVALID_UTF8 | EGRET_WS_ERR_MESSAGE_TOO_BIG => {
            let advice: &[&str] = if report.error == EGRET_WS_ERR_MESSAGE_TOO_BIG {
                &["The server splits the message: no message may have more than 131072 bytes."]
            } else {
                &[
                    "This is a fault of the server, or of a proxy that changes the data: try wss, or the server without the proxy.",
                    "--trace prints the frames up to the wrong one.",
                ]
            };
            let fault = match report.error {
                EGRET_WS_ERR_MESSAGE_TOO_BIG => "The server sent a message that is too large",
                EGRET_WS_ERR_INVALID_UTF8 => "The server sent text that is not UTF-8",
                _ => "The server violated the protocol",
            };
            Diagnosis::new(Exit::Open, format!("{fault}, and the library closed the connection."), advice)
        }
        _ => Diagnosis::new(Exit::Open, format!("{}: {}.", error_name(report.error), plain(&report.message)), &[]),
    }
}

fn closed_by_server(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    // In a chat, a server may close when it has sent everything.
    if settings.chats && matches!(report.code, 1000 | 1005) {
        return Diagnosis::new(Exit::Fine, "The connection works. The server closed it.", &[]);
    }
    let reason = if report.reason.is_empty() {
        "without a reason".to_owned()
    } else {
        format!("with the reason \"{}\"", plain(&report.reason))
    };
    let (meaning, advice) = match report.code {
        1000 => ("normal", "The server had no more to do: does it expect a first message, or a parameter in the URL?"),
        1001 => ("the server is going away", "It is being restarted or moved: try again in a moment."),
        1002 => (
            "it found a violation of the protocol",
            "A proxy may change the data; otherwise report it to the server's author.",
        ),
        1003 => ("it does not accept this type of data", "Does it require binary instead of text?"),
        1005 => ("no code", "Look at the log of the server."),
        1007 => (
            "it found text that is not UTF-8",
            "A proxy may change the data; otherwise report it to the server's author.",
        ),
        1008 => (
            "a violation of its policy",
            "It requires a token, another Origin or a subprotocol: --header, --origin, --subprotocol.",
        ),
        1009 => ("a message was too big for it", "Send smaller messages."),
        1011 => ("it has an internal error", "Look at the log of the server."),
        1012 => ("it restarts", "Try again in a moment."),
        1013 => ("it is overloaded", "Try again later."),
        3000..=3999 => {
            ("a code of a library or framework", "The documentation of the server's framework has its meaning.")
        }
        4000..=4999 => (
            "a code of the application",
            "The author of the server knows its meaning; often a login is missing or has expired.",
        ),
        _ => ("an unusual code", "Look at the log of the server."),
    };
    let when = if check.has_closed { "while this side closed" } else { "by itself" };
    Diagnosis::new(
        Exit::Open,
        format!("The server closed the connection {when}, with code {} ({meaning}), {reason}.", report.code),
        &[advice],
    )
}

/// Diagnoses a close that this side has begun. `None`: the close is not the cause, and the report is handled as if there were
/// no close.
fn closing(settings: &Settings, report: &Report) -> Option<Diagnosis> {
    let diagnosis = match report.error {
        // Another code comes from a server that closes for its own reason at this moment. It is chance which of both Close frames
        // is the first one, so this must not change the exit code.
        EGRET_WS_OK if report.initiator == EGRET_WS_INITIATOR_LOCAL && matches!(report.code, 1000 | 1001 | 1005) => {
            Diagnosis::new(Exit::Fine, "The connection works.", &[])
        }
        EGRET_WS_ERR_TIMEOUT => Diagnosis::new(
            Exit::Close,
            format!(
                "The connection works, but the server did not answer the Close frame within {} s.",
                settings.timeout.as_secs()
            ),
            &["The server ignores Close frames, or waits before it answers. A game sees ERR_TIMEOUT at each close."],
        ),
        EGRET_WS_ERR_CONNECTION_LOST => Diagnosis::new(
            Exit::Close,
            "The connection works, but the server ended it without a Close frame.",
            &["It may crash at a close, or cut connections. A game sees ERR_CONNECTION_LOST at each close."],
        ),
        _ => return None,
    };
    Some(diagnosis)
}

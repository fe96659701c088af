//! Failures of the upgrade: refusals, redirects, and servers of other kinds.

use super::{Diagnosis, Exit};
use crate::abi::Report;
use crate::check::Check;
use crate::settings::Settings;
use crate::words::plain;
use ::egret_ws::*;

pub fn upgrade(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    if check.other_scheme_answers {
        return Diagnosis::new(
            Exit::Upgrade,
            format!("Port {} speaks TLS: a TLS handshake with it succeeded.", check.url.port),
            &["Use wss:// for this port."],
        );
    }
    match report.error {
        EGRET_WS_ERR_HTTP_STATUS => refusal(check, settings, report),
        EGRET_WS_ERR_REDIRECT => redirect(check, report),
        EGRET_WS_ERR_TIMEOUT => Diagnosis::new(
            Exit::Upgrade,
            format!(
                "The server accepted the connection, but did not answer the request within {} s.",
                settings.timeout.as_secs()
            ),
            &[
                "The server hangs or is overloaded: look at its log.",
                "Is it a WebSocket server? Another kind of server may wait for more input.",
                "A proxy in front of it may wait for a backend that is down.",
            ],
        ),
        EGRET_WS_ERR_CONNECTION_LOST => Diagnosis::new(
            Exit::Upgrade,
            "The server ended the connection without an answer.",
            &[
                "Is it a WebSocket server, and does it use TLS (wss) or not (ws)?",
                "The server may have crashed, or refuse clients by address, path or header: look at its log.",
            ],
        ),
        _ => Diagnosis::new(
            Exit::Upgrade,
            "The answer does not come from a WebSocket server.",
            &[
                "Does the URL have the correct port and path?",
                "Does the server choose one of the subprotocols that the game offers? (--subprotocol)",
                "A proxy between them may change the headers: try wss, which most proxies cannot change.",
            ],
        ),
    }
}

fn refusal(check: &Check, settings: &Settings, report: &Report) -> Diagnosis {
    let server = check.opening.header("server").map(|server| format!(" by {}", plain(server))).unwrap_or_default();
    let path = &check.url.path;
    let status = report.http_status;
    let nginx = "A reverse proxy has to pass the upgrade on. nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection \"upgrade\";` in this location.";
    let origin = if settings.origin.is_none() {
        "Some servers accept known pages only: try --origin https://the-page-of-your-game."
    } else {
        "Does the server accept this Origin?"
    };
    let (what, advice): (String, Vec<&str>) = match status {
        200..=299 => (
            "it answered like a web page, without an upgrade".to_owned(),
            vec!["Does the URL have the path of the WebSocket server?", nginx],
        ),
        301 | 302 | 303 | 307 | 308 => return redirect(check, report),
        400 => (
            "it says that the request is malformed".to_owned(),
            vec!["Its answer above may name the missing part: a header, a subprotocol, a parameter of the URL.", nginx],
        ),
        401 => (
            "it requires authentication".to_owned(),
            vec![
                "Pass the token or cookie of the player: --header 'Authorization: Bearer …', --header 'Cookie: …'.",
                "Has the token expired? A game replaces it in `on_request`.",
            ],
        ),
        403 => (
            "it does not accept this client".to_owned(),
            vec![
                "Is the token valid for this server? --header 'Authorization: Bearer …'",
                origin,
                "A firewall for web applications or a region block may be in front of the server.",
            ],
        ),
        404 => (
            format!("it has nothing at {path}"),
            vec![
                "Check the path of the URL, including its last slash.",
                "A reverse proxy sends the path to the wrong backend, or does not pass the upgrade on.",
                nginx,
            ],
        ),
        405 => (
            "it does not accept this kind of request here".to_owned(),
            vec!["The path belongs to a web server.", nginx],
        ),
        426 => (
            "it got a request without the upgrade, or wants another version of WebSocket".to_owned(),
            vec![nginx, "A proxy on the way may remove the upgrade. Most proxies cannot change wss."],
        ),
        429 => (
            "it got too many requests from this client".to_owned(),
            vec!["Wait as long as its Retry-After requires. With `retry_attempts` the library does so."],
        ),
        502 | 504 => (
            "a proxy in front of it cannot reach it".to_owned(),
            vec!["Is the server behind the proxy running, on the port that the proxy uses?"],
        ),
        503 => (
            "it cannot serve now".to_owned(),
            vec!["It is overloaded or in maintenance, or the proxy in front of it has no running server."],
        ),
        500..=599 => ("it has an internal error".to_owned(), vec!["Look at the log of the server for this request."]),
        _ => ("an answer without an upgrade".to_owned(), vec!["Its answer above may say more."]),
    };
    let retry = check
        .opening
        .header("retry-after")
        .map(|wait| format!("It asks to try again later: Retry-After: {}.", plain(wait)));
    let mut diagnosis = Diagnosis::new(
        Exit::Upgrade,
        format!("The server refused the upgrade with HTTP {status}{server}: {what}."),
        &advice,
    );
    diagnosis.advice.extend(retry);
    diagnosis
}

/// Diagnoses a redirect that the library did not follow.
pub fn redirect(check: &Check, report: &Report) -> Diagnosis {
    let status = report.http_status;
    // In a later phase, the connection info has the address of the target, and no longer the answer.
    if report.phase != EGRET_WS_PHASE_HANDSHAKE {
        return Diagnosis::new(
            Exit::Upgrade,
            format!(
                "The server redirects to an address that is nearer than its own (HTTP {status}), such as a private one."
            ),
            &[
                "The server, or a proxy in front of it, redirects to its internal address: correct its configuration.",
                "If a game is only for this network, it can set EGRET_WS_ALLOW_PRIVATE_REDIRECTS.",
            ],
        );
    }
    let Some(target) = check.opening.header("location").map(plain) else {
        return Diagnosis::new(
            Exit::Upgrade,
            format!(
                "The server answered with a redirect (HTTP {status}) without a Location header, so its target is unknown."
            ),
            &[
                "Look at the configuration of the server, or of a proxy in front of it: a redirect needs a Location header.",
            ],
        );
    };
    let why = if report.error == EGRET_WS_ERR_REDIRECT { " The library did not follow it." } else { "" };
    Diagnosis::new(
        Exit::Upgrade,
        format!("The server redirects to {target} (HTTP {status}).{why}"),
        &[
            "Use that URL in the game, with ws or wss instead of http or https, if it is the one you want.",
            "Or let the game follow redirects: option `max_redirects`, here --redirects 5.",
            "A redirect to a login page means that the server requires a token or a cookie.",
        ],
    )
}

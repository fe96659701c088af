//! The kinds of failures of a connection.

use super::servers::Hosts;
use ::egret_ws::*;
use std::ffi::CStr;

/// One kind of failure.
#[derive(Debug)]
pub struct Failure {
    /// The URL of the connection.
    pub url: fn(&Hosts) -> String,
    /// Sets the options. The text is PEM that no other connection uses.
    pub set: fn(&mut egret_ws_options, &Hosts, &CStr),
    pub game: Game,
    /// The expected error and phase. The phase is `None` if it depends on timing.
    pub error: i32,
    pub phase: Option<i32>,
}

/// The reaction of the game.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Game {
    /// Waits for `on_close`.
    Waits,
    /// The connect call itself fails.
    SeesTheCallFail,
    ClosesAtOnce,
    ClosesLater,
    FreesAtOnce,
    FreesLater,
}

/// A time-out in milliseconds that passes soon.
const SOON: u32 = 2;

const fn fails(error: i32, phase: i32, url: fn(&Hosts) -> String) -> Failure {
    Failure { url, set: |_, _, _| {}, game: Game::Waits, error, phase: Some(phase) }
}

const fn is_ended(game: Game, url: fn(&Hosts) -> String) -> Failure {
    Failure { url, set: |_, _, _| {}, game, error: EGRET_WS_ERR_ABORTED, phase: None }
}

impl Failure {
    const fn with(self, set: fn(&mut egret_ws_options, &Hosts, &CStr)) -> Failure {
        Failure { set, ..self }
    }
}

/// Makes the client trust only the authority of the tests.
fn trust(options: &mut egret_ws_options, hosts: &Hosts) {
    options.flags = EGRET_WS_ONLY_THESE_ROOTS;
    options.tls_roots = hosts.root.as_ptr();
    options.tls_roots_len = EGRET_WS_NUL_TERMINATED;
}

/// This connection has TLS settings that no other connection has, so it needs a separate connector. It takes some time to make
/// one.
pub static SEPARATE_TLS: Failure =
    fails(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.tls("127.0.0.1")).with(
        |options, _, roots| {
            options.flags = EGRET_WS_ONLY_THESE_ROOTS;
            options.tls_roots = roots.as_ptr();
            options.tls_roots_len = roots.count_bytes();
        },
    );

pub static FAILURES: &[Failure] = &[
    // Failures of the name look-up.
    fails(EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE, |_| "ws://unknown.invalid/".into()),
    fails(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_RESOLVE, |hosts| hosts.slow("ws"))
        .with(|options, _, _| options.resolve_timeout_ms = SOON),
    // Failures of TCP.
    fails(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, |hosts| hosts.closed("ws")),
    fails(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_CONNECT, |hosts| hosts.full("ws"))
        .with(|options, _, _| options.connect_timeout_ms = SOON),
    // Failures of the proxy.
    fails(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, |hosts| hosts.plain("ws", "404"))
        .with(|options, hosts, _| options.proxy = hosts.closed_proxy.as_ptr()),
    fails(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, |_| "ws://forbidden.invalid/".into())
        .with(|options, hosts, _| options.proxy = hosts.http_proxy.as_ptr()),
    fails(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, |_| "wss://garbage.invalid/".into())
        .with(|options, hosts, _| options.proxy = hosts.http_proxy.as_ptr()),
    fails(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, |_| "ws://any.invalid/".into())
        .with(|options, hosts, _| options.proxy = hosts.socks_proxy.as_ptr()),
    fails(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_PROXY, |_| "ws://any.invalid/".into()).with(|options, hosts, _| {
        options.proxy = hosts.silent_proxy.as_ptr();
        options.proxy_timeout_ms = SOON;
    }),
    // Failures of TLS.
    fails(EGRET_WS_ERR_TLS, EGRET_WS_PHASE_TLS, |hosts| hosts.plain("wss", "garbage")),
    fails(EGRET_WS_ERR_TLS_ISSUER, EGRET_WS_PHASE_TLS, |hosts| hosts.tls("127.0.0.1")),
    fails(EGRET_WS_ERR_TLS_HOST, EGRET_WS_PHASE_TLS, |hosts| hosts.tls("127.0.0.1")).with(|options, hosts, _| {
        trust(options, hosts);
        options.tls_server_name = c"other.example".as_ptr();
    }),
    fails(EGRET_WS_ERR_TLS_PIN, EGRET_WS_PHASE_TLS, |hosts| hosts.tls("localhost")).with(|options, hosts, _| {
        trust(options, hosts);
        options.tls_pins = c"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".as_ptr();
    }),
    fails(EGRET_WS_ERR_TLS_OPTIONS, EGRET_WS_PHASE_TLS, |hosts| hosts.tls("127.0.0.1")).with(|options, hosts, _| {
        options.tls_identity = hosts.identity.as_ptr();
        options.tls_identity_len = hosts.identity.len();
        options.tls_identity_password = c"wrong".as_ptr();
    }),
    fails(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_TLS, |hosts| hosts.silent("wss"))
        .with(|options, _, _| options.tls_timeout_ms = SOON),
    // Failures of the upgrade, without and with TLS.
    fails(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.plain("ws", "404")),
    fails(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.tls("localhost"))
        .with(|options, hosts, _| trust(options, hosts)),
    fails(EGRET_WS_ERR_REDIRECT, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.plain("ws", "redirect"))
        .with(|options, _, _| options.max_redirects = 2),
    fails(EGRET_WS_ERR_HANDSHAKE, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.plain("ws", "garbage")),
    fails(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.plain("ws", "end")),
    fails(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.plain("ws", "reset")),
    fails(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_HANDSHAKE, |hosts| hosts.silent("ws"))
        .with(|options, _, _| options.handshake_timeout_ms = SOON),
    // Failures of the open connection.
    fails(EGRET_WS_ERR_CONNECTION_LOST, EGRET_WS_PHASE_OPEN, |hosts| hosts.plain("ws", "open-and-end")),
    fails(EGRET_WS_ERR_PROTOCOL, EGRET_WS_PHASE_OPEN, |hosts| hosts.plain("ws", "open-and-garbage")),
    // The game ends the connection.
    is_ended(Game::ClosesAtOnce, |hosts| hosts.silent("ws")),
    is_ended(Game::ClosesLater, |hosts| hosts.silent("wss")),
    is_ended(Game::ClosesLater, |hosts| hosts.full("ws")),
    is_ended(Game::ClosesAtOnce, |hosts| hosts.slow("wss")),
    is_ended(Game::FreesAtOnce, |hosts| hosts.tls("127.0.0.1")),
    is_ended(Game::FreesLater, |hosts| hosts.silent("ws")),
    is_ended(Game::FreesLater, |hosts| hosts.silent("wss")),
    is_ended(Game::FreesAtOnce, |hosts| hosts.slow("ws")),
    // The connect call fails.
    Failure {
        url: |hosts| hosts.plain("ws", "404"),
        set: |options, _, _| options.origin = c"two\r\nlines".as_ptr(),
        game: Game::SeesTheCallFail,
        error: EGRET_WS_ERR_INVALID_ARGUMENT,
        phase: None,
    },
];

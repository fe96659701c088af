//! Whole connections through a proxy in one call, and what is true of each of them.

use crate::client::{Loop, Socket};
use crate::servers::authority;
use crate::support::record::{Event, Report};
use ::egret_ws::*;
use std::ffi::CString;

/// Begins to connect to `url` through `proxy`. With `wss` only the authority of the tests is trusted.
#[track_caller]
pub fn open<'a>(host: &'a Loop, url: &str, proxy: &str) -> Socket<'a> {
    open_with(host, url, proxy, |_| {})
}

#[track_caller]
pub fn open_with<'a>(host: &'a Loop, url: &str, proxy: &str, set: impl FnOnce(&mut egret_ws_options)) -> Socket<'a> {
    try_open(host, url, proxy, set).unwrap_or_else(|error| panic!("refused with {error}: {:?}", host.take_log()))
}

pub fn try_open<'a>(
    host: &'a Loop,
    url: &str,
    proxy: &str,
    set: impl FnOnce(&mut egret_ws_options),
) -> Result<Socket<'a>, i32> {
    let proxy = CString::new(proxy).expect("no NUL in a test's proxy");
    host.open_url(url, |options| {
        options.proxy = proxy.as_ptr();
        trust_only_ours(options);
        set(options);
    })
}

fn trust_only_ours(options: &mut egret_ws_options) {
    options.flags |= EGRET_WS_ONLY_THESE_ROOTS;
    options.tls_roots = authority().as_ptr().cast();
    options.tls_roots_len = authority().len();
}

/// Says "hello" and the longest message there may be, hears both, and closes.
#[track_caller]
pub fn echoes(socket: &Socket<'_>) {
    assert_eq!(socket.wait_events(1), [Event::Connect]);
    let long = vec![0x5A; EGRET_WS_MAX_MESSAGE_BYTES as usize];
    socket.send_text("hello");
    socket.send_binary(&long);
    assert_eq!(socket.wait_events(3), [Event::Connect, Event::Text("hello".into()), Event::Binary(long)]);
    socket.close();
    socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
}

/// The connection was made to the proxy on `port`, and the server answered through it.
#[track_caller]
pub fn went_through(socket: &Socket<'_>, port: u16) {
    let stats = socket.stats();
    let address = stats.address.map(|byte| byte as u8);
    let address = String::from_utf8_lossy(&address).trim_end_matches('\0').to_owned();
    assert_eq!((address, stats.http_status), (format!("127.0.0.1:{port}"), 101));
}

/// The connection fails before it is made; returns the report.
#[track_caller]
pub fn fails(socket: &Socket<'_>) -> Report {
    let report = socket.wait_closed();
    assert_eq!(socket.events().len(), 1, "nothing but on_close: {:?}", socket.events());
    assert_eq!((report.code, report.sent_code), (1006, 0), "{report:#?}");
    report
}

impl Report {
    /// The proxy refused, by an HTTP status unless that is 0, and the message says all of `said`.
    #[track_caller]
    pub fn expect_refusal(&self, http_status: i32, said: &[&str]) {
        self.expect(EGRET_WS_ERR_PROXY, EGRET_WS_PHASE_PROXY, EGRET_WS_INITIATOR_PEER);
        assert_eq!((self.http_status, self.os_error), (http_status, 0), "{self:#?}");
        self.expect_message(said);
    }

    #[track_caller]
    pub fn expect_message(&self, said: &[&str]) {
        for part in said {
            assert!(self.message.contains(part), "the message does not say {part:?}: {self:#?}");
        }
    }
}

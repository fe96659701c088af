//! Complete connections through a proxy in one call, and the checks of each.

use crate::servers::authority;
use ::egret_ws::*;
use std::ffi::CString;
use test_support::client::{Loop, Socket, on_both_drivers};
use test_support::close_report::CloseReport;
use test_support::frame::Frame;
use test_support::recorder::Event;
use test_support::response::{self, address};
use test_support::scripted_server::{Peer, Server};

/// Begins to connect to `url` through `proxy`. With `wss`, only the authority of the tests is trusted.
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

/// Sends "hello" and the longest message, receives both echoes, and closes.
#[track_caller]
pub fn echoes(socket: &Socket<'_>) {
    socket.wait_open();
    let long = vec![0x5A; EGRET_WS_MAX_MESSAGE_BYTES as usize];
    assert_eq!(socket.send_text("hello"), EGRET_WS_OK);
    assert_eq!(socket.send_binary(&long), EGRET_WS_OK);
    assert_eq!(socket.wait_messages(2), [Event::Text("hello".into()), Event::Binary(long)]);
    assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
    socket.wait_closed().expect(EGRET_WS_OK, EGRET_WS_PHASE_CLOSING, EGRET_WS_INITIATOR_LOCAL);
}

/// Checks that the connection was made to the proxy on `port`, and that the server answered through it.
#[track_caller]
pub fn went_through(socket: &Socket<'_>, port: u16) {
    let stats = socket.stats();
    assert_eq!((address(&stats), stats.http_status), (format!("127.0.0.1:{port}"), 101));
    let proxy = response::proxy(socket.handle());
    assert!(proxy.ends_with(&format!("://127.0.0.1:{port}")) && !proxy.contains('@'), "{proxy}");
}

/// On both drivers, the proxy runs `script` until the tunnel is open. In the tunnel it acts as the server, which must be
/// requested as `authority`. `proxy` is the URL of the proxy up to its host.
#[track_caller]
pub fn opens(proxy: &str, url: &str, authority: &str, script: impl Fn(&mut Peer) + Clone + Send + 'static) {
    println!("{url} through {proxy}");
    on_both_drivers(|host| {
        let script = script.clone();
        let server = Server::start(move |mut peer| {
            script(&mut peer);
            let request = peer.upgrade();
            peer.send(&Frame::text("hello"));
            peer.close(1000);
            request
        });
        let port = server.port();
        let socket = open(host, url, &format!("{proxy}127.0.0.1:{port}"));
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        assert_eq!(socket.events()[..2], [Event::Connect, Event::Text("hello".into())]);
        went_through(&socket, port);
        let request = server.finish();
        assert_eq!((request.line.as_str(), request.header("Host")), ("GET / HTTP/1.1", authority));
        assert!(!format!("{request:?}").contains("Proxy-"), "a header for the proxy reaches the server: {request:?}");
    });
}

/// The connection fails before it is made. Returns the report.
#[track_caller]
pub fn fails(socket: &Socket<'_>) -> CloseReport {
    let report = socket.wait_closed();
    assert_eq!(socket.events().len(), 1, "nothing but on_close: {:?}", socket.events());
    assert_eq!((report.code, report.sent_code), (1006, 0), "{report:#?}");
    report
}

//! The server of `egret-ws-echo`, for programs that tests run.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread;

pub use egret_ws_tools::echo::serve;
#[cfg(feature = "vendored")]
pub use egret_ws_tools::echo::{Behaviour, serve_tls, tls};

/// Returns the port of one echo server for all tests of a program.
pub fn echo_port() -> u16 {
    static PORT: LazyLock<u16> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        thread::spawn(move || serve(listener));
        port
    });
    *PORT
}

/// Returns the URL of that server.
pub fn echo_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| format!("ws://127.0.0.1:{}/", echo_port()));
    &URL
}

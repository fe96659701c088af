//! An echo server for programs that are run from outside.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::thread;

#[path = "../../examples/echo_server.rs"]
mod echo_server;

/// The URL of one echo server for all tests.
pub fn echo_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("the port"));
        thread::spawn(move || echo_server::serve(listener));
        url
    });
    &URL
}

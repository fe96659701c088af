//! Servers to which connections fail, and a check that a program handles these failures.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

/// A port without a listener. It is the local port of a connection that stays open during the tests, so no other program can use
/// it.
pub fn dead_url() -> &'static str {
    static CONNECTION: LazyLock<(TcpListener, TcpStream, String)> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("the port")).expect("a connection");
        let url = format!("ws://{}/", stream.local_addr().expect("the port"));
        (listener, stream, url)
    });
    &CONNECTION.2
}

/// A server that answers each request with 403.
pub fn refusing_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("the port"));
        thread::spawn(move || listener.incoming().for_each(|stream| refuse(stream.expect("a connection"))));
        url
    });
    &URL
}

fn refuse(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    // The client may already have disconnected.
    let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!");
}

/// Runs a program that must end by itself, with an error code and a message. Returns its output.
pub fn failure_of(command: &mut Command, log: &Path) -> String {
    let output = File::create(log).expect("a file for the output");
    command.env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    command.stdout(output.try_clone().expect("a second handle")).stderr(output);
    let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {:?}: {error}", command.get_program()));
    let status = crate::library::wait(child, Duration::from_secs(60));
    let printed = std::fs::read_to_string(log).expect("its output");
    let status = status.unwrap_or_else(|| panic!("{command:?} did not end:\n{printed}"));
    assert!(status.code().is_some_and(|code| code != 0), "{command:?}: {status}, not an error\n{printed}");
    assert!(!printed.trim().is_empty(), "{command:?} does not print the error");
    printed
}

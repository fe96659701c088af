//! Sockets without messages, and the answers of a server that refuses them.

use super::*;
use std::ffi::CString;
use test_allocator::{Peak, in_use};
use test_support::client::{Driver, set_retry};
use test_support::process::runs_alone;

/// Sockets that wait for their loop, and sockets that are open.
#[test]
fn sockets_without_messages() {
    if !runs_alone("sockets::sockets_without_messages") {
        return;
    }
    const COUNT: usize = 20;
    let texts = [CString::new("x".repeat(8000)).expect("no NUL"), CString::new("y".repeat(8000)).expect("no NUL")];
    let mut line = Line::new("8 KiB + 4 × the bytes of its options");
    for (url, bytes, is_long) in [("/".to_owned(), 100, false), (format!("/{}", "x".repeat(16_000)), 32_000, true)] {
        let host = Loop::new(Driver::Inline);
        let (servers, ports): (Vec<_>, Vec<_>) =
            (0..COUNT).map(|_| server(&[], |mut peer| drop(peer.read_to_end()))).unzip();
        let peak = Peak::start();
        let before = in_use();
        let open = |port: &u16| {
            let url = format!("ws://127.0.0.1:{port}{url}");
            let opened = host.open_url(url, |options| {
                if is_long {
                    (options.user_agent, options.origin) = (texts[0].as_ptr(), texts[1].as_ptr());
                }
            });
            opened.expect("the connect call succeeds")
        };
        let sockets: Vec<Socket> = ports.iter().map(open).collect();
        println!("{} bytes wait for the loop, each", (in_use() - before) / COUNT);
        sockets.iter().for_each(Socket::wait_open);
        println!("{} bytes are open, each", (in_use() - before) / COUNT);
        line.allows(format_args!("options of {bytes} bytes"), peak.bytes() / COUNT, 8 * KIB + 4 * bytes);
        drop(sockets);
        drop(host);
        servers.into_iter().for_each(|server| server.join().expect("the script ends well"));
    }
    line.reached(35);
}

/// Returns the longest head of an answer, with the longest cookies, and a body. The head is 64 KiB long. None of its bytes
/// is UTF-8, so each becomes three bytes.
fn longest_answer(body: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 500 No\r\nSet-Cookie: ".to_vec();
    answer.resize(64 * KIB / 3 - 100, 0xFF);
    answer.extend(b"\r\nX: ");
    answer.resize(64 * KIB - 4, 0xFF);
    answer.extend(b"\r\n\r\n");
    answer.resize(answer.len() + body, b'b');
    answer
}

/// The server refuses each attempt with the longest answer, and the host does not poll.
#[test]
fn answers_of_a_hostile_server() {
    if !runs_alone("sockets::answers_of_a_hostile_server") {
        return;
    }
    let mut line = Line::new("768 KiB + 10 × (320 KiB + max_refusal_body_bytes)");
    for (option, body) in [(EGRET_WS_AT_ONCE, 0), (0, 16 * KIB), (EGRET_WS_MAX_MESSAGE_BYTES, 128 * KIB)] {
        let host = Loop::new(Driver::Threaded);
        let (listener, port) = listener();
        let server = thread::spawn(move || {
            exclude_this_thread();
            // After this number of attempts, the next one waits for the host.
            for _ in 0..8 {
                let mut peer = Peer::new(listener.accept().expect("a connection").0);
                peer.read_request();
                // No further byte is sent, because the client ends the connection, and further bytes would reset it.
                peer.write(longest_answer(body));
                peer.read_to_end();
            }
        });
        let peak = Peak::start();
        let socket = host.connect_with(port, |options| {
            options.max_refusal_body_bytes = option;
            options.retry_attempts = EGRET_WS_UNLIMITED;
            set_retry(options, |retry| (retry.min_wait_ms, retry.first_wait_ms) = (EGRET_WS_AT_ONCE, EGRET_WS_AT_ONCE));
        });
        server.join().expect("the script ends well");
        line.allows(format_args!("8 answers with {body}"), peak.bytes(), 768 * KIB + 10 * (320 * KIB + body));
        drop(socket);
    }
    line.reached(45);
}

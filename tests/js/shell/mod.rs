//! Runs the scenarios of this directory in the shell of `examples/egret_shell`, some of them with the real Egret engine, which npm
//! downloads. The suite that includes this module defines `engine`: `NAME`, and `shell_flags()`, the flags of `build.sh`.
//!
//! If a tool is missing, a test fails, unless the variable SKIP contains `js`.

mod real_engine;

use super::engine;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use test_support::certificates::{Certificate, RIGHT, ROOT, SELF_SIGNED};
use test_support::failing_servers::{dead_url, failure_of, refusing_url};
#[allow(dead_code)] // made for other tests, which need more of them
use test_support::{echo_server, library};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};
use tungstenite::protocol::{CloseFrame, WebSocket};
use tungstenite::{Message, accept, accept_hdr};

const TIME_LIMIT: Duration = Duration::from_secs(120);
const LIMIT: usize = 128 << 10;

pub fn is_skipped() -> bool {
    test_support::skip::is_skipped("js")
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn scratch() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(engine::NAME);
    fs::create_dir_all(&dir).expect("a directory for the programs");
    dir
}

/// The shell, compiled once.
pub fn shell() -> &'static Path {
    static SHELL: LazyLock<PathBuf> = LazyLock::new(|| {
        let shell = scratch().join("egret_shell");
        let mut build = Command::new(root().join("examples/egret_shell/build.sh"));
        library::run(build.arg(&shell).arg(library::build()).args(engine::shell_flags()));
        shell
    });
    &SHELL
}

#[test]
fn the_shell_with_the_glue_is_hardened() {
    if !is_skipped() {
        library::assert_hardened(shell());
    }
}

#[test]
fn the_shell_explains_its_options() {
    if is_skipped() {
        return;
    }
    for (arguments, status, words) in [
        (&[][..], 2, "usage: egret_shell [OPTION]... {--eval CODE | SCRIPT}..."),
        (&["--help"], 0, "  --eval CODE     runs CODE instead of a file"),
        (
            &["--second", "5", "game.js"],
            2,
            "egret_shell: there is no option --second, or its value is missing; see --help",
        ),
        (&["--seconds"], 2, "egret_shell: there is no option --seconds, or its value is missing; see --help"),
        (
            &["--eval", "0", "--inline"],
            2,
            "egret_shell: --inline comes after a script, or its value is missing; see --help",
        ),
        (&["none.js"], 2, "egret_shell: cannot read none.js"),
    ] {
        let outcome = finish("usage", Command::new(shell()).env_remove("LD_LIBRARY_PATH").args(arguments));
        assert_eq!(outcome.status.code(), Some(status), "{arguments:?}");
        let said = if status == 0 { outcome.out } else { outcome.err };
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

/// Returns the `build` directory of the engine, which is downloaded once.
pub fn egret_engine() -> &'static Path {
    static ENGINE: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut fetch = Command::new(root().join("tests/js/engine.sh"));
        PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR"))).trim_end())
    });
    &ENGINE
}

fn url_of(listener: &TcpListener) -> String {
    format!("ws://{}/", listener.local_addr().expect("the port"))
}

/// Returns the URL of the echo server that all tests use.
pub fn echo_url() -> String {
    static URL: LazyLock<String> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = url_of(&listener);
        thread::spawn(move || echo_server::serve(listener));
        url
    });
    URL.clone()
}

/// Starts a server that calls `talk` for each of `connections` and sends the results to the receiver.
fn server<T: Send + 'static>(
    connections: usize,
    talk: impl Fn(TcpStream) -> T + Send + 'static,
) -> (String, mpsc::Receiver<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = url_of(&listener);
    let (results, receiver) = mpsc::channel();
    thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().expect("a connection");
            stream.set_read_timeout(Some(TIME_LIMIT)).expect("a time-out");
            if results.send(talk(stream)).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

/// Returns the peer's Close frame. Skips the messages before it.
fn close_of(socket: &mut WebSocket<impl Read + Write>) -> Option<CloseFrame> {
    loop {
        match socket.read().expect("a message before the end") {
            Message::Close(frame) => {
                let _ = socket.flush(); // sends the answer; otherwise the next read would send it
                return frame;
            }
            _ => continue,
        }
    }
}

/// Returns the common part of the shell's command line.
fn command(driver: &str, url: &str) -> Command {
    command_for(9, driver, url)
}

/// Like `command`, for a shell that ends after `seconds`.
fn command_for(seconds: usize, driver: &str, url: &str) -> Command {
    let host_and_port = url.trim_start_matches("ws://").trim_end_matches('/');
    let (host, port) = host_and_port.rsplit_once(':').expect("host and port");
    let mut command = Command::new(shell());
    // The LD_LIBRARY_PATH that cargo has set would take precedence over the rpath.
    command.env_remove("LD_LIBRARY_PATH").args(["--seconds", &seconds.to_string(), "--expose-gc"]);
    if driver == "inline" {
        command.arg("--inline");
    }
    let dead_url = dead_url();
    command.arg("--eval").arg(format!("var url = '{url}', host = '{host}', port = {port}, dead_url = '{dead_url}'"));
    command.arg(root().join("tests/js/shell/check.js"));
    command
}

/// The exit status and the output of a program.
pub struct Outcome {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

/// Runs a program until it ends. `name` is the name of the log files.
pub fn finish(name: &str, command: &mut Command) -> Outcome {
    let [out, err] = ["out", "err"].map(|stream| scratch().join(format!("{name}.{stream}")));
    let open = |path| File::create(path).expect("a file for the output");
    command.stdin(Stdio::null()).stdout(open(&out)).stderr(open(&err));
    let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let status = library::wait(child, TIME_LIMIT);
    let [out, err] = [out, err].map(|path| fs::read_to_string(path).expect("the output"));
    match status {
        Some(status) => Outcome { status, out, err },
        None => panic!("{name} did not end within {TIME_LIMIT:?} and was killed:\n{out}{err}"),
    }
}

fn scenario(name: &str) -> PathBuf {
    root().join("tests/js/shell").join(name).with_extension("js")
}

/// Runs a scenario that must print "passed" and end without an exception.
fn expect_passed(name: &str, driver: &str, url: &str) {
    run_scenario(command(driver, url), name, driver);
}

/// Like `expect_passed`, on a system that trusts only `ROOT`.
fn expect_passed_with_root(name: &str, driver: &str, url: &str) {
    let mut command = command(driver, url);
    command.env("SSL_CERT_FILE", ROOT.chain()).env("SSL_CERT_DIR", "/nowhere");
    run_scenario(command, name, driver);
}

fn run_scenario(mut command: Command, name: &str, driver: &str) {
    let outcome = finish(&format!("{name}-{driver}"), command.arg(scenario(name)));
    assert!(
        outcome.status.success() && outcome.out == "passed\n",
        "{name} ({driver}) failed, {}:\n{}{}",
        outcome.status,
        outcome.out,
        outcome.err
    );
}

/// Runs each scenario with the echo server and both drivers.
macro_rules! echo_scenarios {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn threaded() {
                if !super::is_skipped() {
                    super::expect_passed(stringify!($name), "threaded", &super::echo_url());
                }
            }

            #[test]
            fn inline() {
                if !super::is_skipped() {
                    super::expect_passed(stringify!($name), "inline", &super::echo_url());
                }
            }
        }
    )*};
}

echo_scenarios! {
    buffers
    echo
    garbage_collection
    message_limit
    native
    order
    reconnect
    refused
    texts
}

#[test]
fn hooks_of_a_script_are_asked_and_their_exceptions_reported() {
    if is_skipped() {
        return;
    }
    for driver in ["threaded", "inline"] {
        let command = command(driver, &echo_url());
        let mut with_hooks = Command::new(command.get_program());
        with_hooks.arg("--hooks").arg(scenario("network_hooks")).args(command.get_args());
        with_hooks.env_remove("LD_LIBRARY_PATH").arg(scenario("network"));
        let outcome = finish(&format!("network-{driver}"), &mut with_hooks);
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.err);
        assert_eq!(outcome.out, "passed\n", "{}", outcome.err);
        let mut reported: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("Uncaught")).collect();
        reported.sort_unstable();
        let expected = [
            "Uncaught Error: rejection on purpose",
            "Uncaught Error: resolve on purpose",
            "Uncaught TypeError: resolve returned a value that is not a string, an array of strings or null",
        ];
        assert_eq!(reported, expected);
    }
}

#[test]
fn exceptions_of_handlers_are_reported_and_other_events_still_come() {
    if is_skipped() {
        return;
    }
    let outcome = finish("exceptions", command("threaded", &echo_url()).arg(scenario("exceptions")));
    assert_eq!(outcome.status.code(), Some(1), "{}", outcome.err);
    assert_eq!(outcome.out, "passed\n", "{}", outcome.err);
    let reported: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("Uncaught")).collect();
    let expected = ["open", "one", "two", "close"].map(|what| format!("Uncaught Error: {what} on purpose"));
    assert_eq!(reported, expected);
}

#[test]
#[expect(clippy::result_large_err, reason = "tungstenite's signature")]
fn requests_and_subprotocols_reach_the_server() {
    if is_skipped() {
        return;
    }
    let (url, ended) = server(3, |stream| {
        let mut path = String::new();
        let mut socket = accept_hdr(stream, |request: &Request, mut response: Response| {
            assert_eq!(request.headers()["sec-websocket-protocol"], "a, b");
            response.headers_mut().insert("sec-websocket-protocol", "b".parse().expect("a header"));
            path = request.uri().to_string();
            Ok(response)
        })
        .expect("a handshake");
        socket.send(Message::text(path)).expect("it is sent");
        close_of(&mut socket)
    });
    expect_passed("requests", "threaded", &url);
    for _ in 0..3 {
        assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(None), "close() without a code");
    }
}

#[test]
#[expect(clippy::result_large_err, reason = "tungstenite's signature")]
fn the_negotiated_extension_is_reported() {
    /// RFC 7692 section 7.2.3.1.
    const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    if is_skipped() {
        return;
    }
    let (url, ended) = server(1, |stream| {
        let mut socket = accept_hdr(stream, |request: &Request, mut response: Response| {
            let offered = request.headers()["sec-websocket-extensions"].to_str().expect("ASCII");
            assert!(offered.starts_with("permessage-deflate"), "{offered}");
            let agreed = "permessage-deflate; client_no_context_takeover".parse().expect("a header");
            response.headers_mut().insert("sec-websocket-extensions", agreed);
            Ok(response)
        })
        .expect("a handshake");
        let header = FrameHeader { rsv1: true, opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
        socket.send(Message::Frame(Frame::from_payload(header, HELLO.into()))).expect("it is sent");
        socket.send(Message::text("plain")).expect("it is sent");
        close_of(&mut socket)
    });
    expect_passed("extensions", "threaded", &url);
    assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(None), "close() without a code");
}

/// Starts a server for one connection with TLS.
fn secure_server<T: Send + 'static>(
    certificate: &Certificate,
    talk: impl Fn(Result<SslStream<TcpStream>, String>) -> T + Send + 'static,
) -> (String, mpsc::Receiver<T>) {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
    acceptor.set_certificate_chain_file(certificate.chain()).expect("a certificate");
    acceptor.set_private_key_file(certificate.key(), SslFiletype::PEM).expect("its key");
    let acceptor = acceptor.build();
    let (url, results) = server(1, move |stream| talk(acceptor.accept(stream).map_err(|error| format!("{error:?}"))));
    (url.replace("ws:", "wss:"), results)
}

#[test]
fn wss_with_a_trusted_certificate() {
    if is_skipped() {
        return;
    }
    let (url, ended) = secure_server(&RIGHT, |stream| {
        let mut socket = accept(stream.expect("a TLS handshake")).expect("a handshake");
        socket.send(Message::text("in secret")).expect("it is sent");
        close_of(&mut socket)
    });
    expect_passed_with_root("wss", "threaded", &url);
    assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(None), "close() without a code");
}

#[test]
fn an_untrusted_certificate_is_an_error() {
    if is_skipped() {
        return;
    }
    let (url, refused) = secure_server(&SELF_SIGNED, |stream| stream.err());
    expect_passed_with_root("untrusted_certificate", "inline", &url);
    let reason = refused.recv_timeout(TIME_LIMIT).expect("the connection came");
    let reason = reason.expect("the TLS handshake failed");
    assert!(reason.contains("alert"), "{reason}");
}

#[test]
fn the_servers_close_is_reported() {
    if is_skipped() {
        return;
    }
    let (url, ended) = server(1, |stream| {
        let mut socket = accept(stream).expect("a handshake");
        let frame = CloseFrame { code: CloseCode::Library(4001), reason: "bye 中".into() };
        socket.close(Some(frame)).expect("it is sent");
        close_of(&mut socket).map(|frame| u16::from(frame.code))
    });
    expect_passed("server_closes", "threaded", &url);
    assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(Some(4001)));
}

#[test]
fn each_event_is_a_task() {
    /// RFC 6455 section 5.2: opcode 3 is reserved.
    const WRONG_FRAME: [u8; 2] = [0x83, 0];
    if is_skipped() {
        return;
    }
    let (url, ended) = server(1, |stream| {
        let mut socket = accept(stream).expect("a handshake");
        for text in ["one", "two", "three"] {
            socket.write(Message::text(text)).expect("it is queued");
        }
        socket.flush().expect("they are sent");
        socket.get_mut().write_all(&WRONG_FRAME).expect("it is sent");
        close_of(&mut socket).map(|frame| u16::from(frame.code))
    });
    expect_passed("after_await", "threaded", &url);
    assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(Some(1002)));
}

#[test]
fn a_received_message_over_the_limit_ends_the_connection_with_1009() {
    if is_skipped() {
        return;
    }
    let (url, ended) = server(1, |stream| {
        let mut socket = accept(stream).expect("a handshake");
        socket.send(Message::text("x".repeat(LIMIT + 1))).expect("it is sent");
        close_of(&mut socket).map(|frame| u16::from(frame.code))
    });
    expect_passed("received_over_limit", "threaded", &url);
    assert_eq!(ended.recv_timeout(TIME_LIMIT), Ok(Some(1009)));
}

#[test]
fn the_sample_of_the_readme_runs() {
    if is_skipped() {
        return;
    }
    let page = fs::read_to_string(root().join("README.md")).expect("the page");
    let (_, lines) = page.split_once("```js\n").expect("lines in JavaScript");
    let (lines, _) = lines.split_once("```").expect("their end");
    let game = |url: &str| {
        let game = lines.replace("ws://127.0.0.1:9000/", url);
        assert_ne!(game, lines, "the page contains another URL");
        let mut shell = Command::new(shell());
        shell.env_remove("LD_LIBRARY_PATH").args(["--seconds", "9", "--eval", &game]);
        shell
    };
    assert_eq!(library::run(&mut game(&echo_url())), "Hello Egret WebSocket\nclosed 1005\n");
    for (url, complaint) in [(dead_url(), "refused"), (refusing_url(), "403")] {
        let said = library::run(&mut game(url));
        let [failed, closed] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
        assert!(failed.starts_with("failed: ") && failed.contains(complaint), "{said}");
        assert_eq!(closed, "closed 1006");
    }
    let said = failure_of(&mut game("ws://["), &scratch().join("readme.out"));
    assert!(said.contains("SyntaxError"), "{said}");
}

/// Returns how many sockets the next test opens and closes.
fn sockets() -> usize {
    std::env::var("EGRET_WS_TEST_SOCKETS").map_or(5000, |count| count.parse().expect("a number of sockets"))
}

#[test]
fn thousands_of_sockets_leak_no_memory() {
    // This limit is less than a KiB for each socket. The engine's heap alone varies by half of this limit.
    const MOST_GROWTH_KIB: usize = 4096;
    if is_skipped() {
        return;
    }
    let sockets = sockets();
    let mut command = command_for(9 + sockets / 300, "threaded", &echo_url());
    command.arg("--eval").arg(format!("var sockets_to_open = {sockets}")).arg(scenario("many_sockets"));
    let mut shell = command.stdout(Stdio::piped()).spawn().expect("the shell");
    let mut lines = BufReader::new(shell.stdout.take().expect("a pipe")).lines();
    // The shell ends by itself, so each wait for a line ends.
    let mut expect = |expected: &str| {
        let line = lines.next().unwrap_or_else(|| panic!("the shell ended before it printed {expected}"));
        assert_eq!(line.expect("a line"), expected);
    };
    expect("warm");
    let warm = resident_kib(shell.id());
    expect("passed");
    // The engine releases memory some time after a garbage collection.
    let deadline = Instant::now() + TIME_LIMIT / 4;
    let mut end = resident_kib(shell.id());
    while end >= warm + MOST_GROWTH_KIB && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(50));
        end = resident_kib(shell.id());
    }
    shell.kill().expect("the shell ends");
    shell.wait().expect("the shell ended");
    println!("{warm} KiB after {} sockets, {end} KiB after {sockets}", sockets / 10);
    assert!(end < warm + MOST_GROWTH_KIB, "the memory grew from {warm} KiB to {end} KiB");
}

/// Returns the resident memory of a process.
fn resident_kib(process: u32) -> usize {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).expect("the process lives");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).expect("a line for Rss");
    line.trim().strip_suffix(" kB").and_then(|number| number.parse().ok()).expect("a number of kB")
}

//! Tests `egret_ws_host.c`, the part of a glue for JavaScript that all engines share, without an engine: its options, its
//! errors, its table of sockets. Runs `tests/js/host/host.c`.
#![cfg(unix)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
#[allow(dead_code)] // made for other tests, which need more of them
use test_support::library;
use tungstenite::accept_hdr;
use tungstenite::handshake::server::{Request, Response};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program() -> Command {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("js_host");
        let mut compiler = Command::new(library::compiler(false));
        compiler.args(["-std=c99", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"]).arg(library::include_dir());
        compiler.arg(root().join("tests/js/host/host.c")).arg("-o").arg(&program);
        library::run(library::link(&mut compiler));
        program
    });
    let mut command = Command::new(&*PROGRAM);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

#[test]
fn options_errors_and_the_table_of_sockets() {
    library::run(&mut program());
}

#[test]
#[expect(clippy::result_large_err, reason = "tungstenite's signature")]
fn options_reach_the_server_and_the_shell_has_the_loop() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("the port"));
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut socket = accept_hdr(stream, |request: &Request, mut response: Response| {
            let expected = [
                ("x-game", "duck"),
                ("cookie", "a=b"),
                ("origin", "https://game.example"),
                ("user-agent", "Duck/1"),
                ("authorization", "Basic dTpw"),
                ("sec-websocket-protocol", "a, b"),
            ];
            for (name, value) in expected {
                assert_eq!(request.headers()[name], value);
            }
            response.headers_mut().insert("sec-websocket-protocol", "b".parse().expect("a header"));
            Ok(response)
        })
        .expect("a handshake");
        while socket.read().is_ok() {}
    });
    library::run(program().arg(url));
    server.join().expect("the server saw the headers");
}

/// Returns the fields of a struct of the C header.
fn fields(name: &str) -> Vec<String> {
    let header = std::fs::read_to_string(root().join("include/egret_ws.h")).expect("the header");
    let (_, body) = header.split_once(&format!("typedef struct {name} {{")).expect("the struct");
    let (body, _) = body.split_once(&format!("}} {name};")).expect("its end");
    let is_field = |line: &&str| line.starts_with("    ") && line.ends_with(';') && !line.trim_start().starts_with('*');
    let field = |line: &str| line.trim_end_matches(';').rsplit([' ', '*']).next().expect("a name").to_owned();
    body.lines().filter(is_field).map(field).collect()
}

#[test]
fn the_tables_have_every_field_of_the_header() {
    // These belong to the host, are an argument of `open`, or are only for the shell.
    let others = [
        "struct_size",
        "flags",
        "user",
        "on_connect",
        "on_message",
        "on_close",
        "release_user",
        "on_drain",
        "on_retry",
        "on_pong",
        "on_request",
        "on_frame",
        "subprotocols",
        "headers",
        "header_count",
        "tls_roots_len",
        "tls_identity",
        "tls_identity_len",
        "tls_identity_password",
        "retry",
        "deflate",
    ];
    let source = ["egret_ws_host.c", "egret_ws_host_hooks.h", "egret_ws_host_options.h"]
        .map(|file| std::fs::read_to_string(root().join("bindings/js").join(file)).expect("the source"))
        .concat();
    let has = |form: &str| source.contains(form);
    for field in fields("egret_ws_options") {
        let forms = [format!("TEXT({field})"), format!("NUMBER({field})"), format!("{{\"{field}\"")];
        assert_ne!(forms.iter().any(|form| has(form)), others.contains(&field.as_str()), "option {field}");
    }
    for field in fields("egret_ws_retry_options") {
        assert_ne!(has(&format!("RETRY({field})")), field == "struct_size", "retry.{field}");
    }
    // Each hook of the shell must reach the library.
    for field in fields("egret_ws_hooks") {
        assert_ne!(has(&format!("hooks->{field} = ")), field == "struct_size", "hook {field}");
    }
    for field in fields("egret_ws_statistics").iter().skip(1) {
        assert!(has(&format!("COUNTER({field})")), "statistic {field}");
    }
}

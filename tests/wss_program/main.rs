//! `wss` as a C program uses it: the program `wss.c` with servers of other projects. `make test-windows` runs it under wine, with
//! Schannel. `cargo test` runs it with OpenSSL, which shows that the expected results are right.
//!
//! wine checks certificates only in part. Its limits are in this file and in `tests/README.md`. A test fails when wine has lost a limit.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // this suite uses two of the servers
#[path = "../tls/servers.rs"]
mod servers;

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;
use test_support::certificates::*;
use test_support::daemon::Daemon;
use test_support::{library, paths};

/// This is longer than each limit of the program itself.
const LIMIT: Duration = Duration::from_secs(120);
/// Errors of Schannel and of the check of certificates.
const REVOCATION_FAILURE: &str = "os_error: 0x800b010e";
const UNTRUSTED_ROOT: &str = "os_error: 0x800b0109";
const EXPIRED_CERTIFICATE: &str = "os_error: 0x800b0101";
const ANOTHER_NAME: &str = "os_error: 0x800b010f";
const INTERNAL_ERROR: &str = "os_error: 0x80090304";
const NO_AUTHORITY: &str = "os_error: 0x80090311";

fn is_wine() -> bool {
    env::var("EGRET_WS_TEST_RUNNER").is_ok_and(|runner| runner.contains("wine"))
}

fn words(variable: &str) -> Vec<String> {
    env::var(variable).unwrap_or_default().split_whitespace().map(String::from).collect()
}

fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = folder();
        let (source, out) = (paths::repository().join("tests/wss_program/wss.c"), folder.join("wss.exe"));
        let mut compiler = Command::new(library::compiler(false));
        compiler.current_dir(paths::repository()).args(["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]);
        compiler.args(words("EGRET_WS_TEST_CFLAGS")).arg("-I").arg(library::include_dir()).arg(source);
        let link = words("EGRET_WS_TEST_LINK");
        if link.is_empty() {
            library::link(&mut compiler);
        }
        library::run(compiler.args(link).arg("-o").arg(&out));
        out
    });
    &PROGRAM
}

/// A folder for the files of this process.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = paths::scratch().join("wss_program");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the program");
        folder
    });
    &FOLDER
}

/// The text of a path for the program. wine accepts the paths of this machine.
fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").into()
}

/// Runs the program with each driver, and passes its output to `check`.
#[track_caller]
fn run(url: &str, options: &[String], check: impl Fn(&str)) {
    run_traced(url, options, "-all", check);
}

/// Like `run`, but with these channels of wine's traces.
#[track_caller]
fn run_traced(url: &str, options: &[String], channels: &str, check: impl Fn(&str)) {
    for driver in [None, Some("inline")] {
        let program = program();
        let output = folder().join(format!("{:?}-{driver:?}.log", thread::current().id()));
        let file = File::create(&output).expect("a file for the output");
        let mut runner = words("EGRET_WS_TEST_RUNNER").into_iter();
        let mut command = runner.next().map_or_else(|| Command::new(program), Command::new);
        if command.get_program() != program {
            command.args(runner).arg(program);
        }
        command.arg(url).args(options).args(driver).env_remove("LD_LIBRARY_PATH").env("WINEDEBUG", channels);
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("a second handle")).stderr(file);
        let status = library::wait(command.spawn().expect("the program starts"), LIMIT);
        let printed = fs::read_to_string(&output).expect("its output").replace('\r', "");
        assert!(status.is_some_and(|status| status.success()), "{url} {options:?} {driver:?}: {status:?}\n{printed}");
        check(&printed);
    }
}

#[track_caller]
fn prints(printed: &str, facts: &[&str]) {
    for fact in facts {
        assert!(printed.lines().any(|line| line == *fact), "no line `{fact}` in:\n{printed}");
    }
}

/// Checks that the connection opens, and that its version of TLS is one of these.
fn expect_open(server: &Daemon, options: &[String], versions: &[&str]) {
    run(&url(server), options, |printed| {
        prints(printed, &["echoes: 3", "error: EGRET_WS_OK", "http_status: 101"]);
        assert!(versions.iter().any(|version| printed.contains(&format!("version: {version}\n"))), "{printed}");
        assert!(!printed.contains("wrong"), "{printed}");
    });
}

const ANY_VERSION: &[&str] = &["0x303", "0x304"];

/// Checks that the connection fails in the phase of TLS, before the request. On Windows the program also prints `windows`.
fn expect_refused(server: &Daemon, options: &[String], error: &str, windows: &str) {
    run(&url(server), options, |printed| {
        prints(printed, &["echoes: 0", &format!("error: {error}"), "phase: 5", "http_status: 0"]);
        if is_wine() && !windows.is_empty() {
            prints(printed, &[windows]);
        }
    });
}

/// Checks `expected`, or with wine `wines` instead.
#[track_caller]
fn but_not_with_wine(limit: &str, expected: impl Fn(), wines: impl Fn()) {
    if !is_wine() {
        return expected();
    }
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(wines));
    assert!(
        result.is_ok(),
        "wine behaves differently than before. If it has lost the limit `{limit}`, remove the limit from this test and from \
         tests/README.md"
    );
}

fn url(server: &Daemon) -> String {
    format!("wss://localhost:{}/", server.port())
}

/// Returns options that trust `ROOT`. wine cannot do that (see `roots`), but accepts a certificate whose authority is not in the chain.
fn trusting() -> Vec<String> {
    if is_wine() { vec![] } else { vec!["roots".into(), text(&ROOT.chain())] }
}

fn with(mut options: Vec<String>, more: &[&str]) -> Vec<String> {
    options.extend(more.iter().map(|word| word.to_string()));
    options
}

fn insecure() -> Vec<String> {
    vec!["insecure".into()]
}

#[test]
fn largest_messages_by_tls_1_2() {
    let server = servers::haproxy(&RIGHT, "ssl-max-ver TLSv1.2");
    expect_open(&server, &trusting(), &["0x303"]);
    expect_open(&server, &with(trusting(), &["no-alpn"]), &["0x303"]);
}

#[test]
fn each_fault_of_a_certificate_has_its_error() {
    let refused = |certificate, error, windows| {
        let server = servers::haproxy(certificate, "");
        expect_refused(&server, &trusting(), error, windows);
        expect_open(&server, &insecure(), ANY_VERSION);
    };
    refused(&EXPIRED, "EGRET_WS_ERR_TLS_EXPIRED", EXPIRED_CERTIFICATE);
    refused(&NOT_YET_VALID, "EGRET_WS_ERR_TLS_EXPIRED", EXPIRED_CERTIFICATE);
    refused(&WRONG_HOST, "EGRET_WS_ERR_TLS_HOST", ANOTHER_NAME);
    refused(&UNKNOWN_ROOT, "EGRET_WS_ERR_TLS_ISSUER", UNTRUSTED_ROOT);
    refused(&SELF_SIGNED, "EGRET_WS_ERR_TLS_ISSUER", "");
}

#[test]
fn another_purpose() {
    let server = servers::haproxy(&CLIENT, "");
    expect_refused(&server, &trusting(), "EGRET_WS_ERR_TLS_ISSUER", "");
}

#[test]
fn server_name() {
    let server = servers::haproxy(&WRONG_HOST, "");
    expect_open(&server, &with(trusting(), &["name", "other.example"]), ANY_VERSION);
}

#[test]
fn pins() {
    let server = servers::haproxy(&RIGHT, "");
    let (right, other) = (RIGHT.pin(), EXPIRED.pin());
    for options in [trusting(), insecure()] {
        expect_open(&server, &with(options.clone(), &["pins", &right]), ANY_VERSION);
        expect_open(&server, &with(options.clone(), &["pins", &format!("{other},{right}")]), ANY_VERSION);
        expect_refused(&server, &with(options, &["pins", &other]), "EGRET_WS_ERR_TLS_PIN", "os_error: 0");
    }
    // A pin does not replace the check of the chain.
    let unknown = servers::haproxy(&UNKNOWN_ROOT, "");
    let pin = UNKNOWN_ROOT.pin();
    expect_refused(&unknown, &with(trusting(), &["pins", &pin]), "EGRET_WS_ERR_TLS_ISSUER", UNTRUSTED_ROOT);
    expect_open(&unknown, &with(insecure(), &["pins", &pin]), ANY_VERSION);
}

/// The library reads the identity, and sends it to a server that asks for it.
#[test]
fn client_certificate() {
    let server = servers::nginx(&RIGHT, &format!("ssl_protocols TLSv1.2; {}", servers::nginx_asks_clients()));
    let file = folder().join("identity.p12");
    fs::write(&file, CLIENT.pkcs12("open sesame")).expect("a file for the identity");
    run(&url(&server), &trusting(), |printed| {
        prints(printed, &["error: EGRET_WS_ERR_HTTP_STATUS", "http_status: 400"]);
    });
    let known = with(trusting(), &["identity", &text(&file), "open sesame"]);
    but_not_with_wine(
        "a key on an elliptic curve cannot be imported",
        || expect_open(&server, &known, &["0x303"]),
        || expect_refused(&server, &known, "EGRET_WS_ERR_TLS_OPTIONS", ""),
    );
    let wrong_password = with(trusting(), &["identity", &text(&file), "close sesame"]);
    expect_refused(&server, &wrong_password, "EGRET_WS_ERR_TLS_OPTIONS", "");
}

#[test]
fn no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the port").port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut vec![]);
        }
    });
    run(&format!("wss://127.0.0.1:{port}/"), &insecure(), |printed| {
        prints(printed, &["error: EGRET_WS_ERR_TLS", "phase: 5"]);
        assert!(printed.contains("is ws:// meant?"), "{printed}");
    });
}

/// On Windows a read that would block makes mio report that writing is possible: see `Engine::take_readiness`. The server waits before its
/// answer and before each echo, three times. wine writes a line for each read.
#[test]
fn a_connection_that_waits_does_not_read_repeatedly() {
    if !is_wine() {
        return; // `idle_sockets` tests this on Linux
    }
    let plain = test_support::echo_server::echo_port();
    run_traced(&format!("ws://127.0.0.1:{plain}/delay/700"), &[], "-all,+winsock", |printed| {
        prints(printed, &["error: EGRET_WS_OK"]);
        let reads = printed.lines().filter(|line| line.contains("WS2_recv_base socket")).count();
        assert!((3..200).contains(&reads), "{reads} reads");
    });
}

#[test]
fn roots() {
    let server = servers::haproxy(&RIGHT, "");
    let roots = |certificate: &Certificate| vec!["roots".to_string(), text(&certificate.chain())];
    but_not_with_wine(
        "a chain that ends at tls_roots is refused, because its revocation is not known",
        || {
            expect_open(&server, &roots(&ROOT), ANY_VERSION);
            expect_open(&server, &with(roots(&ROOT), &["only"]), ANY_VERSION);
        },
        || {
            expect_refused(&server, &roots(&ROOT), "EGRET_WS_ERR_TLS_ISSUER", REVOCATION_FAILURE);
            expect_refused(&server, &with(roots(&ROOT), &["only"]), "EGRET_WS_ERR_TLS_ISSUER", REVOCATION_FAILURE);
        },
    );
    expect_refused(&server, &with(roots(&UNTRUSTED), &["only"]), "EGRET_WS_ERR_TLS_ISSUER", "");
}

#[test]
fn unknown_issuer_that_is_not_sent() {
    let server = servers::haproxy(&UNKNOWN_ISSUER, "");
    but_not_with_wine(
        "a certificate of an unknown authority that is not in the chain is accepted",
        || expect_refused(&server, &trusting(), "EGRET_WS_ERR_TLS_ISSUER", ""),
        || expect_open(&server, &trusting(), ANY_VERSION),
    );
}

#[test]
fn address_in_a_certificate() {
    let server = servers::haproxy(&RIGHT, "");
    let url = format!("wss://127.0.0.1:{}/", server.port());
    but_not_with_wine(
        "an address in a certificate is not compared",
        || run(&url, &trusting(), |printed| prints(printed, &["error: EGRET_WS_OK"])),
        || run(&url, &trusting(), |printed| prints(printed, &["error: EGRET_WS_ERR_TLS_HOST", ANOTHER_NAME])),
    );
}

#[test]
fn tls_1_3() {
    let server = servers::haproxy(&RIGHT, "ssl-min-ver TLSv1.3");
    but_not_with_wine(
        "there is no TLS 1.3",
        || expect_open(&server, &with(trusting(), &["min-1.3"]), &["0x304"]),
        || {
            expect_refused(&server, &insecure(), "EGRET_WS_ERR_TLS", INTERNAL_ERROR);
            expect_refused(&server, &with(insecure(), &["min-1.3"]), "EGRET_WS_ERR_TLS", NO_AUTHORITY);
        },
    );
}

#[test]
fn alpn() {
    let server = servers::haproxy(&RIGHT, "alpn http/1.1");
    expect_open(&server, &trusting(), ANY_VERSION);
    run(&url(&server), &trusting(), |printed| prints(printed, &["alpn: http/1.1"]));
    run(&url(&server), &with(trusting(), &["no-alpn"]), |printed| prints(printed, &["alpn: "]));
}

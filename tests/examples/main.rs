//! Compiles and runs the programs of `examples` and the C programs of `docs/samples`, and checks that those of `examples` use all of the
//! header (`coverage.rs`).
#![cfg(target_os = "linux")]

mod coverage;
mod event_loops;
mod load_generator;
mod servers;
mod window;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use test_support::certificates::{CLIENT, RIGHT, ROOT, SELF_SIGNED, WRONG_HOST};
use test_support::echo_server::{echo_port, echo_url};
use test_support::failing_servers::{dead_url, refusing_url};
use test_support::{deflate, library, recording_server, samples};

/// Each program ends long before this, without a signal.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The largest number of lines of a recipe, so that it can be read in a minute.
const MAX_LINES: usize = 85;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn out_dir() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    fs::create_dir_all(&dir).expect("a directory for the programs");
    dir
}

/// The programs of `examples/recipes`.
fn recipes() -> BTreeSet<String> {
    let entries = fs::read_dir(examples().join("recipes")).expect("the recipes");
    let names = entries.map(|entry| entry.expect("a recipe").file_name().into_string().expect("a name"));
    names.map(|name| name.strip_suffix(".c").unwrap_or_else(|| panic!("{name} is no C program")).to_owned()).collect()
}

/// Compiles a program of `examples`, strictly, and returns its path.
fn compile(source: &str, options: &[&str]) -> PathBuf {
    let name = Path::new(source).file_stem().expect("a name").to_str().expect("a name in UTF-8");
    compile_as(name, &[source], options, &[])
}

/// Like [`compile`], with several files and more libraries.
fn compile_as(name: &str, sources: &[&str], options: &[&str], libraries: &[&str]) -> PathBuf {
    let out = out_dir().join(name);
    let is_cpp = sources.iter().any(|source| source.ends_with(".cpp")) || options.contains(&"c++");
    let mut compiler = Command::new(library::compiler(is_cpp));
    compiler.args(options).args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-pthread", "-I"]);
    compiler.arg(library::include_dir()).args(sources.iter().map(|source| examples().join(source))).arg("-o").arg(&out);
    // After this, the name of a file decides its type.
    library::run(library::link(compiler.args(["-x", "none"])).args(libraries));
    out
}

struct Outcome {
    status: ExitStatus,
    printed: String,
}

impl Outcome {
    #[track_caller]
    fn expect(&self, succeeds: bool, parts: &[&str]) {
        assert_eq!(self.status.success(), succeeds, "{}:\n{}", self.status, self.printed);
        for part in parts {
            assert!(self.printed.contains(part), "not \"{part}\":\n{}", self.printed);
        }
    }

    #[track_caller]
    fn succeeds(&self, parts: &[&str]) {
        self.expect(true, parts);
    }

    #[track_caller]
    fn fails(&self, parts: &[&str]) {
        self.expect(false, parts);
        assert!(self.status.code().is_some(), "{}:\n{}", self.status, self.printed);
    }
}

/// A compiled program.
struct Program {
    path: PathBuf,
    runs: std::cell::Cell<u32>,
}

impl Program {
    fn recipe(name: &str) -> Program {
        Program::new(&format!("recipes/{name}.c"), &["-std=c99"])
    }

    fn new(source: &str, options: &[&str]) -> Program {
        Program::at(compile(source, options))
    }

    fn at(path: PathBuf) -> Program {
        Program { path, runs: std::cell::Cell::default() }
    }

    /// Compiles a program of `examples/tls_provider`.
    fn with_tls_provider(name: &str, program: &str, options: &[&str]) -> Program {
        let sources = [format!("tls_provider/{program}.c"), "tls_provider/openssl_provider.c".into()];
        Program::at(compile_as(name, &sources.each_ref().map(|source| &**source), options, &["-lssl", "-lcrypto"]))
    }

    fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Outcome {
        self.run_in(arguments, &[])
    }

    fn run_in<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A], environment: &[(&str, &str)]) -> Outcome {
        self.start(arguments, environment, Stdio::null()).wait()
    }

    fn start<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A], environment: &[(&str, &str)], input: Stdio) -> Running {
        self.runs.set(self.runs.get() + 1);
        let log_path = self.path.with_extension(format!("{}.log", self.runs.get()));
        let log = File::create(&log_path).expect("a file for the program's output");
        let mut command = Command::new(&self.path);
        // The value that cargo has set would take precedence over the rpath.
        command.args(arguments).env_remove("LD_LIBRARY_PATH").stdin(input);
        for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(variable).env_remove(variable.to_ascii_uppercase());
        }
        command.envs(environment.iter().copied());
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", self.path.display()));
        Running { path: self.path.clone(), child, log_path }
    }

    /// Runs the program until it prints this line, then sends SIGINT, as Ctrl-C does.
    fn interrupt<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A], line: &str) -> Outcome {
        let mut command = Command::new(&self.path);
        command.args(arguments).env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
        let (output, writer) = std::io::pipe().expect("a pipe");
        command.stdout(writer.try_clone().expect("a second handle")).stderr(writer);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", self.path.display()));
        drop(command); // it has the other end of the pipe
        let mut output = BufReader::new(output);
        let mut printed = String::new();
        while !printed.lines().any(|printed| printed == line) {
            assert!(output.read_line(&mut printed).is_ok_and(|bytes| bytes > 0), "not {line:?}:\n{printed}");
        }
        library::run(Command::new("kill").args(["-INT", &child.id().to_string()]));
        // It goes on to write, so it must be read before the wait.
        output.read_to_string(&mut printed).expect("the rest of the output");
        let status = library::wait(child, TIME_LIMIT).unwrap_or_else(|| panic!("it did not end:\n{printed}"));
        Outcome { status, printed }
    }
}

/// A program that runs.
struct Running {
    path: PathBuf,
    child: Child,
    log_path: PathBuf,
}

impl Running {
    /// Waits for its end.
    fn wait(self) -> Outcome {
        let status = library::wait(self.child, TIME_LIMIT);
        let printed = String::from_utf8_lossy(&fs::read(&self.log_path).expect("the output")).into_owned();
        let status = status.unwrap_or_else(|| panic!("{} did not end:\n{printed}", self.path.display()));
        Outcome { status, printed }
    }
}

/// Makes a test for each recipe, and a list of them.
macro_rules! recipes {
    ($($name:ident |$program:ident| $body:block)*) => {
        mod recipe {
            use super::*;
            $(
                #[test]
                fn $name() {
                    let $program = Program::recipe(stringify!($name));
                    $program.run::<&str>(&[]).fails(&["usage: "]);
                    $body
                }
            )*
        }

        #[test]
        fn every_recipe_has_a_test() {
            assert_eq!(recipes(), BTreeSet::from([$(stringify!($name).to_owned()),*]));
        }
    };
}

recipes! {
    abort |program| {
        program.run(&[echo_url()]).succeeds(&["EGRET_WS_ERR_ABORTED: "]);
        program.run(&[dead_url()]).fails(&["EGRET_WS_ERR_CONNECT: "]);
    }
    certificates |program| {
        let roots = ROOT.chain();
        let identity = out_dir().join("identity.p12");
        fs::write(&identity, CLIENT.pkcs12("open sesame")).expect("the identity");
        let [roots, identity] = [&roots, &identity].map(|path| path.to_str().expect("a path"));
        let url = |port: u16| format!("wss://127.0.0.1:{port}/");
        let (right, pin) = (url(servers::tls(&RIGHT, true)), RIGHT.pin());
        let with = |url: &str, pin: &str, password: &str, name: &str| program.run(&[url, roots, pin, identity, password, name]);
        with(&right, &pin, "open sesame", "localhost").succeeds(&["closed by this side"]);
        with(&right, &ROOT.pin(), "open sesame", "localhost").fails(&["an attack, or a new key"]);
        with(&right, &pin, "close sesame", "localhost").fails(&["tls_identity_password"]);
        with(&right, "no pin", "open sesame", "localhost").fails(&["EGRET_WS_ERR_INVALID_ARGUMENT: ", "tls_pins"]);
        with(&url(servers::tls(&WRONG_HOST, true)), &WRONG_HOST.pin(), "open sesame", "localhost").fails(&["hostname"]);
    }
    compression |program| {
        let server = recording_server::Server::start(recording_server::ECHOING);
        let url = format!("ws://127.0.0.1:{}/", server.port());
        let wire = |outcome: &Outcome| -> u32 {
            let line = outcome.printed.lines().last().expect("a line");
            let (_, rest) = line.split_once(" bytes, ").expect("bytes");
            rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line}"))
        };
        let plain = program.run(&[url.as_str(), "off"]);
        plain.succeeds(&["1450 bytes, "]);
        assert!(wire(&plain) > 1450 && !plain.printed.contains("agreed"), "{}", plain.printed);
        let compressed = program.run(&[url.as_str()]);
        compressed.succeeds(&[&format!("agreed: {}", deflate::server::BARE)]);
        assert!(wire(&compressed) < 500, "{}", compressed.printed);
    }
    errors |program| {
        let refused = "EGRET_WS_ERR_NOT_OPEN: the socket is still connecting: send after on_connect\n";
        let not_open = ["the address is ws://127.0.0.1:", refused];
        program.run(&[echo_url().replace("ws:", "HTTP:")]).succeeds(&not_open);
        program.run(&["ws://[/"]).fails(&["EGRET_WS_ERR_INVALID_URL: "]);
    }
    event_loop |program| {
        program.run(&[echo_url()]).succeeds(&["received: Hello event loop\n", "closed by this side"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    failover |program| {
        let old = servers::with_old_subprotocol();
        program.run(&[dead_url(), &old]).succeeds(&["; next is ws://", "connected, speaking chat.v1\n"]);
        program.run(&[dead_url(), "ws://["]).fails(&["; next is ws://["]);
        program.run(&[refusing_url(), &old]).fails(&["403"]);
    }
    flush_and_quit |program| {
        program.run(&[echo_url()]).succeeds(&["closed by this side", "; 0 messages were not sent\n"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    frame_loop_60fps |program| {
        program.run(&["127.0.0.1", &echo_port().to_string()]).succeeds(&["closed by this side", "30 answers\n"]);
        program.run(&["127.0.0.1", "0"]).fails(&["EGRET_WS_ERR_INVALID_ARGUMENT: ", "port"]);
    }
    headers |program| {
        let expected = ["subprotocol: chat.v2\n", "room: lobby\n", "closed by this side"];
        program.run(&[servers::with_headers()]).succeeds(&expected);
        program.run(&[refusing_url()]).fails(&["answered with 403 and\nContent-Length: 3\nno!\n"]);
    }
    heartbeat |program| {
        let outcome = program.run(&[echo_url()]);
        outcome.succeeds(&["closed by this side"]);
        assert_eq!(outcome.printed.matches(" us\n").count(), 3, "{}", outcome.printed);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    httpdns |program| {
        // No name server knows this name.
        let (url, port) = ("ws://game.invalid/", echo_port());
        let result = |address: &str, result: &str| format!("{address} {result}\n");
        let dead = result("127.0.0.1:1", "Connection refused");
        let good = result(&format!("127.0.0.1:{port}"), "connected");
        let list = format!("127.0.0.1:1, 127.0.0.1:{port}");
        let expected = ["2 tried:\n", &dead, &good, "connected from 127.0.0.1:", "closed by this side"];
        program.run(&[url, &list]).succeeds(&expected);
        let others = format!("127.0.0.1:{port}");
        let expected = ["1 tried:\n", &dead, &good, "connected from 127.0.0.1:"];
        program.run(&[url, "127.0.0.1:1", &others]).succeeds(&expected);
        program.run(&[url, "127.0.0.1:1"]).fails(&["1 tried:\n", &dead, "Connection refused"]);
        program.run(&[url, "127.0.0.1:1", "no address"]).fails(&["`no address` is not an IP address"]);
        program.run(&[url, "no address"]).fails(&["EGRET_WS_ERR_INVALID_ARGUMENT: addresses: "]);
    }
    log |program| {
        program.run(&[echo_url()]).succeeds(&["[debug] ", "[info] ", "[warn] "]);
        program.run(&["ws://["]).fails(&["[warn] "]);
    }
    own_resolver |program| {
        let url = format!("ws://game.invalid:{}/", echo_port());
        let released = "no hook is running any more; ";
        let connected = format!("connected to 127.0.0.1:{}\n", echo_port());
        program.run(&[&*url, "127.0.0.1"]).succeeds(&["asking for game.invalid\n", &connected, released]);
        program.run(&[&*url, ""]).fails(&["on_resolve found no address", released]);
        program.run(&[&*url, "nonsense"]).fails(&["addresses: `nonsense` is not an IP address", "no address for game.invalid"]);
        program.run(&[&*url, "-"]).fails(&["no address for game.invalid", released]);
    }
    ownership |program| {
        program.run(&[echo_url()]).succeeds(&["0 players left\n"]);
        program.run(&["ws://["]).fails(&["EGRET_WS_ERR_INVALID_URL: ", "0 players left\n"]);
    }
    pause |program| {
        program.run(&[echo_url()]).succeeds(&["3 messages before the pause\n", "10 messages\n"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    phone |program| {
        program.run(&[echo_url()]).succeeds(&["connection 1\n", "; waits for the resume\n", "connection 2\n"]);
        program.run(&["ws://["]).fails(&["EGRET_WS_ERR_INVALID_URL: "]);
    }
    proxy |program| {
        // The proxy looks up this name. A proxy of the environment is not used for loopback addresses.
        let url = "ws://game.example/";
        let (open, strict) = (servers::proxy(None), servers::proxy(Some("Basic YWRhOnNlc2FtZQ==")));
        let way = |port: u16| format!("connected by way of 127.0.0.1:{port}\n");
        program.run(&[url, &format!("http://127.0.0.1:{open}")]).succeeds(&[&way(open)]);
        program.run(&[url, &format!("http://ada:sesame@127.0.0.1:{strict}")]).succeeds(&[&way(strict)]);
        program.run(&[url, &format!("http://127.0.0.1:{strict}")]).fails(&["ask the player", "407"]);
        program.run_in(&[url], &[("http_proxy", &format!("http://127.0.0.1:{open}"))]).succeeds(&[&way(open)]);
        program.run(&[url, "https://127.0.0.1:1"]).fails(&["connecting to the proxy 127.0.0.1:1 (127.0.0.1:1) failed"]);
        program.run(&[url, "ftp://127.0.0.1:1"]).fails(&["EGRET_WS_ERR_INVALID_ARGUMENT: "]);
    }
    reconnect |program| {
        let expected = ["connection 1\n", "; attempt 1 in ", "connection 2\n", "received: login\n", "closed by this side"];
        program.run(&[servers::unreliable()]).succeeds(&expected);
        program.run(&[refusing_url()]).fails(&["403", "trying again is of no use\n"]);
    }
    redirects |program| {
        program.run(&[servers::redirecting()]).succeeds(&["1 redirects\ncookies:\nws://127.0.0.1:", "/ seat=7\n", "closed by this side"]);
        program.run(&[&*servers::redirecting(), "secure"]).fails(&["a redirect that is not allowed"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    self_signed |program| {
        let url = format!("wss://127.0.0.1:{}/", servers::tls(&SELF_SIGNED, false));
        program.run(&[&url]).succeeds(&["closed by this side"]);
        program.run(&[dead_url()]).fails(&["refused"]);
        // A release build of the game does not accept the self-signed certificate.
        let shipped = Program::new("recipes/self_signed.c", &["-std=c99", "-DNDEBUG"]);
        shipped.run(&[&url]).fails(&["certificate"]);
    }
    statistics |program| {
        let address = format!("address                  127.0.0.1:{}\n", echo_port());
        let expected = [&*address, "http_status              101\n", "messages_received        10\n"];
        program.run(&[echo_url()]).succeeds(&expected);
        program.run(&[dead_url()]).fails(&["messages_received        0\n"]);
    }
    system_proxy |program| {
        let url = "ws://game.example/";
        let proxy = format!("http://127.0.0.1:{}", servers::proxy(Some("Basic YWRhOnNlc2FtZQ==")));
        let list = format!("https://127.0.0.1:1,{},direct", proxy.replace("//", "//ada:sesame@"));
        let asked = format!("the proxies for ws://game.example:80/: {list}\n");
        program.run(&[url, &list]).succeeds(&[&asked, &format!("connected through {proxy}\n")]);
        program.run(&[echo_url(), "direct"]).succeeds(&["connected through no proxy\n"]);
        program.run(&[url, "ftp://127.0.0.1"]).fails(&["item 1 of the list: ", "on_proxy could not find the proxies\n"]);
    }
    timeouts |program| {
        program.run(&[echo_url()]).succeeds(&["closed by this side"]);
        program.run(&[servers::silent()]).fails(&["the server's answer took too long\n"]);
    }
    tls_sessions |program| {
        let roots = ROOT.chain();
        let roots = roots.to_str().expect("a path");
        let at = |certificate| format!("wss://127.0.0.1:{}/", servers::tls(certificate, false));
        let outcome = program.run(&[&at(&RIGHT), roots]);
        outcome.succeeds(&["TLS 1.3, full handshake, TLS_AES_", "TLS 1.3, resumed, TLS_AES_", ", certificate 0: "]);
        assert_eq!(outcome.printed.matches("full handshake").count(), 3, "{}", outcome.printed);
        program.run(&[&at(&WRONG_HOST), roots]).fails(&["address mismatch", "full handshake", ", certificate 0: "]);
        program.run(&["ws://[", roots]).fails(&["EGRET_WS_ERR_INVALID_URL: "]);
    }
    token_refresh |program| {
        let outcome = program.run(&[servers::with_token()]);
        outcome.succeeds(&["got a new token\n", "logged in\n", "closed by this side"]);
        program.run(&[refusing_url()]).fails(&["403"]);
    }
    trace |program| {
        let outcome = program.run(&[echo_url()]);
        outcome.succeeds(&["--> text, 5 bytes\n", "--> ping, ", "<-- text, 5 bytes\na message: hello\n", "--> close, 2 bytes\n"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    upload |program| {
        let outcome = program.run(&[echo_url()]);
        outcome.succeeds(&["closed by this side", "; 0 messages were not sent\n"]);
        assert!(!outcome.printed.contains("\n0 refusals"), "{}", outcome.printed);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
    versions |program| {
        let version = env!("CARGO_PKG_VERSION");
        let header = format!("egret_ws {version}, compiled with the header of {version}\n");
        program.run(&[echo_url()]).succeeds(&[&header, "0 bytes were not sent\n", "EGRET_WS_OK: "]);
        program.run(&[dead_url()]).fails(&["EGRET_WS_ERR_CONNECT: "]);
    }
    vpn_protect |program| {
        program.run(&[echo_url(), "127.0.0.1"]).succeeds(&["the socket is marked\n", "closed by this side"]);
        program.run(&[echo_url(), "::1"]).fails(&["local_address ::1 is of the other family"]);
        program.run(&[echo_url(), "127.0.0.1", "no-such-if"]).fails(&["local_interface no-such-if: "]);
        program.run(&[echo_url(), "here"]).fails(&["EGRET_WS_ERR_INVALID_ARGUMENT: local_address is not an IP address"]);
    }
    wakeup |program| {
        program.run(&[echo_url()]).succeeds(&["received: Hello main thread\n"]);
        program.run(&[dead_url()]).fails(&[]);
    }
    why_closed |program| {
        let clean = ["error         EGRET_WS_OK\n", "ended by      this side\n", "code          4000\n", "try again     "];
        program.run(&[echo_url()]).succeeds(&clean);
        let refused = ["error         EGRET_WS_ERR_HTTP_STATUS\n", "http_status   403\n", "try again     no\n"];
        program.run(&[refusing_url()]).succeeds(&refused);
        program.run(&[dead_url()]).succeeds(&["ended by      the network\n", "try again     yes\n"]);
        program.run(&["ws://["]).fails(&["EGRET_WS_ERR_INVALID_URL: "]);
    }
    worker_thread |program| {
        program.run(&[echo_url()]).succeeds(&["answer: result 0\n", "answer: result 9\n", "closed by this side"]);
        program.run(&[dead_url()]).fails(&["refused"]);
    }
}

#[test]
fn hello_is_short_and_reports_errors() {
    let program = Program::new("hello.c", &["-std=c99"]);
    program.run(&[echo_url()]).succeeds(&["received: Hello Egret WebSocket\n"]);
    program.run(&[dead_url()]).fails(&["refused", "EGRET_WS_ERR_CONNECT"]);
    program.run(&[refusing_url()]).fails(&["403", "EGRET_WS_ERR_HTTP_STATUS"]);
    program.run(&["ws://["]).fails(&["EGRET_WS_ERR_INVALID_URL"]);
}

/// It leaks nothing, whether a connection succeeds or fails.
#[test]
fn a_provider_over_openssl_connects_in_200_lines() {
    let text = fs::read_to_string(examples().join("tls_provider/openssl_provider.c")).expect("the provider");
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
    let root = ROOT.chain();
    let root = root.to_str().expect("a path");
    let [right, asks, wrong, self_signed] =
        [(&RIGHT, false), (&RIGHT, true), (&WRONG_HOST, false), (&SELF_SIGNED, false)]
            .map(|(certificate, asks)| format!("wss://127.0.0.1:{}/", servers::tls(certificate, asks)));
    let hello = "received: Hello from OpenSSL\n";
    Program::with_tls_provider("hello_wss_cpp11", "hello_wss", CPP11).run(&[&right, root]).succeeds(&[hello]);
    let program = Program::with_tls_provider("hello_wss", "hello_wss", SANITIZED_C99);
    program.run::<&str>(&[]).fails(&["usage: "]);
    program.run(&[&right, root]).succeeds(&[hello, "TLS 1.3 with TLS_"]);
    program.run(&[&right]).fails(&["EGRET_WS_ERR_TLS_ISSUER"]);
    program.run(&[&asks, root]).fails(&["EGRET_WS_ERR_TLS"]);
    program.run(&[&wrong, root]).fails(&["IP address mismatch", "EGRET_WS_ERR_TLS_HOST"]);
    program.run(&[&self_signed, root]).fails(&["self-signed certificate"]);
    program.run(&[&dead_url().replace("ws:", "wss:"), root]).fails(&["refused"]);
    program.run(&[&*right, "/dev/null/none"]).fails(&["ROOTS cannot be read"]);
}

const SANITIZED_C99: &[&str] = &["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-g", "-fsanitize=address,undefined"];
const CPP11: &[&str] = &["-std=c++11", "-x", "c++"];

#[test]
fn a_provider_that_asks_the_user_is_busy_meanwhile() {
    let url = format!("wss://127.0.0.1:{}/", servers::tls(&SELF_SIGNED, false));
    let asked = "Do you trust this server?";
    let released = "the provider is released\n";
    let cpp = Program::with_tls_provider("trust_question_cpp11", "trust_question", CPP11);
    cpp.run(&[&url, "yes"]).succeeds(&[asked, "connected\n", released]);
    let program = Program::with_tls_provider("trust_question", "trust_question", SANITIZED_C99);
    program.run::<&str>(&[]).fails(&["usage: "]);
    program.run(&[&url, "yes"]).succeeds(&[asked, "connected\n", released]);
    let refused = ["the user does not trust it", "EGRET_WS_ERR_TLS_ISSUER", released];
    program.run(&[&url, "no"]).fails(&refused);
    program.run(&[&dead_url().replace("ws:", "wss:"), "yes"]).fails(&["refused"]);
}

#[test]
fn frame_loop_plays_for_a_second() {
    let program = Program::new("frame_loop.cpp", &["-std=c++11"]);
    program.run(&[echo_url(), "1"]).succeeds(&["world: closed by this side", "chat: closed by this side"]);
    program.run(&[dead_url(), "1"]).fails(&["refused"]);
}

#[test]
fn samples_of_pages_run() {
    for program in samples::programs("c") {
        let source = program.to_str().expect("a path in UTF-8");
        let path = compile_as(&format!("sample-{}", samples::name(&program)), &[source], &["-std=c99"], &[]);
        samples::run(&mut Command::new(&path), &path.with_extension("log"));
    }
}

#[test]
fn samples_that_would_not_run_are_a_fault() {
    let folder = out_dir().join("no-samples");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("c")).expect("a folder");
    let is_refused = || std::panic::catch_unwind(|| samples::programs_in(&folder, "c")).is_err();
    assert!(is_refused(), "an empty folder");
    fs::write(folder.join("c/a.cpp"), "").expect("a file");
    assert!(is_refused(), "a folder with other files only");
    fs::write(folder.join("c/a.c"), "").expect("a file");
    assert_eq!(samples::programs_in(&folder, "c"), [folder.join("c/a.c")]);
    assert_eq!(samples::programs_in(&folder, "java").len(), 0, "no folder");

    let log = folder.join("log");
    let has_failed = |script: &str| {
        std::panic::catch_unwind(|| samples::run(Command::new("sh").args(["-c", script]), &log)).is_err()
    };
    assert!(has_failed("exit 3") && has_failed("kill -9 $$") && !has_failed("case $0 in ws://*) ;; *) exit 1 ;; esac"));
}

#[test]
fn the_readme_lists_every_example() {
    let page = fs::read_to_string(examples().join("README.md")).expect("the page");
    let listed = |name: &str| page.lines().any(|line| line.starts_with('|') && line.contains(&format!("]({name})")));
    for entry in fs::read_dir(examples()).expect("the examples") {
        let name = entry.expect("an example").file_name().into_string().expect("a name");
        assert!(listed(&name) || matches!(&*name, "README.md" | "recipes"), "examples/README.md does not list {name}");
    }
    for name in recipes() {
        assert!(listed(&format!("recipes/{name}.c")), "examples/README.md does not list {name}");
    }
}

#[test]
fn a_recipe_is_read_in_a_minute() {
    for name in recipes() {
        let text = fs::read_to_string(examples().join("recipes").join(&name).with_extension("c")).expect("the recipe");
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{name} has {lines} lines");
        assert!(text.starts_with(&format!("/* {name} ")), "{name} begins with its name");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= 132, "{name} has a line of {widest} characters");
    }
}

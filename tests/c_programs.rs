//! Runs the programs of `tests/c`. Each tests one promise of the header. They are compiled as C99 and as C++11, and run with both
//! drivers.
//!
//! With `EGRET_WS_TEST_LIB_DIR`, `EGRET_WS_TEST_STATIC=1`, `EGRET_WS_TEST_CFLAGS`, `EGRET_WS_TEST_LDFLAGS`, `CC` and `CXX`, these
//! programs can also run with a sanitizer. With `EGRET_WS_TEST_LINK` (everything that the linker needs) and
//! `EGRET_WS_TEST_RUNNER` they run on another system.

use std::collections::HashMap;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use test_support::echo_server::echo_url;
use test_support::library;

/// This is longer than any wait inside the programs, so that a program itself reports first which event is missing.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30);
/// The limit with a runner that may translate each instruction, or with a sanitizer, which checks each memory access.
const SLOW_PROGRAM_LIMIT: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Language {
    C99,
    Cpp11,
}

impl Language {
    fn compiler(self) -> Command {
        let mut compiler = Command::new(library::compiler(self == Language::Cpp11));
        match self {
            Language::C99 => compiler.arg("-std=c99"),
            Language::Cpp11 => compiler.args(["-x", "c++", "-std=c++11"]),
        };
        compiler
    }

    fn suffix(self) -> &'static str {
        match self {
            Language::C99 => "c99",
            Language::Cpp11 => "cpp11",
        }
    }
}

/// Compiles a program, once for all tests of it, and returns its path.
fn compile(program: &'static str, language: Language) -> PathBuf {
    type Compiled = Mutex<HashMap<(&'static str, Language), Arc<OnceLock<PathBuf>>>>;
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    let cell =
        Arc::clone(COMPILED.get_or_init(Compiled::default).lock().unwrap().entry((program, language)).or_default());
    cell.get_or_init(|| compile_now(program, language)).clone()
}

fn compile_now(program: &str, language: Language) -> PathBuf {
    let library_dir = library::build();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(program).with_extension("c");
    // Programs for another library are in its directory, so that runs with several libraries do not collide.
    let another = env::var_os("EGRET_WS_TEST_LIB_DIR").map(PathBuf::from);
    let out_dir = another.unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into()).join("c");
    fs::create_dir_all(&out_dir).expect("a directory for the programs");
    // Some systems require `.exe`, and others ignore it.
    let out = out_dir.join(format!("{program}-{}.exe", language.suffix()));
    let mut compiler = language.compiler();
    compiler.args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-g", "-pthread"]).args(flags("EGRET_WS_TEST_CFLAGS"));
    compiler.arg("-I").arg(library::include_dir()).arg(source).arg("-o").arg(&out);
    let link = flags("EGRET_WS_TEST_LINK");
    if !link.is_empty() {
        compiler.args(["-x", "none"]).args(link);
    } else if env::var_os("EGRET_WS_TEST_STATIC").is_some_and(|value| value == "1") {
        // `-x none`: after this, the name of a file decides its type.
        compiler.args(["-x", "none"]).arg(library_dir.join("libegret_ws.a")).args(["-lpthread", "-ldl", "-lm"]);
        // Without `vendored`, the OpenSSL of the system is used. Without `tls`, it is not needed.
        if cfg!(all(feature = "tls", not(feature = "vendored"))) {
            compiler.args(["-lssl", "-lcrypto"]);
        }
    } else {
        // -rdynamic: if a program has its own getaddrinfo, the library uses it. --as-needed: a program that looks up the
        // functions of the library at run time is not linked to it.
        compiler.args(["-rdynamic", "-Wl,--as-needed"]).arg("-L").arg(&library_dir).args(["-legret_ws", "-ldl"]);
        compiler.arg(format!("-Wl,-rpath,{}", library_dir.display()));
    }
    library::run(compiler.args(flags("EGRET_WS_TEST_LDFLAGS")));
    out
}

fn flags(variable: &str) -> Vec<String> {
    env::var(variable).unwrap_or_default().split_whitespace().map(String::from).collect()
}

fn run(program: &'static str, language: Language, driver: &str) {
    let path = compile(program, language);
    let log_path = path.with_extension(format!("{driver}.log"));
    let log = File::create(&log_path).expect("a file for the program's output");
    let mut runner = flags("EGRET_WS_TEST_RUNNER").into_iter();
    let mut command = match runner.next() {
        None => Command::new(&path),
        Some(first) => {
            let mut command = Command::new(first);
            command.args(runner).arg(&path);
            command
        }
    };
    let child = command
        .args([echo_url(), driver])
        // The value that cargo has set would take precedence over the rpath.
        .env_remove("LD_LIBRARY_PATH")
        // Some programs cause panics deliberately, and with a sanitizer a backtrace takes seconds.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", path.display()));
    let is_slow = ["EGRET_WS_TEST_RUNNER", "EGRET_WS_TEST_CFLAGS"].iter().any(|name| !flags(name).is_empty());
    let limit = if is_slow { SLOW_PROGRAM_LIMIT } else { PROGRAM_LIMIT };
    let status = library::wait(child, limit);
    let output = || String::from_utf8_lossy(&fs::read(&log_path).unwrap_or_default()).into_owned();
    match status {
        Some(status) if status.success() => {}
        Some(status) => panic!("{program} ({driver}) failed, {status}:\n{}", output()),
        None => panic!("{program} ({driver}) did not end within {limit:?} and was killed:\n{}", output()),
    }
}

/// Makes four tests for each program.
macro_rules! programs {
    ($($(#[$attribute:meta])* $program:ident)*) => {$(
        $(#[$attribute])*
        mod $program {
            use super::{Language, run};

            #[test]
            fn threaded_c99() {
                run(stringify!($program), Language::C99, "threaded");
            }

            #[test]
            fn threaded_cpp11() {
                run(stringify!($program), Language::Cpp11, "threaded");
            }

            #[test]
            fn inline_c99() {
                run(stringify!($program), Language::C99, "inline");
            }

            #[test]
            fn inline_cpp11() {
                run(stringify!($program), Language::Cpp11, "inline");
            }
        }

    )*
    /// The programs that have tests.
    const PROGRAMS: &[&str] = &[$(stringify!($program)),*];
    };
}

programs! {
    abort
    close_report
    descriptor
    echo
    fork
    fork_exec
    fork_in_callback
    free_states
    hooks
    log
    loop_wake
    message_size
    misuse_handle
    misuse_null
    misuse_state
    misuse_struct
    name_lookups
    never_blocks
    no_memory
    on_drain
    on_frame
    on_request
    opening_stages
    option_limits
    #[cfg(debug_assertions)] // the library panics on request in a debug build only
    panic
    pause_receive
    pending_sockets
    ping
    poll_budget
    process_exit
    quiescence
    recipes
    reentrancy
    refusal
    resend
    retry
    sigpipe
    socket_state
    stats
    suspend
    threads
    timeouts
    tls_provider
    unload_library
    wakeup_callback
}

/// Returns the names of the files in a directory of `tests` with this extension, without the extension.
fn names_in(directory: &str, extension: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(directory);
    let entries = fs::read_dir(directory).expect("the directory");
    let paths = entries.map(|entry| entry.expect("an entry of the directory").path());
    let with_extension = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    with_extension.map(|path| path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned()).collect()
}

#[test]
fn every_program_is_run() {
    for name in names_in("c", "c") {
        assert!(PROGRAMS.contains(&name.as_str()), "{name}.c has no test");
    }
}

#[test]
fn the_readme_lists_every_suite_and_program() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let readme = fs::read_to_string(tests.join("README.md")).expect("tests/README.md");
    let folders = fs::read_dir(&tests).expect("the tests").map(|entry| entry.expect("an entry").path());
    let suites = folders.filter(|folder| folder.join("main.rs").exists());
    let suites = suites.map(|folder| folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned());
    for name in suites.chain(names_in(".", "rs")).chain(names_in("c", "c")) {
        let in_a_table =
            readme.lines().filter(|line| line.starts_with('|')).any(|line| line.contains(&format!("`{name}`")));
        assert!(in_a_table, "tests/README.md does not list {name}");
    }
}

//! The built shared library, and functions to compile and run C programs with it.

use crate::paths::{is_target_dir, repository};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// Returns the directory of `libegret_ws.so`: `EGRET_WS_TEST_LIB_DIR` if it is set. Otherwise the library is built once, with the
/// profile and in the target directory of this test.
pub fn build() -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| match std::env::var_os("EGRET_WS_TEST_LIB_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => build_with_cargo(),
    })
    .clone()
}

/// This test is `TARGET_DIR[/TRIPLE]/PROFILE/deps/NAME`.
fn build_with_cargo() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let dir = test.ancestors().nth(2).expect("deps lies in the profile's directory").to_path_buf();
    let profile = match dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} is not the directory of a profile", dir.display()),
    };
    let parent = dir.parent().expect("the profile's directory lies in another");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    // A debug library is the one that cargo has built for this test. Only when cargo also builds a test, it unites the features
    // of dependencies with those of tests. Otherwise it would build the library again, and once more at the next `cargo test`. An
    // optimised library is built as it is for a release.
    let command: &[&str] = if profile == "dev" { &["build", "--lib", "--test", "symbols"] } else { &["clib"] };
    cargo.args(command).args(["--locked", "--quiet", "--profile", profile]);
    let features = [
        ("deflate", cfg!(feature = "deflate")),
        ("idn", cfg!(feature = "idn")),
        ("proxies", cfg!(feature = "proxies")),
        ("tls", cfg!(feature = "tls")),
    ];
    if features.iter().any(|(_, is_on)| !is_on) {
        let on: Vec<&str> = features.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
        cargo.arg("--no-default-features").arg(format!("--features={}", on.join(",")));
    }
    // The library must use the OpenSSL of this test.
    if cfg!(feature = "vendored") {
        cargo.arg("--features=vendored");
    }
    if is_target_dir(parent) {
        cargo.arg("--target-dir").arg(parent);
    } else {
        let target_dir = parent.parent().expect("the target directory");
        cargo.arg("--target-dir").arg(target_dir).arg("--target").arg(parent.file_name().expect("the target's name"));
    }
    run(cargo.current_dir(repository()));
    dir
}

/// Returns the directory of `egret_ws.h`.
pub fn include_dir() -> PathBuf {
    repository().join("include")
}

/// Returns the functions that the header declares: the names before a `(` at the beginning of a declaration. No comment and no
/// callback type has such a line.
pub fn declared_functions() -> BTreeSet<String> {
    let header = fs::read_to_string(include_dir().join("egret_ws.h")).expect("the header");
    header
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .map(String::from)
        .collect()
}

/// Returns the C compiler: `$EGRET_WS_TEST_CC`, `$CC` or `cc`; or the C++ compiler: `$EGRET_WS_TEST_CXX`, `$CXX` or `c++`. (The
/// first variable is for a compiler for another system, which cargo must not use for this system.)
pub fn compiler(cplusplus: bool) -> OsString {
    let [foreign, own, default] =
        if cplusplus { ["EGRET_WS_TEST_CXX", "CXX", "c++"] } else { ["EGRET_WS_TEST_CC", "CC", "cc"] };
    std::env::var_os(foreign).or_else(|| std::env::var_os(own)).unwrap_or_else(|| default.into())
}

/// Adds the arguments that link a program to the shared library, which the program then finds where it was built.
pub fn link(compiler: &mut Command) -> &mut Command {
    let dir = build();
    compiler.arg("-L").arg(&dir).arg("-legret_ws").arg(format!("-Wl,-rpath,{}", dir.display()))
}

/// Waits for a child. Returns its status, or `None` if it was killed at the time limit.
pub fn wait(mut child: Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("the program's status") {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("the program ends");
    child.wait().expect("the program ended");
    None
}

/// Checks that a library or program made from C has full RELRO, a stack protector, and a stack that is not executable.
pub fn assert_hardened(path: &Path) {
    let read = |option: &str| run(Command::new("readelf").args([option, "--wide"]).arg(path));
    let [segments, dynamic, symbols] = ["--program-headers", "--dynamic", "--dyn-syms"].map(read);
    assert!(segments.contains("GNU_RELRO"), "{}: no RELRO\n{segments}", path.display());
    let stack = segments.lines().find(|line| line.contains("GNU_STACK")).expect("there is a segment for the stack");
    assert!(!stack.contains("RWE"), "{}: the stack can be executed\n{segments}", path.display());
    let is_bound_at_once = dynamic.contains("(BIND_NOW)") || dynamic.contains("Flags: NOW");
    assert!(is_bound_at_once, "{}: symbols are bound lazily\n{dynamic}", path.display());
    assert!(symbols.contains("__stack_chk_fail"), "{}: no stack protector\n{symbols}", path.display());
}

/// Runs a tool and returns its standard output. If the tool is missing or fails, the test fails.
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot run {:?}: {error}; install it (Debian: build-essential, binutils)", command.get_program())
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{}\n{stderr}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

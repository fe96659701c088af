//! Compiles programs against the C++ binding.

use super::{library, samples};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

/// A compiler and its options.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    is_clang: bool,
    standard: &'static str,
    is_bare: bool,
    is_sanitized: bool,
}

pub const STANDARDS: [&str; 2] = ["c++17", "c++20"];
pub const BARE: &[&str] = &["-fno-exceptions", "-fno-rtti"];
/// Warnings that some projects enable. They apply to the binding itself.
pub const STRICT: &[&str] = &["-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wold-style-cast", "-Wextra-semi"];
/// The library itself is not instrumented, but it uses the sanitizer's allocator, so that the sanitizer sees all allocations.
const SANITIZERS: &[&str] = &["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];

const CLANG: Variant = Variant { is_clang: true, standard: "c++20", is_bare: true, is_sanitized: false };
const GCC: Variant = Variant { is_clang: false, standard: "c++17", is_bare: false, is_sanitized: true };

/// Returns two variants. Together they cover both compilers, both standards, with and without exceptions and RTTI, and with and
/// without AddressSanitizer. `the_binding_compiles_with_every_compiler_and_standard` checks every combination.
/// `EGRET_WS_TEST_VARIANTS=all` runs all 16.
pub fn variants() -> Vec<Variant> {
    if env::var_os("EGRET_WS_TEST_VARIANTS").is_none_or(|which| which != "all") {
        return vec![CLANG, GCC];
    }
    let mut all = Vec::new();
    for is_clang in [false, true] {
        for standard in STANDARDS {
            for is_bare in [false, true] {
                all.extend([false, true].map(|is_sanitized| Variant { is_clang, standard, is_bare, is_sanitized }));
            }
        }
    }
    all
}

impl Variant {
    pub fn name(self) -> String {
        let compiler = if self.is_clang { "clang" } else { "gcc" };
        let suffixes = [(self.is_bare, "-bare"), (self.is_sanitized, "-asan")];
        let suffixes = suffixes.map(|(has, suffix)| if has { suffix } else { "" }).concat();
        format!("{compiler}-{}{suffixes}", self.standard)
    }

    fn options(self) -> Vec<String> {
        let mut options = vec![format!("-std={}", self.standard)];
        for (has, more) in [(self.is_bare, BARE), (self.is_sanitized, SANITIZERS)] {
            options.extend(more.iter().filter(|_| has).map(|&option| option.into()));
        }
        options
    }
}

/// `-g1` is enough for the lines in the reports of sanitizers, and gcc takes a quarter less time than with `-g`.
const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-pedantic", "-Werror", "-g1", "-pthread"];

pub fn source(program: &str) -> PathBuf {
    root().join("tests/cpp").join(program).with_extension("cpp")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn out_dir() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cpp");
    fs::create_dir_all(&dir).expect("a directory for the programs");
    dir
}

/// Compiles a program, once for all tests of it, and returns its path.
pub fn program(name: &str, variant: Variant) -> PathBuf {
    type Compiled = Mutex<HashMap<(String, Variant), Arc<OnceLock<PathBuf>>>>;
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    let key = (name.to_owned(), variant);
    let cell = Arc::clone(COMPILED.get_or_init(Compiled::default).lock().unwrap().entry(key).or_default());
    cell.get_or_init(|| {
        let out = out_dir().join(format!("{name}-{}", variant.name()));
        compile(&source(name), variant, &out);
        out
    })
    .clone()
}

/// Compiles the text of a program.
pub fn generated(name: &str, text: &str) -> PathBuf {
    let source = out_dir().join(name).with_extension("cpp");
    fs::write(&source, text).expect("the program is written");
    let out = out_dir().join(name);
    compile(&source, CLANG, &out);
    out
}

/// Compiles a program of `docs/samples`, as C++17.
pub fn sample(source: &Path) -> PathBuf {
    let out = out_dir().join(format!("sample-{}", samples::name(source)));
    compile(source, GCC, &out);
    out
}

fn compile(source: &Path, variant: Variant, out: &Path) {
    let library_dir = library::build();
    let is_static = env::var_os("EGRET_WS_TEST_STATIC").is_some_and(|value| value == "1");
    let mut compiler = match (is_static, variant.is_clang) {
        (true, _) => Command::new(library::compiler(true)),
        (false, true) => Command::new(clang()),
        (false, false) => Command::new(gcc()),
    };
    compiler.args(variant.options().iter().filter(|option| !(is_static && option.contains("sanitize"))));
    compiler.args(WARNINGS).args(flags("EGRET_WS_TEST_CFLAGS")).args(includes()).arg(source).arg("-o").arg(out);
    if is_static {
        compiler.arg(library_dir.join("libegret_ws.a")).args(["-lpthread", "-ldl", "-lm"]);
        if cfg!(all(feature = "tls", not(feature = "vendored"))) {
            compiler.args(["-lssl", "-lcrypto"]);
        }
    } else {
        library::link(&mut compiler);
    }
    library::run(compiler.args(flags("EGRET_WS_TEST_LDFLAGS")));
}

/// Checks the syntax of a text with `#include` lines.
pub fn check_syntax(compiler: &str, options: &[&str], text: &str) {
    if let Err(messages) = syntax(compiler, options, text) {
        panic!("{compiler} {options:?}\n{text}{messages}");
    }
}

/// Like `check_syntax`, but returns the compiler's messages as the error.
pub fn syntax(compiler: &str, options: &[&str], text: &str) -> Result<(), String> {
    let mut child = Command::new(compiler)
        .args(options)
        .args(WARNINGS)
        .args(includes())
        .args(["-fsyntax-only", "-x", "c++", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {compiler}: {error}"));
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("the text is read");
    let output = child.wait_with_output().expect("the compiler ends");
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn includes() -> [String; 3] {
    ["include", "bindings/cpp", "tests/c"].map(|dir| format!("-I{}", root().join(dir).display()))
}

fn flags(variable: &str) -> Vec<String> {
    env::var(variable).unwrap_or_default().split_whitespace().map(String::from).collect()
}

pub fn compilers() -> [String; 2] {
    [gcc(), clang()]
}

fn gcc() -> String {
    "g++".into()
}

/// `clang++`, or the newest one with a version in its name, as in Debian.
fn clang() -> String {
    let mut names = vec![String::from("clang++")];
    names.extend((14..40).rev().map(|version| format!("clang++-{version}")));
    let runs = |name: &String| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    names.into_iter().find(runs).expect("clang++ is missing; install it (Debian: clang)")
}

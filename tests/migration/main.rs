//! The guides of `docs/migration`: compiles and runs the programs in `docs/migration/samples` against an echo server, and compares
//! the diffs of the pages with the programs.
//!
//! Each `after` program runs; those in Swift in `tests/swift/run.sh`, by `swift.sh`. A `before` program runs if its library is
//! installed; a line says so if it is not. For cocos2d-x and IXWebSocket, which Debian does not have, `stubs` has declarations.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use test_support::echo_server::echo_url;
use test_support::failing_servers::{dead_url, failure_of, refusing_url};
use test_support::{library, skip};

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-pedantic", "-Werror", "-pthread"];
const RECEIVED: &str = "received: Hello Egret WebSocket\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> PathBuf {
    root().join("docs/migration/samples").join(name)
}

/// Makes an empty directory.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("migration").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// A compiler for a C or C++ program, with its standard and all warnings.
fn compiler(source: &Path) -> Command {
    let is_cpp = source.extension().is_some_and(|extension| extension == "cpp");
    let mut compiler = Command::new(library::compiler(is_cpp));
    compiler.arg(if is_cpp { "-std=c++17" } else { "-std=c99" }).args(WARNINGS).arg(source);
    compiler
}

/// Compiles a program of `docs/migration/samples` against this library.
fn compile_after(source: &Path, out: &Path, options: &[String]) {
    let mut compiler = compiler(source);
    for dir in ["include", "bindings/cpp"] {
        compiler.arg("-I").arg(root().join(dir));
    }
    library::run(library::link(compiler.args(options)).arg("-o").arg(out));
}

/// Runs a program against an echo server, a server that refuses, and no server. `command` gets the URL as its last argument.
fn check_runs(command: impl Fn() -> Command, dir: &Path, words_of_a_refusal: &str) {
    let mut echo = command();
    assert_eq!(library::run(echo.arg(echo_url()).env_remove("LD_LIBRARY_PATH").stdin(Stdio::null())), RECEIVED);
    for (url, words) in [(refusing_url(), words_of_a_refusal), (dead_url(), "failed: ")] {
        let output = failure_of(command().arg(url), &dir.join("output"));
        assert!(output.contains("failed: ") && output.contains(words), "{url}: {output}");
    }
}

fn check_after(name: &str) {
    let source = sample(name);
    let dir = scratch(&name.replace('/', "-"));
    let program = dir.join("after");
    compile_after(&source, &program, &[]);
    check_runs(|| Command::new(&program), &dir, "403");
}

/// Compiles and runs a program that uses another library. If the library is not installed, a printed line names its package.
fn check_before(name: &str, header: &str, package: &str, options: &[&str]) {
    if !Path::new("/usr/include").join(header).exists() {
        return report_missing(name, package);
    }
    let dir = scratch(&name.replace('/', "-"));
    let program = dir.join("before");
    library::run(compiler(&sample(name)).args(options).arg("-o").arg(&program));
    check_runs(|| Command::new(&program), &dir, "failed: ");
}

fn report_missing(name: &str, package: &str) {
    // Not with `eprintln!`, whose output cargo shows only for failed tests.
    writeln!(stderr(), "SKIPPED: migration: {name} needs Debian's {package}").expect("stderr");
}

/// Checks a program's syntax and types against declarations.
fn check_against_stubs(source: &Path, options: &[String]) {
    library::run(
        compiler(source).args(options).arg("-fsyntax-only").arg("-I").arg(root().join("tests/migration/stubs")),
    );
}

#[test]
fn libwebsockets_after() {
    check_after("libwebsockets/after.c");
}

#[test]
fn libwebsockets_before() {
    check_before("libwebsockets/before.c", "libwebsockets.h", "libwebsockets-dev", &["-D_GNU_SOURCE", "-lwebsockets"]);
}

#[test]
fn websocketpp_after() {
    check_after("websocketpp/after.cpp");
}

#[test]
fn websocketpp_before() {
    let package = "libwebsocketpp-dev and libboost-dev";
    if !Path::new("/usr/include/boost/asio.hpp").exists() {
        return report_missing("websocketpp/before.cpp", package);
    }
    check_before("websocketpp/before.cpp", "websocketpp/client.hpp", package, &[]);
}

#[test]
fn ixwebsocket_after() {
    check_after("ixwebsocket/after.cpp");
}

#[test]
fn ixwebsocket_before() {
    check_against_stubs(&sample("ixwebsocket/before.cpp"), &[]);
}

/// The option that names the program for `cocos_game.cpp`.
fn cocos_sample(name: &str) -> String {
    format!("-DSAMPLE=\"{}\"", sample(name).display())
}

#[test]
fn cocos2d_x_after() {
    let dir = scratch("cocos2d-x-after");
    let program = dir.join("after");
    let game = root().join("tests/migration/cocos_game.cpp");
    compile_after(&game, &program, &[cocos_sample("cocos2d-x/after.cpp")]);
    check_runs(|| Command::new(&program), &dir, "403");
}

#[test]
fn cocos2d_x_before() {
    check_against_stubs(&root().join("tests/migration/cocos_game.cpp"), &[cocos_sample("cocos2d-x/before.cpp")]);
}

/// Compiles the class `Chat` and returns the command that runs it.
fn java_chat(name: &str, dir: &Path, jars: &[PathBuf], library_path: &Path) -> impl Fn() -> Command {
    let mut entries = jars.to_vec();
    entries.push(dir.to_path_buf());
    let class_path = std::env::join_paths(entries).expect("paths without a colon");
    let mut javac = Command::new("javac");
    library::run(
        javac.args(["--release", "8", "-Xlint:-options", "-cp"]).arg(&class_path).arg("-d").arg(dir).arg(sample(name)),
    );
    let library_path = format!("-Djava.library.path={}", library_path.display());
    move || {
        let mut java = Command::new("java");
        java.arg(&library_path).arg("-cp").arg(&class_path).arg("Chat");
        java
    }
}

#[test]
fn okhttp_after() {
    if skip::is_skipped("java") {
        return;
    }
    let dir = scratch("okhttp-after");
    let binding = dir.join("binding");
    library::run(Command::new(root().join("bindings/java/build.sh")).arg(library::build()).arg(&binding));
    let jar = binding.join("egret-websocket.jar");
    check_runs(java_chat("okhttp/after.java", &dir, &[jar], &binding), &dir, "403");
}

#[test]
fn okhttp_before() {
    if skip::is_skipped("java") {
        return;
    }
    let jars = ["okhttp", "okio"].map(|name| PathBuf::from(format!("/usr/share/java/{name}.jar")));
    if !jars.iter().all(|jar| jar.exists()) {
        return report_missing("okhttp/before.java", "libokhttp-java");
    }
    let dir = scratch("okhttp-before");
    check_runs(java_chat("okhttp/before.java", &dir, &jars, &dir), &dir, "403");
}

/// Both objects are this library's, so the two programs differ in the calls only.
#[test]
fn egret_native_before_and_after() {
    if skip::is_skipped("js") {
        return;
    }
    let addon = scratch("egret-native").join("egret_ws.node");
    library::run(Command::new(root().join("bindings/js/node/build.sh")).arg(library::build()).arg(&addon));
    let output = |program: &str, url: &str| {
        let mut node = Command::new("node");
        node.arg(root().join("tests/migration/shell.js")).arg(&addon).arg(sample(program)).arg(url);
        library::run(node.stdin(Stdio::null()))
    };
    for (program, closed, lost) in [
        ("egret-native/before.js", "closed\n", "closed\n"),
        ("egret-native/after.js", "closed: 1000\n", "closed: 1006\n"),
    ] {
        assert_eq!(output(program, echo_url()), format!("{RECEIVED}{closed}"));
        for url in [refusing_url(), dead_url()] {
            let output = output(program, url);
            assert!(output.starts_with("failed: ") && output.ends_with(lost), "{program} {url}: {output}");
        }
    }
}

/// The pages: the overview and the guides.
fn pages() -> Vec<(PathBuf, String)> {
    let guides =
        fs::read_dir(root().join("docs/migration")).expect("the guides").map(|entry| entry.expect("a file").path());
    let mut paths: Vec<PathBuf> = guides.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.push(root().join("docs/migration.md"));
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a page"))).collect()
}

/// The diffs of the pages, as `(before, after, text)`.
fn shown_diffs(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.split("<!-- diff: ").skip(1).map(|rest| {
        let (files, rest) = rest.split_once(" -->\n```diff\n").expect("a diff behind its marker");
        let (before, after) = files.split_once(' ').expect("two files");
        (before, after, rest.split_once("```\n").expect("the end of the diff").0)
    })
}

#[test]
fn the_diffs_are_those_of_the_programs() {
    let mut shown = BTreeSet::new();
    for (path, text) in pages() {
        for (before, after, diff) in shown_diffs(&text) {
            let output =
                Command::new("diff").arg("-u").args([before, after]).current_dir(root()).output().expect("diff runs");
            let actual = String::from_utf8(output.stdout).expect("UTF-8");
            let actual: String = actual.split_inclusive('\n').skip(2).collect();
            assert_eq!(diff, actual, "{}: the diff of {before} and {after}", path.display());
            shown.extend([before.to_owned(), after.to_owned()]);
        }
    }
    let mut programs = BTreeSet::new();
    for library in fs::read_dir(sample("")).expect("the programs") {
        for program in fs::read_dir(library.expect("a folder").path()).expect("a folder") {
            let path = program.expect("a program").path();
            programs.insert(path.strip_prefix(root()).expect("in the repository").to_str().expect("UTF-8").to_owned());
        }
    }
    assert_eq!(shown, programs, "each program is shown in a diff");
}

#[test]
fn the_pages_name_what_the_headers_have() {
    let mut known = String::new();
    for header in [
        "include/egret_ws.h",
        "bindings/js/egret_ws_host.h",
        "bindings/js/egret_ws_host_options.h",
        "bindings/js/jsc/egret_ws_jsc.h",
        "bindings/js/v8/egret_ws_v8.h",
        "bindings/js/node/README.md",
    ] {
        known += &fs::read_to_string(root().join(header)).expect(header);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let known: BTreeSet<&str> = known.split(|c| !is_word(c)).collect();
    for (path, text) in pages() {
        for word in text.split(|c| !is_word(c)) {
            let is_name = word.starts_with("egret_ws_") || word.starts_with("EGRET_WS_");
            assert!(!is_name || known.contains(word) || word.ends_with('_'), "{}: {word}", path.display());
        }
    }
}

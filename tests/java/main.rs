//! Tests the Java binding, `bindings/java`. It runs the JUnit tests in `tests/java/unit` with this machine's Java and its JNI
//! checks, and uses the binding with Android's tools, ProGuard and Kotlin.
//!
//! `EGRET_WS_TEST_SOCKETS=100000` sets the number of sockets that the leak test opens. The default is 2000. The leak test of TLS
//! opens a tenth of them.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // made for other tests, which need more of them
mod android;
mod android_app;
mod kotlin;
mod tls_servers;
mod unit;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use test_support::echo_server::echo_url;
use test_support::{failing_servers, library, samples};

/// How many sockets the leak test opens and closes.
fn sockets() -> u64 {
    std::env::var("EGRET_WS_TEST_SOCKETS").map_or(2000, |count| count.parse().expect("a number of sockets"))
}

/// This limit is longer than each wait inside the programs, so the programs themselves report which event is missing.
fn time_limit() -> Duration {
    Duration::from_secs(180 + sockets() / 50)
}

fn is_skipped() -> bool {
    test_support::skip::is_skipped("java")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Makes an empty directory.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("java").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// The output directory of `build.sh`: the jar and the two libraries.
fn binding() -> &'static Path {
    static BINDING: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = scratch("binding");
        let mut build = Command::new(root().join("bindings/java/build.sh"));
        library::run(build.arg(library::build()).arg(&out).env("CFLAGS", "-Werror"));
        out
    });
    &BINDING
}

fn java_files(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(dir)).expect(dir);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect(dir).path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "java"));
    assert!(!files.is_empty(), "{dir} has no Java");
    files
}

/// Runs a program and returns its stdout and stderr. It must end in time and with success.
fn output_of(name: &str, command: &mut Command) -> String {
    let path = scratch(&format!("output-{name}")).join("output");
    let output = File::create(&path).expect("a file for the output");
    // The LD_LIBRARY_PATH that cargo has set would take precedence over the rpath.
    command.env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    command.stdout(output.try_clone().expect("a second handle")).stderr(output);
    let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {:?}: {error}", command.get_program()));
    let status = library::wait(child, time_limit());
    let output = String::from_utf8_lossy(&fs::read(&path).expect("its output")).into_owned();
    assert!(status.is_some_and(|status| status.success()), "{command:?}\n{status:?}\n{output}");
    output
}

fn java() -> Command {
    let mut java = Command::new("java");
    java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", binding().display()));
    java
}

fn class_path(entries: &[PathBuf]) -> String {
    std::env::join_paths(entries).expect("paths without a colon").into_string().expect("paths in UTF-8")
}

#[test]
fn the_shim_calls_every_function_of_the_header() {
    let header = fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header");
    let mut shim = String::new();
    for entry in fs::read_dir(root().join("bindings/java/jni")).expect("the shim") {
        shim += &fs::read_to_string(entry.expect("a file").path()).expect("C");
    }
    // `ErrorCode` contains the names, and the `WebSocket` keeps the report of `on_close`.
    const LEFT_OUT: &[&str] = &["egret_ws_error_name", "egret_ws_close_report"];
    let mut declared = 0;
    for line in header.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase())) {
        let Some((before, _)) = line.split_once('(') else { continue };
        let name = before.rsplit([' ', '*']).next().expect("a name");
        if name.starts_with("egret_ws_") {
            declared += 1;
            let is_called = shim.contains(&format!("{name}(")) || shim.contains(&format!(" {name},"));
            assert_ne!(
                is_called,
                LEFT_OUT.contains(&name),
                "{name} is not called, or it is called although LEFT_OUT lists it"
            );
        }
    }
    assert!(declared > 25, "{declared} functions were found in the header");
}

#[test]
fn the_shim_is_hardened() {
    if !is_skipped() {
        library::assert_hardened(&binding().join("libegret_ws_jni.so"));
    }
}

/// The jar of a release contains the library of each platform, and leaves no file behind. `tests/dist/java.sh` runs the real jar.
#[test]
fn a_jar_loads_the_library_that_it_contains() {
    if is_skipped() {
        return;
    }
    let folder = scratch("jar-with-library");
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { std::env::consts::ARCH };
    let natives = PathBuf::from(format!("org/egret/websocket/native/linux-{arch}"));
    fs::create_dir_all(folder.join(&natives)).expect("a folder");
    fs::copy(binding().join("libegret_ws_jni.so"), folder.join(&natives).join("libegret_ws_jni.so")).expect("the shim");
    fs::copy(binding().join("egret-websocket.jar"), folder.join("whole.jar")).expect("the jar");
    library::run(Command::new("jar").args(["--update", "--file", "whole.jar", "org"]).current_dir(&folder));
    let sample = root().join("bindings/java/examples/Echo.java");
    library::run(Command::new("javac").args(["-cp", "whole.jar", "-d", "."]).arg(&sample).current_dir(&folder));
    fs::create_dir(folder.join("temporary")).expect("a folder");

    let echo = |options: &[&str]| {
        let mut java = Command::new("java");
        // The shim of the tests loads the library from the shim's own folder. Here that is a different folder.
        java.args(options).args(["-cp", ".:whole.jar", "Echo", echo_url()]).current_dir(&folder);
        java.env("LD_LIBRARY_PATH", binding());
        java
    };
    let output = library::run(&mut echo(&["-Djava.io.tmpdir=temporary"]));
    assert!(output.contains("received: Hello Egret WebSocket"), "{output}");
    assert_eq!(fs::read_dir(folder.join("temporary")).expect("the folder").count(), 0);

    let shim = format!("-Dorg.egret.websocket.library={}", binding().join("libegret_ws_jni.so").display());
    let output = library::run(&mut echo(&[&shim, "-Djava.io.tmpdir=/nowhere"]));
    assert!(output.contains("received: Hello Egret WebSocket"), "{output}");

    for (option, complaint) in [
        (
            "-Dos.arch=mips",
            "has no native/linux-mips/libegret_ws_jni.so: set -Djava.library.path to the folder of build.sh",
        ),
        ("-Djava.io.tmpdir=/nowhere", "java.io.tmpdir"),
        ("-Dorg.egret.websocket.library=/nowhere/library.so", "/nowhere/library.so"),
    ] {
        let output = failing_servers::failure_of(&mut echo(&[option]), &folder.join("output"));
        assert!(output.contains(complaint), "{option}: {output}");
    }
}

/// Compiles the programs of `docs/samples/java` as Java 8 and runs them. Each program is one file; its class has the name of the
/// file.
#[test]
fn samples_of_pages_run() {
    let programs = samples::programs("java");
    if programs.is_empty() || is_skipped() {
        return;
    }
    let classes = scratch("samples");
    let path = class_path(&[classes.clone(), binding().join("egret-websocket.jar")]);
    let mut javac = Command::new("javac");
    // -options suppresses the note that Java 8 is old.
    javac.args(["--release", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8", "-cp", &path, "-d"]);
    javac.arg(&classes).arg("-sourcepath").arg(root().join("bindings/java/compile-only"));
    library::run(javac.args(&programs));
    for program in programs {
        let name = samples::name(&program);
        samples::run(java().args(["-cp", &path, name]), &classes.join(name).with_extension("log"));
    }
}

/// Runs the README's commands in an empty folder that contains the README's program. The commands that build the library and the
/// echo server are left out.
#[test]
fn the_commands_of_the_readme_work() {
    if is_skipped() {
        return;
    }
    let readme = fs::read_to_string(root().join("bindings/java/README.md")).expect("the README");
    let block = |language: &str| {
        let start = readme.find(&format!("```{language}\n")).expect(language) + language.len() + 4;
        &readme[start..start + readme[start..].find("```").expect("the block's end")]
    };
    let sample = block("java");
    assert!(sample.lines().count() <= 30, "the sample has {} lines", sample.lines().count());
    assert_eq!(sample, fs::read_to_string(root().join("bindings/java/examples/Echo.java")).expect("Echo.java"));
    let commands = block("sh");
    let mut script = String::from("set -eu\n");
    for line in commands.lines() {
        if !line.contains("cargo ") && !line.contains("egret-ws-echo") && line != "kill $!" {
            script += &line.replace("\"$EGRET_WS/target/release\"", "\"$LIBRARY\"");
            script += "\n";
        }
    }
    assert!(script.contains("\"$LIBRARY\"") && script.contains("ws://127.0.0.1:9000/"), "{commands}");
    let folder = scratch("readme");
    fs::write(folder.join("Echo.java"), sample).expect("the sample");
    let mut sh = Command::new("sh");
    sh.args(["-c", &script.replace("ws://127.0.0.1:9000/", echo_url())]).current_dir(&folder);
    let output = output_of("readme", sh.env("EGRET_WS", root()).env("LIBRARY", library::build()));
    assert!(output.contains("received: Hello Egret WebSocket\nclosed: OK, code 1000"), "{output}");
    for (url, complaint) in [
        (failing_servers::dead_url(), "closed: CONNECT, "),
        (failing_servers::refusing_url(), "closed: HTTP_STATUS, "),
        ("ws://[", "WebSocketException: INVALID_URL"),
    ] {
        let mut java = java();
        java.arg("-cp").arg(".:egret-websocket.jar").arg("Echo").arg(url).current_dir(&folder);
        let output = failing_servers::failure_of(&mut java, &folder.join("output"));
        assert!(output.contains(complaint), "{url}: {output}");
    }
}

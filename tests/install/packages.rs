//! `packaging/dist/check_elf.py` refuses libraries with properties that a package for Linux must not have.

use crate::{directory, root, run};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use test_support::library;

const HEADER: &str = "void egret_ws_one(void);\n";
const SOURCE: &str = "void abort(void); void egret_ws_one(void) { abort(); }\n";
const FLAGS: [&str; 6] =
    ["-Wl,-soname,libegret_ws.so", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,nodelete", "-Wl,--build-id=sha1", "-Wl,-s"];

fn machine() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// Makes libegret_ws.so from a source, with `flags`.
fn link(folder: &Path, source: &str, flags: &[&str]) {
    fs::write(folder.join("one.c"), source).expect("the source");
    fs::write(folder.join("one.h"), HEADER).expect("the header");
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-shared", "-fPIC", "-w", "-Wl,--no-as-needed", "-o", "libegret_ws.so", "one.c"]).args(flags);
    run(compiler.current_dir(folder));
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut script = Command::new("python3");
    script.arg(root().join("packaging/dist/check_elf.py")).args(["--exports", "one.h"]).args(arguments);
    script.arg("libegret_ws.so").current_dir(folder).output().expect("python3")
}

#[track_caller]
fn refused(folder: &Path, arguments: &[&str], complaint: &str) {
    let output = check(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}: {said}");
    assert!(said.contains(complaint), "{complaint}: {said}");
    assert!(!said.contains("Traceback"), "{said}");
}

#[test]
fn faulty_libraries_are_refused() {
    let folder = directory("check-elf");
    let good = ["--machine", machine(), "--glibc", "2.17"];
    link(&folder, SOURCE, &FLAGS);
    let output = check(&folder, &good);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // With other arguments, the valid library is not the required one.
    let other = if machine() == "arm64" { "x86_64" } else { "arm64" };
    refused(&folder, &["--machine", other, "--glibc", "2.17"], "is not for");
    refused(&folder, &["--machine", machine(), "--musl"], "needs libc.so.6, which is not on every system");
    refused(&folder, &["--machine", machine(), "--musl"], "needs versions of symbols");
    refused(&folder, &[&good[..], &["--needs", "libssl.so.3"]].concat(), "does not need libssl.so.3");
    refused(&folder, &[&good[..], &["--static"]].concat(), "is not static");
    refused(&folder, &["--machine", machine(), "--glibc", "2.1"], "newer than 2.1");

    // One flag is missing or different.
    for (flag, complaint) in [
        ("-Wl,-soname,libegret_ws.so", "calls itself nothing"),
        ("-Wl,-z,now", "leaves its table of functions writable"),
        ("-Wl,-z,relro", "does not protect its relocated data"),
        ("-Wl,-z,nodelete", "can be unloaded while a thread runs in it"),
        ("-Wl,--build-id=sha1", "has no build ID"),
        ("-Wl,-s", "has its symbols still"),
    ] {
        let mut flags: Vec<&str> = FLAGS.into_iter().filter(|other| *other != flag).collect();
        // These are the defaults of the compiler itself.
        flags.extend(match flag {
            "-Wl,-z,now" => Some("-Wl,-z,lazy"),
            "-Wl,-z,relro" => Some("-Wl,-z,norelro"),
            "-Wl,--build-id=sha1" => Some("-Wl,--build-id=none"),
            _ => None,
        });
        link(&folder, SOURCE, &flags);
        refused(&folder, &good, complaint);
    }
    for (flag, complaint) in [
        ("-Wl,-z,execstack", "asks for a stack that can be executed"),
        ("-Wl,-rpath,/opt", "names directories to load libraries from"),
    ] {
        link(&folder, SOURCE, &[&FLAGS[..], &[flag]].concat());
        refused(&folder, &good, complaint);
    }
    for (source, complaint) in [
        (
            "void abort(void); void egret_ws_one(void) { abort(); } void SSL_new(void) {}",
            "exports SSL_new, which it should not",
        ),
        ("void abort(void); void egret_ws_two(void) { abort(); }", "does not export egret_ws_one"),
        ("int getrandom(); void egret_ws_one(void) { getrandom(); }", "needs GLIBC_2.25 of libc.so.6, newer than 2.17"),
    ] {
        link(&folder, source, &FLAGS);
        refused(&folder, &good, complaint);
    }
    let own = "-Wl,-soname,libown.so.1";
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-shared", "-fPIC", own, "-o", "libown.so", "one.c"]).current_dir(&folder);
    run(&mut compiler);
    link(&folder, SOURCE, &[&FLAGS[..], &["libown.so"]].concat());
    refused(&folder, &good, "needs libown.so.1, which is not on every system");

    // These are damaged files, and a missing one.
    let bytes = fs::read(folder.join("libegret_ws.so")).expect("the library");
    for length in [0, 3, 64, 200, bytes.len() / 2] {
        fs::write(folder.join("libegret_ws.so"), &bytes[..length]).expect("the library");
        refused(&folder, &good, "cannot be checked");
    }
    fs::remove_file(folder.join("libegret_ws.so")).expect("the library");
    refused(&folder, &good, "cannot be checked");
}

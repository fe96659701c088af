//! Compares the cost of the C++ binding with C: the instructions of the program itself for each message. callgrind counts them,
//! and its counts are repeatable. The library executes equally many instructions in both cases.
//!
//! If valgrind is missing, the test fails, unless the variable SKIP has `valgrind`.
#![cfg(target_os = "linux")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use test_support::{echo_server, library};

/// The difference of two runs does not include the start and the end of the program.
const FEWER_MESSAGES: u64 = 100;
const MORE_MESSAGES: u64 = 300;
/// The largest number of instructions that may be added to C. With gcc 12 a listener adds 14, and callables add 29. Other
/// compilers differ.
const LISTENER: u64 = 25;
const CALLABLES: u64 = 50;

#[test]
fn the_binding_adds_few_instructions_to_a_message() {
    if test_support::skip::is_skipped("valgrind") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("the port"));
    thread::spawn(move || echo_server::serve(listener));

    let c = cost(&compile("c", "cost.c", &["-std=c99"]), &url);
    let by_listener = cost(&compile("listener", "cost.cpp", &["-std=c++17"]), &url);
    let by_callables = cost(&compile("callables", "cost.cpp", &["-std=c++17", "-DCALLABLES"]), &url);
    println!("instructions a message: C {c}, a listener {by_listener}, callables {by_callables}");
    assert!(c > 10, "{c}: the program was not counted");
    assert!(by_listener <= c + LISTENER, "{by_listener} with a listener, {c} in C");
    assert!(by_callables <= c + CALLABLES, "{by_callables} with callables, {c} in C");
}

fn compile(name: &str, source: &str, options: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cost-{name}"));
    let mut compiler = Command::new(library::compiler(source.ends_with("cpp")));
    compiler.args(["-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]).args(options);
    compiler.arg("-I").arg(library::include_dir()).arg("-I").arg(root.join("bindings/cpp"));
    compiler.arg(root.join("tests/cpp/cost").join(source)).arg("-o").arg(&out);
    library::run(library::link(&mut compiler));
    out
}

/// Returns the instructions of the program itself for each message.
fn cost(program: &Path, url: &str) -> u64 {
    (count(program, MORE_MESSAGES, url) - count(program, FEWER_MESSAGES, url)) / (MORE_MESSAGES - FEWER_MESSAGES)
}

fn count(program: &Path, messages: u64, url: &str) -> u64 {
    let out = program.with_extension(format!("{messages}.callgrind"));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", out.display()));
    valgrind.arg(program).arg(messages.to_string()).arg(url).env_remove("LD_LIBRARY_PATH");
    let output = valgrind.output().expect("valgrind is missing; install it (Debian: valgrind)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program_cost(&fs::read_to_string(out).expect("callgrind's file"), program)
}

/// Sums the lines `POSITION COST` below the program's `ob=`, except lines after `calls=`, which count another function.
fn program_cost(profile: &str, program: &Path) -> u64 {
    let mut numbers = std::collections::HashMap::new();
    let (mut is_program, mut is_call, mut sum) = (false, false, 0);
    for line in profile.lines() {
        // `ob=(2) /path`, or `cob=`, defines a number for a path; later lines have only `ob=(2)`.
        if let Some((key @ ("ob" | "cob"), object)) = line.split_once('=') {
            let (number, path) = object.split_once(' ').unwrap_or((object, ""));
            if !path.is_empty() {
                numbers.insert(number.to_owned(), Path::new(path) == program);
            }
            if key == "ob" {
                is_program = numbers[number];
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            if is_program && !is_call {
                let cost = line.rsplit(' ').next().and_then(|cost| cost.parse::<u64>().ok());
                sum += cost.unwrap_or_else(|| panic!("{line}: no cost"));
            }
            is_call = false;
        }
    }
    sum
}

//! `include/egret_ws.h` agrees with the sources. It compiles alone, without a warning, in every C and C++ standard from C99 and
//! C++11 on.
//!
//! `EGRET_WS_WRITE_GENERATED=1` writes the header (`make header`).

mod comments;
mod form;
mod groups;

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use test_support::library;

/// The sources of the header, in its order.
const SOURCES: [&str; 10] = [
    "src/constants.rs",
    "src/ffi/about.rs",
    "src/ffi/types.rs",
    "src/ffi/tls_types.rs",
    "src/ffi/loops.rs",
    "src/ffi/sockets.rs",
    "src/ffi/hooks.rs",
    "src/ffi/tls_provider.rs",
    "src/ffi/requests.rs",
    "src/ffi/retryable.rs",
];

#[test]
fn the_header_is_what_the_sources_say() {
    let path = library::include_dir().join("egret_ws.h");
    let header = generate();
    if std::env::var_os("EGRET_WS_WRITE_GENERATED").is_some_and(|value| value == "1") {
        // The file is replaced in one step, because the other tests here may be reading it.
        let new = path.with_extension("h.new");
        fs::write(&new, &header).and_then(|()| fs::rename(&new, &path)).expect("the header is written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differing = committed.lines().zip(header.lines()).position(|(old, new)| old != new);
    let line = differing.unwrap_or_else(|| committed.lines().count().min(header.lines().count())) + 1;
    assert!(committed == header, "include/egret_ws.h is out of date from line {line} on: run `make header`");
}

fn generate() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let builder = cbindgen::Builder::new().with_config(config);
    let builder = SOURCES.iter().fold(builder, |builder, source| builder.with_src(root.join(source)));
    let mut bytes = Vec::new();
    builder.generate().expect("the sources are read").write(&mut bytes);
    groups::arrange(&polish(&String::from_utf8(bytes).expect("UTF-8")))
}

/// Changes the output of cbindgen to the style of a header that is written by hand.
fn polish(generated: &str) -> String {
    let structs = struct_names(generated);
    let mut out = String::new();
    let mut lines = generated.lines().peekable();
    let mut is_flag = false;
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() == "/*" {
            let comment: Vec<&str> = lines.by_ref().map(str::trim).take_while(|&line| line != "*/").collect();
            is_flag = comment.first().is_some_and(|first| first.starts_with("`flags` of "));
            out += &comments::doxygen(indent, &comment);
        } else if !(line.is_empty() && (out.ends_with("\n\n") || out.ends_with("{\n"))) {
            out.push_str(&write_number(&name_by_typedef(line, &structs), is_flag));
            is_flag = false;
            out.push('\n');
        }
    }
    out
}

/// Returns the names in lines such as `typedef struct egret_ws egret_ws;` and `typedef struct egret_ws_options {`.
fn struct_names(generated: &str) -> HashSet<&str> {
    generated
        .lines()
        .filter_map(|line| line.strip_prefix("typedef struct "))
        .filter_map(|rest| rest.split([' ', ';']).next())
        .collect()
}

/// Changes `struct egret_ws *ws` to `egret_ws *ws`: every struct has a typedef, which comes first.
fn name_by_typedef(line: &str, structs: &HashSet<&str>) -> String {
    if line.starts_with("typedef struct ") {
        return line.to_owned();
    }
    let mut line = line.to_owned();
    for name in structs {
        line = line.replace(&format!("struct {name} *"), &format!("{name} *"));
    }
    line
}

/// Changes `#define X -1` to `#define X (-1)`. If `bits` (a number of bits, such as a flag): `#define X 65536` to
/// `#define X 0x00010000u`.
fn write_number(line: &str, bits: bool) -> String {
    match line.rsplit_once(' ').filter(|(define, _)| define.starts_with("#define ")) {
        Some((define, value)) if value.starts_with('-') => format!("{define} ({value})"),
        Some((define, value)) => match value.parse::<u32>() {
            Ok(number) if bits || number > i32::MAX as u32 => format!("{define} 0x{number:08X}u"),
            _ => line.to_owned(),
        },
        None => line.to_owned(),
    }
}

fn header() -> String {
    fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header is there")
}

/// The beginning of the header contains C code. `tests/c/recipes.c` has each of its statements, so that they are compiled and
/// run.
#[test]
fn a_program_contains_the_code_at_the_beginning_of_the_header() {
    let header = header();
    let (head, _) = header.split_once("#ifndef").expect("the head ends");
    // Between two fences there is code.
    let code = head.split(" * ```").skip(1).step_by(2);
    let statements: Vec<String> = code.flat_map(str::lines).filter_map(statement).collect();
    assert!(statements.len() > 20, "statements were not found: {statements:#?}");
    let program = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/recipes.c"));
    let program = program.expect("the program is there");
    let lines: HashSet<&str> = program.lines().map(str::trim).collect();
    for statement in &statements {
        assert!(lines.contains(statement.as_str()), "tests/c/recipes.c has no line {statement}");
    }
}

/// Returns the C statement in a line of code, perhaps before a remark. The program has another URL.
fn statement(line: &str) -> Option<String> {
    let text = line.strip_prefix(" * ")?;
    let code = text.split_once("  // ").map_or(text, |(code, _)| code).trim();
    let is_statement = code.ends_with(';') && !code.starts_with("//");
    is_statement.then(|| code.replace("\"ws://127.0.0.1:9000/\"", "echo_url"))
}

#[test]
fn every_function_and_callback_is_described_in_one_form() {
    let header = header();
    assert!(form::callables(&header) > 70, "the functions and callbacks were not found");
    let faults = form::faults(&header);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The form is broken if a line of a part is missing, if two lines are exchanged, or if the first sentence is different.
#[test]
fn a_part_that_is_missing_or_misplaced_is_found() {
    let header = header();
    let lines: Vec<&str> = header.split_inclusive('\n').collect();
    let is_part = |line: &str| {
        [" * @param ", " * @return ", " * Errors:", " * Threads:", " * Since:"]
            .iter()
            .any(|part| line.starts_with(part))
    };
    // The macro is no function.
    let (_, macros_end) = header.split_once("#define EGRET_WS_HAS_FIELD").expect("the macro");
    let first = lines.len() - macros_end.split_inclusive('\n').count();
    let parts: Vec<usize> = (first..lines.len()).filter(|at| is_part(lines[*at])).collect();
    assert!(parts.len() > 400, "the parts were not found");
    for at in parts.iter().copied().step_by(7) {
        let without = [&lines[..at], &lines[at + 1..]].concat().concat();
        assert!(!form::faults(&without).is_empty(), "nobody misses line {}: {}", at + 1, lines[at]);
        if is_part(lines[at + 1]) {
            let mut exchanged = lines.clone();
            exchanged.swap(at, at + 1);
            assert!(
                !form::faults(&exchanged.concat()).is_empty(),
                "line {} may stand one later: {}",
                at + 1,
                lines[at]
            );
        }
    }
    for (from, to) in [
        (" * Queues a message to be sent.\n", " * A message to be sent.\n"),
        (" * Queues a message to be sent.\n", " * Queues a message. It is sent.\n"),
        (" * Queues a message to be sent.\n", " * Queues a message to be sent\n"),
    ] {
        let changed = header.replacen(from, to, 1);
        assert_ne!(changed, header);
        assert_eq!(form::faults(&changed).len(), 1, "{to}");
    }
}

#[test]
fn the_header_compiles_alone_as_c() {
    let standards = [&["c99"][..], &["c11"], &["c17"], &["c23", "c2x"]];
    for compiler in compilers(false) {
        for names in standards {
            compile(&compiler, "c", names);
        }
    }
}

#[test]
fn the_header_compiles_alone_as_cpp() {
    let standards = [&["c++11"][..], &["c++14"], &["c++17"], &["c++20", "c++2a"], &["c++23", "c++2b"]];
    for compiler in compilers(true) {
        for names in standards {
            compile(&compiler, "c++", names);
        }
    }
}

/// Returns the system's compiler, which must exist, and clang if it exists.
fn compilers(cplusplus: bool) -> Vec<String> {
    let system = library::compiler(cplusplus).into_string().expect("the compiler's name is UTF-8");
    let clang = if cplusplus { "clang++" } else { "clang" };
    let has_clang = Command::new(clang).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let mut compilers = vec![system];
    if has_clang && compilers[0] != clang {
        compilers.push(clang.into());
    }
    compilers
}

/// Compiles a file that contains only the header, by the first of a standard's names that this compiler knows.
fn compile(compiler: &str, language: &str, names: &[&str]) {
    let name = names.iter().find(|name| try_compile(compiler, language, name, "").is_ok());
    let name = name.unwrap_or_else(|| panic!("{compiler} knows none of {names:?}; a newer compiler is needed"));
    if let Err(messages) = try_compile(compiler, language, name, "#include \"egret_ws.h\"\n#include \"egret_ws.h\"\n") {
        panic!("{compiler} -std={name}:\n{messages}");
    }
}

fn try_compile(compiler: &str, language: &str, standard: &str, source: &str) -> Result<(), String> {
    let source = format!("{source}typedef int nothing;\n"); // ISO C requires a declaration in every file
    let mut child = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", "-x", language])
        .arg(format!("-std={standard}"))
        .arg("-I")
        .arg(library::include_dir())
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {compiler}: {error}; install it (Debian: build-essential)"));
    let written = child.stdin.take().expect("a pipe").write_all(source.as_bytes());
    let output = child.wait_with_output().expect("the compiler ends");
    match (output.status.success(), written) {
        (true, Ok(())) => Ok(()),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

//! Runs the programs of `tests/cpp`. Each tests one rule of the C++ binding: with gcc and clang, as C++17 and C++20, with and
//! without exceptions and RTTI, with AddressSanitizer, and with both drivers. `EGRET_WS_TEST_VARIANTS=all` runs them in every
//! combination of these (`make test-cpp`).
//!
//! The variables of `c_programs.rs` apply here too. `EGRET_WS_TEST_STATIC=1` means that the library has a sanitizer. Then only
//! `CXX` is used, which has that sanitizer too. `EGRET_WS_TEST_SOCKETS=100000` makes `many` run for a long time.

#[path = "cpp/build.rs"]
mod build;
#[path = "cpp/header.rs"]
mod header;

use build::Variant;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use test_support::echo_server::echo_url;
use test_support::{library, samples};

/// This is longer than any wait inside the programs, so that the programs themselves report which event is missing.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The time limit of `many` with `EGRET_WS_TEST_SOCKETS`.
const LONG_TIME_LIMIT: Duration = Duration::from_secs(900);

fn run(program: &str, variant: Variant, driver: &str) {
    let path = build::program(program, variant);
    let log_path = path.with_extension(format!("{driver}.log"));
    let log = File::create(&log_path).expect("a file for the program's output");
    let child = Command::new(&path)
        .args([echo_url(), driver])
        // The value that cargo has set would take precedence over the rpath.
        .env_remove("LD_LIBRARY_PATH")
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", path.display()));
    let is_long = program == "many" && std::env::var_os("EGRET_WS_TEST_SOCKETS").is_some();
    let status = library::wait(child, if is_long { LONG_TIME_LIMIT } else { TIME_LIMIT });
    let output = || String::from_utf8_lossy(&fs::read(&log_path).unwrap_or_default()).into_owned();
    match status {
        Some(status) if status.success() => println!("{program} ({}, {driver}): {}", variant.name(), output()),
        Some(status) => panic!("{program} ({}, {driver}) failed, {status}:\n{}", variant.name(), output()),
        None => panic!("{program} ({}, {driver}) did not end and was killed:\n{}", variant.name(), output()),
    }
}

/// Makes two tests for each program, which run all its variants one after another.
macro_rules! programs {
    ($($program:ident)*) => {$(
        mod $program {
            use super::{build, run};

            #[test]
            fn threaded() {
                build::variants().into_iter().for_each(|variant| run(stringify!($program), variant, "threaded"));
            }

            #[test]
            fn inline() {
                build::variants().into_iter().for_each(|variant| run(stringify!($program), variant, "inline"));
            }
        }
    )*
    /// The programs that have tests.
    const PROGRAMS: &[&str] = &[$(stringify!($program)),*];
    };
}

programs! {
    destruction
    every_function
    exceptions
    hooks
    listeners
    many
    messages
    results
    threads
    times
}

#[test]
fn every_program_is_run() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cpp");
    for entry in fs::read_dir(dir).expect("the directory of the programs") {
        let path = entry.expect("an entry of the directory").path();
        if path.extension().is_some_and(|extension| extension == "cpp") {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            assert!(PROGRAMS.contains(&name), "{name}.cpp has no test");
        }
    }
}

/// The programs of `docs/samples/cpp`, under AddressSanitizer.
#[test]
fn samples_of_pages_run() {
    for program in samples::programs("cpp") {
        let path = build::sample(&program);
        samples::run(&mut Command::new(&path), &path.with_extension("log"));
    }
}

/// The page lists each callable with its signature.
#[test]
fn the_page_has_the_signature_of_each_callback() {
    let binding = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/cpp");
    let page = fs::read_to_string(binding.join("README.md")).expect("the page");
    let mut count = 0;
    for (header, group) in [("callbacks.hpp", ""), ("loop_state.hpp", ""), ("hooks.hpp", "hooks.")] {
        let text = fs::read_to_string(binding.join("egret_ws").join(header)).expect("the header");
        // Such as: Callback<void(WebSocketRef, const Message &)> on_message{};
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("Callback<")?.strip_suffix("{};")) {
            let (signature, name) = line.rsplit_once("> ").expect("a name");
            let (result, parameters) = signature.split_once('(').expect("parameters");
            let row = format!("| `{result} {group}{name}({parameters}` |");
            assert!(page.contains(&row), "the page has no {row}");
            count += 1;
        }
    }
    assert!(count >= 13, "{count}");
}

/// Checks only the syntax of the example and of each header, in every combination, which is fast.
#[test]
fn the_binding_compiles_with_every_compiler_and_standard() {
    let binding = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/cpp");
    let mut sources = vec![binding.join("examples/echo.cpp"), binding.join("egret_ws.hpp")];
    let parts = fs::read_dir(binding.join("egret_ws")).expect("the binding's parts");
    sources.extend(parts.map(|entry| entry.expect("an entry").path()));
    assert!(sources.len() > 6, "{sources:?}");
    for compiler in build::compilers() {
        for standard in build::STANDARDS {
            for bare in [&[][..], build::BARE] {
                let standard = format!("-std={standard}");
                let options = [&[standard.as_str()], bare, build::STRICT].concat();
                // One file includes all of them, twice.
                let text: String = sources
                    .iter()
                    .chain(&sources[1..])
                    .map(|path| format!("#include \"{}\"\n", path.display()))
                    .collect();
                build::check_syntax(&compiler, &options, &text);
            }
        }
    }
    // Each part must include the headers that it needs.
    for source in &sources[1..] {
        let text = format!("#include \"{}\"\n", source.display());
        build::check_syntax(&build::compilers()[0], &["-std=c++17"], &text);
    }
}

/// For an older standard, the header reports one error that names the option. The compiler reports no error of the code after it.
#[test]
fn older_standards_give_one_error() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the page");
    let sample = page.split("```cpp\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sample");
    for compiler in build::compilers() {
        build::check_syntax(&compiler, &["-std=c++17"], sample);
        for standard in ["-std=c++11", "-std=c++14", "-std=gnu++14"] {
            let messages = build::syntax(&compiler, &[standard], sample).expect_err("the standard is too old");
            let errors: Vec<_> = messages.lines().filter(|line| line.contains("error: ")).collect();
            let advice = "\"egret_ws.hpp needs C++17 or newer: compile with -std=c++17 (Visual C++: /std:c++17)\"";
            assert!(errors[0].ends_with(advice), "{messages}");
            // The second error ends the compilation.
            assert!(errors.len() == 2 && errors[1].contains("fatal error: "), "{messages}");
            assert!(messages.lines().count() < 12, "{messages}");
        }
    }
}

/// `every_function.cpp` calls every C function, but only through the binding: its source contains the name of none.
#[test]
fn every_function_of_the_header_is_reachable() {
    let source = fs::read_to_string(build::source("every_function")).expect("the program");
    let program = build::program("every_function", build::variants()[0]);
    let symbols = library::run(Command::new("nm").arg("--format=posix").arg(program));
    let called: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    // A TLS provider is written with the C header.
    let is_of_providers =
        |name: &&String| !["egret_ws_tls_provider_init", "egret_ws_tls_ready"].contains(&name.as_str());
    for function in header::functions().iter().filter(is_of_providers) {
        assert!(!source.contains(&format!("{function}(")), "every_function.cpp calls {function} itself");
        assert!(called.contains(function.as_str()), "{function} is not reached by the binding");
    }
}

/// Each macro of the header has its counterpart in the binding.
#[test]
fn every_constant_of_the_header_is_reachable() {
    let binding = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/cpp/egret_ws");
    let parts = fs::read_dir(binding).expect("the binding's parts");
    let text: String =
        parts.map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a header")).collect();
    let text: String = text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let constants = header::constants();
    assert!(constants.len() > 60, "{constants:?}");
    for constant in constants {
        // In C++ a text has a length, the version of a header has its own macro, and CloseInfo has all fields.
        // A TLS provider is written with the C header.
        let is_of_providers = constant.starts_with("EGRET_WS_TLS_") && !constant.starts_with("EGRET_WS_TLS_1_");
        let is_of_c =
            is_of_providers || matches!(constant.as_str(), "EGRET_WS_NUL_TERMINATED" | "EGRET_WS_VERSION_NUMBER");
        if !is_of_c && !constant.starts_with("EGRET_WS_HAS_FIELD(") {
            assert!(words.contains(constant.as_str()), "{constant} is not reached by the binding");
        }
    }
}

/// Generates a program from the declarations of the header. It sets each option, and checks that the C struct has the value. Each
/// time is also set to a negative value and to one that is too long. These must be refused with the name of the option.
#[test]
fn every_field_of_the_header_is_reachable() {
    let options = header::fields("egret_ws_options");
    assert!(options.len() > 40, "{options:?}");
    let mut text = String::from(
        "#include <egret_ws.hpp>\n#include <cstdio>\n#include <cstring>\n\
         #define CHECK(c) do { if (!(c)) { std::puts(#c); return 1; } } while (0)\n\
         using egret::detail::COptions;\nint main() {\n\
         egret::LoopOptions run_inline; run_inline.run_inline = true;\n\
         auto loop = egret::Loop::create(std::move(run_inline)); CHECK(loop);\n",
    );
    let mut times = 0;
    for (of, group) in
        [("egret_ws_options", ""), ("egret_ws_retry_options", "retry"), ("egret_ws_deflate_options", "deflate")]
    {
        let (cpp, c) = match group {
            "" => ("o".to_owned(), "made.get()".to_owned()),
            group => (format!("o.{group}"), format!("(*made.get().{group})")),
        };
        for field in header::fields(of) {
            let name = &field.name;
            let (set, found) = match (field.kind.as_str(), name.as_str()) {
                // COptions sets these itself, or takes them from the listener.
                (_, "struct_size" | "user" | "flags" | "release_user" | "retry" | "deflate") => continue,
                (_, _) if name.starts_with("on_") => continue,
                (_, "headers") => (r#"o.headers = {{"n", "v"}}"#.into(), r#"made.get().header_count == 1 && std::strcmp(made.get().headers[0].name, "n") == 0 && std::strcmp(made.get().headers[0].value, "v") == 0"#.into()),
                (_, "header_count") => continue,
                (_, "tls_roots") => (r#"o.tls_roots = "text""#.into(), r#"made.get().tls_roots_len == 4 && std::memcmp(made.get().tls_roots, "text", 4) == 0"#.into()),
                (_, "tls_identity") => ("o.tls_identity = {7, 8}".into(), "made.get().tls_identity_len == 2 && made.get().tls_identity[1] == 8".into()),
                (_, "tls_roots_len" | "tls_identity_len") => continue,
                (_, _) if name.ends_with("_ms") => {
                    let time = name.trim_end_matches("_ms");
                    times += 1;
                    for bad in BAD_DURATIONS {
                        text += &format!(
                            "  {{ egret::Options o; {cpp}.{time} = {bad}; o.retry_attempts = 1;\n    \
                             const auto ws = loop->connect(\"ws://127.0.0.1:1/\", o, egret::Listener());\n    \
                             CHECK(ws.error() == egret::Error::invalid_argument && std::strstr(ws.error_message(), \"{time} is negative or longer\")); }}\n"
                        );
                    }
                    (format!("{cpp}.{time} = std::chrono::milliseconds(7)"), format!("{c}.{name} == 7"))
                }
                (_, _) if name.ends_with("_no_context_takeover") => {
                    (format!("{cpp}.{name} = true"), format!("{c}.{name} == 1"))
                }
                ("uint32_t", _) => (format!("{cpp}.{name} = 7"), format!("{c}.{name} == 7")),
                ("const char *", _) => {
                    (format!(r#"{cpp}.{name} = "text""#), format!(r#"{c}.{name} && std::strcmp({c}.{name}, "text") == 0"#))
                }
                other => panic!("{other:?}: a kind of field that this test does not know"),
            };
            text += &format!(
                "  {{ egret::Options o; {set}; const egret::Options none; COptions made(o), zero(none); CHECK(!made.refusal());\n    \
                 CHECK({found}); CHECK(!({})); }}\n",
                found.replace("made.", "zero.")
            );
        }
    }
    assert!(times > 12, "{times} times");
    // Without settings, the structs are equal to the structs of C.
    text += "  const egret::Options none; COptions made(none); egret_ws_options c = made.get(), zero;\n";
    text += "  egret_ws_options_init(&zero, sizeof zero);\n";
    for group in ["retry", "deflate"] {
        text += &format!(
            "  egret_ws_{group}_options {group}; egret_ws_{group}_options_init(&{group}, sizeof {group});\n  \
             CHECK(std::memcmp(c.{group}, &{group}, sizeof {group}) == 0); c.{group} = nullptr;\n"
        );
    }
    text += "  CHECK(std::memcmp(&c, &zero, sizeof zero) == 0);\n";
    // The flags have the names of their macros.
    let constants = header::constants();
    for flag in header::flags("egret_ws_options") {
        assert!(constants.contains(&flag), "{flag}");
        let name = flag.trim_start_matches("EGRET_WS_").to_ascii_lowercase();
        text += &format!("  {{ egret::Options o; o.{name} = true; CHECK(COptions(o).get().flags == {flag}); }}\n");
    }
    for field in header::fields("egret_ws_loop_options") {
        let (time, refused) = match field.name.rsplit_once('_') {
            Some((time, "ms")) => (time.to_owned(), true),
            Some((time, "us")) => (format!("{time}_time"), true),
            _ => (field.name.clone(), false),
        };
        if !matches!(field.name.as_str(), "struct_size" | "flags" | "user") {
            text += &format!("  static_cast<void>(&egret::LoopOptions::{time});\n");
        }
        for bad in BAD_DURATIONS.iter().filter(|_| refused) {
            text += &format!(
                "  {{ egret::LoopOptions o; o.{time} = {bad}; const auto bad = egret::Loop::create(std::move(o));\n    \
                 CHECK(bad.error() == egret::Error::invalid_argument && std::strstr(bad.error_message(), \"{time} is negative or longer\")); }}\n"
            );
        }
    }
    for field in header::fields("egret_ws_hooks") {
        if !matches!(field.name.as_str(), "struct_size" | "user" | "release_user") {
            text += &format!("  static_cast<void>(&egret::Hooks::{});\n", field.name);
        }
    }
    // These have no conversion, so this only checks that the member exists.
    for field in header::fields("egret_ws_close_info") {
        if !matches!(field.name.as_str(), "struct_size" | "reason_len" | "message_len") {
            text += &format!("  static_cast<void>(&egret::CloseInfo::{});\n", field.name);
        }
    }
    // Each statistic has its own field.
    let statistics: Vec<_> =
        header::fields("egret_ws_statistics").into_iter().filter(|field| field.name != "struct_size").collect();
    text += "  egret_ws_statistics of_c = {};\n";
    for (at, field) in statistics.iter().enumerate() {
        text += &format!("  of_c.{} = {};\n", field.name, at + 1);
    }
    text += "  const egret::Statistics statistics(of_c);\n";
    for (at, field) in statistics.iter().enumerate() {
        let found = match field.name.strip_suffix("_us") {
            Some(name) if name.starts_with("rtt") => format!("{name}.count()"),
            Some(name) => format!("{name}_time.count()"),
            None => field.name.clone(),
        };
        text += &format!("  CHECK(statistics.{found} == {});\n", at + 1);
    }
    text += "}\n";
    let program = build::generated("every_field", &text);
    library::run(Command::new(program).env_remove("LD_LIBRARY_PATH"));
}

/// A duration that is negative, and two that do not fit.
const BAD_DURATIONS: [&str; 3] =
    ["std::chrono::nanoseconds(-1)", "std::chrono::hours(1000000)", "std::chrono::milliseconds(4294967296 + 5)"];

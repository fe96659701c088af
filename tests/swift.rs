//! Compares the Swift binding with the header, without Swift. Its copy of the header must be equal, and its sources must name
//! each function, constant and field. `make test-swift` runs the binding itself.

#[path = "cpp/header.rs"]
#[allow(dead_code, reason = "the tests of the C++ binding need more of it")]
mod header;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::library;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/swift/Sources")
}

/// The words of the Swift sources, without comments.
fn words() -> BTreeSet<String> {
    let parts = fs::read_dir(sources().join("EgretWebSocket")).expect("the binding's sources");
    let files = parts.map(|entry| entry.expect("an entry").path());
    let texts: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "swift"))
        .map(|path| fs::read_to_string(path).expect("a source"))
        .collect();
    assert!(texts.len() > 5, "the binding's sources were not found");
    let code = texts.iter().flat_map(|text| text.lines()).map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).map(String::from).collect()
}

#[test]
fn the_copy_of_the_header_is_the_header() {
    let header = fs::read(library::include_dir().join("egret_ws.h")).expect("the header");
    let copy = fs::read(sources().join("CEgretWS/egret_ws.h")).expect("the copy");
    assert!(header == copy, "run `make header`");
}

#[test]
fn the_samples_of_the_readme_are_those_that_are_tested() {
    let binding = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/swift");
    let readme = fs::read_to_string(binding.join("README.md")).expect("bindings/swift/README.md");
    for (file, most_lines) in [
        ("echo/Sources/echo/Echo.swift", 30),
        ("samples/Sources/session/Session.swift", 50),
        ("samples/Sources/game/Game.swift", 50),
    ] {
        let sample = fs::read_to_string(binding.join("examples").join(file)).expect("the sample");
        assert!(readme.contains(&format!("```swift\n{sample}```\n")), "the README has another {file}");
        assert!(sample.lines().count() <= most_lines, "{file} is longer than {most_lines} lines");
    }
}

#[test]
fn every_name_of_the_header_is_reachable() {
    let words = words();
    let mut names = header::functions();
    for of in [
        "egret_ws_options",
        "egret_ws_retry_options",
        "egret_ws_deflate_options",
        "egret_ws_loop_options",
        "egret_ws_hooks",
        "egret_ws_close_info",
        "egret_ws_free_report",
        "egret_ws_statistics",
    ] {
        // `address[64]` is `address`.
        let fields = header::fields(of).into_iter();
        names.extend(fields.map(|field| field.name.split('[').next().unwrap_or_default().to_owned()));
    }
    for constant in header::constants() {
        // Some constants are not needed in Swift: a text has a length, and the kind of a message is a case of an enum. States,
        // phases, initiators and levels are enums with the numbers of C, which another test compares.
        let is_case = ["STATE_", "PHASE_", "INITIATOR_", "LOG_", "REQUEST_"].iter().any(|kind| constant.contains(kind));
        // A macro with arguments is not imported, and Swift knows the sizes of its structs.
        let is_of_c = constant == "EGRET_WS_NUL_TERMINATED" || constant.starts_with("EGRET_WS_HAS_FIELD(");
        if !is_case && !is_of_c {
            names.push(constant);
        }
    }
    assert!(names.len() > 150, "{names:?}");
    // Closures keep the data that they capture. A TLS provider is written in C.
    let is_of_providers = |name: &str| {
        let prefixes = ["EGRET_WS_TLS_", "egret_ws_tls_provider", "egret_ws_tls_ready", "tls_provider"];
        prefixes.iter().any(|prefix| name.starts_with(prefix)) && !name.starts_with("EGRET_WS_TLS_1_")
    };
    names.retain(|name| name != "egret_ws_user" && !is_of_providers(name));
    let missing: Vec<_> = names.iter().filter(|name| !words.contains(*name)).collect();
    assert!(missing.is_empty(), "not reached by the binding: {missing:?}");
}

/// `c.connect_timeout_ms = connectTimeoutMs`, and the reverse for results of C: each value must be copied to the field of its
/// name.
#[test]
fn each_field_is_copied_to_the_field_of_the_same_name() {
    let mut assignments = 0;
    for (file, of) in [
        ("Options.swift", "c"),
        ("LoopHandle.swift", "c"),
        ("LoopHandle.swift", "report"),
        ("Statistics.swift", "c"),
        ("CloseInfo.swift", "info"),
    ] {
        let source = fs::read_to_string(sources().join("EgretWebSocket").join(file)).expect("a source");
        for line in source.lines() {
            let Some((left, right)) = line.trim().split_once(" = ") else { continue };
            // The C struct is on the side that has a dot before the field.
            let field = |side: &str| {
                let (_, rest) = side.split_once(&format!("{of}."))?;
                Some(rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?.to_owned())
            };
            let (field, swift) = match (field(left), field(right)) {
                (Some(field), _) => (field, right),
                (None, Some(field)) => (field, left),
                (None, None) => continue,
            };
            // `user` and the callbacks have no field in Swift. PeerTests.swift tests headers, and HookTests.swift tests hooks.
            if field == "user"
                || field == "hooks"
                || field == "struct_size"
                || field.starts_with("on_")
                || field.starts_with("header")
            {
                continue;
            }
            // A time has no unit in Swift, because its type has one.
            let name = field.trim_end_matches("_len").trim_end_matches("_ms").replace('_', "");
            let mut words = swift.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(words.any(|word| word.eq_ignore_ascii_case(&name)), "{file}: {line}");
            assignments += 1;
        }
    }
    assert!(assignments > 60, "only {assignments} were found");
}

/// `public enum Phase: Int32 … case unknown = 0, resolve, connect`: the numbers must be those of the header.
#[test]
fn the_enums_have_the_numbers_of_the_header() {
    let text = fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header");
    for (file, name, prefix) in [
        ("Socket.swift", "State", "EGRET_WS_STATE_"),
        ("CloseInfo.swift", "Phase", "EGRET_WS_PHASE_"),
        ("CloseInfo.swift", "Initiator", "EGRET_WS_INITIATOR_"),
        ("Loop.swift", "LogLevel", "EGRET_WS_LOG_"),
        ("Request.swift", "RequestAnswer", "EGRET_WS_REQUEST_"),
    ] {
        let source = fs::read_to_string(sources().join("EgretWebSocket").join(file)).expect("a source");
        let (_, body) = source.split_once(&format!("enum {name}: Int32")).expect("the enum");
        let (_, cases) = body.split_once("case ").expect("its cases");
        let cases = cases.lines().next().expect("a line").replace('`', "");
        let (first, rest) = cases.split_once(", ").expect("several");
        let (first, number) = first.split_once(" = ").expect("the first one's number");
        let number: i32 = number.parse().expect("a number");
        let of_swift: BTreeSet<_> =
            [first].into_iter().chain(rest.split(", ")).map(str::to_uppercase).zip(number..).collect();
        let of_swift: BTreeSet<_> = of_swift.into_iter().filter(|(case, _)| case != "UNKNOWN").collect();
        let defined =
            text.lines().filter_map(|line| line.strip_prefix("#define ")?.strip_prefix(prefix)?.split_once(' '));
        let of_c: BTreeSet<_> =
            defined.map(|(case, number)| (case.to_owned(), number.parse::<i32>().expect("a number"))).collect();
        assert_eq!(of_swift, of_c, "{name}");
    }
}

//! The lists in `bindings/` that repeat `include/egret_ws.h` (errors, constants, options, statistics) are generated from it.
//! `make header` writes them, and this test compares them.
//!
//! Each list is a marked region of a file. The rest of the file is written by hand (`regions.rs`). `header.rs` reads the header,
//! `api.rs` sorts its names, and `cpp.rs`, `java.rs` (`java_options.rs`), `javascript.rs` and `swift.rs` write them in their
//! language.
//!
//! To add an error, a state, a phase, a flag, a statistic or an option of a loop, change the Rust source and run `make header`.
//! An option of a socket also needs a place in `OPTION_GROUPS` of `api.rs`. A constant of a new kind needs one in `Api::of`.
//!
//! After a merge with conflicts in regions or in the header, resolve only the conflicts outside of them, and run `make header`.
//! If a conflict contains a marker, first delete lines until one marker is left for each begin and end.

mod api;
mod cpp;
mod docs;
mod growing;
mod header;
mod java;
mod java_options;
mod javascript;
mod names;
mod regions;
mod swift;

use api::Api;
use header::Header;
use regions::Region;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bindings() -> PathBuf {
    root().join("bindings")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn header_text() -> String {
    read(&root().join("include/egret_ws.h"))
}

fn header() -> Header {
    Header::parse(&header_text())
}

fn api() -> Api {
    Api::of(header())
}

fn all_regions() -> impl Iterator<Item = &'static Region> {
    [cpp::REGIONS, java::REGIONS, javascript::REGIONS, swift::REGIONS].into_iter().flatten()
}

/// Returns the text of a file, with the generated content in its regions.
fn generate(api: &Api, file: &str, text: &str) -> Result<String, String> {
    let outside = regions::outside(text);
    let of_file = || all_regions().filter(|region| region.file == file);
    let content =
        |name: &str| of_file().find(|region| region.name == name).map(|region| (region.content)(api, &outside));
    let filled = regions::fill(text, &content)?;
    for Region { name, .. } in of_file() {
        let times = regions::names(text).filter(|found| found == name).count();
        if times != 1 {
            return Err(format!("the region {name} is there {times} times"));
        }
    }
    Ok(filled)
}

fn write(path: &Path, text: &str) {
    // The file is replaced in one step, because the other tests here may be reading it.
    let new = path.with_extension("new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).expect("the file is written");
}

#[test]
fn lists_of_bindings_are_what_the_header_says() {
    let api = api();
    let is_writing = std::env::var_os("EGRET_WS_WRITE_GENERATED").is_some_and(|value| value == "1");
    let files: BTreeSet<_> = all_regions().map(|region| region.file).collect();
    let mut faults = Vec::new();
    for file in files {
        let path = bindings().join(file);
        let text = read(&path);
        match generate(&api, file, &text) {
            Err(error) => faults.push(format!("bindings/{file}: {error}")),
            Ok(generated) if generated == text => {}
            Ok(generated) if is_writing => write(&path, &generated),
            Ok(generated) => {
                let differing = text.lines().zip(generated.lines()).position(|(old, new)| old != new);
                let line = differing.unwrap_or_else(|| text.lines().count().min(generated.lines().count())) + 1;
                faults.push(format!("bindings/{file}: out of date from line {line} on; run `make header`"));
            }
        }
    }
    // This follows the parts of the script, because one of them has a region.
    let (path, script) = javascript::script();
    if is_writing {
        write(&path, &script);
    } else if read(&path) != script {
        faults.push(
            "bindings/js/egret_ws.js: differs from its parts in bindings/js/script; run `make header`".to_owned(),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A binding that offers everything that the header has.
struct Binding {
    name: &'static str,
    /// Folders, and the extension of source files in them.
    sources: &'static [(&'static str, &'static str)],
    /// Returns the binding's own name of a constant that it does not take from C.
    spell: fn(&Api, &str) -> Option<String>,
    /// Names of the header that it does not need, and the reasons.
    left_out: &'static [(&'static str, &'static str)],
}

/// A TLS provider is written in C, so it uses the constants of the header. The shim of Java is such a provider.
const OF_TLS_PROVIDERS: [&str; 11] = [
    "EGRET_WS_TLS_CAN_ROOTS",
    "EGRET_WS_TLS_CAN_IDENTITY",
    "EGRET_WS_TLS_CAN_ANY_CERTIFICATE",
    "EGRET_WS_TLS_CAN_MIN_VERSION",
    "EGRET_WS_TLS_CAN_CHAIN",
    "EGRET_WS_TLS_CAN_RESUME",
    "EGRET_WS_TLS_ESTABLISHED",
    "EGRET_WS_TLS_HAS_OUTPUT",
    "EGRET_WS_TLS_PEER_CLOSED",
    "EGRET_WS_TLS_BUSY",
    "EGRET_WS_TLS_MESSAGE_BYTES",
];

const BINDINGS: &[Binding] = &[
    Binding {
        name: "C++",
        sources: &[("cpp/egret_ws", "hpp")],
        spell: |_, _| None,
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a std::string_view has a length"),
            ("message_len", "the message ends in a NUL"),
            ("EGRET_WS_VERSION_NUMBER", "C++ includes the header, which has it"),
        ],
    },
    Binding {
        name: "Java",
        sources: &[("java/src/org/egret/websocket", "java"), ("java/jni", "c")],
        spell: java::spell,
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a String has a length"),
            ("EGRET_WS_VERSION_NUMBER", "Java is not compiled with the header; libraryVersionNumber asks the library"),
        ],
    },
    Binding {
        name: "Swift",
        sources: &[("swift/Sources/EgretWebSocket", "swift")],
        spell: swift::spell,
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a String has a length"),
            ("tls_provider", "Apple's TLS is that of the library; a shell with another one makes its loop in C"),
        ],
    },
];

/// Returns the words of code, without comments.
fn words(sources: &[(&str, &str)]) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (folder, extension) in sources {
        for entry in fs::read_dir(bindings().join(folder)).expect(folder) {
            let path = entry.expect(folder).path();
            if path.extension().is_some_and(|found| found == *extension) {
                let text = read(&path);
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['*', '/']));
                let code = lines.filter_map(|line| line.split("//").next());
                let found = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
                words.extend(found.map(String::from));
            }
        }
    }
    words
}

/// Returns all constants, and the fields of structs.
fn names_of_the_header() -> BTreeSet<String> {
    let header = header();
    let mut names: BTreeSet<_> = header.constants.iter().map(|constant| constant.name.clone()).collect();
    for name in [
        "egret_ws_options",
        "egret_ws_retry_options",
        "egret_ws_deflate_options",
        "egret_ws_loop_options",
        "egret_ws_statistics",
        "egret_ws_close_info",
    ] {
        names.extend(header.fields(name).iter().map(|field| field.name.clone()));
    }
    names
}

#[test]
fn each_name_of_the_header_is_in_each_binding_or_left_out() {
    let api = api();
    for Binding { name: language, sources, spell, left_out } in BINDINGS {
        let names = names_of_the_header();
        assert!(names.len() > 110, "{names:?}");
        let words = words(sources);
        for name in names.iter().filter(|name| !OF_TLS_PROVIDERS.contains(&name.as_str())) {
            let is_there = words.contains(name) || spell(&api, name).is_some_and(|word| words.contains(&word));
            let is_left_out = left_out.iter().any(|(left_out, _)| left_out == name);
            assert!(is_there || is_left_out, "{name} is not in the binding for {language}: see {}", file!());
            assert!(
                !(is_there && is_left_out),
                "{name} is in the binding for {language}: remove it from the list of names that are left out"
            );
        }
        for (left_out, _) in *left_out {
            assert!(names.contains(*left_out), "the header has no {left_out}");
        }
    }
}

/// A region that is not in the tables would never be written.
#[test]
fn every_marker_belongs_to_a_region() {
    let folders: BTreeSet<_> =
        all_regions().filter_map(|region| Path::new(region.file).parent()).map(Path::to_path_buf).collect();
    for folder in folders {
        for entry in fs::read_dir(bindings().join(&folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let Some(text) = path.is_file().then(|| fs::read_to_string(&path).ok()).flatten() else { continue };
            for name in regions::names(&text) {
                let is_known = all_regions().any(|region| bindings().join(region.file) == path && region.name == name);
                assert!(is_known, "{}: no region of this file has the name {name}", path.display());
            }
        }
    }
}

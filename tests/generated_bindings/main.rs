//! Lists in `bindings/` that repeat `include/egret_ws.h` (errors, constants, options, statistics) are written from it.
//!
//! `make header` writes them; here they are compared. A list is a marked region of a hand-written file (`regions.rs`); what
//! a name of the header is to a binding, `api.rs` says.

mod api;
mod cpp;
mod docs;
mod header;
mod java;
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

fn header() -> Header {
    Header::parse(&read(&root().join("include/egret_ws.h")))
}

fn api() -> Api {
    Api::of(header())
}

fn all_regions() -> impl Iterator<Item = &'static Region> {
    [cpp::REGIONS, java::REGIONS, javascript::REGIONS, swift::REGIONS].into_iter().flatten()
}

/// The text of a file with its regions as the header wants them.
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
    // In one step: the other tests here may be reading it.
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
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A binding that offers all of the header.
struct Binding {
    name: &'static str,
    /// Folders and the extension of the files that count.
    sources: &'static [(&'static str, &'static str)],
    /// How it spells a constant, where it does not use C's name.
    spell: fn(&Api, &str) -> Option<String>,
    /// Structs that it hands over as they are.
    handed_over: &'static [&'static str],
    /// Names of the header that it does without, and why.
    left_out: &'static [(&'static str, &'static str)],
}

const BINDINGS: &[Binding] = &[
    Binding {
        name: "C++",
        sources: &[("cpp/egret_ws", "hpp")],
        spell: |_, _| None,
        handed_over: &["egret_ws_stats"],
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a std::string_view has a length"),
            ("EGRET_WS_VERSION_NUMBER", "C++ includes the header, which has it"),
        ],
    },
    Binding {
        name: "Java",
        sources: &[("java/src/org/egret/websocket", "java"), ("java/jni", "c")],
        spell: java::spell,
        handed_over: &[],
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a String has a length"),
            ("EGRET_WS_VERSION_NUMBER", "Java is not compiled with the header; libraryVersionNumber asks the library"),
            ("EGRET_WS_BINARY", "a listener has a method for each kind of message"),
        ],
    },
    Binding {
        name: "Swift",
        sources: &[("swift/Sources/EgretWebSocket", "swift")],
        spell: swift::spell,
        handed_over: &[],
        left_out: &[
            ("EGRET_WS_NUL_TERMINATED", "a String has a length"),
            ("EGRET_WS_BINARY", "a message is an enum, and what is not text is binary"),
        ],
    },
];

/// The words of code, without comments.
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

/// Constants, and fields of the structs that are exchanged.
fn names_of_the_header(handed_over: &[&str]) -> BTreeSet<String> {
    let header = header();
    let mut names: BTreeSet<_> = header.constants.iter().map(|constant| constant.name.clone()).collect();
    for name in ["egret_ws_options", "egret_ws_loop_options", "egret_ws_stats", "egret_ws_close_info"] {
        if handed_over.contains(&name) {
            names.insert(name.into());
        } else {
            names.extend(header.fields(name).iter().map(|field| field.name.clone()));
        }
    }
    names
}

#[test]
fn each_name_of_the_header_is_in_each_binding_or_left_out() {
    let api = api();
    for Binding { name: language, sources, spell, handed_over, left_out } in BINDINGS {
        let names = names_of_the_header(handed_over);
        assert!(names.len() > 110, "{names:?}");
        let words = words(sources);
        for name in &names {
            let is_there = words.contains(name) || spell(&api, name).is_some_and(|word| words.contains(&word));
            let is_left_out = left_out.iter().any(|(left_out, _)| left_out == name);
            assert!(is_there || is_left_out, "{name} is not in the binding for {language}: see {}", file!());
            assert!(!(is_there && is_left_out), "{name} is in the binding for {language}: it is not left out");
        }
        for (left_out, _) in *left_out {
            assert!(names.contains(*left_out), "the header has no {left_out}");
        }
    }
}

/// A region in a file that is not looked at would never be written again.
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

mod filling {
    use crate::regions::{NOTE, fill};

    fn filled(text: &str) -> Result<String, String> {
        fill(&text.replace("NOTE", NOTE), &|name| (name == "list").then(|| "one\n\ntwo\n".to_owned()))
    }

    #[test]
    fn a_region_is_written_with_its_indentation() {
        let text = "before\n    // generated: listNOTE\n    old\n    // generated: end\nafter\n";
        let new = "before\n    // generated: listNOTE\n    one\n\n    two\n    // generated: end\nafter\n";
        assert_eq!(filled(text), Ok(new.replace("NOTE", NOTE)));
        assert_eq!(filled(new), filled(text), "a second time changes nothing");
    }

    #[test]
    fn a_conflict_inside_of_a_region_is_solved() {
        let text = "/* generated: listNOTE */\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n/* generated: end */\n";
        let new = "/* generated: listNOTE */\none\n\ntwo\n/* generated: end */\n";
        assert_eq!(filled(text), Ok(new.replace("NOTE", NOTE)));
    }

    #[test]
    fn markers_that_do_not_match_are_refused() {
        for text in [
            "// generated: listNOTE\n",
            "// generated: end\n",
            "// generated: listNOTE\n// generated: listNOTE\n// generated: end\n",
            "// generated: otherNOTE\n// generated: end\n",
        ] {
            assert!(filled(text).is_err(), "{text}");
        }
    }
}

//! Tests the order of the modules: a module imports only modules of lower layers, and `ffi` uses no more modules than it must.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, the highest first. A module may import the modules of lower layers. Modules of the lowest layer may also import
/// each other.
const LAYERS: [&[&str]; 8] = [
    &["ffi"],
    &["socket"],
    &["engine"],
    &["connection"],
    &["config"],
    &["transport"],
    &["protocol"],
    &[
        "buffer_pool",
        "constants",
        "environment",
        "error",
        "failpoint",
        "fork",
        "host_callback",
        "input_limits",
        "interrupt",
        "log",
        "panics",
        "process_flags",
        "secret",
        "text",
        "web_url",
    ],
];
/// `ffi` makes no decisions, so it does not import these. It gets everything from `socket` and `config`.
const HIDDEN_FROM_FFI: [&str; 4] = ["engine", "connection", "transport", "protocol"];

/// Files at the root that belong to no layer.
const ROOT: [&str; 3] = ["lib", "layers", "limited_memory"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

fn may_import(importer: &str, imported: &str) -> bool {
    let (Some(from), Some(to)) = (layer(importer), layer(imported)) else { return false };
    let is_hidden = importer == "ffi" && HIDDEN_FROM_FFI.contains(&imported);
    importer == imported || !is_hidden && (from < to || from == to && to == LAYERS.len() - 1)
}

/// Returns the source without comments and without the tests at its end. The lines keep their numbers.
fn code(source: &str) -> String {
    let mut code = String::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let is_for_tests = line.starts_with("#[cfg(") && line.contains("test");
        if is_for_tests && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{')) {
            break;
        }
        code.push_str(line.split("//").next().unwrap_or(""));
        code.push('\n');
    }
    code
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// Returns the modules that the code names by a path from `crate`, each with the number of its line.
fn imports(code: &str) -> Vec<(usize, &str)> {
    let mut imports = Vec::new();
    let line = |at: usize| code[..at].matches('\n').count() + 1;
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            imports.push((line(at), identifier(rest)));
            continue;
        };
        // The first names of a group are those at its own depth.
        let mut depth = 1;
        let mut begins = true;
        for (offset, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => begins = depth == 1,
                c if begins && !c.is_whitespace() => {
                    begins = false;
                    imports.push((line(at + path.len() + 1 + offset), identifier(&group[offset..])));
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    imports
}

/// Adds the Rust files of a folder to the list, except test files.
fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            add_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn modules_import_lower_layers_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    add_files(&source, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&source).unwrap();
        let importer = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ROOT.contains(&importer) {
            continue;
        }
        if layer(importer).is_none() {
            wrong.push(format!("src/{}: {importer} is in no layer", path.display()));
        }
        for (line, imported) in imports(&code(&fs::read_to_string(file).unwrap())) {
            if !may_import(importer, imported) {
                wrong.push(format!("src/{}:{line}: {importer} imports {imported}", path.display()));
            }
        }
    }
    assert!(files.len() > LAYERS.len() && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_every_form() {
    let code = code(
        "use crate::a::B; // crate::comment\nuse crate::{\n    b, c::{d, e},\n    f::g,\n};\nfn h(x: crate::i::J) {}\n\
         #[cfg(test)]\nmod tests {\n    use crate::k;\n}\n",
    );
    assert_eq!(imports(&code), [(1, "a"), (3, "b"), (3, "c"), (4, "f"), (6, "i")]);
    let allowed = |importer, imported| may_import(importer, imported);
    assert!(
        allowed("ffi", "socket") && allowed("ffi", "config") && allowed("log", "fork") && allowed("engine", "error")
    );
    assert!(!allowed("ffi", "engine") && !allowed("config", "connection") && !allowed("error", "protocol"));
    assert!(!allowed("ffi", "unknown"));
}

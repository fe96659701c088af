//! Reads the declarations of `egret_ws.h`, so that the tests require each new name.

use super::library;
use std::collections::BTreeSet;
use std::fs;

/// A field of a struct: `uint32_t` `flags`, `const char *` `proxy`, `egret_ws_on_drain_fn` `on_drain`.
#[derive(Debug)]
pub struct Field {
    pub kind: String,
    pub name: String,
}

fn text() -> String {
    fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header")
}

/// Returns the names before a `(` at the beginning of a declaration.
pub fn functions() -> Vec<String> {
    let text = text();
    let declarations = text
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()) && !line.starts_with("typedef"));
    let functions: Vec<_> =
        declarations.filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next()).map(String::from).collect();
    assert!(functions.len() > 30, "the header's functions were not found: {functions:?}");
    functions
}

/// Returns the constants. A macro with parameters is not a constant.
pub fn constants() -> BTreeSet<String> {
    let text = text();
    let names = text.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    names.map(|(name, _)| name.to_owned()).filter(|name| !name.contains('(')).collect()
}

/// Returns the lines of a struct, including comments.
fn body(name: &str) -> String {
    let text = text();
    let (_, rest) = text.split_once(&format!("typedef struct {name} {{\n")).expect("the struct");
    rest.split_once(&format!("\n}} {name};")).expect("its end").0.to_owned()
}

pub fn fields(name: &str) -> Vec<Field> {
    let body = body(name);
    let declarations = body.lines().map(str::trim).filter(|line| line.ends_with(';') && !line.starts_with(['*', '/']));
    let fields: Vec<_> = declarations
        .map(|line| {
            let at = line.rfind([' ', '*']).expect("a type and a name") + 1;
            let (kind, name) = line.trim_end_matches(';').split_at(at);
            Field { kind: kind.trim().to_owned(), name: name.to_owned() }
        })
        .collect();
    assert!(fields.len() > 3, "{name}: {fields:?}");
    fields
}

/// Returns the flags that the comment of a struct's `flags` lists.
pub fn flags(name: &str) -> Vec<String> {
    let body = body(name);
    let (comment, _) = body.split_once("uint32_t flags;").expect("the flags");
    let (_, comment) = comment.rsplit_once("/*").expect("their comment");
    let flags: Vec<_> = comment.split('`').filter(|word| word.starts_with("EGRET_WS_")).map(String::from).collect();
    assert!(flags.len() > 1, "{name}: {comment}");
    flags
}

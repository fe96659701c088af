//! Doc comments of the header in the words of another language.

use crate::names::capital;

/// The longest line.
const WIDTH: usize = 105;

/// How the comment of a flag begins: a binding's flag stands among its flags.
const PREFIXES: &[&str] = &["`flags` of a socket's options: ", "`flags` of the loop's options: "];

/// What is C's alone, or is said in another way elsewhere.
const PHRASES: &[(&str, &str)] = &[
    (", ending in a NUL, copied", ""),
    (" ending in a NUL, copied", ""),
    (", with a NUL", ""),
    ("`EGRET_WS_LOG_*` level", "level"),
    (". 0: ", ". Default: "),
    (".) 0: ", ".) Default: "),
    (". NULL: ", ". Default: "),
    ("a NULL", "NULL"),
];

/// With each word that is code, `so`, replaced.
pub fn words(doc: &str, code: impl Fn(&str) -> String) -> String {
    let parts = doc.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { code(part) } else { part.to_owned() }).collect()
}

/// The doc comment in plain words. Fails where words of C's are left.
fn translated(doc: &str, null: &str, no_limit: &str, code: impl Fn(&str) -> String) -> String {
    let flag = PREFIXES.iter().find_map(|prefix| doc.strip_prefix(prefix)).map(capital);
    let doc = flag.unwrap_or_else(|| doc.to_owned());
    let doc = PHRASES.iter().fold(doc, |doc, (c, plain)| doc.replace(c, plain));
    let doc = words(&doc.replace("NULL", null).replace("UINT32_MAX", no_limit), code);
    let left: Vec<_> =
        ["NUL ", "copied", "EGRET_WS_", "egret_ws_"].into_iter().filter(|word| doc.contains(word)).collect();
    assert!(left.is_empty(), "{left:?} is C's alone; say in {} how it reads elsewhere: {doc}", file!());
    doc
}

/// `/// ...`
pub fn swift(doc: &str, reference: impl Fn(&str) -> String) -> String {
    let doc = translated(doc, "nil", "`.max`", |word| format!("`{}`", reference(word)));
    wrapped(&doc, WIDTH).into_iter().map(|line| format!("/// {line}\n")).collect()
}

/// `/** ... */`. A reference is what follows `@link`; without one it is `@code`.
pub fn java(doc: &str, reference: impl Fn(&str) -> Option<String>) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let doc = translated(&escape(doc), "null", "{@link #NO_LIMIT}", |word| match reference(word) {
        Some(to) => format!("{{@link {to}}}"),
        None => format!("{{@code {word}}}"),
    });
    if doc.len() <= WIDTH - 3 {
        return format!("/** {doc} */\n");
    }
    let lines: String = wrapped(&doc, WIDTH).into_iter().map(|line| format!(" * {line}\n")).collect();
    format!("/**\n{lines} */\n")
}

/// Lines of at most so many bytes; `{@link such}` stays in one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match pieces.last_mut() {
            Some(last) if last.matches('{').count() > last.matches('}').count() => *last += &format!(" {word}"),
            _ => pieces.push(word.into()),
        }
    }
    for piece in pieces {
        let line = lines.last_mut().expect("a line");
        if line.is_empty() {
            *line += &piece;
        } else if line.len() + 1 + piece.len() <= width {
            *line += &format!(" {piece}");
        } else {
            lines.push(piece);
        }
    }
    lines
}

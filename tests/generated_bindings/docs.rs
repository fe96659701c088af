//! Translates doc comments of the header to doc comments of Java and Swift.

use crate::names::capital;

/// The longest line, without indentation and comment signs.
const WIDTH: usize = 105;

/// The beginning of a flag's comment. Bindings do not need it, because they list flags in one place.
const PREFIXES: &[&str] = &["`flags` of a socket's options: ", "`flags` of the loop's options: "];

/// Phrases about C, and their replacements.
const PHRASES: &[(&str, &str)] = &[
    (", ending in a NUL, copied", ""),
    (" ending in a NUL, copied", ""),
    (", with a NUL", ""),
    (". 0 means that ", ". Default: "),
    (". 0 means ", ". Default: "),
    (".) 0 means ", ".) Default: "),
    (". NULL means that ", ". Default: "),
    (". NULL means ", ". Default: "),
    ("a NULL", "NULL"),
];

/// Returns whether the word must not be left in a comment of another language.
fn is_of_c(word: &str) -> bool {
    matches!(word, "NUL" | "NULL") || word.starts_with("EGRET_WS_") || word.starts_with("egret_ws_")
}

/// The form of comments in a language.
struct Language<'a> {
    null: &'a str,
    unlimited: &'a str,
    at_once: &'a str,
    escape: fn(&str) -> String,
    /// Translates the text in backticks.
    code: &'a dyn Fn(&str) -> String,
}

impl Language<'_> {
    fn translate(&self, doc: &str) -> String {
        let flag = PREFIXES.iter().find_map(|prefix| doc.strip_prefix(prefix)).map(capital);
        let doc = flag.unwrap_or_else(|| doc.to_owned());
        let doc = PHRASES.iter().fold(doc, |doc, (c, plain)| doc.replace(c, plain));
        let plain = |text: &str| (self.escape)(text).replace("NULL", self.null);
        let code = |word: &str| match word {
            "EGRET_WS_UNLIMITED" => self.unlimited.to_owned(),
            "EGRET_WS_AT_ONCE" => self.at_once.to_owned(),
            _ => (self.code)(word),
        };
        let translated = map_code(&doc, plain, code);
        let mut words = translated.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let left = words.find(|word| is_of_c(word));
        assert_eq!(left, None, "a name of C's is left; say in {} how it reads elsewhere: {doc}", file!());
        translated
    }
}

/// Changes the text outside of backticks by `plain`, and the text between two backticks by `code`.
pub fn map_code(doc: &str, plain: impl Fn(&str) -> String, code: impl Fn(&str) -> String) -> String {
    doc.split('`').enumerate().map(|(at, part)| if at % 2 == 1 { code(part) } else { plain(part) }).collect()
}

/// `/// ...`
pub fn swift(doc: &str, reference: impl Fn(&str) -> String) -> String {
    let code = |word: &str| format!("`{}`", family(word).map_or_else(|| reference(word), String::from));
    let language =
        Language { null: "nil", unlimited: "`.unlimited`", at_once: "`.atOnce`", escape: str::to_owned, code: &code };
    wrapped(&language.translate(doc)).into_iter().map(|line| format!("/// {line}\n")).collect()
}

/// `/** ... */`, with `{@link reference}`, or `{@code word}` where there is no reference.
pub fn java(doc: &str, reference: impl Fn(&str) -> Option<String>) -> String {
    let code = |word: &str| match reference(word) {
        Some(to) => format!("{{@link {to}}}"),
        None => format!("{{@code {}}}", family(word).unwrap_or(word)),
    };
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (unlimited, at_once) = ("{@link Options#UNLIMITED}", "{@link Options#AT_ONCE}");
    let language = Language { null: "null", unlimited, at_once, escape, code: &code };
    let doc = language.translate(doc);
    if doc.len() <= WIDTH - 3 {
        return format!("/** {doc} */\n");
    }
    let lines: String = wrapped(&doc).into_iter().map(|line| format!(" * {line}\n")).collect();
    format!("/**\n{lines} */\n")
}

/// `EGRET_WS_LOG_*` → `LOG_*`
fn family(word: &str) -> Option<&str> {
    word.strip_prefix("EGRET_WS_").filter(|word| word.ends_with('*'))
}

/// Breaks a text into lines of at most `WIDTH` bytes, but not inside `{@link name}`.
fn wrapped(text: &str) -> Vec<String> {
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
        } else if line.len() + 1 + piece.len() <= WIDTH {
            *line += &format!(" {piece}");
        } else {
            lines.push(piece);
        }
    }
    lines
}

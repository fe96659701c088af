//! The names of the header that no example uses.

use std::fs;
use std::path::Path;
use test_support::library;

/// The names of variables of each struct in the examples. A field counts as used only through such a variable.
const VARIABLES: &[(&str, &str)] = &[
    ("egret_ws_close_info", "info"),
    ("egret_ws_deflate_options", "deflate"),
    ("egret_ws_free_report", "lost"),
    ("egret_ws_hooks", "hooks"),
    ("egret_ws_loop_options", "loop_options"),
    ("egret_ws_options", "options"),
    ("egret_ws_retry_options", "retry"),
    ("egret_ws_statistics", "statistics"),
    ("egret_ws_tls_call", "call"),
    ("egret_ws_tls_destination", "peer"),
    ("egret_ws_tls_facts", "facts"),
    ("egret_ws_tls_provider", "provider"),
    ("egret_ws_tls_settings", "settings"),
];

/// Structs that examples fill by an initializer.
const INITIALIZED: &[&str] = &["egret_ws_header"];

/// Names that do not need an example: values that a program compares or prints.
const VALUES: &[&str] = &[
    "EGRET_WS_ERR_",
    "EGRET_WS_INITIATOR_",
    "EGRET_WS_LOG_",
    "EGRET_WS_MAX_",
    "EGRET_WS_OK",
    "EGRET_WS_PHASE_",
    "EGRET_WS_STATE_",
    "EGRET_WS_TLS_",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the text without the parts between two marks.
fn without(text: &str, begin: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(begin) {
        kept += before;
        kept += " ";
        rest = inside.split_once(end).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Returns C code without comments and texts.
fn code(text: &str) -> String {
    let text = without(text, "/*", "*/").replace("\\\"", "");
    without(&text, "\"", "\"")
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns whether the code contains this word as a whole word.
fn has(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(is_name) && !code[at + word.len()..].starts_with(is_name))
}

/// Returns the declarations of a header, each in one line. A struct ends at its last field.
fn declarations(header: &str) -> Vec<String> {
    let code = code(header);
    let (defines, rest): (Vec<_>, Vec<_>) = code.lines().map(str::trim).partition(|line| line.starts_with('#'));
    let rest = rest.join(" ");
    let others = rest.split([';', '{']).map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    defines.into_iter().map(String::from).chain(others).collect()
}

/// Returns the names of a header that these sources do not use.
pub fn unused(header: &str, sources: &str) -> Vec<String> {
    let used = code(sources);
    let mut unused = Vec::new();
    // These are the uses of callback types: fields and functions that are used.
    let mut callback_types: Vec<String> = Vec::new();
    let mut used_declarations = String::new();
    let mut of_struct: Option<String> = None;
    for declaration in declarations(header) {
        let last = declaration.rsplit([' ', '*']).next().unwrap_or_default().to_owned();
        if let Some(macro_name) = declaration.strip_prefix("#define ") {
            let name: String = macro_name.chars().take_while(|c| is_name(*c)).collect();
            let is_guard = macro_name.trim() == name;
            let is_value = VALUES.iter().any(|prefix| name.starts_with(prefix));
            if !is_guard && !is_value && !has(&used, &name) {
                unused.push(name);
            }
            continue;
        }
        let ends_struct = declaration.starts_with('}');
        if ends_struct {
            of_struct = None;
        }
        if let Some(rest) = declaration.strip_prefix("typedef struct ") {
            // An opaque type has a second name.
            of_struct = (!rest.contains(' ')).then(|| rest.to_owned());
        } else if let Some((_, rest)) = declaration.split_once("(*") {
            callback_types.extend(rest.split_once(')').map(|(name, _)| name.to_owned()));
        } else if let Some(name) = &of_struct {
            // The functions that fill options in set `struct_size`.
            if INITIALIZED.contains(&name.as_str()) || ["reserved", "struct_size"].contains(&&*last) {
                continue;
            }
            let Some((_, variable)) = VARIABLES.iter().find(|(of, _)| of == name) else {
                panic!("{name}: what do examples call a variable of it? Add it in {}", file!());
            };
            if [".", "->"].iter().any(|by| has(&used, &format!("{variable}{by}{last}"))) {
                used_declarations += &format!("{declaration};");
            } else {
                unused.push(format!("{name}.{last}"));
            }
        } else if let Some((before, _)) = declaration.split_once('(') {
            let name = before.rsplit([' ', '*']).next().unwrap_or_default();
            if has(&used, name) {
                used_declarations += &format!("{declaration};");
            } else {
                unused.push(name.to_owned());
            }
        }
    }
    unused.extend(callback_types.into_iter().filter(|name| !has(&used_declarations, name)));
    unused
}

fn header() -> String {
    read(&library::include_dir().join("egret_ws.h"))
}

/// Returns all programs in C that this suite compiles and runs.
fn sources() -> String {
    let recipes = super::recipes().into_iter().map(|name| root().join("examples/recipes").join(name + ".c"));
    let provider = root().join("examples/tls_provider");
    let provider =
        ["kept_sessions.h", "openssl_provider.c", "hello_wss.c", "trust_question.c"].map(|name| provider.join(name));
    recipes.chain([root().join("examples/hello.c")]).chain(provider).map(|path| read(&path)).collect()
}

#[test]
fn every_name_of_the_header_is_used_by_an_example() {
    let unused = unused(&header(), &sources());
    assert!(unused.is_empty(), "no example uses:\n{}", unused.join("\n"));
}

#[test]
fn a_new_name_of_the_header_is_missed() {
    let header = header();
    let end = |name: &str| format!("}} {name};");
    let mut grown = header.clone();
    for (name, _) in VARIABLES {
        assert_eq!(grown.matches(&end(name)).count(), 1, "{name}");
        grown = grown.replace(&end(name), &format!("    egret_ws_on_rain_fn on_rain;\n{}", end(name)));
    }
    grown += "#define EGRET_WS_RAIN 32768\n#define EGRET_WS_IS_RAINY(of) (of)\n";
    grown += "typedef void (*egret_ws_on_rain_fn)(void *user,\n    egret_ws *ws);\n";
    grown += "const char *egret_ws_rain(egret_ws *ws,\n    size_t len);\n";
    let mut new = unused(&grown, &sources());
    let old = unused(&header, &sources());
    new.retain(|name| !old.contains(name));
    let mut should: Vec<String> = VARIABLES.iter().map(|(name, _)| format!("{name}.on_rain")).collect();
    should.extend(["EGRET_WS_RAIN", "EGRET_WS_IS_RAINY", "egret_ws_rain", "egret_ws_on_rain_fn"].map(String::from));
    new.sort_unstable();
    should.sort_unstable();
    assert_eq!(new, should);

    // A name in a comment or a text does not count as used. A name in code does.
    let uses = "options.on_rain = rain; egret_ws_rain(ws, EGRET_WS_IS_RAINY(EGRET_WS_RAIN));";
    let still = unused(&grown, &format!("{}\n/* {uses} */ char *text = \"{uses}\";", sources()));
    assert!(should.iter().all(|name| still.contains(name)), "{still:?}");
    let left = unused(&grown, &format!("{}{uses}", sources()));
    let others = |name: &String| name.ends_with(".on_rain") && name != "egret_ws_options.on_rain";
    assert_eq!(left.iter().filter(|name| !old.contains(name) && !others(name)).count(), 0, "{left:?}");
}

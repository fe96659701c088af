//! The ABI only grows. `tests/abi/baseline.h` is the header of the last release. The current header may have more functions, more
//! constants, and more fields at the end of a struct that begins with `struct_size`. Any other change makes this test fail.
//!
//! abidiff compares the types in two libraries of empty functions, which are compiled from the two headers. `header` and `symbols.rs`
//! check that the header agrees with the library. For a release, run `cp include/egret_ws.h tests/abi/baseline.h`.
//!
//! `tests/abi/first_form.h` is written by hand. It has each struct in the form that programs of the first release use. It does
//! not change after that release.

#[path = "abi/layout.rs"]
mod layout;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::library;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the header is there")
}

/// Returns the header without its comments.
fn without_comments(header: &str) -> String {
    let mut rest = header;
    let mut code = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        code += before;
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code + rest
}

/// Returns the constants and their values.
fn constants(code: &str) -> BTreeMap<&str, &str> {
    let defines = code.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    defines.map(|(name, value)| (name, value.trim())).collect()
}

/// Returns the structs that have fields, and their fields.
fn structs(code: &str) -> BTreeMap<&str, Vec<&str>> {
    let bodies = code.split("typedef struct ").skip(1).filter_map(|rest| {
        let (name, after) = rest.split_once(" {")?;
        let name = name.trim();
        let (body, _) = after.split_once(&format!("}} {name};"))?;
        Some((name, body.split(';').map(str::trim).filter(|field| !field.is_empty()).collect()))
    });
    bodies.collect()
}

/// Returns the name of a field.
fn name_of(field: &str) -> &str {
    field.split('[').next().and_then(|field| field.rsplit([' ', '*']).next()).expect("a field has a name")
}

/// Returns the functions. Each begins at the start of a line, and may continue on the next lines.
fn prototypes(code: &str) -> Vec<String> {
    let begins = |line: &str| {
        !line.starts_with([' ', '#', '}'])
            && !line.starts_with("typedef")
            && line.contains("egret_ws_")
            && line.contains('(')
    };
    let mut lines = code.lines();
    let mut found = Vec::new();
    while let Some(first) = lines.find(|line| begins(line)) {
        let mut function = first.trim().to_owned();
        while !function.ends_with(';') {
            let Some(more) = lines.next() else { return found };
            function += more.trim();
        }
        found.push(function.trim_end_matches(';').to_owned());
    }
    found
}

/// Returns the reasons why the new header breaks the old ABI.
fn broken(old: &str, new: &str, name: &str) -> Result<(), String> {
    let (old, new) = (without_comments(old), without_comments(new));
    let now = constants(&new);
    for (constant, value) in constants(&old) {
        let is_later =
            |now: &&str| matches!((value.parse::<u32>(), now.parse::<u32>()), (Ok(old), Ok(new)) if old <= new);
        let is_kept = match constant {
            "EGRET_WS_VERSION_NUMBER" => now.get(constant).is_some_and(is_later),
            _ => now.get(constant) == Some(&value),
        };
        if !is_kept {
            return Err(format!("{constant} was {value} and is {:?}", now.get(constant)));
        }
    }
    let (mut cut, mut checks) = (new.clone(), String::new());
    let structs_now = structs(&new);
    for (name, fields) in structs(&old) {
        let fields_now = structs_now.get(name).ok_or_else(|| format!("struct {name} is gone"))?;
        let grows = fields[0] == "uint32_t struct_size";
        let added = match fields_now.strip_prefix(&fields[..]) {
            Some(added) if added.is_empty() || grows => added,
            Some(_) => return Err(format!("struct {name} has no struct_size, and has grown")),
            None => return Err(format!("the fields of {name} are not those it had, and then perhaps more")),
        };
        for field in added {
            cut = cut.replace(&format!("{field};"), "");
        }
        if let Some(first) = added.first() {
            let first = name_of(first);
            checks += &format!("typedef struct old_{name} {{ {}; }} old_{name};\n", fields.join("; "));
            checks += &format!(
                "_Static_assert(offsetof({name}, {first}) == sizeof(old_{name}), \"{first} lies in the padding\");\n"
            );
        }
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi").join(name);
    fs::create_dir_all(&dir).expect("a directory");
    compile(&dir, "whole", &new, &checks)?;
    let compile = |name, header| compile(&dir, name, header, "").expect("it compiles without the checks");
    let (was, is) = (compile("old", &old), compile("new", &cut));
    let compared = Command::new("abidiff").args(["--no-added-syms", "--harmless"]).args([&was, &is]).output();
    let compared = compared.expect("abidiff runs (Debian: abigail-tools)");
    if compared.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&compared.stdout).into_owned()) }
}

/// Compiles a library of empty functions.
fn compile(dir: &Path, name: &str, header: &str, checks: &str) -> Result<PathBuf, String> {
    let path = |extension: &str| dir.join(name).with_extension(extension);
    fs::write(path("h"), header).expect("the header is written");
    let functions: String = prototypes(header).iter().map(|function| format!("{function} {{ return 0; }}\n")).collect();
    fs::write(path("c"), format!("#include \"{name}.h\"\n{checks}{functions}")).expect("the source is written");
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-std=c11", "-g", "-shared", "-fPIC", "-Wno-unused-parameter", "-o"]).arg(path("so")).arg(path("c"));
    let compiled = compiler.output().expect("the C compiler runs");
    if compiled.status.success() { Ok(path("so")) } else { Err(String::from_utf8_lossy(&compiled.stderr).into_owned()) }
}

#[test]
fn the_abi_has_only_grown() {
    let (old, new) = (read("tests/abi/baseline.h"), read("include/egret_ws.h"));
    assert!(prototypes(&without_comments(&new)).len() > 30, "the header was understood");
    broken(&old, &new, "present").unwrap();
}

/// Returns the header before and after `from` is replaced by `to`.
fn changed(from: &str, to: &str) -> (String, String) {
    let header = read("include/egret_ws.h");
    let changed = header.replacen(from, to, 1);
    assert_ne!(header, changed, "there is {from:?} in the header");
    (header, changed)
}

#[test]
fn additions_to_the_abi_pass() {
    const END: &str = "} egret_ws_options;\n";
    const FREE: &str = "egret_ws_error_t egret_ws_free(";
    for (number, (from, to)) in [
        (END, format!("  uint64_t newer;\n{END}")),
        (END, format!("  const char *newer;\n  uint8_t more[16];\n{END}")),
        (FREE, format!("int32_t egret_ws_newer(egret_ws *ws, uint32_t value);\n\n{FREE}")),
        ("#define EGRET_WS_OK 0", "#define EGRET_WS_OK 0\n#define EGRET_WS_ERR_NEWER -99".to_owned()),
        ("#define EGRET_WS_VERSION_NUMBER ", "#define EGRET_WS_VERSION_NUMBER 9".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let (old, new) = changed(from, &to);
        broken(&old, &new, &format!("adds{number}")).unwrap_or_else(|why| panic!("{to}: {why}"));
    }
}

#[test]
fn changes_and_removals_of_the_abi_fail() {
    for (number, (from, to)) in [
        ("  uint32_t ping_interval_ms;\n", "  uint32_t newer;\n  uint32_t ping_interval_ms;\n"),
        ("  uint32_t ping_interval_ms;\n", "  int32_t ping_interval_ms;\n"),
        ("  uint32_t ping_interval_ms;\n", "  uint32_t ping_interval;\n"),
        ("  uint32_t ping_interval_ms;\n", ""),
        ("  egret_ws_on_request_fn on_request;\n", ""),
        (
            "(*egret_ws_on_connect_fn)(void *user, egret_ws *ws)",
            "(*egret_ws_on_connect_fn)(void *user, egret_ws *ws, int x)",
        ),
        ("egret_ws_error_t egret_ws_free(egret_ws *ws);", ""),
        ("egret_ws_error_t egret_ws_free(egret_ws *ws);", "egret_ws_error_t egret_ws_free(egret_ws *ws, int32_t how);"),
        ("egret_ws_error_t egret_ws_free(egret_ws *ws);", "int64_t egret_ws_free(egret_ws *ws);"),
        ("uint16_t port,", "uint32_t port,"),
        ("#define EGRET_WS_OK 0", "#define EGRET_WS_OK 1"),
        ("#define EGRET_WS_VERSION_NUMBER ", "#define EGRET_WS_VERSION_NUMBER 0x"),
        ("  const char *value;\n", "  const char *value;\n  const char *newer;\n"), // a header has no struct_size
    ]
    .into_iter()
    .enumerate()
    {
        let (old, new) = changed(from, to);
        assert!(broken(&old, &new, &format!("breaks{number}")).is_err(), "{from:?} became {to:?}, and that passed");
    }
}

/// A small new field at the end of a struct would be in the padding of an older program, and padding may have any value.
#[test]
fn a_field_in_the_padding_fails() {
    let end = "} egret_ws_options;\n";
    let (_, old) = changed(end, &format!("  uint32_t newer;\n{end}"));
    let (_, new) = changed(end, &format!("  uint32_t newer;\n  uint32_t newest;\n{end}"));
    let why = broken(&old, &new, "padding").expect_err("`newest` lies in the padding of the old struct");
    assert!(why.contains("padding"), "{why}");
}

/// The structs that grow, each with its last field in the first release.
const FIRST_RELEASE: [(&str, &str); 13] = [
    ("egret_ws_close_info", "message_len"),
    ("egret_ws_deflate_options", "server_no_context_takeover"),
    ("egret_ws_free_report", "unsent_bytes"),
    ("egret_ws_hooks", "on_socket"),
    ("egret_ws_loop_options", "linger_ms"),
    ("egret_ws_options", "subprotocols"),
    ("egret_ws_retry_options", "total_ms"),
    ("egret_ws_statistics", "handshake_us"),
    ("egret_ws_tls_call", "message"),
    ("egret_ws_tls_destination", "ws"),
    ("egret_ws_tls_facts", "chain_len"),
    ("egret_ws_tls_provider", "free_session"),
    ("egret_ws_tls_settings", "any_certificate"),
];

/// Returns the header with a changed end of each struct that grows: the part after the last field of the first release.
fn with_other_ends(header: &str, change: impl Fn(&[&str]) -> String) -> String {
    let code = without_comments(header);
    let mut changed = code.clone();
    for (name, fields) in structs(&code) {
        let Some((_, last)) = FIRST_RELEASE.iter().find(|(known, _)| *known == name) else { continue };
        let is_last = |field: &&str| name_of(field) == *last;
        let end = 1 + fields.iter().position(is_last).unwrap_or_else(|| panic!("{name} has no {last}"));
        let body: String = fields[..end].iter().map(|field| format!("  {field};\n")).collect();
        let (before, rest) = changed.split_once(&format!("typedef struct {name} {{")).expect("the struct is there");
        let (_, after) = rest.split_once(&format!("}} {name};")).expect("the struct ends");
        changed = format!("{before}typedef struct {name} {{\n{body}{}}} {name};{after}", change(&fields[end..]));
    }
    changed
}

/// Compiles `program.c` with a header and runs it with the library. `defined` contains macros, such as `NEWEST_BYTE`, the value
/// of the last byte at the end of the options, and `NEWEST_RESULT`, the result of the connect call with that value.
fn run_with(name: &str, header: &str, defined: &[&str]) {
    let library = library::build();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi").join(name);
    fs::create_dir_all(&dir).expect("a directory");
    fs::write(dir.join("header.h"), header).expect("the header is written");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi/program.c");
    let program = dir.join("program");
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g"]);
    compiler.args(defined.iter().map(|macro_| format!("-D{macro_}")));
    compiler.arg("-I").arg(&dir).arg("-o").arg(&program).arg(source);
    compiler.arg("-L").arg(&library).arg("-legret_ws").arg(format!("-Wl,-rpath,{}", library.display()));
    library::run(&mut compiler);
    library::run(Command::new(&program).arg(test_support::echo_server::echo_url()).env_remove("LD_LIBRARY_PATH"));
}

/// Every struct that grows must be in the list, because only those in the list are tested.
#[test]
fn every_struct_that_grows_is_tested() {
    let code = without_comments(&read("include/egret_ws.h"));
    let growing: Vec<_> =
        structs(&code).into_iter().filter(|(_, fields)| fields[0] == "uint32_t struct_size").collect();
    let names: Vec<&str> = growing.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, FIRST_RELEASE.map(|(name, _)| name), "add the struct, with the last field it has now");
}

#[test]
fn programs_of_the_first_release_run_with_this_library() {
    run_with("first-release", &read("tests/abi/first_form.h"), &["FIRST_FORM"]);
}

/// The fields of the first forms must be the first fields of the structs.
#[test]
fn the_first_forms_are_those_of_the_header() {
    let (first, now) =
        (without_comments(&read("tests/abi/first_form.h")), without_comments(&read("include/egret_ws.h")));
    let (first, now) = (structs(&first), structs(&now));
    for (name, last) in FIRST_RELEASE {
        assert!(now[name].starts_with(&first[name]), "{name}");
        assert_eq!(first[name].last().map(|field| name_of(field)), Some(last), "the end of the first form of {name}");
    }
}

#[test]
fn programs_of_the_last_release_run_with_this_library() {
    run_with("last-release", &read("tests/abi/baseline.h"), &[]);
}

/// A later release adds fields. Its programs run with this library until they set such a field. Then the connect call is refused.
#[test]
fn programs_of_a_later_release_run_until_they_use_a_newer_field() {
    let header = with_other_ends(&read("include/egret_ws.h"), |fields| {
        fields.iter().chain(&["uint64_t newer", "uint8_t newest[64]"]).map(|field| format!("  {field};\n")).collect()
    });
    run_with("later-release", &header, &[]);
    run_with("later-release-used", &header, &["NEWEST_BYTE=1", "NEWEST_RESULT=EGRET_WS_ERR_BAD_STRUCT"]);
}

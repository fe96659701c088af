//! Tests that Doxygen makes the reference of the header without a warning, and that the reference has every function in a group.
//! `SKIP=doxygen` skips this.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use test_support::{library, skip};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs Doxygen on a header, with the settings of the project. Returns the directory of the result, or the warnings.
fn doxygen(name: &str, header: &Path) -> Result<PathBuf, String> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference").join(name);
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).expect("a directory");
    let mut child = Command::new("doxygen")
        .arg("-")
        .current_dir(root())
        .env("EGRET_WS_DOXYGEN_OUT", &out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("cannot run doxygen: {error}; install it (Debian: doxygen), or set SKIP=doxygen")
        });
    let settings = format!("@INCLUDE = docs/site/Doxyfile\nINPUT = \"{}\"\n", header.display());
    child.stdin.take().expect("a pipe").write_all(settings.as_bytes()).expect("doxygen reads its settings");
    let output = child.wait_with_output().expect("doxygen ends");
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && warnings.trim().is_empty() { Ok(out) } else { Err(warnings) }
}

#[test]
fn doxygen_accepts_the_header_without_a_warning() {
    if skip::is_skipped("doxygen") {
        return;
    }
    let out =
        doxygen("header", &library::include_dir().join("egret_ws.h")).unwrap_or_else(|warnings| panic!("{warnings}"));
    let groups: String = fs::read_dir(out.join("xml"))
        .expect("XML")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("group__")))
        .map(|path| fs::read_to_string(path).expect("a page"))
        .collect();
    for name in library::declared_functions() {
        assert!(groups.contains(&format!("<name>{name}</name>")), "{name} is in no group");
    }
    let main = fs::read_to_string(out.join("html/index.html")).expect("the main page");
    for text in ["THE CONTRACT IN FIVE RULES", "LIFECYCLE", "OWNERSHIP", "egret_ws_loop_new"] {
        assert!(main.contains(text), "{text} is not on the main page");
    }
}

#[test]
fn doxygen_refuses_faulty_comments() {
    if skip::is_skipped("doxygen") {
        return;
    }
    let header = fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference/faulty.h");
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    for (number, (from, to, warning)) in [
        (" * @param ws    The socket.\n * @param kind ", " * @param kind ", "ws"),
        (" * @param kind  `EGRET_WS_TEXT`", " * @param sort  `EGRET_WS_TEXT`", "sort"),
        ("`egret_ws_loop_poll` reports the outcome", "`egret_ws_loop_pull` reports the outcome", "egret_ws_loop_pull"),
        ("/** Kind of a message: binary. */\n", "", "EGRET_WS_BINARY"),
    ]
    .into_iter()
    .enumerate()
    {
        let changed = header.replacen(from, to, 1);
        assert!(changed != header, "the header has no {from}");
        fs::write(&path, changed).expect("the header is written");
        let warnings = doxygen(&format!("faulty{number}"), &path).expect_err(from);
        assert!(warnings.contains(warning), "{from}: {warnings}");
    }
}

//! CMake: finds the installed library, and builds the sources.

use crate::{directory, echo_url, is_skipped, library, library_copy, needs, prefix, root, run};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds `examples/cmake_shell`, runs it for half a second, and returns the path of the program.
fn cmake_shell(build: &Path, settings: &[String]) -> PathBuf {
    let source = root().join("examples/cmake_shell");
    run(Command::new("cmake").arg("-S").arg(source).arg("-B").arg(build).args(settings));
    run(Command::new("cmake").arg("--build").arg(build));
    assert_eq!(run(&mut Command::new(build.join("version"))), format!("egret_ws {}\n", env!("CARGO_PKG_VERSION")));
    let program = build.join("shell");
    let said = run(Command::new(&program).args([echo_url(), "30"]));
    assert!(said.contains("connected") && said.contains("the last: frame 29"), "{said}");
    program
}

#[test]
fn cmake_finds_what_is_installed() {
    if is_skipped() {
        return;
    }
    let prefix = prefix("find_package");
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    let shared = cmake_shell(&prefix.with_file_name("shared"), std::slice::from_ref(&found));
    assert!(needs(&shared, "libegret_ws.so"));
    let on = String::from("-DEGRET_WS_STATIC=ON");
    let fixed = cmake_shell(&prefix.with_file_name("static"), &[found.clone(), on]);
    assert!(!needs(&fixed, "libegret_ws"));

    // A prefix is a directory tree that can be moved, and may contain only the static library.
    let moved = prefix.with_file_name("moved");
    fs::rename(&prefix, &moved).expect("it moves");
    fs::remove_file(moved.join("lib/libegret_ws.so")).expect("the shared library");
    let found = format!("-DCMAKE_PREFIX_PATH={}", moved.display());
    assert!(!needs(&cmake_shell(&moved.with_file_name("only-static"), &[found]), "libegret_ws"));
}

/// Returns settings with which cargo uses the library that this test was built with, in TARGET_DIR/PROFILE.
pub fn built_here() -> Vec<String> {
    library_copy(); // before cargo runs
    let built = library::build();
    let profile = match built.file_name().and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} is not the directory of a profile", built.display()),
    };
    vec![
        format!("-DEGRET_WS_CARGO_PROFILE={profile}"),
        format!("-DEGRET_WS_CARGO_TARGET_DIR={}", built.parent().expect("the target directory").display()),
        format!("-DEGRET_WS_VENDORED={}", if cfg!(feature = "vendored") { "ON" } else { "OFF" }),
    ]
}

#[test]
fn cmake_fetches_and_builds_the_sources() {
    if is_skipped() {
        return;
    }
    let settings = [&built_here()[..], &["-DEGRET_WS_SOURCES=ON".into()]].concat();
    let directory = directory("fetch_content");
    assert!(needs(&cmake_shell(&directory.join("shared"), &settings), "libegret_ws.so"));
    let settings = [&settings[..], &["-DEGRET_WS_STATIC=ON".into()]].concat();
    assert!(!needs(&cmake_shell(&directory.join("static"), &settings), "libegret_ws"));
}

#[test]
fn cmake_takes_the_versions_that_work() {
    if is_skipped() {
        return;
    }
    let version_file = prefix("version").join("lib/cmake/egret_ws/egret_ws-config-version.cmake");
    // As find_package sets them.
    let is_compatible = |wanted: &str| {
        let script = version_file.with_file_name("ask.cmake");
        let mut parts = wanted.split('.');
        let text = format!(
            "set(PACKAGE_FIND_VERSION {wanted})\nset(PACKAGE_FIND_VERSION_MAJOR {})\nset(PACKAGE_FIND_VERSION_MINOR {})\n\
             set(PACKAGE_FIND_VERSION_COUNT {})\ninclude({})\nmessage(NOTICE ${{PACKAGE_VERSION_COMPATIBLE}})\n",
            parts.next().expect("a major version"),
            parts.next().unwrap_or("0"),
            wanted.split('.').count(),
            version_file.display(),
        );
        fs::write(&script, text).expect("the script");
        let output = Command::new("cmake").arg("-P").arg(script).output().expect("cmake");
        String::from_utf8_lossy(&output.stderr).trim() == "TRUE"
    };
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    assert!(is_compatible(env!("CARGO_PKG_VERSION")));
    assert!(is_compatible(&format!("{major}.{minor}")));
    assert!(is_compatible(major));
    assert!(!is_compatible(&format!("{major}.{minor}.99")));
    assert!(!is_compatible(&format!("{major}.99")));
    assert!(!is_compatible("99"));
}

//! Tests `dist.sh` with parts that the tests define.

use crate::{root, scratch, write};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns a copy of the scripts with only these parts.
fn project(name: &str, parts: &[(&str, &str)]) -> PathBuf {
    let folder = scratch(name);
    for file in ["dist.sh", "common.sh", "archive.py", "check_paths.py"] {
        write(&folder.join("packaging/dist").join(file), b"");
        fs::copy(root().join("packaging/dist").join(file), folder.join("packaging/dist").join(file)).expect("a copy");
    }
    write(&folder.join("Cargo.toml"), b"version = \"9.8.7\"\n");
    for (part, script) in parts {
        let file = folder.join(format!("packaging/dist/{part}.sh"));
        write(&file, format!("#!/bin/bash\nset -e\n. \"$(dirname \"$0\")/common.sh\"\n{script}\n").as_bytes());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    folder
}

fn dist(folder: &Path, parts: &[&str]) -> Output {
    let mut dist = Command::new(folder.join("packaging/dist/dist.sh"));
    dist.args(parts).env_remove("CARGO_TARGET_DIR").env_remove("EGRET_WS_DIST_QUICK");
    dist.env("EGRET_WS_RELEASE_URL", "https://example.test").env("GIT_CEILING_DIRECTORIES", root());
    dist.output().expect("dist.sh runs")
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("dist").join(name)).expect(name)
}

fn not_built(folder: &Path, part: &str) -> Vec<String> {
    let text = text(folder, "NOT-BUILT.txt");
    text.lines().filter_map(|line| line.strip_prefix(part)?.strip_prefix(": ")).map(str::to_owned).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn parts_are_built_summed_and_what_is_missing_is_listed() {
    let folder = project(
        "dist_good",
        &[
            ("source", "echo \"$version\" >\"$1/b.txt\"; made b.txt"),
            ("linux", "mkdir -p \"$1/sub\"; echo x >\"$1/sub/a\"; made sub/; echo 'CANNOT: arm64: no qemu'"),
            ("android", "cannot 'the AAR needs an NDK: set ANDROID_NDK_ROOT'"),
        ],
    );
    let built = dist(&folder, &["source", "linux", "android"]);
    assert!(built.status.success(), "{}", stderr(&built));
    assert_eq!(text(&folder, "b.txt"), "9.8.7\n");
    let sums = text(&folder, "SHA256SUMS");
    let names: Vec<&str> = sums.lines().map(|line| line.split("  ").nth(1).expect("a name")).collect();
    assert_eq!(names, ["NOT-BUILT.txt", "b.txt", "sub/a"]);
    let check = Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(folder.join("dist")).output();
    assert!(check.expect("sha256sum").status.success());
    assert_eq!(not_built(&folder, "linux"), ["arm64: no qemu"]);
    assert_eq!(not_built(&folder, "android"), ["nothing: the AAR needs an NDK: set ANDROID_NDK_ROOT"]);
    assert_eq!(not_built(&folder, "npm"), ["was not asked for"]);
    assert!(String::from_utf8_lossy(&built.stdout).contains("the AAR needs an NDK"));

    // A part that is built again replaces its files, and does not change those of the other parts.
    write(&folder.join("packaging/dist/linux.sh"), b"#!/bin/bash\necho y >\"$1/c\"; echo 'dist: c'\n");
    let again = dist(&folder, &["linux"]);
    assert!(again.status.success(), "{}", stderr(&again));
    assert!(
        !folder.join("dist/sub/a").exists() && folder.join("dist/c").exists() && folder.join("dist/b.txt").exists()
    );
    assert_eq!(not_built(&folder, "linux"), [""; 0]);
    assert_eq!(not_built(&folder, "android").len(), 1);
}

#[test]
fn a_failed_part_does_not_stop_the_others_but_dist_fails() {
    let folder = project(
        "dist_failing",
        &[
            ("source", "exit 1"),
            ("linux", "echo x >\"$1/a\"; made a"),
            ("windows", "exit 3"),
            ("apple", "made missing.zip"),
            ("npm", "exit 0"),
        ],
    );
    let built = dist(&folder, &["source", "linux", "windows", "apple", "npm"]);
    assert!(!built.status.success());
    for (part, reason) in [
        ("source", "FAILED: its script ended with status 1: see source.log"),
        ("windows", "FAILED: it ended with status 3 and printed no line CANNOT"),
        ("apple", "FAILED: it did not make missing.zip"),
        ("npm", "FAILED: it made no file"),
    ] {
        assert!(not_built(&folder, part)[0].starts_with(reason), "{part}: {:?}", not_built(&folder, part));
        assert!(
            stderr(&built).lines().any(|line| line.starts_with("dist.sh: these parts failed: ") && line.contains(part))
        );
    }
    assert!(text(&folder, "SHA256SUMS").contains("  a\n"));
}

#[test]
fn unknown_files_traces_of_the_builder_and_unknown_parts_are_refused() {
    let folder = project("dist_unknown", &[("source", "echo x >\"$1/a\"; echo x >\"$1/extra\"; made a")]);
    assert!(stderr(&dist(&folder, &["source"])).contains("no part made these files, so remove them: extra"));
    let folder = project("dist_traces", &[("source", "echo \"$root/src\" >\"$1/a\"; made a")]);
    assert!(stderr(&dist(&folder, &["source"])).contains("the packages contain traces of this machine"));
    assert!(stderr(&dist(&folder, &["nosuch"])).contains("no part nosuch; the parts are: source linux"));
}

#[test]
fn the_list_of_contents_follows_a_part_that_is_built_again() {
    let sbom = "cat \"$1/a\" >\"$1/list\"; made list";
    let folder = project("dist_list", &[("linux", "echo 1 >\"$1/a\"; made a"), ("sbom", sbom)]);
    assert!(dist(&folder, &["linux", "sbom"]).status.success());
    write(&folder.join("packaging/dist/linux.sh"), b"#!/bin/bash\necho 2 >\"$1/a\"; echo 'dist: a'\n");
    assert!(dist(&folder, &["linux"]).status.success());
    assert_eq!(text(&folder, "list"), "2\n");
}

/// A release names a commit that other people can build. Sources that were copied into another checkout have no commit.
#[test]
fn sources_that_are_not_of_one_commit_are_not_released() {
    let folder = project("dist_commit", &[("linux", "echo 1 >\"$1/a\"; made a"), ("npm", "echo 2 >\"$1/b\"; made b")]);
    write(&folder.join(".gitignore"), b"/dist/\n/target/\n");
    let not_for_release = |parts: &[&str]| {
        let built = dist(&folder, parts);
        assert!(built.status.success(), "{}", stderr(&built));
        not_built(&folder, "all")
    };
    let no_checkout = ["not for a release: the sources are not a checkout of git, or one of another user"];
    assert_eq!(not_for_release(&["linux", "npm"]), no_checkout);
    let git = |folder: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=test", "-c", "user.email=test@example.test", "-c", "core.excludesFile="]);
        crate::succeeds(git.args(arguments).current_dir(folder));
    };
    let commit = || {
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "--quiet", "--allow-empty", "--message", "a commit"]);
    };
    git(&folder, &["init", "--quiet"]);
    commit();
    assert_eq!(not_for_release(&["linux", "npm"]), [""; 0]);
    write(&folder.join("new"), b"");
    assert_eq!(not_for_release(&["npm"]), ["not for a release: the checkout has changes that are not committed"]);
    commit();
    assert_eq!(not_for_release(&["npm"]), ["not for a release: linux is of another commit"]);
    assert_eq!(not_for_release(&["linux"]), [""; 0]);
    // This is a folder of the checkout.
    let inner = folder.join("inner");
    fs::create_dir(&inner).expect("a folder");
    crate::succeeds(
        Command::new("cp").arg("-R").arg(folder.join("packaging")).arg(folder.join("Cargo.toml")).arg(&inner),
    );
    assert!(dist(&inner, &["linux"]).status.success());
    assert_eq!(not_built(&inner, "all"), no_checkout);
}

#[test]
fn an_address_that_recipes_cannot_contain_is_refused() {
    let folder = project("dist_address", &[("linux", "echo 1 >\"$1/a\"; made a")]);
    for address in [
        "https://example.test/a&b",
        "https://example.test/\"",
        "https://example.test/#{x}",
        "example.test",
        "https://a|b",
    ] {
        let mut dist = Command::new(folder.join("packaging/dist/dist.sh"));
        let refused = dist.arg("linux").env("EGRET_WS_RELEASE_URL", address).output().expect("dist.sh runs");
        assert!(
            !refused.status.success() && stderr(&refused).contains("is not a plain address"),
            "{address}: {refused:?}"
        );
    }
}

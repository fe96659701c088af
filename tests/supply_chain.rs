//! The lists of what is linked and its licences, which packages contain, are those of `Cargo.lock`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder, for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("supply_chain").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is removed");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn run(script: &str, arguments: &[&Path]) -> Output {
    let mut command = Command::new("python3");
    command.arg(root().join("packaging").join(script)).args(arguments).env("CARGO", env!("CARGO"));
    command.output().expect("python3 runs")
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[track_caller]
fn assert_refused(output: &Output, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains(reason), "{reason:?} is not in {message:?}");
}

fn notices() -> Vec<(String, String)> {
    let files = fs::read_dir(root().join("packaging/notices")).expect("the notices").map(|file| file.expect("a file"));
    let files = files.filter(|file| file.file_type().expect("a type").is_file());
    files
        .map(|file| (file.file_name().into_string().expect("UTF-8"), fs::read_to_string(file.path()).expect("UTF-8")))
        .collect()
}

#[test]
fn notices_are_what_is_linked() {
    assert_success(&run("notices.py", &[Path::new("--check")]));
}

#[test]
fn notices_that_lack_a_crate_or_a_text_are_refused() {
    let folder = scratch("faulty_notices");
    for (name, text) in notices() {
        let faulty = match name.as_str() {
            "apple.txt" => text.lines().filter(|line| !line.starts_with("url ")).collect::<Vec<_>>().join("\n") + "\n",
            "windows.txt" => text.replacen("UNICODE LICENSE V3", "", 1),
            "android.txt" => continue,
            _ => text,
        };
        fs::write(folder.join(name), faulty).expect("a file");
    }
    fs::write(folder.join("other.txt"), "").expect("a file");
    let refused = run("notices.py", &[Path::new("--check"), &folder]);
    assert_refused(&refused, "not what is linked: android.txt, apple.txt, other.txt, windows.txt in ");
}

/// Facts that are known without the script.
#[test]
fn notices_name_what_is_linked_and_nothing_else() {
    let mut notices = notices();
    notices.sort();
    let names: Vec<&str> = notices.iter().map(|(name, _)| name.trim_end_matches(".txt")).collect();
    let known = ["android", "apple", "linux", "linux-vendored", "musl-vendored", "ohos", "windows"];
    assert!(known.iter().all(|set| names.contains(set)), "{names:?}");
    for (name, text) in &notices {
        let has = |part: &str| text.contains(part);
        let everywhere = [
            "\nthe Rust standard library ",
            "\nurl ",
            "\nzlib-rs ",
            "UNICODE LICENSE V3",
            "\nhashbrown ",
            "\ncompiler_builtins ",
        ];
        for part in everywhere {
            assert!(has(part), "{name} without {part:?}");
        }
        // Proc-macros, and what builds and tests the library.
        for part in
            ["thiserror-impl", "syn ", "criterion", "rustls ", "ring ", "cbindgen", "native-tls-test", "openssl-src"]
        {
            assert!(!has(&format!("\n{part}")), "{name} with {part}");
        }
        let only = [
            ("\nOpenSSL 3.", name.ends_with("vendored.txt") || name == "ohos.txt"),
            ("\nopenssl ", !["android.txt", "apple.txt", "windows.txt"].contains(&name.as_str())),
            ("\nschannel ", name == "windows.txt"),
            ("\nthe runtime of MinGW-w64 ", name == "windows.txt"),
            ("\nsecurity-framework ", name.starts_with("apple")),
            ("\nmusl ", name == "musl-vendored.txt"),
            ("\nserde_json ", !["android.txt", "ohos.txt"].contains(&name.as_str())),
        ];
        for (part, is_wanted) in only {
            assert_eq!(has(part), is_wanted, "{part:?} in {name}");
        }
    }
}

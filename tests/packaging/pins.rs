//! All downloads are pinned: downloads from the registries of Python and Node by a hash, downloads from that of Rust by
//! `Cargo.lock`.

use crate::root;
use std::fs;
use test_support::paths::sources;

/// Files that compare a hash themselves, each with the text that does so.
const COMPARE_THEMSELVES: [(&str, &str); 3] = [
    ("tests/java/ndk.sh", "sha256sum --quiet --check"),
    ("tests/java/kotlin.sh", "[ \"$found\" = \"$integrity\" ]"),
    ("tests/js/npm_package.sh", "[ \"$found\" = \"$integrity\" ]"),
];

/// Texts that give advice to a user.
const ADVICE: [&str; 2] = ["need_other ", "'install zig: pip install ziglang'"];

const LOCKABLE: [&str; 11] =
    ["build", "test", "run", "rustc", "bench", "check", "clippy", "doc", "tree", "metadata", "package"];

/// Returns each fault of a command in a script of shell, make, CMake or Python.
fn faults(line: &str) -> Vec<&'static str> {
    let line = line.split(" #").next().unwrap_or(line);
    let plain: String = line.chars().map(|c| if "\"'`,[]()".contains(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let has = |option: &str| words.iter().any(|word| *word == option || word.starts_with(&format!("{option}=")));
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or(word);
        let mut rest = words[at + 1..].iter().skip_while(|word| word.starts_with('-') || word.starts_with('+'));
        let command = rest.next().copied().unwrap_or_default();
        match (program, command) {
            ("pip" | "pip3", "install" | "download" | "wheel") if !has("--require-hashes") => {
                found.push("pip takes any file: use --require-hashes and a list with hashes");
            }
            ("npm" | "pnpm" | "yarn", "install" | "i" | "add" | "update" | "exec" | "x" | "pack")
                if !has("--offline") =>
            {
                found.push("npm takes any file: use `npm ci` with a package-lock.json");
            }
            ("npx", command) if !command.is_empty() => found.push("npx takes any file: use `npm ci`"),
            ("cargo", "install")
                if !(has("--locked") && (has("--version") || words.iter().any(|word| word.contains('@')))) =>
            {
                found.push("cargo install takes the newest version: use --locked and --version");
            }
            // A project that a test makes has no Cargo.lock.
            ("cargo", command)
                if LOCKABLE.contains(&command) && !has("--locked") && !plain.contains("--manifest-path  $") =>
            {
                found.push("cargo may change Cargo.lock: use --locked");
            }
            _ => {}
        }
    }
    found
}

fn named(endings: &[&str]) -> Vec<(String, String)> {
    let wanted = sources(root()).into_iter().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        endings.iter().any(|ending| name.ends_with(ending))
    });
    wanted
        .map(|path| {
            let name = path.strip_prefix(root()).expect("in the repository").display().to_string();
            (name, fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect()
}

#[test]
fn every_download_is_pinned() {
    let scripts = named(&[".sh", ".py", ".cmake", "CMakeLists.txt", "Makefile", ".mk"]);
    assert!(scripts.len() > 50, "{}", scripts.len());
    let mut found = Vec::new();
    for (name, text) in &scripts {
        if let Some((_, proof)) = COMPARE_THEMSELVES.iter().find(|(file, _)| file == name) {
            assert!(text.contains(proof), "{name} no longer compares a hash");
            continue;
        }
        // If a line ends with a backslash, it continues in the next line.
        for line in text.replace("\\\n", " ").lines() {
            // In a Python text, commands are between backticks.
            let is_prose = name.ends_with(".py") && line.contains('`');
            if !line.trim_start().starts_with('#') && !is_prose && !ADVICE.iter().any(|advice| line.contains(advice)) {
                found.extend(faults(line).into_iter().map(|fault| format!("{name}: {fault}:\n    {}", line.trim())));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (file, _) in COMPARE_THEMSELVES {
        assert!(scripts.iter().any(|(name, _)| name == file), "{file} is gone");
    }
    let alias = fs::read_to_string(root().join(".cargo/config.toml")).expect("the file");
    assert!(alias.contains("clib = \"rustc --locked "), "{alias}");
}

#[test]
fn lists_have_a_hash_for_each_package() {
    let locks = named(&["package-lock.json"]);
    assert!(locks.len() >= 5, "{}", locks.len());
    for (name, text) in locks {
        let packages = text.matches("\"node_modules/").count();
        assert!(packages > 0, "{name}");
        assert_eq!(packages, text.matches("\"integrity\": \"sha512-").count(), "{name}");
        // The user's settings decide which registry is used.
        assert!(!text.contains("\"resolved\""), "{name} names a registry");
    }
    let lists = named(&[".txt"]);
    let lists = lists.iter().filter(|(_, text)| text.contains("--hash=sha256:")).collect::<Vec<_>>();
    assert!(lists.len() >= 5, "{}", lists.len());
    for (name, text) in lists {
        for line in text.replace("\\\n", " ").lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            assert!(line.contains("==") && line.contains("--hash=sha256:"), "{name}: {line}");
        }
    }
}

#[test]
fn unpinned_commands_are_found() {
    for line in [
        "pip install ziglang",
        "python3 -m pip download --quiet --no-deps ziglang==0.17.1",
        "\"$venv/bin/pip\" --quiet install -r requirements.txt",
        "npm install --silent ws@8.23.0",
        "subprocess.run([npm, 'install', '--silent'], check=True)",
        "npx tsc",
        "cargo install cargo-deny",
        "cargo install --locked cargo-deny",
        "RUSTC=/usr/bin/rustc /usr/bin/cargo build --lib",
        "cargo +nightly test --lib",
        "\tcargo clippy --all-targets",
        "subprocess.run(['cargo', 'build', '--release'])",
    ] {
        assert_eq!(faults(line).len(), 1, "{line}: {:?}", faults(line));
    }
    for line in [
        "pip install --require-hashes -r requirements.txt",
        "npm ci --ignore-scripts",
        "cargo install --locked --version 0.18.3 cargo-deny",
        "cargo build --locked --release",
        "cargo clib --release",
        "cargo fmt --check",
        "need npm npm --version",
    ] {
        assert_eq!(faults(line), [""; 0], "{line}");
    }
}

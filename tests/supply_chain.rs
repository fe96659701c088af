//! The lists of linked crates and their licences in the packages agree with `Cargo.lock`.

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
            "apple.txt" => text.lines().filter(|line| !line.starts_with("idna ")).collect::<Vec<_>>().join("\n") + "\n",
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

/// These facts are known without the script.
#[test]
fn notices_name_what_is_linked_and_nothing_else() {
    let mut notices = notices();
    notices.sort();
    let names: Vec<&str> = notices.iter().map(|(name, _)| name.trim_end_matches(".txt")).collect();
    let known = ["android", "apple", "apple-vendored", "linux", "linux-vendored", "musl-vendored", "ohos", "windows"];
    assert!(known.iter().all(|set| names.contains(set)), "{names:?}");
    for (name, text) in &notices {
        let has = |part: &str| text.contains(part);
        let everywhere = [
            "\nthe Rust standard library ",
            "\nidna ",
            "\nzlib-rs ",
            "UNICODE LICENSE V3",
            "\nhashbrown ",
            "\ncompiler_builtins ",
        ];
        for part in everywhere {
            assert!(has(part), "{name} without {part:?}");
        }
        // These are proc-macros, and crates that build and test the library.
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
            ("\nnative-tls ", ["apple.txt", "windows.txt"].contains(&name.as_str())),
            ("\nserde_json ", !["android.txt", "apple-vendored.txt", "ohos.txt"].contains(&name.as_str())),
        ];
        for (part, is_wanted) in only {
            assert_eq!(has(part), is_wanted, "{part:?} in {name}");
        }
    }
}

#[test]
fn versions_are_equal() {
    assert_success(&run("versions.py", &[]));
}

/// If only Cargo.toml changes, each file that repeats the version is found.
#[test]
fn versions_that_were_forgotten_are_refused() {
    let folder = scratch("versions");
    let files = [
        "README.md",
        "docs/building.md",
        "tools/Cargo.toml",
        "Cargo.lock",
        "fuzz/Cargo.lock",
        "bindings/js/README.md",
        "bindings/js/package.json",
        "bindings/js/module/package.json",
        "bindings/js/module/package-lock.json",
        "bindings/java/README.md",
        "src/ffi/about.rs",
        "include/egret_ws.h",
        "bindings/swift/Sources/CEgretWS/egret_ws.h",
        "examples/android_app/app/build.gradle.kts",
        "examples/cmake_shell/CMakeLists.txt",
        "tests/dist/windows/msvc/CMakeLists.txt",
        "SECURITY.md",
    ];
    let with_rust = [
        "CONTRIBUTING.md",
        "tests/tools/setup.sh",
        "README.md",
        "docs/building.md",
        "tools/Cargo.toml",
        "CMakeLists.txt",
        "packaging/vcpkg/portfile.cmake.in",
        "packaging/conan/conanfile.py",
    ];
    for file in files.iter().chain(&with_rust) {
        let copy = folder.join(file);
        fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
        fs::copy(root().join(file), copy).expect("a copy");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let current = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    let write = |version: &str| {
        fs::write(folder.join("Cargo.toml"), manifest.replacen(&current, version, 1)).expect("a file");
        run("versions.py", &[&folder])
    };
    assert_success(&write(&current));
    let refused = write("version = \"77.1.2\"");
    for file in files {
        assert_refused(&refused, &format!("\n  {file}: "));
    }
    let refused = write(&format!("{current}\nrust-version = \"1.0\""));
    for file in with_rust {
        assert_refused(&refused, &format!("\n  {file}: "));
    }
    fs::remove_file(folder.join("bindings/js/package.json")).expect("removed");
    assert_refused(&write(&current), "bindings/js/package.json: no version");
}

/// `make test-dist` compares it with the schema of CycloneDX.
#[test]
fn the_list_of_contents_has_what_is_linked_with_checksums() {
    let folder = scratch("sbom");
    let dist = folder.join("dist");
    fs::create_dir(&dist).expect("a folder");
    fs::write(dist.join("egret-ws-0.2.0-windows-x86_64.zip"), "a package").expect("a file");
    let write = |name: &str| {
        let path = folder.join(name);
        assert_success(&run("dist/sbom.py", &[&path, &dist]));
        fs::read_to_string(path).expect("the list")
    };
    let bom = write("first.json");
    assert_eq!(bom, write("second.json"), "equal inputs make different lists");
    let bom: serde_json::Value = serde_json::from_str(&bom).expect("JSON");
    let components = bom["components"].as_array().expect("components");
    let depends = |of: &str| -> Vec<&str> {
        let all = bom["dependencies"].as_array().expect("dependencies");
        let found = all.iter().find(|entry| entry["ref"] == of).expect("an entry");
        found["dependsOn"].as_array().expect("a list").iter().map(|to| to.as_str().expect("a reference")).collect()
    };
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    for component in components {
        let (reference, hash) =
            (component["bom-ref"].as_str().expect("a reference"), &component["hashes"][0]["content"]);
        assert!(reference.starts_with("file:") || component["licenses"][0]["expression"].is_string(), "{reference}");
        if reference.starts_with("pkg:cargo/") {
            assert!(lock.contains(&format!("checksum = {hash}")), "{reference} with {hash}");
        }
    }
    assert_eq!(depends("file:egret-ws-0.2.0-windows-x86_64.zip"), ["set:windows"]);
    // The notices of each set name the same crates.
    for (name, text) in notices() {
        let name = name.trim_end_matches(".txt");
        let of_set = depends(&format!("set:{name}"));
        let crates = of_set.iter().filter(|reference| reference.starts_with("pkg:cargo/")).count();
        let head = text.split("\n\nParts of the compiler").next().expect("the list of crates");
        let named = head.lines().skip(5).filter(|line| !line.is_empty() && !line.starts_with("OpenSSL ")).count();
        assert_eq!(crates, named, "{name}");
        assert_eq!(of_set.iter().any(|part| part.starts_with("pkg:generic/openssl@3.")), text.contains("\nOpenSSL 3."));
    }
    for unknown in ["unknown.exe", "egret-ws-0.2.0-plan9-x86_64.tar.gz"] {
        fs::write(dist.join(unknown), "").expect("a file");
        assert_refused(
            &run("dist/sbom.py", &[&folder.join("third.json"), &dist]),
            &format!("PACKAGES does not say which licences {unknown} needs"),
        );
        fs::remove_file(dist.join(unknown)).expect("removed");
    }
}

/// The first two texts are ours, the third is that of the set, and the last is a library with the OpenSSL of `Cargo.lock`.
#[test]
fn a_package_without_its_licences_is_refused() {
    let folder = scratch("licences");
    let (dist, tree) = (folder.join("dist"), folder.join("egret-ws"));
    fs::create_dir(&dist).and_then(|()| fs::create_dir(&tree)).expect("folders");
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let openssl = lock.split("name = \"openssl-src\"\nversion = \"").nth(1).expect("openssl-src");
    let openssl = openssl.split(['+', '"']).nth(1).expect("a version");
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "packaging/notices/linux-vendored.txt", "packaging/notices/linux.txt"]
    {
        let name = Path::new(file).file_name().expect("a name");
        fs::copy(root().join(file), tree.join(name)).expect("a copy");
    }
    fs::write(tree.join("with_openssl"), format!("text\0{openssl}\0text")).expect("a file");
    fs::write(tree.join("with_another"), "text\x003.0.1\0text").expect("a file");
    let check = |name: &str, files: [&str; 4]| {
        let package = dist.join(name);
        let tar = Command::new("tar").arg("-czf").arg(&package).arg("-C").arg(&tree).args(files).status();
        assert!(tar.expect("tar runs").success());
        let output = run("../tests/dist/licences.py", &[&dist]);
        fs::remove_file(package).expect("removed");
        output
    };
    let [mit, apache, linux, vendored] = ["LICENSE-MIT", "LICENSE-APACHE", "linux.txt", "linux-vendored.txt"];
    let [ours, another] = ["with_openssl", "with_another"];
    let name = "egret-ws-0.2.0-linux-x86_64.tar.gz";
    assert_success(&check(name, [mit, apache, vendored, ours]));
    assert_refused(&check(name, [mit, apache, linux, ours]), &format!("{name}: without notices/linux-vendored.txt"));
    assert_refused(&check(name, [apache, apache, vendored, ours]), "without LICENSE-MIT");
    assert_refused(&check(name, [mit, mit, vendored, ours]), "without LICENSE-APACHE");
    assert_refused(&check(name, [mit, apache, vendored, another]), &format!("OpenSSL {openssl} in no library"));
    // The library contains OpenSSL, but the notices do not name it.
    assert_refused(
        &check("egret-ws-0.2.0-windows-x86_64.tar.gz", [mit, apache, vendored, ours]),
        "which the notices do not name",
    );
}

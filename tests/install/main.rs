//! pkg-config and CMake find the files that `packaging/install.sh` installs, and FetchContent builds the library from the sources.
//! The commands of the READMEs work as written.
//!
//! If cmake or pkg-config is missing, a test fails, unless the variable SKIP names `cmake`.
#![cfg(target_os = "linux")]

mod cmake;
mod cross;
mod javascript;
mod packages;
mod readme;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use test_support::echo_server::echo_url;
use test_support::library;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty directory for one test.
fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("install").join(test);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", path.display()),
        _ => fs::create_dir_all(&path).expect("a directory"),
    }
    path
}

fn is_skipped() -> bool {
    test_support::skip::is_skipped("cmake")
}

/// Returns a copy of the library that this test was built with. CMake runs cargo with other features of dependencies, and so
/// replaces the original library while other tests install it.
fn library_copy() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let (built, copy) = (library::build(), directory("library"));
        fs::copy(built.join("libegret_ws.so"), copy.join("libegret_ws.so")).expect("the library is built");
        // This is done once for all tests: the script does not change an object that is already single.
        let [original, one] = [built.join("libegret_ws.a"), copy.join("libegret_ws.a")];
        library::run(Command::new(root().join("packaging/one_object.py")).args([&original, &one]).arg("--strip-debug"));
        // `tests` of the package of the tools run these programs. Here they are files like all others.
        for name in ["egret-ws-doctor", "egret-ws-echo"] {
            fs::write(copy.join(name), "#!/bin/sh\n").expect("a program");
        }
        copy
    })
}

fn install(arguments: &[&OsStr]) -> Output {
    install_as_built_with(if cfg!(feature = "vendored") { "--features=vendored" } else { "" }, arguments)
}

/// Installs the library as if it was built with these features.
fn install_as_built_with(features: &str, arguments: &[&OsStr]) -> Output {
    install_with(&[("FEATURES", features)], arguments)
}

fn install_with(environment: &[(&str, &str)], arguments: &[&OsStr]) -> Output {
    install_from(library_copy(), environment, arguments)
}

/// Installs the library from the folder `built`. Only these variables of install.sh are set.
fn install_from(built: &Path, environment: &[(&str, &str)], arguments: &[&OsStr]) -> Output {
    let mut script = Command::new(root().join("packaging/install.sh"));
    for name in ["FEATURES", "LIBDIR", "RUSTFLAGS", "RELOCATABLE", "NOTICES", "ONE_OBJECT"] {
        script.env_remove(name);
    }
    script.arg(built).args(arguments).envs(environment.iter().copied());
    script.output().expect("a shell")
}

/// A prefix with all installed files.
fn prefix(test: &str) -> PathBuf {
    let prefix = directory(test).join("prefix");
    let output = install(&[prefix.as_os_str()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    prefix
}

fn run(command: &mut Command) -> String {
    library::run(command.env_remove("LD_LIBRARY_PATH"))
}

/// The shared libraries that a program needs.
fn needs(program: &Path, library: &str) -> bool {
    let dynamic = run(Command::new("readelf").args(["--dynamic", "--wide"]).arg(program));
    dynamic.lines().any(|line| line.contains("(NEEDED)") && line.contains(library))
}

#[test]
fn the_static_library_becomes_one_object() {
    let folder = directory("one_object");
    let built = folder.join("built");
    fs::create_dir(&built).expect("a directory");
    for name in ["libegret_ws.so", "libegret_ws.a"] {
        fs::copy(library::build().join(name), built.join(name)).expect("the library is built");
    }
    let install = |prefix: &str, environment: &[(&str, &str)]| {
        let mut script = Command::new(root().join("packaging/install.sh"));
        script.env_remove("ONE_OBJECT").arg(&built).arg(folder.join(prefix)).envs(environment.iter().copied());
        script.output().expect("a shell")
    };
    let members = |prefix: &str| {
        let listing = run(Command::new("ar").arg("t").arg(folder.join(prefix).join("lib/libegret_ws.a")));
        listing.lines().map(String::from).collect::<Vec<_>>()
    };
    assert!(install("one", &[]).status.success());
    assert_eq!(members("one"), ["egret_ws.o"]);
    assert!(install("rustc", &[("ONE_OBJECT", "no")]).status.success());
    assert!(members("rustc").len() > 1);

    // This runs without python3.
    let tools = folder.join("bin");
    fs::create_dir(&tools).expect("a directory");
    for tool in ["sh", "dirname"] {
        let path = run(Command::new("sh").args(["-c", &format!("command -v {tool}")]));
        std::os::unix::fs::symlink(path.trim_end(), tools.join(tool)).expect("a link");
    }
    let output = install("none", &[("PATH", tools.to_str().expect("UTF-8"))]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no python3") && said.contains("ONE_OBJECT=no"), "{said}");
    assert!(!folder.join("none").exists());
}

#[test]
fn pkg_config_says_how_to_link() {
    if is_skipped() {
        return;
    }
    let prefix = prefix("pkg_config");
    let ask = |arguments: &[&str]| {
        let mut pkg_config = Command::new("pkg-config");
        pkg_config.args(arguments).arg("egret_ws");
        // This path comes before the system's path, which has openssl.
        let said = run(pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
        said.split_whitespace().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(ask(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let source = root().join("examples/cmake_shell/version.c");
    let program = prefix.with_file_name("version-shared");
    let mut compiler = Command::new(library::compiler(false));
    compiler.arg(&source).args(ask(&["--cflags", "--libs"])).arg("-o").arg(&program);
    run(compiler.arg(format!("-Wl,-rpath,{}/lib", prefix.display())));
    run(&mut Command::new(&program));
    assert!(needs(&program, "libegret_ws.so"));

    // This is tested with both libraries installed, and with only the static one.
    for arguments in [&["--cflags", "--libs", "--static"][..], &["--static", "--libs", "--cflags"]] {
        for only_static in [false, true] {
            let shared = prefix.join("lib/libegret_ws.so");
            let hidden = prefix.with_file_name("hidden.so");
            if only_static {
                fs::rename(&shared, &hidden).expect("the shared library");
            }
            let program = prefix.with_file_name("version-static");
            let mut compiler = Command::new(library::compiler(false));
            run(compiler.arg(&source).args(ask(arguments)).arg("-o").arg(&program));
            run(&mut Command::new(&program));
            assert!(!needs(&program, "libegret_ws"), "{arguments:?}, only static: {only_static}");
            if only_static {
                fs::rename(&hidden, &shared).expect("the shared library");
            }
        }
    }
}

#[test]
fn destdir_goes_before_the_prefix_and_nowhere_into_the_files() {
    let destdir = directory("destdir");
    let output = install(&["/opt/egret".as_ref(), destdir.as_os_str()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let installed = destdir.join("opt/egret");
    let files = run(Command::new("find").arg(&installed).args(["-type", "f", "-printf", "%m %P\n"]));
    let mut files: Vec<&str> = files.lines().collect();
    files.sort_unstable_by_key(|line| &line[4..]);
    let parts = fs::read_dir(root().join("bindings/cpp/egret_ws")).expect("the binding's parts");
    let mut should: Vec<String> = parts
        .map(|entry| format!("644 include/egret_ws/{}", entry.expect("an entry").file_name().to_string_lossy()))
        .collect();
    should.extend(
        [
            "755 bin/egret-ws-doctor",
            "755 bin/egret-ws-echo",
            "644 include/egret_ws.h",
            "644 include/egret_ws.hpp",
            "644 lib/cmake/egret_ws/egret_ws-config-version.cmake",
            "644 lib/cmake/egret_ws/egret_ws-config.cmake",
            "644 lib/cmake/egret_ws/egret_ws-targets.cmake",
            "644 lib/libegret_ws.a",
            "755 lib/libegret_ws.so",
            "644 lib/pkgconfig/egret_ws-shared.pc",
            "644 lib/pkgconfig/egret_ws.pc",
            "644 share/doc/egret_ws/LICENSE-APACHE",
            "644 share/doc/egret_ws/LICENSE-MIT",
            "644 share/doc/egret_ws/THIRD-PARTY-NOTICES.txt",
            "644 share/doc/egret_ws/doctor.md",
            "644 share/doc/egret_ws/echo-server.md",
        ]
        .map(String::from),
    );
    // `javascript` checks that this is the whole binding.
    let installed_js: Vec<String> =
        files.iter().filter(|line| line[4..].starts_with("share/egret_ws/js/")).map(|line| line.to_string()).collect();
    assert!(installed_js.iter().all(|line| line.starts_with(if line.ends_with(".sh") { "755" } else { "644" })));
    should.extend(installed_js);
    should.sort_unstable_by(|a, b| a[4..].cmp(&b[4..]));
    assert_eq!(files, should);
    let written =
        ["lib/pkgconfig/egret_ws.pc", "lib/pkgconfig/egret_ws-shared.pc", "lib/cmake/egret_ws/egret_ws-config.cmake"]
            .map(|file| fs::read_to_string(installed.join(file)).expect("it was written"));
    for text in &written[..2] {
        assert!(text.starts_with("prefix=/opt/egret\n"), "{text}");
    }
    for text in written {
        assert!(!text.contains('@') && !text.contains("install/destdir"), "{text}");
    }
}

#[test]
fn the_libraries_that_a_static_library_needs_depend_on_its_features() {
    for (features, requires, tls, vendored) in [
        ("", "openssl", "ON", "OFF"),
        ("--features=vendored", "", "ON", "ON"),
        ("--no-default-features", "", "OFF", "OFF"),
        ("--no-default-features --features deflate,idn,proxies", "", "OFF", "OFF"),
        ("--no-default-features --features deflate,idn,tls", "openssl", "ON", "OFF"),
        ("--features=tls --no-default-features", "openssl", "ON", "OFF"),
        ("--no-default-features --features keylog", "openssl", "ON", "OFF"),
        ("--no-default-features --features vendored", "", "ON", "ON"),
    ] {
        let prefix = directory("features");
        let output = install_as_built_with(features, &[prefix.as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |file: &str| fs::read_to_string(prefix.join(file)).expect("it was written");
        let (pc, cmake) = (read("lib/pkgconfig/egret_ws-shared.pc"), read("lib/cmake/egret_ws/egret_ws-config.cmake"));
        let private = pc.lines().find_map(|line| line.strip_prefix("Requires.private:")).expect("the line");
        assert_eq!(private.trim(), requires, "{features}");
        for line in [format!("set(EGRET_WS_TLS {tls})"), format!("set(EGRET_WS_VENDORED {vendored})")] {
            assert!(cmake.contains(&line), "{features}: {line}: {cmake}");
        }
    }
}

/// Compiles and runs a program against the installed files: by pkg-config and by CMake, with the shared and the static library.
fn both_tools_find_it(prefix: &Path, libdir: &str) {
    let source = root().join("examples/cmake_shell/version.c");
    for arguments in [&["--cflags", "--libs"][..], &["--cflags", "--libs", "--static"]] {
        let mut pkg_config = Command::new("pkg-config");
        pkg_config.args(arguments).arg("egret_ws").env("PKG_CONFIG_PATH", prefix.join(libdir).join("pkgconfig"));
        let said = run(&mut pkg_config);
        let program = prefix.with_file_name("version");
        let mut compiler = Command::new(library::compiler(false));
        compiler.arg(&source).args(said.split_whitespace()).arg("-o").arg(&program);
        run(compiler.arg(format!("-Wl,-rpath,{}", prefix.join(libdir).display())));
        run(&mut Command::new(&program));
    }
    let build = prefix.with_file_name("build");
    let settings = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    let mut cmake = Command::new("cmake");
    run(cmake.arg("-S").arg(root().join("examples/cmake_shell")).arg("-B").arg(&build).arg(settings));
    run(Command::new("cmake").arg("--build").arg(&build));
    fs::remove_dir_all(&build).expect("the build");
}

#[test]
fn the_licences_are_those_of_what_is_linked() {
    let installed = |environment: &[(&str, &str)]| {
        let prefix = directory("notices");
        let output = install_with(environment, &[prefix.as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(prefix.join("share/doc/egret_ws/THIRD-PARTY-NOTICES.txt")).expect("it was written")
    };
    let notices = |name: &str| {
        fs::read_to_string(root().join("packaging/notices").join(name)).expect("the licences for this system")
    };
    assert_eq!(installed(&[]), notices("linux.txt"));
    assert_eq!(installed(&[("FEATURES", "--features=vendored")]), notices("linux-vendored.txt"));
    assert_ne!(notices("linux.txt"), notices("linux-vendored.txt"));
    let own = directory("own-notices").join("own.txt");
    fs::write(&own, "own").expect("a file");
    assert_eq!(installed(&[("NOTICES", &own.to_string_lossy())]), "own");
    // On Apple's systems RUSTFLAGS selects OpenSSL.
    let apple = directory("apple");
    for name in ["libegret_ws.dylib", "libegret_ws.a"] {
        fs::write(apple.join(name), "").expect("a file");
    }
    for (rustflags, wanted) in [("", "apple.txt"), ("--cfg egret_ws_openssl", "apple-vendored.txt")] {
        let prefix = directory("notices");
        let variables = [("ONE_OBJECT", "no"), ("FEATURES", "--features=vendored"), ("RUSTFLAGS", rustflags)];
        let output = install_from(&apple, &variables, &[prefix.as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let installed = fs::read_to_string(prefix.join("share/doc/egret_ws/THIRD-PARTY-NOTICES.txt"));
        assert_eq!(installed.expect("it was written"), notices(wanted));
    }
    let prefix = directory("no-notices");
    let output = install_with(&[("NOTICES", "/nowhere.txt")], &[prefix.as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no licences of what is linked: /nowhere.txt"));
    assert!(fs::read_dir(prefix).expect("it is there").next().is_none());
}

#[test]
fn a_relocatable_prefix_works_where_it_is_moved() {
    if is_skipped() {
        return;
    }
    for libdir in ["lib", "lib/x86_64-linux-gnu"] {
        let folder = directory("relocatable");
        let vendored = if cfg!(feature = "vendored") { "--features=vendored" } else { "" };
        let environment = [("RELOCATABLE", "1"), ("LIBDIR", libdir), ("FEATURES", vendored)];
        let output = install_with(&environment, &["/egret".as_ref(), folder.join("made").as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let prefix = folder.join("moved");
        fs::rename(folder.join("made/egret"), &prefix).expect("the prefix");
        both_tools_find_it(&prefix, libdir);
        // If /lib is a link to /usr/lib, CMake may find the package through the link.
        let link = folder.join("link");
        fs::create_dir(&link).expect("a directory");
        std::os::unix::fs::symlink(prefix.join("lib"), link.join("lib")).expect("a link");
        let mut cmake = Command::new("cmake");
        let package = format!("-Degret_ws_DIR={}", link.join(libdir).join("cmake/egret_ws").display());
        cmake.arg("-S").arg(root().join("examples/cmake_shell")).arg("-B").arg(folder.join("build")).arg(package);
        run(&mut cmake);
        run(Command::new("cmake").arg("--build").arg(folder.join("build")));
    }
}

#[test]
fn a_libdir_that_is_not_a_plain_path_is_refused() {
    for libdir in ["/lib", "lib/", "../lib", "lib/..", "./lib", ".", "a//b", "a b"] {
        let output = install_with(&[("LIBDIR", libdir)], &[directory("libdir").as_os_str()]);
        assert_eq!(output.status.code(), Some(2), "{libdir}");
        assert!(fs::read_dir(directory("libdir")).expect("it is there").next().is_none());
    }
}

#[test]
fn a_library_that_is_not_built_is_refused_before_anything_is_installed() {
    let folder = directory("not_built");
    for (built, missing) in [(&[][..], "no libegret_ws.so"), (&["libegret_ws.so"], "no libegret_ws.a")] {
        for name in built {
            fs::write(folder.join(name), "").expect("a file");
        }
        let prefix = folder.join("prefix");
        let output = install_from(&folder, &[], &[prefix.as_os_str()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(missing), "{said}");
        assert!(!prefix.exists());
    }
}

/// This also applies to `make install`. All users can read the files that root installs with a strict umask.
#[test]
fn a_relative_destdir_is_below_the_folder_of_the_caller() {
    let folder = directory("relative_destdir");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; mkdir 'a b'; exec \"$@\" /usr 'a b'", "sh"]).current_dir(&folder);
    run(shell.arg(root().join("packaging/install.sh")).arg(library_copy()));
    let installed = folder.join("a b/usr/lib/pkgconfig");
    assert!(installed.join("egret_ws.pc").exists());
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(installed).expect("a folder").permissions());
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn a_prefix_that_cannot_work_is_refused() {
    for prefix in ["relative", "/a b"] {
        let output = install(&[prefix.as_ref(), directory("refused").as_os_str()]);
        assert_eq!(output.status.code(), Some(2), "{prefix}");
        assert!(fs::read_dir(directory("refused")).expect("it is there").next().is_none());
    }
}

#[test]
fn without_tools_the_rest_is_installed() {
    let only_library = directory("only_library");
    for name in ["libegret_ws.so", "libegret_ws.a"] {
        fs::copy(library_copy().join(name), only_library.join(name)).expect("the library is built");
    }
    let prefix = directory("without_tools");
    let output = Command::new(root().join("packaging/install.sh")).args([&only_library, &prefix]).output();
    let output = output.expect("a shell");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("egret-ws-doctor is not built") && said.contains("egret-ws-echo is not built"), "{said}");
    assert!(prefix.join("lib/libegret_ws.so").exists() && !prefix.join("bin").exists());
}

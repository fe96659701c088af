//! `packaging/one_object.py` makes a static library that exports only the functions of the header. So it can be linked into one
//! program with other static libraries of Rust and another OpenSSL.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use test_support::library;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/static_libraries").join(name)
}

/// An empty directory for one test.
fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("static_libraries").join(test);
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", path.display()),
        _ => fs::create_dir_all(&path).expect("a directory"),
    }
    path
}

/// The library as rustc made it. This is a copy, because other tests run cargo.
static ORIGINAL: LazyLock<PathBuf> = LazyLock::new(|| {
    let copy = directory("original").join("libegret_ws.a");
    fs::copy(library::build().join("libegret_ws.a"), &copy).expect("the library is built");
    copy
});

/// The library as one object. It has no debug information, because that is the largest part.
static ONE: LazyLock<PathBuf> = LazyLock::new(|| {
    let one = directory("one").join("libegret_ws.a");
    library::run(one_object(&ORIGINAL, &one).arg("--strip-debug"));
    one
});

fn one_object(library: &Path, out: &Path) -> Command {
    let mut script = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/one_object.py"));
    script.arg(library).arg(out).env_remove("LD").env_remove("OBJCOPY");
    script
}

/// Another static library of Rust. Its object contains the standard library, because link-time optimisation puts it there.
fn rust_library(name: &str) -> PathBuf {
    let library = directory(name).join(format!("lib{name}.a"));
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=staticlib", "-Cpanic=unwind", "-Clto=fat", "--crate-name", name]);
    rustc.args(["--check-cfg=cfg(third)", "--cfg", name]).arg(source("second.rs")).arg("-o").arg(&library);
    library::run(&mut rustc);
    library
}

static SECOND: LazyLock<PathBuf> = LazyLock::new(|| rust_library("second"));

const NO_OPTIONS: &[&str] = &[];

/// Links the program with these libraries, in this order.
fn link(program: &Path, options: &[&str], libraries: &[&Path]) -> Output {
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-I"]).arg(library::include_dir()).args(options);
    if cfg!(debug_assertions) {
        compiler.arg("-DPANICS");
    }
    compiler.arg(source("program.c")).args(libraries).arg("-o").arg(program);
    if cfg!(all(feature = "tls", not(feature = "vendored"))) {
        compiler.args(["-lssl", "-lcrypto"]);
    }
    compiler.args(["-lpthread", "-ldl", "-lm"]).output().expect("a C compiler")
}

fn link_and_run(program: &Path, options: &[&str], libraries: &[&Path]) {
    let output = link(program, options, libraries);
    assert!(output.status.success(), "{libraries:?}: {}", String::from_utf8_lossy(&output.stderr));
    library::run(Command::new(program).arg(test_support::echo_server::echo_url()));
}

fn symbols(library: &Path, option: &str) -> BTreeSet<String> {
    let listing = library::run(Command::new("nm").args(["--extern-only", "--format=posix", option]).arg(library));
    let names = listing.lines().filter(|line| !line.ends_with(':')).filter_map(|line| line.split(' ').next());
    names.map(String::from).collect()
}

#[test]
fn the_object_shows_the_functions_of_the_header() {
    let members = library::run(Command::new("ar").arg("tv").arg(&*ONE));
    assert_eq!(members.lines().count(), 1, "{members}");
    assert!(members.starts_with("rw-r--r-- 0/0 ") && members.contains("1970"), "{members}");
    assert_eq!(symbols(&ONE, "--defined-only"), library::declared_functions());
    assert!(symbols(&ORIGINAL, "--defined-only").len() > 2 * library::declared_functions().len());

    // It needs functions of the C library, but none of Rust.
    let undefined = symbols(&ONE, "--undefined-only");
    assert!(undefined.contains("malloc") && undefined.contains("_Unwind_RaiseException"), "{undefined:?}");
    let of_rust: Vec<_> = undefined.iter().filter(|name| name.starts_with("_R") || name.starts_with("_ZN")).collect();
    assert!(of_rust.is_empty(), "{of_rust:?}");

    // The linker takes groups of equal names from one library, and leaves out the groups of the other libraries.
    let readelf = |option: &str| library::run(Command::new("readelf").args([option, "--wide"]).arg(&*ONE));
    let groups = readelf("--section-groups");
    assert!(groups.contains("There are no section groups"), "{groups}");
    let sections = readelf("--sections");
    for name in [".eh_frame", ".gcc_except_table", ".init_array", ".tdata", ".tbss", ".note.GNU-stack"] {
        assert!(sections.contains(name), "there is no {name}");
    }
    for name in [".llvmbc", ".llvmcmd", ".debug_info"] {
        assert!(!sections.contains(name), "there is {name}");
    }
    let stack = sections.lines().find(|line| line.contains(".note.GNU-stack")).expect("the section");
    assert!(!stack.contains(" X "), "the stack can be executed: {stack}");
}

#[test]
fn equal_libraries_make_equal_objects() {
    let again = directory("again").join("libegret_ws.a");
    library::run(one_object(&ORIGINAL, &again).arg("--strip-debug"));
    assert!(fs::read(&again).expect("a library") == fs::read(&*ONE).expect("a library"), "the bytes differ");
    // A library that is already one object does not change.
    library::run(&mut one_object(&again, &again));
    assert!(fs::read(&again).expect("a library") == fs::read(&*ONE).expect("a library"), "the bytes differ");
}

#[test]
fn two_libraries_of_rust_link_in_both_orders() {
    let folder = directory("two");
    for (number, is_first) in [true, false].into_iter().enumerate() {
        let program = folder.join(format!("program-{number}"));
        let ordered = |ours: &'static Path| if is_first { [ours, &SECOND] } else { [&SECOND, ours] };
        let raw = link(&program, NO_OPTIONS, &ordered(&ORIGINAL));
        let said = String::from_utf8_lossy(&raw.stderr);
        assert!(!raw.status.success() && said.contains("rust_eh_personality"), "rustc's library links, too: {said}");
        link_and_run(&program, NO_OPTIONS, &ordered(&ONE));
    }
}

#[test]
fn three_libraries_of_rust_in_one_program() {
    let folder = directory("three");
    // Two other libraries cannot be linked together either, without a step like ours.
    let third = folder.join("third.o");
    let linked = folder.join("linked.o");
    let mut ld = Command::new("ld");
    ld.args(["-r", "--force-group-allocation", "-u", "third_catches", "-o"]).arg(&linked).arg(rust_library("third"));
    library::run(&mut ld);
    library::run(
        Command::new("objcopy")
            .args(["--keep-global-symbol=third_catches", "--remove-section=.llvmbc"])
            .args([&linked, &third]),
    );
    link_and_run(&folder.join("program"), &["-DTHIRD"], &[&third, &ONE, &SECOND]);
}

#[test]
fn the_linker_leaves_out_what_is_not_used() {
    let folder = directory("unused");
    let size = |name: &str, library: &Path, options: &[&str]| {
        let program = folder.join(name);
        let mut compiler = Command::new(library::compiler(false));
        compiler.arg("-I").arg(library::include_dir()).args(options).arg("-s");
        compiler.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello.c")).arg(library);
        if cfg!(all(feature = "tls", not(feature = "vendored"))) {
            compiler.args(["-lssl", "-lcrypto"]);
        }
        library::run(compiler.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program));
        fs::metadata(program).expect("a program").len()
    };
    let all = size("all", &ONE, NO_OPTIONS);
    let used = size("used", &ONE, &["-Wl,--gc-sections"]);
    let original = size("original", &ORIGINAL, &["-Wl,--gc-sections"]);
    assert!(used < all, "{used} of {all} bytes");
    assert!(used <= original + original / 50, "{used} bytes, and {original} with the library of rustc");
}

#[test]
fn what_cannot_be_one_object_is_refused() {
    let folder = directory("refused");
    let out = folder.join("out.a");
    let refusal = |script: &mut Command| {
        let output = script.output().expect("python3");
        assert_eq!(output.status.code(), Some(1));
        assert!(!out.exists(), "it wrote a library");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    // This runs without tools.
    let tools = folder.join("bin");
    fs::create_dir(&tools).expect("a directory");
    let python = library::run(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]));
    std::os::unix::fs::symlink(python.trim_end(), tools.join("python3")).expect("a link");
    let said = refusal(one_object(&ORIGINAL, &out).env("PATH", &tools));
    assert!(said.contains("there is no ld") && said.contains("install the binutils"), "{said}");
    let said = refusal(one_object(&ORIGINAL, &out).env("LD", "false"));
    assert!(said.contains("false -r") && said.contains("failed"), "{said}");
    // This tool leaves one symbol too many.
    let said = refusal(one_object(&ORIGINAL, &out).env("OBJCOPY", "objcopy --keep-global-symbol=rust_eh_personality"));
    assert!(said.contains("symbols that the header does not declare: rust_eh_personality"), "{said}");

    // The cases: another library, an empty one, and a file that is not a library.
    let said = refusal(&mut one_object(&SECOND, &out));
    assert!(said.contains("lacks functions of the header: egret_ws_abort"), "{said}");
    let other = folder.join("other.a");
    fs::write(&other, "!<arch>\n").expect("a file");
    let said = refusal(&mut one_object(&other, &out));
    assert!(said.contains("has no object that is known here"), "{said}");
    fs::write(&other, "nothing").expect("a file");
    let said = refusal(&mut one_object(&other, &out));
    assert!(said.contains("is no static library"), "{said}");
    fs::write(&other, "!<thin>\n").expect("a file");
    let said = refusal(&mut one_object(&other, &out));
    assert!(said.contains("is a thin archive"), "{said}");
    // The end is missing, or the table of an object.
    let library = fs::read(&*SECOND).expect("the library");
    fs::write(&other, &library[..library.len() / 2]).expect("a file");
    let said = refusal(&mut one_object(&other, &out));
    assert!(said.contains("is damaged"), "{said}");
    let mut object =
        b"!<arch>\nx.o/            0           0     0     644     64        `\n\x7fELF\x02\x01\x01".to_vec();
    object.resize(8 + 60 + 64, 0xff);
    object[8 + 60 + 18..][..2].copy_from_slice(&[62, 0]);
    fs::write(&other, object).expect("a file");
    let said = refusal(&mut one_object(&other, &out));
    assert!(said.contains("is damaged") && !said.contains("Traceback"), "{said}");

    let said = refusal(&mut one_object(&ORIGINAL, &folder.join("nothing/out.a")));
    assert!(said.contains("nothing/out.a cannot be written"), "{said}");
}

/// OpenSSL is built from its sources into the library. The program uses the system's OpenSSL as a static library.
#[test]
#[cfg(feature = "vendored")]
fn another_openssl_in_the_program() {
    use test_support::echo_server::{Behaviour, serve_tls, tls};

    let server = tls::server(tls::Kind::Good, &[]).expect("a certificate");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("wss://{}/", listener.local_addr().expect("a bound listener"));
    std::thread::spawn(move || serve_tls(listener, Behaviour::default(), server.acceptor));

    let folder = directory("openssl");
    let archive =
        |name: &str| library::run(Command::new("cc").arg(format!("-print-file-name={name}"))).trim_end().to_string();
    let (ssl, crypto) = (archive("libssl.a"), archive("libcrypto.a"));
    for (number, ours_is_first) in [true, false].into_iter().enumerate() {
        let program = folder.join(format!("program-{number}"));
        let others = [&*SECOND, Path::new(&ssl), Path::new(&crypto)];
        let libraries =
            if ours_is_first { [&[&**ONE], &others[..]].concat() } else { [&others[..], &[&**ONE]].concat() };
        let output = link(&program, &["-DOTHER_OPENSSL"], &libraries);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let version = library::run(Command::new(&program).arg(&url));
        assert!(version.starts_with("OpenSSL "), "{version}");
        let contents = fs::read(&*ORIGINAL).expect("the library");
        let inside = |text: &str| contents.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(inside("OpenSSL 3.") && !inside(version.trim_end()), "both are {version}");
    }
}

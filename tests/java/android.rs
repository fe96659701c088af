//! The binding with Android's tools: `android.jar`, DEX, the AAR and its rules for R8.

use crate::{binding, echo_url, is_skipped, java, library, output_of, root, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// `android.jar` and `dx.jar`, downloaded once.
pub fn android() -> &'static Path {
    static ANDROID: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut fetch = Command::new(root().join("tests/java/android.sh"));
        PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR"))).trim_end())
    });
    &ANDROID
}

/// All classes, compiled against `android.jar`.
pub fn android_classes() -> &'static Path {
    static CLASSES: LazyLock<PathBuf> = LazyLock::new(|| {
        let jar = scratch("android").join("classes.jar");
        let mut build = Command::new(root().join("bindings/java/android/classes.sh"));
        library::run(build.arg(android().join("android.jar")).arg(&jar));
        jar
    });
    &CLASSES
}

/// Each public class, method and field has a comment, which is correct HTML and has only links that lead to something. A comment may
/// describe its parameters and its result without tags.
#[test]
fn javadoc_has_no_warning() {
    if is_skipped() {
        return;
    }
    let mut javadoc = Command::new(root().join("bindings/java/android/javadoc.sh"));
    javadoc.arg(android().join("android.jar")).arg(scratch("javadoc"));
    let output = output_of("javadoc", javadoc.env("JAVADOCFLAGS", "-Xdoclint:all -Xmaxwarns 10000"));
    let is_fault = |line: &&str| line.contains(".java:") && !line.contains(" warning: no @");
    let faults: Vec<_> = output.lines().filter(is_fault).collect();
    assert!(output.contains(" warning: no @return"), "javadoc checks nothing: {output}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Compiles the activity of the guide in Java. `kotlin.rs` compiles the one in Kotlin.
#[test]
fn the_activity_of_the_guide_compiles() {
    if is_skipped() {
        return;
    }
    let page = fs::read_to_string(root().join("docs/first-socket-android.md")).expect("the guide");
    let mut blocks = page.split("```java\n").skip(1).map(|rest| rest.split("```").next().expect("the block's end"));
    let activity = blocks.find(|block| block.contains("class SocketActivity extends Activity")).expect("the activity");
    let folder = scratch("activity");
    fs::write(folder.join("SocketActivity.java"), activity).expect("the activity");
    let path = crate::class_path(&[android_classes().to_path_buf(), android().join("android.jar")]);
    let mut javac = Command::new("javac");
    javac.args(["-Xlint:all,-options,-classfile", "-Werror", "-source", "8", "-target", "8", "-cp", &path]);
    library::run(javac.arg("SocketActivity.java").current_dir(&folder));
}

/// The classes are compiled for the oldest Android version that the manifest supports.
#[test]
fn android_classes_become_dex() {
    if is_skipped() {
        return;
    }
    let manifest = fs::read_to_string(root().join("bindings/java/android/AndroidManifest.xml")).expect("the manifest");
    let oldest =
        manifest.split("minSdkVersion=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("minSdkVersion");
    let dex = scratch("dex").join("classes.dex");
    let mut dx = Command::new("java");
    dx.arg("-cp").arg(android().join("dx.jar")).args(["com.android.dx.command.Main", "--dex"]);
    dx.arg(format!("--min-sdk-version={oldest}")).arg(format!("--output={}", dex.display()));
    library::run(dx.arg(android_classes()));
    let dex = fs::read(dex).expect("the dex file");
    assert!(dex.starts_with(b"dex\n035\0"));
    for class in ["WebSocketLoop", "WebSocket", "EgretSockets", "android/LooperDriver"] {
        let name = format!("Lorg/egret/websocket/{class};\0").into_bytes();
        assert!(dex.windows(name.len()).any(|window| window == name), "no {class}");
    }
}

/// A folder that looks like an NDK for x86-64: its clang is this machine's compiler, which links with stubs of Android's
/// libraries. This does not test whether the tools of a real NDK accept these arguments.
fn stub_ndk() -> &'static Path {
    static NDK: LazyLock<PathBuf> = LazyLock::new(|| {
        let ndk = scratch("ndk");
        let tools = ndk.join("toolchains/llvm/prebuilt/linux-x86_64/bin");
        let libraries = ndk.join("lib");
        fs::create_dir_all(&tools).expect("a directory");
        fs::create_dir(&libraries).expect("a directory");
        let compiler = library::compiler(false);
        let mut stubs = Command::new(root().join("tests/java/ndk_stubs.py"));
        library::run(stubs.arg("x86_64").arg(&libraries).arg(&compiler));
        let (jni, cc) = (java_home().join("include"), compiler.display());
        let clang = format!(
            "#!/bin/sh\nexec {cc} \"$@\" -nostdlib -L'{0}' -lc -I'{1}' -I'{1}/linux'\n",
            libraries.display(),
            jni.display()
        );
        executable(&tools.join("x86_64-linux-android21-clang"), &clang);
        executable(&tools.join("llvm-strip"), "#!/bin/sh\nexec strip \"$@\"\n");
        fs::write(ndk.join("source.properties"), "Pkg.Desc = Android NDK\nPkg.Revision = 27.2.12479018\n")
            .expect("a file");
        ndk
    });
    &NDK
}

fn executable(path: &Path, script: &str) {
    fs::write(path, script).expect("a script");
    library::run(Command::new("chmod").arg("+x").arg(path));
}

/// Returns the folder of the files that `build_aar.sh` makes with the stub of the NDK. The AAR is unpacked to `aar`.
pub fn packed() -> &'static Path {
    static PACKED: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = scratch("aar");
        let built = build_aar(&folder.join("out"), "-Wl,-z,now");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let aar = folder.join("aar");
        unpack(&folder.join("out/egret-websocket.aar"), &aar);
        folder
    });
    &PACKED
}

#[test]
fn a_folder_that_is_no_ndk_is_named() {
    for folder in ["", "/nowhere", env!("CARGO_MANIFEST_DIR")] {
        let mut build = Command::new(root().join("bindings/java/android/build_aar.sh"));
        let refused = build.args([folder, "android.jar", "out"]).output().expect("the script runs");
        let printed = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(
            printed.contains("NDK is not the folder of an NDK") && printed.lines().count() == 1,
            "{folder}: {printed}"
        );
    }
}

/// `last` is the last option of the library's linker.
fn build_aar(out: &Path, last: &str) -> std::process::Output {
    let cargo = out.with_extension("cargo");
    executable(&cargo, CARGO);
    let mut build = Command::new(root().join("bindings/java/android/build_aar.sh"));
    build.arg(stub_ndk()).arg(android().join("android.jar")).arg(out).arg("x86_64");
    build.env("CARGO", &cargo).env("LAST", last).output().expect("the script runs")
}

/// A stub of `cargo rustc --target TARGET --target-dir DIR`. It links a library with our name and the functions of the header, and
/// writes it to the path that cargo would use. It passes $LAST and cargo's link options, except the option that only lld knows.
const CARGO: &str = r#"#!/bin/sh
set -eu
case $* in
"rustc --locked --lib --crate-type cdylib --profile android --no-default-features --features deflate,idn,proxies --target"*) ;;
*) exit 1 ;;
esac
while [ $# -gt 0 ]; do
    case $1 in
    --target) target=$2 ;;
    --target-dir) dir=$2 ;;
    esac
    shift
done
mkdir -p "$dir/$target/android"
upper=$(echo "$target" | tr a-z- A-Z_)
eval "clang=\$CARGO_TARGET_${upper}_LINKER flags=\$CARGO_TARGET_${upper}_RUSTFLAGS"
sed -n 's/^[a-su-z].*[ *]\(egret_ws_[a-z0-9_]*\)(.*/void \1(void) {}/p' include/egret_ws.h >"$dir/functions.c"
"$clang" -shared -fPIC -Wl,-soname,libegret_ws.so -g "$dir/functions.c" \
    $(echo "$flags" | sed 's/-Clink-arg=//g; s/--cfg=[^ ]*//; s/-Wl,--icf=all//') "$LAST" -o "$dir/$target/android/libegret_ws.so"
"#;

/// The JNI shim is linked for the processors of phones, with stubs of Android's libraries. `build_aar.sh` makes the checks that a
/// device would make. `make test-android` also links the library itself.
#[test]
fn the_shim_links_for_android() {
    if is_skipped() {
        return;
    }
    let folder = scratch("aar-of-phones");
    let cargo = folder.join("cargo");
    executable(&cargo, CARGO);
    let ndk = library::run(Command::new(root().join("tests/java/ndk.sh")).arg(env!("CARGO_TARGET_TMPDIR")));
    let mut build = Command::new(root().join("bindings/java/android/build_aar.sh"));
    build.arg(ndk.trim_end()).arg(android().join("android.jar")).arg(folder.join("out"));
    build.args(["arm64-v8a", "armeabi-v7a"]).env("CARGO", &cargo).env("LAST", "-Wl,-z,now").env("CFLAGS", "-Werror");
    library::run(&mut build);
    let files = files_of(&folder.join("out/egret-websocket.aar"));
    for abi in ["arm64-v8a", "armeabi-v7a"] {
        assert!(files.contains(&format!("jni/{abi}/libegret_ws_jni.so")), "{files:?}");
    }
}

pub fn files_of(zip: &Path) -> Vec<String> {
    let listed = library::run(Command::new("python3").args(["-m", "zipfile", "-l"]).arg(zip));
    let mut files: Vec<String> =
        listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(String::from).collect();
    files.sort_unstable();
    files
}

fn unpack(zip: &Path, folder: &Path) {
    library::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(zip).arg(folder));
}

#[test]
fn the_aar_is_laid_out_and_aligned() {
    if is_skipped() {
        return;
    }
    let files = files_of(&packed().join("out/egret-websocket.aar"));
    let is_header = |file: &&String| file.ends_with(".hpp");
    let expected = [
        "AndroidManifest.xml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "R.txt",
        "THIRD-PARTY-NOTICES.txt",
        "classes.jar",
        "jni/x86_64/libegret_ws.so",
        "jni/x86_64/libegret_ws_jni.so",
        "prefab/modules/egret_ws/include/egret_ws.h",
        "prefab/modules/egret_ws/libs/android.x86_64/abi.json",
        "prefab/modules/egret_ws/libs/android.x86_64/libegret_ws.so",
        "prefab/modules/egret_ws/module.json",
        "prefab/prefab.json",
        "proguard.txt",
    ];
    assert_eq!(files.iter().filter(|file| !is_header(file)).collect::<Vec<_>>(), expected);
    assert!(files.iter().filter(is_header).count() > 5, "{files:?}");

    let aar = packed().join("aar");
    let manifest = fs::read_to_string(aar.join("AndroidManifest.xml")).expect("the manifest");
    assert!(manifest.contains("android.permission.INTERNET"));
    let shim = aar.join("jni/x86_64/libegret_ws_jni.so");
    library::assert_hardened(&shim);
    // The shim finds the library by its name in any folder.
    let dynamic = library::run(Command::new("readelf").arg("-dW").arg(&shim));
    assert!(dynamic.contains("[libegret_ws.so]"), "{dynamic}");

    let bad = packed().join("bad");
    let refused = build_aar(&bad, "-Wl,-z,max-page-size=4096");
    assert!(!refused.status.success() && !bad.exists(), "an alignment of 4 KiB was accepted");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("libegret_ws.so is aligned to 0x1000"), "{stderr}");
}

/// The schema is strict: Prefab refuses keys that it does not know.
#[test]
fn cmake_finds_header_and_library_in_the_aar() {
    if is_skipped() {
        return;
    }
    let package = packed().join("aar/prefab");
    library::run(Command::new(root().join("tests/java/prefab.py")).arg(&package));
    let include = package.join("modules/egret_ws/include");
    for (language, header) in [("c", "egret_ws.h"), ("c++", "egret_ws.hpp")] {
        let mut compile = Command::new(library::compiler(language == "c++"));
        compile.arg(format!("-std={}", if language == "c" { "c99" } else { "c++17" })).arg("-fsyntax-only");
        library::run(compile.args(["-x", language]).arg(include.join(header)).arg("-I").arg(&include));
    }
}

#[test]
fn a_crash_report_finds_the_symbols_of_the_shipped_library() {
    if is_skipped() {
        return;
    }
    let symbols = packed().join("symbols");
    unpack(&packed().join("out/native-debug-symbols.zip"), &symbols);
    for library in ["libegret_ws.so", "libegret_ws_jni.so"] {
        let build_id = |path: &Path| {
            let notes = library::run(Command::new("readelf").args(["-n", "-W"]).arg(path));
            notes.split("Build ID: ").nth(1).and_then(|rest| rest.lines().next()).expect("a build ID").to_string()
        };
        let (full, shipped) = (symbols.join("x86_64").join(library), packed().join("aar/jni/x86_64").join(library));
        assert_eq!(build_id(&full), build_id(&shipped));
        let has_lines =
            |path: &Path| library::run(Command::new("readelf").args(["-S", "-W"]).arg(path)).contains(".debug_line");
        assert!(has_lines(&full) && !has_lines(&shipped), "{library}");
    }

    // A symbol file of another build must be refused.
    let parts = scratch("other_symbols");
    fs::create_dir_all(parts.join("jni/x86_64")).expect("a directory");
    fs::create_dir_all(parts.join("symbols/x86_64")).expect("a directory");
    fs::copy(packed().join("aar/jni/x86_64/libegret_ws.so"), parts.join("jni/x86_64/libegret_ws.so")).expect("a copy");
    fs::copy(symbols.join("x86_64/libegret_ws_jni.so"), parts.join("symbols/x86_64/libegret_ws.so")).expect("a copy");
    let mut pack = Command::new(root().join("bindings/java/android/pack.py"));
    let refused = pack.arg(&parts).arg(parts.join("out")).output().expect("the script runs");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && stderr.contains("different build IDs"), "{stderr}");
}

/// Maven's own resolver, which compares the checksums, finds the AAR.
#[test]
fn maven_resolves_the_aar_from_the_folder() {
    if is_skipped() {
        return;
    }
    let version = env!("CARGO_PKG_VERSION");
    let repository = packed().join("out/maven");
    let damaged = packed().join("damaged");
    library::run(Command::new("cp").arg("-r").arg(&repository).arg(&damaged));
    let aar = damaged.join(format!("org/egret/egret-websocket/{version}/egret-websocket-{version}.aar"));
    let mut bytes = fs::read(&aar).expect("the AAR");
    bytes.push(0);
    fs::write(&aar, bytes).expect("a file");

    let newest = "org.egret:egret-websocket:aar:[0,)".to_string();
    let [whole, sources, javadoc] =
        ["aar", "jar:sources", "jar:javadoc"].map(|kind| format!("org.egret:egret-websocket:{kind}:{version}"));
    let mut java = Command::new("java");
    java.args(["-cp", "/usr/share/maven/lib/*:/usr/share/java/maven-resolver-transport-file.jar"]);
    java.arg(root().join("tests/java/MavenResolver.java")).arg(scratch("maven-local"));
    java.arg(&repository).args([&whole, &newest, &sources, &javadoc]).arg("--").arg(&damaged).arg(&whole);
    let resolved = library::run(&mut java);
    let lines: Vec<&str> = resolved.lines().collect();
    let contents =
        ["classes.jar", "classes.jar", "org/egret/websocket/WebSocket.java", "org/egret/websocket/WebSocket.html"];
    assert_eq!(lines.len(), contents.len() + 1, "{resolved}");
    for ((line, end), content) in lines.iter().zip([".aar", ".aar", "-sources.jar", "-javadoc.jar"]).zip(contents) {
        assert!(line.ends_with(&format!("egret-websocket-{version}{end}")), "{line}");
        assert!(files_of(Path::new(line)).iter().any(|file| file == content), "{line} without {content}");
    }
    assert!(lines[contents.len()].contains("Checksum validation failed"), "{resolved}");
}

/// The suite `supply_chain` compares that file with the linked libraries.
#[test]
fn the_aar_has_the_notices_of_android() {
    if is_skipped() {
        return;
    }
    let notices = fs::read(root().join("packaging/notices/android.txt")).expect("the notices");
    for file in ["aar/THIRD-PARTY-NOTICES.txt", "out/THIRD-PARTY-NOTICES.txt"] {
        assert!(fs::read(packed().join(file)).expect("a file") == notices, "{file} differs");
    }
}

/// A library with a fault: the source of its function `one`, the options with which it is linked, and the reported error.
type Fault = (&'static str, &'static [&'static str], &'static str);

const FAULTS: &[Fault] = &[
    ("void one(void) {}", &[], ""),
    // A weak symbol may be missing.
    ("__attribute__((weak)) int getrandom(void); int one(void) { return getrandom ? getrandom() : 0; }", &[], ""),
    ("void one(void) {}", &["-Wl,-z,max-page-size=4096"], "is aligned to 0x1000, less than a page of 0x4000"),
    (
        "void one(void) {}",
        &["-Wl,--no-as-needed", "-l:libother.so"],
        "needs libother.so, which is neither of API 21 nor of the AAR",
    ),
    ("void two(void) {}", &[], "does not export one"),
    ("void one(void) {} void two(void) {}", &[], "exports two, which it should not"),
    (
        "int getifaddrs(void); int one(void) { return getifaddrs(); }",
        &[],
        "needs getifaddrs, which is not in symbols.txt",
    ),
    ("int dlsym(void); int one(void) { return dlsym(); }", &[], "needs dlsym of libdl.so, but not that library"),
    (
        "int __aarch64_ldadd4_acq_rel(void); int one(void) { return __aarch64_ldadd4_acq_rel(); }",
        &[],
        "an outlined atomic",
    ),
    ("__asm__(\".text\\n.quad malloc\"); void one(void) {}", &["-Wl,-z,notext"], "has text relocations"),
    ("void *malloc(unsigned long); void *one(void) { return malloc(1); }", &["-Wl,-z,norelro"], "(RELRO)"),
    (
        "void *malloc(unsigned long); void *one(void) { return malloc(1); }",
        &["-Wl,-z,lazy"],
        "leaves its table of functions writable",
    ),
    ("void one(void) {}", &["-Wl,-z,execstack"], "asks for a stack that can be executed"),
    (
        "__asm__(\".section .both,\\\"awx\\\",@progbits\\n.long 0\"); void one(void) {}",
        &[],
        "has memory that can be written and executed",
    ),
    (
        "static __thread int a; int one(void) { return a++; }",
        &[],
        "has thread-local variables of ELF, which need API 29",
    ),
    (
        "static int a, *b = &a; int *one(void) { a++; return b++; }",
        &["-Wl,-z,pack-relative-relocs"],
        "has packed relocations",
    ),
    (
        "static void a(void) {} static void (*choose(void))(void) { return a; } \
         __attribute__((ifunc(\"choose\"), visibility(\"hidden\"))) void b(void); void one(void) { b(); }",
        &[],
        "has relocations of type 37",
    ),
    ("void one(void) {}", &["-Wl,--hash-style=gnu"], "has no table of symbols that Android before 6 can read"),
    ("void one(void) {}", &["-Wl,--build-id=none"], "has no build ID"),
    ("void one(void) {}", &["-Wl,-soname,libtwo.so"], "calls itself libtwo.so"),
    ("void one(void) {}", &["-Wl,-rpath,/tmp"], "names directories to load libraries from"),
];

#[test]
fn a_library_that_a_device_would_refuse_is_refused_here() {
    if is_skipped() {
        return;
    }
    let folder = scratch("faults");
    let clang = stub_ndk().join("toolchains/llvm/prebuilt/linux-x86_64/bin/x86_64-linux-android21-clang");
    let check = |library: &Path, abi: &str| {
        let mut check = Command::new(root().join("bindings/java/android/check_so.py"));
        let checked = check.args(["--abi", abi, "--exports", "one"]).arg(library).output().expect("the script runs");
        (checked.status.success(), String::from_utf8_lossy(&checked.stderr).into_owned())
    };
    let link = |library: &Path, source: &str, options: &[&str]| {
        let c = library.with_extension("c");
        fs::write(&c, source).expect("a file");
        let mut link = Command::new(&clang);
        link.args(["-w", "-fno-builtin", "-shared", "-fPIC", "-L"]).arg(&folder).arg(&c).arg("-o").arg(library);
        link.args(
            "-Wl,-z,max-page-size=16384 -Wl,-z,relro,-z,now -Wl,--hash-style=both -Wl,--build-id=sha1".split(' '),
        );
        library::run(link.arg("-Wl,-soname,libone.so").args(options));
    };
    link(&folder.join("libother.so"), "void other(void) {}", &["-Wl,-soname,libother.so"]);
    let library = folder.join("libone.so");
    for (source, options, expected) in FAULTS {
        link(&library, source, options);
        let (is_accepted, stderr) = check(&library, "x86_64");
        assert_eq!(is_accepted, expected.is_empty(), "{source} {options:?}: {stderr}");
        assert!(stderr.contains(expected) && stderr.lines().count() <= 2, "{source} {options:?}: {stderr}");
    }

    link(&library, "void one(void) {}", &[]);
    let (is_accepted, stderr) = check(&library, "arm64-v8a");
    assert!(!is_accepted && stderr.contains("is no shared library for arm64-v8a"), "{stderr}");
    let whole = fs::read(&library).expect("the library");
    for bytes in
        [&whole[..0], &whole[..40], &whole[..whole.len() / 2], b"not a library, but long enough to have a header"]
    {
        fs::write(&library, bytes).expect("a file");
        let (is_accepted, stderr) = check(&library, "x86_64");
        assert!(!is_accepted && stderr.contains("cannot be checked"), "{} bytes: {stderr}", bytes.len());
    }
}

/// Returns the home of the Java on the PATH.
fn java_home() -> PathBuf {
    let javac = library::run(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]));
    Path::new(javac.trim()).ancestors().nth(2).expect("JAVA_HOME/bin/javac").to_path_buf()
}

/// Applies the rules of the AAR with ProGuard. The sample must still run after all other names were changed.
#[test]
fn shrinking_keeps_the_names_that_c_uses() {
    if is_skipped() {
        return;
    }
    let folder = scratch("shrunk");
    let jar = binding().join("egret-websocket.jar");
    let mut javac = Command::new("javac");
    javac.args(["--release", "8", "-Xlint:-options", "-cp"]).arg(&jar).arg("-d").arg(folder.join("echo"));
    library::run(javac.arg(root().join("bindings/java/examples/Echo.java")));
    let shrunk = folder.join("shrunk.jar");
    let mut proguard = Command::new("proguard");
    proguard.arg("-injars").arg(format!("{}:{}", folder.join("echo").display(), jar.display()));
    proguard.arg("-outjars").arg(&shrunk).arg("-libraryjars").arg(android().join("android.jar"));
    proguard.args(["-dontnote", "-keep", "class Echo { public static void main(java.lang.String[]); }"]);
    library::run(proguard.arg(format!("@{}", root().join("bindings/java/android/proguard.txt").display())));
    let classes = library::run(Command::new("jar").arg("tf").arg(&shrunk));
    assert!(classes.contains("websocket/Native.class"), "{classes}");
    for gone in ["EgretSockets", "WebSocketStats", "WebSocketListener"] {
        assert!(
            !classes.contains(&format!("websocket/{gone}.class")),
            "{gone} was neither shrunk nor renamed: {classes}"
        );
    }
    let mut java = java();
    java.arg("-cp").arg(&shrunk).arg("Echo").arg(echo_url());
    let output = output_of("shrunk", &mut java);
    assert!(output.contains("received: Hello Egret WebSocket"), "{output}");
}

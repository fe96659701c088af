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

/// For the oldest Android of the manifest.
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

/// Runs the AAR script with a stub of the NDK: its clang is this machine's compiler, and cargo returns this machine's library. This
/// does not test whether a real NDK's tools accept the same arguments.
#[test]
fn the_aar_is_laid_out_and_aligned() {
    if is_skipped() {
        return;
    }
    let folder = scratch("aar");
    let tools = folder.join("ndk/toolchains/llvm/prebuilt/linux-x86_64/bin");
    fs::create_dir_all(&tools).expect("a directory");
    let executable = |path: &Path, script: &str| {
        fs::write(path, script).expect("a script");
        library::run(Command::new("chmod").arg("+x").arg(path));
    };
    let (home, compiler) = (java_home(), library::compiler(false));
    let (jni, cc) = (home.join("include"), compiler.to_str().expect("a name in UTF-8"));
    let clang = format!("#!/bin/sh\nexec {cc} \"$@\" -I'{0}' -I'{0}/linux'\n", jni.display());
    executable(&tools.join("x86_64-linux-android21-clang"), &clang);
    executable(&tools.join("llvm-readelf"), "#!/bin/sh\nexec readelf \"$@\"\n");
    let cargo = folder.join("cargo");
    executable(&cargo, CARGO);

    let build = |aar: &Path, last: &str| {
        let mut build = Command::new(root().join("bindings/java/android/build_aar.sh"));
        build.arg(folder.join("ndk")).arg(android().join("android.jar")).arg(aar).arg("x86_64");
        build.env("CARGO", &cargo).env("LAST", last).output().expect("the script runs")
    };
    let aar = folder.join("egret-websocket.aar");
    let built = build(&aar, "-Wl,-z,now");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let listed = library::run(Command::new("jar").arg("tf").arg(&aar));
    let mut files: Vec<&str> = listed.lines().filter(|line| !line.ends_with('/')).collect();
    files.sort_unstable();
    let expected = [
        "AndroidManifest.xml",
        "R.txt",
        "classes.jar",
        "jni/x86_64/libegret_ws.so",
        "jni/x86_64/libegret_ws_jni.so",
        "proguard.txt",
    ];
    assert_eq!(files, expected);
    library::run(Command::new("jar").arg("xf").arg(&aar).current_dir(&folder));
    let manifest = fs::read_to_string(folder.join("AndroidManifest.xml")).expect("the manifest");
    assert!(manifest.contains("android.permission.INTERNET"));
    library::assert_hardened(&folder.join("jni/x86_64/libegret_ws_jni.so"));
    // The shim finds the library by its name, in any folder, and exports one function.
    let shim = folder.join("jni/x86_64/libegret_ws_jni.so");
    let dynamic = library::run(Command::new("readelf").arg("-dW").arg(&shim));
    assert!(dynamic.contains("[libegret_ws.so]") && !dynamic.contains("RUNPATH"), "{dynamic}");
    let exported = library::run(Command::new("nm").args(["-D", "--defined-only"]).arg(&shim));
    assert_eq!(exported.lines().filter_map(|line| line.split(' ').nth(2)).collect::<Vec<_>>(), ["JNI_OnLoad"]);

    let bad = folder.join("bad.aar");
    let refused = build(&bad, "-Wl,-z,max-page-size=4096");
    assert!(!refused.status.success() && !bad.exists(), "an alignment of 4 KiB passes");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("libegret_ws.so is aligned to 0x1000"), "{stderr}");
}

/// A stub of `cargo clib --target TARGET --target-dir DIR`: writes a library with our name to the same path, with the same link
/// options and $LAST.
const CARGO: &str = r#"#!/bin/sh
set -eu
case $* in "clib --release --features vendored"*) ;; *) exit 1 ;; esac
while [ $# -gt 0 ]; do
    case $1 in
    --target) target=$2 ;;
    --target-dir) dir=$2 ;;
    esac
    shift
done
mkdir -p "$dir/$target/release"
echo "int egret_ws_loop_new(void) { return 0; }" | "$CARGO_TARGET_X86_64_LINUX_ANDROID_LINKER" -x c - -shared -fPIC -Wl,-soname,libegret_ws.so \
    "${CARGO_TARGET_X86_64_LINUX_ANDROID_RUSTFLAGS#-Clink-arg=}" "$LAST" -o "$dir/$target/release/libegret_ws.so"
"#;

/// The home of the Java on the PATH.
fn java_home() -> PathBuf {
    let javac = library::run(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]));
    Path::new(javac.trim()).ancestors().nth(2).expect("JAVA_HOME/bin/javac").to_path_buf()
}

/// Applies the AAR's rules with ProGuard: the sample still runs when all other names were changed.
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

//! The Java binding, `bindings/java`: JUnit's tests in `tests/java/unit` on this machine's Java, with its checks of JNI on, and what
//! Android's tools, ProGuard and Kotlin make of it.
//!
//! `EGRET_WS_JAVA_SOCKETS=100000` opens and closes so many sockets where otherwise it is 2000.
#![cfg(target_os = "linux")]

#[allow(dead_code)] // made for other tests, which need more of them
#[path = "support/certificates.rs"]
mod certificates;
#[path = "../examples/echo_server.rs"]
mod echo_server;
mod library;

use certificates::{RIGHT, ROOT};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::fs::{self, File};
use std::io::{Write, stderr};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

/// How many sockets one of the tests opens and closes.
fn sockets() -> u64 {
    std::env::var("EGRET_WS_JAVA_SOCKETS").map_or(2000, |count| count.parse().expect("a number of sockets"))
}

/// Longer than any wait inside the programs, so that they tell first what they waited for.
fn patience() -> Duration {
    Duration::from_secs(180 + sockets() / 50)
}

fn is_skipped() -> bool {
    let skipped = std::env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|step| step == "java"));
    if skipped {
        // Not by eprintln, which the test harness would swallow.
        writeln!(stderr(), "SKIPPED: java (named in SKIP)").expect("stderr");
    }
    skipped
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty directory for one test, or what several share.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("java").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// What `build.sh` makes: the jar and the two libraries.
fn binding() -> &'static Path {
    static BINDING: LazyLock<PathBuf> = LazyLock::new(|| {
        let out = scratch("binding");
        let mut build = Command::new(root().join("bindings/java/build.sh"));
        library::run(build.arg(library::build()).arg(&out).env("CFLAGS", "-Werror"));
        out
    });
    &BINDING
}

fn java_files(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(dir)).expect(dir);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect(dir).path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "java"));
    assert!(!files.is_empty(), "{dir} has no Java");
    files
}

/// JUnit 5 as Debian has it.
fn junit() -> Vec<PathBuf> {
    let names = [
        "apiguardian-api",
        "junit-jupiter-api",
        "junit-jupiter-engine",
        "junit-jupiter-params",
        "junit-platform-commons",
        "junit-platform-console",
        "junit-platform-engine",
        "junit-platform-launcher",
        "junit-platform-reporting",
        "opentest4j",
        "opentest4j-reporting-events",
        "opentest4j-reporting-schema",
        "picocli",
        "univocity-parsers",
    ];
    let jars = names.map(|name| Path::new("/usr/share/java").join(format!("{name}.jar")));
    for jar in &jars {
        assert!(jar.exists(), "{} is missing; install JUnit 5 (Debian: junit5)", jar.display());
    }
    jars.to_vec()
}

fn class_path(entries: &[PathBuf]) -> String {
    std::env::join_paths(entries).expect("paths without a colon").into_string().expect("paths in UTF-8")
}

/// The tests' class path: they are compiled once, with the binding, and its Android part on stand-ins for Android.
fn tests() -> &'static str {
    static TESTS: LazyLock<String> = LazyLock::new(|| {
        let classes = scratch("tests");
        let mut path = vec![classes.clone(), binding().join("egret-websocket.jar")];
        path.extend(junit());
        let path = class_path(&path);
        let mut javac = Command::new("javac");
        // -path and -classfile: the manifests of Debian's jars name some that it does not have.
        javac.args(["-Xlint:all,-path,-classfile,-removal,-try", "-Werror", "-encoding", "UTF-8", "-cp", &path, "-d"]);
        javac.arg(&classes).arg("-sourcepath").arg(root().join("bindings/java/compile-only"));
        for dir in [
            "tests/java/unit",
            "tests/java/stand_in/android/os",
            "tests/java/stand_in/android/view",
            "bindings/java/android/src/org/egret/websocket/android",
        ] {
            javac.args(java_files(dir));
        }
        library::run(&mut javac);
        path
    });
    &TESTS
}

/// Runs a program and returns what it wrote to both its outputs. It has to end in time, and with success.
fn said(name: &str, command: &mut Command) -> String {
    let path = scratch(&format!("said-{name}")).join("output");
    let output = File::create(&path).expect("a file for the output");
    // Cargo's own entry would go before the rpath.
    command.env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    command.stdout(output.try_clone().expect("a second handle")).stderr(output);
    let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {:?}: {error}", command.get_program()));
    let status = library::wait(child, patience());
    let said = String::from_utf8_lossy(&fs::read(&path).expect("what it wrote")).into_owned();
    assert!(status.is_some_and(|status| status.success()), "{command:?}\n{status:?}\n{said}");
    said
}

fn java() -> Command {
    let mut java = Command::new("java");
    java.arg("-Xcheck:jni").arg(format!("-Djava.library.path={}", binding().display()));
    java
}

/// The URL of one echo server for all tests.
fn echo_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/", listener.local_addr().expect("the port"));
        thread::spawn(move || echo_server::serve(listener));
        url
    });
    &URL
}

/// The same with TLS and the certificate that `ROOT` signed. A client that fails ends its own connection only.
fn secure_url() -> String {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("a TLS server");
    acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a certificate");
    acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("its key");
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("wss://{}/", listener.local_addr().expect("the port"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let acceptor = acceptor.clone();
            thread::spawn(move || {
                let Ok(stream) = acceptor.accept(stream.expect("a connection")) else { return };
                let Ok(mut socket) = tungstenite::accept(stream) else { return };
                while let Ok(message) = socket.read() {
                    if !message.is_close() && socket.send(message).is_err() {
                        return;
                    }
                }
            });
        }
    });
    url
}

/// Runs one of JUnit's classes. What `-Xcheck:jni` finds fails it too.
fn junit_class(class: &str, properties: &[(&str, &str)]) {
    if is_skipped() {
        return;
    }
    let mut java = java();
    java.arg(format!("-Decho={}", echo_url())).arg(format!("-Dsockets={}", sockets()));
    for (name, value) in properties {
        java.arg(format!("-D{name}={value}"));
    }
    java.args(["-cp", tests(), "org.junit.platform.console.ConsoleLauncher", "--disable-banner"]);
    let said = said(class, java.args(["--disable-ansi-colors", "--details=tree", "-c", class]));
    println!("{said}");
    // A call that is not allowed, an exception that was not looked for, local references that pile up.
    let complains = said.contains("in native method") || said.contains("WARNING: JNI");
    assert!(!complains, "-Xcheck:jni complains");
    assert!(!said.contains("[         0 tests successful"), "there are no tests");
}

#[test]
fn messages() {
    junit_class("MessagesTest", &[]);
}

#[test]
fn listeners() {
    junit_class("ListenerTest", &[]);
}

#[test]
fn lifetime() {
    junit_class("LifetimeTest", &[]);
}

#[test]
fn threads() {
    junit_class("ThreadsTest", &[]);
}

#[test]
fn options() {
    junit_class("OptionsTest", &[]);
}

#[test]
fn secure() {
    if is_skipped() {
        return;
    }
    let roots = ROOT.chain();
    junit_class("SecureTest", &[("secure", &secure_url()), ("roots", roots.to_str().expect("a path in UTF-8"))]);
}

#[test]
fn egret_sockets() {
    junit_class("EgretSocketsTest", &[]);
}

#[test]
fn looper_driver() {
    junit_class("LooperDriverTest", &[]);
}

#[test]
fn constants() {
    let header = library::include_dir().join("egret_ws.h");
    junit_class("ConstantsTest", &[("header", header.to_str().expect("a path in UTF-8"))]);
}

/// Each option to its field, and each field of a report to Java: by a library put before the real one.
#[test]
fn options_and_reports_arrive_in_their_places() {
    if is_skipped() {
        return;
    }
    let recorder = scratch("recorder").join("librecorder.so");
    let mut cc = Command::new(library::compiler(false));
    cc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&recorder);
    library::run(cc.arg("-I").arg(library::include_dir()).arg(root().join("tests/java/recorder.c")));
    let mut java = java();
    java.env("LD_PRELOAD", recorder).args(["-Dfile.encoding=UTF-8", "-cp", tests(), "Recorded"]);
    let expected = fs::read_to_string(root().join("tests/java/recorded.txt")).expect("recorded.txt");
    assert_eq!(said("recorder", &mut java), expected);
}

/// What the header declares, the shim calls.
#[test]
fn every_function_is_called() {
    let header = fs::read_to_string(library::include_dir().join("egret_ws.h")).expect("the header");
    let mut shim = String::new();
    for entry in fs::read_dir(root().join("bindings/java/jni")).expect("the shim") {
        shim += &fs::read_to_string(entry.expect("a file").path()).expect("C");
    }
    let mut declared = 0;
    for line in header.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase())) {
        let Some((before, _)) = line.split_once('(') else { continue };
        let name = before.rsplit([' ', '*']).next().expect("a name");
        if name.starts_with("egret_ws_") {
            declared += 1;
            assert!(shim.contains(&format!("{name}(")) || shim.contains(&format!(" {name},")), "{name} is not called");
        }
    }
    assert!(declared > 25, "{declared} functions were found in the header");
}

/// The README's own commands in a folder with nothing but its own program. Building the library and the echo server is left out.
#[test]
fn the_readme_is_enough() {
    if is_skipped() {
        return;
    }
    let readme = fs::read_to_string(root().join("bindings/java/README.md")).expect("the README");
    let block = |language: &str| {
        let start = readme.find(&format!("```{language}\n")).expect(language) + language.len() + 4;
        &readme[start..start + readme[start..].find("```").expect("the block's end")]
    };
    let sample = block("java");
    assert!(sample.lines().count() <= 30, "the sample has {} lines", sample.lines().count());
    assert_eq!(sample, fs::read_to_string(root().join("bindings/java/examples/Echo.java")).expect("Echo.java"));
    let commands = block("sh");
    let mut script = String::from("set -eu\n");
    for line in commands.lines() {
        if !line.starts_with("cargo ") && !line.contains("echo_server") && line != "kill $!" {
            script += &line.replace("\"$EGRET_WS/target/release\"", "\"$LIBRARY\"");
            script += "\n";
        }
    }
    assert!(script.contains("\"$LIBRARY\"") && script.contains("ws://127.0.0.1:9000/"), "{commands}");
    let folder = scratch("readme");
    fs::write(folder.join("Echo.java"), sample).expect("the sample");
    let mut sh = Command::new("sh");
    sh.args(["-c", &script.replace("ws://127.0.0.1:9000/", echo_url())]).current_dir(&folder);
    let said = said("readme", sh.env("EGRET_WS", root()).env("LIBRARY", library::build()));
    assert!(said.contains("received: Hello Egret WebSocket\nclosed: EGRET_WS_OK, code 1000"), "{said}");
}

/// `android.jar` and `dx.jar`, fetched once.
fn android() -> &'static Path {
    static ANDROID: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut fetch = Command::new(root().join("tests/java/android.sh"));
        PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR"))).trim_end())
    });
    &ANDROID
}

/// All classes, compiled against `android.jar`.
fn android_classes() -> &'static Path {
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

/// The AAR script with a stand-in for the NDK: its clang is this machine's compiler, and cargo gives this machine's library. What
/// cannot be seen here is whether a real NDK's tools take the same arguments.
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
    // The shim finds the library by its name, wherever the app's libraries are, and exports one function.
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

/// Puts a library named as ours where `cargo build --target TARGET --target-dir DIR` would, linked as it is told to, and $LAST.
const CARGO: &str = r#"#!/bin/sh
set -eu
case $* in *"--features vendored"*) ;; *) exit 1 ;; esac
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

/// Of the Java on the PATH.
fn java_home() -> PathBuf {
    let javac = library::run(Command::new("sh").args(["-c", "readlink -f \"$(command -v javac)\""]));
    Path::new(javac.trim()).ancestors().nth(2).expect("JAVA_HOME/bin/javac").to_path_buf()
}

/// The rules that the AAR brings, by ProGuard, whose language they are: the sample still runs when all else was renamed.
#[test]
fn shrinking_leaves_what_c_names() {
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
    let said = said("shrunk", &mut java);
    assert!(said.contains("received: Hello Egret WebSocket"), "{said}");
}

/// Kotlin takes it as its own, and knows what may be null.
#[test]
fn kotlin() {
    if is_skipped() {
        return;
    }
    let mut fetch = Command::new(root().join("tests/java/kotlin.sh"));
    let kotlinc = PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR"))).trim_end());
    let folder = scratch("kotlin");
    let compile = |file: &str| {
        let mut compile = Command::new("bash");
        compile.arg(&kotlinc).args(["-Werror", "-include-runtime", "-cp"]).arg(binding().join("egret-websocket.jar"));
        compile.arg("-d").arg(folder.join("game.jar")).arg(root().join("tests/java/kotlin").join(file));
        compile.output().expect("bash")
    };
    let nulls = compile("Nulls.kt");
    let errors = String::from_utf8_lossy(&nulls.stderr).into_owned();
    assert!(!nulls.status.success(), "null passes for what is not null");
    assert!(
        errors.contains("Nulls.kt:7:18: error: null cannot") && errors.contains("Nulls.kt:8:36: error:"),
        "{errors}"
    );
    let game = compile("Game.kt");
    assert!(game.status.success(), "{}", String::from_utf8_lossy(&game.stderr));
    let mut java = java();
    java.arg("-cp").arg(class_path(&[folder.join("game.jar"), binding().join("egret-websocket.jar")]));
    let said = said("kotlin", java.arg("GameKt").arg(echo_url()));
    assert!(said.contains("received: hello"), "{said}");
}

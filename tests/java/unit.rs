//! Runs the JUnit tests in `tests/java/unit` with the virtual machine's JNI checks.

use crate::tls_servers::Servers;
use crate::{binding, class_path, echo_url, is_skipped, java, java_files, library, output_of, root, scratch, sockets};
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use test_support::certificates::*;

/// The jars of JUnit 5 in Debian.
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

/// Compiles the tests once, with the Android part of the binding and stubs of Android's classes. Returns their class path.
pub fn tests() -> &'static str {
    static TESTS: LazyLock<String> = LazyLock::new(|| {
        let classes = scratch("tests");
        let mut path = vec![classes.clone(), binding().join("egret-websocket.jar")];
        path.extend(junit());
        let path = class_path(&path);
        let mut javac = Command::new("javac");
        // -path and -classfile suppress warnings: the manifests of Debian's jars name jars that Debian does not have.
        javac.args(["-Xlint:all,-path,-classfile,-removal,-try", "-Werror", "-encoding", "UTF-8", "-cp", &path, "-d"]);
        javac.arg(&classes).arg("-sourcepath").arg(root().join("bindings/java/compile-only"));
        // Compile the benchmark of the binding, without the benchmarks of other clients.
        for name in ["Contender", "Cpu", "Egret", "Workload"] {
            javac.arg(root().join(format!("benches/lab/java/{name}.java")));
        }
        javac.arg(root().join("docs/samples/java/TokenRefresh.java"));
        for dir in [
            "tests/java/unit",
            "tests/java/unit/internal",
            "tests/java/stubs/android/app",
            "tests/java/stubs/android/content",
            "tests/java/stubs/android/net",
            "tests/java/stubs/android/os",
            "tests/java/stubs/android/security",
            "tests/java/stubs/android/view",
            "bindings/java/android/src/org/egret/websocket/android",
        ] {
            javac.args(java_files(dir));
        }
        library::run(&mut javac);
        path
    });
    &TESTS
}

/// An echo server with TLS and a certificate that `ROOT` signed. A failed client ends only its own connection.
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

/// Runs a JUnit class. It also fails if `-Xcheck:jni` reports a problem.
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
    assert_junit_passed(&output_of(class, java.args(["--disable-ansi-colors", "--details=tree", "-c", class])));
}

/// JUnit's exit code shows whether tests failed. This function checks that there were tests, and that `-Xcheck:jni` reported
/// nothing.
pub fn assert_junit_passed(output: &str) {
    println!("{output}");
    // These texts report a call that is not allowed, an unchecked exception, or too many local references.
    let has_warning = output.contains("in native method") || output.contains("WARNING: JNI");
    assert!(!has_warning, "-Xcheck:jni reports a warning");
    assert!(!output.contains("[         0 tests successful"), "there are no tests");
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
fn end_handlers() {
    junit_class("EndHandlerTest", &[]);
}

#[test]
fn closing_loops() {
    junit_class("LoopCloseTest", &[]);
}

#[test]
fn lost_loops() {
    junit_class("LeakTest", &[]);
}

#[test]
fn buffers() {
    junit_class("BuffersTest", &[]);
}

#[test]
fn threads() {
    junit_class("ThreadsTest", &[]);
}

#[test]
fn loop_threads() {
    junit_class("LoopThreadTest", &[]);
}

#[test]
fn executor_listeners() {
    junit_class("ExecutorListenerTest", &[]);
}

#[test]
fn options() {
    junit_class("OptionsTest", &[]);
}

#[test]
fn each_option() {
    junit_class("OptionsTableTest", &[]);
}

#[test]
fn requests() {
    junit_class("RequestHookTest", &[]);
}

#[test]
fn secure() {
    if is_skipped() {
        return;
    }
    let roots = ROOT.chain();
    junit_class("SecureTest", &[("secure", &secure_url()), ("roots", roots.to_str().expect("a path in UTF-8"))]);
}

/// Returns the certificates for the tests of the platform's TLS, as files.
fn certificate_files() -> &'static str {
    static FILES: LazyLock<String> = LazyLock::new(|| {
        let files = scratch("platform-tls");
        let write = |name: &str, content: &[u8]| fs::write(files.join(name), content).expect("a file");
        for (name, certificate) in [
            ("root", &ROOT),
            ("untrusted", &UNTRUSTED),
            ("right", &RIGHT),
            ("expired", &EXPIRED),
            ("not-yet-valid", &NOT_YET_VALID),
            ("self-signed", &SELF_SIGNED),
            ("names-only", &NAMES_ONLY),
            ("odd-names", &ODD_NAMES),
            ("no-names", &NO_NAMES),
        ] {
            write(&format!("{name}.pem"), certificate.pem().as_bytes());
        }
        write("client.p12", &CLIENT.pkcs12("open sesame"));
        write("unaccepted.p12", &UNACCEPTED_CLIENT.pkcs12("open sesame"));
        write("right.p12", &RIGHT.pkcs12("open sesame"));
        write("right.pin", RIGHT.pin().as_bytes());
        files.to_str().expect("a path in UTF-8").to_owned()
    });
    &FILES
}

/// Tests the comparison of server names on a platform that does not compare them, such as Android.
#[test]
fn tls_names() {
    if !is_skipped() {
        junit_class("org.egret.websocket.TlsNamesTest", &[("files", certificate_files())]);
    }
}

/// Tests the steps of the TLS provider, in memory.
#[test]
fn tls_sessions() {
    if !is_skipped() {
        junit_class("org.egret.websocket.TlsSessionTest", &[("files", certificate_files())]);
    }
}

/// Tests the TLS of the platform with servers. Its leak test opens a tenth of the connections of the other leak test.
#[test]
fn platform_tls() {
    if is_skipped() {
        return;
    }
    let servers = Servers::start();
    let connections = (sockets() / 10).to_string();
    let mut properties = vec![("files", certificate_files()), ("connections", &*connections)];
    properties.extend(servers.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    junit_class("PlatformTlsTest", &properties);
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
fn details_of_connections() {
    junit_class("DetailsTest", &[]);
}

#[test]
fn hooks() {
    junit_class("HooksTest", &[]);
}

#[test]
fn loop_lifecycle() {
    junit_class("LoopLifecycleTest", &[]);
}

#[test]
fn android_hooks() {
    junit_class("AndroidHooksTest", &[]);
}

#[test]
fn app_lifecycle() {
    junit_class("AppLifecycleTest", &[]);
}

#[test]
fn constants() {
    let header = library::include_dir().join("egret_ws.h");
    junit_class("ConstantsTest", &[("header", header.to_str().expect("a path in UTF-8"))]);
}

/// Checks, with a preloaded library, that each option reaches its field in C, and that each field of a report reaches Java.
#[test]
fn options_and_reports_use_the_right_fields() {
    if is_skipped() {
        return;
    }
    let recorder = scratch("recorder").join("librecorder.so");
    let mut cc = Command::new(library::compiler(false));
    cc.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o"]).arg(&recorder);
    library::run(cc.arg("-I").arg(library::include_dir()).arg(root().join("tests/java/recorder.c")));
    let mut java = java();
    java.env("LD_PRELOAD", recorder).args(["-Dfile.encoding=UTF-8", "-cp", tests(), "Recorded"]);
    let expected = fs::read_to_string(root().join("tests/java/recorded.txt")).expect("recorded.txt");
    assert_eq!(output_of("recorder", &mut java), expected);
}

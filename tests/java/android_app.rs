//! Tests `examples/android_app` without Gradle and the SDK: the classes compile, and the manifest contains their names and the
//! permissions.

use crate::android::{android, android_classes};
use crate::kotlin::{NEWEST, kotlin_home, kotlinc, runtime};
use crate::{class_path, is_skipped, library, root, scratch};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn app() -> PathBuf {
    root().join("examples/android_app")
}

fn read(file: &str) -> String {
    fs::read_to_string(app().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Prints the permissions and the activities of a manifest, and whether the other file is XML. A file that is not well-formed fails.
const READ_MANIFEST: &str = "
import sys, xml.etree.ElementTree as xml
android = '{http://schemas.android.com/apk/res/android}'
manifest, security = [xml.parse(path).getroot() for path in sys.argv[1:]]
for element in manifest.iter():
    if element.tag in ('uses-permission', 'activity'):
        print(element.tag, element.get(android + 'name'))
for element in security.iter('domain'):
    print('cleartext', element.text)
";

#[test]
fn the_activities_of_the_android_app_compile() {
    if is_skipped() {
        return;
    }
    let sources = app().join("app/src/main");
    let classes = scratch("android-app");
    // `bindings/java/android/classes.sh` compiles the classes of the AAR with these options.
    let mut javac = Command::new("javac");
    javac.args(["-source", "8", "-target", "8", "-Xlint:all,-options", "-Werror", "-encoding", "UTF-8"]);
    javac.arg("-bootclasspath").arg(android().join("android.jar")).arg("-cp").arg(android_classes());
    // The annotations of the binding are not in the AAR.
    javac.arg("-sourcepath").arg(root().join("bindings/java/compile-only")).arg("-d").arg(&classes);
    library::run(javac.arg(sources.join("java/org/example/chat/ChatActivity.java")));

    let home = kotlin_home(NEWEST);
    let jars = [android_classes().to_path_buf(), android().join("android.jar"), classes.clone()];
    let path = class_path(&[&jars, &runtime(&home)[..]].concat());
    let mut compile = kotlinc(&home);
    compile.args(["-Werror", "-no-reflect", "-jvm-target", "1.8", "-cp", &path, "-d"]).arg(&classes);
    library::run(compile.arg(sources.join("kotlin/org/example/chat/KotlinChatActivity.kt")));

    let mut python = Command::new("python3");
    python.args(["-c", READ_MANIFEST]).arg(sources.join("AndroidManifest.xml"));
    let read = library::run(python.arg(sources.join("res/xml/network_security_config.xml")));
    let named = |tag: &str| -> Vec<String> {
        let names = read.lines().filter_map(|line| line.strip_prefix(tag));
        names.map(|name| name.trim().trim_start_matches('.').to_owned()).collect()
    };
    assert_eq!(named("uses-permission"), ["android.permission.INTERNET", "android.permission.ACCESS_NETWORK_STATE"]);
    assert_eq!(named("activity"), ["ChatActivity", "KotlinChatActivity"]);
    for name in named("activity") {
        assert!(classes.join(format!("org/example/chat/{name}.class")).exists(), "{name}");
    }
    let url = fs::read_to_string(sources.join("java/org/example/chat/ChatActivity.java")).expect("the activity");
    let [host] = &named("cleartext")[..] else { panic!("{read}") };
    assert!(url.contains(&format!("\"ws://{host}:")), "the activity does not connect to {host}");
}

#[test]
fn the_android_app_depends_on_this_version() {
    let build = read("app/build.gradle.kts");
    let dependency = format!("implementation(\"org.egret:egret-websocket:{}\")", env!("CARGO_PKG_VERSION"));
    assert!(build.contains(&dependency), "not {dependency}");
    // This is the oldest Android version that the AAR supports.
    let manifest = fs::read_to_string(root().join("bindings/java/android/AndroidManifest.xml")).expect("the manifest");
    let oldest = manifest.split("minSdkVersion=\"").nth(1).and_then(|rest| rest.split('"').next());
    assert!(build.contains(&format!("minSdk = {}\n", oldest.expect("minSdkVersion"))));
    assert!(build.contains("namespace = \"org.example.chat\""));
    assert!(read("settings.gradle.kts").contains("gradleProperty(\"egretWsMaven\")"));
    assert!(read("gradle.properties").contains("\negretWsMaven="));
}

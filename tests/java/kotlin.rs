//! Uses the binding from Kotlin, and tests its artefact for coroutines.

use crate::android::{android, android_classes, files_of, packed};
use crate::unit::{assert_junit_passed, tests};
use crate::{binding, class_path, echo_url, is_skipped, java, java_files, library, output_of, root, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

pub const NEWEST: &str = "2.4.20";
/// The oldest version that the artefact for coroutines supports, and a version between it and the newest one.
const OLDER: &[&str] = &["1.4.32", "1.6.21"];

/// The directory of a compiler, with Kotlin's library and kotlinx-coroutines, downloaded once.
pub fn kotlin_home(version: &str) -> PathBuf {
    let mut fetch = Command::new(root().join("tests/java/kotlin.sh"));
    PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR")).arg(version)).trim_end())
}

/// These options make the compiler start fast, which is more important here than fast code. Kotlin 1.4 is older than Java 17.
const COMPILER_OPTIONS: &str =
    "-Xmx512M -XX:TieredStopAtLevel=1 -XX:+UseSerialGC --add-opens=java.base/java.util=ALL-UNNAMED";

pub fn kotlinc(home: &Path) -> Command {
    let mut kotlinc = Command::new(home.join("bin/kotlinc"));
    kotlinc.env("JAVA_OPTS", COMPILER_OPTIONS);
    kotlinc
}

/// Returns the jars in the compiler's directory that programs with coroutines need: first Kotlin's library, last
/// kotlinx-coroutines.
pub fn runtime(home: &Path) -> Vec<PathBuf> {
    let lib = home.join("lib");
    let names = ["kotlin-stdlib", "kotlin-stdlib-jdk7", "kotlin-stdlib-jdk8"];
    let mut jars: Vec<PathBuf> = names.iter().map(|name| lib.join(format!("{name}.jar"))).collect();
    let names = ["kotlinx-coroutines-core-jvm.jar", "kotlinx-coroutines-core.jar"];
    jars.extend(names.iter().map(|name| lib.join(name)).filter(|jar| jar.exists()));
    assert_eq!(jars.len(), 4, "{} has kotlinx-coroutines", lib.display());
    jars
}

/// Builds the artefact for coroutines.
fn build_coroutines(home: &Path, out: &Path) {
    let mut build = Command::new(root().join("bindings/java/kotlin/build.sh"));
    build.arg(binding().join("egret-websocket.jar")).args(runtime(home).last()).arg(out);
    library::run(build.env("KOTLINC", home.join("bin/kotlinc")).env("JAVA_OPTS", COMPILER_OPTIONS));
}

/// The artefact for coroutines, built with the newest compiler.
fn coroutines() -> &'static Path {
    static JAR: LazyLock<PathBuf> = LazyLock::new(|| {
        let jar = scratch("coroutines").join("egret-websocket-coroutines.jar");
        build_coroutines(&kotlin_home(NEWEST), &jar);
        jar
    });
    &JAR
}

/// Kotlin code that uses the binding compiles, and the compiler knows which references may be null. The samples of the READMEs are
/// compiled, and those that are programs are run.
#[test]
fn kotlin() {
    if is_skipped() {
        return;
    }
    let home = kotlin_home(NEWEST);
    let folder = scratch("kotlin");
    let blocks = |page: &str| -> Vec<String> {
        let text = fs::read_to_string(root().join(page)).expect(page);
        let blocks = text.split("```kotlin\n").skip(1);
        let blocks = blocks.map(|block| block.split("```").next().expect("lines in Kotlin").to_owned());
        let is_gradle = |block: &String| block.lines().next().is_some_and(|first| first.ends_with(".gradle.kts"));
        blocks.filter(|block| !is_gradle(block)).collect()
    };
    let write = |name: String, text: String| {
        fs::write(folder.join(&name), text).expect("a file");
        folder.join(name)
    };
    const IMPORTS: &str =
        "import android.os.Bundle\nimport org.egret.websocket.*\nimport org.egret.websocket.android.*\n";
    // The README of the repository contains members of an activity. The README of the binding contains programs and classes.
    let [members] = &blocks("README.md")[..] else { panic!("README.md has one sample in Kotlin") };
    let mut samples =
        vec![write("Readme.kt".into(), format!("{IMPORTS}class Activity : android.app.Activity() {{\n{members}}}\n"))];
    let programs = ["Echo.kt", "CoroutineEcho.kt"].map(|name| root().join("bindings/java/examples").join(name));
    for (at, block) in blocks("bindings/java/README.md").iter().enumerate() {
        if block.contains("fun main(") {
            assert_eq!(*block, fs::read_to_string(&programs[1]).expect("a program"), "{}", programs[1].display());
        } else {
            samples.push(write(format!("Readme{at}.kt"), format!("{IMPORTS}{block}")));
        }
    }
    assert!(samples.len() > 3, "the binding's README has samples");
    // The samples of the guide contain their imports, because readers copy whole files.
    let guide = blocks("docs/first-socket-android.md");
    assert_eq!(guide.len(), 2, "the guide has an activity and an application");
    samples.extend(guide.into_iter().enumerate().map(|(at, file)| write(format!("Guide{at}.kt"), file)));
    samples.extend(programs);
    let path = [
        &[android_classes().to_path_buf(), android().join("android.jar"), coroutines().to_path_buf()],
        &runtime(&home)[..],
    ];
    let path = format!("{}:{}", class_path(&path.concat()), tests());
    let compile = |files: &[PathBuf]| {
        let mut compile = kotlinc(&home);
        compile.args(["-Werror", "-cp", &path, "-d"]).arg(folder.join("game.jar")).args(files);
        compile.output().expect("kotlinc")
    };
    let test = |file: &str| root().join("tests/java/kotlin").join(file);
    let nulls = compile(&[test("Nulls.kt")]);
    let errors = String::from_utf8_lossy(&nulls.stderr).into_owned();
    assert!(!nulls.status.success(), "null is accepted for a reference that must not be null");
    assert!(
        errors.contains("Nulls.kt:7:18: error: null cannot") && errors.contains("Nulls.kt:8:39: error:"),
        "{errors}"
    );
    let game = compile(&[&[test("Game.kt")], &samples[..]].concat());
    assert!(game.status.success(), "{}", String::from_utf8_lossy(&game.stderr));
    let ours = [folder.join("game.jar"), binding().join("egret-websocket.jar"), coroutines().to_path_buf()];
    let path = format!("{}:{}", class_path(&[&ours, &runtime(&home)[..]].concat()), tests());
    for (name, expected) in [
        ("Game", "received: hello"),
        ("Echo", "received: Hello Egret WebSocket\nclosed: OK, code 1000"),
        ("CoroutineEcho", "received: Hello Egret WebSocket\nclosed: OK, code 1000"),
    ] {
        let output =
            output_of(&format!("kotlin-{name}"), java().args(["-cp", &path, &format!("{name}Kt"), echo_url()]));
        assert!(output.contains(expected), "{output}");
    }
}

/// Compiles and runs `CoroutinesTest` with a compiler, its library and its kotlinx-coroutines. It uses the artefact that another
/// compiler has built. The program has less memory than the total size of the messages that it receives.
fn coroutines_test(version: &str, artefact: &Path) {
    let home = kotlin_home(version);
    let classes = scratch(&format!("coroutines-test-{version}")).join("test.jar");
    let mut jars = runtime(&home);
    jars.push(artefact.to_path_buf());
    let path = format!("{}:{}", tests(), class_path(&jars));
    let mut compile = kotlinc(&home);
    compile.args(["-jvm-target", "1.8", "-no-reflect", "-cp", &path, "-d"]).arg(&classes);
    library::run(compile.arg(root().join("tests/java/kotlin/CoroutinesTest.kt")));
    let mut java = java();
    // With -ea, kotlinx-coroutines copies exceptions to add stack traces. The copies must keep the close report.
    java.args(["-ea", "-Xmx64m", "-XX:+ExitOnOutOfMemoryError"]).arg(format!("-Decho={}", echo_url()));
    java.args(["-cp", &format!("{}:{path}", classes.display()), "org.junit.platform.console.ConsoleLauncher"]);
    java.args(["--disable-banner", "--disable-ansi-colors", "--details=tree", "-c", "CoroutinesTest"]);
    assert_junit_passed(&output_of(&format!("coroutines-{version}"), &mut java));
}

/// With `EGRET_WS_TEST_KOTLIN=all`, older compilers and libraries also compile these sources and pass these tests.
#[test]
fn coroutines_of_kotlin() {
    if is_skipped() {
        return;
    }
    coroutines_test(NEWEST, coroutines());
    if std::env::var("EGRET_WS_TEST_KOTLIN").is_ok_and(|versions| versions == "all") {
        for version in OLDER {
            let jar = scratch(&format!("coroutines-{version}")).join("egret-websocket-coroutines.jar");
            build_coroutines(&kotlin_home(version), &jar);
            coroutines_test(version, &jar);
        }
    }
}

/// Adds two jars of JetBrains to a repository: Kotlin's library, under the lowest version that the artefact needs, and
/// kotlinx-coroutines, under its own version.
const PUBLISH_LIBRARIES: &str = "
import sys, zipfile
android, repository, kotlin, coroutines = sys.argv[1:]
sys.path.insert(0, android)
import maven
version = zipfile.ZipFile(coroutines).read('META-INF/kotlinx_coroutines_core.version').decode()
for maven.GROUP, artifact, number, jar in [
        ('org.jetbrains.kotlin', 'kotlin-stdlib', '2.0.0', kotlin),
        ('org.jetbrains.kotlinx', 'kotlinx-coroutines-core-jvm', version, coroutines)]:
    maven.publish(repository, artifact, number, 'jar', artifact, {'.jar': jar})
";

/// The artefact is in the same repository as the AAR. Maven's own resolver finds it, and the version of kotlinx-coroutines with
/// which it was built.
#[test]
fn maven_resolves_the_artefact_for_coroutines() {
    if is_skipped() {
        return;
    }
    let repository = scratch("coroutines-maven").join("maven");
    library::run(Command::new("cp").arg("-r").arg(packed().join("out/maven")).arg(&repository));
    let mut publish = Command::new(root().join("bindings/java/kotlin/publish.py"));
    library::run(publish.arg(coroutines()).arg(&repository));
    let jars = runtime(&kotlin_home(NEWEST));
    let mut publish = Command::new("python3");
    publish.args(["-c", PUBLISH_LIBRARIES]).arg(root().join("bindings/java/android")).arg(&repository);
    library::run(publish.arg(&jars[0]).args(jars.last()));
    let version = env!("CARGO_PKG_VERSION");
    let artifact = |kind: &str| format!("org.egret:egret-websocket-coroutines:{kind}:{version}");
    let mut java = Command::new("java");
    java.args(["-cp", "/usr/share/maven/lib/*:/usr/share/java/maven-resolver-transport-file.jar"]);
    java.arg(root().join("tests/java/MavenResolver.java")).arg(scratch("coroutines-maven-local"));
    let resolved = library::run(java.arg(&repository).args([artifact("jar"), artifact("jar:sources")]));
    let lines: Vec<&str> = resolved.lines().collect();
    let [jar, sources] = lines[..] else { panic!("{resolved}") };
    let package = "org/egret/websocket/coroutines/CoroutineWebSocket";
    for (found, end, content) in [(jar, ".jar", ".class"), (sources, "-sources.jar", ".kt")] {
        assert!(found.ends_with(&format!("egret-websocket-coroutines-{version}{end}")), "{found}");
        assert!(
            files_of(Path::new(found)).contains(&format!("{package}{content}")),
            "{found} without {package}{content}"
        );
    }
}

/// Each reference in a public declaration has a nullability annotation.
#[test]
fn every_public_reference_has_a_nullability_annotation() {
    const PRIMITIVES: &[&str] = &["void", "boolean", "int", "long"];
    let is_annotated = |declared: &str| declared.contains("@NotNull ") || declared.contains("@Nullable ");
    let mut seen = 0;
    for dir in ["bindings/java/src/org/egret/websocket", "bindings/java/android/src/org/egret/websocket/android"] {
        for file in java_files(dir) {
            let text = fs::read_to_string(&file).expect("Java");
            let text: String = text.lines().flat_map(|line| [line.trim(), "\n"]).collect();
            // An overriding method has the annotations of the overridden declaration.
            let text = text.replace("@Override\npublic ", "@Override ");
            let mut lines = text.lines();
            // The methods of an interface are public without the keyword.
            let public = |line: &&str| {
                (line.starts_with("public ")
                    && ![" class ", " interface ", " enum "].iter().any(|kind| line.contains(kind)))
                    || (line.starts_with("void ") && line.ends_with(");"))
            };
            while let Some(first) = lines.by_ref().find(|line| public(line)) {
                let mut declaration = first.to_owned();
                while !declaration.ends_with(['{', ';', '}']) {
                    declaration = declaration + " " + lines.next().expect("the declaration's end");
                }
                // The forms are `public static @NotNull String name`, and `@NotNull byte[] data`, `int length` and so on.
                let end = declaration.find(['(', '=', ';']).expect("the end of a name");
                let (head, rest) = declaration.split_at(end);
                let parameters =
                    rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or("", |(inner, _)| inner);
                let result = head.trim_end().rsplit(' ').nth(1).expect("a type, or `public` of a constructor");
                let is_constructor = result == "public";
                assert!(
                    is_constructor || PRIMITIVES.contains(&result) || is_annotated(head),
                    "{}: {declaration}",
                    file.display()
                );
                for parameter in parameters.split(", ").filter(|parameter| !parameter.is_empty()) {
                    let kind = parameter.split(' ').next().expect("a type");
                    assert!(PRIMITIVES.contains(&kind) || is_annotated(parameter), "{}: {declaration}", file.display());
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "{seen} declarations were found");
}

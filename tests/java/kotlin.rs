//! The binding used from Kotlin.

use crate::android::{android, android_classes};
use crate::{binding, class_path, echo_url, is_skipped, java, java_files, library, output_of, root, scratch};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Kotlin compiles against the binding and knows which references may be null. The READMEs' samples are compiled, and the program among them runs.
#[test]
fn kotlin() {
    if is_skipped() {
        return;
    }
    let mut fetch = Command::new(root().join("tests/java/kotlin.sh"));
    let kotlinc = PathBuf::from(library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR"))).trim_end());
    let folder = scratch("kotlin");
    let blocks = |page: &str| -> Vec<String> {
        let text = fs::read_to_string(root().join(page)).expect(page);
        let blocks = text.split("```kotlin\n").skip(1);
        blocks.map(|block| block.split("```").next().expect("lines in Kotlin").to_owned()).collect()
    };
    let write = |name: String, text: String| {
        fs::write(folder.join(&name), text).expect("a file");
        folder.join(name)
    };
    const IMPORTS: &str =
        "import android.os.Bundle\nimport org.egret.websocket.*\nimport org.egret.websocket.android.*\n";
    // The README of the repository has members of an activity, that of the binding a program and classes.
    let [members] = &blocks("README.md")[..] else { panic!("README.md has one sample in Kotlin") };
    let ours = blocks("bindings/java/README.md");
    let echo = root().join("bindings/java/examples/Echo.kt");
    assert_eq!(ours[0], fs::read_to_string(&echo).expect("Echo.kt"));
    let mut samples = vec![write("Readme.kt".into(), format!("{IMPORTS}class Activity {{\n{members}}}\n")), echo];
    for (at, classes) in ours[1..].iter().enumerate() {
        samples.push(write(format!("Readme{at}.kt"), format!("{IMPORTS}{classes}")));
    }
    assert!(samples.len() > 2, "the binding's README has samples");
    let compile = |files: &[PathBuf]| {
        let mut compile = Command::new("bash");
        let path = class_path(&[android_classes().to_path_buf(), android().join("android.jar")]);
        compile.arg(&kotlinc).args(["-Werror", "-include-runtime", "-cp", &path]);
        compile.arg("-d").arg(folder.join("game.jar")).args(files);
        compile.output().expect("bash")
    };
    let test = |file: &str| root().join("tests/java/kotlin").join(file);
    let nulls = compile(&[test("Nulls.kt")]);
    let errors = String::from_utf8_lossy(&nulls.stderr).into_owned();
    assert!(!nulls.status.success(), "null passes for what is not null");
    assert!(
        errors.contains("Nulls.kt:7:18: error: null cannot") && errors.contains("Nulls.kt:8:39: error:"),
        "{errors}"
    );
    let game = compile(&[&[test("Game.kt")], &samples[..]].concat());
    assert!(game.status.success(), "{}", String::from_utf8_lossy(&game.stderr));
    let path = class_path(&[folder.join("game.jar"), binding().join("egret-websocket.jar")]);
    for (name, expected) in
        [("Game", "received: hello"), ("Echo", "received: Hello Egret WebSocket\nclosed: OK, code 1000")]
    {
        let output =
            output_of(&format!("kotlin-{name}"), java().args(["-cp", &path, &format!("{name}Kt"), echo_url()]));
        assert!(output.contains(expected), "{output}");
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
            // Overriding methods have the annotations of the declaration.
            let text = text.replace("@Override\npublic ", "@Override ");
            let mut lines = text.lines();
            // Methods of an interface are public without the keyword.
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
                // `public static @NotNull String name`, and `@NotNull byte[] data`, `int length` and so on.
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

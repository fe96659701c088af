//! Creates and builds the project of `examples/egret_project` with Egret's own command line. Runs it in the shell and in headless
//! Chromium.

use super::library;
use super::shell::{echo_url, egret_engine, finish, is_skipped, root, scratch, shell};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

const LINES: [&str; 2] =
    ["The connection is successful, send data: Hello Egret WebSocket", "Receive data:Hello Egret WebSocket"];

/// Returns the project, which is built once.
fn project() -> &'static Path {
    static PROJECT: LazyLock<PathBuf> = LazyLock::new(|| {
        let project = scratch().join("egret_project");
        if project.exists() {
            fs::remove_dir_all(&project).expect("the directory of the last run is removed");
        }
        build(&root().join("examples/egret_project"), &project);
        project
    });
    &PROJECT
}

fn builder(sources: &Path, project: &Path) -> Command {
    let mut builder = Command::new(sources.join("build.sh"));
    builder.arg(project).arg(egret_engine().parent().expect("the package")).stdin(Stdio::null());
    builder
}

fn build(sources: &Path, project: &Path) {
    library::run(&mut builder(sources, project));
}

/// Returns the directories of the debug build and of the published one.
fn builds() -> [PathBuf; 2] {
    [project().to_owned(), project().join("bin-release/web/demo")]
}

fn address() -> String {
    echo_url().trim_start_matches("ws://").trim_end_matches('/').to_owned()
}

#[test]
fn the_command_line_takes_our_module() {
    if is_skipped() {
        return;
    }
    let module = root().join("bindings/js/module/bin");
    for (built, ours) in [("js/socket.js", "socket.js"), ("libs/modules/socket/socket.d.ts", "socket.d.ts")] {
        let read = |path: PathBuf| fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(read(project().join(built)), read(module.join(ours)), "{built}");
    }
    let published = fs::read_dir(builds()[1].join("js")).expect("the published scripts");
    let published = published
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("socket.min_")));
    let published = fs::read(published.expect("the published module")).expect("its text");
    assert_eq!(published, fs::read(module.join("socket.min.js")).expect("the minified module"));
}

#[test]
fn the_project_exchanges_a_message_in_the_shell() {
    if is_skipped() {
        return;
    }
    for (name, build) in ["debug", "published"].iter().zip(builds()) {
        let mut command = Command::new(root().join("examples/egret_project/run.sh"));
        command.env_remove("LD_LIBRARY_PATH").arg(shell()).arg(build).arg(address());
        let outcome = finish(&format!("egret_project-{name}"), &mut command);
        assert!(outcome.status.success(), "{name}, {}:\n{}", outcome.status, outcome.err);
        assert_eq!(outcome.out.lines().collect::<Vec<_>>(), LINES, "{name}");
    }
}

#[test]
fn the_project_exchanges_a_message_in_chromium() {
    if is_skipped() {
        return;
    }
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let is_installed =
        Command::new(&chromium).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(is_installed, "cannot run {chromium}; install it (Debian: chromium), or name a browser in CHROMIUM");
    for build in builds() {
        let mut node = Command::new("node");
        node.env("CHROMIUM", &chromium).arg(root().join("tests/js/chromium.js")).arg(build);
        library::run(node.arg(format!("server={}", address())).args(LINES));
    }
}

#[test]
fn an_error_of_the_game_fails_the_build() {
    if is_skipped() {
        return;
    }
    let [sources, project] = ["wrong/sources/egret_project", "wrong/project"].map(|name| scratch().join(name));
    if scratch().join("wrong").exists() {
        fs::remove_dir_all(scratch().join("wrong")).expect("the directory of the last run is removed");
    }
    fs::create_dir_all(sources.join("src")).expect("a directory");
    for file in ["build.sh", "egretProperties.json", "src/Server.ts"] {
        fs::copy(root().join("examples/egret_project").join(file), sources.join(file)).expect("a copy");
    }
    let properties = fs::read_to_string(sources.join("egretProperties.json")).expect("the properties");
    let module = root().join("bindings/js/module");
    let properties = properties.replace("../../bindings/js/module", module.to_str().expect("a path in UTF-8"));
    fs::write(sources.join("egretProperties.json"), properties).expect("the properties");
    let game = "class Main extends egret.WebSocket { wrong = egret.WebSocket.URI == \"http://\"; }\n";
    fs::write(sources.join("src/Main.ts"), game).expect("a game");
    let outcome = finish("egret_project-wrong", &mut builder(&sources, &project));
    assert!(!outcome.status.success(), "{}", outcome.out);
    assert!(outcome.err.contains("src/Main.ts (1,"), "{}", outcome.err);
}

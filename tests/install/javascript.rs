//! Tests the installed JavaScript binding, and the npm package. Both are built from the files that they contain, and send a
//! greeting.

use crate::{directory, echo_url, root, run};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// Sends a greeting to the server of its argument, with the package at `IMPORT`.
const GAME: &str = r#"
const scope = {};
install(scope);
const socket = new scope.WebSocket(process.argv[2]);
socket.onopen = () => socket.send('Hello Egret WebSocket');
socket.onmessage = ({ data }) => {
  console.log(data);
  socket.close(1000);
};
socket.onerror = ({ message }) => console.error(message);
socket.onclose = ({ code }) => console.log(code);
"#;
const SAID: &str = "Hello Egret WebSocket\n1000\n";

fn is_skipped() -> bool {
    let skipped = std::env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|s| s == "js" || s == "cmake"));
    if skipped {
        writeln!(std::io::stderr(), "SKIPPED: js (js or cmake is named in SKIP)").expect("stderr");
    }
    skipped
}

/// The prefix of all tests in this file, because the library without optimisation is large.
fn prefix() -> &'static Path {
    static PREFIX: LazyLock<PathBuf> = LazyLock::new(|| crate::prefix("javascript"));
    &PREFIX
}

/// A command that finds the installed library by pkg-config.
fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig")).env_remove("LD_LIBRARY_PATH");
    command
}

/// Writes the game for each kind of module, with the package as `name` or a path.
fn games(folder: &Path, name: &str, path: &str) -> [PathBuf; 4] {
    let game = |file: &str, head: String| {
        let path = folder.join(file);
        fs::write(&path, head + GAME).expect("a program");
        path
    };
    [
        game("game.cjs", format!("const {{ install }} = require('{name}');\n")),
        game("whole.cjs", format!("const install = require('{name}');\n")),
        game("game.mjs", format!("import {{ install }} from '{path}';\n")),
        game("default.mjs", format!("import install from '{path}';\n")),
    ]
}

fn play(game: &Path) -> Output {
    Command::new("node").arg(game).arg(echo_url()).output().expect("node")
}

fn assert_hello(games: &[PathBuf]) {
    for game in games {
        let output = play(game);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            SAID,
            "{game:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{game:?}: {}", output.status);
    }
}

/// Returns the paths of all files below a directory except compiled addons, sorted.
fn files(directory: &Path) -> Vec<String> {
    let found =
        run(Command::new("find").arg(directory).args(["-type", "f", "!", "-name", "*.node", "-printf", "%P\n"]));
    let mut found: Vec<String> = found.lines().map(String::from).collect();
    found.sort_unstable();
    found
}

#[test]
fn the_installed_javascript_is_all_of_the_binding() {
    let installed = files(&prefix().join("share/egret_ws/js"));
    let licences = ["LICENSE-APACHE", "LICENSE-MIT"];
    let mut sources: Vec<String> = files(&root().join("bindings/js"));
    sources.retain(|file| {
        // These are parts that egret_ws.js contains, the module for Egret, and files that a build or npm writes.
        !["script/", "module/", "node_modules/", "prebuilds/"].iter().any(|other| file.starts_with(other))
            && !file.ends_with(".gitignore")
            && !licences.contains(&file.as_str())
    });
    sources.extend(licences.map(String::from));
    sources.sort_unstable();
    assert_eq!(installed, sources, "bindings/js/package.json lists what is installed");
    assert!(installed.len() > 10);
}

#[test]
fn the_addon_is_built_from_the_installed_copy() {
    if is_skipped() {
        return;
    }
    let js = run(command("pkg-config").args(["--variable=jsdir", "egret_ws"]));
    let js = Path::new(js.trim_end());
    let said = run(command(js.join("node/build.sh")).env("CFLAGS", "-Werror").current_dir(js));
    assert_eq!(said, "built node/egret_ws.node\n");
    let (name, path) = (js.to_str().expect("UTF-8"), js.join("index.mjs"));
    assert_hello(&games(&directory("js_addon"), name, path.to_str().expect("UTF-8")));
}

/// The first block of code of a language on the page of the binding, after some words.
fn sample<'a>(page: &'a str, after: &str, language: &str) -> &'a str {
    let page = page.split_once(after).expect("the words").1;
    let block = page.split_once(&format!("```{language}\n")).expect("a block").1;
    block.split_once("```").expect("its end").0
}

#[test]
fn the_shell_of_the_page_is_built_from_the_installed_copy() {
    if is_skipped() {
        return;
    }
    let folder = directory("js_jsc");
    let page = fs::read_to_string(root().join("bindings/js/README.md")).expect("the page");
    let game = sample(&page, "A game for this shell", "js");
    assert!(game.contains("ws://127.0.0.1:9000/"), "the page has another URL now");
    fs::write(folder.join("game.js"), game.replace("ws://127.0.0.1:9000/", echo_url())).expect("a game");
    fs::write(folder.join("shell.cpp"), sample(&page, "A complete shell", "cpp")).expect("a shell");
    let commands = sample(&page, "A complete shell", "sh");
    let mut shell = command("sh");
    shell.args([
        "-e",
        "-c",
        &format!("cc() {{ command cc -std=c99 -Wall -Wextra -pedantic -Werror \"$@\"; }}\n{commands}"),
    ]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let outcome_of = |command: &mut Command| {
        let output = command.current_dir(&folder).output().expect("a program");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let expected = sample(&page, "It prints", "text").to_owned();
    assert_eq!(outcome_of(&mut shell), (Some(0), expected, String::new()));

    let script = prefix().join("share/egret_ws/js/egret_ws.js");
    let run_game = |game: &str| {
        fs::write(folder.join("other.js"), game).expect("a game");
        outcome_of(Command::new("./shell").arg(&script).arg("other.js"))
    };
    let refused = "var socket = new WebSocket('ws://elsewhere.example/');
         socket.onerror = function (event) { console.log(event.type, event.message); };";
    let words = "error cannot connect: the application refuses ws://elsewhere.example/\n";
    assert_eq!(run_game(refused), (Some(0), words.to_owned(), String::new()));
    // An exception has its place, also in a handler; a value that is no Error has none.
    for (game, words) in [
        ("\n\nnone();", "other.js:3: ReferenceError: Can't find variable: none\n"),
        ("\n(", "other.js:2: SyntaxError: Unexpected end of script\n"),
        (
            "new WebSocket('ws://elsewhere.example/').onclose = function () {\n none(); };",
            "other.js:2: ReferenceError: Can't find variable: none\n",
        ),
        ("throw 'words';", "words\n"),
    ] {
        assert_eq!(run_game(game), (Some(1), String::new(), words.to_owned()));
    }
    let complaint_of = |arguments: &[&str]| outcome_of(Command::new("./shell").args(arguments));
    let script = script.to_str().expect("a path in UTF-8");
    for (arguments, words) in [
        (&[script, "none.js"][..], "shell: cannot read none.js\n"),
        (&["none.js", "game.js"], "shell: cannot read none.js\n"),
        (&[script], "usage: shell EGRET_WS_JS GAME_JS\n"),
    ] {
        assert_eq!(complaint_of(arguments), (Some(2), String::new(), words.to_owned()));
    }
    let (status, _, words) = complaint_of(&["game.js", script]);
    assert_eq!(status, Some(2));
    assert!(words.contains("shell: game.js is not egret_ws.js"), "{words}");
}

/// The package that `npm pack` makes of a directory, unpacked; and the paths of its files.
fn pack(directory: &Path, package: &Path) -> Vec<String> {
    fs::create_dir_all(package).expect("a directory");
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--offline", "--pack-destination"]).arg(package).current_dir(directory);
    let name = run(npm.env("npm_config_update_notifier", "false"));
    assert_eq!(name.trim_end(), format!("egret-ws-{}.tgz", env!("CARGO_PKG_VERSION")));
    let archive = package.join(name.trim_end());
    run(Command::new("tar").arg("-xzf").arg(&archive).arg("--strip-components=1").arg("-C").arg(package));
    fs::remove_file(archive).expect("the archive");
    files(package)
}

#[test]
fn npm_packs_the_sources_as_what_is_installed() {
    if is_skipped() {
        return;
    }
    // A copy is used, because npm writes the licences into the directory that it packs.
    let folder = directory("js_npm_sources");
    let copy = folder.join("sources/bindings/js");
    fs::create_dir_all(copy.parent().expect("a directory")).expect("a directory");
    run(Command::new("cp").arg("-R").arg(root().join("bindings/js")).arg(&copy));
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(licence), folder.join("sources").join(licence)).expect("a licence");
    }
    let before = files(&copy);
    let packed = pack(&copy, &folder.join("package"));
    assert_eq!(packed, files(&prefix().join("share/egret_ws/js")));
    assert_eq!(files(&copy), before);
}

#[test]
fn the_npm_package_exchanges_a_message() {
    if is_skipped() {
        return;
    }
    let installed = prefix().join("share/egret_ws/js");
    let package = directory("js_npm").join("game/node_modules/egret-ws");
    assert_eq!(pack(&installed, &package), files(&installed));

    // Without an addon, the error names the places that were searched, and describes how to make the addon.
    let games = games(package.ancestors().nth(2).expect("the project"), "egret-ws", "egret-ws");
    let places = ["node/egret_ws.node", "prebuilds/linux-"];
    for game in &games {
        let said = String::from_utf8(play(game).stderr).expect("UTF-8");
        for part in places.iter().chain(&["there is no addon for linux-", "node/build.sh", "make install"]) {
            assert!(said.contains(part), "{game:?}: no \"{part}\": {said}");
        }
    }

    run(&mut command(package.join("node/build.sh")));
    assert_hello(&games);

    // The addon is linked to the static library, and is at the place of prebuilt addons.
    let platform = run(Command::new("node").args(["-p", "`${process.platform}-${process.arch}`"]));
    let prebuilt = package.join("prebuilds").join(platform.trim_end()).join("egret_ws.node");
    fs::create_dir_all(prebuilt.parent().expect("a directory")).expect("a directory");
    fs::remove_file(package.join("node/egret_ws.node")).expect("the addon");
    run(command(package.join("node/build.sh")).arg("").arg(&prebuilt).env("STATIC", "1"));
    assert!(!crate::needs(&prebuilt, "libegret_ws"));
    let exported = run(Command::new("nm").args(["--dynamic", "--defined-only"]).arg(&prebuilt));
    assert!(exported.contains("napi_register_module") && !exported.contains(" egret_ws_loop_new"), "{exported}");
    assert_hello(&games);

    // An addon that cannot be loaded gives another error than a missing one.
    fs::write(&prebuilt, "not a library").expect("a file");
    let said = String::from_utf8(play(&games[0]).stderr).expect("UTF-8");
    assert!(said.contains("cannot load the addon") && said.contains("prebuilds/linux-"), "{said}");
}

#[test]
fn the_build_of_the_addon_names_missing_files() {
    if is_skipped() {
        return;
    }
    let script = prefix().join("share/egret_ws/js/node/build.sh");
    let empty = directory("js_missing_empty");
    let complaint = |command: &mut Command| {
        let output = command.output().expect("a shell");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let mut nowhere = Command::new(&script);
    let said = complaint(nowhere.env("PKG_CONFIG_PATH", &empty).env("PKG_CONFIG_LIBDIR", &empty));
    assert!(said.contains("pkg-config finds no egret_ws") && said.contains("make install"), "{said}");
    let said = complaint(command(&script).env("NODE_INCLUDE", &empty));
    assert!(said.contains("node_api.h") && said.contains("libnode-dev"), "{said}");
    let said = complaint(Command::new(&script).arg(empty.join("none")));
    assert!(said.contains("there is no directory"), "{said}");
}

#[test]
fn the_package_has_the_version_of_the_library() {
    let page = fs::read_to_string(root().join("bindings/js/package.json")).expect("package.json");
    assert!(page.contains(&format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"))), "{page}");
    assert!(page.contains("\"license\": \"MIT OR Apache-2.0\""), "{page}");
}

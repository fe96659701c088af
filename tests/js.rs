//! The JavaScript of `bindings/js`: runs the programs of `tests/js` under Node.

use std::io::{Read, Write, stderr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};
#[cfg(target_os = "linux")]
#[allow(dead_code)] // other tests use more of this module
use test_support::echo_server::echo_url;
use test_support::{failing_servers, library, samples};

/// This is longer than any wait inside the programs, so that the programs themselves report which event is missing.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// The time limit of `node_memory.js` when `EGRET_WS_TEST_SOCKETS` or `EGRET_WS_TEST_MESSAGES` makes it long.
const LONG_TIME_LIMIT: Duration = Duration::from_secs(900);

const OUR_MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/js/module/bin/socket.js");

#[test]
fn script_websocket() {
    node(&["script_websocket.js"]);
}

#[test]
fn script_send() {
    node(&["script_send.js"]);
}

#[test]
fn script_events() {
    node(&["script_events.js"]);
}

#[test]
fn script_dispatch() {
    node(&["script_dispatch.js"]);
}

#[test]
fn script_options() {
    node(&["script_options.js"]);
}

#[test]
fn script_network() {
    node(&["script_network.js"]);
}

#[test]
fn script_install() {
    node(&["script_install.js"]);
}

#[test]
fn script_native() {
    node(&["script_native.js"]);
}

#[test]
fn script_model() {
    node(&["script_model.js"]);
}

#[test]
fn script_buffers() {
    node(&["script_buffers.js"]);
}

#[test]
fn script_work() {
    node(&["script_work.js"]);
}

#[test]
fn egret_module() {
    node(&["module.js", concat!(env!("CARGO_TARGET_TMPDIR"), "/egret-module")]);
}

#[test]
fn node_sockets() {
    node_glue(&["node_sockets.js"]);
}

#[test]
fn node_loop() {
    node_glue(&["node_loop.js"]);
}

#[test]
fn node_buffers() {
    node_glue(&["node_buffers.js"]);
}

#[test]
fn node_connecting() {
    node_glue(&["node_connecting.js"]);
}

#[test]
fn node_network() {
    node_glue(&["node_network.js"]);
}

#[test]
fn node_extensions() {
    node_glue(&["node_extensions.js"]);
}

/// On other systems, no environment variable sets the trusted authorities.
#[cfg(target_os = "linux")]
#[test]
fn node_secure() {
    use test_support::certificates::{RIGHT, ROOT, SELF_SIGNED};
    let files = [ROOT.chain(), RIGHT.chain(), RIGHT.key(), SELF_SIGNED.chain(), SELF_SIGNED.key()];
    let files = files.each_ref().map(|path| path.to_str().expect("a path in UTF-8"));
    node_glue(&[&["node_secure.js"], &files[..]].concat());
}

/// Runs the sample of the README in a directory. The glue is at the path that the sample uses.
#[test]
fn sample_of_the_readme_runs() {
    if is_skipped() {
        return node(&["README.md"]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("bindings/js/node/README.md")).expect("the page");
    let mut blocks = page.split("```js\n").skip(1).map(|rest| rest.split("```").next().expect("the end of a block"));
    let [sample, frames] =
        [blocks.next(), blocks.next()].map(|block| block.expect("a sample and the variant with frames"));
    let build = Path::new(env!("CARGO_TARGET_TMPDIR")).join("js-readme");
    let glue = build.join("bindings/js/node");
    std::fs::create_dir_all(&glue).expect("a directory");
    for file in ["egret_ws.js", "node/index.js", "node/addon.js", "node/realm.js"] {
        std::fs::copy(root.join("bindings/js").join(file), build.join("bindings/js").join(file)).expect("the glue");
    }
    std::fs::copy(addon(), glue.join("egret_ws.node")).expect("the addon");
    let program = |text: &str, url: &str| {
        let text = text.replace("ws://127.0.0.1:9000/", url);
        assert!(text.contains(url), "the page has another URL now");
        std::fs::write(build.join("game.js"), text).expect("the sample");
        let mut node = Command::new("node");
        node.arg("game.js").current_dir(&build);
        node
    };
    assert_eq!(library::run(&mut program(sample, echo_url())), "received: Hello Egret WebSocket\n");

    // The frames keep the process alive, so the program must end the process.
    let (head, rest) = sample.split_once("install(globalThis);").expect("the call");
    let framed = format!("{head}{frames}{rest}socket.onclose = () => process.exit();\n");
    assert_eq!(library::run(&mut program(&framed, echo_url())), "received: Hello Egret WebSocket\n");

    for (url, complaint) in
        [(failing_servers::dead_url(), "refused"), (failing_servers::refusing_url(), "403"), ("ws://[", "SyntaxError")]
    {
        let said = failing_servers::failure_of(&mut program(sample, url), &build.join("output"));
        assert!(said.contains(complaint), "{url}: {said}");
    }
}

/// The programs of `docs/samples/js`, in a folder where the package `egret-ws` is installed.
#[test]
fn samples_of_pages_run() {
    let programs = samples::programs("js");
    if is_skipped() {
        return node(&["docs/samples/js"]);
    }
    if programs.is_empty() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("js-samples");
    let package = folder.join("node_modules/egret-ws");
    std::fs::create_dir_all(package.join("node")).expect("a directory");
    for file in ["package.json", "egret_ws.js", "index.mjs", "node/index.js", "node/addon.js", "node/realm.js"] {
        let bindings = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/js");
        std::fs::copy(bindings.join(file), package.join(file)).expect("a file of the package");
    }
    std::fs::copy(addon(), package.join("node/egret_ws.node")).expect("the addon");
    for program in programs {
        let copy = folder.join(program.file_name().expect("a name"));
        std::fs::copy(&program, &copy).expect("the sample");
        samples::run(Command::new("node").arg(&copy), &copy.with_extension("log"));
    }
}

#[test]
fn node_lifetime() {
    node_glue(&["--expose-gc", "node_lifetime.js"]);
}

#[test]
fn node_pages() {
    node_glue(&["--expose-gc", "--max-semi-space-size=1", "node_pages.js"]);
}

#[test]
fn node_memory() {
    node_glue(&["--expose-gc", "--max-semi-space-size=1", "node_memory.js"]);
}

#[test]
fn package_contexts() {
    node_glue(&["package_contexts.js"]);
}

#[test]
fn package_types() {
    node(&["package_types.js", type_checkers(), concat!(env!("CARGO_MANIFEST_DIR"), "/bindings/js")]);
}

#[test]
fn package_ohos() {
    if is_skipped() {
        return node(&["package_ohos.js"]);
    }
    let library = library::build();
    let library = library.to_str().expect("a path in UTF-8");
    node(&["--expose-gc", "package_ohos.js", type_checkers(), echo_url(), library]);
}

/// The directory of the compilers of TypeScript and ArkTS, which npm downloads.
fn type_checkers() -> &'static str {
    static TOOLS: LazyLock<&str> = LazyLock::new(|| {
        let tools = concat!(env!("CARGO_TARGET_TMPDIR"), "/js-types");
        if !is_skipped() {
            let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
            library::run(Command::new(scripts.join("npm_list.sh")).arg(scripts.join("types")).arg(tools));
        }
        tools
    });
    &TOOLS
}

#[test]
fn node_engine_with_the_engines_module() {
    node_engine("");
}

#[test]
fn node_engine_with_our_module() {
    node_engine(OUR_MODULE);
}

#[cfg(target_os = "linux")]
#[test]
fn addon_is_hardened() {
    if is_skipped() {
        return node(&["egret_ws.node"]);
    }
    library::assert_hardened(Path::new(addon()));
}

/// Returns the path of the compiled addon.
fn addon() -> &'static str {
    static ADDON: LazyLock<String> = LazyLock::new(|| {
        let addon = format!("{}/egret_ws.node", env!("CARGO_TARGET_TMPDIR"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/js/node/build.sh");
        library::run(Command::new(script).arg(library::build()).arg(&addon).env("CFLAGS", "-Werror"));
        addon
    });
    &ADDON
}

/// Runs a test program of the Node-API glue, with an echo server's URL and the addon as the last two arguments.
fn node_glue(arguments: &[&str]) {
    if is_skipped() {
        return node(arguments);
    }
    node(&[arguments, &[echo_url(), addon()]].concat());
}

/// Runs the real engine with a socket module. An empty path means the engine's module.
fn node_engine(module: &str) {
    if is_skipped() {
        return node(&["node_engine.js", module]);
    }
    let engine = npm_package("engine.sh", &[]);
    let engines_module = format!("{engine}/socket/socket.js");
    node_glue(&["node_engine.js", &engine, if module.is_empty() { &engines_module } else { module }]);
}

/// Runs the samples of the page for Egret games.
#[test]
fn page_for_egret_games() {
    if is_skipped() {
        return node(&["egret_page.js"]);
    }
    let engine = npm_package("engine.sh", &[]);
    let [socket_io, mqtt] = [
        [
            "socket.io-client",
            "4.8.4",
            "sha512-7wjKAvVXYOJsbmUgkWbnhPD4bFpkqrUR0++XOjpGFmqDqsqV1CI93VTraeExLxpjxEqrWgFoSRZu1ihjLWfkAA==",
        ],
        [
            "mqtt",
            "5.16.0",
            "sha512-G0VsEtuJz5sJUgZJaaADMVfW7SIFPzkIuHR+d6rk+tBeSwdCfd9BaIRycRfd2AbyFDEmLlFM+SDQeti/+IbOnw==",
        ],
    ]
    .map(|package| npm_package("npm_package.sh", &package));
    node_glue(&["egret_page.js", &engine, OUR_MODULE, &socket_io, &mqtt]);
}

/// Runs a script of `tests/js` that downloads a package once, and returns the path that it prints.
fn npm_package(script: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js").join(script);
    let mut fetch = Command::new(script);
    library::run(fetch.args(arguments).arg(concat!(env!("CARGO_TARGET_TMPDIR"), "/egret-engine"))).trim().to_owned()
}

fn is_skipped() -> bool {
    std::env::var("SKIP").is_ok_and(|steps| steps.split_whitespace().any(|step| step == "js"))
}

/// Runs `node` in `tests/js`, prints its output, and expects success. If `SKIP` has `js`, prints that it was skipped.
fn node(arguments: &[&str]) {
    if is_skipped() {
        // `eprintln!` is not used, because cargo shows its output only for failed tests.
        writeln!(stderr(), "SKIPPED: js: {} (js is named in SKIP)", arguments.join(" ")).expect("stderr");
        return;
    }
    let mut child = Command::new("node")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run node: {error}; install it, version 20 or newer (Debian: nodejs)"));
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    let is_long =
        ["EGRET_WS_TEST_SOCKETS", "EGRET_WS_TEST_MESSAGES"].iter().any(|name| std::env::var_os(name).is_some());
    let limit = if is_long { LONG_TIME_LIMIT } else { TIME_LIMIT };
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().expect("a child to wait for") {
            Some(status) => break Some(status),
            None if Instant::now() >= deadline => {
                child.kill().expect("a child to end");
                child.wait().expect("a child that was ended");
                break None;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    print!("{}", stdout.join().expect("the reader of stdout"));
    eprint!("{}", stderr.join().expect("the reader of stderr"));
    match status {
        Some(status) => assert!(status.success(), "node {arguments:?}: {status}"),
        None => panic!("node {arguments:?} did not end within {limit:?}"),
    }
}

/// Reads to the end in a thread, so that the pipe never fills up.
fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).expect("a readable pipe");
        String::from_utf8_lossy(&text).into_owned()
    })
}

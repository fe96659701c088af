//! Runs the conformance suite of `tests/js/conformance` in each JavaScript engine. The differences from the standards must be
//! exactly those in `differences.txt`. bindings/js/README.md lists the differences of our objects.
//!
//! Without a variable, it runs in the Node of this system, in JavaScriptCore and in V8. With `EGRET_WS_TEST_ENGINES=all` it also
//! runs in the engines that npm downloads: Node 22, Node 24, and the WebSocket of undici as a reference. If a tool is missing, a
//! test fails, unless the variable SKIP has `js`.
#![cfg(target_os = "linux")]

#[path = "js/conformance/differences.rs"]
mod differences;

use differences::Table;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use test_support::library;

/// The time limit of a whole run. Most runs take a few seconds.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn suite() -> PathBuf {
    root().join("tests/js/conformance")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_skipped() -> bool {
    test_support::skip::is_skipped("js")
}

/// Returns true if engines are downloaded for this run.
fn has_all_engines() -> bool {
    std::env::var("EGRET_WS_TEST_ENGINES").is_ok_and(|engines| engines == "all")
}

#[test]
fn node() {
    if !is_skipped() {
        let version = library::run(Command::new("node").args(["-p", "process.versions.node.split('.')[0]"]));
        check_node(&format!("node{}", version.trim()), "node".as_ref());
        if has_all_engines() {
            let [node22, node24] = ["node22", "node24"].map(|package| engines().join(package).join("bin/node"));
            check_node("node22", &node22);
            check_node("node24", &node24);
            check("undici", |url| on_node(&node24, url, "undici", &engines().join("undici")));
        }
    }
}

fn check_node(engine: &str, node: &Path) {
    check(engine, |url| on_node(node, url, "egret", addon()));
    // Printing and garbage collection are functions of Node.
    let server = Server::start();
    let mut objects = Command::new(node);
    objects.arg("--expose-gc").arg(suite().join("node_objects.js")).arg(&server.url).arg(addon());
    let output = objects.output().unwrap_or_else(|error| panic!("cannot run {objects:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{engine}: {}\n{text}", output.status);
}

#[test]
fn javascriptcore() {
    if !is_skipped() {
        check_shell("jsc", "");
    }
}

#[test]
fn v8() {
    if !is_skipped() {
        // This downloads V8 if it is not installed.
        let flags = library::run(Command::new(root().join("tests/js/v8.sh")).arg(env!("CARGO_TARGET_TMPDIR")));
        check_shell("v8", &flags);
    }
}

/// Checks the shell of `examples/egret_shell`, compiled with these flags for its engine.
fn check_shell(engine: &str, flags: &str) {
    let shell = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("conformance-shell-{engine}"));
    let mut build = Command::new(root().join("examples/egret_shell/build.sh"));
    library::run(build.arg(&shell).arg(library::build()).args(flags.split_whitespace()));
    check(engine, |url| on_shell(&shell, url));
}

#[test]
fn readme_lists_the_differences() {
    let page = std::fs::read_to_string(root().join("bindings/js/README.md")).expect("the page");
    let (_, list) = page.split_once("\nIt differs from the standard:\n\n").expect("the list of the page");
    let (list, _) = list.split_once("\n\n").expect("the end of the list");
    let listed: Vec<String> = list
        .split("\n- ")
        .map(|item| item.trim_start_matches("- ").split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let table = Table::read(&suite());
    let ours: Vec<&str> = table.differences.iter().filter(|it| it.is_ours).map(|it| it.text.as_str()).collect();
    assert_eq!(listed, ours, "the list in bindings/js/README.md (left) and differences.txt differ");
}

/// Returns the path of the addon for Node.
fn addon() -> &'static Path {
    static ADDON: LazyLock<PathBuf> = LazyLock::new(|| {
        let addon = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance.node");
        library::run(Command::new(root().join("bindings/js/node/build.sh")).arg(library::build()).arg(&addon));
        addon
    });
    &ADDON
}

/// Returns the directory of the packages of npm.
fn engines() -> &'static Path {
    static ENGINES: LazyLock<PathBuf> = LazyLock::new(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("js-engines");
        library::run(Command::new(root().join("tests/js/npm_list.sh")).arg(suite().join("engines")).arg(&dir));
        dir.join("node_modules")
    });
    &ENGINES
}

fn on_node(node: &Path, url: &str, kind: &str, objects: &Path) -> Command {
    let mut command = Command::new(node);
    command.arg(suite().join("run_node.js")).args([url, kind]).arg(objects);
    command
}

/// Returns a command for a shell that evaluates scripts until no socket and no timer is left.
fn on_shell(shell: &Path, url: &str) -> Command {
    let mut command = Command::new(shell);
    // The value that cargo has set would take precedence over the rpath.
    command.env_remove("LD_LIBRARY_PATH").args(["--seconds", &TIME_LIMIT.as_secs().to_string()]);
    let list = std::fs::read_to_string(suite().join("scripts.js")).expect("the list of scripts");
    let scripts = list.split('\'').filter(|part| part.ends_with(".js"));
    command.args(scripts.map(|script| suite().join(script)));
    command.args(["--eval", &format!("suite.run('{url}', console.log)")]);
    command
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The output of a run.
#[derive(Default)]
struct Run {
    outcomes: BTreeMap<String, Outcome>,
    /// Exceptions that the host must report: the test, and a part of the text.
    thrown: Vec<(String, String)>,
    is_done: bool,
}

impl Run {
    fn add(&mut self, line: &str) {
        let named = |rest: &str| {
            let (name, why) = split_name(rest);
            (name.to_owned(), why.to_owned())
        };
        let (name, outcome) = if let Some(name) = line.strip_prefix("ok ") {
            (name.to_owned(), Outcome::Passed)
        } else if let Some(rest) = line.strip_prefix("not ok ") {
            let (name, why) = named(rest);
            (name, Outcome::Failed(why))
        } else if let Some(rest) = line.strip_prefix("skip ") {
            let (name, why) = named(rest);
            (name, Outcome::Skipped(why))
        } else if let Some(label) = line.strip_prefix("throws ") {
            self.thrown.push((String::new(), label.to_owned()));
            return;
        } else if let Some(count) = line.strip_prefix("done ") {
            assert_eq!(self.outcomes.len().to_string(), count, "results");
            self.is_done = true;
            return;
        } else {
            panic!("this is not a line of a result: {line}");
        };
        // The labels come before the result of their test.
        self.thrown.iter_mut().filter(|(test, _)| test.is_empty()).for_each(|(test, _)| test.clone_from(&name));
        self.outcomes.insert(name, outcome);
    }

    /// If the host does not report an exception that a test throws, the test fails. Returns reports that no test has caused. (A
    /// check that fails inside a listener is a failure of its test.)
    fn compare_reports(&mut self, errors: &str) -> Vec<String> {
        let reports = errors.lines().filter_map(|line| line.strip_prefix("Uncaught "));
        let mut reports: Vec<&str> = reports.filter(|it| !it.contains("CheckFailed")).collect();
        for (test, label) in &self.thrown {
            if let Some(index) = reports.iter().position(|report| report.contains(label.as_str())) {
                reports.remove(index);
            } else if let Some(outcome @ Outcome::Passed) = self.outcomes.get_mut(test) {
                *outcome = Outcome::Failed(format!("the host does not report {label}"));
            }
        }
        reports.into_iter().map(|report| format!("the host reports what no test throws: {report}")).collect()
    }
}

/// Splits `NAME: why`. The name itself may contain colons, so the harness separates the two parts by a tab.
fn split_name(rest: &str) -> (&str, &str) {
    rest.split_once('\t').expect("a name and a reason")
}

/// Runs the suite in an engine, and compares the result with the table of differences.
fn check(engine: &str, command: impl FnOnce(&str) -> Command) {
    let start = Instant::now();
    let (mut run, errors) = perform(command);
    assert!(run.is_done, "{engine}: the run did not end\n{errors}");
    let mut faults = run.compare_reports(&errors);
    let table = Table::read(&suite());
    let mut expected = table.expected(engine);
    for (name, outcome) in &run.outcomes {
        let is_expected = expected.remove(name.as_str()).is_some();
        match outcome {
            Outcome::Passed if is_expected => faults.push(format!("passes, although the table has it: {name}")),
            Outcome::Failed(why) if !is_expected => faults.push(format!("fails: {name}: {why}")),
            Outcome::Skipped(why) if is_expected => {
                faults.push(format!("is skipped, although the table has it: {name}: {why}"))
            }
            Outcome::Skipped(why) if !table.may_skip(engine, why) => faults.push(format!("is skipped: {name}: {why}")),
            _ => {}
        }
    }
    faults.extend(expected.into_keys().map(|name| format!("is in the table, but not in the suite: {name}")));

    let count = |of: fn(&Outcome) -> bool| run.outcomes.values().filter(|outcome| of(outcome)).count();
    println!(
        "{engine}: {} passed, {} differ, {} skipped, {:.1?}",
        count(|it| matches!(it, Outcome::Passed)),
        count(|it| matches!(it, Outcome::Failed(_))),
        count(|it| matches!(it, Outcome::Skipped(_))),
        start.elapsed()
    );
    for difference in table.differences.iter().filter(|it| it.concerns(engine)) {
        println!("  - {}", difference.text);
    }
    assert!(faults.is_empty(), "{engine}:\n{}", faults.join("\n"));
}

/// Starts a server, and runs the program. Returns the results, and the text that the program wrote to stderr.
fn perform(command: impl FnOnce(&str) -> Command) -> (Run, String) {
    let server = Server::start();
    let mut program = command(&server.url);
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {program:?}: {error}"));
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut errors = child.stderr.take().expect("piped");
    let errors = thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).expect("a readable pipe");
        String::from_utf8_lossy(&text).into_owned()
    });
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in lines {
            if sender.send(line.expect("a line of ASCII")).is_err() {
                return;
            }
        }
    });

    let mut run = Run::default();
    let deadline = Instant::now() + TIME_LIMIT;
    while !run.is_done {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => run.add(&line),
            Err(_) => break, // it has ended, or it is too slow
        }
    }
    // Without the server, the sockets that are left end at once, and then the program ends.
    drop(server);
    if library::wait(child, deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(5))).is_none() {
        run.is_done = false;
    }
    (run, errors.join().expect("the reader of stderr"))
}

/// A server of the suite. It ends when this is dropped.
struct Server {
    url: String,
    child: Child,
}

impl Server {
    fn start() -> Server {
        let mut child = Command::new("node")
            .arg(suite().join("server.js"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run node: {error}; install it, version 20 or newer (Debian: nodejs)")
            });
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut url).expect("the URL of the server");
        Server { url: url.trim().to_owned(), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

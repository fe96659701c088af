//! Runs the cases of Autobahn's conformance suite with a C client that uses the public header, and with each driver of the loop.
//! Cases that take minutes are left out; `make autobahn` runs all. The scripts are in tests/autobahn. They limit every wait.

use std::path::Path;
use std::process::Command;
use test_support::library;

#[test]
fn every_case_ends_as_expected() {
    if test_support::skip::is_skipped("autobahn") {
        return;
    }
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/autobahn");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (venv, report) = (target.join("autobahn-venv"), target.join("autobahn-report"));
    run(Command::new(scripts.join("install.sh")).arg(&venv));
    run(Command::new(scripts.join("run.sh")).arg(library::build()).args([&venv, &report]).arg("quick"));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}", output.status);
}

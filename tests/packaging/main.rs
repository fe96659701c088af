//! The scripts that make the packages of a release: `make dist`. The packages themselves are tested by `make test-dist`.

mod archives;
mod crash_reports;
mod dist;
mod paths;
mod pins;
mod scripts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns a program or script of `packaging/dist`.
fn script(name: &str) -> Command {
    let mut command = Command::new(root().join("packaging/dist").join(name));
    command.env_remove("SOURCE_DATE_EPOCH");
    command
}

/// Makes an empty folder for one test.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is removed");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn write(file: &Path, content: &[u8]) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, content).expect("a file");
}

fn output(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    // The output is not always UTF-8, because readelf also prints bytes of checksums.
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Checks that the command fails with the status, and that its message contains the reason.
#[track_caller]
fn is_refused(command: &mut Command, status: i32, reason: &str) {
    let output = output(command);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{command:?}: {message}");
    assert!(message.contains(reason), "{reason:?} is not in {message:?}");
}

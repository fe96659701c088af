//! The programs of `docs/samples`, which pages quote. Each takes the URL of an echo server and ends by itself.

use crate::echo_server::echo_url;
use crate::{library, paths};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Much longer than a sample takes: 5 s on an idle machine.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The samples of a language. A folder without one is a fault: its programs would not be run.
pub fn programs(language: &str) -> Vec<PathBuf> {
    programs_in(&paths::repository().join("docs/samples"), language)
}

/// As [`programs`], in another folder than `docs/samples`.
pub fn programs_in(samples: &Path, language: &str) -> Vec<PathBuf> {
    let folder = samples.join(language);
    if !folder.exists() {
        return Vec::new();
    }
    let entries = fs::read_dir(&folder).expect("the samples").map(|entry| entry.expect("a sample").path());
    let mut programs: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == language)).collect();
    assert!(!programs.is_empty(), "{} has no program *.{language}", folder.display());
    programs.sort();
    programs
}

/// The name of a program without its folder and extension.
pub fn name(program: &Path) -> &str {
    program.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8")
}

/// Runs a program with the URL of an echo server as its last argument. It has to end in time, with 0. `output` is a file for its output.
#[track_caller]
pub fn run(command: &mut Command, output: &Path) {
    let file = File::create(output).expect("a file for the output");
    // Cargo's entry would take precedence over the rpath.
    command.arg(echo_url()).env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    let child = command.stdout(file.try_clone().expect("a second handle")).stderr(file).spawn();
    let status = library::wait(child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")), TIME_LIMIT);
    let printed = String::from_utf8_lossy(&fs::read(output).expect("the output")).into_owned();
    match status {
        Some(status) => assert!(status.success(), "{command:?}: {status}\n{printed}"),
        None => panic!("{command:?} did not end within {TIME_LIMIT:?}\n{printed}"),
    }
}

//! The directories that tests read from and write to.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The directory for scratch files: what cargo gives to integration tests as `CARGO_TARGET_TMPDIR`. Cargo marks the target
/// directory with a tag.
pub fn scratch() -> PathBuf {
    let program = env::current_exe().expect("the path of this test");
    let mut above = program.ancestors();
    let target =
        above.find(|folder| folder.join("CACHEDIR.TAG").exists()).expect("this test lies in the target directory");
    target.join("tmp")
}

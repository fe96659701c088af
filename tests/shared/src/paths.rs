//! The directories that tests read from and write to.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The directory for scratch files, which cargo passes to integration tests as `CARGO_TARGET_TMPDIR`.
pub fn scratch() -> PathBuf {
    let program = env::current_exe().expect("the path of this test");
    let target =
        program.ancestors().find(|folder| is_target_dir(folder)).expect("this test lies in the target directory");
    target.join("tmp")
}

/// Is this a target directory of cargo? It keeps a file about the compiler there.
pub fn is_target_dir(folder: &Path) -> bool {
    folder.join(".rustc_info.json").exists()
}

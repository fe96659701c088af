//! The directories that tests read from and write to.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Returns the files of the repository `root`, except hidden ones and those that were built or fetched.
pub fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    add_sources(root, root, &mut found);
    found
}

fn add_sources(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let is_built = ["target", "node_modules"].contains(&name)
            || folder == root && ["build", "dist", "dist-quick"].contains(&name);
        if path.is_symlink() || name.starts_with('.') || is_built {
            continue;
        }
        if path.is_dir() {
            add_sources(root, &path, found);
        } else {
            found.push(path);
        }
    }
}

/// Returns the directory for scratch files, which cargo passes to integration tests as `CARGO_TARGET_TMPDIR`.
pub fn scratch() -> PathBuf {
    let program = env::current_exe().expect("the path of this test");
    let target =
        program.ancestors().find(|folder| is_target_dir(folder)).expect("this test lies in the target directory");
    target.join("tmp")
}

/// Returns whether this is a target directory of cargo. Such a directory contains a file about the compiler.
pub fn is_target_dir(folder: &Path) -> bool {
    folder.join(".rustc_info.json").exists()
}

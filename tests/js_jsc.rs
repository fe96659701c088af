//! JavaScript in JavaScriptCore: the scenarios of `tests/js/shell`, and the lifetime of the glue.
#![cfg(target_os = "linux")]

#[path = "js/jsc/egret_chat.rs"]
mod egret_chat;
#[path = "js/jsc/egret_project.rs"]
mod egret_project;
#[path = "js/shell/mod.rs"]
mod shell;

use shell::{finish, is_skipped, root, scratch};
use std::process::Command;
#[allow(dead_code)] // made for other tests, which need more of them
use test_support::library;

mod engine {
    pub const NAME: &str = "jsc";

    /// `build.sh` finds JavaScriptCore itself.
    pub fn shell_flags() -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn lifetime_of_the_glue() {
    if is_skipped() {
        return;
    }
    let program = scratch().join("lifetime");
    let flags = library::run(Command::new("pkg-config").args(["--cflags", "--libs", "javascriptcoregtk-4.1"]));
    let mut compiler = Command::new(library::compiler(false));
    compiler.args(["-std=c99", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror"]);
    compiler.arg("-I").arg(library::include_dir()).arg("-I").arg(root().join("bindings/js/jsc"));
    compiler.args([
        root().join("tests/js/jsc/lifetime.c"),
        root().join("bindings/js/jsc/egret_ws_jsc.c"),
        root().join("bindings/js/egret_ws_host.c"),
    ]);
    compiler.arg("-o").arg(&program);
    library::run(library::link(&mut compiler).args(flags.split_whitespace()));
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").arg(root().join("bindings/js/egret_ws.js"));
    let outcome = finish("lifetime", &mut command);
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.err);
}

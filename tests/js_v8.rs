//! JavaScript in V8: the scenarios of `tests/js/shell`, and the lifetime of the glue.
#![cfg(target_os = "linux")]

#[path = "js/shell/mod.rs"]
mod shell;

use shell::{finish, is_skipped, root, scratch};
use std::process::Command;
#[allow(dead_code)] // made for other tests, which need more of them
use test_support::library;

mod engine {
    use std::process::Command;
    use std::sync::LazyLock;
    use test_support::library;

    pub const NAME: &str = "v8";

    /// The flags of compiler and linker for V8. If V8 is not installed, it is downloaded once.
    pub fn shell_flags() -> Vec<String> {
        static FLAGS: LazyLock<String> = LazyLock::new(|| {
            let mut fetch = Command::new(super::shell::root().join("tests/js/v8.sh"));
            library::run(fetch.arg(env!("CARGO_TARGET_TMPDIR")))
        });
        FLAGS.split_whitespace().map(str::to_owned).collect()
    }
}

#[test]
fn lifetime_of_the_glue() {
    if is_skipped() {
        return;
    }
    let [program, host] = ["lifetime", "egret_ws_host.o"].map(|name| scratch().join(name));
    let compiler = |is_cpp: bool, standard: &str| {
        let mut compiler = Command::new(library::compiler(is_cpp));
        compiler.args([standard, "-g", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"]).arg(library::include_dir());
        compiler
    };
    let mut c = compiler(false, "-std=c99");
    library::run(c.arg("-c").arg(root().join("bindings/js/egret_ws_host.c")).arg("-o").arg(&host));
    let mut cpp = compiler(true, "-std=c++17");
    cpp.arg("-I").arg(root().join("bindings/js/v8")).arg(root().join("tests/js/v8/lifetime.cc"));
    cpp.arg(root().join("bindings/js/v8/egret_ws_v8.cc")).arg(&host).arg("-o").arg(&program);
    library::run(library::link(&mut cpp).args(engine::shell_flags()));
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").arg(root().join("bindings/js/egret_ws.js"));
    let outcome = finish("lifetime", &mut command);
    assert!(outcome.status.success(), "{}\n{}", outcome.status, outcome.err);
}

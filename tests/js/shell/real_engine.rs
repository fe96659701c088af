//! Runs the unmodified engine with our `WebSocket`, once with the engine's socket module and once with ours.

use super::{command, echo_url, egret_engine, finish, is_skipped, root, scenario};
use std::path::PathBuf;

fn socket_module(module: &str) -> PathBuf {
    match module {
        "engine" => egret_engine().join("socket/socket.js"),
        _ => root().join("bindings/js/module/bin").join(module),
    }
}

/// Runs a script in the engine with both drivers, and returns its output. Expects no exception.
fn run_in_engine(name: &str, module: &str, script: PathBuf, epilogue: &str) -> String {
    let mut printed = Vec::new();
    for driver in ["threaded", "inline"] {
        let mut command = command(driver, &echo_url());
        command.arg(egret_engine().join("egret/egret.js")).arg(socket_module(module)).arg(&script);
        let outcome = finish(&format!("{name}-{module}-{driver}"), command.arg("--eval").arg(epilogue));
        assert!(outcome.status.success(), "{name} ({module}, {driver}), {}:\n{}", outcome.status, outcome.err);
        printed.push(outcome.out);
    }
    assert_eq!(printed[0], printed[1], "the drivers differ");
    printed.swap_remove(0)
}

/// Runs the sample of the documentation. The added line only ends the shell.
fn sample(module: &str) {
    let script = root().join("examples/egret_shell/sample.js");
    let end = "socket.addEventListener(egret.ProgressEvent.SOCKET_DATA, socket.close, socket)";
    let expected = "The connection is successful, send data: Hello Egret WebSocket\n\
                    Receive data:Hello Egret WebSocket\n";
    assert_eq!(run_in_engine("sample", module, script, end), expected);
}

fn run(name: &str, module: &str) {
    assert_eq!(run_in_engine(name, module, scenario(name), ""), "passed\n");
}

macro_rules! with_module {
    ($($name:ident = $module:literal)*) => {$(
        mod $name {
            #[test]
            fn the_sample_of_the_documentation() {
                if !super::is_skipped() {
                    super::sample($module);
                }
            }

            #[test]
            fn binary() {
                if !super::is_skipped() {
                    super::run("engine_binary", $module);
                }
            }

            #[test]
            fn reconnect_from_the_close_handler() {
                if !super::is_skipped() {
                    super::run("engine_reconnect", $module);
                }
            }
        }
    )*};
}

with_module! {
    the_engines_socket_module = "engine"
    our_socket_module = "socket.js"
    our_minified_socket_module = "socket.min.js"
}

#[test]
fn events_of_our_socket_module() {
    if !is_skipped() {
        run("engine_events", "socket.js");
        run("engine_events", "socket.min.js");
    }
}

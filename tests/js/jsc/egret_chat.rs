//! Builds the chat of `examples/egret_chat` with Egret's own command line, and runs it in two shells that share a room of the
//! echo server.

use super::library;
use super::shell::{Outcome, echo_url, egret_engine, finish, is_skipped, root, scratch, shell};
use std::fs;
use std::process::{Command, Stdio};
use std::thread;

#[test]
fn two_players_chat_in_a_room() {
    if is_skipped() {
        return;
    }
    let project = scratch().join("egret_chat");
    if project.exists() {
        fs::remove_dir_all(&project).expect("the directory of the last run is removed");
    }
    let mut builder = Command::new(root().join("examples/egret_project/build.sh"));
    builder.arg(&project).arg(egret_engine().parent().expect("the package")).stdin(Stdio::null());
    library::run(builder.arg(root().join("examples/egret_chat")));

    for (build, path) in [("debug", ""), ("published", "bin-release/web/demo")] {
        let build_dir = project.join(path);
        let run = |name: &str, lines: &[&str]| {
            let mut command = Command::new(root().join("examples/egret_chat/run.sh"));
            command.env_remove("LD_LIBRARY_PATH").arg(shell()).arg(&build_dir);
            command.arg(format!("{}room/{build}", echo_url())).arg(name).args(lines);
            finish(&format!("egret_chat-{build}-{name}"), &mut command)
        };
        let (of_ben, of_ada) = thread::scope(|scope| {
            let ada = scope.spawn(|| run("Ada", &["Hello.", "It's 中 \\ \"x\""]));
            (run("Ben", &["Hi.", "See you."]), ada.join().expect("the other shell"))
        });
        let check = |outcome: &Outcome, expected: &str| {
            assert!(outcome.status.success(), "{build}, {}:\n{}{}", outcome.status, outcome.out, outcome.err);
            assert_eq!(outcome.out, expected, "{build}");
        };
        check(&of_ada, "Ben is here\nBen: Hi.\nBen: See you.\nthe chat has ended (1005)\n");
        check(&of_ben, "Ada is here\nAda: Hello.\nAda: It's 中 \\ \"x\"\nthe chat has ended (1005)\n");
    }
}

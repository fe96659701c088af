//! The programs of this package as child processes.
#![allow(dead_code, reason = "each suite uses a part of it")]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use test_support::library;

pub const ECHO: &str = env!("CARGO_BIN_EXE_egret-ws-echo");
pub const DOCTOR: &str = env!("CARGO_BIN_EXE_egret-ws-doctor");

/// An `egret-ws-echo` that runs until this is dropped.
pub struct Echo {
    child: Child,
    /// The server ends when this is dropped, or when this process ends, even by a crash.
    input: Option<ChildStdin>,
    /// The URL without the slash at its end.
    pub url: String,
    pub port: u16,
    /// The certificate file, with `--tls`.
    pub ca_file: String,
}

impl Echo {
    pub fn start(options: &[&str]) -> Echo {
        let mut command = Command::new(ECHO);
        command.arg("--until-eof").args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server runs");
        let input = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut line = || lines.next().expect("the server writes a line").expect("UTF-8");
        let url = line().trim_end_matches('/').to_owned();
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let ca_file = if url.starts_with("wss") { line() } else { String::new() };
        Echo { child, input, url, port, ca_file }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Closes the standard input of the server. Returns whether it then ended by itself.
    pub fn ends_with_its_input(mut self) -> bool {
        drop(self.input.take());
        self.child.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.ca_file.is_empty() {
            let _ = std::fs::remove_file(&self.ca_file);
        }
    }
}

/// Runs a program to its end, without the proxies of the environment.
pub fn output(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(variable).env_remove(variable.to_ascii_uppercase());
    }
    command.args(arguments).stdin(Stdio::null()).output().expect("the program runs")
}

pub fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}

/// Both programs report wrong arguments, and print their texts. `needs` are correct arguments.
#[track_caller]
pub fn assert_command_line(program: &str, name: &str, wrong: &[(&[&str], &str)]) {
    for (arguments, complaint) in wrong {
        let output = output(program, arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("{name}: ")) && said.contains(complaint), "not {complaint:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    for (option, begin) in [
        ("--help", format!("usage: {name} [OPTION...]")),
        ("--version", format!("{name} {}\n", env!("CARGO_PKG_VERSION"))),
    ] {
        let output = output(program, &[option]);
        assert!(output.status.success() && output.stderr.is_empty(), "{option}: {output:?}");
        assert!(text(&output.stdout).starts_with(&begin), "{option}: {}", text(&output.stdout));
    }
}

/// Runs a program until it ends, while nothing reads its standard output and error. It must not panic (exit code 101).
pub fn status_with_closed_output(program: &str, arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    drop((child.stdout.take(), child.stderr.take()));
    library::wait(child, test_support::WAIT_LIMIT).expect("it ends").code()
}

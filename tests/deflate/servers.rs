//! Echo servers of other projects. The header `Deflate` of a request contains the parameters for its connection.

use std::path::PathBuf;
use std::process::Command;
use test_support::daemon::{self, Daemon, installed_servers};
use test_support::paths::repository;

/// Starts Python's `websockets`.
pub fn websockets() -> Daemon {
    Daemon::start("deflate-websockets", |_, _| {
        let mut python = Command::new(installed_servers().join("venv/bin/python"));
        python.arg(here().join("echo.py"));
        python
    })
}

/// Starts Node's `ws`.
pub fn ws() -> Daemon {
    Daemon::start("deflate-ws", |_, _| {
        let mut node = Command::new("node");
        node.arg(here().join("echo.js")).env("NODE_PATH", installed_servers().join("node_modules"));
        node
    })
}

/// Starts nginx in front of `server`.
pub fn nginx(server: &Daemon) -> Daemon {
    daemon::nginx("deflate-nginx", "", "", server.port())
}

fn here() -> PathBuf {
    repository().join("tests/deflate")
}

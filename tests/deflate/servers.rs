//! Echo servers of other hands. The header `Deflate` of a request has their parameters for its connection.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use test_support::daemon::Daemon;

/// Python's `websockets`.
pub fn websockets() -> Daemon {
    Daemon::start("deflate-websockets", |_, _| {
        let mut python = Command::new(installed().join("venv/bin/python"));
        python.arg(here().join("echo.py"));
        python
    })
}

/// Node's `ws`.
pub fn ws() -> Daemon {
    Daemon::start("deflate-ws", |_, _| {
        let mut node = Command::new("node");
        node.arg(here().join("echo.js")).env("NODE_PATH", installed().join("node_modules"));
        node
    })
}

/// nginx in front of `server`.
pub fn nginx(server: &Daemon) -> Daemon {
    Daemon::start("deflate-nginx", |port, folder| {
        let configuration = format!(
            "daemon off;\n\
             pid nginx.pid;\n\
             error_log stderr;\n\
             events {{}}\n\
             http {{\n\
                 access_log off;\n\
                 client_body_temp_path body; proxy_temp_path proxy;\n\
                 fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
                 server {{\n\
                     listen 127.0.0.1:{port};\n\
                     location / {{\n\
                         proxy_pass http://127.0.0.1:{};\n\
                         proxy_http_version 1.1;\n\
                         proxy_set_header Upgrade $http_upgrade;\n\
                         proxy_set_header Connection upgrade;\n\
                     }}\n\
                 }}\n\
             }}\n",
            server.port()
        );
        let path = folder.join("configuration");
        fs::write(&path, configuration).expect("a configuration file");
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(path);
        nginx
    })
}

/// Where the servers are, installed once, also for the tests of TLS.
fn installed() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tls-servers");
        let mut install = Command::new(tests().join("tls/install.sh"));
        let status = install.arg(&folder).status().expect("install.sh runs");
        assert!(status.success(), "{install:?}: {status}");
        folder
    });
    &FOLDER
}

fn here() -> PathBuf {
    tests().join("deflate")
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

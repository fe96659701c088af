//! Echo servers behind the TLS of five projects. When a server receives the text `close`, it closes with 4001.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use test_support::certificates::{Certificate, RIGHT, ROOT};
use test_support::daemon::{self, Daemon, installed_servers};
use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

/// Starts Python's `websockets`, with its own TLS.
pub fn websockets() -> Daemon {
    Daemon::start("websockets", |_, _| script(python(), "websockets_echo.py"))
}

/// Starts Node's `ws`, with its own TLS.
pub fn ws() -> Daemon {
    Daemon::start("ws", |_, _| {
        let mut node = script("node", "ws_echo.js");
        node.env("NODE_PATH", installed_servers().join("node_modules"));
        node
    })
}

/// Starts nginx in front of `echo`, with these directives in its server block.
pub fn nginx(certificate: &Certificate, directives: &str) -> Daemon {
    let (chain, key) = (certificate.chain(), certificate.key());
    let certificate = format!("ssl_certificate {}; ssl_certificate_key {};", chain.display(), key.display());
    daemon::nginx("nginx", "ssl", &format!("{certificate}\n{directives}"), echo())
}

/// Starts HAProxy in front of `echo`, with these parameters in its `bind` line.
pub fn haproxy(certificate: &Certificate, parameters: &str) -> Daemon {
    haproxy_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), certificate, parameters)
}

pub fn haproxy_on(listener: TcpListener, certificate: &Certificate, parameters: &str) -> Daemon {
    Daemon::start_on(listener, "haproxy", |_, folder| {
        let proxy = format!(
            "defaults\n\
             mode http\n\
             timeout connect 10s\n\
             timeout client 10s\n\
             timeout server 10s\n\
             frontend tls\n\
             bind fd@3 ssl crt {} {parameters}\n\
             default_backend echo\n\
             backend echo\n\
             server echo 127.0.0.1:{}\n",
            certificate.chain_and_key().display(),
            echo()
        );
        let mut haproxy = Command::new("haproxy");
        haproxy.args(["-db", "-f"]).arg(configure(folder, &proxy));
        haproxy
    })
}

/// Starts stunnel in front of `echo`.
pub fn stunnel() -> Daemon {
    Daemon::start("stunnel", |port, folder| {
        let (chain, key) = (RIGHT.chain(), RIGHT.key());
        let service = format!(
            "foreground = yes\n\
             pid =\n\
             [echo]\n\
             accept = 127.0.0.1:{port}\n\
             connect = 127.0.0.1:{}\n\
             cert = {}\n\
             key = {}\n",
            echo(),
            chain.display(),
            key.display()
        );
        let mut stunnel = Command::new("stunnel");
        stunnel.arg(configure(folder, &service));
        stunnel
    })
}

/// Returns a Python that has `websockets`.
pub fn python() -> PathBuf {
    installed_servers().join("venv/bin/python")
}

/// Starts a program of this folder with the right certificate.
fn script(interpreter: impl AsRef<std::ffi::OsStr>, program: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(here().join(program)).args([RIGHT.chain(), RIGHT.key()]);
    command
}

pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls")
}

fn configure(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("configuration");
    fs::write(&path, text).expect("a configuration file");
    path
}

/// The parameters with which nginx asks clients for certificates of `ROOT`.
pub fn nginx_asks_clients() -> String {
    format!("ssl_verify_client on; ssl_client_certificate {};", ROOT.chain().display())
}

/// The parameters with which HAProxy asks clients for certificates of `ROOT`.
pub fn haproxy_asks_clients() -> String {
    format!("verify required ca-file {}", ROOT.chain().display())
}

/// The port of a plain echo server for all tests. Servers with TLS forward to it.
fn echo() -> u16 {
    static PORT: LazyLock<u16> = LazyLock::new(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(|| talk(stream)))));
        port
    });
    *PORT
}

/// Echoes until one side closes. The client notices failures.
fn talk(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if message.to_text().is_ok_and(|text| text == "close") {
            let _ = socket.close(Some(CloseFrame { code: CloseCode::Library(4001), reason: "as told".into() }));
        } else if (message.is_text() || message.is_binary()) && socket.send(message).is_err() {
            return;
        }
    }
}

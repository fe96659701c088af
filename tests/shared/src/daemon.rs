//! Servers of other projects, as child processes.
#![allow(unsafe_code)] // kills process groups

use crate::WAIT_LIMIT;
use crate::paths::{repository, scratch};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Passes the listening socket to the server, as systemd does, and as nginx does to its successor. PATH may not contain
/// /usr/sbin.
const AS_DESCRIPTOR_3: &str =
    r#"exec 3<&0 </dev/null; PATH=$PATH:/usr/sbin; LISTEN_PID=$$ LISTEN_FDS=1 NGINX='3;' exec "$@""#;

/// A server that runs until this is dropped. It gets its listening socket as descriptor 3. So the port is certainly free, and if
/// a client connects before the server is ready, it waits in the queue of the socket.
pub struct Daemon {
    child: Child,
    port: u16,
    folder: PathBuf,
    lines: Receiver<String>,
}

impl Daemon {
    /// Starts a server by the command that `command` returns for the port and for a directory for its files.
    pub fn start(name: &str, command: impl FnOnce(u16, &Path) -> Command) -> Daemon {
        Daemon::start_on(TcpListener::bind("127.0.0.1:0").expect("a free port"), name, command)
    }

    pub fn start_on(listener: TcpListener, name: &str, command: impl FnOnce(u16, &Path) -> Command) -> Daemon {
        let port = listener.local_addr().expect("the port").port();
        let folder = scratch().join("tls").join(format!("{name}-{port}"));
        fs::create_dir_all(&folder).expect("a folder for the server");
        let command = command(port, &folder);
        // The server ends with this process, even if this process crashes.
        let mut child = Command::new("setpriv");
        child.args(["--pdeathsig", "TERM", "sh", "-c", AS_DESCRIPTOR_3, "sh"]);
        child.arg(command.get_program()).args(command.get_args());
        child.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        child.stdin(OwnedFd::from(listener)).stdout(Stdio::piped());
        child.stderr(File::create(folder.join("log")).expect("a file for the server's error output"));
        let mut child = child.process_group(0).spawn().expect("setpriv (Debian: util-linux) runs");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Daemon { child, port, folder, lines }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the next line that the server writes.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(WAIT_LIMIT).expect("the server writes a line")
    }

    /// Returns the next line, if the server has already written it.
    pub fn try_line(&self) -> Option<String> {
        self.lines.try_recv().ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The whole process group is killed, because nginx has a worker process.
        let group = i32::try_from(self.child.id()).expect("a process number");
        // SAFETY: `kill` takes numbers. The child was not waited for yet, so the number still belongs to it.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _ = self.child.wait();
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("output in {}:\n{log}", self.folder.display());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The directory of the servers that Debian does not have, or has only in an old version: `venv/bin/python` with `websockets`,
/// `node_modules` with `ws`. They are installed once for all suites.
pub fn installed_servers() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = scratch().join("tls-servers");
        let mut install = Command::new(repository().join("tests/shared/install_servers.sh"));
        let status = install.arg(&folder).status().expect("install_servers.sh runs");
        assert!(status.success(), "{install:?}: {status}");
        folder
    });
    &FOLDER
}

/// Starts nginx in front of the server on port `backend`. `listen` follows the address in the directive of that name.
/// `directives` are additional lines of the server block.
pub fn nginx(name: &str, listen: &str, directives: &str, backend: u16) -> Daemon {
    Daemon::start(name, |port, folder| {
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
                     listen 127.0.0.1:{port} {listen};\n\
                     {directives}\n\
                     location / {{\n\
                         proxy_pass http://127.0.0.1:{backend};\n\
                         proxy_http_version 1.1;\n\
                         proxy_set_header Upgrade $http_upgrade;\n\
                         proxy_set_header Connection upgrade;\n\
                     }}\n\
                 }}\n\
             }}\n",
        );
        let path = folder.join("configuration");
        fs::write(&path, configuration).expect("a configuration file");
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(path);
        nginx
    })
}

//! Proxies of other projects as child processes, each on a free loopback port.
#![allow(unsafe_code)] // kills process groups

use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;

/// A proxy that accepts connections.
pub struct ProxyProcess {
    process: process::Child,
    port: u16,
    /// Its configuration and its output.
    files: [PathBuf; 2],
}

impl ProxyProcess {
    /// Starts `command`, a program and its arguments. In it and in `configuration`, `PORT` stands for the port. `FILE` in the
    /// command stands for the file with the configuration.
    pub fn start(command: &[&str], configuration: &str) -> ProxyProcess {
        let mut last_output = String::new();
        // Another program may take the port before this program listens on it.
        for _ in 0..3 {
            match ProxyProcess::try_start(command, configuration) {
                Ok(process) => return process,
                Err(output) => last_output = output,
            }
        }
        panic!("{} does not listen; is it installed (see tests/tools/setup.sh)?\n{last_output}", command[0]);
    }

    /// Starts the proxy. The error is the output of the program until it ended or reached the time limit.
    fn try_start(command: &[&str], configuration: &str) -> Result<ProxyProcess, String> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let file = scratch().join(format!("{}-{port}", command[0]));
        let log = file.with_extension("log");
        let output = File::create(&log).expect("a file for the program's output");
        let fill_in = |text: &str| text.replace("PORT", &port.to_string()).replace("FILE", &file.to_string_lossy());
        fs::write(&file, fill_in(configuration)).expect("a file for the configuration");
        // Servers are in directories that only the shell of an administrator searches.
        let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
        // It ends with this test, in whatever way the test ends.
        let process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .process_group(0)
            .args(command.iter().map(|part| fill_in(part)))
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn()
            .expect("setpriv (Debian: util-linux) runs");
        let mut process = ProxyProcess { process, port, files: [file, log] };
        match process.listens() {
            true => Ok(process),
            false => Err(process.output()),
        }
    }

    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + WAIT_LIMIT;
        while Instant::now() < deadline && self.process.try_wait().expect("the program's status").is_none() {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.files[1]).unwrap_or_default()
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for ProxyProcess {
    fn drop(&mut self) {
        if let (Ok(None), Ok(group)) = (self.process.try_wait(), i32::try_from(self.process.id())) {
            // The whole group is ended, because some programs have child processes.
            // SAFETY: `kill` takes numbers. The process was not waited for yet, so the number still belongs to it.
            unsafe { libc::kill(-group, libc::SIGKILL) };
            let _ = self.process.wait();
        }
        if thread::panicking() {
            eprintln!("output of {}:\n{}", self.files[0].display(), self.output());
        }
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
    }
}

fn scratch() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proxies");
    fs::create_dir_all(&dir).expect("a directory for the proxies");
    dir
}

//! Processes that are stopped (SIGSTOP), which is how a phone freezes them. A stopped server is a lost peer. A stopped client
//! recovers.
#![allow(unsafe_code)] // signals are not in std

use crate::heartbeat::{answer_ping, close, expect_heartbeat_timeout, read_ping};
use ::egret_ws::*;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver, Loop, on_both_drivers};
use test_support::frame::Frame;
use test_support::scripted_server::{Peer, Server};

/// This variable is set in the second process: the port to which a client connects. It is empty for a server.
const ROLE: &str = "EGRET_WS_TEST_ROLE";
const DRIVER: &str = "EGRET_WS_TEST_DRIVER";

/// A test of this program, run in a separate process that ends with this one.
struct Child(process::Child);

impl Child {
    fn start(test: &str, variables: &[(&str, String)]) -> Child {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(env::current_exe().expect("this program"));
        command.args(["--exact", test, "--nocapture", "--test-threads", "1"]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Child(command.stdout(Stdio::piped()).spawn().expect("setpriv (Debian: util-linux) runs"))
    }

    fn signal(&self, signal: i32) {
        let process = i32::try_from(self.0.id()).expect("a process number");
        // SAFETY: `kill` takes numbers. The process was not waited for yet, so the number still belongs to it.
        let sent = unsafe { libc::kill(process, signal) };
        assert_eq!(sent, 0, "the signal is sent");
    }

    /// Stops every thread of the process, and waits until they have stopped.
    fn stop(&self) {
        self.signal(libc::SIGSTOP);
        let deadline = Instant::now() + WAIT_LIMIT;
        let is_stopped = || {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id())).expect("its threads");
            let mut stats = tasks.map(|task| fs::read_to_string(task.expect("a thread").path().join("stat")));
            stats.all(|stat| stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T"))))
        };
        while !is_stopped() {
            assert!(Instant::now() < deadline, "it does not stop");
            thread::yield_now();
        }
    }

    /// Keeps the process frozen for this time, then lets it continue.
    fn continue_after(&self, time: Duration) {
        thread::sleep(time);
        self.signal(libc::SIGCONT);
    }

    /// Waits for the end of the process. Returns its output.
    fn end(mut self) -> String {
        let mut printed = String::new();
        self.0.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("its output");
        assert!(self.0.wait().expect("its status").success(), "{printed}");
        printed
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[test]
fn stopped_server_is_reported() {
    const TEST: &str = "stopped_processes::stopped_server_is_reported";
    if env::var_os(ROLE).is_some() {
        return answer_pings();
    }
    on_both_drivers(|host| {
        let mut child = Child::start(TEST, &[(ROLE, String::new())]);
        let output = BufReader::new(child.0.stdout.take().expect("a pipe"));
        let port = output.lines().find_map(|line| line.expect("a line").split_once("port ")?.1.parse().ok());
        let socket = host.connect_with(port.expect("it prints its port"), |options| {
            (options.ping_interval_ms, options.pong_timeout_ms) = (50, 400);
        });
        host.wait_until("an answer to a ping", || socket.stats().rtt_us > 0);
        child.stop();
        let begun = Instant::now();
        let report = socket.wait_closed();
        expect_heartbeat_timeout(&report);
        assert!(begun.elapsed() < Duration::from_secs(5), "after {:?}", begun.elapsed());
    });
}

/// The server in its process: it answers pings until it is killed.
fn answer_pings() {
    let server = Server::start(|mut peer| {
        peer.upgrade();
        loop {
            answer_ping(&mut peer);
        }
    });
    println!("\nport {}", server.port());
    server.finish();
}

// The client runs in a separate process, and the server in this one.

const TIMEOUT: Duration = Duration::from_secs(1);
/// This is longer than the heartbeat takes, and long enough for the library to notice that it did not run.
const FROZEN: Duration = Duration::from_millis(2600);

#[test]
fn stopped_client_accepts_a_pong_that_came_meanwhile() {
    run_with_stopped_client(
        "stopped_processes::stopped_client_accepts_a_pong_that_came_meanwhile",
        |mut peer, client| {
            let ping = read_ping(&mut peer);
            client.stop();
            peer.send(&Frame::pong(ping.payload));
            client.continue_after(FROZEN);
            answer_pings_and_close(peer);
            ALIVE
        },
    );
}

#[test]
fn briefly_stopped_client_accepts_the_pong() {
    const TEST: &str = "stopped_processes::briefly_stopped_client_accepts_the_pong";
    // This is longer than the time-out, but too short for the library to notice.
    run_with_stopped_client(TEST, |mut peer, client| {
        let ping = read_ping(&mut peer);
        client.stop();
        peer.send(&Frame::pong(ping.payload));
        client.continue_after(TIMEOUT * 3 / 2);
        answer_pings_and_close(peer);
        ALIVE
    });
}

#[test]
fn stopped_client_sends_another_ping() {
    run_with_stopped_client("stopped_processes::stopped_client_sends_another_ping", |mut peer, client| {
        read_ping(&mut peer);
        client.stop();
        client.continue_after(FROZEN); // the pong was lost
        answer_pings_and_close(peer);
        ALIVE
    });
}

#[test]
fn stopped_client_reports_a_dead_peer() {
    run_with_stopped_client("stopped_processes::stopped_client_reports_a_dead_peer", |mut peer, client| {
        read_ping(&mut peer);
        client.stop();
        client.continue_after(FROZEN);
        let begun = Instant::now();
        read_ping(&mut peer);
        peer.expect_end();
        assert!(begun.elapsed() >= TIMEOUT, "given up after {:?}", begun.elapsed());
        format!("ended with {EGRET_WS_ERR_TIMEOUT} in phase {EGRET_WS_PHASE_OPEN}")
    });
}

const ALIVE: &str = "ended with 0 in phase 9"; // EGRET_WS_PHASE_CLOSING: closed with a closing handshake

fn answer_pings_and_close(mut peer: Peer) {
    for _ in 0..4 {
        answer_ping(&mut peer);
    }
    close(peer);
}

/// Runs `script` with a client in a second process, once for each driver. The script returns the expected last line of the
/// client.
fn run_with_stopped_client<T: Into<String> + 'static>(test: &str, script: fn(Peer, &Child) -> T) {
    if let Ok(port) = env::var(ROLE) {
        return run_client(port.parse().expect("a port"));
    }
    // They run in parallel, because each takes seconds.
    thread::scope(|scope| {
        for driver in DRIVERS {
            scope.spawn(move || run_script_with_stopped_client(test, driver, script));
        }
    });
}

fn run_script_with_stopped_client<T: Into<String> + 'static>(
    test: &str,
    driver: Driver,
    script: fn(Peer, &Child) -> T,
) {
    let (start, started) = mpsc::channel::<Child>();
    let server = Server::start(move |mut peer| {
        peer.upgrade();
        let client = started.recv().expect("the client's process");
        (script(peer, &client).into(), client)
    });
    let variables = [(ROLE, server.port().to_string()), (DRIVER, format!("{driver:?}"))];
    start.send(Child::start(test, &variables)).expect("the server waits for it");
    let (expected, client): (String, Child) = server.finish();
    let printed = client.end();
    assert!(printed.contains(&expected), "{driver:?}: not {expected:?}, but {printed}");
}

/// The client, in its process.
fn run_client(port: u16) {
    let driver = env::var(DRIVER).expect("a driver");
    let driver = DRIVERS.into_iter().find(|known| format!("{known:?}") == driver);
    let host = Loop::new(driver.expect("one of two drivers"));
    let socket = host.connect_with(port, |options| {
        (options.ping_interval_ms, options.pong_timeout_ms) = (50, TIMEOUT.as_millis() as u32);
    });
    let report = socket.wait_closed();
    println!("\nended with {} in phase {}", report.error, report.phase);
}

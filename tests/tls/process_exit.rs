//! The process ends while a loop uses TLS.
#![allow(unsafe_code)] // `exit`, as C programs call it

use crate::hosts::new_loop;
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use std::env;
use std::process::Command;
use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use test_support::certificates::{RIGHT, ROOT};
use test_support::client::{DRIVERS, Loop};

const CHILD: &str = "EGRET_WS_TEST_EXITS";
const STATUS: i32 = 7;
const ROUNDS: u32 = 20;

/// The loop and the port of the server, for the handler.
static HOST: AtomicPtr<(Loop, u16)> = AtomicPtr::new(ptr::null_mut());

/// Runs after OpenSSL has cleaned up. Threads of the library still run, and a connection fails without a call of OpenSSL.
extern "C" fn late() {
    // SAFETY: the loop was leaked, and is used only on this thread.
    let (host, port) = unsafe { &*HOST.load(Relaxed) };
    let report = host.connect_port(*port, &Settings::default()).wait_closed();
    assert!(report.message.contains("TLS is not available: the process is ending"), "{report:#?}");
    // SAFETY: the function takes a number, and does not return.
    unsafe { libc::_exit(STATUS) };
}

/// Runs in a process that exchanges messages with the server, and ends while its loop uses TLS.
fn live(arguments: &str) {
    let [port, round]: [u32; 2] = {
        let (port, round) = arguments.split_once(' ').expect("a port and a round");
        [port, round].map(|number| number.parse().expect("a number"))
    };
    // SAFETY: the handler takes no argument and does not unwind.
    unsafe { libc::atexit(late) };
    // SAFETY: NULL means no settings. The host also uses OpenSSL, which cleans up at exit.
    assert_eq!(unsafe { openssl_sys::OPENSSL_init_ssl(0, ptr::null()) }, 1);
    let roots = env::var("EGRET_WS_TEST_ROOTS").expect("the roots");
    let host = Box::leak(Box::new((new_loop(DRIVERS[round as usize % 2]), port as u16)));
    HOST.store(host, Relaxed);
    let host = &host.0;
    let settings = Settings::default().roots(roots);
    let sockets: Vec<_> = (0..4).map(|_| host.connect_port(port as u16, &settings)).collect();
    let begun = Instant::now();
    if round >= ROUNDS / 2 {
        sockets.iter().for_each(|socket| socket.wait_open());
    }
    for socket in &sockets {
        for _ in 0..20 {
            socket.send_binary(&[7; 10_000]); // this is refused if it is not open
        }
    }
    while begun.elapsed() < Duration::from_micros(u64::from(round) * 700) {
        host.poll(0);
    }
    // SAFETY: the function takes a number, and does not return.
    unsafe { libc::exit(1) };
}

#[test]
fn processes_end_with_their_status_while_tls_is_in_use() {
    if let Ok(arguments) = env::var(CHILD) {
        return live(&arguments);
    }
    let server = servers::haproxy(&RIGHT, "");
    for round in 0..ROUNDS {
        let child = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "process_exit::processes_end_with_their_status_while_tls_is_in_use"])
            .env(CHILD, format!("{} {round}", server.port()))
            .env("EGRET_WS_TEST_ROOTS", ROOT.pem())
            .output()
            .expect("it runs again");
        let printed = String::from_utf8_lossy(&child.stderr);
        assert_eq!(child.status.code(), Some(STATUS), "round {round}: {}\n{printed}", child.status);
    }
}

//! Trusted authorities: of the system, additional ones, or only the given ones.

use crate::certificates::refused;
use crate::hosts::{new_loop, on_both_drivers};
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use test_support::certificates::{Certificate, RIGHT, ROOT, UNTRUSTED};
use test_support::client::{DRIVERS, Socket};

#[track_caller]
fn unknown(socket: &Socket<'_>) {
    refused(socket, EGRET_WS_ERR_TLS_ISSUER, "unable to get local issuer certificate");
}

fn only(roots: &Certificate) -> Settings {
    Settings::default().roots(roots.pem()).flags(EGRET_WS_ONLY_THESE_ROOTS)
}

#[test]
fn roots_that_are_given_are_trusted_and_no_others() {
    let server = servers::haproxy(&RIGHT, "");
    let port = server.port();
    on_both_drivers(|host| {
        unknown(&host.connect_port(port, &Settings::default()));
        unknown(&host.connect_port(port, &Settings::default().roots(UNTRUSTED.pem())));
        unknown(&host.connect_port(port, &only(&UNTRUSTED)));
        host.connect_port(port, &Settings::trusting()).wait_open();
        host.connect_port(port, &only(&ROOT)).wait_open();
        let bundle = format!("Two authorities.\n\n# One\n{}\r\n# Two\n{}", UNTRUSTED.pem(), ROOT.pem());
        host.connect_port(port, &Settings::default().roots(bundle)).wait_open();
    });
}

/// Makes connections in parallel, and one after the other, each with its own settings. Equal settings share a connector.
#[test]
fn settings_do_not_mix() {
    let server = servers::haproxy(&RIGHT, "");
    let good = [Settings::default().flags(EGRET_WS_ACCEPT_ANY_CERTIFICATE), Settings::trusting(), only(&ROOT)];
    let bad = [Settings::default(), only(&UNTRUSTED)];
    on_both_drivers(|host| {
        for _ in 0..3 {
            let trusted = good.each_ref().map(|settings| host.connect_port(server.port(), settings));
            let not_trusted = bad.each_ref().map(|settings| host.connect_port(server.port(), settings));
            trusted.iter().for_each(Socket::wait_open);
            not_trusted.iter().for_each(unknown);
        }
    });
}

/// OpenSSL uses these variables to find the system's roots if they are set, so a separate process sets them to `ROOT`.
#[test]
fn the_systems_roots_are_trusted() {
    const PORT: &str = "EGRET_WS_TEST_TLS_PORT";
    if let Ok(port) = env::var(PORT) {
        return in_a_system_that_trusts_root(port.parse().expect("a port"));
    }
    let server = servers::haproxy(&RIGHT, "");
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["--exact", "roots::the_systems_roots_are_trusted", "--nocapture"]);
    child.env(PORT, server.port().to_string()).env("SSL_CERT_FILE", ROOT.chain()).env("SSL_CERT_DIR", "/nowhere");
    let output = child.output().expect("it runs again");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.contains("1 passed"), "it failed in its own process");
    // Without the variables, it is not trusted: see above.
}

fn in_a_system_that_trusts_root(port: u16) {
    on_both_drivers(|host| {
        host.connect_port(port, &Settings::default()).wait_open();
        host.connect_port(port, &Settings::default().roots(UNTRUSTED.pem())).wait_open();
        unknown(&host.connect_port(port, &only(&UNTRUSTED)));
    });
}

/// The system's bundle is a pipe without a writer, so reading it never ends.
#[test]
fn unused_system_roots_are_not_read() {
    const PORT: &str = "EGRET_WS_TEST_PIPE_PORT";
    if let Ok(port) = env::var(PORT) {
        return in_a_system_whose_roots_hang(port.parse().expect("a port"));
    }
    let server = servers::haproxy(&RIGHT, "");
    let pipe = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("roots-{}", std::process::id()));
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["--exact", "roots::unused_system_roots_are_not_read"]);
    child.env(PORT, server.port().to_string()).env("SSL_CERT_FILE", &pipe).env("SSL_CERT_DIR", "/nowhere");
    child.env("EGRET_WS_TEST_ROOTS", ROOT.pem());
    let output = child.args(["--nocapture"]).output().expect("it runs again");
    fs::remove_file(&pipe).expect("the pipe");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.contains("1 passed"), "it failed in its own process");
}

fn in_a_system_whose_roots_hang(port: u16) {
    let root = env::var("EGRET_WS_TEST_ROOTS").expect("the roots of the first process");
    on_both_drivers(|host| {
        let only_root = Settings::default().roots(&*root).flags(EGRET_WS_ONLY_THESE_ROOTS);
        host.connect_port(port, &only_root).wait_open();
        unknown(&host.connect_port(port, &only(&UNTRUSTED)));
    });
    // The loop ends, and later the process, while a thread still reads the system's roots.
    for driver in DRIVERS {
        let host = new_loop(driver);
        let socket = host.connect_port(port, &Settings::trusting().timeout_ms(50));
        socket.wait_closed().expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
        let _waiting = host.connect_port(port, &Settings::trusting());
        host.poll(10);
    }
}

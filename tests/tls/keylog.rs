//! The secrets of connections in the file of SSLKEYLOGFILE. They are written only with the cargo feature `keylog`, which releases
//! do not have.
#![allow(unsafe_code)] // sets a variable of the environment

use crate::hosts::new_loop;
use crate::servers;
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use test_support::certificates::RIGHT;
use test_support::client::DRIVERS;
use test_support::paths;
use test_support::process::runs_alone;

const VARIABLE: &str = "SSLKEYLOGFILE";

#[test]
fn secrets_are_written_only_with_the_feature() {
    if !runs_alone("keylog::secrets_are_written_only_with_the_feature") {
        return;
    }
    let path = paths::scratch().join(format!("keys-{}", std::process::id()));
    // SAFETY: this process runs no other test, and no thread reads the environment now.
    unsafe { std::env::set_var(VARIABLE, &path) };
    let server = servers::haproxy(&RIGHT, "");
    for driver in DRIVERS {
        let host = new_loop(driver);
        for _ in 0..2 {
            let socket = host.connect_port(server.port(), &Settings::trusting());
            socket.wait_open();
            assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
            assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        }
        let warnings = host.take_log().iter().filter(|line| line.contains(VARIABLE)).count();
        assert_eq!(warnings, usize::from(cfg!(feature = "keylog")), "one warning for each loop");
    }
    if !cfg!(feature = "keylog") {
        assert!(!path.exists(), "a library without the feature has written secrets");
        return;
    }
    let lines = fs::read_to_string(&path).expect("the secrets");
    // draft-ietf-tls-keylogfile: a label, the random number of the client, and a secret, in hexadecimal digits.
    let is_entry = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let is_hexadecimal = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        matches!(words[..], [_, random, secret] if random.len() == 64 && is_hexadecimal(random) && is_hexadecimal(secret))
    };
    assert!(lines.lines().all(is_entry), "{lines}");
    let count = |label: &str| lines.lines().filter(|line| line.starts_with(label)).count();
    assert_eq!((count("CLIENT_TRAFFIC_SECRET_0 "), count("SERVER_TRAFFIC_SECRET_0 ")), (4, 4), "{lines}");
    assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    fs::remove_file(path).expect("the file");
}

/// A release is built with the default features.
#[test]
fn the_feature_is_not_a_default_one() {
    let manifest = include_str!("../../Cargo.toml");
    let default = manifest.lines().find(|line| line.starts_with("default = ")).expect("default features");
    assert!(!default.contains("keylog"), "{default}");
    for (name, text) in
        [("Makefile", include_str!("../../Makefile")), ("CMakeLists.txt", include_str!("../../CMakeLists.txt"))]
    {
        assert!(!text.contains("keylog"), "{name} builds with the feature");
    }
}

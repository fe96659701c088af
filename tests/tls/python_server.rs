//! The scripted server of peer.py.

use crate::servers::{here, python};
use std::process::Command;
use test_support::certificates::Certificate;
use test_support::client::Loop;
use test_support::daemon::Daemon;

/// A TLS server that runs one script for each client.
pub struct Peer(Daemon);

/// The report about one client.
#[derive(Debug)]
pub struct ClientReport {
    /// `clean` with close_notify, `cut` without it, `reset`, or the alert.
    pub end: String,
    pub received: Vec<u8>,
}

impl Peer {
    /// `version` and `script` are those of peer.py.
    pub fn start(certificate: &Certificate, version: Version, script: &str) -> Peer {
        Peer(Daemon::start("peer", |_, _| {
            let mut peer = Command::new(python());
            peer.arg(here().join("peer.py")).args([certificate.chain(), certificate.key()]);
            peer.arg(format!("{version:?}")).args(script.split_whitespace());
            peer
        }))
    }

    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// Waits for the end of the next client. Returns the report about it.
    #[track_caller]
    pub fn next_report(&self) -> ClientReport {
        ClientReport::read(&self.0.line())
    }

    /// Like [`Peer::next_report`], but polls the loop during the wait.
    #[track_caller]
    pub fn next_report_while_polling(&self, host: &Loop) -> ClientReport {
        let mut line = None;
        host.wait_until("the server's report", || {
            line = self.0.try_line();
            line.is_some()
        });
        ClientReport::read(&line.unwrap_or_default())
    }
}

impl ClientReport {
    #[track_caller]
    fn read(line: &str) -> ClientReport {
        let (end, received) = line.split_once(' ').unwrap_or_else(|| panic!("no report: {line:?}"));
        ClientReport { end: end.to_owned(), received: bytes(received.trim_start_matches('-')) }
    }
}

#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types)] // as Python spells them
pub enum Version {
    TLSv1_2,
    TLSv1_3,
}

pub const BOTH_VERSIONS: [Version; 2] = [Version::TLSv1_2, Version::TLSv1_3];

pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("hex"), 16).expect("hex")).collect()
}

//! Writes the secrets of connections to a file, in the NSS format that Wireshark reads (draft-ietf-tls-keylogfile). This needs
//! the cargo feature `keylog`, which releases do not have.

use crate::environment;
use ::openssl::ssl::SslContextBuilder;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;

const VARIABLE: &str = "SSLKEYLOGFILE";

/// Returns the file that the environment names, if any, or the reason why it cannot be written. It is opened once in a process.
fn file() -> &'static Option<(PathBuf, io::Result<File>)> {
    static FILE: OnceLock<Option<(PathBuf, io::Result<File>)>> = OnceLock::new();
    FILE.get_or_init(|| {
        let path: PathBuf = environment::variable(VARIABLE).filter(|path| !path.is_empty())?.into();
        // Only this user may read the secrets.
        let opened = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        Some((path, opened))
    })
}

/// Returns the warning for the log. `None`: no secrets are written.
pub(in super::super) fn warning() -> Option<String> {
    let (path, opened) = file().as_ref()?;
    let path = path.display();
    Some(match opened {
        Ok(_) => format!(
            "{VARIABLE}: the secrets of TLS connections are written to {path}; anyone who can read this file can decrypt all data"
        ),
        Err(error) => format!("{VARIABLE}: {path} cannot be opened: {error}"),
    })
}

/// Lets the connections of a context write their secrets, if the environment names a file.
pub(super) fn prepare(builder: &mut SslContextBuilder) {
    if let Some((_, Ok(file))) = file() {
        builder.set_keylog_callback(move |_, line| {
            // One call is used, so that lines of several threads do not mix. If the disk is full, the handshake continues.
            let _ = (&*file).write_all(format!("{line}\n").as_bytes());
        });
    }
}

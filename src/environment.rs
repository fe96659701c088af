//! Environment variables of this process.

use std::ffi::OsString;

/// The value of a variable. None where the process has more rights than the user who started it (setuid, setgid, file
/// capabilities): there the environment is that user's, who must not decide where the process connects to or whom it trusts.
pub fn variable(name: &str) -> Option<OsString> {
    if has_more_rights_than_its_user() { None } else { std::env::var_os(name) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)] // not in std
fn has_more_rights_than_its_user() -> bool {
    // SAFETY: it takes a number, and reads what the kernel gave the process at its start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
#[allow(unsafe_code)] // not in std
fn has_more_rights_than_its_user() -> bool {
    unsafe extern "C" {
        safe fn issetugid() -> libc::c_int;
    }
    issetugid() != 0
}

#[cfg(not(unix))]
fn has_more_rights_than_its_user() -> bool {
    false
}

//! Environment variables of this process.

use std::ffi::OsString;

/// Returns the value of a variable. Returns `None` if the process has more rights than the user who started it (setuid, setgid,
/// file capabilities). That user sets the environment, but must not decide where the process connects to or which certificates it
/// trusts.
pub fn variable(name: &str) -> Option<OsString> {
    if has_more_rights_than_its_user() { None } else { std::env::var_os(name) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)] // not in std
fn has_more_rights_than_its_user() -> bool {
    // SAFETY: getauxval takes a number and reads the vector that the kernel gave to the process at its start. It uses no pointer.
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

#[cfg(all(test, target_os = "linux"))]
#[allow(unsafe_code)] // _exit
mod tests {
    use super::*;
    use std::env;
    use std::fs::{self, Permissions};
    use std::io::{self, Write};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::process::Command;

    const AS_EXPECTED: &str = "the variable is as expected";
    const SETUID: &str = "EGRET_WS_TEST_SETUID";
    const NOBODY: u32 = 65534;

    /// Runs this program twice: as it is, and with the rights of another user.
    #[test]
    fn setuid_processes_ignore_their_environment() {
        if let Some(value) = env::var_os(SETUID) {
            let read = variable(SETUID);
            assert_eq!(read, (value == "as it is").then_some(value));
            io::stdout().write_all(AS_EXPECTED.as_bytes()).unwrap();
            io::stdout().flush().unwrap();
            // LeakSanitizer, which runs at `exit`, cannot look into a process that has more rights than its user.
            // SAFETY: _exit ends the process at once. Nothing in the process is needed any more.
            unsafe { libc::_exit(0) };
        }
        let own = env::current_exe().unwrap();
        let copy = own.with_file_name(format!("setuid-{}", std::process::id()));
        fs::copy(&own, &copy).unwrap();
        let owned = chown(&copy, Some(NOBODY), Some(NOBODY));
        fs::set_permissions(&copy, Permissions::from_mode(0o6755)).unwrap();
        let run = |program, value| {
            let mut child = Command::new(program);
            child.args(["--exact", "environment::tests::setuid_processes_ignore_their_environment"]);
            child.env(SETUID, value).output()
        };
        let children = [run(&own, "as it is"), run(&copy, "as nobody")];
        fs::remove_file(&copy).unwrap();
        let count = match owned {
            Ok(()) => 2,
            Err(error) => {
                println!("the part with setuid is left out, because only root can change the owner of a file: {error}");
                1
            }
        };
        for child in children.into_iter().take(count) {
            let child = child.unwrap();
            let output = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success() && output.contains(AS_EXPECTED), "{output}");
        }
    }
}

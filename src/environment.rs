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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::env;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::process::Command;

    const TOLD: &str = "EGRET_WS_TEST_SETUID";
    const NOBODY: u32 = 65534;

    /// Begins this program once more, as it is and as one that runs with another user's rights.
    #[test]
    fn a_setuid_process_does_not_believe_its_environment() {
        if let Some(told) = env::var_os(TOLD) {
            let believed = variable(TOLD);
            assert_eq!(believed, (told == "as it is").then_some(told));
            return;
        }
        let own = env::current_exe().unwrap();
        let copy = own.with_file_name(format!("setuid-{}", std::process::id()));
        fs::copy(&own, &copy).unwrap();
        let owned = chown(&copy, Some(NOBODY), Some(NOBODY));
        fs::set_permissions(&copy, Permissions::from_mode(0o6755)).unwrap();
        let run = |program, told| {
            let mut child = Command::new(program);
            child.args(["--exact", "environment::tests::a_setuid_process_does_not_believe_its_environment"]);
            child.env(TOLD, told).output()
        };
        let children = [run(&own, "as it is"), run(&copy, "as nobody")];
        fs::remove_file(&copy).unwrap();
        let count = match owned {
            Ok(()) => 2,
            Err(error) => {
                println!("the half with setuid is left out, only root can give a file away: {error}");
                1
            }
        };
        for child in children.into_iter().take(count) {
            let child = child.unwrap();
            let said = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success() && said.contains("1 passed"), "{said}");
        }
    }
}

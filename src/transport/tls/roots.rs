//! The certificate authorities that Android trusts: files in a directory, one certificate each.

use ::openssl::x509::X509;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

/// Where they are from Android 14 on, and where they were before (and still are, but grow old).
const DIRECTORIES: [&str; 2] = ["/apex/com.android.conscrypt/cacerts", "/system/etc/security/cacerts"];

/// Android's authorities, read once.
pub(super) fn of_android() -> &'static [X509] {
    static ROOTS: OnceLock<Vec<X509>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        // A hundred thousand user ids belong to each of the device's users (AID_USER_OFFSET).
        let user = fs::metadata("/proc/self").map_or(0, |process| process.uid() / 100_000);
        read(&DIRECTORIES.map(Path::new), Path::new(&format!("/data/misc/user/{user}/cacerts-removed")))
    })
}

/// The certificates of the first directory that has any, but those that the user has switched off: they have a file of the
/// same name in `removed`.
fn read(directories: &[&Path], removed: &Path) -> Vec<X509> {
    let names =
        |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let removed: HashSet<OsString> = names(removed).collect();
    let read = |directory: &&Path| -> Vec<X509> {
        names(directory)
            .filter(|name| !removed.contains(name))
            .filter_map(|name| X509::from_pem(&fs::read(directory.join(name)).ok()?).ok())
            .collect()
    };
    directories.iter().map(read).find(|roots| !roots.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::openssl::asn1::Asn1Time;
    use ::openssl::hash::MessageDigest;
    use ::openssl::pkey::PKey;
    use ::openssl::x509::X509Name;
    use std::path::PathBuf;

    /// A directory that is gone after the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("egret-ws-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        fn add(&self, file: &str, content: &[u8]) {
            fs::write(self.0.join(file), content).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn certificate(name: &str) -> Vec<u8> {
        let key = PKey::generate_ed25519().unwrap();
        let mut subject = X509Name::builder().unwrap();
        subject.append_entry_by_text("CN", name).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_subject_name(&subject.build()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.sign(&key, MessageDigest::null()).unwrap();
        builder.build().to_pem().unwrap()
    }

    fn names(directories: &[&Path], removed: &Path) -> Vec<String> {
        let name = |root: &X509| {
            let entry = root.subject_name().entries().next().unwrap();
            entry.data().to_string().unwrap()
        };
        let mut names: Vec<String> = read(directories, removed).iter().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn the_first_directory_that_has_any_counts() {
        let (new, old, removed) = (Scratch::new("new"), Scratch::new("old"), Scratch::new("removed"));
        let nowhere = Path::new("/nowhere");
        old.add("0a.0", &certificate("a"));
        old.add("0b.0", &[&certificate("b")[..], b"Certificate:\n    Data: as text\n"].concat());
        old.add("readme", b"no certificate");
        assert_eq!(names(&[nowhere, &old.0], nowhere), ["a", "b"], "before Android 14");
        assert_eq!(names(&[&new.0, &old.0], nowhere), ["a", "b"], "an empty one does not count");
        new.add("0c.0", &certificate("c"));
        new.add("0d.0", &certificate("d"));
        assert_eq!(names(&[&new.0, &old.0], nowhere), ["c", "d"]);
        removed.add("0c.0", b"");
        assert_eq!(names(&[&new.0, &old.0], &removed.0), ["d"], "the user has switched it off");
        assert!(names(&[nowhere], nowhere).is_empty());
    }
}

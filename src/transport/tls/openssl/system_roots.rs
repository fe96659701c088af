//! The certificate authorities that the system trusts. First they are read, which may block, because a path may name any kind of
//! file. Then they are added to the certificate store of OpenSSL.

use super::exit_guard::Cancelled;
use ::openssl::ssl::SslFiletype;
use ::openssl::x509::X509;
use ::openssl::x509::store::{X509Lookup, X509StoreBuilderRef};
use std::path::PathBuf;

#[cfg(target_os = "android")]
use android as source;
#[cfg(not(target_os = "android"))]
use files as source;

/// The certificates that were read.
pub(super) struct SystemRoots {
    /// The certificates of one file, in PEM.
    bundle: Vec<u8>,
    /// Directories in which OpenSSL looks for a certificate when it needs one. The name of a file is a hash of the certificate's
    /// subject.
    directories: Vec<PathBuf>,
}

impl SystemRoots {
    /// Reads the certificates. It does not call OpenSSL.
    pub(super) fn read() -> SystemRoots {
        SystemRoots { bundle: source::bundle(), directories: source::directories() }
    }

    /// Adds the certificates to the store while `may_continue` returns true. Certificates that this OpenSSL cannot use are skipped.
    pub(super) fn add_to(
        &self,
        store: &mut X509StoreBuilderRef,
        may_continue: &dyn Fn() -> bool,
    ) -> Result<(), Cancelled> {
        for block in blocks(&self.bundle) {
            if !may_continue() {
                return Err(Cancelled);
            }
            if let Ok(root) = X509::from_pem(block) {
                let _ = store.add_cert(root);
            }
        }
        if let Ok(lookup) = store.add_lookup(X509Lookup::hash_dir()) {
            for directory in self.directories.iter().filter_map(|directory| directory.to_str()) {
                let _ = lookup.add_dir(directory, SslFiletype::PEM);
            }
        }
        Ok(())
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Splits a PEM file into its blocks, each with its first and last line. OpenSSL decides which of them are certificates.
fn blocks(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|window| window == what);
    let mut rest = pem;
    std::iter::from_fn(move || {
        let after = &rest[find(rest, BEGIN)?..];
        let end = find(after, END)?;
        let line = after[end..].iter().position(|byte| *byte == b'\n').map_or(after.len(), |line| end + line + 1);
        rest = &after[line..];
        Some(&after[..line])
    })
}

/// For systems with the certificates in the form of OpenSSL: one file with all of them, and directories with a file for each,
/// named by a hash of its subject. The paths differ between systems, and the OpenSSL of the feature `vendored` does not know
/// them.
#[cfg(not(target_os = "android"))]
mod files {
    use crate::environment;
    use std::collections::HashSet;
    use std::ffi::{CStr, OsStr, c_char};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    const FILE: &str = "SSL_CERT_FILE";
    const DIRECTORIES: &str = "SSL_CERT_DIR";
    /// The first existing file is used.
    const KNOWN_FILES: [&str; 8] = [
        "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Gentoo
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
        "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL, older
        "/etc/ssl/ca-bundle.pem",                            // openSUSE
        "/etc/ssl/cert.pem",                                 // Alpine, OpenBSD, FreeBSD
        "/usr/local/etc/ssl/cert.pem",                       // FreeBSD
        "/usr/local/share/certs/ca-root-nss.crt",            // DragonFly
        "/etc/openssl/certs/ca-certificates.crt",            // NetBSD
    ];
    /// All existing directories are used.
    const KNOWN_DIRECTORIES: [&str; 4] =
        ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/local/share/certs", "/etc/openssl/certs"];

    /// Reads the file with all certificates.
    pub(super) fn bundle() -> Vec<u8> {
        file().and_then(|file| fs::read(file).ok()).unwrap_or_default()
    }

    fn file() -> Option<PathBuf> {
        let known = KNOWN_FILES.iter().map(PathBuf::from);
        let candidates = environment::variable(FILE).map(PathBuf::from).into_iter().chain(built_in().file).chain(known);
        candidates.into_iter().find(|file| file.exists())
    }

    pub(super) fn directories() -> Vec<PathBuf> {
        let from_variable = environment::variable(DIRECTORIES).map(|list| env::split_paths(&list).collect());
        let first: Vec<PathBuf> = from_variable.unwrap_or_else(|| built_in().directory.into_iter().collect());
        let mut seen = HashSet::new();
        // Often several paths name one directory, which would then be searched several times.
        let is_new = |directory: &PathBuf| fs::canonicalize(directory).is_ok_and(|real| seen.insert(real));
        first.into_iter().chain(KNOWN_DIRECTORIES.iter().map(PathBuf::from)).filter(is_new).collect()
    }

    struct BuiltIn {
        file: Option<PathBuf>,
        directory: Option<PathBuf>,
    }

    /// Returns the default paths of this OpenSSL.
    #[allow(unsafe_code)] // the crate does not have these functions
    fn built_in() -> BuiltIn {
        // SAFETY: these functions take no argument and return a text that lives as long as the library, or NULL.
        let [file, directory] = unsafe {
            [openssl_sys::X509_get_default_cert_file(), openssl_sys::X509_get_default_cert_dir()].map(|text| path(text))
        };
        BuiltIn { file, directory }
    }

    /// # Safety
    /// `text` is NULL, or a text with a NUL at its end that no thread changes during the call.
    #[allow(unsafe_code)]
    unsafe fn path(text: *const c_char) -> Option<PathBuf> {
        if text.is_null() {
            return None;
        }
        // SAFETY: the pointer is not NULL. The caller ensures the other conditions.
        let text = unsafe { CStr::from_ptr(text) };
        Some(Path::new(OsStr::from_bytes(text.to_bytes())).to_owned())
    }
}

/// The roots of Android: a directory with a file for each certificate, whose names are not those that OpenSSL expects.
#[cfg(any(test, target_os = "android"))]
#[cfg_attr(not(target_os = "android"), allow(dead_code))]
mod android {
    use super::blocks;
    use std::collections::HashSet;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;

    /// The directory since Android 14, and the older one. The older one still exists but is not updated.
    const DIRECTORIES: [&str; 2] = ["/apex/com.android.conscrypt/cacerts", "/system/etc/security/cacerts"];

    /// Reads all certificates. This is done once in the process.
    pub(super) fn bundle() -> Vec<u8> {
        static BUNDLE: OnceLock<Vec<u8>> = OnceLock::new();
        let bundle = BUNDLE.get_or_init(|| {
            // Each user of the device has 100,000 user ids (AID_USER_OFFSET).
            let user = fs::metadata("/proc/self").map_or(0, |process| process.uid() / 100_000);
            read(&DIRECTORIES.map(Path::new), Path::new(&format!("/data/misc/user/{user}/cacerts-removed"))).concat()
        });
        bundle.clone()
    }

    pub(super) fn directories() -> Vec<PathBuf> {
        Vec::new()
    }

    /// Reads the certificates of the first directory that has any, except those that the user has disabled. For each disabled
    /// certificate, `removed` contains a file with an equal name.
    fn read(directories: &[&Path], removed: &Path) -> Vec<Vec<u8>> {
        let names =
            |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let removed: HashSet<OsString> = names(removed).collect();
        let read = |directory: &&Path| -> Vec<Vec<u8>> {
            names(directory)
                .filter(|name| !removed.contains(name))
                .filter_map(|name| fs::read(directory.join(name)).ok())
                .filter(|pem| blocks(pem).next().is_some())
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
        use ::openssl::x509::{X509, X509Name};

        /// A directory that is removed after the test.
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
            let mut names: Vec<String> =
                read(directories, removed).iter().map(|pem| name(&X509::from_pem(pem).unwrap())).collect();
            names.sort();
            names
        }

        #[test]
        fn first_directory_with_certificates_is_used() {
            let (new, old, removed) = (Scratch::new("new"), Scratch::new("old"), Scratch::new("removed"));
            let nowhere = Path::new("/nowhere");
            old.add("0a.0", &certificate("a"));
            old.add("0b.0", &[&certificate("b")[..], b"Certificate:\n    Data: as text\n"].concat());
            old.add("readme", b"no certificate");
            assert_eq!(names(&[nowhere, &old.0], nowhere), ["a", "b"], "before Android 14");
            assert_eq!(names(&[&new.0, &old.0], nowhere), ["a", "b"], "an empty directory is skipped");
            new.add("0c.0", &certificate("c"));
            new.add("0d.0", &certificate("d"));
            assert_eq!(names(&[&new.0, &old.0], nowhere), ["c", "d"]);
            removed.add("0c.0", b"");
            assert_eq!(names(&[&new.0, &old.0], &removed.0), ["d"], "the user has disabled the other one");
            assert!(names(&[nowhere], nowhere).is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_bundle_are_found() {
        let one = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        let other = "-----BEGIN B-----\r\nAQ==\r\n-----END B-----";
        let bundle = [b"# text \xff\n", one.as_bytes(), b"\nmore\n", other.as_bytes()].concat();
        let found: Vec<_> = blocks(&bundle).collect();
        assert_eq!(found, [one.as_bytes(), other.as_bytes()]);
        for end in 0..bundle.len() {
            assert!(blocks(&bundle[..end]).count() <= 2);
        }
    }

    #[test]
    fn adding_roots_stops_if_it_is_cancelled() {
        use ::openssl::x509::store::X509StoreBuilder;
        use std::cell::Cell;
        let block = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let roots = SystemRoots { bundle: block.repeat(10), directories: Vec::new() };
        let asked = Cell::new(0);
        let stops_at_third = || asked.replace(asked.get() + 1) < 3;
        assert!(roots.add_to(&mut X509StoreBuilder::new().unwrap(), &stops_at_third).is_err());
        assert_eq!(asked.get(), 4);
        assert!(roots.add_to(&mut X509StoreBuilder::new().unwrap(), &|| true).is_ok());
    }
}

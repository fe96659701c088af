//! The keys of the server and of the authority that signs its certificates, and the file that keeps them.

use super::tls;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The first line of a file with keys.
const TITLE: &str = "Keys of egret-ws-echo, for tests only. A reader of this file can impersonate any server to clients that trust this authority.";

/// The last line of each key in PEM.
const END_OF_KEY: &str = "-----END PRIVATE KEY-----\n";

/// An authority, and the key of the server. The authority signs a new certificate at each start, for the server's key.
pub struct Keys {
    /// The key of the authority.
    pub authority_key: PKey<Private>,
    /// The certificate of the authority.
    pub authority: X509,
    /// The key of the server.
    pub server_key: PKey<Private>,
}

impl Keys {
    /// Makes new keys, and an authority that is valid for a month.
    pub fn new() -> Result<Keys, ErrorStack> {
        let authority_key = tls::key()?;
        Ok(Keys { authority: tls::authority(&authority_key, [-60, 30])?, authority_key, server_key: tls::key()? })
    }

    /// Reads the keys in this file. If it does not exist, makes new keys and writes them to it. Only its owner may read the new file.
    pub fn kept_in(file: &Path) -> Result<Keys, String> {
        let about = |error: &dyn Display| format!("{}: {error}", file.display());
        match fs::read_to_string(file) {
            Ok(text) => return Keys::read(&text).map_err(|error| about(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(about(&NOT_OURS)),
            Err(error) => return Err(about(&error)),
        }
        let keys = Keys::new().map_err(|error| about(&error))?;
        let text = keys.to_text().map_err(|error| about(&error))?;
        match write_new(file, &text) {
            Ok(()) => Ok(keys),
            // Another server has just made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(file).map_err(|error| about(&error))?;
                Keys::read(&text).map_err(|error| about(&error))
            }
            Err(error) => Err(about(&error)),
        }
    }

    fn to_text(&self) -> Result<String, ErrorStack> {
        let parts = [
            self.authority.to_pem()?,
            self.authority_key.private_key_to_pem_pkcs8()?,
            self.server_key.private_key_to_pem_pkcs8()?,
        ];
        Ok(format!("{TITLE}\n{}", String::from_utf8_lossy(&parts.concat())))
    }

    fn read(text: &str) -> Result<Keys, String> {
        let keys = Keys::parse(text).ok_or(NOT_OURS)?;
        let now = Asn1Time::days_from_now(0).map_err(|error| error.to_string())?;
        let (begin, end) = (keys.authority.not_before(), keys.authority.not_after());
        let wrong = |what: &str, time: &Asn1TimeRef| {
            Err(format!("its authority {what} {time}; delete the file, and the server makes a new one"))
        };
        if end < &*now {
            return wrong("is expired since", end);
        }
        if begin > &*now {
            return wrong("is not valid before", begin);
        }
        Ok(keys)
    }

    /// Returns `None` if the text is not a complete file with keys.
    fn parse(text: &str) -> Option<Keys> {
        let text = text.strip_prefix(TITLE)?;
        let (first, second) = text.split_at(text.find(END_OF_KEY)? + END_OF_KEY.len());
        let keys = Keys {
            authority: X509::from_pem(first.as_bytes()).ok()?,
            authority_key: PKey::private_key_from_pem(first.as_bytes()).ok()?,
            server_key: PKey::private_key_from_pem(second.as_bytes()).ok()?,
        };
        keys.authority.public_key().ok()?.public_eq(&keys.authority_key).then_some(keys)
    }
}

const NOT_OURS: &str = "not a key file of egret-ws-echo; choose another file";

/// Writes a new file that only its owner may read. It has either its whole text or no name, so no other server reads a part.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let result = out.write_all(text.as_bytes()).and_then(|()| fs::hard_link(&temporary, file));
    let _ = fs::remove_file(&temporary);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(days: [i64; 2]) -> Keys {
        let authority_key = tls::key().expect("a key");
        let authority = tls::authority(&authority_key, days).expect("a certificate");
        Keys { authority_key, authority, server_key: tls::key().expect("a key") }
    }

    #[test]
    fn a_text_has_all_keys() {
        let keys = Keys::new().expect("keys");
        let read = Keys::read(&keys.to_text().expect("a text")).expect("the keys");
        assert_eq!(read.authority.to_der().expect("DER"), keys.authority.to_der().expect("DER"));
        assert!(read.authority_key.public_eq(&keys.authority_key) && read.server_key.public_eq(&keys.server_key));
        assert!(!read.authority_key.public_eq(&read.server_key));
    }

    #[test]
    fn each_part_is_needed() {
        let text = keys([-1, 1]).to_text().expect("a text");
        let other = keys([-1, 1]).to_text().expect("a text");
        let key = |text: &str| text[..text.find(END_OF_KEY).expect("a key")].rfind("-----BEGIN").expect("its begin");
        let foreign_key = format!("{}{}", &text[..key(&text)], &other[key(&other)..]);
        for wrong in ["", &text[1..], &text[..key(&text)], &text[..text.len() - 30], TITLE, &foreign_key] {
            assert_eq!(Keys::read(wrong).err().as_deref(), Some(NOT_OURS), "{wrong}");
        }
    }

    #[test]
    fn the_dates_of_the_authority_are_checked() {
        for (days, begin) in
            [([-31, -1], "its authority is expired since "), ([1, 30], "its authority is not valid before ")]
        {
            let error = Keys::read(&keys(days).to_text().expect("a text")).err().expect("an error");
            assert!(
                error.starts_with(begin) && error.ends_with(" GMT; delete the file, and the server makes a new one"),
                "{error}"
            );
        }
    }
}

//! Passwords, keys and tokens. They are overwritten when they are dropped, and `Debug` output does not contain them.

use std::fmt;
use std::ops::Deref;
use zeroize::{Zeroize, Zeroizing};

/// Secret text or bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(secret: T) -> Secret<T> {
        Secret(Zeroizing::new(secret))
    }
}

impl From<&str> for Secret<String> {
    fn from(secret: &str) -> Secret<String> {
        secret.to_owned().into()
    }
}

impl<T: Zeroize> Deref for Secret<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Many secret bytes, such as a request. `Zeroizing<Vec<u8>>` overwrites byte by byte; this type overwrites them as one block.
pub struct SecretBytes(Vec<u8>);

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> SecretBytes {
        SecretBytes(bytes)
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl SecretBytes {
    fn overwrite(&mut self) {
        self.0.as_mut_slice().zeroize();
        self.0.spare_capacity_mut().zeroize();
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.overwrite();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Reports that it is overwritten.
    struct Watched<'a>(&'a Cell<bool>);

    impl Zeroize for Watched<'_> {
        fn zeroize(&mut self) {
            self.0.set(true);
        }
    }

    #[test]
    fn secrets_are_overwritten_when_dropped_and_not_printed() {
        let overwritten = Cell::new(false);
        let secret = Secret::from(Watched(&overwritten));
        assert!(!overwritten.get());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        drop(secret);
        assert!(overwritten.get());
        assert_eq!(*Secret::from("sesame"), "sesame");
    }

    #[test]
    fn secret_bytes_are_overwritten() {
        let mut secret = SecretBytes::from(b"sesame".to_vec());
        assert_eq!(*secret, *b"sesame");
        secret.overwrite();
        assert_eq!(*secret, [0; 6]);
    }

    /// This compiles only if the types of these fields are secrets.
    #[test]
    fn passwords_and_headers_of_a_configuration_are_secrets() {
        use crate::config::ConnectConfig;
        fn secret<T: Zeroize>(_: &Secret<T>) {}
        fn kept(config: &ConnectConfig) {
            config.request.headers.iter().for_each(|(_, value)| secret(value));
            for (user, password) in config.request.credentials.iter().chain(config.target.credentials()) {
                secret(user);
                secret(password);
            }
            if let Some((pkcs12, password)) = &config.tls.identity {
                secret(pkcs12);
                secret(password);
            }
        }
        let _: fn(&ConnectConfig) = kept;
    }
}

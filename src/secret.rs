//! Passwords, keys and tokens: overwritten when they are dropped, and never shown.

use std::fmt;
use std::ops::Deref;
use zeroize::{Zeroize, Zeroizing};

/// A text or bytes that nobody else may learn.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Tells when it is overwritten.
    struct Watched<'a>(&'a Cell<bool>);

    impl Zeroize for Watched<'_> {
        fn zeroize(&mut self) {
            self.0.set(true);
        }
    }

    #[test]
    fn a_secret_is_overwritten_when_it_is_dropped_and_never_shown() {
        let overwritten = Cell::new(false);
        let secret = Secret::from(Watched(&overwritten));
        assert!(!overwritten.get());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        drop(secret);
        assert!(overwritten.get());
        assert_eq!(*Secret::from("sesame"), "sesame");
    }

    /// Where they are kept: the types say that they are secrets.
    #[test]
    fn what_is_kept_for_a_connection_is_secret() {
        use crate::connection::Plan;
        fn secret<T: Zeroize>(_: &Secret<T>) {}
        fn kept(plan: &Plan) {
            plan.extras.headers.iter().for_each(|(_, value)| secret(value));
            for (user, password) in plan.extras.credentials.iter().chain(plan.target.credentials()) {
                secret(user);
                secret(password);
            }
            if let Some((pkcs12, password)) = &plan.tls.identity {
                secret(pkcs12);
                secret(password);
            }
        }
        let _: fn(&Plan) = kept;
    }
}

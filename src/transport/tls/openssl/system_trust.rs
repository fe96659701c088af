//! The check of a server's certificates by the operating system, instead of OpenSSL's own check. It is used on Apple systems,
//! where no program can read the trusted certificates as a list. The tests run on every system, with another [`Judge`].
//!
//! ```text
//!   full handshake ─► verify ─► Judge::check ─┬─► trusted ─► pins ─► OpenSSL goes on
//!                                             └─► refused ─► alert to the server, error of the connection
//! ```
//!
//! A resumed handshake has no certificates, as with OpenSSL's own check.
#![allow(unsafe_code)] // functions of OpenSSL that the crate does not have

use super::verify::{Refusal, received_chain};
use crate::error::Error;
use crate::transport::tls::pins::{self, Pin};
use crate::transport::tls::settings::Settings;
use crate::transport::tls::tls_error::TlsError;
use ::openssl::error::ErrorStack;
use ::openssl::ex_data::Index;
use ::openssl::ssl::{Ssl, SslContextBuilder, SslRef};
use ::openssl::stack::Stack;
use ::openssl::x509::{X509, X509StoreContext, X509StoreContextRef, X509VerifyResult};
use foreign_types::{ForeignType, ForeignTypeRef};
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

type Callback = extern "C" fn(*mut openssl_sys::X509_STORE_CTX, *mut c_void) -> c_int;

unsafe extern "C" {
    fn SSL_CTX_set_cert_verify_callback(context: *mut openssl_sys::SSL_CTX, callback: Callback, argument: *mut c_void);
    fn X509_STORE_CTX_set0_verified_chain(
        context: *mut openssl_sys::X509_STORE_CTX,
        chain: *mut openssl_sys::stack_st_X509,
    );
}

/// Decides whether the certificates of a server are trusted.
pub trait Judge: Send + Sync {
    /// `chain` are the certificates that the server has sent, in DER, with its own first. `name` is the DNS name or the IP
    /// address that the server's own certificate must have. Returns the certificates from the server's own one to a trusted one.
    /// It does not wait for the network.
    fn check(&self, chain: &[Vec<u8>], name: &str) -> Result<Vec<Vec<u8>>, TlsError>;
}

/// The system's judge, for any number of connections.
#[derive(Clone)]
pub struct SystemTrust(pub Arc<dyn Judge>);

impl SystemTrust {
    /// Makes the judge for these settings. `None`: OpenSSL checks certificates, or they are not checked. `roots` are trusted too.
    #[cfg(target_vendor = "apple")]
    pub(super) fn of(settings: &Settings, roots: &[Vec<u8>]) -> Result<Option<SystemTrust>, String> {
        if settings.insecure || settings.only_these_roots {
            return Ok(None);
        }
        Ok(Some(SystemTrust(Arc::new(apple::System::trusting(roots)?))))
    }

    #[cfg(not(target_vendor = "apple"))]
    pub(super) fn of(_: &Settings, _: &[Vec<u8>]) -> Result<Option<SystemTrust>, String> {
        Ok(None)
    }

    /// Makes the connections of a context call [`verify`]. Each connection needs [`SystemTrust::set_rules`].
    pub(super) fn prepare(&self, builder: &mut SslContextBuilder) {
        // SAFETY: the pointer belongs to a live context. `verify` does not unwind, and needs no argument.
        unsafe { SSL_CTX_set_cert_verify_callback(builder.as_ptr(), verify, std::ptr::null_mut()) };
    }

    /// Sets the rules for one connection.
    pub(super) fn set_rules(
        &self,
        ssl: &mut SslRef,
        name: &str,
        pins: &[Pin],
        refusal: &Refusal,
    ) -> Result<(), ErrorStack> {
        let index = (*RULES).ok_or_else(ErrorStack::get)?;
        let (judge, refusal) = (Arc::clone(&self.0), refusal.clone());
        ssl.set_ex_data(index, Arc::new(Rules { judge, name: name.to_owned(), pins: pins.to_vec(), refusal }));
        Ok(())
    }
}

/// The rules for the certificates of one connection.
struct Rules {
    judge: Arc<dyn Judge>,
    name: String,
    pins: Vec<Pin>,
    refusal: Refusal,
}

/// The index under which a connection has its [`Rules`]. `None` if OpenSSL had no memory for the index.
static RULES: LazyLock<Option<Index<Ssl, Arc<Rules>>>> = LazyLock::new(|| Ssl::new_ex_index().ok());

impl Rules {
    fn of(context: &X509StoreContextRef) -> Option<Arc<Rules>> {
        let ssl = context.ex_data(X509StoreContext::ssl_idx().ok()?)?;
        ssl.ex_data((*RULES)?).cloned()
    }

    /// Returns the result for OpenSSL, and the trusted chain.
    fn check(&self, context: &X509StoreContextRef) -> Result<Vec<Vec<u8>>, X509VerifyResult> {
        let chain = received_chain(context);
        let pinned = |trusted| pins::check(&self.pins, chain.first().map(Vec::as_slice)).map(|()| trusted);
        self.judge.check(&chain, &self.name).and_then(pinned).map_err(|failure| {
            let result = verify_result(failure.error);
            self.refusal.set(failure, chain);
            result
        })
    }
}

/// OpenSSL calls this instead of X509_verify_cert.
extern "C" fn verify(context: *mut openssl_sys::X509_STORE_CTX, _: *mut c_void) -> c_int {
    // SAFETY: OpenSSL passes a live context, which nothing else uses during this call.
    let context = unsafe { X509StoreContextRef::from_ptr_mut(context) };
    // Without rules, or after a panic, nothing is trusted.
    let checked = catch_unwind(AssertUnwindSafe(|| Rules::of(context).map(|rules| rules.check(context))));
    match checked.ok().flatten() {
        Some(Ok(trusted)) => {
            // The dates of these certificates decide when sessions end. Without them, the server's own certificate decides.
            if let Ok(chain) = stack_of(&trusted) {
                let chain = ManuallyDrop::new(chain);
                // SAFETY: the pointer belongs to a live context, which now owns the stack.
                unsafe { X509_STORE_CTX_set0_verified_chain(context.as_ptr(), chain.as_ptr()) };
            }
            context.set_error(X509VerifyResult::OK);
            1
        }
        Some(Err(result)) => {
            context.set_error(result);
            0
        }
        None => {
            context.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
            0
        }
    }
}

fn stack_of(chain: &[Vec<u8>]) -> Result<Stack<X509>, ErrorStack> {
    let mut stack = Stack::new()?;
    for der in chain {
        stack.push(X509::from_der(der)?)?;
    }
    Ok(stack)
}

/// Returns the result of OpenSSL that leads to the alert for this error: `X509_V_ERR_` in `openssl/x509_vfy.h`.
fn verify_result(error: Error) -> X509VerifyResult {
    let number = match error {
        Error::TlsExpired => 10, // CERT_HAS_EXPIRED
        Error::TlsHost => 62,    // HOSTNAME_MISMATCH
        Error::TlsIssuer => 20,  // UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        _ => 50,                 // APPLICATION_VERIFICATION
    };
    // SAFETY: any number is a result.
    unsafe { X509VerifyResult::from_raw(number) }
}

/// Apple's Security framework. This code was type-checked and linked, but it was never run.
#[cfg(target_vendor = "apple")]
mod apple {
    use super::Judge;
    use crate::error::Error;
    use crate::transport::tls::apple_status::error_of_check;
    use crate::transport::tls::settings::bad_root;
    use crate::transport::tls::tls_error::TlsError;
    use security_framework::base;
    use security_framework::certificate::SecCertificate;
    use security_framework::policy::SecPolicy;
    use security_framework::secure_transport::SslProtocolSide;
    use security_framework::trust::SecTrust;

    pub(super) struct System {
        /// Certificates that are trusted in addition to those of the system.
        anchors: Vec<SecCertificate>,
    }

    impl System {
        pub(super) fn trusting(roots: &[Vec<u8>]) -> Result<System, String> {
            let read =
                |(at, root): (usize, &Vec<u8>)| SecCertificate::from_der(root).map_err(|error| bad_root(at, error));
            Ok(System { anchors: roots.iter().enumerate().map(read).collect::<Result<_, _>>()? })
        }

        fn prepare(&self, chain: &[Vec<u8>], name: &str) -> Result<SecTrust, base::Error> {
            let chain = chain.iter().map(|der| SecCertificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
            let policy = SecPolicy::create_ssl(SslProtocolSide::SERVER, Some(name));
            let mut trust = SecTrust::create_with_certificates(&chain, &[policy])?;
            // The thread of a loop must not wait for a download of certificates or of revocation data.
            trust.set_network_fetch_allowed(false)?;
            if !self.anchors.is_empty() {
                trust.set_anchor_certificates(&self.anchors)?;
                trust.set_trust_anchor_certificates_only(false)?;
            }
            Ok(trust)
        }
    }

    impl Judge for System {
        fn check(&self, chain: &[Vec<u8>], name: &str) -> Result<Vec<Vec<u8>>, TlsError> {
            let unusable = |error: base::Error| TlsError {
                error: Error::TlsIssuer,
                os_error: error.code(),
                message: format!("the certificates cannot be read: {error}"),
            };
            let trust = self.prepare(chain, name).map_err(unusable)?;
            trust.evaluate_with_error().map_err(|error| {
                let status = i32::try_from(error.code()).unwrap_or(0);
                TlsError { error: error_of_check(status), os_error: status, message: error.description().to_string() }
            })?;
            #[allow(deprecated)] // its successor needs macOS 12
            let trusted = (0..trust.certificate_count()).filter_map(|at| trust.certificate_at_index(at));
            Ok(trusted.map(|certificate| certificate.to_der()).collect())
        }
    }
}

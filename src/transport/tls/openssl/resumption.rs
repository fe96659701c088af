//! The use of sessions by one connection: it offers an earlier session, and keeps sessions that the server issues.
//!
//! ```text
//!   begin ─── takes a session out ───► handshake ─┬─► accept: new sessions of the server are kept from now on
//!                                                 └─► fail:   the server may not cope with sessions, so all of it are dropped
//! ```
//!
//! A time-out of the handshake also counts as a failure, and so does a resumed connection that breaks before the first answer.
//! With TLS 1.3 a server can fail after this side's part of the handshake. If the host ends a connection in the handshake, only
//! the offered session is lost.
#![allow(unsafe_code)] // sessions in DER, and a function of OpenSSL that the crate does not have

use super::sessions::{Key, Session, Sessions, UnixTime};
use crate::secret::SecretBytes;
use crate::transport::tls::destination::Destination;
use crate::transport::tls::pins::{SEQUENCE, element};
use crate::transport::tls::tls_info::Chain;
use ::openssl::asn1::{Asn1Time, Asn1TimeRef};
use ::openssl::ex_data::Index;
use ::openssl::ssl::{Ssl, SslContextBuilder, SslRef, SslSession, SslSessionCacheMode, SslSessionRef, SslVersion};
use foreign_types::ForeignTypeRef;
use std::sync::{Arc, LazyLock, OnceLock, Weak};
use std::time::SystemTime;

/// The longest time from the check of a certificate to the last use of its sessions.
const MAX_AGE: UnixTime = 24 * 60 * 60;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

unsafe extern "C" {
    fn SSL_SESSION_get_ticket_lifetime_hint(session: *const openssl_sys::SSL_SESSION) -> libc::c_ulong;
}

/// The index under which a connection has its [`Keeper`]. `None` if OpenSSL had no memory for the index. Then nothing is resumed.
static KEEPER: LazyLock<Option<Index<Ssl, Arc<Keeper>>>> = LazyLock::new(|| Ssl::new_ex_index().ok());

/// Lets the connections of a context keep the sessions that servers issue. OpenSSL itself keeps none.
pub(super) fn prepare(builder: &mut SslContextBuilder) {
    builder.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    builder.set_new_session_callback(|ssl, session| {
        // In TLS 1.2 sessions are a part of the handshake, so `accept` keeps them.
        if session.protocol_version() == SslVersion::TLS1_3
            && let Some(keeper) = (*KEEPER).and_then(|index| ssl.ex_data(index))
        {
            keeper.keep(&session);
        }
    });
}

/// Keeps the sessions of one connection.
struct Keeper {
    /// The sessions of the connector. They no longer exist if the connector no longer exists.
    sessions: Weak<Sessions>,
    key: Arc<Key>,
    /// Set when the connection was accepted. Sessions that come before that are not kept.
    accepted: OnceLock<Accepted>,
}

/// The full handshake on which a session is based.
struct Accepted {
    chain: Chain,
    check_until: UnixTime,
}

impl Keeper {
    fn keep(&self, session: &SslSessionRef) {
        let (Some(Accepted { chain, check_until }), Some(sessions)) = (self.accepted.get(), self.sessions.upgrade())
        else {
            return;
        };
        let made = now();
        let lifetime = match lifetime_hint(session) {
            // A lifetime of 0: in RFC 5077 section 3.3 it is not specified; in RFC 8446 section 4.6.1 the ticket must not be
            // used.
            0 if session.protocol_version() == SslVersion::TLS1_2 => MAX_AGE,
            hint => hint,
        };
        let until = made.saturating_add(lifetime).min(*check_until);
        if until <= made {
            return;
        }
        let Ok(der) = session.to_der().map(SecretBytes::from) else { return };
        let der = without_certificate(&der).map_or(der, SecretBytes::from);
        let session = Session { der, chain: Arc::clone(chain), made, until, check_until: *check_until };
        sessions.keep(&self.key, session);
    }
}

/// The use of sessions by one connection.
pub struct Resumption {
    /// `None`: the connection neither keeps nor resumes sessions.
    keeper: Option<Arc<Keeper>>,
    /// The session that was taken from the connector for this connection.
    offered: Option<Session>,
}

impl Resumption {
    /// Takes a session with this peer from the connector, if there is one.
    pub(super) fn begin(sessions: &Arc<Sessions>, peer: &Destination<'_>) -> Resumption {
        if !peer.resumes {
            return Resumption { keeper: None, offered: None };
        }
        let key = Arc::new(Key::of(peer));
        let offered = sessions.take(&key, now());
        let keeper = Keeper { sessions: Arc::downgrade(sessions), key, accepted: OnceLock::new() };
        Resumption { keeper: Some(Arc::new(keeper)), offered }
    }

    /// Offers the session to the server. If this is not possible, the handshake is a full one.
    pub(super) fn offer(&mut self, ssl: &mut SslRef) {
        let (Some(keeper), Some(index)) = (&self.keeper, *KEEPER) else { return };
        ssl.set_ex_data(index, Arc::clone(keeper));
        self.offered.take_if(|offered| {
            let set = SslSession::from_der(&offered.der).and_then(|session| {
                // SAFETY: the session was read from DER, so it belongs to no other context.
                unsafe { ssl.set_session(&session) }
            });
            set.is_err()
        });
    }

    pub(super) fn has_offered(&self) -> bool {
        self.offered.is_some()
    }

    /// Returns the certificates of the offered session.
    pub(super) fn chain(&self) -> Chain {
        self.offered.as_ref().map(|offered| Arc::clone(&offered.chain)).unwrap_or_default()
    }

    /// The handshake has succeeded, and its result was accepted. `chain` are the certificates of the server.
    pub(super) fn accept(&mut self, ssl: &SslRef, chain: &Chain) {
        let Some(keeper) = &self.keeper else { return };
        let check_until = match self.offered.take() {
            Some(offered) if ssl.session_reused() => offered.check_until,
            _ => first_end(ssl).unwrap_or(0).min(now() + MAX_AGE),
        };
        let _ = keeper.accepted.set(Accepted { chain: Arc::clone(chain), check_until });
        if let Some(session) = ssl.session()
            && session.protocol_version() == SslVersion::TLS1_2
            && !session.id().is_empty()
        {
            keeper.keep(session);
        }
    }

    /// Must be called when the handshake has failed, or has taken too long.
    pub fn fail(&mut self) {
        if let (Some(keeper), Some(_)) = (&self.keeper, self.offered.take())
            && let Some(sessions) = keeper.sessions.upgrade()
        {
            sessions.forget(&keeper.key);
        }
    }
}

/// Must be called if the connection was accepted, and has failed before an answer. If it was resumed, drops all sessions with
/// this peer.
pub(super) fn fail_after_handshake(ssl: &SslRef) {
    if ssl.session_reused()
        && let Some(keeper) = (*KEEPER).and_then(|index| ssl.ex_data(index))
        && let Some(sessions) = keeper.sessions.upgrade()
    {
        sessions.forget(&keeper.key);
    }
}

/// Returns the lifetime of a ticket in seconds, as the server has sent it.
#[allow(clippy::useless_conversion)] // not on 32-bit systems
fn lifetime_hint(session: &SslSessionRef) -> UnixTime {
    // SAFETY: the pointer belongs to a live session, and the function only reads it.
    unsafe { SSL_SESSION_get_ticket_lifetime_hint(session.as_ptr()) }.into()
}

/// The tag of the peer's certificate in `i2d_SSL_SESSION`.
const CERTIFICATE: u8 = 0xa3;

/// Removes the certificate from a session in DER. The chain already contains it, and OpenSSL 3 would need a third of the time of
/// a resumed connection to read its key. `None` if the form of the session is unknown.
fn without_certificate(session: &[u8]) -> Option<Vec<u8>> {
    let mut rest = session;
    let mut fields = element(&mut rest, Some(SEQUENCE))?.content;
    let mut kept = Vec::new();
    while !fields.is_empty() {
        let field = element(&mut fields, None)?.whole;
        if field[0] != CERTIFICATE {
            kept.push(field);
        }
    }
    let len: usize = kept.iter().map(|field| field.len()).sum();
    // DER requires the shortest form of the length.
    let bytes = len.to_be_bytes();
    let digits = &bytes[bytes.iter().position(|byte| *byte != 0)?..];
    let mut der = Vec::with_capacity(2 + digits.len() + len);
    der.push(SEQUENCE);
    if len >= 0x80 {
        der.push(0x80 | digits.len() as u8);
    }
    der.extend_from_slice(digits);
    kept.iter().for_each(|field| der.extend_from_slice(field));
    Some(der)
}

/// Returns the time at which the first of the certificates that the check has used expires.
fn first_end(ssl: &SslRef) -> Option<UnixTime> {
    let own = ssl.peer_certificate();
    let verified = ssl.verified_chain().into_iter().flatten();
    verified.chain(own.as_deref()).map(|certificate| unix_time(certificate.not_after())).min().flatten()
}

fn unix_time(time: &Asn1TimeRef) -> Option<UnixTime> {
    let since_1970 = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    UnixTime::try_from(i64::from(since_1970.days) * DAY + i64::from(since_1970.secs)).ok()
}

/// Returns the time of the system's clock. A time before 1970 counts as 1970.
fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    #[cfg(test)]
    let now = now.saturating_add_signed(tests::CLOCK_IS_AHEAD.get());
    now
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// The number of seconds by which the clock of the sessions of this thread is ahead of the system's clock.
        pub(in super::super::super) static CLOCK_IS_AHEAD: Cell<i64> = const { Cell::new(0) };
    }

    #[test]
    fn the_certificate_of_a_session_is_left_out() {
        let field = |tag: u8, len: usize| [&[tag, 0x82, (len >> 8) as u8, len as u8][..], &vec![7; len]].concat();
        for len in [0, 1, 100, 300, 20_000] {
            let (other, certificate) = (field(0xa4, len), field(CERTIFICATE, 1000));
            let content = [&[2, 1, 1][..], &certificate, &other].concat();
            let session = [&[SEQUENCE, 0x82, (content.len() >> 8) as u8, content.len() as u8][..], &content].concat();
            let found = without_certificate(&session).unwrap();
            let mut rest = &*found;
            assert_eq!(element(&mut rest, Some(SEQUENCE)).unwrap().content, [&[2, 1, 1][..], &other].concat());
            assert!(
                rest.is_empty() && found.capacity() <= found.len() + 1,
                "no more memory than necessary is allocated"
            );
            for end in 0..session.len().min(50) {
                assert!(without_certificate(&session[..end]).is_none());
            }
        }
        assert_eq!(without_certificate(&[SEQUENCE, 0]), None);
        assert_eq!(without_certificate(&[4, 1, 0]), None);
    }

    #[test]
    fn times_of_certificates_are_read() {
        for time in [0, 1_000_000_000, 4_000_000_000] {
            let asn1 = Asn1Time::from_unix(time).unwrap();
            assert_eq!(unix_time(&asn1), Some(time as u64));
        }
        assert_eq!(unix_time(&Asn1Time::from_unix(-1).unwrap()), None);
    }
}

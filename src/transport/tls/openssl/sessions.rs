//! The TLS sessions that a connector keeps for later connections.
//!
//! A session is kept for one peer only, with equal name, host, port and pins. A connector has one set of options. So a session is
//! used only with the roots, the identity and the check of certificates of its first handshake. Each session is used once (RFC
//! 8446 appendix C.4): a connection takes it from the connector.

use crate::secret::SecretBytes;
use crate::transport::tls::destination::Destination;
use crate::transport::tls::peer::Peer;
use crate::transport::tls::pins::Pin;
use crate::transport::tls::tls_info::Chain;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// The largest number of sessions for one peer. Several sockets of a game may connect again at the same time.
const MAX_OF_PEER: usize = 4;
/// The largest number of sessions.
const MAX_SESSIONS: usize = 128;
/// The largest size of a session, in bytes. Usual sessions have 1 to 3 KiB: the server's certificate and a ticket.
const MAX_SESSION: usize = 16 * 1024;
/// The largest size of all sessions with their chains, in bytes.
const MAX_BYTES: usize = 512 * 1024;
/// The memory of an entry besides its bytes.
const ENTRY: usize = 256;

/// Seconds since 1970, by the clock that is used to check certificates.
pub(super) type UnixTime = u64;

/// The peer that a session was made with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: String,
    host: String,
    port: u16,
    peer: Peer,
    pins: Vec<Pin>,
}

impl Key {
    pub(super) fn of(destination: &Destination<'_>) -> Key {
        let Destination { peer, name, host, port, pins, resumes: _, socket: _ } = *destination;
        Key { peer, name: name.to_owned(), host: host.to_owned(), port, pins: pins.to_vec() }
    }
}

/// A session that can be resumed.
pub(super) struct Session {
    /// The session in the form of `i2d_SSL_SESSION`. Without objects of OpenSSL, its size is known and it may be freed at any
    /// time.
    pub(super) der: SecretBytes,
    /// The certificates of the full handshake.
    pub(super) chain: Chain,
    /// The time at which it was made. If the current time is earlier, the clock was changed.
    pub(super) made: UnixTime,
    /// The time at which it ends.
    pub(super) until: UnixTime,
    /// The time at which sessions that are made by resuming it end at the latest.
    pub(super) check_until: UnixTime,
}

impl Session {
    fn is_usable(&self, now: UnixTime) -> bool {
        (self.made..self.until).contains(&now)
    }

    /// Returns the size of its memory in bytes, including shared memory.
    fn size(&self, key: &Key) -> usize {
        let chain: usize = self.chain.iter().map(|certificate| certificate.len() + size_of::<Vec<u8>>()).sum();
        ENTRY + self.der.len() + chain + key.name.len() + key.host.len() + size_of_val(&*key.pins)
    }
}

/// The sessions of a connector, with the oldest first.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<(Arc<Key>, Session)>>);

impl Sessions {
    /// Keeps a session. The oldest sessions are dropped if there is no room.
    pub(super) fn keep(&self, key: &Arc<Key>, session: Session) {
        if session.der.len() > MAX_SESSION {
            return;
        }
        let mut kept = self.0.lock();
        if kept.iter().filter(|(other, _)| other == key).count() == MAX_OF_PEER
            && let Some(oldest) = kept.iter().position(|(other, _)| other == key)
        {
            kept.remove(oldest);
        }
        kept.push_back((Arc::clone(key), session));
        let mut bytes: usize = kept.iter().map(|(key, session)| session.size(key)).sum();
        while bytes > MAX_BYTES || kept.len() > MAX_SESSIONS {
            let Some((key, oldest)) = kept.pop_front() else { return };
            bytes -= oldest.size(&key);
        }
    }

    /// Takes the newest session with this peer out of the list, for one connection.
    pub(super) fn take(&self, key: &Key, now: UnixTime) -> Option<Session> {
        let mut kept = self.0.lock();
        while let Some(newest) = kept.iter().rposition(|(other, _)| **other == *key) {
            let (_, session) = kept.remove(newest)?;
            if session.is_usable(now) {
                return Some(session);
            }
        }
        None
    }

    /// Drops all sessions with this peer.
    pub(super) fn forget(&self, key: &Key) {
        self.0.lock().retain(|(other, _)| **other != *key);
    }

    #[cfg(test)]
    pub(in super::super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(port: u16) -> Arc<Key> {
        let peer = Destination {
            name: "example.com",
            host: "example.com",
            port,
            peer: Peer::Server,
            pins: &[],
            resumes: true,
            socket: 0,
        };
        Arc::new(Key::of(&peer))
    }

    fn session(number: u8, len: usize) -> Session {
        Session { der: vec![number; len].into(), chain: Chain::default(), made: 100, until: 200, check_until: 200 }
    }

    fn take(sessions: &Sessions, port: u16) -> Option<u8> {
        sessions.take(&key(port), 150).map(|session| session.der[0])
    }

    #[test]
    fn a_session_is_taken_once_and_the_newest_first() {
        let sessions = Sessions::default();
        for number in 0..MAX_OF_PEER as u8 + 3 {
            sessions.keep(&key(1), session(number, 10));
        }
        sessions.keep(&key(2), session(99, 10));
        let taken: Vec<_> = std::iter::from_fn(|| take(&sessions, 1)).collect();
        assert_eq!(taken, [6, 5, 4, 3], "the older ones were dropped");
        assert_eq!((take(&sessions, 2), take(&sessions, 2)), (Some(99), None));
    }

    #[test]
    fn each_part_of_the_peer_counts() {
        let peer = Destination {
            name: "a",
            host: "b",
            port: 3,
            peer: Peer::Server,
            pins: &[[7; 32]],
            resumes: true,
            socket: 0,
        };
        let others = [
            Destination { name: "A", ..peer },
            Destination { host: "B", ..peer },
            Destination { port: 4, ..peer },
            Destination { peer: Peer::Proxy, ..peer },
            Destination { pins: &[], ..peer },
            Destination { pins: &[[7; 32], [8; 32]], ..peer },
        ];
        let sessions = Sessions::default();
        sessions.keep(&Arc::new(Key::of(&peer)), session(1, 10));
        for other in others {
            assert!(sessions.take(&Key::of(&other), 150).is_none(), "{other:?}");
        }
        assert!(sessions.take(&Key::of(&peer), 150).is_some());
    }

    #[test]
    fn a_session_ends_and_a_clock_that_was_set_back_ends_it_too() {
        let sessions = Sessions::default();
        for now in [99, 200, 0, u64::MAX] {
            sessions.keep(&key(1), session(1, 10));
            assert!(sessions.take(&key(1), now).is_none(), "{now}");
            assert_eq!(sessions.len(), 0);
        }
        for now in [100, 199] {
            sessions.keep(&key(1), session(1, 10));
            assert!(sessions.take(&key(1), now).is_some(), "{now}");
        }
    }

    #[test]
    fn the_number_and_the_bytes_are_bounded() {
        let sessions = Sessions::default();
        for port in 0..1000 {
            sessions.keep(&key(port), session(1, 10));
        }
        assert_eq!(sessions.len(), MAX_SESSIONS);
        assert_eq!((take(&sessions, 999), take(&sessions, 0)), (Some(1), None));
        for port in 0..1000 {
            sessions.keep(&key(port), session(1, MAX_SESSION));
        }
        assert_eq!(sessions.len(), MAX_BYTES / (MAX_SESSION + ENTRY + 2 * "example.com".len()));
        sessions.keep(&key(5000), session(1, MAX_SESSION + 1));
        assert_eq!(take(&sessions, 5000), None, "it is too large");
        let long = Session { chain: vec![vec![0; MAX_BYTES]].into(), ..session(1, 10) };
        sessions.keep(&key(1), long);
        assert_eq!(sessions.len(), 0, "the chain counts");
    }

    #[test]
    fn the_sessions_of_one_peer_are_forgotten() {
        let sessions = Sessions::default();
        for port in [1, 2, 1] {
            sessions.keep(&key(port), session(1, 10));
        }
        sessions.forget(&key(1));
        assert_eq!((take(&sessions, 1), take(&sessions, 2)), (None, Some(1)));
    }
}

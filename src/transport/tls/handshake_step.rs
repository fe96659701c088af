//! The result of one step of a backend's handshake.

use super::tls_error::TlsError;
use super::tls_info::TlsInfo;

/// The result of a step. `D` is the stream after the handshake. `W` is the handshake that waits for the peer.
pub(super) enum HandshakeStep<D, W> {
    Done(D),
    Waiting(W),
    /// The handshake has failed. The second value contains the known facts about it.
    Failed(TlsError, TlsInfo),
}

impl<D, W> HandshakeStep<D, W> {
    /// Converts the step to a type that has several kinds of handshakes.
    pub(super) fn map<E, V>(self, done: impl FnOnce(D) -> E, waiting: impl FnOnce(W) -> V) -> HandshakeStep<E, V> {
        match self {
            HandshakeStep::Done(stream) => HandshakeStep::Done(done(stream)),
            HandshakeStep::Waiting(mid) => HandshakeStep::Waiting(waiting(mid)),
            HandshakeStep::Failed(failure, info) => HandshakeStep::Failed(failure, info),
        }
    }

    /// Returns the known facts about the handshake, if it has not succeeded.
    pub(super) fn info(self, of_waiting: impl FnOnce(W) -> TlsInfo) -> TlsInfo {
        match self {
            HandshakeStep::Done(_) => TlsInfo::default(),
            HandshakeStep::Waiting(waiting) => of_waiting(waiting),
            HandshakeStep::Failed(_, info) => info,
        }
    }
}

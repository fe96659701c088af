//! The result of one step of a backend's handshake.

use super::tls_error::TlsError;
use super::tls_info::TlsInfo;

/// The result of a step: `D` is the stream after the handshake, `W` the handshake that waits for the peer.
pub(super) enum HandshakeStep<D, W> {
    Done(D),
    Waiting(W),
    /// With what is known of the handshake.
    Failed(TlsError, TlsInfo),
}

impl<D, W> HandshakeStep<D, W> {
    /// The step of a handshake that is one of several kinds.
    pub(super) fn map<E, V>(self, done: impl FnOnce(D) -> E, waiting: impl FnOnce(W) -> V) -> HandshakeStep<E, V> {
        match self {
            HandshakeStep::Done(stream) => HandshakeStep::Done(done(stream)),
            HandshakeStep::Waiting(mid) => HandshakeStep::Waiting(waiting(mid)),
            HandshakeStep::Failed(failure, info) => HandshakeStep::Failed(failure, info),
        }
    }

    /// The known facts of the handshake, if it has not succeeded.
    pub(super) fn info(self, of_waiting: impl FnOnce(W) -> TlsInfo) -> TlsInfo {
        match self {
            HandshakeStep::Done(_) => TlsInfo::default(),
            HandshakeStep::Waiting(waiting) => of_waiting(waiting),
            HandshakeStep::Failed(_, info) => info,
        }
    }
}

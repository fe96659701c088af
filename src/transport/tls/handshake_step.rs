//! The result of one step of a backend's handshake.

use super::tls_error::TlsError;

/// The result of a step: `D` is the stream after the handshake, `W` the handshake that waits for the peer.
pub(super) enum HandshakeStep<D, W> {
    Done(D),
    Waiting(W),
    Failed(TlsError),
}

//! The payload of a ping (RFC 6455 sections 5.5 and 5.5.2).

use std::ops::Deref;

/// The largest payload of a control frame, in bytes.
pub const MAX_PING_BYTES: usize = 125;

/// The payload of a ping, without an allocation.
#[derive(Clone, Copy)]
pub struct PingPayload {
    len: u8,
    bytes: [u8; MAX_PING_BYTES],
}

impl PingPayload {
    /// Returns `None` if the payload is too long.
    pub fn new(payload: &[u8]) -> Option<PingPayload> {
        let mut bytes = [0; MAX_PING_BYTES];
        bytes.get_mut(..payload.len())?.copy_from_slice(payload);
        Some(PingPayload { len: payload.len() as u8, bytes })
    }

    /// Like [`PingPayload::new`], for a length that is known to fit.
    pub fn of<const LEN: usize>(payload: [u8; LEN]) -> PingPayload {
        const { assert!(LEN <= MAX_PING_BYTES) };
        let mut bytes = [0; MAX_PING_BYTES];
        bytes[..LEN].copy_from_slice(&payload);
        PingPayload { len: LEN as u8, bytes }
    }
}

impl Deref for PingPayload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len.into()]
    }
}

impl PartialEq for PingPayload {
    fn eq(&self, other: &PingPayload) -> bool {
        **self == **other
    }
}

impl Eq for PingPayload {}

impl std::fmt::Debug for PingPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_0_to_125_bytes() {
        let bytes = [7; 126];
        for len in 0..=125 {
            assert_eq!(PingPayload::new(&bytes[..len]).as_deref(), Some(&bytes[..len]));
        }
        assert_eq!(PingPayload::new(&bytes), None);
        assert_ne!(PingPayload::new(&[0]), PingPayload::new(&[]));
    }
}

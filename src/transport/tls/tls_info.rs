//! How TLS was set up. The host can read it, also after a failure.

use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// The largest number of certificates of a chain that are kept for the host.
const MAX_CERTIFICATES: usize = 10;
/// The largest size of these certificates together, in bytes.
const MAX_CHAIN: usize = 64 * 1024;
/// The largest number of infos in a list of [`SharedInfos`].
const MAX_SHARED: usize = 64;

/// How TLS was set up, or which facts about a handshake are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// The version number in TLS records. 0 if it is unknown.
    pub version: u32,
    /// An earlier session was resumed.
    pub is_resumed: bool,
    /// The name of the cipher suite. Empty if it is unknown.
    pub cipher: String,
    /// The protocol that the server has selected by ALPN. Empty: none.
    pub alpn: String,
    /// The certificates that the server has sent, in DER, with its own first.
    pub chain: Chain,
}

/// Certificates in DER.
pub type Chain = Arc<[Vec<u8>]>;

/// Takes the first certificates of a chain, within the limits.
pub(super) fn bounded_chain(certificates: impl Iterator<Item = Vec<u8>>) -> Chain {
    let mut left = Some(MAX_CHAIN);
    let fits = |certificate: &Vec<u8>| {
        left = left.and_then(|left| left.checked_sub(certificate.len()));
        left.is_some()
    };
    certificates.take(MAX_CERTIFICATES).take_while(fits).collect()
}

/// The infos of the connections of a connector. Equal infos, and equal chains, are in memory only once.
#[derive(Default)]
pub(super) struct SharedInfos(Mutex<Vec<Weak<TlsInfo>>>);

impl SharedInfos {
    /// Returns an info that is equal to this one.
    pub(super) fn share(&self, mut info: TlsInfo) -> Arc<TlsInfo> {
        let mut infos = self.0.lock();
        infos.retain(|shared| shared.strong_count() > 0);
        for shared in infos.iter().filter_map(Weak::upgrade) {
            if *shared == info {
                return shared;
            }
            if shared.chain == info.chain {
                info.chain = Arc::clone(&shared.chain);
            }
        }
        let info = Arc::new(info);
        if infos.len() < MAX_SHARED {
            infos.push(Arc::downgrade(&info));
        }
        info
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(is_resumed: bool, chain: &[&[u8]]) -> TlsInfo {
        TlsInfo { is_resumed, chain: chain.iter().map(|der| der.to_vec()).collect(), ..TlsInfo::default() }
    }

    #[test]
    fn equal_infos_and_equal_chains_are_shared() {
        let infos = SharedInfos::default();
        let first = infos.share(info(false, &[b"leaf", b"issuer"]));
        assert!(Arc::ptr_eq(&first, &infos.share(info(false, &[b"leaf", b"issuer"]))));
        let resumed = infos.share(info(true, &[b"leaf", b"issuer"]));
        assert!(resumed.is_resumed && Arc::ptr_eq(&first.chain, &resumed.chain));
        let other = infos.share(info(false, &[b"leaf"]));
        assert_eq!(*other, info(false, &[b"leaf"]));
        drop((first, resumed, other));
        infos.share(info(false, &[]));
        assert_eq!(infos.0.lock().len(), 1, "nothing is kept for infos that no longer exist");
        let many: Vec<_> = (0..100u8).map(|number| infos.share(info(false, &[&[number]]))).collect();
        assert_eq!(infos.0.lock().len(), MAX_SHARED);
        assert!(many.iter().zip(0..).all(|(shared, number)| *shared.chain == [[number]]));
    }

    #[test]
    fn chains_are_bounded() {
        let chain = |count, len| bounded_chain(std::iter::repeat_n(vec![7; len], count));
        assert_eq!(chain(3, 1000).len(), 3);
        assert_eq!(chain(11, 1000).len(), MAX_CERTIFICATES);
        assert_eq!(chain(10, MAX_CHAIN / 4).len(), 4);
        assert_eq!(chain(1, MAX_CHAIN + 1).len(), 0);
    }
}

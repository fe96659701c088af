//! Limits for the bytes that TLS reads: in one turn, so that other sockets get their turns, and in a row without application
//! data.
//!
//! A peer can endlessly send records without application data: key updates and session tickets of TLS 1.3, empty records,
//! requests to renegotiate. Each record costs work, and a read that waits for data would not return while such records arrive.

use super::peer::Peer;

/// The largest number of records in one turn.
pub(super) const MAX_RECORDS_PER_TURN: usize = 128;
/// The largest number of records without data in a row, in one turn. A key update costs as much as many records with data.
pub(super) const MAX_DATALESS_PER_TURN: usize = 16;
/// The largest number of bytes in one turn: twice the read buffer, because a record may consist mostly of padding.
pub(super) const MAX_BYTES_PER_TURN: usize = 128 * 1024;
/// The number of records in a row without data at which the connection fails. OpenSSL and BoringSSL allow 32 empty ones, and
/// BoringSSL allows 32 key updates. If a server updates its keys every hour on a connection without any other traffic, not even a
/// pong, it reaches this number after ten days.
pub(super) const MAX_DATALESS_RECORDS: usize = 256;
/// The largest number of bytes in a handshake. OpenSSL accepts certificates of 100 KiB.
pub(super) const MAX_HANDSHAKE_BYTES: usize = 256 * 1024;

/// The size of a record header: content type, version, length (RFC 8446 section 5.1).
pub(super) const HEADER_LEN: usize = 5;

/// Counts the records and bytes that TLS reads.
#[derive(Debug, Default)]
pub(super) struct RecordBudget {
    /// How many header bytes of the current record were read, and the last two of them, which are the length.
    header_len: usize,
    length: [u8; 2],
    /// How many body bytes of that record were not yet read.
    body_left: usize,
    /// The counts of this turn.
    records: usize,
    bytes: usize,
    dataless_in_turn: usize,
    /// The number of records since the last record with data.
    dataless: usize,
    /// The number of bytes in the handshake. `None` after it.
    handshake: Option<usize>,
    is_turn_over: bool,
}

/// The limit that TLS has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The budget of this turn is used up.
    Turn,
    /// The peer has sent too much. The connection fails.
    Flood(Flood),
}

/// The kind of bytes of which the peer has sent too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    /// [`MAX_HANDSHAKE_BYTES`]
    Handshake,
    /// [`MAX_DATALESS_RECORDS`]
    Dataless,
}

impl Flood {
    pub(super) fn text(self, peer: Peer) -> &'static str {
        match (self, peer) {
            (Flood::Handshake, Peer::Server) => "the server's handshake has more than 256 KiB",
            (Flood::Handshake, Peer::Proxy) => "the proxy's handshake has more than 256 KiB",
            (Flood::Dataless, Peer::Server) => {
                "the server sent 256 TLS records in a row without data, such as key updates"
            }
            (Flood::Dataless, Peer::Proxy) => {
                "the proxy sent 256 TLS records in a row without data, such as key updates"
            }
        }
    }
}

impl RecordBudget {
    /// Makes a budget for a stream at the beginning of the handshake.
    pub(super) fn new() -> RecordBudget {
        RecordBudget { handshake: Some(0), ..RecordBudget::default() }
    }

    /// The handshake is complete.
    pub(super) fn handshake_done(&mut self) {
        self.handshake = None;
        (self.dataless, self.dataless_in_turn) = (0, 0);
    }

    /// A turn begins.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        (self.records, self.bytes, self.dataless_in_turn, self.is_turn_over) = (0, 0, 0, false);
    }

    /// The TLS below has used up its budget of this turn, so nothing more is read in this turn.
    #[cold]
    pub(super) fn end_turn(&mut self) {
        (self.records, self.is_turn_over) = (MAX_RECORDS_PER_TURN, true);
    }

    /// Returns true if TLS has used up its budget of this turn.
    #[inline]
    pub(super) fn is_turn_over(&self) -> bool {
        self.is_turn_over
    }

    /// TLS has returned application data.
    #[inline]
    pub(super) fn note_data(&mut self) {
        (self.dataless, self.dataless_in_turn) = (0, 0);
    }

    /// Called when TLS wants to read. Returns the limit if one was reached.
    #[inline]
    pub(super) fn limit(&mut self) -> Option<Limit> {
        let limit = match self.handshake {
            Some(bytes) if bytes > MAX_HANDSHAKE_BYTES => Some(Limit::Flood(Flood::Handshake)),
            None if self.dataless >= MAX_DATALESS_RECORDS => Some(Limit::Flood(Flood::Dataless)),
            _ if self.records >= MAX_RECORDS_PER_TURN
                || self.dataless_in_turn >= MAX_DATALESS_PER_TURN
                || self.bytes >= MAX_BYTES_PER_TURN =>
            {
                Some(Limit::Turn)
            }
            _ => None,
        };
        self.is_turn_over = limit == Some(Limit::Turn);
        limit
    }

    /// Counts bytes that TLS has read. They may begin and end anywhere in a record.
    #[inline]
    pub(super) fn count(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(handshake) = &mut self.handshake {
            *handshake += bytes.len();
        }
        while !bytes.is_empty() {
            if self.body_left > 0 {
                let body = self.body_left.min(bytes.len());
                self.body_left -= body;
                bytes = &bytes[body..];
            } else {
                self.length = [self.length[1], bytes[0]];
                bytes = &bytes[1..];
                self.header_len += 1;
                if self.header_len < HEADER_LEN {
                    continue;
                }
                self.header_len = 0;
                self.body_left = usize::from(u16::from_be_bytes(self.length));
            }
            if self.body_left == 0 {
                self.records += 1;
                self.dataless_in_turn += 1;
                self.dataless += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(len: usize) -> Vec<u8> {
        [&[23, 3, 3], &(len as u16).to_be_bytes()[..], &vec![7; len]].concat()
    }

    fn opened() -> RecordBudget {
        let mut budget = RecordBudget::new();
        budget.handshake_done();
        budget
    }

    #[test]
    fn records_are_counted_in_pieces_of_any_size() {
        let bytes: Vec<u8> = [0, 1, 22, 300, 16_000].iter().flat_map(|len| record(*len)).collect();
        for size in [1, 2, 5, 7, 1000, 100_000] {
            let mut budget = opened();
            bytes.chunks(size).for_each(|piece| budget.count(piece));
            assert_eq!((budget.records, budget.dataless, budget.bytes), (5, 5, bytes.len()), "{size}");
        }
    }

    #[test]
    fn each_limit_ends_the_turn() {
        for (len, data, turn) in [
            (22, false, MAX_DATALESS_PER_TURN),
            (1, true, MAX_RECORDS_PER_TURN),
            (16_000, true, MAX_BYTES_PER_TURN.div_ceil(16_000 + HEADER_LEN)),
        ] {
            let mut budget = opened();
            for _ in 0..3 {
                let mut taken = 0;
                budget.begin_turn();
                while budget.limit().is_none() {
                    budget.count(&record(len));
                    taken += 1;
                    if data {
                        budget.note_data();
                    }
                }
                assert_eq!((taken, budget.is_turn_over()), (turn, true), "{len}");
            }
            budget.begin_turn();
            assert!(!budget.is_turn_over());
        }
    }

    #[test]
    fn records_without_data_are_a_flood_unless_data_comes_between() {
        let mut budget = opened();
        for round in 0..3 {
            for _ in 1..MAX_DATALESS_RECORDS {
                budget.begin_turn();
                assert_eq!(budget.limit(), None, "{round}");
                budget.count(&record(22));
            }
            budget.note_data();
        }
        for _ in 0..MAX_DATALESS_RECORDS {
            budget.begin_turn();
            assert_eq!(budget.limit(), None);
            budget.count(&record(22));
        }
        assert!(matches!(budget.limit(), Some(Limit::Flood(_))));
    }

    #[test]
    fn the_bytes_of_a_handshake_are_limited() {
        let mut budget = RecordBudget::new();
        let mut taken = 0;
        let limit = loop {
            budget.begin_turn();
            if let Some(limit) = budget.limit() {
                break limit;
            }
            budget.count(&record(100));
            taken += 105;
        };
        assert!(matches!(limit, Limit::Flood(_)));
        assert!((MAX_HANDSHAKE_BYTES..MAX_HANDSHAKE_BYTES + 200).contains(&taken), "{taken}");
    }

    #[test]
    fn the_texts_of_the_limits_have_their_numbers() {
        let mut budget = RecordBudget::new();
        budget.count(&record(MAX_HANDSHAKE_BYTES / 8).repeat(8));
        let text = format!("more than {} KiB", MAX_HANDSHAKE_BYTES >> 10);
        assert!(
            matches!(budget.limit(), Some(Limit::Flood(flood)) if flood.text(Peer::Server).ends_with(&text)),
            "{text}"
        );
        let mut budget = opened();
        budget.count(&record(1).repeat(MAX_DATALESS_RECORDS));
        let text = format!("{MAX_DATALESS_RECORDS} TLS records in a row");
        assert!(
            matches!(budget.limit(), Some(Limit::Flood(flood)) if flood.text(Peer::Proxy).contains(&text)),
            "{text}"
        );
    }
}

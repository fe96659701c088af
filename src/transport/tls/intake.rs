//! Limits of what TLS reads: in one turn, so that other sockets get their turn, and in a row without application data.
//!
//! A peer can send records without application data for ever: key updates and session tickets of TLS 1.3, empty records, requests
//! to renegotiate. Each record costs work, and a read that waits for data would not return as long as they arrive.

/// The most records of one turn.
pub(super) const RECORDS_A_TURN: usize = 128;
/// The most records of one turn without data, in a row. A key update costs as much as many records with data.
pub(super) const SILENT_A_TURN: usize = 16;
/// The most bytes of one turn: twice the read buffer, because a record may be mostly padding.
pub(super) const BYTES_A_TURN: usize = 128 * 1024;
/// The number of records in a row without data at which the connection fails. OpenSSL and BoringSSL allow 32 empty ones, and
/// BoringSSL 32 key updates. A server that updates its keys every hour on a connection without any other traffic, not even a
/// pong, reaches this number after ten days.
pub(super) const MAX_SILENT: usize = 256;
/// The most bytes of a handshake. OpenSSL accepts certificates of 100 KiB.
pub(super) const MAX_HANDSHAKE: usize = 256 * 1024;

/// Content type, version, length (RFC 8446 section 5.1).
const HEADER: usize = 5;

/// Counts the records and bytes that TLS reads.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// The number of bytes of the present record's header that were read, and the last two of them, which are the length.
    header: usize,
    length: [u8; 2],
    /// The bytes that are left of that record's body.
    left: usize,
    /// In this turn.
    records: usize,
    bytes: usize,
    silent_now: usize,
    /// Records since the last one with data.
    silent: usize,
    /// The bytes of the handshake; `None` after it.
    handshake: Option<usize>,
    is_over: bool,
}

/// The reason why TLS gets no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// This turn is over.
    Turn,
    /// The connection fails, with this text.
    Flood(&'static str),
}

impl Intake {
    /// A handshake begins.
    pub(super) fn new() -> Intake {
        Intake { handshake: Some(0), ..Intake::default() }
    }

    /// The handshake is over.
    pub(super) fn opened(&mut self) {
        self.handshake = None;
        (self.silent, self.silent_now) = (0, 0);
    }

    /// A turn begins.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        (self.records, self.bytes, self.silent_now, self.is_over) = (0, 0, 0, false);
    }

    /// Has TLS used its budget of this turn?
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// TLS has returned application data.
    #[inline]
    pub(super) fn brought_data(&mut self) {
        (self.silent, self.silent_now) = (0, 0);
    }

    /// TLS wants to read. Returns the reason if it must not.
    #[inline]
    pub(super) fn stop(&mut self) -> Option<Stop> {
        let stop = match self.handshake {
            Some(bytes) if bytes > MAX_HANDSHAKE => Some(Stop::Flood("the server's handshake has more than 256 KiB")),
            None if self.silent >= MAX_SILENT => {
                Some(Stop::Flood("the server sent 256 TLS records in a row without data, such as key updates"))
            }
            _ if self.records >= RECORDS_A_TURN || self.silent_now >= SILENT_A_TURN || self.bytes >= BYTES_A_TURN => {
                Some(Stop::Turn)
            }
            _ => None,
        };
        self.is_over = stop == Some(Stop::Turn);
        stop
    }

    /// TLS has read these bytes, which may begin and end anywhere in a record.
    #[inline]
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(handshake) = &mut self.handshake {
            *handshake += bytes.len();
        }
        while !bytes.is_empty() {
            if self.left > 0 {
                let body = self.left.min(bytes.len());
                self.left -= body;
                bytes = &bytes[body..];
            } else {
                self.length = [self.length[1], bytes[0]];
                bytes = &bytes[1..];
                self.header += 1;
                if self.header < HEADER {
                    continue;
                }
                self.header = 0;
                self.left = usize::from(u16::from_be_bytes(self.length));
            }
            if self.left == 0 {
                self.records += 1;
                self.silent_now += 1;
                self.silent += 1;
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

    fn opened() -> Intake {
        let mut intake = Intake::new();
        intake.opened();
        intake
    }

    #[test]
    fn records_are_counted_in_pieces_of_any_size() {
        let bytes: Vec<u8> = [0, 1, 22, 300, 16_000].iter().flat_map(|len| record(*len)).collect();
        for size in [1, 2, 5, 7, 1000, 100_000] {
            let mut intake = opened();
            bytes.chunks(size).for_each(|piece| intake.take(piece));
            assert_eq!((intake.records, intake.silent, intake.bytes), (5, 5, bytes.len()), "{size}");
        }
    }

    #[test]
    fn each_limit_ends_a_turn() {
        for (len, data, turn) in [
            (22, false, SILENT_A_TURN),
            (1, true, RECORDS_A_TURN),
            (16_000, true, BYTES_A_TURN.div_ceil(16_000 + HEADER)),
        ] {
            let mut intake = opened();
            for _ in 0..3 {
                let mut taken = 0;
                intake.begin_turn();
                while intake.stop().is_none() {
                    intake.take(&record(len));
                    taken += 1;
                    if data {
                        intake.brought_data();
                    }
                }
                assert_eq!((taken, intake.is_over()), (turn, true), "{len}");
            }
            intake.begin_turn();
            assert!(!intake.is_over());
        }
    }

    #[test]
    fn records_without_data_are_a_flood_unless_data_follows() {
        let mut intake = opened();
        for round in 0..3 {
            for _ in 1..MAX_SILENT {
                intake.begin_turn();
                assert_eq!(intake.stop(), None, "{round}");
                intake.take(&record(22));
            }
            intake.brought_data();
        }
        for _ in 0..MAX_SILENT {
            intake.begin_turn();
            assert_eq!(intake.stop(), None);
            intake.take(&record(22));
        }
        assert!(matches!(intake.stop(), Some(Stop::Flood(_))));
    }

    #[test]
    fn bytes_of_a_handshake_are_bounded() {
        let mut intake = Intake::new();
        let mut taken = 0;
        let stop = loop {
            intake.begin_turn();
            if let Some(stop) = intake.stop() {
                break stop;
            }
            intake.take(&record(100));
            taken += 105;
        };
        assert!(matches!(stop, Stop::Flood(_)));
        assert!((MAX_HANDSHAKE..MAX_HANDSHAKE + 200).contains(&taken), "{taken}");
    }
}

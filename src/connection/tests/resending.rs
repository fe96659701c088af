//! What becomes of messages that were queued when the line broke, and are to be kept.

use super::lab::Lab;
use super::peer::{OFFER, Peer, Said};
use super::retrying::RETRY;
use crate::config::{ConnectConfig, RetryOptions};
use std::cell::Cell;

fn resends(config: &mut ConnectConfig) {
    config.retry = Some(RetryOptions { resend: true, ..RETRY });
}

thread_local! {
    static DRAWN: Cell<u8> = const { Cell::new(0) };
}

/// Keys that differ: each byte is one more than that before it.
pub fn counting(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = DRAWN.replace(DRAWN.get().wrapping_add(1));
    }
}

fn message(number: u8) -> String {
    format!("{number}: {}", "all work and no play ".repeat(usize::from(number % 2) * 10))
}

/// Four messages are accepted, and one and a half of them written, when the line breaks; three times over.
#[test]
fn what_was_kept_goes_out_first_whole_in_order_once_and_masked_anew() {
    let combinations = if OFFER.is_some() { 8 } else { 1 };
    for deflates in (0..combinations).map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0]) {
        let mut lab = Lab::whole();
        lab.set_entropy(std::sync::Arc::new(counting));
        lab.begin_with("ws://10.0.0.1/", |config| {
            resends(config);
            config.request.deflate = OFFER;
        });
        let (mut sent, mut got, mut masks) = (Vec::new(), Vec::new(), Vec::new());
        for (round, deflates) in (0u8..).zip(deflates) {
            let last = round == 2;
            let mut peer = Peer::new(deflates);
            // What is kept goes out with the answer.
            lab.tcp(Ok(()));
            let answer = lab.answer();
            lab.wire().room = if last { usize::MAX } else { 0 };
            let extension =
                if deflates { "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n" } else { "\r\n\r\n" };
            lab.serve(format!("{}{extension}", answer.trim_end()).as_bytes());
            lab.tell();
            for number in 4 * round..4 * round + 4 {
                assert_eq!(lab.send(&message(number)), Ok(()), "{number} of {deflates}");
                sent.push(message(number));
            }
            // Byte by byte, until one message is whole and the next has begun.
            let before = got.len();
            while !last && (got.len() == before || peer.begun() < 3) {
                lab.wire().room = 1;
                lab.turn();
                let mut bytes = std::mem::take(&mut lab.wire().from_client);
                got.extend(peer.take(&mut bytes));
            }
            let pending: usize = sent[got.len()..].iter().map(String::len).sum();
            if last {
                let mut bytes = std::mem::take(&mut lab.wire().from_client);
                got.extend(peer.take(&mut bytes));
            } else {
                assert_eq!(lab.buffered(), pending);
                assert_eq!(got.len(), before + 1);
                lab.end_stream();
                let unsent = format!("unsent {} of {pending} bytes", sent.len() - got.len());
                assert!(lab.told().last().unwrap().contains(&unsent), "{:?}", lab.told());
                assert_eq!(lab.buffered(), pending, "it is kept");
                assert_eq!(lab.outbox().unsent().0 as usize, sent.len() - got.len());
                lab.advance(250);
            }
            assert_eq!(peer.deflated > 0, deflates && (last || round == 1), "{deflates}");
            masks.extend(peer.masks);
        }
        let expected: Vec<_> = sent.into_iter().map(Said::Message).collect();
        assert_eq!(got, expected, "{deflates:?}");
        assert_eq!(lab.buffered(), 0);
        assert_eq!(lab.outbox().queues().messages_sent, 12);
        assert!(masks.iter().all(|mask| *mask != [0; 4]), "all are masked");
    }
}

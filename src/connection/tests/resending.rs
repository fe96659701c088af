//! Messages that were queued when the connection was lost, with the option that resends them.

use super::retrying::RETRY;
use super::simulation::Simulation;
use super::strict_server::{ClientFrame, OFFER, StrictServer};
use crate::config::{ConnectConfig, RetryOptions};
use std::cell::Cell;

fn resends(config: &mut ConnectConfig) {
    config.retry = Some(RetryOptions { resend: true, ..RETRY });
}

thread_local! {
    static DRAWN: Cell<u8> = const { Cell::new(0) };
}

/// Makes masking keys that differ: each byte is one more than the byte before it.
pub fn counting(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = DRAWN.replace(DRAWN.get().wrapping_add(1));
    }
}

fn message(number: u8) -> String {
    format!("{number}: {}", "all work and no play ".repeat(usize::from(number % 2) * 10))
}

/// Three times, four messages are accepted, and one and a half of them are written when the connection is lost.
#[test]
fn unsent_messages_are_resent_once_in_order_with_new_masking_keys() {
    let combinations = if OFFER.is_some() { 8 } else { 1 };
    for deflates in (0..combinations).map(|bits| [bits & 1 != 0, bits & 2 != 0, bits & 4 != 0]) {
        let mut sim = Simulation::new();
        sim.set_entropy(std::sync::Arc::new(counting));
        sim.begin_with("ws://10.0.0.1/", |config| {
            resends(config);
            config.request.deflate = OFFER;
        });
        let (mut sent, mut received, mut masks) = (Vec::new(), Vec::new(), Vec::new());
        for (round, deflates) in (0u8..).zip(deflates) {
            let last = round == 2;
            let mut server = StrictServer::new(deflates);
            // The kept messages are written when the response was read.
            sim.connect_result(Ok(()));
            let answer = sim.answer();
            sim.wire().room = if last { usize::MAX } else { 0 };
            let extension =
                if deflates { "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n" } else { "\r\n\r\n" };
            sim.server_sends(format!("{}{extension}", answer.trim_end()).as_bytes());
            sim.report_open();
            for number in 4 * round..4 * round + 4 {
                assert_eq!(sim.send(&message(number)), Ok(()), "{number} of {deflates}");
                sent.push(message(number));
            }
            // The messages are written byte by byte, until one is complete and the next one has begun.
            let before = received.len();
            while !last && (received.len() == before || server.partial_bytes() < 3) {
                sim.wire().room = 1;
                sim.turn();
                let mut bytes = std::mem::take(&mut sim.wire().from_client);
                received.extend(server.decode(&mut bytes));
            }
            let pending: usize = sent[received.len()..].iter().map(String::len).sum();
            if last {
                let mut bytes = std::mem::take(&mut sim.wire().from_client);
                received.extend(server.decode(&mut bytes));
            } else {
                assert_eq!(sim.buffered(), pending);
                assert_eq!(received.len(), before + 1);
                sim.end_stream();
                let unsent = format!("unsent {} of {pending} bytes", sent.len() - received.len());
                assert!(sim.events().last().unwrap().contains(&unsent), "{:?}", sim.events());
                assert_eq!(sim.buffered(), pending, "the messages are kept");
                assert_eq!(sim.send_queue().unsent().0 as usize, sent.len() - received.len());
                sim.advance(250);
            }
            assert_eq!(server.deflated > 0, deflates && (last || round == 1), "{deflates}");
            masks.extend(server.masks);
        }
        let expected: Vec<_> = sent.into_iter().map(ClientFrame::Message).collect();
        assert_eq!(received, expected, "{deflates:?}");
        assert_eq!(sim.buffered(), 0);
        assert_eq!(sim.send_queue().stats().messages_sent, 12);
        assert!(masks.iter().all(|mask| *mask != [0; 4]), "all frames are masked");
    }
}

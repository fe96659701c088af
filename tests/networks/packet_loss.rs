//! Packet loss, which TCP repairs.

use crate::echo_server::ServerLog;
use crate::interfaces::{WIFI, retransmitted, url};
use crate::namespace::in_namespace_with_two_networks;
use crate::phone::{Event, Phone};
use ::egret_ws::*;
use std::time::Instant;
use test_support::client::DRIVERS;

/// One packet in twenty is lost, in both directions.
#[test]
fn packet_loss_loses_no_message_and_ends_no_connection() {
    if !in_namespace_with_two_networks("packet_loss::packet_loss_loses_no_message_and_ends_no_connection") {
        return;
    }
    const MESSAGES: usize = 1000;
    let server_log = ServerLog::begin();
    for driver in DRIVERS {
        let phone = Phone::connect(driver, &url(), |options| {
            // To send a packet again, TCP needs 200 ms, and twice that time for each further loss.
            (options.ping_interval_ms, options.pong_timeout_ms) = (20, 5000);
            options.retry_attempts = 1;
        });
        phone.wait_connect(1);
        let (before, began) = (retransmitted(), Instant::now());
        WIFI.drop_packets(0.05);
        let sent: Vec<Vec<u8>> = (0..MESSAGES).map(|number| number.to_be_bytes().repeat(number * 7 % 600)).collect();
        let mut next = 0;
        while phone.messages().len() < MESSAGES {
            // Only a few messages are sent at a time, because TCP notices the loss of the last packet slowly.
            while next < MESSAGES && next < phone.messages().len() + 20 {
                assert_eq!(phone.send(&sent[next]), EGRET_WS_OK);
                next += 1;
            }
            phone.wait_messages(phone.messages().len() + 1);
        }
        println!("{driver:?}: {:?}, {} packets sent again", began.elapsed(), retransmitted() - before);
        assert!(retransmitted() > before, "no packet was lost, so the test has checked nothing");
        assert_eq!(phone.messages(), sent);
        assert_eq!(server_log.last().messages, sent);
        assert!(matches!(phone.summary()[..], [Event::Connect]), "{:?}", phone.summary());
        WIFI.drop_nothing();
    }
}

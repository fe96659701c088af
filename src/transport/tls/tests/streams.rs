//! Data in both directions, and the ends of streams.

use super::authority::{Issued, trusting};
use super::pair::{BROKEN_PIPE, CONNECTION_RESET, ClientStream, IDEAL, NetworkProfile, PROFILES, Pair, acceptor};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::{Connector, Tls};
use openssl::ssl::SslVersion;
use std::io::{ErrorKind, Write};

/// The settings of a client and a server that trust each other.
struct Setup {
    connector: Connector,
    server: Issued,
}

impl Setup {
    fn new() -> Setup {
        let root = Issued::root("root");
        Setup { connector: trusting(&[&root]), server: root.intermediate("middle").server("IP:127.0.0.1") }
    }

    fn pair(&self, profile: NetworkProfile) -> Pair {
        Pair::new(&self.connector, "127.0.0.1", acceptor(&self.server), profile)
    }

    fn open(&self, profile: NetworkProfile) -> (Pair, Tls<ClientStream>) {
        let mut pair = self.pair(profile);
        let tls = pair.complete_handshake().unwrap();
        (pair, tls)
    }
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_mebibyte_passes_in_both_directions_over_every_network() {
    let Setup { connector, server } = Setup::new();
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        for profile in PROFILES {
            // With single bytes this takes long, so fewer bytes are used.
            let bytes = noise(if profile.max_transfer == 1 { 40_000 } else { 1 << 20 });
            let mut acceptor = acceptor(&server);
            acceptor.set_max_proto_version(Some(version)).unwrap();
            let mut pair = Pair::new(&connector, "127.0.0.1", acceptor, profile);
            let mut tls = pair.complete_handshake().unwrap();
            let mut received = pair.write(&mut tls, &bytes).unwrap();
            pair.receive(&mut received);
            assert!(received == bytes, "{profile:?}");
            for size in [64 * 1024, 1, 16 * 1024, 777] {
                let bytes = &bytes[..if size == 1 { 20_000 } else { bytes.len() }];
                bytes.chunks(40_001).for_each(|piece| pair.server.write_all(piece).unwrap());
                assert!(pair.read(&mut tls, bytes.len(), &mut vec![0; size]).unwrap() == bytes, "{profile:?}");
            }
        }
    }
}

#[test]
fn a_message_takes_one_read_of_the_stream_below() {
    let (mut pair, mut tls) = Setup::new().open(IDEAL);
    // The server's session tickets come first.
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    for len in [1, 128, 2000, 4000] {
        pair.server.write_all(&noise(len)).unwrap();
        let before = pair.network.borrow().reads;
        assert_eq!(pair.read(&mut tls, len, &mut [0; 9000]).unwrap(), noise(len));
        assert_eq!(pair.network.borrow().reads - before, 1);
    }
    // Several messages take one read too.
    (0..5).for_each(|_| pair.server.write_all(b"message").unwrap());
    let before = pair.network.borrow().reads;
    assert_eq!(pair.read(&mut tls, 35, &mut [0; 9000]).unwrap(), b"message".repeat(5));
    assert_eq!(pair.network.borrow().reads - before, 1);
}

#[test]
fn bytes_are_reported_as_written_after_the_stream_has_taken_them() {
    let (mut pair, mut tls) = Setup::new().open(IDEAL);
    let bytes = noise(40_000);
    let mut received = Vec::new();
    pair.network.borrow_mut().room = 10_000;
    assert_eq!(tls.write(&bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(tls.write(&bytes).unwrap_err().kind(), ErrorKind::WouldBlock, "there is still no room");
    pair.receive(&mut received);
    assert_eq!(received, b"", "the server cannot read a part of a record");
    pair.network.borrow_mut().make_room(10_000);
    assert_eq!(tls.write(&bytes).unwrap(), 16 * 1024);
    pair.receive(&mut received);
    assert!(received == bytes[..16 * 1024]);
    pair.network.borrow_mut().make_room(usize::MAX);
    received.extend(pair.write(&mut tls, &bytes[16 * 1024..]).unwrap());
    assert!(received == bytes, "no byte is lost or sent twice");
}

#[test]
fn a_read_flushes_the_output_buffer() {
    let (mut pair, mut tls) = Setup::new().open(IDEAL);
    pair.network.borrow_mut().room = 3;
    assert_eq!(tls.write(b"hello").unwrap_err().kind(), ErrorKind::WouldBlock);
    pair.network.borrow_mut().make_room(usize::MAX);
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut received = Vec::new();
    pair.receive(&mut received);
    assert_eq!(received, b"hello");
    assert_eq!(tls.write(b"hello").unwrap(), 5, "the server already has these bytes");
    pair.receive(&mut received);
    assert_eq!(received, b"hello");
}

#[test]
fn a_close_notify_and_an_unexpected_end_are_different_results() {
    let setup = Setup::new();
    for (clean, ends) in [(true, true), (true, false), (false, true)] {
        for profile in PROFILES {
            let (mut pair, mut tls) = setup.open(profile);
            pair.server.write_all(b"last words").unwrap();
            if clean {
                pair.server.shutdown().unwrap();
            }
            if ends {
                pair.network.borrow_mut().end();
            }
            assert_eq!(pair.read(&mut tls, 10, &mut [0; 100]).unwrap(), b"last words");
            for _ in 0..2 {
                pair.network.borrow_mut().make_room(usize::MAX);
                match pair.read(&mut tls, 1, &mut [0; 100]) {
                    Ok(more) => assert!(clean && more.is_empty(), "{profile:?}"),
                    Err(end) => {
                        assert!(!clean && end.kind() == ErrorKind::UnexpectedEof, "{profile:?}: {end}");
                        assert!(end.to_string().contains("close_notify"), "{end}");
                    }
                }
            }
            assert!(!tls.short_read_is_last(), "there is no further event");
        }
    }
}

#[test]
fn a_forged_record_fails_the_stream() {
    let (pair, mut tls) = Setup::new().open(IDEAL);
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    pair.inject(&[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    for _ in 0..2 {
        let error = tls.read(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("TLS failed: "), "{error}");
    }
    tls.close_notify();
}

#[test]
fn reading_continues_after_the_end_of_writing() {
    let setup = Setup::new();
    for profile in PROFILES {
        let (mut pair, mut tls) = setup.open(profile);
        pair.write(&mut tls, b"hello").unwrap();
        pair.network.borrow_mut().room = 5;
        tls.end_writing();
        assert!(!pair.network.borrow().client_ended, "the close_notify comes first");
        pair.network.borrow_mut().make_room(usize::MAX);
        pair.server.write_all(b"goodbye").unwrap();
        assert_eq!(pair.read(&mut tls, 7, &mut [0; 100]).unwrap(), b"goodbye");
        for _ in 0..200 {
            let _ = tls.read(&mut [0; 100]); // each read flushes some bytes
        }
        assert!(pair.network.borrow().client_ended);
        assert!(!pair.receive(&mut Vec::new()), "the server has read a close_notify");
        tls.close_notify();
        assert!(!pair.receive(&mut Vec::new()));
    }
}

#[test]
fn close_notify_is_sent_without_waiting() {
    let (mut pair, mut tls) = Setup::new().open(IDEAL);
    tls.close_notify();
    drop(tls);
    assert!(!pair.receive(&mut Vec::new()), "the server has read a close_notify");
    let (mut pair, mut tls) = Setup::new().open(IDEAL);
    pair.network.borrow_mut().room = 0;
    tls.close_notify();
    drop(tls);
    assert!(pair.receive(&mut Vec::new()), "without room no close_notify is sent");
}

#[test]
fn a_connection_lost_in_the_handshake_is_reported() {
    let setup = Setup::new();
    for profile in [IDEAL, NetworkProfile { max_transfer: 100, blocks_every_other: true }] {
        for operation in 0.. {
            let mut pair = setup.pair(profile);
            pair.network.borrow_mut().operations_until_failure = Some(operation);
            match pair.complete_handshake() {
                Err(failure) => {
                    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, CONNECTION_RESET));
                    assert!(failure.message.contains("during the TLS handshake"), "{}", failure.message);
                }
                Ok(mut tls) => {
                    assert!(operation >= 3);
                    // The stream breaks now. Every call reports that.
                    pair.network.borrow_mut().operations_until_failure = Some(0);
                    for _ in 0..2 {
                        pair.network.borrow_mut().make_room(usize::MAX);
                        let error = pair.read(&mut tls, 1, &mut [0; 9]).unwrap_err();
                        assert_eq!(error.raw_os_error(), Some(CONNECTION_RESET));
                        let error = tls.write(b"hello").unwrap_err();
                        assert_eq!(error.raw_os_error(), Some(CONNECTION_RESET));
                    }
                    tls.end_writing();
                    tls.close_notify();
                    break;
                }
            }
        }
    }
}

#[test]
fn a_stream_that_ends_before_the_server_hello_is_a_lost_connection() {
    let mut pair = Setup::new().pair(IDEAL);
    pair.network.borrow_mut().end();
    let failure = pair.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, 0));
    assert!(pair.handshake.stream().is_none());
}

#[test]
fn a_server_without_tls_fails_the_handshake() {
    let mut pair = Setup::new().pair(IDEAL);
    pair.inject(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    pair.network.borrow_mut().end();
    let failure = pair.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::Tls);
    assert!(failure.message.starts_with("the TLS handshake failed: "), "{}", failure.message);
}

#[test]
fn an_alert_is_read_although_writing_fails() {
    let setup = Setup::new();
    let mut pair = setup.pair(IDEAL);
    pair.network.borrow_mut().fails_writes = true;
    pair.inject(&[21, 3, 3, 0, 2, 2, 40]);
    let failure = pair.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::Tls);
    assert!(failure.message.contains("alert handshake failure"), "{}", failure.message);

    let mut pair = setup.pair(IDEAL);
    pair.network.borrow_mut().fails_writes = true;
    let failure = pair.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, BROKEN_PIPE));

    let (mut pair, mut tls) = setup.open(IDEAL);
    pair.network.borrow_mut().fails_writes = true;
    pair.server.write_all(b"last words").unwrap();
    assert_eq!(tls.write(b"hello").unwrap_err().raw_os_error(), Some(BROKEN_PIPE));
    assert_eq!(pair.read(&mut tls, 10, &mut [0; 100]).unwrap(), b"last words");
}

/// Old versions of OpenSSL would use a buffer that was already freed (CVE-2024-4741).
#[test]
fn buffers_are_kept_while_a_part_of_a_record_is_there() {
    let Setup { connector, server } = Setup::new();
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let mut acceptor = acceptor(&server);
        acceptor.set_max_proto_version(Some(version)).unwrap();
        let mut pair = Pair::new(&connector, "127.0.0.1", acceptor, IDEAL);
        let mut tls = pair.complete_handshake().unwrap();
        let mut read = |size: usize| {
            let mut buffer = vec![0; size];
            let count = tls.read(&mut buffer).inspect_err(|error| assert_eq!(error.kind(), ErrorKind::WouldBlock));
            buffer.truncate(count.unwrap_or(0));
            (buffer, tls.is_between_records())
        };
        assert_eq!(read(100), (Vec::new(), true), "the tickets are read");
        pair.server.write_all(b"hello").unwrap();
        let mut record = std::mem::take(&mut pair.network.borrow_mut().to_client);
        let last = record.pop_back().unwrap();
        for byte in record {
            pair.network.borrow_mut().to_client.push_back(byte);
            assert_eq!(read(100), (Vec::new(), false));
        }
        pair.network.borrow_mut().to_client.push_back(last);
        assert_eq!(read(2), (b"he".to_vec(), false));
        assert_eq!(read(100), (b"llo".to_vec(), true));
    }
}

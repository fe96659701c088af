//! Bytes both ways, and how they end.

use super::authority::{Issued, trusting};
use super::lab::{BROKEN_PIPE, CALM, CONNECTION_RESET, Client, Lab, WEATHERS, Weather, acceptor};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::{Connector, Tls};
use openssl::ssl::SslVersion;
use std::io::{ErrorKind, Write};

/// A client and a server that get on with each other.
struct Pair {
    connector: Connector,
    server: Issued,
}

impl Pair {
    fn new() -> Pair {
        let root = Issued::root("root");
        Pair { connector: trusting(&[&root]), server: root.intermediate("middle").server("IP:127.0.0.1") }
    }

    fn lab(&self, weather: Weather) -> Lab {
        Lab::new(&self.connector, "127.0.0.1", acceptor(&self.server), weather)
    }

    fn open(&self, weather: Weather) -> (Lab, Tls<Client>) {
        let mut lab = self.lab(weather);
        let tls = lab.shake().unwrap();
        (lab, tls)
    }
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_mebibyte_goes_both_ways_in_any_weather() {
    let Pair { connector, server } = Pair::new();
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        for weather in WEATHERS {
            // Byte for byte it takes a while.
            let bytes = noise(if weather.cut == 1 { 40_000 } else { 1 << 20 });
            let mut acceptor = acceptor(&server);
            acceptor.set_max_proto_version(Some(version)).unwrap();
            let mut lab = Lab::new(&connector, "127.0.0.1", acceptor, weather);
            let mut tls = lab.shake().unwrap();
            let mut received = lab.write(&mut tls, &bytes).unwrap();
            lab.receive(&mut received);
            assert!(received == bytes, "{weather:?}");
            for size in [64 * 1024, 1, 16 * 1024, 777] {
                let bytes = &bytes[..if size == 1 { 20_000 } else { bytes.len() }];
                bytes.chunks(40_001).for_each(|piece| lab.server.write_all(piece).unwrap());
                assert!(lab.read(&mut tls, bytes.len(), &mut vec![0; size]).unwrap() == bytes, "{weather:?}");
            }
        }
    }
}

#[test]
fn a_message_costs_one_read_of_the_stream_below() {
    let (mut lab, mut tls) = Pair::new().open(CALM);
    // The server's session tickets come first.
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    for len in [1, 128, 2000, 4000] {
        lab.server.write_all(&noise(len)).unwrap();
        let before = lab.wire.borrow().reads;
        assert_eq!(lab.read(&mut tls, len, &mut [0; 9000]).unwrap(), noise(len));
        assert_eq!(lab.wire.borrow().reads - before, 1);
    }
    // Several of them, too.
    (0..5).for_each(|_| lab.server.write_all(b"message").unwrap());
    let before = lab.wire.borrow().reads;
    assert_eq!(lab.read(&mut tls, 35, &mut [0; 9000]).unwrap(), b"message".repeat(5));
    assert_eq!(lab.wire.borrow().reads - before, 1);
}

#[test]
fn what_the_stream_does_not_take_is_told_as_written_when_it_has() {
    let (mut lab, mut tls) = Pair::new().open(CALM);
    let bytes = noise(40_000);
    let mut received = Vec::new();
    lab.wire.borrow_mut().room = 10_000;
    assert_eq!(tls.write(&bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(tls.write(&bytes).unwrap_err().kind(), ErrorKind::WouldBlock, "again, without room");
    lab.receive(&mut received);
    assert_eq!(received, b"", "a record is whole or nothing");
    lab.wire.borrow_mut().make_room(10_000);
    assert_eq!(tls.write(&bytes).unwrap(), 16 * 1024);
    lab.receive(&mut received);
    assert!(received == bytes[..16 * 1024]);
    lab.wire.borrow_mut().make_room(usize::MAX);
    received.extend(lab.write(&mut tls, &bytes[16 * 1024..]).unwrap());
    assert!(received == bytes, "nothing is lost, and nothing sent twice");
}

#[test]
fn a_read_writes_what_waits() {
    let (mut lab, mut tls) = Pair::new().open(CALM);
    lab.wire.borrow_mut().room = 3;
    assert_eq!(tls.write(b"hello").unwrap_err().kind(), ErrorKind::WouldBlock);
    lab.wire.borrow_mut().make_room(usize::MAX);
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut received = Vec::new();
    lab.receive(&mut received);
    assert_eq!(received, b"hello");
    assert_eq!(tls.write(b"hello").unwrap(), 5, "it was theirs already");
    lab.receive(&mut received);
    assert_eq!(received, b"hello");
}

#[test]
fn a_close_notify_is_told_apart_from_a_stream_cut_off() {
    let pair = Pair::new();
    for (clean, ends) in [(true, true), (true, false), (false, true)] {
        for weather in WEATHERS {
            let (mut lab, mut tls) = pair.open(weather);
            lab.server.write_all(b"last words").unwrap();
            if clean {
                lab.server.shutdown().unwrap();
            }
            if ends {
                lab.wire.borrow_mut().end();
            }
            assert_eq!(lab.read(&mut tls, 10, &mut [0; 100]).unwrap(), b"last words");
            for _ in 0..2 {
                lab.wire.borrow_mut().make_room(usize::MAX);
                match lab.read(&mut tls, 1, &mut [0; 100]) {
                    Ok(more) => assert!(clean && more.is_empty(), "{weather:?}"),
                    Err(end) => {
                        assert!(!clean && end.kind() == ErrorKind::UnexpectedEof, "{weather:?}: {end}");
                        assert!(end.to_string().contains("close_notify"), "{end}");
                    }
                }
            }
            assert!(!tls.short_read_is_last(), "nothing more will be told");
        }
    }
}

#[test]
fn a_record_that_was_tampered_with_ends_the_stream() {
    let (lab, mut tls) = Pair::new().open(CALM);
    assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    lab.forge(&[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    for _ in 0..2 {
        let error = tls.read(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().starts_with("TLS failed: "), "{error}");
    }
    tls.close_notify();
}

#[test]
fn the_end_of_writing_is_told_and_reading_goes_on() {
    let pair = Pair::new();
    for weather in WEATHERS {
        let (mut lab, mut tls) = pair.open(weather);
        lab.write(&mut tls, b"hello").unwrap();
        lab.wire.borrow_mut().room = 5;
        tls.end_writing();
        assert!(!lab.wire.borrow().client_ended, "not before the close_notify is out");
        lab.wire.borrow_mut().make_room(usize::MAX);
        lab.server.write_all(b"goodbye").unwrap();
        assert_eq!(lab.read(&mut tls, 7, &mut [0; 100]).unwrap(), b"goodbye");
        for _ in 0..200 {
            let _ = tls.read(&mut [0; 100]); // byte for byte, it goes out with each
        }
        assert!(lab.wire.borrow().client_ended);
        assert!(!lab.receive(&mut Vec::new()), "the server is told by a close_notify");
        tls.close_notify();
        assert!(!lab.receive(&mut Vec::new()));
    }
}

#[test]
fn goodbye_is_a_close_notify_and_never_waits() {
    let (mut lab, mut tls) = Pair::new().open(CALM);
    tls.close_notify();
    drop(tls);
    assert!(!lab.receive(&mut Vec::new()), "the server is told by a close_notify");
    let (mut lab, mut tls) = Pair::new().open(CALM);
    lab.wire.borrow_mut().room = 0;
    tls.close_notify();
    drop(tls);
    assert!(lab.receive(&mut Vec::new()), "without room nothing is told");
}

#[test]
fn a_connection_that_breaks_in_the_handshake_is_told_as_that() {
    let pair = Pair::new();
    for weather in [CALM, Weather { cut: 100, stutter: true }] {
        for operation in 0.. {
            let mut lab = pair.lab(weather);
            lab.wire.borrow_mut().operations_until_failure = Some(operation);
            match lab.shake() {
                Err(failure) => {
                    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, CONNECTION_RESET));
                    assert!(failure.message.contains("during the TLS handshake"), "{}", failure.message);
                }
                Ok(mut tls) => {
                    assert!(operation >= 3);
                    // It breaks now, at the latest, and this is told for ever.
                    lab.wire.borrow_mut().operations_until_failure = Some(0);
                    for _ in 0..2 {
                        lab.wire.borrow_mut().make_room(usize::MAX);
                        let error = lab.read(&mut tls, 1, &mut [0; 9]).unwrap_err();
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
fn a_server_that_ends_the_stream_instead_of_its_hello_broke_the_connection() {
    let mut lab = Pair::new().lab(CALM);
    lab.wire.borrow_mut().end();
    let failure = lab.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, 0));
    assert!(lab.handshake.stream().is_none());
}

#[test]
fn a_server_without_tls_is_named() {
    let mut lab = Pair::new().lab(CALM);
    lab.forge(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    lab.wire.borrow_mut().end();
    let failure = lab.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::Tls);
    assert!(failure.message.starts_with("the TLS handshake failed: "), "{}", failure.message);
}

#[test]
fn a_refusal_is_heard_though_writing_fails() {
    let pair = Pair::new();
    let mut lab = pair.lab(CALM);
    lab.wire.borrow_mut().deaf = true;
    lab.forge(&[21, 3, 3, 0, 2, 2, 40]);
    let failure = lab.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!(failure.error, Error::Tls);
    assert!(failure.message.contains("alert handshake failure"), "{}", failure.message);

    let mut lab = pair.lab(CALM);
    lab.wire.borrow_mut().deaf = true;
    let failure = lab.handshake.advance().map(|_| ()).unwrap_err();
    assert_eq!((failure.error, failure.os_error), (Error::ConnectionLost, BROKEN_PIPE));

    let (mut lab, mut tls) = pair.open(CALM);
    lab.wire.borrow_mut().deaf = true;
    lab.server.write_all(b"last words").unwrap();
    assert_eq!(tls.write(b"hello").unwrap_err().raw_os_error(), Some(BROKEN_PIPE));
    assert_eq!(lab.read(&mut tls, 10, &mut [0; 100]).unwrap(), b"last words");
}

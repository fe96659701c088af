//! TLS to a server inside TLS to a proxy.

use super::authority::{Issued, trusting};
use super::floods::{NOT_REQUESTED, UPDATE, send_updates};
use super::pair::{self, ClientStream, IDEAL, NetworkProfile, PROFILES, Pair, acceptor};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::record_budget::{MAX_DATALESS_PER_TURN, MAX_DATALESS_RECORDS, MAX_RECORDS_PER_TURN};
use crate::transport::tls::{Advance, Handshake, Tls, TlsError};
use openssl::ssl::{ErrorCode, Ssl, SslStream};
use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;

/// More rounds than any test needs.
const MAX_ROUNDS: usize = 1_000_000;

/// The stream of the server: the bytes that go through the TLS of the proxy.
struct Tunnel {
    proxy: Rc<RefCell<Pair>>,
    /// The largest number of bytes in a record of the proxy.
    record: Rc<RefCell<usize>>,
}

impl Read for Tunnel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.proxy.borrow_mut().server.ssl_read(buffer) {
            Ok(count) => Ok(count),
            Err(error) if error.code() == ErrorCode::WANT_READ => Err(ErrorKind::WouldBlock.into()),
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(0),
            Err(error) => panic!("the proxy: {error}"),
        }
    }
}

impl Write for Tunnel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let proxy = &mut self.proxy.borrow_mut().server;
        bytes.chunks(*self.record.borrow()).for_each(|record| proxy.write_all(record).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A client, a proxy and a server, after all handshakes.
struct Nested {
    proxy: Rc<RefCell<Pair>>,
    record: Rc<RefCell<usize>>,
    server: SslStream<Tunnel>,
    client: Tls<Tls<ClientStream>>,
}

impl Nested {
    fn new(profile: NetworkProfile) -> Nested {
        let root = Issued::root("root");
        let connector = trusting(&[&root]);
        let mut proxy = Pair::proxy(&connector, "proxy.example", acceptor(&root.server("DNS:proxy.example")), profile);
        let outer = proxy.complete_handshake().unwrap();
        proxy.repeat_ready();
        let proxy = Rc::new(RefCell::new(proxy));
        let record = Rc::new(RefCell::new(usize::MAX));
        let tunnel = Tunnel { proxy: Rc::clone(&proxy), record: Rc::clone(&record) };
        let acceptor = acceptor(&root.server("DNS:game.example")).build();
        let mut server = SslStream::new(Ssl::new(acceptor.context()).unwrap(), tunnel).unwrap();
        let mut handshake = Handshake::begin(&connector, &pair::server("game.example"), outer);
        let (mut client, mut accepted) = (None, false);
        for _ in 0..MAX_ROUNDS {
            match server.accept() {
                _ if accepted => {}
                Ok(()) => accepted = true,
                Err(error) => assert_eq!(error.code(), ErrorCode::WANT_READ, "{error}"),
            }
            match &mut client {
                Some(_) if accepted => break,
                Some(client) => assert_eq!(Tls::read(client, &mut []).unwrap(), 0, "it only writes"),
                None if proxy.borrow().ready() => match handshake.advance().unwrap() {
                    Advance::Wait => {}
                    Advance::Again => proxy.borrow().repeat_ready(),
                    Advance::Done(tls) => client = Some(*tls),
                },
                None => {}
            }
        }
        assert!(accepted, "the handshake does not end");
        proxy.borrow().repeat_ready();
        Nested { proxy, record, server, client: client.expect("the handshake is complete") }
    }

    /// Makes such a chain, and reads the session tickets of both servers.
    fn quiet() -> Nested {
        let mut nested = Nested::new(IDEAL);
        assert_eq!(nested.client.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
        nested
    }

    /// Reads as a connection does: only after a readiness event, until there are `wanted` bytes or the end.
    fn read(&mut self, wanted: usize, size: usize) -> io::Result<Vec<u8>> {
        let (mut all, mut buffer) = (Vec::new(), vec![0; size]);
        for _ in 0..MAX_ROUNDS {
            if all.len() >= wanted {
                return Ok(all);
            }
            assert!(self.proxy.borrow().ready(), "{} of {wanted} bytes, and no readiness event", all.len());
            if self.proxy.borrow().network.borrow().ended {
                self.client.note_hangup();
            }
            loop {
                if all.len() >= wanted {
                    // The other bytes are left for the next call.
                    self.proxy.borrow().repeat_ready();
                    break;
                }
                match self.client.read(&mut buffer) {
                    Ok(0) => return Ok(all),
                    Ok(count) => {
                        all.extend_from_slice(&buffer[..count]);
                        if count < buffer.len() && self.client.short_read_is_last() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        panic!("the read does not end");
    }

    /// Writes as a connection does, while the server reads. Returns the bytes that the server has received.
    fn write(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut written, mut received) = (0, Vec::new());
        for _ in 0..MAX_ROUNDS {
            if written < bytes.len() {
                match self.client.write(&bytes[written..]) {
                    Ok(count) => written += count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
                }
            }
            assert!(self.receive(&mut received));
            if written == bytes.len() {
                return received;
            }
        }
        panic!("the write does not end");
    }

    /// Reads the bytes that the server has received. Returns false after its close_notify.
    fn receive(&mut self, received: &mut Vec<u8>) -> bool {
        let mut buffer = [0; 20_000];
        loop {
            match self.server.ssl_read(&mut buffer) {
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(error) if error.code() == ErrorCode::WANT_READ => return true,
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return false,
                Err(error) => panic!("the server: {error}"),
            }
        }
    }

    /// Returns whether the proxy has received a close_notify, and before it only bytes that the server has read.
    fn proxy_is_closed(&self) -> bool {
        match self.proxy.borrow_mut().server.ssl_read(&mut [0; 100]) {
            Ok(count) => panic!("{count} bytes"),
            Err(error) => error.code() == ErrorCode::ZERO_RETURN,
        }
    }
}

#[test]
fn data_passes_in_both_directions_over_every_network() {
    for profile in PROFILES {
        let bytes: Vec<u8> = (0..if profile.max_transfer == 1 { 5_000 } else { 200_000_u32 })
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let mut nested = Nested::new(profile);
        let mut received = nested.write(&bytes);
        nested.receive(&mut received);
        assert!(received == bytes, "{profile:?}");
        for (size, record) in [(64 * 1024, usize::MAX), (777, 1000), (16 * 1024, 4096)] {
            *nested.record.borrow_mut() = record;
            bytes.chunks(40_001).for_each(|piece| nested.server.write_all(piece).unwrap());
            assert!(nested.read(bytes.len(), size).unwrap() == bytes, "{profile:?}, {size}, {record}");
        }
    }
}

#[test]
fn bytes_are_reported_as_written_after_tcp_has_taken_them() {
    let mut nested = Nested::quiet();
    nested.proxy.borrow().network.borrow_mut().room = 100;
    let bytes = [7; 1000];
    for _ in 0..3 {
        assert_eq!(nested.client.write(&bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    nested.proxy.borrow().network.borrow_mut().make_room(usize::MAX);
    assert_eq!(nested.client.write(&bytes).unwrap(), bytes.len());
    let mut received = Vec::new();
    assert!(nested.receive(&mut received));
    assert_eq!(received, bytes, "once");
}

#[test]
fn the_close_notify_of_the_server_comes_before_that_of_the_proxy() {
    for ends_writing in [false, true] {
        let mut nested = Nested::quiet();
        assert_eq!(nested.client.write(b"last").unwrap(), 4);
        if ends_writing {
            nested.client.end_writing();
        } else {
            nested.client.close_notify();
        }
        let mut received = Vec::new();
        assert!(!nested.receive(&mut received), "the server gets a close_notify");
        assert_eq!((received.as_slice(), nested.proxy_is_closed()), (&b"last"[..], true));
        assert_eq!(nested.proxy.borrow().network.borrow().client_ended, ends_writing);
    }
}

#[test]
fn a_close_notify_waits_for_room_and_the_end_follows() {
    let mut nested = Nested::quiet();
    nested.proxy.borrow().network.borrow_mut().room = 10;
    nested.client.end_writing();
    assert!(!nested.proxy.borrow().network.borrow().client_ended);
    nested.proxy.borrow().network.borrow_mut().make_room(usize::MAX);
    assert_eq!(nested.client.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!nested.receive(&mut Vec::new()) && nested.proxy_is_closed());
    assert!(nested.proxy.borrow().network.borrow().client_ended);
}

#[test]
fn a_reset_sends_no_close_notify() {
    let mut nested = Nested::quiet();
    nested.client.reset_on_drop();
    nested.client.close_notify();
    assert!(nested.receive(&mut Vec::new()) && !nested.proxy_is_closed());
    assert!(nested.proxy.borrow().network.borrow().client_resets);
}

#[test]
fn only_the_close_notify_of_the_server_is_a_regular_end() {
    let mut nested = Nested::quiet();
    nested.server.write_all(b"last").unwrap();
    nested.server.shutdown().unwrap();
    assert_eq!(nested.read(5, 100).unwrap(), b"last");

    // The proxy ends the tunnel.
    let mut nested = Nested::quiet();
    nested.server.write_all(b"last").unwrap();
    nested.proxy.borrow_mut().server.shutdown().unwrap();
    assert_eq!(nested.read(4, 100).unwrap(), b"last");
    assert_eq!(nested.read(1, 100).unwrap_err().kind(), ErrorKind::UnexpectedEof);

    // The connection to the proxy ends.
    let mut nested = Nested::quiet();
    nested.proxy.borrow().network.borrow_mut().end();
    assert_eq!(nested.read(1, 100).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn an_error_names_the_tls_that_has_failed() {
    let mut nested = Nested::quiet();
    nested.proxy.borrow().inject(&[23, 3, 3, 0, 30].into_iter().chain([7; 30]).collect::<Vec<u8>>());
    let error = nested.read(1, 100).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().starts_with("TLS to the proxy failed: "), "{error}");

    let mut nested = Nested::quiet();
    nested.proxy.borrow_mut().server.write_all(&[&[23, 3, 3, 0, 30][..], &[7; 30]].concat()).unwrap();
    let error = nested.read(1, 100).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidData && error.to_string().starts_with("TLS failed: "), "{error}");
}

#[test]
fn key_updates_of_the_proxy_have_the_budget_of_a_turn_and_a_limit() {
    let mut nested = Nested::quiet();
    let updates = MAX_DATALESS_PER_TURN * 10;
    send_updates(&mut nested.proxy.borrow_mut(), updates, NOT_REQUESTED);
    nested.server.write_all(b"data").unwrap();
    let mut turns = 0;
    let count = loop {
        match nested.client.read(&mut [0; 100]) {
            Ok(count) => break count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        assert!(!nested.client.short_read_is_last(), "there are more bytes without an event");
        turns += 1;
    };
    assert_eq!((count, turns), (4, updates / MAX_DATALESS_PER_TURN));

    send_updates(&mut nested.proxy.borrow_mut(), MAX_DATALESS_RECORDS * 20, NOT_REQUESTED);
    nested.proxy.borrow().repeat_ready();
    for _ in 0..2 {
        let error = nested.read(1, 100).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
        assert!(error.to_string().starts_with("the proxy sent 256 TLS records in a row without data"), "{error}");
        nested.proxy.borrow().repeat_ready();
    }
    let left = nested.proxy.borrow().unread();
    assert!(left >= MAX_DATALESS_RECORDS * 18 * UPDATE - 68 * 1024, "{left} bytes were not read");
}

/// The records of the server come in many records of the proxy.
#[test]
fn one_read_takes_a_bounded_number_of_small_records_of_the_proxy() {
    const SENT: usize = 10_000;
    let mut nested = Nested::quiet();
    *nested.record.borrow_mut() = 1;
    nested.server.write_all(&[7; SENT]).unwrap();
    let mut left = nested.proxy.borrow().unread();
    let record = left / SENT;
    let mut received = 0;
    while received < SENT {
        match nested.client.read(&mut [0; 64 * 1024]) {
            Ok(count) => received += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        let taken = left - nested.proxy.borrow().unread();
        // Besides that, one buffer is read ahead.
        assert!(taken <= (MAX_RECORDS_PER_TURN + 1) * record + 64 * 1024, "{taken} bytes in one turn");
        assert!(received == SENT || !nested.client.short_read_is_last());
        left -= taken;
    }
}

#[test]
fn the_texts_of_a_failed_handshake_name_the_proxy() {
    let root = Issued::root("root");
    let connector = trusting(&[&root]);
    let failure = |name: &str, issued: &Issued| -> TlsError {
        let mut pair = Pair::proxy(&connector, name, acceptor(issued), IDEAL);
        pair.complete_handshake().err().expect("it fails")
    };
    let good = root.server("DNS:proxy.example");
    for (found, error, text) in [
        (failure("other.example", &good), Error::TlsHost, "the proxy's certificate is not accepted: hostname mismatch"),
        (
            failure("proxy.example", &root.server_of_days("DNS:proxy.example", -10..-2)),
            Error::TlsExpired,
            "the proxy's certificate is not accepted: certificate has expired",
        ),
        (
            failure("proxy.example", &Issued::root("other").server("DNS:proxy.example")),
            Error::TlsIssuer,
            "the proxy's certificate is not accepted: unable to get local issuer certificate",
        ),
    ] {
        assert_eq!((found.error, found.message.as_str()), (error, text));
    }
    let begin = |bytes: &[u8]| {
        let pair = Pair::proxy(&connector, "proxy.example", acceptor(&good), IDEAL);
        pair.inject(bytes);
        pair
    };
    let advance = |mut pair: Pair| match pair.handshake.advance() {
        Err(failure) => (failure.error, failure.message),
        Ok(_) => panic!("no TLS came"),
    };
    let (error, message) = advance(begin(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_eq!(error, Error::Tls);
    assert!(message.starts_with("the TLS handshake with the proxy failed: "), "{message}");
    let hint = "the proxy does not speak TLS on this port, is http:// meant? It sent `HTTP/1.1 400 Bad Request`";
    assert!(message.ends_with(hint), "{message}");
    let silent = begin(&[]);
    silent.network.borrow_mut().end();
    let (error, message) = advance(silent);
    assert_eq!(error, Error::ConnectionLost, "{message}");
    assert!(message.starts_with("the connection broke during the TLS handshake with the proxy: "), "{message}");
    assert!(
        message.ends_with("the proxy sent nothing: if it does not speak TLS on this port, use http://"),
        "{message}"
    );
}

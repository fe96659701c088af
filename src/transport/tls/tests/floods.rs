//! Peers that send records without data: one read takes a limited number of them, and too many in a row fail the connection.

use super::authority::{Issued, trusting};
use super::pair::{ClientStream, IDEAL, NetworkProfile, PROFILES, Pair, acceptor};
use crate::error::Error;
use crate::transport::Transport;
use crate::transport::tls::record_budget::{
    MAX_BYTES_PER_TURN, MAX_DATALESS_PER_TURN, MAX_DATALESS_RECORDS, MAX_HANDSHAKE_BYTES, MAX_RECORDS_PER_TURN,
};
use crate::transport::tls::{Advance, Tls};
use openssl::ssl::{SslAcceptorBuilder, SslRef};
use std::ffi::c_int;
use std::io::{ErrorKind, Write};

pub const NOT_REQUESTED: c_int = 0;
const REQUESTED: c_int = 1;

#[allow(unsafe_code)] // the crate does not have these functions
unsafe extern "C" {
    fn SSL_key_update(ssl: *mut openssl_sys::SSL, kind: c_int) -> c_int;
    fn SSL_CTX_set_block_padding(context: *mut openssl_sys::SSL_CTX, block: usize) -> c_int;
}

/// Returns the pointer of C. A reference of this type has an equal address.
fn raw(ssl: &SslRef) -> *mut openssl_sys::SSL {
    std::ptr::from_ref(ssl).cast_mut().cast()
}

#[allow(unsafe_code)] // the crate does not have this function
fn update_keys(ssl: &SslRef, kind: c_int) {
    // SAFETY: the SSL lives as long as the reference. The other argument is a number.
    assert_eq!(unsafe { SSL_key_update(raw(ssl), kind) }, 1);
}

/// The server sends this many updates of its keys.
pub fn send_updates(pair: &mut Pair, count: usize, kind: c_int) {
    for _ in 0..count {
        update_keys(pair.server.ssl(), kind);
        pair.server.do_handshake().unwrap();
    }
}

fn open(profile: NetworkProfile) -> (Pair, Tls<ClientStream>) {
    open_to(profile, |_| ())
}

/// Like [`open`], but `set` changes the settings of the server before.
fn open_to(profile: NetworkProfile, set: impl FnOnce(&mut SslAcceptorBuilder)) -> (Pair, Tls<ClientStream>) {
    let root = Issued::root("root");
    let mut acceptor = acceptor(&root.server("DNS:localhost"));
    set(&mut acceptor);
    let mut pair = Pair::new(&trusting(&[&root]), "localhost", acceptor, profile);
    let mut tls = pair.complete_handshake().unwrap();
    if profile.max_transfer == usize::MAX {
        // This reads the session tickets.
        assert_eq!(tls.read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    (pair, tls)
}

/// The size of a key update's record: header, type and length of the message, its content, the content type, the tag.
pub const UPDATE: usize = 5 + 4 + 1 + 1 + 16;

#[test]
fn one_read_takes_a_bounded_number_of_key_updates() {
    let (mut pair, mut tls) = open(IDEAL);
    let updates = MAX_DATALESS_PER_TURN * 10;
    send_updates(&mut pair, updates, NOT_REQUESTED);
    pair.server.write_all(b"data").unwrap();
    let mut reads = 0;
    let count = loop {
        match tls.read(&mut [0; 100]) {
            Ok(count) => break count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
        }
        assert!(!tls.short_read_is_last(), "there are more bytes without an event");
        reads += 1;
    };
    assert_eq!((count, reads), (4, updates / MAX_DATALESS_PER_TURN));
}

#[test]
fn many_key_updates_in_a_row_fail_the_connection() {
    for profile in PROFILES {
        let (mut pair, mut tls) = open(profile);
        send_updates(&mut pair, MAX_DATALESS_RECORDS * 10, NOT_REQUESTED);
        let sent = MAX_DATALESS_RECORDS * 10 * UPDATE;
        for _ in 0..2 {
            pair.network.borrow_mut().make_room(usize::MAX);
            let error = pair.read(&mut tls, 1, &mut [0; 100]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{profile:?}: {error}");
            assert!(error.to_string().contains("256 TLS records in a row without data"), "{error}");
        }
        let left = pair.unread();
        assert!(sent - left <= (MAX_DATALESS_RECORDS + 10) * UPDATE + 64 * 1024, "{profile:?}: {left} of {sent} left");
        tls.end_writing();
        tls.close_notify();
    }
}

#[test]
fn key_updates_between_data_are_accepted() {
    let (mut pair, mut tls) = open(IDEAL);
    for round in 0..50 {
        send_updates(&mut pair, MAX_DATALESS_RECORDS / 4, NOT_REQUESTED);
        pair.server.write_all(b"data").unwrap();
        assert_eq!(pair.read(&mut tls, 4, &mut [0; 100]).unwrap(), b"data", "{round}");
    }
}

/// Answers to key updates wait on this side up to a limit. After that, the updates wait on the server's side.
#[test]
fn answers_that_the_peer_does_not_read_are_bounded() {
    let (mut pair, mut tls) = open(IDEAL);
    pair.network.borrow_mut().room = 0;
    let mut turns = 0;
    let waits = loop {
        send_updates(&mut pair, 100, REQUESTED);
        pair.server.write_all(b"data").unwrap();
        match tls.read(&mut [0; 100]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => break tls.buffered_output(),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted),
            Ok(_) => {}
        }
        turns += 1;
        assert!(turns < 10_000, "{} bytes wait", tls.buffered_output());
    };
    assert!((64 * 1024..66 * 1024).contains(&waits), "{waits} bytes wait");
    // The stream continues when the peer reads again.
    pair.network.borrow_mut().make_room(usize::MAX);
    assert_eq!(pair.read(&mut tls, 4, &mut [0; 100]).unwrap(), b"data");
    assert_eq!(tls.buffered_output(), 0);
}

#[test]
fn one_read_takes_a_bounded_number_of_small_records() {
    let (mut pair, mut tls) = open(IDEAL);
    let bytes: Vec<u8> = (0..10_000_u32).map(|n| n as u8).collect();
    bytes.chunks(1).for_each(|byte| pair.server.write_all(byte).unwrap());
    assert_eq!(tls.read(&mut [0; 64 * 1024]).unwrap(), MAX_RECORDS_PER_TURN);
    assert!(!tls.short_read_is_last());
    let rest = pair.read(&mut tls, bytes.len() - MAX_RECORDS_PER_TURN, &mut vec![0; 64 * 1024]).unwrap();
    assert_eq!(rest, bytes[MAX_RECORDS_PER_TURN..]);
}

/// TLS 1.3 allows 16 KiB of padding in a record of one byte.
#[test]
fn padding_counts_as_bytes() {
    let (mut pair, mut tls) = open_to(IDEAL, |acceptor| pad(acceptor, 16_000));
    (0..100).for_each(|_| pair.server.write_all(b"x").unwrap());
    assert!(pair.unread() > 100 * 15_000, "the server pads: {}", pair.unread());
    let count = tls.read(&mut [0; 64 * 1024]).unwrap();
    assert!(count <= MAX_BYTES_PER_TURN / 15_000 + 1, "{count} records in one turn");
    assert_eq!(pair.read(&mut tls, 100 - count, &mut [0; 1000]).unwrap(), vec![b'x'; 100 - count]);
}

#[allow(unsafe_code)] // the crate does not have this function
fn pad(acceptor: &mut SslAcceptorBuilder, block: usize) {
    // SAFETY: the context lives as long as the reference. The other argument is a number.
    assert_eq!(unsafe { SSL_CTX_set_block_padding(acceptor.as_ptr(), block) }, 1);
}

#[test]
fn endless_handshakes_are_limited_per_turn_and_in_total() {
    let root = Issued::root("root");
    let connector = trusting(&[&root]);
    // The cases: a ServerHello in pieces of one byte; ChangeCipherSpec records, which TLS 1.3 drops; HelloRequests, which TLS 1.2
    // drops.
    let hello = [&[22, 3, 3, 0, 4, 2, 0, 0x40, 0][..], &[22, 3, 3, 0, 1, 3].repeat(16_384)].concat();
    let changes = [20, 3, 3, 0, 1, 1].repeat(100_000);
    let requests = [22, 3, 3, 0, 4, 0, 0, 0, 0].repeat(100_000);
    let too_many = "the server's handshake has more than 256 KiB";
    let cases = [
        ("hello", hello, "", 1),
        ("changes", changes, "", 0),
        ("requests", requests, too_many, MAX_HANDSHAKE_BYTES / 9 / MAX_DATALESS_PER_TURN),
    ];
    for (what, bytes, words, least) in cases {
        let mut pair = Pair::new(&connector, "localhost", acceptor(&root.server("DNS:localhost")), IDEAL);
        pair.inject(&bytes);
        let mut turns = 0;
        let failure = loop {
            match pair.handshake.advance() {
                Ok(Advance::Again) => turns += 1,
                Ok(Advance::Wait) => panic!("{what}: {} bytes are available", pair.unread()),
                Ok(Advance::Done(_)) => panic!("{what}: there is no server"),
                Err(failure) => break failure,
            }
            assert!(turns <= MAX_HANDSHAKE_BYTES / 6 / MAX_DATALESS_PER_TURN, "{what}");
        };
        assert_eq!(failure.error, Error::Tls, "{what}: {}", failure.message);
        assert!(failure.message.contains(words), "{what}: {}", failure.message);
        assert!(turns >= least, "{what}: {turns} turns, each of a few records");
        assert!(bytes.len() - pair.unread() <= MAX_HANDSHAKE_BYTES + 64 * 1024, "{what}");
    }
}

#[test]
fn long_certificate_chains_are_accepted() {
    let root = Issued::root("root");
    for profile in PROFILES {
        let mut big = acceptor(&root.server("DNS:localhost"));
        (0..150).for_each(|_| big.add_extra_chain_cert(root.certificate.clone()).unwrap());
        let mut pair = Pair::new(&trusting(&[&root]), "localhost", big, profile);
        assert!(pair.complete_handshake().is_ok(), "{profile:?}");
    }
}

//! Servers that send TLS records without data. They must not delay other sockets, and their connections end.
#![allow(unsafe_code)] // requests new keys from OpenSSL; the crate has no function for that

use crate::hosts::{TlsLibrary, new_loop, on_both_drivers};
use crate::settings::{ConnectTls, Settings};
use ::egret_ws::*;
use openssl::ssl::{Ssl, SslAcceptor, SslFiletype, SslMethod, SslStream, SslVersion};
use std::ffi::c_int;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use test_support::certificates::RIGHT;
use test_support::client::Driver;
use test_support::frame::Frame;
use test_support::scripted_server::{Peer, Request, Server};

unsafe extern "C" {
    fn SSL_key_update(ssl: *mut openssl_sys::SSL, kind: c_int) -> c_int;
    fn SSL_new_session_ticket(ssl: *mut openssl_sys::SSL) -> c_int;
}

/// The kinds of records without data.
#[derive(Clone, Copy, Debug)]
enum Silent {
    KeyUpdate,
    Ticket,
}

/// A stream that can collect its writes, so that they can be sent at once.
struct Tap {
    stream: TcpStream,
    kept: Option<Vec<u8>>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.kept {
            Some(kept) => kept.write(bytes),
            None => self.stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The server's side, after the upgrade.
struct Hostile(SslStream<Tap>);

impl Hostile {
    fn accept(peer: &mut Peer) -> Hostile {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("OpenSSL");
        acceptor.set_min_proto_version(Some(SslVersion::TLS1_3)).expect("TLS 1.3");
        acceptor.set_certificate_chain_file(RIGHT.chain()).expect("a chain");
        acceptor.set_private_key_file(RIGHT.key(), SslFiletype::PEM).expect("a key");
        let ssl = Ssl::new(acceptor.build().context()).expect("OpenSSL");
        let tap = Tap { stream: peer.stream().try_clone().expect("a handle"), kept: None };
        let mut stream = SslStream::new(ssl, tap).expect("OpenSSL");
        stream.accept().expect("the client shakes hands");
        let request = Request::read(&mut stream);
        stream.write_all(request.answer().as_bytes()).expect("the answer");
        Hostile(stream)
    }

    /// Returns the bytes that `make` writes, without sending them.
    fn keep(&mut self, make: impl FnOnce(&mut Hostile)) -> Vec<u8> {
        self.0.get_mut().kept = Some(Vec::new());
        make(self);
        self.0.get_mut().kept.take().expect("the collected writes")
    }

    fn send_silent(&mut self, what: Silent, count: usize) {
        for _ in 0..count {
            let ssl = std::ptr::from_ref(self.0.ssl()).cast_mut().cast();
            // SAFETY: a reference of this type has the address of the C object, and the stream that owns it lives.
            let made = unsafe {
                match what {
                    Silent::KeyUpdate => SSL_key_update(ssl, 0),
                    Silent::Ticket => SSL_new_session_ticket(ssl),
                }
            };
            assert_eq!(made, 1);
            self.0.do_handshake().expect("it is written");
        }
    }

    fn send(&mut self, frame: &Frame) {
        self.0.write_all(&frame.bytes()).expect("it is written");
    }
}

/// The test counts messages. Before each message there are `each` records without data.
#[test]
fn records_without_data_do_not_delay_other_sockets() {
    const ROUNDS: usize = 60;
    for what in [Silent::KeyUpdate, Silent::Ticket] {
        // rustls accepts 32 key updates without data between them.
        let each = if matches!((crate::LIBRARY, what), (TlsLibrary::Rustls, Silent::KeyUpdate)) { 30 } else { 100 };
        let (start, may_start) = channel::<()>();
        let (sent, flood_is_there) = channel();
        let hostile_server = Server::start(move |mut peer| {
            let mut hostile = Hostile::accept(&mut peer);
            let flood = hostile.keep(|hostile| {
                for _ in 0..ROUNDS {
                    hostile.send_silent(what, each);
                    hostile.send(&Frame::binary([7]));
                }
            });
            may_start.recv().expect("the signal of the test");
            // The bytes that the system takes at once are enough. The rest waits until the client reads.
            peer.stream().set_nonblocking(true).expect("a stream");
            let count = peer.stream().write(&flood).expect("some of the flood");
            sent.send(count as f64 / flood.len() as f64).expect("a test that waits");
            peer.stream().set_nonblocking(false).expect("a stream");
            let _ = peer.stream().write_all(&flood[count..]);
            peer.read_to_end();
        });
        let (start_calm, calm_may_start) = channel::<()>();
        let (sent_too, message_is_there) = channel();
        let calm_server = Server::start(move |mut peer| {
            peer.upgrade();
            calm_may_start.recv().expect("the signal of the test");
            peer.send(&Frame::text("calm"));
            sent_too.send(()).expect("a test that waits");
            let _ = peer.read();
        });
        let host = new_loop(Driver::Inline);
        let hostile = host.connect_port(hostile_server.port(), &Settings::trusting());
        let calm = host.connect(calm_server.port());
        hostile.wait_open();
        calm.wait_open();
        start.send(()).expect("a server that waits");
        let share = flood_is_there.recv().expect("the flood");
        assert!(share > 0.1, "{share} of the flood is there");
        start_calm.send(()).expect("a server that waits");
        message_is_there.recv().expect("the message");

        let mut passes = 0;
        while calm.count_messages() == 0 {
            let before = hostile.count_messages();
            host.poll(0);
            passes += 1;
            let came = hostile.count_messages() - before;
            assert!(came <= 3, "{what:?}: {came} × {each} records without data in one pass");
            assert!(passes <= 3, "{what:?}: the other socket's message is not there after {passes} passes");
        }
        hostile.wait_messages(ROUNDS);
        drop((hostile, calm));
        drop(host);
        hostile_server.finish();
        calm_server.finish();
    }
}

#[test]
fn many_records_without_data_end_the_connection() {
    for what in [Silent::KeyUpdate, Silent::Ticket] {
        on_both_drivers(|host| {
            let server = Server::start(move |mut peer| {
                let mut hostile = Hostile::accept(&mut peer);
                let flood = hostile.keep(|hostile| hostile.send_silent(what, 3000));
                // The client closes before it has read everything.
                let _ = peer.stream().write_all(&flood);
                peer.read_to_end();
            });
            let report = host.connect_port(server.port(), &Settings::trusting()).wait_closed();
            let phase = report.phase;
            assert!([EGRET_WS_PHASE_OPEN, EGRET_WS_PHASE_HANDSHAKE].contains(&phase), "{report:#?}");
            if matches!((crate::LIBRARY, what), (TlsLibrary::Rustls, Silent::KeyUpdate)) {
                // rustls has its own limit.
                report.expect(EGRET_WS_ERR_CONNECTION_LOST, phase, EGRET_WS_INITIATOR_TRANSPORT);
                assert!(report.message.contains("TooManyKeyUpdateRequests"), "{}", report.message);
                server.finish();
                return;
            }
            report.expect(EGRET_WS_ERR_TLS, phase, EGRET_WS_INITIATOR_TRANSPORT);
            assert!(report.message.contains("256 TLS records in a row without data"), "{}", report.message);
            server.finish();
        });
    }
}

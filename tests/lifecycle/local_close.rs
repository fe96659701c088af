//! A local close or free ends reconnecting in every state.

use crate::reconnect::{is_not_retried, retry_fast};
use crate::reconnect_server::{Connections, finish, serve};
use ::egret_ws::*;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use test_support::client::{Loop, Socket, on_both_drivers, set_retry_waits};
use test_support::frame::Frame;
use test_support::scripted_server::Server;

const CLOSING: i32 = EGRET_WS_PHASE_CLOSING;
const LOCAL: i32 = EGRET_WS_INITIATOR_LOCAL;

#[test]
fn local_close_is_final_in_every_state() {
    let closed = |host: &Loop, socket: &Socket<'_>| {
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        host.poll(0);
        report
    };
    on_both_drivers(|host| {
        println!("open");
        let server = Server::start(|mut peer| {
            peer.upgrade();
            let code = peer.read_close();
            peer.send(&Frame::close(code, ""));
            peer.expect_silence();
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
        socket.wait_open();
        closed(host, &socket).expect(EGRET_WS_OK, CLOSING, LOCAL);
        is_not_retried(&socket);
        server.finish();

        println!("open, and the server ends the connection");
        let server = Server::start(|mut peer| {
            peer.upgrade();
            peer.read_close();
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
        socket.wait_open();
        closed(host, &socket).expect(EGRET_WS_ERR_CONNECTION_LOST, CLOSING, EGRET_WS_INITIATOR_TRANSPORT);
        is_not_retried(&socket);
        server.finish();

        println!("connecting");
        let (asked, was_asked) = mpsc::channel();
        let server = Server::start(move |mut peer| {
            peer.read_request();
            asked.send(()).expect("the client waits for this");
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3));
        host.wait_until("the request", || was_asked.try_recv().is_ok());
        closed(host, &socket).expect(EGRET_WS_ERR_ABORTED, EGRET_WS_PHASE_HANDSHAKE, LOCAL);
        is_not_retried(&socket);
        finish(host, server);

        println!("waiting");
        let server = serve(|mut connections: Connections| {
            drop(connections.open());
            connections
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 3;
            set_retry_waits(options, 60_000, 0, 0);
        });
        socket.wait_retry(1);
        assert_eq!(socket.state(), EGRET_WS_STATE_CONNECTING);
        let report = closed(host, &socket);
        assert_eq!((report.error, report.initiator), (EGRET_WS_ERR_ABORTED, LOCAL), "{report:#?}");
        assert_eq!((socket.stats().retries, socket.stats().connections), (0, 1));
        drop(server.finish());
    });
}

#[test]
fn local_close_after_the_last_retry_is_not_reported_as_given_up() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            drop(connections.open());
            let mut peer = connections.open();
            let code = peer.read_close();
            peer.send(&Frame::close(code, ""));
            peer.expect_silence();
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 1));
        socket.wait_connected(2); // all retries are used up
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        let report = socket.wait_closed();
        report.expect(EGRET_WS_OK, CLOSING, LOCAL);
        assert!(!report.message.contains("given up"), "{report:#?}");
        server.finish();
    });
}

#[test]
fn freed_sockets_are_not_reconnected() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            drop(connections.open());
            connections
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 3;
            set_retry_waits(options, 50, 50, 50);
        });
        socket.wait_retry(1);
        drop(socket); // during the wait before a retry; the recorder checks that no callback follows
        let mut connections = server.finish();
        host.wait_until("release_user", || host.poll(10) > 0);
        thread::scope(|scope| {
            let shut = scope.spawn(|| connections.expect_no_connection(Duration::from_millis(300)));
            host.wait_until("some time", || shut.is_finished());
            shut.join().expect("no connection comes");
        });
    });
}

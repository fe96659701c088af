//! `egret_ws_abort` resets the connection to the proxy, including the tunnel.

use crate::exchange::open;
use crate::scripted_proxy::ESTABLISHED;
use ::egret_ws::*;
use std::sync::mpsc;
use test_support::client::on_both_drivers;
use test_support::scripted_server::{Peer, Request, Server};

/// A connection through the proxy is aborted after `prepare` has returned. The proxy must get a reset.
#[track_caller]
fn resets(phase: i32, prepare: impl Fn(&mut Peer) + Clone + Send + 'static) {
    on_both_drivers(|host| {
        let (prepare, (ready, is_ready)) = (prepare.clone(), mpsc::channel());
        let proxy = Server::start(move |mut peer| {
            Request::read(peer.stream());
            prepare(&mut peer);
            ready.send(()).expect("the client waits for this");
            peer.ends_with_reset()
        });
        let socket = open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", proxy.port()));
        host.wait_until("the proxy", || is_ready.try_recv().is_ok());
        if phase == EGRET_WS_PHASE_OPEN {
            socket.wait_open();
        }
        assert_eq!(socket.abort(), EGRET_WS_OK);
        socket.wait_closed().expect(EGRET_WS_ERR_ABORTED, phase, EGRET_WS_INITIATOR_LOCAL);
        assert!(proxy.finish(), "an end without a reset");
    });
}

#[test]
fn an_abort_before_the_answer_of_the_proxy_resets_the_connection() {
    resets(EGRET_WS_PHASE_PROXY, |_| {});
}

#[test]
fn an_abort_through_the_tunnel_resets_the_connection() {
    resets(EGRET_WS_PHASE_OPEN, |peer| {
        peer.write(ESTABLISHED);
        peer.upgrade();
    });
}

//! The statistics of a connection through a proxy.

use crate::exchange::open;
use crate::scripted_proxy::ESTABLISHED;
use ::egret_ws::*;
use std::thread;
use std::time::{Duration, Instant};
use test_support::client::on_both_drivers;
use test_support::scripted_server::{Peer, Request, Server};

/// Acts as a proxy, and as the server in its tunnel. Each answer takes `pause`.
fn tunnel(mut peer: Peer, pause: Duration) {
    Request::read(peer.stream());
    thread::sleep(pause);
    peer.write(ESTABLISHED);
    let request = peer.read_request();
    thread::sleep(pause);
    peer.write(request.answer());
    peer.close(1000);
}

#[test]
fn stages_have_separate_times() {
    const PAUSE: Duration = Duration::from_millis(20);
    on_both_drivers(|host| {
        let server = Server::start(|peer| tunnel(peer, PAUSE));
        let begun = Instant::now();
        let socket = open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", server.port()));
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        let took = begun.elapsed().as_micros() as u64;
        let stats = socket.stats();
        let stages = [stats.resolve_us, stats.connect_us, stats.proxy_us, stats.tls_us, stats.handshake_us];
        let pause = PAUSE.as_micros() as u64;
        assert!(stats.proxy_us >= pause && stats.handshake_us >= pause, "{stages:?}");
        assert!(stages.iter().sum::<u64>() <= took, "{stages:?} of {took}");
        server.finish();
    });
}

/// A stage may take less time than the engine needs to read its clock again, but its time must not be zero.
#[test]
fn every_stage_takes_some_time() {
    for _ in 0..20 {
        on_both_drivers(|host| {
            let server = Server::start(|peer| tunnel(peer, Duration::ZERO));
            let socket = open(host, "ws://echo.test/", &format!("http://127.0.0.1:{}", server.port()));
            assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
            let stats = socket.stats();
            let stages = [stats.connect_us, stats.proxy_us, stats.handshake_us];
            assert!(stages.iter().all(|us| *us > 0), "TCP, proxy and upgrade took {stages:?} microseconds");
            assert_eq!((stats.resolve_us, stats.tls_us), (0, 0), "stages that did not run");
            server.finish();
        });
    }
}

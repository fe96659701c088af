//! Reconnecting: the delays, `Retry-After`, and the limits of attempts and total time.

use crate::reconnect::retry_fast;
use crate::reconnect_server::{finish, serve, serve_on};
use ::egret_ws::*;
use socket2::{Domain, SockAddr, Socket as Listener, Type};
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use test_support::client::{Socket, on_both_drivers, set_retry, set_retry_waits};
use test_support::recorder::{Event, Retry};
use test_support::response::response_header;

/// Returns a port that is in use and refuses connections until its socket listens.
fn refusing() -> (Listener, u16) {
    let socket = Listener::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).expect("a free port");
    let port = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("an address").port();
    (socket, port)
}

fn retries(socket: &Socket<'_>) -> Vec<Retry> {
    let retries = socket.events().into_iter().filter_map(|event| match event {
        Event::Retry(retry) => Some(*retry),
        _ => None,
    });
    retries.collect()
}

#[test]
fn delays_are_random_between_the_floor_and_a_bound_that_doubles() {
    const BOUNDS: [u32; 6] = [40, 80, 160, 200, 200, 200];
    on_both_drivers(|host| {
        let (_refusing, port) = refusing();
        let begun = Instant::now();
        let socket = host.connect_with(port, |options| {
            options.retry_attempts = BOUNDS.len() as u32;
            set_retry_waits(options, 20, 40, 200);
        });
        let report = socket.wait_closed();
        let took = begun.elapsed();
        let retries = retries(&socket);
        assert_eq!(socket.events().len(), BOUNDS.len() + 1, "{:?}", socket.events());
        for ((retry, bound), attempt) in retries.iter().zip(BOUNDS).zip(1..) {
            retry.report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
            assert!(retry.report.os_error != 0 && retry.report.http_status == 0, "{retry:#?}");
            assert_eq!(retry.attempt, attempt);
            assert!((20..=bound).contains(&retry.delay_ms), "try {attempt} after {} ms", retry.delay_ms);
        }
        let delays: Vec<u32> = retries.iter().map(|retry| retry.delay_ms).collect();
        let sum = Duration::from_millis(delays.iter().sum::<u32>().into());
        assert!(took >= sum, "{took:?} for waits of {delays:?} ms");
        assert!(delays.windows(2).any(|pair| pair[0] != pair[1]), "drawn at random: {delays:?}");
        // The message contains the last failure, and the reason why no retry followed.
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(report.message.ends_with("given up after 6 attempts"), "{report:#?}");
        assert_eq!((socket.stats().retries, socket.stats().connections, socket.generation()), (6, 0, 0));
    });
}

#[test]
fn server_that_starts_late_is_reached() {
    on_both_drivers(|host| {
        let (socket, port) = refusing();
        let client = host.connect_with(port, |options| retry_fast(options, u32::MAX));
        client.wait_retry(3);
        socket.listen(16).expect("it listens");
        let server = serve_on(TcpListener::from(socket), |mut connections| connections.open().close(1008));
        client.wait_connected(1);
        assert_eq!(client.wait_closed().code, 1008);
        server.finish();
        let attempts: Vec<u32> = retries(&client).iter().map(|retry| retry.attempt).collect();
        assert!(attempts.iter().copied().eq(1..=attempts.len() as u32), "{attempts:?}");
    });
}

#[test]
fn no_retry_starts_after_the_total_time() {
    on_both_drivers(|host| {
        let (_refusing, port) = refusing();
        let socket = host.connect_with(port, |options| {
            options.retry_attempts = u32::MAX;
            set_retry_waits(options, 50, 50, 50);
            set_retry(options, |retry| retry.total_ms = 120);
        });
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
        assert!(report.message.contains("given up: "), "{report:#?}");
        // The retries are due after 50 and 100 ms. On a busy machine the first one may be late.
        assert!((1..=2).contains(&retries(&socket).len()), "{:?}", socket.events());
    });
}

/// The first connection is refused with these headers. Returns the arguments of `on_retry`. `retry_now` ends the wait.
#[track_caller]
fn refused(headers: &'static str) -> Vec<Retry> {
    let retries = RefCell::new(Vec::new());
    on_both_drivers(|host| {
        let server = serve(move |mut connections| {
            let mut peer = connections.next();
            peer.read_request();
            peer.write(format!("HTTP/1.1 503 Busy\r\n{headers}Content-Length: 0\r\n\r\n"));
            peer.expect_end();
            connections.open().close(1008);
        });
        let socket = host.connect_with(server.port(), |options| {
            options.retry_attempts = 1;
            // The wait is long enough for the test to read this response before the next one.
            set_retry_waits(options, 5000, 5000, 5000);
        });
        let (sender, receiver) = mpsc::channel();
        socket.react(move |ws, event| {
            if let Event::Retry(_) = event {
                let _ = sender.send((response_header(ws, "Retry-After"), egret_ws_state(ws), egret_ws_generation(ws)));
            }
        });
        let retry = socket.wait_retry(1);
        assert_eq!((retry.report.error, retry.report.http_status), (EGRET_WS_ERR_HTTP_STATUS, 503), "{retry:#?}");
        let retry_after = headers.lines().find_map(|line| line.strip_prefix("Retry-After: "));
        let expected = retry_after.map(str::to_owned).ok_or(EGRET_WS_ERR_NOT_FOUND);
        assert_eq!(receiver.try_recv(), Ok((expected, EGRET_WS_STATE_CONNECTING, 0)));
        assert_eq!(socket.retry_now(), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().code, 1008);
        assert_eq!(socket.retry_now(), EGRET_WS_OK, "it does nothing");
        assert_eq!(socket.response_header("Retry-After"), Err(EGRET_WS_ERR_NOT_FOUND), "that was another answer");
        server.finish();
        retries.borrow_mut().push(retry);
    });
    retries.into_inner()
}

#[test]
fn retry_after_is_added_to_the_delay() {
    for (headers, wish_ms) in [
        ("", 0),
        ("Retry-After: 0\r\n", 0),
        ("Retry-After: 7\r\n", 7_000),
        ("Retry-After: 120\r\n", 120_000),
        // The date is relative to the `Date` of the server, whatever time the clock of this machine shows.
        ("Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:28:30 GMT\r\n", 30_000),
        ("Retry-After: Wed, 21 Oct 2015 07:28:30 GMT\r\nDate: Wed, 21 Oct 2015 07:29:00 GMT\r\n", 0),
        ("Retry-After: soon\r\n", 0),
        ("Retry-After: -5\r\n", 0),
    ] {
        println!("{headers:?}");
        for retry in refused(headers) {
            assert_eq!((retry.attempt, retry.delay_ms), (1, wish_ms + 5000));
        }
    }
}

#[test]
fn retry_after_is_respected() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            let mut peer = connections.next();
            peer.read_request();
            peer.write("HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
            let refused = Instant::now();
            drop(peer);
            let peer = connections.open();
            let waited = refused.elapsed();
            peer.close(1008);
            waited
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 1));
        assert_eq!(socket.wait_retry(1).report.http_status, 429);
        assert_eq!(socket.wait_closed().code, 1008);
        let waited = finish(host, server);
        // The clock of the server starts a moment after the answer.
        assert!(waited >= Duration::from_millis(900), "{waited:?}");
    });
}

#[test]
fn retry_after_beyond_the_total_time_ends_the_retries() {
    on_both_drivers(|host| {
        let server = serve(|mut connections| {
            let mut peer = connections.next();
            peer.read_request();
            peer.write("HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
            peer.expect_end();
        });
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 3)); // retries for at most ten minutes
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_HTTP_STATUS, EGRET_WS_PHASE_HANDSHAKE, EGRET_WS_INITIATOR_PEER);
        assert!(report.message.contains("given up: "), "{report:#?}");
        assert_eq!(retries(&socket), []);
        server.finish();
    });
}

//! One socket has several connections, and its host polls late. Every connection is reported, in order, and the host cannot send
//! on a connection that has ended.

use crate::reconnect::retry_fast;
use crate::reconnect_server::{Connections, finish, serve};
use ::egret_ws::*;
use std::sync::mpsc;
use std::thread;
use test_support::client::{DRIVERS, Driver, Loop, Socket, close, on_both_drivers, send_text, set_retry_waits};
use test_support::frame::{CLOSE, Frame, TEXT};
use test_support::recorder::Event;
use test_support::response;
use test_support::scripted_server::{Peer, Server};

/// Returns the events in a short form: `+` for on_connect, `!` for on_retry, `.` for on_close, and messages unchanged.
fn event_summary(socket: &Socket<'_>) -> String {
    let describe = |event| match event {
        Event::Connect => "+".to_owned(),
        Event::Text(text) => text,
        Event::Retry(retry) => format!("!{}", retry.attempt),
        Event::Close(_) => ".".to_owned(),
        other => format!("{other:?}"),
    };
    socket.events().into_iter().map(describe).collect::<Vec<_>>().join(" ")
}

/// Sends two messages on the next connection, and drops it.
fn send_two_and_close(connections: &mut Connections, messages: [&str; 2]) {
    let mut peer = connections.open();
    for message in messages {
        peer.send(&Frame::text(message));
    }
    drop(peer);
}

/// Serves two connections that break and one that stays open. Notifies `sender` when the third one is open.
fn three_connections(sender: mpsc::Sender<()>) -> Server<Peer> {
    serve(move |mut connections| {
        send_two_and_close(&mut connections, ["a", "b"]);
        send_two_and_close(&mut connections, ["c", "d"]);
        let mut peer = connections.open();
        peer.send(&Frame::text("e"));
        let _ = sender.send(()); // some tests do not wait for it
        peer
    })
}

#[test]
fn messages_of_a_connection_come_between_its_on_connect_and_its_end() {
    on_both_drivers(|host| {
        let (sender, _receiver) = mpsc::channel();
        let server = three_connections(sender);
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 5));
        socket.wait_messages(5);
        assert_eq!(event_summary(&socket), "+ a b !1 + c d !2 + e");
        assert_eq!((socket.generation(), socket.stats().connections, socket.stats().retries), (3, 3, 2));
        drop(finish(host, server));
    });
}

/// Waits, without a poll, until two connections have ended and the third one is open.
fn connect_without_polls<'a>(
    host: &'a Loop,
    react: impl FnMut(*mut egret_ws, &Event) + Send + 'static,
) -> (Socket<'a>, Peer) {
    let (sender, third_is_open) = mpsc::channel();
    let server = three_connections(sender);
    let socket = host.connect_with(server.port(), |options| retry_fast(options, 5));
    socket.react(react);
    third_is_open.recv().expect("the third connection");
    let peer = server.finish();
    // The notification of the server may come before the engine has read the message.
    while socket.stats().messages_received < 5 {
        thread::yield_now();
    }
    assert_eq!((socket.events(), socket.generation()), (vec![], 0));
    (socket, peer)
}

#[test]
fn late_host_gets_every_connection_reported_and_sends_on_the_last_only() {
    let host = Loop::new(Driver::Threaded);
    let (sender, receiver) = mpsc::channel();
    let (socket, mut peer) = connect_without_polls(&host, move |ws, event| {
        let sent = send_text(ws, format!("from {event:?}"));
        let _ = sender.send((sent == EGRET_WS_OK, egret_ws_generation(ws), egret_ws_state(ws)));
        assert!(sent == EGRET_WS_OK || sent == EGRET_WS_ERR_NOT_OPEN, "{sent}");
    });
    socket.wait_messages(5);
    assert_eq!(event_summary(&socket), "+ a b !1 + c d !2 + e");
    let seen: Vec<_> = receiver.try_iter().collect();
    assert_eq!(seen.iter().map(|(_, generation, _)| *generation).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
    let sent: Vec<bool> = seen.iter().map(|(sent, ..)| *sent).collect();
    assert_eq!(
        sent,
        [false, false, false, false, false, false, false, false, true, true],
        "no message is sent on a connection that has ended"
    );
    for (at, (sent, _, state)) in seen.iter().enumerate() {
        let is_lost = [3, 7].contains(&at); // in on_retry
        assert_eq!(*state == EGRET_WS_STATE_OPEN, *sent, "callback {at}: state {state}");
        assert!(!is_lost || *state == EGRET_WS_STATE_CONNECTING, "callback {at}: state {state}");
    }
    assert_eq!(peer.read().payload, b"from Connect");
    assert_eq!(peer.read().payload, b"from Text(\"e\")");
    // The I/O thread counts written messages only after the peer can read them.
    host.wait_until("both messages are counted as sent", || socket.buffered_amount() == 0);
    assert_eq!(socket.stats().messages_sent, 2);
    drop(peer);
}

/// The third connection of the server ends, with or without a Close frame. No message has come.
#[track_caller]
fn expect_end_of_third(mut peer: Peer) {
    let rest = peer.read_to_end();
    assert!(rest.first().is_none_or(|first| first & 0x0f == CLOSE), "{rest:?}");
}

#[test]
fn late_host_may_close_in_any_callback() {
    for at in 0..8 {
        println!("callback {at}");
        let host = Loop::new(Driver::Threaded);
        let mut count = 0;
        let (socket, peer) = connect_without_polls(&host, move |ws, _| {
            if count == at {
                assert_eq!(close(ws, 1000, "enough"), EGRET_WS_OK);
                assert_eq!(send_text(ws, "too late"), EGRET_WS_ERR_NOT_OPEN);
            }
            count += 1;
        });
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_ABORTED, report.phase, EGRET_WS_INITIATOR_LOCAL);
        let event_summary = event_summary(&socket);
        let events: Vec<&str> = event_summary.split(' ').collect();
        // After the close, no connection and no wait begins.
        assert!(!events[at + 1..].iter().any(|event| *event == "+" || event.starts_with('!')), "{event_summary}");
        assert!("+ a b !1 + c d !2".starts_with(event_summary.trim_end_matches(" .")), "{event_summary}");
        expect_end_of_third(peer);
    }
}

#[test]
fn late_host_may_free_in_any_callback() {
    for at in 0..8 {
        println!("callback {at}");
        let host = Loop::new(Driver::Threaded);
        let mut count = 0;
        let (socket, peer) = connect_without_polls(&host, move |ws, _| {
            if count == at {
                assert_eq!(egret_ws_free(ws), EGRET_WS_OK);
                assert_eq!(egret_ws_state(ws), EGRET_WS_ERR_BAD_HANDLE);
            }
            count += 1;
        });
        host.wait_until("the callback", || socket.events().len() > at);
        for _ in 0..3 {
            host.poll(1);
        }
        assert_eq!(socket.events().len(), at + 1, "no callback begins after the free: {:?}", socket.events());
        assert_eq!(socket.count_callbacks(), at + 2, "only release_user is called");
        socket.forget();
        drop(host); // this ends the connection that waits for the server's Close frame
        expect_end_of_third(peer);
    }
}

#[test]
fn a_host_may_close_or_free_in_on_retry() {
    for frees in [false, true] {
        println!("frees: {frees}");
        on_both_drivers(|host| {
            let server = serve(|mut connections| drop(connections.open()));
            let socket = host.connect_with(server.port(), |options| {
                options.retry_attempts = u32::MAX;
                set_retry_waits(options, 50, 0, 0);
            });
            socket.react(move |ws, event| {
                if let Event::Retry(_) = event {
                    let done = if frees { egret_ws_free(ws) } else { close(ws, 1000, "") };
                    assert_eq!(done, EGRET_WS_OK);
                }
            });
            if frees {
                host.wait_until("release_user", || socket.count_callbacks() == 3);
                assert_eq!(event_summary(&socket), "+ !1");
                socket.forget();
            } else {
                let report = socket.wait_closed();
                report.expect(EGRET_WS_ERR_ABORTED, report.phase, EGRET_WS_INITIATOR_LOCAL);
                assert_eq!(event_summary(&socket), "+ !1 .");
            }
            server.finish();
        });
    }
}

#[test]
fn a_poll_that_makes_one_callback_keeps_the_order() {
    for driver in DRIVERS {
        println!("driver: {driver:?}");
        let host = Loop::with(driver, |options| options.poll_max_callbacks = 1);
        let (sender, _receiver) = mpsc::channel();
        let server = three_connections(sender);
        let socket = host.connect_with(server.port(), |options| retry_fast(options, 5));
        socket.wait_messages(5);
        assert_eq!(event_summary(&socket), "+ a b !1 + c d !2 + e");
        assert_eq!(socket.send_text("here"), EGRET_WS_OK);
        let mut peer = finish(&host, server);
        while host.poll(0) > 0 {}
        assert_eq!(peer.read().opcode, TEXT);
    }
}

#[test]
fn late_host_reads_the_response_of_the_reported_connection() {
    let host = Loop::new(Driver::Threaded);
    let (sender, second_is_open) = mpsc::channel();
    let server = serve(move |mut connections| {
        let mut peer = connections.next();
        peer.read_request();
        peer.write("HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
        peer.expect_end();
        let mut peer = connections.open();
        peer.send(&Frame::text("open"));
        sender.send(()).expect("the client waits for this");
        peer
    });
    let socket = host.connect_with(server.port(), |options| retry_fast(options, 5));
    let (sender, receiver) = mpsc::channel();
    socket.react(move |ws, _| {
        let _ = sender.send((response::response_header(ws, "Retry-After"), response::stats(ws).http_status));
    });
    second_is_open.recv().expect("the second connection");
    while socket.stats().messages_received < 1 {
        thread::yield_now();
    }
    socket.wait_messages(1);
    assert_eq!(event_summary(&socket), "!1 + open");
    let second = || (Err(EGRET_WS_ERR_NOT_FOUND), 101);
    let seen: Vec<_> = receiver.try_iter().collect();
    assert_eq!(seen, [(Ok("0".to_owned()), 503), second(), second()]);
    drop(server.finish());
}

/// With an I/O thread and without polls, the library makes only a few tries. When the host polls, each try is reported, and more
/// tries are made.
#[test]
fn held_retries_continue_when_the_host_polls() {
    let host = Loop::new(Driver::Threaded);
    // This port is bound, but does not listen.
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    bound.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let port = bound.local_addr().expect("its address").as_socket().expect("an IP address").port();
    let socket = host.connect_with(port, |options| retry_fast(options, 30));
    // One more try would be delayed. It does not matter whether that has already happened.
    while socket.stats().retries < 7 {
        thread::yield_now();
    }
    assert_eq!(socket.events(), []);
    let report = socket.wait_closed();
    report.expect(EGRET_WS_ERR_CONNECT, EGRET_WS_PHASE_CONNECT, EGRET_WS_INITIATOR_TRANSPORT);
    let attempts = (1..=30).map(|attempt| format!("!{attempt}")).collect::<Vec<_>>().join(" ");
    assert_eq!(event_summary(&socket), format!("{attempts} ."));
}

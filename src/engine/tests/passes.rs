//! The work of one pass is limited.

use super::*;

#[test]
fn passes_without_time_begin_few_connections() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    let mut before = 0;
    while before < SOCKETS {
        harness.pass();
        let dials = harness.counter.dials();
        assert!(
            (before + 1..=before + 2).contains(&dials),
            "{dials} after {before}: one dial before the sleep, one after"
        );
        before = dials;
    }
    harness.run_until_idle();
    assert_eq!(harness.counter.dials(), SOCKETS);
}

#[test]
fn passes_with_time_begin_all_connections() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.long_pass();
    assert_eq!(harness.counter.dials(), SOCKETS);
}

#[test]
fn closed_and_freed_sockets_are_not_dialled() {
    let mut harness = Harness::new();
    harness.connect(3 * SOCKETS);
    for (at, socket) in harness.sockets.iter().enumerate() {
        match at % 3 {
            0 => assert!(socket.free()),
            1 => assert!(socket.send_queue.lock().close_by_host(b"")),
            _ => {}
        }
    }
    harness.run_until_idle();
    assert_eq!(harness.counter.dials(), SOCKETS);
    let closed = harness.take_events().iter().filter(|what| matches!(what, EventKind::Closed { .. })).count();
    assert_eq!(closed, 2 * SOCKETS, "each socket has its close event");
}

#[test]
fn pending_connects_are_bounded() {
    let mut harness = Harness::new();
    for _ in 0..command_queue::MAX_PENDING_CONNECTS {
        assert_eq!(harness.connect_with(|_| {}), Ok(()));
    }
    for _ in 0..10 {
        assert_eq!(harness.connect_with(|_| {}), Err(Error::NoResources));
    }
    harness.sockets.iter().for_each(|socket| assert!(socket.free()));
    harness.long_pass();
    assert_eq!(harness.connect_with(|_| {}), Ok(()), "no connect waits any more");
}

#[test]
fn repeated_requests_are_queued_once_for_each_socket() {
    let mut harness = Harness::new();
    harness.connect(2);
    harness.run_until_idle();
    for _ in 0..1000 {
        for socket in &harness.sockets {
            for ask in [
                SocketRequest::Flush,
                SocketRequest::Read,
                SocketRequest::ContinueRetry,
                SocketRequest::RetryNow,
                SocketRequest::Ping,
                SocketRequest::Close,
                SocketRequest::Free,
            ] {
                harness.engine.shared().push_socket_request(socket, ask).unwrap();
            }
        }
        harness.push_loop_request(LoopRequest::NetworkChanged);
        harness.push_loop_request(LoopRequest::Resume);
    }
    assert_eq!(harness.engine.shared().queued(), 2);
    harness.run_until_idle();
    assert_eq!(harness.engine.live, 0);
}

#[test]
fn freeing_the_loop_overtakes_queued_commands() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.engine.shared().push_stop(Duration::ZERO).unwrap();
    harness.pass();
    assert!(harness.engine.is_stopped());
    assert_eq!(harness.counter.dials(), 0);
    harness.engine.end();
    assert_eq!(harness.take_events().len(), SOCKETS, "each socket has its close event");
    assert_eq!(harness.connect_with(|_| {}), Err(Error::BadHandle));
}

#[test]
fn freeing_the_loop_interrupts_a_pass() {
    // This is tested during dialling, and during a round.
    for beginning in ["connecting to ws:", "connecting to 127.0.0.1:"] {
        let mut harness = Harness::new();
        harness.connect(SOCKETS);
        if beginning.starts_with("connecting to 1") {
            harness.run_until_idle();
            harness.push_loop_request(LoopRequest::NetworkChanged);
        }
        let before = harness.counter.dials();
        // The reference is weak, because the engine owns its log, and the log owns this function.
        let shared = Arc::downgrade(harness.engine.shared());
        let mut left = 10;
        *harness.counter.at_line.lock() = Some(Box::new(move |text| {
            left -= i32::from(text.starts_with(beginning));
            if left == 0 {
                shared.upgrade().unwrap().push_stop(Duration::ZERO).unwrap();
            }
        }));
        let mut passes = 0;
        while !harness.engine.is_stopped() {
            harness.long_pass();
            passes += 1;
        }
        assert!(passes <= 3, "{passes}");
        let dials = harness.counter.dials() - before;
        assert!((9..=11).contains(&dials), "{beginning}: {dials}");
    }
}

#[test]
fn freeing_the_loop_without_time_reads_at_most_one_connection() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    let mut peers = Vec::new();
    for _ in 0..SOCKETS {
        let mut peer = harness.accept();
        // These are more messages than fit into the receive queue.
        peer.write_all(&b"\x82\x0aten bytes.".repeat(200)).unwrap();
        peers.push(peer);
    }
    let received =
        |harness: &Harness| harness.sockets.iter().map(|socket| socket.counters().messages).collect::<Vec<_>>();
    while received(&harness).iter().any(|count| *count < 20) {
        harness.pass();
    }
    let before = received(&harness);
    assert!(before.iter().all(|count| *count < 100), "the queues are full: {before:?}");
    harness.engine.shared().push_stop(Duration::ZERO).unwrap();
    harness.pass();
    assert!(harness.engine.is_stopped());
    let read = received(&harness).iter().zip(before).filter(|(after, before)| *after > before).count();
    assert!(read <= 1, "{read} connections were read again");
}

#[test]
fn ready_connections_run_in_order() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    let mut peers = Vec::new();
    while peers.len() < SOCKETS {
        harness.pass();
        harness.run_until_idle();
        peers.push(harness.server.accept().unwrap().0);
    }
    for passes in 0..3 {
        // On the loopback interface the system delivers it at once.
        peers.iter_mut().for_each(|peer| peer.write_all(if passes == 0 { b"H" } else { b"T" }).unwrap());
        harness.pass();
        let order = harness.engine.run_queue.clone();
        assert_eq!(order.len(), SOCKETS - 1, "the first connection has already run");
        for key in &order {
            assert_eq!(harness.engine.run_queue.first(), Some(key));
            harness.pass();
        }
        assert!(harness.engine.run_queue.is_empty());
    }
}

#[test]
fn deadlines_that_pass_together_are_served_one_per_pass() {
    let mut harness = Harness::new();
    for _ in 0..SOCKETS {
        harness.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    }
    harness.engine.limit = Duration::from_secs(1000);
    harness.engine.run_commands();
    let mut closed = 0;
    while closed < SOCKETS {
        harness.pass();
        let now = harness.take_events().len();
        assert!(now <= 1, "{now} deadlines in one pass");
        closed += now;
    }
}

#[test]
fn retries_wait_while_the_host_does_not_dispatch() {
    let mut harness = Harness::new();
    // This port is bound, but does not listen.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let closed_port = socket.local_addr().unwrap().as_socket().unwrap();
    let at_once = Duration::from_micros(1);
    let socket = harness.socket();
    let mut config = config(&format!("ws://{closed_port}/"));
    config.retry = Some(RetryOptions {
        attempts: u32::MAX,
        floor: at_once,
        first: at_once,
        ceiling: at_once,
        total: None,
        resend: false,
    });
    harness.engine.shared().push_connect(Arc::clone(&socket), Box::new(config)).unwrap();
    let mut retries = 0;
    for round in 1..4 {
        // Each of these passes sleeps until the next retry is due.
        while harness.engine.time_to_next_pass().is_some() {
            harness.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        while !socket.must_delay_retry() {
            harness.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        retries += harness.take_events().len();
        assert_eq!(retries, round * MAX_UNDISPATCHED as usize);
        assert_eq!(harness.counter.dials(), retries, "one dial for each retry event, and none after the last");
        let is_last: Vec<_> = (0..MAX_UNDISPATCHED).map(|_| socket.event_dispatched()).collect();
        assert_eq!(is_last.iter().filter(|is_last| **is_last).count(), 1);
        harness.engine.shared().push_socket_request(&socket, SocketRequest::ContinueRetry).unwrap();
    }
}

/// A host that waits for the descriptor finds out only by [`Engine::time_to_next_pass`] that it must poll.
#[test]
fn unpublished_events_need_another_pass() {
    let mut harness = Harness::new();
    let mut batch = Box::default();
    for expected in [Published::All, Published::Later] {
        harness.engine.batch.message(0, MessageKind::Binary, Payload::InPlace(&[b'x'; 20_000])).unwrap();
        assert_eq!(limited_memory::with_largest(30_000, || harness.engine.publish()), expected);
    }
    assert!(harness.engine.shared().take_events(&mut batch), "the host takes the first events");
    assert_eq!(harness.engine.time_to_next_pass(), Some(Duration::ZERO));
    harness.pass();
    assert!(harness.engine.shared().take_events(&mut batch) && batch.events().len() == 1);
    assert_eq!(harness.engine.time_to_next_pass(), None);
}

#[test]
fn memory_of_a_burst_is_freed() {
    const BURST: usize = 5000;
    let mut harness = Harness::new();
    harness.connect(BURST);
    harness.sockets.iter().skip(1).for_each(|socket| assert!(socket.free()));
    harness.long_pass();
    for _ in 0..2 {
        harness.long_pass();
        harness.take_events();
    }
    assert_eq!(harness.engine.live, 1);
    assert!(harness.engine.entries.capacity() < BURST / 4, "{}", harness.engine.entries.capacity());
    assert!(harness.engine.batch.kept_memory() <= 3 << 20);
}

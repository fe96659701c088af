//! The work of one pass is bounded.

use super::*;

#[test]
fn passes_without_time_begin_few_connections() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    let mut before = 0;
    while before < SOCKETS {
        lab.pass();
        let dials = lab.counter.dials();
        assert!((before + 1..=before + 2).contains(&dials), "{dials} after {before}: one before the sleep, one after");
        before = dials;
    }
    lab.run_until_idle();
    assert_eq!(lab.counter.dials(), SOCKETS);
}

#[test]
fn passes_with_time_begin_all_connections() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.long_pass();
    assert_eq!(lab.counter.dials(), SOCKETS);
}

#[test]
fn closed_and_freed_sockets_are_not_dialled() {
    let mut lab = Lab::new();
    lab.connect(3 * SOCKETS);
    for (at, socket) in lab.sockets.iter().enumerate() {
        match at % 3 {
            0 => assert!(socket.free()),
            1 => assert!(socket.send_queue.lock().close_by_host(b"")),
            _ => {}
        }
    }
    lab.run_until_idle();
    assert_eq!(lab.counter.dials(), SOCKETS);
    let closed = lab.take_events().iter().filter(|what| matches!(what, EventKind::Closed { .. })).count();
    assert_eq!(closed, 2 * SOCKETS, "each has its close event");
}

#[test]
fn pending_connects_are_bounded() {
    let mut lab = Lab::new();
    for _ in 0..command_queue::MAX_PENDING_CONNECTS {
        assert_eq!(lab.connect_with(|_| {}), Ok(()));
    }
    for _ in 0..10 {
        assert_eq!(lab.connect_with(|_| {}), Err(Error::NoResources));
    }
    lab.sockets.iter().for_each(|socket| assert!(socket.free()));
    lab.long_pass();
    assert_eq!(lab.connect_with(|_| {}), Ok(()), "none waits any more");
}

#[test]
fn repeated_requests_are_queued_once_for_each_socket() {
    let mut lab = Lab::new();
    lab.connect(2);
    lab.run_until_idle();
    for _ in 0..1000 {
        for socket in &lab.sockets {
            for ask in [
                SocketRequest::Flush,
                SocketRequest::Read,
                SocketRequest::ContinueRetry,
                SocketRequest::RetryNow,
                SocketRequest::Ping,
                SocketRequest::Close,
                SocketRequest::Free,
            ] {
                lab.engine.shared().push_socket_request(socket, ask).unwrap();
            }
        }
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.push_loop_request(LoopRequest::Resume);
    }
    assert_eq!(lab.engine.shared().queued(), 2);
    lab.run_until_idle();
    assert_eq!(lab.engine.live, 0);
}

#[test]
fn freeing_the_loop_overtakes_queued_commands() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.engine.shared().push_stop(Duration::ZERO).unwrap();
    lab.pass();
    assert!(lab.engine.is_stopped());
    assert_eq!(lab.counter.dials(), 0);
    lab.engine.end();
    assert_eq!(lab.take_events().len(), SOCKETS, "each has its close event");
    assert_eq!(lab.connect_with(|_| {}), Err(Error::BadHandle));
}

#[test]
fn freeing_the_loop_interrupts_a_pass() {
    // During dialling, then during a round.
    for beginning in ["connecting to ws:", "connecting to 127.0.0.1:"] {
        let mut lab = Lab::new();
        lab.connect(SOCKETS);
        if beginning.starts_with("connecting to 1") {
            lab.run_until_idle();
            lab.push_loop_request(LoopRequest::NetworkChanged);
        }
        let before = lab.counter.dials();
        // Weak: the engine owns its log, and the log owns this function.
        let shared = Arc::downgrade(lab.engine.shared());
        let mut left = 10;
        *lab.counter.at_line.lock() = Some(Box::new(move |text| {
            left -= i32::from(text.starts_with(beginning));
            if left == 0 {
                shared.upgrade().unwrap().push_stop(Duration::ZERO).unwrap();
            }
        }));
        let mut passes = 0;
        while !lab.engine.is_stopped() {
            lab.long_pass();
            passes += 1;
        }
        assert!(passes <= 3, "{passes}");
        let dials = lab.counter.dials() - before;
        assert!((9..=11).contains(&dials), "{beginning}: {dials}");
    }
}

#[test]
fn freeing_the_loop_without_time_reads_at_most_one_connection() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    let mut peers = Vec::new();
    for _ in 0..SOCKETS {
        let mut peer = lab.accept();
        // More than the receive queue takes.
        peer.write_all(&b"\x82\x0aten bytes.".repeat(200)).unwrap();
        peers.push(peer);
    }
    let received = |lab: &Lab| lab.sockets.iter().map(|socket| socket.counters().messages).collect::<Vec<_>>();
    while received(&lab).iter().any(|count| *count < 20) {
        lab.pass();
    }
    let before = received(&lab);
    assert!(before.iter().all(|count| *count < 100), "the queues are full: {before:?}");
    lab.engine.shared().push_stop(Duration::ZERO).unwrap();
    lab.pass();
    assert!(lab.engine.is_stopped());
    let read = received(&lab).iter().zip(before).filter(|(after, before)| *after > before).count();
    assert!(read <= 1, "{read} were read again");
}

#[test]
fn ready_connections_run_in_order() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    let mut peers = Vec::new();
    while peers.len() < SOCKETS {
        lab.pass();
        lab.run_until_idle();
        peers.push(lab.server.accept().unwrap().0);
    }
    for passes in 0..3 {
        // On loopback the system delivers it at once.
        peers.iter_mut().for_each(|peer| peer.write_all(if passes == 0 { b"H" } else { b"T" }).unwrap());
        lab.pass();
        let order = lab.engine.run_queue.clone();
        assert_eq!(order.len(), SOCKETS - 1, "the first has run");
        for key in &order {
            assert_eq!(lab.engine.run_queue.first(), Some(key));
            lab.pass();
        }
        assert!(lab.engine.run_queue.is_empty());
    }
}

#[test]
fn deadlines_that_pass_together_are_served_one_per_pass() {
    let mut lab = Lab::new();
    for _ in 0..SOCKETS {
        lab.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    }
    lab.engine.limit = Duration::from_secs(1000);
    lab.engine.run_commands();
    let mut closed = 0;
    while closed < SOCKETS {
        lab.pass();
        let now = lab.take_events().len();
        assert!(now <= 1, "{now} in one pass");
        closed += now;
    }
}

#[test]
fn retries_wait_while_the_host_does_not_dispatch() {
    let mut lab = Lab::new();
    // A port that is bound, but does not listen.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let closed_port = socket.local_addr().unwrap().as_socket().unwrap();
    let at_once = Duration::from_micros(1);
    let socket = lab.socket();
    let mut config = config(&format!("ws://{closed_port}/"));
    config.retry = Some(RetryOptions {
        attempts: u32::MAX,
        floor: at_once,
        first: at_once,
        ceiling: at_once,
        total: None,
        resend: false,
    });
    lab.engine.shared().push_connect(Arc::clone(&socket), Box::new(config)).unwrap();
    let mut retries = 0;
    for round in 1..4 {
        // These passes sleep until the next retry is due.
        while lab.engine.time_to_next_pass().is_some() {
            lab.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        while !socket.must_delay_retry() {
            lab.engine.run_pass(Some(Duration::from_millis(1))).unwrap();
        }
        retries += lab.take_events().len();
        assert_eq!(retries, round * MAX_UNDISPATCHED as usize);
        assert_eq!(lab.counter.dials(), retries, "one dial for each retry event, and none after the last");
        let is_last: Vec<_> = (0..MAX_UNDISPATCHED).map(|_| socket.event_dispatched()).collect();
        assert_eq!(is_last.iter().filter(|is_last| **is_last).count(), 1);
        lab.engine.shared().push_socket_request(&socket, SocketRequest::ContinueRetry).unwrap();
    }
}

/// A host that waits for the descriptor learns only by [`Engine::time_to_next_pass`] that it must poll.
#[test]
fn unpublished_events_need_another_pass() {
    let mut lab = Lab::new();
    let mut batch = Box::default();
    for expected in [Published::All, Published::Later] {
        lab.engine.batch.message(0, MessageKind::Binary, Payload::InPlace(&[b'x'; 20_000])).unwrap();
        assert_eq!(limited_memory::with_largest(30_000, || lab.engine.publish()), expected);
    }
    assert!(lab.engine.shared().take_events(&mut batch), "the host takes the first");
    assert_eq!(lab.engine.time_to_next_pass(), Some(Duration::ZERO));
    lab.pass();
    assert!(lab.engine.shared().take_events(&mut batch) && batch.events().len() == 1);
    assert_eq!(lab.engine.time_to_next_pass(), None);
}

#[test]
fn memory_of_a_burst_is_freed() {
    const BURST: usize = 5000;
    let mut lab = Lab::new();
    lab.connect(BURST);
    lab.sockets.iter().skip(1).for_each(|socket| assert!(socket.free()));
    lab.long_pass();
    for _ in 0..2 {
        lab.long_pass();
        lab.take_events();
    }
    assert_eq!(lab.engine.live, 1);
    assert!(lab.engine.entries.capacity() < BURST / 4, "{}", lab.engine.entries.capacity());
    assert!(lab.engine.batch.kept_memory() <= 3 << 20);
}

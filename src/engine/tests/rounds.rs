//! Requests for the whole loop, and the rounds that they begin.

use super::*;

#[test]
fn thousand_network_changes_restart_each_connection_once() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    for request in [LoopRequest::NetworkChanged, LoopRequest::Resume].into_iter().cycle().take(1000) {
        harness.push_loop_request(request);
    }
    let passes = harness.run_until_idle();
    assert!(passes >= SOCKETS, "there were {passes} passes, with one connection in each");
    let restarts = harness.counter.restarts();
    assert!(restarts.len() == SOCKETS && restarts.values().all(|count| *count == 1), "{restarts:?}");
}

#[test]
fn endless_network_changes_reach_each_connection() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    for _ in 0..4 * SOCKETS {
        harness.push_loop_request(LoopRequest::NetworkChanged);
        harness.pass();
    }
    let restarts = harness.counter.restarts();
    assert!(restarts.len() == SOCKETS && restarts.values().all(|count| (3..=8).contains(count)), "{restarts:?}");
}

#[test]
fn network_changes_do_not_restart_later_connections() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    harness.push_loop_request(LoopRequest::NetworkChanged);
    harness.pass();
    harness.connect(1);
    harness.run_until_idle();
    let restarts = harness.counter.restarts();
    assert!(restarts.len() == SOCKETS && !restarts.contains_key(&(SOCKETS + 1)), "{restarts:?}");
}

#[test]
fn a_suspend_closes_only_connections_that_were_made_before_it() {
    let mut harness = Harness::with_close_on_suspend(true);
    harness.connect(SOCKETS);
    harness.push_loop_request(LoopRequest::Suspend);
    harness.connect(1);
    harness.pass();
    harness.connect(1);
    harness.run_until_idle();
    let open: Vec<_> =
        harness.sockets.iter().filter(|socket| !harness.has_ended(socket)).map(|socket| socket.key).collect();
    assert_eq!(open, [SOCKETS, SOCKETS + 1]);
}

/// Retries that begin so late that only a request begins one during the test.
const LATE_RETRY: RetryOptions = RetryOptions {
    attempts: u32::MAX,
    floor: Duration::from_secs(1000),
    first: Duration::from_secs(1000),
    ceiling: Duration::from_secs(1000),
    total: None,
    resend: false,
};

/// Three sockets whose connections are lost, and whose retries wait.
fn three_lost_sockets() -> Harness {
    let mut harness = Harness::with_close_on_suspend(true);
    for _ in 0..3 {
        harness.connect_with(|config| config.retry = Some(LATE_RETRY)).unwrap();
    }
    harness.run_until_idle();
    (0..3).for_each(|_| drop(harness.server.accept().unwrap()));
    while harness.counter.count("lost: ") < 3 {
        harness.pass();
    }
    for (_, line) in harness.counter.lines.lock().iter().filter(|(_, line)| line.starts_with("lost: ")) {
        assert!(line.contains(" (EGRET_WS_PHASE_HANDSHAKE); attempt 1 begins in "), "{line}");
    }
    harness
}

#[test]
fn a_retry_that_is_requested_after_a_suspend_is_not_abandoned_by_it() {
    let mut harness = three_lost_sockets();
    harness.push_loop_request(LoopRequest::Suspend);
    for socket in &harness.sockets {
        harness.engine.shared().push_socket_request(socket, SocketRequest::RetryNow).unwrap();
    }
    harness.run_until_idle();
    assert_eq!((harness.counter.count("lost: abandoned"), harness.counter.dials()), (0, 6));
}

#[test]
fn a_retry_that_is_requested_before_and_after_a_suspend_runs_after_it() {
    for suspends in [true, false] {
        let mut harness = three_lost_sockets();
        let retry_now = |harness: &Harness| {
            harness.sockets.iter().for_each(|socket| harness.engine.shared().push_retry_now(socket).unwrap());
        };
        retry_now(&harness);
        if suspends {
            harness.push_loop_request(LoopRequest::Suspend);
        }
        retry_now(&harness);
        harness.run_until_idle();
        let expected = if suspends { (3, 9) } else { (0, 6) };
        assert_eq!(
            (harness.counter.count("lost: abandoned"), harness.counter.dials()),
            expected,
            "suspends: {suspends}"
        );
    }
}

/// Pings were sent before this process was stopped. It runs again, and the host resumes the loop.
#[test]
fn a_resume_gives_peers_time_to_answer_when_the_process_did_not_run() {
    let wait = Duration::from_secs(1);
    for resumes_first in [true, false] {
        let mut harness = Harness::new();
        for _ in 0..3 {
            harness
                .connect_with(|config| {
                    config.heartbeat.timeout = Some(wait);
                    config.heartbeat.probe = Some(Duration::from_secs(1000));
                })
                .unwrap();
        }
        harness.run_until_idle();
        let _peers: Vec<_> = (0..3).map(|_| harness.accept()).collect();
        while harness.counter.count("connected to 127.0.0.1:") < 3 {
            harness.pass();
        }
        for socket in &harness.sockets {
            harness.engine.shared().push_socket_request(socket, SocketRequest::Ping).unwrap();
        }
        harness.engine.limit = Duration::from_secs(1000);
        harness.engine.run_commands();
        std::thread::sleep(wait + wait / 10); // longer than the time in which the peers must answer
        let slept = Task::Slept(Gap::Process);
        for task in if resumes_first { [Task::Probe(None), slept] } else { [slept, Task::Probe(None)] } {
            harness.engine.begin_round(task);
        }
        harness.run_until_idle();
        assert_eq!((harness.counter.count("closed: "), harness.engine.live), (0, 3), "{resumes_first}");
    }
}

#[test]
fn endless_network_changes_do_not_hold_up_deadlines_after_a_gap() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    harness.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    harness.engine.begin_round(Task::Slept(Gap::Process));
    let mut passes = 0;
    while harness.engine.live > SOCKETS || passes == 0 {
        harness.push_loop_request(LoopRequest::NetworkChanged);
        harness.pass();
        passes += 1;
        assert!(passes < 4 * SOCKETS, "the deadline does not expire");
    }
}

/// A round continues where an unfinished one has stopped, although the table has grown meanwhile.
#[test]
fn a_round_reaches_each_connection_while_others_are_made() {
    let mut harness = Harness::new();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    harness.push_loop_request(LoopRequest::NetworkChanged);
    for _ in 0..SOCKETS / 2 {
        harness.pass();
    }
    harness.push_loop_request(LoopRequest::NetworkChanged);
    harness.pass();
    let before = harness.counter.restarts();
    harness.connect(SOCKETS);
    harness.run_until_idle();
    let restarts = harness.counter.restarts();
    let twice = restarts.values().filter(|count| **count == 2).count();
    assert_eq!(
        (restarts.len(), twice + 1),
        (SOCKETS, before.len()),
        "all were restarted for the second change, some also for the first"
    );
}

#[test]
fn a_suspend_that_is_merged_with_a_resume_closes_no_connection() {
    let mut harness = Harness::with_close_on_suspend(true);
    harness.connect(SOCKETS);
    harness.run_until_idle();
    harness.push_loop_request(LoopRequest::Suspend);
    harness.push_loop_request(LoopRequest::Resume);
    harness.run_until_idle();
    assert!(harness.sockets.iter().all(|socket| !harness.has_ended(socket)));
    assert_eq!(harness.counter.restarts().len(), SOCKETS, "each connection is probed");
}

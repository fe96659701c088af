//! Requests for the whole loop, and the rounds that they begin.

use super::*;

#[test]
fn thousand_network_changes_restart_each_connection_once() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    for request in [LoopRequest::NetworkChanged, LoopRequest::Resume].into_iter().cycle().take(1000) {
        lab.push_loop_request(request);
    }
    let passes = lab.run_until_idle();
    assert!(passes >= SOCKETS, "{passes} passes: one connection each");
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == SOCKETS && restarts.values().all(|count| *count == 1), "{restarts:?}");
}

#[test]
fn endless_network_changes_reach_each_connection() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    for _ in 0..4 * SOCKETS {
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.pass();
    }
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == SOCKETS && restarts.values().all(|count| (3..=8).contains(count)), "{restarts:?}");
}

#[test]
fn network_changes_do_not_restart_later_connections() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    lab.push_loop_request(LoopRequest::NetworkChanged);
    lab.pass();
    lab.connect(1);
    lab.run_until_idle();
    let restarts = lab.counter.restarts();
    assert!(restarts.len() == SOCKETS && !restarts.contains_key(&(SOCKETS + 1)), "{restarts:?}");
}

#[test]
fn a_suspend_closes_only_connections_that_were_made_before_it() {
    let mut lab = Lab::with_close_on_suspend(true);
    lab.connect(SOCKETS);
    lab.push_loop_request(LoopRequest::Suspend);
    lab.connect(1);
    lab.pass();
    lab.connect(1);
    lab.run_until_idle();
    let open: Vec<_> = lab.sockets.iter().filter(|socket| !lab.has_ended(socket)).map(|socket| socket.key).collect();
    assert_eq!(open, [SOCKETS, SOCKETS + 1]);
}

/// Retries that come so late that only a request begins one.
const LATE_RETRY: RetryOptions = RetryOptions {
    attempts: u32::MAX,
    floor: Duration::from_secs(1000),
    first: Duration::from_secs(1000),
    ceiling: Duration::from_secs(1000),
    total: None,
    resend: false,
};

#[test]
fn a_retry_that_is_requested_after_a_suspend_is_not_abandoned_by_it() {
    let mut lab = Lab::with_close_on_suspend(true);
    for _ in 0..3 {
        lab.connect_with(|config| config.retry = Some(LATE_RETRY)).unwrap();
    }
    lab.run_until_idle();
    (0..3).for_each(|_| drop(lab.server.accept().unwrap()));
    while lab.counter.count("lost: ") < 3 {
        lab.pass();
    }
    lab.push_loop_request(LoopRequest::Suspend);
    for socket in &lab.sockets {
        lab.engine.shared().push_socket_request(socket, SocketRequest::RetryNow).unwrap();
    }
    lab.run_until_idle();
    assert_eq!((lab.counter.count("lost: abandoned"), lab.counter.dials()), (0, 6));
}

#[test]
fn a_retry_that_is_requested_before_and_after_a_suspend_runs_after_it() {
    for suspends in [true, false] {
        let mut lab = Lab::with_close_on_suspend(true);
        for _ in 0..3 {
            lab.connect_with(|config| config.retry = Some(LATE_RETRY)).unwrap();
        }
        lab.run_until_idle();
        (0..3).for_each(|_| drop(lab.server.accept().unwrap()));
        while lab.counter.count("lost: ") < 3 {
            lab.pass();
        }
        let retry_now = |lab: &Lab| {
            lab.sockets.iter().for_each(|socket| lab.engine.shared().push_retry_now(socket).unwrap());
        };
        retry_now(&lab);
        if suspends {
            lab.push_loop_request(LoopRequest::Suspend);
        }
        retry_now(&lab);
        lab.run_until_idle();
        let expected = if suspends { (3, 9) } else { (0, 6) };
        assert_eq!((lab.counter.count("lost: abandoned"), lab.counter.dials()), expected, "suspends: {suspends}");
    }
}

/// Pings were sent before this process was stopped. It runs again, and the host resumes the loop.
#[test]
fn a_resume_gives_the_peers_time_to_answer_when_nothing_ran_for_a_while() {
    let wait = Duration::from_secs(1);
    for resumes_first in [true, false] {
        let mut lab = Lab::new();
        for _ in 0..3 {
            lab.connect_with(|config| {
                config.heartbeat.timeout = Some(wait);
                config.heartbeat.probe = Some(Duration::from_secs(1000));
            })
            .unwrap();
        }
        lab.run_until_idle();
        let _peers: Vec<_> = (0..3).map(|_| lab.accept()).collect();
        while lab.counter.count("connected") < 3 {
            lab.pass();
        }
        for socket in &lab.sockets {
            lab.engine.shared().push_socket_request(socket, SocketRequest::Ping).unwrap();
        }
        lab.engine.limit = Duration::from_secs(1000);
        lab.engine.run_commands();
        std::thread::sleep(wait + wait / 10); // longer than the peers have to answer
        let slept = Task::Slept(Gap::Process);
        for task in if resumes_first { [Task::Probe(None), slept] } else { [slept, Task::Probe(None)] } {
            lab.engine.begin_round(task);
        }
        lab.run_until_idle();
        assert_eq!((lab.counter.count("closed: "), lab.engine.live), (0, 3), "{resumes_first}");
    }
}

#[test]
fn endless_network_changes_do_not_hold_up_deadlines_after_a_gap() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    lab.connect_with(|config| config.limits.open = Duration::ZERO).unwrap();
    lab.engine.begin_round(Task::Slept(Gap::Process));
    let mut passes = 0;
    while lab.engine.live > SOCKETS || passes == 0 {
        lab.push_loop_request(LoopRequest::NetworkChanged);
        lab.pass();
        passes += 1;
        assert!(passes < 4 * SOCKETS, "the deadline does not expire");
    }
}

/// A round continues where an unfinished one has stopped, and the table grows meanwhile.
#[test]
fn a_round_reaches_each_connection_also_if_others_are_made_meanwhile() {
    let mut lab = Lab::new();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    lab.push_loop_request(LoopRequest::NetworkChanged);
    for _ in 0..SOCKETS / 2 {
        lab.pass();
    }
    lab.push_loop_request(LoopRequest::NetworkChanged);
    lab.pass();
    let before = lab.counter.restarts();
    lab.connect(SOCKETS);
    lab.run_until_idle();
    let restarts = lab.counter.restarts();
    let twice = restarts.values().filter(|count| **count == 2).count();
    assert_eq!(
        (restarts.len(), twice + 1),
        (SOCKETS, before.len()),
        "all for the second change, some for the first too"
    );
}

#[test]
fn a_suspend_that_is_merged_with_a_resume_closes_no_connection() {
    let mut lab = Lab::with_close_on_suspend(true);
    lab.connect(SOCKETS);
    lab.run_until_idle();
    lab.push_loop_request(LoopRequest::Suspend);
    lab.push_loop_request(LoopRequest::Resume);
    lab.run_until_idle();
    assert!(lab.sockets.iter().all(|socket| !lab.has_ended(socket)));
    assert_eq!(lab.counter.restarts().len(), SOCKETS, "and each is probed");
}

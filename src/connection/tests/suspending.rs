//! Tests that the loop is suspended and resumed, or that the machine's network changes, in each stage.

use super::CLOSE;
use super::retrying::RETRY;
use super::scenario::run_unbroken;
use super::simulation::{Simulation, frame};
use crate::config::{ConnectConfig, HeartbeatOptions, RetryOptions};
use crate::error::Error;
use crate::transport::proxy::Proxies;

fn retries(config: &mut ConnectConfig) {
    config.retry = Some(RETRY);
}

fn resends(config: &mut ConnectConfig) {
    config.retry = Some(RetryOptions { resend: true, ..RETRY });
}

const NEVER: fn(&mut ConnectConfig) = |_| {};

/// The event of a loss during a suspend.
fn lost(how: &str) -> String {
    format!("lost {how}; try 1 after the resume")
}

// A suspend that closes connections.

#[test]
fn a_suspend_abandons_a_connection_that_is_not_open() {
    type Reach = fn(&mut Simulation);
    let reach: [(&str, Reach); 4] = [
        ("Resolve", |_| {}),
        ("Connect", |sim| sim.resolved(&["10.0.0.1"])),
        ("Proxy", |sim| sim.connect_result(Ok(()))),
        ("Handshake", |sim| {
            sim.resolved(&["10.0.0.1"]);
            sim.connect_result(Ok(()));
        }),
    ];
    for (phase, reach) in reach.into_iter().filter(|(phase, _)| cfg!(feature = "proxies") || *phase != "Proxy") {
        for retries_on_loss in [false, true] {
            let begin = |sim: &mut Simulation| {
                sim.begin_with("ws://example.com/", |config| {
                    config.retry = retries_on_loss.then_some(RETRY);
                    if phase == "Proxy" {
                        config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
                    }
                });
                reach(sim);
                sim.suspend();
                assert!(sim.open_streams().is_empty() && sim.time_left().is_none());
                sim.advance(3_600_000);
            };
            let aborted = format!("Aborted in {phase} by Local, got 1006, sent 0");
            if retries_on_loss {
                let scenario = |sim: &mut Simulation| {
                    begin(sim);
                    sim.probe();
                    sim.close(b"");
                };
                let again = if phase == "Proxy" { "Connect" } else { "Resolve" };
                let closed = format!("closed Aborted in {again} by Local, got 1006, sent 0");
                run_unbroken(scenario, &[&lost(&aborted), "trying", &closed]);
            } else {
                run_unbroken(begin, &[&format!("closed {aborted}")]);
            }
        }
    }
}

#[test]
fn a_suspend_closes_with_1001_after_accepted_messages() {
    for (config, last) in [(NEVER, "closed"), (retries, "lost")] {
        let scenario = |sim: &mut Simulation| {
            sim.open_with(config);
            sim.wire().room = 0;
            let _ = sim.send("accepted");
            sim.suspend();
            assert_eq!(sim.send("late"), Err(Error::NotOpen));
            sim.suspend(); // the second suspend has no effect
            sim.wire().room = usize::MAX;
            sim.turn();
            assert_eq!(sim.written(), ["text accepted", "close [3, e9]"]);
            sim.server_sends(&frame(CLOSE, b"\x03\xe9"));
            sim.end_stream();
            sim.advance(3_600_000);
            assert_eq!(sim.dialed().len(), 1);
        };
        let how = "OK in Closing by Local, got 1001, sent 1001";
        let end = if last == "lost" { lost(how) } else { format!("closed {how}") };
        run_unbroken(scenario, &["connected", &end]);
    }
}

#[test]
fn the_closing_handshake_of_a_suspend_has_a_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(retries);
        sim.suspend();
        sim.advance(2000);
        assert_eq!(sim.time_left(), None, "only the resume ends the delay");
        sim.probe();
        assert_eq!(sim.dialed().len(), 2);
        sim.accept();
        sim.report_open();
        assert_eq!(sim.send("back"), Ok(()));
        sim.end_stream();
        sim.close(b"");
    };
    let first = lost("Timeout in Closing by Transport, got 1006, sent 1001");
    let second = "lost ConnectionLost in Open by Transport, got 1006, sent 0; try 1 after 250 ms";
    let closed = "closed Aborted in Connect by Local, got 1006, sent 0";
    run_unbroken(scenario, &["connected", &first, "trying", "connected", second, closed]);
}

#[test]
fn a_suspend_extends_the_delay_until_the_resume() {
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://10.0.0.1/", retries);
        sim.connect_result(Err(std::io::ErrorKind::ConnectionRefused));
        assert!(sim.time_left().is_some());
        sim.suspend();
        assert!(sim.time_left().is_none());
        sim.advance(3_600_000);
        assert_eq!(sim.dialed().len(), 1);
        sim.probe();
        assert_eq!(sim.dialed().len(), 2);
        sim.close(b"");
    };
    let first = "lost Connect in Connect by Transport, got 1006, sent 0; try 1 after 250 ms";
    run_unbroken(scenario, &[first, "trying", "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

/// A delay that begins while the loop is suspended lasts until the resume, for any reason of the loss.
#[test]
fn delays_that_begin_in_a_suspend_last_until_the_resume() {
    type Call = fn(&mut Simulation);
    let reset: Call = |sim| sim.reset();
    let refused: Call = |sim| sim.connect_result(Err(std::io::ErrorKind::ConnectionRefused));
    let suspends: [Call; 2] = [Simulation::suspend_clock, Simulation::suspend];
    // Each row: a name, whether the suspend comes first, the beginning, and the loss of the connection.
    let cases: [(&str, bool, Call, Call); 5] = [
        ("an open connection breaks", false, |sim| sim.open_with(retries), reset),
        (
            "an open connection is closed by the server",
            false,
            |sim| sim.open_with(retries),
            |sim| {
                sim.server_sends(&frame(CLOSE, b"\x0f\xa0"));
                sim.end_stream();
                sim.advance(0);
            },
        ),
        ("a connection that is being made is refused", false, |sim| sim.begin_with("ws://10.0.0.1/", retries), refused),
        (
            "a connection that is made during the suspend is refused",
            true,
            |sim| sim.begin_with("ws://10.0.0.1/", retries),
            refused,
        ),
        ("a connection that was opened during the suspend breaks", true, |sim| sim.open_with(retries), reset),
    ];
    for suspend in suspends {
        for (what, suspended_before, begin, lose) in cases {
            let mut sim = Simulation::new();
            if suspended_before {
                // There is no connection yet.
                sim.suspend_clock();
            }
            begin(&mut sim);
            if !suspended_before {
                suspend(&mut sim);
            }
            lose(&mut sim);
            let events = sim.events();
            assert!(events.last().unwrap().ends_with("; try 1 after the resume"), "{what}: {events:?}");
            assert_eq!((sim.time_left(), sim.dialed().len()), (None, 1), "{what}");
            sim.probe();
            assert_eq!(sim.dialed().len(), 2, "{what}");
            // After the resume, delays have their normal length again.
            refused(&mut sim);
            let events = sim.events();
            assert!(events.last().unwrap().ends_with(" after 250 ms"), "{what}: {events:?}");
        }
    }
    // The host calls retry_now before the resume.
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", retries);
    sim.suspend_clock();
    for attempt in 1..=3 {
        refused(&mut sim);
        assert!(sim.events().last().unwrap().ends_with(&format!("; try {attempt} after the resume")));
        sim.retry_now();
    }
}

#[test]
fn a_suspend_does_not_change_a_closing_handshake_in_progress() {
    for (begin, end) in [
        (
            (|sim: &mut Simulation| sim.close(b"\x03\xe8")) as fn(&mut Simulation),
            "closed OK in Closing by Local, got 1000, sent 1000",
        ),
        (
            |sim| {
                sim.wire().room = 0;
                sim.server_sends(&frame(CLOSE, b"\x03\xf0"));
            },
            "closed OK in Closing by Peer, got 1008, sent 1008",
        ),
    ] {
        let scenario = |sim: &mut Simulation| {
            sim.open_with(retries);
            begin(sim);
            sim.suspend();
            sim.probe();
            assert_eq!(sim.dialed().len(), 1);
            sim.wire().room = usize::MAX;
            sim.turn();
            assert_eq!(sim.written().len(), 1, "one Close frame");
            sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
            sim.end_stream();
        };
        run_unbroken(scenario, &["connected", end]);
    }
}

#[test]
fn the_host_can_close_a_connection_that_the_suspend_has_closed() {
    for resume in [false, true] {
        let scenario = |sim: &mut Simulation| {
            sim.open_with(resends);
            sim.suspend();
            sim.close(b"\x03\xe8");
            if resume {
                sim.probe();
            } else {
                sim.server_sends(&frame(CLOSE, b"\x03\xe9"));
                sim.end_stream();
            }
            assert_eq!((sim.dialed().len(), sim.time_left()), (1, None));
        };
        let end = if resume {
            "closed Timeout in Closing by Transport, got 1006, sent 1001"
        } else {
            "closed OK in Closing by Local, got 1001, sent 1001"
        };
        run_unbroken(scenario, &["connected", end]);
    }
}

#[test]
fn unsent_messages_are_resent_after_the_resume() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(resends);
        sim.wire().room = 4;
        let _ = sim.send("half written");
        let _ = sim.send("queued");
        sim.suspend();
        sim.probe();
        assert_eq!(sim.dialed().len(), 2, "the old closing handshake is abandoned");
        assert_eq!(sim.open_streams().len(), 1);
        sim.accept();
        assert_eq!(sim.written(), ["text half written", "text queued"], "no Close frame is written");
        sim.report_open();
        assert_eq!(sim.send("new"), Ok(()));
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
    };
    let how = "lost Timeout in Flush by Transport, got 1006, sent 0, unsent 2 of 18 bytes; try 1 after 250 ms";
    let end = "closed OK in Closing by Local, got 1000, sent 1000";
    run_unbroken(scenario, &["connected", how, "trying", "connected", end]);
}

// A resume, or another network.

#[test]
fn a_resume_restarts_the_opening_in_each_stage() {
    let reach: [fn(&mut Simulation); 3] = [
        |_| {},
        |sim| sim.resolved(&["10.0.0.1"]),
        |sim| {
            sim.resolved(&["10.0.0.1"]);
            sim.connect_result(Ok(()));
        },
    ];
    for reach in reach {
        let scenario = |sim: &mut Simulation| {
            sim.begin("ws://example.com/");
            reach(sim);
            sim.probe();
            assert!(sim.open_streams().is_empty(), "the old streams are closed");
            assert_eq!(sim.looked_up().len(), 4, "the name is looked up again");
            sim.resolved(&["10.0.0.2"]);
            assert_eq!(sim.dialed().last().unwrap(), "10.0.0.2:80");
            sim.accept();
            sim.end_stream();
        };
        run_unbroken(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
    }
}

#[test]
fn changes_of_the_network_do_not_extend_the_open_deadline() {
    let scenario = |sim: &mut Simulation| {
        sim.begin("ws://10.0.0.1/");
        for _ in 0..9 {
            sim.advance(500);
            sim.probe();
        }
        sim.advance(499);
        assert!(sim.events().is_empty());
        sim.advance(1); // 5000 ms in total
    };
    run_unbroken(scenario, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_dead_connection_is_retried_after_the_deadline_of_the_probe() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(|config| {
            retries(config);
            let [timeout, probe] = [10, 3].map(|seconds| Some(std::time::Duration::from_secs(seconds)));
            config.heartbeat = HeartbeatOptions { interval: None, timeout, probe };
        });
        sim.probe();
        sim.advance(2_999);
        assert_eq!(sim.events(), ["connected"]);
        sim.advance(1);
        assert_eq!(sim.events().len(), 2);
        sim.probe(); // also ends the delay
        sim.close(b"");
    };
    let how = "lost Timeout in Open by Transport, got 1006, sent 0; try 1 after 250 ms";
    run_unbroken(scenario, &["connected", how, "trying", "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

#[test]
fn a_closed_connection_remains_closed() {
    let scenario = |sim: &mut Simulation| {
        sim.open_with(retries);
        sim.close(b"\x03\xe8");
        sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        sim.end_stream();
        sim.suspend();
        sim.probe();
        sim.retry_now();
        sim.ping();
        sim.sleep(10_000);
        assert_eq!((sim.dialed().len(), sim.time_left()), (1, None));
    };
    run_unbroken(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

//! The loop is suspended and resumed, or the machine's network changes, in each stage.

use super::CLOSE;
use super::lab::{Lab, frame, play_whole};
use super::retrying::RETRY;
use crate::config::{ConnectConfig, RetryOptions};
use crate::error::Error;
use crate::transport::proxy::Proxies;

fn retries(config: &mut ConnectConfig) {
    config.retry = Some(RETRY);
}

fn resends(config: &mut ConnectConfig) {
    config.retry = Some(RetryOptions { resend: true, ..RETRY });
}

const NEVER: fn(&mut ConnectConfig) = |_| {};

/// What is between two tries.
fn lost(how: &str) -> String {
    format!("lost {how}; try 1 after the resume")
}

// Suspending, where that closes.

#[test]
fn what_is_being_made_is_abandoned() {
    type Reach = fn(&mut Lab);
    let reach: [(&str, Reach); 4] = [
        ("Resolve", |_| {}),
        ("Connect", |lab| lab.resolved(&["10.0.0.1"])),
        ("Proxy", |lab| lab.tcp(Ok(()))),
        ("Handshake", |lab| {
            lab.resolved(&["10.0.0.1"]);
            lab.tcp(Ok(()));
        }),
    ];
    for (phase, reach) in reach.into_iter().filter(|(phase, _)| cfg!(feature = "proxies") || *phase != "Proxy") {
        for tried_again in [false, true] {
            let begin = |lab: &mut Lab| {
                lab.begin_with("ws://example.com/", |config| {
                    config.retry = tried_again.then_some(RETRY);
                    if phase == "Proxy" {
                        config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
                    }
                });
                reach(lab);
                lab.suspend();
                assert!(lab.held().is_empty() && lab.wait().is_none());
                lab.advance(3_600_000);
            };
            let aborted = format!("Aborted in {phase} by Local, got 1006, sent 0");
            if tried_again {
                let scenario = |lab: &mut Lab| {
                    begin(lab);
                    lab.probe();
                    lab.close(b"");
                };
                let again = if phase == "Proxy" { "Connect" } else { "Resolve" };
                let closed = format!("closed Aborted in {again} by Local, got 1006, sent 0");
                play_whole(scenario, &[&lost(&aborted), "trying", &closed]);
            } else {
                play_whole(begin, &[&format!("closed {aborted}")]);
            }
        }
    }
}

#[test]
fn what_is_open_says_goodbye_after_all_that_was_accepted() {
    for (config, last) in [(NEVER, "closed"), (retries, "lost")] {
        let scenario = |lab: &mut Lab| {
            lab.open_with(config);
            lab.wire().room = 0;
            let _ = lab.send("accepted");
            lab.suspend();
            assert_eq!(lab.send("late"), Err(Error::NotOpen));
            lab.suspend(); // again: nothing
            lab.wire().room = usize::MAX;
            lab.turn();
            assert_eq!(lab.written(), ["text accepted", "close [3, e9]"]);
            lab.serve(&frame(CLOSE, b"\x03\xe9"));
            lab.end_stream();
            lab.advance(3_600_000);
            assert_eq!(lab.dialed().len(), 1);
        };
        let how = "OK in Closing by Local, got 1001, sent 1001";
        let end = if last == "lost" { lost(how) } else { format!("closed {how}") };
        play_whole(scenario, &["connected", &end]);
    }
}

#[test]
fn a_goodbye_that_is_not_answered_is_not_waited_for_for_ever() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(retries);
        lab.suspend();
        lab.advance(2000);
        assert_eq!(lab.wait(), None, "from now on only the resume counts");
        lab.probe();
        assert_eq!(lab.dialed().len(), 2);
        lab.accept();
        lab.tell();
        assert_eq!(lab.send("back"), Ok(()));
        lab.end_stream();
        lab.close(b"");
    };
    let first = lost("Timeout in Closing by Transport, got 1006, sent 1001");
    let second = "lost ConnectionLost in Open by Transport, got 1006, sent 0; try 1 after 250 ms";
    let closed = "closed Aborted in Connect by Local, got 1006, sent 0";
    play_whole(scenario, &["connected", &first, "trying", "connected", second, closed]);
}

#[test]
fn a_wait_lasts_until_the_resume() {
    let scenario = |lab: &mut Lab| {
        lab.begin_with("ws://10.0.0.1/", retries);
        lab.tcp(Err(std::io::ErrorKind::ConnectionRefused));
        assert!(lab.wait().is_some());
        lab.suspend();
        assert!(lab.wait().is_none());
        lab.advance(3_600_000);
        assert_eq!(lab.dialed().len(), 1);
        lab.probe();
        assert_eq!(lab.dialed().len(), 2);
        lab.close(b"");
    };
    let first = "lost Connect in Connect by Transport, got 1006, sent 0; try 1 after 250 ms";
    play_whole(scenario, &[first, "trying", "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

/// A wait that begins while the loop is suspended has no length, however the connection is lost. The resume ends it at once.
#[test]
fn waits_during_a_suspend_last_until_the_resume() {
    type Act = fn(&mut Lab);
    let reset: Act = |lab| lab.reset();
    let refused: Act = |lab| lab.tcp(Err(std::io::ErrorKind::ConnectionRefused));
    let suspends: [Act; 2] = [Lab::stand_still, Lab::suspend];
    // Each row: a name, whether the suspend comes first, the beginning, and how the connection is lost.
    let ways: [(&str, bool, Act, Act); 5] = [
        ("an open connection breaks", false, |lab| lab.open_with(retries), reset),
        (
            "an open connection is closed by the server",
            false,
            |lab| lab.open_with(retries),
            |lab| {
                lab.serve(&frame(CLOSE, b"\x0f\xa0"));
                lab.end_stream();
                lab.advance(0);
            },
        ),
        ("one that is being made is refused", false, |lab| lab.begin_with("ws://10.0.0.1/", retries), refused),
        (
            "one that is made during the suspend is refused",
            true,
            |lab| lab.begin_with("ws://10.0.0.1/", retries),
            refused,
        ),
        ("one that was opened during the suspend breaks", true, |lab| lab.open_with(retries), reset),
    ];
    for suspend in suspends {
        for (what, suspended_before, begin, lose) in ways {
            let mut lab = Lab::whole();
            if suspended_before {
                // There is no connection yet.
                lab.stand_still();
            }
            begin(&mut lab);
            if !suspended_before {
                suspend(&mut lab);
            }
            lose(&mut lab);
            let told = lab.told();
            assert!(told.last().unwrap().ends_with("; try 1 after the resume"), "{what}: {told:?}");
            assert_eq!((lab.wait(), lab.dialed().len()), (None, 1), "{what}");
            lab.probe();
            assert_eq!(lab.dialed().len(), 2, "{what}");
            // After the resume waits have a length again.
            refused(&mut lab);
            let told = lab.told();
            assert!(told.last().unwrap().ends_with(" after 250 ms"), "{what}: {told:?}");
        }
    }
    // The host calls retry_now before the resume.
    let mut lab = Lab::whole();
    lab.begin_with("ws://10.0.0.1/", retries);
    lab.stand_still();
    for attempt in 1..=3 {
        refused(&mut lab);
        assert!(lab.told().last().unwrap().ends_with(&format!("; try {attempt} after the resume")));
        lab.retry_now();
    }
}

#[test]
fn a_close_that_was_under_way_goes_on() {
    for (begin, end) in [
        (
            (|lab: &mut Lab| lab.close(b"\x03\xe8")) as fn(&mut Lab),
            "closed OK in Closing by Local, got 1000, sent 1000",
        ),
        (
            |lab| {
                lab.wire().room = 0;
                lab.serve(&frame(CLOSE, b"\x03\xf0"));
            },
            "closed OK in Closing by Peer, got 1008, sent 1008",
        ),
    ] {
        let scenario = |lab: &mut Lab| {
            lab.open_with(retries);
            begin(lab);
            lab.suspend();
            lab.probe();
            assert_eq!(lab.dialed().len(), 1);
            lab.wire().room = usize::MAX;
            lab.turn();
            assert_eq!(lab.written().len(), 1, "one Close frame");
            lab.serve(&frame(CLOSE, b"\x03\xe8"));
            lab.end_stream();
        };
        play_whole(scenario, &["connected", end]);
    }
}

#[test]
fn the_host_can_close_what_the_suspend_has_closed() {
    for resume in [false, true] {
        let scenario = |lab: &mut Lab| {
            lab.open_with(resends);
            lab.suspend();
            lab.close(b"\x03\xe8");
            if resume {
                lab.probe();
            } else {
                lab.serve(&frame(CLOSE, b"\x03\xe9"));
                lab.end_stream();
            }
            assert_eq!((lab.dialed().len(), lab.wait()), (1, None));
        };
        let end = if resume {
            "closed Timeout in Closing by Transport, got 1006, sent 1001"
        } else {
            "closed OK in Closing by Local, got 1001, sent 1001"
        };
        play_whole(scenario, &["connected", end]);
    }
}

#[test]
fn what_could_not_be_sent_before_is_sent_after() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(resends);
        lab.wire().room = 4;
        let _ = lab.send("half written");
        let _ = lab.send("queued");
        lab.suspend();
        lab.probe();
        assert_eq!(lab.dialed().len(), 2, "the closing handshake of the old one is of no interest");
        assert_eq!(lab.held().len(), 1);
        lab.accept();
        assert_eq!(lab.written(), ["text half written", "text queued"], "and no Close frame");
        lab.tell();
        assert_eq!(lab.send("new"), Ok(()));
        lab.close(b"\x03\xe8");
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
    };
    let how = "lost Timeout in Closing by Transport, got 1006, sent 0, unsent 2 of 18 bytes; try 1 after 250 ms";
    let end = "closed OK in Closing by Local, got 1000, sent 1000";
    play_whole(scenario, &["connected", how, "trying", "connected", end]);
}

// Resuming, and another network.

#[test]
fn what_is_being_made_begins_anew_in_each_stage() {
    let reach: [fn(&mut Lab); 3] = [
        |_| {},
        |lab| lab.resolved(&["10.0.0.1"]),
        |lab| {
            lab.resolved(&["10.0.0.1"]);
            lab.tcp(Ok(()));
        },
    ];
    for reach in reach {
        let scenario = |lab: &mut Lab| {
            lab.begin("ws://example.com/");
            reach(lab);
            lab.probe();
            assert!(lab.held().is_empty(), "the old way is left");
            assert_eq!(lab.looked_up().len(), 4, "the name is asked for again");
            lab.resolved(&["10.0.0.2"]);
            assert_eq!(lab.dialed().last().unwrap(), "10.0.0.2:80");
            lab.accept();
            lab.end_stream();
        };
        play_whole(scenario, &["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"]);
    }
}

#[test]
fn changes_of_the_network_do_not_prolong_the_whole() {
    let scenario = |lab: &mut Lab| {
        lab.begin("ws://10.0.0.1/");
        for _ in 0..9 {
            lab.advance(500);
            lab.probe();
        }
        lab.advance(499);
        assert!(lab.told().is_empty());
        lab.advance(1); // 5000 ms in all
    };
    play_whole(scenario, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_dead_connection_is_made_again_within_the_probes_deadline() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(|config| {
            retries(config);
            let [timeout, probe] = [10, 3].map(|seconds| Some(std::time::Duration::from_secs(seconds)));
            config.heartbeat = crate::config::HeartbeatOptions { interval: None, timeout, probe };
        });
        lab.probe();
        lab.advance(2_999);
        assert_eq!(lab.told(), ["connected"]);
        lab.advance(1);
        assert_eq!(lab.told().len(), 2);
        lab.probe(); // the wait is over too
        lab.close(b"");
    };
    let how = "lost Timeout in Open by Transport, got 1006, sent 0; try 1 after 250 ms";
    play_whole(scenario, &["connected", how, "trying", "closed Aborted in Connect by Local, got 1006, sent 0"]);
}

#[test]
fn what_has_ended_stays_so() {
    let scenario = |lab: &mut Lab| {
        lab.open_with(retries);
        lab.close(b"\x03\xe8");
        lab.serve(&frame(CLOSE, b"\x03\xe8"));
        lab.end_stream();
        lab.suspend();
        lab.probe();
        lab.retry_now();
        lab.ping();
        lab.sleep(10_000);
        assert_eq!((lab.dialed().len(), lab.wait()), (1, None));
    };
    play_whole(scenario, &["connected", "closed OK in Closing by Local, got 1000, sent 1000"]);
}

//! The question to the host before each attempt, its answers, and the events that end the wait for an answer.

use super::as_strs;
use super::retrying::RETRY;
use super::simulation::{Simulation, config};
use crate::config::{ConnectConfig, RetryOptions};
use crate::connection::Answer;
#[cfg(feature = "proxies")]
use crate::transport::proxy::Proxies;
use std::io::ErrorKind;
use std::time::Duration;

const FIRST: &str = "asked 0 after nothing";
const ABORTED: &str = "closed Aborted in Request by Local, got 1006, sent 0";
const REFUSED: &str = "Connect in Connect by Transport, got 1006, sent 0";
const DENIED: &str = "Refused in Handshake by Peer, got 1006, sent 0, status 401";
const LATE: &str = "Timeout in Request by Local, got 1006, sent 0";
/// The time-out is the one in the limits of the simulation.
const OPEN_TIMEOUT: u64 = 5000;

fn asks(config: &mut ConnectConfig) {
    config.asks_host = true;
}

fn asks_and_retries(config: &mut ConnectConfig) {
    (config.asks_host, config.retry) = (true, Some(RETRY));
}

fn to(url: &str) -> Box<ConnectConfig> {
    let mut config = config(url);
    asks_and_retries(&mut config);
    Box::new(config)
}

fn connect() -> Answer {
    Answer::Connect(to("ws://10.0.0.1/"))
}

fn proceed() -> Answer {
    Answer::Continue(to("ws://10.0.0.1/"))
}

fn lost(report: &str, attempt: u32) -> String {
    format!("lost {report}; try {attempt} after 250 ms")
}

fn asked(attempt: u32, last: &str) -> String {
    format!("asked {attempt} after {last}")
}

/// The server answers with 401.
fn deny(sim: &mut Simulation) {
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 401 Unauthorized\r\n\r\n");
}

fn refuse(sim: &mut Simulation) {
    sim.connect_result(Err(ErrorKind::ConnectionRefused));
}

/// A state in which the host has a question, or has answered with WAIT.
struct State {
    name: &'static str,
    retries: bool,
    reach: fn(&mut Simulation),
    /// The report before the question, and its attempt.
    last: Option<&'static str>,
    attempt: u32,
    host_waits: bool,
}

const STATES: [State; 8] = [
    State { name: "first", retries: false, reach: |_| {}, last: None, attempt: 0, host_waits: false },
    State { name: "first, can retry", retries: true, reach: |_| {}, last: None, attempt: 0, host_waits: false },
    State {
        name: "first, waits",
        retries: false,
        reach: |sim| sim.answer_question(Answer::Wait),
        last: None,
        attempt: 0,
        host_waits: true,
    },
    State {
        name: "first, waits, can retry",
        retries: true,
        reach: |sim| sim.answer_question(Answer::Wait),
        last: None,
        attempt: 0,
        host_waits: true,
    },
    State { name: "retry", retries: true, reach: retry_refused, last: Some(REFUSED), attempt: 1, host_waits: false },
    State {
        name: "retry, waits",
        retries: true,
        reach: |sim| {
            retry_refused(sim);
            sim.answer_question(Answer::Wait);
        },
        last: Some(REFUSED),
        attempt: 1,
        host_waits: true,
    },
    State { name: "denied", retries: true, reach: retry_denied, last: Some(DENIED), attempt: 1, host_waits: false },
    State {
        name: "denied, waits",
        retries: true,
        reach: |sim| {
            retry_denied(sim);
            sim.answer_question(Answer::Wait);
        },
        last: Some(DENIED),
        attempt: 1,
        host_waits: true,
    },
];

fn retry_refused(sim: &mut Simulation) {
    sim.answer_question(proceed());
    refuse(sim);
    sim.advance(250);
}

fn retry_denied(sim: &mut Simulation) {
    sim.answer_question(proceed());
    deny(sim);
    sim.advance(250);
}

impl State {
    fn begin(&self) -> Simulation {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", if self.retries { asks_and_retries } else { asks });
        (self.reach)(&mut sim);
        assert_eq!(sim.events().last(), Some(&self.question()), "{}", self.name);
        assert_eq!(sim.dialed().len(), self.attempt as usize, "{}", self.name);
        sim
    }

    fn question(&self) -> String {
        asked(self.attempt, self.last.unwrap_or("nothing"))
    }

    /// Calls `act` in the state. Exactly these events follow, and this number of connections is begun.
    #[track_caller]
    fn then(&self, what: &str, act: impl FnOnce(&mut Simulation), events: &[&str], dials: usize) -> Simulation {
        let mut sim = self.begin();
        let (before, dialed) = (sim.events().len(), sim.dialed().len());
        act(&mut sim);
        assert_eq!(as_strs(&sim.events()[before..]), events, "{}: {what}", self.name);
        assert_eq!(sim.dialed().len() - dialed, dials, "{}: {what}", self.name);
        sim
    }

    /// The events when the host gets the question again.
    fn asks_again(&self) -> Vec<String> {
        if self.host_waits { vec![self.question()] } else { vec![] }
    }

    /// The end of the connection when the host wants no attempt.
    fn stopped(&self) -> String {
        self.last.map_or(ABORTED.to_owned(), |last| format!("closed {last}"))
    }
}

/// Answers in each state. If the host waits, it is first asked again.
#[test]
fn answers_decide_in_each_state() {
    for state in &STATES {
        let again = state.asks_again();
        let events = |more: &[&str]| [as_strs(&again), more.to_vec()].concat().join("\n");
        let answer = |what: &str, answer: Answer, more: &[&str], dials: usize| {
            let all = events(more);
            let all: Vec<&str> = all.lines().collect();
            let act = |sim: &mut Simulation| {
                if state.host_waits {
                    sim.retry_now();
                }
                sim.answer_question(answer);
            };
            state.then(what, act, &all, dials)
        };
        let trying: &[&str] = if state.attempt > 0 { &["trying"] } else { &[] };
        let stopped = state.stopped();
        answer("connect", connect(), trying, 1);
        if state.last == Some(DENIED) {
            answer("continue", proceed(), &[&stopped], 0);
        } else {
            answer("continue", proceed(), trying, 1);
        }
        let sim = answer("stop", Answer::Stop, &[&stopped], 0);
        assert_eq!(sim.time_left(), None);
        answer("wait", Answer::Wait, &[], 0);
    }
}

#[test]
fn an_answer_of_a_host_that_was_not_asked_does_nothing() {
    for state in STATES.iter().filter(|state| state.host_waits) {
        for answer in [connect(), proceed(), Answer::Wait, Answer::Stop] {
            state.then("an answer", |sim| sim.answer_unasked(answer), &[], 0);
        }
    }
}

#[test]
fn the_end_by_the_host_is_the_end_in_each_state() {
    type Act = fn(&mut Simulation);
    let ends: [(&str, Act); 3] =
        [("close", |sim| sim.close(b"\x03\xe8")), ("free", Simulation::free), ("abort", Simulation::abort)];
    for state in &STATES {
        for (what, end) in ends {
            let sim = state.then(
                what,
                |sim| {
                    end(sim);
                    // These answers and calls come too late.
                    sim.answer_question(connect());
                    sim.retry_now();
                    sim.probe();
                    sim.advance(60_000);
                },
                &[ABORTED],
                0,
            );
            assert_eq!(sim.time_left(), None);
        }
    }
}

#[test]
fn a_question_ends_with_the_open_time_out() {
    for state in &STATES {
        for host_calls in [false, true] {
            // A call does not extend the time-out.
            let act = |sim: &mut Simulation, last: u64| {
                sim.advance(1000);
                if host_calls {
                    sim.retry_now();
                    sim.answer_question(Answer::Wait);
                    sim.answer_question(Answer::Wait);
                }
                sim.advance(last);
            };
            let mut before = Vec::new();
            if host_calls {
                before.push(state.question());
            }
            let before_end = as_strs(&before).join("\n");
            let early: Vec<&str> = before_end.lines().collect();
            state.then("almost", |sim| act(sim, OPEN_TIMEOUT - 1001), &early, 0);
            let end = if state.retries { lost(LATE, state.attempt + 1) } else { format!("closed {LATE}") };
            let sim = state.then("late", |sim| act(sim, OPEN_TIMEOUT - 1000), &[early, vec![&end]].concat(), 0);
            assert_eq!(sim.time_left().is_some(), state.retries);
        }
    }
}

#[test]
fn the_host_is_asked_again_after_a_time_out_that_is_retried() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", asks_and_retries);
    sim.advance(OPEN_TIMEOUT + 250);
    sim.answer_question(proceed());
    assert_eq!(as_strs(&sim.events()), [FIRST, &lost(LATE, 1), &asked(1, LATE), "trying"]);
    assert_eq!(sim.dialed().len(), 1);
}

/// `retry_now`, another network and a resume have the same effect.
#[test]
fn a_host_that_waits_is_asked_again() {
    type Act = fn(&mut Simulation);
    let calls: [(&str, Act); 3] = [
        ("retry_now", Simulation::retry_now),
        ("another network", Simulation::probe),
        ("a suspend and a resume", |sim| {
            sim.suspend();
            sim.probe();
        }),
    ];
    for state in &STATES {
        for (what, call) in calls {
            let again = state.asks_again();
            // Several calls cause one question until the host answers.
            let twice = |sim: &mut Simulation| {
                call(sim);
                call(sim);
            };
            state.then(what, twice, &as_strs(&again), 0);
            // A call that comes before the answer is not lost.
            if !state.host_waits {
                let question = state.question();
                let early = |sim: &mut Simulation| {
                    call(sim);
                    sim.answer_question(Answer::Wait);
                    sim.answer_question(Answer::Wait); // answers the second question
                };
                state.then(what, early, &[&question], 0);
            }
        }
    }
}

/// The loop is suspended and then closes connections. There is no connection, so the question remains. Nothing begins until the
/// resume.
#[test]
fn a_suspend_holds_the_attempt_until_the_resume() {
    for state in &STATES {
        let suspended = |sim: &mut Simulation| {
            sim.suspend();
            sim.advance(1_000_000);
            assert_eq!(sim.time_left(), None);
        };
        state.then("a long suspend", suspended, &[], 0);
        if !state.host_waits {
            let question = state.question();
            let trying: &[&str] = if state.attempt > 0 { &["trying"] } else { &[] };
            for answer in [connect, || Answer::Wait] {
                let answered = |sim: &mut Simulation| {
                    suspended(sim);
                    sim.answer_question(answer());
                    assert_eq!(sim.dialed().len(), state.attempt as usize, "nothing begins in a suspend");
                    sim.probe();
                    sim.advance(OPEN_TIMEOUT - 1); // the time-out begins again
                    sim.answer_question(connect());
                };
                state.then("an answer in a suspend", answered, &[&[&*question], trying].concat(), 1);
            }
            // The answer comes after the resume.
            let late = |sim: &mut Simulation| {
                suspended(sim);
                sim.probe();
                sim.answer_question(connect());
            };
            state.then("an answer after the resume", late, trying, 1);
        }
        let stopped = state.stopped();
        if !state.host_waits {
            let stop = |sim: &mut Simulation| {
                suspended(sim);
                sim.answer_question(Answer::Stop);
            };
            state.then("a stop in a suspend", stop, &[&stopped], 0);
        }
        let close = |sim: &mut Simulation| {
            suspended(sim);
            sim.close(b"\x03\xe8");
        };
        state.then("a close in a suspend", close, &[ABORTED], 0);
    }
}

/// A loop that keeps its connections stops its clock. The attempt begins nevertheless.
#[test]
fn a_suspend_that_stops_the_clock_changes_nothing() {
    for state in STATES.iter().filter(|state| !state.host_waits) {
        let trying: &[&str] = if state.attempt > 0 { &["trying"] } else { &[] };
        let act = |sim: &mut Simulation| {
            sim.suspend_clock();
            sim.answer_question(connect());
        };
        state.then("an answer in a suspend", act, trying, 1);
    }
}

#[test]
fn the_changed_request_is_used() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", asks_and_retries);
    sim.answer_question(Answer::Continue(to("ws://10.0.0.2:81/a")));
    deny(&mut sim);
    sim.advance(250);
    sim.answer_question(Answer::Connect(to("ws://10.0.0.3:82/b")));
    sim.accept();
    sim.end_stream();
    sim.advance(500);
    sim.answer_question(proceed());
    assert_eq!(sim.dialed(), ["10.0.0.2:81", "10.0.0.3:82", "10.0.0.1:80"]);
    let broken = "ConnectionLost in Open by Transport, got 1006, sent 0";
    let expected = [
        FIRST,
        &lost(DENIED, 1),
        &asked(1, DENIED),
        "trying",
        "connected",
        &lost(broken, 2),
        &asked(2, broken),
        "trying",
    ];
    assert_eq!(as_strs(&sim.events()), expected);
}

#[test]
fn statuses_that_need_another_request_are_final_without_the_hook_or_without_attempts() {
    let retries: fn(&mut ConnectConfig) = |config| config.retry = Some(RETRY);
    for (change, is_asked) in [(retries, false), (asks, true)] {
        for status in [401, 403, 404, 407, 410] {
            let mut sim = Simulation::new();
            sim.begin_with("ws://10.0.0.1/", change);
            sim.answer_question(proceed());
            sim.connect_result(Ok(()));
            sim.server_sends(format!("HTTP/1.1 {status} No\r\n\r\n").as_bytes());
            let events = sim.events();
            assert_eq!(events.len(), 1 + usize::from(is_asked), "{events:?}");
            assert!(events.last().unwrap().starts_with("closed Refused in Handshake"), "{events:?}");
        }
    }
    // Each attempt counts.
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", |config| {
        asks(config);
        config.retry = Some(RetryOptions { attempts: 2, ..RETRY });
    });
    for _ in 0..3 {
        sim.answer_question(connect());
        deny(&mut sim);
        sim.advance(250);
    }
    assert_eq!(sim.events().last(), Some(&format!("closed {DENIED}")));
    assert_eq!(sim.dialed().len(), 3);
}

#[test]
fn ends_that_no_request_can_change_are_not_asked_about() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", asks_and_retries);
    sim.answer_question(proceed());
    sim.accept();
    sim.server_sends(&super::simulation::frame(super::CLOSE, &1008u16.to_be_bytes()));
    sim.end_stream();
    let events = sim.events();
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events[2].starts_with("closed OK"), "{events:?}");
}

#[test]
#[cfg(feature = "proxies")]
fn the_status_of_a_proxy_is_offered_too() {
    let mut sim = Simulation::new();
    let proxied = |config: &mut ConnectConfig| {
        asks_and_retries(config);
        config.proxies = Proxies::read(Some("http://10.0.0.9:3128"), false, |_| None).unwrap();
    };
    let mut given = to("ws://10.0.0.1/");
    proxied(&mut given);
    sim.begin_with("ws://10.0.0.1/", proxied);
    sim.answer_question(Answer::Continue(given));
    sim.connect_result(Ok(()));
    sim.server_sends(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    sim.advance(250);
    assert!(sim.events()[2].starts_with("asked 1 after Proxy in Proxy"), "{:?}", sim.events());
}

#[test]
fn kept_messages_are_counted_once_when_the_host_stops() {
    for resend in [false, true] {
        let mut sim = Simulation::new();
        sim.begin_with("ws://10.0.0.1/", |config| {
            asks(config);
            config.retry = Some(RetryOptions { resend, ..RETRY });
        });
        let mut given = to("ws://10.0.0.1/");
        given.retry = Some(RetryOptions { resend, ..RETRY });
        sim.answer_question(Answer::Continue(given));
        sim.accept();
        sim.report_open();
        sim.wire().room = 0;
        sim.send("unsent").unwrap();
        sim.end_stream();
        sim.advance(250);
        sim.answer_question(Answer::Stop);
        let events = sim.events();
        let counts: Vec<bool> = events.iter().map(|event| event.contains("unsent 1 of 6 bytes")).collect();
        // The question repeats the report of the loss.
        let expected = [false, false, true, true, resend];
        assert_eq!(counts, expected, "{events:?}");
    }
}

#[test]
fn the_question_waits_for_a_host_with_many_undispatched_events() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", asks_and_retries);
    sim.answer_question(proceed());
    refuse(&mut sim);
    sim.delay_retries();
    sim.advance(250);
    assert_eq!(sim.events().len(), 2, "no question: {:?}", sim.events());
    sim.events_dispatched();
    assert_eq!(sim.events().last(), Some(&asked(1, REFUSED)));
}

#[test]
fn time_open_resets_the_attempts_that_the_host_is_asked_about() {
    let mut sim = Simulation::new();
    sim.begin_with("ws://10.0.0.1/", asks_and_retries);
    for _ in 0..5 {
        sim.answer_question(proceed());
        sim.accept();
        sim.advance(Duration::from_secs(10).as_millis() as u64);
        sim.end_stream();
        sim.advance(250);
        assert!(sim.events().last().unwrap().starts_with("asked 1 after"), "{:?}", sim.events());
    }
}

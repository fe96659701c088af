//! Hooks of the host that answer queries, in time, late or never.

use super::opening::{REFUSED, redirect};
use super::scenario::run_scenario;
use super::simulation::Simulation;
use crate::connection::{Family, QueryAnswer, QuerySubject};

fn begin_with_resolver(sim: &mut Simulation, url: &str) {
    sim.set_hook(QuerySubject::Addresses);
    sim.begin(url);
}

#[test]
fn the_hook_is_asked_once_for_a_name_instead_of_the_system() {
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        assert_eq!((sim.queries(), sim.looked_up().len()), (vec!["example.com"], 0));
        assert!(sim.awaits_query(1));
        sim.host_resolved(1, Some(&["10.0.0.1", "fd00::1", "10.0.0.2:8080", "[fd00::2]:9"]));
        assert!(!sim.awaits_query(1), "the query is answered");
        assert_eq!(sim.dialed(), ["[fd00::1]:80"], "IPv6 comes first, as for a look-up");
        for expected in ["10.0.0.1:80", "[fd00::2]:9", "10.0.0.2:8080"] {
            sim.advance(250);
            assert_eq!(sim.dialed().last().unwrap(), expected);
        }
        sim.connect_result_of("10.0.0.2:8080", Ok(()));
        sim.server_sends(b"HTTP/1.1 404 Not Found\r\n\r\n");
        assert!(sim.injects_failure() || sim.info().timings.connect.as_millis() == 750);
        assert_eq!(sim.looked_up().len(), 0);
    };
    run_scenario(scenario, &["closed Refused in Handshake by Peer, got 1006, sent 0, status 404"]);
}

#[test]
fn the_hook_can_leave_a_name_to_the_system() {
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.advance(700);
        sim.host_resolved(1, None);
        assert_eq!(sim.looked_up(), ["example.com V6", "example.com V4"]);
        sim.advance(99);
        assert!(sim.events().is_empty());
        sim.advance(1); // both together have the time-out of a look-up
    };
    run_scenario(scenario, &["closed Timeout in Resolve by Transport, got 1006, sent 0"]);
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.host_resolved(1, None);
        sim.resolved_family(Family::V6, Err("none"));
        sim.resolved_family(Family::V4, Ok(&["10.0.0.1"]));
        assert_eq!(sim.dialed(), ["10.0.0.1:80"]);
        sim.connect_result(REFUSED);
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn an_answer_without_addresses_fails_the_attempt() {
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.host_resolved(1, Some(&[]));
        assert_eq!(sim.close_message(), "no address for example.com: on_resolve found no address");
        assert_eq!(sim.looked_up().len(), 0);
    };
    run_scenario(scenario, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
}

#[test]
fn no_answer_is_a_time_out_of_the_look_up() {
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.advance(799);
        assert!(sim.events().is_empty() && sim.awaits_query(1));
        sim.advance(1);
        assert!(!sim.awaits_query(1));
        assert_eq!(
            sim.close_message(),
            "looking up example.com (on_resolve has not answered) took longer than its time-out"
        );
        sim.host_resolved(1, Some(&["10.0.0.1"]));
        assert!(sim.dialed().is_empty());
    };
    run_scenario(scenario, &["closed Timeout in Resolve by Transport, got 1006, sent 0"]);
}

#[test]
fn a_hook_that_cannot_be_called_is_named() {
    for (subject, phase, message) in [
        (QuerySubject::Addresses, "Resolve", "no address for example.com: on_resolve cannot be called: no thread"),
        (QuerySubject::Proxies, "Proxy", "on_proxy cannot be called: no thread"),
    ] {
        let mut sim = Simulation::new();
        sim.set_hook(subject);
        sim.lack_threads();
        sim.begin("ws://example.com/");
        assert!(sim.events().iter().all(|event| event.starts_with(&format!("closed NoResources in {phase} "))));
        assert_eq!(sim.close_message(), message);
    }
}

#[test]
fn addresses_and_localhost_are_not_asked_for() {
    for (url, dialed) in
        [("ws://10.0.0.1/", "10.0.0.1:80"), ("ws://[fd00::1]/", "[fd00::1]:80"), ("ws://localhost/", "127.0.0.1:80")]
    {
        let mut sim = Simulation::new();
        begin_with_resolver(&mut sim, url);
        assert_eq!((sim.queries().len(), sim.dialed()), (0, vec![dialed.to_owned()]));
    }
    let mut sim = Simulation::new();
    begin_with_resolver(&mut sim, "ws://[fe80::1%25eth0]/");
    assert_eq!((sim.queries().len(), sim.looked_up()), (0, &["fe80::1%eth0 V6".to_owned()][..]));
}

#[test]
fn each_hop_and_each_attempt_asks_again_and_ignores_earlier_answers() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Addresses);
        sim.begin_with("ws://first.example/", |config| config.max_redirects = 1);
        sim.probe(); // the network has changed
        assert_eq!(sim.queries(), ["first.example", "first.example"]);
        assert!(!sim.awaits_query(1) && sim.awaits_query(2));
        sim.host_resolved(1, Some(&["10.0.0.9"]));
        assert!(sim.dialed().is_empty() && sim.awaits_query(2));
        sim.host_resolved(2, Some(&["10.0.0.1"]));
        sim.connect_result(Ok(()));
        redirect(sim, "ws://second.example/");
        if sim.injects_failure() {
            return;
        }
        assert_eq!(sim.queries().last(), Some(&"second.example"));
        sim.host_resolved(2, Some(&["10.0.0.9"]));
        assert_eq!(sim.dialed(), ["10.0.0.1:80"]);
        sim.close(b"\x03\xe8");
        assert!(!sim.awaits_query(3));
    };
    run_scenario(scenario, &["closed Aborted in Resolve by Local, got 1006, sent 0"]);
}

#[test]
fn a_redirect_cannot_lead_to_a_private_address_through_the_hook() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Addresses);
        sim.begin_with("ws://first.example/", |config| config.max_redirects = 1);
        sim.host_resolved(1, Some(&["203.0.113.1"]));
        sim.connect_result(Ok(()));
        redirect(sim, "ws://second.example/");
        sim.host_resolved(2, Some(&["10.0.0.1"]));
        assert_eq!(sim.dialed(), ["203.0.113.1:80"]);
    };
    run_scenario(scenario, &["closed Redirect in Connect by Local, got 1006, sent 0, status 302"]);
}

#[test]
fn an_answer_to_another_question_changes_nothing() {
    let scenario = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.query_answered(1, QueryAnswer::Proxies(Some(vec![None])));
        sim.query_answered(2, QueryAnswer::Addresses(Some(Vec::new())));
        assert!(sim.awaits_query(1) && sim.events().is_empty());
        sim.close(b"\x03\xe8");
        sim.query_answered(1, QueryAnswer::Addresses(None));
        assert_eq!(sim.looked_up().len(), 0);
    };
    run_scenario(scenario, &["closed Aborted in Resolve by Local, got 1006, sent 0"]);
}

#[test]
fn a_suspend_withdraws_the_query_if_it_closes_connections() {
    let closing = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.suspend();
        assert!(!sim.awaits_query(1));
        sim.host_resolved(1, Some(&["10.0.0.1"]));
        assert!(sim.dialed().is_empty());
    };
    run_scenario(closing, &["closed Aborted in Resolve by Local, got 1006, sent 0"]);
    let keeping = |sim: &mut Simulation| {
        begin_with_resolver(sim, "ws://example.com/");
        sim.suspend_clock();
        assert!(sim.awaits_query(1));
        sim.host_resolved(1, Some(&["10.0.0.1"]));
        assert_eq!(sim.dialed(), ["10.0.0.1:80"]);
        sim.abort();
    };
    run_scenario(keeping, &["closed Aborted in Connect by Local, got 1006, sent 0"]);
}

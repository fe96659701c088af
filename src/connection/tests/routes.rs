//! Lists of proxies, and proxies with TLS: which proxies are tried, and the content of the report.

use super::opening::{REFUSED, redirect};
use super::scenario::run_scenario;
use super::simulation::{NO_ROUTE, Simulation};
use crate::connection::report::{Ending, Initiator};
use crate::connection::{Family, QueryAnswer, QuerySubject};
use crate::error::Error;
use crate::transport::proxy::Proxies;
use crate::transport::tls::Settings;
use std::sync::Arc;
use std::time::Duration;

fn found(list: &str) -> QueryAnswer {
    QueryAnswer::Proxies(Some(Proxies::read_list(list).unwrap()))
}

/// Begins a connection with these proxies.
fn begin(sim: &mut Simulation, url: &str, list: &str) {
    sim.set_hook(QuerySubject::Proxies);
    sim.begin(url);
    sim.query_answered(1, found(list));
}

fn option(url: &str) -> Proxies {
    Proxies::read(Some(url), false, |_| None).unwrap()
}

#[test]
fn the_hook_is_asked_for_the_origin_of_each_hop() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Proxies);
        sim.begin_with("ws://user:secret@Example.com/path?query", |config| config.max_redirects = 1);
        assert_eq!((sim.queries(), sim.dialed_so_far()), (vec!["ws://example.com:80/"], 0));
        sim.advance(200);
        sim.query_answered(1, found("http://10.0.0.9:3128"));
        assert!(!sim.awaits_query(1) && sim.looked_up().is_empty());
        assert_eq!(sim.dialed(), ["10.0.0.9:3128"]);
        sim.connect_result(Ok(()));
        sim.server_sends(b"HTTP/1.1 200 OK\r\n\r\n");
        redirect(sim, "ws://[2001:db8::1]:81/");
        if sim.injects_failure() {
            return;
        }
        assert_eq!(sim.queries()[1], "ws://[2001:db8::1]:81/");
        sim.query_answered(2, found("direct"));
        assert_eq!(sim.dialed()[1], "[2001:db8::1]:81");
        sim.connect_result(REFUSED);
        assert_eq!(sim.info().proxy, "", "the report belongs to the last hop");
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn the_options_and_the_environment_come_before_the_hook() {
    let from_environment = |name: &str| (name == "http_proxy").then(|| "10.0.0.9:3128".to_owned());
    for (proxies, dialed) in [
        (option(""), "10.0.0.1:80"),
        (option("http://10.0.0.9:3128"), "10.0.0.9:3128"),
        (Proxies::read(None, true, from_environment).unwrap(), "10.0.0.9:3128"),
        (Proxies::read(None, true, |_| None).unwrap(), "10.0.0.1:80"),
    ] {
        let mut sim = Simulation::new();
        sim.set_hook(QuerySubject::Proxies);
        sim.begin_with("ws://10.0.0.1/", |config| config.proxies = proxies.clone());
        assert_eq!((sim.queries().len(), sim.dialed()), (0, vec![dialed.to_owned()]), "{proxies:?}");
    }
}

#[test]
fn the_next_proxy_is_tried_if_one_cannot_be_connected_to() {
    let scenario = |sim: &mut Simulation| {
        begin(
            sim,
            "ws://10.0.0.1/",
            &format!("http://10.0.0.2:1,http://name:2, socks5://10.0.0.4:3 ,{NO_ROUTE}1:4,direct"),
        );
        assert_eq!(sim.dialed(), ["10.0.0.2:1"]);
        sim.connect_result(REFUSED);
        sim.advance(50);
        sim.resolved_family(Family::V6, Err("none"));
        sim.resolved_family(Family::V4, Err("not found"));
        assert_eq!(sim.dialed().last().unwrap(), "10.0.0.4:3");
        sim.advance(1000); // TCP gets no answer
        assert_eq!(sim.dialed().last().unwrap(), "10.0.0.1:80");
        assert_eq!(sim.open_streams(), ["10.0.0.1:80"], "the others are closed");
        sim.connect_result(REFUSED);
        let warnings = sim.warnings();
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        for (warning, proxy) in warnings.iter().zip(["10.0.0.2:1", "name:2", "10.0.0.4:3", &format!("{NO_ROUTE}1:4")]) {
            assert!(warning.contains(&format!("the proxy {proxy}")), "{warning}");
            assert!(warning.ends_with("; trying the next proxy"), "{warning}");
        }
        assert!(
            sim.close_message().starts_with("connecting to 10.0.0.1 (10.0.0.1:80) failed"),
            "{}",
            sim.close_message()
        );
        let timings = sim.info().timings;
        assert_eq!(
            (timings.resolve.as_millis(), timings.connect.as_millis()),
            (50, 1000),
            "the times of all routes together"
        );
    };
    run_scenario(scenario, &["closed Connect in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn the_error_of_the_last_proxy_is_reported() {
    let scenario = |sim: &mut Simulation| {
        begin(sim, "ws://10.0.0.1/", "direct,http://name");
        sim.connect_result(REFUSED);
        sim.resolved_family(Family::V6, Err("none"));
        sim.resolved_family(Family::V4, Err("not found"));
        assert_eq!(sim.close_message(), "no address for the proxy name:80: not found");
        assert_eq!(sim.info().proxy, "http://name:80");
        assert_eq!(sim.info().address, None);
    };
    run_scenario(scenario, &["closed Resolve in Resolve by Transport, got 1006, sent 0"]);
}

#[test]
fn a_proxy_that_answers_is_the_last_one() {
    for answer in [&b"HTTP/1.1 502 Bad Gateway\r\n\r\n"[..], b"nonsense\r\n"] {
        let mut sim = Simulation::new();
        begin(&mut sim, "ws://10.0.0.1/", "http://10.0.0.2:1,direct");
        sim.connect_result(Ok(()));
        sim.server_sends(answer);
        assert_eq!((sim.dialed_so_far(), sim.event_count()), (1, 1));
    }
    let mut sim = Simulation::new();
    begin(&mut sim, "ws://10.0.0.1/", "http://10.0.0.2:1,direct");
    sim.connect_result(Ok(()));
    sim.advance(700);
    assert_eq!(sim.events(), ["closed Timeout in Proxy by Transport, got 1006, sent 0"]);
}

#[test]
fn all_proxies_together_have_the_time_of_the_opening() {
    let scenario = |sim: &mut Simulation| {
        begin(sim, "ws://10.0.0.1/", "10.0.0.2:1,10.0.0.2:2,10.0.0.2:3,10.0.0.2:4,10.0.0.2:5,10.0.0.2:6,direct,direct");
        sim.advance(4999);
        assert!(sim.events().is_empty());
        sim.advance(1);
        assert_eq!(sim.dialed_so_far(), 5, "each proxy gets one second");
        assert!(sim.close_message().contains("in all its stages"), "{}", sim.close_message());
    };
    run_scenario(scenario, &["closed Timeout in Connect by Transport, got 1006, sent 0"]);
}

#[test]
fn a_hook_that_cannot_find_the_proxies_fails_the_attempt() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Proxies);
        sim.begin("ws://10.0.0.1/");
        sim.advance(100);
        sim.query_answered(1, QueryAnswer::Proxies(None));
        assert_eq!(sim.close_message(), "on_proxy could not find the proxies");
        assert_eq!((sim.dialed_so_far(), sim.info().timings.proxy), (0, Duration::from_millis(100)));
    };
    run_scenario(scenario, &["closed Proxy in Proxy by Local, got 1006, sent 0"]);
}

#[test]
fn no_answer_of_the_hook_is_a_time_out_of_the_proxy() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Proxies);
        sim.begin("ws://10.0.0.1/");
        sim.advance(699);
        assert!(sim.events().is_empty() && sim.awaits_query(1));
        sim.advance(1);
        assert!(!sim.awaits_query(1));
        assert_eq!(sim.close_message(), "the answer to on_proxy took longer than its time-out");
        sim.query_answered(1, found("direct"));
        assert_eq!(sim.dialed_so_far(), 0);
    };
    run_scenario(scenario, &["closed Timeout in Proxy by Transport, got 1006, sent 0"]);
}

#[test]
fn a_change_of_the_network_asks_again_and_a_close_withdraws_the_question() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Proxies);
        sim.begin("ws://10.0.0.1/");
        sim.probe();
        assert!(!sim.awaits_query(1) && sim.awaits_query(2));
        sim.query_answered(1, found("direct"));
        sim.query_answered(2, QueryAnswer::Addresses(None));
        assert!(sim.dialed().is_empty() && sim.awaits_query(2));
        sim.close(b"\x03\xe8");
        assert!(!sim.awaits_query(2));
        sim.query_answered(2, found("direct"));
        assert_eq!(sim.dialed_so_far(), 0);
    };
    run_scenario(scenario, &["closed Aborted in Proxy by Local, got 1006, sent 0"]);
}

#[test]
fn a_redirect_cannot_lead_to_a_private_address_by_a_direct_route() {
    let scenario = |sim: &mut Simulation| {
        sim.set_hook(QuerySubject::Proxies);
        sim.begin_with("ws://203.0.113.1/", |config| config.max_redirects = 1);
        sim.query_answered(1, found("direct"));
        sim.connect_result(Ok(()));
        redirect(sim, "ws://10.0.0.1/");
        sim.query_answered(2, found("direct"));
        assert_eq!(sim.dialed(), ["203.0.113.1:80"]);
    };
    run_scenario(scenario, &["closed Redirect in Connect by Local, got 1006, sent 0, status 302"]);
}

#[test]
fn the_name_of_a_proxy_is_looked_up_by_the_hook_for_names() {
    let mut sim = Simulation::new();
    sim.set_hook(QuerySubject::Addresses);
    begin(&mut sim, "ws://example.com/", "https://proxy.example");
    assert_eq!(sim.queries(), ["ws://example.com:80/", "proxy.example"]);
    sim.host_resolved(2, Some(&["10.0.0.9"]));
    assert_eq!(sim.dialed(), ["10.0.0.9:443"]);
}

#[test]
fn given_addresses_are_used_for_direct_routes_only() {
    let mut sim = Simulation::new();
    sim.set_hook(QuerySubject::Proxies);
    sim.begin_with("ws://example.com/", |config| config.addresses = vec!["10.0.0.7:0".parse().unwrap()]);
    sim.query_answered(1, found("http://10.0.0.9:3128,direct"));
    sim.connect_result(REFUSED);
    assert_eq!(sim.dialed(), ["10.0.0.9:3128", "10.0.0.7:80"]);
    sim.connect_result(REFUSED);
    assert_eq!(sim.info().addresses_tried, 2);
    let tried = sim.tried();
    let tried: Vec<_> = tried.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!((tried, sim.looked_up().len()), (sim.dialed().iter().map(String::as_str).collect(), 0));
}

// Proxies with TLS.

#[test]
fn tls_to_the_proxy_needs_one_connector_and_a_second_one_for_other_settings() {
    let begin = |url: &str, change: fn(&mut Settings)| {
        let mut sim = Simulation::new();
        sim.begin_with(url, |config| {
            config.proxies = option("https://10.0.0.9");
            change(Arc::make_mut(&mut config.tls));
        });
        sim
    };
    assert_eq!(begin("ws://example.com/", |_| {}).connector_requests(), 1);
    assert_eq!(begin("wss://example.com/", |_| {}).connector_requests(), 1);
    let changes: [fn(&mut Settings); 3] = [
        |tls| tls.insecure = true,
        |tls| tls.alpn = false,
        |tls| tls.identity = Some((vec![1].into(), "sesame".to_owned().into())),
    ];
    for change in changes {
        assert_eq!(begin("wss://example.com/", change).connector_requests(), 2);
        assert_eq!(begin("ws://example.com/", change).connector_requests(), 1);
    }
}

#[cfg(feature = "tls")]
#[test]
fn the_request_for_the_tunnel_waits_for_tls() {
    let connector = super::tls::system_connector();
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("ws://example.com/", |config| config.proxies = option("https://10.0.0.9"));
        assert_eq!(sim.dialed(), ["10.0.0.9:443"]);
        sim.connect_result(Ok(()));
        sim.advance(300); // the time for the connector counts too
        assert!(sim.injects_failure() || sim.wire().from_client.is_empty() && sim.events().is_empty());
        sim.prepared(&connector);
        assert!(sim.injects_failure() || sim.wire().from_client.starts_with(&[22, 3, 1]), "a handshake record");
        sim.advance(399);
        assert!(sim.injects_failure() || sim.events().is_empty());
        sim.advance(1);
        if !sim.injects_failure() {
            assert_eq!(sim.close_message(), "the TLS handshake with the proxy took longer than its time-out");
            assert_eq!(sim.info().proxy, "https://10.0.0.9:443");
            let timings = sim.info().timings;
            assert_eq!((timings.proxy.as_millis(), timings.tls.as_millis()), (700, 0));
        }
    };
    run_scenario(scenario, &["closed Timeout in Proxy by Transport, got 1006, sent 0"]);
}

#[test]
fn a_connector_that_cannot_be_made_for_the_proxy_ends_the_connection() {
    let unusable = Err(Ending::new(Error::TlsOptions, Initiator::Local, "tls_roots has no certificate"));
    for (url, phase) in [("ws://example.com/", "Proxy"), ("wss://example.com/", "Tls")] {
        let scenario = |sim: &mut Simulation| {
            sim.begin_with(url, |config| config.proxies = option("https://10.0.0.9"));
            sim.prepared(&unusable);
        };
        run_scenario(scenario, &[&format!("closed TlsOptions in {phase} by Local, got 1006, sent 0")]);
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_proxy_whose_tls_fails_or_stalls_is_followed_by_the_next() {
    let connector = super::tls::system_connector();
    for stalls in [false, true] {
        let mut sim = Simulation::new();
        begin(&mut sim, "ws://10.0.0.1/", "https://10.0.0.9,direct");
        sim.connect_result(Ok(()));
        sim.prepared(&connector);
        match stalls {
            true => sim.advance(700),
            false => sim.server_sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        }
        assert_eq!(sim.dialed(), ["10.0.0.9:443", "10.0.0.1:80"]);
        let warnings = sim.warnings();
        assert!(warnings.len() == 1 && warnings[0].starts_with("the TLS handshake with the proxy "), "{warnings:?}");
        sim.connect_result(REFUSED);
        assert_eq!(sim.events(), ["closed Connect in Connect by Transport, got 1006, sent 0"]);
        let info = sim.info();
        assert_eq!((info.proxy.as_str(), info.address, info.local_address), ("", None, None));
        assert_eq!(info.tls, None, "the server has no TLS");
    }
}

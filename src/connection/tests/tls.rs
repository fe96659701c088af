//! The TLS of a connection: its connector, its handshake, and their deadline.

use super::super::Prepared;
use super::super::report::{Ending, Initiator};
use super::scenario::run_scenario;
use super::simulation::Simulation;
use crate::error::Error;
use crate::transport::tls::{Connector, Settings};

/// Makes a connector without roots, for the beginning of a handshake.
pub fn system_connector() -> Prepared {
    let settings = Settings {
        roots: Vec::new(),
        only_these_roots: false,
        identity: None,
        min_version: 0x0303,
        insecure: true,
        alpn: true,
    };
    Ok(Connector::build(&settings).unwrap())
}

#[test]
fn the_deadline_of_tls_counts_the_connector_and_the_handshake() {
    let connector = system_connector();
    let handshake = |sim: &mut Simulation| {
        sim.begin("wss://10.0.0.1/");
        sim.connect_result(Ok(()));
        sim.advance(300);
        sim.prepared(&connector);
        sim.advance(300);
    };
    run_scenario(handshake, &["closed Timeout in Tls by Transport, got 1006, sent 0"]);
}

/// If a socket has requested a connector twice, it may be notified twice. In between it may be redirected to another origin.
#[test]
fn connectors_of_another_hop_are_not_used() {
    let connector = system_connector();
    let of_another_hop = Settings {
        roots: Vec::new(),
        only_these_roots: false,
        identity: Some((vec![1, 2, 3].into(), "sesame".to_owned().into())),
        min_version: 0x0303,
        insecure: false,
        alpn: true,
    };
    let unusable = Err(Ending::new(Error::TlsOptions, Initiator::Local, "tls_identity cannot be used"));
    let mut sim = Simulation::new();
    sim.begin("wss://10.0.0.1/");
    for made in [&connector, &unusable] {
        sim.prepared_for(&of_another_hop, made);
    }
    sim.connect_result(Ok(()));
    assert!(sim.events().is_empty() && sim.wire().from_client.is_empty(), "no handshake has begun: {:?}", sim.events());
    sim.prepared(&connector);
    assert!(sim.wire().from_client.starts_with(&[22, 3, 1]), "a handshake record");
    for made in [&connector, &unusable] {
        sim.prepared_for(&of_another_hop, made);
        sim.prepared(made);
    }
    assert!(sim.events().is_empty());
}

#[test]
fn a_server_without_tls_fails_the_handshake() {
    let connector = system_connector();
    let scenario = |sim: &mut Simulation| {
        sim.begin_with("wss://10.0.0.1/", |config| {
            config.tls = std::sync::Arc::new(Settings { insecure: true, ..(*config.tls).clone() })
        });
        sim.prepared(&connector);
        sim.connect_result(Ok(()));
        assert_eq!(sim.warnings().len(), 1);
        assert!(sim.injects_failure() || sim.wire().from_client.starts_with(&[22, 3, 1]), "a handshake record");
        sim.server_sends(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    };
    run_scenario(scenario, &["closed Tls in Tls by Transport, got 1006, sent 0"]);
}

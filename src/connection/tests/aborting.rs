//! An abort of the host, in each state of a connection: one report, a reset, and nothing after it.

use super::CLOSE;
use super::retrying::RETRY;
use super::simulation::{Simulation, frame};

type Prepare = fn(&mut Simulation);

const STUCK: Prepare = |sim| {
    sim.open();
    sim.wire().room = 3;
    sim.send("stuck").unwrap();
};

/// Each state, and how its report ends.
const STATES: &[(&str, Prepare, &str)] = &[
    ("a look-up", |sim| sim.begin("ws://example.com/"), "Resolve by Local, got 1006, sent 0"),
    ("TCP", |sim| sim.begin("ws://10.0.0.1/"), "Connect by Local, got 1006, sent 0"),
    #[cfg(feature = "proxies")]
    (
        "a proxy",
        |sim| {
            sim.begin_with("ws://10.0.0.1/", |config| {
                let proxy = Some("http://10.0.0.9:3128");
                config.proxies = crate::transport::proxy::Proxies::read(proxy, false, |_| None).unwrap();
            });
            sim.connect_result(Ok(()));
        },
        "Proxy by Local, got 1006, sent 0",
    ),
    (
        "TLS",
        |sim| {
            sim.begin("wss://10.0.0.1/");
            sim.connect_result(Ok(()));
        },
        "Tls by Local, got 1006, sent 0",
    ),
    (
        "the upgrade",
        |sim| {
            sim.begin("ws://10.0.0.1/");
            sim.connect_result(Ok(()));
        },
        "Handshake by Local, got 1006, sent 0",
    ),
    ("an opening that is not reported", Simulation::open_unreported, "Handshake by Local, got 1006, sent 0"),
    ("open", Simulation::open, "Open by Local, got 1006, sent 0"),
    ("open, with a message", STUCK, "Open by Local, got 1006, sent 0, unsent 1 of 5 bytes"),
    (
        "open, and reading has stopped",
        |sim| {
            sim.open();
            sim.set_full(true);
            sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        },
        "Open by Local, got 1006, sent 0",
    ),
    (
        "a flush",
        |sim| {
            STUCK(sim);
            sim.close(b"\x03\xe8");
        },
        "Flush by Local, got 1006, sent 0, unsent 1 of 5 bytes",
    ),
    (
        "a flush after the peer has closed",
        |sim| {
            STUCK(sim);
            sim.server_sends(&frame(CLOSE, b"\x03\xe8"));
        },
        "Flush by Local, got 1000, sent 0, unsent 1 of 5 bytes",
    ),
    (
        "a closing handshake",
        |sim| {
            sim.open();
            sim.close(b"\x03\xe8");
        },
        "Closing by Local, got 1006, sent 1000",
    ),
    (
        "a violation",
        |sim| {
            sim.open();
            sim.set_undispatched(true);
            sim.server_sends(&frame(0xc1, b"reserved bit"));
        },
        "Open by Local, got 1006, sent 0",
    ),
    (
        "a wait for a retry",
        |sim| {
            sim.open_with(|config| config.retry = Some(RETRY));
            sim.reset();
        },
        "Connect by Local, got 1006, sent 0",
    ),
];

#[test]
fn an_abort_ends_each_state_with_one_report_and_a_reset() {
    for (state, prepare, report) in STATES {
        let mut sim = Simulation::new();
        prepare(&mut sim);
        let before = sim.events().len();
        let written = sim.dialed_so_far().checked_sub(1).map_or(0, |at| sim.wire_at(at).from_client.len());
        let had_stream = !sim.open_streams().is_empty();
        sim.abort();
        assert_eq!(sim.events()[before..], [format!("closed Aborted in {report}")], "{state}");
        assert!(sim.open_streams().is_empty() && sim.time_left().is_none(), "{state}: a stream or a deadline is left");
        if had_stream {
            let wire = sim.wire();
            assert!(wire.client_resets && !wire.client_ended, "{state}: the connection is not reset");
            assert_eq!(wire.from_client.len(), written, "{state}: something was written");
        }
        // Nothing happens after that, for any call of the host.
        sim.abort();
        sim.close(b"\x03\xe8");
        sim.retry_now();
        sim.probe();
        sim.free();
        sim.advance(100_000);
        assert_eq!(sim.events().len(), before + 1, "{state}: {:?}", sim.events());
    }
}

/// The network may act until the engine takes the request.
#[test]
fn the_report_of_an_end_before_the_engine_takes_an_abort_remains() {
    let mut sim = Simulation::new();
    sim.open_with(|config| config.retry = Some(RETRY));
    sim.send_queue().abort();
    sim.reset();
    sim.run_abort();
    assert_eq!(sim.events(), ["connected", "closed ConnectionLost in Open by Transport, got 1006, sent 0"], "no retry");
}

/// An abort also ends a socket that waits for the resume.
#[test]
fn an_abort_ends_a_wait_for_the_resume() {
    let mut sim = Simulation::new();
    sim.open_with(|config| config.retry = Some(RETRY));
    sim.suspend();
    sim.server_sends(&frame(CLOSE, b"\x03\xe9"));
    sim.end_stream();
    assert!(sim.events()[1].contains("after the resume"), "{:?}", sim.events());
    sim.abort();
    sim.probe();
    assert_eq!(sim.events()[2..], ["closed Aborted in Connect by Local, got 1006, sent 0"]);
}

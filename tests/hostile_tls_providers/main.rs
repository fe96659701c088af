//! TLS providers that fail, block, return impossible results or call the library. Each affects only its own connection, and
//! nothing leaks.
#![cfg(unix)]

mod erratic;
mod fake_tls;
mod faults;

use ::egret_ws::*;
use fake_tls::{Fake, server};
use faults::{Fault, State};
use std::ffi::CString;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};
use test_support::WAIT_LIMIT;
use test_support::certificates::RIGHT;
use test_support::client::{DRIVERS, Driver, Loop, Socket, send_text};
use test_support::close_report::CloseReport;
use test_support::recorder::Event;
use test_support::tls_provider::{self, Count};

const ALL_CAPABILITIES: u32 = EGRET_WS_TLS_CAN_ROOTS
    | EGRET_WS_TLS_CAN_IDENTITY
    | EGRET_WS_TLS_CAN_ANY_CERTIFICATE
    | EGRET_WS_TLS_CAN_MIN_VERSION
    | EGRET_WS_TLS_CAN_CHAIN
    | EGRET_WS_TLS_CAN_RESUME;

/// A loop with the provider of this suite, and a server for it.
struct Host {
    host: Option<Loop>,
    state: Arc<State>,
    count: Arc<Count>,
    port: u16,
}

impl Host {
    fn new(driver: Driver) -> Host {
        Host::with(driver, ALL_CAPABILITIES, |_| {})
    }

    fn with(driver: Driver, capabilities: u32, set: impl FnOnce(&mut egret_ws_loop_options)) -> Host {
        println!("driver: {driver:?}");
        let state = Arc::new(State { capabilities, ..State::default() });
        let mut count = None;
        let host = Loop::with(driver, |options| {
            count = Some(tls_provider::set(options, Fake(Arc::clone(&state))));
            set(options);
        });
        state.host.store(host.handle().addr(), SeqCst);
        Host { host: Some(host), state, count: count.expect("it was set"), port: server() }
    }

    fn host(&self) -> &Loop {
        self.host.as_ref().expect("it is freed at the end")
    }

    /// Begins a connection with this name.
    #[track_caller]
    fn connect_name(&self, name: &str, set: impl FnOnce(&mut egret_ws_options)) -> Result<Socket<'_>, i32> {
        self.host().open_url(format!("wss://{name}:{}/", self.port), |options| {
            options.addresses = c"127.0.0.1".as_ptr();
            set(options);
        })
    }

    #[track_caller]
    fn connect(&self, fault: Fault) -> Socket<'_> {
        self.connect_name(&fault.name(), |_| {}).expect("the connect call succeeds")
    }

    /// Returns an open connection without a fault.
    #[track_caller]
    fn good(&self) -> Socket<'_> {
        let socket = self.connect(Fault::None);
        socket.wait_open();
        socket
    }

    /// Frees the loop. Everything is freed, and `release_user` was called once, within the time that a blocked call may take.
    #[track_caller]
    fn end(mut self) {
        let begun = Instant::now();
        drop(self.host.take());
        while Count::of(&self.count.released) == 0 && begun.elapsed() < WAIT_LIMIT {
            thread::yield_now(); // nothing waits for a running call
        }
        let Count { contexts, sessions, released, .. } = &*self.count;
        assert_eq!([contexts, sessions, released].map(Count::of), [0, 0, 1]);
    }
}

/// Checks that the connection works.
#[track_caller]
fn echoes(socket: &Socket<'_>) {
    let before = socket.count_messages();
    assert_eq!(socket.send_text("hello"), EGRET_WS_OK);
    assert_eq!(socket.wait_messages(before + 1).last(), Some(&Event::Text("hello".into())));
}

/// The result of a connection: it opens, or fails with this error and these words.
enum Outcome {
    Opens,
    Fails(i32, &'static str),
}
use Outcome::{Fails, Opens};

#[test]
fn each_fault_ends_only_its_own_connection() {
    const TLS: i32 = EGRET_WS_ERR_TLS;
    let on_purpose = "the TLS handshake failed: it fails on purpose";
    let refused = "the server's certificate is not accepted: it fails on purpose";
    let rows = [
        (Fault::FailsToOpen, Fails(EGRET_WS_ERR_NO_RESOURCES, "no more sessions")),
        (Fault::FailsHandshake(TLS), Fails(TLS, on_purpose)),
        (Fault::FailsHandshake(EGRET_WS_ERR_TLS_EXPIRED), Fails(EGRET_WS_ERR_TLS_EXPIRED, refused)),
        (Fault::FailsHandshake(EGRET_WS_ERR_TLS_HOST), Fails(EGRET_WS_ERR_TLS_HOST, refused)),
        (Fault::FailsHandshake(EGRET_WS_ERR_TLS_ISSUER), Fails(EGRET_WS_ERR_TLS_ISSUER, refused)),
        (Fault::FailsHandshake(EGRET_WS_ERR_TLS_OPTIONS), Fails(EGRET_WS_ERR_TLS_OPTIONS, on_purpose)),
        (Fault::FailsHandshake(EGRET_WS_ERR_NO_RESOURCES), Fails(EGRET_WS_ERR_NO_RESOURCES, on_purpose)),
        // These are errors of other kinds, and numbers that are not errors.
        (Fault::FailsHandshake(EGRET_WS_ERR_ABORTED), Fails(TLS, "returned the number")),
        (Fault::FailsHandshake(EGRET_WS_ERR_TLS_PIN), Fails(TLS, "returned the number")),
        (Fault::FailsHandshake(-12345), Fails(TLS, "returned the number -12345")),
        (Fault::FailsHandshake(1), Fails(TLS, "returned the number 1,")),
        (Fault::FailsHandshake(i32::MAX), Fails(TLS, "returned the number 2147483647")),
        (Fault::FailsWithLongMessage, Fails(TLS, "xxxx")),
        (Fault::FailsWithoutMessage, Fails(TLS, "the TLS provider gives no reason")),
        (Fault::FailsLater, Fails(TLS, "it fails later")),
        (Fault::FailsToClose, Opens),
        (Fault::ReturnsTooMuchPlaintext, Fails(TLS, "the TLS provider returned more bytes than there was room for")),
        (Fault::ReturnsAllOfMemory, Fails(TLS, "the TLS provider returned more bytes than there was room for")),
        (Fault::ReturnsTooMuchOutput, Fails(TLS, "the TLS provider returned more bytes than there was room for")),
        (Fault::ReturnsUnknownState, Fails(TLS, "the TLS provider returned an unknown state")),
        (Fault::GoesBack, Fails(TLS, "the TLS provider returned an earlier state")),
        (Fault::ReturnsDataTooEarly, Fails(TLS, "the TLS provider returned data before the handshake was complete")),
        (Fault::HasEndlessOutput, Fails(TLS, "the TLS provider returns output endlessly")),
        (Fault::HasEmptyOutput, Fails(TLS, "the TLS provider has output, but returns none")),
        (Fault::HasBadChain, Opens),
        (Fault::HasCutChain, Opens),
        (Fault::HasBadTexts, Opens),
        (Fault::HasLongTexts, Opens),
        (Fault::HasOtherAlpn, Fails(TLS, "h2")),
        (Fault::CallsLibrary, Opens),
    ];
    for driver in DRIVERS {
        let host = Host::new(driver);
        let good = host.good();
        for (fault, outcome) in &rows {
            println!("{fault:?}");
            let socket = host.connect(*fault);
            match outcome {
                Opens => {
                    socket.wait_open();
                    echoes(&socket);
                    assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
                    assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
                }
                Fails(error, words) => {
                    let report = socket.wait_closed();
                    assert!(report.error == *error && report.message.contains(words), "{fault:?}: {report:#?}");
                    assert!(
                        [EGRET_WS_PHASE_TLS, EGRET_WS_PHASE_HANDSHAKE].contains(&report.phase),
                        "{fault:?}: {report:#?}"
                    );
                }
            }
            echoes(&good);
        }
        assert!(host.state.refused.load(SeqCst) > 100, "the provider has called the library");
        drop(good);
        host.end();
    }
}

/// Impossible facts are cut to possible ones, and reported.
#[test]
fn impossible_facts_are_left_out() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let facts = |fault| {
            let socket = host.connect(fault);
            socket.wait_open();
            socket.tls()
        };
        let good = facts(Fault::None);
        assert_eq!((good.version, &*good.cipher, good.chain.len()), (EGRET_WS_TLS_1_3, "FAKE", 2));
        assert!(facts(Fault::HasBadChain).chain.is_empty());
        assert_eq!(facts(Fault::HasCutChain).chain, [[0x30, 2, 5, 0]]);
        let texts = facts(Fault::HasBadTexts);
        assert_eq!((texts.version, &*texts.cipher), (0, "\u{fffd}\u{fffd} cipher"));
        assert!(facts(Fault::HasLongTexts).cipher.len() <= 255);
        host.end();
    }
}

/// If no key can be read from the chain, the connection is not trusted.
#[test]
fn pins_are_checked_from_the_chain_or_refused() {
    let pins = CString::new(RIGHT.pin()).expect("no NUL");
    for driver in DRIVERS {
        let host = Host::new(driver);
        for fault in [Fault::None, Fault::HasBadChain, Fault::HasCutChain] {
            let set = |options: &mut egret_ws_options| options.tls_pins = pins.as_ptr();
            let report = host.connect_name(&fault.name(), set).expect("the call succeeds").wait_closed();
            report.expect(EGRET_WS_ERR_TLS_PIN, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
        }
        host.end();
    }
}

/// Sets `tls_roots`. The provider uses it to decide how it makes its context.
fn with_roots(roots: &'static str) -> impl Fn(&mut egret_ws_options) {
    move |options| (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len())
}

#[test]
fn a_context_that_cannot_be_made_fails_its_sockets() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let good = host.good();
        for (roots, error, words) in [
            ("fails", EGRET_WS_ERR_TLS_OPTIONS, "no such roots"),
            ("has no memory", EGRET_WS_ERR_NO_RESOURCES, "gives no reason"),
            ("fails oddly", EGRET_WS_ERR_TLS_OPTIONS, "returned the number 4711"),
        ] {
            for _ in 0..2 {
                let socket = host.connect_name("any.test", with_roots(roots)).expect("the call succeeds");
                let report = socket.wait_closed();
                report.expect(error, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
                assert!(report.message.contains(words), "{report:#?}");
                echoes(&good);
            }
        }
        drop(good);
        host.end();
    }
}

/// Sockets with equal options share a context. Sockets with other options do not.
#[test]
fn contexts_are_shared_and_dropped() {
    for driver in DRIVERS {
        let host = Host::with(driver, ALL_CAPABILITIES, |options| options.flags |= EGRET_WS_LOOP_FORGET_TLS_SESSIONS);
        let contexts = || Count::of(&host.count.contexts);
        let (first, second) = (host.good(), host.good());
        assert_eq!(contexts(), 1);
        let other = host.connect_name("any.test", with_roots("other")).expect("the call succeeds");
        other.wait_open();
        assert_eq!(contexts(), 2);
        drop(other);
        // The contexts of open sockets live as long as the sockets.
        host.host().network_changed();
        let third = host.good();
        host.host().wait_until("the other context is dropped", || contexts() == 2);
        [first, second, third].iter().for_each(echoes);
        host.end();
    }
}

#[test]
fn many_contexts_are_not_all_kept() {
    let names: Vec<String> = (0..30).map(|number| format!("roots {number}")).collect();
    for driver in DRIVERS {
        let host = Host::new(driver);
        for roots in &names {
            let set = |options: &mut egret_ws_options| {
                (options.tls_roots, options.tls_roots_len) = (roots.as_ptr().cast(), roots.len());
            };
            host.connect_name("any.test", set).expect("the call succeeds").wait_open();
        }
        host.host().wait_until("old contexts are dropped", || Count::of(&host.count.contexts) <= 9);
        host.end();
    }
}

/// The destination agrees with the description in the header.
#[test]
fn the_provider_gets_name_host_port_and_rules() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let set = |options: &mut egret_ws_options| {
            options.tls_server_name = c"other.test".as_ptr();
            options.flags = EGRET_WS_DISABLE_TLS_RESUMPTION;
        };
        let first = host.connect_name("HOST.test.", set).expect("the call succeeds");
        first.wait_open();
        let second = host.connect_name("host.test", |_| {}).expect("the call succeeds");
        second.wait_open();
        let address = host.host().open_url(format!("wss://127.0.0.1:{}/", host.port), |_| {}).expect("it succeeds");
        address.wait_open();
        let seen = host.state.destinations.lock().expect("no panic").clone();
        let row = |at: usize| (&*seen[at].name, &*seen[at].host, seen[at].resumes, seen[at].socket.0);
        assert_eq!(row(0), ("other.test", "host.test.", false, first.handle().addr()));
        assert_eq!(row(1), ("host.test", "host.test", true, second.handle().addr()));
        assert_eq!(row(2), ("127.0.0.1", "127.0.0.1", true, address.handle().addr()));
        assert!(seen.iter().all(|seen| seen.port == u32::from(host.port) && !seen.is_proxy));
        drop((first, second, address));
        host.end();
    }
}

/// There is a session with the proxy, and one with the server inside it. A fault of either one ends only the connection.
#[test]
#[cfg(feature = "proxies")]
fn proxies_of_https_use_the_provider() {
    let port = fake_tls::proxy();
    for driver in DRIVERS {
        let host = Host::new(driver);
        let proxy = CString::new(format!("https://localhost:{port}/")).expect("no NUL");
        let through = |name: &str| {
            let set = |options: &mut egret_ws_options| options.proxy = proxy.as_ptr();
            host.host().open_url(format!("wss://{name}/"), set).expect("the call succeeds")
        };
        let socket = through("some.test");
        socket.wait_open();
        echoes(&socket);
        assert!(socket.send_binary(&[7; 100_000]) == EGRET_WS_OK);
        assert_eq!(socket.wait_messages(2)[1], Event::Binary(vec![7; 100_000]));
        let seen = host.state.destinations.lock().expect("no panic").clone();
        let rows = seen.iter().map(|seen| (&*seen.name, seen.port, seen.is_proxy)).collect::<Vec<_>>();
        assert_eq!(rows, [("localhost", u32::from(port), true), ("some.test", 443, false)]);
        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
        assert_eq!(socket.wait_closed().error, EGRET_WS_OK);
        drop(socket);
        host.end();
    }
}

/// Each option without its capability is refused, and the error names it.
#[test]
fn options_without_their_capability_are_refused() {
    let pins = CString::new(RIGHT.pin()).expect("no NUL");
    type Set<'a> = &'a dyn Fn(&mut egret_ws_options);
    let rows: [(u32, &str, Set<'_>); 6] = [
        (EGRET_WS_TLS_CAN_ROOTS, "tls_roots", &|options| with_roots("roots")(options)),
        (EGRET_WS_TLS_CAN_ROOTS, "tls_roots", &|options| {
            with_roots("roots")(options);
            options.flags = EGRET_WS_ONLY_THESE_ROOTS;
        }),
        (EGRET_WS_TLS_CAN_IDENTITY, "tls_identity", &|options| {
            (options.tls_identity, options.tls_identity_len) = (b"identity".as_ptr(), 8);
        }),
        (EGRET_WS_TLS_CAN_ANY_CERTIFICATE, "EGRET_WS_ACCEPT_ANY_CERTIFICATE", &|options| {
            options.flags = EGRET_WS_ACCEPT_ANY_CERTIFICATE;
        }),
        (EGRET_WS_TLS_CAN_MIN_VERSION, "tls_min_version", &|options| options.tls_min_version = EGRET_WS_TLS_1_3),
        (EGRET_WS_TLS_CAN_CHAIN, "tls_pins", &|options| options.tls_pins = pins.as_ptr()),
    ];
    for driver in DRIVERS {
        for (capability, option, set) in &rows {
            let host = Host::with(driver, ALL_CAPABILITIES & !capability, |_| {});
            assert_eq!(host.connect_name("any.test", set).err(), Some(EGRET_WS_ERR_UNSUPPORTED), "{option}");
            let log = host.host().take_log();
            assert!(log.iter().any(|line| line.contains(option) && line.contains("provider")), "{option}: {log:?}");
            // The other options are not refused, and without options nothing is refused.
            for (other, name, set) in rows.iter().filter(|(other, ..)| other != capability) {
                assert!(host.connect_name("silent.test", set).is_ok(), "{other}: {name}");
            }
            echoes(&host.good());
            host.end();
        }
        // A provider without resumption gets no request for it, and the default options are not refused because of it.
        let host = Host::with(driver, 0, |_| {});
        echoes(&host.good());
        assert!(host.state.destinations.lock().expect("no panic").iter().all(|seen| !seen.resumes));
        let disabled = |options: &mut egret_ws_options| options.flags = EGRET_WS_DISABLE_TLS_RESUMPTION;
        host.connect_name("any.test", disabled).expect("nothing is resumed in any case").wait_open();
        host.end();
    }
}

#[test]
fn a_blocked_call_delays_its_loop_only() {
    let other = Host::new(Driver::Threaded);
    let elsewhere = other.good();
    let host = Host::new(Driver::Threaded);
    let (good, blocked) = (host.good(), host.connect(Fault::Blocks));
    host.host().wait_until("the call blocks", || host.state.gate.held() == 1);
    // The poll returns, and calls of the application return.
    let begun = Instant::now();
    host.host().poll(0);
    assert_eq!(good.send_text("waits"), EGRET_WS_OK);
    assert_eq!(blocked.abort(), EGRET_WS_OK);
    assert!(begun.elapsed() < Duration::from_secs(5));
    echoes(&elsewhere);
    host.state.gate.open();
    blocked.wait_closed();
    good.wait_messages(1);
    drop((good, blocked, elsewhere));
    host.end();
    other.end();
}

/// `egret_ws_loop_free` waits about a second. The thread ends when the blocked call ends, and then frees everything.
#[test]
fn a_blocked_call_does_not_block_the_end_of_its_loop() {
    let mut host = Host::new(Driver::Threaded);
    drop(host.connect(Fault::Blocks));
    let blocked = host.connect(Fault::Blocks);
    host.host().wait_until("the call blocks", || host.state.gate.held() == 1);
    drop(blocked);
    let begun = Instant::now();
    drop(host.host.take());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(Count::of(&host.count.released), 0, "a call still runs");
    host.state.gate.open();
    host.end();
}

/// With the inline driver, the call runs on the thread that sends.
#[test]
fn a_blocked_send_does_not_block_the_end_of_its_loop() {
    for driver in DRIVERS {
        let mut host = Host::new(driver);
        let socket = host.connect(Fault::BlocksToSend);
        socket.wait_open();
        let handle = socket.handle().addr();
        socket.forget();
        host.state.blocks_sends.store(true, SeqCst);
        let sender = thread::spawn(move || send_text(ptr::without_provenance_mut(handle), "hello"));
        host.state.gate.wait_held();
        let begun = Instant::now();
        drop(host.host.take());
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        assert_eq!(Count::of(&host.count.released), 0, "a call still runs");
        host.state.gate.open();
        assert_eq!(sender.join().expect("no panic"), EGRET_WS_OK, "it was accepted before the loop was freed");
        host.end();
    }
}

#[test]
fn contexts_that_are_never_made_delay_their_sockets_only() {
    for driver in DRIVERS {
        let mut host = Host::new(driver);
        let good = host.good();
        let set = |options: &mut egret_ws_options| {
            with_roots("blocks")(options);
            options.tls_timeout_ms = 50;
        };
        let socket = host.connect_name("any.test", set).expect("the call succeeds");
        let report = socket.wait_closed();
        report.expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
        echoes(&good);
        let blocks = ["blocks", "blocks 2", "blocks 3", "blocks 4"];
        let waiting = blocks.map(|roots| host.connect_name("any.test", with_roots(roots)).expect("the call succeeds"));
        host.host().wait_until("all of them block", || host.state.gate.held() == blocks.len());
        let other = host.connect_name("any.test", with_roots("other")).expect("the call succeeds");
        other.wait_open();
        drop((good, socket, waiting, other));
        let begun = Instant::now();
        drop(host.host.take());
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        assert_eq!(Count::of(&host.count.released), 0, "a call still runs");
        host.state.gate.open();
        host.end();
    }
}

#[test]
fn a_busy_session_goes_on_after_ready() {
    for driver in DRIVERS {
        for fault in [Fault::IsBusy, Fault::IsBusyAndFails] {
            let host = Host::new(driver);
            let (good, busy) = (host.good(), host.connect(fault));
            host.host().wait_until("a session is busy", || host.state.is_busy());
            echoes(&good);
            let state = Arc::clone(&host.state);
            let ready = thread::spawn(move || state.set_ready().call());
            if fault == Fault::IsBusy {
                busy.wait_open();
                echoes(&busy);
            } else {
                let report = busy.wait_closed();
                report.expect(EGRET_WS_ERR_TLS_ISSUER, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_LOCAL);
                assert!(report.message.contains("the user said no"), "{report:#?}");
            }
            assert_eq!(ready.join().expect("no panic"), EGRET_WS_OK);
            // `ready` is called again, without a reason.
            assert_eq!(host.state.set_ready().call(), EGRET_WS_OK);
            echoes(&good);
            drop((good, busy));
            host.end();
        }
    }
}

/// The plaintext that came with BUSY is delivered. Messages that the host sends meanwhile wait.
#[test]
fn an_open_session_may_be_busy_and_loses_nothing() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let (good, busy) = (host.good(), host.connect(Fault::IsBusyWithData));
        busy.wait_open();
        assert!(host.state.is_busy());
        let sent: Vec<Vec<u8>> = (0..50).map(|number| vec![number; 5000]).collect();
        for message in &sent {
            assert_eq!(busy.send_binary(message), EGRET_WS_OK);
        }
        echoes(&good);
        assert_eq!(busy.count_messages(), 0);
        assert_eq!(host.state.set_ready().call(), EGRET_WS_OK);
        let came = busy.wait_messages(sent.len());
        assert!(came.iter().zip(&sent).all(|(came, sent)| *came == Event::Binary(sent.clone())));
        drop((good, busy));
        host.end();
    }
}

/// A provider may hold its lock while it calls `egret_ws_tls_ready`: no callback of the provider is called inside. No thread
/// polls meanwhile.
#[test]
fn ready_calls_nothing_of_the_provider() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let busy = host.connect(Fault::IsBusy);
        host.host().wait_until("a session is busy", || host.state.is_busy());
        assert_eq!(host.state.set_ready().call(), EGRET_WS_OK);
        busy.wait_open();
        echoes(&busy);
        drop(busy);
        host.end();
    }
}

/// A socket that was freed, and a loop that is being freed, send the queued messages, even if the session was busy.
#[test]
fn a_busy_session_goes_on_after_its_socket_is_freed() {
    for driver in DRIVERS {
        for ends_loop in [false, true] {
            let mut host = Host::with(driver, ALL_CAPABILITIES, |options| options.linger_ms = 600_000);
            let set = |options: &mut egret_ws_options| options.flush_timeout_ms = EGRET_WS_UNLIMITED;
            let socket = host.connect_name(&Fault::IsBusyToSend.name(), set).expect("the call succeeds");
            socket.wait_open();
            assert_eq!(socket.send_text("the last message"), EGRET_WS_OK);
            host.host().wait_until("the session is busy", || host.state.is_busy());
            drop(socket);
            assert_eq!(Count::of(&host.count.sessions), 1);
            if ends_loop {
                let state = Arc::clone(&host.state);
                let ready = thread::spawn(move || {
                    thread::yield_now();
                    state.set_ready().call()
                });
                drop(host.host.take());
                assert_eq!(ready.join().expect("no panic"), EGRET_WS_OK);
            } else {
                assert_eq!(host.state.set_ready().call(), EGRET_WS_OK);
                host.host().wait_until("the closing handshake ends", || Count::of(&host.count.sessions) == 0);
                assert_eq!(host.state.set_ready().call(), EGRET_WS_ERR_BAD_HANDLE);
            }
            host.end();
        }
    }
}

#[test]
fn a_session_that_stays_busy_times_out_and_a_late_ready_does_nothing() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let good = host.good();
        let set = |options: &mut egret_ws_options| options.tls_timeout_ms = 50;
        let busy = host.connect_name(&Fault::IsBusy.name(), set).expect("the call succeeds");
        busy.wait_closed().expect(EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_TLS, EGRET_WS_INITIATOR_TRANSPORT);
        assert_eq!(host.state.set_ready().call(), EGRET_WS_OK, "the socket was not freed");
        drop(busy);
        assert_eq!(host.state.set_ready().call(), EGRET_WS_ERR_BAD_HANDLE);
        echoes(&good);
        drop(good);
        let ready = host.state.set_ready();
        host.end();
        assert_eq!(ready.call(), EGRET_WS_ERR_BAD_HANDLE);
    }
}

/// `ready` may be called before the session is busy, and many times.
#[test]
fn ready_may_come_at_any_time() {
    for driver in DRIVERS {
        let host = Host::new(driver);
        let sockets: Vec<_> = (0..20).map(|_| host.connect(Fault::IsBusy)).collect();
        let handles: Vec<_> = sockets.iter().map(|socket| tls_provider::Ready(socket.handle().addr())).collect();
        let state = Arc::clone(&host.state);
        host.host().wait_until("a session is busy", || host.state.is_busy());
        let begun = Instant::now();
        let caller = thread::spawn(move || {
            state.set_ready();
            while begun.elapsed() < Duration::from_millis(300) {
                handles.iter().for_each(|ready| assert_eq!(ready.call(), EGRET_WS_OK));
            }
            handles.iter().map(|ready| ready.call()).collect::<Vec<_>>()
        });
        sockets.iter().for_each(|socket| socket.wait_open());
        assert_eq!(caller.join().expect("no panic"), [EGRET_WS_OK; 20]);
        sockets.iter().for_each(echoes);
        drop(sockets);
        host.end();
    }
}

/// The states of a handshake: the context is not yet made, the server is silent, the session is busy.
#[test]
fn every_call_works_in_every_state_of_a_handshake() {
    // TCP connects while the context is made.
    let abandoned = |report: CloseReport| {
        assert_eq!((report.error, report.initiator), (EGRET_WS_ERR_ABORTED, EGRET_WS_INITIATOR_LOCAL), "{report:#?}");
    };
    for driver in DRIVERS {
        let host = Host::new(driver);
        let good = host.good();
        for state in ["context", "silent", "busy"] {
            for call in ["abort", "close", "free", "suspend", "network_changed"] {
                println!("{call} while {state}");
                *host.state.busy.lock().expect("no panic") = None;
                let opened = host.state.destinations.lock().expect("no panic").len();
                let has_opened = || host.state.destinations.lock().expect("no panic").len() > opened;
                let socket = match state {
                    "context" => host.connect_name("any.test", with_roots("blocks")),
                    "silent" => host.connect_name("silent.test", |_| {}),
                    _ => host.connect_name(&Fault::IsBusy.name(), |_| {}),
                };
                let socket = socket.expect("the call succeeds");
                host.host().wait_until("that state", || match state {
                    "context" => host.state.gate.held() > 0,
                    "silent" => has_opened(),
                    _ => host.state.is_busy(),
                });
                match call {
                    "abort" => {
                        assert_eq!(socket.abort(), EGRET_WS_OK);
                        abandoned(socket.wait_closed());
                    }
                    "close" => {
                        assert_eq!(socket.close(1000, ""), EGRET_WS_OK);
                        abandoned(socket.wait_closed());
                    }
                    "suspend" => {
                        host.host().suspend();
                        host.host().resume();
                    }
                    "network_changed" => host.host().network_changed(),
                    _ => {}
                }
                drop(socket);
                host.host().poll(0);
            }
        }
        drop(good);
        // Only the sockets of the first state are left. Their context is made now.
        host.state.gate.open();
        host.end();
    }
}

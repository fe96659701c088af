//! `on_resolve`: the application finds the addresses of a name.

use crate::gate::Gate;
use crate::{NAME, next, open, wait_released, with_hooks};
use ::egret_ws::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;
use test_support::WAIT_LIMIT;
use test_support::client::{DRIVERS, Driver, Loop};
use test_support::echo_server::echo_port;
use test_support::hooks::{ChangeSocket, Hooks, Query};
use test_support::process::{self, Usage};
use test_support::scripted_server::Server;

/// Makes a loop with this closure as `on_resolve`. Returns it, and the number of calls of `release_user`.
fn resolving(driver: Driver, on_resolve: impl Fn(&str, Query) + Send + Sync + 'static) -> (Loop, Arc<AtomicUsize>) {
    let hooks = Hooks { on_resolve: Some(Box::new(on_resolve)), ..Hooks::default() };
    with_hooks(driver, hooks)
}

/// Makes a loop with an `on_resolve` that only passes the query on.
fn collecting(driver: Driver) -> (Loop, Receiver<Query>, Arc<AtomicUsize>) {
    let (sender, queries) = channel();
    let (host, released) = resolving(driver, move |_, query| sender.send(query).expect("the test waits"));
    (host, queries, released)
}

#[test]
fn the_answer_of_the_hook_is_connected_to_and_the_name_stays_in_the_request() {
    for driver in DRIVERS {
        let server = Server::start(|mut peer| {
            let host = peer.upgrade().header("Host").to_owned();
            peer.close(1000);
            host
        });
        let port = server.port();
        let (host, released) = resolving(driver, |name, query| {
            assert_eq!(name, NAME);
            assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_OK);
            assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_ERR_BAD_HANDLE, "it is answered");
        });
        let socket = open(&host, NAME, port);
        assert_eq!(socket.wait_closed().code, 1000);
        assert_eq!(server.finish(), format!("{NAME}:{port}"));
        drop(socket);
        drop(host);
        wait_released(&released);
    }
}

#[test]
fn ports_in_the_answer_are_kept() {
    for driver in DRIVERS {
        let (host, queries, _) = collecting(driver);
        let socket = open(&host, NAME, 1);
        let query = next(&host, &queries);
        assert_eq!(query.resolved(Some(&format!("127.0.0.1:{}", echo_port()))), EGRET_WS_OK);
        socket.wait_open();
    }
}

#[test]
fn an_answer_may_come_later_and_from_another_thread() {
    for driver in DRIVERS {
        let (host, queries, _) = collecting(driver);
        let socket = open(&host, NAME, echo_port());
        let query = next(&host, &queries);
        let answering = thread::spawn(move || query.resolved(Some("127.0.0.1, ::1")));
        socket.wait_open();
        assert_eq!(answering.join().expect("no panic"), EGRET_WS_OK);
    }
}

#[test]
fn null_is_a_look_up_by_the_system_and_an_empty_answer_fails() {
    for driver in DRIVERS {
        let (host, queries, _) = collecting(driver);
        let socket = open(&host, NAME, echo_port());
        assert_eq!(next(&host, &queries).resolved(None), EGRET_WS_OK);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.phase), (EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE));
        assert!(!report.message.contains("on_resolve"), "the system's resolver has failed: {}", report.message);

        let socket = open(&host, NAME, echo_port());
        assert_eq!(next(&host, &queries).resolved(Some("")), EGRET_WS_OK);
        let report = socket.wait_closed();
        assert_eq!((report.error, report.phase), (EGRET_WS_ERR_RESOLVE, EGRET_WS_PHASE_RESOLVE));
        assert_eq!(report.message, format!("no address for {NAME}: on_resolve found no address"));
    }
}

#[test]
fn a_wrong_answer_is_refused_and_the_query_stays_open() {
    for driver in DRIVERS {
        let (host, queries, _) = collecting(driver);
        let socket = open(&host, NAME, echo_port());
        let query = next(&host, &queries);
        host.take_log();
        let long = " ".repeat(8193);
        for nonsense in ["nonsense", "127.0.0.1,", ",", "chat.example:80", "\u{1F426}", "127.0.0.1:0", &long] {
            assert_eq!(query.resolved(Some(nonsense)), EGRET_WS_ERR_INVALID_ARGUMENT, "{nonsense}");
        }
        let log = host.take_log();
        assert_eq!(log.len(), 7, "{log:?}");
        assert!(log[0].starts_with("egret_ws_resolved refused: addresses: `nonsense` is not"), "{log:?}");
        for (wrong, what) in [(query.proxy_found(None), "of on_resolve"), (Query::forged(0).resolved(None), "NULL")] {
            assert_eq!(wrong, EGRET_WS_ERR_BAD_HANDLE, "{what}");
        }
        for other in [socket.handle().addr(), host.handle().addr(), query.number() ^ 1 << 40, usize::MAX, 5] {
            assert_eq!(Query::forged(other).resolved(Some("127.0.0.1")), EGRET_WS_ERR_BAD_HANDLE, "{other:x}");
        }
        assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_OK);
        socket.wait_open();
        assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_ERR_BAD_HANDLE);
    }
}

#[test]
fn a_late_answer_is_refused_after_each_end() {
    for driver in DRIVERS {
        let (host, queries, _) = collecting(driver);
        let late = |query: Query, what: &str| {
            assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_ERR_BAD_HANDLE, "after {what}");
        };
        // On a busy machine a short time-out is over before the hook is called.
        let time_outs = (0..).map(|doubled| {
            let time_out = |options: &mut egret_ws_options| options.resolve_timeout_ms = 20 << doubled;
            (host.open_host(NAME, 1, time_out).expect("options").wait_closed(), queries.try_recv().ok())
        });
        let (report, query) =
            time_outs.into_iter().find_map(|(report, query)| Some((report, query?))).expect("the hook is called");
        assert_eq!((report.error, report.phase), (EGRET_WS_ERR_TIMEOUT, EGRET_WS_PHASE_RESOLVE));
        assert!(report.message.contains("(on_resolve has not answered)"), "{}", report.message);
        late(query, "the time-out");
        drop(host);
        let (host, queries, released) = collecting(driver);

        let socket = open(&host, NAME, 1);
        let query = next(&host, &queries);
        socket.close(1000, "");
        socket.wait_closed();
        late(query, "a close");
        drop(socket);

        let socket = open(&host, NAME, echo_port());
        let before = next(&host, &queries);
        host.network_changed();
        let query = next(&host, &queries);
        late(before, "a change of the network");
        assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_OK);
        socket.wait_open();
        drop(socket);

        let socket = open(&host, NAME, 1);
        let query = next(&host, &queries);
        drop(socket); // egret_ws_free
        let mut refused = false;
        host.wait_until("the loop to drop the query", || {
            // The answer is not valid, so the query stays open.
            refused = query.resolved(Some("nonsense")) == EGRET_WS_ERR_BAD_HANDLE;
            refused
        });

        let socket = open(&host, NAME, 1);
        let query = next(&host, &queries);
        socket.forget(); // the loop frees it
        assert_eq!(released.load(SeqCst), 0);
        drop(host);
        late(query, "egret_ws_loop_free");
        wait_released(&released);
    }
}

#[test]
fn hooks_that_block_delay_nothing_but_their_own_connection() {
    for driver in DRIVERS {
        let gate = Gate::default();
        let (host, released) = resolving(driver, {
            let gate = gate.clone();
            move |name, query| {
                if name == NAME {
                    gate.pass();
                    assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_ERR_BAD_HANDLE, "its loop is gone");
                } else {
                    assert_eq!(query.resolved(Some("127.0.0.1")), EGRET_WS_OK);
                }
            }
        });
        let blocked: Vec<_> = (0..8).map(|_| open(&host, NAME, 1)).collect();
        host.poll(0);
        gate.wait_for(blocked.len());
        for name in ["other.invalid", "127.0.0.1"] {
            open(&host, name, echo_port()).wait_open();
        }
        drop(blocked);
        drop(host); // does not wait for the hooks
        assert_eq!(released.load(SeqCst), 0, "hooks are running");
        gate.open();
        wait_released(&released);
        gate.wait_until_empty();
    }
}

/// The only thread for hooks is in use, so these hooks are not called before the time-outs.
#[test]
fn a_time_out_reports_that_the_hook_was_not_called() {
    let after =
        |hook: &str| format!("({hook} was not called: earlier calls of hooks use its threads) took longer than");
    for driver in DRIVERS {
        let gate = Gate::default();
        let wait = || {
            let gate = gate.clone();
            move |_: &str, _: Query| gate.pass()
        };
        let on_socket: ChangeSocket = Box::new(|_| 0);
        let hooks = Hooks {
            max_threads: 1,
            on_resolve: Some(Box::new(wait())),
            on_socket: Some(on_socket),
            ..Hooks::default()
        };
        let (host, _) = with_hooks(driver, hooks);
        let first = open(&host, NAME, 1);
        gate.wait_for(1);
        for (name, hook) in [(NAME, "on_resolve"), ("127.0.0.1", "on_socket")] {
            let options = |options: &mut egret_ws_options| {
                (options.resolve_timeout_ms, options.connect_timeout_ms) = (50, 50);
            };
            let report = host.open_host(name, 1, options).expect("options").wait_closed();
            assert_eq!(report.error, EGRET_WS_ERR_TIMEOUT);
            assert!(report.message.contains(&after(hook)), "{}", report.message);
        }

        let hooks = Hooks { max_threads: 1, on_proxy: Some(Box::new(wait())), ..Hooks::default() };
        let (proxied, _) = with_hooks(driver, hooks);
        let second = open(&proxied, NAME, 1);
        proxied.wait_until("the hook", || gate.came() == 2);
        let report =
            proxied.open_host(NAME, 1, |options| options.proxy_timeout_ms = 50).expect("options").wait_closed();
        assert_eq!(report.error, EGRET_WS_ERR_TIMEOUT);
        assert!(report.message.contains(&after("on_proxy")), "{}", report.message);
        gate.open();
        drop((first, second));
    }
}

#[test]
fn a_freed_loop_leaves_no_messages_behind_while_a_hook_runs() {
    if !process::runs_alone("resolving::a_freed_loop_leaves_no_messages_behind_while_a_hook_runs") {
        return;
    }
    const MESSAGE: usize = 64 * 1024;
    const BYTES: usize = 32 * MESSAGE;
    let gate = Gate::default();
    let (host, released) = resolving(Driver::Threaded, {
        let gate = gate.clone();
        move |_, _| gate.pass()
    });
    open(&host, NAME, 1).forget();
    let socket = host.connect_with(echo_port(), |options| {
        (options.max_receive_queue_bytes, options.max_send_buffer_bytes) = (2 * BYTES as u32, 2 * BYTES as u32);
    });
    socket.wait_open();
    gate.wait_for(1);
    let before = Usage::now().heap;
    (0..BYTES / MESSAGE).for_each(|_| assert_eq!(socket.send_binary(&[7; MESSAGE]), EGRET_WS_OK));
    // The loop is not polled, so its thread collects the answers.
    let deadline = Instant::now() + WAIT_LIMIT;
    while socket.stats().receive_queue_bytes < BYTES as u64 {
        assert!(Instant::now() < deadline, "the answers have not come");
        thread::yield_now();
    }
    assert!(Usage::now().heap > before + BYTES);
    socket.forget();
    drop(host);
    let after = Usage::now().heap;
    // The echo server is also in this process.
    assert!(after < before + BYTES / 4, "{before} bytes became {after}");
    assert_eq!(released.load(SeqCst), 0, "the hook runs");
    gate.open();
    wait_released(&released);
}

//! Ten thousand connections that fail in every possible way leave no thread, descriptor or memory behind.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(unsafe_code)] // calls the C ABI directly, as the shared client keeps records, and replaces the resolver

mod connection;
mod failures;
mod servers;

use ::egret_ws::*;
use connection::Attempt;
use failures::{FAILURES, SEPARATE_TLS};
use servers::Hosts;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;
use std::{env, iter, ptr, thread};
use test_support::WAIT_LIMIT;
use test_support::process::{self, Usage};

/// The number of connections that fail, and the number after which the memory must not grow any more.
const CONNECTIONS: usize = 10_000;
const WARM: usize = 2_000;
/// How many of them, before and after that number, have TLS settings that no other connection has. A loop keeps fewer connectors.
const SEPARATE_TLS_COUNT: usize = 10;
/// The number of connections at a time.
const WINDOW: usize = 48;
/// The allowed growth: 16 bytes for each connection, counted exactly; and pages that are kept because of fragmentation.
const HEAP: usize = 128 << 10;
const RESIDENT: usize = 4 << 20;

#[test]
fn failing_connections_leave_nothing_behind_threaded() {
    if process::runs_alone("failing_connections_leave_nothing_behind_threaded") {
        free_at_once();
        fail_on(0);
    }
}

#[test]
fn failing_connections_leave_nothing_behind_inline() {
    if process::runs_alone("failing_connections_leave_nothing_behind_inline") {
        free_at_once();
        fail_on(EGRET_WS_LOOP_INLINE);
    }
}

/// Starts this program again, with an allocator that keeps no freed memory for the next allocation of a thread, so that the
/// memory in use is known exactly.
fn free_at_once() {
    const TUNABLES: &str = "GLIBC_TUNABLES";
    if env::var_os(TUNABLES).is_none() {
        let mut again = Command::new(env::current_exe().expect("this program"));
        let setting = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1";
        panic!("{}", again.args(env::args_os().skip(1)).env(TUNABLES, setting).exec());
    }
}

/// Waits until exactly this many threads and descriptors are in use, because some threads end without a notification.
#[track_caller]
fn settled(threads: usize, descriptors: usize) -> Usage {
    let deadline = Instant::now() + WAIT_LIMIT;
    loop {
        let usage = Usage::now();
        if (usage.threads, usage.descriptors) == (threads, descriptors) {
            return usage;
        }
        assert!(Instant::now() < deadline, "{threads} threads and {descriptors} descriptors become {usage:?}");
        thread::yield_now();
    }
}

fn fail_on(flags: u32) {
    let hosts = Hosts::start();
    let before = Usage::now();
    let host = new_loop(flags);
    let (threads, descriptors) = (before.threads + usize::from(flags == 0), process::descriptors());
    fail(host, &hosts, WARM);
    let warm = settled(threads, descriptors);
    fail(host, &hosts, CONNECTIONS - WARM);
    let after = settled(threads, descriptors);
    println!("before: {before:?}\nafter {WARM}: {warm:?}\nafter {CONNECTIONS}: {after:?}");
    assert!(after.heap < warm.heap + HEAP, "the heap grows: {warm:?}, {after:?}");
    assert!(after.resident < warm.resident + RESIDENT, "memory grows: {warm:?}, {after:?}");

    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { egret_ws_loop_free(host, std::ptr::null_mut()) }, EGRET_WS_OK);
    settled(before.threads, before.descriptors);
}

fn new_loop(flags: u32) -> *mut egret_ws_loop {
    // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros. Every pointer points to a local variable.
    unsafe {
        let mut options: egret_ws_loop_options = std::mem::zeroed();
        assert_eq!(egret_ws_loop_options_init(&mut options, size_of_val(&options)), EGRET_WS_OK);
        options.flags = flags;
        let mut host = ptr::null_mut();
        assert_eq!(egret_ws_loop_new(&options, &mut host), EGRET_WS_OK);
        host
    }
}

/// Makes this many connections of all kinds in turn, several at a time.
#[track_caller]
fn fail(host: *mut egret_ws_loop, hosts: &Hosts, count: usize) {
    let kinds = FAILURES.iter().cycle().take(count - SEPARATE_TLS_COUNT);
    let mut waiting = iter::repeat_n(&SEPARATE_TLS, SEPARATE_TLS_COUNT).chain(kinds).peekable();
    let mut running = Vec::with_capacity(WINDOW);
    let mut progress = Instant::now();
    while waiting.peek().is_some() || !running.is_empty() {
        let room = WINDOW - running.len();
        running.extend(waiting.by_ref().take(room).filter_map(|failure| Attempt::begin(host, hosts, failure)));
        assert!(egret_ws_loop_poll(host, 10) >= 0);
        let before = running.len();
        running.retain_mut(Attempt::goes_on);
        if running.len() < before {
            progress = Instant::now();
        }
        assert!(progress.elapsed() < WAIT_LIMIT, "no connection has ended for {WAIT_LIMIT:?}, so {:?}", running[0]);
    }
}

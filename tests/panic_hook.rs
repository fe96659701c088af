//! A host in Rust shares its panic hook with the library. The library's hook calls the host's hook, which gets each panic once.
//! If the host sets a hook later, only the place is missing in the log line.
#![cfg(debug_assertions)] // the library panics on request in a debug build only
#![allow(unsafe_code)] // the C ABI is called as a host would

use ::egret_ws::*;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use test_support::client::{Driver, Loop};

/// Makes the next call of the C ABI panic.
fn arm() -> Loop {
    // SAFETY: this is the only test of this program, and no other thread reads the environment.
    unsafe { std::env::set_var("EGRET_WS_FAULT", "export") };
    let idle = Loop::new(Driver::Inline);
    // SAFETY: as above.
    unsafe { std::env::remove_var("EGRET_WS_FAULT") };
    idle
}

#[test]
fn panic_hook_of_the_host_sees_each_panic_once() {
    static BEFORE: AtomicUsize = AtomicUsize::new(0);
    static AFTER: AtomicUsize = AtomicUsize::new(0);
    panic::set_hook(Box::new(|_| {
        BEFORE.fetch_add(1, SeqCst);
    }));
    let host = Loop::new(Driver::Inline);
    let socket = host.connect(9);
    let idle = arm();
    assert_eq!(socket.retry_now(), EGRET_WS_ERR_INTERNAL);
    assert_eq!(BEFORE.load(SeqCst), 1);
    let log = host.take_log();
    let line =
        log.iter().find(|line| line.contains("a panic that a test asked for: Export")).expect("a line of the panic");
    assert!(line.contains("(at src/failpoint.rs:"), "{line}");
    drop(idle);

    panic::set_hook(Box::new(|_| {
        AFTER.fetch_add(1, SeqCst);
    }));
    let idle = arm();
    assert_eq!(socket.retry_now(), EGRET_WS_ERR_INTERNAL);
    assert_eq!((BEFORE.load(SeqCst), AFTER.load(SeqCst)), (1, 1));
    let log = host.take_log();
    assert!(
        log.iter().any(|line| line.contains("a panic that a test asked for: Export (at an unknown place)")),
        "{log:?}"
    );
    drop(idle);
    // Later failures of this test must be printed.
    let _ = panic::take_hook();
}

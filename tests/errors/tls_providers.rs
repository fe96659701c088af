//! TLS providers: an incomplete one is refused, and inside a callback of one, each function that takes a handle is refused.

use super::{ArgumentMemory, message};
use crate::functions::{FUNCTIONS, error_name};
use ::egret_ws::*;
use std::net::TcpListener;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use test_support::client::{DRIVERS, Loop};
use test_support::tls_provider::{self, Context, Count, Destination, Failure, Provider, Session, Settings};

/// The functions that may be called, because they take no handle, and `egret_ws_tls_ready`.
const ALLOWED: &[&str] = &[
    "egret_ws_deflate_options_init",
    "egret_ws_hooks_init",
    "egret_ws_is_retryable",
    "egret_ws_loop_new",
    "egret_ws_loop_options_init",
    "egret_ws_normalize_url",
    "egret_ws_options_init",
    "egret_ws_retry_options_init",
    "egret_ws_tls_provider_init",
    "egret_ws_tls_ready",
];

/// Calls every function of the header in its callbacks.
#[derive(Clone, Default)]
struct Caller {
    host: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Caller {
    fn call_everything(&self, ws: usize) {
        let mut memory = ArgumentMemory::new();
        for function in FUNCTIONS {
            let host = ptr::without_provenance_mut(self.host.load(SeqCst));
            let args = memory.args(host, ptr::without_provenance_mut(ws));
            if function.name == "egret_ws_loop_new" {
                continue; // a loop that is made in this callback cannot be freed in it
            }
            let result = (function.call)(&args);
            if ALLOWED.contains(&function.name) {
                assert_ne!(error_name(result.min(0)), "REENTRANT", "{}", function.name);
            } else {
                assert_eq!(error_name(result), "REENTRANT", "{}", function.name);
                assert!(message().contains("TLS provider"), "{}: {}", function.name, message());
                self.refused.fetch_add(1, SeqCst);
            }
        }
    }
}

impl Provider for Caller {
    fn new_context(&self, _: &Settings) -> Result<Box<dyn Context>, Failure> {
        self.call_everything(0);
        Ok(Box::new(self.clone()))
    }
}

impl Context for Caller {
    fn open(&self, destination: &Destination) -> Result<Box<dyn Session>, Failure> {
        self.call_everything(destination.socket.0);
        Err((EGRET_WS_ERR_TLS, "enough".into()))
    }
}

/// Every function that takes a handle returns REENTRANT in each kind of callback.
pub fn inside_a_provider() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("the port").port();
    for driver in DRIVERS {
        let caller = Caller::default();
        let host = Loop::with(driver, |options| drop(tls_provider::set(options, caller.clone())));
        caller.host.store(host.handle().addr(), SeqCst);
        let report = host.try_connect_url(format!("wss://127.0.0.1:{port}/")).expect("it succeeds").wait_closed();
        assert_eq!((report.error, report.phase), (EGRET_WS_ERR_TLS, EGRET_WS_PHASE_TLS), "{report:#?}");
        assert!(report.message.ends_with("enough"), "{report:#?}");
        assert_eq!(caller.refused.load(SeqCst), 2 * (FUNCTIONS.len() - ALLOWED.len()), "two callbacks");
    }
}

type Change = fn(&mut egret_ws_tls_provider);

/// If a provider is incomplete, the loop is not made, and `release_user` is not called.
pub fn incomplete_providers() {
    let rows: &[(Change, i32, &str)] = &[
        (|provider| provider.new_context = None, EGRET_WS_ERR_INVALID_ARGUMENT, "new_context"),
        (|provider| provider.free_context = None, EGRET_WS_ERR_INVALID_ARGUMENT, "free_context"),
        (|provider| provider.open = None, EGRET_WS_ERR_INVALID_ARGUMENT, "open"),
        (|provider| provider.receive = None, EGRET_WS_ERR_INVALID_ARGUMENT, "receive"),
        (|provider| provider.send = None, EGRET_WS_ERR_INVALID_ARGUMENT, "send"),
        (|provider| provider.close_notify = None, EGRET_WS_ERR_INVALID_ARGUMENT, "close_notify"),
        (|provider| provider.get_facts = None, EGRET_WS_ERR_INVALID_ARGUMENT, "get_facts"),
        (|provider| provider.free_session = None, EGRET_WS_ERR_INVALID_ARGUMENT, "free_session"),
        (|provider| provider.capabilities |= 64, EGRET_WS_ERR_INVALID_ARGUMENT, "capabilities"),
        (|provider| provider.capabilities |= 1 << 31, EGRET_WS_ERR_INVALID_ARGUMENT, "capabilities"),
        (|provider| provider.struct_size = 0, EGRET_WS_ERR_BAD_STRUCT, "egret_ws_tls_provider"),
        (|provider| provider.struct_size = 3, EGRET_WS_ERR_BAD_STRUCT, "egret_ws_tls_provider"),
        (|provider| provider.struct_size -= 1, EGRET_WS_ERR_BAD_STRUCT, "egret_ws_tls_provider"),
        (|provider| provider.struct_size = 5000, EGRET_WS_ERR_BAD_STRUCT, "egret_ws_tls_provider"),
    ];
    let mut memory = ArgumentMemory::new();
    let args = memory.args(ptr::null_mut(), ptr::null_mut());
    // SAFETY: `args` has set the pointer to a struct.
    let options = unsafe { &mut *args.loop_options };
    let count = tls_provider::set(options, Caller::default());
    // SAFETY: `set` has set the pointer to a struct.
    let good = unsafe { *options.tls_provider };
    let mut made = ptr::null_mut();
    for (change, error, word) in rows {
        let mut changed = good;
        change(&mut changed);
        options.tls_provider = &raw const changed;
        // SAFETY: the options are complete, and `made` is writable.
        assert_eq!(unsafe { egret_ws_loop_new(options, &mut made) }, *error, "{word}");
        assert!(made.is_null() && message().contains(word), "{word}: {}", message());
    }
    assert_eq!(Count::of(&count.released), 0);
    options.tls_provider = &raw const good;
    // SAFETY: as above.
    assert_eq!(unsafe { egret_ws_loop_new(options, &mut made) }, EGRET_WS_OK);
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { egret_ws_loop_free(made, ptr::null_mut()) }, EGRET_WS_OK);
    assert_eq!(Count::of(&count.released), 1);
}

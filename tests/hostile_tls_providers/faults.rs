//! The faults of the provider of this suite, and the state that it shares with a test.
#![allow(unsafe_code)] // calls the C ABI

use ::egret_ws::*;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use test_support::WAIT_LIMIT;
use test_support::tls_provider::{Destination, Ready};

/// The fault of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// `open` returns an error.
    FailsToOpen,
    /// `receive` returns this number for the record of the handshake.
    FailsHandshake(i32),
    FailsWithLongMessage,
    FailsWithoutMessage,
    /// `receive` fails for data.
    FailsLater,
    FailsToClose,
    /// `receive` returns one byte more than there is room for.
    ReturnsTooMuchPlaintext,
    ReturnsAllOfMemory,
    /// `send` returns one byte more than there is room for.
    ReturnsTooMuchOutput,
    ReturnsUnknownState,
    /// ESTABLISHED is returned, and later not any more.
    GoesBack,
    /// Plaintext is returned before ESTABLISHED.
    ReturnsDataTooEarly,
    /// HAS_OUTPUT is returned with one byte, endlessly.
    HasEndlessOutput,
    /// HAS_OUTPUT is returned without bytes.
    HasEmptyOutput,
    /// The handshake begins with no bytes.
    ReturnsNoHello,
    HasBadChain,
    HasCutChain,
    HasBadTexts,
    HasLongTexts,
    HasOtherAlpn,
    /// Each callback calls every function of the library.
    CallsLibrary,
    /// `receive` does not return before the test opens the gate.
    Blocks,
    /// `send` does not return before that, if the test requires it.
    BlocksToSend,
    /// The session is BUSY until `ready`.
    IsBusy,
    /// The session is BUSY until `ready`, and then fails.
    IsBusyAndFails,
    /// After each record of data, the session is BUSY until `ready`.
    IsBusyWithData,
    /// From the first frame on, the session is BUSY until `ready`.
    IsBusyToSend,
}

impl Fault {
    /// The name of a host whose connection has this fault.
    pub fn name(self) -> String {
        match self {
            Fault::FailsHandshake(number) => format!("number{}.test", number.unsigned_abs())
                .replace("number", if number < 0 { "minus" } else { "plus" }),
            fault => format!("{fault:?}.test").to_lowercase(),
        }
    }

    pub fn of(name: &str) -> Fault {
        let label = name.trim_end_matches(".test");
        let number = |digits: &str| digits.parse::<i32>().expect("a number");
        if let Some(digits) = label.strip_prefix("minus") {
            return Fault::FailsHandshake(-number(digits));
        }
        if let Some(digits) = label.strip_prefix("plus") {
            return Fault::FailsHandshake(number(digits));
        }
        ALL.iter().copied().find(|fault| fault.name() == name).unwrap_or(Fault::None)
    }
}

const ALL: &[Fault] = &[
    Fault::FailsToOpen,
    Fault::FailsWithLongMessage,
    Fault::FailsWithoutMessage,
    Fault::FailsLater,
    Fault::FailsToClose,
    Fault::ReturnsTooMuchPlaintext,
    Fault::ReturnsAllOfMemory,
    Fault::ReturnsTooMuchOutput,
    Fault::ReturnsUnknownState,
    Fault::GoesBack,
    Fault::ReturnsDataTooEarly,
    Fault::HasEndlessOutput,
    Fault::HasEmptyOutput,
    Fault::ReturnsNoHello,
    Fault::HasBadChain,
    Fault::HasCutChain,
    Fault::HasBadTexts,
    Fault::HasLongTexts,
    Fault::HasOtherAlpn,
    Fault::CallsLibrary,
    Fault::Blocks,
    Fault::BlocksToSend,
    Fault::IsBusy,
    Fault::IsBusyAndFails,
    Fault::IsBusyWithData,
    Fault::IsBusyToSend,
];

/// Holds calls of a provider until the test opens it.
#[derive(Default)]
pub struct Gate {
    /// The number of calls that are held, and whether the gate is open.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    pub fn pass(&self) {
        let mut state = self.state.lock().expect("no panic");
        state.0 += 1;
        self.changed.notify_all();
        while !state.1 {
            state = self.changed.wait(state).expect("no panic");
        }
        state.0 -= 1;
        self.changed.notify_all();
    }

    pub fn open(&self) {
        self.state.lock().expect("no panic").1 = true;
        self.changed.notify_all();
    }

    pub fn held(&self) -> usize {
        self.state.lock().expect("no panic").0
    }

    pub fn wait_held(&self) {
        let state = self.state.lock().expect("no panic");
        let (state, result) =
            self.changed.wait_timeout_while(state, WAIT_LIMIT, |state| state.0 == 0).expect("no panic");
        drop(state);
        assert!(!result.timed_out(), "no call came to the gate");
    }
}

#[derive(Default)]
pub struct State {
    pub capabilities: u32,
    pub gate: Gate,
    /// The flag of [`Fault::BlocksToSend`].
    pub blocks_sends: AtomicBool,
    /// The socket of the last session that became busy.
    pub busy: Mutex<Option<Ready>>,
    pub ready: AtomicBool,
    /// The handle of the loop.
    pub host: AtomicUsize,
    /// The number of calls of the library that were refused, which is correct.
    pub refused: AtomicUsize,
    pub destinations: Mutex<Vec<Destination>>,
}

impl State {
    pub fn note(&self, destination: &Destination) {
        self.destinations.lock().expect("no panic").push(destination.clone());
    }

    pub fn loop_of_host(&self) -> usize {
        self.host.load(SeqCst)
    }

    pub fn wait_for_ready(&self, socket: Ready) {
        *self.busy.lock().expect("no panic") = Some(socket);
    }

    pub fn is_busy(&self) -> bool {
        self.busy.lock().expect("no panic").is_some()
    }

    pub fn is_ready(&self) -> bool {
        self.ready.load(SeqCst)
    }

    pub fn set_ready(&self) -> Ready {
        self.ready.store(true, SeqCst);
        self.busy.lock().expect("no panic").expect("a session is busy")
    }

    /// Calls functions of the library inside a callback.
    pub fn call_library(&self, host: usize, ws: usize) {
        let (host, ws): (*mut egret_ws_loop, *mut egret_ws) =
            (ptr::without_provenance_mut(host), ptr::without_provenance_mut(ws));
        let mut out = ptr::null_mut();
        // SAFETY: the library checks the handles, and all pointers are NULL or point to these variables.
        let results = unsafe {
            [
                egret_ws_loop_poll(host, 0),
                egret_ws_loop_wake(host),
                egret_ws_loop_set_wakeup(host, None, ptr::null_mut()),
                egret_ws_loop_next_poll_ms(host),
                egret_ws_loop_suspend(host),
                egret_ws_loop_resume(host),
                egret_ws_loop_network_changed(host),
                egret_ws_loop_free(host, ptr::null_mut()),
                egret_ws_connect(host, c"ws://127.0.0.1:9/".as_ptr(), ptr::null(), &mut out),
                egret_ws_send(ws, EGRET_WS_TEXT, c"x".as_ptr().cast(), 1),
                egret_ws_close(ws, 1000, ptr::null(), 0),
                egret_ws_abort(ws),
                egret_ws_free(ws),
                egret_ws_state(ws),
                egret_ws_buffered_amount(ws) as i32,
                egret_ws_generation(ws),
                egret_ws_retry_now(ws),
                egret_ws_ping(ws, ptr::null(), 0),
                egret_ws_pause_receive(ws),
                egret_ws_resume_receive(ws),
                egret_ws_remote_address(ws, ptr::null_mut(), 0),
                egret_ws_tls_cipher(ws, ptr::null_mut(), 0),
                egret_ws_peer_certificate(ws, 0, ptr::null_mut(), 0),
            ]
        };
        assert!(out.is_null() && results.iter().all(|result| *result == EGRET_WS_ERR_REENTRANT), "{results:?}");
        self.refused.fetch_add(results.len(), SeqCst);
    }
}

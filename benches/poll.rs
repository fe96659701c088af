//! Measures the time of a poll with nothing to do. A game polls in each frame. The limit is 100 ns with the threaded driver.
#![allow(unsafe_code)] // Measures the C functions, as a game calls them.

use ::egret_ws::*;
use std::time::Instant;
use std::{ffi::CString, net::TcpListener, ptr, thread};
use test_support::echo_server;

const ROUNDS: usize = 41;
const POLLS: u32 = 20_000;

fn main() {
    println!("An idle poll in ns, medians of {ROUNDS} rounds of {POLLS} polls.");
    for (driver, flags) in [("threaded", 0), ("inline", EGRET_WS_LOOP_INLINE)] {
        for sockets in [0, 10] {
            let idle = IdleLoop::new(flags, sockets);
            assert_eq!(idle.poll(), 0, "there is something to do");
            println!("  {driver:<9}{sockets:3} sockets {:7.1}", idle.cost());
        }
    }
}

/// A loop with open sockets that have no traffic.
struct IdleLoop(*mut egret_ws_loop);

impl IdleLoop {
    fn new(flags: u32, sockets: usize) -> Self {
        // SAFETY: zeros are a valid value of this plain struct, and every pointer points to a local variable.
        let idle = unsafe {
            let mut options: egret_ws_loop_options = std::mem::zeroed();
            assert_eq!(egret_ws_loop_options_init(&mut options, size_of_val(&options)), EGRET_WS_OK);
            options.flags = flags;
            let mut handle = ptr::null_mut();
            assert_eq!(egret_ws_loop_new(&options, &mut handle), EGRET_WS_OK);
            Self(handle)
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = CString::new(format!("ws://{}/", listener.local_addr().expect("an address"))).expect("no NUL");
        thread::spawn(|| echo_server::serve(listener));
        (0..sockets).for_each(|_| idle.open(&url));
        idle
    }

    fn open(&self, url: &CString) {
        let mut ws = ptr::null_mut();
        // SAFETY: the URL ends in a NUL, the options may be NULL, and `ws` is writable.
        assert_eq!(unsafe { egret_ws_connect(self.0, url.as_ptr(), ptr::null(), &mut ws) }, EGRET_WS_OK);
        while egret_ws_state(ws) == EGRET_WS_STATE_CONNECTING {
            assert!(egret_ws_loop_poll(self.0, -1) >= 0); // the connect deadline ends this poll at the latest
        }
        assert_eq!(egret_ws_state(ws), EGRET_WS_STATE_OPEN);
    }

    fn poll(&self) -> i32 {
        egret_ws_loop_poll(self.0, 0)
    }

    /// Nanoseconds of one poll. The first round is a warm-up.
    fn cost(&self) -> f64 {
        let mut rounds: Vec<f64> = (0..=ROUNDS)
            .map(|_| {
                let began = Instant::now();
                (0..POLLS).for_each(|_| assert_eq!(self.poll(), 0));
                began.elapsed().as_secs_f64() * 1e9 / f64::from(POLLS)
            })
            .skip(1)
            .collect();
        rounds.sort_by(f64::total_cmp);
        rounds[ROUNDS / 2]
    }
}

impl Drop for IdleLoop {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        unsafe { egret_ws_loop_free(self.0, std::ptr::null_mut()) };
    }
}

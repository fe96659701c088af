//! One connection that fails.

use super::failures::{Failure, Game};
use super::servers::{Hosts, text};
use ::egret_ws::*;
use std::cell::Cell;
use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A connection whose `release_user` was not called yet.
#[derive(Debug)]
pub struct Attempt {
    failure: &'static Failure,
    url: CString,
    ws: *mut egret_ws,
    is_freed: bool,
    seen: Box<Seen>,
}

/// The callbacks of a socket so far. The field `user` of its options points to this struct.
#[derive(Debug, Default)]
struct Seen {
    /// The error and the phase of the close report.
    closed: Cell<Option<(i32, i32)>>,
    is_released: Cell<bool>,
}

impl Attempt {
    /// Returns `None` if the connect call failed as expected.
    #[track_caller]
    pub fn begin(host: *mut egret_ws_loop, hosts: &Hosts, failure: &'static Failure) -> Option<Attempt> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let roots =
            text(format!("number {}\n{}", NUMBER.fetch_add(1, Ordering::Relaxed), hosts.root.to_str().expect("PEM")));
        let url = text((failure.url)(hosts));
        let seen = Box::<Seen>::default();
        // SAFETY: a C struct of numbers, pointers and nullable functions may be all zeros.
        let mut options: egret_ws_options = unsafe { std::mem::zeroed() };
        options.struct_size = size_of::<egret_ws_options>() as u32;
        options.user = ptr::from_ref(&*seen).cast_mut().cast();
        options.on_close = Some(on_close);
        options.release_user = Some(release_user);
        (failure.set)(&mut options, hosts, &roots);
        let mut ws = ptr::null_mut();
        // SAFETY: the URL ends in a NUL, the options are complete, the data to which they point lives on, and `ws` is writable.
        let begun = unsafe { egret_ws_connect(host, url.as_ptr(), &options, &mut ws) };
        if failure.game == Game::SeesTheCallFail {
            assert_eq!(begun, failure.error, "{url:?}");
            return None;
        }
        assert_eq!(begun, EGRET_WS_OK, "{url:?}");
        let mut attempt = Attempt { failure, url, ws, is_freed: false, seen };
        match failure.game {
            Game::ClosesAtOnce => attempt.close(),
            Game::FreesAtOnce => attempt.free(),
            _ => {}
        }
        Some(attempt)
    }

    /// Must be called after each poll, until it returns false. It checks the close report.
    #[track_caller]
    pub fn goes_on(&mut self) -> bool {
        match self.failure.game {
            Game::ClosesLater => self.close(), // this may be called more than once
            Game::FreesLater if !self.is_freed => self.free(),
            _ => {}
        }
        if !self.seen.is_released.get() {
            return true;
        }
        match self.seen.closed.get() {
            None => assert!(self.is_freed, "no on_close from {:?}: {self:?}", self.url),
            Some((error, phase)) => {
                assert_eq!((error, Some(phase)), (self.failure.error, self.failure.phase.or(Some(phase))), "{self:?}");
                if !self.is_freed {
                    self.free();
                }
            }
        }
        false
    }

    fn close(&self) {
        // SAFETY: no reason is given.
        assert_eq!(unsafe { egret_ws_close(self.ws, 1000, ptr::null(), 0) }, EGRET_WS_OK);
    }

    fn free(&mut self) {
        assert_eq!(egret_ws_free(self.ws), EGRET_WS_OK);
        self.is_freed = true;
    }
}

unsafe extern "C" fn on_close(user: *mut c_void, _: *mut egret_ws, info: *const egret_ws_close_info) {
    // SAFETY: according to the header, the struct is readable.
    let info = unsafe { &*info };
    seen(user).closed.set(Some((info.error, info.phase)));
}

unsafe extern "C" fn release_user(user: *mut c_void) {
    seen(user).is_released.set(true);
}

fn seen<'a>(user: *mut c_void) -> &'a Seen {
    // SAFETY: an attempt keeps it until `release_user`, the last callback, was called.
    unsafe { &*user.cast::<Seen>() }
}

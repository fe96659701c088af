//! What every export goes through: no panic crosses the ABI, and a forked child touches no lock.

use super::handle;
use super::types::{egret_ws, egret_ws_loop};
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use crate::panics::{self, Panicked};
use crate::{fault, fork};

/// What a call was made with: whose log a panic goes to. A handle by itself, so that it costs nothing where nothing panics.
pub(super) trait Owner: Copy {
    fn log(self, panicked: &Panicked);
}

/// The call has no handle: what it says is printed on stderr only.
#[derive(Clone, Copy)]
pub(super) struct Nobody;

impl Owner for Nobody {
    fn log(self, _: &Panicked) {}
}

impl Owner for *mut egret_ws_loop {
    fn log(self, panicked: &Panicked) {
        if let Ok(host_loop) = handle::resolve_loop(self) {
            host_loop.log().error(0, format_args!("{panicked}, in a call"));
        }
    }
}

impl Owner for *mut egret_ws {
    fn log(self, panicked: &Panicked) {
        if let Ok(socket) = handle::resolve_socket(self) {
            socket.failed(format_args!("{panicked}, in a call"));
        }
    }
}

/// Runs the body of an export; `number` makes its return value of an error.
pub(super) fn guard_with<T>(
    owner: impl Owner,
    body: impl FnOnce() -> Result<T, Error>,
    number: impl FnOnce(Error) -> T,
) -> T {
    if fork::is_child() {
        return number(Error::Forked);
    }
    // What a panic leaves half done is behind handles that stay valid, and behind locks that do not poison; the states
    // they guard are changed by single assignments.
    let caught = panics::catch(|| {
        fault::point(fault::Place::Export);
        body()
    });
    match caught {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => number(error),
        Err(panicked) => number(report(owner, &panicked)),
    }
}

#[cold]
#[inline(never)]
fn report(owner: impl Owner, panicked: &Panicked) -> Error {
    // A second panic has no log to go to.
    let _ = panics::catch(|| owner.log(panicked));
    Error::Internal
}

/// For exports that return a number or a negative error.
pub(super) fn guard(owner: impl Owner, body: impl FnOnce() -> Result<i32, Error>) -> i32 {
    guard_with(owner, body, Error::code)
}

/// For exports that return `EGRET_WS_OK` or a negative error.
pub(super) fn guard_code(owner: impl Owner, body: impl FnOnce() -> Result<(), Error>) -> i32 {
    guard(owner, || body().map(|()| EGRET_WS_OK))
}

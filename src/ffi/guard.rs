//! The guard around every export. In a forked child it returns an error before any lock is taken. It finds the object of the
//! handle, and catches panics.

use super::handle::{self, FoundLoop, FoundSocket};
use super::types::{egret_ws, egret_ws_loop};
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use crate::panics::{self, Panicked};
use crate::socket::Loop;
use crate::{failpoint, fork};
use std::cell::Cell;
use std::mem::forget;
use std::sync::Arc;

/// The handle that an export takes.
pub(super) trait Subject {
    /// The object that the handle stands for.
    type Found;
    /// Finds the object.
    fn find(self) -> Result<Self::Found, Error>;
    /// Returns the loop that logs a panic, and the number of the socket (0: no socket).
    fn owner(found: &Self::Found) -> Option<(Arc<Loop>, usize)>;
}

/// For exports without a handle. The message of a panic is printed to stderr only.
pub(super) struct NoHandle;

impl Subject for NoHandle {
    type Found = ();

    fn find(self) -> Result<(), Error> {
        Ok(())
    }

    fn owner((): &()) -> Option<(Arc<Loop>, usize)> {
        None
    }
}

impl Subject for *mut egret_ws_loop {
    type Found = FoundLoop;

    #[inline]
    fn find(self) -> Result<FoundLoop, Error> {
        handle::resolve_loop(self)
    }

    fn owner(found: &FoundLoop) -> Option<(Arc<Loop>, usize)> {
        Some((Arc::clone(found), 0))
    }
}

impl Subject for *mut egret_ws {
    type Found = FoundSocket;

    #[inline]
    fn find(self) -> Result<FoundSocket, Error> {
        handle::resolve_socket(self)
    }

    fn owner(found: &FoundSocket) -> Option<(Arc<Loop>, usize)> {
        Some(found.owner())
    }
}

thread_local!(static OWNER: Cell<Option<(Arc<Loop>, usize)>> = const { Cell::new(None) });

/// Stores the owner when a panic unwinds past it. A call without a panic forgets this value, which costs nothing.
struct Unwinding<'a, S: Subject>(&'a S::Found);

impl<S: Subject> Drop for Unwinding<'_, S> {
    #[cold]
    fn drop(&mut self) {
        let _ = OWNER.try_with(|owner| owner.set(S::owner(self.0)));
    }
}

/// Runs the body of an export. `number` converts an error to the return value.
pub(super) fn guard_with<S: Subject, T>(
    subject: S,
    body: impl FnOnce(&S::Found) -> Result<T, Error>,
    number: impl FnOnce(Error) -> T,
) -> T {
    if fork::is_child() {
        return number(Error::Forked);
    }
    // After a panic the handles stay valid and no lock is poisoned. The states behind the locks change by single assignments, so
    // none is half changed.
    let caught = panics::catch(|| {
        let found = subject.find()?;
        let unwinding = Unwinding::<S>(&found);
        failpoint::point(failpoint::Place::Export);
        let result = body(&found);
        forget(unwinding);
        result
    });
    match caught {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => number(error),
        Err(panicked) => number(report(&panicked)),
    }
}

#[cold]
#[inline(never)]
fn report(panicked: &Panicked) -> Error {
    // If the log panics too, nothing is logged.
    let _ = panics::catch(|| {
        if let Some((host_loop, socket)) = OWNER.try_with(Cell::take).ok().flatten() {
            host_loop.log().error(socket, format_args!("{panicked}, in a call"));
        }
    });
    Error::Internal
}

/// Runs the body of an export that returns a number or a negative error.
pub(super) fn guard<S: Subject>(subject: S, body: impl FnOnce(&S::Found) -> Result<i32, Error>) -> i32 {
    guard_with(subject, body, Error::code)
}

/// Runs the body of an export that returns `EGRET_WS_OK` or a negative error.
pub(super) fn guard_code<S: Subject>(subject: S, body: impl FnOnce(&S::Found) -> Result<(), Error>) -> i32 {
    guard(subject, |found| body(found).map(|()| EGRET_WS_OK))
}

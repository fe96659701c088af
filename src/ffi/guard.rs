//! The guard around every export. In a forked child it returns an error before any lock is taken. It finds the object of the
//! handle, and catches panics. It is the one place that logs why a call was refused, and stores it for `egret_ws_last_error_message`.

use super::handle::{self, FoundLoop, FoundQuery, FoundSocket};
use super::last_error;
use super::requests;
use super::types::{egret_ws, egret_ws_loop, egret_ws_query, egret_ws_request};
use crate::constants::EGRET_WS_OK;
use crate::error::{DetailedError, Error};
use crate::log::Log;
use crate::panics::{self, Panicked};
use crate::socket::Socket;
use crate::{failpoint, fork, host_callback, process_flags};
use std::cell::Cell;
use std::mem::forget;
use std::sync::Arc;

/// The handle that an export takes.
pub(super) trait Subject {
    /// The object that the handle stands for.
    type Found;
    /// The export can be called inside a TLS provider.
    const FROM_PROVIDER: bool = false;
    /// Finds the object.
    fn find(self) -> Result<Self::Found, Error>;
    /// Describes the error of [`Subject::find`].
    fn not_found(error: Error) -> DetailedError {
        error.into()
    }
    /// Returns the log for a panic, and the number of the socket (0: no socket).
    fn owner(found: &Self::Found) -> Option<(Arc<Log>, usize)>;
    /// Returns the log that says why the call was refused, and the number of the socket.
    fn log(found: &Self::Found) -> Option<(&Log, usize)>;
}

/// For exports without a handle, so without a log. The panic hook prints the message of a panic to stderr.
pub(super) struct NoHandle;

impl Subject for NoHandle {
    type Found = ();
    const FROM_PROVIDER: bool = true;

    fn find(self) -> Result<(), Error> {
        Ok(())
    }

    fn owner((): &()) -> Option<(Arc<Log>, usize)> {
        None
    }

    fn log((): &()) -> Option<(&Log, usize)> {
        None
    }
}

impl Subject for *mut egret_ws_loop {
    type Found = FoundLoop;

    #[inline]
    fn find(self) -> Result<FoundLoop, Error> {
        handle::resolve_loop(self)
    }

    fn owner(found: &FoundLoop) -> Option<(Arc<Log>, usize)> {
        Some((Arc::clone(found.log()), 0))
    }

    fn log(found: &FoundLoop) -> Option<(&Log, usize)> {
        Some((found.log(), 0))
    }
}

impl Subject for *mut egret_ws {
    type Found = FoundSocket;

    #[inline]
    fn find(self) -> Result<FoundSocket, Error> {
        handle::resolve_socket(self)
    }

    fn owner(found: &FoundSocket) -> Option<(Arc<Log>, usize)> {
        let (log, socket) = found.log();
        Some((Arc::clone(log), socket))
    }

    fn log(found: &FoundSocket) -> Option<(&Log, usize)> {
        let (log, socket) = found.log();
        Some((log, socket))
    }
}

impl Subject for *mut egret_ws_request {
    type Found = Arc<Socket>;

    fn find(self) -> Result<Arc<Socket>, Error> {
        requests::find(self)
    }

    fn not_found(error: Error) -> DetailedError {
        let detail =
            "the handle of the request is not valid: it does not belong to an on_request that runs on this thread";
        DetailedError::new(error, detail)
    }

    fn owner(found: &Arc<Socket>) -> Option<(Arc<Log>, usize)> {
        let (log, socket) = found.log();
        Some((Arc::clone(log), socket))
    }

    fn log(found: &Arc<Socket>) -> Option<(&Log, usize)> {
        let (log, socket) = found.log();
        Some((log, socket))
    }
}

impl Subject for *mut egret_ws_query {
    type Found = FoundQuery;

    fn find(self) -> Result<FoundQuery, Error> {
        handle::resolve_query(self)
    }

    fn not_found(_: Error) -> DetailedError {
        DetailedError::bad_query()
    }

    fn owner(found: &FoundQuery) -> Option<(Arc<Log>, usize)> {
        let (log, socket) = found.log();
        Some((Arc::clone(log), socket))
    }

    fn log(found: &FoundQuery) -> Option<(&Log, usize)> {
        let (log, socket) = found.log();
        Some((log, socket))
    }
}

thread_local!(static OWNER: Cell<Option<(Arc<Log>, usize)>> = const { Cell::new(None) });

/// Stores the owner when a panic unwinds past it. A call without a panic forgets this value, which costs nothing.
struct Unwinding<'a, S: Subject>(&'a S::Found);

impl<S: Subject> Drop for Unwinding<'_, S> {
    #[cold]
    fn drop(&mut self) {
        let _ = OWNER.try_with(|owner| owner.set(S::owner(self.0)));
    }
}

/// Runs the body of an export. `call` is the name of the export, and `number` converts an error to its return value. It is compiled
/// into each export that uses it: for exports that are called for each message, and for those with another type of result.
#[inline]
pub(super) fn guard_with<S: Subject, T>(
    call: &'static str,
    subject: S,
    body: impl FnOnce(&S::Found) -> Result<T, DetailedError>,
    number: impl FnOnce(Error) -> T,
) -> T {
    if process_flags::any()
        && let Some(refusal) = refusal(S::FROM_PROVIDER)
    {
        return number(refused(call, None, refusal));
    }
    // After a panic the handles stay valid and no lock is poisoned. The states behind the locks change by single assignments, so
    // no state is incomplete.
    let caught = panics::catch(|| {
        let found = match subject.find() {
            Ok(found) => found,
            Err(error) => return Err(refused(call, None, S::not_found(error))),
        };
        let unwinding = Unwinding::<S>(&found);
        failpoint::point(failpoint::Place::Export);
        let result = body(&found);
        forget(unwinding);
        // Not `map_err`: the captures of a closure would be written for results without an error too.
        match result {
            Ok(value) => Ok(value),
            Err(refusal) => Err(refused(call, S::log(&found), refusal)),
        }
    });
    match caught {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => number(error),
        Err(panicked) => number(report(&panicked)),
    }
}

/// Returns why no call is possible in this process or on this thread; `None` if calls are possible.
#[cold]
#[inline(never)]
fn refusal(from_provider: bool) -> Option<DetailedError> {
    if fork::is_child() {
        return Some(Error::Forked.into());
    }
    let detail = "not allowed inside a TLS provider: there, egret_ws_tls_ready is the only function with a handle that can be called";
    (!from_provider && host_callback::is_in_provider()).then(|| DetailedError::new(Error::Reentrant, detail))
}

/// Logs why the call was refused, stores it for the calling thread, and returns the error.
#[cold]
#[inline(never)]
fn refused(call: &str, log: Option<(&Log, usize)>, refusal: DetailedError) -> Error {
    if let Some((log, socket)) = log {
        log_refusal(log, socket, call, &refusal);
    }
    // Stored last: the log is code of the application, whose own calls may be refused too.
    last_error::set(&refusal.detail);
    refusal.error
}

/// Logs why a call was refused. An export calls this itself only if its log has no handle yet.
pub(super) fn log_refusal(log: &Log, socket: usize, call: &str, refusal: &DetailedError) {
    // NOT_FOUND is an answer, not a mistake of the application.
    if refusal.error != Error::NotFound {
        log.warn(socket, format_args!("{call} refused: {}", refusal.detail));
    }
}

#[cold]
#[inline(never)]
fn report(panicked: &Panicked) -> Error {
    // If the log panics too, nothing is logged.
    let _ = panics::catch(|| {
        if let Some((log, socket)) = OWNER.try_with(Cell::take).ok().flatten() {
            log.error(socket, format_args!("{panicked}, in a call"));
        }
    });
    refused("", None, fault(panicked))
}

/// The error of a call that panicked.
pub(super) fn fault(panicked: &Panicked) -> DetailedError {
    DetailedError::new(Error::Internal, format!("the library has a fault, please report it: {panicked}"))
}

/// The body of an export. A trait of its own, because `dyn Fn` has a larger table of functions, and two more functions in it.
trait Body<F> {
    fn run(&self, found: &F) -> Result<i32, DetailedError>;
}

impl<F, B: Fn(&F) -> Result<i32, DetailedError>> Body<F> for B {
    fn run(&self, found: &F) -> Result<i32, DetailedError> {
        self(found)
    }
}

/// Runs the body of an export that returns a number or a negative error. It is compiled once for each kind of handle.
#[inline(never)]
fn guard_any<S: Subject>(call: &'static str, subject: S, body: &dyn Body<S::Found>) -> i32 {
    guard_with(call, subject, |found| body.run(found), Error::code)
}

/// Runs the body of an export that returns a number or a negative error.
pub(super) fn guard<S: Subject>(
    call: &'static str,
    subject: S,
    body: impl Fn(&S::Found) -> Result<i32, DetailedError>,
) -> i32 {
    guard_any(call, subject, &body)
}

/// Runs the body of an export that returns `EGRET_WS_OK` or a negative error.
pub(super) fn guard_code<S: Subject>(
    call: &'static str,
    subject: S,
    body: impl Fn(&S::Found) -> Result<(), DetailedError>,
) -> i32 {
    guard_any(call, subject, &|found: &S::Found| body(found).map(|()| EGRET_WS_OK))
}

#[cfg(test)]
mod tests {
    /// Each export passes its own name, for the log.
    #[test]
    fn exports_pass_their_names() {
        let mut exports = 0;
        let sources = [
            include_str!("loops.rs"),
            include_str!("sockets.rs"),
            include_str!("requests.rs"),
            include_str!("hooks.rs"),
            include_str!("tls_provider.rs"),
            include_str!("retryable.rs"),
        ];
        for source in sources {
            let mut rest = source;
            while let Some((_, export)) = rest.split_once("extern \"C\" fn ") {
                let (name, body) = export.split_once('(').unwrap();
                let (_, guarded) = body.split_once("\n    guard").unwrap_or_else(|| panic!("{name} has no guard"));
                let passed = guarded.split('"').nth(1);
                assert_eq!(passed, Some(name));
                (rest, exports) = (body, exports + 1);
            }
        }
        assert!(exports > 25);
    }
}

//! What every export goes through: no panic crosses the ABI, and a forked child touches no lock.

use super::fork;
use crate::constants::EGRET_WS_OK;
use crate::error::Error;
use crate::fault;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of an export; `number` makes its return value of an error.
pub(super) fn guard_with<T>(body: impl FnOnce() -> Result<T, Error>, number: impl FnOnce(Error) -> T) -> T {
    if fork::is_child() {
        return number(Error::Forked);
    }
    // What a panic leaves half done is behind handles that stay valid, and behind locks that do not poison; the states
    // they guard are changed by single assignments.
    let caught = catch_unwind(AssertUnwindSafe(|| {
        fault::point(fault::Place::Export);
        body()
    }));
    match caught {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => number(error),
        Err(_) => number(Error::Internal),
    }
}

/// For exports that return a number or a negative error.
pub(super) fn guard(body: impl FnOnce() -> Result<i32, Error>) -> i32 {
    guard_with(body, Error::code)
}

/// For exports that return `EGRET_WS_OK` or a negative error.
pub(super) fn guard_code(body: impl FnOnce() -> Result<(), Error>) -> i32 {
    guard(|| body().map(|()| EGRET_WS_OK))
}

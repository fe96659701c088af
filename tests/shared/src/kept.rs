//! Structs for C that are kept until the process ends: the options are plain structs, which own nothing.

use std::sync::Mutex;

/// The addresses of all kept structs, so that a leak checker finds them.
static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Keeps a value. A test keeps few of them.
pub fn keep<T>(value: T) -> &'static mut T {
    let kept = Box::leak(Box::new(value));
    KEPT.lock().expect("no test panics in here").push(std::ptr::from_mut(kept).expose_provenance());
    kept
}

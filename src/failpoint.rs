//! Causes panics, so that tests can check that panics are caught. Only debug builds contain this: when a loop is made, the
//! environment variable `EGRET_WS_FAULT` is read, which names the place of the next panic. Release builds contain none of this.

/// A place that can panic, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// The next call of the C ABI.
    Export = 1,
    /// The next connection that begins.
    Connection = 2,
    /// The engine itself.
    Engine = 3,
    /// The next DNS look-up, on the thread of its worker.
    LookUp = 4,
    /// The next loop that is made.
    Loop = 6,
    /// The next time that the trusted roots are read, on the thread of its worker.
    Roots = 5,
}

#[cfg(debug_assertions)]
mod armed {
    use super::Place;
    use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

    static ARMED: AtomicU8 = AtomicU8::new(0);

    pub fn arm() {
        let place = match std::env::var("EGRET_WS_FAULT").as_deref() {
            Ok("export") => Place::Export as u8,
            Ok("connection") => Place::Connection as u8,
            Ok("engine") => Place::Engine as u8,
            Ok("look-up") => Place::LookUp as u8,
            Ok("loop") => Place::Loop as u8,
            Ok("roots") => Place::Roots as u8,
            _ => return,
        };
        ARMED.store(place, Relaxed);
    }

    pub fn point(place: Place) {
        if ARMED.compare_exchange(place as u8, 0, Relaxed, Relaxed).is_ok() {
            panic!("a panic that a test asked for: {place:?}");
        }
    }
}

/// Reads the environment variable.
pub fn arm() {
    #[cfg(debug_assertions)]
    armed::arm();
}

/// Panics if the environment variable names this place.
#[inline]
pub fn point(place: Place) {
    #[cfg(debug_assertions)]
    armed::point(place);
    #[cfg(not(debug_assertions))]
    let _ = place;
}

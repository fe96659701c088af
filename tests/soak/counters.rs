//! Counters of the soak test.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Default, Debug)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[derive(Default)]
pub struct Counters {
    pub sockets: Count,
    pub connections: Count,
    pub sent: Count,
    pub received: Count,
    pub unsent: Count,
    /// The number of sends that were refused because the queue was full, and how often there was room again.
    pub refused: Count,
    pub drains: Count,
    pub closes: Count,
    pub clean: Count,
    pub frees: Count,
    pub suspends: Count,
    pub use_socket: Count,
    /// The number of connections for which the records of both sides were compared.
    pub compared: Count,
    losses: Mutex<BTreeMap<String, u64>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    /// A connection was lost or could not be made, with this error.
    pub fn lost(&self, error: i32) {
        // SAFETY: a static string.
        #[allow(unsafe_code)]
        let name = unsafe { CStr::from_ptr(egret_ws::egret_ws_error_name(error)) };
        *self.losses.lock().entry(name.to_string_lossy().into_owned()).or_default() += 1;
    }

    pub fn retries(&self) -> u64 {
        self.losses.lock().values().sum()
    }

    pub fn fault(&self, kind: &'static str) {
        *self.faults.lock().entry(kind).or_default() += 1;
    }

    pub fn faults(&self) -> u64 {
        self.faults.lock().values().sum()
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = Count::get;
        write!(
            f,
            "{} sockets, {} connections, {} retries; ",
            get(&self.sockets),
            get(&self.connections),
            self.retries()
        )?;
        write!(f, "{} messages sent, {} echoed, ", get(&self.sent), get(&self.received))?;
        write!(f, "{} faults", self.faults())
    }
}

/// Prints the remaining counters.
impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = Count::get;
        writeln!(f, "  losses: {:?}", self.losses.lock())?;
        writeln!(f, "  faults: {:?}", self.faults.lock())?;
        writeln!(
            f,
            "  {} unsent, {} sends refused, {} drains",
            get(&self.unsent),
            get(&self.refused),
            get(&self.drains)
        )?;
        write!(f, "  {} closes ({} clean), {} frees, ", get(&self.closes), get(&self.clean), get(&self.frees))?;
        write!(
            f,
            "{} suspends, {} uses by a second thread, {} connections compared",
            get(&self.suspends),
            get(&self.use_socket),
            get(&self.compared)
        )
    }
}

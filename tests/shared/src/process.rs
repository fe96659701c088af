//! Memory, threads, descriptors and connections of this process, as the operating system reports them.
#![cfg(target_os = "linux")]

use crate::WAIT_LIMIT;
use std::env;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Instant;

/// Runs a test in a separate process, in which no other test uses memory, threads and descriptors. In the first process it
/// returns false, and the test must then return at once. In the second process it returns true.
pub fn runs_alone(test: &str) -> bool {
    const ALONE: &str = "EGRET_WS_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = Command::new(env::current_exe().expect("this program"));
    let output = command.args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().expect("the test runs again");
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && printed.contains("1 passed"), "{test} failed in its own process");
    false
}

/// Returns the exact resident memory. `statm` and `status` are less exact.
pub fn resident_bytes() -> usize {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("/proc/self/smaps_rollup");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).expect("a line for Rss");
    let kib: usize = line.trim().strip_suffix(" kB").and_then(|number| number.parse().ok()).expect("a number of kB");
    kib * 1024
}

pub fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("/proc/self/task").count()
}

/// Returns the number of open descriptors, including the one that reads the list.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc/self/fd").count()
}

/// Returns the number of bytes that a server on `port` has written and that are in kernel buffers, not yet read by its clients.
pub fn in_flight_from(port: u16) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    table.lines().skip(1).map(|line| in_flight_of(port, line).expect("the kernel's table of connections")).sum()
}

/// Like [`in_flight_from`], for one connection, given as `sl local_address rem_address st tx_queue:rx_queue …`, with numbers in
/// hex.
fn in_flight_of(port: u16, line: &str) -> Option<usize> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let port_of = |address: &str| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
    let (written, unread) = fields.get(4)?.split_once(':')?;
    let is_listening = fields[3] == "0A"; // the queues of a listening socket count connections
    if port_of(fields[1])? == port && !is_listening {
        usize::from_str_radix(written, 16).ok()
    } else if port_of(fields[2])? == port {
        usize::from_str_radix(unread, 16).ok()
    } else {
        Some(0)
    }
}

/// Returns the number of bytes that the allocator of glibc has allocated. Free memory is returned to the system first.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)] // asks the allocator
pub fn heap_bytes() -> usize {
    // SAFETY: the functions take and return only numbers.
    let heap = unsafe {
        libc::malloc_trim(0);
        libc::mallinfo2()
    };
    heap.uordblks + heap.hblkhd
}

/// The resources that this process uses.
#[cfg(target_env = "gnu")]
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub threads: usize,
    pub descriptors: usize,
    pub heap: usize,
    pub resident: usize,
}

#[cfg(target_env = "gnu")]
impl Usage {
    pub fn now() -> Usage {
        let heap = heap_bytes(); // called first, because it returns memory to the system
        Usage { threads: threads(), descriptors: descriptors(), heap, resident: resident_bytes() }
    }

    /// Waits until the numbers of threads and descriptors are at most these. This needs a wait, because some threads end without
    /// a notification.
    #[track_caller]
    pub fn settled(threads_before: usize, descriptors_before: usize) -> Usage {
        let deadline = Instant::now() + WAIT_LIMIT;
        loop {
            let now = (threads(), descriptors());
            if now.0 <= threads_before && now.1 <= descriptors_before {
                return Usage::now();
            }
            let before = (threads_before, descriptors_before);
            assert!(Instant::now() < deadline, "{before:?} threads and descriptors became {now:?}");
            thread::yield_now();
        }
    }
}

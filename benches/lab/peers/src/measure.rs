//! Measures a run, and prints the result line.

use crate::since;
use std::time::{Duration, Instant};

pub struct Measure {
    begun: Usage,
    used: Usage,
    marked: Instant,
    times_ns: Vec<u32>,
}

#[derive(Clone, Copy, Default)]
struct Usage {
    wall: Duration,
    cpu: Duration,
}

impl Usage {
    fn now() -> Self {
        Self { wall: clock(libc::CLOCK_MONOTONIC), cpu: clock(libc::CLOCK_PROCESS_CPUTIME_ID) }
    }
}

fn clock(id: libc::clockid_t) -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is writable.
    unsafe { libc::clock_gettime(id, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

impl Measure {
    pub fn new(count: usize) -> Self {
        let mut times_ns = vec![1; count + 1]; // touches the pages before the measurement
        times_ns.clear();
        Self { begun: Usage::default(), used: Usage::default(), marked: Instant::now(), times_ns }
    }

    pub fn start(&mut self) {
        self.begun = Usage::now();
        self.marked = Instant::now();
    }

    pub fn stop(&mut self) {
        let now = Usage::now();
        self.used = Usage { wall: now.wall - self.begun.wall, cpu: now.cpu - self.begun.cpu };
    }

    /// Records the time since the last mark.
    pub fn mark(&mut self) {
        self.times_ns.push(since(self.marked));
        self.marked = Instant::now();
    }

    pub fn mark_from_here(&mut self) {
        self.marked = Instant::now();
    }

    pub fn report(&mut self, count: u32) {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(count);
        self.times_ns.sort_unstable();
        let percentile = |percent| match self.times_ns.len() {
            0 => 0.0,
            times => f64::from(self.times_ns[times * percent / 100]) / 1e3,
        };
        println!(
            "cpu_us={:.4} wall_us={:.4} p50_us={:.2} p99_us={:.2}",
            each(self.used.cpu),
            each(self.used.wall),
            percentile(50),
            percentile(99),
        );
    }

    pub fn report_idle(&self, rss_kib_before: i64, count: u32, seconds: u64) {
        println!(
            "rss_kib={:.2} threads={} cpu_us={:.2}",
            (status("VmRSS") - rss_kib_before) as f64 / f64::from(count),
            status("Threads"),
            self.used.cpu.as_secs_f64() * 1e6 / seconds as f64
        );
    }
}

/// Returns the number in a line of /proc/self/status.
pub fn status(key: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|line| line.starts_with(key)).expect("a line of this name");
    line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).expect("a number")
}

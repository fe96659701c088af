//! One pass of the engine.
//!
//! A pass has several kinds of work: commands, ready connections, timers, and a round through all connections. Each kind does at
//! least one item. Before each further item it reads the clock. When the time of the pass is over, it leaves the rest to the next
//! pass. So the time of a pass is limited for any behaviour of the peers, the host and the network. No kind of work delays
//! another. A pass with little work does not read the clock. When the loop is being freed, every kind of work stops.

use super::clock::Gap;
use super::rounds::Task;
use super::time_slice::TimeSlice;
use super::{Engine, PUBLISH_RETRY, Published, WAKER, earlier};
use crate::connection::{Connection, Turn};
use crate::failpoint;
use crate::transport::tcp::Tcp;
use std::io;
use std::time::{Duration, Instant};

/// The longest time of a pass. A host can set a shorter time.
pub const MAX_PASS: Duration = Duration::from_millis(4);
/// The largest number of timers that are checked to find timers that may run early.
const MAX_EARLY: usize = 1024;
/// The capacity that an empty run queue may keep.
const KEPT_RUN_QUEUE: usize = 1024;

impl Engine {
    /// Does one pass: runs commands, sleeps until something is ready, but not longer than `wait` (`None`: no limit), then does
    /// the work that is ready, within its time limit. It does not sleep if it has published events, or if the last pass has left
    /// work. Call [`Engine::publish`] or [`Engine::publish_to_poll`] after it.
    pub fn run_pass(&mut self, wait: Option<Duration>) -> io::Result<()> {
        failpoint::point(failpoint::Place::Engine);
        let planned = self.expected_wait.replace(Duration::ZERO);
        // A pass that only sleeps reads the clock once, after the sleep.
        let was_read = wait == Some(Duration::ZERO) || self.shared.has_commands() || !self.clock.is_current();
        let gap_before = if was_read { self.read_clock(planned) } else { None };
        self.run_commands();
        if self.is_stopped() {
            return Ok(());
        }
        let mut sleep = earlier(wait, self.next_timer());
        let published = self.publish();
        let has_work = std::mem::take(&mut self.has_unfinished_work) || !self.run_queue.is_empty();
        match published {
            Published::Nothing if !has_work => {}
            Published::Later if !has_work => sleep = earlier(sleep, Some(PUBLISH_RETRY)),
            _ => sleep = Some(Duration::ZERO),
        }
        let sleeps = sleep != Some(Duration::ZERO);
        if sleeps && !self.shared.fall_asleep() {
            sleep = Some(Duration::ZERO);
        }
        let mut polled = self.poll.poll(&mut self.readiness, sleep);
        if sleeps {
            self.shared.awake();
        }
        if polled.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            // A signal has interrupted it, or this process was stopped. Input must be read before deadlines are checked.
            polled = self.poll.poll(&mut self.readiness, Some(Duration::ZERO));
        }
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
            Ok(()) => self.take_readiness(),
        }
        if sleeps {
            self.clock.note_tick();
        }
        let gap = if sleeps || !was_read { self.read_clock(sleep).or(gap_before) } else { gap_before };
        self.run_ready();
        if let Some(gap) = gap {
            self.shared.log.info(0, format_args!("the engine did not run for a while ({gap:?})"));
            self.begin_round(Task::Slept(gap));
        }
        if self.has_long_work {
            self.run_long_work();
        }
        self.run_timers();
        self.run_commands();
        Ok(())
    }

    fn take_readiness(&mut self) {
        for event in self.readiness.iter().filter(|event| event.token() != WAKER) {
            let key = event.token().0;
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            // On Windows, after a read that would block, mio waits for both directions, and so it immediately reports that
            // writing is possible. A connection that reads after each such report would do this endlessly.
            if cfg!(windows) && !event.is_readable() && !entry.connection.waits_for_writing() {
                continue;
            }
            if event.is_read_closed() || event.is_error() {
                entry.connection.note_hangup();
            }
            if !std::mem::replace(&mut entry.in_run_queue, true) {
                self.run_queue.push(key);
            }
        }
    }

    /// Runs each connection that has work.
    fn run_ready(&mut self) {
        if self.run_queue.is_empty() {
            return;
        }
        let mut slice = TimeSlice::default();
        let (count, mut done) = (self.run_queue.len(), 0);
        while done < count && self.has_time_for_more(&mut slice) {
            let key = self.run_queue[done];
            done += 1;
            // This skips a connection that has already run, and one that has ended while another connection got its key.
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            if std::mem::replace(&mut entry.in_run_queue, false) {
                self.with_connection(key, |connection, context| connection.turn(context));
            }
        }
        if done < self.run_queue.len() {
            self.run_queue.drain(..done);
        } else {
            self.run_queue.clear();
            if self.run_queue.capacity() > KEPT_RUN_QUEUE {
                self.run_queue = Vec::new();
            }
        }
    }

    fn run_timers(&mut self) {
        if self.dns.due().is_some() {
            self.dns.start_waiting();
        }
        let is_due = |(deadline, _): &(Instant, usize)| *deadline <= self.now;
        if self.timers.first().is_some_and(is_due) {
            self.expire_deadlines();
        }
    }

    #[inline(never)]
    pub(super) fn expire_deadlines(&mut self) {
        // After a gap, every connection must read its input before its deadline is checked.
        if self.round.as_ref().is_some_and(|round| matches!(round.task, Task::Slept(_) | Task::Probe(Some(_)))) {
            return;
        }
        let mut slice = TimeSlice::default();
        // Each timer runs at most once, so that a timer that does not advance cannot block the engine.
        for _ in 0..self.timers.len() {
            let due = self.timers.first().copied().filter(|(deadline, _)| *deadline <= self.now);
            let Some((_, key)) = due else { break };
            if !self.has_time_for_more(&mut slice) {
                return;
            }
            self.timers.pop_first();
            self.expire(key);
        }
        // Timers that may run now then need no wake-up of their own.
        for timer in self.early_timers() {
            if !self.has_time_for_more(&mut slice) {
                return;
            }
            if self.timers.remove(&timer) {
                self.expire(timer.1);
            }
        }
    }

    /// Returns the timers that are not due, but may run now. It checks a limited number of timers.
    fn early_timers(&self) -> Vec<(Instant, usize)> {
        let soon = self.timers.range(..=(self.now + Connection::<Tcp>::MAX_SLACK, usize::MAX)).take(MAX_EARLY);
        let is_early = |(deadline, key): &&(Instant, usize)| {
            let entry = self.entries.get(*key).and_then(Option::as_ref);
            entry.is_some_and(|entry| *deadline <= self.now + entry.connection.slack())
        };
        soon.filter(is_early).copied().collect()
    }

    /// Runs a connection whose timer was taken, because the timer is due or may run now.
    fn expire(&mut self, key: usize) {
        let Some(Some(entry)) = self.entries.get_mut(key) else { return };
        entry.timer = None;
        // Input that is ready may change the deadline, so it is read first.
        let is_ready = std::mem::take(&mut entry.in_run_queue);
        self.with_connection_dyn(key, &mut |connection, context| {
            let turn = if is_ready { connection.turn(context) } else { Turn::Wait };
            match connection.expire(context) {
                Turn::Wait => turn,
                Turn::Again => Turn::Again,
            }
        });
    }

    /// Returns the time until the next timer.
    #[inline]
    fn next_timer(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(deadline, _)| *deadline).filter(|_| !self.clock.is_paused());
        let timer = earlier(timer, self.stop_at).map(|at| at.saturating_duration_since(self.now));
        match self.dns.due() {
            None => timer,
            Some(due) => earlier(timer, Some(due.saturating_duration_since(Instant::now()))),
        }
    }

    /// Returns the time until the next pass is needed if nothing becomes ready before. `None`: no limit.
    pub fn time_to_next_pass(&mut self) -> Option<Duration> {
        let has_work = !self.run_queue.is_empty() || self.has_unfinished_work || self.shared.has_commands();
        // The batch is not empty if there was no memory to publish all events.
        let wait = if has_work || !self.batch.is_empty() {
            Some(Duration::ZERO)
        } else {
            let since = self.clock.now().saturating_duration_since(self.now);
            self.next_timer().map(|timer| timer.saturating_sub(since))
        };
        self.expected_wait = wait.map(|wait| self.clock.since_last_read() + wait);
        wait
    }

    fn read_clock(&mut self, planned: Option<Duration>) -> Option<Gap> {
        let (now, gap) = self.clock.read(planned);
        self.now = now;
        gap
    }
}

//! One pass of the engine.
//!
//! A pass has several kinds of work: commands, connections that are ready, timers, a round through all connections. Each kind does
//! at least one item. Before each further item it reads the clock, and leaves the rest to the next pass when the time of the pass is
//! over. So a pass is bounded whatever the peers, the host and the network do, no kind of work delays the others, and a pass with
//! little work does not read the clock. When the loop is being freed, every kind of work stops.

use super::clock::Gap;
use super::orders::Task;
use super::slice::Slice;
use super::{Engine, Published, UNPUBLISHED, WAKER, earlier};
use crate::connection::Turn;
use crate::failpoint;
use std::io;
use std::time::{Duration, Instant};

/// The longest time of a pass. The host can ask for less.
pub const PASS: Duration = Duration::from_millis(4);
/// The memory that an empty list of turns may keep, in keys.
const FEW_TURNS: usize = 1024;

impl Engine {
    /// One pass: runs commands, sleeps until something is ready, at most `wait` (`None`: without limit), then does the work that is
    /// ready, within its time. It does not sleep if it has published events, or if the last pass has left work. Call
    /// [`Engine::publish`] or [`Engine::hand_over`] after it.
    pub fn turn(&mut self, wait: Option<Duration>) -> io::Result<()> {
        failpoint::point(failpoint::Place::Engine);
        let meant = self.put_off.replace(Duration::ZERO);
        let idle = self.look(meant);
        self.run_commands();
        if self.is_stopped() {
            return Ok(());
        }
        let mut sleep = earlier(wait, self.next_timer());
        let published = self.publish();
        let has_left = std::mem::take(&mut self.has_left) || !self.turns.is_empty();
        match published {
            Published::Nothing if !has_left => {}
            Published::Later if !has_left => sleep = earlier(sleep, Some(UNPUBLISHED)),
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
            // A signal interrupted it, or this process was stopped. Input must be read before deadlines are checked.
            polled = self.poll.poll(&mut self.readiness, Some(Duration::ZERO));
        }
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
            Ok(()) => self.take_readiness(),
        }
        // Without a sleep the clock was read just before.
        let gap = if sleeps { self.look(sleep).or(idle) } else { idle };
        self.turn_ready();
        if let Some(gap) = gap {
            self.shared.log.info(0, format_args!("did not run for a while ({gap:?})"));
            self.begin_round(Task::Slept(gap));
        }
        if self.has_more {
            self.do_more();
        }
        self.expire();
        self.run_commands();
        Ok(())
    }

    fn take_readiness(&mut self) {
        for event in self.readiness.iter().filter(|event| event.token() != WAKER) {
            let key = event.token().0;
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            if event.is_read_closed() || event.is_error() {
                entry.connection.note_hangup();
            }
            if !std::mem::replace(&mut entry.in_turns, true) {
                self.turns.push(key);
            }
        }
    }

    /// Runs each connection that has work.
    fn turn_ready(&mut self) {
        if self.turns.is_empty() {
            return;
        }
        let mut slice = Slice::default();
        let (count, mut done) = (self.turns.len(), 0);
        while done < count && self.goes_on(&mut slice) {
            let key = self.turns[done];
            done += 1;
            // Skips a connection that has run already, or has ended while another one got its key.
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            if std::mem::replace(&mut entry.in_turns, false) {
                self.with(key, |connection, context| connection.turn(context));
            }
        }
        if done < self.turns.len() {
            self.turns.drain(..done);
        } else {
            self.turns.clear();
            if self.turns.capacity() > FEW_TURNS {
                self.turns = Vec::new();
            }
        }
    }

    fn expire(&mut self) {
        if self.dns.due().is_some() {
            self.dns.go_on();
        }
        let is_due = |(deadline, _): &(Instant, usize)| *deadline <= self.now;
        if self.timers.first().is_some_and(is_due) {
            self.expire_now();
        }
    }

    #[inline(never)]
    fn expire_now(&mut self) {
        // After a gap, every connection must read its input before its deadline is checked.
        if self.round.as_ref().is_some_and(|round| matches!(round.task, Task::Slept(_) | Task::Probe(Some(_)))) {
            return;
        }
        let mut slice = Slice::default();
        // Each timer at most once, so that a timer that does not advance cannot block the engine.
        for _ in 0..self.timers.len() {
            let due = self.timers.first().copied().filter(|(deadline, _)| *deadline <= self.now);
            let Some((_, key)) = due else { return };
            if !self.goes_on(&mut slice) {
                return;
            }
            self.timers.pop_first();
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            entry.timer = None;
            // Input that is ready may move the deadline.
            let is_ready = std::mem::take(&mut entry.in_turns);
            self.with_seldom(key, &mut |connection, context| {
                let turn = if is_ready { connection.turn(context) } else { Turn::Wait };
                match connection.expire(context) {
                    Turn::Wait => turn,
                    Turn::Again => Turn::Again,
                }
            });
        }
    }

    /// The time until the next timer.
    #[inline]
    fn next_timer(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(deadline, _)| *deadline).filter(|_| !self.clock.stands());
        let timer = earlier(timer, self.stop_at).map(|at| at.saturating_duration_since(self.now));
        match self.dns.due() {
            None => timer,
            Some(due) => earlier(timer, Some(due.saturating_duration_since(Instant::now()))),
        }
    }

    /// How long [`Engine::turn`] can wait if nothing becomes ready: `None` for ever.
    pub fn next_turn(&mut self) -> Option<Duration> {
        let has_work = !self.turns.is_empty() || self.has_left || self.shared.has_commands();
        // There was no memory to publish all events.
        let wait = if has_work || !self.batch.is_empty() {
            Some(Duration::ZERO)
        } else {
            let since = self.clock.now().saturating_duration_since(self.now);
            self.next_timer().map(|timer| timer.saturating_sub(since))
        };
        self.put_off = wait.map(|wait| self.clock.since_look() + wait);
        wait
    }

    fn look(&mut self, meant: Option<Duration>) -> Option<Gap> {
        let (now, gap) = self.clock.look(meant);
        self.now = now;
        gap
    }
}

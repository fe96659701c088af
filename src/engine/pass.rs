//! One pass of the engine.
//!
//! A pass has several kinds of work: commands, connections that are ready, timers, a round through all connections. Each kind does
//! one thing in any case; then it looks at the clock before each next thing, and leaves the rest to the next pass when the time of
//! the pass is over. So a pass is bounded whatever the peers, the host and the network do, a kind with much to do does not keep
//! the others waiting, and with little to do the clock is not looked at. A loop that is being freed interrupts each of them.

use super::clock::Gap;
use super::orders::Task;
use super::slice::Slice;
use super::{Engine, Published, UNPUBLISHED, WAKER, earlier};
use crate::connection::Turn;
use crate::fault;
use std::io;
use std::time::{Duration, Instant};

/// How long a pass may last, if the host does not want it shorter.
pub const PASS: Duration = Duration::from_millis(4);
/// The memory that an empty list of turns may keep, in keys.
const FEW_TURNS: usize = 1024;

impl Engine {
    /// One pass: commands, then sleep until something is ready, at most `wait` (`None`: without limit), then all that is
    /// ready, as far as there is time. It does not sleep if it has told events, or had no time for everything the last time.
    /// [`Engine::publish`] or [`Engine::hand_over`] is to follow.
    pub fn turn(&mut self, wait: Option<Duration>) -> io::Result<()> {
        fault::point(fault::Place::Engine);
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
            // By a signal, or after this process was stopped: what has come is to be read before a deadline is looked at.
            polled = self.poll.poll(&mut self.readiness, Some(Duration::ZERO));
        }
        match polled {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => {}
            Ok(()) => self.take_readiness(),
        }
        // Without a sleep, what was looked at before it is true still.
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
                entry.connection.end_is_near();
            }
            if !std::mem::replace(&mut entry.in_turns, true) {
                self.turns.push(key);
            }
        }
    }

    /// Each connection whose turn it is has one.
    fn turn_ready(&mut self) {
        if self.turns.is_empty() {
            return;
        }
        let mut slice = Slice::default();
        let (count, mut done) = (self.turns.len(), 0);
        while done < count && self.goes_on(&mut slice) {
            let key = self.turns[done];
            done += 1;
            // Its turn was taken before, or it has ended and another has its place.
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
        if self.lookups.due().is_some() {
            self.lookups.go_on();
        }
        let is_due = |(deadline, _): &(Instant, usize)| *deadline <= self.now;
        if self.timers.first().is_some_and(is_due) {
            self.expire_now();
        }
    }

    #[inline(never)]
    fn expire_now(&mut self) {
        // After a gap, what has come meanwhile is to be taken into account first, everywhere.
        if self.round.as_ref().is_some_and(|round| matches!(round.task, Task::Slept(_) | Task::Probe(Some(_)))) {
            return;
        }
        let mut slice = Slice::default();
        // Each timer once, so that one that does not move on can keep nothing else from being done.
        for _ in 0..self.timers.len() {
            let due = self.timers.first().copied().filter(|(deadline, _)| *deadline <= self.now);
            let Some((_, key)) = due else { return };
            if !self.goes_on(&mut slice) {
                return;
            }
            self.timers.pop_first();
            let Some(Some(entry)) = self.entries.get_mut(key) else { continue };
            entry.timer = None;
            // What is there to be read may move the deadline.
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

    /// How long until there is something to do by the clock.
    #[inline]
    fn next_timer(&self) -> Option<Duration> {
        let timer = self.timers.first().map(|(deadline, _)| *deadline).filter(|_| !self.clock.stands());
        let timer = earlier(timer, self.stop_at).map(|at| at.saturating_duration_since(self.now));
        match self.lookups.due() {
            None => timer,
            Some(due) => earlier(timer, Some(due.saturating_duration_since(Instant::now()))),
        }
    }

    /// How long [`Engine::turn`] can be put off if no readiness is told: `None` for ever.
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

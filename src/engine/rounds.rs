//! Rounds: work for all connections of a loop, such as closing them for a suspend or probing them after the network has changed.

use super::Engine;
use super::clock::Gap;
use super::command_queue::LoopRequests;
use super::time_slice::TimeSlice;

/// The work for each connection in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Give the connection new deadlines, because the engine did not run for a while.
    Slept(Gap),
    /// Close the connection, because the loop is suspended.
    Suspend,
    /// Probe whether the connection is alive. With a gap, do the work of [`Task::Slept`] first.
    Probe(Option<Gap>),
}

/// A task for all connections, which may take several passes. A new round replaces an unfinished one and begins where the
/// unfinished one stopped. So each connection is reached even if new rounds begin all the time.
pub(super) struct Round {
    pub(super) task: Task,
    /// The next place, and how many of the first `len` places are left. Connections at later places are newer than the round.
    at: usize,
    left: usize,
    len: usize,
    /// How many places are left for the gap of [`Task::Probe`]. New rounds do not increase the number.
    left_of_gap: usize,
}

impl Engine {
    /// Runs the requests for the whole loop.
    pub(super) fn run_loop_requests(&mut self, LoopRequests { suspended, resumed, network_changed }: LoopRequests) {
        self.network_changed |= network_changed;
        if network_changed && self.forgets_tls_sessions {
            self.tls_cache.forget_sessions();
        }
        match suspended {
            Some(true) => {
                self.suspended &= !resumed;
                self.suspend();
            }
            Some(false) => self.resume(),
            None if self.suspended => {} // the resume will probe the connections
            None => {
                self.shared.log.info(0, format_args!("the network has changed"));
                self.probe();
            }
        }
    }

    fn suspend(&mut self) {
        if self.stop_at.is_some() || std::mem::replace(&mut self.suspended, true) {
            return;
        }
        self.shared.log.info(0, format_args!("suspended"));
        if self.closes_on_suspend {
            self.begin_round(Task::Suspend);
        } else {
            self.clock.pause();
        }
    }

    fn resume(&mut self) {
        self.suspended = false;
        self.clock.resume();
        self.now = self.clock.now();
        self.shared.log.info(0, format_args!("resumed"));
        self.probe();
    }

    fn probe(&mut self) {
        if std::mem::take(&mut self.network_changed) {
            self.dns.discard();
        }
        self.begin_round(Task::Probe(None));
    }

    /// Begins a round. It takes over the work of an unfinished one.
    pub(super) fn begin_round(&mut self, task: Task) {
        let before = self.round.as_ref();
        let (at, len) = (before.map_or(0, |round| round.at), self.entries.len());
        let mut left_of_gap = len;
        let task = match (before.map(|round| round.task), task) {
            // A suspend already gives each connection new deadlines.
            (Some(Task::Suspend), Task::Slept(_)) => return,
            // Connections that the earlier round has not reached must still be probed.
            (Some(Task::Probe(_)), Task::Slept(gap)) => Task::Probe(Some(gap)),
            (Some(Task::Slept(gap) | Task::Probe(Some(gap))), Task::Probe(None)) => {
                left_of_gap = before.map_or(0, |round| round.left_of_gap);
                Task::Probe(Some(gap))
            }
            (_, task) => task,
        };
        self.rounds += 1;
        self.round = Some(Round { task, at, left: len, len, left_of_gap });
        (self.has_unfinished_work, self.has_long_work) = (true, true);
    }

    /// Continues the round, within the time limit of a pass.
    pub(super) fn continue_round(&mut self) {
        let mut slice = TimeSlice::default();
        while let Some(Round { at, left, len, .. }) = &mut self.round {
            if *left == 0 {
                self.round = None;
                return;
            }
            if at >= len {
                *at = 0;
            }
            let key = *at;
            let is_next = match self.entries.get(key) {
                Some(Some(entry)) => entry.round < self.rounds,
                _ => false,
            };
            if is_next && !self.has_time_for_more(&mut slice) {
                return;
            }
            if is_next {
                self.run_round_for(key);
            }
            if let Some(Round { task, at, left, left_of_gap, .. }) = &mut self.round {
                (*at, *left, *left_of_gap) = (key + 1, *left - 1, left_of_gap.saturating_sub(1));
                if let Task::Probe(gap) = task
                    && *left_of_gap == 0
                {
                    *gap = None;
                }
            }
        }
    }

    /// Does the work of the round for one connection, unless the round has already reached it.
    pub(super) fn run_round_for(&mut self, key: usize) {
        let (Some(Round { task, .. }), Some(Some(entry))) = (&self.round, self.entries.get_mut(key)) else { return };
        if entry.round == self.rounds {
            return;
        }
        entry.round = self.rounds;
        let task = *task;
        self.with_connection_dyn(key, &mut |connection, context| match task {
            Task::Slept(gap) => connection.slept(gap == Gap::Machine, context),
            Task::Suspend => connection.suspend(context),
            Task::Probe(gap) => {
                if gap == Some(Gap::Process) {
                    connection.slept(false, context);
                }
                connection.probe(context)
            }
        });
    }
}

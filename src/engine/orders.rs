//! The engine's work on request: commands, and rounds through all connections.

use super::clock::Gap;
use super::commands::{Resolved, Wishes};
use super::ports::{Delivery, Net};
use super::slice::Slice;
use super::socket_shared::Asked;
use super::{Act, Ask, Command, Engine, Entry, Next, READ_BUFFER, SocketShared, Waiter};
use crate::config::ConnectConfig;
use crate::connection::report::{Ending, Phase, Report};
use crate::connection::{Connection, Context, Turn, report_before_begin};
use crate::protocol::close;
use crate::{failpoint, panics};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The work of each connection in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Note that nothing ran for a while.
    Slept(Gap),
    /// Close, because the loop is suspended.
    Suspend,
    /// Probe each connection. With a gap, do first what [`Task::Slept`] does.
    Probe(Option<Gap>),
}

/// A task for all connections, which may take several passes. A new round replaces an unfinished one and begins where that one
/// stopped. So each connection has its turn even if new rounds keep coming.
pub(super) struct Round {
    pub(super) task: Task,
    /// Where it goes on, and how many places are left of the first `len`: connections behind those came later.
    at: usize,
    left: usize,
    len: usize,
    /// How many places are left for the gap of [`Task::Probe`]: rounds that begin again and again do not prolong it.
    left_of_gap: usize,
}

impl Engine {
    /// Serves the requests so far, between two passes. Long work is left to the next pass.
    pub fn serve(&mut self) {
        self.run_commands();
        if self.has_more {
            self.do_more();
        }
    }

    /// Runs the commands, within the time of a pass.
    #[inline]
    pub(super) fn run_commands(&mut self) {
        if self.shared.has_commands() {
            self.run_commands_now();
        }
    }

    #[inline(never)]
    fn run_commands_now(&mut self) {
        self.shared.take_commands(&mut self.commands);
        if let Some(linger) = self.commands.take_stop() {
            self.stop(linger);
        }
        let mut slice = Slice::default();
        let mut is_now = false;
        while !self.commands.is_empty() {
            if !self.goes_on(&mut slice) {
                return self.shared.has_left_commands();
            }
            if let Some(key) = self.commands.pop_asked() {
                self.answer(key, &mut is_now);
                continue;
            }
            match self.commands.pop() {
                Some(next) => {
                    self.look_once(&mut is_now);
                    self.run(next);
                }
                None => return,
            }
        }
    }

    /// Reads the clock once, because a request may come long after it was read last.
    fn look_once(&mut self, is_now: &mut bool) {
        if !std::mem::replace(is_now, true) {
            self.now = self.clock.now();
        }
    }

    #[inline(never)]
    fn run(&mut self, next: Next) {
        match next {
            Next::Wishes(wishes) => self.grant(wishes),
            Next::Command(Command::Connect(socket, config)) => self.connect(socket, config),
            Next::Command(Command::Resolved(socket, resolved)) => {
                let Resolved { name, family, answer } = &*resolved;
                self.with_socket(&socket, &mut |connection, context| {
                    connection.resolved(name, *family, answer.clone(), context)
                });
            }
            Next::Command(Command::Made(made)) => {
                let (settings, made) = *made;
                let waiters = self.tls_cache.made(Arc::clone(&settings), &made);
                let waiter = |socket| Waiter { socket, settings: Arc::clone(&settings), made: made.clone() };
                self.prepared.extend(waiters.into_iter().map(waiter));
                (self.has_left, self.has_more) = (true, true);
            }
            Next::Command(Command::Panicked(text)) => self.shared.log.error(0, format_args!("{text}")),
            Next::Command(Command::Asked(key)) => self.answer(key, &mut true), // behind wishes
        }
    }

    /// Does rare work that may be long, within the time of a pass.
    #[cold]
    pub(super) fn do_more(&mut self) {
        self.go_on_prepared();
        self.go_round();
        self.has_more = self.round.is_some() || !self.prepared.is_empty();
    }

    /// Continues connections that have waited for a TLS connector.
    fn go_on_prepared(&mut self) {
        let mut slice = Slice::default();
        while !self.prepared.is_empty() && self.goes_on(&mut slice) {
            if let Some(Waiter { socket, settings, made }) = self.prepared.pop_front() {
                self.with_socket(&socket, &mut |connection, context| {
                    connection.prepared(&settings, made.clone(), context)
                });
            }
        }
        if self.prepared.is_empty() {
            self.prepared = VecDeque::new(); // and the memory of many
        }
    }

    /// Serves the requests of a socket.
    #[inline]
    fn answer(&mut self, key: usize, is_now: &mut bool) {
        let Some(Some(entry)) = self.entries.get(key) else { return };
        let asked = entry.socket.take_asked();
        if asked.is_only(Ask::Flush) {
            // Writing does not need the present time.
            return self.flush(key);
        }
        let socket = Arc::clone(&entry.socket);
        self.look_once(is_now);
        self.answer_all(&socket, asked);
    }

    #[inline(never)]
    fn answer_all(&mut self, socket: &Arc<SocketShared>, asked: Asked) {
        let ends = asked.has(Ask::Close) || asked.has(Ask::Free);
        if asked.has(Ask::RetryNow) && !ends {
            // It came after what began the round: a suspend must not abandon the new try.
            self.take_part(socket.key);
            self.with_socket(socket, &mut |connection, context| connection.retry_now(context));
        }
        // While the loop is suspended there is no new try; the resume begins it.
        if asked.has(Ask::CatchUp) && !ends && !self.suspended {
            self.with_socket(socket, &mut |connection, context| connection.catch_up(context));
        }
        if asked.has(Ask::Ping) {
            // Before writing the outbox, which would add to the round trip.
            self.with_socket(socket, &mut |connection, context| connection.ping(context));
        }
        if asked.has(Ask::Flush) {
            self.with_socket(socket, &mut |connection, context| connection.flush(context));
        }
        if asked.has(Ask::Read) {
            self.with_socket(socket, &mut |connection, context| connection.turn(context));
        }
        if asked.has(Ask::Close) {
            self.with_socket(socket, &mut |connection, context| connection.close(context));
        }
        if asked.has(Ask::Free) {
            self.close_notify(socket);
        }
    }

    /// The socket was freed: an open connection is closed with 1001 (going away), one that is closing continues.
    fn close_notify(&mut self, socket: &Arc<SocketShared>) {
        socket.outbox.lock().forsake(&close::GOING_AWAY.to_be_bytes());
        // Also reads again if a full queue has stopped reading.
        self.with_socket(socket, &mut |connection, context| match connection.close(context) {
            Turn::Wait => connection.turn(context),
            Turn::Again => Turn::Again,
        });
    }

    /// The loop is being freed.
    fn stop(&mut self, linger: Duration) {
        self.suspended = false;
        self.clock.go_on();
        self.now = self.clock.now();
        self.stop_at = Some(self.now + linger);
        self.round = None;
        let sockets: Vec<_> = self.entries.iter().flatten().map(|entry| Arc::clone(&entry.socket)).collect();
        let mut slice = Slice::default();
        for socket in sockets {
            socket.free();
            if self.goes_on(&mut slice) {
                self.close_notify(&socket);
            } else {
                // Each has its Close frame; what they have received is read later, if there is time.
                socket.outbox.lock().forsake(&close::GOING_AWAY.to_be_bytes());
                self.with_socket(&socket, &mut |connection, context| {
                    connection.close(context);
                    Turn::Again
                });
            }
        }
    }

    // Connecting.

    fn connect(&mut self, socket: Arc<SocketShared>, config: Box<ConnectConfig>) {
        self.shared.begun();
        // A socket that was closed or freed already is not dialled.
        if socket.is_freed() || socket.outbox.lock().is_sealed() || self.stop_at.is_some() {
            return self.drop_unbegun(&socket, report_before_begin(&config, Ending::aborted()));
        }
        let key = socket.key;
        self.shared.log.debug(socket.id, format_args!("connecting to {}", config.target));
        let mut told_closed = false;
        let begun = panics::catch(|| {
            let mut network = Net {
                registry: self.poll.registry(),
                clock: &self.clock,
                dns: &mut self.dns,
                tls_cache: &mut self.tls_cache,
                socket: &socket,
                suspended: self.suspended,
            };
            let buffer = &mut self.buffer[..READ_BUFFER];
            let mut events = Delivery {
                batch: &mut self.batch,
                buffer: buffer.as_ptr().addr(),
                socket: &socket,
                log: &self.shared.log,
                told_closed: &mut told_closed,
            };
            let mut context =
                Context { now: self.now, buffer, network: &mut network, events: &mut events, outbox: &socket.outbox };
            failpoint::point(failpoint::Place::Connection);
            Connection::begin(config, &mut context)
        });
        // A new connection has no messages, so nothing can be lost here.
        let _ = self.batch.keep(&mut self.buffer);
        match begun {
            Ok(connection) if !connection.is_closed() => {
                let round = self.rounds;
                let entry = Entry { socket, connection, timer: None, in_turns: false, round, told_closed };
                self.entries.put(key, entry);
                self.live += 1;
                self.set_timer(key);
                // Requests of the host may have come before the connection existed.
                self.answer(key, &mut true);
            }
            Ok(_) => {}
            Err(panicked) => {
                socket.outbox.lock().shut_down();
                if !told_closed {
                    self.batch.closed(key, Report::new(Ending::internal(), Phase::Connect), None);
                }
                self.shared.log.error(socket.id, format_args!("{panicked}, while a connection was begun"));
            }
        }
    }

    /// Ends a connection that was not begun.
    pub(super) fn drop_unbegun(&mut self, socket: &SocketShared, report: Report) {
        socket.outbox.lock().shut_down();
        self.batch.closed(socket.key, report, None);
    }

    /// Runs `act` on the connection of this socket, if it still exists.
    fn with_socket(&mut self, socket: &Arc<SocketShared>, act: Act<'_>) {
        let entry = self.entries.get(socket.key).and_then(Option::as_ref);
        if entry.is_some_and(|entry| Arc::ptr_eq(&entry.socket, socket)) {
            self.with_seldom(socket.key, act);
        }
    }

    // The whole loop.

    fn grant(&mut self, Wishes { suspended, resumed, network_changed }: Wishes) {
        self.network_changed |= network_changed;
        match suspended {
            Some(true) => {
                self.suspended &= !resumed;
                self.suspend();
            }
            Some(false) => self.resume(),
            None if self.suspended => {} // the resume does it
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
            self.clock.stop();
        }
    }

    fn resume(&mut self) {
        self.suspended = false;
        self.clock.go_on();
        self.now = self.clock.now();
        self.shared.log.info(0, format_args!("resumed"));
        self.probe();
    }

    fn probe(&mut self) {
        if std::mem::take(&mut self.network_changed) {
            self.dns.forget();
        }
        self.begin_round(Task::Probe(None));
    }

    pub(super) fn begin_round(&mut self, task: Task) {
        let before = self.round.as_ref();
        let (at, len) = (before.map_or(0, |round| round.at), self.entries.len());
        let mut left_of_gap = len;
        let task = match (before.map(|round| round.task), task) {
            // It gives each connection new deadlines by itself.
            (Some(Task::Suspend), Task::Slept(_)) => return,
            // Those that the round before has not come to must not lose what it was for.
            (Some(Task::Probe(_)), Task::Slept(gap)) => Task::Probe(Some(gap)),
            (Some(Task::Slept(gap) | Task::Probe(Some(gap))), Task::Probe(None)) => {
                left_of_gap = before.map_or(0, |round| round.left_of_gap);
                Task::Probe(Some(gap))
            }
            (_, task) => task,
        };
        self.rounds += 1;
        self.round = Some(Round { task, at, left: len, len, left_of_gap });
        (self.has_left, self.has_more) = (true, true);
    }

    /// Continues the round.
    fn go_round(&mut self) {
        let mut slice = Slice::default();
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
            if is_next && !self.goes_on(&mut slice) {
                return;
            }
            if is_next {
                self.take_part(key);
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

    /// Does for one connection what the round is for, unless it has had its turn in it.
    fn take_part(&mut self, key: usize) {
        let (Some(Round { task, .. }), Some(Some(entry))) = (&self.round, self.entries.get_mut(key)) else { return };
        if entry.round == self.rounds {
            return;
        }
        entry.round = self.rounds;
        let task = *task;
        self.with_seldom(key, &mut |connection, context| match task {
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

//! Runs the commands of the queue.

use super::command_queue::{Answered, Command, QueueItem, Resolved};
use super::socket_shared::SocketRequests;
use super::time_slice::TimeSlice;
use super::{ConnectionCall, Engine, Entry, ReadyConnector, SocketRequest, SocketShared};
use crate::config::ConnectConfig;
use crate::connection::report::{Ending, Phase, Report};
use crate::connection::{Answer, Connection, Turn, report_before_begin};
use crate::protocol::close;
use crate::{failpoint, panics};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Runs the commands between two passes. Long work is left for the next pass.
    pub fn run_commands_between_passes(&mut self) {
        self.run_commands();
        if self.has_long_work {
            self.run_long_work();
        }
    }

    /// Runs the commands, within the time limit of a pass.
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
        let mut slice = TimeSlice::default();
        let mut clock_is_read = false;
        while !self.commands.is_empty() {
            if !self.has_time_for_more(&mut slice) {
                return self.shared.mark_commands_pending();
            }
            if let Some(key) = self.commands.pop_socket_requests() {
                self.run_socket_requests(key, &mut clock_is_read);
                continue;
            }
            match self.commands.pop() {
                Some(item) => {
                    self.read_clock_once(&mut clock_is_read);
                    self.run_item(item);
                }
                None => return,
            }
        }
    }

    /// Reads the clock once, because a request may come long after the last read.
    fn read_clock_once(&mut self, clock_is_read: &mut bool) {
        if !std::mem::replace(clock_is_read, true) {
            self.now = self.clock.now();
        }
    }

    #[inline(never)]
    fn run_item(&mut self, item: QueueItem) {
        match item {
            QueueItem::LoopRequests(requests) => self.run_loop_requests(requests),
            QueueItem::Command(Command::Connect(socket, config)) => self.start_connection(socket, config),
            QueueItem::Command(Command::Resolved(socket, resolved)) => {
                let Resolved { name, family, answer } = &*resolved;
                self.with_socket(&socket, &mut |connection, context| {
                    connection.resolved(name, *family, answer.clone(), context)
                });
            }
            QueueItem::Command(Command::QueryAnswered(socket, answered)) => {
                let (number, answer) = *answered;
                let mut answer = Some(answer);
                self.with_socket(&socket, &mut |connection, context| match answer.take() {
                    Some(answer) => connection.query_answered(number, answer, context),
                    None => Turn::Wait,
                });
            }
            QueueItem::Command(Command::HookReturned(socket)) => {
                self.with_socket(&socket, &mut |connection, context| connection.turn(context));
            }
            QueueItem::Command(Command::ConnectorMade(made)) => {
                let (settings, made) = *made;
                let waiters = self.tls_cache.finish(Arc::clone(&settings), &made);
                let ready = |socket| ReadyConnector { socket, settings: Arc::clone(&settings), made: made.clone() };
                self.ready_connectors.extend(waiters.into_iter().map(ready));
                (self.has_unfinished_work, self.has_long_work) = (true, true);
            }
            QueueItem::Command(Command::Answered(socket, answered)) => self.run_answer(&socket, *answered),
            QueueItem::Command(Command::WorkerPanicked(text)) => self.shared.log.error(0, format_args!("{text}")),
            QueueItem::Command(Command::SocketRequests(key)) => self.run_socket_requests(key, &mut true), // after loop requests
        }
    }

    /// Handles the answer of the host to a question, which may be void by now.
    fn run_answer(&mut self, socket: &Arc<SocketShared>, answered: Answered) {
        // The answer is newer than the round: a suspend before the answer must not end the attempt.
        self.run_round_for(socket.key);
        let Answered { question, answer } = answered;
        if !socket.is_asked(question) || socket.send_queue.lock().gate().is_closing() {
            return;
        }
        if let Answer::Connect(config) | Answer::Continue(config) = &answer {
            self.shared.log.debug(socket.id, format_args!("connecting to {}", config.target));
        }
        let mut answer = Some(answer);
        self.with_socket(socket, &mut |connection, context| match answer.take() {
            Some(answer) => connection.answered(answer, context),
            None => Turn::Wait,
        });
    }

    /// Does rare work that may take long, within the time limit of a pass.
    #[cold]
    pub(super) fn run_long_work(&mut self) {
        self.run_ready_connectors();
        self.continue_round();
        self.has_long_work = self.round.is_some() || !self.ready_connectors.is_empty();
    }

    /// Continues connections that have waited for a TLS connector.
    fn run_ready_connectors(&mut self) {
        let mut slice = TimeSlice::default();
        while !self.ready_connectors.is_empty() && self.has_time_for_more(&mut slice) {
            if let Some(ReadyConnector { socket, settings, made }) = self.ready_connectors.pop_front() {
                self.with_socket(&socket, &mut |connection, context| {
                    connection.prepared(&settings, made.clone(), context)
                });
            }
        }
        if self.ready_connectors.is_empty() {
            self.ready_connectors = VecDeque::new(); // frees its memory
        }
    }

    /// Runs the requests of a socket.
    #[inline]
    fn run_socket_requests(&mut self, key: usize, clock_is_read: &mut bool) {
        let Some(Some(entry)) = self.entries.get(key) else { return };
        let requests = entry.socket.take_requests();
        if requests.is_only(SocketRequest::Flush) {
            // Writing does not need the current time.
            return self.flush(key);
        }
        let socket = Arc::clone(&entry.socket);
        self.read_clock_once(clock_is_read);
        self.run_each_request(&socket, requests);
    }

    #[inline(never)]
    fn run_each_request(&mut self, socket: &Arc<SocketShared>, requests: SocketRequests) {
        if requests.has(SocketRequest::Abort) {
            // The other requests have no effect if the connection has ended.
            self.with_socket(socket, &mut |connection, context| {
                connection.abort(context);
                Turn::Wait
            });
        }
        let ends = requests.has(SocketRequest::Close) || requests.has(SocketRequest::Free);
        if requests.has(SocketRequest::RetryNow) && !ends {
            // The request is newer than the round: a suspend must not end this retry.
            self.run_round_for(socket.key);
            self.with_socket(socket, &mut |connection, context| connection.retry_now(context));
        }
        if requests.has_retry_after_suspend() && !ends && socket.add_request(SocketRequest::RetryNow) {
            // It is queued after the suspend. If it is refused, the engine has ended, and the connection too.
            let _ = self.shared.push(Command::SocketRequests(socket.key));
        }
        // While the loop is suspended no retry begins. The resume begins it.
        if requests.has(SocketRequest::ContinueRetry) && !ends && !self.suspended {
            self.with_socket(socket, &mut |connection, context| connection.events_dispatched(context));
        }
        if requests.has(SocketRequest::Ping) {
            // This comes before the send queue is written, because the queue would add to the round trip time.
            self.with_socket(socket, &mut |connection, context| connection.ping(context));
        }
        if requests.has(SocketRequest::Flush) {
            self.with_socket(socket, &mut |connection, context| connection.flush(context));
        }
        if requests.has(SocketRequest::Read) {
            if socket.has_lost_message() {
                self.end_after_loss(socket);
            } else {
                self.with_socket(socket, &mut |connection, context| connection.turn(context));
            }
        }
        if requests.has(SocketRequest::Close) {
            self.with_socket(socket, &mut |connection, context| connection.close(context));
        }
        if requests.has(SocketRequest::Free) {
            self.close_freed(socket);
        }
    }

    /// Ends a connection because the dispatcher had no memory to keep a message. No later message may be delivered.
    #[cold]
    fn end_after_loss(&mut self, socket: &Arc<SocketShared>) {
        let mut is_live = false;
        self.with_socket(socket, &mut |_, _| {
            is_live = true;
            Turn::Wait
        });
        if is_live {
            self.abandon(
                socket.key,
                Ending::no_memory("there is no memory to keep messages until receiving is resumed"),
            );
            self.update_entry(socket.key, Some(Turn::Wait));
        }
    }

    /// Handles that a socket was freed: closes an open connection with 1001 (going away). A connection that is already closing
    /// continues.
    fn close_freed(&mut self, socket: &Arc<SocketShared>) {
        socket.send_queue.lock().close_by_free(&close::GOING_AWAY.to_be_bytes());
        // The connection reads again if a full receive queue has stopped it.
        self.with_socket(socket, &mut |connection, context| match connection.close(context) {
            Turn::Wait => connection.turn(context),
            Turn::Again => Turn::Again,
        });
    }

    /// Closes all connections, because the loop is being freed.
    fn stop(&mut self, linger: Duration) {
        self.suspended = false;
        self.clock.resume();
        self.now = self.clock.now();
        self.stop_at = Some(self.now + linger);
        self.round = None;
        let sockets: Vec<_> = self.entries.iter().flatten().map(|entry| Arc::clone(&entry.socket)).collect();
        let mut slice = TimeSlice::default();
        for socket in sockets {
            socket.free();
            self.with_socket(&socket, &mut |connection, _| {
                connection.lift_deadlines();
                Turn::Wait
            });
            if self.has_time_for_more(&mut slice) {
                self.close_freed(&socket);
            } else {
                // Each connection now has its Close frame. Its input is read later, if there is time.
                socket.send_queue.lock().close_by_free(&close::GOING_AWAY.to_be_bytes());
                self.with_socket(&socket, &mut |connection, context| {
                    connection.close(context);
                    Turn::Again
                });
            }
        }
    }

    /// Begins a connection.
    fn start_connection(&mut self, socket: Arc<SocketShared>, config: Box<ConnectConfig>) {
        self.shared.connect_started();
        // For a socket that is already closed or freed, no connection is made.
        if socket.is_freed() || socket.send_queue.lock().gate().is_closing() || self.stop_at.is_some() {
            return self.close_unstarted(&socket, report_before_begin(&config, Ending::aborted()));
        }
        let key = socket.key;
        if !config.asks_host {
            self.shared.log.debug(socket.id, format_args!("connecting to {}", config.target));
        }
        let mut close_reported = false;
        let (parts, _) = self.split();
        let started = parts.with_context(&socket, &mut close_reported, |context| {
            panics::catch(|| {
                failpoint::point(failpoint::Place::Connection);
                Connection::begin(config, context)
            })
        });
        // A new connection has no messages, so nothing can be lost here.
        let _ = self.batch.keep_messages(&mut self.buffer);
        match started {
            Ok(connection) if !connection.is_closed() => {
                let round = self.rounds;
                let entry = Entry { socket, connection, timer: None, in_run_queue: false, round, close_reported };
                self.entries.put(key, entry);
                self.live += 1;
                self.set_timer(key);
                // Requests of the host may have come before the connection existed.
                self.run_socket_requests(key, &mut true);
            }
            Ok(_) => {}
            Err(panicked) => {
                socket.send_queue.lock().end();
                if !close_reported {
                    self.batch.closed(key, Report::new(Ending::internal(), Phase::Connect), None);
                }
                self.shared.log.error(socket.id, format_args!("{panicked}, while a connection was begun"));
            }
        }
    }

    /// Reports the end of a connection that has not begun.
    pub(super) fn close_unstarted(&mut self, socket: &SocketShared, report: Report) {
        socket.send_queue.lock().end();
        self.batch.closed(socket.key, report, None);
    }

    /// Runs `act` on the connection of this socket, if it still exists.
    fn with_socket(&mut self, socket: &Arc<SocketShared>, act: ConnectionCall<'_>) {
        let entry = self.entries.get(socket.key).and_then(Option::as_ref);
        if entry.is_some_and(|entry| Arc::ptr_eq(&entry.socket, socket)) {
            self.with_connection_dyn(socket.key, act);
        }
    }
}

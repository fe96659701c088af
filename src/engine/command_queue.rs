//! The queue of commands to the engine, from the threads of the host and from workers.
//!
//! Its length is limited. A socket has at most these entries: one for all requests of its host (see
//! [`SocketShared::add_request`]), one for its connect call, one for its answer to a question, and one for each call of a hook
//! that it waits for. At most [`MAX_PENDING_CONNECTS`] connect calls wait. Requests that concern the whole loop are not entries
//! but states: [`LoopRequests`] and the stop.

use super::SocketShared;
use crate::config::ConnectConfig;
use crate::connection::{Answer, Family, Prepared, QueryAnswer, Unresolved};
use crate::constants::EGRET_WS_MAX_PENDING_SOCKETS;
use crate::transport::tls::Settings;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The largest number of connect commands that the engine has not run.
pub const MAX_PENDING_CONNECTS: usize = EGRET_WS_MAX_PENDING_SOCKETS as usize;
/// The capacity that an empty queue may keep.
const KEPT_CAPACITY: usize = 1024;

/// A command to the engine. It is small, because it is moved often.
pub enum Command {
    /// Begin a connection.
    Connect(Arc<SocketShared>, Box<ConnectConfig>),
    /// A DNS look-up has ended.
    Resolved(Arc<SocketShared>, Box<Resolved>),
    /// The host has answered a query of a hook. The command has the number of the query.
    QueryAnswered(Arc<SocketShared>, Box<(u64, QueryAnswer)>),
    /// `on_socket` has returned for a socket of this connection.
    HookReturned(Arc<SocketShared>),
    /// A worker has made a TLS connector, or has failed to.
    ConnectorMade(Box<(Arc<Settings>, Prepared)>),
    /// A worker has caught a panic. The engine logs it, because workers must not call the host.
    WorkerPanicked(String),
    /// The host has answered a question.
    Answered(Arc<SocketShared>, Box<Answered>),
    /// The socket with this key has requests, see [`SocketShared::take_requests`].
    SocketRequests(usize),
}

/// The answer to a look-up.
pub struct Resolved {
    /// The name that was looked up.
    pub name: Arc<str>,
    /// The family of addresses.
    pub family: Family,
    /// The addresses, or the error.
    pub answer: Result<Vec<SocketAddr>, Unresolved>,
}

/// The answer to a question of the engine.
pub struct Answered {
    /// The number of the question.
    pub question: u32,
    /// The answer.
    pub answer: Answer,
}

/// A request of the host for the whole loop: it reports a change of the process or of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopRequest {
    /// The process may be frozen from now on.
    Suspend,
    /// The process runs again.
    Resume,
    /// The machine has changed to another network.
    NetworkChanged,
}

/// The requests for the whole loop since the engine last took them. If there were several suspends and resumes, the last one
/// counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopRequests {
    /// `None`: no suspend and no resume.
    pub suspended: Option<bool>,
    /// There was a resume before the suspend.
    pub resumed: bool,
    /// The network has changed.
    pub network_changed: bool,
}

impl LoopRequests {
    fn add(&mut self, request: LoopRequest) {
        match request {
            LoopRequest::Suspend => {
                self.resumed |= self.suspended == Some(false);
                self.suspended = Some(true);
            }
            LoopRequest::Resume => self.suspended = Some(false),
            LoopRequest::NetworkChanged => self.network_changed = true,
        }
    }
}

/// The commands in order, and the position of the loop requests among them.
#[derive(Default)]
pub struct CommandQueue {
    list: VecDeque<Command>,
    /// Requests for the whole loop, which are rare.
    whole_loop: Option<Box<WholeLoop>>,
}

#[derive(Default)]
struct WholeLoop {
    /// The requests, and the number of commands that run before them.
    requests: Option<(usize, LoopRequests)>,
    stop: Option<Duration>,
}

/// An item that the engine takes from the queue.
pub enum QueueItem {
    /// A command.
    Command(Command),
    /// Requests for the whole loop.
    LoopRequests(LoopRequests),
}

impl CommandQueue {
    /// Adds a command.
    #[inline]
    pub fn push(&mut self, command: Command) {
        self.list.push_back(command);
    }

    /// Adds a request for the whole loop. Such requests are merged and run at the position of the first one, so that they do not
    /// affect sockets that are made later. A suspend moves them to its own position, because it affects all sockets that were
    /// made before it.
    pub fn push_loop_request(&mut self, request: LoopRequest) {
        let end = self.list.len();
        let (at, requests) = self.whole_loop().requests.get_or_insert((end, LoopRequests::default()));
        if request == LoopRequest::Suspend && requests.suspended != Some(true) {
            *at = end;
        }
        requests.add(request);
    }

    /// Adds the request to stop, at the latest after `linger`.
    pub fn push_stop(&mut self, linger: Duration) {
        self.whole_loop().stop = Some(linger);
    }

    /// Takes the request to stop, which is taken before all commands.
    #[inline]
    pub fn take_stop(&mut self) -> Option<Duration> {
        self.whole_loop.as_mut()?.stop.take()
    }

    fn whole_loop(&mut self) -> &mut WholeLoop {
        self.whole_loop.get_or_insert_default()
    }

    /// Returns whether the queue is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.whole_loop.is_none()
    }

    /// Takes the next command if it is a [`Command::SocketRequests`], the most frequent one.
    #[inline]
    pub fn pop_socket_requests(&mut self) -> Option<usize> {
        match self.list.front() {
            Some(Command::SocketRequests(key)) if self.whole_loop.is_none() => {
                let key = *key;
                self.list.pop_front();
                Some(key)
            }
            _ => None,
        }
    }

    /// Takes the next item.
    pub fn pop(&mut self) -> Option<QueueItem> {
        if self.whole_loop.is_some()
            && let Some(requests) = self.pop_loop_requests()
        {
            return Some(QueueItem::LoopRequests(requests));
        }
        self.list.pop_front().map(QueueItem::Command)
    }

    /// Takes the loop requests if they are next. If not, counts down the commands before them, because the caller takes one of
    /// them now.
    #[cold]
    fn pop_loop_requests(&mut self) -> Option<LoopRequests> {
        match self.whole_loop.as_mut()?.requests.as_mut() {
            Some((before, _)) if *before > 0 => {
                *before -= 1;
                None
            }
            _ => self.whole_loop.take()?.requests.map(|(_, requests)| requests),
        }
    }

    /// Appends all items of `newer`. If this queue is empty, both exchange their memory, so that no new memory is needed.
    #[inline]
    pub fn append(&mut self, newer: &mut CommandQueue) {
        if newer.whole_loop.is_some() {
            self.append_loop_requests(newer);
        }
        if self.list.is_empty() {
            if self.list.capacity() > KEPT_CAPACITY {
                self.list = VecDeque::new();
            }
            std::mem::swap(&mut self.list, &mut newer.list);
        } else {
            self.list.append(&mut newer.list);
        }
    }

    #[cold]
    fn append_loop_requests(&mut self, newer: &mut CommandQueue) {
        let Some(newer) = newer.whole_loop.take() else { return };
        let end = self.list.len();
        let whole_loop = self.whole_loop();
        whole_loop.stop = newer.stop.or(whole_loop.stop);
        let Some((at, requests)) = newer.requests else { return };
        let Some((before, older)) = &mut whole_loop.requests else {
            whole_loop.requests = Some((end + at, requests));
            return;
        };
        if requests.suspended == Some(true) && (requests.resumed || older.suspended != Some(true)) {
            *before = end + at;
        }
        older.resumed |= requests.resumed || requests.suspended == Some(true) && older.suspended == Some(false);
        older.suspended = requests.suspended.or(older.suspended);
        older.network_changed |= requests.network_changed;
    }

    /// Returns the number of commands.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns all commands.
    pub fn into_list(self) -> VecDeque<Command> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the queue, and returns the items in order: a number for each [`Command::SocketRequests`], and words for the loop
    /// requests.
    fn run(commands: &mut CommandQueue) -> Vec<String> {
        let mut run = Vec::new();
        while let Some(next) = commands.pop() {
            run.push(match next {
                QueueItem::Command(Command::SocketRequests(key)) => key.to_string(),
                QueueItem::Command(_) => unreachable!(),
                QueueItem::LoopRequests(LoopRequests { suspended, resumed, network_changed }) => {
                    let state = suspended.map_or("", |suspended| if suspended { "suspend" } else { "resume" });
                    let before = if resumed { "resume+" } else { "" };
                    format!("{before}{state}{}", if network_changed { "+network" } else { "" })
                }
            });
        }
        run
    }

    /// Makes a queue of a text: a letter is a loop request, a digit is a command.
    fn queue(text: &str) -> CommandQueue {
        let mut commands = CommandQueue::default();
        for letter in text.chars() {
            match letter {
                's' => commands.push_loop_request(LoopRequest::Suspend),
                'r' => commands.push_loop_request(LoopRequest::Resume),
                'n' => commands.push_loop_request(LoopRequest::NetworkChanged),
                digit => commands.push(Command::SocketRequests(digit.to_digit(10).unwrap() as usize)),
            }
        }
        commands
    }

    const CASES: [(&str, &[&str]); 10] = [
        ("", &[]),
        ("12", &["1", "2"]),
        ("1nnn2", &["1", "+network", "2"]),
        ("1s2", &["1", "suspend", "2"]),
        ("1r2r3r", &["1", "resume", "2", "3"]),
        ("1s2r3", &["1", "resume", "2", "3"]),
        ("1r2s3", &["1", "2", "resume+suspend", "3"]),
        ("s1s2", &["suspend", "1", "2"]),
        ("s1r2s3", &["1", "2", "resume+suspend", "3"]),
        ("1n2r3", &["1", "resume+network", "2", "3"]),
    ];

    #[test]
    fn loop_requests_are_merged_and_the_last_state_wins() {
        for (text, expected) in CASES {
            assert_eq!(run(&mut queue(text)), expected, "{text}");
        }
    }

    #[test]
    fn loop_requests_of_appended_queues_are_merged_in_the_same_way() {
        for (text, expected) in CASES {
            for cut in 0..=text.len() {
                let mut commands = queue(&text[..cut]);
                commands.append(&mut queue(&text[cut..]));
                assert_eq!(run(&mut commands), expected, "{text}, cut at {cut}");
            }
        }
    }

    #[test]
    fn an_empty_queue_keeps_little_memory() {
        let (mut taken, mut shared) = (CommandQueue::default(), CommandQueue::default());
        for _ in 0..2 {
            (0..100 * KEPT_CAPACITY).for_each(|key| shared.push(Command::SocketRequests(key)));
            taken.append(&mut shared);
            while taken.pop().is_some() {}
        }
        for _ in 0..2 {
            taken.append(&mut shared);
        }
        assert!(taken.list.capacity() <= KEPT_CAPACITY && shared.list.capacity() <= KEPT_CAPACITY);
    }
}

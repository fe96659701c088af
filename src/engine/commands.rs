//! The queue of requests to the engine, from the host's threads and from workers.
//!
//! Its length is bounded. A socket has at most one entry for all requests of its host (see [`SocketShared::ask`]) and one for its connect
//! call; at most [`MAX_UNBEGUN`] connect calls wait. Requests that concern the whole loop are not entries but states: [`Wishes`] and
//! the stop.

use super::SocketShared;
use crate::config::ConnectConfig;
use crate::connection::{Family, Prepared, Unresolved};
use crate::constants::EGRET_WS_MAX_PENDING_SOCKETS;
use crate::transport::tls::Settings;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The most connect calls that the engine has not begun to serve.
pub const MAX_UNBEGUN: usize = EGRET_WS_MAX_PENDING_SOCKETS as usize;
/// The memory that an empty queue may keep, in entries.
const KEEP: usize = 1024;

/// A request to the engine. Small, because it is moved often.
pub enum Command {
    /// Begin a connection.
    Connect(Arc<SocketShared>, Box<ConnectConfig>),
    /// A look-up has ended.
    Resolved(Arc<SocketShared>, Box<Resolved>),
    /// A TLS connector was made, or cannot be.
    Made(Box<(Arc<Settings>, Prepared)>),
    /// A worker has caught a panic. The engine logs it, because workers must not call the host.
    Panicked(String),
    /// The socket with this key has requests, see [`SocketShared::take_asked`].
    Asked(usize),
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

/// A notice of the host about the process or its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The process may be frozen from now on.
    Suspend,
    /// The process runs again.
    Resume,
    /// The machine has changed to another network.
    NetworkChanged,
}

/// The notices since the engine last took them. Of suspend and resume the last one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `None`: no suspend and no resume.
    pub suspended: Option<bool>,
    /// There was a resume before the suspend.
    pub resumed: bool,
    /// The network has changed.
    pub network_changed: bool,
}

impl Wishes {
    fn add(&mut self, wish: Wish) {
        match wish {
            Wish::Suspend => {
                self.resumed |= self.suspended == Some(false);
                self.suspended = Some(true);
            }
            Wish::Resume => self.suspended = Some(false),
            Wish::NetworkChanged => self.network_changed = true,
        }
    }
}

/// The commands in order, and the position of the wishes among them.
#[derive(Default)]
pub struct Commands {
    list: VecDeque<Command>,
    /// Wishes and the stop, which are rare.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    /// The number of commands that run before the wishes.
    wishes: Option<(usize, Wishes)>,
    stop: Option<Duration>,
}

/// The next item of the queue.
pub enum Next {
    /// A command.
    Command(Command),
    /// The wishes.
    Wishes(Wishes),
}

impl Commands {
    /// Adds a command.
    #[inline]
    pub fn push(&mut self, command: Command) {
        self.list.push_back(command);
    }

    /// Adds a wish. Wishes are merged and run at the position of the first one, so that they do not affect sockets that are made
    /// later. A suspend moves the position to its own, because it affects all sockets that were made before it.
    pub fn wish(&mut self, wish: Wish) {
        let end = self.list.len();
        let (at, wishes) = self.rare().wishes.get_or_insert((end, Wishes::default()));
        if wish == Wish::Suspend && wishes.suspended != Some(true) {
            *at = end;
        }
        wishes.add(wish);
    }

    /// Adds the request to end, at the latest after this time.
    pub fn stop(&mut self, linger: Duration) {
        self.rare().stop = Some(linger);
    }

    /// Takes the request to end. It does not wait for the commands before it.
    #[inline]
    pub fn take_stop(&mut self) -> Option<Duration> {
        self.rare.as_mut()?.stop.take()
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Is the queue empty?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.rare.is_none()
    }

    /// Takes the next command if it is the usual one, [`Command::Asked`].
    #[inline]
    pub fn pop_asked(&mut self) -> Option<usize> {
        match self.list.front() {
            Some(Command::Asked(key)) if self.rare.is_none() => {
                let key = *key;
                self.list.pop_front();
                Some(key)
            }
            _ => None,
        }
    }

    /// Takes the next item.
    pub fn pop(&mut self) -> Option<Next> {
        if self.rare.is_some()
            && let Some(wishes) = self.pop_wishes()
        {
            return Some(Next::Wishes(wishes));
        }
        self.list.pop_front().map(Next::Command)
    }

    /// Takes the wishes if they are next. If not, it counts the command before them that the caller takes now.
    #[cold]
    fn pop_wishes(&mut self) -> Option<Wishes> {
        match self.rare.as_mut()?.wishes.as_mut() {
            Some((before, _)) if *before > 0 => {
                *before -= 1;
                None
            }
            _ => self.rare.take()?.wishes.map(|(_, wishes)| wishes),
        }
    }

    /// Appends all of `newer`. If this queue is empty, both exchange their memory, so that no new memory is needed.
    #[inline]
    pub fn append(&mut self, newer: &mut Commands) {
        if newer.rare.is_some() {
            self.append_rare(newer);
        }
        if self.list.is_empty() {
            if self.list.capacity() > KEEP {
                self.list = VecDeque::new();
            }
            std::mem::swap(&mut self.list, &mut newer.list);
        } else {
            self.list.append(&mut newer.list);
        }
    }

    #[cold]
    fn append_rare(&mut self, newer: &mut Commands) {
        let Some(newer) = newer.rare.take() else { return };
        let end = self.list.len();
        let rare = self.rare();
        rare.stop = newer.stop.or(rare.stop);
        let Some((at, wishes)) = newer.wishes else { return };
        let Some((before, older)) = &mut rare.wishes else {
            rare.wishes = Some((end + at, wishes));
            return;
        };
        if wishes.suspended == Some(true) && (wishes.resumed || older.suspended != Some(true)) {
            *before = end + at;
        }
        older.resumed |= wishes.resumed || wishes.suspended == Some(true) && older.suspended == Some(false);
        older.suspended = wishes.suspended.or(older.suspended);
        older.network_changed |= wishes.network_changed;
    }

    /// The number of commands.
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

    /// Runs the queue, and returns the items in order: a number for each [`Command::Asked`], words for the wishes.
    fn run(commands: &mut Commands) -> Vec<String> {
        let mut run = Vec::new();
        while let Some(next) = commands.pop() {
            run.push(match next {
                Next::Command(Command::Asked(key)) => key.to_string(),
                Next::Command(_) => unreachable!(),
                Next::Wishes(Wishes { suspended, resumed, network_changed }) => {
                    let state = suspended.map_or("", |suspended| if suspended { "suspend" } else { "resume" });
                    let before = if resumed { "resume+" } else { "" };
                    format!("{before}{state}{}", if network_changed { "+network" } else { "" })
                }
            });
        }
        run
    }

    /// Makes a queue of a text: a letter is a wish, a digit is a command.
    fn queue(text: &str) -> Commands {
        let mut commands = Commands::default();
        for letter in text.chars() {
            match letter {
                's' => commands.wish(Wish::Suspend),
                'r' => commands.wish(Wish::Resume),
                'n' => commands.wish(Wish::NetworkChanged),
                digit => commands.push(Command::Asked(digit.to_digit(10).unwrap() as usize)),
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
    fn wishes_are_merged_and_the_last_state_wins() {
        for (text, expected) in CASES {
            assert_eq!(run(&mut queue(text)), expected, "{text}");
        }
    }

    #[test]
    fn wishes_of_appended_queues_are_merged_alike() {
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
        let (mut taken, mut shared) = (Commands::default(), Commands::default());
        for _ in 0..2 {
            (0..100 * KEEP).for_each(|key| shared.push(Command::Asked(key)));
            taken.append(&mut shared);
            while taken.pop().is_some() {}
        }
        for _ in 0..2 {
            taken.append(&mut shared);
        }
        assert!(taken.list.capacity() <= KEEP && shared.list.capacity() <= KEEP);
    }
}

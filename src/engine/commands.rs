//! The queue between who asks the engine for something and the engine.
//!
//! Its length is bounded. A socket has at most one entry for all that its host asks (see [`Link::ask`]) and one for its connect
//! call, of which [`MAX_UNBEGUN`] wait at most. What concerns the whole loop is no entry but a state: [`Wishes`], and the stop.

use super::Link;
use crate::connection::{Family, Plan, Prepared, Unresolved};
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

/// What the engine is asked to do. Small, for it is moved about.
pub enum Command {
    /// Begin a connection.
    Connect(Arc<Link>, Box<Plan>),
    /// A look-up has ended.
    Resolved(Arc<Link>, Box<Resolved>),
    /// A TLS connector was made, or cannot be.
    Made(Box<(Arc<Settings>, Prepared)>),
    /// A worker's thread has caught a panic. The engine logs it, for no other thread calls the host.
    Panicked(String),
    /// The host of the socket in this place asks for something. The link says for what.
    Asked(usize),
}

/// The answer to a look-up.
pub struct Resolved {
    /// What was looked up.
    pub name: Arc<str>,
    /// The family of addresses.
    pub family: Family,
    /// What was found.
    pub answer: Result<Vec<SocketAddr>, Unresolved>,
}

/// What the host says about the process and its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The process may be frozen from now on.
    Suspend,
    /// The process runs again.
    Resume,
    /// The machine's network is another one.
    NetworkChanged,
}

/// What the host has said since the engine last looked. Of suspend and resume the last one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `None`: neither.
    pub suspended: Option<bool>,
    /// Before a suspend there was a resume.
    pub resumed: bool,
    /// The network is another one.
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

/// Commands in their order, and where among them the wishes belong.
#[derive(Default)]
pub struct Commands {
    list: VecDeque<Command>,
    /// What is rare.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    /// How many commands of the list are to be run before the wishes.
    wishes: Option<(usize, Wishes)>,
    stop: Option<Duration>,
}

/// The next thing to be done.
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

    /// Adds a wish. Several are merged into one, which is run at the place of the first: it does not concern sockets that are made
    /// later. Only a suspend concerns those that were made before it.
    pub fn wish(&mut self, wish: Wish) {
        let end = self.list.len();
        let (at, wishes) = self.rare().wishes.get_or_insert((end, Wishes::default()));
        if wish == Wish::Suspend && wishes.suspended != Some(true) {
            *at = end;
        }
        wishes.add(wish);
    }

    /// The engine is to end, at the latest after this time.
    pub fn stop(&mut self, linger: Duration) {
        self.rare().stop = Some(linger);
    }

    /// Takes the order to end, which does not wait for what is queued.
    #[inline]
    pub fn take_stop(&mut self) -> Option<Duration> {
        self.rare.as_mut()?.stop.take()
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Is there nothing to be done?
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

    /// Takes the next thing.
    pub fn pop(&mut self) -> Option<Next> {
        if self.rare.is_some()
            && let Some(wishes) = self.pop_wishes()
        {
            return Some(Next::Wishes(wishes));
        }
        self.list.pop_front().map(Next::Command)
    }

    /// The wishes, if it is their turn. If not, a command is about to be taken that comes before them.
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

    /// Moves all of `newer` behind what is here. What is run last is empty then, so its memory is used again.
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

    /// Commands in the list.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Empties the list.
    pub fn into_list(self) -> VecDeque<Command> {
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done, in order: a number for each [`Command::Asked`], the wishes in letters.
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

    /// A letter is a wish, a digit a command.
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
    fn wishes_are_merged_likewise_when_they_come_in_parts() {
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

//! Name look-ups, off the engine: the system's resolver blocks, and may for minutes.

use super::thread::with_signals_blocked;
use super::{Command, Link, Shared};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::{io, thread};

/// Look-ups at a time; the others wait for one to end, or for their deadline.
const MAX_THREADS: usize = 4;

/// The look-ups of a loop. Threads are started when needed and end when nothing is left to look up. One that hangs in the
/// resolver outlives the loop; it holds memory of its own only.
pub struct Lookups {
    queue: Arc<Mutex<Queue>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Queue {
    questions: VecDeque<Question>,
    threads: usize,
}

struct Question {
    host: String,
    port: u16,
    link: Arc<Link>,
}

impl Lookups {
    /// Answers go to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> Lookups {
        Lookups { queue: Arc::default(), shared }
    }

    /// Looks a name up.
    pub fn ask(&self, host: &str, port: u16, link: &Arc<Link>) {
        let mut queue = self.queue.lock();
        queue.questions.push_back(Question { host: host.to_owned(), port, link: Arc::clone(link) });
        if queue.threads == MAX_THREADS {
            return;
        }
        let (shared, questions) = (Arc::clone(&self.shared), Arc::clone(&self.queue));
        let thread = thread::Builder::new().name("egret-ws-lookup".to_owned());
        match with_signals_blocked(|| thread.spawn(move || run(&shared, &questions))) {
            Ok(_) => queue.threads += 1,
            // Another thread may be there to take it; else say why it cannot be done.
            Err(error) if queue.threads == 0 => {
                if let Some(question) = queue.questions.pop_back() {
                    // Cannot fail: the engine that asks takes commands.
                    let _ = self.shared.command(Command::Resolved(question.link, Err(error)));
                }
            }
            Err(_) => {}
        }
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        self.queue.lock().questions.clear();
    }
}

fn run(shared: &Shared, queue: &Mutex<Queue>) {
    loop {
        let question = {
            let mut queue = queue.lock();
            let Some(question) = queue.questions.pop_front() else {
                queue.threads -= 1;
                return;
            };
            question
        };
        if question.link.outbox.lock().is_sealed() {
            continue; // closed or freed meanwhile
        }
        let addresses: io::Result<Vec<SocketAddr>> =
            (question.host.as_str(), question.port).to_socket_addrs().map(Iterator::collect);
        if shared.command(Command::Resolved(question.link, addresses)).is_ok() {
            shared.wake();
        }
    }
}

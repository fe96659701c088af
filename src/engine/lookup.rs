//! Name look-ups, off the engine: the system's resolver blocks, and may for minutes.

use super::workers::Workers;
use super::{Command, Link, Shared};
use crate::connection::{Family, Unresolved};
use crate::{fault, panics};
use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Look-ups at a time: two for each name, one of each family. The others wait for one to end, or for their deadline.
const MAX_THREADS: usize = 64;
/// Who asks for a name that is being looked up waits for that answer, but not if it was begun longer ago than this: it may
/// hang on a network that is gone, where a new look-up would not.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// A name and a family of addresses.
type Question = (Arc<str>, Family);

/// The look-ups of a loop.
pub struct Lookups {
    workers: Workers,
    /// The newest look-up of each question that is not answered.
    open: Arc<Mutex<HashMap<Question, Arc<Lookup>>>>,
    shared: Arc<Shared>,
}

struct Lookup {
    question: Question,
    begun: Instant,
    /// Who waits for the answer. `None` once nobody can any more.
    waiters: Mutex<Option<Vec<Arc<Link>>>>,
}

impl Lookups {
    /// Answers go to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> Lookups {
        Lookups { workers: Workers::new("egret-ws-lookup", MAX_THREADS), open: Arc::default(), shared }
    }

    /// Looks a name up, for the addresses of one family.
    pub fn ask(&self, name: &str, family: Family, link: &Arc<Link>) {
        let question = (Arc::from(name), family);
        let now = Instant::now();
        let mut open = self.open.lock();
        if let Some(lookup) = open.get(&question)
            && now.duration_since(lookup.begun) < SHARED_FOR
            && let Some(waiters) = lookup.waiters.lock().as_mut()
        {
            waiters.push(Arc::clone(link));
            return;
        }
        let waiters = Mutex::new(Some(vec![Arc::clone(link)]));
        let lookup = Arc::new(Lookup { question: question.clone(), begun: now, waiters });
        open.insert(question, Arc::clone(&lookup));
        drop(open);
        let (job, open, shared) = (Arc::clone(&lookup), Arc::clone(&self.open), Arc::clone(&self.shared));
        let begun = self.workers.run(move || {
            // What nobody waits for is finished all the same, so that it is no longer open.
            let answer = panics::catch(|| {
                fault::point(fault::Place::LookUp);
                if job.is_wanted() { resolve(&job.question) } else { Ok(Vec::new()) }
            });
            let answer = answer.unwrap_or_else(|panicked| {
                let _ = shared.command(Command::Panicked(format!("{panicked}, while a name was looked up")));
                Err(Unresolved::internal())
            });
            job.finish(&open, &shared, &answer);
        });
        if let Err(error) = begun {
            lookup.finish(&self.open, &self.shared, &Err(Unresolved::no_thread(&error)));
        }
    }
}

impl Lookups {
    /// The network is another one: what is being asked on the old one is of no interest any more.
    pub fn forget(&self) {
        for (_, lookup) in self.open.lock().drain() {
            *lookup.waiters.lock() = None;
        }
    }
}

impl Lookup {
    /// Does anybody wait whose socket was not closed or freed meanwhile? If not, nobody can any more.
    fn is_wanted(&self) -> bool {
        let mut waiters = self.waiters.lock();
        let wanted = waiters.iter().flatten().any(|link| !link.outbox.lock().is_sealed());
        if !wanted {
            *waiters = None;
        }
        wanted
    }

    fn finish(
        self: &Arc<Lookup>,
        open: &Mutex<HashMap<Question, Arc<Lookup>>>,
        shared: &Shared,
        answer: &Result<Vec<SocketAddr>, Unresolved>,
    ) {
        let mut open = open.lock();
        if open.get(&self.question).is_some_and(|newest| Arc::ptr_eq(newest, self)) {
            open.remove(&self.question);
        }
        drop(open);
        let (name, family) = &self.question;
        let waiters = self.waiters.lock().take();
        for link in waiters.into_iter().flatten() {
            // It fails if the engine has ended: then nobody waits.
            if shared.command(Command::Resolved(link, Arc::clone(name), *family, answer.clone())).is_ok() {
                shared.wake();
            }
        }
    }
}

/// Asks the system.
fn resolve((name, family): &Question) -> Result<Vec<SocketAddr>, Unresolved> {
    let address = match family {
        Family::V4 => AddrFamily::Inet,
        Family::V6 => AddrFamily::Inet6,
    };
    let hints =
        AddrInfoHints { socktype: SockType::Stream.into(), address: address.into(), ..AddrInfoHints::default() };
    let failed = |error: dns_lookup::LookupError| Unresolved::io(&io::Error::from(error));
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(failed)?;
    Ok(found.filter_map(Result::ok).map(|info| info.sockaddr).collect())
}

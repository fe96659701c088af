//! TLS connectors: one for equal settings, made off the engine, for it takes tens of milliseconds to read the trusted roots.

use super::commands::Command;
use super::workers::Workers;
use super::{Link, Shared};
use crate::connection::Prepared;
use crate::connection::report::{Ending, Initiator};
use crate::error::Error;
use crate::transport::tls::{self, Connector, Settings, Sources};
use crate::{fault, panics};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Connectors that are kept for later connections; those in use live on by themselves.
const KEPT: usize = 8;
/// Connectors made at a time.
const MAX_THREADS: usize = 2;
/// How long the end of a loop waits for a thread that makes one, at most. It stops within a fraction of a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connector being made.
struct Job {
    settings: Arc<Settings>,
    waiters: Vec<Arc<Link>>,
    permit: Arc<Permit>,
}

/// Lets who ordered a connector call it off, and know that nothing of TLS runs any more on the thread that makes it.
#[derive(Default)]
struct Permit {
    withdrawn: AtomicBool,
    running: Mutex<bool>,
    stopped: Condvar,
}

impl Permit {
    /// Runs this, unless it was called off.
    fn run(&self, act: impl FnOnce()) {
        let mut running = self.running.lock();
        if self.is_withdrawn() {
            return;
        }
        *running = true;
        drop(running);
        act();
        *self.running.lock() = false;
        self.stopped.notify_all();
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Relaxed)
    }

    fn withdraw(&self) {
        // Under the lock: what has not begun to run by now never does.
        let mut running = self.running.lock();
        self.withdrawn.store(true, Relaxed);
        self.stopped.wait_while_for(&mut running, |running| *running, PATIENCE);
    }
}

/// The connectors of a loop.
pub struct Connectors {
    workers: Workers,
    /// The one used last comes last.
    kept: Vec<(Arc<Settings>, Connector)>,
    awaited: Vec<Job>,
    shared: Arc<Shared>,
}

impl Connectors {
    /// What is made goes to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> Connectors {
        tls::watch_exit();
        Connectors { workers: Workers::new("egret-ws-tls", MAX_THREADS), kept: Vec::new(), awaited: Vec::new(), shared }
    }

    /// The connector for these settings, if there is one; else it is being made, and `link` hears of it.
    pub fn ask(&mut self, settings: &Arc<Settings>, link: &Arc<Link>) -> Option<Prepared> {
        if let Some(at) = self.kept.iter().position(|(kept, _)| kept == settings) {
            let entry = self.kept.remove(at);
            let connector = entry.1.clone();
            self.kept.push(entry);
            return Some(Ok(connector));
        }
        if let Some(job) = self.awaited.iter_mut().find(|job| job.settings == *settings) {
            job.waiters.push(Arc::clone(link));
            return None;
        }
        let permit = Arc::new(Permit::default());
        let (shared, wanted, permitted) = (Arc::clone(&self.shared), Arc::clone(settings), Arc::clone(&permit));
        let begun = self.workers.run(move || {
            // It may block for ever, and nobody waits for it.
            let sources = panics::catch(|| {
                fault::point(fault::Place::Roots);
                Sources::read(&wanted)
            });
            permitted.run(|| {
                let goes_on = || !permitted.is_withdrawn();
                let made = sources.and_then(|sources| panics::catch(|| sources?.connector(&wanted, &goes_on)));
                let made = match made {
                    Ok(made) => made.map_err(|why| Ending::new(Error::TlsOptions, Initiator::Local, why)),
                    Err(panicked) => {
                        let _ = shared.command(Command::Panicked(format!("{panicked}, while trusted roots were read")));
                        Err(Ending::internal())
                    }
                };
                // It fails if the engine has ended: then nobody waits.
                if shared.command(Command::Made(Box::new((wanted, made)))).is_ok() {
                    shared.wake();
                }
                tls::leave_thread();
            });
        });
        match begun {
            Ok(()) => {
                self.awaited.push(Job { settings: Arc::clone(settings), waiters: vec![Arc::clone(link)], permit });
                None
            }
            Err(error) => Some(Err(Ending::io(Error::NoResources, "no thread to read the trusted roots", &error))),
        }
    }

    /// One was made, or could not be: who has waited for it?
    pub fn made(&mut self, settings: Arc<Settings>, made: &Prepared) -> Vec<Arc<Link>> {
        let Some(at) = self.awaited.iter().position(|job| job.settings == settings) else { return Vec::new() };
        let waiters = self.awaited.swap_remove(at).waiters;
        if let Ok(connector) = made {
            if self.kept.len() == KEPT {
                self.kept.remove(0);
            }
            self.kept.push((settings, connector.clone()));
        }
        waiters
    }
}

/// When the loop is freed, nothing of TLS runs any more: the host may be about to end what TLS needs.
impl Drop for Connectors {
    fn drop(&mut self) {
        self.awaited.iter().for_each(|job| job.permit.withdraw());
    }
}

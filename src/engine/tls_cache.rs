//! TLS tls_cache: one for equal settings, made off the engine, for it takes tens of milliseconds to read the trusted roots.

use super::commands::Command;
use super::workers::Workers;
use super::{Shared, SocketShared};
use crate::connection::Prepared;
use crate::connection::report::{Ending, Initiator};
use crate::error::Error;
use crate::transport::tls::{self, Connector, Settings, Sources};
use crate::{failpoint, panics};
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// TlsCache that are kept for later connections; those in use live on by themselves.
const KEPT: usize = 8;
/// TlsCache made at a time.
const MAX_THREADS: usize = 2;
/// The longest time that the end of a loop waits for a thread that makes a connector. Such a thread stops within a millisecond.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connector being made.
struct Job {
    settings: Arc<Settings>,
    users: Users,
    waiters: Vec<Arc<SocketShared>>,
    permit: Arc<Permit>,
}

/// A connector that was made.
struct Kept {
    /// A copy of its own, so that it does not count among the users.
    settings: Arc<Settings>,
    connector: Connector,
    users: Users,
}

impl Kept {
    /// Is it kept? A connector with a private key is kept only while a socket uses it.
    fn is_of_use(&self) -> bool {
        self.settings.identity.is_none() || self.users.are_any()
    }
}

/// The settings of the sockets that asked for a connector.
#[derive(Default)]
struct Users(Vec<Weak<Settings>>);

impl Users {
    fn add(&mut self, settings: &Arc<Settings>) {
        self.0.retain(|user| user.strong_count() > 0 && user.as_ptr() != Arc::as_ptr(settings));
        self.0.push(Arc::downgrade(settings));
    }

    fn are_any(&self) -> bool {
        self.0.iter().any(|user| user.strong_count() > 0)
    }
}

/// Permission for a worker to run TLS code. The engine can withdraw it, and then waits until the worker has stopped.
#[derive(Default)]
struct Permit {
    withdrawn: AtomicBool,
    running: Mutex<bool>,
    stopped: Condvar,
}

impl Permit {
    /// Runs `act`, unless the permit was withdrawn.
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
        // Under the lock: work that has not begun by now never begins.
        let mut running = self.running.lock();
        self.withdrawn.store(true, Relaxed);
        self.stopped.wait_while_for(&mut running, |running| *running, PATIENCE);
    }
}

/// The tls_cache of a loop.
pub struct TlsCache {
    workers: Workers,
    /// The one used last comes last.
    kept: Vec<Kept>,
    awaited: Vec<Job>,
    shared: Arc<Shared>,
}

impl TlsCache {
    /// What is made goes to `shared`, as commands.
    pub fn new(shared: Arc<Shared>) -> TlsCache {
        TlsCache { workers: Workers::new("egret-ws-tls", MAX_THREADS), kept: Vec::new(), awaited: Vec::new(), shared }
    }

    /// The connector for these settings, if there is one; else it is being made, and `socket` hears of it.
    pub fn ask(&mut self, settings: &Arc<Settings>, socket: &Arc<SocketShared>) -> Option<Prepared> {
        if let Some(at) = self.kept.iter().position(|kept| kept.settings == *settings) {
            let mut kept = self.kept.remove(at);
            kept.users.add(settings);
            let connector = kept.connector.clone();
            self.kept.push(kept);
            return Some(Ok(connector));
        }
        if let Some(job) = self.awaited.iter_mut().find(|job| job.settings == *settings) {
            job.users.add(settings);
            job.waiters.push(Arc::clone(socket));
            return None;
        }
        let mut users = Users::default();
        users.add(settings);
        let settings = Arc::new((**settings).clone());
        let permit = Arc::new(Permit::default());
        let (shared, wanted, permitted) = (Arc::clone(&self.shared), Arc::clone(&settings), Arc::clone(&permit));
        let begun = self.workers.run(move || {
            // Reading may block for ever. It calls no TLS code, so nothing waits for it.
            let sources = panics::catch(|| {
                failpoint::point(failpoint::Place::Roots);
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
                // This fails if the engine has ended; then no socket waits.
                if shared.command(Command::Made(Box::new((wanted, made)))).is_ok() {
                    shared.wake();
                }
                tls::leave_thread();
            });
        });
        match begun {
            Ok(()) => {
                self.awaited.push(Job { settings, users, waiters: vec![Arc::clone(socket)], permit });
                None
            }
            Err(error) => Some(Err(Ending::io(Error::NoResources, "no thread to read the trusted roots", &error))),
        }
    }

    /// One was made, or could not be: who has waited for it?
    pub fn made(&mut self, settings: Arc<Settings>, made: &Prepared) -> Vec<Arc<SocketShared>> {
        let Some(at) = self.awaited.iter().position(|job| job.settings == settings) else { return Vec::new() };
        let Job { users, waiters, .. } = self.awaited.swap_remove(at);
        if let Ok(connector) = made {
            let kept = Kept { settings, connector: connector.clone(), users };
            if kept.is_of_use() {
                if self.kept.len() == KEPT {
                    self.kept.remove(0);
                }
                self.kept.push(kept);
            }
        }
        waiters
    }

    /// Drops private keys that no socket uses any more. Called when a connection has ended.
    pub fn tidy(&mut self) {
        self.kept.retain(Kept::is_of_use);
    }
}

/// After the loop was freed no TLS code runs in workers: the host may end the process or its own use of OpenSSL next.
impl Drop for TlsCache {
    fn drop(&mut self) {
        self.awaited.iter().for_each(|job| job.permit.withdraw());
    }
}

#[cfg(all(test, not(any(windows, target_vendor = "apple"))))]
mod tests {
    use super::*;
    use crate::connection::outbox::{Outbox, no_entropy};
    use crate::engine::commands::{Commands, Next};
    use crate::engine::{Engine, PASS};
    use crate::log::Log;
    use crate::transport::tls::tests::authority::Issued;
    use std::thread::yield_now;

    fn identity() -> Vec<u8> {
        Issued::root("player").pkcs12("sesame")
    }

    fn settings(identity: Option<Vec<u8>>) -> Arc<Settings> {
        let identity = identity.map(|pkcs12| (pkcs12.into(), "sesame".into()));
        Arc::new(Settings { identity, insecure: true, ..Settings::plain() })
    }

    fn socket() -> Arc<SocketShared> {
        Arc::new(SocketShared::new(0, 0, Outbox::new(100, 100, no_entropy()), 1000))
    }

    /// Waits for the next connector that a worker has made.
    fn next_made(engine: &mut Engine) -> Box<(Arc<Settings>, Prepared)> {
        let mut commands = Commands::default();
        while commands.is_empty() {
            engine.shared.take_commands(&mut commands);
            yield_now();
        }
        match commands.pop() {
            Some(Next::Command(Command::Made(made))) => made,
            _ => panic!("no connector was made"),
        }
    }

    /// Asks for a connector, and waits for it.
    fn get(engine: &mut Engine, settings: &Arc<Settings>) {
        if let Some(prepared) = engine.tls_cache.ask(settings, &socket()) {
            return assert!(prepared.is_ok());
        }
        let (settings, made) = *next_made(engine);
        assert!(made.is_ok());
        assert_eq!(engine.tls_cache.made(settings, &made).len(), 1);
    }

    #[test]
    fn connectors_with_a_key_are_kept_while_a_socket_uses_them() {
        let mut engine = Engine::new(Arc::new(Log::new(0, None)), true, false, PASS).unwrap();
        let pkcs12 = identity();
        let (plain, one, other) = (settings(None), settings(Some(pkcs12.clone())), settings(Some(pkcs12)));
        for settings in [&plain, &one, &other, &one] {
            get(&mut engine, settings);
        }
        assert_eq!(engine.tls_cache.kept.len(), 2, "equal settings have one connector");
        drop(one);
        engine.tls_cache.tidy();
        assert_eq!(engine.tls_cache.kept.len(), 2, "the other socket uses it");
        drop((plain, other));
        engine.tls_cache.tidy();
        let left: Vec<_> = engine.tls_cache.kept.iter().map(|kept| kept.settings.identity.is_some()).collect();
        assert_eq!(left, [false], "the system's roots need not be read again");
    }

    #[test]
    fn unwanted_connectors_with_a_key_are_not_kept() {
        let mut engine = Engine::new(Arc::new(Log::new(0, None)), true, false, PASS).unwrap();
        let with_key = settings(Some(identity()));
        assert!(engine.tls_cache.ask(&with_key, &socket()).is_none());
        drop(with_key);
        let (settings, made) = *next_made(&mut engine);
        engine.tls_cache.made(settings, &made);
        assert!(engine.tls_cache.kept.is_empty());
    }

    /// At the end of the loop: running work stops, and work that has not begun never begins.
    #[test]
    fn withdrawing_a_permit_waits_until_the_work_has_stopped() {
        let permit = Permit::default();
        let (began, wait_for_it) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                permit.run(|| {
                    began.send(()).unwrap();
                    while !permit.is_withdrawn() {
                        yield_now();
                    }
                });
            });
            wait_for_it.recv().unwrap();
            permit.withdraw();
            assert!(!*permit.running.lock());
            worker.join().unwrap();
        });
        permit.run(|| panic!("the permit was withdrawn"));
    }
}

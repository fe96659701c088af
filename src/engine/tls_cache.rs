//! The cache of TLS connectors: one connector for equal settings. Workers make them, because it takes tens of milliseconds to read the
//! trusted roots.

use super::command_queue::Command;
use super::workers::Workers;
use super::{Shared, SocketShared};
use crate::connection::Prepared;
use crate::connection::report::{Ending, Initiator};
use crate::error::Error;
use crate::transport::tls::{self, Connector, HostTls, Settings, Sources};
use crate::{failpoint, panics};
use parking_lot::{Condvar, Mutex};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The largest number of connectors that are kept for later connections. A connection itself keeps the connector that it uses.
const MAX_CACHED: usize = 8;
/// The largest number of connectors that are made at a time.
const MAX_THREADS: usize = 2;
/// The largest number of contexts that a host makes at a time. It is larger than [`MAX_THREADS`], because the host may block, and
/// other contexts must not wait for that.
const MAX_HOST_THREADS: usize = 16;
/// The longest time that the end of a loop waits for a worker that makes a connector. The worker stops within a millisecond.
const MAX_WITHDRAW_WAIT: Duration = Duration::from_secs(1);

/// A connector that a worker makes.
struct PendingConnector {
    settings: Arc<Settings>,
    users: Users,
    waiters: Vec<Arc<SocketShared>>,
    permit: Arc<Permit>,
}

/// A connector for later connections.
struct CachedConnector {
    /// This is a copy, so that it does not count as a user.
    settings: Arc<Settings>,
    connector: Connector,
    users: Users,
}

impl CachedConnector {
    /// Returns whether the cache may keep the connector. A connector with a private key is kept only while a socket uses it.
    fn may_be_kept(&mut self) -> bool {
        self.settings.identity.is_none() || self.users.is_any_left()
    }
}

/// The settings of the sockets that use a connector, in the order of their addresses, so that a socket that connects again is
/// found. Settings that no longer exist are dropped when the list would grow or is searched, so that the cost of each socket is
/// low.
#[derive(Default)]
struct Users(Vec<Weak<Settings>>);

impl Users {
    fn add(&mut self, settings: &Arc<Settings>) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|user| user.strong_count() > 0);
            self.0.reserve(self.0.len() + 1);
        }
        // No other settings can have this address, because the `Weak` keeps the memory.
        if let Err(at) = self.0.binary_search_by_key(&Arc::as_ptr(settings), Weak::as_ptr) {
            self.0.insert(at, Arc::downgrade(settings));
        }
    }

    fn is_any_left(&mut self) -> bool {
        while self.0.pop_if(|last| last.strong_count() == 0).is_some() {}
        !self.0.is_empty()
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
        // The lock is held: work that has not begun by now never begins.
        let mut running = self.running.lock();
        self.withdrawn.store(true, Relaxed);
        self.stopped.wait_while_for(&mut running, |running| *running, MAX_WITHDRAW_WAIT);
    }
}

/// The connectors of a loop.
pub struct TlsCache {
    workers: Workers,
    /// The most recently used connector is the last one.
    cached: Vec<CachedConnector>,
    pending: Vec<PendingConnector>,
    shared: Arc<Shared>,
    /// The TLS of the host, used instead of the TLS of this build.
    host: Option<Arc<dyn HostTls>>,
    /// The warning about a file with secrets was logged.
    has_warned: bool,
}

impl TlsCache {
    /// Makes the cache. Connectors that are made are sent to `shared`, as commands.
    pub fn new(shared: Arc<Shared>, host: Option<Arc<dyn HostTls>>) -> TlsCache {
        let max_threads = if host.is_some() { MAX_HOST_THREADS } else { MAX_THREADS };
        TlsCache {
            workers: Workers::new("egret-ws-tls", max_threads),
            cached: Vec::new(),
            pending: Vec::new(),
            shared,
            host,
            has_warned: false,
        }
    }

    /// Returns the connector for these settings. `None`: a worker makes it, and the result of [`TlsCache::finish`] will contain
    /// `socket`.
    pub fn connector(&mut self, settings: &Arc<Settings>, socket: &Arc<SocketShared>) -> Option<Prepared> {
        if let Some(at) = self.cached.iter().position(|cached| cached.settings == *settings) {
            let mut cached = self.cached.remove(at);
            cached.users.add(settings);
            let connector = cached.connector.clone();
            self.cached.push(cached);
            return Some(Ok(connector));
        }
        // This searches all pending connectors. Their settings differ, so their number is at most the number of settings that the
        // host uses at a time. A comparison ends at the first difference.
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.settings == *settings) {
            pending.users.add(settings);
            pending.waiters.push(Arc::clone(socket));
            return None;
        }
        if self.host.is_none()
            && !std::mem::replace(&mut self.has_warned, true)
            && let Some(warning) = tls::keylog_warning()
        {
            self.shared.log.warn(0, format_args!("{warning}"));
        }
        let mut users = Users::default();
        users.add(settings);
        let settings = Arc::new((**settings).clone());
        let permit = Arc::new(Permit::default());
        let (shared, wanted, permitted) = (Arc::clone(&self.shared), Arc::clone(&settings), Arc::clone(&permit));
        let host = self.host.clone();
        let begun = self.workers.run(move || {
            // Reading may never return. It calls no TLS code, so nothing has to wait for it.
            let sources = panics::catch(|| {
                failpoint::point(failpoint::Place::Roots);
                Sources::read(&wanted, host.as_deref())
            });
            permitted.run(|| {
                let goes_on = || !permitted.is_withdrawn();
                let made = sources.and_then(|sources| panics::catch(|| sources?.connector(&wanted, &goes_on)));
                let made = match made {
                    Ok(made) => made.map_err(|why| Ending::new(why.error, Initiator::Local, why.message)),
                    Err(panicked) => {
                        let _ =
                            shared.push(Command::WorkerPanicked(format!("{panicked}, while trusted roots were read")));
                        Err(Ending::internal())
                    }
                };
                // If this is refused, the engine has ended, and no socket waits.
                if shared.push(Command::ConnectorMade(Box::new((wanted, made)))).is_ok() {
                    shared.wake();
                }
                tls::leave_thread();
            });
        });
        match begun {
            Ok(()) => {
                self.pending.push(PendingConnector { settings, users, waiters: vec![Arc::clone(socket)], permit });
                None
            }
            Err(error) => {
                Some(Err(Ending::io(Error::NoResources, "no thread is left to read the trusted roots", &error)))
            }
        }
    }

    /// Called when a worker has made a connector, or has failed to make it. Returns the sockets that have waited for it.
    pub fn finish(&mut self, settings: Arc<Settings>, made: &Prepared) -> Vec<Arc<SocketShared>> {
        let Some(at) = self.pending.iter().position(|pending| pending.settings == settings) else { return Vec::new() };
        let PendingConnector { users, waiters, .. } = self.pending.swap_remove(at);
        if let Ok(connector) = made {
            let mut cached = CachedConnector { settings, connector: connector.clone(), users };
            if cached.may_be_kept() {
                if self.cached.len() == MAX_CACHED {
                    self.cached.remove(0);
                }
                self.cached.push(cached);
            }
        }
        waiters
    }

    /// Drops all TLS sessions. Sessions of connections that have already begun are not kept for later connections.
    pub fn forget_sessions(&mut self) {
        self.cached.retain_mut(|cached| match cached.connector.without_sessions() {
            Some(connector) => {
                cached.connector = connector;
                true
            }
            None => false,
        });
    }

    /// Drops connectors with private keys that no socket uses any more. It is called when a connection has ended.
    pub fn drop_unused_keys(&mut self) {
        self.cached.retain_mut(CachedConnector::may_be_kept);
    }
}

/// After a loop is freed, no worker runs TLS code, because the host may then end the process or its own use of OpenSSL.
impl Drop for TlsCache {
    fn drop(&mut self) {
        self.pending.iter().for_each(|pending| pending.permit.withdraw());
    }
}

#[cfg(all(test, tls_openssl))]
mod tests {
    use super::*;
    use crate::connection::send_queue::SendQueue;
    use crate::engine::command_queue::{CommandQueue, QueueItem};
    use crate::engine::tests::inline;
    use crate::engine::{Engine, HostParts, MAX_PASS};
    use crate::log::Log;
    use crate::protocol::mask::zero_keys;
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
        Arc::new(SocketShared::new(0, 0, SendQueue::new(100, 100, zero_keys()), 1000, crate::engine::Wants::default()))
    }

    /// Waits for the next connector that a worker has made.
    fn next_made(engine: &mut Engine) -> Box<(Arc<Settings>, Prepared)> {
        let mut commands = CommandQueue::default();
        while commands.is_empty() {
            engine.shared.take_commands(&mut commands);
            yield_now();
        }
        match commands.pop() {
            Some(QueueItem::Command(Command::ConnectorMade(made))) => made,
            _ => panic!("no connector was made"),
        }
    }

    /// Asks for a connector, and waits for it.
    fn get(engine: &mut Engine, settings: &Arc<Settings>) {
        if let Some(prepared) = engine.tls_cache.connector(settings, &socket()) {
            return assert!(prepared.is_ok());
        }
        let (settings, made) = *next_made(engine);
        assert!(made.is_ok());
        assert_eq!(engine.tls_cache.finish(settings, &made).len(), 1);
    }

    #[test]
    fn connectors_with_a_key_are_kept_while_a_socket_uses_them() {
        let mut engine =
            Engine::new(Arc::new(Log::new(0, None)), &inline(false), MAX_PASS, HostParts::default()).unwrap();
        let pkcs12 = identity();
        let (plain, one, other) = (settings(None), settings(Some(pkcs12.clone())), settings(Some(pkcs12)));
        for settings in [&plain, &one, &other, &one] {
            get(&mut engine, settings);
        }
        assert_eq!(engine.tls_cache.cached.len(), 2, "equal settings have one connector");
        drop(one);
        engine.tls_cache.drop_unused_keys();
        assert_eq!(engine.tls_cache.cached.len(), 2, "the other socket uses it");
        drop((plain, other));
        engine.tls_cache.drop_unused_keys();
        let left: Vec<_> = engine.tls_cache.cached.iter().map(|cached| cached.settings.identity.is_some()).collect();
        assert_eq!(left, [false], "the system's roots need not be read again");
    }

    #[test]
    fn connectors_with_a_key_that_no_socket_uses_are_not_kept() {
        let mut engine =
            Engine::new(Arc::new(Log::new(0, None)), &inline(false), MAX_PASS, HostParts::default()).unwrap();
        let with_key = settings(Some(identity()));
        assert!(engine.tls_cache.connector(&with_key, &socket()).is_none());
        drop(with_key);
        let (settings, made) = *next_made(&mut engine);
        engine.tls_cache.finish(settings, &made);
        assert!(engine.tls_cache.cached.is_empty());
    }

    #[test]
    fn users_that_are_added_again_or_gone_need_no_memory() {
        let (mut users, first, second) = (Users::default(), settings(None), settings(None));
        for _ in 0..10_000 {
            users.add(&first);
            users.add(&settings(None));
            users.add(&second);
        }
        assert!(users.0.capacity() < 50, "{}", users.0.capacity());
        drop(second);
        assert!(users.is_any_left());
        drop(first);
        assert!(!users.is_any_left() && users.0.is_empty());
    }

    /// At the end of the loop, running work stops, and work that has not begun never begins.
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

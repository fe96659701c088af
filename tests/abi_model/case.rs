//! One case: the loops, the sockets and the server that belong to a seed.

use crate::call_stack::{self, Frame};
use crate::contract;
use crate::loop_model::{HostLoop, HostSetup};
use crate::random::Random;
use crate::server::Server;
use crate::socket_model::{Socket, THREADS};
use crate::trace::{self, breach, lock};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// The number of handles from which the calls choose.
pub const SLOTS: usize = 6;
/// The largest number of sockets and loops of a case.
pub const MOST_SOCKETS: usize = 40;
pub const MOST_LOOPS: usize = 3;

pub struct Case {
    pub seed: u64,
    pub threads: usize,
    /// All sockets have all callbacks, so that the counts of polls are known.
    pub is_complete: bool,
    pub hosts: Mutex<Vec<Arc<HostLoop>>>,
    /// All sockets, in the order of their connect calls.
    pub sockets: Mutex<Vec<Arc<Socket>>>,
    pub slots: [Mutex<Option<Arc<Socket>>>; SLOTS],
    pub server: Server,
    pub targets: Arc<Targets>,
    pub calls: AtomicU64,
    /// All sockets must end. After this is set, no call may prevent that.
    pub is_ending: AtomicBool,
}

/// The facts about a socket that the server needs: its index in the case, and the size of the largest message it accepts.
#[derive(Default)]
pub struct Targets(Mutex<HashMap<usize, (u64, usize)>>);

impl Targets {
    pub fn add(&self, id: usize, index: u64, cap: usize) {
        lock(&self.0).insert(id, (index, cap));
    }

    pub fn find(&self, id: usize) -> Option<(u64, usize)> {
        lock(&self.0).get(&id).copied()
    }
}

/// The place to which a socket connects.
#[derive(Clone, Debug)]
pub struct Place {
    pub is_secure: bool,
    pub host: &'static str,
    pub port: u16,
}

impl Case {
    pub fn new(seed: u64) -> Arc<Case> {
        let mut random = Random::of(&[seed, 0xCA5E]);
        let targets = Arc::new(Targets::default());
        Arc::new(Case {
            seed,
            threads: random.pick(&[1, 1, 2, 3, THREADS]),
            is_complete: random.one_in(2),
            hosts: Mutex::default(),
            sockets: Mutex::default(),
            slots: Default::default(),
            server: Server::start(seed, &targets),
            targets,
            calls: AtomicU64::default(),
            is_ending: AtomicBool::default(),
        })
    }

    /// Usually this is the server. Sometimes it is a port without a listener, or the TLS server without TLS.
    pub fn place(&self, random: &mut Random) -> Place {
        // The last port has no listener.
        const HOSTS: [&str; 12] = {
            let mut hosts = ["127.0.0.1"; 12];
            (hosts[0], hosts[1], hosts[2]) = ("localhost", "localhost", "[::1]");
            hosts
        };
        let (server, tls) = (self.server.port, self.server.tls_port);
        let (is_secure, port) = match random.below(40) {
            0..=5 => (true, tls),
            6 => (true, server),
            7 => (false, tls),
            8 => (false, 1),
            _ => (false, server),
        };
        Place { is_secure, host: random.pick(&HOSTS), port }
    }

    pub fn host_setup(&self, random: &mut Random) -> HostSetup {
        HostSetup {
            is_inline: random.one_in(2),
            closes_on_suspend: random.one_in(4),
            log_level: random.pick(&[0, 1, 3, 4]),
            logs: !random.one_in(4),
            max_callbacks: random.pick(&[0, 0, 1, 2, 100, u32::MAX]),
            max_us: random.pick(&[0, 0, 1, 500, u32::MAX]),
            linger_ms: random.pick(&[0, 0, 1, 50]),
        }
    }

    /// Makes a call of the library, records it, and limits its time. An error that the header does not list is a breach.
    pub fn call(&self, function: &'static str, host: usize, words: &str, call: impl FnOnce() -> i64) -> (i64, Frame) {
        let (thread, depth) = (call_stack::thread(), call_stack::depth());
        let line = format!("{function}({words})");
        trace::note(thread, depth, &line);
        if let (Some(thread), 0) = (thread, depth) {
            trace::doing(thread, Some(line));
        }
        self.calls.fetch_add(1, SeqCst);
        let (result, frame) = call_stack::call(function, host, call);
        trace::note(thread, depth, &format!("= {} of {function}", contract::name(result)));
        if let (Some(thread), 0) = (thread, depth) {
            trace::doing(thread, None);
        }
        if result < 0 {
            contract::lists(function, result).unwrap_or_else(|why| breach!("{why}"));
            contract::note_reason();
        }
        (result, frame)
    }

    /// Makes a call whose arguments need no description.
    pub fn plain(&self, function: &'static str, call: impl FnOnce() -> i32) -> i32 {
        self.call(function, 0, "", || call().into()).0 as i32
    }

    /// All sockets whose connect call has succeeded.
    pub fn made(&self) -> Vec<Arc<Socket>> {
        lock(&self.sockets).iter().filter(|socket| socket.is_made()).cloned().collect()
    }

    pub fn host(&self, random: &mut Random) -> Option<Arc<HostLoop>> {
        let hosts = lock(&self.hosts);
        // The first loop has most of the sockets.
        let at = if random.one_in(5) { random.below(hosts.len()) } else { 0 };
        hosts.get(at).cloned()
    }
}

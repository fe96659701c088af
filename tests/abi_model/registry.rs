//! The meaning of the number in `user`. It is a number, not a pointer, so that a late callback is detected.

use crate::loop_model::{HostLoop, Ring};
use crate::socket_model::Socket;
use crate::trace::lock;
use ::egret_ws::egret_ws;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};

#[derive(Clone)]
enum Owner {
    Socket(Arc<Socket>),
    Host(Arc<HostLoop>),
    Ring(Arc<HostLoop>, Arc<Ring>),
}

static OWNERS: LazyLock<Mutex<HashMap<usize, Owner>>> = LazyLock::new(Mutex::default);
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// A number that was never used.
pub fn number() -> usize {
    NEXT.fetch_add(1, SeqCst)
}

pub fn add_socket(socket: &Arc<Socket>) {
    lock(&OWNERS).insert(socket.id, Owner::Socket(Arc::clone(socket)));
}

pub fn add_host(host: &Arc<HostLoop>) {
    lock(&OWNERS).insert(host.id, Owner::Host(Arc::clone(host)));
}

pub fn socket(id: usize) -> Option<Arc<Socket>> {
    match lock(&OWNERS).get(&id) {
        Some(Owner::Socket(socket)) => Some(Arc::clone(socket)),
        _ => None,
    }
}

pub fn host(id: usize) -> Option<Arc<HostLoop>> {
    match lock(&OWNERS).get(&id) {
        Some(Owner::Host(host)) => Some(Arc::clone(host)),
        _ => None,
    }
}

/// Adds a wake-up callback, and returns its number.
pub fn add_ring(host: &Arc<HostLoop>, ring: &Arc<Ring>) -> usize {
    let number = number();
    lock(&OWNERS).insert(number, Owner::Ring(Arc::clone(host), Arc::clone(ring)));
    number
}

/// Returns the wake-up callback with this number, and its loop.
pub fn ring(id: usize) -> Option<(Arc<HostLoop>, Arc<Ring>)> {
    match lock(&OWNERS).get(&id) {
        Some(Owner::Ring(host, ring)) => Some((Arc::clone(host), Arc::clone(ring))),
        _ => None,
    }
}

/// Returns a description of the socket with this handle.
pub fn name(handle: *mut egret_ws) -> String {
    let owners = lock(&OWNERS);
    let mut sockets = owners.values().filter_map(|owner| match owner {
        Owner::Socket(socket) if !handle.is_null() && socket.handle() == handle => Some(socket),
        _ => None,
    });
    sockets.next().map_or_else(|| "no socket".to_owned(), |socket| format!("socket {}", socket.index))
}

/// The case has ended. After this, each of its callbacks is a breach.
pub fn clear() {
    lock(&OWNERS).clear();
}

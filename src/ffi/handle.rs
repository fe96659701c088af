//! Handles: numbers that look like pointers. A handle has the number of a slot in a table and the generation of the slot's entry.
//! So a freed or forged handle is recognized, and no handle is ever dereferenced.
//!
//! ```text
//!   64 bits:  generation (37) │ slot (24) │ kind (3)        32 bits:  generation (15) │ slot (14) │ kind (3)
//! ```
//!
//! Kinds are odd, so that no handle is NULL or an aligned address.

use super::callbacks::Callbacks;
use super::slab::{MAX_SLOTS, Pin, Reserved, Slab};
use super::types::{egret_ws, egret_ws_loop, egret_ws_query};
use crate::error::{DetailedError, Error};
use crate::socket::{Loop, OpenQuery, Reply, Socket};
use std::ops::Deref;
use std::sync::Arc;

const KIND_BITS: u32 = 3;
const SLOT_BITS: u32 = if usize::BITS == 64 { 24 } else { 14 };
const MAX_GENERATION: usize = (1 << (usize::BITS - KIND_BITS - SLOT_BITS)) - 1;
const _: () = assert!(MAX_SLOTS <= 1 << SLOT_BITS);

/// The kind of object that a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum HandleKind {
    Loop = 1,
    Socket = 3,
    Query = 5,
}

/// The number that C holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle(usize);

impl Handle {
    fn new(kind: HandleKind, slot: usize, generation: usize) -> Handle {
        Handle(kind as usize | slot << KIND_BITS | generation << (KIND_BITS + SLOT_BITS))
    }

    fn is(self, kind: HandleKind) -> bool {
        self.0 & ((1 << KIND_BITS) - 1) == kind as usize
    }

    fn slot(self) -> usize {
        self.0 >> KIND_BITS & ((1 << SLOT_BITS) - 1)
    }

    fn generation(self) -> usize {
        self.0 >> (KIND_BITS + SLOT_BITS)
    }

    /// For log lines.
    pub(super) fn number(self) -> usize {
        self.0
    }

    pub(super) fn to_loop(self) -> *mut egret_ws_loop {
        std::ptr::without_provenance_mut(self.0)
    }

    pub(super) fn to_socket(self) -> *mut egret_ws {
        std::ptr::without_provenance_mut(self.0)
    }
}

static LOOPS: Slab<Arc<Loop>> = Slab::new(MAX_GENERATION);
static SOCKETS: Slab<SocketEntry> = Slab::new(MAX_GENERATION);
static QUERIES: Slab<Reply> = Slab::new(MAX_GENERATION);

/// A socket in the table, with the application's callbacks.
pub(super) struct SocketEntry {
    pub(super) socket: Arc<Socket>,
    pub(super) callbacks: Arc<Callbacks>,
}

impl Deref for SocketEntry {
    type Target = Arc<Socket>;

    #[inline]
    fn deref(&self) -> &Arc<Socket> {
        &self.socket
    }
}

/// Reserves a slot for a loop. Its handle becomes valid when the slot is filled.
pub(super) fn reserve_loop() -> Result<(Handle, Reserved<'static, Arc<Loop>>), Error> {
    let slot = LOOPS.reserve()?;
    Ok((Handle::new(HandleKind::Loop, slot.index(), slot.generation()), slot))
}

/// Reserves a slot for a socket. Its handle becomes valid when the slot is filled.
pub(super) fn reserve_socket() -> Result<(Handle, Reserved<'static, SocketEntry>), Error> {
    let slot = SOCKETS.reserve()?;
    Ok((Handle::new(HandleKind::Socket, slot.index(), slot.generation()), slot))
}

fn find<T>(slab: &'static Slab<T>, kind: HandleKind, handle: Handle) -> Result<Pin<'static, T>, Error> {
    let found = if handle.is(kind) { slab.get(handle.slot(), handle.generation()) } else { None };
    found.ok_or(Error::BadHandle)
}

/// A loop that a call uses; it stays in the table until the call ends.
pub(super) type FoundLoop = Pin<'static, Arc<Loop>>;
/// A socket that a call uses; it stays in the table until the call ends.
pub(super) type FoundSocket = Pin<'static, SocketEntry>;

/// A query that a call uses; its reply stays in the table until the call ends.
pub(super) type FoundQuery = Pin<'static, Reply>;

/// Finds the loop of a handle.
#[inline]
pub(super) fn resolve_loop(handle: *mut egret_ws_loop) -> Result<FoundLoop, Error> {
    find(&LOOPS, HandleKind::Loop, Handle(handle.addr()))
}

/// Finds the socket of a handle.
#[inline]
pub(super) fn resolve_socket(handle: *mut egret_ws) -> Result<FoundSocket, Error> {
    find(&SOCKETS, HandleKind::Socket, Handle(handle.addr()))
}

/// Finds the query of a handle.
pub(super) fn resolve_query(handle: *mut egret_ws_query) -> Result<FoundQuery, Error> {
    find(&QUERIES, HandleKind::Query, Handle(handle.addr()))
}

/// A query's handle, which becomes invalid when this is dropped.
struct QueryHandle(Handle);

impl OpenQuery for QueryHandle {
    fn number(&self) -> usize {
        self.0.0
    }
}

impl Drop for QueryHandle {
    fn drop(&mut self) {
        if let Some(query) = QUERIES.get(self.0.slot(), self.0.generation()) {
            query.retire();
        }
    }
}

/// Makes a handle for a query.
pub(super) fn open_query(reply: Reply) -> Result<impl OpenQuery, Error> {
    let slot = QUERIES.reserve()?;
    let handle = Handle::new(HandleKind::Query, slot.index(), slot.generation());
    slot.fill(reply);
    Ok(QueryHandle(handle))
}

/// Makes a query's handle invalid, because it is answered. Succeeds once.
pub(super) fn close_query(query: &FoundQuery) -> Result<(), DetailedError> {
    if query.retire() { Ok(()) } else { Err(DetailedError::bad_query()) }
}

/// Makes a socket's handle invalid.
pub(super) fn remove_socket(socket: &FoundSocket) -> Result<(), Error> {
    if socket.retire() { Ok(()) } else { Err(Error::BadHandle) }
}

/// Makes the handles of a loop and of all its sockets invalid.
pub(super) fn remove_loop(host_loop: &Arc<Loop>) {
    for found in LOOPS.live().filter(|found| Arc::ptr_eq(found, host_loop)) {
        found.retire();
    }
    for socket in SOCKETS.live().filter(|socket| socket.is_of(host_loop)) {
        socket.retire();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_contains_its_slot_generation_and_kind() {
        for (slot, generation) in [(0, 1), (5, 7), (MAX_SLOTS - 1, MAX_GENERATION)] {
            let handle = Handle::new(HandleKind::Socket, slot, generation);
            assert_eq!((handle.slot(), handle.generation()), (slot, generation));
            assert!(handle.is(HandleKind::Socket));
            assert!(!handle.is(HandleKind::Loop) && !handle.is(HandleKind::Query));
            assert_ne!(handle.0 % 2, 0);
        }
    }
}

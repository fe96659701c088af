//! Handles: numbers that look like pointers. Each names a slot of one table and the generation of what lies in it, so a
//! freed, forged or foreign handle is told from a live one without touching memory it points to.
//!
//! ```text
//!   64 bits:  generation (38) │ slot (24) │ kind (2)        32 bits:  generation (16) │ slot (14) │ kind (2)
//! ```
//!
//! Kinds are odd, so that no handle is NULL or the address of anything aligned. A slot whose generations are used up is
//! never used again.

use super::types::{egret_ws, egret_ws_loop};
use crate::error::Error;
use crate::socket::{Loop, Socket};
use parking_lot::RwLock;
use std::collections::VecDeque;
use std::sync::Arc;

const KIND_BITS: u32 = 2;
const SLOT_BITS: u32 = if usize::BITS == 64 { 24 } else { 14 };
const MAX_SLOTS: usize = 1 << SLOT_BITS;
const MAX_GENERATION: usize = (1 << (usize::BITS - KIND_BITS - SLOT_BITS)) - 1;

/// What a handle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Kind {
    Loop = 1,
    Socket = 3,
}

/// The number that C holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle(usize);

impl Handle {
    fn new(kind: Kind, slot: usize, generation: usize) -> Handle {
        Handle(kind as usize | slot << KIND_BITS | generation << (KIND_BITS + SLOT_BITS))
    }

    fn is(self, kind: Kind) -> bool {
        self.0 & ((1 << KIND_BITS) - 1) == kind as usize
    }

    fn slot(self) -> usize {
        self.0 >> KIND_BITS & (MAX_SLOTS - 1)
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

/// What a slot holds.
pub(super) enum Entry {
    Loop(Arc<Loop>),
    Socket(Arc<Socket>),
}

impl Entry {
    fn kind(&self) -> Kind {
        match self {
            Entry::Loop(_) => Kind::Loop,
            Entry::Socket(_) => Kind::Socket,
        }
    }
}

struct Slot {
    generation: usize,
    entry: Option<Entry>,
}

struct Table {
    slots: Vec<Slot>,
    /// The one that was given back longest ago is used first, so that a stale handle is wrong for long.
    unused: VecDeque<usize>,
}

static TABLE: RwLock<Table> = RwLock::new(Table { slots: Vec::new(), unused: VecDeque::new() });

impl Table {
    /// What the handle stands for, if it is live and of this kind, in its own bits as well as in fact.
    fn get(&self, handle: Handle, kind: Kind) -> Result<&Entry, Error> {
        let slot = self.slots.get(handle.slot()).filter(|slot| slot.generation == handle.generation());
        let entry = slot.and_then(|slot| slot.entry.as_ref());
        entry.filter(|entry| handle.is(kind) && entry.kind() == kind).ok_or(Error::BadHandle)
    }

    /// Empties a slot; its handle is stale from now on.
    fn retire(&mut self, slot: usize) -> Option<Entry> {
        let retired = &mut self.slots[slot];
        let entry = retired.entry.take();
        retired.generation += 1;
        if retired.generation <= MAX_GENERATION {
            self.unused.push_back(slot);
        }
        entry
    }
}

/// A slot that nothing lies in yet. Dropped without being filled, it is given back.
pub(super) struct Reserved {
    handle: Handle,
    filled: bool,
}

impl Reserved {
    pub(super) fn new(kind: Kind) -> Result<Reserved, Error> {
        let mut table = TABLE.write();
        let slot = match table.unused.pop_front() {
            Some(slot) => slot,
            None if table.slots.len() == MAX_SLOTS => return Err(Error::NoResources),
            None => {
                table.slots.push(Slot { generation: 1, entry: None });
                table.slots.len() - 1
            }
        };
        Ok(Reserved { handle: Handle::new(kind, slot, table.slots[slot].generation), filled: false })
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle
    }

    /// The handle is valid from now on.
    pub(super) fn fill(mut self, entry: Entry) {
        TABLE.write().slots[self.handle.slot()].entry = Some(entry);
        self.filled = true;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.filled {
            TABLE.write().retire(self.handle.slot());
        }
    }
}

/// The loop of a handle.
pub(super) fn resolve_loop(handle: *mut egret_ws_loop) -> Result<Arc<Loop>, Error> {
    match TABLE.read().get(Handle(handle.addr()), Kind::Loop)? {
        Entry::Loop(host_loop) => Ok(Arc::clone(host_loop)),
        Entry::Socket(_) => Err(Error::BadHandle),
    }
}

/// The socket of a handle.
pub(super) fn resolve_socket(handle: *mut egret_ws) -> Result<Arc<Socket>, Error> {
    match TABLE.read().get(Handle(handle.addr()), Kind::Socket)? {
        Entry::Socket(socket) => Ok(Arc::clone(socket)),
        Entry::Loop(_) => Err(Error::BadHandle),
    }
}

/// Makes a socket's handle invalid and returns what it stood for.
pub(super) fn remove_socket(handle: *mut egret_ws) -> Result<Arc<Socket>, Error> {
    let handle = Handle(handle.addr());
    let mut table = TABLE.write();
    table.get(handle, Kind::Socket)?;
    match table.retire(handle.slot()) {
        Some(Entry::Socket(socket)) => Ok(socket),
        _ => Err(Error::BadHandle),
    }
}

/// Makes the handles of a loop and of all its sockets invalid.
pub(super) fn remove_loop(host_loop: &Arc<Loop>) {
    let mut table = TABLE.write();
    let is_of_loop = |slot: &Slot| match &slot.entry {
        Some(Entry::Loop(other)) => Arc::ptr_eq(other, host_loop),
        Some(Entry::Socket(socket)) => socket.is_of(host_loop),
        None => false,
    };
    let slots: Vec<usize> = (0..table.slots.len()).filter(|slot| is_of_loop(&table.slots[*slot])).collect();
    let retired: Vec<_> = slots.into_iter().map(|slot| table.retire(slot)).collect();
    drop(table);
    drop(retired); // their ends may be long, and need no lock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_its_parts() {
        for (slot, generation) in [(0, 1), (5, 7), (MAX_SLOTS - 1, MAX_GENERATION)] {
            let handle = Handle::new(Kind::Socket, slot, generation);
            assert_eq!((handle.slot(), handle.generation()), (slot, generation));
            assert!(handle.is(Kind::Socket) && !handle.is(Kind::Loop));
            assert_ne!(handle.0 % 2, 0);
        }
    }

    #[test]
    fn a_slot_comes_back_with_another_generation_and_old_handles_stay_bad() {
        let mut table = Table { slots: vec![Slot { generation: 1, entry: None }], unused: VecDeque::new() };
        table.retire(0);
        assert_eq!(table.unused, [0]);
        assert_eq!(table.slots[0].generation, 2);
        assert!(table.get(Handle::new(Kind::Loop, 0, 1), Kind::Loop).is_err());
        table.slots[0].generation = MAX_GENERATION;
        table.unused.clear();
        table.retire(0);
        assert!(table.unused.is_empty(), "used up, never to come back");
    }
}

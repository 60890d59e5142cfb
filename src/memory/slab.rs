//! Nodes of one cache line in pages of 4 KiB, linked by index: a cold hit touches one line where a boxed list touches
//! several, and growing never copies what is there.

use super::policy::Entry;
use crate::digest::Digest;
use crate::value::{Value, prefetch};
use std::collections::TryReserveError;

/// "No node": the end of a list.
pub(super) const NIL: u32 = u32::MAX;

const PAGE: usize = 64;

#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Node {
    pub(super) key: Digest,
    /// None in a free node.
    pub(super) value: Option<Value>,
    pub(super) tag: u64,
    prev: u32,
    next: u32,
    /// Bytes charged, in units of 64, as its list counts them.
    units: u32,
    /// Uses since it was last looked at, at most 3.
    pub(super) uses: u8,
    /// Which list it is on.
    pub(super) queue: u8,
}

const _: () = assert!(size_of::<Node>() == 64);

impl Node {
    const EMPTY: Self =
        Self { key: Digest([0; 32]), value: None, tag: 0, prev: NIL, next: NIL, units: 0, uses: 0, queue: 0 };

    /// Bytes charged, in units of 64.
    pub(super) fn units(&self) -> u64 {
        self.units.into()
    }
}

#[derive(Debug)]
pub(super) struct Slab {
    pages: Vec<Box<[Node; PAGE]>>,
    free: u32,
    len: usize,
    live: usize,
}

impl Slab {
    pub(super) const fn new() -> Self {
        Self { pages: Vec::new(), free: NIL, len: 0, live: 0 }
    }

    /// Nodes in use.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Nodes in use or free.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn node(&self, at: u32) -> &Node {
        &self.pages[at as usize / PAGE][at as usize % PAGE]
    }

    pub(super) fn node_mut(&mut self, at: u32) -> &mut Node {
        &mut self.pages[at as usize / PAGE][at as usize % PAGE]
    }

    /// The next younger node of its list.
    pub(super) fn before(&self, at: u32) -> Option<u32> {
        let prev = self.node(at).prev;
        (prev != NIL).then_some(prev)
    }

    /// Asks for a node.
    pub(super) fn sight(&self, at: u32) {
        prefetch(self.node(at));
    }

    /// Asks for what a lookup reads of a node's value; nothing for [`NIL`].
    pub(super) fn foresee_value(&self, at: u32) {
        if at != NIL {
            self.node(at).value.iter().for_each(Value::foresee);
        }
    }

    /// Node `at` is likely the next victim: asks for its value's block, and for the node before it, the victim after.
    pub(super) fn foresee(&self, at: u32) {
        let node = self.node(at);
        if let Some(value) = &node.value {
            value.prefetch(node.units as usize * 64);
        }
        if node.prev != NIL {
            prefetch(self.node(node.prev));
        }
    }

    /// Puts an entry into a free node, or a new one; gives it back where the allocator refuses a page.
    pub(super) fn add(&mut self, key: &Digest, entry: Entry) -> Result<u32, Entry> {
        if self.free == NIL && self.len % PAGE == 0 && self.add_page().is_err() {
            return Err(entry);
        }
        self.live += 1;
        let at = if self.free == NIL {
            self.len += 1;
            self.len as u32 - 1
        } else {
            let at = self.free;
            self.free = self.node(at).next;
            at
        };
        // Field by field: a node made elsewhere and moved here would be read before its parts had been written.
        let node = self.node_mut(at);
        node.key = *key;
        node.tag = entry.tag;
        node.units = units(&entry.value);
        node.uses = 0;
        debug_assert!(node.value.is_none(), "a free node is empty");
        std::mem::forget(node.value.replace(entry.value));
        Ok(at)
    }

    #[cold]
    fn add_page(&mut self) -> Result<(), TryReserveError> {
        self.pages.try_reserve(1)?;
        let mut page = Vec::new();
        page.try_reserve_exact(PAGE)?;
        page.resize_with(PAGE, || Node::EMPTY);
        self.pages.extend(page.try_into().ok());
        Ok(())
    }

    /// Adds the keys and tags in the next `steps` nodes from `cursor` on, as far as there is room for them.
    pub(super) fn walk(&self, cursor: &mut usize, steps: usize, keys: &mut Vec<(Digest, u64)>) {
        let end = self.len.min(cursor.saturating_add(steps));
        while *cursor < end && keys.len() < keys.capacity() {
            let node = self.node(*cursor as u32);
            *cursor += 1;
            if node.value.is_some() {
                keys.push((node.key, node.tag));
            }
        }
    }

    /// Empties a node that is on no list.
    pub(super) fn remove(&mut self, at: u32) -> Option<Entry> {
        let free = self.free;
        let node = self.node_mut(at);
        let value = node.value.take()?;
        let tag = node.tag;
        node.next = free;
        self.free = at;
        self.live -= 1;
        Some(Entry { value, tag })
    }

    /// Exchanges a node's entry; its list must be told of the new size by [`List::recount`].
    pub(super) fn exchange(&mut self, at: u32, entry: Entry) -> Option<Entry> {
        let node = self.node_mut(at);
        let tag = std::mem::replace(&mut node.tag, entry.tag);
        node.value.replace(entry.value).map(|value| Entry { value, tag })
    }

    /// Moves the last live nodes into the first free ones, calls `moved(slab, to)` for each, and frees the pages left
    /// empty; or does nothing where the allocator refuses a shorter list of pages. The nodes need no memory to move.
    pub(super) fn compact(&mut self, mut moved: impl FnMut(&mut Self, u32)) -> Result<(), TryReserveError> {
        let mut pages = Vec::new();
        pages.try_reserve_exact(self.live.div_ceil(PAGE))?;
        let mut to = 0u32;
        let mut from = self.len as u32;
        while from as usize > self.live {
            from -= 1;
            if self.node(from).value.is_none() {
                continue;
            }
            while self.node(to).value.is_some() {
                to += 1;
            }
            let value = self.node_mut(from).value.take();
            let Node { key, tag, prev, next, units, uses, queue, .. } = *self.node(from);
            *self.node_mut(to) = Node { key, value, tag, prev, next, units, uses, queue };
            moved(self, to);
        }
        self.len = self.live;
        self.free = NIL;
        self.pages.truncate(self.len.div_ceil(PAGE));
        pages.append(&mut self.pages);
        self.pages = pages;
        Ok(())
    }
}

fn units(value: &Value) -> u32 {
    u32::try_from(value.charged().div_ceil(64)).unwrap_or(u32::MAX)
}

/// A doubly linked list through a slab's nodes: new ones at the head, old ones at the tail.
#[derive(Debug)]
pub(super) struct List {
    id: u8,
    head: u32,
    tail: u32,
    len: u32,
    units: u64,
}

impl List {
    pub(super) const fn new(id: u8) -> Self {
        Self { id, head: NIL, tail: NIL, len: 0, units: 0 }
    }

    pub(super) fn tail(&self) -> Option<u32> {
        (self.tail != NIL).then_some(self.tail)
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Bytes charged for its entries, in units of 64.
    pub(super) fn units(&self) -> u64 {
        self.units
    }

    pub(super) fn push_head(&mut self, slab: &mut Slab, at: u32) {
        let old = self.head;
        let node = slab.node_mut(at);
        node.queue = self.id;
        node.prev = NIL;
        node.next = old;
        self.units += u64::from(node.units);
        self.len += 1;
        match old {
            NIL => self.tail = at,
            old => slab.node_mut(old).prev = at,
        }
        self.head = at;
    }

    pub(super) fn unlink(&mut self, slab: &mut Slab, at: u32) {
        let Node { prev, next, units, .. } = *slab.node(at);
        self.units -= u64::from(units);
        self.len -= 1;
        self.join(slab, prev, next);
    }

    /// Makes `prev` and `next` neighbours.
    fn join(&mut self, slab: &mut Slab, prev: u32, next: u32) {
        match prev {
            NIL => self.head = next,
            prev => slab.node_mut(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => slab.node_mut(next).prev = prev,
        }
    }

    /// Follows a node that [`Slab::compact`] moved.
    pub(super) fn moved(&mut self, slab: &mut Slab, to: u32) {
        let Node { prev, next, .. } = *slab.node(to);
        match prev {
            NIL => self.head = to,
            prev => slab.node_mut(prev).next = to,
        }
        match next {
            NIL => self.tail = to,
            next => slab.node_mut(next).prev = to,
        }
    }

    /// Counts a node's size anew after [`Slab::exchange`].
    pub(super) fn recount(&mut self, slab: &mut Slab, at: u32) {
        let node = slab.node_mut(at);
        let new = node.value.as_ref().map_or(0, units);
        let old = std::mem::replace(&mut node.units, new);
        self.units = self.units - u64::from(old) + u64::from(new);
    }
}

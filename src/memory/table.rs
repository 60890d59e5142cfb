//! The index: which node of a slab has a key. hashbrown's table, whose lines can be asked for ahead of a search.

use super::ahead::Place;
use hashbrown::{HashTable, TryReserveError};

#[derive(Debug)]
pub(super) struct Table {
    nodes: HashTable<u32>,
    place: Place,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { nodes: HashTable::new(), place: Place { control: 0, mask: 0 } }
    }

    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.nodes.find(hash, |&at| is_it(at)).copied()
    }

    /// Where its memory is, as of the last insert.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Asks for what a search for `hash`, an insert or a removal needs.
    #[inline]
    pub(super) fn foresee(&self, hash: u64) {
        self.place.foresee(hash);
    }

    /// The first node that may be the one with this hash, which as a rule it is.
    pub(super) fn first(&self, hash: u64) -> Option<u32> {
        self.find(hash, |_| true)
    }

    pub(super) fn try_reserve(&mut self, more: usize, hash_of: impl Fn(u32) -> u64) -> Result<(), TryReserveError> {
        self.nodes.try_reserve(more, |&at| hash_of(at))
    }

    /// Adds a node whose key is not here, in room that was reserved.
    pub(super) fn insert(&mut self, hash: u64, at: u32, hash_of: impl Fn(u32) -> u64) {
        let entry = self.nodes.insert_unique(hash, at, |&at| hash_of(at));
        let bucket: *const u32 = entry.get();
        let control = bucket.addr().wrapping_add((entry.bucket_index() + 1) * size_of::<u32>());
        self.place = Place { control, mask: self.nodes.num_buckets() - 1 };
    }

    pub(super) fn remove(&mut self, hash: u64, at: u32) {
        if let Ok(found) = self.nodes.find_entry(hash, |&it| it == at) {
            found.remove();
        }
    }
}

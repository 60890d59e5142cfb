//! The index: which node of a slab has a key. hashbrown's table, whose lines can be asked for ahead of a search.

use crate::value::prefetch;
use hashbrown::{HashTable, TryReserveError};

use std::ptr::without_provenance;

#[derive(Debug)]
pub(super) struct Table {
    nodes: HashTable<u32>,
    /// Where hashbrown has its control bytes, one a bucket; the buckets lie before them, the first one last. Only ever
    /// prefetched: were this another day's layout, lines would be fetched in vain.
    control: usize,
    mask: usize,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { nodes: HashTable::new(), control: 0, mask: 0 }
    }

    pub(super) fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        self.nodes.find(hash, |&at| is_it(at)).copied()
    }

    /// Asks for what a search for `hash`, an insert or a removal needs.
    #[inline]
    pub(super) fn foresee(&self, hash: u64) {
        let bucket = hash as usize & self.mask;
        prefetch(without_provenance::<u8>(self.control.wrapping_add(bucket)));
        prefetch(without_provenance::<u32>(self.control.wrapping_sub((bucket + 1) * size_of::<u32>())));
    }

    pub(super) fn try_reserve(&mut self, more: usize, hash_of: impl Fn(u32) -> u64) -> Result<(), TryReserveError> {
        self.nodes.try_reserve(more, |&at| hash_of(at))
    }

    /// Adds a node whose key is not here, in room that was reserved.
    pub(super) fn insert(&mut self, hash: u64, at: u32, hash_of: impl Fn(u32) -> u64) {
        let entry = self.nodes.insert_unique(hash, at, |&at| hash_of(at));
        let bucket: *const u32 = entry.get();
        self.control = bucket.addr().wrapping_add((entry.bucket_index() + 1) * size_of::<u32>());
        self.mask = self.nodes.num_buckets() - 1;
    }

    pub(super) fn remove(&mut self, hash: u64, at: u32) {
        if let Ok(found) = self.nodes.find_entry(hash, |&it| it == at) {
            found.remove();
        }
    }
}

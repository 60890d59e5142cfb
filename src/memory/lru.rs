//! Least recently used, exact within a shard, by the crate `lru`. Its nodes are boxed, so a put allocates one under the
//! lock and a cold hit follows more pointers than S3-FIFO's: it is here for those who need LRU's order.

use super::policy::{Arrival, Entry, Evicted, MAX_EVICTED, Passing, PolicyIndex};
use crate::digest::Digest;
use crate::value::Value;
use arrayvec::ArrayVec;
use lru::LruCache;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::num::NonZeroUsize;

/// A key with its stirred hash, so that the map doesn't hash again.
#[derive(Debug, PartialEq, Eq)]
struct Hashed {
    key: Digest,
    hash: u64,
}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Passes a hash through.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only a ready hash is hashed")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Debug)]
pub(super) struct Lru {
    /// Made by the first insert, for an empty one has memory: a purge must need none.
    entries: Option<LruCache<Hashed, Entry, BuildHasherDefault<AsIs>>>,
    /// The most entries since the last trim: the table has grown to that.
    slots: usize,
}

impl Lru {
    pub(super) const fn new() -> Self {
        Self { entries: None, slots: 0 }
    }
}

impl PolicyIndex for Lru {
    // A boxed node 72; the table 17 bytes a bucket, at most 32/7 buckets an entry after churn (77.7) and half as many
    // more while it doubles (38.9).
    const ENTRY_COST: u64 = 192;

    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value> {
        self.entries.as_mut()?.get(&Hashed { key: *key, hash }).map(|entry| &entry.value)
    }

    fn peek(&self, hash: u64, key: &Digest) -> Option<&Value> {
        self.entries.as_ref()?.peek(&Hashed { key: *key, hash }).map(|entry| &entry.value)
    }

    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry> {
        match self.entries.as_mut().and_then(|entries| entries.get_mut(&Hashed { key: *key, hash })) {
            Some(old) => Ok(std::mem::replace(old, entry)),
            None => Err(entry),
        }
    }

    /// Never gives the entry back: where the allocator refuses, the crate ends the process.
    fn insert(&mut self, arrival: &Arrival, key: &Digest, entry: Entry) -> Result<(), Entry> {
        let new = || LruCache::unbounded_with_hasher(BuildHasherDefault::default());
        let entries = self.entries.get_or_insert_with(new);
        entries.put(Hashed { key: *key, hash: arrival.hash }, entry);
        self.slots = self.slots.max(entries.len());
        Ok(())
    }

    fn remove(&mut self, hash: u64, key: &Digest) -> Option<Entry> {
        self.entries.as_mut()?.pop(&Hashed { key: *key, hash })
    }

    fn evict(&mut self, passing: &mut Passing, _: Option<&mut Arrival>) -> Option<Entry> {
        let entries = self.entries.as_mut()?;
        for _ in 0..entries.len() {
            if passing.is_over() {
                break;
            }
            let (oldest, entry) = entries.peek_lru()?;
            if !passing.passes(Some(&entry.value)) {
                return entries.pop_lru().map(|(_, entry)| entry);
            }
            // Someone is reading it now: that is a use.
            let oldest = Hashed { key: oldest.key, hash: oldest.hash };
            entries.promote(&oldest);
        }
        None
    }

    /// The crate's order has no positions to come back to, so each call looks from the oldest on, at all there are.
    fn sweep(&mut self, matches: &dyn Fn(u64) -> bool, cursor: &mut usize, removed: &mut Evicted) {
        *cursor = self.sweep_end();
        let Some(entries) = &mut self.entries else { return };
        let mut found: ArrayVec<Hashed, MAX_EVICTED> = ArrayVec::new();
        let old_first = entries.iter().rev().filter(|(_, entry)| matches(entry.tag));
        found.extend(old_first.take(removed.remaining_capacity()).map(|(it, _)| Hashed { key: it.key, hash: it.hash }));
        if found.is_full() {
            *cursor = 0;
        }
        removed.extend(found.iter().filter_map(|hashed| entries.pop(hashed)));
    }

    fn walk(&self, cursor: &mut usize, keys: &mut Vec<(Digest, u64)>) {
        *cursor = self.sweep_end();
        let room = keys.capacity() - keys.len();
        let old_first = self.entries.iter().flat_map(|entries| entries.iter().rev());
        keys.extend(old_first.take(room).map(|(hashed, entry)| (hashed.key, entry.tag)));
    }

    fn sweep_end(&self) -> usize {
        usize::MAX
    }

    fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, LruCache::len)
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn trim(&mut self) {
        let Some(entries) = &mut self.entries else { return };
        self.slots = entries.len();
        match NonZeroUsize::new(self.slots) {
            // Shrinking the limit is the crate's way to shrink its table; nothing is evicted at the present length.
            Some(len) => {
                entries.resize(len);
                entries.resize(NonZeroUsize::MAX);
            }
            None => self.entries = None,
        }
    }
}

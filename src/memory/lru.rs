//! Least recently used, exact within a shard, by the crate `lru`. Its nodes are boxed, so a put allocates one under the
//! lock and a cold hit follows more pointers than S3-FIFO's: it is here for those who need LRU's order.

use super::policy::{Entry, Passing, PolicyIndex};
use crate::digest::Digest;
use crate::value::Value;
use lru::LruCache;
use std::hash::{BuildHasherDefault, Hash, Hasher};

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
    entries: LruCache<Hashed, Entry, BuildHasherDefault<AsIs>>,
    /// The most entries since the last trim: the table has grown to that.
    slots: usize,
}

impl Lru {
    pub(super) fn new() -> Self {
        Self { entries: LruCache::unbounded_with_hasher(BuildHasherDefault::default()), slots: 0 }
    }
}

impl PolicyIndex for Lru {
    // A boxed node 72; the table 17 bytes a bucket, at most 32/7 buckets an entry after churn (77.7) and half as many
    // more while it doubles (38.9).
    const ENTRY_COST: u64 = 192;

    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value> {
        self.entries.get(&Hashed { key: *key, hash }).map(|entry| &entry.value)
    }

    fn peek(&self, hash: u64, key: &Digest) -> Option<&Value> {
        self.entries.peek(&Hashed { key: *key, hash }).map(|entry| &entry.value)
    }

    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry> {
        match self.entries.get_mut(&Hashed { key: *key, hash }) {
            Some(old) => Ok(std::mem::replace(old, entry)),
            None => Err(entry),
        }
    }

    fn insert(&mut self, hash: u64, key: Digest, entry: Entry) {
        self.entries.put(Hashed { key, hash }, entry);
        self.slots = self.slots.max(self.entries.len());
    }

    fn remove(&mut self, hash: u64, key: &Digest) -> Option<Entry> {
        self.entries.pop(&Hashed { key: *key, hash })
    }

    fn evict(&mut self, passing: &mut Passing) -> Option<Entry> {
        for _ in 0..self.len() {
            if passing.is_over() {
                break;
            }
            let (oldest, entry) = self.entries.peek_lru()?;
            if !passing.passes(Some(&entry.value)) {
                return self.entries.pop_lru().map(|(_, entry)| entry);
            }
            // Someone is reading it now: that is a use.
            let oldest = Hashed { key: oldest.key, hash: oldest.hash };
            self.entries.promote(&oldest);
        }
        None
    }

    /// The crate's order has no positions to come back to, so each call looks from the oldest on, at all there are.
    fn sweep(&mut self, matches: &dyn Fn(u64) -> bool, cursor: &mut usize, _steps: &mut usize) -> Option<Entry> {
        let found = self.entries.iter().rev().find(|(_, entry)| matches(entry.tag));
        let found = found.map(|(hashed, _)| Hashed { key: hashed.key, hash: hashed.hash });
        if found.is_none() {
            *cursor = self.sweep_end();
        }
        self.entries.pop(&found?)
    }

    fn sweep_end(&self) -> usize {
        usize::MAX
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn trim(&mut self) {
        // Shrinking the limit is the crate's way to shrink its table; nothing is evicted at the present length.
        if let Some(len) = std::num::NonZeroUsize::new(self.entries.len()) {
            self.entries.resize(len);
            self.entries.resize(std::num::NonZeroUsize::MAX);
        } else {
            *self = Self::new();
        }
        self.slots = self.entries.len();
    }
}

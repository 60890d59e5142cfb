//! What an eviction policy is: the index of one shard, and the order in which it gives entries up. One file each, so
//! that a reader can compare them: [`super::s3fifo`] and [`super::lru`].

use crate::digest::Digest;
use crate::value::Value;

/// What a shard keeps under a key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// The first 8 bytes of the filter's tag, 0 without a filter: enough to find a filter's entries, never to tell
    /// two computations apart.
    pub(super) tag: u64,
}

/// How many leased entries a put passes over before it gives up: evicting one frees nothing.
pub(super) const MAX_LEASED_PASSED: u32 = 64;

/// How far one search of `len` entries may raise `passed`: a shard of a few leased ones is gone round once.
pub(super) fn pass_limit(passed: u32, len: usize) -> u32 {
    MAX_LEASED_PASSED.min(passed.saturating_add(u32::try_from(len).unwrap_or(u32::MAX)))
}

/// `hash` is always the stirred hash of `key`. A slot is the index memory of one entry; slots freed by a removal are
/// kept for the next insert until [`PolicyIndex::trim`].
pub(super) trait PolicyIndex {
    /// Bytes of index one slot costs at worst, in the middle of any growth; what the budget is charged for it.
    const ENTRY_COST: u64;

    /// The value under `key`, counted as a use.
    fn get(&mut self, hash: u64, key: &Digest) -> Option<&Value>;

    /// Replaces the entry of a key that is here, and returns the old one; gives `entry` back if it is not.
    fn replace(&mut self, hash: u64, key: &Digest, entry: Entry) -> Result<Entry, Entry>;

    /// Adds a key that is not here.
    fn insert(&mut self, hash: u64, key: Digest, entry: Entry);

    /// Removes a key, unless its value is leased.
    fn take_unleased(&mut self, hash: u64, key: &Digest) -> Option<Entry>;

    /// Gives up the entry that matters least, passing over leased ones and counting them in `passed`.
    fn evict(&mut self, passed: &mut u32) -> Option<Entry>;

    fn len(&self) -> usize;

    /// Slots that memory is held for, used or free.
    fn slots(&self) -> usize;

    /// Frees the memory of unused slots.
    fn trim(&mut self);
}

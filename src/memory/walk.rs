//! Going through all results without standing in anyone's way: a bounded part of a shard's keys each time its lock is
//! held, then leases on some of them. What is put, moved or evicted meanwhile is met once, twice or not at all.

use super::shard::Sweep;
use super::{AT_ONCE, Memory};
use crate::digest::Digest;
use crate::error::Result;
use crate::value::Value;

/// Keys taken at once, where the policy's order has places to come back to.
const KEYS: usize = 4096;
/// Leased at once, unless one is longer.
const BYTES: u64 = 4 << 20;

/// Where a walk is.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    shard: usize,
    sweep: Sweep,
    /// Keys and tags seen in that shard, whose values are still to be leased.
    keys: Vec<(Digest, u64)>,
}

/// A result that is in memory, and its filter's tag.
#[derive(Debug)]
pub(crate) struct Leased {
    pub(crate) key: Digest,
    pub(crate) tag: u64,
    pub(crate) value: Value,
}

impl Memory {
    /// Leases the next results, [`AT_ONCE`] at most, in place of those in `leased`; false where there are none left.
    pub(crate) fn walk(&self, walk: &mut Walk, leased: &mut Vec<Leased>) -> Result<bool> {
        leased.clear();
        leased.try_reserve(AT_ONCE)?;
        while walk.keys.is_empty() {
            let Some(shard) = self.shards.get(walk.shard) else { return Ok(false) };
            // A policy without places gives all its keys at once, so there must be room for them.
            let entries = shard.shard.lock().entries() as usize;
            walk.keys.try_reserve(entries.max(KEYS))?;
            let is_done = shard.shard.lock().walk(&mut walk.sweep, &mut walk.keys);
            if is_done {
                walk.shard += 1;
                walk.sweep = Sweep::default();
            }
        }
        // What is leased can't be evicted meanwhile.
        let mut bytes = 0;
        while leased.len() < AT_ONCE && bytes < BYTES {
            let Some((key, tag)) = walk.keys.pop() else { break };
            let Some(value) = self.peek(&key) else { continue };
            bytes += value.charged();
            leased.push(Leased { key, tag, value });
        }
        Ok(true)
    }
}

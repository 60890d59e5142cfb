//! One shard: a policy's index, what its slots cost, and its counters, all under one lock. Nothing here allocates (but
//! the index's own rare growth) or frees a value: what leaves goes to the caller, to be dropped once the lock is open.

use super::baggage::{Baggage, Lacks};
use super::count::Count;
use super::index::{Index, each, entry_cost};
use super::policy::{Arrival, Entry, Evicted, Passing, PolicyIndex};
use crate::budget::{Budget, Purpose, Reservation};
use crate::digest::Digest;
use crate::options::Policy;
use crate::process::boot_ms;
use crate::value::Value;
use std::sync::Arc;

/// With this many slots or more, an index three quarters empty gives memory back.
const MIN_SLOTS_TO_TRIM: usize = 256;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: u64,
    pub(super) rejected: u64,
    pub(super) misses: u64,
    pub(super) puts: u64,
    pub(super) evictions: u64,
    pub(super) expired: u64,
    pub(super) time_saved_ns: u64,
}

/// A lookup's answer.
pub(super) enum Found {
    Hit(Value),
    Miss,
    /// It was here, and its time to live was over: an entry on its way out.
    Expired(Entry),
}

/// Where a sweep of one shard is.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    cursor: usize,
    /// The trims it knows of: another one moves entries, and it must begin again.
    trims: u64,
}

#[derive(Debug)]
pub(super) struct Shard {
    index: Index,
    /// Holds `entry_cost` for each slot of the index.
    slots: Reservation,
    entry_cost: u64,
    /// Bytes charged for the values that are here.
    resident: u64,
    trims: u64,
    pub(super) counters: Counters,
}

impl Shard {
    pub(super) fn new(policy: Policy, index: Index, slots: Reservation) -> Self {
        let entry_cost = entry_cost(policy);
        Self { index, slots, entry_cost, resident: 0, trims: 0, counters: Counters::default() }
    }

    /// `misses` says what a miss counts: nothing for whoever goes on to compute, and counts it then. Inlined, for where
    /// nothing is in a processor's caches it waits for the memory of one lookup beside that of the next only if not too
    /// many instructions lie between.
    #[inline(always)]
    pub(super) fn get(&mut self, hash: u64, key: &Digest, misses: u64, count: &Count) -> Found {
        let counters = &mut self.counters;
        match each!(&mut self.index, index => index.get(hash, key)) {
            Some(value) if !value.is_expired(boot_ms) => {
                if value.rejection().is_some() {
                    counters.rejected += 1;
                } else {
                    counters.hits += 1;
                }
                counters.time_saved_ns = counters.time_saved_ns.saturating_add(value.compute_ns());
                Found::Hit(value.clone())
            }
            None => {
                counters.misses += misses;
                Found::Miss
            }
            Some(_) => self.expire(hash, key, misses, count),
        }
    }

    #[cold]
    #[inline(never)]
    fn expire(&mut self, hash: u64, key: &Digest, misses: u64, count: &Count) -> Found {
        self.counters.misses += misses;
        self.counters.expired += 1;
        self.remove(hash, key, count).map_or(Found::Miss, Found::Expired)
    }

    /// The policy's part of it.
    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// Looks without counting, promoting or removing.
    pub(super) fn peek(&self, hash: u64, key: &Digest) -> Option<Value> {
        each!(&self.index, index => index.peek(hash, key)).filter(|value| !value.is_expired(boot_ms)).cloned()
    }

    pub(super) fn entries(&self) -> u64 {
        self.index.len() as u64
    }

    /// Bytes of the values that are here, and of the index.
    pub(super) fn bytes(&self) -> u64 {
        self.resident + self.slots.bytes()
    }

    /// Stores `entry`, in place if the key is here; else evicts at most one for the slot and one for the permit. On
    /// failure `entry` comes back, and nothing was stored.
    pub(super) fn insert(
        &mut self, hash: u64, key: &Digest, entry: Entry, budget: &Arc<Budget>, count: &Count,
        baggage: &mut Baggage<'_>,
    ) -> Result<(), (Lacks, Entry)> {
        if baggage.leave.is_some_and(|leave| !leave()) {
            return Err((Lacks::Leave, entry));
        }
        let charged = entry.value.charged();
        let mut entry = entry;
        each!(&self.index, index => index.foresee(hash));
        if baggage.absent_at != Some(self.counters.puts) {
            if let Some(kept) = &mut baggage.kept {
                **kept = self.peek(hash, key);
                if kept.is_some() {
                    return Err((Lacks::Leave, entry));
                }
            }
            entry = match each!(&mut self.index, index => index.replace(hash, key, entry)) {
                Ok(old) => {
                    self.resident = self.resident - old.value.charged() + charged;
                    baggage.evicted.push(old);
                    self.counters.puts += 1;
                    return Ok(());
                }
                Err(entry) => entry,
            };
        }
        let index = &mut self.index;
        baggage.arrival.get_or_insert_with(|| each!(index, index => index.arrive(hash)));
        // The permit first: a victim for it leaves its slot.
        if !self.permitted(count, baggage) {
            return Err((Lacks::Permit, entry));
        }
        let mut slot = None;
        if each!(&self.index, index => index.len() == index.slots()) {
            slot = baggage.slot.take().or_else(|| budget.reserve(self.entry_cost, Purpose::Result));
            if slot.is_none() && !self.evict_one(baggage) {
                baggage.permits += 1;
                return Err((Lacks::Slot, entry));
            }
        }
        let index = &mut self.index;
        let arrival = baggage.arrival.get_or_insert_with(|| each!(&mut *index, index => index.arrive(hash)));
        if let Err(entry) = each!(index, index => index.insert(arrival, key, entry)) {
            baggage.slot = slot;
            baggage.permits += 1;
            return Err((Lacks::Memory, entry));
        }
        if let Some(slot) = slot {
            self.slots.merge(slot);
        }
        self.resident += charged;
        self.counters.puts += 1;
        Ok(())
    }

    /// Uses up one permit: one that the baggage has, a new one, or a victim's. Permits beyond a limit that was lowered
    /// meanwhile are given back first.
    fn permitted(&mut self, count: &Count, baggage: &mut Baggage<'_>) -> bool {
        while baggage.permits > 0 && count.excess() > 0 {
            count.subtract(1);
            baggage.permits -= 1;
        }
        if baggage.permits == 0 && !count.add() {
            if !self.evict_one(baggage) || count.excess() > 0 {
                return false;
            }
            baggage.permits -= 1;
        } else {
            baggage.permits = baggage.permits.saturating_sub(1);
        }
        true
    }

    /// Evicts one entry into the baggage, its permit with it.
    pub(super) fn evict_one(&mut self, baggage: &mut Baggage<'_>) -> bool {
        baggage.passing.begin_hold();
        let Baggage { passing, arrival, .. } = baggage;
        let Some(victim) = each!(&mut self.index, index => index.evict(passing, arrival.as_mut())) else {
            return false;
        };
        self.resident -= victim.value.charged();
        baggage.evicted.push(victim);
        baggage.permits += 1;
        self.counters.evictions += 1;
        true
    }

    /// Evicts until `bytes` of values and `entries` are on their way out, or the limit of one hold of the lock is
    /// reached.
    pub(super) fn evict(
        &mut self, bytes: u64, entries: u64, count: &Count, passing: &mut Passing, evicted: &mut Evicted,
    ) {
        self.search(bytes, entries, passing, None, evicted);
        count.subtract(evicted.len() as u64);
        self.left(evicted);
    }

    fn search(
        &mut self, bytes: u64, entries: u64, passing: &mut Passing, mut arrival: Option<&mut Arrival>,
        evicted: &mut Evicted,
    ) {
        passing.begin_hold();
        let mut freed = 0u64;
        while (freed < bytes || (evicted.len() as u64) < entries) && !evicted.is_full() {
            let Some(victim) = each!(&mut self.index, index => index.evict(passing, arrival.as_deref_mut())) else {
                break;
            };
            freed += victim.value.charged();
            evicted.push(victim);
        }
        self.counters.evictions += evicted.len() as u64;
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, hash: u64, key: &Digest, count: &Count) -> Option<Entry> {
        let entry = each!(&mut self.index, index => index.remove(hash, key))?;
        count.subtract(1);
        self.left(std::slice::from_ref(&entry));
        Some(entry)
    }

    /// Gives up bytes for a value of `key`: the key's old value if no one leases it, so that putting a key again evicts
    /// nothing else; otherwise what the policy chooses. Their permits go into the baggage.
    pub(super) fn make_way(
        &mut self, hash: u64, key: &Digest, bytes: u64, baggage: &mut Baggage<'_>, evicted: &mut Evicted,
    ) {
        each!(&self.index, index => index.foresee(hash));
        let old = each!(&self.index, index => index.peek(hash, key));
        // Only where it frees enough: the old value is not given up for a new one that may not fit all the same.
        let is_new = old.is_none();
        let makes_way = baggage.kept.is_none() && old.is_some_and(|old| !old.is_leased() && old.charged() >= bytes);
        baggage.absent_at = (makes_way || is_new).then_some(self.counters.puts);
        if !makes_way {
            if is_new {
                baggage.arrival = Some(each!(&mut self.index, index => index.arrive(hash)));
            }
            self.search(bytes, 0, &mut baggage.passing, baggage.arrival.as_mut(), evicted);
        } else {
            evicted.extend(each!(&mut self.index, index => index.remove(hash, key)));
        }
        baggage.permits += evicted.len() as u64;
        self.left(evicted);
    }

    /// Removes entries whose tag `matches`, a bounded number at a time; true when the shard is done.
    pub(super) fn sweep(
        &mut self, matches: &dyn Fn(u64) -> bool, sweep: &mut Sweep, count: &Count, removed: &mut Evicted,
    ) -> bool {
        if sweep.trims != self.trims {
            *sweep = Sweep { cursor: 0, trims: self.trims };
        }
        each!(&mut self.index, index => index.sweep(matches, &mut sweep.cursor, removed));
        let done = sweep.cursor >= each!(&self.index, index => index.sweep_end());
        count.subtract(removed.len() as u64);
        self.left(removed);
        done && sweep.trims == self.trims
    }

    /// Adds keys and tags, a bounded number at a time; true when the shard is done.
    pub(super) fn walk(&self, sweep: &mut Sweep, keys: &mut Vec<(Digest, u64)>) -> bool {
        if sweep.trims != self.trims {
            *sweep = Sweep { cursor: 0, trims: self.trims };
        }
        each!(&self.index, index => index.walk(&mut sweep.cursor, keys));
        sweep.cursor >= each!(&self.index, index => index.sweep_end())
    }

    /// Accounts for entries that left for good, and gives index memory back when three quarters of it are unused.
    fn left(&mut self, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        self.resident -= entries.iter().map(|entry| entry.value.charged()).sum::<u64>();
        let (live, slots) = each!(&self.index, index => (index.len(), index.slots()));
        if live == 0 && slots > 0 || slots >= MIN_SLOTS_TO_TRIM && live * 4 <= slots {
            each!(&mut self.index, index => index.trim());
            self.trims += 1;
            let slots = each!(&self.index, index => index.slots());
            self.slots.shrink_to(slots as u64 * self.entry_cost);
        }
    }

    /// Swaps an empty index in. The old one is dropped by the caller, without the lock, before its slots' bytes.
    pub(super) fn purge(&mut self, empty: Index, no_slots: Reservation, count: &Count) -> (Index, Reservation) {
        count.subtract(self.index.len() as u64);
        self.resident = 0;
        self.trims += 1;
        (std::mem::replace(&mut self.index, empty), std::mem::replace(&mut self.slots, no_slots))
    }
}

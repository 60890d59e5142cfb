//! One shard: a policy's index, what its slots cost, and its counters, all under one lock. Nothing here allocates (but
//! the index's own rare growth) or frees a value: what leaves goes to the caller, to be dropped once the lock is open.

use super::count::Count;
use super::lru::Lru;
use super::policy::{Entry, PolicyIndex};
use super::s3fifo::S3Fifo;
use super::stir::Stir;
use crate::budget::{Budget, Purpose, Reservation};
use crate::digest::Digest;
use crate::options::Policy;
use crate::value::Value;
use arrayvec::ArrayVec;
use std::sync::Arc;

/// The most entries one hold of the lock evicts.
const MAX_EVICTED: usize = 64;
/// With this many slots or more, an index three quarters empty gives memory back.
const MIN_SLOTS_TO_TRIM: usize = 256;

/// Entries on their way out, to be dropped without the lock.
pub(super) type Evicted = ArrayVec<Entry, MAX_EVICTED>;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) puts: u64,
    pub(super) evictions: u64,
    pub(super) time_saved_ns: u64,
}

/// Either policy, chosen once at open: a branch the processor learns, where a `dyn` call would not inline.
#[derive(Debug)]
pub(super) enum Index {
    S3Fifo(S3Fifo),
    Lru(Lru),
}

macro_rules! each {
    ($index:expr, $policy:ident => $call:expr) => {
        match $index {
            Index::S3Fifo($policy) => $call,
            Index::Lru($policy) => $call,
        }
    };
}

impl Index {
    pub(super) fn new(policy: Policy, stir: &Stir) -> Self {
        match policy {
            Policy::S3Fifo => Self::S3Fifo(S3Fifo::new(stir.clone())),
            Policy::Lru => Self::Lru(Lru::new()),
        }
    }

    fn len(&self) -> usize {
        each!(self, index => index.len())
    }
}

/// What the budget is charged for one slot of `policy`'s index.
pub(super) fn entry_cost(policy: Policy) -> u64 {
    match policy {
        Policy::S3Fifo => S3Fifo::ENTRY_COST,
        Policy::Lru => Lru::ENTRY_COST,
    }
}

/// Why an insert did not happen: nothing in this shard could be evicted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacks {
    Slot,
    Permit,
}

/// What an insert brings along from elsewhere, and what it leaves over.
#[derive(Debug, Default)]
pub(super) struct Baggage {
    /// Bytes for one slot.
    pub(super) slot: Option<Reservation>,
    /// Rights to hold one more entry, already counted.
    pub(super) permits: u64,
    /// Entries on their way out.
    pub(super) evicted: ArrayVec<Entry, 3>,
    /// Leased entries passed over so far.
    pub(super) passed: u32,
}

#[derive(Debug)]
pub(super) struct Shard {
    index: Index,
    /// Holds `entry_cost` for each slot of the index.
    slots: Reservation,
    entry_cost: u64,
    pub(super) counters: Counters,
}

impl Shard {
    pub(super) fn new(policy: Policy, stir: &Stir, slots: Reservation) -> Self {
        Self { index: Index::new(policy, stir), slots, entry_cost: entry_cost(policy), counters: Counters::default() }
    }

    pub(super) fn get(&mut self, hash: u64, key: &Digest) -> Option<Value> {
        match each!(&mut self.index, index => index.get(hash, key)) {
            Some(value) => {
                self.counters.hits += 1;
                self.counters.time_saved_ns = self.counters.time_saved_ns.saturating_add(value.compute_ns());
                Some(value.clone())
            }
            None => {
                self.counters.misses += 1;
                None
            }
        }
    }

    /// Stores `entry`, in place if the key is here; else evicts at most one for the slot and one for the permit. On
    /// failure `entry` comes back, and nothing was stored.
    pub(super) fn insert(
        &mut self, hash: u64, key: Digest, entry: Entry, budget: &Arc<Budget>, count: &Count, baggage: &mut Baggage,
    ) -> Result<(), (Lacks, Entry)> {
        let entry = match each!(&mut self.index, index => index.replace(hash, &key, entry)) {
            Ok(old) => {
                baggage.evicted.push(old);
                self.counters.puts += 1;
                return Ok(());
            }
            Err(entry) => entry,
        };
        if each!(&self.index, index => index.len() == index.slots()) {
            match baggage.slot.take().or_else(|| budget.reserve(self.entry_cost, Purpose::Result)) {
                Some(slot) => self.slots.merge(slot),
                None if self.evict_one(baggage) => {}
                None => return Err((Lacks::Slot, entry)),
            }
        }
        if baggage.permits == 0 && !count.add() {
            if !self.evict_one(baggage) {
                return Err((Lacks::Permit, entry));
            }
            baggage.permits -= 1;
        } else {
            baggage.permits = baggage.permits.saturating_sub(1);
        }
        each!(&mut self.index, index => index.insert(hash, key, entry));
        self.counters.puts += 1;
        Ok(())
    }

    /// Evicts one entry into the baggage, its permit with it.
    pub(super) fn evict_one(&mut self, baggage: &mut Baggage) -> bool {
        let Some(victim) = each!(&mut self.index, index => index.evict(&mut baggage.passed)) else { return false };
        baggage.evicted.push(victim);
        baggage.permits += 1;
        self.counters.evictions += 1;
        true
    }

    /// Evicts until `bytes` of values are on their way out, or the limit of one hold of the lock is reached.
    pub(super) fn evict_bytes(&mut self, bytes: u64, count: &Count, passed: &mut u32) -> Evicted {
        let mut evicted = Evicted::new();
        let mut freed = 0u64;
        while freed < bytes && !evicted.is_full() {
            let Some(victim) = each!(&mut self.index, index => index.evict(passed)) else { break };
            freed += victim.value.charged();
            evicted.push(victim);
        }
        self.counters.evictions += evicted.len() as u64;
        self.left(evicted.len() as u64, count);
        evicted
    }

    /// Removes a key, unless its value is leased.
    pub(super) fn take_unleased(&mut self, hash: u64, key: &Digest, count: &Count) -> Option<Entry> {
        let entry = each!(&mut self.index, index => index.take_unleased(hash, key))?;
        self.left(1, count);
        Some(entry)
    }

    /// Accounts for entries that left for good, and gives index memory back when three quarters of it are unused.
    fn left(&mut self, entries: u64, count: &Count) {
        count.subtract(entries);
        let (live, slots) = each!(&self.index, index => (index.len(), index.slots()));
        if live == 0 && slots > 0 || slots >= MIN_SLOTS_TO_TRIM && live * 4 <= slots {
            each!(&mut self.index, index => index.trim());
            let slots = each!(&self.index, index => index.slots());
            self.slots.shrink_to(slots as u64 * self.entry_cost);
        }
    }

    /// Swaps an empty index in. The old one is dropped by the caller, without the lock, before its slots' bytes.
    pub(super) fn purge(&mut self, empty: Index, no_slots: Reservation, count: &Count) -> (Index, Reservation) {
        count.subtract(self.index.len() as u64);
        (std::mem::replace(&mut self.index, empty), std::mem::replace(&mut self.slots, no_slots))
    }
}

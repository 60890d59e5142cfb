//! Storing results: bytes are reserved first, then the value is made, then it goes into its shard, where that has a slot and
//! a permit for it.

use super::Memory;
use super::baggage::{Baggage, Lacks};
use super::index::entry_cost;
use super::policy::Entry;
use crate::budget::Purpose;
use crate::digest::Digest;
use crate::error::{self, ErrorKind};
use crate::value::{Draft, Payload, Value};
use std::sync::atomic::Ordering::Relaxed;

/// What became of a put.
#[derive(Debug)]
pub struct Put {
    /// Whether it is in the cache. If not, nothing could be evicted for it, or it is larger than the budget.
    pub stored: bool,
    /// The lease that was asked for; outside the budget (detached) if it was not stored.
    pub value: Option<Value>,
}

/// What became of an addition.
#[derive(Debug)]
pub(crate) enum Added {
    Stored(Value),
    /// There was one, which stays.
    WasThere(Value),
    /// Outside the budget: there is no room for it, or it may not be stored.
    Detached(Value),
}

impl Memory {
    /// Stores a value under `key`, evicting what matters less; `lease` asks for the value too, and `leave` is asked
    /// under the lock whether it may still be stored.
    pub(crate) fn put(
        &self, key: &Digest, tag: u64, draft: Draft<'_>, lease: bool, leave: Option<&dyn Fn() -> bool>,
    ) -> error::Result<Put> {
        let put = self.put_with(key, tag, draft, lease, &mut Baggage::of_a_put(leave))?;
        self.refuse(!put.stored);
        Ok(put)
    }

    /// Stores what was read elsewhere, if there is nothing under `key`.
    pub(crate) fn add(
        &self, key: &Digest, tag: u64, draft: Draft<'_>, leave: &dyn Fn() -> bool,
    ) -> error::Result<Added> {
        if let Some(there) = self.peek(key) {
            return Ok(Added::WasThere(there));
        }
        let mut kept = None;
        let mut baggage = Baggage::of_an_addition(leave, &mut kept);
        let Put { stored, value } = self.put_with(key, tag, draft, true, &mut baggage)?;
        drop(baggage);
        let value = value.ok_or(ErrorKind::NoMemory)?;
        Ok(match kept {
            Some(there) => Added::WasThere(there),
            None if stored => Added::Stored(value),
            None => Added::Detached(value),
        })
    }

    #[inline(always)] // in both its callers: a put is measured by its instructions
    fn put_with(
        &self, key: &Digest, tag: u64, mut draft: Draft<'_>, lease: bool, baggage: &mut Baggage<'_>,
    ) -> error::Result<Put> {
        // A charge beyond counting fits no budget.
        let charge = draft.charge().unwrap_or(u64::MAX);
        let hash = self.stir.hash(key);
        self.shards[self.home(hash)].ahead.foresee(hash); // while its value is made
        // Only a copy can move into a victim's block.
        let len = if let Payload::Copy(bytes) = draft.payload { bytes.len() } else { usize::MAX };
        let Some(reservation) = self.room_for(hash, key, charge, len, baggage) else {
            self.count.subtract(baggage.permits);
            let value = if lease { Some(self.detached(draft, charge)?) } else { None };
            return Ok(Put { stored: false, value });
        };
        if let (Payload::Copy(bytes), Some(mut block)) = (&draft.payload, baggage.block.take()) {
            block.fill(bytes);
            draft.payload = Payload::Written(block, bytes.len());
        }
        let value = Value::make(draft, reservation).inspect_err(|_| self.count.subtract(baggage.permits))?;
        self.store(hash, key, tag, value, lease, baggage)
    }

    /// Stores a value that was made in bytes of [`Memory::reserve_value`], if it may still be when the lock is held.
    pub(crate) fn publish(&self, key: &Digest, tag: u64, value: Value, leave: &dyn Fn() -> bool) -> error::Result<Put> {
        let put = match self.count.max() {
            0 => self.unstored(value, true),
            _ => self.store(self.stir.hash(key), key, tag, value, true, &mut Baggage::of_a_put(Some(leave))),
        }?;
        self.refuse(!put.stored);
        Ok(put)
    }

    #[inline(never)]
    fn store(
        &self, hash: u64, key: &Digest, tag: u64, value: Value, lease: bool, baggage: &mut Baggage<'_>,
    ) -> error::Result<Put> {
        let leased = lease.then(|| value.clone());
        let Err((lacks, value)) = self.insert(hash, key, Entry { value, tag }, baggage) else {
            return Ok(Put { stored: true, value: leased });
        };
        if lacks == Lacks::Memory {
            return Err(ErrorKind::NoMemory.into());
        }
        drop(leased); // of the same value, which now leaves the budget
        self.unstored(value, lease)
    }

    /// A value that could not be stored leaves the budget.
    fn unstored(&self, value: Value, lease: bool) -> error::Result<Put> {
        let value = if lease { Some(value.detach(&self.budget)?) } else { None };
        Ok(Put { stored: false, value })
    }

    /// Counts a value that was not even tried to store, though it was meant to be.
    pub(crate) fn refuse(&self, was_meant_to: bool) {
        if was_meant_to {
            self.not_stored.fetch_add(1, Relaxed);
        }
    }

    /// Stores an entry whose value is reserved; gives the value back when no room can be made for its slot or permit,
    /// the index can't grow, or it may not be stored any more.
    #[inline(always)] // in the one place where it is called
    fn insert(
        &self, hash: u64, key: &Digest, mut entry: Entry, baggage: &mut Baggage<'_>,
    ) -> Result<(), (Lacks, Value)> {
        let home = self.home(hash);
        let stored = loop {
            let attempt = {
                let home = &self.shards[home];
                home.change(|shard| shard.insert(hash, key, entry, &self.budget, &self.count, baggage))
            };
            let Err((lacks, returned)) = attempt else { break Ok(()) };
            entry = returned;
            baggage.evicted.clear();
            let found = match lacks {
                Lacks::Slot => {
                    let cost = entry_cost(self.policy);
                    baggage.slot = self.reserve_from(home + 1, cost, Purpose::Result, &mut baggage.passing);
                    baggage.slot.is_some()
                }
                Lacks::Permit => self.permit_from_others(home, baggage),
                Lacks::Leave | Lacks::Memory => false,
            };
            if !found {
                break Err((lacks, entry.value));
            }
        };
        self.count.subtract(baggage.permits);
        if let (Ok(()), Some(duel), Some(_)) = (&stored, &self.duel, &baggage.arrival) {
            duel.added(hash, self.count.now());
        }
        stored
    }

    /// Evicts one entry of another shard for its permit.
    fn permit_from_others(&self, home: usize, baggage: &mut Baggage<'_>) -> bool {
        let arrival = baggage.arrival.take(); // it arrives at home
        let evicted = (1..self.shards.len()).any(|turn| {
            let home = &self.shards[(home + turn) & (self.shards.len() - 1)];
            baggage.passing.go_elsewhere();
            home.shard.lock().evict_one(baggage)
        });
        baggage.arrival = arrival;
        evicted
    }
}

//! Room for values: bytes reserved before they are allocated, for which what matters less is given up, one lock at a
//! time; and limits that change in use.

use super::Memory;
use super::baggage::Baggage;
use super::index::{Index, entry_cost};
use super::policy::{Evicted, Passing};
use crate::budget::{Purpose, Reservation};
use crate::digest::Digest;
use crate::error::{self, ErrorKind};
use crate::value::{Buffer, Draft, Value};
use std::sync::atomic::Ordering::Relaxed;

impl Memory {
    /// Reserves the bytes of a value that is to be filled and published, evicting what matters less; with them comes a
    /// victim's block, if it is as a payload of `len` bytes needs it.
    pub(crate) fn reserve_value(&self, key: &Digest, charge: u64, len: usize) -> Option<(Reservation, Option<Buffer>)> {
        let mut baggage = Baggage::of_a_put(None);
        let reservation = self.room_for(self.stir.hash(key), key, charge, len, &mut baggage);
        self.count.subtract(baggage.permits);
        Some((reservation?, baggage.block))
    }

    /// The same bytes outside the budget.
    pub(crate) fn reserve_detached(&self, charge: u64) -> Option<Reservation> {
        self.budget.reserve(charge, Purpose::Detached)
    }

    /// Makes a value outside the budget.
    pub(crate) fn detached(&self, draft: Draft<'_>, charge: u64) -> error::Result<Value> {
        let reservation = self.budget.reserve(charge, Purpose::Detached).ok_or(ErrorKind::NoMemory)?;
        Value::make(draft, reservation)
    }

    /// Reserves the `charge` of a value whose block is to have `len` bytes of payload. When there are none left, an old
    /// value of the same key makes way first, so that putting a key again evicts nothing else.
    pub(super) fn room_for(
        &self, hash: u64, key: &Digest, charge: u64, len: usize, baggage: &mut Baggage<'_>,
    ) -> Option<Reservation> {
        let whole = charge.checked_add(entry_cost(self.policy))?;
        // What states hold never makes way: evicting every result for a value that can't fit would help no one.
        if self.count.max() == 0 || whole > self.budget.max().saturating_sub(self.budget.states()) {
            return None;
        }
        if let Some(reservation) = self.budget.reserve(charge, Purpose::Result) {
            return Some(reservation);
        }
        let home = self.home(hash);
        let bytes = self.budget.shortfall(charge).max(1);
        let mut evicted = Evicted::new();
        self.shards[home].change(|shard| shard.make_way(hash, key, bytes, baggage, &mut evicted));
        // Where that one has nothing to give up, it is asked last.
        let first = home + usize::from(evicted.is_empty());
        // One permit is for this put; more would count as entries that are none.
        self.count.subtract(baggage.permits.saturating_sub(1));
        baggage.permits = baggage.permits.min(1);
        let mut freed: Option<Reservation> = None;
        for entry in evicted.drain(..) {
            let (bytes, block) = entry.value.into_parts(len);
            baggage.block = block.or(baggage.block.take());
            match (&mut freed, bytes) {
                (Some(freed), Some(bytes)) => freed.merge(bytes),
                (None, bytes) => freed = bytes,
                (Some(_), None) => {}
            }
        }
        if let Some(mut freed) = freed {
            if freed.resize_to(charge) {
                return Some(freed);
            }
            baggage.block = None; // before the bytes that it was charged
        }
        self.reserve_from(first, charge, Purpose::Result, &mut baggage.passing)
    }

    /// Reserves `bytes` for a state, evicting results as needed. Bytes that another thread is just giving back, of a
    /// purge say, are tried for again before there is no room.
    pub(crate) fn reserve_state(&self, bytes: u64) -> Option<Reservation> {
        const TRIES: u32 = 16;
        for _ in 0..TRIES {
            let first = self.next.fetch_add(1, Relaxed);
            let granted = self.reserve_from(first, bytes, Purpose::State, &mut Passing::patient());
            if granted.is_some() || self.budget.states().saturating_add(bytes) > self.budget.max() {
                return granted;
            }
            std::thread::yield_now();
        }
        None
    }

    /// Drains shard `first`, then the others in turn, one lock at a time, until the reservation is granted.
    pub(super) fn reserve_from(
        &self, first: usize, bytes: u64, purpose: Purpose, passing: &mut Passing,
    ) -> Option<Reservation> {
        if bytes > self.budget.max() {
            return None;
        }
        for turn in 0..self.shards.len() {
            let home = &self.shards[first.wrapping_add(turn) & (self.shards.len() - 1)];
            passing.go_elsewhere();
            loop {
                if let Some(reservation) = self.budget.reserve(bytes, purpose) {
                    return Some(reservation);
                }
                // At least one: the shortfall may be gone already, and then taken by another thread.
                let mut evicted = Evicted::new();
                let short = self.budget.shortfall(bytes).max(1);
                home.change(|shard| shard.evict(short, 0, &self.count, passing, &mut evicted));
                if evicted.is_empty() && !self.goes_on(passing) {
                    break;
                }
            }
        }
        self.shrink_duel();
        self.budget.reserve(bytes, purpose)
    }

    /// What the shadows were charged for may be gone: their memory goes too.
    pub(super) fn shrink_duel(&self) {
        if let Some(duel) = &self.duel {
            duel.shrink_to(self.count.now());
        }
    }

    /// Whether a search that found nothing only paused to open the lock. No shard has more entries than there are.
    pub(super) fn goes_on(&self, passing: &Passing) -> bool {
        passing.is_paused() && !passing.has_seen(self.count.now())
    }

    /// Changes the byte limit; what is too much now is evicted, a bounded number each time a lock is held.
    pub(crate) fn set_max_bytes(&self, max_bytes: u64) {
        self.budget.set_max(max_bytes);
        self.shrink(&|| (self.budget.shortfall(0), 0), Passing::patient);
    }

    /// Changes the entry limit, likewise; leased entries leave, too, for that makes fewer.
    pub(crate) fn set_max_chunks(&self, max_chunks: u64) {
        self.count.set_max(max_chunks);
        self.shrink(&|| (0, self.count.excess()), Passing::over_none);
    }

    pub(super) fn shrink(&self, excess: &dyn Fn() -> (u64, u64), passing: fn() -> Passing) {
        self.shrink_shards(excess, passing);
        self.shrink_duel();
    }

    pub(super) fn shrink_shards(&self, excess: &dyn Fn() -> (u64, u64), passing: fn() -> Passing) {
        let first = self.next.fetch_add(1, Relaxed);
        for turn in 0..self.shards.len() {
            let home = &self.shards[first.wrapping_add(turn) & (self.shards.len() - 1)];
            let mut passing = passing();
            loop {
                let (bytes, entries) = excess();
                if bytes == 0 && entries == 0 {
                    return;
                }
                let mut evicted = Evicted::new();
                home.change(|shard| shard.evict(bytes, entries, &self.count, &mut passing, &mut evicted));
                if evicted.is_empty() && !self.goes_on(&passing) {
                    break;
                }
            }
        }
    }

    /// Forgets every result; leases stay valid.
    pub(crate) fn purge(&self) {
        for home in &self.shards {
            let empty = Index::new(self.policy, &self.stir, &self.choice);
            let Some(no_slots) = self.budget.reserve(0, Purpose::Result) else { continue };
            let (index, slots) = home.change(|shard| shard.purge(empty, no_slots, &self.count));
            drop(index);
            drop(slots);
        }
        self.shrink_duel();
    }
}

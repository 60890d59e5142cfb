//! The in-process tier: sharded, bounded in bytes and entries, and never waiting.

mod adaptive;
mod contest;
mod count;
mod duel;
mod ghost;
mod lru;
mod past;
mod policy;
mod room;
mod s3fifo;
mod shadow;
mod shard;
mod sketch;
mod slab;
mod table;
mod walk;
mod worth;

#[cfg(test)]
mod adaptive_tests;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod tests;

use crate::budget::{Budget, Purpose};
use crate::digest::Digest;
use crate::error::{self, ErrorKind};
use crate::lock::{Guard, Mutex};
use crate::options::{Options, Policy, UNLIMITED};
use crate::stats::CacheStats;
use crate::stir::Stir;
use crate::value::{Draft, Payload, Value};
use contest::{Choice, Mode};
use count::Count;
use duel::Duel;
use policy::{Entry, Evicted};
use shard::{Baggage, Found, Index, Lacks, Shard, Sweep};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
pub(crate) use walk::{Leased, Walk};

const MAX_SHARDS: u64 = 64;
/// A batch holds a lock for so many keys, some tens of microseconds.
pub(crate) const AT_ONCE: usize = 256;
/// Smaller shards cost hit ratio: up to 2.3 points were measured.
const MIN_ENTRIES_PER_SHARD: u64 = 1000;
/// Where no entry limit tells how many entries there will be.
const BYTES_PER_SHARD: u64 = 16 << 20;

/// Two cache lines, for processors fetch them in pairs: shards must not share one.
#[derive(Debug)]
#[repr(align(128))]
struct Apart<T>(T);

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

#[derive(Debug)]
pub(crate) struct Memory {
    shards: Box<[Apart<Mutex<Shard>>]>,
    policy: Policy,
    stir: Stir,
    choice: Arc<Choice>,
    /// What chooses the mode of the adaptive policy.
    duel: Option<Duel>,
    budget: Arc<Budget>,
    count: Count,
    not_stored: AtomicU64,
    /// Where the next reservation without a shard of its own begins to evict.
    next: AtomicUsize,
    /// How often a lookup locked a shard.
    #[cfg(test)]
    locks: AtomicU64,
}

impl Memory {
    pub(crate) fn new(options: &Options) -> error::Result<Self> {
        Self::with(options, Stir::random())
    }

    fn with(options: &Options, stir: Stir) -> error::Result<Self> {
        let budget = Budget::new(options.max_bytes);
        let choice = Arc::new(Choice::new(Mode::Frequency));
        let seed = stir.hash(&Digest([1; 32]));
        let duel = (options.policy == Policy::Adaptive).then(|| Duel::new(Arc::clone(&choice), seed));
        let shards = (0..shard_count(options, processors())).map(|_| {
            let slots = budget.reserve(0, Purpose::Result).ok_or(ErrorKind::NoSpace)?;
            let index = Index::new(options.policy, &stir, &choice);
            Ok(Apart(Mutex::new(Shard::new(options.policy, index, slots))))
        });
        Ok(Self {
            shards: shards.collect::<error::Result<_>>()?,
            policy: options.policy,
            stir,
            choice,
            duel,
            budget,
            count: Count::new(options.max_chunks),
            not_stored: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            #[cfg(test)]
            locks: AtomicU64::new(0),
        })
    }

    pub(crate) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Bits 48 and up choose the shard: the index uses those below and the topmost seven.
    fn home(&self, hash: u64) -> usize {
        (hash >> 48) as usize & (self.shards.len() - 1)
    }

    pub(crate) fn get(&self, key: &Digest) -> Option<Value> {
        self.look(key, 1)
    }

    /// [`Memory::get`] for whoever computes what is not there: a miss is counted once it is one.
    pub(crate) fn find(&self, key: &Digest) -> Option<Value> {
        self.look(key, 0)
    }

    #[inline]
    fn look(&self, key: &Digest, misses: u64) -> Option<Value> {
        let hash = self.stir.hash(key);
        let found = self.lock(self.home(hash)).get(hash, key, misses, &self.count);
        match found {
            Found::Hit(value) => {
                self.hit(hash);
                Some(value)
            }
            Found::Miss => None,
            Found::Expired(entry) => {
                drop(entry); // here, where the lock is open
                None
            }
        }
    }

    /// Lets the duel know of a hit, where the shard is open again.
    #[inline]
    fn hit(&self, hash: u64) {
        if let Some(duel) = &self.duel {
            duel.hit(hash);
        }
    }

    /// [`Memory::find`] for many keys, locking each shard once for each [`AT_ONCE`] of its keys.
    pub(crate) fn find_many(&self, keys: &[Digest]) -> Vec<Option<Value>> {
        let hashes: Vec<u64> = keys.iter().map(|key| self.stir.hash(key)).collect();
        let mut ends = [0; MAX_SHARDS as usize];
        hashes.iter().for_each(|&hash| ends[self.home(hash)] += 1);
        let mut begin = 0;
        for end in &mut ends {
            (begin, *end) = (begin + *end, begin);
        }
        // A counting sort by shard; each beginning ends up where its shard's keys end.
        let mut order = vec![0; keys.len()];
        for (at, &hash) in hashes.iter().enumerate() {
            let place = &mut ends[self.home(hash)];
            order[*place] = at;
            *place += 1;
        }
        let mut found = vec![None; keys.len()];
        let mut expired = Vec::with_capacity(keys.len().min(AT_ONCE));
        for of_one_shard in order.chunk_by(|&a, &b| self.home(hashes[a]) == self.home(hashes[b])) {
            for some in of_one_shard.chunks(AT_ONCE) {
                let mut shard = self.lock(self.home(hashes[some[0]]));
                for &at in some {
                    match shard.get(hashes[at], &keys[at], 0, &self.count) {
                        Found::Hit(value) => found[at] = Some(value),
                        Found::Miss => {}
                        Found::Expired(entry) => expired.push(entry),
                    }
                }
                drop(shard);
                expired.clear(); // here, where the lock is open
            }
        }
        if self.duel.is_some() {
            let hits = hashes.iter().zip(&found).filter(|(_, found)| found.is_some());
            hits.for_each(|(&hash, _)| self.hit(hash));
        }
        found
    }

    /// How often lookups locked a shard.
    #[cfg(test)]
    pub(crate) fn locks(&self) -> u64 {
        self.locks.load(Relaxed)
    }

    /// Locks a shard for a lookup.
    #[inline]
    fn lock(&self, shard: usize) -> Guard<'_, Shard> {
        #[cfg(test)]
        self.locks.fetch_add(1, Relaxed);
        self.shards[shard].0.lock()
    }

    /// Looks without counting or promoting.
    pub(crate) fn peek(&self, key: &Digest) -> Option<Value> {
        let hash = self.stir.hash(key);
        self.shards[self.home(hash)].0.lock().peek(hash, key)
    }

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
                let mut shard = self.shards[home].0.lock();
                shard.insert(hash, key, entry, &self.budget, &self.count, baggage)
            };
            let Err((lacks, returned)) = attempt else { break Ok(()) };
            entry = returned;
            baggage.evicted.clear();
            let found = match lacks {
                Lacks::Slot => {
                    let cost = shard::entry_cost(self.policy);
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
            let shard = &self.shards[(home + turn) & (self.shards.len() - 1)].0;
            baggage.passing.go_elsewhere();
            shard.lock().evict_one(baggage)
        });
        baggage.arrival = arrival;
        evicted
    }

    /// Removes a key; says whether it was here.
    pub(crate) fn remove(&self, key: &Digest) -> bool {
        let hash = self.stir.hash(key);
        let entry = self.shards[self.home(hash)].0.lock().remove(hash, key, &self.count);
        entry.is_some()
    }

    /// Removes the entries whose tag `matches`: shard by shard, and a bounded number each time a lock is held.
    pub(crate) fn remove_tagged(&self, matches: &dyn Fn(u64) -> bool) -> u64 {
        let mut total = 0;
        for shard in &self.shards {
            let mut sweep = Sweep::default();
            loop {
                let mut removed = Evicted::new();
                let done = shard.0.lock().sweep(matches, &mut sweep, &self.count, &mut removed);
                total += removed.len() as u64;
                if done {
                    break;
                }
            }
        }
        self.shrink_duel();
        total
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let mut stats = CacheStats {
            not_stored: self.not_stored.load(Relaxed),
            entries: self.count.now(),
            max_chunks: self.count.max(),
            bytes: self.budget.used(),
            max_bytes: self.budget.max(),
            detached_bytes: self.budget.detached(),
            state_bytes: self.budget.states(),
            ..CacheStats::default()
        };
        let mut held = stats.state_bytes;
        let mut here = 0;
        for shard in &self.shards {
            let (counters, bytes, entries) = {
                let shard = shard.0.lock();
                (shard.counters, shard.bytes(), shard.entries())
            };
            held += bytes;
            here += entries;
            stats.expired += counters.expired;
            stats.hits += counters.hits;
            stats.rejected += counters.rejected;
            stats.misses += counters.misses;
            stats.puts += counters.puts;
            stats.evictions += counters.evictions;
            stats.time_saved_ns = stats.time_saved_ns.saturating_add(counters.time_saved_ns);
        }
        // The count has the permits of puts still under way, too.
        stats.entries = stats.entries.min(here);
        stats.leased_bytes = stats.bytes.saturating_sub(held);
        stats
    }
}

/// Shards for each processor: with more, a put only finds its shard's lines cold more often.
const SHARDS_PER_PROCESSOR: u64 = 4;

fn processors() -> u64 {
    std::thread::available_parallelism().map_or(16, |n| n.get() as u64)
}

/// A power of two up to 64, so that each shard keeps about 1,000 entries or more.
fn shard_count(options: &Options, processors: u64) -> usize {
    let wanted = match options.max_chunks {
        UNLIMITED => options.max_bytes / BYTES_PER_SHARD,
        entries => entries / MIN_ENTRIES_PER_SHARD,
    };
    let most = (processors * SHARDS_PER_PROCESSOR).next_power_of_two().min(MAX_SHARDS);
    1 << wanted.clamp(1, most).ilog2()
}

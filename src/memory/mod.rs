//! The in-process tier: sharded, bounded in bytes and entries, and never waiting.

mod adaptive;
mod ahead;
mod baggage;
mod contest;
mod count;
mod duel;
mod ghost;
mod index;
mod look;
mod lru;
mod past;
mod policy;
mod put;
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
mod look_tests;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod tests;

use crate::budget::{Budget, Purpose};
use crate::digest::Digest;
use crate::error::{self, ErrorKind};
use crate::lock::Mutex;
use crate::options::{Options, Policy, UNLIMITED};
use crate::stats::CacheStats;
use crate::stir::Stir;
use ahead::Ahead;
use contest::{Choice, Mode};
use count::Count;
use duel::Duel;
use index::Index;
use policy::Evicted;
pub(crate) use put::Added;
pub use put::Put;
use shard::{Shard, Sweep};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
pub(crate) use walk::{Leased, Walk};

const MAX_SHARDS: u64 = 64;
/// A batch holds a lock for so many keys at most, some tens of microseconds.
pub(crate) const AT_ONCE: usize = 256;
/// Smaller shards cost hit ratio: up to 2.3 points were measured.
const MIN_ENTRIES_PER_SHARD: u64 = 1000;
/// Where no entry limit tells how many entries there will be.
const BYTES_PER_SHARD: u64 = 16 << 20;

/// On cache lines of its own, in pairs, for so processors fetch them: shards must not share one. The first has the lock, and
/// what is read before that.
#[derive(Debug)]
#[repr(C, align(128))]
struct Home {
    ahead: Ahead,
    shard: Mutex<Shard>,
}

impl Home {
    /// Does something under the lock after which the table may be elsewhere.
    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut Shard) -> R) -> R {
        let mut shard = self.shard.lock();
        let result = change(&mut shard);
        self.ahead.follow(shard.index().place());
        result
    }
}

#[derive(Debug)]
pub(crate) struct Memory {
    shards: Box<[Home]>,
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
            Ok(Home { ahead: Ahead::default(), shard: Mutex::new(Shard::new(options.policy, index, slots)) })
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

    /// Removes a key; says whether it was here.
    pub(crate) fn remove(&self, key: &Digest) -> bool {
        let hash = self.stir.hash(key);
        let entry = self.shards[self.home(hash)].change(|shard| shard.remove(hash, key, &self.count));
        entry.is_some()
    }

    /// Removes the entries whose tag `matches`: shard by shard, and a bounded number each time a lock is held.
    pub(crate) fn remove_tagged(&self, matches: &dyn Fn(u64) -> bool) -> u64 {
        let mut total = 0;
        for home in &self.shards {
            let mut sweep = Sweep::default();
            loop {
                let mut removed = Evicted::new();
                let done = home.change(|shard| shard.sweep(matches, &mut sweep, &self.count, &mut removed));
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
        for home in &self.shards {
            let (counters, bytes, entries) = {
                let shard = home.shard.lock();
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

//! What a cache and its filters count.

use crate::value::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// The counters and gauges of one cache, read shard by shard: each is exact, their moment differs by microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Lookups that were told not to look: bypass and refresh, and those of a non-deterministic filter.
    pub bypassed: u64,
    /// Misses whose result was there with its time to live over.
    pub expired: u64,
    /// Results stored, replacements included.
    pub puts: u64,
    /// Results given up for others.
    pub evictions: u64,
    /// Puts that could not be stored.
    pub not_stored: u64,
    /// Results stored now.
    pub entries: u64,
    /// Their limit.
    pub max_chunks: u64,
    /// Bytes charged now: results, leased ones after their eviction, states and the index.
    pub bytes: u64,
    /// Their limit.
    pub max_bytes: u64,
    /// Bytes of values that were not stored and live with their callers, outside the limit.
    pub detached_bytes: u64,
    /// Bytes of results that were evicted, replaced or purged and are still leased, part of `bytes`; counted as what
    /// remains of `bytes`, so under load it may be off by what moves meanwhile.
    pub leased_bytes: u64,
    /// Bytes of states, part of `bytes`.
    pub state_bytes: u64,
    /// Compute time that hits saved, as their puts told it.
    pub time_saved_ns: u64,
}

impl CacheStats {
    /// Every lookup, each counted once: hits, misses and bypassed ones together.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses + self.bypassed
    }

    /// Hits per lookup that looked, 0 before the first.
    pub fn hit_rate(&self) -> f64 {
        let looked = self.hits + self.misses;
        if looked == 0 { 0.0 } else { self.hits as f64 / looked as f64 }
    }
}

/// What the calls of one filter handle and its snapshots counted; peeks count nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilterStats {
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Lookups that were told not to look.
    pub bypassed: u64,
    /// Results stored.
    pub puts: u64,
    /// Compute time that hits saved, as their puts told it.
    pub time_saved_ns: u64,
}

impl FilterStats {
    /// Every lookup, each counted once.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses + self.bypassed
    }

    fn plus(&self, more: &Self) -> Self {
        Self {
            hits: self.hits + more.hits,
            misses: self.misses + more.misses,
            bypassed: self.bypassed + more.bypassed,
            puts: self.puts + more.puts,
            time_saved_ns: self.time_saved_ns.saturating_add(more.time_saved_ns),
        }
    }
}

/// A filter handle as the cache's stats see it.
#[derive(Debug)]
pub(crate) struct FilterUse {
    pub(crate) id: Box<str>,
    pub(crate) counters: FilterCounters,
}

/// The filter handles of a cache that are alive.
#[derive(Debug, Default)]
pub(crate) struct FilterUses {
    all: Vec<Weak<FilterUse>>,
    /// When dead ones are looked for next.
    prune_at: usize,
}

impl FilterUses {
    pub(crate) fn add(&mut self, one: &Arc<FilterUse>) {
        if self.all.len() >= self.prune_at {
            self.all.retain(|one| one.strong_count() > 0);
            self.prune_at = (2 * self.all.len()).max(64);
        }
        self.all.push(Arc::downgrade(one));
    }

    /// Handles of one id together.
    pub(crate) fn by_id(&self) -> BTreeMap<Box<str>, FilterStats> {
        let mut sums: BTreeMap<Box<str>, FilterStats> = BTreeMap::new();
        for one in self.all.iter().filter_map(Weak::upgrade) {
            let (sum, more) = (sums.entry(one.id.clone()).or_default(), one.counters.read());
            *sum = sum.plus(&more);
        }
        sums
    }
}

/// Few enough for ten thousand filters, enough that threads seldom share one.
const STRIPES: usize = 4;

/// A filter's counters, striped by thread so that a hot filter's line does not bounce between cores.
#[derive(Debug, Default)]
pub(crate) struct FilterCounters([Stripe; STRIPES]);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
    bypassed: AtomicU64,
    puts: AtomicU64,
    time_saved_ns: AtomicU64,
}

impl FilterCounters {
    fn own(&self) -> &Stripe {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        let mine = MINE.get();
        let mine = if mine == usize::MAX { NEXT.fetch_add(1, Relaxed) % STRIPES } else { mine };
        MINE.set(mine);
        &self.0[mine]
    }

    pub(crate) fn looked(&self, looked: bool, found: Option<&Value>) {
        let own = self.own();
        match found {
            Some(value) => {
                own.hits.fetch_add(1, Relaxed);
                if value.compute_ns() > 0 {
                    own.time_saved_ns.fetch_add(value.compute_ns(), Relaxed);
                }
            }
            None if looked => _ = own.misses.fetch_add(1, Relaxed),
            None => _ = own.bypassed.fetch_add(1, Relaxed),
        }
    }

    pub(crate) fn stored(&self) {
        self.own().puts.fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> FilterStats {
        let of = |stripe: &Stripe| FilterStats {
            hits: stripe.hits.load(Relaxed),
            misses: stripe.misses.load(Relaxed),
            bypassed: stripe.bypassed.load(Relaxed),
            puts: stripe.puts.load(Relaxed),
            time_saved_ns: stripe.time_saved_ns.load(Relaxed),
        };
        self.0.iter().fold(FilterStats::default(), |sum, stripe| sum.plus(&of(stripe)))
    }
}

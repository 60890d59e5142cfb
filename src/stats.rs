//! What a cache and its filters count.

use crate::value::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

/// The counters and gauges of one cache, read shard by shard: each is exact, their moment differs by microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Lookups that got the result another caller was computing.
    pub coalesced: u64,
    /// Lookups that were told not to look: bypass and refresh, and those of a non-deterministic filter.
    pub bypassed: u64,
    /// Lookups that found a rejection.
    pub rejected: u64,
    /// Times a caller gave up waiting for another's computation: no lookups yet, for they may come again.
    pub busy: u64,
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
    /// Computations under way: tickets that are open.
    pub open_tickets: u64,
    /// How long the oldest of them has been open, in milliseconds.
    pub oldest_ticket_ms: u64,
    /// Compute time that hits saved, as their puts and tickets told it.
    pub time_saved_ns: u64,
}

impl CacheStats {
    /// Every lookup, each counted once: hits, misses, coalesced, bypassed and rejected ones together.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses + self.coalesced + self.bypassed + self.rejected
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
    /// Lookups that got the result another caller was computing.
    pub coalesced: u64,
    /// Lookups that were told not to look.
    pub bypassed: u64,
    /// Lookups that found a rejection.
    pub rejected: u64,
    /// Results stored.
    pub puts: u64,
    /// Compute time that hits saved, as their puts told it.
    pub time_saved_ns: u64,
}

impl FilterStats {
    /// Every lookup, each counted once.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses + self.coalesced + self.bypassed + self.rejected
    }

    fn plus(&self, more: &Self) -> Self {
        Self {
            hits: self.hits + more.hits,
            misses: self.misses + more.misses,
            coalesced: self.coalesced + more.coalesced,
            bypassed: self.bypassed + more.bypassed,
            rejected: self.rejected + more.rejected,
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

/// The filter handles of a cache, by their ids.
#[derive(Debug, Default)]
pub(crate) struct FilterUses(BTreeMap<Box<str>, Group>);

#[derive(Debug, Default)]
struct Group {
    /// By address, which is unique as long as they live.
    alive: HashMap<usize, Weak<FilterUse>>,
    /// What handles counted that were released: a total must not go back while its id is in use.
    gone: FilterStats,
}

impl FilterUses {
    pub(crate) fn add(&mut self, one: &Arc<FilterUse>) {
        self.0.entry(one.id.clone()).or_default().alive.insert(address(one), Arc::downgrade(one));
    }

    pub(crate) fn remove(&mut self, one: &Arc<FilterUse>) {
        if let Some(group) = self.0.get_mut(&one.id) {
            group.alive.remove(&address(one));
            group.gone = group.gone.plus(&one.counters.read());
            if group.alive.is_empty() {
                self.0.remove(&one.id);
            }
        }
    }

    /// Handles of one id together.
    pub(crate) fn by_id(&self) -> BTreeMap<Box<str>, FilterStats> {
        let sum = |group: &Group| {
            let alive = group.alive.values().filter_map(Weak::upgrade);
            alive.fold(group.gone, |sum, one| sum.plus(&one.counters.read()))
        };
        self.0.iter().map(|(id, group)| (id.clone(), sum(group))).collect()
    }
}

fn address(one: &Arc<FilterUse>) -> usize {
    Arc::as_ptr(one).addr()
}

/// Few enough for ten thousand filters, enough that threads seldom share one.
const STRIPES: usize = 4;

/// A filter's counters, striped by thread so that a hot filter's line does not bounce between cores. A stripe belongs
/// to the first thread that comes to it, which adds without a locked instruction; the others share one that has them.
#[derive(Debug, Default)]
pub(crate) struct FilterCounters {
    own: [Stripe; STRIPES],
    shared: Stripe,
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe {
    /// The thread it belongs to, 0 for none.
    owner: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
    bypassed: AtomicU64,
    rejected: AtomicU64,
    puts: AtomicU64,
    time_saved_ns: AtomicU64,
}

/// A number of this thread's that no other ever has.
fn thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static MINE: Cell<u64> = const { Cell::new(0) };
    }
    let mine = MINE.get();
    if mine != 0 {
        return mine;
    }
    let mine = NEXT.fetch_add(1, Relaxed);
    MINE.set(mine);
    mine
}

impl FilterCounters {
    fn add(&self, counter: fn(&Stripe) -> &AtomicU64, number: u64) {
        let thread = thread();
        let stripe = &self.own[thread as usize % STRIPES];
        let owner = stripe.owner.load(Relaxed);
        if owner == thread || owner == 0 && stripe.owner.compare_exchange(0, thread, Relaxed, Relaxed).is_ok() {
            let own = counter(stripe);
            own.store(own.load(Relaxed).wrapping_add(number), Relaxed);
        } else {
            counter(&self.shared).fetch_add(number, Relaxed);
        }
    }

    pub(crate) fn looked(&self, looked: bool, found: Option<&Value>) {
        match found {
            Some(value) => {
                if value.rejection().is_some() {
                    self.add(|stripe| &stripe.rejected, 1);
                } else {
                    self.add(|stripe| &stripe.hits, 1);
                }
                if value.compute_ns() > 0 {
                    self.add(|stripe| &stripe.time_saved_ns, value.compute_ns());
                }
            }
            None if looked => self.add(|stripe| &stripe.misses, 1),
            None => self.add(|stripe| &stripe.bypassed, 1),
        }
    }

    /// What many lookups at once found; those that found nothing are counted as they go on.
    pub(crate) fn found(&self, found: &[Option<Value>]) {
        let (mut rejected, mut hits, mut saved) = (0, 0, 0u64);
        for value in found.iter().flatten() {
            let is_rejection = u64::from(value.rejection().is_some());
            (rejected, hits) = (rejected + is_rejection, hits + 1 - is_rejection);
            saved = saved.saturating_add(value.compute_ns());
        }
        self.add(|stripe| &stripe.hits, hits);
        self.add(|stripe| &stripe.rejected, rejected);
        self.add(|stripe| &stripe.time_saved_ns, saved);
    }

    pub(crate) fn coalesced(&self, lookups: u64) {
        self.add(|stripe| &stripe.coalesced, lookups);
    }

    pub(crate) fn stored(&self) {
        self.add(|stripe| &stripe.puts, 1);
    }

    pub(crate) fn read(&self) -> FilterStats {
        let of = |stripe: &Stripe| FilterStats {
            hits: stripe.hits.load(Relaxed),
            misses: stripe.misses.load(Relaxed),
            coalesced: stripe.coalesced.load(Relaxed),
            bypassed: stripe.bypassed.load(Relaxed),
            rejected: stripe.rejected.load(Relaxed),
            puts: stripe.puts.load(Relaxed),
            time_saved_ns: stripe.time_saved_ns.load(Relaxed),
        };
        self.own.iter().fold(of(&self.shared), |sum, stripe| sum.plus(&of(stripe)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_is_lost_however_many_threads_count() {
        let counters = FilterCounters::default();
        std::thread::scope(|scope| {
            for _ in 0..13 {
                scope.spawn(|| (0..10_000).for_each(|_| counters.looked(true, None)));
            }
        });
        assert_eq!((counters.read().misses, counters.read().lookups()), (130_000, 130_000));
    }
}

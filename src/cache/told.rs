//! What a cache says of itself: its counters and gauges, and those of its filters and tiers.

use super::Cache;
use super::backing::Backing;
use crate::exposition::{self, Format, Told};
use crate::stats::{CacheStats, FilterUse};
use crate::tier::stats::TierStats;
use crate::tier::stores::Tier;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

impl Cache {
    /// The counters and gauges; all 0 in a forked child, where they can't be read.
    pub fn stats(&self) -> CacheStats {
        if !self.birth.is_here() {
            return CacheStats::default();
        }
        let memory = self.memory.stats();
        let behind = |read: fn(&Backing) -> &AtomicU64| {
            self.backing.as_ref().map_or(0, |backing| read(backing).load(Ordering::Relaxed))
        };
        CacheStats {
            hits: memory.hits + behind(|backing| &backing.hits),
            time_saved_ns: memory.time_saved_ns.saturating_add(behind(|backing| &backing.time_saved_ns)),
            misses: memory.misses + self.filled.load(Ordering::Relaxed),
            coalesced: self.coalesced.load(Ordering::Relaxed),
            bypassed: self.bypassed.load(Ordering::Relaxed),
            busy: self.busy.load(Ordering::Relaxed),
            open_tickets: self.flights.open(),
            oldest_ticket_ms: self.flights.oldest().map_or(0, |age| age.as_millis() as u64),
            ..memory
        }
    }

    /// What a tier counts and measures; None where there is none.
    pub fn tier_stats(&self, tier: Tier) -> Option<TierStats> {
        self.backing.as_ref().filter(|_| self.birth.is_here())?.stores.stats(tier)
    }

    /// The counters and gauges, and those of the filters that are open and of the tiers, as text.
    pub fn write_stats(&self, format: Format) -> String {
        let filters = if self.birth.is_here() { self.filters.lock().by_id() } else { BTreeMap::new() };
        let tiers = [("disk", Tier::Disk), ("remote", Tier::Remote)];
        let tiers = tiers.into_iter().filter_map(|(name, tier)| Some((name, self.tier_stats(tier)?))).collect();
        exposition::write(format, &Told { name: &self.name, cache: self.stats(), filters, tiers })
    }

    pub(crate) fn add_filter(&self, filter: &Arc<FilterUse>) {
        self.filters.lock().add(filter);
    }

    pub(crate) fn remove_filter(&self, filter: &Arc<FilterUse>) {
        self.filters.lock().remove(filter);
    }
}

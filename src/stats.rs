//! What a cache counts.

/// The counters and gauges of one cache, read shard by shard: each is exact, their moment differs by microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Lookups that found their result.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
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
    /// Bytes of states, part of `bytes`.
    pub state_bytes: u64,
    /// Compute time that hits saved, as their puts told it.
    pub time_saved_ns: u64,
}

impl CacheStats {
    /// Hits and misses together.
    pub fn lookups(&self) -> u64 {
        self.hits + self.misses
    }

    /// Hits per lookup, 0 before the first.
    pub fn hit_rate(&self) -> f64 {
        if self.lookups() == 0 { 0.0 } else { self.hits as f64 / self.lookups() as f64 }
    }
}

//! What a tier counts and measures, of its lookups, of the writes behind it and of its store.

use super::StoreStats;
use super::behind::BehindStats;

/// What one tier counts.
#[derive(Clone, Debug, Default)]
pub struct TierStats {
    /// Lookups it was asked for, and had.
    pub hits: u64,
    /// Lookups it was asked for, and had not, or not in time.
    pub misses: u64,
    /// Envelopes that did not check, by the reason's name.
    pub refused: Vec<(&'static str, u64)>,
    /// What became of the writes behind it.
    pub(crate) behind: BehindStats,
    pub(crate) store: StoreStats,
}

impl TierStats {
    /// Envelopes that did not check.
    pub fn refusals(&self) -> u64 {
        self.refused.iter().map(|(_, times)| times).sum()
    }

    /// Results written.
    pub fn written(&self) -> u64 {
        self.behind.written
    }

    /// Results not written for want of room in the queue, or of time to drain it.
    pub fn dropped(&self) -> u64 {
        self.behind.dropped
    }

    /// Results not written because they were removed, purged or replaced before.
    pub fn superseded(&self) -> u64 {
        self.behind.superseded + self.behind.refused
    }

    /// Writes given up, and calls that failed.
    pub fn faults(&self) -> u64 {
        self.behind.faults + self.store.faults
    }

    /// Results that wait to be written.
    pub fn pending(&self) -> u64 {
        self.behind.pending_entries
    }

    /// Bytes of memory that they keep.
    pub fn pending_bytes(&self) -> u64 {
        self.behind.pending_bytes
    }

    /// Results it has, if it knows.
    pub fn entries(&self) -> Option<u64> {
        self.store.entries
    }

    /// Bytes it uses, if it knows.
    pub fn bytes(&self) -> Option<u64> {
        self.store.bytes
    }

    /// Their limit, if it knows.
    pub fn max_bytes(&self) -> Option<u64> {
        self.store.max_bytes
    }

    /// Results given up for others by this process.
    pub fn evictions(&self) -> u64 {
        self.store.evictions
    }

    /// Results that were not written because they are larger than it takes.
    pub fn too_large(&self) -> u64 {
        self.store.too_large
    }

    /// Why it is not asked at present; None while it is.
    pub fn resting(&self) -> Option<&str> {
        self.store.resting.as_deref()
    }

    /// The last call that failed, in words.
    pub fn last_fault(&self) -> Option<&str> {
        self.store.last_fault.as_deref()
    }
}

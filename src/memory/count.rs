//! How many entries there are, never more than allowed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Debug)]
pub(super) struct Count {
    max: AtomicU64,
    now: AtomicU64,
}

impl Count {
    pub(super) const fn new(max: u64) -> Self {
        Self { max: AtomicU64::new(max), now: AtomicU64::new(0) }
    }

    pub(super) fn max(&self) -> u64 {
        self.max.load(Relaxed)
    }

    pub(super) fn set_max(&self, max: u64) {
        self.max.store(max, Relaxed);
    }

    /// How many entries too many there are.
    pub(super) fn excess(&self) -> u64 {
        self.now().saturating_sub(self.max())
    }

    pub(super) fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// Counts one more, unless that would be one too many.
    pub(super) fn add(&self) -> bool {
        self.now.fetch_update(Relaxed, Relaxed, |now| (now < self.max()).then_some(now + 1)).is_ok()
    }

    pub(super) fn subtract(&self, entries: u64) {
        if entries > 0 {
            self.now.fetch_sub(entries, Relaxed);
        }
    }
}

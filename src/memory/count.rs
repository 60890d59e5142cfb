//! How many entries there are, never more than allowed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

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

    /// Whoever lowers it then evicts the excess. In one order with [`Count::add`]: either the excess counts an entry
    /// that is being added, or that one sees the new limit.
    pub(super) fn set_max(&self, max: u64) {
        self.max.store(max, SeqCst);
    }

    /// How many entries too many there are.
    pub(super) fn excess(&self) -> u64 {
        self.now.load(SeqCst).saturating_sub(self.max())
    }

    pub(super) fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// Counts one more, unless that would be one too many.
    pub(super) fn add(&self) -> bool {
        self.add_below(self.max())
    }

    /// Counts one more under a limit that was read a moment ago, and may have been lowered since.
    fn add_below(&self, max: u64) -> bool {
        let Ok(before) = self.now.fetch_update(SeqCst, Relaxed, |now| (now < max).then_some(now + 1)) else {
            return false;
        };
        let holds = before < self.max.load(SeqCst);
        if !holds {
            self.subtract(1);
        }
        holds
    }

    pub(super) fn subtract(&self, entries: u64) {
        if entries > 0 {
            self.now.fetch_sub(entries, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_falls_while_an_entry_is_added_holds() {
        let count = Count::new(2);
        let read = count.max();
        assert!(count.add_below(read));
        count.set_max(1);
        assert!(!count.add_below(read), "the limit read before allows a second one, the present one does not");
        assert_eq!((count.now(), count.excess()), (1, 0));
        count.set_max(3);
        assert!(count.add() && count.add() && !count.add());
        assert_eq!(count.now(), 3);
    }
}

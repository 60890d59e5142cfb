//! The byte budget: one gauge a cache for everything it holds, reserved before it is allocated and given back after
//! it is freed, so what is alive never exceeds what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a reservation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Results, and the index that finds them.
    Result,
    /// A filter's state: charged, never evicted.
    State,
    /// A value that did not fit and lives with its caller, outside the budget.
    Detached,
}

#[derive(Debug)]
pub(crate) struct Budget {
    max: u64,
    /// Results, index and states; never above `max`.
    used: AtomicU64,
    states: AtomicU64,
    detached: AtomicU64,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self { max, used: AtomicU64::new(0), states: AtomicU64::new(0), detached: AtomicU64::new(0) })
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    pub(crate) fn states(&self) -> u64 {
        self.states.load(Relaxed)
    }

    pub(crate) fn detached(&self) -> u64 {
        self.detached.load(Relaxed)
    }

    /// How many bytes must be given back before `bytes` fit.
    pub(crate) fn shortfall(&self, bytes: u64) -> u64 {
        self.used().saturating_add(bytes).saturating_sub(self.max)
    }

    /// Reserves `bytes`, or answers None without waiting. A detached value always gets its reservation.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: u64, purpose: Purpose) -> Option<Reservation> {
        match purpose {
            Purpose::Detached => {
                self.detached.fetch_add(bytes, Relaxed);
            }
            Purpose::Result | Purpose::State => {
                self.used
                    .fetch_update(Relaxed, Relaxed, |used| used.checked_add(bytes).filter(|&sum| sum <= self.max))
                    .ok()?;
                if purpose == Purpose::State {
                    self.states.fetch_add(bytes, Relaxed);
                }
            }
        }
        Some(Reservation { budget: Arc::clone(self), bytes, purpose })
    }

    fn give_back(&self, bytes: u64, purpose: Purpose) {
        match purpose {
            Purpose::Detached => self.detached.fetch_sub(bytes, Relaxed),
            Purpose::Result => self.used.fetch_sub(bytes, Relaxed),
            Purpose::State => {
                self.states.fetch_sub(bytes, Relaxed);
                self.used.fetch_sub(bytes, Relaxed)
            }
        };
    }
}

/// Bytes held until this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
    purpose: Purpose,
}

impl Reservation {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `other`'s bytes into this one.
    pub(crate) fn merge(&mut self, mut other: Reservation) {
        debug_assert_eq!(self.purpose, other.purpose);
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let excess = self.bytes.saturating_sub(bytes);
        self.bytes -= excess;
        self.budget.give_back(excess, self.purpose);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes, self.purpose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_is_granted_to_the_last_byte_and_comes_back() {
        let budget = Budget::new(100);
        let mut all = budget.reserve(60, Purpose::Result).unwrap();
        let state = budget.reserve(40, Purpose::State).unwrap();
        assert!(budget.reserve(1, Purpose::Result).is_none());
        assert_eq!((budget.used(), budget.states(), budget.shortfall(1)), (100, 40, 1));
        drop(state);
        all.merge(budget.reserve(40, Purpose::Result).unwrap());
        all.shrink_to(10);
        assert_eq!((budget.used(), budget.states()), (10, 0));
        drop(all);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_detached_value_is_counted_apart_and_never_refused() {
        let budget = Budget::new(0);
        let detached = budget.reserve(5, Purpose::Detached).unwrap();
        assert!(budget.reserve(1, Purpose::Result).is_none());
        assert!(Budget::new(u64::MAX).reserve(u64::MAX, Purpose::Result).is_some());
        assert_eq!((budget.used(), budget.detached()), (0, 5));
        drop(detached);
        assert_eq!(budget.detached(), 0);
    }
}

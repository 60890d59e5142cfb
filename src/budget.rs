//! The byte budget: one gauge a cache for everything it holds, reserved before it is allocated and given back after
//! it is freed, so what is alive never exceeds what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a reservation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Results, and the index that finds them.
    Result = 0,
    /// A filter's state: charged, never evicted.
    State = 1,
    /// A value that did not fit and lives with its caller, outside the budget.
    Detached = 2,
}

/// More than any address space has, and two bits fewer than a u64.
const MAX_RESERVATION: u64 = u64::MAX >> 2;

#[derive(Debug)]
pub(crate) struct Budget {
    max: AtomicU64,
    /// Results, index and states; never above `max`.
    used: AtomicU64,
    states: AtomicU64,
    detached: AtomicU64,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Arc<Self> {
        Arc::new(Self {
            max: AtomicU64::new(max),
            used: AtomicU64::new(0),
            states: AtomicU64::new(0),
            detached: AtomicU64::new(0),
        })
    }

    pub(crate) fn max(&self) -> u64 {
        self.max.load(Relaxed)
    }

    /// After lowering it nothing is granted until enough has been given back.
    pub(crate) fn set_max(&self, max: u64) {
        self.max.store(max, Relaxed);
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
        self.used().saturating_add(bytes).saturating_sub(self.max())
    }

    /// Reserves `bytes`, or answers None without waiting. A detached value always gets its reservation.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: u64, purpose: Purpose) -> Option<Reservation> {
        if bytes > MAX_RESERVATION {
            return None;
        }
        self.take(bytes, purpose).then(|| Reservation { budget: Arc::clone(self), tagged: bytes << 2 | purpose as u64 })
    }

    fn take(&self, bytes: u64, purpose: Purpose) -> bool {
        if purpose == Purpose::Detached {
            self.detached.fetch_add(bytes, Relaxed);
            return true;
        }
        let fits = |used: u64| used.checked_add(bytes).filter(|&sum| bytes == 0 || sum <= self.max());
        let taken = self.used.fetch_update(Relaxed, Relaxed, fits).is_ok();
        // The limit may have been lowered between the two.
        if taken && bytes > 0 && self.used() > self.max() {
            self.used.fetch_sub(bytes, Relaxed);
            return false;
        }
        if taken && purpose == Purpose::State {
            self.states.fetch_add(bytes, Relaxed);
        }
        taken
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

/// Bytes held until this is dropped: 16 bytes, for one is in every value's header.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: Arc<Budget>,
    /// The bytes, and in the two lowest bits the purpose.
    tagged: u64,
}

impl Reservation {
    pub(crate) fn bytes(&self) -> u64 {
        self.tagged >> 2
    }

    fn purpose(&self) -> Purpose {
        match self.tagged & 3 {
            0 => Purpose::Result,
            1 => Purpose::State,
            _ => Purpose::Detached,
        }
    }

    /// Another reservation in the same budget, for the same purpose.
    pub(crate) fn another(&self, bytes: u64) -> Option<Self> {
        self.budget.reserve(bytes, self.purpose())
    }

    /// Takes `other`'s bytes into this one.
    pub(crate) fn merge(&mut self, mut other: Reservation) {
        debug_assert_eq!(self.purpose(), other.purpose());
        self.tagged += other.bytes() << 2;
        other.tagged &= 3;
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let excess = self.bytes().saturating_sub(bytes);
        if excess > 0 {
            self.tagged -= excess << 2;
            self.budget.give_back(excess, self.purpose());
        }
    }

    /// Makes it hold exactly `bytes`, unless there are too few, or the limit was lowered below what is in use.
    pub(crate) fn resize_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes());
        if self.budget.shortfall(more) > 0 || (more > 0 && !self.budget.take(more, self.purpose())) {
            return false;
        }
        self.tagged += more << 2;
        self.shrink_to(bytes);
        true
    }

    /// The same for whoever has no use for it otherwise.
    pub(crate) fn resized_to(mut self, bytes: u64) -> Option<Self> {
        self.resize_to(bytes).then_some(self)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes(), self.purpose());
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
        assert!(Budget::new(u64::MAX).reserve(u64::MAX, Purpose::Result).is_none(), "no such memory");
        assert_eq!((budget.used(), budget.detached()), (0, 5));
        drop(detached);
        assert_eq!(budget.detached(), 0);
    }
}

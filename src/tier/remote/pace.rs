//! How much is asked at once, and what a silence means: measured by what the server answered lately.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// What is asked for at once, by the look of what came before: it is to arrive within one deadline.
const PORTION: u64 = 4 << 20;
/// Before anything has come.
const FIRST: u64 = 16 << 10;
/// Keys at once, however large or small their values were.
const FEWEST: u64 = 4;
const MOST: u64 = 4096;

#[derive(Debug)]
pub(super) struct Pace {
    born: Instant,
    /// The mean of the last values, those that were not there among them, as nothing.
    mean: AtomicU64,
    /// When it last answered, in nanoseconds of this store's life.
    heard: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { born: Instant::now(), mean: AtomicU64::new(FIRST), heard: AtomicU64::new(0) }
    }
}

impl Pace {
    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.born).as_nanos()).unwrap_or(u64::MAX)
    }

    /// A key was answered, with a value of so many bytes. Called by one thread.
    pub(super) fn heard(&self, bytes: usize) {
        let (mean, bytes) = (self.mean.load(Relaxed), bytes as u64);
        self.mean.store((mean * 15 + bytes).div_ceil(16), Relaxed);
        self.heard.store(self.nanos(Instant::now()), Relaxed);
    }

    /// Whether anything was answered since then.
    pub(super) fn has_heard_since(&self, then: Instant) -> bool {
        self.heard.load(Relaxed) > self.nanos(then)
    }

    /// How many keys to ask for at once.
    pub(super) fn keys_at_once(&self) -> usize {
        (PORTION / self.mean.load(Relaxed).max(1)).clamp(FEWEST, MOST) as usize
    }
}

/// Whether a request that has so long left says anything of a server, if it stays without an answer: not what was asked
/// at the last moment.
pub(super) fn is_evidence(left: Duration, timeout: Duration) -> bool {
    left >= timeout / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_values_are_asked_for_in_small_numbers() {
        let pace = Pace::default();
        assert_eq!(pace.keys_at_once(), 256);
        (0..200).for_each(|_| pace.heard(1 << 20));
        assert_eq!(pace.keys_at_once(), 4);
        (0..200).for_each(|_| pace.heard(0));
        assert_eq!(pace.keys_at_once(), 4096);
    }

    #[test]
    fn an_answer_is_one_since_then() {
        let pace = Pace::default();
        let before = Instant::now();
        assert!(!pace.has_heard_since(before));
        pace.heard(1);
        assert!(pace.has_heard_since(before) && !pace.has_heard_since(Instant::now()));
    }
}

//! Which entries were found since the hand of eviction last passed them: one bit each, by key, in this process's memory.
//! Hits of other processes are not known here, and a hit never writes. Two entries that share a bit share its chance.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// 128 KiB: at 1 GiB of envelopes of 16 KiB, 1 entry in 16 shares a bit.
const BITS: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Touched(Box<[AtomicU64]>);

impl Touched {
    pub(super) fn new() -> Self {
        Self((0..BITS / 64).map(|_| AtomicU64::new(0)).collect())
    }

    fn bit(&self, id: i64) -> (&AtomicU64, u64) {
        let n = id as u64 as usize % BITS;
        (&self.0[n / 64], 1 << (n % 64))
    }

    /// Read first: most hits find the bit set, and then share the line instead of taking it.
    pub(super) fn set(&self, id: i64) {
        let (word, bit) = self.bit(id);
        if word.load(Relaxed) & bit == 0 {
            word.fetch_or(bit, Relaxed);
        }
    }

    /// Whether the bit was set; it no longer is.
    pub(super) fn take(&self, id: i64) -> bool {
        let (word, bit) = self.bit(id);
        word.load(Relaxed) & bit != 0 && word.fetch_and(!bit, Relaxed) & bit != 0
    }
}

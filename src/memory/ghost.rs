//! Keys that left the small queue unused, as 16-bit fingerprints: eight to a bucket, the oldest falls out.

use crate::value::prefetch;

#[derive(Debug, Default)]
pub(super) struct Ghost {
    buckets: Vec<u128>,
}

impl Ghost {
    pub(super) const fn new() -> Self {
        Self { buckets: Vec::new() }
    }

    /// Makes room for `entries` fingerprints. Doubling copies a bucket to both places its keys may now belong. Where the
    /// allocator refuses, it remembers fewer.
    pub(super) fn grow(&mut self, entries: usize) {
        let wanted = entries.div_ceil(8).next_power_of_two();
        while self.buckets.len() < wanted {
            let len = self.buckets.len();
            let more = if len == 0 { wanted } else { len };
            if self.buckets.try_reserve_exact(more).is_err() {
                return;
            }
            match len {
                0 => self.buckets.resize(wanted, 0),
                _ => self.buckets.extend_from_within(..),
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.buckets = Vec::new();
    }

    fn place(&self, hash: u64) -> Option<(usize, u16)> {
        let mask = self.buckets.len().checked_sub(1)?;
        let fingerprint = (hash >> 32) as u16;
        Some(((hash as usize) & mask, fingerprint.max(1)))
    }

    /// Asks for a key's bucket, which is soon needed.
    pub(super) fn foresee(&self, hash: u64) {
        if let Some((bucket, _)) = self.place(hash) {
            prefetch(&self.buckets[bucket]);
        }
    }

    pub(super) fn put(&mut self, hash: u64) {
        if let Some((bucket, fingerprint)) = self.place(hash) {
            self.buckets[bucket] = self.buckets[bucket] << 16 | u128::from(fingerprint);
        }
    }

    /// Whether the key was here; it is not any more.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        let Some((bucket, fingerprint)) = self.place(hash) else { return false };
        let lanes = self.buckets[bucket];
        let Some(lane) = (0..8).find(|lane| (lanes >> (16 * lane)) as u16 == fingerprint) else { return false };
        let below = lanes & ((1 << (16 * lane)) - 1);
        // Two shifts: one by 128 bits would overflow for the last lane.
        self.buckets[bucket] = (lanes >> (16 * lane) >> 16) << (16 * lane) | below;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_remembers_its_last_eight() {
        let mut ghost = Ghost::new();
        ghost.put(1 << 32); // no room yet: nothing happens
        ghost.grow(8);
        for n in 1..=9u64 {
            ghost.put(n << 32);
        }
        assert!(!ghost.take(1 << 32), "the ninth pushed the first out");
        for n in [9, 2, 5] {
            assert!(ghost.take(n << 32), "{n}");
            assert!(!ghost.take(n << 32), "{n} is taken once");
        }
        for n in [3, 4, 6, 7, 8u64] {
            assert!(ghost.take(n << 32), "{n}");
        }
    }

    #[test]
    fn growing_forgets_nothing() {
        let mut ghost = Ghost::new();
        ghost.grow(64);
        let hashes: Vec<u64> = (1..=8).map(|n| (n << 32) | (n * 37)).collect();
        for &hash in &hashes {
            ghost.put(hash);
        }
        ghost.grow(1000);
        assert!(hashes.iter().all(|&hash| ghost.take(hash)));
    }
}

//! How often a key was seen, roughly: a count-min sketch of 4-bit counters (after TinyLFU, Einziger et al., 2017). A key
//! has two of them in one cache line, one in each half; all are halved now and then, so that old fame fades.

use crate::stir::fold;
use crate::value::prefetch;
use std::collections::TryReserveError;

/// 64 counters in each half.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u64; 8]);

/// Counters are halved after so many increments for each entry.
const MEMORY: u64 = 20;
const LEAST_ENTRIES: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Sketch {
    lines: Vec<Line>,
    increments: u64,
}

impl Sketch {
    pub(super) const fn new() -> Self {
        Self { lines: Vec::new(), increments: 0 }
    }

    /// Lines for `entries`: 12 bytes each, for the next power of two of them.
    fn lines_for(entries: usize) -> usize {
        entries.next_power_of_two().max(LEAST_ENTRIES) * 12 / 64
    }

    /// Makes room for `entries`. Doubling copies a line to both places its keys may now belong.
    pub(super) fn grow(&mut self, entries: usize) -> Result<(), TryReserveError> {
        let wanted = Self::lines_for(entries);
        if self.lines.is_empty() {
            self.lines.try_reserve_exact(wanted)?;
            self.lines.resize(wanted, Line([0; 8]));
        }
        while self.lines.len() < wanted {
            let old = self.lines.len();
            self.lines.try_reserve_exact(old)?;
            self.lines.resize(2 * old, Line([0; 8]));
            for at in (0..old).rev() {
                self.lines[2 * at + 1] = self.lines[at];
                self.lines[2 * at] = self.lines[at];
            }
        }
        Ok(())
    }

    /// The line of a key, and the word and shift of its counter in each half; None before there is room.
    #[inline]
    fn place(&self, hash: u64) -> Option<(usize, [(usize, u32); 2])> {
        if self.lines.is_empty() {
            return None;
        }
        let mixed = mixed(hash);
        let line = (((mixed >> 32) * self.lines.len() as u64) >> 32) as usize;
        let counter = |half: usize, bits: u64| (4 * half + (bits >> 4) as usize % 4, 4 * (bits % 16) as u32);
        Some((line, [counter(0, mixed), counter(1, mixed >> 6)]))
    }

    /// Asks for a key's line, which is soon needed.
    #[inline]
    pub(super) fn foresee(&self, hash: u64) {
        if let Some((line, _)) = self.place(hash) {
            prefetch(&self.lines[line]);
        }
    }

    /// Counts a key once, in a cache of `entries`.
    #[inline]
    pub(super) fn increment(&mut self, hash: u64, entries: usize) {
        let Some((line, counters)) = self.place(hash) else { return };
        let line = &mut self.lines[line].0;
        for (word, shift) in counters {
            let full = (line[word] >> shift) & 15 == 15;
            line[word] += u64::from(!full) << shift;
        }
        self.increments += 1;
        if self.increments >= MEMORY * entries as u64 {
            self.halve();
        }
    }

    #[cold]
    fn halve(&mut self) {
        self.increments = 0;
        for word in self.lines.iter_mut().flat_map(|line| &mut line.0) {
            *word = (*word >> 1) & 0x7777_7777_7777_7777;
        }
    }

    /// At most 15, and rarely more than the truth.
    #[inline]
    pub(super) fn estimate(&self, hash: u64) -> u64 {
        let Some((line, counters)) = self.place(hash) else { return 0 };
        let [a, b] = counters.map(|(word, shift)| (self.lines[line].0[word] >> shift) & 15);
        a.min(b)
    }
}

/// Mixed again: the keys of one shard, and of one bucket, share bits of their hash.
#[inline]
pub(super) fn mixed(hash: u64) -> u64 {
    fold(hash ^ 0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> u64 {
        fold(n ^ 0x1234_5678_9abc_def1, 0xff51_afd7_ed55_8ccd)
    }

    #[test]
    fn counts_go_to_fifteen_and_are_halved_after_twenty_an_entry() {
        let mut sketch = Sketch::new();
        sketch.increment(1, 16); // no room yet: nothing happens
        assert_eq!(sketch.estimate(1), 0);
        sketch.grow(16).unwrap();
        for n in 1..=15 {
            sketch.increment(1, 16);
            assert_eq!(sketch.estimate(1), n);
        }
        for _ in 15..319 {
            sketch.increment(1, 16);
        }
        assert_eq!(sketch.estimate(1), 15);
        sketch.increment(1, 16);
        assert_eq!(sketch.estimate(1), 7, "that was the 320th");
    }

    #[test]
    fn growing_forgets_no_count() {
        let mut sketch = Sketch::new();
        sketch.grow(100).unwrap();
        for n in 0..100 {
            (0..n % 7).for_each(|_| sketch.increment(hash(n), 1_000_000));
        }
        let before: Vec<u64> = (0..100).map(|n| sketch.estimate(hash(n))).collect();
        sketch.grow(5000).unwrap();
        assert_eq!(sketch.lines.len(), 8192 * 12 / 64);
        assert_eq!((0..100).map(|n| sketch.estimate(hash(n))).collect::<Vec<_>>(), before);
    }

    #[test]
    fn with_as_many_keys_as_entries_few_estimates_are_too_high() {
        let mut sketch = Sketch::new();
        sketch.grow(1024).unwrap();
        (0..1024).for_each(|n| sketch.increment(hash(n), 1024));
        let high = (0..1024).filter(|&n| sketch.estimate(hash(n)) > 1).count();
        assert!((0..1024).all(|n| sketch.estimate(hash(n)) >= 1));
        // 16 of 1,024 keys meet in a line of 64 and 64 counters in the mean: two collisions at once are rare.
        assert!(high < 60, "{high} of 1024");
    }
}

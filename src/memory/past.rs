//! What a shard remembers of keys, here or gone: the sketch, the ghost, and a little chance.

use super::ghost::Ghost;
use super::policy::{Arrival, Queue};
use super::sketch::Sketch;
use super::worth::Compared;
use std::collections::TryReserveError;

/// From this estimate on the loser of a contest wins one time in 128, lest an old favourite stays for ever.
const MAY_BE_LUCKY: u64 = 6;

/// What is remembered of keys, here or gone.
#[derive(Debug)]
pub(super) struct Past {
    sketch: Sketch,
    pub(super) ghost: Ghost,
    /// For how many entries: the capacity as far as it was ever used.
    entries: usize,
    /// The last key that arrived, not yet counted.
    arrived: Option<u64>,
    dice: Dice,
}

impl Past {
    pub(super) const fn new(seed: u64) -> Self {
        Self { sketch: Sketch::new(), ghost: Ghost::new(), entries: 0, arrived: None, dice: Dice::new(seed) }
    }

    /// Makes room for `entries`; both tables grow by doubling.
    pub(super) fn grow(&mut self, entries: usize) -> Result<(), TryReserveError> {
        self.sketch.grow(entries)?;
        self.ghost.grow(entries);
        self.entries = entries;
        Ok(())
    }

    /// What the sketch's memory is a multiple of, within the room there is.
    pub(super) fn set_entries(&mut self, entries: usize) {
        self.entries = entries;
    }

    /// Forgets everything, and makes room for `entries`, or for none where the allocator refuses.
    pub(super) fn restart(&mut self, entries: usize) {
        (self.sketch, self.ghost) = (Sketch::new(), Ghost::new());
        let _ = self.grow(entries);
    }

    /// Asks for what is remembered of a key, which is soon needed.
    #[inline]
    pub(super) fn foresee(&self, hash: u64) {
        self.sketch.foresee(hash);
        self.ghost.foresee(hash);
    }

    /// A new key: counted, and put where it belongs. It is counted when the next one arrives: its line of the sketch has
    /// come by then, where a put that waited for it would take a fifth longer.
    pub(super) fn arrive(&mut self, hash: u64) -> Arrival {
        if let Some(before) = self.arrived.replace(hash) {
            self.increment(before);
        }
        Arrival::new(hash, if self.ghost.take(hash) { Queue::Main } else { Queue::Small })
    }

    pub(super) fn increment(&mut self, hash: u64) {
        self.sketch.increment(hash, self.entries);
    }

    /// Whether a key matters more than another.
    pub(super) fn is_more(&self, key: u64, other: u64, worth: Compared) -> bool {
        worth.is_more(self.sketch.estimate(key), self.sketch.estimate(other))
    }

    pub(super) fn beats(&mut self, challenger: u64, victim: u64, worth: Compared) -> bool {
        let estimate = self.sketch.estimate(challenger);
        worth.is_more(estimate, self.sketch.estimate(victim)) || estimate >= MAY_BE_LUCKY && self.dice.one_time_in_128()
    }
}

/// A small generator of chance (xorshift).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(super) fn one_time_in_128(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 57 == 0
    }
}

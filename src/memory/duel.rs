//! Which mode a cache's shards are in: a small shadow in each mode sees a sample of the keys, and the mode whose shadow
//! hits more takes over (set dueling, Qureshi et al., ISCA 2007).

use super::contest::{Choice, Mode};
use super::shadow::Shadow;
use crate::lock::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One key in 2^5 is sampled, more where the shadows would have fewer than 128 entries, and down to one in 2^7 where they
/// have 512 all the same.
const SAMPLINGS: [(u64, u32); 2] = [(128, 5), (512, 7)];
/// The modes are compared after so many samples.
const ROUND: u32 = 64;
/// Where in a hash the sampling bits are: the tables use those below and above.
const FIRST_BIT: u32 = 27;

/// The bits of a hash that are 0 where a key is sampled. On lines of its own, for every lookup reads it.
#[derive(Debug)]
#[repr(align(128))]
struct Mask(AtomicU64);

impl Mask {
    fn of(bits: u32) -> u64 {
        ((1 << bits) - 1) << FIRST_BIT
    }
}

#[derive(Debug)]
pub(super) struct Duel {
    mask: Mask,
    choice: Arc<Choice>,
    seed: u64,
    shadows: Mutex<Option<Shadows>>,
}

impl Duel {
    pub(super) fn new(choice: Arc<Choice>, seed: u64) -> Self {
        Self { mask: Mask(AtomicU64::new(0)), choice, seed, shadows: Mutex::new(None) }
    }

    #[inline]
    fn is_sampled(&self, hash: u64) -> bool {
        hash & self.mask.0.load(Relaxed) == 0
    }

    /// A hit. Never waits, and never allocates: a sample that another thread is in the way of is dropped.
    #[inline]
    pub(super) fn hit(&self, hash: u64) {
        if self.is_sampled(hash) {
            self.sample(hash);
        }
    }

    #[cold]
    #[inline(never)]
    fn sample(&self, hash: u64) {
        let Some(mut shadows) = self.shadows.try_lock() else { return };
        if let Some(shadows) = &mut *shadows {
            shadows.sample(hash, &self.choice);
        }
    }

    /// A key was added, and now there are so many entries. The shadows follow their number, and start afresh where it
    /// outgrows their room, or the allocator had none.
    #[inline]
    pub(super) fn added(&self, hash: u64, entries: u64) {
        if !self.is_sampled(hash) {
            return;
        }
        let Some(mut shadows) = self.shadows.try_lock() else { return };
        let plan = Plan::of(entries);
        if shadows.as_ref().is_none_or(|now| now.is_outgrown(entries)) {
            *shadows = None; // before the new ones are allocated
            *shadows = Shadows::new(plan, entries, self.seed);
            self.mask.0.store(Mask::of(plan.bits), Relaxed);
        }
        if let Some(shadows) = &mut *shadows {
            shadows.capacity = (entries as usize >> shadows.plan.bits).clamp(1, shadows.plan.room);
            if self.is_sampled(hash) {
                shadows.sample(hash, &self.choice);
            }
        }
    }

    /// Gives the shadows' memory back where only `entries` are left, far fewer than they were made for.
    pub(super) fn shrink_to(&self, entries: u64) {
        let mut shadows = self.shadows.lock();
        if shadows.as_ref().is_some_and(|now| now.is_too_large(entries)) {
            *shadows = None;
            self.mask.0.store(0, Relaxed);
        }
    }
}

/// How the shadows of a cache are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    /// A key is sampled where so many bits of its hash are 0.
    bits: u32,
    /// Keys there is room for in each shadow, a power of two.
    room: usize,
}

impl Plan {
    fn of(entries: u64) -> Self {
        let bits_for = |(least, most): (u64, u32)| (entries / least).checked_ilog2().unwrap_or(0).min(most);
        let bits = SAMPLINGS.map(bits_for).into_iter().fold(0, u32::max);
        Self { bits, room: ((entries >> bits) as usize).next_power_of_two().max(16) }
    }
}

#[derive(Debug)]
struct Shadows {
    plan: Plan,
    /// For how many entries they were made.
    made_for: u64,
    capacity: usize,
    each: [Shadow; 3],
    /// Hits of each, and samples, the older ones weighing less.
    hits: [f64; 3],
    samples: f64,
    round: u32,
}

impl Shadows {
    fn new(plan: Plan, entries: u64, seed: u64) -> Option<Self> {
        let [a, b, c] = Mode::ALL.map(|mode| Shadow::with_room(plan.room, mode, seed));
        let each = [a?, b?, c?];
        Some(Self { plan, made_for: entries, capacity: 1, each, hits: [0.0; 3], samples: 0.0, round: 0 })
    }

    fn is_outgrown(&self, entries: u64) -> bool {
        entries > self.made_for && Plan::of(entries) != self.plan || self.is_too_large(entries)
    }

    fn is_too_large(&self, entries: u64) -> bool {
        entries * 4 <= self.made_for
    }

    fn sample(&mut self, hash: u64, choice: &Choice) {
        let fade = 1.0 - 1.0 / (2.0 * self.capacity as f64);
        for (shadow, hits) in self.each.iter_mut().zip(&mut self.hits) {
            *hits = *hits * fade + f64::from(u8::from(shadow.access(hash, self.capacity)));
        }
        self.samples = self.samples * fade + 1.0;
        self.round += 1;
        if self.round == ROUND {
            self.round = 0;
            self.judge(choice);
        }
    }

    /// Chance makes a difference of about the root of the hits.
    fn judge(&self, choice: &Choice) {
        let mut best = Mode::Frequency;
        for mode in Mode::ALL {
            if self.hits[mode as usize] > self.hits[best as usize] {
                best = mode;
            }
        }
        let (hits, now) = (self.hits[best as usize], self.hits[choice.get() as usize]);
        if hits - now > 0.01 * self.samples + hits.sqrt() {
            choice.set(best);
        }
    }
}

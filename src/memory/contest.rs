//! The adaptive policy's decisions, for any pair of queues: S3-FIFO (Yang et al., SOSP 2023) where the cold tail of the
//! small queue contests the place of main's victim by frequency, in one of three modes. The index and the shadows that
//! choose its mode share this code.

use super::ghost::Ghost;
use super::policy::{Arrival, Passing, Queue};
use super::sketch::Sketch;
use std::collections::TryReserveError;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

pub(super) const MAX_USES: u8 = 3;
/// Entries one search moves on or gives a second chance, so that no put pays for a whole shard of them.
pub(super) const MAX_SECOND_CHANCES: u32 = 256;
/// From this estimate on the loser of a contest wins one time in 128, lest an old favourite stays for ever.
const MAY_BE_LUCKY: u64 = 6;

/// How much room new keys get, and whether having been used is enough to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// A small queue of 10%: the start.
    Frequency = 0,
    /// A small queue of 60%, for traffic that comes back soon or never.
    Recency = 1,
    /// A small queue of 3%, and every newcomer must win its place: for loops and scans.
    Strict = 2,
}

impl Mode {
    pub(super) const ALL: [Self; 3] = [Self::Frequency, Self::Recency, Self::Strict];

    fn small_percent(self) -> u64 {
        match self {
            Self::Frequency => 10,
            Self::Recency => 60,
            Self::Strict => 3,
        }
    }
}

/// The mode all shards of a cache are in.
#[derive(Debug)]
pub(super) struct Choice(AtomicU8);

impl Choice {
    pub(super) const fn new(mode: Mode) -> Self {
        Self(AtomicU8::new(mode as u8))
    }

    pub(super) fn get(&self) -> Mode {
        Mode::ALL[usize::from(self.0.load(Relaxed))]
    }

    pub(super) fn set(&self, mode: Mode) {
        self.0.store(mode as u8, Relaxed);
    }
}

/// What is remembered of keys, here or gone.
#[derive(Debug)]
pub(super) struct Past {
    sketch: Sketch,
    ghost: Ghost,
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
        Arrival { hash, queue: if self.ghost.take(hash) { Queue::Main } else { Queue::Small } }
    }

    fn increment(&mut self, hash: u64) {
        self.sketch.increment(hash, self.entries);
    }

    fn beats(&mut self, challenger: u64, victim: u64) -> bool {
        let estimate = self.sketch.estimate(challenger);
        estimate > self.sketch.estimate(victim) || estimate >= MAY_BE_LUCKY && self.dice.one_time_in_128()
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

/// What the two queues hold, in whatever a cache's size is counted in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    pub(super) small: u64,
    pub(super) main: u64,
    pub(super) entries: u64,
}

/// The small and the main queue, of a shard or of a shadow.
pub(super) trait Queues {
    fn weights(&self) -> Weights;

    fn main_len(&self) -> u32;

    /// The oldest of a queue.
    fn tail(&self, queue: Queue) -> Option<u32>;

    fn weight(&self, at: u32) -> u64;

    fn hash(&self, at: u32) -> u64;

    fn uses(&mut self, at: u32) -> &mut u8;

    /// Whether this entry is leased, and so passed over; counts it if so.
    fn passes(&mut self, at: u32, passing: &mut Passing) -> bool;

    /// Moves the tail of a queue to main's head.
    fn move_to_main(&mut self, from: Queue, at: u32);
}

/// One search for a victim.
pub(super) struct Search<'a, Q> {
    queues: &'a mut Q,
    past: &'a mut Past,
    mode: Mode,
    passing: &'a mut Passing,
    /// Hundred times the whole, which no search changes, and hundred times the small queue's share of it.
    whole: u64,
    share: u64,
    /// Moves and second chances so far.
    chances: u32,
    /// Leased entries found one after another in main.
    leased_in_turn: u32,
}

impl<'a, Q: Queues> Search<'a, Q> {
    pub(super) fn new(queues: &'a mut Q, past: &'a mut Past, mode: Mode, passing: &'a mut Passing) -> Self {
        let Weights { small, main, entries } = queues.weights();
        let (whole, percent) = (small + main, mode.small_percent());
        // At least an average entry.
        let share = if entries * percent >= 100 { whole * percent } else { whole * 100 / entries.max(1) };
        Self { queues, past, mode, passing, whole: whole * 100, share, chances: 0, leased_in_turn: 0 }
    }

    /// The entry to give up, still in its queue; None when all that may be looked at is passed over. An arrival that
    /// must win its place in main learns whether it did.
    pub(super) fn run(mut self, arrival: Option<&mut Arrival>) -> Option<u32> {
        if let Some(arrival) = arrival.filter(|arrival| arrival.queue == Queue::Main && self.is_gated()) {
            let victim = self.victim();
            if victim.is_some_and(|victim| self.past.beats(arrival.hash, self.queues.hash(victim))) {
                return victim;
            }
            arrival.queue = Queue::Small;
        }
        while !self.passing.is_over() {
            // When all of main was found leased, small has to give something up.
            let main_can = !self.main_is_leased();
            let victim = match self.queues.tail(Queue::Small) {
                Some(at) if !main_can || self.small_is_over(at) => self.try_small(at),
                _ if main_can => self.victim(),
                _ => return None,
            };
            if victim.is_some() {
                return victim;
            }
        }
        None
    }

    /// Whether what the ghost remembers must win its place in main.
    fn is_gated(&self) -> bool {
        self.mode == Mode::Strict && self.queues.main_len() > 0 && !self.main_has_room_for(None)
    }

    fn main_is_leased(&self) -> bool {
        self.leased_in_turn >= self.queues.main_len()
    }

    /// Whether another entry like its oldest would make the small queue larger than its share. So it may shrink by one
    /// before main gives one up without a contest: where sizes differ, that is seldom.
    fn small_is_over(&self, oldest: u32) -> bool {
        (self.queues.weights().small + self.queues.weight(oldest)) * 100 > self.share
    }

    /// Whether main stays within the small queue's rest with one entry more, or an average one.
    fn main_has_room_for(&self, at: Option<u32>) -> bool {
        let Weights { small, main, entries } = self.queues.weights();
        let weight = at.map_or_else(|| (small + main) / entries.max(1), |at| self.queues.weight(at));
        (main + weight) * 100 + self.share <= self.whole
    }

    fn try_small(&mut self, at: u32) -> Option<u32> {
        if self.queues.passes(at, self.passing) {
            // Someone is reading it now: that is a use.
            self.move_on(at);
            return None;
        }
        let (hash, uses) = (self.queues.hash(at), *self.queues.uses(at));
        // The sketch learns of hits here, all at once.
        (0..uses).for_each(|_| self.past.increment(hash));
        let main_is_empty = self.queues.main_len() == 0;
        if !main_is_empty && self.main_is_leased() {
            self.past.ghost.put(hash);
            return Some(at);
        }
        if self.chances < MAX_SECOND_CHANCES && (main_is_empty || self.main_has_room_for(Some(at))) {
            self.chances += 1;
            self.leased_in_turn = 0;
            self.move_on(at);
            return None;
        }
        if uses > 0 && self.mode != Mode::Strict {
            self.move_on(at);
            return self.victim();
        }
        let victim = self.victim();
        if victim.is_some_and(|victim| self.past.beats(hash, self.queues.hash(victim))) {
            self.move_on(at);
            return victim;
        }
        self.past.ghost.put(hash);
        Some(at)
    }

    fn move_on(&mut self, at: u32) {
        *self.queues.uses(at) = 0;
        self.queues.move_to_main(Queue::Small, at);
    }

    /// Main's oldest unused entry: those used on the way go round again. It leaves no ghost.
    fn victim(&mut self) -> Option<u32> {
        while !self.passing.is_over() && !self.main_is_leased() {
            let at = self.queues.tail(Queue::Main)?;
            if self.queues.passes(at, self.passing) {
                self.leased_in_turn += 1;
            } else {
                let uses = self.queues.uses(at);
                if *uses == 0 || self.chances >= MAX_SECOND_CHANCES {
                    return Some(at);
                }
                *uses -= 1;
                self.chances += 1;
                self.leased_in_turn = 0;
                let hash = self.queues.hash(at);
                self.past.increment(hash);
            }
            self.queues.move_to_main(Queue::Main, at);
        }
        None
    }
}

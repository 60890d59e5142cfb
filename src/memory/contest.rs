//! The adaptive policy's decisions, for any pair of queues: S3-FIFO (Yang et al., SOSP 2023) where the cold tail of the
//! small queue contests the place of main's victim by frequency, in one of three modes. The index and the shadows that
//! choose its mode share this code.

use super::past::Past;
use super::policy::{Arrival, Passing, Queue};
use super::worth::{Compared, Worth};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

pub(super) const MAX_USES: u8 = 3;
/// Entries one search moves on or gives a second chance, so that no put pays for a whole shard of them.
pub(super) const MAX_SECOND_CHANCES: u32 = 256;
/// What stays because it is dear goes round again, and at most so many in a contest, for the next one may be cheap.
const MOST_SPARED: u32 = 4;

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

    /// The next younger one of its queue.
    fn before(&self, at: u32) -> Option<u32>;

    fn weight(&self, at: u32) -> u64;

    fn hash(&self, at: u32) -> u64;

    fn worth(&self, at: u32) -> Worth;

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
    /// What was evicted for the arrival before, and soon is part of the small queue again.
    freed: u64,
    /// Moves and second chances so far.
    chances: u32,
    /// Leased entries found one after another in main.
    leased_in_turn: u32,
}

impl<'a, Q: Queues> Search<'a, Q> {
    pub(super) fn new(queues: &'a mut Q, past: &'a mut Past, mode: Mode, passing: &'a mut Passing, freed: u64) -> Self {
        let Weights { small, main, entries } = queues.weights();
        let (whole, percent) = (small + main + freed, mode.small_percent());
        // At least an average entry.
        let share = if entries * percent >= 100 { whole * percent } else { whole * 100 / entries.max(1) };
        Self { queues, past, mode, passing, whole: whole * 100, share, freed, chances: 0, leased_in_turn: 0 }
    }

    /// The entry to give up, still in its queue; None when all that may be looked at is passed over. An arrival that
    /// must win its place in main learns whether it did.
    pub(super) fn run(mut self, arrival: Option<&mut Arrival>) -> Option<u32> {
        if let Some(arrival) = arrival.filter(|arrival| arrival.queue == Queue::Main && self.is_gated()) {
            let victim = self.victim();
            if victim.is_some_and(|victim| self.arrives(arrival, victim)) {
                return victim;
            }
            arrival.queue = Queue::Small;
        }
        while !self.passing.is_over() {
            // When all of main was found leased, small has to give something up.
            let main_can = !self.main_is_leased();
            let victim = match self.queues.tail(Queue::Small) {
                Some(at) if !main_can || self.small_is_over(at) => self.try_small(at),
                _ if main_can => self.cheapest_victim(),
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
        let Weights { small, main, entries } = self.queues.weights();
        let average = (small + main) / entries.max(1);
        self.mode == Mode::Strict && main > 0 && !self.main_has_room_for(self.freed + average)
    }

    /// Whether an arrival wins the place of main's victim: what displaces several must be seen as often as they are.
    fn arrives(&mut self, arrival: &Arrival, victim: u32) -> bool {
        let other = self.queues.weight(victim);
        let displaced = Compared::Unknown { size: self.freed + other, other };
        self.past.beats(arrival.hash, self.queues.hash(victim), displaced)
    }

    fn main_is_leased(&self) -> bool {
        self.leased_in_turn >= self.queues.main_len()
    }

    /// Whether another entry like its oldest would make the small queue larger than its share. So it may shrink by one
    /// before main gives one up without a contest: where sizes differ, that is seldom.
    fn small_is_over(&self, oldest: u32) -> bool {
        (self.queues.weights().small + self.freed + self.queues.weight(oldest)) * 100 > self.share
    }

    /// Whether main stays within the small queue's rest with so much more.
    fn main_has_room_for(&self, weight: u64) -> bool {
        (self.queues.weights().main + weight) * 100 + self.share <= self.whole
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
            return self.give_up(at, hash);
        }
        let worth = self.queues.worth(at);
        let is_cheap = self.is_cheaper_than_main(worth);
        if is_cheap && uses == 0 {
            return self.give_up(at, hash);
        }
        let has_room = main_is_empty || self.main_has_room_for(self.queues.weight(at));
        if has_room && self.chances < MAX_SECOND_CHANCES {
            self.chances += 1;
            self.leased_in_turn = 0;
            self.move_on(at);
            return None;
        }
        if uses > 0 && self.mode != Mode::Strict && !is_cheap {
            self.move_on(at);
            return self.cheapest_victim();
        }
        for _ in 0..MOST_SPARED {
            let Some(victim) = self.cheapest_victim() else { break };
            let compared = worth.compared_with(self.queues.worth(victim));
            if self.past.beats(hash, self.queues.hash(victim), compared) {
                self.move_on(at);
                return Some(victim);
            }
            if !compared.is_cheaper() {
                break;
            }
            self.spare(victim);
        }
        self.give_up(at, hash)
    }

    /// The small queue's oldest leaves, and is remembered.
    fn give_up(&mut self, at: u32, hash: u64) -> Option<u32> {
        self.past.ghost.put(hash);
        Some(at)
    }

    /// Whether an entry costs less for its bytes than main's oldest: having been used is not enough then.
    fn is_cheaper_than_main(&self, worth: Worth) -> bool {
        let oldest = self.queues.tail(Queue::Main).filter(|_| worth.is_known());
        oldest.is_some_and(|oldest| worth.compared_with(self.queues.worth(oldest)).is_cheaper())
    }

    /// Main's oldest goes round again.
    fn spare(&mut self, oldest: u32) {
        self.leased_in_turn = 0;
        self.queues.move_to_main(Queue::Main, oldest);
    }

    /// Main's oldest unused entry, or one of the next few where it is dear and they are not.
    fn cheapest_victim(&mut self) -> Option<u32> {
        let mut victim = self.victim()?;
        for _ in 0..MOST_SPARED {
            let worth = self.queues.worth(victim);
            let Some(next) = self.queues.before(victim).filter(|_| worth.is_known()) else { break };
            let compared = worth.compared_with(self.queues.worth(next));
            if !compared.is_dearer() || !self.past.is_more(self.queues.hash(victim), self.queues.hash(next), compared) {
                break;
            }
            self.spare(victim);
            victim = self.victim()?;
        }
        Some(victim)
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

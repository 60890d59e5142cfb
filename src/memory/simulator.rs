//! The adaptive policy as one would write it on paper: keys only, entries of one size, maps and queues of the standard
//! library. What is fast must decide as this does. Its one addition is the bound on the work of a search.

use super::contest::Mode;
use super::past::Dice;
use super::sketch::mixed;
use std::collections::{HashMap, VecDeque};

/// Two counters a key in a line of 128, one in each half.
#[derive(Default)]
struct Sketch {
    lines: Vec<[u8; 128]>,
    increments: usize,
}

impl Sketch {
    fn counters(&mut self, hash: u64) -> Option<[&mut u8; 2]> {
        let mixed = mixed(hash);
        let line = ((mixed >> 32) as usize * self.lines.len()) >> 32;
        let (one, other) = self.lines.get_mut(line)?.split_at_mut(64);
        Some([&mut one[mixed as usize % 64], &mut other[(mixed >> 6) as usize % 64]])
    }

    fn increment(&mut self, hash: u64, c: usize) {
        let Some(counters) = self.counters(hash) else { return };
        counters.into_iter().for_each(|counter| *counter = (*counter + 1).min(15));
        self.increments += 1;
        if self.increments >= 20 * c {
            self.increments = 0;
            self.lines.iter_mut().flatten().for_each(|counter| *counter /= 2);
        }
    }

    fn estimate(&mut self, hash: u64) -> u8 {
        self.counters(hash).map_or(0, |[a, b]| (*a).min(*b))
    }
}

pub(super) struct Simulator {
    mode: Mode,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    f: HashMap<u64, u8>,
    /// What was said to have been computed, in nanoseconds; 0 or nothing where unknown.
    costs: HashMap<u64, u64>,
    sketch: Sketch,
    ghost: Vec<VecDeque<u16>>,
    dice: Dice,
    /// The last miss, not yet counted.
    arrived: Option<u64>,
    /// Entries that sketch and ghost have room for, a power of two.
    room: usize,
}

impl Simulator {
    pub(super) fn new(mode: Mode, seed: u64) -> Self {
        let (small, main, ghost) = (VecDeque::new(), VecDeque::new(), Vec::new());
        let (f, costs, sketch, dice) = (HashMap::new(), HashMap::new(), Sketch::default(), Dice::new(seed));
        Self { mode, small, main, f, costs, sketch, ghost, dice, arrived: None, room: 0 }
    }

    pub(super) fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    pub(super) fn set_cost(&mut self, x: u64, nanoseconds: u64) {
        self.costs.insert(x, nanoseconds);
    }

    pub(super) fn len(&self) -> usize {
        self.f.len()
    }

    /// Doubles the tables: each part of the hash space is divided in two with the same content.
    pub(super) fn make_room_for(&mut self, entries: usize) {
        let wanted = entries.next_power_of_two();
        let (lines, buckets) = (wanted.max(16) * 12 / 64, wanted.div_ceil(8));
        match &mut self.sketch.lines {
            old if old.is_empty() => *old = vec![[0; 128]; lines],
            old => *old = (0..lines).map(|line| old[line * old.len() / lines]).collect(),
        }
        match &mut self.ghost {
            old if old.is_empty() => *old = vec![VecDeque::new(); buckets],
            old => *old = (0..buckets).map(|bucket| old[bucket % old.len()].clone()).collect(),
        }
        self.room = wanted;
    }

    fn fingerprint(hash: u64) -> u16 {
        ((hash >> 32) as u16).max(1)
    }

    fn ghost_put(&mut self, hash: u64) {
        let buckets = self.ghost.len();
        let bucket = &mut self.ghost[hash as usize % buckets];
        bucket.push_front(Self::fingerprint(hash));
        bucket.truncate(8);
    }

    fn ghost_take(&mut self, hash: u64) -> bool {
        let Some(bucket) = (hash as usize).checked_rem(self.ghost.len()) else { return false };
        let bucket = &mut self.ghost[bucket];
        let found = bucket.iter().position(|&fingerprint| fingerprint == Self::fingerprint(hash));
        found.and_then(|at| bucket.remove(at)).is_some()
    }

    /// The small queue's share of `c`, times 100.
    fn sm(&self, c: usize) -> usize {
        let percent = match self.mode {
            Mode::Frequency => 10,
            Mode::Recency => 60,
            Mode::Strict => 3,
        };
        (percent * c).max(100)
    }

    /// `c` is the capacity now; `known` is the one that sketch and ghost are for.
    pub(super) fn access(&mut self, x: u64, c: usize, known: usize) -> bool {
        if let Some(f) = self.f.get_mut(&x) {
            *f = (*f + 1).min(3);
            return true;
        }
        if let Some(before) = self.arrived.replace(x) {
            self.sketch.increment(before, known);
        }
        let mut to_main = self.ghost_take(x);
        while self.len() >= c {
            let c = self.len();
            let gated = to_main && self.mode == Mode::Strict && !self.main.is_empty();
            if gated && 100 * (self.main.len() + 1) > 100 * c - self.sm(c) {
                let mut chances = 0;
                let v = self.victim(&mut chances, known);
                // What computing x cost is not known before it is put.
                if self.is_seen_more(x, v) || self.is_lucky(x) {
                    self.drop_main();
                    continue;
                }
                to_main = false;
                self.evict(c, chances, known);
            } else {
                self.evict(c, 0, known);
            }
        }
        if to_main {
            self.main.push_front(x);
        } else {
            self.small.push_front(x);
        }
        self.f.insert(x, 0);
        if self.room < self.len() {
            self.make_room_for(self.len());
        }
        false
    }

    fn evict(&mut self, c: usize, mut chances: u32, known: usize) {
        while let Some(&y) = self.small.back() {
            if 100 * (self.small.len() + 1) <= self.sm(c) && !self.main.is_empty() {
                break;
            }
            let f = self.f[&y];
            (0..f).for_each(|_| self.sketch.increment(y, known));
            let cheap = self.main.back().is_some_and(|&oldest| self.dearer(oldest, y) > 0);
            if cheap && f == 0 {
                return self.drop_small(y);
            }
            let has_room = self.main.is_empty() || 100 * (self.main.len() + 1) <= 100 * c - self.sm(c);
            if has_room && chances < 256 {
                chances += 1;
                self.move_on(y);
                continue;
            }
            if f >= 1 && self.mode != Mode::Strict && !cheap {
                self.move_on(y);
                self.cheap_victim(&mut chances, known);
                return self.drop_main();
            }
            for _ in 0..4 {
                let v = self.cheap_victim(&mut chances, known);
                if self.beats(y, v) {
                    self.drop_main();
                    return self.move_on(y);
                }
                if self.dearer(v, y) == 0 {
                    break;
                }
                self.main.rotate_right(1);
            }
            return self.drop_small(y);
        }
        self.cheap_victim(&mut chances, known);
        self.drop_main();
    }

    /// How often the cost of `b` may be doubled without reaching beyond that of `a`.
    fn dearer(&self, a: u64, b: u64) -> u32 {
        let [a, b] = [a, b].map(|it| self.costs.get(&it).copied().unwrap_or(0));
        a.checked_div(b).and_then(u64::checked_ilog2).unwrap_or(0)
    }

    /// [`Simulator::victim`], or one of the next few where it is dear and they are not.
    fn cheap_victim(&mut self, chances: &mut u32, known: usize) -> u64 {
        let mut v = self.victim(chances, known);
        for _ in 0..4 {
            let Some(&next) = self.main.iter().nth_back(1) else { break };
            if self.dearer(v, next) == 0 || !self.matters_more(v, next) {
                break;
            }
            self.main.rotate_right(1);
            v = self.victim(chances, known);
        }
        v
    }

    fn drop_small(&mut self, y: u64) {
        self.small.pop_back();
        self.f.remove(&y);
        self.ghost_put(y);
    }

    fn move_on(&mut self, y: u64) {
        self.small.pop_back();
        self.main.push_front(y);
        self.f.insert(y, 0);
    }

    fn drop_main(&mut self) {
        let v = self.main.pop_back().unwrap();
        self.f.remove(&v);
    }

    /// Main's tail, after those used went round again.
    fn victim(&mut self, chances: &mut u32, known: usize) -> u64 {
        loop {
            let y = *self.main.back().unwrap();
            let f = self.f.get_mut(&y).unwrap();
            if *f == 0 || *chances >= 256 {
                return y;
            }
            *f -= 1;
            *chances += 1;
            self.sketch.increment(y, known);
            self.main.rotate_right(1);
        }
    }

    fn matters_more(&mut self, a: u64, b: u64) -> bool {
        let score = |estimate: u8, doublings: u32| u64::from(estimate) << doublings;
        let (a_over_b, b_over_a) = (self.dearer(a, b), self.dearer(b, a));
        score(self.sketch.estimate(a), a_over_b) > score(self.sketch.estimate(b), b_over_a)
    }

    fn beats(&mut self, a: u64, b: u64) -> bool {
        self.matters_more(a, b) || self.is_lucky(a)
    }

    fn is_seen_more(&mut self, a: u64, b: u64) -> bool {
        self.sketch.estimate(a) > self.sketch.estimate(b)
    }

    fn is_lucky(&mut self, a: u64) -> bool {
        self.sketch.estimate(a) >= 6 && self.dice.one_time_in_128()
    }
}

/// Three simulators that see a sample, and which of them is ahead.
pub(super) struct Judge {
    seed: u64,
    k: u32,
    made_for: usize,
    c: usize,
    shadows: [Simulator; 3],
    hits: [f64; 3],
    n: f64,
    samples: u32,
    pub(super) best: Mode,
}

impl Judge {
    pub(super) fn new(seed: u64) -> Self {
        let shadows = Mode::ALL.map(|mode| Simulator::new(mode, seed));
        let best = Mode::Frequency;
        Self { seed, k: 0, made_for: 0, c: 0, shadows, hits: [0.0; 3], n: 0.0, samples: 0, best }
    }

    fn k(c: usize) -> u32 {
        (0..=7).rev().find(|k| c >> k >= if *k > 5 { 512 } else { 128 }).unwrap_or(0)
    }

    fn room(c: usize) -> usize {
        (c >> Self::k(c)).next_power_of_two().max(16)
    }

    /// A key that hit, or was added to make `c` entries.
    pub(super) fn sample(&mut self, x: u64, hit: bool, c: usize) {
        if (x >> 27) % (1 << self.k) != 0 {
            return;
        }
        if !hit {
            let plan = |c| (Self::k(c), Self::room(c));
            if c > self.made_for && (self.made_for == 0 || plan(c) != plan(self.made_for)) {
                *self = Self { best: self.best, made_for: c, k: Self::k(c), ..Self::new(self.seed) };
                self.shadows.iter_mut().for_each(|shadow| shadow.make_room_for(Self::room(c)));
            }
            self.c = c >> self.k;
            if (x >> 27) % (1 << self.k) != 0 {
                return;
            }
        }
        let d = 1.0 - 1.0 / (2.0 * self.c as f64);
        for (shadow, hits) in self.shadows.iter_mut().zip(&mut self.hits) {
            let h = shadow.access(x, self.c, self.c);
            *hits = *hits * d + f64::from(u8::from(h));
        }
        self.n = self.n * d + 1.0;
        self.samples += 1;
        if self.samples % 64 == 0 {
            let b = (0..3).fold(0, |b, mode| if self.hits[mode] > self.hits[b] { mode } else { b });
            if self.hits[b] - self.hits[self.best as usize] > 0.01 * self.n + self.hits[b].sqrt() {
                self.best = Mode::ALL[b];
            }
        }
    }
}

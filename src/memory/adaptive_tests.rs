//! The index decides as the simulator does: the same hits, request by request, and the same mode.

use super::contest::Mode;
use super::simulator::{Judge, Simulator};
use super::tests::{key, put};
use super::*;
use crate::value::Draft;

const CAPACITIES: [u64; 8] = [1, 2, 7, 33, 100, 300, 700, 1999];

/// One shard, and no chance in its seeds.
fn memory(capacity: u64) -> Memory {
    let options =
        Options { max_bytes: UNLIMITED, max_chunks: capacity, policy: Policy::Adaptive, ..Options::default() };
    Memory::with(&options, Stir::fixed()).unwrap()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn unit(&mut self) -> f64 {
        self.next() as f64 / (1u64 << 31) as f64
    }
}

/// Traffic that has something for each mode: even, skewed as Zipf's law has it, loops, and what comes back soon or never.
fn traces(capacity: u64) -> Vec<(&'static str, Vec<u64>)> {
    let requests = (capacity * 30).clamp(2000, 30_000);
    let mut random = Random(capacity);
    let even = (0..requests).map(|_| random.next() % (3 * capacity)).collect();
    let mut random = Random(capacity + 1);
    let zipf = (0..requests).map(|_| ((20.0 * capacity as f64).powf(random.unit())) as u64).collect();
    let looped = (0..requests).map(|n| n % (2 * capacity)).collect();
    let mut random = Random(capacity + 2);
    let soon = (0..requests).map(|n| n - (random.unit().powi(3) * n.min(2 * capacity) as f64) as u64 / 2).collect();
    let mut random = Random(capacity + 3);
    let skewed = |random: &mut Random| (20.0 * capacity as f64).powf(random.unit()) as u64;
    let in_turn = (0..requests).map(|n| match n * 4 / requests {
        0 => skewed(&mut random),
        1 => n % (2 * capacity),
        2 => n - (random.unit() * capacity as f64 * 0.9) as u64,
        _ => {
            if n % 2 == 0 {
                n
            } else {
                skewed(&mut random)
            }
        }
    });
    let in_turn = in_turn.collect();
    vec![("even", even), ("Zipf", zipf), ("a loop", looped), ("soon or never", soon), ("in turn", in_turn)]
}

/// Compares request by request; returns the hits. `cost` is what computing a key takes, in nanoseconds.
fn compare(
    memory: &Memory, simulator: &mut Simulator, judge: &mut Option<Judge>, trace: &[u64], cost: fn(u64) -> u64,
    name: &str,
) -> u64 {
    let capacity = memory.count.max() as usize;
    let mut hits = 0;
    for (at, &n) in trace.iter().enumerate() {
        let hit = memory.get(&key(n)).is_some();
        let draft = Draft { compute_ns: cost(n), ..Draft::copy_of(b"") };
        assert!(hit || memory.put(&key(n), 0, draft, false, None).unwrap().stored);
        let hash = memory.stir.hash(&key(n));
        simulator.set_cost(hash, cost(n));
        let known = simulator.len();
        assert_eq!(hit, simulator.access(hash, capacity, known), "{name}, {capacity} entries, request {at}");
        if let Some(judge) = judge {
            judge.sample(hash, hit, simulator.len());
            assert_eq!(memory.choice.get(), judge.best, "{name}, {capacity} entries, request {at}");
            simulator.set_mode(judge.best);
        }
        hits += u64::from(hit);
    }
    hits
}

#[test]
fn in_each_mode_the_index_decides_as_the_simulator() {
    for capacity in CAPACITIES {
        for (name, trace) in traces(capacity) {
            for mode in Mode::ALL {
                let memory = Memory { duel: None, ..memory(capacity) };
                memory.choice.set(mode);
                let mut simulator = Simulator::new(mode, memory.stir.hash(&Digest([0; 32])));
                compare(&memory, &mut simulator, &mut None, &trace, |_| 0, &format!("{name}, {mode:?}"));
            }
        }
    }
}

/// From 1 microsecond to 33 milliseconds, with nothing to do with how popular a key is.
fn unequal(n: u64) -> u64 {
    1000 << (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60)
}

#[test]
fn what_is_dear_to_compute_is_kept_as_the_simulator_does() {
    let mut changed = 0;
    for capacity in [1, 2, 33, 300, 1999] {
        for (name, trace) in traces(capacity) {
            for mode in Mode::ALL {
                let run = |cost| {
                    let memory = Memory { duel: None, ..memory(capacity) };
                    memory.choice.set(mode);
                    let mut simulator = Simulator::new(mode, memory.stir.hash(&Digest([0; 32])));
                    let name = format!("{name}, {mode:?}, with costs");
                    (compare(&memory, &mut simulator, &mut None, &trace, cost, &name), memory.stats().time_saved_ns)
                };
                let (blind, _) = run(|_| 0);
                assert_eq!(run(|_| 3_000_000).0, blind, "{name}, {mode:?}: equal costs change nothing");
                changed += u32::from(run(unequal).0 != blind);
            }
        }
    }
    assert!(changed > 40, "costs changed the hits of {changed} in 75");
}

/// Popular chunks of unequal sizes and costs, and a scan.
#[test]
fn weighing_costs_saves_compute_time() {
    let saved = |is_told: bool| {
        let options = Options { max_bytes: 1 << 18, policy: Policy::Adaptive, ..Options::default() };
        let memory = Memory::with(&options, Stir::fixed()).unwrap();
        let (mut random, mut saved) = (Random(9), 0);
        for request in 0..60_000u64 {
            let n = if request % 4 == 0 { 100_000 + request } else { 5000f64.powf(random.unit().sqrt()) as u64 };
            if memory.get(&key(n)).is_some() {
                saved += unequal(n) / 1000;
                continue;
            }
            let bytes = vec![0; 64 << (n % 6)];
            let compute_ns = if is_told { unequal(n) } else { 0 };
            memory.put(&key(n), 0, Draft { compute_ns, ..Draft::copy_of(&bytes) }, false, None).unwrap();
        }
        saved
    };
    let (blind, told) = (saved(false), saved(true));
    assert!(told * 10 > blind * 11, "{told} against {blind} microseconds");
}

#[test]
fn the_duel_decides_as_the_simulator_and_changes_the_mode() {
    let mut switched = 0;
    for capacity in CAPACITIES {
        for (name, trace) in traces(capacity) {
            let memory = memory(capacity);
            let mut simulator = Simulator::new(Mode::Frequency, memory.stir.hash(&Digest([0; 32])));
            let mut judge = Some(Judge::new(memory.stir.hash(&Digest([1; 32]))));
            compare(&memory, &mut simulator, &mut judge, &trace, |_| 0, name);
            switched += u32::from(judge.unwrap().best != Mode::Frequency);
        }
    }
    assert!(switched > 5, "{switched} of 40 ended in another mode than the first");
}

#[test]
fn a_full_cache_costs_the_same_after_every_put() {
    for policy in super::tests::POLICIES {
        let options = Options { max_bytes: UNLIMITED, max_chunks: 100, policy, ..Options::default() };
        let memory = Memory::new(&options).unwrap();
        (0..100).for_each(|n| assert!(put(&memory, n, b"x")));
        let full = memory.stats().bytes;
        (100..5000).for_each(|n| assert!(put(&memory, n, b"x")));
        assert_eq!((memory.stats().entries, memory.stats().bytes), (100, full), "{policy:?}");
    }
}

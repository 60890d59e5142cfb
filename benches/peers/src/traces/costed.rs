//! A trace whose results differ in size and in what they cost to compute, made from a seed: popular chunks after Zipf's
//! law, a loop over a stretch of them, and scans of what never comes back; sizes and costs have lognormal tails, as
//! those of pipelines with cheap and dear stages do.

use super::least::Least;
use super::players::{ADAPTIVE, LRU, S3FIFO, digest};
use super::replay::PERCENTS;
use crate::common::table::{self, grouped};
use crate::random::Random;
use crate::row;
use crate::zipf::Zipf;
use serde_json::{Value as Json, json};
use streamcache::{Cache, Flags, Options, Policy, PutOptions};

const KEYS: usize = 20_000;
const REQUESTS: usize = 300_000;
/// Of 100 requests so many belong to the loop and to the scan; the rest is popular.
const LOOPED: u64 = 20;
const SCANNED: u64 = 20;
const LOOP_KEYS: usize = 4_000;
const MEDIAN_BYTES: f64 = 1024.0;
const LARGEST: usize = 128 << 10;
/// Of the natural logarithms.
const SPREAD_OF_BYTES: f64 = 1.0;
const MEDIAN_NS: f64 = 5e6;
const SPREAD_OF_NS: f64 = 1.5;
/// Whoever tunes the policy looks at one, and the goal is judged on the mean of all.
const SEEDS: [u64; 3] = [1, 2, 3];

#[derive(Clone, Copy)]
struct Chunk {
    bytes: usize,
    compute_ns: u64,
}

struct Costed {
    requests: Vec<u32>,
    chunks: Vec<Chunk>,
}

fn unit(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1u64 << 53) as f64
}

/// After Box and Muller.
fn lognormal(random: &mut Random, median: f64, spread: f64) -> f64 {
    let normal = (-2.0 * (1.0 - unit(random)).ln()).sqrt() * (std::f64::consts::TAU * unit(random)).cos();
    median * (spread * normal).exp()
}

impl Costed {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut popularity = Zipf::new(KEYS);
        let (mut looped, mut scanned) = (0, KEYS + LOOP_KEYS);
        let requests: Vec<u32> = (0..REQUESTS)
            .map(|_| {
                let dice = random.next() % 100;
                let key = if dice < LOOPED {
                    looped += 1;
                    KEYS + looped % LOOP_KEYS
                } else if dice < LOOPED + SCANNED {
                    scanned += 1;
                    scanned
                } else {
                    popularity.rank()
                };
                key as u32
            })
            .collect();
        let chunks = (0..=scanned)
            .map(|_| Chunk {
                bytes: (lognormal(&mut random, MEDIAN_BYTES, SPREAD_OF_BYTES) as usize).clamp(16, LARGEST),
                compute_ns: lognormal(&mut random, MEDIAN_NS, SPREAD_OF_NS) as u64 + 1,
            })
            .collect();
        Self { requests, chunks }
    }

    /// Of all that is different.
    fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.bytes as u64).sum()
    }

    /// The share of all compute time that hits save, and that of all requests that hit, in a cache of so many bytes;
    /// `told` says whether it is told the costs.
    fn saved_percent(&self, policy: Policy, max_bytes: u64, told: bool) -> [f64; 2] {
        let cache = Cache::open(&Options { policy, max_bytes, ..Options::default() }).expect("these options open");
        let payload = vec![0; LARGEST];
        let (mut hits, mut saved, mut whole) = (0u64, 0u64, 0u64);
        for &id in &self.requests {
            let chunk = self.chunks[id as usize];
            let key = digest(id);
            whole += chunk.compute_ns;
            if cache.get(&key, Flags::default()).expect("the cache is open").is_some() {
                hits += 1;
                saved += chunk.compute_ns;
            } else {
                let options =
                    PutOptions { compute_ns: if told { chunk.compute_ns } else { 0 }, ..PutOptions::default() };
                cache.put(&key, &payload[..chunk.bytes], &options).expect("the cache is open");
            }
        }
        [100.0 * saved as f64 / whole as f64, 100.0 * hits as f64 / REQUESTS as f64]
    }
}

/// Caches by name, and whether they are told the costs.
const SIDES: [(&str, Policy, bool); 4] = [
    (LRU, Policy::Lru, false),
    (S3FIFO, Policy::S3Fifo, false),
    ("adaptive, blind", Policy::Adaptive, false),
    (ADAPTIVE, Policy::Adaptive, true),
];
const BLIND: usize = 2;
const TOLD: usize = 3;

/// Prints the table; returns it for machines, and the goal.
pub fn measure() -> (Json, Least) {
    let mut rows = vec![row!["", "bytes"]];
    rows[0].extend(SIDES.iter().map(|(name, ..)| format!("{name}: time (hits)")));
    let (mut points, mut sums) = (Vec::new(), [0.0; SIDES.len()]);
    for seed in SEEDS {
        let trace = Costed::new(seed);
        for percent in PERCENTS {
            let max_bytes = trace.bytes() * percent / 100;
            let saved = SIDES.map(|(_, policy, told)| trace.saved_percent(policy, max_bytes, told));
            sums.iter_mut().zip(saved).for_each(|(sum, [time, _])| *sum += time);
            let mut row = row![format!("seed {seed}, {percent}%"), grouped(max_bytes as f64)];
            row.extend(saved.map(|[time, hits]| format!("{time:.2} ({hits:.2})")));
            rows.push(row);
            let by_name = SIDES.iter().zip(saved).map(|((name, ..), saved)| (name.to_string(), json!(saved)));
            let by_name: serde_json::Map<String, Json> = by_name.collect();
            points.push(json!({ "seed": seed, "percent": percent, "time_and_hit_percent": by_name }));
        }
    }
    table::print("Compute time saved on the costed trace, in % of all of it, and hits in % of requests", &rows);
    let measured = 100.0 * (sums[TOLD] / sums[BLIND] - 1.0);
    let what = "compute time saved on the costed trace, against the same policy blind to cost".to_owned();
    (points.into(), Least { what, measured, limit: 10.0, unit: "%" })
}

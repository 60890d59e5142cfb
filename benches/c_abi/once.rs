//! Computing once: what a ticket costs over a plain get and put, what a batch saves over single calls, and how soon
//! everyone has what one of them computed.

use super::common::Report;
use super::common::goal::{Goal, Unit};
use super::common::table::{self, grouped};
use super::library::{Key, Library};
use super::machine::Machine;
use super::random::Random;
use super::ring::size_name;
use super::rounds::{Spread, alternate};
use super::tickets::Once;
use crate::row;
use serde_json::{Value as Json, json};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 401;
const QUICK_ROUNDS: usize = 31;

/// Few enough that keys, index and values stay in the cache of the processor.
const HOT_CHUNKS: usize = 1024;
const HOT_VALUE: usize = 256;
const BATCH: usize = 256;

/// What a batch of buffers digests, and how much faster it must be than one by one, by what the processor has.
const BUFFER: usize = 1 << 10;
const FASTER: [(&str, f64); 2] = [("avx512f", 2.5), ("avx2", 1.5)];

const PUT_SIZES: [(usize, f64); 2] = [(4 << 10, 1.6), (64 << 10, 1.1)];
/// Full from the warm-up on, so that each put evicts one.
const PUT_BUDGET: usize = 64 << 20;
const BYTES_A_ROUND: usize = 1 << 20;

const THREADS: usize = 32;
const COMPUTATION: Duration = Duration::from_millis(50);

const GET: Unit = Unit { name: "×", decimals: 3, compared: "a plain get" };
const PUT: Unit = Unit { name: "×", decimals: 3, compared: "a plain put" };
const SINGLE: Unit = Unit { name: "×", decimals: 3, compared: "256 single begins" };
const MILLISECONDS: Unit = Unit { name: "ms", decimals: 1, compared: "until the last has it" };

pub fn measure(library: &Library, machine: &Machine, quick: bool, report: &mut Report) {
    let rounds = if quick { QUICK_ROUNDS } else { ROUNDS };
    let mut rows = vec![row!["", "ratio", "p25–p75", "ns", "min", "against, ns", "min"]];
    let mut sections = Vec::new();
    let mut compared =
        |what: String, limit: f64, unit: &'static Unit, [new, old]: [Vec<f64>; 2], report: &mut Report| {
            let ratio = Spread::of_ratios(&new, &old);
            let (new, old) = (Spread::of(new), Spread::of(old));
            let middle = format!("{:.3}–{:.3}", ratio.p25, ratio.p75);
            let medians = [new.median, new.min, old.median, old.min].map(grouped);
            let [a, b, c, d] = medians;
            rows.push(row![what, format!("{:.3}", ratio.median), middle, a, b, c, d]);
            sections.push(json!({ "what": what, "ratio": ratio.json(), "ns": new.json(), "against_ns": old.json() }));
            report.goal(Goal { what, measured: ratio.median, limit, unit });
        };

    let [hit, batch] = hits(library, rounds);
    compared("begin that hits".into(), 1.15, &GET, hit, report);
    compared(format!("begin_batch of {BATCH} hits by digest, a chunk"), 1.0 / 1.1, &SINGLE, batch, report);
    let what = format!("begin_batch of {BATCH} hits of {} by buffer, a chunk", size_name(BUFFER));
    match FASTER.into_iter().find(|(feature, _)| machine.has(feature)) {
        Some((_, times)) => compared(what, 1.0 / times, &SINGLE, buffers(library, rounds), report),
        None => println!("N/A                {what}: this processor has neither AVX-512 nor AVX2"),
    }
    for (size, limit) in PUT_SIZES {
        let what = format!("begin and commit in place, {}", size_name(size));
        compared(what, limit, &PUT, puts(library, size, rounds), report);
    }
    table::print(&format!("Computing once: medians of {rounds} alternating rounds"), &rows);

    let waits = Spread::of((0..if quick { 3 } else { 15 }).map(|n| waiters(library, n)));
    println!(
        "\n{THREADS} threads miss one key whose computation takes {} ms: one computes, and the last has the value after {:.1} ms (p75 {:.1})",
        COMPUTATION.as_millis(),
        waits.median,
        waits.p75
    );
    sections.push(json!({ "what": "waiters", "ms": waits.json() }));
    let what = format!("{THREADS} threads, one computation of {} ms", COMPUTATION.as_millis());
    report.goal(Goal { what, measured: waits.median, limit: 60.0, unit: &MILLISECONDS });
    report.section("once", Json::from(sections));
}

fn keys(seed: u64, count: usize) -> Vec<Key> {
    let mut random = Random(seed);
    let mut keys = vec![[0; 32]; count];
    keys.iter_mut().for_each(|key| random.fill(key));
    keys
}

/// A begin that hits against a get, and a batch against as many begins.
fn hits(library: &Library, rounds: usize) -> [[Vec<f64>; 2]; 2] {
    let cache = library.cache("{}");
    let filter = cache.filter(b"");
    let once = Once::new(&filter);
    let chunks = keys(1, HOT_CHUNKS);
    for chunk in &chunks {
        assert!(once.put(chunk, &[1; HOT_VALUE]));
    }
    let single = |look: &dyn Fn(&Key) -> bool, chunks: &[Key]| {
        assert!(chunks.iter().all(look), "every chunk was put");
        chunks.len()
    };
    let batch = |chunks: &[Key]| {
        assert_eq!(once.batch_hits(chunks), chunks.len(), "every chunk was put");
        chunks.len()
    };
    let one_batch = |round: usize| {
        let begin = round % (HOT_CHUNKS / BATCH) * BATCH;
        &chunks[begin..begin + BATCH]
    };
    let mut by_ticket = |_: usize| single(&|chunk| once.begin_hit(chunk), &chunks);
    let mut by_get = |_: usize| single(&|chunk| once.get(chunk), &chunks);
    let mut batched = |round: usize| (0..4).map(|n| batch(one_batch(round + n))).sum();
    let mut singly = |round: usize| (0..4).map(|n| single(&|chunk| once.begin_hit(chunk), one_batch(round + n))).sum();
    let mut two: [[&mut dyn FnMut(usize) -> usize; 2]; 2] =
        [[&mut by_ticket, &mut by_get], [&mut batched, &mut singly]];
    two.each_mut().map(|sides| {
        alternate(rounds.min(64), sides.each_mut());
        alternate(rounds, sides.each_mut())
    })
}

/// A batch of buffers against as many begins by buffer: every chunk is digested.
fn buffers(library: &Library, rounds: usize) -> [Vec<f64>; 2] {
    let cache = library.cache("{}");
    let filter = cache.filter(b"");
    let once = Once::new(&filter);
    let bytes: Vec<u8> = keys(3, BATCH * BUFFER / 32).concat();
    for chunk in bytes.chunks_exact(BUFFER) {
        assert!(filter.put(chunk, &[1; HOT_VALUE]));
    }
    let mut batched = |_: usize| {
        assert_eq!(once.batch_bytes_hits(bytes.chunks_exact(BUFFER)), BATCH, "every chunk was put");
        BATCH
    };
    let mut singly = |_: usize| {
        assert!(bytes.chunks_exact(BUFFER).all(|chunk| once.begin_bytes_hit(chunk)), "every chunk was put");
        BATCH
    };
    let mut sides: [&mut dyn FnMut(usize) -> usize; 2] = [&mut batched, &mut singly];
    alternate(rounds.min(64), sides.each_mut());
    alternate(rounds, sides)
}

/// A ticket with its buffer filled and committed in place against a put: either copies the value once, and evicts one.
fn puts(library: &Library, size: usize, rounds: usize) -> [Vec<f64>; 2] {
    let options = format!(r#"{{"max_bytes": {PUT_BUDGET}}}"#);
    let caches = [library.cache(&options), library.cache(&options)];
    let filters = caches.each_ref().map(|cache| cache.filter(b""));
    let [tickets, plain] = filters.each_ref().map(Once::new);
    let (warm_up, a_round) = (2 * PUT_BUDGET / size, BYTES_A_ROUND / size);
    let chunks = keys(2, warm_up + rounds * a_round);
    let value: Vec<u8> = (0..size).map(|n| n as u8).collect();
    for chunk in &chunks[..warm_up] {
        assert!(tickets.begin_and_commit(chunk, &value) && plain.put(chunk, &value));
    }
    let of_round = |round: usize| &chunks[warm_up + round * a_round..warm_up + (round + 1) * a_round];
    let mut by_ticket = |round: usize| {
        assert!(of_round(round).iter().all(|chunk| tickets.begin_and_commit(chunk, &value)));
        a_round
    };
    let mut by_put = |round: usize| {
        assert!(of_round(round).iter().all(|chunk| plain.put(chunk, &value)));
        a_round
    };
    let sides: [&mut dyn FnMut(usize) -> usize; 2] = [&mut by_ticket, &mut by_put];
    alternate(rounds, sides)
}

/// Milliseconds until the last of all threads has the value that one of them computed.
fn waiters(library: &Library, seed: u64) -> f64 {
    let cache = library.cache("{}");
    let filter = cache.filter(b"");
    let once = Once::new(&filter);
    let chunk = keys(100 + seed, 1)[0];
    let start = Barrier::new(THREADS);
    let computed = std::sync::atomic::AtomicUsize::new(0);
    let last = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let begin = Instant::now();
                    let computes = once.compute_once(&chunk, || {
                        thread::sleep(COMPUTATION);
                        7
                    });
                    computed.fetch_add(computes.into(), std::sync::atomic::Ordering::Relaxed);
                    begin.elapsed()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).max()
    });
    assert_eq!(computed.into_inner(), 1, "one computes, the others wait");
    last.unwrap_or_default().as_secs_f64() * 1e3
}

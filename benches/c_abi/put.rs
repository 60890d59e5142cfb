//! A put with eviction, at a steady 100,000 entries, against the crate `lru` behind one mutex. Keys never repeat, so
//! every put inserts and evicts; all sides take the same keys and bytes.

use super::common::Report;
use super::common::goal::{Goal, Unit};
use super::common::table::{self, grouped};
use super::library::{Key, Library};
use super::peer::{LruDefault, NoHash, Peer};
use super::random::Random;
use super::rounds::{Spread, alternate};
use crate::row;
use serde_json::json;

const RATIO: Unit = Unit { name: "×", decimals: 3, compared: "lru + mutex" };

const ENTRIES: usize = 100_000;
/// Several times the capacity, so that the order of memory is what eviction makes of it.
const WARM_UP: usize = 5 * ENTRIES;
const ROUNDS: usize = 401;
const QUICK_ROUNDS: usize = 31;
const PUTS_A_ROUND: usize = 1000;
const MIN_VALUE: usize = 128;
const MAX_VALUE: usize = 256;

/// Keys and values for every put.
pub struct Work {
    keys: Vec<Key>,
    bytes: [u8; MAX_VALUE],
}

impl Work {
    /// For the warm-up and so many rounds.
    pub fn new(rounds: usize) -> Self {
        let puts = WARM_UP + rounds * PUTS_A_ROUND;
        let mut random = Random(1);
        let mut work = Self { keys: vec![[0; 32]; puts], bytes: [0; MAX_VALUE] };
        work.keys.iter_mut().for_each(|key| random.fill(key));
        random.fill(&mut work.bytes);
        work
    }

    /// A value's length follows from its key.
    pub fn value(&self, key: &Key) -> &[u8] {
        &self.bytes[..MIN_VALUE + usize::from(key[31]) % (MAX_VALUE - MIN_VALUE + 1)]
    }

    pub fn warm_up(&self) -> &[Key] {
        &self.keys[..WARM_UP]
    }

    pub fn round(&self, round: usize) -> &[Key] {
        let begin = WARM_UP + round * PUTS_A_ROUND;
        &self.keys[begin..begin + PUTS_A_ROUND]
    }
}

/// What `max_bytes` must be for about [`ENTRIES`]: as a cache charges the first few thousand of them.
pub fn bytes_for_entries(library: &Library, work: &Work) -> u64 {
    let cache = library.cache("{}");
    work.keys[..10_000].iter().for_each(|key| assert!(cache.put(key, work.value(key))));
    let stats = cache.stats();
    ENTRIES as u64 * stats.bytes / stats.entries
}

/// The two ways to hold [`ENTRIES`], by name, as options.
pub fn limits(max_bytes: u64) -> [(&'static str, String); 2] {
    [
        ("max_chunks binds", format!(r#"{{"max_chunks": {ENTRIES}, "max_bytes": "unlimited"}}"#)),
        ("max_bytes binds", format!(r#"{{"max_bytes": {max_bytes}}}"#)),
    ]
}

type Side<'a> = &'a dyn Fn(&Key, &[u8]);

/// The peer, which the goals are against.
const PEER: usize = 2;
/// The default policy's goal and that of S3-FIFO, by side.
const LIMITS: [Option<f64>; 6] = [Some(1.0), Some(1.0), None, None, Some(0.8), Some(0.8)];

pub fn measure(library: &Library, quick: bool, report: &mut Report) {
    let rounds = if quick { QUICK_ROUNDS } else { ROUNDS };
    let work = Work::new(rounds);
    let [(by_count_name, by_count), (by_bytes_name, by_bytes)] =
        limits(bytes_for_entries(library, &work)).map(|(name, options)| (name, library.cache(&options)));
    let of_s3fifo = |options: &str| library.cache(&options.replacen('{', r#"{"policy": "s3fifo", "#, 1));
    let [(_, s3fifo_by_count), (_, s3fifo_by_bytes)] =
        limits(bytes_for_entries(library, &work)).map(|(name, options)| (name, of_s3fifo(&options)));
    let (peer, hashless) = (Peer::<LruDefault>::new(ENTRIES), Peer::<NoHash>::new(ENTRIES));
    let sides: [Side<'_>; 6] = [
        &|key, value| assert!(by_count.put(key, value)),
        &|key, value| assert!(by_bytes.put(key, value)),
        &|key, value| peer.put(key, value),
        &|key, value| hashless.put(key, value),
        &|key, value| assert!(s3fifo_by_count.put(key, value)),
        &|key, value| assert!(s3fifo_by_bytes.put(key, value)),
    ];
    for put in sides {
        work.warm_up().iter().for_each(|key| put(key, work.value(key)));
    }
    let evictions = || [by_count.stats().evictions, by_bytes.stats().evictions];
    let before = evictions();
    let times = alternate(
        rounds,
        sides.map(|put| {
            |round: usize| {
                work.round(round).iter().for_each(|key| put(key, work.value(key)));
                PUTS_A_ROUND
            }
        }),
    );

    for (before, after) in before.into_iter().zip(evictions()) {
        assert!((after - before) * 100 > (rounds * PUTS_A_ROUND * 99) as u64, "a full cache evicts one for each put");
    }
    let entries = [
        by_count.stats().entries,
        by_bytes.stats().entries,
        peer.entries(),
        hashless.entries(),
        s3fifo_by_count.stats().entries,
        s3fifo_by_bytes.stats().entries,
    ];
    let names = [
        by_count_name,
        by_bytes_name,
        "lru + mutex",
        "lru + mutex, no hash",
        "s3fifo, max_chunks binds",
        "s3fifo, max_bytes binds",
    ];
    let mut rows = vec![row!["", "ratio", "p25–p75", "put ns", "min", "p25–p75", "entries"]];
    let mut sections = Vec::new();
    for (side, name) in names.into_iter().enumerate() {
        let (ratio, put) = (Spread::of_ratios(&times[side], &times[PEER]), Spread::of(times[side].iter().copied()));
        rows.push(row![
            name,
            format!("{:.3}", ratio.median),
            format!("{:.3}–{:.3}", ratio.p25, ratio.p75),
            grouped(put.median),
            grouped(put.min),
            format!("{}–{}", grouped(put.p25), grouped(put.p75)),
            grouped(entries[side] as f64),
        ]);
        sections.push(json!({ "side": name, "ratio": ratio.json(), "put_ns": put.json(), "entries": entries[side] }));
        if let Some(limit) = LIMITS[side] {
            let what = format!("put with eviction, {name}");
            report.goal(Goal { what, measured: ratio.median, limit, unit: &RATIO });
        }
    }
    let heading = format!(
        "A put with eviction, values of {MIN_VALUE} to {MAX_VALUE} bytes: medians of {rounds} alternating rounds"
    );
    table::print(&heading, &rows);
    println!("  no hash: the first bytes of a key are taken for its hash, which only keys known to be random allow");
    report.section("put", sections.into());
}

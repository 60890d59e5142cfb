//! A put with eviction, at a steady 100,000 entries, against what one would write without this library: the crate `lru`
//! behind one mutex. Keys never repeat, so every put inserts and evicts; all sides take the same keys and bytes, and the
//! peer gets the cheapest hash there is, the key's own first bytes.

use super::common::Report;
use super::common::goal::{Goal, Unit};
use super::common::table::{self, grouped};
use super::library::{Key, Library};
use super::random::Random;
use super::rounds::{Spread, alternate};
use crate::row;
use lru::LruCache;
use parking_lot::Mutex;
use serde_json::json;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

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
struct Work {
    keys: Vec<Key>,
    bytes: [u8; MAX_VALUE],
}

impl Work {
    fn new(puts: usize) -> Self {
        let mut random = Random(1);
        let mut work = Self { keys: vec![[0; 32]; puts], bytes: [0; MAX_VALUE] };
        work.keys.iter_mut().for_each(|key| random.fill(key));
        random.fill(&mut work.bytes);
        work
    }

    /// A value's length follows from its key.
    fn value(&self, key: &Key) -> &[u8] {
        &self.bytes[..MIN_VALUE + usize::from(key[31]) % (MAX_VALUE - MIN_VALUE + 1)]
    }

    fn warm_up(&self) -> &[Key] {
        &self.keys[..WARM_UP]
    }

    fn round(&self, round: usize) -> &[Key] {
        let begin = WARM_UP + round * PUTS_A_ROUND;
        &self.keys[begin..begin + PUTS_A_ROUND]
    }
}

/// What `max_bytes` must be for about [`ENTRIES`]: as a cache charges the first few thousand of them.
fn bytes_for_entries(library: &Library, work: &Work) -> u64 {
    let cache = library.cache("{}");
    work.keys[..10_000].iter().for_each(|key| assert!(cache.put(key, work.value(key))));
    let stats = cache.stats();
    ENTRIES as u64 * stats.bytes / stats.entries
}

/// Takes the first bytes of a random key for its hash.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, key: &[u8]) {
        self.0 = key.first_chunk().map_or(0, |lane| u64::from_le_bytes(*lane));
    }

    fn write_usize(&mut self, _length: usize) {}
}

struct Peer {
    cache: Mutex<LruCache<Key, Arc<[u8]>, BuildHasherDefault<FirstBytes>>>,
}

impl Peer {
    fn new() -> Self {
        let capacity = NonZeroUsize::new(ENTRIES).expect("not 0");
        Self { cache: Mutex::new(LruCache::with_hasher(capacity, BuildHasherDefault::default())) }
    }

    /// The same job: a copy of the bytes, and what is evicted is freed without the lock.
    fn put(&self, key: &Key, bytes: &[u8]) {
        let value = Arc::from(bytes);
        let evicted = self.cache.lock().push(*key, value);
        drop(evicted);
    }
}

pub fn measure(library: &Library, quick: bool, report: &mut Report) {
    let rounds = if quick { QUICK_ROUNDS } else { ROUNDS };
    let work = Work::new(WARM_UP + rounds * PUTS_A_ROUND);
    let by_count = library.cache(&format!(r#"{{"max_chunks": {ENTRIES}, "max_bytes": "unlimited"}}"#));
    let by_bytes = library.cache(&format!(r#"{{"max_bytes": {}}}"#, bytes_for_entries(library, &work)));
    let peer = Peer::new();
    for key in work.warm_up() {
        let value = work.value(key);
        assert!(by_count.put(key, value) && by_bytes.put(key, value));
        peer.put(key, value);
    }
    let evictions = [by_count.stats().evictions, by_bytes.stats().evictions];

    let each = |keys: &[Key], put: &dyn Fn(&Key, &[u8])| {
        keys.iter().for_each(|key| put(key, work.value(key)));
        keys.len()
    };
    let times = alternate(
        rounds,
        [
            &mut |round| each(work.round(round), &|key, value| assert!(by_count.put(key, value))),
            &mut |round| each(work.round(round), &|key, value| assert!(by_bytes.put(key, value))),
            &mut |round| each(work.round(round), &|key, value| peer.put(key, value)),
        ],
    );

    let mut rows = vec![row!["", "ratio", "p25–p75", "put ns", "min", "p25–p75", "entries", "evictions a put"]];
    let mut sections = Vec::new();
    for (side, name) in ["max_chunks binds", "max_bytes binds", "lru behind one mutex"].into_iter().enumerate() {
        let (ratio, put) = (Spread::of_ratios(&times[side], &times[2]), Spread::of(times[side].iter().copied()));
        let (entries, evicted) = match [&by_count, &by_bytes].get(side) {
            Some(cache) => (cache.stats().entries, cache.stats().evictions - evictions[side]),
            None => (peer.cache.lock().len() as u64, (rounds * PUTS_A_ROUND) as u64),
        };
        rows.push(row![
            name,
            format!("{:.3}", ratio.median),
            format!("{:.3}–{:.3}", ratio.p25, ratio.p75),
            grouped(put.median),
            grouped(put.min),
            format!("{}–{}", grouped(put.p25), grouped(put.p75)),
            grouped(entries as f64),
            format!("{:.3}", evicted as f64 / (rounds * PUTS_A_ROUND) as f64),
        ]);
        sections.push(json!({ "side": name, "ratio": ratio.json(), "put_ns": put.json(), "entries": entries }));
        if side < 2 {
            let what = format!("put with eviction, {name}");
            report.goal(Goal { what, measured: ratio.median, limit: 0.9, unit: &RATIO });
        }
    }
    let heading = format!(
        "A put with eviction, values of {MIN_VALUE} to {MAX_VALUE} bytes: medians of {rounds} alternating rounds"
    );
    table::print(&heading, &rows);
    report.section("put", sections.into());
}

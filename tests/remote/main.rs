//! What is across the network, through the cache: a fleet shares what it computed, over real servers, well and unwell.
#![cfg(all(feature = "remote", feature = "disk"))]

mod cluster;
mod faults;
mod fleet;
#[path = "../../src/tier/remote/tests/lateness.rs"]
mod lateness;
#[allow(dead_code)]
#[path = "../../src/tier/remote/tests/proxy.rs"]
mod proxy;
#[allow(dead_code)] // what only the store's own tests use
#[path = "../../src/tier/remote/tests/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "../../src/tier/remote/tests/three.rs"]
mod three;

use std::sync::Arc;
use std::time::{Duration, Instant};
use streamcache::{Cache, Digest, Flags, Options, PutOptions, Tier, TierStats, digest};

const SOON: Duration = Duration::from_secs(40);
/// What a lookup waits for the server, if nobody says otherwise.
const DEADLINE: Duration = Duration::from_millis(50);

fn options(url: &str) -> Options {
    Options { remote_urls: vec![url.into()], ..Options::default() }
}

/// One that keeps nothing itself: each of its lookups goes to the server.
fn forgetful(options: Options) -> Arc<Cache> {
    Cache::open(&Options { max_chunks: 0, ..options }).unwrap()
}

fn key(n: usize) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

/// What a key is called at the server.
fn name(key: &Digest) -> Vec<u8> {
    [b"streamcache:".as_slice(), &key.to_hex()].concat()
}

/// A result that tells whose it is.
fn answer(n: usize) -> Vec<u8> {
    key(n).0.iter().copied().cycle().take(1000 + n % 1000).collect()
}

fn put(cache: &Cache, n: usize) {
    assert!(cache.put(&key(n), &answer(n), &PutOptions::default()).unwrap().stored);
}

/// Whether it is found, and right.
fn has(cache: &Cache, n: usize) -> bool {
    let value = cache.get(&key(n), Flags::default()).unwrap();
    value.inspect(|value| assert_eq!(value.bytes(), answer(n), "a wrong answer")).is_some()
}

fn remote(cache: &Cache) -> TierStats {
    cache.tier_stats(Tier::Remote).unwrap()
}

/// Puts so many, and waits until they are at the server.
fn fill(cache: &Cache, numbers: std::ops::Range<usize>) {
    let before = remote(cache).written();
    numbers.clone().for_each(|n| put(cache, n));
    assert!(cache.flush(SOON).unwrap());
    assert_eq!(remote(cache).written() - before, numbers.len() as u64, "{:?}", remote(cache));
}

/// Waits until something is so; how long that took.
fn eventually(what: &str, mut so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < SOON, "not in {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
    begun.elapsed()
}

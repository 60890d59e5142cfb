//! The hard limit, seen by the allocator: what is alive never exceeds max_bytes, detached values and the fixed base.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use streamcache::{Cache, Digest, ErrorKind, Filter, Flags, Options, Policy, PutOptions, Value, digest};

struct Counting;

static LIVE: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; only sizes are counted, and a block is counted before
// it exists and until it is gone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(block, layout) };
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const THREADS: u64 = 16;
const FILTERS: u64 = 8;
const SHARDS: u64 = 4;
const MAX_BYTES: u64 = SHARDS * (16 << 20);
/// What the header documents: 64 KiB, 8 KiB a shard, 1 KiB a filter handle.
const BASE: u64 = (64 + 8 * SHARDS + FILTERS) << 10;

/// A small generator, so that runs repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

struct Load {
    /// The largest value.
    max_len: u64,
    /// Leases a thread keeps.
    leases: usize,
    policy: Policy,
    time: Duration,
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Mixed work on 16 threads, sampled all the while; returns the largest `detached_bytes` seen.
fn run(load: &Load) -> u64 {
    let options = Options { max_bytes: MAX_BYTES, policy: load.policy, ..Options::default() };
    // Thread stacks' bookkeeping and leases' vectors are this test's: they are made before the count begins.
    let leases: Vec<Vec<Value>> = (0..THREADS).map(|_| Vec::with_capacity(load.leases + 1)).collect();
    let source: Vec<u8> = (0..load.max_len).map(|n| n as u8).collect();
    let stop = AtomicBool::new(false);
    let ready = std::sync::Barrier::new(THREADS as usize + 1);
    let go = std::sync::Barrier::new(THREADS as usize + 1);
    let cache_slot: std::sync::OnceLock<(std::sync::Arc<Cache>, Vec<std::sync::Arc<Filter>>)> = Default::default();
    let mut most_detached = 0;
    let mut highest = 0;
    std::thread::scope(|scope| {
        for (thread, mut leases) in leases.into_iter().enumerate() {
            let (source, stop, ready, go, cache_slot) = (&source, &stop, &ready, &go, &cache_slot);
            scope.spawn(move || {
                // First touch of thread-local data, before the count begins.
                digest::chunk(b"warm");
                ready.wait();
                go.wait();
                let Some((cache, filters)) = cache_slot.get() else { return };
                let mut random = Random(thread as u64 + 1);
                while !stop.load(Relaxed) {
                    work(cache, filters, source, &mut random, &mut leases, load);
                }
            });
        }
        ready.wait();
        let before = LIVE.load(Relaxed);
        let cache = Cache::open(&options).unwrap();
        let filters: Vec<_> = (0..FILTERS)
            .map(|n| {
                let filter = Filter::open(&cache, "load", digest::config_bytes(&[n as u8]), true).unwrap();
                filter.load_state(&[n as u8; 100_000]).unwrap();
                filter
            })
            .collect();
        assert!(cache_slot.set((cache, filters)).is_ok());
        go.wait();
        let (cache, _) = cache_slot.get().unwrap();
        let _stop = StopOnDrop(&stop); // also when an assertion below fails, or its message would never be seen
        let end = Instant::now() + load.time;
        while Instant::now() < end {
            // A value is counted in the gauge before it is allocated and until after it is freed; reading the gauge on
            // both sides of the count covers what came or went between the two.
            let detached = cache.stats().detached_bytes;
            let live = LIVE.load(Relaxed).saturating_sub(before);
            let detached = detached.max(cache.stats().detached_bytes);
            let used = cache.stats().bytes;
            assert!(used <= MAX_BYTES, "{used} bytes charged of {MAX_BYTES}");
            assert!(
                live <= MAX_BYTES + detached + BASE,
                "{live} bytes alive, {detached} detached, base {BASE}, {used} charged, {:?}",
                cache.stats()
            );
            most_detached = most_detached.max(detached);
            highest = highest.max(live);
        }
    });
    assert!(highest > MAX_BYTES / 2, "the load filled only {highest} bytes");
    let (cache, filters) = cache_slot.into_inner().unwrap();
    assert!(cache.stats().evictions > 1000, "the load hardly evicted");
    let states = cache.stats().state_bytes;
    cache.purge().unwrap();
    assert_eq!(
        (cache.stats().bytes, cache.stats().detached_bytes),
        (states, 0),
        "no value is alive after the last lease"
    );
    drop(filters);
    assert_eq!(cache.stats().bytes, 0);
    most_detached
}

fn work(
    cache: &Cache, filters: &[std::sync::Arc<Filter>], source: &[u8], random: &mut Random, leases: &mut Vec<Value>,
    load: &Load,
) {
    let filter = &filters[random.below(FILTERS) as usize];
    let number = random.below(20_000);
    let chunk = digest::chunk(&number.to_le_bytes());
    let len = (number.wrapping_mul(0x9e37_79b9) % load.max_len) as usize;
    match random.below(100) {
        0..50 => {
            if let Some(value) = filter.get(&chunk, Flags::default()).unwrap().value {
                assert_eq!(value.bytes(), &source[..len], "a hit is the chunk's own result");
                leases.push(value);
            }
        }
        50..99 => {
            let lease = random.below(4) == 0;
            let key = filter.get(&chunk, Flags::default()).unwrap().key;
            let put = filter.put(&chunk, Some(&key), &source[..len], &PutOptions { lease, ..PutOptions::default() });
            leases.extend(put.unwrap().value);
        }
        _ => match random.below(400) {
            0 => cache.purge().unwrap(),
            n => {
                let loaded = filter.load_state(&[(n % 20) as u8; 1000]);
                assert!(loaded.map_or_else(|error| error.kind() == ErrorKind::NoSpace, |()| true));
            }
        },
    }
    while leases.len() > load.leases {
        leases.swap_remove(random.below(leases.len() as u64) as usize);
    }
}

/// One test, for the allocator counts the whole process.
#[test]
fn what_is_alive_never_exceeds_the_limit() {
    let seconds = std::env::var("STREAMCACHE_TEST_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
    // Leases of at most 16 × 8 × 16 KiB: a budget of 64 MiB always has room, so nothing detaches.
    let small = Load { max_len: 16 << 10, leases: 8, policy: Policy::S3Fifo, time: Duration::from_secs(seconds) };
    assert_eq!(run(&small), 0, "this load fits, so nothing detaches");
    let short = Duration::from_secs(seconds.div_ceil(4));
    assert_eq!(run(&Load { policy: Policy::Lru, time: short, ..small }), 0, "this load fits, so nothing detaches");
    // Leases of up to 16 × 100 × 512 KiB: more than the budget, so values detach and are counted.
    let large = Load { max_len: 512 << 10, leases: 100, policy: Policy::S3Fifo, time: short };
    assert!(run(&large) > 0, "this load does not fit, so values detach");
    let key = Digest([7; 32]);
    assert!(Cache::open(&Options::default()).unwrap().get(&key, Flags::default()).unwrap().is_none());
}

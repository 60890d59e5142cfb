//! The hard limit, seen by the allocator: what is alive never exceeds max_bytes, detached values and the fixed base.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::{null, null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use streamcache::digest::Dtype;
use streamcache::ffi::digest::streamcache_digest;
use streamcache::ffi::filter::streamcache_filter;
use streamcache::ffi::filter_put::streamcache_filter_put_external;
use streamcache::ffi::status::{STREAMCACHE_NOT_STORED, STREAMCACHE_OK};
use streamcache::ffi::value::{streamcache_external, streamcache_value, streamcache_value_release};
use streamcache::{Cache, Digest, ErrorKind, Filter, Flags, Options, Policy, PutOptions, TensorSpec, Value, digest};

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

/// What the callers of external puts say they hold: from the put's return, for it is charged by then, to the destructor.
/// Between the two of a put that stores nothing it is negative for a moment.
static EXTERNAL: AtomicI64 = AtomicI64::new(0);

unsafe extern "C" fn destroy(charge: *mut std::ffi::c_void) {
    EXTERNAL.fetch_sub(charge.addr() as i64, Relaxed);
}

/// What is alive beside `before`.
fn alive(before: u64) -> u64 {
    let external = EXTERNAL.load(Relaxed).max(0) as u64;
    LIVE.load(Relaxed).saturating_sub(before) + external
}

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

#[derive(Clone, Copy)]
struct Load {
    /// The largest value.
    max_len: u64,
    /// Leases a thread keeps.
    leases: usize,
    policy: Policy,
    /// Whether values have tensors and a blob, and some are external memory with a charge.
    described: bool,
    /// Whether there is always something that makes room.
    fits: bool,
    time: Duration,
}

/// Held by the one purge that a load which fits has at a time. What a purge takes out of a shard is charged until it is
/// freed, and a thread may be stopped before: with as many purges as shards a put might find nothing left to evict.
static PURGE: Mutex<()> = Mutex::new(());

/// A lease as Rust or as C holds it.
enum Lease {
    Value { _value: Value },
    Handle(*mut streamcache_value),
}

// SAFETY: a lease may be released on any thread.
unsafe impl Send for Lease {}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Self::Handle(value) = *self {
            // SAFETY: the one reference that the put gave.
            unsafe { streamcache_value_release(value) }
        }
    }
}

/// What the `number`th value says about itself. Tensors without an element lie in any payload.
struct Description {
    tensors: [TensorSpec<'static>; 8],
    count: usize,
    blob: usize,
}

impl Description {
    fn of(number: u64) -> Self {
        const DIMS: &[i64] = &[0, 1, 2, 3, 4, 5, 6, 7];
        let dtype = Dtype { code: 1, bits: 8, lanes: 1 };
        Self {
            tensors: std::array::from_fn(|n| TensorSpec { dtype, dims: &DIMS[..=n], offset: 0, length: 0 }),
            count: number as usize % 9,
            blob: number as usize * 31 % 3000,
        }
    }

    fn options<'a>(&'a self, source: &'a [u8]) -> PutOptions<'a> {
        let (tensors, blob) = (&self.tensors[..self.count], &source[..self.blob]);
        PutOptions { tensors, blob, ..PutOptions::default() }
    }

    fn assert_that_of(&self, value: &Value, source: &[u8]) {
        assert_eq!(
            (value.tensors(), value.blob()),
            (self.count, &source[..self.blob]),
            "a hit is described as its put"
        );
    }
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
    let leases: Vec<Vec<Lease>> = (0..THREADS).map(|_| Vec::with_capacity(load.leases + 1)).collect();
    let source: Vec<u8> = (0..load.max_len).map(|n| n as u8).collect();
    let stop = AtomicBool::new(false);
    let ready = std::sync::Barrier::new(THREADS as usize + 1);
    let go = std::sync::Barrier::new(THREADS as usize + 1);
    let cache_slot: std::sync::OnceLock<(Arc<Cache>, Vec<Arc<Filter>>)> = Default::default();
    let mut before = 0;
    let mut most_detached = 0;
    let mut highest = 0;
    let mut held = 0;
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
        before = LIVE.load(Relaxed);
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
            // A value is counted in the gauge before it is allocated and until after it is freed. What both came and went
            // between two readings neither shows, so a count is held to the gauge where that stood still.
            let detached = cache.stats().detached_bytes;
            let live = alive(before);
            let stats = cache.stats();
            let used = stats.bytes;
            assert!(used <= MAX_BYTES, "{used} bytes charged of {MAX_BYTES}");
            if detached == stats.detached_bytes {
                assert!(
                    live <= MAX_BYTES + detached + BASE,
                    "{live} bytes alive, {detached} detached, base {BASE}, {used} charged, {stats:?}"
                );
                held += 1;
            }
            most_detached = most_detached.max(detached);
            highest = highest.max(live);
        }
    });
    assert!(held > 0, "the gauge of detached values never stood still");
    assert!(highest > MAX_BYTES / 2, "the load filled only {highest} bytes");
    let (cache, filters) = cache_slot.into_inner().unwrap();
    assert!(cache.stats().evictions > 1000, "the load hardly evicted");
    assert!(!load.fits || cache.stats().not_stored == 0, "this load fits, so all is stored: {:?}", cache.stats());
    let states = cache.stats().state_bytes;
    cache.purge().unwrap();
    assert_eq!(
        (cache.stats().bytes, cache.stats().detached_bytes),
        (states, 0),
        "no value is alive after the last lease"
    );
    drop(filters);
    assert_eq!(cache.stats().bytes, 0);
    assert_eq!(EXTERNAL.load(Relaxed), 0, "every destructor ran, once");
    drop(cache);
    // The first run leaves what the locks keep for each process, a table of threads that wait.
    assert!(alive(before) < 4 << 10, "{} bytes stay", alive(before));
    most_detached
}

fn work(
    cache: &Cache, filters: &[Arc<Filter>], source: &[u8], random: &mut Random, leases: &mut Vec<Lease>, load: &Load,
) {
    let filter = &filters[random.below(FILTERS) as usize];
    let number = random.below(20_000);
    let chunk = digest::chunk(&number.to_le_bytes());
    let len = (number.wrapping_mul(0x9e37_79b9) % load.max_len) as usize;
    match random.below(100) {
        0..50 => {
            if let Some(value) = filter.get(&chunk, Flags::default()).unwrap().value {
                assert_eq!(value.bytes(), &source[..len], "a hit is the chunk's own result");
                if load.described && !is_external(number) {
                    Description::of(number).assert_that_of(&value, source);
                }
                leases.push(Lease::Value { _value: value });
            }
        }
        50..99 if load.described && is_external(number) => {
            let lease = put_external(filter, &chunk, &source[..len], random.below(64 << 10), random.below(4) == 0);
            leases.extend(lease);
        }
        50..99 => {
            let lease = random.below(4) == 0;
            let key = filter.get(&chunk, Flags::default()).unwrap().key;
            let description = Description::of(number);
            let options = if load.described { description.options(source) } else { PutOptions::default() };
            let put = filter.put(&chunk, Some(&key), &source[..len], &PutOptions { lease, ..options });
            leases.extend(put.unwrap().value.map(|value| Lease::Value { _value: value }));
        }
        _ => match random.below(400) {
            0 => {
                let is_alone = PURGE.try_lock();
                if is_alone.is_ok() || !load.fits {
                    cache.purge().unwrap();
                }
            }
            n => {
                let loaded = filter.load_state(&[(n % 12) as u8; 1000]);
                assert!(loaded.map_or_else(|error| error.kind() == ErrorKind::NoSpace, |()| true));
            }
        },
    }
    while leases.len() > load.leases {
        leases.swap_remove(random.below(leases.len() as u64) as usize);
    }
}

/// Of four values one stays where it is.
fn is_external(number: u64) -> bool {
    number % 4 == 0
}

/// Puts memory that is charged but not allocated. It outlives the cache.
fn put_external(filter: &Arc<Filter>, chunk: &Digest, data: &[u8], charge: u64, lease: bool) -> Option<Lease> {
    let key = filter.get(chunk, Flags::PEEK).unwrap().key;
    let (chunk, key) = (streamcache_digest { bytes: chunk.0 }, streamcache_digest { bytes: key.0 });
    let external = streamcache_external {
        struct_size: size_of::<streamcache_external>(),
        data: data.as_ptr().cast(),
        len: data.len(),
        charge,
        flags: 0,
        destroy: Some(destroy),
        user_data: without_provenance_mut(charge as usize),
    };
    let mut value = null_mut();
    let out = if lease { &raw mut value } else { null_mut() };
    let handle = Arc::as_ptr(filter).cast_mut().cast::<streamcache_filter>();
    // SAFETY: a handle is its object's address, and it lives for the call, as the rest does.
    let status = unsafe { streamcache_filter_put_external(handle, &chunk, &key, &external, 0, null(), out) };
    EXTERNAL.fetch_add(charge as i64, Relaxed);
    assert!([STREAMCACHE_OK, STREAMCACHE_NOT_STORED].contains(&status), "status {status}");
    (!value.is_null()).then_some(Lease::Handle(value))
}

/// One test, for the allocator counts the whole process.
#[test]
fn what_is_alive_never_exceeds_the_limit() {
    let seconds = std::env::var("STREAMCACHE_TEST_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
    // Leases of at most 16 × 9 × 16 KiB, and what one purge took out of one shard: in a budget of 64 MiB the other shards
    // always have something to evict, so nothing detaches. With charges of 64 KiB beside, below, it is the same.
    let small = Load {
        max_len: 16 << 10,
        leases: 8,
        policy: Policy::S3Fifo,
        described: false,
        fits: true,
        time: Duration::from_secs(seconds),
    };
    assert_eq!(run(&small), 0, "this load fits, so nothing detaches");
    let short = Duration::from_secs(seconds.div_ceil(4));
    assert_eq!(run(&Load { policy: Policy::Lru, time: short, ..small }), 0, "this load fits, so nothing detaches");
    // Leases of up to 16 × 100 × 512 KiB: more than the budget, so values detach and are counted.
    let large = Load { max_len: 512 << 10, leases: 100, fits: false, time: short, ..small };
    assert!(run(&large) > 0, "this load does not fit, so values detach");
    // The same two with descriptions, and with memory that is charged and not the library's.
    for policy in [Policy::S3Fifo, Policy::Lru, Policy::Adaptive] {
        let described = Load { described: true, policy, time: short, ..small };
        assert_eq!(run(&described), 0, "this load fits, so nothing detaches: {policy:?}");
    }
    assert!(run(&Load { described: true, ..large }) > 0, "this load does not fit, so values detach");
    let key = Digest([7; 32]);
    assert!(Cache::open(&Options::default()).unwrap().get(&key, Flags::default()).unwrap().is_none());
}

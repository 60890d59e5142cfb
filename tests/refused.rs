//! An allocator that refuses: the n-th request of a put, or every one. What the library needs for a result is asked for
//! in a way that knows a refusal; anything else would end this process. tests/c/alloc_failure.c does it through C.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use streamcache::{Cache, Digest, ErrorKind, Filter, Flags, Options, Policy, Put, PutOptions, digest};

struct Refusing;

thread_local! {
    /// This thread's requests until the first refused one; 0 for none.
    static LEFT: Cell<u64> = const { Cell::new(0) };
    /// Whether those after it are refused too.
    static ALL: Cell<bool> = const { Cell::new(false) };
}

fn refuses() -> bool {
    match LEFT.get() {
        0 => false,
        1 if ALL.get() => true,
        left => {
            LEFT.set(left - 1);
            left == 1
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged, or answers NULL, which a caller must expect.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        if refuses() { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        if refuses() { std::ptr::null_mut() } else { unsafe { System.realloc(block, layout, size) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

/// Runs `body` with its n-th request refused; says whether it made that many.
fn refusing<T>(n: u64, body: impl FnOnce() -> T) -> (T, bool) {
    LEFT.set(n);
    let answer = body();
    (answer, LEFT.replace(0) == 0)
}

/// Runs `body` without an allocator.
fn refusing_all<T>(body: impl FnOnce() -> T) -> T {
    ALL.set(true);
    LEFT.set(1);
    let answer = body();
    LEFT.set(0);
    ALL.set(false);
    answer
}

fn open(policy: Policy, max_bytes: u64, max_chunks: u64) -> Arc<Cache> {
    Cache::open(&Options { policy, max_bytes, max_chunks, ..Options::default() }).unwrap()
}

fn key(n: u64) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

fn put(cache: &Cache, n: u64, lease: bool) -> streamcache::Result<Put> {
    cache.put(&key(n), &n.to_le_bytes(), &PutOptions { lease, blob: b"blob", ..PutOptions::default() })
}

/// Puts key `n` with each of its requests refused in turn, and at last with none; says how many puts failed.
fn put_in_spite(cache: &Cache, n: u64, lease: bool, check: impl Fn()) -> u64 {
    for request in 1.. {
        match refusing(request, || put(cache, n, lease)) {
            (Ok(put), was_refused) => {
                // The ghost's growth, say, is nothing a put fails for.
                assert!(put.stored && put.value.is_some() == lease);
                if !was_refused {
                    return request - 1;
                }
            }
            (Err(error), was_refused) => {
                assert!(error.kind() == ErrorKind::NoMemory && was_refused, "{error}");
                check();
            }
        }
    }
    unreachable!("a put has no end of requests")
}

fn finds(cache: &Cache, n: u64) -> bool {
    let found = cache.get(&key(n), Flags::PEEK).unwrap();
    found.is_some_and(|value| value.bytes() == n.to_le_bytes())
}

#[test]
fn a_refused_put_changes_nothing_and_the_next_one_works() {
    const MAX: u64 = 1000;
    let cache = open(Policy::S3Fifo, 16 << 20, MAX);
    let mut refused = 0;
    for n in 0..MAX {
        let before = cache.stats();
        refused += put_in_spite(&cache, n, n % 2 == 0, || {
            let after = cache.stats();
            assert_eq!((after.entries, after.bytes), (before.entries, before.bytes), "{n}");
            assert_eq!((after.detached_bytes, after.not_stored), (0, 0), "{n}");
        });
        assert!(finds(&cache, n), "{n}");
    }
    // Each put has its value, its description and their boxes; some have a page of nodes, or a larger table, as well.
    assert!(refused > 4 * MAX + MAX / 64, "{refused}");
    assert_eq!(cache.stats().entries, MAX, "every right to hold one more came back");
    assert!((0..MAX).all(|n| finds(&cache, n)));
    cache.purge().unwrap();
    assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
}

#[test]
fn a_full_cache_evicts_and_holds_its_limits_in_spite_of_refusals() {
    for (max_bytes, max_chunks) in [(100_000, u64::MAX), (16 << 20, 300)] {
        let cache = open(Policy::S3Fifo, max_bytes, max_chunks);
        let full = (0..).find(|&n| put(&cache, n, false).is_ok() && cache.stats().evictions > 0).unwrap();
        for n in 0..3 * full {
            put_in_spite(&cache, n, false, || assert!(cache.stats().bytes <= max_bytes));
            assert!(finds(&cache, n), "{n}");
        }
        let stats = cache.stats();
        // As many as without refusals: no byte and no permit was lost on the way.
        assert!(stats.entries + 5 >= full && stats.entries <= max_chunks, "{stats:?}, once full at {full}");
        cache.purge().unwrap();
        assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
        assert!((0..full).all(|n| put(&cache, n, false).unwrap().stored));
    }
}

#[test]
fn lookups_and_what_frees_need_no_memory() {
    for policy in [Policy::S3Fifo, Policy::Lru, Policy::Adaptive] {
        let cache = open(policy, 16 << 20, u64::MAX);
        let filter = Filter::open(&cache, "filter", digest::config_bytes(b"config"), true).unwrap();
        filter.load_state(b"state").unwrap();
        for n in 0..200 {
            put(&cache, n, false).unwrap();
            filter.put(&key(n), None, b"result", &PutOptions::default()).unwrap();
        }
        std::thread::scope(|scope| {
            // A thread that was never here before: nothing is set up for it either.
            let lookups = || (0..200).all(|n| filter.get(&key(n), Flags::default()).unwrap().value.is_some());
            assert!(scope.spawn(move || refusing_all(lookups)).join().unwrap());
        });
        let removed = refusing_all(|| {
            let removed = filter.remove(&key(0)).unwrap() && cache.remove(&key(0)).unwrap();
            cache.purge().unwrap();
            cache.close(Duration::ZERO).unwrap();
            removed
        });
        assert!(removed && cache.stats().bytes == cache.stats().state_bytes, "{policy:?}");
    }
}

#[test]
fn an_index_that_can_not_shrink_stays_as_it_is_and_shrinks_later() {
    let cache = open(Policy::S3Fifo, 16 << 20, u64::MAX);
    for n in 0..2000 {
        put(&cache, n, false).unwrap();
    }
    refusing_all(|| cache.set_max_chunks(10)).unwrap();
    let left = cache.stats();
    let alive = (0..2000).filter(|&n| finds(&cache, n)).count() as u64;
    assert_eq!((left.entries, alive), (10, 10));
    assert!(left.bytes > 2000 * 100, "still charged for the slots: {left:?}");
    cache.remove(&key((0..2000).find(|&n| finds(&cache, n)).unwrap())).unwrap();
    assert!(cache.stats().bytes < 10_000, "{:?}", cache.stats());
    assert_eq!((0..2000).filter(|&n| finds(&cache, n)).count(), 9);
}

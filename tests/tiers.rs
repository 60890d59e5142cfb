//! What is behind memory, through the cache: a new process finds what an older one computed, and nothing comes back from
//! the dead.
#![cfg(feature = "disk")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use streamcache::{Begin, Cache, Digest, Filter, Flags, Options, PutOptions, Tier, digest};

const SOON: Duration = Duration::from_secs(20);

/// A directory of its own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("streamcache-tiers-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn options(&self) -> Options {
        Options { disk_directory: Some(self.0.to_str().unwrap().into()), ..Options::default() }
    }

    fn cache(&self) -> Arc<Cache> {
        Cache::open(&self.options()).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    filter
}

fn chunk(n: u32) -> Digest {
    digest::chunk(&n.to_le_bytes())
}

fn answer(n: u32) -> Vec<u8> {
    (0..100 + n % 5000).map(|at| (at ^ n) as u8).collect()
}

fn put(filter: &Filter, n: u32) {
    let options = PutOptions { compute_ns: 1000, blob: &n.to_le_bytes(), ..PutOptions::default() };
    let key = filter.key(&chunk(n)).unwrap();
    assert!(filter.put(&chunk(n), Some(&key), &answer(n), &options).unwrap().stored);
}

fn get(filter: &Filter, n: u32) -> Option<Vec<u8>> {
    let value = filter.get(&chunk(n), Flags::default()).unwrap().value?;
    assert_eq!(value.blob(), n.to_le_bytes());
    Some(value.bytes().to_vec())
}

#[test]
fn a_restarted_engine_finds_what_it_computed() {
    let directory = Directory::new();
    let cache = directory.cache();
    let first = filter(&cache);
    (0..500).for_each(|n| put(&first, n));
    assert!(cache.flush(SOON).unwrap());
    let stats = cache.tier_stats(Tier::Disk).unwrap();
    assert_eq!((stats.written(), stats.dropped(), stats.entries()), (500, 0, Some(500)));
    assert_eq!(cache.close(SOON).unwrap(), 0);

    let cache = directory.cache();
    let second = filter(&cache);
    for n in 0..500 {
        assert_eq!(get(&second, n), Some(answer(n)), "{n}");
        assert_eq!(get(&second, n), Some(answer(n)), "promoted: {n}");
    }
    assert_eq!(get(&second, 500), None);
    let (stats, tier) = (cache.stats(), cache.tier_stats(Tier::Disk).unwrap());
    assert_eq!((stats.hits, stats.misses, stats.lookups(), stats.entries), (1000, 1, 1001, 500));
    assert_eq!((tier.hits, tier.misses, tier.refusals()), (500, 1, 0));
    assert_eq!(stats.time_saved_ns, 1_000_000);
    assert_eq!((second.stats().hits, second.stats().misses), (1000, 1));
}

#[test]
fn what_memory_gave_up_the_disk_has() {
    let directory = Directory::new();
    let cache = Cache::open(&Options { max_chunks: 100, ..directory.options() }).unwrap();
    let filter = filter(&cache);
    for n in 0..1000 {
        put(&filter, n);
        if n % 50 == 49 {
            assert!(cache.flush(SOON).unwrap());
        }
    }
    assert!((0..1000).all(|n| get(&filter, n) == Some(answer(n))));
    assert!(cache.stats().entries <= 100);
}

#[test]
fn calls_that_leave_stores_out_neither_read_nor_write_them() {
    let directory = Directory::new();
    let cache = directory.cache();
    let one = filter(&cache);
    let memory_only = PutOptions { flags: Flags::MEMORY_ONLY, ..PutOptions::default() };
    assert!(one.put(&chunk(1), None, b"here", &memory_only).unwrap().stored);
    put(&one, 2);
    assert!(cache.flush(SOON).unwrap());
    cache.purge().unwrap();
    assert!(one.get(&chunk(1), Flags::default()).unwrap().value.is_none());
    assert!(one.get(&chunk(2), Flags::MEMORY_ONLY).unwrap().value.is_none());
    assert!(one.get(&chunk(2), Flags::PEEK).unwrap().value.is_none(), "a peek reads no store");
    assert_eq!(get(&one, 2), Some(answer(2)));
}

#[test]
fn whoever_computes_is_spared_what_the_disk_has() {
    let directory = Directory::new();
    let cache = directory.cache();
    let one = filter(&cache);
    match one.begin(&chunk(1), SOON, Flags::default()).unwrap() {
        Begin::Fill(ticket) => assert!(ticket.commit_copy(b"computed", &PutOptions::default()).unwrap().stored),
        other => panic!("{other:?}"),
    }
    assert!(cache.flush(SOON).unwrap());
    cache.purge().unwrap();
    assert!(
        matches!(one.begin(&chunk(1), SOON, Flags::default()).unwrap(), Begin::Hit(value) if value.bytes() == b"computed")
    );
    // A batch reads them together; what is twice in it is found twice.
    (10..74).for_each(|n| put(&one, n));
    assert!(cache.flush(SOON).unwrap());
    cache.purge().unwrap();
    let chunks: Vec<Digest> = (10..80).chain([10, 79]).map(chunk).collect();
    let batch = one.begin_batch(&chunks, Flags::default()).unwrap();
    let hits = batch.items().iter().filter(|item| matches!(item, streamcache::Item::Here(_))).count();
    assert_eq!(hits, 65);
}

#[test]
fn who_does_not_wait_comes_again_and_finds_it_or_computes() {
    let directory = Directory::new();
    let cache = directory.cache();
    let one = filter(&cache);
    put(&one, 1);
    assert!(cache.flush(SOON).unwrap());
    cache.purge().unwrap();
    let patient = |ask: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !ask() {
            assert!(since.elapsed() < SOON);
            thread::sleep(Duration::from_millis(1));
        }
    };
    let mut busy = AtomicU32::new(0);
    patient(&|| {
        let lookup = one.get(&chunk(1), Flags::NO_WAIT).unwrap();
        busy.fetch_add(lookup.is_busy.into(), Relaxed);
        assert!(lookup.is_busy != lookup.value.is_some());
        !lookup.is_busy
    });
    assert!(*busy.get_mut() > 0, "the first answer is that it is being read");
    let stats = cache.stats();
    assert_eq!(
        (stats.hits, stats.lookups(), one.stats().lookups()),
        (1, 1, 1),
        "one lookup, however often it was asked"
    );
    assert_eq!(stats.busy, u64::from(*busy.get_mut()));
    patient(&|| match one.begin(&chunk(2), SOON, Flags::NO_WAIT).unwrap() {
        Begin::Busy => false,
        Begin::Fill(_) => true,
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_secret_and_a_namespace_keep_their_results_apart() {
    let directory = Directory::new();
    let with = |secret: Option<&[u8]>, namespace: &str| {
        let secret = secret.map(|bytes| digest::Secret::new(bytes).unwrap());
        Cache::open(&Options { secret, namespace: namespace.into(), ..directory.options() }).unwrap()
    };
    let key = chunk(7);
    let stored = |cache: &Arc<Cache>, bytes: &[u8]| {
        assert!(cache.put(&key, bytes, &PutOptions::default()).unwrap().stored);
        assert_eq!(cache.close(SOON).unwrap(), 0);
    };
    stored(&with(Some(&[1; 32]), ""), b"sealed");
    let other = with(Some(&[2; 32]), "");
    assert!(other.get(&key, Flags::default()).unwrap().is_none(), "planted under a ready key by another");
    assert_eq!(other.tier_stats(Tier::Disk).unwrap().refusals(), 1);
    assert_eq!(with(Some(&[1; 32]), "").get(&key, Flags::default()).unwrap().unwrap().bytes(), b"sealed");
    // A filter's key names both.
    let one = with(None, "a");
    put(&filter(&one), 1);
    assert_eq!(one.close(SOON).unwrap(), 0);
    assert_eq!(get(&filter(&with(None, "b")), 1), None);
    assert_eq!(get(&filter(&with(None, "a")), 1), Some(answer(1)));
}

/// Each way to forget, against writes that are queued, and against a second cache on the same store.
#[test]
fn nothing_comes_back_from_the_dead() {
    type Forget = fn(&Cache, &Filter);
    let ways: [(&str, Forget); 4] = [
        ("remove", |_, filter| (0..64).for_each(|n| assert!(filter.remove(&chunk(n)).unwrap()))),
        ("purge", |_, filter| assert!(filter.purge().unwrap() >= 64)),
        ("retire", |_, filter| {
            filter.load_state(b"another").unwrap();
            filter.retire().unwrap();
            filter.load_state(b"state").unwrap();
        }),
        ("purge the disk", |cache, _| cache.purge_disk().unwrap()),
    ];
    for (name, forget) in ways {
        let directory = Directory::new();
        let (cache, second) = (directory.cache(), directory.cache());
        let (one, other) = (filter(&cache), filter(&second));
        for round in 0..20 {
            // Of the second process, some are still queued.
            (0..64).for_each(|n| put(&other, n));
            (0..64).for_each(|n| put(&one, n));
            if round % 2 == 0 {
                assert!(cache.flush(SOON).unwrap() && second.flush(SOON).unwrap());
            }
            second.purge().unwrap(); // its memory is its own affair
            forget(&cache, &one);
            if round % 3 == 0 {
                assert!(cache.flush(SOON).unwrap() && second.flush(SOON).unwrap());
            }
            for n in 0..64 {
                assert_eq!(get(&one, n), None, "{name}: {n} came back in round {round}");
            }
            assert!(cache.flush(SOON).unwrap() && second.flush(SOON).unwrap());
            for n in 0..64 {
                assert_eq!(get(&one, n), None, "{name}: {n} came back later in round {round}");
            }
        }
    }
}

/// Removals race with lookups that read the disk: after a removal has returned, no lookup that begins later finds it.
#[test]
fn a_removal_is_final_for_lookups_that_begin_later() {
    let directory = Directory::new();
    let cache = directory.cache();
    let one = filter(&cache);
    /// Also where an assertion fails: those who wait for it would wait for ever.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    (0..8).for_each(|n| drop(get(&one, n)));
                }
            });
        }
        for round in 0..150 {
            (0..8).for_each(|n| put(&one, n));
            if round % 4 != 0 {
                assert!(cache.flush(SOON).unwrap());
            }
            cache.purge().unwrap(); // so that they read the disk
            for n in 0..8 {
                one.remove(&chunk(n)).unwrap();
                for _ in 0..3 {
                    assert_eq!(get(&one, n), None, "round {round}");
                }
            }
        }
    });
}

#[test]
fn closing_in_no_time_drops_and_counts() {
    let directory = Directory::new();
    let cache = directory.cache();
    let one = filter(&cache);
    (0..2000).for_each(|n| put(&one, n));
    let since = Instant::now();
    let dropped = cache.close(Duration::ZERO).unwrap();
    println!("{dropped} of 2000 writes were dropped, {:?}", since.elapsed());
    let again = directory.cache();
    let second = filter(&again);
    let found = (0..2000).filter(|&n| get(&second, n).is_some()).count() as u64;
    assert!(found + dropped >= 2000, "{found} found and {dropped} dropped");
}

#[test]
fn a_directory_that_cant_be_one_is_a_clear_error() {
    let directory = Directory::new();
    std::fs::write(&directory.0, b"a file").unwrap();
    let error = Cache::open(&directory.options()).unwrap_err();
    println!("{error}");
    assert!(error.message().contains(directory.0.to_str().unwrap()), "{error}");
    std::fs::remove_file(&directory.0).unwrap();
}

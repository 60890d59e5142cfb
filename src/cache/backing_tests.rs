//! Lookups and what overtakes them while a store is read, step by step: a store in memory waits where a test wants it to.

use super::{Backing, Cache};
use crate::call::{Flags, PutOptions};
use crate::digest::{self, Digest};
use crate::filter::Filter;
use crate::options::Options;
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::{Stores, Tier};
use std::sync::Arc;
use std::thread;

struct Scene {
    store: Arc<InMemory>,
    cache: Arc<Cache>,
    filter: Arc<Filter>,
    chunk: Digest,
    key: Digest,
}

/// A cache over a store that has one result, and memory has not.
fn scene() -> Scene {
    let (store, options) = (Arc::new(InMemory::default()), Options { remote_timeout_ms: 60_000, ..Options::default() });
    let stores = Stores::over(vec![(Tier::Disk, Arc::clone(&store) as _)], &options).unwrap();
    let cache = Cache::over(&options, Some(Backing::over(stores))).unwrap();
    let filter = Filter::open(&cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    let chunk = digest::chunk(b"chunk");
    let key = filter.key(&chunk).unwrap();
    filter.put(&chunk, None, b"old", &PutOptions::default()).unwrap();
    assert!(cache.flush(LONG).unwrap());
    cache.purge().unwrap();
    Scene { store, cache, filter, chunk, key }
}

impl Scene {
    fn get(&self) -> Option<Vec<u8>> {
        self.filter.get(&self.chunk, Flags::default()).unwrap().value.map(|value| value.bytes().to_vec())
    }

    /// Does `meanwhile` after a lookup has read the store and before it has promoted what it read; what the lookup found.
    fn during_a_read(&self, meanwhile: impl FnOnce()) -> Option<Vec<u8>> {
        self.store.hold_reads(true);
        thread::scope(|scope| {
            let lookup = scope.spawn(|| self.get());
            self.store.await_visitor();
            meanwhile();
            self.store.hold_reads(false);
            lookup.join().unwrap()
        })
    }
}

#[test]
fn what_is_forgotten_while_it_is_read_does_not_stay() {
    type Forget = fn(&Scene);
    let ways: [(&str, Forget); 5] = [
        ("remove", |scene| assert!(!scene.filter.remove(&scene.chunk).unwrap())),
        ("remove by key", |scene| assert!(!scene.cache.remove(&scene.key).unwrap())),
        ("purge", |scene| assert_eq!(scene.filter.purge().unwrap(), 0)),
        ("purge the disk", |scene| scene.cache.purge_disk().unwrap()),
        ("retire", |scene| {
            scene.filter.load_state(b"another").unwrap();
            scene.filter.retire().unwrap();
            scene.filter.load_state(b"state").unwrap();
        }),
    ];
    for (name, forget) in ways {
        let scene = scene();
        // The lookup began before, so it may find it; memory must not keep it.
        let found = scene.during_a_read(|| forget(&scene));
        assert!(found.is_none_or(|found| found == b"old"), "{name}");
        assert_eq!(scene.get(), None, "{name}: it came back");
        assert_eq!(scene.cache.stats().entries, 0, "{name}");
    }
}

#[test]
fn a_lookup_that_begins_after_a_removal_does_not_join_one_that_began_before() {
    let scene = scene();
    let found = scene.during_a_read(|| {
        scene.filter.remove(&scene.chunk).unwrap();
        scene.store.hold_reads(false);
        // The older read has its answer and may tell it at any moment; this one must not be given it.
        assert_eq!(scene.get(), None);
        scene.store.hold_reads(true);
    });
    assert!(found.is_none_or(|found| found == b"old"));
    assert_eq!(scene.get(), None);
}

#[test]
fn what_is_put_while_the_store_is_read_is_not_overwritten() {
    let scene = scene();
    let found = scene.during_a_read(|| {
        scene.filter.put(&scene.chunk, None, b"new", &PutOptions::default()).unwrap();
    });
    assert!(found.is_some());
    assert_eq!(scene.get().as_deref(), Some(&b"new"[..]));
}

#[test]
fn all_who_miss_the_same_key_have_it_read_once() {
    let scene = scene();
    scene.store.hold_reads(true);
    thread::scope(|scope| {
        let lookups: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.get())).collect();
        scene.store.await_visitor();
        thread::sleep(std::time::Duration::from_millis(50)); // so that most of them wait by now
        scene.store.hold_reads(false);
        for lookup in lookups {
            assert_eq!(lookup.join().unwrap().as_deref(), Some(&b"old"[..]));
        }
    });
    assert_eq!(scene.store.lock().reads, 1);
    let stats = scene.cache.stats();
    assert_eq!((stats.hits + stats.coalesced, stats.misses), (8, 0));
    assert_eq!(scene.filter.stats().lookups(), stats.lookups());
}

#[test]
fn a_closed_cache_keeps_nothing_of_a_read_under_way() {
    let scene = scene();
    let mut closed = Ok(0);
    scene.store.hold_reads(true);
    thread::scope(|scope| {
        let lookup =
            scope.spawn(|| scene.filter.get(&scene.chunk, Flags::default()).map(|lookup| lookup.value.is_some()));
        scene.store.await_visitor();
        closed = scene.cache.close(LONG);
        scene.store.hold_reads(false);
        let _ = lookup.join().unwrap();
    });
    assert_eq!(closed.unwrap(), 0);
    assert_eq!(scene.cache.stats().entries, 0);
}

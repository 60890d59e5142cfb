//! Whom a lookup asks, who waits for whom, and what is counted.

use super::{patient, scene, scene_over};
use crate::call::Flags;
use crate::digest::{self, Digest};
use crate::options::Options;
use crate::ticket::Begin;
use crate::tier::Store;
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::Tier;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

#[test]
fn all_who_miss_the_same_key_have_it_read_once() {
    let scene = scene();
    scene.store.hold_reads(true);
    thread::scope(|scope| {
        let lookups: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.get())).collect();
        scene.store.await_visitor();
        thread::sleep(Duration::from_millis(50)); // so that most of them wait by now
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
fn who_does_not_wait_is_told_in_the_end() {
    for max_chunks in [Options::default().max_chunks, 0] {
        let store = Arc::new(InMemory::default());
        let options = Options { max_chunks, ..patient() };
        let scene = scene_over(&[(Tier::Disk, &store)], &options);
        let begin = |chunk: &Digest| scene.filter.begin(chunk, LONG, Flags::NO_WAIT).unwrap();
        let nothing = digest::chunk(b"another");
        for chunk in [&scene.chunk, &nothing] {
            let is_there = *chunk == scene.chunk && max_chunks > 0;
            assert!(matches!(begin(chunk), Begin::Busy));
            // Longer than anything is remembered for a time.
            thread::sleep(Duration::from_millis(1200));
            match begin(chunk) {
                Begin::Hit(value) => assert!(is_there && value.bytes() == b"old"),
                Begin::Fill(_) => assert!(!is_there),
                other => panic!("{other:?} of {max_chunks}"),
            }
        }
    }
}

#[test]
fn who_waits_does_not_wait_for_those_who_do_not() {
    let scene = scene();
    let slow = digest::chunk(b"slow");
    scene.store.hold_reads_of(scene.filter.key(&slow).unwrap());
    assert!(scene.filter.get(&slow, Flags::NO_WAIT).unwrap().is_busy);
    scene.store.await_visitor();
    // Queued behind it, and read at once by who waits.
    assert!(scene.filter.get(&scene.chunk, Flags::NO_WAIT).unwrap().is_busy);
    assert_eq!(scene.get().as_deref(), Some(&b"old"[..]));
    scene.store.hold_reads(false);
}

#[test]
fn to_ask_for_a_size_looks_everywhere_and_counts_nothing() {
    let scene = scene();
    let before = scene.cache.stats();
    assert!(scene.get_with(Flags::UNCOUNTED).is_some());
    assert!(scene.filter.get(&digest::chunk(b"another"), Flags::UNCOUNTED).unwrap().value.is_none());
    let after = scene.cache.stats();
    assert_eq!((after.lookups(), after.entries), (before.lookups(), 1));
    assert_eq!(scene.filter.stats().lookups(), 0);
}

#[test]
fn what_is_known_by_no_one_is_not_asked_for() {
    let scene = scene();
    assert_eq!(scene.filter.retire().unwrap(), 0);
    assert_eq!(scene.store.epoch(), 0, "a store was told to forget nothing");
    // And where someone computes, no store is asked whether it has it.
    let chunk = digest::chunk(b"another");
    let Begin::Fill(_ticket) = scene.filter.begin(&chunk, LONG, Flags::default()).unwrap() else { panic!() };
    let reads = scene.store.lock().reads;
    assert!(matches!(scene.filter.begin(&chunk, Duration::ZERO, Flags::default()).unwrap(), Begin::Busy));
    assert_eq!(scene.store.lock().reads, reads);
}

#[test]
fn closing_ends_the_thread_that_reads() {
    let scene = scene();
    assert!(scene.filter.get(&digest::chunk(b"another"), Flags::NO_WAIT).unwrap().is_busy);
    scene.cache.close(LONG).unwrap();
    let backing = scene.cache.backing.as_ref().unwrap();
    assert!(backing.reader.lock().is_none() && backing.errands.lock().is_none());
    assert_eq!(Arc::weak_count(&scene.cache), 0, "it is gone");
    scene.cache.close(Duration::MAX).unwrap();
}

//! Puts: what memory and the stores have during one and after it, also where memory has no room.

use super::{Cache, filter, over, patient, remote_scene, scene, scene_over};
use crate::call::{Flags, PutOptions};
use crate::digest::{self, Digest};
use crate::filter::Filter;
use crate::options::Options;
use crate::ticket::Begin;
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::Tier;
use crate::value::tests::ending_with;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

/// Memory has nothing, the store something old, and something new waits to be written there.
#[test]
fn what_waits_to_be_written_is_found_and_stays_the_newest() {
    for is_remote in [false, true] {
        let scene = if is_remote { remote_scene() } else { scene() };
        [&scene.disk, &scene.store].iter().for_each(|store| store.shut(true));
        scene.filter.put(&digest::chunk(b"in the way"), None, b"x", &PutOptions::default()).unwrap();
        [&scene.disk, &scene.store].iter().for_each(|store| store.await_visitor());
        scene.filter.put(&scene.chunk, None, b"new", &PutOptions::default()).unwrap();
        scene.cache.memory.purge();
        for flags in [Flags::default(), Flags::NO_WAIT] {
            assert_eq!(scene.get_with(flags).as_deref(), Some(&b"new"[..]), "it waits in the queue");
        }
        let Begin::Hit(found) = scene.filter.begin(&scene.chunk, LONG, Flags::default()).unwrap() else { panic!() };
        assert_eq!(found.bytes(), b"new");
        // And while it is being written.
        [&scene.disk, &scene.store].iter().for_each(|store| store.shut(false));
        assert!(scene.cache.flush(LONG).unwrap());
        [&scene.disk, &scene.store].iter().for_each(|store| store.shut(true));
        scene.filter.put(&scene.chunk, None, b"newest", &PutOptions::default()).unwrap();
        [&scene.disk, &scene.store].iter().for_each(|store| store.await_visitor());
        scene.cache.memory.purge();
        assert_eq!(scene.get().as_deref(), Some(&b"new"[..]), "the store has not taken it yet");
        assert_eq!(scene.cache.stats().entries, 0, "what was read may be old");
        [&scene.disk, &scene.store].iter().for_each(|store| store.shut(false));
        assert!(scene.cache.flush(LONG).unwrap());
        assert_eq!(scene.get().as_deref(), Some(&b"newest"[..]));
        for store in [&scene.disk, &scene.store] {
            assert_eq!(store.payload(&scene.key).unwrap(), b"newest");
        }
    }
}

#[test]
fn where_memory_has_no_room_for_the_new_it_keeps_nothing_old() {
    let store = Arc::new(InMemory::default());
    let cache = over(&[(Tier::Disk, &store)], &Options { max_bytes: 1 << 16, ..patient() });
    let (mine, chunk) = (filter(&cache), digest::chunk(b"chunk"));
    assert!(mine.put(&chunk, None, b"old", &PutOptions::default()).unwrap().stored);
    assert!(!mine.put(&chunk, None, &[7; 1 << 17], &PutOptions::default()).unwrap().stored);
    assert!(cache.flush(LONG).unwrap());
    assert_eq!(mine.get(&chunk, Flags::default()).unwrap().value.unwrap().size(), 1 << 17);
}

#[test]
fn what_memory_has_no_room_for_the_store_has() {
    let store = Arc::new(InMemory::default());
    let options = Options { max_bytes: 1 << 16, ..patient() };
    let cache = over(&[(Tier::Disk, &store)], &options);
    let (mine, large) = (filter(&cache), vec![7; 1 << 17]);
    let put = |name: &[u8]| mine.put(&digest::chunk(name), None, &large, &PutOptions::default()).unwrap().stored;
    assert!(!put(b"one"));
    assert!(cache.flush(LONG).unwrap());
    let Begin::Fill(ticket) = mine.begin(&digest::chunk(b"two"), LONG, Flags::default()).unwrap() else { panic!() };
    assert!(!ticket.commit_copy(&large, &PutOptions::default()).unwrap().stored);
    assert!(cache.flush(LONG).unwrap());
    for name in [&b"one"[..], b"two"] {
        let found = mine.get(&digest::chunk(name), Flags::default()).unwrap().value.unwrap();
        assert!(found.bytes() == large);
    }
    let stats = cache.stats();
    assert_eq!((stats.not_stored, stats.hits), (2, 2), "only puts count as not stored");
}

/// More than memory is given there.
static LARGE: [u8; 1 << 17] = [7; 1 << 17];

#[test]
fn of_two_puts_at_once_the_stores_keep_what_came_last_to_memory() {
    for second in [&b"second"[..], &LARGE] {
        let store = Arc::new(InMemory::default());
        let cache = over(&[(Tier::Disk, &store)], &Options { max_bytes: 1 << 16, ..patient() });
        let key = digest::chunk(b"key");
        // What the first put replaces ends between its step in memory and its step to the queue, and there comes the second.
        let theirs = Arc::clone(&cache);
        let first = ending_with(move || {
            let put = thread::spawn(move || theirs.put(&key, second, &PutOptions::default()).unwrap().stored);
            assert_eq!(put.join().unwrap(), second.len() < LARGE.len());
        });
        assert!(cache.memory.put(&key, 0, first, false, None).unwrap().stored);
        assert!(cache.put(&key, b"first", &PutOptions::default()).unwrap().stored);
        assert!(cache.flush(LONG).unwrap());
        let read = |cache: &Arc<Cache>| cache.get(&key, Flags::default()).unwrap().unwrap().bytes().to_vec();
        assert!(read(&cache) == second);
        assert!(read(&over(&[(Tier::Disk, &store)], &patient())) == second);
    }
}

/// A put that memory has no room for, by itself or as what was computed: what memory has under its key ends in the midst
/// of it, and there comes `meanwhile`. What a lookup finds then, and what the store has.
fn amid_a_put_without_room(is_computed: bool, meanwhile: fn(&Filter, &Digest)) -> [Vec<u8>; 2] {
    let store = Arc::new(InMemory::default());
    let scene = scene_over(&[(Tier::Disk, &store)], &Options { max_bytes: 1 << 16, ..patient() });
    let begun = is_computed.then(|| scene.filter.begin(&scene.chunk, LONG, Flags::REFRESH).unwrap());
    let (filter, chunk) = (Arc::clone(&scene.filter), scene.chunk);
    let (told, was_amid) = channel();
    let there = ending_with(move || {
        thread::spawn(move || meanwhile(&filter, &chunk)).join().unwrap();
        told.send(()).unwrap();
    });
    assert!(scene.cache.memory.put(&scene.key, 0, there, false, None).unwrap().stored);
    let stored = match begun {
        None => scene.filter.put(&scene.chunk, None, &LARGE, &PutOptions::default()).unwrap().stored,
        Some(Begin::Fill(ticket)) => ticket.commit_copy(&LARGE, &PutOptions::default()).unwrap().stored,
        Some(other) => panic!("{other:?}"),
    };
    assert!(!stored && was_amid.try_recv().is_ok());
    assert!(scene.cache.flush(LONG).unwrap());
    [scene.get().unwrap(), scene.store.payload(&scene.key).unwrap()]
}

#[test]
fn a_put_that_memory_has_no_room_for_is_not_hidden_by_what_it_replaces() {
    for is_computed in [false, true] {
        let read = |filter: &Filter, chunk: &Digest| assert!(filter.get(chunk, Flags::default()).is_ok());
        let [found, stored] = amid_a_put_without_room(is_computed, read);
        assert!(stored == LARGE);
        assert!(found == LARGE, "memory keeps {} bytes, computed: {is_computed}", found.len());
    }
}

#[test]
fn of_a_put_and_one_that_memory_has_no_room_for_the_stores_keep_what_memory_keeps() {
    for is_computed in [false, true] {
        let put = |filter: &Filter, chunk: &Digest| {
            assert!(filter.put(chunk, None, b"another", &PutOptions::default()).unwrap().stored);
        };
        let [found, stored] = amid_a_put_without_room(is_computed, put);
        assert!(found == stored, "{} and {} bytes, computed: {is_computed}", found.len(), stored.len());
    }
}

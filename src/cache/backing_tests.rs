//! Lookups and what overtakes them while a store is read, step by step: a store in memory waits where a test wants it to.

use super::{Backing, Cache};
use crate::call::{Flags, PutOptions};
use crate::digest::{self, Digest};
use crate::filter::Filter;
use crate::options::Options;
use crate::process::wall_ms;
use crate::ticket::Begin;
use crate::tier::Store;
use crate::tier::envelope::Seal;
use crate::tier::in_memory::{InMemory, LONG};
use crate::tier::stores::{Stores, Tier};
use crate::value::tests::ending_with;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

struct Scene {
    /// What is asked first, and what is asked last; the same where there is but one.
    disk: Arc<InMemory>,
    store: Arc<InMemory>,
    cache: Arc<Cache>,
    filter: Arc<Filter>,
    chunk: Digest,
    key: Digest,
}

/// A cache over these stores.
fn over(stores: &[(Tier, &Arc<InMemory>)], options: &Options) -> Arc<Cache> {
    let stores = stores.iter().map(|&(tier, store)| (tier, Arc::clone(store) as _)).collect();
    let (backing, errands) = Backing::over(Stores::over(stores, options).unwrap());
    Cache::over(options, Some((backing, errands))).unwrap()
}

fn filter(cache: &Arc<Cache>) -> Arc<Filter> {
    let filter = Filter::open(cache, "f", digest::config_bytes(b"config"), true).unwrap();
    filter.load_state(b"state").unwrap();
    filter
}

fn patient() -> Options {
    Options { remote_timeout_ms: 60_000, ..Options::default() }
}

/// A cache over a store that has one result, and memory has not.
fn scene() -> Scene {
    let store = Arc::new(InMemory::default());
    scene_over(&[(Tier::Disk, &store)], &patient())
}

/// The same over a remote store with a disk before it, which has nothing.
fn remote_scene() -> Scene {
    let (disk, remote) = (Arc::new(InMemory::default()), Arc::new(InMemory::default()));
    let scene = scene_over(&[(Tier::Disk, &disk), (Tier::Remote, &remote)], &patient());
    disk.lock().entries.clear();
    scene
}

fn scene_over(stores: &[(Tier, &Arc<InMemory>)], options: &Options) -> Scene {
    let cache = over(stores, options);
    let filter = filter(&cache);
    let chunk = digest::chunk(b"chunk");
    let key = filter.key(&chunk).unwrap();
    filter.put(&chunk, None, b"old", &PutOptions::default()).unwrap();
    assert!(cache.flush(LONG).unwrap());
    cache.purge().unwrap();
    let [disk, store] = [stores.first(), stores.last()].map(|it| Arc::clone(it.unwrap().1));
    Scene { disk, store, cache, filter, chunk, key }
}

impl Scene {
    fn get(&self) -> Option<Vec<u8>> {
        self.get_with(Flags::default())
    }

    fn get_with(&self, flags: Flags) -> Option<Vec<u8>> {
        self.filter.get(&self.chunk, flags).unwrap().value.map(|value| value.bytes().to_vec())
    }

    /// Does `meanwhile` after a lookup has read the store and before it has promoted what it read; what the lookup found.
    fn during_a_read(&self, meanwhile: impl FnOnce()) -> Option<Vec<u8>> {
        self.during_a_read_with(Flags::default(), meanwhile)
    }

    fn during_a_read_with(&self, flags: Flags, meanwhile: impl FnOnce()) -> Option<Vec<u8>> {
        self.store.hold_reads(true);
        thread::scope(|scope| {
            let lookup = scope.spawn(|| self.get_with(flags));
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
fn what_is_newer_than_a_read_is_not_overwritten_by_it() {
    type Renew = fn(&Scene);
    let refresh = |scene: &Scene| match scene.filter.begin(&scene.chunk, LONG, Flags::REFRESH).unwrap() {
        Begin::Fill(ticket) => assert!(ticket.commit_copy(b"new", &PutOptions::default()).unwrap().stored),
        other => panic!("{other:?}"),
    };
    let put = |scene: &Scene| {
        scene.filter.put(&scene.chunk, None, b"new", &PutOptions::default()).unwrap();
    };
    let ways: [(&str, Renew); 3] = [
        ("put", put),
        ("refresh", refresh),
        ("put, and evicted again", |scene| {
            scene.filter.put(&scene.chunk, None, b"new", &PutOptions::default()).unwrap();
            scene.cache.memory.purge();
        }),
    ];
    for (name, renew) in ways {
        for flags in [Flags::default(), Flags::NO_REMOTE] {
            let scene = scene();
            assert!(scene.during_a_read_with(flags, || renew(&scene)).is_some());
            assert!(scene.cache.flush(LONG).unwrap());
            assert_eq!(scene.store.payload(&scene.key).unwrap(), b"new", "{name}: in the store");
            assert_eq!(scene.get().as_deref(), Some(&b"new"[..]), "{name}");
        }
        let scene = remote_scene();
        scene.during_a_read(|| renew(&scene));
        assert!(scene.cache.flush(LONG).unwrap());
        for store in [&scene.disk, &scene.store] {
            assert_eq!(store.payload(&scene.key).unwrap(), b"new", "{name}: in a store");
        }
        assert_eq!(scene.get().as_deref(), Some(&b"new"[..]), "{name}");
    }
}

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
fn a_hit_of_the_remote_store_is_written_to_the_disk() {
    let scene = remote_scene();
    assert!(scene.get().is_some());
    assert!(scene.cache.flush(LONG).unwrap());
    assert_eq!(scene.disk.payload(&scene.key).unwrap(), b"old");
    let scene = remote_scene();
    assert!(scene.get_with(Flags::READ_ONLY).is_some());
    assert!(scene.cache.flush(LONG).unwrap());
    let there = (scene.disk.payload(&scene.key), scene.cache.stats().entries);
    assert_eq!(there, (None, 0), "who only reads stores nothing");
}

/// Two caches, as two processes have them, share the stores.
#[test]
fn what_another_process_forgets_does_not_come_back_from_this_one() {
    type Forget = fn(&Scene);
    let ways: [(&str, Forget); 3] = [
        ("remove", |other| assert!(!other.filter.remove(&other.chunk).unwrap())),
        ("purge", |other| assert_eq!(other.filter.purge().unwrap(), 0)),
        ("purge the disk", |other| other.cache.purge_disk().unwrap()),
    ];
    for (name, forget) in ways {
        // While this one computes it.
        let other = scene();
        let cache = over(&[(Tier::Disk, &other.store)], &patient());
        let mine = filter(&cache);
        let Begin::Fill(ticket) = mine.begin(&other.chunk, LONG, Flags::REFRESH).unwrap() else { panic!() };
        forget(&other);
        assert!(mine.get(&digest::chunk(b"anything"), Flags::default()).unwrap().value.is_none());
        ticket.commit_copy(b"computed before", &PutOptions::default()).unwrap();
        assert!(cache.flush(LONG).unwrap());
        assert_eq!(other.store.payload(&other.key), None, "{name}: it came back");
    }
    // While this one has it from the remote store, which is told before the disk.
    let other = remote_scene();
    let cache = over(&[(Tier::Disk, &other.disk), (Tier::Remote, &other.store)], &patient());
    let mine = filter(&cache);
    other.store.hold_reads(true);
    thread::scope(|scope| {
        let lookup = scope.spawn(|| mine.get(&other.chunk, Flags::default()).unwrap().value);
        other.store.await_visitor();
        other.filter.remove(&other.chunk).unwrap();
        other.store.hold_reads(false);
        assert!(lookup.join().unwrap().is_some(), "it began before");
    });
    assert!(cache.flush(LONG).unwrap());
    assert_eq!(other.disk.payload(&other.key), None, "it came back to the disk");
}

#[test]
fn a_removal_reaches_the_last_store_first() {
    let scene = remote_scene();
    assert!(scene.get().is_some());
    assert!(scene.cache.flush(LONG).unwrap());
    scene.filter.remove(&scene.chunk).unwrap();
    let [disk, remote] = [&scene.disk, &scene.store].map(|store| store.lock().removed_at);
    assert!(remote < disk, "{remote:?} {disk:?}");
    assert_eq!(scene.get(), None);
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
fn a_limit_on_time_holds_for_what_was_stored_before() {
    let scene = scene();
    let young = Options { ttl_ms: 60_000, ..patient() };
    let cache = over(&[(Tier::Disk, &scene.store)], &young);
    let found = filter(&cache).get(&scene.chunk, Flags::default()).unwrap().value.unwrap();
    let left = found.expires_ms() - crate::process::boot_ms();
    assert!(left <= 60_000, "{left}");
    thread::sleep(Duration::from_millis(30));
    let old = Options { ttl_ms: 20, ..patient() };
    let cache = over(&[(Tier::Disk, &scene.store)], &old);
    assert!(filter(&cache).get(&scene.chunk, Flags::default()).unwrap().value.is_none());
    // And the longest time there is has no end in the past.
    let endless = Options { ttl_ms: u64::MAX, ..patient() };
    let cache = over(&[(Tier::Disk, &scene.store)], &endless);
    let mine = filter(&cache);
    let chunk = digest::chunk(b"endless");
    mine.put(&chunk, None, b"endless", &PutOptions::default()).unwrap();
    assert!(cache.flush(LONG).unwrap());
    cache.purge().unwrap();
    assert!(mine.get(&chunk, Flags::default()).unwrap().value.is_some());
}

#[test]
fn what_is_too_old_on_disk_does_not_hide_what_the_remote_has() {
    let Scene { disk, store: remote, cache: first, filter: its, chunk, key } = remote_scene();
    let value = its.get(&chunk, Flags::default()).unwrap().value.unwrap();
    let (tag, _) = remote.lock().entries[&key];
    let an_hour_ago = wall_ms() - 3_600_000;
    let aged = Seal::new(None).close(&key, tag, &value, an_hour_ago, 0).unwrap();
    let cache = over(&[(Tier::Disk, &disk), (Tier::Remote, &remote)], &Options { ttl_ms: 600_000, ..patient() });
    let mine = filter(&cache);
    assert!(first.flush(LONG).unwrap(), "what was promoted is written");
    disk.lock().entries.insert(key, (tag, aged.clone()));
    let found = mine.get(&chunk, Flags::default()).unwrap().value.unwrap();
    assert_eq!((found.bytes(), Tier::of(&found)), (&b"old"[..], Some(Tier::Remote)));
    let stats = cache.tier_stats(Tier::Disk).unwrap();
    assert_eq!((stats.hits, stats.misses), (0, 1));
    assert!(cache.flush(LONG).unwrap());
    assert_ne!(disk.lock().entries[&key].1, aged, "and takes its place");
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
    let (told, was_amid) = std::sync::mpsc::channel();
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

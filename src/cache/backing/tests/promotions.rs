//! What a lookup brings from a store to memory, and to the store in front of that one.

use super::{Scene, filter, over, patient, remote_scene, scene};
use crate::call::{Flags, PutOptions};
use crate::digest;
use crate::options::Options;
use crate::process::{boot_ms, wall_ms};
use crate::ticket::Begin;
use crate::tier::envelope::Seal;
use crate::tier::in_memory::LONG;
use crate::tier::stores::Tier;
use std::thread;
use std::time::Duration;

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
fn a_limit_on_time_holds_for_what_was_stored_before() {
    let scene = scene();
    let young = Options { ttl_ms: 60_000, ..patient() };
    let cache = over(&[(Tier::Disk, &scene.store)], &young);
    let found = filter(&cache).get(&scene.chunk, Flags::default()).unwrap().value.unwrap();
    let left = found.expires_ms() - boot_ms();
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

//! Removals and purges: what was forgotten does not come back.

use super::{Scene, filter, over, patient, remote_scene, scene};
use crate::call::{Flags, PutOptions};
use crate::digest;
use crate::ticket::Begin;
use crate::tier::in_memory::LONG;
use crate::tier::stores::Tier;
use std::thread;

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

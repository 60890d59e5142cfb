//! What a store does when nothing is wrong.

use super::*;

#[test]
fn what_was_put_is_there_after_opening_again() {
    let scratch = Scratch::new("again");
    let disk = scratch.open();
    assert_eq!(put(&disk, 1, 16 << 10), 1);
    assert_eq!(disk.put_many(&(2..300).map(|n| sealed(&disk, n, n as usize)).collect::<Vec<_>>()).unwrap().taken, 298);
    assert_eq!(get(&disk, 1), Some(envelope(1, 16 << 10)));
    drop(disk);
    let disk = scratch.open();
    let keys: Vec<Digest> = (0..310).map(key).collect();
    let mut seen = vec![];
    disk.get_many(&keys, soon(), &mut |at, bytes| {
        assert_eq!(bytes, envelope(at as u64, if at == 1 { 16 << 10 } else { at }));
        seen.push(at);
    })
    .unwrap();
    assert_eq!(seen, (1..300).collect::<Vec<_>>());
    let stats = disk.stats();
    assert_eq!((stats.entries, stats.max_bytes, stats.faults), (Some(299), Some(1 << 30), 0));
    assert_eq!(stats.bytes, Some((16 << 10) + (2..300).map(|n| n.max(8)).sum::<u64>()));
}

#[test]
fn the_last_put_of_a_key_counts_and_a_removal_ends_it() {
    let scratch = Scratch::new("last");
    let disk = scratch.open();
    let older = sealed(&disk, 5, 100);
    put(&disk, 5, 100);
    put(&disk, 5, 20_000);
    assert_eq!(get(&disk, 5), Some(envelope(5, 20_000)));
    assert_eq!((disk.stats().entries, disk.stats().bytes), (Some(1), Some(20_000)));
    disk.remove(&key(5), soon()).unwrap();
    assert_eq!(get(&disk, 5), None);
    assert_eq!(disk.put_many(&[older]).unwrap().taken, 0, "it was computed before the removal");
    assert_eq!((disk.stats().entries, disk.stats().bytes), (Some(0), Some(0)));
    assert_eq!(put(&disk, 5, 10), 1);
}

#[test]
fn purges_hide_what_they_name_and_what_comes_late() {
    let scratch = Scratch::new("purges");
    let disk = scratch.open();
    let early: Vec<Sealed> = (0..14).map(|n| sealed(&disk, n, 50)).collect();
    assert_eq!(disk.put_many(&early).unwrap().taken, 14);
    disk.purge(Purged::Tags(&[3, 4]), soon()).unwrap();
    for n in 0..14 {
        assert_eq!(get(&disk, n).is_some(), ![3, 4].contains(&(n % 7)), "{n}");
    }
    assert_eq!(disk.put_many(&early).unwrap().taken, 10);
    assert_eq!(put(&disk, 3, 50), 1);
    disk.purge(Purged::Everything, soon()).unwrap();
    assert!((0..14).all(|n| get(&disk, n).is_none()));
    assert_eq!(disk.put_many(&early).unwrap().taken, 0);
    assert_eq!(disk.stats().entries, Some(0));
    assert_eq!(put(&disk, 3, 50), 1);
    while disk.tidy().unwrap() {}
    assert_eq!((disk.stats().entries, get(&disk, 3)), (Some(1), Some(envelope(3, 50))));
}

#[test]
fn an_expired_entry_is_a_miss() {
    let scratch = Scratch::new("expired");
    let disk = scratch.open();
    for (n, expires_ms) in [(1, 1), (2, u64::MAX >> 1)] {
        disk.put_many(&[Sealed { expires_ms, ..sealed(&disk, n, 50) }]).unwrap();
    }
    assert_eq!((get(&disk, 1), get(&disk, 2)), (None, Some(envelope(2, 50))));
}

#[test]
fn what_a_forked_child_drops_stays_open() {
    let scratch = Scratch::new("forked");
    let mut disk = scratch.open();
    put(&disk, 1, 50);
    disk.birth = Birth::elsewhere();
    drop(disk);
    assert!(scratch.0.join("streamcache.db-wal").exists(), "closing would have put it away");
}

#[test]
fn a_removal_does_not_wait_for_all_that_is_written() {
    let scratch = Scratch::new("turns");
    let disk = scratch.open();
    let batch: Vec<Sealed> = (0..3000).map(|n| sealed(&disk, n, 12_000)).collect();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while done.load(Relaxed) == 0 {
                disk.put_many(&batch).unwrap();
            }
        });
        for n in 0..20 {
            disk.remove(&key(n), Instant::now() + Duration::from_secs(2)).unwrap();
            assert_eq!(get(&disk, n), None);
        }
        done.store(1, Relaxed);
    });
    assert!((0..20).all(|n| get(&disk, n).is_none()), "the batches were computed before");
}

#[test]
fn many_threads_read_while_one_writes() {
    let scratch = Scratch::new("threads");
    let disk = scratch.open();
    (0..100).for_each(|n| assert_eq!(put(&disk, n, 5000), 1));
    std::thread::scope(|scope| {
        let reader = || {
            for n in (0..100).cycle().take(500) {
                // All connections may be in use: then it is a miss.
                assert!(get(&disk, n).is_none_or(|bytes| bytes == envelope(n, 5000)));
            }
        };
        (0..12).for_each(|_| drop(scope.spawn(reader)));
        (0..100).for_each(|n| assert_eq!(put(&disk, n, 5000), 1));
    });
    assert_eq!(disk.stats().faults, 0);
    assert!((0..100).all(|n| get(&disk, n).is_some()));
}

#[test]
fn a_closed_store_answers_closed() {
    let scratch = Scratch::new("closed");
    let disk = scratch.open();
    let entry = sealed(&disk, 1, 50);
    put(&disk, 1, 50);
    disk.close(Instant::now() + Duration::from_secs(30));
    let closed = |error: crate::Error| assert_eq!(error.kind(), crate::ErrorKind::Closed);
    closed(disk.get_many(&[key(1)], soon(), &mut |_, _| ()).unwrap_err());
    closed(disk.put_many(&[entry]).unwrap_err());
    closed(disk.remove(&key(1), soon()).unwrap_err());
    closed(disk.purge(Purged::Everything, soon()).unwrap_err());
    closed(disk.tidy().unwrap_err());
    assert!(!scratch.0.join("streamcache.db-wal").exists(), "the last to close leaves one file");
}

#[test]
fn what_is_found_is_told_while_nothing_of_the_store_is_held() {
    let scratch = Scratch::new("told");
    let disk = scratch.open();
    (0..4).for_each(|n| assert_eq!(put(&disk, n, 50), 1));
    for keys in [&[key(0)][..], &[key(1), key(2), key(3)]] {
        let mut told = 0;
        let tell = &mut |_: usize, _: &[u8]| {
            assert_eq!(put(&disk, 9, 50), 1);
            // A reader under way would be in the way.
            assert!(disk.inner().writer(soon()).unwrap().empty_log().unwrap(), "of {} keys", keys.len());
            told += 1;
        };
        disk.get_many(keys, soon(), tell).unwrap();
        assert_eq!(told, keys.len());
    }
}

#[test]
fn a_batch_longer_than_a_part_is_read_whole() {
    let scratch = Scratch::new("parts");
    let disk = scratch.open();
    // By their number, and by their bytes.
    for (first, count, len) in [(0, 200, 50), (1000, 20, 500_000)] {
        let all: Vec<Sealed> = (first..first + count).map(|n| sealed(&disk, n, len)).collect();
        assert_eq!(disk.put_many(&all).unwrap().taken, all.len());
        let keys: Vec<Digest> = all.iter().map(|entry| entry.key).collect();
        let mut found = Vec::new();
        disk.get_many(&keys, soon(), &mut |n, bytes| {
            assert_eq!(bytes, all[n].bytes, "{n}");
            found.push(n);
        })
        .unwrap();
        assert_eq!(found, (0..all.len()).collect::<Vec<_>>());
    }
}
